#!/usr/bin/env bash
# catalogue.sh - a catalogue is checked offline, signed by the root and loaded; a broken one is
# refused whole, and the old one stays.
. "$(dirname "$0")/lib.bash"

make_province 16.07

holds_number() {
    local found
    found=$(ask aggregator status | jq -c '.catalogue | [.number, .builtin]')
    equal catalogue "$found" "$1"
}

load() {
    ask aggregator catalogue load "$1" --root "$work/root.key" --passphrase-file "$passphrase"
}

cp -r "$KABAR_SOURCE/deploy/catalogue" "$work/two"
say "the built-in one, offline"
kabar catalogue check -o json | jq -e '.valid and .number == 1' >/dev/null ||
    fail "the built-in catalogue"
kabar catalogue check "$work/two" -o json | jq -e '.valid' >/dev/null ||
    fail "the folder"
holds_number '[1,true]'

node_holds() {
    wait_until "$long" holds "$1" status ".[0].catalogue | [.number, .builtin, .coming] == $2"
}

# new_form KEY REGENCY - a report of a form that only the second one has.
new_form() {
    jq -nc --arg key "$1" --arg regency "$2" '{key: $key, regency: $regency, channel: "bawaslu",
        form: "DS-99", occurred_on: "2024-10-03", description: "Bentuk baru.",
        subjects: [{name: ("Orang " + $key), nip: "197503142006041017", employment: "pns"}]}'
}

say "a form that nobody knows yet"
node_holds 16.07 '[1,true,null]'
new_form dini 16.07 >"$work/new"
exits 65 ask 16.07 report submit "$work/new"
has 'DS-99' "$work/out"

say "a newer one, signed by the root"
grep '^DS-06,' "$work/two/violation_forms.csv" | sed 's/^DS-06/DS-99/' \
    >>"$work/two/violation_forms.csv"
sed -i '2s/^1,/2,/' "$work/two/version.csv"
sed -i 's/BER-TURUN|BER-BEBAS/BER-PINDAH|&/' "$work/two/class_sanctions.csv" \
    "$work/two/violation_forms.csv"
echo 'BER-PINDAH,berat,Pemindahan,Transfer,uji,uji' >>"$work/two/sanctions.csv"
load "$work/two" | jq -e '.text == "catalogue 2 holds"' >/dev/null || fail "not loaded"
settle
holds_number '[2,false]'

say "nodes fetch it: the one that is connected, one that is killed, and one that is enrolled later"
node_holds 16.07 '[2,false,null]'
new_form kini 16.07 | submit 16.07 -
crash 16.07
start 16.07
node_holds 16.07 '[2,false,null]'
new_form lagi 16.07 | submit 16.07 -
make_node 16.03
enrol 16.03
nodes+=(16.03)
start 16.03
node_holds 16.03 '[2,false,null]'
new_form jauh 16.03 | submit 16.03 -
settle
equal "cases of the new form" \
    "$(ask aggregator case list | jq -r 'select(.form == "DS-99").form' | wc -l)" 3
exits 75 load "$work/two"
has 'number 2 holds' "$work/err"

say "a sanction that only this one has"
jq -nc '{key: "katalog-1", regency: "16.07", channel: "bawaslu", form: "DS-06",
    occurred_on: "2024-10-02", description: "Uji katalog.", subjects: [{name: "Orang Katalog",
    nip: "198203142006041012", unit: "Dinas Uji", employment: "pns"}]}' | submit 16.07 -
settle
case=$(ask aggregator case list | jq -r 'select(.form == "DS-06").short')
asked() {
    officer sri recommend "$case" --authority 'Bupati Uji' --sanction "$1" --text 'Terbukti.' \
        --respond-by "$(date -u -d '+30 days' +%F)"
}
exits 65 asked BER-LAIN
has 'BER-LAIN. is no code of the catalogue' "$work/kabar.log"
asked BER-PINDAH | jq -e .id >/dev/null || fail "the loaded catalogue's sanction"

say "a broken one"
cp -r "$work/two" "$work/three"
sed -i '2s/^2,/3,/' "$work/three/version.csv"
sed -i 's/2024-09-22/2024-09-32/' "$work/three/calendars.csv"
exits 65 kabar catalogue check "$work/three" -o json
jq -se '.[0] | .file == "calendars.csv" and .line == 10 and .column == 28' "$work/out" \
    >/dev/null || fail "the place is not named: $(cat "$work/out")"
exits 65 load "$work/three"
holds_number '[2,false]'
stop aggregator
start aggregator
wait_until "$long" holds aggregator status '.[0].catalogue.number == 2'

say "the next one: a node that was killed again and again still gets it"
cp -r "$work/two" "$work/four"
sed -i '2s/^2,/4,/' "$work/four/version.csv"
load "$work/four" >/dev/null
for _ in 1 2 3; do
    crash 16.07
    start 16.07
done
node_holds 16.07 '[4,false,null]'
node_holds 16.03 '[4,false,null]'
settle
check
