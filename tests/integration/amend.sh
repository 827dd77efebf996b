#!/usr/bin/env bash
# amend.sh - reports amended and withdrawn at their node, also offline: what is refused, what is
# answered again, what the province makes of it, where a case goes, and that a rebuild of the views
# says the same.
. "$(dirname "$0")/lib.bash"

make_province 16.07

# person KEY NAME NIP [FORM] - one report as JSON.
person() {
    jq -nc --arg key "$1" --arg name "$2" --arg nip "$3" --arg form "${4:-DS-06}" '{key: $key,
        regency: "16.07", channel: "bawaslu", $form, occurred_on: "2024-10-02",
        description: "Laporan uji ralat.", reporter: {name: "Pelapor Rahasia"},
        subjects: [{name: $name, nip: $nip, unit: "Dinas Uji", employment: "pns"}]}'
}

# amends KEY JSON [OPTION…] - its answer.
amends() {
    ask 16.07 report amend "$1" - "${@:3}" <<<"$2"
}

# refused WORDS COMMAND…
refused() {
    exits 65 "${@:2}"
    has "$1" "$work/err"
}

row() {
    ask 16.07 report list | jq -c "select(.key == \"$1\") | $2"
}

# of CASE JQ
of() {
    ask aggregator case show "$1" --reveal --as sri --reason pengujian | jq -c "$2"
}

budi=198203142006041012
siti=197005052000032002
for key in satu dua; do
    person "$key" 'Budi Hartono' $budi | submit 16.07 -
done
person tiga 'Siti Rahmawati' $siti | submit 16.07 -
person empat 'Abdul Gani' 199001012015011001 | submit 16.07 -
settle
case_budi=$(case_of 'Budi Hartono')
equal "reports" "$(of "$case_budi" '[.reports, .withdrawn, .version]')" '[2,0,2]'

say "what is no report of this node, or says nothing new, is refused"
wrong=$(person tiga 'Siti Rahmawati' $budi)
refused 'no such report' amends lima "$wrong"
refused 'no such report' ask 16.07 report withdraw lima --reason salah
refused 'nothing is changed' amends tiga "$(person tiga 'Siti Rahmawati' $siti)"
refused 'A3' amends tiga "$(person lain 'Siti Rahmawati' $budi)"
refused 'form' amends tiga "$(person tiga 'Siti Rahmawati' $budi DS-99)"
refused 'A4' amends tiga "$(jq -c '.subjects = [{name: "Orang Baru"}, .subjects[0]]' \
    <<<"$(person tiga 'Siti Rahmawati' $siti)")"
refused 'not one report' amends tiga '[1]'
refused 'a report is amended by a report' amends tiga '{"regency":"16.07",
    "zero":{"from":"2024-05-01","until":"2024-05-31","scope":"all"},"stated_name":"Dewi"}'
exits 64 ask 16.07 report withdraw tiga
refused 'reason' ask 16.07 report withdraw tiga --reason ' '
ask 16.07 report zero --from 2024-05-01 --until 2024-05-31 --scope all --name Dewi >"$work/zero"
refused 'zero report' ask 16.07 report withdraw \
    "$(jq -r '"\(.incarnation)-\(.seq)"' "$work/zero")" --reason salah

say "amended while the line is down, again the same answer"
settle
stop aggregator
right=$(person tiga 'Budi Hartono' $budi | jq -c 'del(.key, .reporter)')
amends tiga "$right" --reason 'salah orang' >"$work/first"
amends tiga "$right" >"$work/again"
cmp -s "$work/first" "$work/again" || fail "not the same answer: $(cat "$work/first" "$work/again")"
equal "entries that wait" "$(ask 16.07 status | jq .backlog)" 1
equal "list" "$(row tiga '[.amendments, .change.state]')" '[1,"waiting"]'
equal "shown" "$(ask 16.07 report show tiga | jq -c \
    '[.report.subjects[0].name, .first.subjects[0].name, .report.key]')" \
    '["Budi Hartono","Siti Rahmawati","tiga"]'
ask 16.07 report show tiga | jq -e '.report.sealed_reporter_bytes' >/dev/null ||
    fail "who reported is not sealed any more"
stop 16.07
start 16.07
equal "after a restart" "$(row tiga .amendments)" 1
start aggregator
settle

say "the report went where it belongs, and its first case with it"
equal "case" "$(of "$case_budi" '[.reports, (.report_list | map(.amendments // 0) | add)]')" '[3,1]'
equal "contents" "$(of "$case_budi" '.report_list[2].report.subjects[0].name')" '"Budi Hartono"'
equal "cases" "$(ask aggregator case list | jq -s 'map(select(.short)) | length')" 2
row tiga .change.state | grep -qE 'received|receipted' || fail "not arrived: $(row tiga .)"

say "withdrawn: shown, and not counted"
ask 16.07 report withdraw empat --reason 'pelapor mencabut' >"$work/first"
ask 16.07 report withdraw empat --reason 'pelapor mencabut' >"$work/again"
cmp -s "$work/first" "$work/again" || fail "not the same answer"
refused 'withdrawn already' ask 16.07 report withdraw empat --reason 'alasan lain'
refused 'is withdrawn' amends empat "$(person empat 'Abdul' $siti)"
settle
case_abdul=$(case_of 'Abdul Gani')
equal "state" "$(of "$case_abdul" '[.state, .reports, .withdrawn]')" '["withdrawn",1,1]'
equal "why" "$(of "$case_abdul" '.report_list[0] | [.withdrawn, .withdrawal.reason]')" \
    '[true,"pelapor mencabut"]'
ask aggregator case show "$case_abdul" | jq -e '.report_list[0].withdrawal.reason == "***"' \
    >/dev/null || fail "a reason is shown"
told() {
    holds 16.07 report status empat '.[0] | .withdrawn and .statuses[-1].state == "withdrawn"'
}
wait_until "$long" told
recounted
equal "counted" "$(ask aggregator stats | jq -c 'select(.group == "total") | .reported')" 1
october() {
    ask aggregator completeness --from 2024-10-01 --until 2024-10-31 |
        jq -c 'select(.regency == "16.07") | .received'
}
equal "reported for October" "$(october)" 1

say "a recommendation stands, whatever is withdrawn"
document=$(recommend "$case_budi")
approve "$document"
for key in satu dua tiga; do
    ask 16.07 report withdraw "$key" --reason dicabut >/dev/null
done
settle
equal "state" "$(of "$case_budi" '[.state, .reports, .withdrawn]')" '["recommended",3,3]'
equal "nothing is left of October" "$(october)" 0
equal "all of it counted" "$(ask aggregator status |
    jq -c '[.cases, .documents, .zero_reports, .refused, .contradictions]')" '[2,1,1,0,1]'

say "views made anew are the same"
province() {
    local name
    ask aggregator case list
    for name in $(ask aggregator case list | jq -r 'select(.short).short'); do
        ask aggregator case show "$name"
    done
    ask aggregator document list
    ask aggregator stats
    ask aggregator status | jq -c '[.cases, .documents, .zero_reports, .refused, .contradictions]'
}
province >"$work/before"
stop aggregator
rm -r "$work/aggregator/store/views"
start aggregator
settle
province >"$work/after"
diff "$work/before" "$work/after" >&2 || fail "the rebuilt views say something else"
recounted
check_lists
table=$(kabar -o table --socket "$(door_of 16.07)" report list)
[ "$(grep -c 'yes' <<<"$table")" -eq 4 ] || fail "the table does not say what is withdrawn: $table"
