# line.bash - what the benchmarks of bad lines share. Sourced by link.sh and peer.sh, with `folder`
# set to the folder of this file, and `profile`, `seed`, `phase` read from the command line.
export KABAR_BUILD=${KABAR_BUILD:-$folder/../build/release}

# over_line SCRIPT ARGUMENT… - outside of a line: runs the script again beside one, perfect until
# SIGUSR1, and ends with its exit code. Inside: does nothing.
over_line() {
    local code=0
    [ -z "${LINKEM_PID:-}" ] || return 0
    line_json=$(mktemp "${TMPDIR:-/tmp}/kabar-line.XXXXXX")
    trap 'rm -f "$line_json"' EXIT
    LINE_JSON=$line_json "$KABAR_BUILD/bin-bench/linkem" --calm --json "$line_json" --seed "$seed" \
        --phase "$phase" --profile "$folder/profiles/$profile" -- "$@" || code=$?
    exit "$code"
}

now_ms() {
    local us=${EPOCHREALTIME/[.,]/}
    echo $((us / 1000))
}

# line_turns_bad - from now on the profile holds, and what goes over the line is counted.
line_turns_bad() {
    kill -USR1 "$LINKEM_PID"
}

# line_now FILE - what went over the line since it turned bad.
line_now() {
    rm -f "$LINE_JSON"
    kill -USR2 "$LINKEM_PID"
    wait_until 30 test -s "$LINE_JSON"
    cp "$LINE_JSON" "$1"
}

# of_profile KEY - a number of the profile, 0 if it has none.
of_profile() {
    awk -F ' = ' -v key="$1" '$1 == key { found = $2 } END { print found + 0 }' \
        "$folder/profiles/$profile"
}

# up_seconds SECONDS - how long of the first SECONDS after it turned bad the line was up.
up_seconds() {
    awk -v seconds="$1" -v phase="$phase" -v up="$(of_profile up_s)" \
        -v down="$(of_profile down_s)" '
        function until(t) { # seconds up in [0, t) of the schedule
            rest = t - int(t / (up + down)) * (up + down)
            return int(t / (up + down)) * up + (rest < up ? rest : up)
        }
        BEGIN { print down == 0 ? seconds : until(phase + seconds) - until(phase) }'
}
