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
exits 64 "$KABAR_SOURCE/bench/peer.sh" --peer relp
exits 64 "$KABAR_BIN/kabar-bench" link --runs 0
exits 64 "$KABAR_BIN/kabar-bench" link --peer relp
exits 1 "$KABAR_BIN/kabar-bench" link --profile nonsense
say "kabar-bench link refuses what it does not understand"

# Scripts that say given figures: medians, spread, phases and ratios are the program's own.
mkdir -p "$work/scripts/profiles"
printf '%s\n' 'rate_bit_s = 1000' 'up_s = 6' 'down_s = 4' >"$work/scripts/profiles/bad"
cat >"$work/scripts/link.sh" <<'EOF'
#!/bin/sh
echo "$*" >>"${0%/*}/asked"
case $8 in 0) s=30 ;; 2) s=10 ;; 5) s=20 ;; 7) s=80 ;; *) exit 1 ;; esac
echo "{\"date\":\"d\",\"result\":{\"drain_s\":$s,\"bytes_an_entry\":50,\"lone_ms\":{\"p50\":7}}}"
EOF
cat >"$work/scripts/peer.sh" <<'EOF'
#!/bin/sh
case ${12}-$8 in fast-0) s=60 ;; fast-7) s=null ;; *) s=100 ;; esac
echo "{\"result\":{\"drain_s\":$s,\"bytes_an_entry\":200}}"
EOF
chmod +x "$work/scripts/"*.sh
exits 0 "$KABAR_BIN/kabar-bench" link --scripts "$work/scripts" --profile bad --count 9 \
    --peers "$work" --peer fast --peer slow
jq -e '.benchmark == "link" and (.result.profiles[0] |
    .summary.drain_s == {median: 25, min: 10, max: 80, of: 4} and
    .summary["lone_ms.p50"].median == 7 and
    .peers.fast.kabar_by_this.drain_s == {median: 0.2, min: 0.1, max: 0.5, of: 3} and
    .peers.fast.summary.drain_s.of == 3 and (.peers.fast.runs | length) == 4 and
    .kabar_by_best_peer.drain_s == {median: 0.35, min: 0.1, max: 0.8, of: 4} and
    .kabar_by_best_peer.bytes_an_entry.median == 0.25 and
    [.runs[].phase_s] == [0, 2, 5, 7])' "$work/out" >/dev/null || fail "sums: $(cat "$work/out")"
has -e '^--profile bad --count 9 --seed 2 --phase 2 --lone 10$' "$work/scripts/asked"
printf '%s\n' '#!/bin/sh' 'exit 1' >"$work/scripts/peer.sh" # half a plan has no figures
exits 1 "$KABAR_BIN/kabar-bench" link --scripts "$work/scripts" --profile bad --count 9 \
    --peers "$work" --peer fast
[ ! -s "$work/out" ] || fail "figures of half a plan: $(cat "$work/out")"
say "medians, spread and ratios"

(
    trap - EXIT ERR
    exec "$KABAR_BIN/kabar-bench" link --profile lan --count 50 --lone 1 --runs 1
) >"$work/link.json" 2>"$work/link.log" || fail "link: $(tail -n 5 "$work/link.log")"
jq -e '.benchmark == "link" and .machine.cores > 0 and (.result.profiles[0].runs[0] |
    .stored == 51 and .lost == 0 and .drain_s > 0 and .entries_sent_twice == 0 and
    .entries_sent == 50 and .bytes_an_entry > 20 and .lone_ms.p50 > 0 and .bulk_percent > 0 and
    .line_use_percent > 0 and .counted_percent > 90 and .line.out.delivered.packets > 5)' \
    "$work/link.json" >/dev/null ||
    fail "link: $(cat "$work/link.json")"
has '^profile ' "$work/link.log"

(
    trap - EXIT ERR
    exec "$KABAR_SOURCE/bench/urgent.sh" --profile lan --count 50 --file 1 --urgent 2 --every 1
) >"$work/urgent.json" 2>"$work/urgent.log" || fail "urgent: $(tail -n 5 "$work/urgent.log")"
jq -e '.benchmark == "urgent" and (.result.urgent_ms | .p50 > 0 and (.each | length) == 2)' \
    "$work/urgent.json" >/dev/null || fail "urgent: $(cat "$work/urgent.json")"
say done
