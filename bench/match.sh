#!/usr/bin/env bash
# match.sh [--cases N] [--more N] [--reports N] [--seed N] - the processor time of finding a
# report's case among N open ones, at two sizes: `kabar-bench match` (bench/match.c says what is in
# it). Targets: 8 us at 100,000 and 12 us at 1,000,000. One JSON line.
. "$(dirname "$0")/lib.bash"
cases=100000 more=1000000 reports=20480 seed=1607
options cases more reports seed -- "$@"

load=$(load_now)
for size in "$cases" "$more"; do
    "$KABAR_BIN/kabar-bench" match --cases "$size" --reports "$reports" --seed "$seed" \
        --dir "$work" --json "$work/match-$size.json"
done
result match "$(jq -n --argjson cases "[$cases, $more]" --argjson reports "$reports" \
    --argjson seed "$seed" '{cases: $cases, reports: $reports, seed: $seed}')" \
    "$(jq -s --argjson load "$load" '{by_cases: [.[] | {cases: .settings.cases} + .result],
        load_before: $load}' "$work/match-$cases.json" "$work/match-$more.json")"
