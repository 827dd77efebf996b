#!/usr/bin/env bash
# short.sh - every benchmark runs to its end with a few rounds and prints its result in the shape of
# DESIGN; one whose reports are not accepted prints no figure and ends with 1.
. "$KABAR_SOURCE/bench/lib.bash"

# shaped NAME JQ - the result is whole, names no host and no path, and satisfies a jq expression.
shaped() {
    local file
    file=$(ls "$work/results/"*"-$1.json")
    jq -e --arg name "$1" '.benchmark == $name and (.commit | length > 6) and
        (.date | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")) and (.settings | length > 0) and
        (.machine | [.cpu, .kernel, .fs] | all(length > 0)) and .machine.cores > 0' "$file" \
        >/dev/null || fail "$1: not in shape: $(cat "$file")"
    jq -e ".result | $2" "$file" >/dev/null || fail "$1: no such result: $(cat "$file")"
    ! grep -qF -e "$(uname -n)\"" -e "$work" -e "$KABAR_SOURCE" "$file" ||
        fail "$1: names this machine"
}

mkdir "$work/stores"
(
    trap - EXIT ERR
    exec "$KABAR_SOURCE/bench/run" --short --dir "$work/stores" --out "$work/results"
) >"$work/out" 2>"$work/run.log"
shaped submit '[.connected, .alone] | all(.commit_ms.p50 > 0 and .held_ms.p50 > 0 and
    .command_ms.p99 >= .command_ms.p50 and .start_ms.p50 > 0 and .target_p50_ms > 1)'
shaped submit '.lost == 0 and .stored == .acked and .stored > 0'
shaped memory '.node_rss_anon_mib | .start > 0.1 and .peak_synced >= .start and .peak_offline > 0'
shaped memory '.stored == 1000 and .lost == 0'
shaped idle '[.aggregator, .node] | all(.utime_stime_s >= 0 and .run_s >= 0)'
shaped match '.by_cases | length == 2 and all(.us_per_report > 0 and .fold_us > .us_per_report and
    .get_put_us > 0 and .open_cases >= .cases and .repeats_merged > .mix.repeats / 2 and
    .mix.near_misses > 0)'
equal "stores left behind" "$(ls -I "kabar-ports.*" "$work/stores")" ""
say "all benchmarks run"

exits 64 "$KABAR_SOURCE/bench/run" nonsense
exits 64 "$KABAR_SOURCE/bench/submit.sh" --rounds many
exits 64 "$KABAR_BIN/kabar-bench"
exits 64 "$KABAR_BIN/kabar-bench" match --cases 0
exits 1 "$KABAR_BIN/kabar-bench" match --dir "$work/absent"
exits 64 "$KABAR_BIN/kabar-bench" codec
exits 1 "$KABAR_BIN/kabar-bench" codec --events "$work/absent"
exits 0 "$KABAR_BIN/kabar-bench" codec --events "$samples/seeds-16.07.jsonl"
jq -e '.reports > 10 and (.spans | length == 9) and all(.spans[]; .bytes > 50 and .decode_us > 0)
    and (.spans | map(select(.reports_a_span == 64).bytes) | .[0] > .[1] and .[1] > .[2])' \
    "$work/out" >/dev/null || fail "codec: $(cat "$work/out")"

# A node takes reports of its own regency only: all are refused.
make_province 16.07
mkdir "$work/latency"
exits 1 "$KABAR_TOOLS/submit_latency" "$work/node-16.07.sock" "$KABAR_BIN/kabar" \
    "$work/latency" 16.03 3 1
[ ! -s "$work/out" ] || fail "figures of reports that were refused: $(cat "$work/out")"
stop_all
say done
