#!/usr/bin/env bash
# budget.sh - a node whose data budget is spent: routine reports wait, urgent ones and answers still
# go; the count outlives a stop and a crash; with a new budget everything arrives.
. "$(dirname "$0")/lib.bash"

make_province 16.07
budget() {
    setting 16.07 budget_day_kib "$1"
    stop 16.07
    start 16.07
    wait_until "$long" live 16.07
}
budget 40
generate 16.07 2000 biasa 200 >"$work/reports"
submit 16.07 "$work/reports"
spent() {
    holds 16.07 status '.[0] | .budget.spent and .backlog > 0'
}
wait_until "$long" spent
say "it is spent"
# At most what one span and what is under way come to is above it.
holds 16.07 status '.[0].budget | .day.limit_bytes == 40960 and .day.used_bytes >= 40960 and
    .day.used_bytes < 250000 and .month.used_bytes == .day.used_bytes and
    .month.limit_bytes == null and .counted == "estimated" and .backlog_gone_s == null' ||
    fail "budget: $(ask 16.07 status | jq -c .budget)"
has 'event=budget_spent ' "$work/16.07.log"

generate 16.07 1 penting | jq -c '.urgent = true' >"$work/reports"
submit 16.07 "$work/reports"
urgent_gone() {
    holds 16.07 status '.[0] | (.logs[] | select(.lane == "urgent") | .acked == .last) and
        .backlog > 0 and .budget.spent'
}
wait_until "$long" urgent_gone
settled_ms() {
    ask 16.07 status | jq -c '[.backlog, .counters.spans_out]'
}
before=$(settled_ms)
say "urgent reports go; $before wait"

used=$(ask 16.07 status | jq .budget.day.used_bytes)
stop 16.07
start 16.07
wait_until "$long" live 16.07
holds 16.07 status ".[0].budget | .spent and .day.used_bytes >= $used" ||
    fail "after a stop: $(ask 16.07 status | jq -c .budget)"
crash 16.07
start 16.07
wait_until "$long" live 16.07
holds 16.07 status ".[0].budget | .spent and .day.used_bytes >= $used" ||
    fail "after a crash: $(ask 16.07 status | jq -c .budget)"
equal "what waits" "$(ask 16.07 status | jq .backlog)" "$(jq '.[0]' <<<"$before")"
equal "spans of a node that may not send" "$(ask 16.07 status | jq .counters.spans_out)" 0
say "it is remembered"

echo 'budget_interface = "lo"' >>"$(conf_of 16.07)"
budget 1000000
settle
holds 16.07 status '.[0] | .backlog == 0 and (.budget | (.spent | not) and
    .counted == "on the interface" and .backlog_gone_s == 0 and .day.used_bytes > 40960)' ||
    fail "at the end: $(ask 16.07 status | jq -c .budget)"
check
stop_all
say done
