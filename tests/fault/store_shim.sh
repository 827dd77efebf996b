#!/usr/bin/env bash
# store_shim.sh - the real programs on a disk that fails: one call that changes the store's files
# gives an error, in a small exchange. The program takes and acknowledges nothing more, says so and
# ends; started again it goes on, and all that was answered "accepted" is there exactly once.
#
# KABAR_STEP: every so many-th call (2; 17 with sanitizers; 1: all of them). KABAR_SEED: which.
. "$(dirname "$0")/../integration/lib.bash"
: "${KABAR_FAULT_TOOLS:?folder of the tools of these tests}"

step=${KABAR_STEP:-$([ -z "${KABAR_SANITIZE:-}" ] && echo 2 || echo 17)}
seed=${KABAR_SEED:-$SRANDOM}
say "seed $seed, every $step. call"
# errno, how often, whether the work was done all the same; errno 0 is a short write.
kinds=("5 once not" "5 ever not" "30 ever not" "0 once not" "5 once done" "28 once not" "28 ever not")
plant=${KABAR_PLANT:-}
unset KABAR_PLANT
tries=0

# launch_broken NAME NUMBER KIND - as launch, with the shim.
launch_broken() {
    local name=$1 program=kabar-node folder=$work/node-$1/store
    [ "$name" != aggregator ] || { program=kabar-aggregator folder=$work/aggregator/store; }
    rm -f "$work/seen"
    env ${plant:+"KABAR_PLANT=$plant"} "KABAR_FAULT=$folder $2 $3" "KABAR_FAULT_SEEN=$work/seen" \
        "ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0" \
        "LD_PRELOAD=$KABAR_FAULT_TOOLS/store_shim.so" \
        "$KABAR_BIN/$program" --config "$(conf_of "$name")" >>"$work/$name.log" 2>&1 </dev/null &
    pid_of[$name]=$!
}

met() {
    [ "$(awk '{ print $2 }' "$work/seen" 2>/dev/null)" = 1 ]
}

# The node tries to connect now, not when its back-off is over.
live_again() {
    kill -HUP "${pid_of[16.07]}"
    live 16.07
}

# What the exchange waits for: it is through, or the program gave up, or the call failed.
through() {
    ended "${pid_of[$1]}" || met || { live_again && drained 16.07; }
}

# One batch: accepted answers count from the moment they are given.
hand_in() {
    ask 16.07 report submit "$work/batch" >"$work/got" 2>>"$work/kabar.log" || true
    jq -Rc 'fromjson? | select(.accepted)' "$work/got" >>"$work/answers.jsonl"
}

# shut NAME CALL KIND - a program that met a broken disk: nothing after the first refusal, and its
# last words. A disk that was only full for a moment is none.
shut() {
    local name=$1 text="$1, call $2, $3" code
    if [ "${3%% *}" = 28 ] && kill -TERM "${pid_of[$name]}" 2>/dev/null; then
        reap "$name" # 74, and 143 at the very end: it was stopping already
        [[ $code =~ ^(0|74|143)$ ]] || fail "$text: exit $code"
        return
    fi
    wait_until "$long" ended "${pid_of[$name]}" || fail "$text: it goes on"
    reap "$name"
    [ "$code" -eq 74 ] || [ "${3%% *}" = 28 ] || [ "$code" -eq 78 ] || fail "$text: exit $code"
    tail -n 5 "$work/$name.log" | grep -qE 'storage_failed|start_failed|kabar-aggregator: |cannot be kept up' ||
        fail "$text: it ended without saying why"
    if [ "$name" != aggregator ]; then
        equal "$text: accepted after the store failed" "$(jq -Rc 'fromjson?' "$work/got" |
            jq -sc 'map(.accepted) | (index(false) // length) as $at | .[$at:] | any')" false
    fi
}

# try NAME CALL KIND - 1: there is no such call any more.
try() {
    local name=$1 call=$2 kind=$3 code calls failed
    tries=$((tries + 1))
    generate 16.07 3 "$name-$call-${kind// /-}" >"$work/batch"
    : >"$work/got"
    stop "$name"
    launch_broken "$name" "$call" "$kind"
    wait_until "$long" answers "$name"
    [ "$name" = aggregator ] || ended "${pid_of[$name]}" || hand_in
    [ "$name" != aggregator ] || hand_in
    wait_until "$long" through "$name"
    met || [ "$name" = aggregator ] || hand_in # which may itself make the call that fails
    if ! met; then
        kill -TERM "${pid_of[$name]}"
        reap "$name" # and so may its end: what is counted now is all
        read -r calls failed <"$work/seen"
        [ "$code" -eq 0 ] || [ "$code,$failed" = 74,1 ] ||
            fail "$name, call $call: stopped with exit $code"
        [ "$call" -gt "$calls" ] || [ "$failed" = 1 ] || [ "${kind%% *}" = 0 ] ||
            fail "$name, call $call: the shim did nothing"
        start "$name"
        [ "$call" -le "$calls" ]
        return
    fi
    shut "$name" "$call" "$kind"
    start "$name"
    wait_until "$long" live_again
    submit 16.07 "$work/batch" # the same keys: what was there counts once
    settle
}

make_province 16.07
generate 16.07 5 before >"$work/batch"
submit 16.07 "$work/batch"
settle
for name in 16.07 aggregator; do
    call=$((1 + seed % step))
    while try "$name" "$call" "${kinds[(call + seed) % ${#kinds[@]}]}"; do
        call=$((call + step))
    done
    say "$name: $call calls"
    check
done
jq -se 'map(select(.kind == "report")) | (map(.hash) | unique | length) == length' \
    "$work/dump.jsonl" >/dev/null || fail "a report is there twice"
say "$tries broken disks; nothing accepted was lost, nothing is there twice"
printf '{"seed":%s,"broken_disks":%s,"accepted":%s}\n' "$seed" "$tries" \
    "$(jq -s 'map(.hash) | unique | length' "$work/answers.jsonl")"
stop_all
say done
