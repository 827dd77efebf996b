#!/usr/bin/env bash
# must_fail.bash PLANT PATTERN COMMAND… - runs a test with this mistake in it. Passes only if the
# test fails (any exit code but 0, 77 and 99) and says PATTERN (extended), and prints how long that
# took. KABAR_TRIES=N: a test that rests on chance may go by the mistake N - 1 times.
set -uo pipefail
plant=$1 pattern=$2
shift 2
output=$(mktemp)
trap 'rm -f "$output"' EXIT
begin=$(date +%s%N)
for ((try = 1; try <= ${KABAR_TRIES:-1}; try++)); do
    KABAR_PLANT=$plant "$@" >"$output" 2>&1
    code=$?
    [ "$code" -eq 0 ] || break
    echo "plant $plant was not seen by try $try"
done
took_ms=$((($(date +%s%N) - begin) / 1000000))
case $code in
0 | 77 | 99)
    echo "plant $plant was NOT seen: the test ended with $code after $took_ms ms"
    tail -n 40 "$output"
    exit 1
    ;;
esac
if ! grep -qE -- "$pattern" "$output"; then
    echo "plant $plant: the test failed ($code), but for another reason; expected: $pattern"
    tail -n 40 "$output"
    exit 1
fi
echo "plant $plant: seen after $took_ms ms: $(grep -m 1 -E -- "$pattern" "$output")"
