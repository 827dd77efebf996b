#!/usr/bin/env bash
# letters.sh - advisories to all and to some with their read receipts, questions and answers, a
# document replaced, a proposal withdrawn, one that expires, a decision executed: with the rules
# that refuse, and at both ends. With the argument "expired", only what has.
. "$(dirname "$0")/lib.bash"

if [ "${1:-}" = expired ]; then
    make_province 16.07
else
    make_province 16.07 16.03
fi

later=$(date -u -d '+30 days' +%F)

in_inbox() { # REGENCY ID STATE
    holds "$1" inbox list "any(.id == \"$2\" and .state == \"$3\")"
}
shown() { # ID JQ
    ask aggregator document show "$1" | jq -c "$2"
}
# forbidden RULE PROGRAM COMMAND… - refused with this rule
forbidden() {
    local rule=$1
    shift
    exits 65 ask "$@"
    has "$rule:" "$work/err"
}

say "what has expired is shown and no more"
# field TAG NUMBER - as it stands in a document, zigzag.
field() {
    local n=$((2 * $2)) out=$1
    while [ "$n" -gt 127 ]; do
        out+=$(printf '%02x' $((n % 128 + 128)))
        n=$((n / 128))
    done
    printf '%s%02x' "$out" "$n"
}
drafted=$(jq -nc --arg day "$later" '{id: 1, command: "document draft", args: {type: "advisory",
    addressee: "16.07", text: "Hanya sebentar.", expires: $day}}' | raw aggregator "$(cat)" |
    jq -r .result.document)
until=$(($(date -u -d "$later" +%s) * 1000 + 17 * 3600000))
[[ $drafted == *"$(field a801 "$until")"* ]] || fail "the expiry is not the day's end in WIB"
propose() { # HEX - signed by sri; prints the id
    raw aggregator "$(jq -nc --arg document "$1" \
        --arg signature "$("$KABAR_TOOLS/sign" "$work/sri.key" "$passphrase" "$1")" '{id: 1,
        command: "document propose", args: {$document, officer: "sri", $signature}}')" |
        jq -r .result.id
}
# A slow machine may take longer to sign than it was to hold.
for seconds in 3 12 45; do
    end=$(field a801 $((($(date +%s) + seconds) * 1000)))
    short=$(propose "${drafted/"$(field a801 "$until")"/"$end"}")
    [ "$short" = null ] || break
done
wait_until "$long" in_inbox 16.07 "$short" verified
wait_until "$long" holds 16.07 inbox list "any(.id == \"$short\" and .expired)"
forbidden D2 16.07 inbox acknowledge "$short" --name 'Dewi Uji'
ask 16.07 inbox show "$short" --name 'Dewi Uji' >/dev/null
equal "expired" "$(shown "$short" .expired)" true

[ "${1:-}" != expired ] || exit 0

jq -nc '{key: "surat-1", regency: "16.07", channel: "bawaslu", form: "DS-06",
    occurred_on: "2024-10-02", description: "Laporan uji surat.", subjects: [{name: "Orang Surat",
    nip: "198203142006041012", unit: "Dinas Uji", employment: "pns", regency: "16.03"}]}' |
    submit 16.07 -
settle
case=$(case_of 'Orang Surat')

say "an advisory to all: every node, and one that is enrolled later"
all=$(officer sri advisory send --to all --text 'Tetap netral.' --expires "$later" | jq -r .id)
equal "addressee" "$(shown "$all" .addressee)" '"16"'
for name in 16.07 16.03; do
    wait_until "$long" in_inbox "$name" "$all" verified
done
make_node 16.05
enrol 16.05
nodes+=(16.05)
start 16.05
wait_until "$long" in_inbox 16.05 "$all" verified
ask 16.07 inbox show "$all" --name 'Dewi Uji' | jq -e '.expired == false' >/dev/null
ask 16.07 inbox acknowledge "$all" --name 'Dewi Uji' >/dev/null
ask 16.03 inbox show "$all" --name 'Rudi Uji' >/dev/null
receipts() {
    holds aggregator advisory show "$all" '.[0] | .not_received == [] and .not_read == ["16.05"]
        and (.not_acknowledged | sort) == ["16.03", "16.05"]
        and (.receipts | map(select(.regency == "16.07"))[0].acknowledged[0].person == "Dewi Uji")'
}
wait_until "$long" receipts
forbidden D7 16.07 inbox executed "$all" --name 'Dewi Uji'
forbidden D9 16.07 inbox answer "$all" --name 'Dewi Uji' --text ya

say "an advisory to some: a document each, or none when one code is wrong"
before=$(ask aggregator document list | jq -s length)
exits 65 officer sri advisory send --to 16.07,17.01 --text 'Tetap netral.'
equal "documents" "$(ask aggregator document list | jq -s length)" "$before"
some=$(officer sri advisory send --to 16.07,16.03 --text 'Libur.' | jq -r .id)
equal "documents" "$(wc -w <<<"$some")" 2
wait_until "$long" in_inbox 16.07 "$(sed -n 1p <<<"$some")" verified
wait_until "$long" in_inbox 16.03 "$(sed -n 2p <<<"$some")" verified
! in_inbox 16.05 "$(sed -n 1p <<<"$some")" verified || fail "16.05 has what is not for it"

say "a question about the case, and two answers"
asked=$(officer sri question ask "$case" --text 'Apakah cuti?' --respond-by "$later" | jq -r .id)
wait_until "$long" in_inbox 16.03 "$asked" verified
exits 64 ask 16.03 inbox answer "$asked" --name 'Rudi Uji'
ask 16.03 inbox answer "$asked" --name 'Rudi Uji' --text 'Ya, cuti.' >/dev/null
ask 16.03 inbox answer "$asked" --name 'Rudi Uji' --text 'Ya, cuti.' | jq -e .already >/dev/null ||
    fail "the same answer twice"
echo 'Bukan, tidak cuti.' >"$work/answer"
ask 16.03 inbox answer "$asked" --name 'Rudi Uji' --file "$work/answer" |
    jq -e '.state == "acknowledged" and .overdue == false' >/dev/null || fail "the second answer"
settle 16.03
equal "answers" "$(shown "$asked" '[.answers[] | .text]')" '["Ya, cuti.","Bukan, tidak cuti."]'
equal "in the case" "$(ask aggregator case show "$case" | jq -c \
    '[.state, (.documents[] | [.type, (.answers | length), .overdue])]')" \
    '["received",["question",2,false]]'

say "a proposal is withdrawn, an issued document is not"
wrong=$(recommend "$case")
forbidden D6 aggregator document withdraw "$wrong" --as budi --reason ' '
ask aggregator document withdraw "$wrong" --as budi --reason keliru >/dev/null
equal "withdrawn" "$(shown "$wrong" '[.state, .withdrawn_by, .withdrawn_why]')" \
    '["withdrawn","budi","keliru"]'
exits 65 officer budi approve "$wrong"
has 'D1:' "$work/kabar.log"
forbidden D1 aggregator document withdraw "$all" --as sri --reason keliru

say "a decision is replaced: the old one takes no more, the new one is executed"
old=$(decide "$case")
approve "$old"
wait_until "$long" in_inbox 16.03 "$old" verified
new=$(officer sri supersede "$old" --text 'Perbaikan keputusan.' | jq -r .id)
approve "$new"
wait_until "$long" in_inbox 16.03 "$old" replaced
ask 16.03 inbox show "$old" --name 'Rudi Uji' | jq -e --arg new "$new" '.replaced_by == $new' \
    >/dev/null || fail "by which"
forbidden D8 16.03 inbox acknowledge "$old" --name 'Rudi Uji'
forbidden D7 16.03 inbox executed "$new" --name 'Rudi Uji'
ask 16.03 inbox acknowledge "$new" --name 'Rudi Uji' >/dev/null
ask 16.03 inbox executed "$new" --name 'Rudi Uji' --note 'SIASN 17' |
    jq -e '.state == "executed"' >/dev/null || fail "not executed"
settle 16.03
equal "old" "$(shown "$old" '[.state, .superseded_by]')" "[\"superseded\",\"$new\"]"
equal "same decree" "$(shown "$new" .fields.document.decree_number)" '"800/1/2024"'
equal "rungs" "$(shown "$new" '[.rungs[] | .rung]')" \
    '["stored","verified","acknowledged","executed"]'
equal "reference" "$(shown "$new" '.rungs[-1].note')" '"SIASN 17"'
equal "funnel" "$(ask aggregator case show "$case" | jq -c '.funnel | [.document, .delivered_ms > 0,
    .acknowledged_ms > 0, .executed_ms > 0]')" "[\"$new\",true,true,true]"

say "a question that nobody answered in time is overdue, at both ends"
drafted=$(jq -nc --arg day "$later" '{id: 1, command: "document draft", args: {type: "question",
    addressee: "16.07", text: "Kapan?", respond_by: $day}}' | raw aggregator "$(cat)" |
    jq -r .result.document)
day=$(field 8801 $(($(date -u -d "$later" +%s) / 86400)))
[[ $drafted == *"$day"* ]] || fail "no such day in the document"
late=$(propose "${drafted/"$day"/"$(field 8801 $(($(date +%s) / 86400 - 3)))"}")
equal "overdue" "$(shown "$late" .overdue)" true
wait_until "$long" holds 16.07 inbox list "any(.id == \"$late\" and .overdue)"
ask 16.07 inbox answer "$late" --name 'Dewi Uji' --text 'Besok.' |
    jq -e '.overdue == false' >/dev/null || fail "answered, and overdue"
settle 16.07
equal "answered" "$(shown "$late" .overdue)" false

say "who filed is told no name"
settle
told=$(ask 16.07 report show surat-1 | jq -c .statuses)
jq -e 'map(.state) | index("decided") != null' <<<"$told" >/dev/null || fail "16.07 is not told"
[[ $told != *Surat* && $told != *1982* && $told != *Dinas* && $told != *Bupati* ]] ||
    fail "a status names somebody: $told"
recounted
check_lists
say done
