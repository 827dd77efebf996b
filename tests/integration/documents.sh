#!/usr/bin/env bash
# documents.sh - what makes a document valid: two officers, the bytes they signed, and the case as
# they saw it. A province whose log key was stolen cannot make a node believe anything else.
. "$(dirname "$0")/lib.bash"

make_province 16.07 16.03

# person REGENCY NAME NIP KEY - one report about a person.
person() {
    jq -nc --arg regency "$1" --arg name "$2" --arg nip "$3" --arg key "$4" '{key: $key,
        regency: $regency, channel: "own_finding", form: "DS-06", occurred_on: "2024-10-02",
        description: "Laporan uji dokumen.",
        subjects: [{name: $name, nip: $nip, employment: "pns", unit: "Dinas Uji"}]}' |
        submit "$1" -
}

version_of() {
    ask aggregator case show "$1" | jq .version
}

# refusal CODE REQUEST… - of the last request to the aggregator's door; the text is in $text.
refusal() {
    local wanted=$1 answer
    shift
    answer=$(raw aggregator "$@" | tail -n 1)
    equal "answer $answer" "$(jq -r '.error.code' <<<"$answer")" "$wanted"
    text=$(jq -r '.error.text' <<<"$answer")
}

draft() {
    jq -nc --arg case "$1" --arg by "$(date -u -d '+30 days' +%F)" '{id: 1,
        command: "document draft", args: {type: "recommendation",
        case: $case, authority: "Bupati Uji", sanction: "BER-BEBAS", respond_by: $by,
        text: "Terbukti menurut hasil klarifikasi."}}' | raw aggregator "$(cat)" | jq .result
}

sign() {
    "$KABAR_TOOLS/sign" "$work/$1.key" "$passphrase" "$2"
}

# propose OFFICER HEX SIGNATURE - the request.
propose() {
    jq -nc --arg officer "$1" --arg document "$2" --arg signature "$3" '{id: 1,
        command: "document propose", args: {$document, $officer, $signature}}'
}

countersign() {
    jq -nc --arg id "$1" --arg officer "$2" --arg signature "$3" '{id: 1,
        command: "document countersign", args: {$id, $officer, $signature}}'
}

# flip HEX PLAIN - the hex with the last letter of a text in it changed.
flip() {
    local found other
    found=$(printf '%s' "$2" | od -An -tx1 | tr -d ' \n')
    [[ $1 == *"$found"* ]] || fail "no '$2' in the document"
    other=${found%?}$([ "${found: -1}" = 1 ] && echo 2 || echo 1)
    printf '%s' "${1/$found/$other}"
}

# attempted RULE COMMAND… - refused with this rule, and exactly one act of this officer more in the
# journal. What a draft forbids never comes to a signature: that is a proposal without one.
attempted() {
    local rule=$1 before officer=$3
    shift
    before=$(acts | jq -s length)
    ! "$@" >/dev/null 2>>"$work/kabar.log" || fail "not refused: $*"
    [[ $(tail -n 1 "$work/kabar.log") == *"$rule"* ]] ||
        fail "not $rule: $(tail -n 1 "$work/kabar.log")"
    equal "acts after $*" "$(acts | jq -sc --argjson at "$before" '.[$at:] | map(.officer)')" \
        "[\"$officer\"]"
}

acts() {
    ask aggregator journal dump | jq -c 'select(.kind == "act") | .body'
}

in_inbox() {
    holds "$1" inbox list "any(.id == \"$2\" and .state == \"$3\")"
}

for i in 1 2 3 4 5 6; do
    person 16.07 "Orang Dokumen $i" "19820314200604101$i" "dokumen-$i"
done
settle
for i in 1 2 3 4 5 6; do
    cases[i]=$(case_of "Orang Dokumen $i")
done

say "one signature is not enough, and one officer is not two"
alone=$(recommend "${cases[1]}")
equal "state" "$(ask aggregator document show "$alone" | jq -r .state)" proposed
attempted 'D3:' officer sri approve "$alone"
bytes=$(ask aggregator document show "$alone" | jq -r .document)
refusal ERR_STATE "$(countersign "$alone" sri "$(sign sri "$bytes")")" # past `kabar` as well
make_officer palsu 'Bukan Petugas'
refusal ERR_KEY "$(countersign "$alone" palsu "$(sign palsu "$bytes")")"
refusal ERR_SIGNATURE "$(countersign "$alone" budi "$(sign palsu "$bytes")")"
refusal ERR_SIGNATURE "$(countersign "$alone" budi "$(sign budi "$(flip "$bytes" 'Orang Dokumen 1')")")"
equal "signed by" "$(ask aggregator document show "$alone" | jq -r '.signed_by | join(" ")')" sri
# Another document, with both, overtakes it in the same office log.
both=$(recommend "${cases[2]}")
approve "$both"
wait_until "$long" in_inbox 16.07 "$both" verified
! in_inbox 16.07 "$alone" verified || fail "a document with one signature is at the node"
equal "documents at 16.07" "$(ask 16.07 inbox list | jq -r .id)" "$both"
equal "case" "$(ask aggregator case show "${cases[1]}" | jq -r .state)" received

say "a draft that was changed is not the draft that was signed"
drafted=$(draft "${cases[3]}" | jq -r .document)
changed=$(flip "$drafted" 'klarifikasi')
refusal ERR_SIGNATURE "$(propose sri "$changed" "$(sign sri "$drafted")")"
equal "documents of the case" "$(ask aggregator case show "${cases[3]}" | jq '.documents | length')" 0

say "a case that changed meanwhile"
seen=$(version_of "${cases[3]}")
person 16.03 "Orang Dokumen 3" 198203142006041013 lagi-3
settle
equal "version" "$(version_of "${cases[3]}")" $((seen + 1))
refusal ERR_STALE "$(propose sri "$drafted" "$(sign sri "$drafted")")"
[[ $text == *"$seen"* && $text == *$((seen + 1))* ]] || fail "versions are not named: $text"
stale=$(recommend "${cases[4]}")
person 16.03 "Orang Dokumen 4" 198203142006041014 lagi-4
settle
exits 75 officer budi approve "$stale"
has 'version' "$work/kabar.log"
! in_inbox 16.07 "$stale" verified || fail "a stale document is at the node"

say "a decision without number, date or scan is none"
exits 64 officer sri decide "${cases[5]}" --authority 'Bupati Uji' --date 2024-11-20 \
    --scan "$passphrase" --sanction BER-BEBAS --text 'x'
refusal ERR_VALUE "$(jq -nc --arg case "${cases[5]}" '{id: 1, command: "document draft", args: {
    type: "decision", case: $case, authority: "Bupati Uji", date: "2024-11-20",
    sanction: "BER-BEBAS", text: "x"}}')"

say "an unknown sanction and days that cannot be are refused before anybody signs"
slip() { # TEXT VERB ARGUMENT… - refused with this text, about a case that has no document
    local wanted=$1 verb=$2
    shift 2
    exits 65 officer sri "$verb" "${cases[5]}" --authority 'Bupati Uji' --text x "$@"
    [[ $(tail -n 1 "$work/kabar.log") == *"$wanted"* ]] || fail "not said: $wanted"
}
later=$(date -u -d '+30 days' +%F)
slip 'sanction: DS-06, berat, pns: the catalogue permits BER-TURUN, BER-BEBAS, BER-PDHTAPS' \
    recommend --sanction MOR-BUKA --respond-by "$later"
verdict=$(ask aggregator case show "${cases[5]}" |
    jq -c '.verdict | [.severity, .determination, .class]')
equal verdict "$verdict" '["berat","after_determination","pns"]'
slip "sanction: 'NOPE' is no code" recommend --sanction NOPE --respond-by "$later"
slip 'respond_by: 1990-01-01 is before today' \
    recommend --sanction BER-BEBAS --respond-by 1990-01-01
slip "decree_date: $later is after today" \
    decide --sanction BER-BEBAS --number 1 --date "$later" --scan "$passphrase"
equal "documents of the case" "$(ask aggregator case show "${cases[5]}" | jq '.documents | length')" 0

say "every attempt is in the journal, also those that come to no signature"
asked=(recommend "${cases[5]}" --text x --respond-by "$later")
decree=(decide "${cases[5]}" --text x --number 1 --date 2024-11-18 --scan "$passphrase")
as_it_is() {
    ask aggregator case show "${cases[5]}" | jq -c '[.version, .state, .documents]'
}
state=$(as_it_is)
attempted 'D11:' officer sri "${asked[@]}" --authority 'Bupati Uji' --sanction MOR-BUKA
equal "what was attempted" "$(acts | tail -n 1 | jq -c '[.propose.signatures,
    .propose.document.sanction, .propose.document.authority]')" '[[],"MOR-BUKA","Bupati Uji"]'
attempted 'R11:' officer budi "${asked[@]}" --authority 'Orang Dokumen 5' --sanction BER-BEBAS
attempted 'R11:' officer sri "${decree[@]}" --authority 'Orang Dokumen 5' --sanction BER-BEBAS
attempted 'D4: authority' officer sri "${asked[@]}" --authority ' ' --sanction BER-BEBAS
attempted 'D4: authority' officer sri "${decree[@]}" --authority ' ' --sanction BER-BEBAS
attempted 'D4: decree_number' officer sri decide "${cases[5]}" --text x --number ' ' \
    --date 2024-11-18 --scan "$passphrase" --authority 'Bupati Uji' --sanction BER-BEBAS
equal "the case" "$(as_it_is)" "$state"

say "a stolen log key: what the node is handed is not what officers signed"
# Three documents that the node has never seen: it is stopped, and its province is exchanged.
stop 16.07
good=$(recommend "${cases[5]}")
approve "$good"
altered=$(recommend "${cases[6]}")
approve "$altered"
settle 16.03
for id in "$good" "$altered" "$alone"; do
    ask aggregator document show "$id" |
        jq '{document, signatures: .fields.signatures}' >"$work/$id.json"
done
jq -e '.signatures | length == 2' "$work/$good.json" >/dev/null || fail "two signatures"
jq -e '.signatures | length == 1' "$work/$alone.json" >/dev/null || fail "one signature"
stop 16.03 aggregator # only the one node may meet the forger, whoever is quicker
jq --arg document "$(flip "$(jq -r .document "$work/$altered.json")" 'Orang Dokumen 6')" \
    '.document = $document' "$work/$altered.json" >"$work/altered.json"
# The same signature twice, under two names, is not two officers either.
jq --arg bytes "$(jq -r .document "$work/$alone.json")" \
    '.signatures += [.signatures[0] | .officer = "budi"]' "$work/$alone.json" >"$work/twice.json"
"$KABAR_TOOLS/forger" "$work/aggregator" "tcp://127.0.0.1:$port" "$work/altered.json" \
    "$work/$alone.json" "$work/twice.json" "$work/$good.json" >"$work/forger.log" 2>&1 &
other_pids+=($!)
start 16.07
wait_until "$long" ended "${other_pids[0]}"
wait "${other_pids[0]}" || fail "the forger: $(cat "$work/forger.log")"
other_pids=()
# The good one shows that the way is open: its entry is the last of the four.
wait_until "$long" in_inbox 16.07 "$good" verified
in_inbox 16.07 "$altered" rejected || fail "one changed byte: $(ask 16.07 inbox list)"
in_inbox 16.07 "$alone" rejected || fail "one signature: $(ask 16.07 inbox list)"
ask 16.07 inbox list | jq -e --arg id "$altered" 'select(.id == $id) | .reason | test("signature")' \
    >/dev/null || fail "the reason: $(ask 16.07 inbox list)"
code=0
ask 16.07 inbox acknowledge "$altered" --name 'Pegawai Uji' >/dev/null 2>&1 || code=$?
[ "$code" -ne 0 ] || fail "a rejected document was acknowledged"
equal "counted" "$(ask 16.07 status | jq .counters.document_refused)" 3
stop 16.07
say done
