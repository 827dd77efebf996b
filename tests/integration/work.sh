#!/usr/bin/env bash
# work.sh - work on a case at the aggregator's door: assigned, kept from an officer, led to another
# authority, moved step by step; what is forbidden names its rule, changes nothing, and stands in
# the journal.
. "$(dirname "$0")/lib.bash"

make_province 16.07

person() {
    jq -nc --arg key "$1" --arg form "$2" --arg on "$3" '{key: $key, regency: "16.07",
        channel: "bawaslu", $form, occurred_on: $on, description: "Laporan uji kerja.",
        subjects: [{name: "Orang Kerja", nip: "198203142006041012", unit: "Dinas Uji",
        position: "Pj. Bupati", employment: "pns"}]}' | submit 16.07 -
}

person kerja-1 DS-06 2024-10-02
person kerja-2 KE-04 2024-08-02
settle
first=$(ask aggregator case list --form DS-06 | jq -r 'select(.short).short')
second=$(ask aggregator case list --form KE-04 | jq -r 'select(.short).short')

shown() {
    ask aggregator case show "$first" | jq -c "$1"
}

# forbidden RULE COMMAND… - refused with this rule, the case as it was, one refusal more.
forbidden() {
    local rule=$1 before after
    shift
    before=$(shown '[.version, .state, .assigned, .authority]')
    exits 65 ask aggregator "$@"
    has "$rule:" "$work/err"
    after=$(shown '[.version, .state, .assigned, .authority]')
    equal "the case after $*" "$after" "$before"
    refusals=$((refusals + 1))
    equal "refused" "$(ask aggregator status | jq .refused)" "$refusals"
}
refusals=$(ask aggregator status | jq .refused)

say "both cases of one person are shown, and what is due"
equal "other cases" "$(shown '[.other_cases[] | [.short, .form]]')" "[[\"$second\",\"KE-04\"]]"
equal "due" "$(shown '[.due[] | [.code, .unit]]')" '[["STUDY","working"]]'
equal "its basis" "$(shown '[.due[] | .left <= 3 and (.legal_basis | length) > 0
    and (.source | length) > 0]')" '[true]'
equal "severity" "$(shown '.verdict.severity')" '"berat"'
equal "severity before" \
    "$(ask aggregator case show "$second" | jq -c '.verdict | [.severity, .determination]')" \
    '["moral","before_determination"]'

say "steps and their rules"
forbidden R6 case advance "$first" --as budi --to clarification
forbidden R4 case advance "$first" --as budi --to decided --reason x
forbidden R3 case advance "$first" --as budi --to appealed --reason x
forbidden R8 case advance "$first" --as budi --to rejected
ask aggregator case assign "$first" --as sri --to budi --reason 'giliran' >/dev/null
equal "assigned" "$(shown .assigned)" '"budi"'
forbidden R7 case advance "$first" --as sri --to clarification
exits 75 ask aggregator case advance "$first" --as budi --to verification --seen 1
refusals=$((refusals + 1))
ask aggregator case advance "$first" --as budi --to verification >/dev/null
equal "state" "$(shown .state)" '"verification"'
equal "due" "$(shown '[.due[] | [.code, .unit]]')" '[["VERIFY","calendar"]]'

say "the accused does not decide, nor does whom the case is kept from"
recommended() {
    officer "$1" recommend "$first" --authority "$2" --sanction BER-BEBAS --text 'Terbukti.' \
        --respond-by "$(date -u -d '+30 days' +%F)"
}
exits 65 recommended sri 'Bupati Banyuasin'
has 'R11:' "$work/kabar.log"
refusals=$((refusals + 1)) # a draft that a rule forbids is an attempt, and in the journal
forbidden R11 case assign "$first" --as sri --authority 'Bupati Banyuasin'
ask aggregator case assign "$first" --as sri --authority 'Gubernur Uji' --to sri --bar budi \
    >/dev/null
exits 65 recommended sri 'Menteri Uji'
has 'R12:' "$work/kabar.log"
exits 65 recommended budi 'Gubernur Uji'
has 'R10:' "$work/kabar.log"
refusals=$((refusals + 2))
forbidden R10 case advance "$first" --as budi --to clarification
recommended sri 'Gubernur Uji' | jq -e .id >/dev/null || fail "no recommendation"

say "a split is remembered, a merge leads on, and each rule has its name"
person kerja-3 DS-06 2024-10-02
settle
refusals=$(ask aggregator status | jq .refused)
second_report=$(shown '.report_list[1]' | jq -r '"\(.incarnation)-\(.seq):\(.subject)"')
forbidden M1 case split "$first" --as sri --report "$second_report" --reason ' '
forbidden M6 case split "$first" --as sri --report "${second_report/:*/:7}" --reason x
forbidden M5 case merge "$first" "$second" --as sri --reason 'orang yang sama'
ask aggregator case split "$first" --as sri --report "$second_report" --reason 'akun lain' \
    >/dev/null
third=$(shown '.not_same[0]' | jq -r .)
equal "reports left" "$(shown .reports)" 1
equal "reports taken" "$(ask aggregator case show "$third" | jq .reports)" 1
exits 75 ask aggregator case merge "$first" "$third" --as sri --reason x --seen 1
refusals=$((refusals + 1))
person kerja-4 DS-06 2024-10-02
settle
asked=$(ask aggregator review list | jq -r 'select(.case).case')
equal "candidates" "$(ask aggregator review list | jq -c 'select(.case) |
    [.candidates[].case] | sort')" "$(jq -nc '$ARGS.positional | sort' --args "$first" "$third")"
equal "each is explained" "$(ask aggregator review list | jq -c 'select(.case) |
    [.candidates[].judged | .verdict != null and .rule != null and
     ((([.fields[].share // 0] | add) * 1000 + 0.5 | floor) ==
         (.score * 1000 + 0.5 | floor))] | unique')" \
    '[true]'
equal "why its report is there" "$(ask aggregator case show "$asked" |
    jq -c '.report_list[0].fields | length > 5 and all(.field != null and .found != null)')" true
ask aggregator review part "$asked" "$third" --as sri --reason 'akun lain' >/dev/null
equal "candidates left" "$(ask aggregator review list | jq -c 'select(.case) |
    [.candidates[].case]')" "[\"$first\"]"
ask aggregator review same "$asked" "$first" --as sri --reason 'akun yang sama' >/dev/null
equal "nothing left" "$(ask aggregator review list | jq -c 'select(.case)')" ''
equal "its name leads on" "$(ask aggregator case show "$asked" | jq -r .short)" "$first"
equal "what went up" "$(shown .merged)" "[\"$asked\"]"
equal "not the same" "$(shown .not_same)" "[\"$third\"]"
ask aggregator case list | jq -se --arg asked "$asked" 'all(.[]; .short != $asked)' >/dev/null ||
    fail "a case that went up is listed"

say "a reroute is told to the node that filed, by its code alone"
ask aggregator case advance "$second" --as sri --to rerouted --code not_asn \
    --reason 'Orang Kerja adalah kades' >/dev/null
told() {
    ask 16.07 report show kerja-2 | jq -se '[.. | strings] |
        any(.[]; . == "the case is rerouted: not_asn") and all(.[]; contains("kades") | not)' \
        >/dev/null
}
wait_until "$long" told
ask aggregator journal dump | jq -se 'map(select(.kind == "act")) | length > 8' >/dev/null ||
    fail "the attempts are not in the journal"

say "what was decided of a person before is shown with the other cases"
person kerja-5 DS-08 2024-10-20
settle
fifth=$(ask aggregator case list --form DS-08 | jq -r 'select(.short).short')
printf 'SK Bupati Uji\n' >"$work/sk.txt"
before() {
    ask aggregator case show "$first" | jq -c --arg short "$fifth" '.other_cases[]
        | select(.short == $short) | [.occurred_on, (.decisions[]
        | [.id, .sanction, .number, .date])]'
}
equal "nothing yet" "$(before)" '["2024-10-20"]'
decree=$(officer sri decide "$fifth" --authority 'Gubernur Uji' --sanction BER-BEBAS \
    --number 'SK/7/2024' --date 2024-11-18 --scan "$work/sk.txt" --text 'Terbukti.' | jq -r .id)
equal "one signature" "$(before)" '["2024-10-20"]'
approve "$decree"
equal "decided" "$(before)" \
    "[\"2024-10-20\",[\"$decree\",\"BER-BEBAS\",\"SK/7/2024\",\"2024-11-18\"]]"

say "an officer who has the name of the accused works on no such case"
jq -nc '{key: "kerja-6", regency: "16.07", channel: "citizen", form: "DS-06",
    occurred_on: "2024-10-05", description: "Laporan uji kerja.",
    subjects: [{name: "Hj. Budi UJI, S.H.", unit: "BKD Uji", employment: "pns"}]}' | submit 16.07 -
settle
refusals=$(ask aggregator status | jq .refused)
first=$(case_of 'Hj. Budi UJI, S.H.')
forbidden R14 case advance "$first" --as budi --to not_registered --reason 'salah orang'
forbidden R14 case assign "$first" --as sri --to budi
equal "both attempts are in the journal" "$(ask aggregator journal dump |
    jq -sc 'map(select(.kind == "act")) | .[-2:] | map(.body.officer)')" '["budi","sri"]'
recounted
