#!/usr/bin/env bash
# idle.sh [--seconds N] - the processor time of both daemons while nothing is to be done.
#
# A node is connected to its aggregator and has nothing to send; settings are those that are shipped
# (a keep-alive every 300 s, so N above 300 has one in it). utime and stime of /proc/PID/stat count
# in ticks of 10 ms; the scheduler's own sum (schedstat, ns) is given beside. Target: 0.2 % of a
# core. One JSON line.
. "$(dirname "$0")/lib.bash"
seconds=330
options seconds -- "$@"

ticks() {
    awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/${pid_of[$1]}/stat"
}

# Of all threads.
run_ns() {
    cat "/proc/${pid_of[$1]}"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d\n", sum }'
}

now_ns() {
    date +%s%N
}

passed() {
    [ "$(now_ns)" -ge "$until_ns" ]
}

load=$(load_now)
make_shipped 16.07
generate 16.07 1000 before >"$work/before.jsonl"
submit 16.07 "$work/before.jsonl"
settle
declare -A ticks_before ns_before
for name in aggregator 16.07; do
    ticks_before[$name]=$(ticks "$name")
    ns_before[$name]=$(run_ns "$name")
done
from_ns=$(now_ns)
until_ns=$((from_ns + seconds * 1000000000))
wait_until $((seconds + 60)) passed
took_ns=$(($(now_ns) - from_ns))
results=()
for name in aggregator 16.07; do
    results+=("$(jq -n --argjson ticks $(($(ticks "$name") - ticks_before[$name])) \
        --argjson hz "$(getconf CLK_TCK)" --argjson took "$took_ns" \
        --argjson ns $(($(run_ns "$name") - ns_before[$name])) \
        '{utime_stime_s: ($ticks / $hz), percent_of_core: ($ticks / $hz / ($took / 1e9) * 1e5 |
            round / 1e3), run_s: ($ns / 1e6 | round / 1e3), run_percent_of_core:
            ($ns / $took * 1e5 | round / 1e3)}')")
done
wait_until "$long" live 16.07 # the session held all the time, or is back: said in the log
result idle "$(jq -n --argjson seconds "$seconds" '{seconds: $seconds}')" \
    "$(jq -n --argjson aggregator "${results[0]}" --argjson node "${results[1]}" \
        --argjson load "$load" '{aggregator: $aggregator, node: $node, target_percent: 0.2,
            met: ($aggregator.percent_of_core <= 0.2 and $node.percent_of_core <= 0.2),
            load_before: $load}')"
stop_all
