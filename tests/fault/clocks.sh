#!/usr/bin/env bash
# clocks.sh - programs whose clocks are twenty years wrong, either way and at either end, and jump
# back: what happened "after today" is refused with what to look at, everything else is taken, stays
# in order, arrives once and is acknowledged. Nothing that waits or times out goes by that clock.
. "$(dirname "$0")/../integration/lib.bash"

[ -z "${KABAR_SANITIZE:-}" ] || skip 'the library that fakes the clock does not go with a sanitizer'
command -v faketime >/dev/null || skip 'faketime is not there'
library=$(faketime now sh -c 'echo "$LD_PRELOAD"')
library=${library##*:}

# at OFFSET NAME - starts a program whose wall clock is so wrong; timers run as they should.
at() {
    export LD_PRELOAD=$library FAKETIME=$1 FAKETIME_DONT_FAKE_MONOTONIC=1
    launch "$2"
    unset LD_PRELOAD FAKETIME FAKETIME_DONT_FAKE_MONOTONIC
    wait_until "$long" answers "$2"
    runs "${pid_of[$2]}" || fail "$2 does not start at $1"
}

make_province 16.07 16.03
now=$(date -u +%Y)
generate 16.07 20 benar | submit 16.07 -

say "a node twenty years back"
stop 16.07
at -20y 16.07
wait_until "$long" live 16.07
generate 16.07 5 lampau >"$work/early"
exits 65 ask 16.07 report submit "$work/early"
jq -se --arg today "is after today, $((now - 20))-" 'all((.accepted | not) and
    .field == "occurred_on" and (.reason | contains($today) and contains("the clock")))' \
    "$work/out" >/dev/null ||
    fail "not in clear words: $(head -n 1 "$work/out")"
sed 's/2024-10/2004-10/' "$work/early" >"$work/old"
submit 16.07 "$work/old"
settle

say "then twenty years ahead, and the aggregator twenty back"
stop 16.07 aggregator
at -20y aggregator
at +20y 16.07
wait_until "$long" live 16.07
wait_until "$long" live 16.03
for regency in 16.07 16.03; do
    generate "$regency" 20 "depan-$regency" | submit "$regency" -
done
settle
ask aggregator journal dump >"$work/dump"
equal "the node's years" "$(jq -r 'select(.kind == "report" and .owner == "16.07") |
    .body.entered_ms / 31556952000 + 1970 | floor' "$work/dump" | sort -nu | tr '\n' ' ')" \
    "$((now - 20)) $now $((now + 20)) "

say "and all clocks right again"
stop 16.07 aggregator
start aggregator
start 16.07
wait_until "$long" live 16.07
generate 16.07 20 lagi | submit 16.07 -
settle
check_lists
equal "alarms" "$(grep -h 'event=alarm' "$work"/*.log | head -n 3 || true)" ""
stop_all
