# lib.bash - a province of real programs in a folder of its own; sourced by the tests here.
#
#   $work/aggregator, $work/node-16.07 …   folders as `kabar init` makes them
#   $work/aggregator.sock, node-NN.NN.sock doors, so that `kabar --dir $work` finds them
#   $work/aggregator.log, 16.07.log …      what the programs said
#   $work/answers.jsonl                    every answer to a submitted line, of all nodes
#
# A program is called by its name here: "aggregator", or a node's regency. Every child is ended by
# its pid. A failing test shows the ends of the logs; KABAR_KEEP=1 keeps the folder.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C.UTF-8
: "${KABAR_BIN:?folder of the programs}" "${KABAR_SOURCE:?the source tree}"
: "${KABAR_TOOLS:?folder of the tools of these tests}"
. "$KABAR_SOURCE/tests/lib/wait_until.bash"

readonly samples=$KABAR_SOURCE/deploy/samples
readonly long=150 # seconds: ends a test that would never end, says nothing about speed
declare -A pid_of=()
declare -a other_pids=()
declare -a nodes=()

say() {
    printf '== %s (%d s)\n' "$*" "$SECONDS"
}

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# Only this leaves with 77: a program's own 77 ("no permission") is a failure like any other.
skipping=
skip() {
    printf 'skipped: %s\n' "$*"
    skipping=1
    exit 77
}

for needed in jq flock "$KABAR_BIN/kabar" "$KABAR_BIN/kabar-node" "$KABAR_BIN/kabar-aggregator"; do
    command -v "$needed" >/dev/null || fail "$needed is not there"
done

cleanup() {
    local code=$? name file
    trap - EXIT ERR
    trap '' PIPE # whoever reads our output may be gone: the folder is removed all the same
    set +e
    {
        for name in "${pid_of[@]}" "${other_pids[@]}"; do
            kill -KILL "$name" || true
        done
        wait || true
    } 2>/dev/null
    undo
    [ "$code" -ne 77 ] || [ -n "$skipping" ] || code=1
    if [ "$code" -ne 0 ] && [ -z "$skipping" ]; then
        for file in "$work"/*.log; do
            [ ! -s "$file" ] || { echo "---- end of ${file##*/}" && tail -n 20 "$file"; } >&2
        done
    fi
    [ -n "${KABAR_KEEP:-}" ] || rm -rf "$work"
    exit "$code"
}

# A test that leaves more than processes and $work says here how to undo it.
undo() {
    :
}

work=$(mktemp -d "${TMPDIR:-/tmp}/kabar.XXXXXX")
trap cleanup EXIT
trap 'echo "line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND" >&2' ERR
set -E
passphrase=$work/passphrase
(umask 077 && echo 'only for these tests' >"$passphrase")
: >"$work/answers.jsonl"

# ---- asking ----

kabar() {
    "$KABAR_BIN/kabar" "$@"
}

door_of() {
    if [ "$1" = aggregator ]; then
        echo "$work/aggregator.sock"
    else
        echo "$work/node-$1.sock"
    fi
}

# ask NAME COMMAND… - JSON from a program's door.
ask() {
    local name=$1
    shift
    kabar -o json --socket "$(door_of "$name")" "$@"
}

# holds NAME COMMAND… JQ - whether the answer satisfies a jq expression.
holds() {
    local name=$1 count=$# expression=${!#}
    ask "$name" "${@:2:count-2}" 2>/dev/null | jq -se "$expression" >/dev/null
}

# raw NAME REQUEST… - lines to a door as they are; prints what comes back.
raw() {
    local name=$1
    shift
    printf '%s\n' "$@" | "$KABAR_TOOLS/ask" "$(door_of "$name")"
}

# exits CODE COMMAND… - its output is in $work/out and $work/err.
exits() {
    local wanted=$1 code=0
    shift
    "$@" >"$work/out" 2>"$work/err" || code=$?
    if [ "$code" -ne "$wanted" ]; then
        tail -n 5 "$work/out" "$work/err" >&2
        fail "exit $code instead of $wanted: $*"
    fi
}

# equal WHAT FOUND WANTED
equal() {
    [ "$2" = "$3" ] || fail "$1: '$2' instead of '$3'"
}

# has PATTERN FILE… - or, options of grep first: has -E PATTERN FILE…
has() {
    grep -q "$@" || fail "not found: $*"
}

# ---- programs ----

conf_of() {
    if [ "$1" = aggregator ]; then
        echo "$work/aggregator/kabar-aggregator.conf"
    else
        echo "$work/node-$1/kabar-node.conf"
    fi
}

# setting NAME KEY VALUE - changes a program's settings file.
setting() {
    local file
    file=$(conf_of "$1")
    grep -q "^$2 = " "$file" || fail "$file has no $2"
    sed -i "s|^$2 = .*|$2 = $3|" "$file"
}

launch() {
    local name=$1 program=kabar-node
    shift
    [ "$name" != aggregator ] || program=kabar-aggregator
    "$KABAR_BIN/$program" --config "$(conf_of "$name")" "$@" >>"$work/$name.log" 2>&1 </dev/null &
    pid_of[$name]=$!
}

runs() {
    kill -0 "$1" 2>/dev/null
}

ended() {
    ! runs "$1"
}

# answers NAME - also true of a program that ended: start looks at that.
answers() {
    ended "${pid_of[$1]}" || ask "$1" ping >/dev/null 2>&1
}

# start NAME [OPTION…] - and waits until its door answers.
start() {
    launch "$@"
    wait_until "$long" answers "$1"
    runs "${pid_of[$1]}" || fail "$1 does not start"
}

# reap NAME - the exit code of a program that is about to end, in $code.
reap() {
    local pid=${pid_of[$1]}
    wait_until "$long" ended "$pid"
    unset "pid_of[$1]"
    code=0
    wait "$pid" || code=$?
}

stop() {
    local name code
    for name in "$@"; do
        kill -TERM "${pid_of[$name]}"
        reap "$name"
        [ "$code" -eq 0 ] || fail "$name stopped with exit $code"
    done
}

# crash NAME - kill -9. (The shell's own word about it goes nowhere.)
crash() {
    local code=0 pid=${pid_of[$1]}
    kill -KILL "$pid" || fail "$1 had ended already"
    unset "pid_of[$1]"
    { wait "$pid" || code=$?; } 2>/dev/null
    [ "$code" -eq 137 ] || fail "$1 had ended already, with exit $code"
}

stop_all() {
    stop "${nodes[@]}" aggregator
}

start_all() {
    local name
    launch aggregator
    for name in "${nodes[@]}"; do
        launch "$name"
    done
    for name in aggregator "${nodes[@]}"; do
        wait_until "$long" answers "$name"
        runs "${pid_of[$name]}" || fail "$name does not start"
    done
}

# ---- a province ----

# A port below those the kernel gives out, held for as long as this test runs. Sets $port.
take_port() {
    local folder="${TMPDIR:-/tmp}/kabar-ports.$(id -u)" fd attempt
    mkdir -p "$folder"
    for attempt in {1..200}; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        exec {fd}>"$folder/$port"
        if flock -n "$fd" && ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            return
        fi
        exec {fd}>&-
    done
    fail "no free port after $attempt attempts"
}

make_officer() {
    kabar init officer --id "$1" --name "$2" --scope 16 --out "$work/$1.key" \
        --passphrase-file "$passphrase" >/dev/null 2>>"$work/kabar.log"
}

# make_aggregator - folder, root, two officers, ring. Intervals are short: tests wait for them.
make_aggregator() {
    take_port
    kabar init aggregator --dir "$work/aggregator" --socket ../aggregator.sock --province 16 \
        --name 'Provinsi Uji' --listen "tcp://127.0.0.1:$port" >/dev/null 2>>"$work/kabar.log"
    kabar root create --out "$work/root.key" --passphrase-file "$passphrase" \
        >/dev/null 2>>"$work/kabar.log"
    make_officer sri 'Sri Uji'
    make_officer budi 'Budi Uji'
    kabar root ring --root "$work/root.key" --province "$work/aggregator/province.pub" \
        --officer "$work/sri.key.pub" --officer "$work/budi.key.pub" \
        --out "$work/aggregator/ring.kabar" --passphrase-file "$passphrase" \
        >/dev/null 2>>"$work/kabar.log"
    cp "$work/root.key.pub" "$work/aggregator/root.pub"
    setting aggregator receipt_interval_s 1
    setting aggregator keep_alive_s 5
}

# make_node REGENCY - folder and keys.
make_node() {
    kabar init node --dir "$work/node-$1" --socket "../node-$1.sock" --regency "$1" \
        --name "Kantor Uji $1" >/dev/null 2>>"$work/kabar.log"
    setting "$1" keep_alive_s 5
    setting "$1" reconnect_ms 50
    setting "$1" silence_ms 1000
}

# enrol REGENCY - two-sided, with the eight words; the aggregator runs.
enrol() {
    local folder=$work/node-$1 words
    kabar enrol request --dir "$folder" --out "$work/$1.request" >/dev/null 2>>"$work/kabar.log"
    words=$(ask aggregator enrol approve "$work/$1.request" --officer "$work/sri.key" \
        --card "$work/$1.card" --passphrase-file "$passphrase" 2>>"$work/kabar.log" |
        jq -r .words)
    equal "number of words" "$(wc -w <<<"$words")" 8
    kabar enrol accept "$work/$1.card" --dir "$folder" --words "$words" \
        >/dev/null 2>>"$work/kabar.log"
    ask aggregator enrol approve "$work/$1.request" --officer "$work/sri.key" \
        --card "$work/$1.card" --words "$words" --passphrase-file "$passphrase" \
        2>>"$work/kabar.log" | jq -e .active >/dev/null || fail "$1 is not enrolled"
}

# make_province REGENCY… - all of it, enrolled and running.
make_province() {
    local regency
    make_aggregator
    start aggregator
    for regency in "$@"; do
        make_node "$regency"
        enrol "$regency"
        nodes+=("$regency")
        start "$regency"
    done
    for regency in "$@"; do
        wait_until "$long" live "$regency"
    done
    say "a province with nodes $* runs at port $port"
}

# ---- states to wait for ----

live() {
    holds "$1" status '.[0].connection == "live"'
}

# All that the node has was received for good.
drained() {
    holds "$1" status '.[0].backlog == 0'
}

# The views are as far as the journal.
applied() {
    holds aggregator status '.[0].journal | .lag == 0 and .position > 0'
}

# settle [REGENCY…] - what was handed in has arrived and is in the views.
settle() {
    local name
    for name in "${@:-${nodes[@]}}"; do
        wait_until "$long" drained "$name"
    done
    wait_until "$long" applied
}

# ---- reports ----

# submit REGENCY FILE - all its lines must be accepted.
submit() {
    ask "$1" report submit "$2" >"$work/answers" 2>>"$work/kabar.log" ||
        fail "report submit of $2: $(tail -n 3 "$work/answers" "$work/kabar.log")"
    jq -se 'all(.accepted) and length > 0' "$work/answers" >/dev/null || fail "a line was refused"
    cat "$work/answers" >>"$work/answers.jsonl"
}

# generate REGENCY COUNT NAME [BYTES] - reports with the keys NAME-1 … NAME-COUNT, one person each;
# BYTES more in each description.
generate() {
    awk -v regency="$1" -v count="$2" -v name="$3" -v bytes="${4:-0}" 'BEGIN {
        srand(1)
        for (i = 1; i <= count; i++) {
            filler = ""
            while (length(filler) < bytes) filler = filler sprintf("%08x", int(rand() * 2 ^ 31))
            printf "{\"key\":\"%s-%d\",\"regency\":\"%s\",\"channel\":\"own_finding\",", name, i,
                regency
            printf "\"form\":\"DS-06\",\"occurred_on\":\"2024-10-%02d\",", i % 28 + 1
            printf "\"description\":\"Laporan uji %s nomor %d %s\",", name, i, filler
            printf "\"subjects\":[{\"name\":\"Orang Uji %s %d\",\"employment\":\"pns\",", name, i
            printf "\"unit\":\"Dinas Uji %d\"}]}\n", i
        }
    }'
}

# check [ANSWERS [OPTION…]] - the independent checker over the aggregator's journal and all answers.
check() {
    ask aggregator journal dump >"$work/dump.jsonl" 2>>"$work/kabar.log"
    "$KABAR_TOOLS/check_journal" "${@:2}" "$work/dump.jsonl" "${1:-$work/answers.jsonl}"
}

# recounted - what `kabar stats`, the list of cases and the number of refusals say is what an
# independent reading of the journal says. The numbers are in $work/counts.
recounted() {
    local by groups=(all form position class phase regency week)
    command -v python3 >/dev/null || fail "no python3"
    wait_until "$long" applied
    ask aggregator journal dump >"$work/dump"
    for by in "${groups[@]}"; do
        ask aggregator stats --by "$by"
    done >"$work/counts"
    ask aggregator case list --limit 1000 | jq -c 'select(.case) | {case, state, version, reports,
        withdrawn, regency, form, occurred_on}' | sort >"$work/listed"
    ask aggregator status | jq .refused | cat "$work/counts" "$work/listed" - >"$work/counted"
    "$KABAR_SOURCE/tests/integration/recount.py" "${groups[@]}" cases refused \
        <"$work/dump" >"$work/recount"
    diff "$work/counted" "$work/recount" >&2 ||
        fail "stats are not what the journal says: < the province, > the journal"
}

knows_all_arrived() {
    holds "$1" report status '.[0].waiting == 0'
}

# all_rows NAME LIST - every page of a node's "report list", or its "inbox list".
all_rows() {
    local page=() after=() more
    [ "$2" != report ] || page=(--limit 1000)
    while :; do
        ask "$1" "$2" list "${page[@]}" "${after[@]}" >"$work/page" 2>"$work/page-end"
        jq -c --arg owner "$1" --arg list "$2" '{owner: $owner, list: $list} + .' "$work/page"
        more=$(sed -n 's/^there is more: --after //p' "$work/page-end")
        [ -n "$more" ] || break
        after=(--after "$more")
    done
}

# check_lists [OPTION…] - check, and all the nodes' own lists: for nodes that are settled, run, and
# have deleted nothing.
check_lists() {
    local name
    for name in "${nodes[@]}"; do
        wait_until "$long" knows_all_arrived "$name"
        all_rows "$name" report
        all_rows "$name" inbox
    done >"$work/lists.jsonl"
    check "$work/answers.jsonl" --lists "$work/lists.jsonl" "$@"
}

# ---- officers ----

# officer NAME COMMAND… - as ask aggregator, with an officer's key.
officer() {
    local name=$1
    shift
    ask aggregator "$@" --officer "$work/$name.key" --passphrase-file "$passphrase" \
        2>>"$work/kabar.log"
}

# revealed [OPTION…] - all cases with names and numbers; an entry says that sri looked.
revealed() {
    ask aggregator case list --limit 1000 "$@" --reveal --as sri --reason 'pengujian'
}

# case_of NAME - short form of the case of a person.
case_of() {
    revealed 2>/dev/null |
        jq -r --arg name "$1" 'select(.name == $name) | .short'
}

# recommend CASE - proposed by one officer; prints the document's id.
recommend() {
    officer sri recommend "$1" --authority 'Bupati Uji' --sanction BER-BEBAS \
        --respond-by "$(date -u -d '+30 days' +%F)" \
        --text 'Terbukti menurut hasil klarifikasi.' | jq -r .id
}

# decide CASE - likewise, the PPK's decree.
decide() {
    echo 'a scan of a decree' >"$work/scan"
    officer sri decide "$1" --authority 'Bupati Uji' --number '800/1/2024' --date 2024-11-20 \
        --scan "$work/scan" --sanction BER-BEBAS --text 'Pembebasan dari jabatan.' | jq -r .id
}

approve() {
    officer budi approve "$1" >/dev/null
}

# has_rungs DOCUMENT RUNG… - exactly these, in this order.
has_rungs() {
    holds aggregator document show "$1" ".[0].rungs | map(.rung) | join(\" \") == \"${*:2}\""
}

# What the stores say, without what changes from moment to moment.
state() {
    local name id
    ask aggregator case list --limit 1000
    for name in $(ask aggregator case list --limit 1000 | jq -r .short); do
        ask aggregator case show "$name"
    done
    for id in $(ask aggregator document list --limit 1000 | jq -r .id); do
        ask aggregator document show "$id"
    done
    ask aggregator status | jq -c '{incarnation, journal, cases, documents, zero_reports, refused}'
    ask aggregator enrol list | jq -c '{number, regency, state, entries}'
    for name in "${nodes[@]}"; do
        ask "$name" report list --limit 1000
        ask "$name" inbox list
        ask "$name" status | jq -c '{regency, enrolment, aggregator, ring, inbox}'
    done
}
