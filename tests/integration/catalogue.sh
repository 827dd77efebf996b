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

say "a newer one, signed by the root"
sed -i '2s/^1,/2,/' "$work/two/version.csv"
sed -i 's/BER-TURUN|BER-BEBAS/BER-PINDAH|&/' "$work/two/class_sanctions.csv" \
    "$work/two/violation_forms.csv"
echo 'BER-PINDAH,berat,Pemindahan,Transfer,uji,uji' >>"$work/two/sanctions.csv"
load "$work/two" | jq -e '.text == "catalogue 2 holds"' >/dev/null || fail "not loaded"
settle
holds_number '[2,false]'
exits 75 load "$work/two"
has 'number 2 holds' "$work/err"

say "a sanction that only this one has"
jq -nc '{key: "katalog-1", regency: "16.07", channel: "bawaslu", form: "DS-06",
    occurred_on: "2024-10-02", description: "Uji katalog.", subjects: [{name: "Orang Katalog",
    nip: "198203142006041012", unit: "Dinas Uji", employment: "pns"}]}' | submit 16.07 -
settle
case=$(ask aggregator case list | jq -r 'select(.short).short')
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
