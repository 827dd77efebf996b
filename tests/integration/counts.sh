#!/usr/bin/env bash
# counts.sh - who has reported for which period, what silence means, and how many cases there are:
# of every regency of the province, those without a node too; the same after the views are built
# anew. Persons are masked, in lists and in a case. With the argument "look", only that.
. "$(dirname "$0")/lib.bash"

if [ "${1:-}" = look ]; then
    make_province 16.07
else
    make_province 16.07 16.03
fi
submit 16.07 "$samples/zero-16.07.jsonl"
submit 16.07 "$samples/reports-16.07.jsonl"
settle

say "persons are masked in lists, and shown after an entry that says who looks and why"
listed() {
    ask aggregator case list --limit 1000 "$@"
}
looks() {
    ask aggregator journal dump | jq -sc '[.[] | select(.kind == "act").body.look.scope | values]'
}
name=$(jq -rs '.[0].subjects[0].name' "$samples/reports-16.07.jsonl")
for format in json table csv; do
    kabar -o "$format" --socket "$(door_of aggregator)" case list --limit 1000 >"$work/out"
    ! grep -qF -e "$name" -e 198203142006041007 "$work/out" || fail "a person in $format"
done
has '\*\*\*007' "$work/out"
kabar -o csv-bom --socket "$(door_of aggregator)" case list >"$work/out"
equal "a byte order mark for spreadsheets" "$(head -c 3 "$work/out" | od -An -tx1)" " ef bb bf"
jq -nc '{key: "rumus-1", regency: "16.07", channel: "own_finding", form: "DS-06",
    occurred_on: "2024-10-05", description: "Uraian.", subjects: [{name: "Rumus;=1+1",
    unit: " =2+2", position: "＝3+3", employment: "pns"}]}' | submit 16.07 -
settle
kabar -o csv --socket "$(door_of aggregator)" case list --reveal --as sri --reason uji \
    --limit 1000 >"$work/out"
has -F "\"Rumus;'=1+1\"" "$work/out"
has -F "' =2+2" "$work/out"
has -F "'＝3+3" "$work/out"
exits 64 listed --reveal
exits 64 listed --reveal --as sri --reason ' '
exits 77 listed --reveal --as siapa --reason 'ingin tahu'
! grep -qF "$name" "$work/out" || fail "shown to whom the ring does not know"
equal "looks before" "$(looks | jq -c 'unique')" '["case list limit=1000"]'
listed --form DS-06 --reveal --as sri --reason 'surat Bawaslu 12' >"$work/out"
has -F "$name" "$work/out"
looks | jq -e 'index("case list form=DS-06 limit=1000") != null' >/dev/null || fail "looked unseen"
ask aggregator journal dump | jq -se 'map(select(.kind == "act").body) |
    any(.[]; .officer == "sri" and .look.reason == "surat Bawaslu 12" and .entered_by != null)' \
    >/dev/null || fail "who looked, and why, is not in the journal"

say "so they are in a case, with what its reports say and what their files were called"
case=$(ask 16.07 report show bys-2024-0001 | jq -r '"\(.incarnation)-\(.seq)-0"')
jq -r '.key, .description, .url, (.subjects[] | .name, .nip, .nik, .account) | strings
    | select(length > 5)' "$samples/reports-16.07.jsonl" >"$work/persons"
[ "$(wc -l <"$work/persons")" -gt 60 ] || fail "hardly a text to look for"
for format in json table csv; do
    kabar -o "$format" --socket "$(door_of aggregator)" case show "$case" >"$work/out"
    ! grep -nF -f "$work/persons" "$work/out" >&2 || fail "a person in $format of case show"
done
ask aggregator case show "$case" | jq -e '.masked and .reports > 1 and .name != null
    and all(.report_list[].report; .description == "***" and .form == "DS-06"
        and (.subjects[0] | (.name | test("^.\\*{3}$")) and (.unit | length) > 3))' >/dev/null ||
    fail "not masked as it should be"
reveals() {
    ask aggregator case show "$case" --reveal "$@"
}
exits 64 reveals
exits 64 reveals --as sri --reason ' '
exits 77 reveals --as siapa --reason 'ingin tahu'
! grep -qF -f "$work/persons" "$work/out" || fail "shown to whom the ring does not know"
reveals --as sri --reason 'surat Bawaslu 13' >"$work/out"
jq -e --arg name "$name" '.masked == false and .name == $name and .nip != null
    and all(.report_list[].report; (.description | length) > 20)' "$work/out" >/dev/null ||
    fail "not shown"
ask aggregator journal dump | jq -se --arg case "$(jq -r .case "$work/out")" 'map(select(
    .kind == "act").body) | any(.[]; .officer == "sri" and .case == $case and
    .look == {scope: "case show", reason: "surat Bawaslu 13"})' >/dev/null ||
    fail "who looked at the case, and why, is not in the journal"

[ "${1:-}" != look ] || exit 0

complete() {
    ask aggregator completeness --from 2024-05-01 --until 2024-05-31 "$@"
}
cell() {
    complete | jq -c "select(.regency == \"$1\") | $2"
}

say "May 2024: one regency of seventeen reported, and said zero"
equal "rows" "$(complete | wc -l)" 18
equal "Banyuasin" "$(cell 16.07 '[.received, .silence, .zero_scope, .stated_by, .node]')" \
    '[1,"zero","all","Sulastri Wahab, S.IP.","connected"]'
equal "judged by arrival: it was entered long after" "$(cell 16.07 '[.on_time, .came_on_time]')" \
    '[0,0]'
equal "Muara Enim" "$(cell 16.03 '[.received, .silence, .node]')" \
    '[0,"not_reporting","connected"]'
equal "Palembang" "$(cell 16.71 '[.received, .silence, .node]')" '[0,"not_reporting","none"]'
equal "the province" \
    "$(cell 16 '[.expected, .received, .on_time, .reporting_rate, .on_time_rate]')" \
    '[17,1,0,5.88,0]'
contradicted=$(cell 16.07 .contradicted)
[ "$contradicted" -gt 0 ] || fail "the zero of May is not contradicted"
equal "a week of a month that was said to be zero" \
    "$(ask aggregator completeness --period week --from 2024-03-11 --until 2024-03-12 |
        jq -c 'select(.regency == "16.07") | [.period, .received, .due]')" \
    '["2024-W11",1,"2024-03-20"]'

say "zero claims: contradicted on their days, stale once there is something later"
claim() {
    ask aggregator completeness --claims |
        jq -c "select(.zero_from == \"$1\" and .zero_scope == \"$2\") | $3"
}
equal "claims" "$(ask aggregator completeness --claims | wc -l)" \
    "$(grep -c . "$samples/zero-16.07.jsonl")"
equal "May" "$(claim 2024-05-01 all '[.contradicted, .stale]')" "[$contradicted,true]"
claim 2024-05-01 all .contradicted_by | grep -qE '^"[0-9a-f]{32}-[0-9]+"$' || fail "no identity"
equal "March" "$(claim 2024-03-01 all '[.contradicted, .contradicted_by]')" '[0,null]'

say "a line that is down, and what waits behind it"
stop 16.03
down() {
    [ "$(cell 16.03 '[.silence, .node, .down_since_ms > 0]')" = \
        '["line_down","disconnected",true]' ]
}
wait_until "$long" down

say "numbers"
stats() {
    ask aggregator stats "$@"
}
equal "all" "$(stats | jq -c '[.group, .reported]')" \
    "[\"total\",$(ask aggregator status | jq .cases)]"
for by in form position class phase regency week; do
    stats --by "$by" | jq -se '(map(select(.group != "total").reported) | add) ==
        (.[-1] | select(.group == "total").reported)' >/dev/null || fail "by $by does not add up"
done
exits 65 ask aggregator stats --by warna
exits 65 ask aggregator completeness --period tahun
exits 65 ask aggregator completeness --scope semua
exits 65 ask aggregator completeness --from 2024-05-02 --until 2024-05-01

say "the same when the views are built anew"
for by in all form class phase regency week; do
    stats --by "$by"
done >"$work/before"
complete | jq -c 'del(.node, .down_since_ms, .backlog, .oldest_since_ms, .silence)' >>"$work/before"
stop aggregator
rm -r "$work/aggregator/store/views"
start aggregator
settled() {
    holds aggregator status 'all(.[]; .journal.lag == 0)'
}
wait_until "$long" settled
for by in all form class phase regency week; do
    stats --by "$by"
done >"$work/after"
complete | jq -c 'del(.node, .down_since_ms, .backlog, .oldest_since_ms, .silence)' >>"$work/after"
cmp "$work/before" "$work/after" || fail "other numbers from views built anew"
