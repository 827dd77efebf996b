#!/usr/bin/env bash
# bundle.sh - a node without a line delivers by stick, and gets receipts and documents so; stick and
# line overlap in both orders; every bad file has an outcome, a counter and a line in the log, and
# leaves journal and queue as they were.
. "$(dirname "$0")/lib.bash"

key=$work/aggregator/offline/bundle.key
export_to() {
    ask 16.07 bundle export "$@" 2>>"$work/kabar.log"
}
import_of() {
    ask aggregator bundle import "$@" --key "$key" 2>>"$work/kabar.log"
}
# bad OUTCOME EXIT NAME FILE [OPTION…] - at the program NAME; nothing changes but a counter.
bad() {
    local outcome=$1 code=$2 name=$3 before after
    shift 3
    before=$(entries)
    after=$(counted "$name" "$outcome")
    exits "$code" ask "$name" bundle import "$@"
    equal "outcome of $1" "$(jq -r .outcome "$work/out")" "$outcome"
    equal "counted as $outcome" "$(counted "$name" "$outcome")" $((after + 1))
    has "bundle_read.*outcome=$outcome" "$work/$name.log"
    equal "journal after $1" "$(entries)" "$before"
}
# What the journal has of the node.
entries() {
    ask aggregator journal dump | jq -c 'select(.owner == "16.07")' | wc -l
}
counted() {
    ask "$1" status | jq --arg outcome "$2" '.bundles[$outcome]'
}
states() {
    ask 16.07 report status | jq -c '[.accepted, .waiting, .receipted]'
}
alarms() {
    ask 16.07 status | jq -c '.counters | with_entries(select((.key | startswith("alarm_")) and
        .value > 0))'
}

# The card names a port where nobody listens: there is no line.
make_aggregator
start aggregator
make_node 16.07
enrol 16.07
stop aggregator
line=$port
take_port
setting aggregator listen "\"tcp://127.0.0.1:$port\""
start aggregator
start 16.07
nodes=(16.07)

say "a node that never had a line"
generate 16.07 300 satu 400 >"$work/reports"
submit 16.07 "$work/reports"
export_to "$work/one" >"$work/made"
jq -e '.entries >= 301 and .logs.routine[0] == 1 and (.unreadable | length) == 0' "$work/made" \
    >/dev/null || fail "export: $(cat "$work/made")"
equal "digest" "$(jq -r '.files[0].digest' "$work/made")" \
    "$(b2sum -l 256 "$work/one" | cut -d' ' -f1)"
equal "size" "$(jq -r '.files[0].bytes' "$work/made")" "$(stat -c %s "$work/one")"
grep -aq satu "$work/one" && fail "it can be read on the way"
exits 73 export_to "$work/one"

say "the copy broke off: what it has is taken; then the rest"
head -c $(($(stat -c %s "$work/one") * 2 / 3)) "$work/one" >"$work/cut"
exits 65 import_of "$work/cut"
jq -e '.outcome == "cut_off" and .new > 0 and .new < 301' "$work/out" >/dev/null ||
    fail "cut off: $(cat "$work/out")"
import_of "$work/one" --answer "$work/one.answer" >"$work/read"
jq -e '.outcome == "taken" and .new > 0 and .known > 0 and .gap == null' "$work/read" \
    >/dev/null || fail "import: $(cat "$work/read")"
wait_until "$long" applied
check

say "again: known, and nothing more"
rows=$(entries)
import_of "$work/one" | jq -e '.outcome == "known" and .new == 0 and .known > 300' >/dev/null ||
    fail "a second time"
equal "journal" "$(entries)" "$rows"

say "the answer: receipts, and the office log"
equal "before" "$(states)" "[300,300,0]"
ask 16.07 bundle import "$work/one.answer" >"$work/out" 2>>"$work/kabar.log"
jq -e '.outcome == "taken" and .new > 300' "$work/out" >/dev/null ||
    fail "answer: $(cat "$work/out")"
equal "receipted" "$(states)" "[300,0,300]"
ask 16.07 bundle import "$work/one.answer" 2>>"$work/kabar.log" |
    jq -e '.outcome == "known"' >/dev/null || fail "an answer a second time"
export_to "$work/empty" | jq -e '.entries < 20' >/dev/null || fail "it begins behind the receipt"

say "a document goes out and its rungs come back, all by stick"
case=$(revealed | jq -r .short | head -n 1)
id=$(officer sri advisory send --to 16.07 --text 'Himbauan.' | jq -r .id)
wait_until "$long" applied
import_of "$work/empty" --answer "$work/two.answer" >/dev/null
ask 16.07 bundle import "$work/two.answer" >/dev/null 2>>"$work/kabar.log"
shown() {
    holds 16.07 inbox list "any(.[]; .id == \"$id\")"
}
wait_until "$long" shown
ask 16.07 inbox acknowledge "$id" --name 'Siti Uji' >/dev/null
export_to "$work/rungs" >/dev/null
import_of "$work/rungs" >/dev/null
acknowledged() {
    holds aggregator advisory show "$id" '.[0] | tostring | test("acknowledged")'
}
wait_until "$long" acknowledged
[ -n "$case" ] || fail "no case of what came by stick"

say "more reports"
generate 16.07 40 dua 5000 >"$work/reports"
submit 16.07 "$work/reports"
export_to "$work/first" >/dev/null
export_to "$work/parts" --max-mib 1 >/dev/null
bytes=$(stat -c %s "$work/first")
[ "$bytes" -gt 100000 ] || fail "too small to be cut: $bytes"

say "files that are none of ours, altered, for another, too new"
printf 'a letter, not a bundle of frames\n' >"$work/letter"
bad no_bundle 65 aggregator "$work/letter" --key "$key"
head -c 90 "$work/first" >"$work/stub"
bad cut_off 65 aggregator "$work/stub" --key "$key"
sed '1s/v1/v2/' "$work/first" >"$work/newer"
bad version 65 aggregator "$work/newer" --key "$key"
cp "$work/first" "$work/edited"
printf KABARKABAR | dd of="$work/edited" bs=1 seek=140 conv=notrunc status=none
bad altered 65 aggregator "$work/edited" --key "$key"
{ cat "$work/first" && printf more; } >"$work/longer"
kabar init aggregator --dir "$work/other" --province 17 --name Lain --listen tcp://127.0.0.1:1 \
    >/dev/null 2>>"$work/kabar.log"
bad other_receiver 77 aggregator "$work/first" --key "$work/other/offline/bundle.key"
exits 64 ask aggregator bundle import "$work/first"
cp "$work/one.answer" "$work/edited"
printf KABARKABAR | dd of="$work/edited" bs=1 seek=140 conv=notrunc status=none
bad altered 65 16.07 "$work/edited"
make_node 16.03
enrol 16.03
start 16.03
bad other_receiver 77 16.03 "$work/one.answer"
stop 16.03
equal "still waiting" "$(ask 16.07 report status | jq .waiting)" 40

say "stick first, line after: the line says what is known already"
exits 65 import_of "$work/longer"
equal "outcome" "$(jq -r .outcome "$work/out")" altered
import_of "$work/first" --answer "$work/three.answer" >/dev/null
wait_until "$long" applied
stop aggregator
setting aggregator listen "\"tcp://127.0.0.1:$line\""
start aggregator
wait_until "$long" live 16.07
settle
check
equal "by line" "$(ask 16.07 report status | jq .waiting)" 0

say "line first, stick and answer after: nothing twice, no alarm, nothing goes back"
generate 16.07 30 tiga >"$work/reports"
submit 16.07 "$work/reports"
settle
before=$(states)
rows=$(entries)
for file in "$work/one" "$work/parts" "$work/rungs"; do
    import_of "$file" >"$work/out"
    equal "$file" "$(jq -c '[.outcome, .new]' "$work/out")" '["known",0]'
done
for file in "$work/three.answer" "$work/one.answer" "$work/two.answer"; do
    ask 16.07 bundle import "$file" >"$work/out" 2>>"$work/kabar.log"
done
equal "journal" "$(entries)" "$rows"
equal "accepted and waiting" "$(jq -c '.[0:2]' <<<"$(states)")" "$(jq -c '.[0:2]' <<<"$before")"
equal "alarms" "$(alarms)" '{}'
check

say "a gap: what a bundle lacks is named"
stop aggregator
setting aggregator listen "\"tcp://127.0.0.1:$port\""
start aggregator
generate 16.07 400 empat 7000 >"$work/reports"
submit 16.07 "$work/reports"
export_to "$work/split" --max-mib 1 >"$work/made"
equal "files" "$(jq '.files | length' "$work/made")" 2
[ "$(stat -c %s "$work/split")" -le 1048576 ] || fail "larger than was asked for"
exits 75 import_of "$work/split.2"
jq -e '.outcome == "gap" and .gap.needs > 1 and (.text | test("from entry"))' "$work/out" \
    >/dev/null || fail "gap: $(cat "$work/out")"
import_of "$work/split" >/dev/null
import_of "$work/split.2" >/dev/null
wait_until "$long" applied
check

say "an enrolment that was revoked"
officer sri enrol revoke 1 --reason 'kunci hilang' >/dev/null
generate 16.07 5 lima >"$work/reports"
submit 16.07 "$work/reports"
export_to "$work/late" >/dev/null
before=$(entries)
exits 77 import_of "$work/late" --answer "$work/never"
equal "outcome" "$(jq -r .outcome "$work/out")" revoked
equal "journal" "$(entries)" "$before"
[ ! -e "$work/never" ] && [ ! -e "$work/never.part" ] || fail "it was answered"
equal "still there" "$(ask 16.07 report status | jq '.accepted')" 775
stop_all
say done
