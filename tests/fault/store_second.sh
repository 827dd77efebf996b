#!/usr/bin/env bash
# store_second.sh - a second program on a store that is in use, or on one it cannot trust, is refused
# in clear words and does no harm, also when somebody has removed the lock files.
. "$(dirname "$0")/../integration/lib.bash"

# refused NAME PROGRAM CONF CODE TEXT - a start that fails, and the first program goes on.
refused() {
    exits "$4" timeout "$long" "$KABAR_BIN/$2" --config "$3"
    grep -qE "$5" "$work/out" "$work/err" || fail "$1: not in clear words: $(cat "$work/out" "$work/err")"
    runs "${pid_of[$1]}" || fail "$1 ended"
}

# other NAME - a settings file for the same store, but another door and line.
other() {
    local conf folder
    conf=$(conf_of "$1")
    folder=$(dirname "$conf")
    sed -e "s|^door = .*|door = \"$work/other.sock\"|" -e 's|^listen = .*|listen = "tcp://127.0.0.1:*"|' \
        "$conf" >"$folder/other.conf"
    echo "$folder/other.conf"
}

make_province 16.07
generate 16.07 3 satu | submit 16.07 -
settle
node_conf=$(other 16.07)
aggregator_conf=$(other aggregator)
for round in 'as it is' 'without lock files'; do
    refused 16.07 kabar-node "$node_conf" 69 'another process has it'
    refused aggregator kabar-aggregator "$aggregator_conf" 69 'another process has it'
    say "refused, $round"
    rm -f "$work"/node-16.07/store/lock* "$work"/aggregator/store/*/lock*
done
generate 16.07 3 dua | submit 16.07 -
settle
check
# A copy of the lock files, or none, is no obstacle for the next start.
stop_all
start_all
generate 16.07 3 tiga | submit 16.07 -
settle
check
stop_all
say "no data file at all, or half of one"
mv "$work/node-16.07/store" "$work/node-16.07/kept"
mkdir -m 0700 "$work/node-16.07/store"
head -c 5000 "$work/node-16.07/kept/data.mdb" >"$work/node-16.07/store/data.mdb"
exits 74 timeout "$long" "$KABAR_BIN/kabar-node" --config "$(conf_of 16.07)"
grep -qE 'data file|data.mdb cannot be read or was cut short' "$work/out" "$work/err" || fail "not in clear words: $(cat "$work/out" "$work/err")"
rm -r "$work/node-16.07/store"
mv "$work/node-16.07/kept" "$work/node-16.07/store"
start_all
settle
check
stop_all
say done
