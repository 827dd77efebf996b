#!/usr/bin/env bash
# damaged_node.sh - one entry of a node's log is damaged in its store before it was sent: that log
# waits before it and says so, the other goes on, and the connection stays.
. "$(dirname "$0")/lib.bash"

# Of the lane, in the node's status.
log_is() {
    holds 16.07 status ".[0].logs[] | select(.lane == \"$1\") | $2"
}

urgent_reports() {
    generate 16.07 "$1" "$2" | jq -c '. + {urgent: true}'
}

make_province 16.07
generate 16.07 3 awal | submit 16.07 -
settle

say "the province is away, reports wait, and the disk loses a bit of one of them"
stop aggregator
generate 16.07 2 utuh | submit 16.07 -
generate 16.07 1 rusak | submit 16.07 -
generate 16.07 5 belakang | submit 16.07 -
damaged=$(tail -n 6 "$work/answers.jsonl" | jq -s '.[0].seq')
stop 16.07
store=$work/node-16.07/store/data.mdb
sed 's/Laporan uji rusak nomor/Laporan uji rusaK nomor/' "$store" >"$work/damaged.mdb"
cat "$work/damaged.mdb" >"$store" # the same file: it was not moved
start aggregator
start 16.07
wait_until "$long" live 16.07
wait_until "$long" log_is routine ".acked == $((damaged - 1)) and .unreadable == $damaged"
log_is routine '.trouble | contains("newest backup")' || fail "what to do: $(ask 16.07 status)"
has "event=span_not_cut code=ERR_FORMAT text=\"entry $damaged of the routine log" "$work/16.07.log"

say "the other log goes on, on the same connection"
connects=$(ask 16.07 status | jq .counters.connects)
urgent_reports 20 genting | submit 16.07 -
wait_until "$long" log_is urgent '.acked == .last and .last > 20'
generate 16.07 5 nanti | submit 16.07 - # taken, and kept
log_is routine ".last == $((damaged + 10)) and .acked == $((damaged - 1))" ||
    fail "it waits: $(ask 16.07 status)"
wait_until "$long" applied
equal "connections" "$(ask 16.07 status | jq .counters.connects)" "$connects"
live 16.07 || fail "the node is not connected"
equal "cases" "$(ask aggregator status | jq .cases)" $((3 + 2 + 20))
stop_all
say done
