#!/usr/bin/env bash
# validate.sh - linkem against what profiles say, measured from both ends: one JSON line; exit 1 if
# a figure is outside its bounds. Needs root (else 77), two minutes, KABAR_BUILD as bench/run.
#
# Loss must lie within 4 standard deviations of the binomial; times within 1 ms at the median and
# rates within 2 % of what profile and packet sizes give; the longest silence of a flapping line
# is its outage and one gap between packets. TCP reaches at least 75 % of a lossless line's rate.
set -euo pipefail
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${KABAR_BUILD:-$folder/../../build/release}/bin-bench
work=$(mktemp -d "${TMPDIR:-/tmp}/kabar-validate.XXXXXX")
trap 'rm -rf "$work"' EXIT
results=()

# probe NAME PROFILE-TEXT BOUNDS PROBE-ARGUMENT… - BOUNDS: a jq expression over what was found.
probe() {
    local name=$1 bounds=$3 code=0 found
    printf '%s\n' "$2" >"$work/profile"
    found=$("$bin/linkem" --profile "$work/profile" --seed 7 --json "$work/line" -- \
        "$bin/linkem_probe" "${@:4}") || code=$?
    [ "$code" -eq 0 ] || exit "$code"
    results+=("$(jq -c --arg name "$name" --slurpfile line "$work/line" \
        '. + {late_ms_worst: ([$line[0].out, $line[0].back] | map(.late_ms_worst) | max),
            line: $line[0]} |
            {name: $name, ok: ('"$bounds"'), found: del(.line)}' <<<"$found")")
    echo "${results[-1]}" >&2
}

near='def near($a; $b; $d): ($a - $b | fabs) <= $d;'
probe lan 'delay_ms = 0.2' "$near near(.round_ms.p50; 0.4; 1) and .came == .sent" udp 500 200 2000
# 200 bytes at 64 kbit/s are 25 ms on the air.
probe vsat "$(cat "$folder/../profiles/vsat")" "$near near(.round_ms.p50; 650; 1)" udp 300 200 30000
# 500 datagrams, 5 % lost: 25, and 4 x 4.9; the way back loses of those that came.
probe gprs_loss "$(sed 's/^rate.*//; s/^delay.*/delay_ms = 5/' "$folder/../profiles/gprs")" \
    "$near near(.sent - .came; .sent * 0.05; 4 * (.sent * 0.05 * 0.95 | sqrt)) and
        near(.came - .answers; .came * 0.05; 4 * (.came * 0.05 * 0.95 | sqrt))" udp 5000 100 1000
# Twice as much as the line takes: the rate is the line's, the queue is full, its wait is known.
probe rate_and_queue 'rate_bit_s = 64000
queue_bytes = 16384' "$near near(.rate_bit_s; 64000; 1280) and near(.delay_ms.max; 2048; 80) and
    .line.out.queue.packets > 0" udp 400 500 31250
probe tcp 'rate_bit_s = 256000
delay_ms = 50
queue_bytes = 32768' '.rate_bit_s > 192000 and .rate_bit_s < 256000' tcp 400000
probe outage 'up_s = 2
down_s = 3' "$near near(.longest_gap_ms; 3000; 30) and near(.came / .sent; 0.4; 0.02)" \
    udp 1000 100 10000
probe bad_packets 'duplicate_percent = 3
reorder_percent = 2
reorder_ms = 20
corrupt_percent = 4
delay_ms = 5' "$near near(.line.out.corrupted; .sent * 0.04; 4 * (.sent * 0.04 * 0.96 | sqrt)) and
    .sent - .came <= .line.out.corrupted and .came < .sent and
    near(.twice; .sent * 0.03; 4 * (.sent * 0.03 | sqrt)) and
    near(.disordered; .sent * 0.02; 4 * (.sent * 0.02 | sqrt))" udp 4000 100 1000
# A new address each second: answers to the old one are lost, at most those on their way.
probe rebinding 'rebind_s = 1
delay_ms = 50' '.came == .sent and .answers < .sent and .sent - .answers <= 5 * 8 and
    .line.back.nat.packets > 0' udp 500 100 10000
printf '%s\n' "${results[@]}" | jq -nc --arg date "$(date -u +%F)" \
    --argjson load "$(awk '{ print $1 }' /proc/loadavg)" '{benchmark: "linkem_validation",
        date: $date, load_after: $load, checks: [inputs]} | .ok = all(.checks[]; .ok)' >"$work/all"
cat "$work/all"
jq -e .ok "$work/all" >/dev/null
