# lib.bash - what the benchmarks share: a province of real programs (the tests' way of making one),
# the machine they ran on, and the shape of a result. Sourced, after these are set:
#
#   KABAR_BUILD   folder of a build (build/release): programs in bin/, tools in bin-bench/
#   TMPDIR        where stores lie while they run: it decides the disk that is measured
bench_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export KABAR_BUILD=${KABAR_BUILD:-$bench_top/build/release}
export KABAR_BIN=$KABAR_BUILD/bin KABAR_SOURCE=$bench_top KABAR_TOOLS=$KABAR_BUILD/bin-bench
. "$bench_top/tests/integration/lib.bash"
exec 4>&1 1>&2 # results go to 4: what the library says is no result

# options NAME… -- ARGUMENT… - sets the numbers given as --NAME N; anything else ends with usage.
options() {
    local names=() name
    while [ "$1" != -- ]; do
        names+=("$1")
        shift
    done
    shift
    while [ $# -gt 0 ]; do
        name=${1#--}
        if [[ " ${names[*]} " != *" $name "* ]] || ! [[ ${2:-} =~ ^[0-9]+$ ]]; then
            printf 'usage: bench/%s' "${0##*/}"
            printf ' [--%s N]' "${names[@]}"
            printf '\n'
            exit 64
        fi
        printf -v "$name" %s "$2"
        shift 2
    done
}

# make_shipped REGENCY… - a province with the settings that are shipped (tests have short ones).
make_shipped() {
    local name file
    make_province "$@"
    stop_all
    for name in aggregator "$@"; do
        file=$bench_top/deploy/config/kabar-node.conf
        [ "$name" != aggregator ] || file=$bench_top/deploy/config/kabar-aggregator.conf
        for key in keep_alive_s receipt_interval_s reconnect_ms silence_ms; do
            ! grep -q "^$key = " "$(conf_of "$name")" ||
                setting "$name" "$key" "$(sed -n "s/^$key = //p" "$file")"
        done
    done
    start_all
    for name in "$@"; do
        wait_until "$long" live "$name"
    done
}

# Other work on this machine, as load average of a minute.
load_now() {
    awk '{ print $1 }' /proc/loadavg
}

# No host name and no paths: only what a figure depends on.
machine() {
    jq -n --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
        --argjson cores "$(nproc)" --arg kernel "$(uname -r)" \
        --arg fs "$(df --output=fstype "$work" | tail -n 1)" \
        --argjson memory_mib "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" \
        --arg system "$(. /etc/os-release && echo "$PRETTY_NAME")" \
        '{cpu: $cpu, cores: $cores, memory_mib: $memory_mib, kernel: $kernel, fs: $fs,
            system: $system}'
}

commit_of_tree() {
    local commit
    commit=$(git -C "$bench_top" rev-parse --short=12 HEAD 2>/dev/null) || commit=unknown
    [ "$commit" = unknown ] || git -C "$bench_top" diff --quiet HEAD -- services proto \
        CMakeLists.txt || commit=$commit-changed
    echo "$commit"
}

# result NAME SETTINGS RESULT - one line of JSON, for standard output.
result() {
    jq -nc --arg benchmark "$1" --argjson settings "$2" --argjson result "$3" \
        --argjson machine "$(machine)" --arg date "$(date -u +%F)" \
        --arg commit "$(commit_of_tree)" \
        --arg scheduling "$(chrt -p $$ | sed -n 's/.*policy: //p')" \
        --arg build "$(sed -n 's/^CMAKE_BUILD_TYPE:[^=]*=//p' "$KABAR_BUILD/CMakeCache.txt")" \
        '{benchmark: $benchmark, date: $date, commit: $commit, build: $build,
            scheduling: $scheduling, settings: $settings, machine: $machine, result: $result}' >&4
}
