#!/usr/bin/env bash
# link_short.sh - linkem joins two namespaces, its line drops and counts, and the link benchmark
# runs over it and prints what it should. Skipped where namespaces or TUN devices are not allowed.
set -euo pipefail
bin=$KABAR_BUILD/bin-bench
export KABAR_BIN=$KABAR_BUILD/bin KABAR_TOOLS=$bin
code=0
found=$("$bin/linkem" --profile "$KABAR_SOURCE/bench/profiles/lan" -- true 2>&1) || code=$?
if [ "$code" -eq 77 ]; then
    echo "skipped: $found"
    exit 77
fi
. "$KABAR_SOURCE/tests/integration/lib.bash"
equal "exit of linkem" "$code" 0

exits 64 "$bin/linkem"
echo 'rate = 5' >"$work/bad"
exits 64 "$bin/linkem" --profile "$work/bad" -- true
exits 3 "$bin/linkem" --profile "$KABAR_SOURCE/bench/profiles/lan" -- bash -c 'exit 3'
printf '%s\n' 'delay_ms = 5' 'loss_percent = 20' 'up_s = 1' 'down_s = 1' >"$work/profile"
exits 0 "$bin/linkem" --profile "$work/profile" --seed 3 --json "$work/line" -- \
    "$bin/linkem_probe" udp 600 100 5000
jq -e '.sent == 600 and .came > 200 and .came < 400 and .longest_gap_ms > 900' "$work/out" \
    >/dev/null || fail "probe: $(cat "$work/out")"
jq -e --slurpfile probe "$work/out" '.out.in.packets == 600 and .out.loss.packets > 10 and
    .out.outage.packets > 100 and .out.delivered.packets == $probe[0].came and
    (.out | .delivered.packets + .loss.packets + .outage.packets == .in.packets)' "$work/line" \
    >/dev/null || fail "line: $(cat "$work/line")"
say "linkem drops and counts"

exits 64 "$KABAR_SOURCE/bench/link.sh" --profile nonsense
(
    trap - EXIT ERR
    exec "$KABAR_SOURCE/bench/link.sh" --profile lan --count 50 --lone 1
) >"$work/link.json" 2>"$work/link.log" || fail "link: $(tail -n 5 "$work/link.log")"
jq -e '.benchmark == "link" and (.result | .stored == 51 and .lost == 0 and .drain_s > 0 and
    .bytes_an_entry > 20 and .lone_ms.p50 > 0 and .line.out.delivered.packets > 5)' \
    "$work/link.json" >/dev/null || fail "link: $(cat "$work/link.json")"
has '^profile ' "$work/link.log"
say done
