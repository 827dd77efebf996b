#!/usr/bin/env bash
# bad_input.sh - every wrong line is refused with its number, field and reason, the good ones of the
# same file are taken; every wrong setting is one line with file and line, and exit 78.
. "$(dirname "$0")/lib.bash"

make_province 16.07

# ---- lines ----

: >"$work/lines"
declare -a wanted=()

# line FIELD REASON TEXT - a line, and what is to be said about it; FIELD "ok": it is good. The
# reason is a pattern.
line() {
    wanted+=("$1|$2")
    printf '%s\n' "$3" >>"$work/lines"
}

good='{key: "baik", regency: "16.07", channel: "bawaslu", form: "DS-06", occurred_on: "2024-10-02",
    known_on: "2024-10-03", description: "Uraian.", subjects: [{name: "Orang Uji",
    nip: "198203142006041007", employment: "pns", unit: "Dinas Uji"}]}'

# but JQ - the good report, without its key and otherwise as the jq expression makes it.
but() {
    jq -nc "$good | del(.key) | $1"
}

long_text() {
    head -c "$1" /dev/zero | tr '\0' 'x'
}

line ok '' "$(jq -nc "$good")"
line '' 'ends too early' '{"regency":"16.07",'
line '' 'JSON|object' '[1,2]'
line '' 'UTF-8' $'\xff\xfe{"regency":"16.07"}'
line '' 'JSON|object' 'tidak ada JSON di sini'
line form 'form|known|code' "$(but '.form = "DS-99"')"
line regency '.' "$(but '.regency = "99.99"')"
line regency '.' "$(but '.regency = "16.03"')" # another node's
line 'subjects[0].regency' '.' "$(but '.subjects[0].regency = "16.99"')"
line occurred_on '.' "$(but '.occurred_on = "2024-02-30"')"
line occurred_on '.' "$(but '.occurred_on = "02-10-2024"')"
line occurred_on '.' "$(but '.occurred_on = "2999-01-01"')" # has not been yet
line ok '' "$(but '.subjects[0].unit = "Dinas Kedua"')"
line 'subjects[0].nip' '18' "$(but '.subjects[0].nip = "19820314200604100"')"
line 'subjects[0].nip' '18' "$(but '.subjects[0].nip = "1982031420060410071"')"
line 'subjects[0].nip' '.' "$(but '.subjects[0].nip = "1982031420060410O7"')"
line 'subjects[0].nik' '16' "$(but '.subjects[0].nik = "123"')"
line place 'UTF-8' "$(but '.place = "rusak"' | sed $'s/rusak/ru\xff\xfesak/')"
line place 'UTF-8' "$(but '.place = "rusak"' | sed $'s/rusak/\xed\xa0\x80/')" # half of a pair
line place 'not seen' "$(but '.place = "ru\u202esak"')" # as it is
line place 'not seen' "$(but '.place = "rusak"' | sed 's/rusak/ru\\u202esak/')"
line place 'not seen' "$(but '.place = "\u001b[31m"')"
line 'subjects[0].name' 'not seen' "$(but '.subjects[0].name = "Orang\u200b Uji"')"
line reporter.name 'not seen' "$(but '.reporter = {name: "Orang\u009b"}')"
line url 'web address' "$(but '.url = "javascript:1;alert(1)"')"
line url 'web address' "$(but '.url = "data:text/html,x"')"
line description '.' "$(but ".description = \"$(long_text 8193)\"")"
line place '.' "$(but ".place = \"$(long_text 600)\"")"
line 'subjects[0].name' '.' "$(but ".subjects[0].name = \"$(long_text 300)\"")"
line key '.' "$(but ".key = \"$(long_text 65)\"")"
line '' '65536|64|long|large' "$(but ".description = \"$(long_text 70000)\"")"
line '' '65536|64|long|large' "$(long_text 3000000)"
line subjects '64' "$(but '.subjects = [range(65) | {name: "Orang \(.)"}]')"
line subjects '.' "$(but '.subjects = []')"
line subjects '.' "$(but 'del(.subjects)')"
line nama '.' "$(but '.nama = "x"')" # no such field
line 'subjects[0].umur' '.' "$(but '.subjects[0].umur = 5')"
line subjects '.' "$(but '.subjects = "satu"')"
line urgent '.' "$(but '.urgent = "ya"')"
line channel '.' "$(but '.channel = "radio"')"
line channel '.' "$(but 'del(.channel)')"
line 'subjects[0].employment' '.' "$(but '.subjects[0].employment = "swasta"')"
line key 'another' "$(jq -nc "$good | .description = \"Uraian lain.\"")" # with other contents
line ok '' "$(jq -nc "$good")" # the same again is the same again
line 'zero.until' '.' '{"regency":"16.07","zero":{"from":"2024-05-31","until":"2024-05-01","scope":"all"},"stated_name":"Orang Uji"}'
line 'zero.scope' '.' '{"regency":"16.07","zero":{"from":"2024-05-01","until":"2024-05-31","scope":"semua"},"stated_name":"Orang Uji"}'
line stated_name '.' '{"regency":"16.07","zero":{"from":"2024-05-01","until":"2024-05-31","scope":"all"}}'
line ok '' '{"regency":"16.07","zero":{"from":"2024-05-01","until":"2024-05-31","scope":"all"},"stated_name":"Orang Uji"}'
line ok '' "$(but '.subjects[0].unit = "Dinas Terakhir"')"

exits 65 ask 16.07 report submit "$work/lines"
equal "answers" "$(wc -l <"$work/out")" "${#wanted[@]}"
bad=0
for i in "${!wanted[@]}"; do
    answer=$(sed -n "$((i + 1))p" "$work/out")
    field=${wanted[i]%%|*}
    if [ "$field" = ok ]; then
        jq -e --argjson line $((i + 1)) '.accepted and .line == $line' <<<"$answer" >/dev/null ||
            { bad=1 && echo "line $((i + 1)) should be taken: $answer" >&2; }
    else
        jq -e --argjson line $((i + 1)) --arg field "$field" --arg reason "${wanted[i]#*|}" '
            (.accepted | not) and .line == $line and .field == $field and
            (.reason | test($reason))' <<<"$answer" >/dev/null ||
            { bad=1 && echo "line $((i + 1)), of ${wanted[i]}: $answer" >&2; }
    fi
done
[ "$bad" -eq 0 ] || fail "answers are not what they should be"
equal "accepted" "$(jq -s 'map(select(.accepted)) | length' "$work/out")" 5
equal "one key, one entry" "$(jq -sc 'map(select(.accepted)) | [.[0], .[2]] | map(.seq) | unique | length' "$work/out")" 1
grep -v '"accepted": *false' "$work/out" >>"$work/answers.jsonl"
settle
check
equal "reports kept" "$(jq -c 'select(.kind == "report")' "$work/dump.jsonl" | wc -l)" 3
say "${#wanted[@]} lines: each answered as it should be"

say "files that are no files of reports"
exits 66 ask 16.07 report submit "$work/nowhere"
: >"$work/empty"
exits 0 ask 16.07 report submit "$work/empty"
equal "answers to nothing" "$(wc -c <"$work/out")" 0
head -c 200000 /dev/urandom >"$work/noise"
exits 65 ask 16.07 report submit "$work/noise"
jq -se 'length > 100 and all(.accepted | not)' "$work/out" >/dev/null || fail "noise was accepted"
# Without a newline at the end, with a byte order mark, with CR LF: still a report.
printf '\xef\xbb\xbf%s\r\n\r\n%s' "$(but '.place = "A"')" "$(but '.place = "B"')" >"$work/windows"
submit 16.07 "$work/windows"
equal "line numbers" "$(jq -sc 'map(.line)' "$work/answers")" '[1,3]'

say "requests that are none"
for request in 'GET / HTTP/1.1' '{}' '{"id":1}' '{"id":1,"command":"tidak ada"}' \
    '{"id":1,"command":"report list","args":{"limit":"banyak"}}' \
    '{"id":1,"command":"report list","args":{"lain":1}}' '{"id":1,"command":"case list"}' \
    '{"id":1,"command":"report show"}' "$(long_text 100000)"; do
    for name in 16.07 aggregator; do
        raw "$name" "$request" '{"id":2,"command":"ping"}' >"$work/out" || true
        jq -se 'any(.ok == false) and any(.id == 2 and .ok)' "$work/out" >/dev/null ||
            { [ "$name" = aggregator ] && [[ $request == *'case list'* ]]; } ||
            fail "$name to ${request:0:60}: $(head -c 300 "$work/out")"
    done
done

# ---- settings ----

# refuses NAME LINE PATTERN - what the program says about its settings as they are in $work/conf.
refuses() {
    local program=kabar-node option
    [ "$1" != aggregator ] || program=kabar-aggregator
    for option in '' --check-config; do
        exits 78 "$KABAR_BIN/$program" --config "$work/$1-copy/bad.conf" $option
        equal "lines of $program" "$(wc -l <"$work/err")" 1
        grep -qE "bad\.conf:$2: .*$3" "$work/err" || fail "$program: $(cat "$work/err")"
    done
}

say "settings"
stop_all
for name in 16.07 aggregator; do
    folder=$(dirname "$(conf_of "$name")")
    cp -r "$folder" "$work/$name-copy"
    bad=$work/$name-copy/bad.conf
    lines=$(wc -l <"$(conf_of "$name")")
    program=kabar-node
    [ "$name" != aggregator ] || program=kabar-aggregator
    fresh() {
        cp "$(conf_of "$name")" "$bad"
    }
    fresh
    exits 0 "$KABAR_BIN/$program" --config "$bad" --check-config
    echo 'warna = "merah"' >>"$bad"
    refuses "$name" $((lines + 1)) warna
    fresh
    at=$(grep -n '^map_mib' "$bad" | cut -d: -f1)
    sed -i 's/^map_mib = .*/map_mib = banyak/' "$bad"
    refuses "$name" "$at" map_mib
    sed -i 's/^map_mib = .*/map_mib = -5/' "$bad"
    refuses "$name" "$at" map_mib
    fresh
    echo 'log_level = "info"' >>"$bad"
    refuses "$name" $((lines + 1)) 'log_level.*twice'
    fresh
    sed -i '/^store = /d' "$bad"
    refuses "$name" '[0-9]+' 'store.*missing'
    fresh
    sed -i 's/^store = .*/store = "/' "$bad"
    refuses "$name" '[0-9]+' .
    printf 'a\0b' >"$bad"
    refuses "$name" 0 NUL
    rm "$bad"
    refuses "$name" 0 .
done

say "secrets"
for name in 16.07 aggregator; do
    program=kabar-node
    [ "$name" != aggregator ] || program=kabar-aggregator
    cp "$(conf_of "$name")" "$work/$name-copy/bad.conf"
    for file in "$work/$name-copy"/keys/*.key; do
        for mode in 0644 0640 0660 0604; do
            chmod "$mode" "$file"
            for option in '' --check-config; do
                exits 78 "$KABAR_BIN/$program" --config "$work/$name-copy/bad.conf" $option
                equal "lines about $file" "$(wc -l <"$work/err")" 1
                grep -q "${file##*/}.*$mode" "$work/err" || fail "$program: $(cat "$work/err")"
            done
        done
        chmod 0600 "$file"
        mv "$file" "$file.away"
        exits 78 "$KABAR_BIN/$program" --config "$work/$name-copy/bad.conf"
        has "${file##*/}" "$work/err"
        echo 'not a key' >"$file"
        chmod 0600 "$file"
        exits 78 "$KABAR_BIN/$program" --config "$work/$name-copy/bad.conf"
        has "${file##*/}" "$work/err"
        mv "$file.away" "$file"
    done
    exits 0 "$KABAR_BIN/$program" --config "$work/$name-copy/bad.conf" --check-config
    exits 64 "$KABAR_BIN/$program"
    exits 64 "$KABAR_BIN/$program" --unknown
    exits 0 "$KABAR_BIN/$program" --version
done
say "kabar up says which program does not start, and why"
# up_says CODE FOLDER PATTERN… - all of them on standard error.
up_says() {
    local pattern
    exits "$1" timeout "$long" "$KABAR_BIN/kabar" --dir "$2" up
    for pattern in "${@:3}"; do
        grep -qE "$pattern" "$work/err" || fail "not said: $pattern: $(cat "$work/err")"
    done
}
cp "$(conf_of 16.07)" "$work/good.conf"
echo 'warna = "merah"' >>"$(conf_of 16.07)"
up_says 78 "$work" 'kabar-node does not start: .*kabar-node\.conf:[0-9]+: .*warna'
cp "$work/good.conf" "$(conf_of 16.07)"
key=$(printf '%s\n' "$work/node-16.07"/keys/*.key | head -n 1)
chmod 0644 "$key"
up_says 78 "$work" "kabar-node does not start: .*${key##*/}.*0644"
chmod 0600 "$key"
mkdir "$work/other" "$work/other/store"
cp -r "$work/aggregator" "$work/other/aggregator"
start aggregator
up_says 70 "$work/other" 'kabar-aggregator .*ended with status [0-9]+; the last it said: .*in use' \
    'kabar: kabar-aggregator .*did not start'
stop aggregator

chmod 0644 "$passphrase"
exits 77 kabar root create --out "$work/other.key" --passphrase-file "$passphrase"
say done
