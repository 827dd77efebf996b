#!/usr/bin/env bash
# signals.sh - SIGTERM drains and ends with 0 while requests are in flight, SIGHUP takes the log
# level anew, a second program on the same store is refused in one clear line.
. "$(dirname "$0")/lib.bash"

make_province 16.07

say "SIGTERM at the node in the middle of a file"
generate 16.07 5000 henti >"$work/reports"
# The other end of this pipe stays open: the stream is in flight for as long as we like.
mkfifo "$work/pipe"
ask 16.07 report submit "$work/pipe" >"$work/answers" 2>"$work/submit.err" &
submitter=$!
other_pids+=("$submitter")
exec 5>"$work/pipe"
head -n 1000 "$work/reports" >&5
some_answers() {
    [ "$(wc -l <"$work/answers")" -ge 500 ]
}
wait_until "$long" some_answers
stop 16.07
exec 5>&-
wait_until "$long" ended "$submitter"
code=0
wait "$submitter" || code=$?
other_pids=()
equal "exit of the submit that was cut off" "$code" 75
cat "$work/answers" >>"$work/answers.jsonl"
taken=$(jq -s 'map(select(.accepted)) | length' "$work/answers")
[ "$taken" -ge 500 ] || fail "only $taken of 1000 were answered"
start 16.07
holds 16.07 report status ".[0].accepted == $taken" ||
    fail "$taken were answered: $(ask 16.07 report status)"

say "SIGTERM at the aggregator while spans and a dump are in flight"
submit 16.07 "$work/reports"
ask aggregator journal dump >/dev/null 2>&1 &
other_pids+=($!)
stop aggregator
start aggregator
settle
check
wait "${other_pids[@]}" || true
other_pids=()

say "SIGHUP takes the log level and the key ring anew"
for name in aggregator 16.07; do
    setting "$name" log_level '"debug"'
    kill -HUP "${pid_of[$name]}"
    wait_until "$long" grep -q 'event=reloaded' "$work/$name.log"
    setting "$name" log_level '"loud"'
    kill -HUP "${pid_of[$name]}"
    wait_until "$long" grep -q 'event=reload_failed.*log_level' "$work/$name.log"
    ask "$name" ping >/dev/null
    setting "$name" log_level '"error"'
    kill -HUP "${pid_of[$name]}"
    reloads() {
        # At level error "reloaded" itself is not said any more: what is said stays as it is.
        [ "$(grep -c 'event=reloaded' "$work/$name.log")" -ge "$1" ]
    }
    setting "$name" log_level '"info"'
    kill -HUP "${pid_of[$name]}"
    wait_until "$long" reloads 2
done

say "a second program on the same store"
for name in aggregator 16.07; do
    program=kabar-node
    [ "$name" != aggregator ] || program=kabar-aggregator
    code=0
    "$KABAR_BIN/$program" --config "$(conf_of "$name")" >"$work/second" 2>&1 </dev/null || code=$?
    [ "$code" -ne 0 ] || fail "a second $program ran"
    equal "lines of the second $program" "$(grep -vc 'event=stopp' "$work/second")" 1
    grep -qiE 'in use|another process' "$work/second" || fail "$program: $(cat "$work/second")"
    # The first one goes on as if nothing had been.
    ask "$name" ping >/dev/null
done
generate 16.07 10 kedua >"$work/reports"
submit 16.07 "$work/reports"
settle
check

say "a second SIGTERM is no crash either"
stop_all
say done
