#!/usr/bin/env bash
# kill_freeze.sh - processes that stop for longer than any session lasts and go on as if nothing had
# been (SIGSTOP, SIGCONT), on either end and both; and clients killed in the middle of a file.
# Nothing is lost, nothing doubled, nobody is blamed.
. "$(dirname "$0")/../integration/lib.bash"

many=$([ -z "${KABAR_SANITIZE:-}" ] && echo 3000 || echo 800)

freeze() {
    kill -STOP "${pid_of[$1]}"
}

thaw() {
    kill -CONT "${pid_of[$1]}"
}

# The session is over for the node: it looks for another.
gave_up() {
    holds "$1" status '.[0].connection != "live"'
}

connected() {
    holds aggregator enrol list "any(.regency == \"$1\" and .connected)"
}

not_connected() {
    holds aggregator enrol list "any(.regency == \"$1\" and (.connected | not))"
}

lines_in() {
    [ "$(wc -l <"$1")" -ge "$2" ]
}

nobody_blamed() {
    equal "alarms" "$(grep -h 'event=alarm' "$work"/*.log | head -n 3 || true)" ""
}

make_aggregator
start aggregator
for regency in 16.07 16.03; do
    make_node "$regency"
    setting "$regency" keep_alive_s 1
    enrol "$regency"
    nodes+=("$regency")
    start "$regency"
    wait_until "$long" live "$regency"
done
setting aggregator keep_alive_s 1 # what "connected" means
kill -HUP "${pid_of[aggregator]}"

say "the aggregator is frozen while reports come in"
generate 16.07 200 beku >"$work/reports"
freeze aggregator
frozen_at=$SECONDS
submit 16.07 "$work/reports"
wait_until "$long" gave_up 16.07
wait_until "$long" gave_up 16.03 # idle: by its keep-alive
say "both nodes looked for another session within $((SECONDS - frozen_at)) s"
thaw aggregator
settle
wait_until "$long" live 16.07
check_lists
nobody_blamed

say "a node is frozen in the middle of a file"
generate 16.07 "$many" tengah >"$work/many"
ask 16.07 report submit "$work/many" >"$work/many-answers" 2>>"$work/kabar.log" &
submitter=$!
other_pids+=("$submitter")
wait_until "$long" lines_in "$work/many-answers" 100
freeze 16.07
wait_until "$long" not_connected 16.07
wait_until "$long" connected 16.03 # the other one is served
generate 16.03 50 lain >"$work/reports"
submit 16.03 "$work/reports"
settle 16.03
thaw 16.07
wait_until "$long" ended "$submitter"
code=0
wait "$submitter" || code=$?
other_pids=()
cat "$work/many-answers" >>"$work/answers.jsonl"
if [ "$code" -ne 0 ]; then # the frost was longer than a client waits: handed in again, as it says
    equal "exit of the submit" "$code" 75
    has 'lines were sent and have no answer' "$work/kabar.log"
    submit 16.07 "$work/many"
    cp "$work/answers" "$work/many-answers"
fi
equal "accepted" "$(jq -s 'map(select(.accepted)) | length' "$work/many-answers")" "$many"
settle
wait_until "$long" live 16.07
check_lists
nobody_blamed

say "both ends are frozen, and thaw one after the other"
generate 16.07 500 dua >"$work/reports"
submit 16.07 "$work/reports"
freeze aggregator
freeze 16.07
wait_until "$long" gave_up 16.03
thaw 16.07
wait_until "$long" gave_up 16.07
thaw aggregator
settle
check_lists
nobody_blamed

say "a command to a frozen program says so and ends"
# quiet_of NAME COMMAND… - the command in the background; its exit status goes to $work/quiet.N.
quiet_count=0
quiet_of() {
    local file=$work/quiet.$((++quiet_count))
    (
        code=0
        ask "$@" >"$file.out" 2>"$file.err" || code=$?
        echo "$code" >"$file"
    ) &
    other_pids+=("$!")
}
# said N CODE PATTERN
said() {
    equal "exit of command $1" "$(cat "$work/quiet.$1")" "$2"
    has -E "$3" "$work/quiet.$1.err"
}
all_said() {
    local i
    for ((i = 1; i <= quiet_count; i++)); do
        [ -s "$work/quiet.$i" ] || return 1
    done
}
generate 16.07 3 bisu >"$work/mute"
freeze 16.07
freeze aggregator
quiet_of 16.07 ping
quiet_of 16.07 status
quiet_of 16.07 report zero --from 2024-05-01 --until 2024-05-31 --scope all --name Uji
quiet_of 16.07 report submit "$work/mute"
quiet_of aggregator case list
quiet_of aggregator journal dump
wait_until "$long" all_said
other_pids=()
for i in 1 2 5 6; do
    said "$i" 69 'no answer for 30 s'
done
said 3 75 'may have been taken: ask with `kabar report list`'
said 4 75 '3 lines were sent and have no answer .*may have been taken'
thaw 16.07
thaw aggregator
wait_until "$long" live 16.07
submit 16.07 "$work/mute" # what was taken is answered as taken, the rest is taken now
settle
check_lists
nobody_blamed

say "a client is killed in the middle of a file, again and again"
generate 16.03 "$many" klien >"$work/reports"
for lines in 1 50 400; do
    ask 16.03 report submit "$work/reports" >"$work/partial-$lines" 2>>"$work/kabar.log" &
    submitter=$!
    other_pids+=("$submitter")
    wait_until "$long" lines_in "$work/partial-$lines" "$lines"
    # It may have come to its end just now: killed or not, the file is handed in again.
    { kill -KILL "$submitter" && wait "$submitter" || true; } 2>/dev/null
    other_pids=()
done
submit 16.03 "$work/reports"
for lines in 1 50 400; do
    # What the killed client had heard is what the next one hears. A cut-off line is no answer.
    jq -Rc 'fromjson? // empty | [.line, .incarnation, .seq, .hash]' "$work/partial-$lines" \
        >"$work/heard"
    [ -s "$work/heard" ] || fail "the client that was killed heard nothing"
    jq -c '[.line, .incarnation, .seq, .hash]' "$work/answers" |
        head -n "$(wc -l <"$work/heard")" | cmp - "$work/heard" ||
        fail "another answer to the same key"
done

settle
check_lists
nobody_blamed
stop_all
say done
