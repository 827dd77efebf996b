#!/usr/bin/env bash
# kill.sh - kill -9 of either side, again and again, while reports are handed in: whatever was
# answered "accepted" stands in the journal exactly once.
#
# KABAR_KILLS: how often (50; 15 with sanitizers). KABAR_SEED: which side when.
. "$(dirname "$0")/lib.bash"

kills=${KABAR_KILLS:-$([ -z "${KABAR_SANITIZE:-}" ] && echo 50 || echo 15)}
seed=${KABAR_SEED:-$((SRANDOM % 32768))}
say "seed $seed, $kills kills"
RANDOM=$seed

# load REGENCY - hands in batch after batch, and each again until every line has its answer.
load() {
    local regency=$1 batch=0 file=$work/load-$1 got=$work/got-$1
    trap - EXIT ERR
    set +e
    while [ ! -e "$work/enough" ]; do
        batch=$((batch + 1))
        generate "$regency" 40 "b$batch" >"$file"
        # A submit that was cut off is repeated as it was: its keys make it count once.
        until ask "$regency" report submit "$file" >"$got" 2>>"$work/kabar.log"; do
            cat "$got" >>"$work/answers-$regency"
            [ ! -e "$work/enough" ] || return 0
            wait_until "$long" ask "$regency" ping >/dev/null 2>&1
        done
        cat "$got" >>"$work/answers-$regency"
    done
}

accepted() {
    cat "$work"/answers-16.* 2>/dev/null | grep -c '"accepted": *true' || true
}

more_than() {
    [ "$(accepted)" -gt "$1" ]
}

make_province 16.07 16.03
for regency in "${nodes[@]}"; do
    : >"$work/answers-$regency"
    load "$regency" &
    other_pids+=($!)
done
wait_until "$long" more_than 0
names=(aggregator "${nodes[@]}")
declare -A killed=([aggregator]=0 [16.07]=0 [16.03]=0)
for ((i = 1; i <= kills; i++)); do
    # Some work between two kills, more or less of it: the moment is what is tried.
    wait_until "$long" more_than $(($(accepted) + RANDOM % 30))
    # Every other time the aggregator, which is two of three programs' business.
    name=${names[RANDOM % 2 == 0 ? 0 : 1 + RANDOM % 2]}
    killed[$name]=$((killed[$name] + 1))
    crash "$name"
    # Sometimes the other side dies too before this one is back.
    if ((RANDOM % 5 == 0)) && [ "$name" != aggregator ]; then
        killed[aggregator]=$((killed[aggregator] + 1))
        i=$((i + 1))
        crash aggregator
        start aggregator
    fi
    start "$name"
done
say "killed: aggregator ${killed[aggregator]}, 16.07 ${killed[16.07]}, 16.03 ${killed[16.03]}"
touch "$work/enough"
for pid in "${other_pids[@]}"; do
    wait_until "$long" ended "$pid"
done
other_pids=()
settle
# A line whose report was stored before its answer could be given is answered on the second try:
# the same identity twice is one report. A cut-off answer is no answer.
cat "$work"/answers-16.* | jq -Rc 'fromjson? // empty' >"$work/answers.jsonl"
refused=$(jq -c 'select(.accepted | not)' "$work/answers.jsonl" | head -n 3)
equal "refused reports" "$refused" ""
equal "identities of one key" "$(jq -sc 'map(select(.accepted)) | group_by([.incarnation, .seq]) |
    map(unique_by(.hash) | length) | max' "$work/answers.jsonl")" 1
check_lists
reports=$(jq -c 'select(.kind == "report")' "$work/dump.jsonl" | wc -l)
equal "placements, one person a report" \
    "$(jq -c 'select(.kind == "placement")' "$work/dump.jsonl" | wc -l)" "$reports"
equal "cases" "$(ask aggregator status | jq .cases)" "$reports"
say "$(accepted) answers; nothing lost, nothing twice"
stop_all
say done
