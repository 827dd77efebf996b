#!/usr/bin/env bash
# restart_storm.sh - every regency of a province has a node with a backlog, and the aggregator is
# killed and started again and again: all come back each time, nobody is left out, and everything
# arrives once.
#
# KABAR_RESTARTS: how often (4; 2 with sanitizers).
. "$(dirname "$0")/../integration/lib.bash"

regencies=(16.0{1..9} 16.1{0..3} 16.7{1..4})
restarts=${KABAR_RESTARTS:-4}
[ -z "${KABAR_SANITIZE:-}" ] || {
    regencies=("${regencies[@]:0:6}")
    restarts=${KABAR_RESTARTS:-2}
}

all_live() {
    holds aggregator enrol list "map(select(.connected)) | length == ${#nodes[@]}"
}

someone_has_sent() { # COUNT - so many entries are in the journal
    holds aggregator status ".[0].journal.position > $1"
}

make_province "${regencies[@]}"
crash aggregator
for ((i = 1; i <= restarts; i++)); do
    for regency in "${nodes[@]}"; do
        generate "$regency" 100 "r$i-$regency" 400 | submit "$regency" -
    done
    began=$SECONDS
    start aggregator
    before=$(ask aggregator status | jq .journal.position)
    wait_until "$long" someone_has_sent "$before"
    crash aggregator
    start aggregator
    wait_until "$long" all_live
    say "restart $i: all ${#nodes[@]} are there again after $((SECONDS - began)) s"
    [ "$i" -eq "$restarts" ] || crash aggregator
done
settle
check_lists
equal "alarms" "$(grep -h 'event=alarm' "$work"/*.log | head -n 3 || true)" ""
stop_all
