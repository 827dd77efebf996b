#!/usr/bin/env bash
# transcripts.bash SIM [--write] - what `sim --script NAME` says is what NAME.txt holds, for every
# script; --write makes the files anew. Read the difference before: each line is one to readers.
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: ${0##*/} SIM [--write]" >&2; exit 2; }
sim=$1 write=${2:-}
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$sim" --scripts >"$work/names"
[ -s "$work/names" ] || { echo "$sim knows no scripts"; exit 1; }
bad=0
while read -r name; do
    if ! "$sim" --script "$name" >"$work/$name.txt"; then
        echo "$name: does not hold"
        tail -n 3 "$work/$name.txt"
        bad=1
    elif [ "$write" = --write ]; then
        cp "$work/$name.txt" "$folder/$name.txt"
    elif ! diff -u "$folder/$name.txt" "$work/$name.txt"; then
        echo "$name: differs (tests/trace/README.md)"
        bad=1
    fi
done <"$work/names"
for file in "$folder"/*.txt; do
    name=$(basename "$file" .txt)
    [ "$name" != CMakeLists ] || continue
    grep -qx -- "$name" "$work/names" || { echo "$name.txt: no such script"; bad=1; }
done
[ "$bad" -eq 0 ] && echo "$(wc -l <"$work/names") transcripts are as they are kept"
exit "$bad"
