# quickstart.bash - what deploy/quickstart is made of: seeing, waiting, starting, stopping.
#
# A step ends in seen or in not_seen; not_seen ends the run. $answer is what the last command said.
# Waiting is looking again until a deadline. Only processes started here are ever stopped, by pid.

# shellcheck disable=SC2154 # dir, bin, regencies and pid are of deploy/quickstart
# ---- what is said ----

head_line() {
    printf '\n== %s  [%d s]\n' "$*" "$SECONDS"
}

say() {
    printf '  %s\n' "$*"
}

seen() {
    printf '  ok  %s\n' "$*"
}

# not_seen WHAT WHY… - the end of the run.
not_seen() {
    printf '\n  NOT SEEN: %s\n' "$1" >&2
    shift
    printf '    %s\n' "$@" >&2
    [ ! -e "$dir/log" ] || printf '    (logs: %s; to start again: rm -r %s)\n' "$dir/log" "$dir" >&2
    exit 1
}

# Rows of cells, the first the headings, as columns.
show_table() {
    jq -r 'map(map(if . == null then "" else tostring end
            | if length > 34 then .[:33] + "…" else . end)) as $rows
        | ($rows | transpose | map(map(length) | max)) as $width
        | $rows[] | to_entries | map(.value + (" " * ($width[.key] - (.value | length)) // ""))
        | "      " + join("  ") | sub(" +$"; "")'
}

# ninja's lines as one line in ten per cent.
show_progress() {
    local line at all tens=0
    while IFS= read -r line; do
        if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
            at=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]}
            if [ $((at * 10 / all)) -gt "$tens" ]; then
                tens=$((at * 10 / all))
                printf '  %3d %%  (%d of %d steps, %d s)\n' $((tens * 10)) "$at" "$all" "$SECONDS"
            fi
        fi
    done
}

# ---- commands ----

kabar() {
    "$bin/kabar" -o json "$@"
}

province() {
    kabar --socket "$dir/aggregator.sock" "$@"
}

node() {
    local regency=$1
    shift
    kabar --socket "$dir/node-$regency.sock" "$@"
}

# logged LOG COMMAND… - its output goes to the log; the end of it is shown on failure only.
logged() {
    local log=$1
    shift
    "$@" >>"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        return 1
    }
}

# quiet WHAT COMMAND… - what must succeed; its answer is in $answer.
quiet() {
    local what=$1
    shift
    answer=$("$@" 2>"$dir/log/command.err") ||
        not_seen "$what" "status $?: $(cat "$dir/log/command.err")" "$answer"
}

run() {
    quiet "$@"
    seen "$1"
}

# expect FILTER - must hold of $answer.
expect() {
    jq -e "$1" <<<"$answer" >/dev/null || not_seen "$1" "the answer was: $answer"
}

# ---- conditions ----

# The last look stays in $answer, for the message.
test_node() {
    answer=$(node "$1" status 2>&1) && jq -e "$2" <<<"$answer" >/dev/null
}

test_province() {
    answer=$(province status 2>&1) && jq -e "$1" <<<"$answer" >/dev/null
}

in_inbox() {
    local id
    answer=$(node 16.07 inbox list 2>&1) || return 1
    for id in "$@"; do
        jq -es --arg id "$id" 'any(.[]; .id == $id and (.state == "verified" or .state == "shown"))' \
            <<<"$answer" >/dev/null || return 1
    done
}

# has_rungs DOCUMENT RUNG…
has_rungs() {
    local id=$1
    shift
    answer=$(province document show "$id" 2>&1) || return 1
    jq -e '[.rungs[].rung] as $there | all($ARGS.positional[]; . as $rung
        | any($there[]; . == $rung))' --args "$@" <<<"$answer" >/dev/null
}

# Nothing is on its way any more, in either direction.
all_quiet() {
    local regency
    for regency in "${regencies[@]}"; do
        test_node "$regency" '.connection == "live" and .backlog == 0' || return 1
    done
    test_province '.journal.lag == 0 and (.nodes | all(.office_backlog == 0))'
}

settled() {
    wait_for 60 "nothing is on its way any more" all_quiet
}

# wait_for SECONDS WHAT COMMAND… - until it succeeds; a program that ends meanwhile ends the wait.
wait_for() {
    local what=$2 seconds=$1 deadline=$((SECONDS + $1)) name
    shift 2
    answer=
    until "$@" >/dev/null 2>&1; do
        for name in "${!pid[@]}"; do
            kill -0 "${pid[$name]}" 2>/dev/null ||
                not_seen "$what" "$name has ended:" "$(tail -n 5 "$dir/log/$name.log")"
        done
        [ "$SECONDS" -lt "$deadline" ] ||
            not_seen "$what" "not within $seconds s; the last look:" "$answer"
        sleep 0.1
    done
    seen "$what"
}

show_nodes() {
    local regency
    for regency in "${regencies[@]}"; do
        node "$regency" status
    done | jq -s '[["NODE", "LINE", "WAITING", "OLDEST"]] + map([.regency, .connection, .backlog,
        if .oldest_ms == null then "-" else "\(.oldest_ms) ms" end])' | show_table
}

# What must be the same when the stores are opened again. A receipt may come meanwhile: what was
# received and what is receipted count as arrived.
snapshot() {
    local regency
    {
        province case list --limit 1000
        province document list --limit 1000
        for regency in "${regencies[@]}"; do
            node "$regency" report status | jq --arg regency "$regency" \
                '{regency: $regency, accepted, refused, waiting, arrived: (.received + .receipted)}'
            node "$regency" inbox list
        done
    } | jq -cS . >"$1" || not_seen "cases, documents and totals can be listed" "$(cat "$1")"
}

# ---- processes ----

# Nobody listens on it now. Below the ports that the kernel hands out.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

# start NAME PROGRAM - of DIR/NAME. It ends with us, however we end.
start() {
    setpriv --pdeathsig TERM "$bin/$2" --config "$dir/$1/$2.conf" >>"$dir/log/$1.log" 2>&1 &
    pid[$1]=$!
}

start_up() {
    setpriv --pdeathsig TERM "$bin/kabar" --dir "$dir" up >>"$dir/log/up.log" 2>&1 &
    pid[up]=$!
    wait_for 60 "started: kabar --dir $dir up" grep -q '^running' "$dir/log/up.log"
}

# stop NAME - asks, waits, and wants status 0.
stop() {
    local name=$1 one=${pid[$1]} status=0 deadline=$((SECONDS + 60))
    kill -TERM "$one" 2>/dev/null || true
    while kill -0 "$one" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || not_seen "$name stops within 60 s" "pid $one still runs"
        sleep 0.1
    done
    wait "$one" || status=$?
    unset "pid[$name]"
    [ "$status" = 0 ] ||
        not_seen "$name stops with status 0" "status $status" "$(tail -n 5 "$dir/log/$name.log")"
}

# At the end, however it came: all that still runs is asked to stop, then made to.
clean_up() {
    local name deadline=$((SECONDS + 30))
    trap '' INT TERM HUP
    for name in "${!pid[@]}"; do
        kill -TERM "${pid[$name]}" 2>/dev/null || true
    done
    for name in "${!pid[@]}"; do
        while kill -0 "${pid[$name]}" 2>/dev/null; do
            if [ "$SECONDS" -ge "$deadline" ]; then
                kill -KILL "${pid[$name]}" 2>/dev/null || true
            fi
            sleep 0.1
        done
    done
}

# A run that stays up ends well by Ctrl-C; any other was cut short.
interrupted() {
    if [ -n "${stays:-}" ]; then
        echo
        stop up
        say "stopped; the stores stay in $dir"
        exit 0
    fi
    exit "$1"
}
