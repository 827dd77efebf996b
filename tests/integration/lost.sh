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

# brought_back CASES - every node was there, and has brought what the journal lost.
brought_back() {
    wait_until "$long" holds aggregator status '.[0].restored == null'
    settle
    wait_until "$long" holds aggregator status ".[0].cases == $1"
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
brought_back 40
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
brought_back 60
check_lists

say "a node's store that is gone: no other one begins under its card"
ask 16.07 backup "$work/node-backup" >/dev/null
stop 16.07
rm -r "$work/node-16.07/store"
for missing in gone empty; do
    does_not_start 16.07 "store is missing or empty: enrolment 1 wrote to another one"
    has -e "kabar restore FILE --config $work/node-16.07/kabar-node.conf --replace" \
        "$work/16.07.log"
    : >"$work/node-16.07/store/data.mdb"
done
say "a backup of it"
kabar restore "$work/node-backup" --config "$(conf_of 16.07)" --replace >/dev/null
start 16.07
wait_until "$long" live 16.07
generate 16.07 5 e | submit 16.07 -
settle
wait_until "$long" holds aggregator status '.[0].cases == 65'
check

say "gone for good: a new folder, enrolled anew; the old one's last words are with the province"
stop 16.07
rm -r "$work/node-16.07" "$work/16.07.request" "$work/16.07.card"
make_node 16.07
enrol 16.07
start 16.07
wait_until "$long" live 16.07
generate 16.07 5 f | submit 16.07 -
settle
wait_until "$long" holds aggregator status '.[0].cases == 70'
check
say "what waits at a node that is away: what it said last, and nothing before it said so"
stop 16.03
away() {
    holds aggregator enrol list "any(.regency == \"16.03\" and (.connected | not) and $1)"
}
wait_until "$long" away '.backlog == 0 and .backlog_at_ms > 0'
stop aggregator
start aggregator
wait_until "$long" away '.backlog == null and .backlog_at_ms == null'
stop 16.07 aggregator
say done
