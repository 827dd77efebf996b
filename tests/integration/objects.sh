#!/usr/bin/env bash
# objects.sh - files of reports cross the line: fetched by the province, checked, gone on with after
# kill -9 of either end, overtaken by an urgent report; what is damaged at the node is not taken.
. "$(dirname "$0")/lib.bash"

make_province 16.07 16.03
mkdir "$work/in"
size=30000000
[ -z "${KABAR_SANITIZE:-}" ] || size=12000000 # a tenth as fast
readonly size
# report KEY REGENCY FILE [URGENT] - one that names this file; without FILE, none.
report() {
    jq -nc --arg key "$1" --arg regency "$2" --arg file "${3:-}" --argjson urgent "${4:-false}" \
        '{key: $key, regency: $regency, channel: "own_finding", form: "DS-06",
        occurred_on: "2024-10-05", description: "Uraian.", urgent: $urgent,
        evidence: (if $file == "" then [] else [{path: $file}] end),
        subjects: [{name: ("Orang " + $key), unit: ("Dinas " + $key), employment: "pns"}]}'
}
hand_in() {
    report "$@" >"$work/$1.jsonl"
    submit "$2" "$work/$1.jsonl"
}
sha() {
    sha256sum "$1" | cut -d' ' -f1
}
here() {
    [ -e "$work/aggregator/store/objects/$1" ]
}
# node_files REGENCY FILTER - of what the aggregator says of this node's files.
node_files() {
    ask aggregator status | jq -r ".nodes[] | select(.regency == \"$1\").files | $2"
}
same() {
    cmp "$work/in/$1" "$work/aggregator/store/objects/$(sha "$work/in/$1")" ||
        fail "$1 is another file at the province"
}

say "a file is fetched, whole; the same file of another node is asked for as well"
head -c 3000000 /dev/urandom >"$work/in/foto"
hand_in satu 16.07 in/foto
wait_until "$long" here "$(sha "$work/in/foto")"
same foto
hand_in dua 16.03 in/foto
asked_too() {
    [ "$(node_files 16.03 .fetched)" -eq 1 ]
}
wait_until "$long" asked_too
[ "$(node_files 16.03 .bytes_in)" -ge 3000000 ] || fail "16.03 could tell who else has its file"

say "a file that an amendment is the first to name is fetched as well"
head -c 200000 /dev/urandom >"$work/in/susulan"
report dua 16.03 in/susulan >"$work/ralat.json"
ask 16.03 report amend dua "$work/ralat.json" >/dev/null 2>>"$work/kabar.log"
wait_until "$long" here "$(sha "$work/in/susulan")"
same susulan

say "killed in the middle, either end: nothing is begun anew"
head -c "$size" /dev/urandom >"$work/in/besar"
big=$(sha "$work/in/besar")
under_way() {
    [ "$(node_files 16.07 '.fetching.bytes // 0')" -ge "$1" ]
}
hand_in besar 16.07 in/besar
wait_until "$long" under_way 2000000
crash aggregator
! here "$big" || fail "the file was too small for this test"
start aggregator
resumed() {
    grep -q "event=file_resumed.*sha256=$big" "$work/aggregator.log"
}
wait_until "$long" resumed
left=$(grep "event=file_resumed.*sha256=$big" "$work/aggregator.log" | tail -n 1 |
    sed 's/.* bytes=\([0-9]*\).*/\1/')
[ "$left" -ge 2000000 ] || fail "only $left bytes were left"
wait_until "$long" under_way $((left + 2000000))

say "an urgent report overtakes it"
hand_in segera 16.07 '' true
wait_until "$long" drained 16.07
! here "$big" || fail "the report came behind the file"

crash 16.07
start 16.07
wait_until "$long" here "$big"
same besar
taken=$(node_files 16.07 .bytes_in)
most=$((size - left + 1000000)) # the list, and what was on its way when the node died
[ "$taken" -le "$most" ] || fail "$taken bytes came for the $((size - left)) that lacked"
say "$left bytes had been left, $taken came after that"

say "what is damaged at the node is not taken, and stops nothing"
stop aggregator
head -c 500000 /dev/urandom >"$work/in/rusak"
head -c 500000 /dev/urandom >"$work/in/baik"
hand_in rusak 16.07 in/rusak
hand_in baik 16.07 in/baik
bad=$(sha "$work/in/rusak")
kept=$work/node-16.07/store/objects/$bad
printf XXXX | dd of="$kept" bs=1 seek=300000 conv=notrunc status=none
start aggregator
wait_until "$long" here "$(sha "$work/in/baik")"
same baik
[ "$(node_files 16.07 .blocks_wrong)" -ge 1 ] || fail "no block was wrong"
! here "$bad" || fail "the damaged file was taken"
has "event=file_refused.*sha256=$bad" "$work/aggregator.log"

say "what a node lost is pending; asked for again in the next session"
cp "$work/in/rusak" "$kept"
stop 16.07
mv "$kept" "$work/away"
start 16.07
missing() {
    grep -q "event=file_missing.*sha256=$bad" "$work/aggregator.log"
}
wait_until "$long" missing
mv "$work/away" "$kept"
stop 16.07
start 16.07
wait_until "$long" here "$bad"
same rusak
