#!/usr/bin/env bash
# submit.sh [--rounds N] [--pause MS] - how long one report takes to be safe, against a commit.
#
# Each round takes the time of a one-entry LMDB commit, of a report over a connection that is held,
# of the command `kabar report submit FILE` as typed, process start included, and of the start of a
# program that does nothing (order goes round; micro/submit_latency.c). Once with the node connected
# to its aggregator, once with it alone. Target: p50 at most 1.5 x that of the commit, and 1 ms. One
# JSON line to standard output.
. "$(dirname "$0")/lib.bash"
rounds=1000 pause=20
options rounds pause -- "$@"

# latency NAME - runs the rounds; the figures into $figures.
latency() {
    mkdir "$work/latency-$1"
    figures=$("$KABAR_TOOLS/submit_latency" "$work/node-16.07.sock" "$KABAR_BIN/kabar" \
        "$work/latency-$1" 16.07 "$rounds" "$pause")
    submitted=$((submitted + $(jq .accepted <<<"$figures")))
}

load=$(load_now)
submitted=0
make_shipped 16.07
latency connected
connected=$figures
settle
stop aggregator
latency alone
alone=$figures
start aggregator
settle
stored=$(ask aggregator journal dump | jq -c 'select(.kind == "report")' | wc -l)
[ "$stored" -eq "$submitted" ] || fail "$submitted accepted, $stored arrived: no figures"
result submit "$(jq -n --argjson rounds "$rounds" --argjson pause "$pause" \
    '{rounds: $rounds, pause_ms: $pause}')" \
    "$(jq -n --argjson connected "$connected" --argjson alone "$alone" --argjson load "$load" \
        --argjson stored "$stored" \
        '{connected: $connected, alone: $alone, acked: $stored, stored: $stored, lost: 0,
            load_before: $load}')"
stop_all
