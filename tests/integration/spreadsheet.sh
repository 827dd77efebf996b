#!/usr/bin/env bash
# spreadsheet.sh - an office's table becomes reports that the rules take: semicolons, a byte order
# mark, days as they are written here, numbers as text, several persons of one act; and what cannot
# be right is refused with its line, and nothing is written.
set -euo pipefail
: "${KABAR_BIN:?folder of the programs}" "${KABAR_SOURCE:?the source tree}"
command -v python3 >/dev/null || { echo "skipped: no python3" && exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/kabar.XXXXXX")
trap 'rm -rf "$work"' EXIT
tool=$KABAR_SOURCE/deploy/spreadsheet/csv-to-reports

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

"$tool" "$KABAR_SOURCE/deploy/spreadsheet/example.csv" >"$work/reports"
[ "$(wc -l <"$work/reports")" = 2 ] || fail "not two reports"
jq -se '.[0] | .key == "tabel-1" and .occurred_on == "2024-10-02" and .known_on == "2024-10-04" and
    .channel == "bawaslu" and (.subjects | map(.nip)) == ["198203142006042007",
    "199307252022211011"] and (.subjects | map(.employment)) == ["pns", "pppk"] and
    (has("url") | not)' "$work/reports" >/dev/null || fail "the first: $(head -n 1 "$work/reports")"
jq -se '.[1] | (.key | test("^csv-[0-9a-f]{24}$")) and .subjects[0].employment == "kades" and
    .description == "Membagikan unggahan; diulang dua kali" and
    .reporter.name == "Warga Contoh"' "$work/reports" >/dev/null || fail "the second"
"$KABAR_BIN/kabar" match --reports "$work/reports" --out "$work/cases" >/dev/null
[ "$(wc -l <"$work/cases")" = 3 ] || fail "the rules do not take them: $(cat "$work/cases")"

# The same table with commas and a byte order mark gives the same reports.
{ printf '\xef\xbb\xbf' && python3 -c 'import csv, sys
csv.writer(sys.stdout).writerows(csv.reader(sys.stdin, delimiter=";"))' \
    <"$KABAR_SOURCE/deploy/spreadsheet/example.csv"; } >"$work/commas.csv"
"$tool" "$work/commas.csv" | cmp - "$work/reports" || fail "other reports of the same table"

# refused PATTERN TITLES ROW… - with status 65, a text, and no report.
refused() {
    local code=0 pattern=$1
    shift
    printf '%s\n' "$@" >"$work/bad.csv"
    "$tool" --regency 16.07 "$work/bad.csv" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" = 65 ] && [ ! -s "$work/out" ] || fail "exit $code, $(wc -l <"$work/out") lines: $*"
    grep -q "$pattern" "$work/err" || fail "not said: $pattern: $(cat "$work/err")"
}
titles=bentuk,sumber,uraian,tanggal,nama,nip
good=DS-04,media,Uraian,2024-10-02,Orang,198203142006042007
refused 'line 3, nip: was saved as a number' $titles $good \
    DS-04,media,U,2024-10-02,Orang,1.98203E+17
refused 'line 2, nip: has not' $titles DS-04,media,U,2024-10-02,Orang,123
refused 'line 2, occurred_on: is no day' $titles DS-04,media,U,2024,Orang,
refused 'line 2, channel: is no channel' $titles DS-04,radio,U,2024-10-02,Orang,
refused 'line 2, name: is missing' $titles DS-04,media,U,2024-10-02,,
refused 'not known: Warna' "$titles,Warna" "$good,merah"
refused 'more cells than' $titles "$good,lagi"
refused 'stands for another report' "kunci,$titles" "a,$good" "a,DS-06,media,U,2024-10-02,Lain,"
refused 'no row below' $titles
refused 'decode' $'bentuk,uraian\n\xff'
