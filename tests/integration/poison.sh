#!/usr/bin/env bash
# poison.sh - reports whose fold ends the aggregator (a planted mistake: the marked texts below) are
# passed after the second death, kept raw, told to their node, and stop nobody: what stands before
# and behind them is applied. Views that are built anew pass them without another death.
#
# Needs the planted twins; KABAR_PLANT says which mistake they make (crash-on-mark).
. "$(dirname "$0")/lib.bash"

export KABAR_PLANT=${KABAR_PLANT:-crash-on-mark}
readonly -A codes=([s]=139 [a]=134) # SIGSEGV, SIGABRT

# with_poison NAME MARK - ten good reports, and one in their middle that ends whoever folds it.
with_poison() {
    generate 16.07 5 "$1-before"
    generate 16.07 1 "$1-poison" | sed "s/Laporan uji/kabar-crash-$2/"
    generate 16.07 5 "$1-behind"
}

dies() {
    reap aggregator
    equal "the aggregator's end" "$code" "${codes[$1]}"
}

rejected_rows() {
    jq -c 'select(.rejected == "crash")' "$work/dump.jsonl"
}

# After the second death: everything but the poison is applied, and everybody is told.
passed() {
    local name=$1 count=$2 row
    wait_until "$long" live 16.07
    settle
    check
    equal "entries rejected" "$(ask aggregator status | jq .rejected)" "$count"
    row='select(.kind == "rejected" and .body.code == "crash")'
    equal "rejected in our own log" "$(jq -c "$row" "$work/dump.jsonl" | wc -l)" "$count"
    equal "entries shown raw" "$(rejected_rows | jq -sc 'map(.body | keys) | unique | flatten' |
        tr -d '\n')" '["hex"]'
    row=$(rejected_rows | jq -sr --arg mark "$(printf %s "$name-poison-1" | od -An -tx1 |
        tr -d ' \n')" 'map(select(.body.hex | contains($mark))) | length')
    equal "rows of this poison" "$row" 1
    wait_until "$long" holds 16.07 report list --limit 1000 \
        "map(select(.key == \"$name-poison-1\")) | length == 1 and
            .[0].state == \"refused\" and .[0].refusal.code == \"crash\""
    equal "reports applied" "$(ask aggregator status | jq .cases)" "$cases"
}

make_province 16.07 16.03
cases=0
times=0
for mark in s a; do
    times=$((times + 1))
    name=poison-$mark
    with_poison "$name" "$mark" >"$work/poison.jsonl"
    submit 16.07 "$work/poison.jsonl"
    dies "$mark"
    launch aggregator
    dies "$mark"
    generate 16.03 5 "$name-meanwhile" >"$work/good.jsonl"
    submit 16.03 "$work/good.jsonl"
    start aggregator
    cases=$((cases + 15))
    passed "$name" "$times"
    say "a fold that ends with ${codes[$mark]} is passed after two deaths"
done

# A kill from outside is nobody's fault, however often.
for ((i = 0; i < 3; i++)); do
    crash aggregator
    start aggregator
done
stop aggregator
start aggregator
passed poison-a 2

state >"$work/before"
stop aggregator
rm -r "$work/aggregator/store/views"
start aggregator
wait_until "$long" live 16.07
settle
state >"$work/after"
diff "$work/before" "$work/after" || fail "the views differ when they are built anew"
passed poison-s 2
id=$(ask 16.07 report list --limit 1000 | jq -r 'select(.key == "poison-s-poison-1") | .id')
equal "refusals of one entry" "$(ask 16.07 report show "$id" | jq '.refusals | length')" 1
say "views built anew are the same"
stop_all
say done
