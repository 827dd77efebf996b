#!/usr/bin/env bash
# urgent.sh [--profile NAME] [--count N] [--file MIB] [--urgent N] [--every S] [--seed N]
#           [--phase S]
#
# How long an urgent report takes while all else waits. Over linkem, as link.sh: a backlog of N
# routine reports and one with a file of so many MiB is handed in with the aggregator away; the line
# turns bad, the node starts, and S seconds apart N urgent reports are handed in, one at a time:
# each from its acceptance to its durable ack. The rest of the backlog is not waited for; all that
# are urgent must be in the journal exactly once, else no figures. A table to standard error, one
# JSON line to standard output. Needs root (else exit 77).
set -euo pipefail
profile=vsat count=5000 file=20 urgent=10 every=8 seed=1 phase=0
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$folder/urgent.sh"
    exit "$1"
}

arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage 0 ;;
    --profile) [ -f "$folder/profiles/${2:-}" ] || usage 64 >&2 ;;
    --count | --file | --urgent | --every | --seed | --phase)
        [[ ${2:-} =~ ^[0-9]+$ ]] || usage 64 >&2
        ;;
    *) usage 64 >&2 ;;
    esac
    printf -v "${1#--}" %s "$2"
    shift 2
done

. "$folder/line.bash"
over_line "$0" "${arguments[@]}"
. "$folder/lib.bash"
. "$folder/province.bash"

# urgent_report NUMBER - one line, in $work/one.
urgent_report() {
    jq -nc --arg n "$1" '{key: "urgent-\($n)", urgent: true, regency: "16.07", form: "DS-06",
        channel: "own_finding", occurred_on: "2024-10-02", url: "https://x.com/u/status/\($n)",
        subjects: [{name: "Orang \($n)", employment: "pns"}]}' >"$work/one"
}

# Of the urgent log that lives: its last entry and the last one acknowledged.
urgent_log() {
    ask 16.07 status | jq -r '[.logs[] | select(.lane == "urgent")][-1] | "\(.last) \(.acked)"'
}

# Milliseconds from now until all of the urgent log is acknowledged.
until_acked() {
    local begun last acked now
    begun=$(now_ms)
    while :; do
        read -r last acked < <(urgent_log)
        now=$(now_ms)
        [ "$last" != "$acked" ] || break
        [ $((now - begun)) -lt 600000 ] || fail "after 600 s $acked of $last: no figures"
        sleep 0.02
    done
    echo $((now - begun))
}

load=$(load_now)
accepted=0
make_link_province
start 16.07
generated "$count" >"$work/reports"
hand_in "$work/reports"
if [ "$file" -gt 0 ]; then
    head -c "$((file << 20))" /dev/urandom >"$work/film.mp4"
    generated 1 | jq -c --arg path "$work/film.mp4" \
        '.key = "film" | .evidence = [{path: $path, media_type: "video/mp4"}]' >"$work/film"
    hand_in "$work/film"
fi
stop 16.07
start aggregator
line_turns_bad
launch 16.07
: >"$work/urgent_ms"
for ((i = 1; i <= urgent; i++)); do
    sleep "$every"
    left=$(ask 16.07 status | jq .backlog)
    urgent_report "$i"
    hand_in "$work/one"
    ms=$(until_acked)
    echo "$ms $left" >>"$work/urgent_ms"
done
line_now "$work/line"
stored=$(ask aggregator journal dump 2>>"$work/kabar.log" |
    jq -c 'select(.kind == "report" and (.body.key // "" | startswith("urgent-"))) | .body.key' |
    sort | uniq -c | awk '{ all += $1; different++ } END { print all + 0, different + 0 }')
[ "$stored" = "$urgent $urgent" ] || fail "$urgent urgent ones, stored $stored: no figures"
figures=$(awk '{ print "[" $1 "," $2 "]" }' "$work/urgent_ms" |
    jq -sc --slurpfile line "$work/line" --argjson load "$load" '(map(.[0]) | sort) as $ms |
    {urgent_ms: {p50: $ms[(length - 1) / 2 | floor], worst: $ms[-1],
        each: map({ms: .[0], backlog: .[1]})},
    line: $line[0], load_before: $load}')
{
    printf '%-9s %6s %8s %8s %8s\n' profile phase urgent 'p50 ms' 'worst ms'
    jq -r --arg profile "$profile" --arg phase "$phase" --arg urgent "$urgent" \
        '[$profile, $phase, $urgent, .urgent_ms.p50, .urgent_ms.worst] | @tsv' <<<"$figures" |
        awk '{ printf "%-9s %6s %8s %8s %8s\n", $1, $2, $3, $4, $5 }'
} >&2
result urgent "$(jq -n --arg profile "$profile" --argjson count "$count" --argjson file "$file" \
    --argjson urgent "$urgent" --argjson every "$every" --argjson seed "$seed" \
    --argjson phase "$phase" '{profile: $profile, count: $count, file_mib: $file, urgent: $urgent,
        every_s: $every, seed: $seed, phase_s: $phase}')" "$figures"
stop_all
