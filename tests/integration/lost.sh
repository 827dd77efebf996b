#!/usr/bin/env bash
# lost.sh - a store that is gone, emptied, or an older one than it was, while what stands beside it
# remembers it: nobody begins anew in its place.
. "$(dirname "$0")/lib.bash"

store=$work/aggregator/store
journal=$store/journal/data.mdb

# does_not_start NAME WORDS - ends with 78 and says so.
does_not_start() {
    local code
    : >"$work/$1.log"
    launch "$1"
    reap "$1"
    equal "exit of $1" "$code" 78
    has -e "$2" "$work/$1.log"
}

make_province 16.07 16.03
generate 16.07 20 a | submit 16.07 -
settle
ask aggregator backup "$work/backup" >/dev/null
generate 16.03 20 b | submit 16.03 -
settle
position=$(ask aggregator status | jq .journal.position)
stop_all

say "the folder of the journal is gone: no province begins in its place"
rm -r "${journal%/*}"
does_not_start aggregator "journal is empty, .* were computed from $position entries"

say "what the words say helps: the backup, and the nodes bring the rest"
kabar restore "$work/backup" --config "$(conf_of aggregator)" --replace >/dev/null
start_all
settle
equal "cases" "$(ask aggregator status | jq .cases)" 40
check_lists

say "an older journal in the same file: the views tell, and it goes on as a restored one"
stop_all
cp "$journal" "$work/older.mdb"
start_all
generate 16.07 20 c | submit 16.07 -
settle
identity=$(ask aggregator status | jq -r .incarnation)
stop_all
cat "$work/older.mdb" >"$journal"
: >"$work/aggregator.log"
start_all
has 'event=journal_is_shorter' "$work/aggregator.log"
has 'event=restored ' "$work/aggregator.log"
has 'what this journal holds is computed again' "$work/aggregator.log"
[ "$(ask aggregator status | jq -r .incarnation)" != "$identity" ] || fail "the name is the old one"
settle
equal "cases" "$(ask aggregator status | jq .cases)" 60
check_lists
stop_all
say done
