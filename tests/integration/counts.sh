#!/usr/bin/env bash
# counts.sh - who has reported for which period, what silence means, and how many cases there are:
# of every regency of the province, those without a node too; the same after the views are built
# anew, and the same as an independent count of the journal.
. "$(dirname "$0")/lib.bash"

make_province 16.07 16.03
submit 16.07 "$samples/zero-16.07.jsonl"
submit 16.07 "$samples/reports-16.07.jsonl"
settle

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
