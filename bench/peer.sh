#!/usr/bin/env bash
# peer.sh --peers FOLDER --peer NAME [--profile NAME] [--count N] [--seed N] [--phase S] [--limit S]
#
# How long another system takes over the same bad line: link.sh's run with a peer in kabar's place.
# FOLDER holds clients and servers' settings: scripts/servers.sh, and bin/p_* made with its make.
# NAME: relp, mqtt1, mqtt2, pg, pgb, redislua, nats, natsid, rabq. The server starts while the line
# is perfect; then the line turns bad and the client starts with COUNT events of 200 bytes: that
# moment is 0, its end (all acknowledged, connection closed) the drain. Bytes are counted as there.
# --limit: seconds after which it is given up (420). One JSON line; needs root (else exit 77).
set -euo pipefail
profile=vsat count=2000 seed=1 phase=0 peers='' peer='' limit=420
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$folder/peer.sh"
    exit "$1"
}

arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage 0 ;;
    --profile) [ -f "$folder/profiles/${2:-}" ] || usage 64 >&2 ;;
    --peers) [ -r "${2:-}/scripts/servers.sh" ] || usage 64 >&2 ;;
    --peer) [[ ${2:-} =~ ^[a-z0-9]+$ ]] || usage 64 >&2 ;;
    --count | --seed | --phase | --limit) [[ ${2:-} =~ ^[0-9]+$ ]] || usage 64 >&2 ;;
    *) usage 64 >&2 ;;
    esac
    printf -v "${1#--}" %s "$2"
    shift 2
done
[ -n "$peers" ] || usage 64 >&2
case $peer in
relp) server=relp client=(p_relp) ;;
mqtt1) server=mqtt client=(p_mqtt -m q1) ;;
mqtt2) server=mqtt client=(p_mqtt -m q2) ;;
pg) server=pg client=(p_pg -m single) ;;
pgb) server=pg client=(p_pg -m batch -b 64) ;;
redislua) server=redis client=(p_redis -m lua) ;;
nats) server=nats client=(p_nats) ;;
natsid) server=nats client=(p_nats -m id) ;;
rabq) server=rabbit client=(p_rabbit -m quorum) ;;
*) usage 64 >&2 ;;
esac
peers=$(cd "$peers" && pwd)
if [ ! -x "$peers/bin/${client[0]}" ]; then
    echo "peer.sh: $peers/bin/${client[0]} is not there: make it first" >&2
    exit 1
fi
. "$folder/line.bash"
over_line "$0" "${arguments[@]}"
. "$folder/lib.bash"

export PEERS=$peers DATA=$work/peers CGN=kabar-peer-$$ DUPWIN=1200
chmod 711 "$work" # a database under an account of its own
set +eu           # servers.sh is written without
. "$peers/scripts/servers.sh"

# The line's namespaces have no names: these four of servers.sh ask for one.
_in() {
    local name=$1
    shift 2
    mkdir -p "$CG/$name"
    (
        echo "$BASHPID" >"$CG/$name/tasks"
        exec nsenter --net="$LINKEM_FAR" "$@"
    ) >"$DATA/$name.log" 2>&1 </dev/null &
}
pfx() {
    shift
    nsenter --net="$LINKEM_FAR" "$@"
}
port_answers() {
    nsenter --net="$LINKEM_FAR" bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null
}
waitport() {
    wait_until 60 port_answers "$2"
}

# Its server first: the library waits for whatever runs.
end() {
    local code=$?
    trap - EXIT
    stop "$server"
    rmdir "$CG" 2>/dev/null
    (exit "$code")
    cleanup
}
trap end EXIT
trap - ERR

# said KEY - a number of what the client printed, 0 if it did not come that far.
said() {
    awk -F '\t' -v key="$1" '{
        for (i = 1; i <= NF; i++)
            if (index($i, key "=") == 1) found = substr($i, length(key) + 2)
    } END { print found + 0 }' "$work/client"
}

load=$(load_now)
start "$server" far >"$work/start.log" 2>&1 || fail "$peer: its server does not start"
line_turns_bad
begun=$(now_ms)
timeout "$limit" nsenter --net="$LINKEM_NEAR" "$peers/bin/${client[0]}" "${client[@]:1}" \
    -H 10.77.77.2 -P 1 -w 256 -n "$count" -t "$limit" -T "$limit" -S "$seed" \
    >"$work/client" 2>"$work/client.log"
code=$?
ended=$(now_ms)
line_now "$work/line"
stored=$(stored "$server" far 2>/dev/null | tr '\n' ' ')
drained=false
[ "$code" -ne 0 ] || [ "$(said acked)" -ne "$count" ] || drained=true
figures=$(jq -n --slurpfile line "$work/line" --argjson count "$count" --arg stored "$stored" \
    --argjson acked "$(said acked)" --argjson ms "$((ended - begun))" --argjson load "$load" \
    --argjson drained "$drained" --argjson code "$code" --argjson rate "$(of_profile rate_bit_s)" \
    --argjson up "$(up_seconds "$(awk -v ms="$((ended - begun))" 'BEGIN { print ms / 1000 }')")" \
    --argjson p50 "$(said p50_us)" --argjson p99 "$(said p99_us)" \
    '($line[0] | .out.in.bytes + .back.in.bytes) as $bytes |
    {drained: $drained, exit: $code, acked: $acked, stored_says: $stored,
        drain_s: (if $drained then $ms / 1000 else null end), ended_s: ($ms / 1000),
        bytes_an_entry: (if $drained then $bytes / $count * 10 | round / 10 else null end),
        send_to_ack_s: {p50: ($p50 / 1e6), p99: ($p99 / 1e6)},
        line_use_percent: ($line[0].out | (.in.bytes - .queue.bytes - .outage.bytes) * 8000 /
            ($rate * $up) | round / 10),
        bytes_out: $line[0].out.in.bytes, bytes_back: $line[0].back.in.bytes, line: $line[0],
        load_before: $load}') || fail "$peer: no figures"
result link_peer "$(jq -n --arg peer "$peer" --arg profile "$profile" --argjson count "$count" \
    --argjson seed "$seed" --argjson phase "$phase" --argjson limit "$limit" \
    '{peer: $peer, profile: $profile, count: $count, seed: $seed, phase_s: $phase,
        limit_s: $limit, event_bytes: 200}')" "$figures"
