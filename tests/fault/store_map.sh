#!/usr/bin/env bash
# store_map.sh - a small map at either end, with far more work than it holds, and readers that keep
# their place in it and die: clear refusals and waiting, no crash, a file that does not grow past its
# map, and all goes on when there is room.
. "$(dirname "$0")/../integration/lib.bash"
: "${KABAR_FAULT_TOOLS:?folder of the tools of these tests}"

readonly map_mib=16
readers=()
undo() {
    local pid
    for pid in "${readers[@]}"; do
        kill -KILL "$pid" || true
    done
} 2>/dev/null

# reader FOLDER - keeps a place in that store.
reader() {
    "$KABAR_FAULT_TOOLS/store_reader" "$1" >"$work/reader" &
    readers+=($!)
    disown $!
    wait_until "$long" grep -q ready "$work/reader"
}

kill_readers() {
    undo
    readers=()
}

# small NAME FILE - a data file within its map and the reserve for what must always fit.
small() {
    local kib
    kib=$(du -k "$2" | cut -f 1)
    say "$1: the file has $kib KiB"
    [ "$kib" -le $(((map_mib + map_mib / 8 + 1) * 1024)) ] || fail "$1: the file grew past its map"
}

same_process() {
    equal "process of $1" "${pid_of[$1]}" "$2"
    runs "$2" || fail "$1 ended"
}

# all_in NAME - hands the reports in again until each is taken.
all_in() {
    ask 16.07 report submit "$work/reports" >"$work/answers" 2>>"$work/kabar.log" || return 1
    jq -se 'all(.accepted) and length > 0' "$work/answers" >/dev/null
}

make_aggregator
setting aggregator receipt_interval_s 1
start aggregator
make_node 16.07
setting 16.07 map_mib $map_mib
enrol 16.07
nodes+=(16.07)
start 16.07
wait_until "$long" live 16.07
node=${pid_of[16.07]}
store=$work/node-16.07/store

say "a node with a small map, and a reader that holds every page"
reader "$store"
generate 16.07 3000 peta 6000 >"$work/reports"
exits 75 ask 16.07 report submit "$work/reports"
jq -c 'select(.accepted)' "$work/out" >>"$work/answers.jsonl"
jq -se 'map(select(.accepted | not)) | length > 0 and all(.reason | test("full|room"))' "$work/out" \
    >/dev/null || fail "not refused in clear words: $(tail -n 1 "$work/out")"
say "$(jq -c 'select(.accepted)' "$work/out" | wc -l) of 3000 fit"
settle # what it took goes out
same_process 16.07 "$node"
small 16.07 "$store/data.mdb"
say "the reader dies: the province has what fills the map, so the node makes room"
kill_readers
wait_until 240 all_in
cat "$work/answers" >>"$work/answers.jsonl"
settle
same_process 16.07 "$node"
small 16.07 "$store/data.mdb"
has 'event=deleted' "$work/16.07.log"
check

say "an aggregator with a small map"
stop_all
setting aggregator map_mib $map_mib
launch aggregator
wait_until "$long" answers aggregator
launch 16.07
wait_until "$long" answers 16.07
generate 16.07 2500 penuh 6000 >"$work/reports"
# The node may be the one that is full first: it is asked until the province has what it can hold.
waits() {
    all_in || true
    jq -Rc 'fromjson? | select(.accepted)' "$work/answers" >>"$work/answers.jsonl"
    holds aggregator enrol list 'any(.alarms.no_room > 0)'
}
if runs "${pid_of[aggregator]}"; then
    pid=${pid_of[aggregator]}
    wait_until "$long" waits
    same_process aggregator "$pid"
    small aggregator "$work/aggregator/store/journal/data.mdb"
    holds aggregator case list 'length > 0' || fail "no answers while the map is full"
fi
say "an operator makes the map larger"
stop aggregator
setting aggregator map_mib 256
start aggregator
kill -HUP "${pid_of[16.07]}"
wait_until 240 all_in
cat "$work/answers" >>"$work/answers.jsonl"
wait_until 180 drained 16.07
settle
check
stop_all
say done
