#!/usr/bin/env bash
# orders.sh - the samples of two nodes, as they stand and in another order, each through a new
# province: the same reports end together. And what an officer has split stays so: a later report of
# the same person and act is put before an officer, also after the views were built anew.
. "$(dirname "$0")/lib.bash"

regencies=(16.07 16.03)
seed=${KABAR_SEED:-$((RANDOM * 32768 + RANDOM))}
say "seed $seed"

# Every report of the samples with a key, so that it can be told in both provinces.
for regency in "${regencies[@]}"; do
    jq -nc --arg regency "$regency" '[inputs | select(.subjects)] | to_entries[]
        | .value + {key: (.value.key // "contoh-\($regency)-\(.key)")}' \
        "$samples/reports-$regency.jsonl" "$samples/seeds-$regency.jsonl" >"$work/$regency.reports"
done
shuffled() {
    python3 -c 'import random, sys; lines = sys.stdin.readlines()
random.Random(sys.argv[1]).shuffle(lines); sys.stdout.writelines(lines)' "$seed-$1"
}

# through_province FILE… - their reports, one file after the other.
through_province() {
    local file
    for file; do
        submit "${file:0:5}" "$work/$file"
        settle
    done
    groups >"$work/groups"
}
# as_before_all - the stores of all programs, which are stopped, are as they were in $work/new: each
# file itself, since a store in another one would be a restored one.
as_before_all() {
    local file
    (cd "$work" && find aggregator node-* -path '*/store/*' -type f) | while read -r file; do
        if [ -e "$work/new/$file" ]; then
            cat "$work/new/$file" >"$work/$file"
        else
            rm "$work/$file"
        fi
    done
}
groups() {
    wait_until "$long" applied
    ask aggregator journal dump | "$KABAR_SOURCE/tests/integration/recount.py" groups
}

make_province "${regencies[@]}"
stop_all
mkdir "$work/new"
cp -r "$work/aggregator" "$work"/node-* "$work/new"
start_all

say "as they stand in the samples"
through_province "${regencies[@]/%/.reports}"
recounted
mv "$work/groups" "$work/groups_first"
[ "$(jq -s 'map(select(length > 1)) | length' "$work/groups_first")" -gt 4 ] ||
    fail "hardly a report was put together with another"
stop_all
as_before_all
start_all

say "shuffled, a third of a node's reports at a time"
for regency in "${regencies[@]}"; do
    shuffled "$regency" <"$work/$regency.reports" >"$work/shuffled"
    split -n r/3 -d "$work/shuffled" "$work/$regency.part"
done
mapfile -t order < <(printf '%s\n' "${regencies[@]/%/.part00}" "${regencies[@]/%/.part01}" \
    "${regencies[@]/%/.part02}" | shuffled order)
through_province "${order[@]}"
recounted
diff "$work/groups_first" "$work/groups" >&2 || fail "another order, other cases (seed $seed)"

say "a split stays: the next report of the person and act goes to an officer"
of() {
    ask aggregator case show "$1" | jq -c "$2"
}
again() {
    jq -nc --arg key "$1" '{$key, regency: "16.07", channel: "bawaslu", form: "DS-06",
        occurred_on: "2024-10-02", description: "Laporan uji pisah.",
        subjects: [{name: "Orang Pisah", nip: "198203142006041012", unit: "Dinas Pisah",
        employment: "pns"}]}' | submit 16.07 -
    settle
    name=$(ask 16.07 report show "$1" | jq -r '"\(.incarnation)-\(.seq)"')
}
again pisah-1
case=$(of "$name-0" .short | jq -r .)
again pisah-2
equal "together" "$(of "$name-0" .short) $(of "$case" .reports)" "\"$case\" 2"
ask aggregator case split "$case" --as sri --report "$name:0" --reason 'akun lain' >/dev/null
apart=$(of "$name-0" .short | jq -r .)
again pisah-3
before_an_officer() {
    local asked
    asked=$(of "$name-0" .short | jq -r .)
    equal "reports of each" "$(for id in "$case" "$apart" "$asked"; do of "$id" .reports; done |
        tr '\n' ' ')" '1 1 1 '
    equal "not the same" "$(of "$case" .not_same)" "[\"$apart\"]"
    equal "candidates" "$(ask aggregator review list | jq -c --arg asked "$asked" \
        'select(.case == $asked) | [.candidates[].case] | sort')" \
        "$(jq -nc '$ARGS.positional | sort' --args "$case" "$apart")"
}
before_an_officer
recounted
groups >"$work/groups_split"
stop aggregator
rm -r "$work/aggregator/store/views"
start aggregator
groups | diff "$work/groups_split" - >&2 || fail "other cases from views built anew"
before_an_officer
