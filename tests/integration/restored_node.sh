#!/usr/bin/env bash
# restored_node.sh - a node put back to an old copy of its folder, found out at once or only by the
# province; two live copies; a copy that is enrolled anew. Nothing lost, nothing twice, right words.
. "$(dirname "$0")/lib.bash"

# store_of NAME
store_of() {
    echo "$work/node-$1/store"
}

# put_back NAME COPY - as a folder: other inodes.
put_back() {
    rm -rf "$(store_of "$1")"
    cp -a "$2" "$(store_of "$1")"
}

# put_back_in_place NAME COPY - the same inodes, as a restored image of the disk would have.
put_back_in_place() {
    cat "$2/data.mdb" >"$(store_of "$1")/data.mdb"
}

# One for each report that was accepted anywhere.
cases() {
    ask aggregator status | jq .cases
}

hand_in() {
    generate 16.07 "$2" "$3" >"$work/lines"
    submit "$1" "$work/lines"
}

counts_once() {
    wait_until "$long" as_many_cases_as "$1"
    check
}

as_many_cases_as() {
    [ "$(cases)" -eq "$1" ]
}

denied_as() {
    holds "$1" status ".[0].denied // \"\" | startswith(\"$2\")"
}

make_province 16.07 16.03
hand_in 16.07 20 first
settle

say "restored from a copy of its folder"
stop aggregator
hand_in 16.07 5 waiting # not acknowledged when the copy is made
stop 16.07
cp -a "$(store_of 16.07)" "$work/copy"
start aggregator
start 16.07
hand_in 16.07 10 later # only the province will have these
settle
stop 16.07
put_back 16.07 "$work/copy"
start 16.07
has 'restored from a backup, copied or moved' "$work/16.07.log"
hand_in 16.07 10 after
wait_until "$long" live 16.07
counts_once 45
equal "reports that 16.07 lists" "$(ask 16.07 report list --limit 1000 | jq -s 'map(select(.id)) | length')" 35

say "a report is found under the name it was accepted with"
id=$(jq -r 'select(.accepted) | "\(.incarnation)-\(.seq)"' "$work/answers.jsonl" | sed -n 23p)
ask 16.07 report show "$id" | jq -e '.state == "receipted" or .state == "received"' >/dev/null ||
    fail "$(ask 16.07 report show "$id")"

say "handed in again: the same answer"
generate 16.07 5 waiting >"$work/lines"
ask 16.07 report submit "$work/lines" | jq -r '"\(.incarnation)-\(.seq)"' >"$work/again"
jq -r 'select(.accepted) | "\(.incarnation)-\(.seq)"' "$work/answers.jsonl" | sed -n 21,25p |
    diff - "$work/again" || fail "another answer than the first time"

say "put back in place: found out by the province"
stop 16.07
cp -a "$(store_of 16.07)" "$work/image"
for round in 1 2 3; do
    start 16.07
    wait_until "$long" live 16.07
    hand_in 16.07 3 "round$round"
    settle
    stop 16.07
done
put_back_in_place 16.07 "$work/image"
start 16.07
hand_in 16.07 4 afterwards
wait_until "$long" grep -q 'the province knows another past of this node' "$work/16.07.log"
counts_once 58

say "two live copies"
cp -a "$work/node-16.07" "$work/node-twin"
cp "$work/node-16.07/kabar-node.conf" "$work/node-twin/kabar-node.conf"
sed -i 's|^door = .*|door = ../node-twin.sock|' "$work/node-twin/kabar-node.conf"
rm -f "$work/node-twin/store/lock"
launch twin
wait_until "$long" answers twin
wait_until "$long" denied_as twin clone
has 'restored from a backup, copied or moved' "$work/twin.log"
holds twin status '.[0].taking_over' || fail "$(ask twin status)"
ask twin status | jq -r .denied | grep -q 'keeps what is handed in' || fail "no plain words"
# Both go on taking reports; none is lost from either.
hand_in 16.07 6 original
hand_in twin 7 twin
wait_until "$long" drained 16.07
stop 16.07
wait_until "$long" live twin
wait_until "$long" drained twin
counts_once 71
start 16.07
hand_in 16.07 2 displaced
wait_until "$long" denied_as 16.07 clone
stop twin
wait_until "$long" live 16.07
counts_once 73

say "the other copy asks to be enrolled with the keys that it was copied with"
cp -a "$work/node-twin" "$work/asks"
kabar enrol request --dir "$work/asks" --out "$work/twin.request" >/dev/null 2>>"$work/kabar.log"
rm -r "$work/asks"
exits 65 kabar --socket "$work/aggregator.sock" enrol approve "$work/twin.request" \
    --officer "$work/sri.key" --card "$work/twin.card" --passphrase-file "$passphrase"
has 'those of node 16.07, enrolment 1, which is active: it would be shut out' "$work/err"
has 'kabar init node in a new folder' "$work/err"
holds 16.07 status '.[0].connection == "live"' || fail "the first one was shut out"

say "the other copy is enrolled anew: new keys, the old store"
kabar init node --dir "$work/node-anew" --socket ../node-anew.sock --regency 16.07 \
    --name 'Kantor Uji baru' >/dev/null 2>>"$work/kabar.log"
for key in keep_alive_s:5 reconnect_ms:50 silence_ms:1000; do
    setting anew "${key%:*}" "${key#*:}"
done
start twin
# These may be accepted in a log that goes on once more before anything of it arrives: only their
# node knows them by that name then, and says what they are called now.
generate 16.07 3 unsent >"$work/lines"
ask twin report submit "$work/lines" >"$work/unsent" 2>>"$work/kabar.log"
equal "accepted" "$(jq -s 'map(select(.accepted)) | length' "$work/unsent")" 3
wait_until "$long" denied_as twin clone
stop twin
rm -rf "$work/node-anew/store"
mv "$work/node-twin/store" "$work/node-anew/store"
enrol anew
start anew
wait_until "$long" live anew
wait_until "$long" drained anew
has 'this node was enrolled anew' "$work/anew.log"
hand_in anew 2 anew
hand_in 16.07 2 still # the other one lives on
wait_until "$long" drained anew
jq -r '"\(.incarnation)-\(.seq)"' "$work/unsent" | while read -r id; do
    ask anew report show "$id" | jq -c '{accepted: true, incarnation, seq, hash}'
done >>"$work/answers.jsonl"
counts_once 80
holds 16.07 status '.[0].connection == "live"' || fail "the first one was disturbed"
nodes+=(anew)
stop_all
say done
