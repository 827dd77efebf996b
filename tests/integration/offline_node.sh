#!/usr/bin/env bash
# offline_node.sh - a node takes reports while its aggregator is away, through restarts of both;
# later everything arrives once, and is receipted.
. "$(dirname "$0")/lib.bash"

make_province 16.07 16.03
generate 16.07 20 lini >"$work/reports"
submit 16.07 "$work/reports"
settle

say "the aggregator is away"
stop aggregator
down() {
    holds 16.07 status '.[0].connection != "live"'
}
wait_until "$long" down
generate 16.07 300 luring >"$work/reports"
submit 16.07 "$work/reports"
submit 16.03 "$samples/reports-16.03.jsonl"
holds 16.07 report status '.[0] | .waiting == 300 and .accepted == 320 and .oldest_waiting_ms > 0' ||
    fail "300 wait: $(ask 16.07 report status)"
holds 16.07 status '.[0].backlog == 300' || fail "backlog: $(ask 16.07 status)"
holds 16.07 report show luring-300 '.[0].state == "waiting"' || fail "a report of those that wait"

say "the node is restarted, and takes more"
stop 16.07
start 16.07
generate 16.07 100 lanjut >"$work/reports"
submit 16.07 "$work/reports"
crash 16.07
start 16.07
holds 16.07 status '.[0].backlog == 400' || fail "backlog: $(ask 16.07 status)"

say "the aggregator is back, for a moment, and back again"
start aggregator
wait_until "$long" live 16.07
crash aggregator
generate 16.07 100 putus >"$work/reports"
submit 16.07 "$work/reports"
start aggregator
settle
check
holds 16.07 report status '.[0] | .accepted == 520 and .waiting == 0' ||
    fail "all has arrived: $(ask 16.07 report status)"
receipted() {
    holds 16.07 report status '.[0].receipted == 520'
}
wait_until "$long" receipted
holds 16.07 report show luring-300 '.[0].state == "receipted"' || fail "a receipt is shown"
equal "reports in the journal" \
    "$(jq -r 'select(.kind == "report" and .owner == "16.07") | .body.key' "$work/dump.jsonl" |
        sort | uniq -c | awk '$1 == 1' | wc -l)" 520
stop_all
say done
