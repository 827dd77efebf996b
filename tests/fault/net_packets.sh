#!/usr/bin/env bash
# net_packets.sh - a node and its aggregator in network namespaces of their own: packets vanish in
# one direction, in the other, in both; the node's address changes under a live session; on a slow
# line spans are in the modelled codec. What no relay can do, as it acknowledges what it swallows.
# Needs to be root, ip and tc; else it is skipped.
if [ -z "${KABAR_NAMESPACE:-}" ]; then
    if ! unshare -n -m true 2>/dev/null; then
        echo "skipped: no right to make network namespaces"
        exit 77
    fi
    KABAR_NAMESPACE=1 exec unshare -n -m "$0" "$@"
fi
. "$(dirname "$0")/../integration/lib.bash"

readonly here=10.77.0.1 there=10.77.0.2 elsewhere=10.77.0.3
keep_alive_s=4

node_side() {
    ip netns exec kabar "$@"
}

# An interface pair; /run is ours alone, as "ip netns" leaves files there.
make_network() {
    mount -t tmpfs none /run && ip link set lo up && ip netns add kabar &&
        ip link add near type veth peer name far netns kabar && ip addr add $here/24 dev near &&
        ip link set near up && node_side ip addr add $there/24 dev far &&
        node_side ip link set far up && tc qdisc replace dev near root tbf rate 1gbit burst 1mb \
        limit 10mb && tc qdisc del dev near root
}

# The node's program runs on the other side; its door is a file and is reached as ever.
launch() {
    local name=$1 side=() program=kabar-node
    shift
    [ "$name" != aggregator ] || program=kabar-aggregator
    [ "$name" = aggregator ] || side=(ip netns exec kabar)
    "${side[@]}" "$KABAR_BIN/$program" --config "$(conf_of "$name")" "$@" >>"$work/$name.log" \
        2>&1 </dev/null &
    pid_of[$name]=$!
}

# A queue into which no packet fits.
swallow() {
    [ "$1" = up ] || tc qdisc add dev near root tbf rate 8bit burst 1 limit 1
    [ "$1" = down ] || node_side tc qdisc add dev far root tbf rate 8bit burst 1 limit 1
}

let_through() {
    tc qdisc del dev near root 2>/dev/null || true
    node_side tc qdisc del dev far root 2>/dev/null || true
}

gave_up() {
    holds 16.07 status '.[0].connection != "live"'
}

now_ms() {
    date +%s%3N
}

took() {
    local ms=$(($(now_ms) - $2))
    say "  $1 after $ms ms"
    [ "$ms" -le "$3" ] || fail "$1 after $ms ms, more than $3"
}

# silent WAY - something is unacked when packets begin to vanish.
silent() {
    local began
    say "packets vanish: $1"
    swallow "$1"
    generate 16.07 20 "lenyap-$1" >"$work/reports"
    submit 16.07 "$work/reports"
    began=$(now_ms)
    wait_until "$long" gave_up
    took noticed "$began" 30000
    let_through
    settle
    wait_until "$long" live 16.07
}

command -v ip >/dev/null && command -v tc >/dev/null || skip "no ip or tc"
make_network 2>"$work/network.err" || skip "no virtual network: $(tail -n 1 "$work/network.err")"
make_aggregator
setting aggregator listen "\"tcp://$here:$port\""
start aggregator
make_node 16.07
setting 16.07 log_level '"debug"'
setting 16.07 keep_alive_s "$keep_alive_s"
setting 16.07 silence_ms 3000 # as it is delivered
enrol 16.07
nodes=(16.07)
start 16.07
wait_until "$long" live 16.07

say "a slow line"
# handed_in NAME - 200 reports, which arrive; $codec is the last one's of the spans sent.
handed_in() {
    generate 16.07 200 "$1" 60 >"$work/reports"
    submit 16.07 "$work/reports"
    settle
    codec=$(grep -o 'event=span_sent .* codec=.' "$work/16.07.log" | tail -n 1)
    codec=${codec##*=}
}
node_side tc qdisc add dev far root tbf rate 64kbit burst 2kb limit 16kb
for batch in {1..12}; do
    handed_in "lambat-$batch"
    [ "$codec" != 2 ] || break
done
[ "$codec" = 2 ] ||
    fail "the line is not known for slow: $(ask 16.07 status | jq -c '[.ack_ms, .rate_bytes_s]')"
say "  of 64 kbit/s is known for one after $batch times 200 reports"
! grep -m 2 'event=span_sent ' "$work/16.07.log" | grep -q 'codec=2 ' ||
    fail "in the modelled codec before anything was known of the line"
let_through
settle
check_lists

for way in down up both; do
    silent "$way"
done

say "packets vanish, and nothing is unacked"
ack_ms=$(ask 16.07 status | jq .ack_ms)
swallow both
began=$(now_ms)
wait_until "$long" gave_up
# Keep-alive, a tick, and the wait for its answer, which goes by how long acks take.
took noticed "$began" $((keep_alive_s * 1500 + 4000 + 4 * ack_ms))
let_through
wait_until "$long" live 16.07

say "the node's address changes under a live session"
node_side ip addr del $there/24 dev far
node_side ip addr add $elsewhere/24 dev far
generate 16.07 20 pindah >"$work/reports"
began=$(now_ms)
submit 16.07 "$work/reports"
settle
took "all arrived" "$began" 30000
wait_until "$long" live 16.07
equal "alarms" "$(grep -h 'event=alarm' "$work"/*.log | head -n 3 || true)" ""
check_lists
stop_all
say done
