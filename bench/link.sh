#!/usr/bin/env bash
# link.sh [--profile NAME] [--count N] [--events FILE] [--seed N] [--phase S] [--lone N]
#
# How long a backlog takes over a bad line, and what it costs in bytes. Over linkem with a profile
# of bench/profiles: an aggregator at the far end, a node at the near one, enrolled while the line
# is perfect. The backlog is handed in with the aggregator away; then the line turns bad and the
# node starts: that moment is 0, so its start and the CURVE handshake count. Bytes are those that
# both ends gave to the line, whole IP packets, also those that it lost. After the drain N lone
# reports, one at a time, on the connected line. Everything accepted must be in the journal exactly
# once, else no figures. A table to standard error, one JSON line to standard output. Needs root
# (else exit 77). Many runs, medians and peers beside them: kabar-bench link, which runs this.
#
# Entries sent twice: those of spans that the node gave to a connection, by its debug log, less
# those that are different. What TCP sent again is in the bytes, not in this. Line use: bytes that
# the line sent outwards, also those lost on the air, by what it could send while it was up.
# Counted: what the node estimates for its data budget, by the bytes that there were.
# Bulk: the seconds of one TCP transfer of as many bytes as the node's frames had, over the same
# line afterwards, by the drain's; both with their handshakes.
set -euo pipefail
profile=vsat count=2000 events='' seed=1 phase=0 lone=10
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$folder/link.sh"
    exit "$1"
}

arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage 0 ;;
    --profile) [ -f "$folder/profiles/${2:-}" ] || usage 64 >&2 ;;
    --events) [ -r "${2:-}" ] || usage 64 >&2 ;;
    --count | --seed | --phase | --lone) [[ ${2:-} =~ ^[0-9]+$ ]] || usage 64 >&2 ;;
    *) usage 64 >&2 ;;
    esac
    printf -v "${1#--}" %s "$2"
    shift 2
done

. "$folder/line.bash"
over_line "$0" "${arguments[@]}"
. "$folder/lib.bash"

. "$folder/province.bash"

# One file of reports for this node's regency, the first $count of --events or generated ones.
make_reports() {
    if [ -n "$events" ]; then
        jq -c --argjson count "$count" 'select(input_line_number <= $count) |
            .regency = "16.07" | .key = "link-\(input_line_number)"' "$events" >"$work/reports"
    else
        generated "$count" >"$work/reports"
    fi
    count=$(wc -l <"$work/reports")
}

# watch MS SECONDS - "ms-since-start backlog" to $work/progress whenever it changes, until it is 0.
watch() {
    local begun=$1 until=$(($1 + $2 * 1000)) left last=-1 now
    : >"$work/progress"
    while :; do
        left=$(ask 16.07 status 2>/dev/null | jq -r '.backlog' || true)
        now=$(now_ms)
        if [ -n "$left" ] && [ "$left" != "$last" ]; then
            echo "$((now - begun)) $left" >>"$work/progress"
            last=$left
        fi
        [ "$left" != 0 ] || return 0
        [ "$now" -lt "$until" ] || fail "after $2 s $left are left: no figures"
        sleep 0.02
    done
}

# sent_by FILE - entries given to a connection, and how many different ones, by the node's log.
sent_by() {
    awk '/event=span_sent / {
            for (i = 1; i <= NF; i++) {
                split($i, field, "=")
                value[field[1]] = field[2]
            }
            for (seq = value["first"]; seq <= value["last"]; seq++) {
                sent++
                different += !((value["lane"], seq) in seen)
                seen[value["lane"], seq]
            }
        }
        END { print sent + 0, different + 0 }' "$1"
}

# Milliseconds until so many percent of the backlog had their durable ack.
acked_by() {
    awk -v all="$count" -v percent="$1" '$2 <= all - all * percent / 100 { print $1; exit }' \
        "$work/progress"
}

first_ack() {
    awk -v all="$count" '$2 < all { print $1; exit }' "$work/progress"
}

# bulk_seconds BYTES - one TCP transfer of as much, over a line of the same seed and phase.
bulk_seconds() {
    "$KABAR_BUILD/bin-bench/linkem" --seed "$seed" --phase "$phase" --json "$work/bulk" \
        --profile "$folder/profiles/$profile" -- \
        "$KABAR_BUILD/bin-bench/linkem_probe" tcp "$1" 2>>"$work/kabar.log" | jq .seconds
}

# What the node has counted of its data budget today.
counted_bytes() {
    ask 16.07 status | jq .budget.day.used_bytes
}

# Each lone report: ms from its acceptance to its durable ack.
lone_reports() {
    local i begun
    generate 16.07 "$lone" lone >"$work/lone"
    for ((i = 1; i <= lone; i++)); do
        sed -n "${i}p" "$work/lone" >"$work/one"
        hand_in "$work/one"
        begun=$(now_ms)
        watch "$begun" 600
        tail -n 1 "$work/progress" | cut -d ' ' -f 1 >>"$work/lone_ms"
    done
}

load=$(load_now)
accepted=0
make_link_province
make_reports
start 16.07
hand_in "$work/reports"
counted_before=$(counted_bytes)
stop 16.07
start aggregator
: >"$work/16.07.log"
setting 16.07 log_level '"debug"'
line_turns_bad
begun=$(now_ms)
launch 16.07
watch "$begun" 1800
cp "$work/progress" "$work/drain"
read -r sent sent_different < <(sent_by "$work/16.07.log")
[ "$sent_different" -ge "$count" ] || fail "$sent_different sent, of $count: no figures"
line_now "$work/drained"
counted=$(($(counted_bytes) - counted_before))
wire_bytes=$(ask 16.07 status | jq .counters.wire_bytes_out)
: >"$work/lone_ms"
lone_reports
line_now "$work/all"
wait_until "$long" applied
ask aggregator journal dump 2>>"$work/kabar.log" | jq -c 'select(.kind == "report")' \
    >"$work/journal"
stored=$(wc -l <"$work/journal")
different=$(jq -c '[.incarnation, .seq]' "$work/journal" | sort -u | wc -l)
[ "$stored" -eq "$accepted" ] && [ "$different" -eq "$accepted" ] ||
    fail "$accepted accepted, $stored stored, $different of them different: no figures"
cp "$work/drain" "$work/progress"
bulk_s=$(bulk_seconds "$wire_bytes") || bulk_s=null
figures=$(jq -n --slurpfile line "$work/drained" --slurpfile lone_ms "$work/lone_ms" \
    --argjson count "$count" --argjson accepted "$accepted" --argjson stored "$stored" \
    --argjson different "$different" --argjson load "$load" --argjson sent "$sent" \
    --argjson bulk_s "${bulk_s:-null}" --argjson wire_bytes "$wire_bytes" \
    --argjson counted "$counted" \
    --argjson sent_different "$sent_different" --argjson rate "$(of_profile rate_bit_s)" \
    --argjson up "$(up_seconds "$(acked_by 100 | awk '{ print $1 / 1000 }')")" \
    --argjson p50 "$(acked_by 50)" --argjson p99 "$(acked_by 99)" \
    --argjson all "$(acked_by 100)" --argjson first "$(first_ack)" \
    '($line[0] | .out.in.bytes + .back.in.bytes) as $bytes | ($lone_ms | sort) as $lone |
    {drain_s: ($all / 1000), first_ack_s: ($first / 1000), accept_to_ack_s: {p50: ($p50 / 1000),
        p99: ($p99 / 1000)}, bytes_an_entry: ($bytes / $count * 10 | round / 10),
        entries_sent: $sent, entries_sent_twice: ($sent - $sent_different),
        line_use_percent: ($line[0].out | (.in.bytes - .queue.bytes - .outage.bytes) * 8000 /
            ($rate * $up) | round / 10),
        counted_percent: ($counted * 1000 / $bytes | round / 10),
        frame_bytes_out: $wire_bytes, bulk_s: $bulk_s,
        bulk_percent: (if $bulk_s == null then null
            else $bulk_s * 1e6 / $all | round / 10 end),
        bytes_out: $line[0].out.in.bytes, bytes_back: $line[0].back.in.bytes,
        lone_ms: (if $lone == [] then null else {p50: $lone[(($lone | length) - 1) / 2 | floor],
            worst: $lone[-1]} end), line: $line[0], stored: $stored,
        stored_twice: ($stored - $different), lost: ($accepted - $different),
        load_before: $load}')
{
    printf '%-9s %6s %6s %8s %8s %8s %8s %10s\n' profile phase count 'drain s' 'p50 s' 'p99 s' \
        'B/entry' 'lone ms'
    jq -r --arg profile "$profile" --arg phase "$phase" --arg count "$count" \
        '[$profile, $phase, $count, .drain_s, .accept_to_ack_s.p50, .accept_to_ack_s.p99,
        .bytes_an_entry, .lone_ms.p50 // "-"] | @tsv' <<<"$figures" |
        awk '{ printf "%-9s %6s %6s %8s %8s %8s %8s %10s\n", $1, $2, $3, $4, $5, $6, $7, $8 }'
} >&2
result link "$(jq -n --arg profile "$profile" --argjson count "$count" --argjson seed "$seed" \
    --argjson phase "$phase" --argjson lone "$lone" --arg events "${events:+given}" \
    '{profile: $profile, count: $count, seed: $seed, phase_s: $phase, lone: $lone,
        events: (if $events == "" then "generated" else "a file" end)}')" "$figures"
stop_all
