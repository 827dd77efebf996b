# wait_until.bash - the one place where a script may sleep, between two looks at a condition.
#
# wait_until SECONDS CONDITION… - runs CONDITION until it succeeds. Fails, and says what was waited
# for, when it has not done so after SECONDS. The condition is looked at once more after the end.
wait_until() {
    local seconds=$1 end=$((SECONDS + $1))
    shift
    until "$@"; do
        if [ "$SECONDS" -gt "$end" ]; then
            echo "waited $seconds s in vain for: $*" >&2
            return 1
        fi
        sleep 0.05
    done
}
