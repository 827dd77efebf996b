#!/usr/bin/env bash
# backup.sh - backups of running programs, what nodes may delete after one, and stores made of them:
# made under load, read back, refused when they are no good.
. "$(dirname "$0")/lib.bash"

mounts=()
undo() {
    local folder
    for folder in "${mounts[@]}"; do
        umount "$folder" 2>/dev/null || umount -l "$folder" || true
    done
}

# backup NAME FILE - must succeed; the answer is in $work/backup.json.
backup() {
    ask "$1" backup "$2" >"$work/backup.json" 2>>"$work/kabar.log" ||
        fail "backup of $1: $(tail -n 2 "$work/kabar.log")"
    [ ! -e "$2.part" ] || fail "$2.part is still there"
    equal "mode of $2" "$(stat -c %a "$2")" 600
    equal "bytes" "$(jq .bytes "$work/backup.json")" "$(stat -c %s "$2")"
    equal "hash" "$(jq -r .blake2b "$work/backup.json")" "$(b2sum -l 256 "$2" | cut -d' ' -f1)"
}

# refuses CODE WORDS COMMAND… - with that exit, and says so.
refuses() {
    exits "$1" "${@:3}"
    has -e "$2" "$work/err"
}

# log_field REGENCY LANE FIELD - of the node's log that lives.
log_field() {
    ask "$1" status | jq --arg lane "$2" ".logs[] | select(.lane == \$lane) | .$3"
}

make_province 16.07 16.03
setting 16.07 retention_days 0
stop 16.07
start 16.07
holds aggregator status '.[0] |
    .backup == {at_ms: null, position: 0, entries_behind: .journal.position}' ||
    fail "there is no backup yet: $(ask aggregator status | jq -c .backup)"
generate 16.07 1000 pertama 2000 >"$work/reports"
submit 16.07 "$work/reports"
settle

say "a backup while reports come in"
generate 16.03 1500 beban 2000 >"$work/load"
submit 16.03 "$work/load" &
loader=$!
other_pids+=("$loader")
coming() {
    holds aggregator enrol list 'any(.regency == "16.03" and .entries > 100)'
}
wait_until "$long" coming
mkdir "$work/backups"
backup aggregator "$work/backups/one"
wait "$loader"
other_pids=()
jq -e '.entries == .position and .position > 1000 and .seconds >= 0 and
    (.not_in_it | test("keys"))' "$work/backup.json" >/dev/null ||
    fail "the answer: $(cat "$work/backup.json")"
settle
check
ask aggregator status | jq -e --slurpfile backup "$work/backup.json" \
    '.backup.position == $backup[0].position and .backup.at_ms > 0 and
     .backup.entries_behind == .journal.position - .backup.position' >/dev/null ||
    fail "status: $(ask aggregator status | jq -c '[.backup, .journal]')"

say "a second one: what it has is told with receipts"
told() {
    [ "$(log_field "$1" routine backed_up_to)" = "$(log_field "$1" routine last)" ]
}
backup aggregator "$work/backups/two"
for regency in 16.07 16.03; do
    wait_until "$long" told "$regency"
done
equal "behind after the second" "$(ask aggregator status | jq 'if .backup.position ==
    '"$(jq .position "$work/backup.json")"' then "noted" else .backup end')" '"noted"'

say "a node deletes what is backed up, and nothing else"
generate 16.07 40 kemudian >"$work/reports"
submit 16.07 "$work/reports"
settle
receipted() {
    [ "$(log_field 16.07 routine receipt)" = "$(log_field 16.07 routine last)" ]
}
wait_until "$long" receipted
backed_up=$(log_field 16.07 routine backed_up_to)
[ "$backed_up" -lt "$(log_field 16.07 routine last)" ] || fail "backed up before it was"
stop 16.07
start 16.07
pruned() { # all that may go: in turns of 512 and one more
    holds 16.07 status '.[0].counters.entries_deleted > 512' &&
        [ "$(ask 16.07 report list --limit 1000 | wc -l)" -le 41 ]
}
wait_until "$long" pruned
ask 16.07 report list --limit 1000 | jq -r .seq | sort -n >"$work/left"
equal "the first left" "$(head -n 1 "$work/left")" "$backed_up" # a province put back stands there
equal "how many are left" "$(wc -l <"$work/left")" 41
holds 16.07 report status '.[0] | .accepted == 1040 and .receipted == 1040' ||
    fail "what was deleted is forgotten: $(ask 16.07 report status)"
holds 16.03 status '.[0].counters.entries_deleted == 0' || fail "16.03 keeps 90 days"

say "the same at a node"
backup 16.07 "$work/backups/node"
jq -e '.entries > 40' "$work/backup.json" >/dev/null || fail "$(cat "$work/backup.json")"

say "what is refused, in words"
refuses 65 'say it from / on' ask aggregator backup relative
refuses 65 'say another name' ask aggregator backup "$work/backups/one"
refuses 65 'No such file' ask aggregator backup "$work/no/folder"
refuses 64 'file' ask aggregator backup
: >"$work/backups/half.part"
refuses 65 'was interrupted' ask aggregator backup "$work/backups/half"
# Two requests that arrive together: the second one is told to wait.
raw aggregator "{\"id\":1,\"command\":\"backup\",\"args\":{\"file\":\"$work/backups/three\"}}" \
    "{\"id\":2,\"command\":\"backup\",\"args\":{\"file\":\"$work/backups/four\"}}" >"$work/both"
jq -se 'any(.id == 2 and .ok == false and .error.code == "ERR_AGAIN" and
    (.error.text | test("three")))' "$work/both" >/dev/null || fail "$(cat "$work/both")"
[ ! -e "$work/backups/four" ] || fail "two backups at once"
noted() { # the file has its name a moment before the backup is over
    grep -q 'event=backed_up file=.*/three ' "$work/aggregator.log"
}
wait_until "$long" noted
newest=$work/backups/three
mkdir "$work/small"
if mount -t tmpfs -o size=1m,mode=0700 kabar-test "$work/small" 2>"$work/mount.err"; then
    mounts+=("$work/small")
    refuses 75 'No space' ask aggregator backup "$work/small/backup"
    equal "left on the full disk" "$(ls "$work/small")" ""
else
    say "not tried, as nobody may mount here: a full disk"
fi
generate 16.03 10 lagi >"$work/reports"
submit 16.03 "$work/reports"
settle # nothing of all this disturbed the aggregator
check

say "a backup that was killed is no backup"
for turn in 1 2 3; do
    ask aggregator backup "$work/backups/killed$turn" >/dev/null 2>&1 &
    asked=$!
    begun() {
        [ -e "$work/backups/killed$turn.part" ] || [ -e "$work/backups/killed$turn" ]
    }
    wait_until "$long" begun
    crash aggregator
    wait "$asked" || true
    start aggregator
    wait_until "$long" live 16.07
    [ -e "$work/backups/killed$turn.part" ] || [ -e "$work/backups/killed$turn" ] ||
        fail "neither half nor whole"
done
stop_all

say "no good backup is taken"
conf=$(conf_of aggregator)
store=$work/aggregator/store
restore() {
    kabar restore "$1" --config "${conf}" "${@:2}"
}
cksum "$store/journal/data.mdb" >"$work/before"
size=$(stat -c %s "$work/backups/two")
head -c $((size - 1)) "$work/backups/two" >"$work/bad"
refuses 65 'cut short' restore "$work/bad" --replace
head -c 8192 "$work/backups/two" >"$work/bad"
refuses 65 'cut short' restore "$work/bad" --replace
: >"$work/bad"
refuses 65 'no backup' restore "$work/bad" --replace
cp "$store/journal/data.mdb" "$work/bad" # what cp makes of a store
refuses 65 'no backup' restore "$work/bad" --replace
for at in 0 20 $((size / 3)) $((size - 40)); do
    cp "$work/backups/two" "$work/bad"
    byte=$(od -An -tu1 -j "$at" -N 1 "$work/bad" | tr -d ' ')
    printf '%b' "\\x$(printf '%02x' $((byte ^ 16)))" |
        dd of="$work/bad" bs=1 seek="$at" conv=notrunc status=none
    refuses 65 'damaged\|no backup' restore "$work/bad" --replace
done
refuses 65 "a backup of the node's store" restore "$work/backups/node" --replace
for file in "$work"/backups/killed?*; do # what the kills left: whole, or refused
    sed "s|^store = .*|store = \"elsewhere\"|" "$conf" >"$work/aggregator/elsewhere.conf"
    code=0
    kabar restore "$file" --config "$work/aggregator/elsewhere.conf" >"$work/out" 2>&1 || code=$?
    case $file:$code in
    *:0) has 'restored: ' "$work/out" ;;
    *.part:65) has 'no backup of kabar, or cut short' "$work/out" ;;
    *) fail "$file: exit $code, $(cat "$work/out")" ;;
    esac
    say "${file##*/}: $(head -n 1 "$work/out")"
    rm -rf "$work/aggregator/elsewhere"
done
refuses 66 'No such file' restore "$work/backups/none" --replace
refuses 73 '--replace' restore "$work/backups/two"
refuses 64 '--config' kabar restore "$work/backups/two"
echo 'color = "blue"' >"$work/other.conf"
refuses 78 'neither' kabar restore "$work/backups/two" --config "$work/other.conf"
# somebody_elses CODE WORDS NAME SED COMMAND… - with that program's settings changed so.
somebody_elses() {
    local changed
    changed=$(dirname "$(conf_of "$3")")/changed.conf
    sed "$4" "$(conf_of "$3")" >"$changed"
    cmp -s "$changed" "$(conf_of "$3")" && fail "not changed: $4"
    refuses "$1" "$2" "${@:5}" --config "$changed"
}
cksum "$work"/node-16.0?/store/data.mdb >"$work/nodes.before"
for changes in '' 's|^store = .*|store = "elsewhere"|'; do
    sed "$changes" "$(conf_of 16.03)" >"$work/node-16.03/changed.conf"
    refuses 65 'backup of node 16.07, .* those of node 16.03: nothing was changed' \
        kabar restore "$work/backups/node" --config "$work/node-16.03/changed.conf" --replace
done
[ ! -e "$work/node-16.03/elsewhere" ] || fail "a folder for somebody else's store"
kabar root create --out "$work/other.key" --passphrase-file "$passphrase" \
    >/dev/null 2>>"$work/kabar.log"
cp "$work/other.key.pub" "$work/aggregator/other.pub"
seventeen='s|^province = .*|province = "17"|'
other_root='s|^root_key = .*|root_key = "other.pub"|'
somebody_elses 65 'backup of province 16, .* those of province 17: nothing was changed' \
    aggregator "$seventeen" kabar restore "$work/backups/two" --replace
somebody_elses 65 'with another root key than .*/other.pub: nothing was changed' \
    aggregator "$other_root" kabar restore "$work/backups/two" --replace
somebody_elses 78 'the store is that of node 16.07, and the settings say regency 16.03' \
    16.03 's|^store = .*|store = "../node-16.07/store"|' "$KABAR_BIN/kabar-node"
somebody_elses 78 'the journal is that of province 16, and the settings say province 17' \
    aggregator "$seventeen" "$KABAR_BIN/kabar-aggregator"
somebody_elses 78 'begun under another root key than .*/other.pub' \
    aggregator "$other_root" "$KABAR_BIN/kabar-aggregator"
equal "the nodes' stores" "$(cksum "$work"/node-16.0?/store/data.mdb)" "$(cat "$work/nodes.before")"
equal "the store, after all these" "$(cksum "$store/journal/data.mdb")" "$(cat "$work/before")"
equal "nothing beside it" "$(ls -d "$store".* 2>/dev/null || true)" ""
start aggregator
refuses 75 'stop it first' restore "$work/backups/two" --replace
stop aggregator

say "a good one is"
restore "$newest" --replace >"$work/out"
has 'restored: ' "$work/out"
has 'At the next start' "$work/out"
aside=$(sed -n 's/^what was there is now in //p' "$work/out")
equal "the store that was there" "$(cksum <"$aside/journal/data.mdb")" \
    "$(cut -d' ' -f1,2 "$work/before")"
[ ! -e "$store/views" ] || fail "views of another journal"
[ ! -e "$store.restoring" ] || fail "a folder is left over"
# Where the store is simply gone, and the views are not.
rm -rf "$store/journal"
cp -r "$aside/views" "$store/views"
restore "$newest" >"$work/out"
[ ! -e "$store/views" ] || fail "views of another journal"
equal "in the store" "$(ls "$store" "$store/journal" | tr '\n' ' ')" \
    "$store: journal objects  $store/journal: data.mdb "

say "all is as before, with what came in later brought back by the nodes"
start_all
for regency in "${nodes[@]}"; do
    wait_until "$long" live "$regency"
done
settle
check
has 'event=restored' "$work/aggregator.log"

say "a node's store"
conf=$(conf_of 16.07)
stop 16.07
exits 0 restore "$work/backups/node" --replace
has 'what was there is now in ' "$work/out"
start 16.07
wait_until "$long" live 16.07
generate 16.07 5 sesudah >"$work/reports"
submit 16.07 "$work/reports"
settle
check
stop_all
say done
