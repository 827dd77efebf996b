#!/usr/bin/env bash
# full.sh - a full quota and full disks: the node refuses new reports in clear words and goes on
# syncing; the aggregator stops acknowledging; both go on once there is room, and nothing is lost.
. "$(dirname "$0")/lib.bash"

mounts=()
undo() {
    local folder
    for folder in "${mounts[@]}"; do
        umount "$folder" 2>/dev/null || umount -l "$folder" || true
    done
}

# small_disk FOLDER MIB - skips the test where nobody may mount.
small_disk() {
    mkdir -p "$1"
    mount -t tmpfs -o "size=${2}m,mode=0700" kabar-test "$1" 2>"$work/mount.err" ||
        skip "no small disk: $(cat "$work/mount.err")"
    mounts+=("$1")
}

# fill FOLDER KIB - leaves so much of a small disk.
fill() {
    local free
    free=$(df -k --output=avail "$1" | tail -n 1)
    [ "$free" -gt "$2" ] || return 0
    dd if=/dev/zero of="$1/ballast" bs=1024 count=$((free - $2)) status=none
}

# submit_some REGENCY FILE - some lines are refused for want of room; the others count.
submit_some() {
    exits 75 ask "$1" report submit "$2"
    jq -c 'select(.accepted)' "$work/out" >>"$work/answers.jsonl"
    jq -se 'any(.accepted | not)' "$work/out" >/dev/null || fail "nothing was refused"
    jq -se 'map(select(.accepted | not)) | all(.field == "" and .retry and
        (.reason | test("room|full|space")))' "$work/out" >/dev/null ||
        fail "not in clear words: $(jq -c 'select(.accepted | not)' "$work/out" | head -n 1)"
}

make_aggregator
small_disk "$work/aggregator/store" 12
setting aggregator map_mib 64
start aggregator
for regency in 16.03 16.05 16.07; do
    make_node "$regency"
done
small_disk "$work/node-16.07/store" 6
setting 16.07 map_mib 64
setting 16.03 quota_mib 1
for regency in 16.03 16.05 16.07; do
    enrol "$regency"
    start "$regency"
    nodes+=("$regency")
    wait_until "$long" live "$regency"
done

say "a node with a full quota"
generate 16.03 400 kuota 6000 >"$work/reports-16.03"
submit_some 16.03 "$work/reports-16.03"
taken=$(jq -s 'map(select(.accepted)) | length' "$work/out")
[ "$taken" -gt 10 ] || fail "only $taken reports fit into the quota"
settle # what it took goes out
check
holds 16.03 status '.[0].connection == "live" and .[0].store.latched == false' ||
    fail "16.03: $(ask 16.03 status)"
# Documents still come, and rungs still go.
subject=$(jq -r '.subjects[0].name' <(head -n 1 "$work/reports-16.03"))
document=$(recommend "$(case_of "$subject")")
approve "$document"
wait_until "$long" has_rungs "$document" stored verified
ask 16.03 inbox acknowledge "$document" --name 'Pegawai Uji' >/dev/null
wait_until "$long" has_rungs "$document" stored verified acknowledged
# What was taken before is answered as before, also now.
head -n 1 "$work/reports-16.03" | submit 16.03 -
setting 16.03 quota_mib 64
stop 16.03
start 16.03
submit 16.03 "$work/reports-16.03"
settle
check

say "a node with a full disk"
pid=${pid_of[16.07]}
generate 16.07 1 dokumen >"$work/one"
submit 16.07 "$work/one"
settle
subject=$(jq -r '.subjects[0].name' "$work/one")
document=$(recommend "$(case_of "$subject")")
approve "$document"
wait_until "$long" has_rungs "$document" stored verified
fill "$work/node-16.07/store" 1000
generate 16.07 300 cakram 6000 >"$work/reports-16.07"
submit_some 16.07 "$work/reports-16.07"
settle
holds 16.07 status '.[0].connection == "live" and .[0].store.latched == false' ||
    fail "16.07: $(ask 16.07 status)"
say "who read and acknowledged still fits"
full() {
    generate 16.07 40 "$1" 6000 >"$work/more"
    exits 75 ask 16.07 report submit "$work/more"
    jq -se 'all(.accepted | not)' "$work/out" >/dev/null || fail "there was room again"
    holds 16.07 status '.[0] | .store.full and .store.full_since_ms > 0 and
        .counters.store_refused > 0' || fail "16.07 is not full: $(ask 16.07 status)"
}
full sebelum
ask 16.07 inbox show "$document" --name 'Pegawai Satu' >/dev/null
for name in 'Pegawai Satu' 'Pegawai Dua'; do
    ask 16.07 inbox acknowledge "$document" --name "$name" >"$work/out"
    jq -e '.state == "acknowledged" and (has("already") | not)' "$work/out" >/dev/null ||
        fail "acknowledged by $name: $(cat "$work/out")"
done
ask 16.07 inbox acknowledge "$document" --name 'Pegawai Satu' |
    jq -e '.state == "acknowledged" and .already' >/dev/null || fail "said twice, heard twice"
full sesudah
wait_until "$long" has_rungs "$document" stored verified shown acknowledged acknowledged
equal "who acknowledged" "$(ask aggregator document show "$document" |
    jq -r '.rungs | map(select(.rung == "acknowledged") | .person) | join(", ")')" \
    'Pegawai Satu, Pegawai Dua'
has 'event=store_full refused=1 ' "$work/16.07.log"
say "the same process goes on once there is room"
rm "$work/node-16.07/store/ballast"
submit 16.07 "$work/reports-16.07"
holds 16.07 status '.[0].store | .full == false and .full_since_ms == null' ||
    fail "16.07 is still full: $(ask 16.07 status)"
has 'event=store_has_room refused=' "$work/16.07.log"
settle
equal "process" "${pid_of[16.07]}" "$pid"
runs "$pid" || fail "16.07 ended"
check

say "an aggregator with a full disk"
fill "$work/aggregator/store" 200
generate 16.05 300 penuh 6000 >"$work/reports-16.05"
submit 16.05 "$work/reports-16.05" # the node has room: it takes all
pid=${pid_of[aggregator]}
waits() {
    holds 16.05 report status '.[0].waiting > 100' &&
        holds aggregator enrol list 'any(.regency == "16.05" and .alarms.no_room > 0)'
}
wait_until "$long" waits
say "$(ask 16.05 report status | jq .waiting) reports wait"
holds aggregator case list 'length > 0' || fail "no answers while the disk is full"
rm "$work/aggregator/store/ballast"
mount -o remount,size=48m "$work/aggregator/store"
# It told the node to come back in half a minute, and may have done so twice.
wait_until 180 drained 16.05
settle
equal "process" "${pid_of[aggregator]}" "$pid"
runs "$pid" || fail "the aggregator ended"
check
equal "reports of 16.05" \
    "$(jq -c 'select(.kind == "report" and .owner == "16.05")' "$work/dump.jsonl" | wc -l)" 300
say "a node that was moved to a full disk starts and says so, and goes on once there is room"
store=$work/node-16.07/store
stop aggregator
generate 16.07 60 pindah 6000 >"$work/more"
submit 16.07 "$work/more"
stop 16.07
cp "$store/data.mdb" "$work/moved.mdb"
rm "$store/data.mdb"
cp "$work/moved.mdb" "$store/data.mdb"
fill "$store" 0
start 16.07
pid=${pid_of[16.07]}
holds 16.07 status '.[0].enrolment == null' || fail "there was room: $(ask 16.07 status)"
generate 16.07 1 sesudah >"$work/one"
exits 75 ask 16.07 report submit "$work/one"
jq -e '.accepted == false and (.reason | contains("full"))' "$work/out" >/dev/null ||
    fail "not in clear words: $(cat "$work/out")"
has 'event=store_full' "$work/16.07.log"
exits 75 ask 16.07 report zero --from 2024-05-01 --until 2024-05-31 --scope all --name Lurah
rm "$store/ballast"
enrolled() {
    holds 16.07 status '.[0].enrolment > 0'
}
wait_until "$long" enrolled
has 'event=logs_go_on_under_new_names' "$work/16.07.log"
start aggregator
submit 16.07 "$work/one"
settle
equal "process" "${pid_of[16.07]}" "$pid"
check
stop_all
say done
