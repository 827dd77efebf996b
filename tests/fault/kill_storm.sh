#!/usr/bin/env bash
# kill_storm.sh - kill -9 of an aggregator and three nodes under load, at named points of commits and
# answers and at random moments: whatever was answered "accepted" is in the journal exactly once,
# and nobody had reason to complain.
#
# KABAR_KILLS: how many (500; 60 with sanitizers). KABAR_SEED: which, where and when. KABAR_PAUSE:
# milliseconds between a desk's reports, at most. KABAR_RESULT: file for the figures.
. "$(dirname "$0")/../integration/lib.bash"
: "${KABAR_FAULT_TOOLS:?folder of the tools of these tests}"

kills=${KABAR_KILLS:-$([ -z "${KABAR_SANITIZE:-}" ] && echo 500 || echo 60)}
seed=${KABAR_SEED:-$SRANDOM}
# A mistake made on purpose is made in the storm only: the province is set up, and looked at, well.
environment=("ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0")
[ -z "${KABAR_PLANT:-}" ] || environment+=("KABAR_PLANT=$KABAR_PLANT")
unset KABAR_PLANT
say "seed $seed"

# explain - the kills around the reports that the checker names.
explain() {
    local number
    cat "$work/verdict" >&2
    for number in $(grep -o 'after kill [0-9]*' "$work/verdict" | awk '{ print $3 }' | head -n 3); do
        echo "---- the kills about that answer" >&2
        sed -n "$((number > 1 ? number - 1 : 1)),$((number + 3))p" "$work/kills.jsonl" >&2
    done
    fail "seed $seed: see above"
}

# Nobody lied, so nobody may be blamed, in any life of any program.
blamed() {
    grep -h 'event=alarm' "$work"/*.log | head -n 3 || true
}

# Rows of a kind in the journal.
rows() {
    jq -c --arg kind "$1" 'select(.kind == $kind)' "$work/dump.jsonl" | wc -l
}

make_province 16.07 16.03 16.05
stop_all
# The shim comes before a sanitizer's own library; the address sanitizer would rather be first.
env "${environment[@]}" "$KABAR_FAULT_TOOLS/kill_storm" \
    --bin "$KABAR_BIN" --dir "$work" --shim "$KABAR_FAULT_TOOLS/kill_shim.so" \
    --seed "$seed" --kills "$kills" --pause "${KABAR_PAUSE:-150}" "${nodes[@]}" ||
    fail "seed $seed: the storm"
jq . "$work/storm.json"
start_all
settle
say "drained"
check_lists --json "$work/verdict.json" >"$work/verdict" || explain
cat "$work/verdict"
equal "alarms" "$(blamed)" ""
reports=$(rows report)
equal "placements, one person a report" "$(rows placement)" "$reports"
equal "cases" "$(ask aggregator status | jq .cases)" "$reports"
stop_all
if [ -n "${KABAR_RESULT:-}" ]; then
    jq -s --arg date "$(date -u +%F)" --arg version "$("$KABAR_BIN/kabar-node" --version)" \
        '{date: $date, version: $version} + .[0] + {checked: .[1]}' \
        "$work/storm.json" "$work/verdict.json" >"$KABAR_RESULT"
fi
say "done: $kills kills, nothing lost, nothing twice"
