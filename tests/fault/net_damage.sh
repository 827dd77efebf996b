#!/usr/bin/env bash
# net_damage.sh - a line that flips bits, doubles, loses and swaps pieces of the stream, with right
# TCP checksums; and streams that were recorded and are played again. CURVE ends the connection, no
# wrong byte becomes a frame, and all arrives once the line is good again. Of what is lost CURVE
# notices nothing where it is whole frames: then the sync itself sends them again.
. "$(dirname "$0")/net.bash"

wanted=$([ -z "${KABAR_SANITIZE:-}" ] && echo 3 || echo 1)

faults() {
    [ "$(counts faults)" -ge "$1" ]
}

# harm FAULT BYTES - reports go in until it struck often enough; then the line is good again.
harm() {
    local fault=$1 bytes=$2 before connections began batch=0
    before=$(counts faults) connections=$(counts connections)
    tell "$fault" "$bytes"
    # Strikes come only with traffic: every batch that is stuck is tried again by the node itself.
    until faults $((before + wanted)); do
        batch=$((batch + 1))
        [ "$batch" -le 40 ] || fail "$fault: only $(($(counts faults) - before)) strikes"
        generate 16.07 60 "$fault-$batch" 300 >"$work/reports"
        submit 16.07 "$work/reports"
        wait_until "$long" moved "$(counts up)"
    done
    tell go
    began=$(now_ms)
    # What was doubled comes after all has arrived: the connection may end a moment later.
    [ "$fault" = lose ] || wait_until "$long" cut_off "$connections"
    settle
    wait_until "$long" live 16.07
    say "$fault: $(($(counts faults) - before)) strikes, $(($(counts connections) - connections)) new" \
        "connections; all arrived $(($(now_ms) - began)) ms after the last one"
    nobody_blamed
}

cut_off() {
    [ "$(counts connections)" -gt "$1" ]
}

moved() {
    [ "$(counts up)" -gt "$1" ]
}

make_line
for fault in flip twice lose swap; do
    harm "$fault" 8000
done
check_lists

say "a recorded stream is played again"
tell record "$work/recorded"
tell cut
generate 16.07 50 rekam 300 >"$work/reports"
submit 16.07 "$work/reports"
settle
wait_until "$long" live 16.07
[ "$(stat -c %s "$work/recorded")" -gt 5000 ] || fail "nothing was recorded"
replayed() {
    local before frames
    before=$(position) frames=$(ask aggregator status | jq .link.frames_in)
    "$KABAR_FAULT_TOOLS/net_relay" --replay "$port" "$work/recorded" >"$work/out" ||
        fail "the recorded stream could not be sent"
    jq -e '.closed' "$work/out" >/dev/null || fail "not hung up on: $(cat "$work/out")"
    equal "journal after the recorded stream" "$(position)" "$before"
    [ -n "${1:-}" ] || equal "frames" "$(ask aggregator status | jq .link.frames_in)" "$frames"
}
replayed beside-the-live-session
live 16.07 || fail "the recorded stream disturbed the live session"
stop 16.07 16.03
replayed
replayed
stop aggregator
start aggregator
replayed
start 16.07
start 16.03
settle
nobody_blamed
check_lists
tell count
say "done: $counted"
stop_all
