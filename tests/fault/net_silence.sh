#!/usr/bin/env bash
# net_silence.sh - lines that say nothing: half-open connections, a NAT that forgot them, a node that
# reads slowly, and strangers who connect and never come to the point. Silence is noticed within 30 s
# while something is unacked; the others are served all the time.
. "$(dirname "$0")/net.bash"

keep_alive_s=4

noticed() {
    local bound_ms=$1 began=$2 took
    took=$(($(now_ms) - began))
    say "  noticed after $took ms"
    [ "$took" -le "$bound_ms" ] || fail "noticed after $took ms, more than $bound_ms"
}

# silent WAY - the line is dead in that direction, with something unacked; then it is back.
silent() {
    local began
    say "dead line: $1, with something unacked"
    tell hold "$1"
    generate 16.07 20 "diam-$1" >"$work/reports"
    submit 16.07 "$work/reports"
    began=$(now_ms)
    wait_until "$long" gave_up 16.07
    noticed 30000 "$began"
    tell go
    settle
    wait_until "$long" live 16.07
}

# idle_silent - nothing is unacked: the keep-alive finds out.
idle_silent() {
    local began
    say "dead line, idle"
    tell hold both
    began=$(now_ms)
    wait_until "$long" gave_up 16.07
    noticed $((keep_alive_s * 1500 + 4000)) "$began" # keep-alive, then silence_ms and a tick
    tell go
    wait_until "$long" live 16.07
}

make_line "$keep_alive_s"
for way in down up both; do
    silent "$way"
done
idle_silent

say "a NAT forgets the connection: nobody is told"
generate 16.07 20 nat >"$work/reports"
tell strand
began=$(now_ms)
submit 16.07 "$work/reports"
settle
say "  all arrived after $(($(now_ms) - began)) ms"
[ $(($(now_ms) - began)) -le 30000 ] || fail "a forgotten connection took more than 30 s"
wait_until "$long" live 16.07
nobody_blamed

say "a node that reads 100 bytes a second"
memory() {
    awk '/^RssAnon/ { print $2 }' "/proc/${pid_of[aggregator]}/status"
}
# All of one act, so that each document sends a status to the filing node for every one of them.
same_act() {
    jq -nc --argjson count "$1" 'range(1; $count + 1) | {key: "sama-\(.)", regency: "16.07",
        channel: "own_finding", form: "DS-06", occurred_on: "2024-10-02",
        description: "Laporan nomor \(.) tentang perbuatan yang sama.",
        subjects: [{name: "Orang Sama Uji", nip: "198203142006041013", employment: "pns",
                    unit: "Dinas Uji", regency: "16.03"}]}'
}
same=250 # a case answers to so many reports (core/cases)
same_act "$same" >"$work/reports"
submit 16.07 "$work/reports"
settle
case=$(case_of 'Orang Sama Uji')
tell slow 100
down=$(counts down) before=$(memory)
generate 16.07 1500 pelan >"$work/reports"
submit 16.07 "$work/reports"
for document in recommend decide; do
    id=$("$document" "$case")
    approve "$id"
    wait_until "$long" has_rungs "$id" stored verified # at 16.03, which reads as always
done
generate 16.03 500 cepat >"$work/reports"
began=$(now_ms)
submit 16.03 "$work/reports"
settle 16.03
say "  16.03 was served in $(($(now_ms) - began)) ms; the aggregator grew by $(($(memory) - before)) KiB"
[ -n "${KABAR_SANITIZE:-}" ] || [ $(($(memory) - before)) -le 32768 ] ||
    fail "the aggregator keeps too much for a slow reader"
knows_decided() {
    holds 16.07 report show "$1" '.[0].statuses | any(.state == "decided")'
}
! knows_decided "sama-$same" || fail "the reader was not slow"
say "  it has read $(($(counts down) - down)) bytes"
tell go
settle
for number in 1 "$same"; do
    wait_until "$long" knows_decided "sama-$number"
done
nobody_blamed

strangers=200
say "$strangers strangers who never come to the point"
denied=$(ask aggregator status | jq .link.handshake_failed)
mkfifo "$work/flood"
"$KABAR_FAULT_TOOLS/net_relay" --flood "$port" "$strangers" <"$work/flood" >"$work/strangers" &
other_pids+=($!)
exec {flood_in}>"$work/flood"
wait_until "$long" grep -q ready "$work/strangers"
failed_some() {
    [ "$(ask aggregator status | jq .link.handshake_failed)" -gt "$denied" ]
}
wait_until "$long" failed_some
began=$(now_ms)
generate 16.07 100 ramai >"$work/reports"
submit 16.07 "$work/reports"
generate 16.03 100 ramai >"$work/reports"
submit 16.03 "$work/reports"
settle
say "  those who had a line: all arrived in $(($(now_ms) - began)) ms"
stop 16.03
began=$(now_ms)
start 16.03
wait_until "$long" live 16.03
say "  a newcomer is live in $(($(now_ms) - began)) ms"
echo stop >&"$flood_in"
wait_until "$long" grep -q opened_again "$work/strangers"
say "  the strangers: $(tail -n 1 "$work/strangers")"
nobody_blamed
check_lists
stop_all
say done
