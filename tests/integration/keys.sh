#!/usr/bin/env bash
# keys.sh - whom the aggregator lets in: not a key nobody said yes to, not a revoked one, and nobody
# at all while no one answers for keys. The node says which it is, in plain words.
. "$(dirname "$0")/lib.bash"

position() {
    ask aggregator status | jq .journal.position
}

says_denied() {
    holds "$1" status ".[0] | .connection != \"live\" and (.denied // \"\" | test(\"$2\"; \"i\"))"
}

make_province 16.07 16.03
submit 16.07 "$samples/reports-16.07.jsonl"
submit 16.03 "$samples/reports-16.03.jsonl"
settle

say "an unknown key: the card is right, but the province never said yes"
make_node 16.05
kabar enrol request --dir "$work/node-16.05" --out "$work/16.05.request" >/dev/null 2>"$work/err"
! grep 'An earlier request' "$work/err" || fail "there was no earlier request"
kabar enrol request --dir "$work/node-16.05" --out "$work/16.05.request" >/dev/null 2>"$work/err"
has 'An earlier request' "$work/err"
start 16.05
equal "log lines without a card" "$(grep -c 'event=not_enrolled' "$work/16.05.log")" 1
stop 16.05
words=$(officer sri enrol approve "$work/16.05.request" --card "$work/16.05.card" | jq -r .words)
exits 65 kabar enrol accept "$work/16.05.card" --dir "$work/node-16.05" --words "${words% *} salah"
has 'words' "$work/err"
kabar enrol accept "$work/16.05.card" --dir "$work/node-16.05" --words "$words" >/dev/null 2>&1
before=$(position)
nodes+=(16.05)
start 16.05
wait_until "$long" says_denied 16.05 'does not know this node'
submit 16.05 "$samples/reports-16.05.jsonl" # it keeps taking reports
wait_until "$long" says_denied 16.05 'does not know this node'
has '^<6>event=waiting_for_province' "$work/16.05.log"
! grep -e 'event=denied' -e 'event=alarm' "$work/16.05.log" || fail "waiting is no error"
equal "journal after an unknown key" "$(position)" "$before"
equal "enrolled" "$(ask aggregator enrol list | jq -r .regency | sort | xargs)" '16.03 16.07'
holds aggregator status '.[0].link.keys_denied >= 1' || fail "the unknown key is not counted"
equal "log lines about it" "$(grep -c 'event=key_denied' "$work/aggregator.log")" 1
"$KABAR_TOOLS/hostile" "$work/node-16.05" "tcp://127.0.0.1:$port" shut_out ||
    fail "an unknown key was answered"
equal "log lines within one interval" "$(grep -c 'event=key_denied' "$work/aggregator.log")" 1

say "somebody else's card, and a card that was changed"
make_node 16.11
kabar enrol request --dir "$work/node-16.11" --out "$work/16.11.request" >/dev/null 2>&1
exits 65 kabar enrol accept "$work/16.05.card" --dir "$work/node-16.11" --words "$words"
cp "$work/16.05.card" "$work/node-16.11/card.kabar"
launch 16.11
reap 16.11
[ "$code" -ne 0 ] || fail "a node runs with somebody else's card"
has 'card' "$work/16.11.log"
sed 's/16\.05/16.11/g' "$work/16.05.card" >"$work/forged.card"
for card in "$work/forged.card" "$work/16.05.request" "$passphrase"; do
    code=0
    kabar enrol accept "$card" --dir "$work/node-16.11" --words "$words" \
        >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq 65 ] || [ "$code" -eq 77 ] || fail "exit $code for the card $card"
done

# asks FOLDER NAME - a request with the keys of a copy of that folder, in NAME.request.
asks() {
    cp -a "$1" "$work/asks"
    kabar enrol request --dir "$work/asks" --out "$work/$2.request" >/dev/null 2>&1
    rm -r "$work/asks"
}
asks "$work/node-16.05" second # two cards for the same keys, while neither is active
second=$(officer sri enrol approve "$work/second.request" --card "$work/second.card" |
    jq -r .words)

say "once the province says yes, the same node gets in"
officer sri enrol approve "$work/16.05.request" --card "$work/16.05.card" --words "$words" >/dev/null
stop 16.05 # it would wait minutes before it tries again
start 16.05
settle 16.05
check
officer sri enrol approve "$work/16.05.request" --card "$work/16.05.card" --words "$words" \
    >/dev/null

say "no second enrolment with the keys of an active one"
approve_as() {
    kabar --socket "$work/aggregator.sock" enrol approve "$work/$1.request" \
        --card "$work/$2.card" --officer "$work/sri.key" --passphrase-file "$passphrase" "${@:3}"
}
exits 65 approve_as second second --words "$second"
has 'those of node 16.05, enrolment 3, which is active' "$work/err"
exits 65 approve_as second another
has 'kabar init node in a new folder' "$work/err"
[ ! -e "$work/another.card" ] || fail "a card all the same"

say "a revoked key, while it is connected"
wait_until "$long" live 16.07
number=$(ask aggregator enrol list | jq 'select(.regency == "16.07") | .number')
officer sri enrol revoke "$number" --reason 'uji pencabutan' >/dev/null
revoked_at=$SECONDS
revoked_there() {
    says_denied 16.07 '^revoked' &&
        holds aggregator enrol list 'any(.regency == "16.07" and .state == "revoked" and
            (.connected | not))'
}
wait_until 5 revoked_there
say "known at both ends after $((SECONDS - revoked_at)) s"
before=$(position)
generate 16.07 30 sesudah >"$work/reports"
cp "$work/answers.jsonl" "$work/answers-before"
submit 16.07 "$work/reports"
cp "$work/answers-before" "$work/answers.jsonl" # these will never arrive, and say so
for mode in revoked revoked; do
    "$KABAR_TOOLS/hostile" "$work/node-16.07" "tcp://127.0.0.1:$port" "$mode" ||
        fail "a revoked key was answered something else"
done
asks "$work/node-16.07" again # with the keys of a revoked one: it may be let in anew
officer sri enrol approve "$work/again.request" --card "$work/again.card" >/dev/null
stop 16.07
start 16.07 # also with a new connection
wait_until "$long" revoked_there
equal "journal after the revocation" "$(position)" "$before"
holds 16.07 report status '.[0].waiting == 30' || fail "what waits: $(ask 16.07 report status)"
equal "revoked again" "$(grep -c 'event=node_revoked node=16.07' "$work/aggregator.log")" 1

say "the others do not notice"
generate 16.03 20 lain >"$work/reports"
submit 16.03 "$work/reports"
settle 16.03
check
stop aggregator
start aggregator # a revocation outlives the process
wait_until "$long" live 16.03
"$KABAR_TOOLS/hostile" "$work/node-16.07" "tcp://127.0.0.1:$port" revoked ||
    fail "after a restart the revoked key is let in"

say "without anybody to answer for keys, nobody gets in"
stop aggregator
start aggregator --test-without-zap
for name in 16.03 16.05 16.07; do
    "$KABAR_TOOLS/hostile" "$work/node-$name" "tcp://127.0.0.1:$port" shut_out ||
        fail "$name was answered without a ZAP handler"
done
refused_some() {
    holds aggregator status '.[0].link.handshake_failed >= 3'
}
wait_until "$long" refused_some
holds aggregator status '.[0].link | .frames_in == 0 and .frames_out == 0 and .keys_allowed == 0' ||
    fail "frames without a ZAP handler: $(ask aggregator status)"
holds aggregator enrol list 'all(.connected | not)' || fail "somebody is connected"
stop aggregator
start aggregator
stop 16.03 # whatever it thinks of that: a restart tries at once
start 16.03
generate 16.03 20 kembali >"$work/reports"
submit 16.03 "$work/reports"
settle 16.03
check
stop_all
say done
