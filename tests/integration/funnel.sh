#!/usr/bin/env bash
# funnel.sh - 489 reported, 278 proven, as the articles have it: generated reports through a node,
# cases advanced by officers' commands; `kabar stats` says so, and so does an independent count of
# the journal.
. "$(dirname "$0")/lib.bash"

reported=489 proven=278 decided=93 executed=5 not_proven=60

make_province 16.07
say "$reported reports, one person each"
awk -v count=$reported 'BEGIN {
    split("Adi Bima Citra Dewa Eka Fajar Gita Hadi Indra Jaya Kurnia Laras Mega Nanda Oka Putra " \
        "Rina Sari Tama Umar Vina Wira Yuda", name, " ")
    for (i = 0; i < count; i++) {
        printf "{\"key\":\"corong-%d\",\"regency\":\"16.07\",\"channel\":\"referral\",", i
        printf "\"form\":\"%s\",\"occurred_on\":\"2024-10-%02d\",", i % 3 ? "DS-06" : "DS-01",
            i % 28 + 1
        printf "\"description\":\"Laporan %d.\",\"subjects\":[{\"employment\":\"pns\",", i
        printf "\"name\":\"%s %s\",\"unit\":\"Dinas %d\",", name[i % 23 + 1],
            name[int(i / 23) + 1], i
        printf "\"nip\":\"19%02d%02d%02d20%02d03%d%03d\"}]}\n", 65 + i % 30, i % 12 + 1,
            i % 27 + 1, 8 + i % 9, i % 2 + 1, i * 7 % 997 + 1
    }
}' | submit 16.07 -
settle
ask aggregator case list --limit 1000 | jq -r 'select(.short).short' | sort >"$work/cases"
equal "cases" "$(wc -l <"$work/cases")" "$reported"

say "$proven recommended, $decided of them decided, $not_proven not proven"
head -n "$proven" "$work/cases" | jq -Rc --arg by "$(date -u -d '+30 days' +%F)" '["document draft",
    {case: ., type: "recommendation", authority: "Bupati Uji", sanction: "BER-BEBAS",
     respond_by: $by, text: "Terbukti."}]' >"$work/acts"
head -n "$decided" "$work/cases" | jq -Rc --arg scan "$(printf %064d 1)" '["document draft",
    {case: ., type: "decision", authority: "Bupati Uji", sanction: "BER-BEBAS", $scan,
     number: "800/\(.)/2024", date: "2024-11-20", text: "Pembebasan."}]' >>"$work/acts"
tail -n "$not_proven" "$work/cases" | jq -Rc '["case assign", {case: ., as: "sri", to: "budi"}],
    ["case advance", {case: ., as: "budi", to: "clarification"}],
    ["case advance", {case: ., as: "budi", to: "not_proven", reason: "kurang bukti"}]' \
    >>"$work/acts"
"$(dirname "$0")/officers.py" "$(door_of aggregator)" "$KABAR_TOOLS/sign" "$passphrase" \
    "$work/sri.key" "$work/budi.key" <"$work/acts" >"$work/answers" || fail "an act was refused"
all_here() {
    [ "$(all_rows 16.07 inbox | jq -s 'map(select(.state == "verified")) | length')" -eq \
        $((proven + decided)) ]
}
wait_until "$long" all_here
all_rows 16.07 inbox | jq -r 'select(.type == "decision").id' | head -n "$executed" >"$work/decrees"
while read -r id; do
    ask 16.07 inbox acknowledge "$id" --name 'Rahma' >/dev/null
    ask 16.07 inbox executed "$id" --name 'Rahma' >/dev/null
done <"$work/decrees"
settle

say "the funnel"
equal "stats" "$(ask aggregator stats | jq -c 'select(.group == "total")
    | [.reported, .proven, .decided, .executed]')" "[$reported,$proven,$decided,$executed]"
recounted
