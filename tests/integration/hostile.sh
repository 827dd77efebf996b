#!/usr/bin/env bash
# hostile.sh - an enrolled key in bad hands: what it sends wrong is denied or ignored, counted,
# logged once an interval with the node's code; everybody else is served as before.
. "$(dirname "$0")/lib.bash"

make_aggregator
setting aggregator log_interval_s 3600 # so that one line of a kind is all there may be
start aggregator
for regency in 16.07 16.71; do
    make_node "$regency"
    enrol "$regency"
done
nodes=(16.07)
start 16.07
wait_until "$long" live 16.07
submit 16.07 "$samples/reports-16.07.jsonl"
settle

alarms() {
    ask aggregator enrol list | jq --arg alarm "$1" 'select(.regency == "16.71") | .alarms[$alarm] // 0'
}

counted() {
    [ "$(alarms "$1")" -ge "$2" ]
}

position() {
    ask aggregator status | jq .journal.position
}

# attack MODE [ALARM COUNT] - its answer is as promised, the alarm is counted, nothing is stored.
attack() {
    local before after
    before=$(position)
    after=$(($(alarms "${2:-bad_frame}") + ${3:-0}))
    say "$1"
    "$KABAR_TOOLS/hostile" "$work/node-16.71" "tcp://127.0.0.1:$port" "$1" >"$work/out" ||
        fail "$1: $(tail -n 3 "$work/out")"
    wait_until "$long" counted "${2:-bad_frame}" "$after"
    [ -n "${stores:-}" ] || equal "journal after $1" "$(position)" "$before"
}

attack wrong_regency wrong_log 1
attack wrong_enrolment wrong_log 1
attack wrong_signer wrong_log 1
attack span_first
attack garbage bad_frame 50
attack other_version bad_frame 1
attack other_dictionary bad_frame 1
attack successor
attack malformed_spans bad_frame 10
attack broken_chain bad_chain 1
attack bad_head bad_chain 1
attack foreign_head bad_chain 1
attack bomb bad_frame 20
attack gap
attack clone fork 1
dropped=$(ask aggregator status | jq .link.dropped_multipart)
attack multipart
equal "multipart messages dropped" \
    "$(($(ask aggregator status | jq .link.dropped_multipart) - dropped))" 1000
attack oversized

say "bytes that are not even a handshake"
for size in 1 64 4096; do
    (exec 3<>"/dev/tcp/127.0.0.1/$port" && head -c "$size" /dev/urandom >&3) 2>/dev/null || true
    (exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' >&3) \
        2>/dev/null || true
done

say "what is well formed and cannot be applied is kept, and refused by an office entry"
stores=1
attack bad_bodies
refused() {
    holds aggregator status '.[0].refused == 2'
}
wait_until "$long" refused
settle
ask aggregator journal dump | jq -c 'select(.owner == "16.71")' >"$work/rows"
equal "kinds kept" "$(jq -r .kind_number "$work/rows" | xargs)" '1 16 16 999 17'
has 'refusal-of-2' "$work/out"
has 'refusal-of-3' "$work/out"
equal "zero reports" "$(ask aggregator status | jq .zero_reports)" 1
attack second_log wrong_log 1
attack two_histories fork 1

say "one line of a kind, with the node's code"
for alarm in wrong_log bad_frame bad_chain fork; do
    equal "log lines of $alarm" "$(grep -c "event=alarm alarm=$alarm .* held_back=0" "$work/aggregator.log")" 1
    has "event=alarm alarm=$alarm node=16.71" "$work/aggregator.log"
done

say "the other node was served all the time"
live 16.07 || fail "16.07 lost its line: $(ask 16.07 status)"
equal "connections 16.07 needed" "$(ask 16.07 status | jq .counters.connects)" 1
holds aggregator enrol list 'any(.regency == "16.07" and .alarms == {})' || fail "16.07 is blamed"
generate 16.07 50 tetap >"$work/reports"
submit 16.07 "$work/reports"
settle
check
stop_all
say done
