#!/usr/bin/env bash
# memory.sh [--reports N] - what a node keeps in memory while N reports go through it.
#
# RssAnon of the node is looked at all the time: while N reports are handed in and synced, and again
# for N more while the aggregator is away, until they have arrived too. (RssFile is the store's map:
# the kernel's page cache, given back when others need it.) Target: 16 MiB. One JSON line.
. "$(dirname "$0")/lib.bash"
reports=100000
options reports -- "$@"

rss_kib() {
    awk '/^RssAnon:/ { print $2 }' "/proc/$1/status"
}

mib() {
    jq -n --argjson kib "$1" '$kib / 1024 * 100 | round / 100'
}

# watch_rss NAME - notes RssAnon ten times a second until unwatch, which sets $peak_kib.
watch_rss() {
    local pid=${pid_of[$1]}
    rm -f "$work/watched"
    (
        trap - EXIT ERR
        while kib=$(rss_kib "$pid"); do
            echo "$kib"
            sleep 0.1
        done >"$work/watched"
    ) &
    watcher=$!
    other_pids=("$watcher")
}

unwatch() {
    kill "$watcher"
    wait "$watcher" 2>/dev/null || true
    other_pids=()
    peak_kib=$( (cat "$work/watched" && rss_kib "${pid_of[16.07]}") | sort -n | tail -n 1)
}

# hand_in NAME - N reports; all must be accepted.
hand_in() {
    generate 16.07 "$reports" "$1" >"$work/$1.jsonl"
    ask 16.07 report submit "$work/$1.jsonl" >"$work/answers"
    equal "accepted" "$(grep -c '"accepted":true' "$work/answers")" "$reports"
    rm "$work/$1.jsonl"
}

# arrived COUNT - all that was accepted is in the journal.
arrived() {
    wait_until 3600 drained 16.07
    stored=$(ask aggregator journal dump | grep -c '"kind": *"report"')
    [ "$stored" -eq "$1" ] || fail "$1 accepted, $stored arrived: no figures"
}

load=$(load_now)
make_shipped 16.07
start_kib=$(rss_kib "${pid_of[16.07]}")
watch_rss 16.07
hand_in synced
arrived "$reports"
unwatch
synced_kib=$peak_kib
stop aggregator
watch_rss 16.07
hand_in offline
unwatch
offline_kib=$peak_kib
watch_rss 16.07
start aggregator
arrived $((2 * reports))
unwatch
drained_kib=$peak_kib
end_kib=$(rss_kib "${pid_of[16.07]}")
worst=$(printf '%s\n' "$synced_kib" "$offline_kib" "$drained_kib" | sort -n | tail -n 1)
result memory "$(jq -n --argjson reports "$reports" '{reports: $reports}')" \
    "$(jq -n --argjson first "$(mib "$start_kib")" --argjson synced "$(mib "$synced_kib")" \
        --argjson offline "$(mib "$offline_kib")" --argjson drained "$(mib "$drained_kib")" \
        --argjson last "$(mib "$end_kib")" --argjson met "$([ "$worst" -le 16384 ] && echo true ||
            echo false)" --argjson stored "$stored" --argjson load "$load" \
        --argjson aggregator "$(mib "$(rss_kib "${pid_of[aggregator]}")")" \
        '{node_rss_anon_mib: {start: $first, peak_synced: $synced, peak_offline: $offline,
            peak_drained: $drained, end: $last}, target_mib: 16, met: $met,
            server_rss_anon_mib: $aggregator, acked: $stored, stored: $stored, lost: 0,
            load_before: $load}')"
stop_all
