#!/usr/bin/env bash
# seeds.sh - what the five articles state goes through end to end: each of the samples seeds-*.jsonl
# has the severity, side of the determination, class and authority that seeds.txt names; SX forms
# are referred; employees of another province are rerouted; Banyuasin's zero of May is contradicted
# and stale. Then random reports, amendments, withdrawals, acts and a decision carried out: an
# independent count of the journal (recount.py) says what `kabar stats` says, also of views built
# anew.
. "$(dirname "$0")/lib.bash"

command -v python3 >/dev/null || skip "no python3"
here=$(dirname "$0")
seed=${KABAR_SEED:-$((RANDOM * 32768 + RANDOM))}
say "seed $seed"

say "the samples: at least 120 reports, and every row of seeds.txt among them"
cat "$samples"/reports-*.jsonl "$samples"/seeds-*.jsonl >"$work/samples"
count=$(jq -s 'map(select(.form and .subjects)) | length' "$work/samples")
[ "$count" -ge 120 ] || fail "only $count samples"
jq -r '.key // empty' "$work/samples" | sort >"$work/sample_keys"
equal "rows that no sample shows" "$(grep -v '^#' "$here/seeds.txt" | cut -d ' ' -f 1 | sort |
    comm -23 - "$work/sample_keys")" ''
make_province 16.07 16.03 16.05 16.11
submit 16.07 "$samples/zero-16.07.jsonl"
for regency in "${nodes[@]}"; do
    submit "$regency" "$samples/seeds-$regency.jsonl"
done
settle
revealed >"$work/cases"
equal "one case a seed" "$(wc -l <"$work/cases")" "$(grep -c '^benih' "$here/seeds.txt")"
declare -A short=() # of a case, by the key of its report
while read -r key id; do
    short[$key]=$id
done < <(jq -rn --slurpfile cases "$work/cases" '($cases | map(select(.name) |
    {key: .name, value: .short}) | from_entries) as $short
    | inputs | select(.key) | .key + " " + $short[.subjects[0].name]' "$samples"/seeds-*.jsonl)

ppk='PPK: bupati or wali kota for regency staff, governor for provincial staff'
declare -A authority=([pns]=$ppk [pppk]=$ppk
    [honorer]='Head of the employing agency under the work agreement'
    [kades]='Bupati or wali kota' [village_staff]='Kepala desa after consulting the camat')
show() {
    ask aggregator case show "${short[$1]}"
}

say "severity, phase, class, authority and referral of each"
while read -r key form severity side class; do
    [ "${key:0:1}" != '#' ] || continue
    referred=false asn=false
    [ "${form%-*}" != SX ] || referred=true
    [[ $class != p* ]] || asn=true
    echo "$key $form $severity ${side}_determination $class $referred $asn ${authority[$class]}"
done <"$here/seeds.txt" >"$work/wanted"
while read -r key _; do
    [ "${key:0:1}" = '#' ] || show "$key" | sed "s/^/{\"key\":\"$key\"}/"
done <"$here/seeds.txt" | jq -rs '. as $all | range(0; length; 2) | $all[.].key as $key
    | $all[. + 1].verdict | [$key, .form, .severity, .determination, .class,
        (.referred, .asn | tostring), .authority] | join(" ")' >"$work/found"
diff "$work/wanted" "$work/found" >&2 || fail "a seed is judged otherwise"
show benih-002-05 | jq -e '[.verdict.sanctions | .. | strings] | index("PTDH")' >/dev/null ||
    fail "a party officer is not to be dismissed"
show benih-002-06 | jq -e '[.verdict.sanctions | .. | strings] | index("PPPK-PTDH")' >/dev/null ||
    fail "a P3K in a party is not to be dismissed"
exits 65 officer sri recommend "${short[benih-001-06]}" --authority 'Bupati Uji' \
    --sanction BER-BEBAS --respond-by "$(date -u -d '+30 days' +%F)" --text 'Bukan di sini.'

say "Bengkulu Selatan: rerouted, and the node that filed is told the code of the province"
for key in benih-004-{04,05,06,10,11,12}; do
    equal "$key" "$(show "$key" | jq -r '[.state, .regency] | join(" ")')" 'rerouted 17.01'
done
told() {
    ask 16.11 report show benih-004-10 |
        jq -se '[.. | strings] | any(.[]; contains("17.01") and contains("another province"))' \
            >/dev/null
}
wait_until "$long" told

say "an employee of another province by two routes: one case, and both nodes told, either way"
routed() {
    jq -nc --arg key "$1" --arg regency "$2" --arg name "$3" --arg nip "$4" '{key: $key,
        regency: $regency, form: "DS-06", channel: "citizen", occurred_on: "2024-10-08",
        known_on: "2024-10-09", description: "Dua jalan.", subjects: [{name: $name, nip: $nip,
        employment: "pns", unit: "Dinas Dua Jalan", regency: "17.01"}]}' | submit "$2" -
    settle
}
routed jalan-1 16.11 'Wibowo Satujalan' 197808152005011003
routed jalan-2 16.03 'Wibowo Satujalan' 197808152005011003
routed jalan-3 16.03 'Yulianto Duajalan' 198102192006041009
routed jalan-4 16.11 'Yulianto Duajalan' 198102192006041009
for name in 'Wibowo Satujalan' 'Yulianto Duajalan'; do
    equal "$name" "$(revealed | jq -sc --arg name "$name" 'map(select(.name == $name)) |
        map([.state, .regency, .reports])')" '[["rerouted","17.01",2]]'
done
both_told() {
    local way
    for way in 16.11/jalan-1 16.03/jalan-2 16.03/jalan-3 16.11/jalan-4; do
        ask "${way%/*}" report show "${way#*/}" | jq -se '[.. | strings] |
            any(.[]; contains("17.01") and contains("another province"))' >/dev/null || return 1
    done
}
wait_until "$long" both_told

say "Banyuasin's zero of May: contradicted by acts of May, stale by those of September"
ask aggregator completeness --claims | jq -c 'select(.regency == "16.07" and
    .zero_from == "2024-05-01")' >"$work/claim"
equal "the claim" "$(jq -c '[.contradicted, .contradicted_on, .stale]' "$work/claim")" \
    '[3,"2024-05-14",true]'
first=$(ask 16.07 report show benih-000-09 | jq -r '"\(.incarnation)-\(.seq)"')
second=$(ask 16.07 report show benih-000-18 | jq -r '"\(.incarnation)-\(.seq)"')
by=$(jq -r .contradicted_by "$work/claim")
[ "$by" = "$first" ] || [ "$by" = "$second" ] || fail "contradicted by $by"
september() {
    ask aggregator completeness --from 2024-09-01 --until 2024-09-30 |
        jq -c "select(.regency == \"$1\") | $2"
}
equal "September" "$(september 16.07 '[.received, .silence, .partly_zero]')" '[1,null,true]'
equal "Empat Lawang in May" "$(ask aggregator completeness --from 2024-05-01 --until 2024-05-31 |
    jq -c 'select(.regency == "16.11") | [.silence, .contradicted]')" '["zero",0]'

say "the day of the determination is the first of the days after it"
for day in 21 22 23; do
    jq -nc --arg day "2024-09-$day" '{key: "batas-\($day)", regency: "16.05", form: "DS-06",
        channel: "citizen", occurred_on: $day, known_on: $day, description: "Batas.",
        subjects: [{name: "Batas \($day)", employment: "pns", unit: "Dinas \($day)"}]}'
done | submit 16.05 -
settle
revealed | jq -r 'select(.name | strings | startswith("Batas")) | .name + " " + .short' |
    while read -r _ day id; do
        echo "$day $(ask aggregator case show "$id" |
            jq -r '.verdict | [.form, .severity, .determination] | join(" ")')"
    done | sort >"$work/found"
equal "either side" "$(cat "$work/found")" '2024-09-21 KE-04 moral before_determination
2024-09-22 DS-06 berat after_determination
2024-09-23 DS-06 berat after_determination'

say "random reports; some cases go on to a decision, carried out or not, some are not proven"
random_reports() {
    python3 - "$1" "$2" <<'PYTHON'
import json, random, sys
regency, seed = sys.argv[1], sys.argv[2]
dice = random.Random(seed + regency)
forms = ["KE-04", "DS-06", "DS-04", "DS-12", "SX-01", "PP-01", "KE-01", "DS-08"]
posts = ["Camat Uji", "Lurah  Uji", "KEPALA Dinas Uji", "guru kelas", "Staf", "", None]
people = [("Acak %s %s" % (regency.replace(".", " "), "".join(dice.choices("abcdefghij", k=8))),
           "19%02d%02d%02d20%02d%02d%d%03d" % (dice.randint(65, 95), dice.randint(1, 12),
               dice.randint(1, 28), dice.randint(10, 21), dice.choice([3, 7, 21]),
               dice.randint(1, 2), dice.randint(1, 99))) for _ in range(25)]
for i in range(60):
    subjects = []
    for name, nip in dice.sample(people, dice.randint(1, 3)):
        subject = {"name": name, "unit": "Dinas Acak", "nip": dice.choice([nip, nip, None]),
                   "employment": dice.choice(["pns", "pppk", "unknown", "honorer", None]),
                   "position": dice.choice(posts), "regency": dice.choice([None, None, "16.03"])}
        subjects.append({k: v for k, v in subject.items() if v is not None})
    day = "2024-%02d-%02d" % (dice.randint(1, 11), dice.randint(1, 28))
    print(json.dumps({"key": "acak-%d" % dice.randint(1, 50), "regency": regency, "form":
        dice.choice(forms), "channel": "citizen", "occurred_on": day, "known_on": day,
        "description": "Laporan acak.", "subjects": subjects}))
PYTHON
}
# One line each: a key, and an empty object (withdrawn) or what the report says now.
random_changes() {
    python3 - "$1" "$2" <<'PYTHON'
import json, random, sys
dice = random.Random(sys.argv[2])
reports = {}
for line in open(sys.argv[1], encoding="utf-8"):
    report = json.loads(line)
    reports.setdefault(report["key"], report)
for key in dice.sample(sorted(reports), 16):
    report = reports[key]
    if dice.random() < 0.4:
        report = {}
    elif dice.random() < 0.4:
        report["form"] = dice.choice(["KE-04", "DS-06", "DS-12"])
    elif dice.random() < 0.5:
        report["subjects"].append({"name": "Orang %d Ralat" % dice.randint(1, 9), "unit": "Dinas"})
    else:
        report["subjects"][0].update(position=dice.choice(["Camat Ralat", "Guru"]), regency="16.05")
    print(key + " " + json.dumps(report))
PYTHON
}
for regency in 16.07 16.05; do
    random_reports "$regency" "$seed" >"$work/random"
    ask "$regency" report submit "$work/random" >"$work/answers" 2>>"$work/kabar.log" || true
    jq -se 'map(select(.accepted)) | length > 20' "$work/answers" >/dev/null ||
        fail "hardly a random report was taken"
    settle
    random_changes "$work/random" "$seed" | while read -r key report; do
        if [ "$report" = '{}' ]; then
            ask "$regency" report withdraw "$key" --reason acak
        else
            ask "$regency" report amend "$key" - <<<"$report"
        fi || true
    done >"$work/answers" 2>>"$work/kabar.log"
    [ "$(wc -l <"$work/answers")" -gt 8 ] || fail "hardly a random change was taken"
done
settle
to_decision() {
    local document
    document=$(officer sri recommend "$1" --authority 'Bupati Uji' --sanction BER-BEBAS \
        --respond-by "$(date -u -d '+30 days' +%F)" --text 'Terbukti.' | jq -r .id)
    approve "$document"
    decision=$(decide "$1")
    approve "$decision"
}
to_decision "${short[benih-000-01]}"
wait_until "$long" holds 16.07 inbox list "any(.id == \"$decision\" and .state == \"verified\")"
ask 16.07 inbox show "$decision" --name 'Rahma' >/dev/null
ask 16.07 inbox acknowledge "$decision" --name 'Rahma' >/dev/null
ask 16.07 inbox executed "$decision" --name 'Rahma' >/dev/null
closed=${short[benih-000-04]}
to_decision "$closed"
ask aggregator case advance "$closed" --as sri --to closed --reason selesai >/dev/null
officer sri recommend "${short[benih-000-07]}" --authority 'Bupati Uji' --sanction BER-BEBAS \
    --respond-by "$(date -u -d '+30 days' +%F)" --text 'Terbukti.' | jq -r .id >"$work/id"
approve "$(cat "$work/id")"
for key in benih-003-02 benih-003-04; do
    ask aggregator case assign "${short[$key]}" --as sri --to budi >/dev/null
    ask aggregator case advance "${short[$key]}" --as budi --to clarification >/dev/null
    ask aggregator case advance "${short[$key]}" --as budi --to not_proven --reason kurang \
        >/dev/null
done
settle

# views - what officers see of all cases, claims and reviews; nobody's connection is in it.
views() {
    ask aggregator case list --limit 1000
    ask aggregator completeness --claims
    jq -r .short "$work/cases" | while read -r id; do
        ask aggregator case show "$id"
    done
}

say "stats are what the journal says"
recounted
cp "$work/counts" "$work/before"
views >"$work/views_before"
[ "$(wc -l <"$work/views_before")" -gt 120 ] || fail "hardly a case to compare"
equal "the funnel" "$(head -n 1 "$work/before" | jq -c '[.proven, .decided, .executed]')" \
    '[3,2,1]'
stop aggregator
rm -r "$work/aggregator/store/views"
start aggregator
settle
recounted
views >"$work/views_after"
cmp "$work/views_before" "$work/views_after" || fail "other cases from views built anew"
cmp "$work/before" "$work/counts" || fail "other numbers from views built anew"
