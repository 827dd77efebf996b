#!/usr/bin/env bash
# restored_province.sh - the province's journal is put back to an older copy: first as another file,
# which it notices when it starts, then into the same file, which a node's receipt tells it. Whatever
# was accepted comes back and counts once; documents come back as they were, and nobody decides again.
. "$(dirname "$0")/lib.bash"

journal=$work/aggregator/store/journal/data.mdb

in_inbox() { # REGENCY ID STATE
    holds "$1" inbox list "any(.id == \"$2\" and .state == \"$3\")"
}

# What people would compare: cases by their person, documents with their rungs.
picture() {
    ask aggregator case list --limit 1000 2>/dev/null |
        jq -sc 'map(select(.name) | {name, state, reports, regency, form}) | sort[]'
    ask aggregator document list --limit 1000 2>/dev/null |
        jq -sc 'map(select(.id) | {id, type, state, addressee, rungs: (.rungs | sort)}) |
            sort_by(.id)[]'
}

same_picture() {
    picture >"$work/picture"
    cmp -s "$work/picture" "$work/before"
}

acts() {
    ask aggregator journal dump 2>/dev/null |
        jq -c 'select(.kind == "act" and .body.look == null)' | wc -l
}

inbox_of() {
    ask "$1" inbox list | jq -sc 'map({id, state}) | sort_by(.id)'
}

# All reports of a node are covered by a receipt that it has.
receipted() {
    holds "$1" report list '[.[] | select(.state)] | all(.state == "receipted" or .state == "answered")'
}

# The node has all of its office log.
office_taken() {
    holds aggregator enrol list "any(.regency == \"$1\" and .office_backlog == 0)"
}

# issue CASE REGENCY - recommended by both officers and verified at the node; its id in $id.
issue() {
    id=$(recommend "$1")
    officer budi approve "$id" >/dev/null
    wait_until "$long" in_inbox "$2" "$id" verified
}

stop_aggregator_and_nodes() {
    stop "${nodes[@]}" aggregator
}

comes_back() {
    settle
    wait_until "$long" same_picture || {
        diff "$work/before" "$work/picture" || true
        fail "the province is not what it was"
    }
}

make_province 16.07 16.03
for regency in "${nodes[@]}"; do
    generate "$regency" 20 "a-$regency" | submit "$regency" -
done
settle
issue "$(case_of 'Orang Uji a-16.07 1')" 16.07
early=$id

say "a copy is made, and then more is done"
stop_aggregator_and_nodes
cp "$journal" "$work/copy.mdb"
start_all
for regency in "${nodes[@]}"; do
    generate "$regency" 20 "b-$regency" | submit "$regency" -
done
settle
issue "$(case_of 'Orang Uji a-16.07 2')" 16.07
ask 16.07 inbox acknowledge "$id" --name 'Pegawai Uji' >/dev/null
acknowledged=$id
issue "$(case_of 'Orang Uji b-16.03 1')" 16.03
recommended=$id
id=$(decide "$(case_of 'Orang Uji b-16.03 1')")
officer budi approve "$id" >/dev/null
wait_until "$long" in_inbox 16.03 "$id" verified
ask 16.07 inbox acknowledge "$early" --name 'Pegawai Uji' >/dev/null
settle
picture >"$work/before"
acts_in_copy=1 # proposed and signed a second time: two acts of the first document
inbox_of 16.07 >"$work/inbox-16.07"
inbox_of 16.03 >"$work/inbox-16.03"
cases=$(ask aggregator status | jq .cases)
equal "cases" "$cases" 80

say "without a journal, or with an empty one, it does not begin anew beside its views"
stop_aggregator_and_nodes
rm "$journal"
for _ in missing emptied; do
    exits 78 "$KABAR_BIN/kabar-aggregator" --config "$(conf_of aggregator)"
    has 'journal is empty, and .*views .* were computed from [0-9]* entries' "$work/err"
    : >"$journal"
done

say "the copy is put in its place: another file"
rm "$journal"
cp "$work/copy.mdb" "$journal"
start aggregator
has 'event=restored ' "$work/aggregator.log"
has 'event=views_built_anew' "$work/aggregator.log"
equal "waits for" "$(ask aggregator status | jq -c '.restored.waiting_for | sort')" \
    '["16.03","16.07"]'
kabar --socket "$work/aggregator.sock" status >"$work/out"
has 'goes on from a copy' "$work/out"
equal "cases in the copy" "$(ask aggregator status | jq .cases)" 40
start 16.07
wait_until "$long" holds aggregator status '.[0].restored.waiting_for == ["16.03"]'
start 16.03
wait_until "$long" holds aggregator status '.[0].restored == null'
comes_back
equal "acts" "$(acts)" $((2 * acts_in_copy))
for regency in "${nodes[@]}"; do
    equal "inbox of $regency" "$(inbox_of "$regency")" "$(cat "$work/inbox-$regency")"
done
for id in "$acknowledged" "$recommended"; do
    equal "returned" "$(ask aggregator document show "$id" | jq .returned)" true
done
equal "contradictions" "$(ask aggregator status | jq .contradictions)" 0
check_lists

say "the same copy once more: the life between is lost as well"
stop_aggregator_and_nodes
rm "$journal"
cp "$work/copy.mdb" "$journal"
start_all
wait_until "$long" holds aggregator status '.[0].restored == null'
comes_back
equal "acts" "$(acts)" $((2 * acts_in_copy))
check_lists

say "and life goes on"
generate 16.07 5 c-16.07 | submit 16.07 -
settle
issue "$(case_of 'Orang Uji c-16.07 1')" 16.07
case $id in
*-"${early##*-}") fail "$id has the suffix of the life before" ;;
esac
check_lists

if [ "${KABAR_SANITIZE:-}" = thread ]; then # the rest has no threads of its own
    stop_all
    say done
    exit
fi

say "another copy, into the same file, and no views: nobody can see that from outside"
stop_aggregator_and_nodes
cp "$journal" "$work/copy.mdb"
start_all
for regency in "${nodes[@]}"; do
    generate "$regency" 20 "d-$regency" | submit "$regency" -
done
settle
issue "$(case_of 'Orang Uji d-16.03 1')" 16.03
settle
for regency in "${nodes[@]}"; do
    wait_until "$long" receipted "$regency"
done
picture >"$work/before"
before=$(acts)
stop_aggregator_and_nodes
cat "$work/copy.mdb" >"$journal"
rm -r "$work/aggregator/store/views"
"$KABAR_BIN/kabar" --dir "$work" up >"$work/up.log" 2>&1 </dev/null & # as quickstart's programs run
up=$!
other_pids+=("$up")
wait_until "$long" grep -qs 'event=restored ' "$work/up.log"
has 'restored unseen' "$work/up.log"
has 'kabar-aggregator.* ended with status 75' "$work/up.log"
has 'kabar-aggregator.* is started again' "$work/up.log"
equal "what ended" "$(grep -c 'ended with status' "$work/up.log")" 1
wait_until "$long" holds aggregator status '.[0].restored == null'
comes_back
equal "acts" "$(acts)" $((before - 2))
equal "contradictions" "$(ask aggregator status | jq .contradictions)" 0
check_lists
kill -TERM "$up"
wait_until "$long" ended "$up"
wait "$up" || fail "up did not stop cleanly"
other_pids=()
start_all
say "a node and the province go back, each to another day"
store=$work/node-16.07/store/data.mdb
stop_aggregator_and_nodes
cp "$store" "$work/copy-16.07.mdb"
start_all
issue "$(case_of 'Orang Uji c-16.07 2')" 16.07
settle
wait_until "$long" office_taken 16.07
stop_aggregator_and_nodes
cp "$journal" "$work/copy.mdb" # as far as this goes, the node has the document
for file in "$journal" "$store"; do
    rm "$file"
done
cp "$work/copy.mdb" "$journal"
cp "$work/copy-16.07.mdb" "$store"
start_all
# The office log goes on once more, from where the older of the two is.
wait_until "$long" in_inbox 16.07 "$id" verified
has 'alarm=successor node=16.07' "$work/aggregator.log"
wait_until "$long" office_taken 16.07
settle
equal "waits for" "$(ask aggregator status | jq -c .restored)" null
generate 16.07 5 e-16.07 | submit 16.07 -
settle
[ -n "$(case_of 'Orang Uji e-16.07 5')" ] || fail "a report after all that has no case"
stop_all
say done
