# net.bash - a province whose node 16.07 reaches the aggregator over a line that fails as it is told
# (net_relay.c), and whose node 16.03 has a good line. Sourced by the net_* tests.
. "$(dirname "$0")/../integration/lib.bash"
: "${KABAR_FAULT_TOOLS:?folder of the tools of these tests}"

seed=${KABAR_SEED:-$SRANDOM}
say "seed $seed"

# start_relay - to the aggregator; 16.07's card names it.
start_relay() {
    local to=$port ready
    take_port
    relay_port=$port port=$to
    coproc RELAY { exec "$KABAR_FAULT_TOOLS/net_relay" "$relay_port" "$to" "$seed"; }
    other_pids+=("$RELAY_PID")
    exec {relay_in}>&"${RELAY[1]}" {relay_out}<&"${RELAY[0]}"
    read -r ready <&"$relay_out"
    equal "the relay" "$ready" ready
}

# tell COMMAND… - to the relay; what it counted is in $counted.
tell() {
    local word
    echo "$*" >&"$relay_in"
    read -r word counted <&"$relay_out"
    equal "the relay's answer to $*" "$word" ok
}

# counts NAME - one of the relay's numbers.
counts() {
    tell count
    jq ".$1" <<<"$counted"
}

# make_line [KEEP_ALIVE_S] - both nodes enrolled and live.
make_line() {
    make_aggregator
    start aggregator
    make_node 16.03
    enrol 16.03
    stop aggregator
    start_relay
    echo "endpoint = \"tcp://127.0.0.1:$relay_port\"" >>"$(conf_of aggregator)"
    setting aggregator keep_alive_s "${1:-5}"
    start aggregator
    make_node 16.07
    setting 16.07 keep_alive_s "${1:-5}"
    setting 16.07 silence_ms 3000 # as it is delivered
    enrol 16.07
    nodes=(16.07 16.03)
    start 16.03
    start 16.07
    wait_until "$long" live 16.07
    wait_until "$long" live 16.03
    [ "$(counts connections)" -ge 1 ] || fail "16.07 does not use the relay"
}

# The session is over for the node: it looks for another.
gave_up() {
    holds "$1" status '.[0].connection != "live"'
}

position() {
    ask aggregator status | jq .journal.position
}

nobody_blamed() {
    equal "alarms" "$(grep -h 'event=alarm' "$work"/*.log | head -n 3 || true)" ""
    holds aggregator status '.[0].link.bad_frames == 0' || fail "bad frames came through"
}

now_ms() {
    date +%s%3N
}
