#!/usr/bin/env bash
# files.sh - evidence files: handed in with reports, kept by the node as objects, once each; what is
# no file, or not the one that was said, is refused and leaves nothing behind. With the argument
# "kept", only that a report is not taken without its file.
. "$(dirname "$0")/lib.bash"

make_aggregator
start aggregator
make_node 16.07
enrol 16.07
nodes+=(16.07)
start 16.07
kept=$work/node-16.07/store/objects
mkdir "$work/in"

# report KEY EVIDENCE… - a report with these pieces of evidence.
report() {
    local key=$1
    shift
    printf '%s\n' "$@" | jq -sc --arg key "$key" '{key: $key, regency: "16.07",
        channel: "own_finding", form: "DS-06", occurred_on: "2024-10-05", description: "Uraian.",
        evidence: .,
        subjects: [{name: ("Orang " + $key), unit: ("Dinas " + $key), employment: "pns"}]}'
}
shown() {
    ask 16.07 report show "$1" | jq -c "$2"
}
objects() {
    find "$kept" -type f | wc -l
}
sha() {
    sha256sum "$1" | cut -d' ' -f1
}
head -c 3000000 /dev/urandom >"$work/in/foto 1.jpg"
photo=$(sha "$work/in/foto 1.jpg")

say "a report does not name a file that is not there"
report tanpa "{\"path\": \"in/foto 1.jpg\", \"sha256\": \"$photo\", \"size\": 3000000}" \
    >"$work/line"
raw 16.07 '{"id":1,"command":"report submit","stream":true}' "$(cat "$work/line")" . >"$work/out"
jq -se '.[0] | .accepted == false and .field == "evidence[0].path"' "$work/out" >/dev/null ||
    fail "taken without its file: $(cat "$work/out")"
[ "${1:-}" != kept ] || exit 0

say "a file is kept with its report, by name, hash, size and the hash of its blocks"
{
    report satu '{"path": "in/foto 1.jpg", "media_type": "image/jpeg"}'
    report polos "{\"sha256\": \"$(printf '%064d' 7)\"}"
} >"$work/reports.jsonl"
(cd / && submit 16.07 "$work/reports.jsonl")
cmp "$work/in/foto 1.jpg" "$kept/$photo" || fail "another file is kept"
list=$(python3 - "$kept/$photo" <<'END'
import hashlib, sys
def h(person, data):
    return hashlib.blake2b(data, digest_size=32, person=person).digest()
data = open(sys.argv[1], "rb").read()
blocks = [h(b"kabar.block.v1", data[i:i + 65536]) for i in range(0, len(data), 65536)]
print(h(b"kabar.blocks.v1", b"".join(blocks)).hex())
END
)
jq -nc --arg sha256 "$photo" --arg list "$list" '[{sha256: $sha256, media_type: "image/jpeg",
    name: "foto 1.jpg", size: 3000000, block_list: $list}]' >"$work/wanted"
equal "what the entry says" "$(shown satu '.report.evidence')" \
    "$(cat "$work/wanted")"
equal "a hash alone names no object" \
    "$(shown polos '.report.evidence[0] | has("block_list")')" false

say "a file is kept once, whatever it is called and however often it is handed in"
cp "$work/in/foto 1.jpg" "$work/in/lagi.jpg"
submit 16.07 "$work/reports.jsonl"
report dua '{"path": "in/lagi.jpg"}' >"$work/dua.jsonl"
submit 16.07 "$work/dua.jsonl"
equal "objects" "$(objects)" 1
equal "reports" "$(ask 16.07 report list | wc -l)" 3

say "what is no file, or not the file that was said, is refused, each line in its turn"
: >"$work/in/kosong"
mkdir "$work/in/folder"
mkfifo "$work/in/pipa"
ln -s "foto 1.jpg" "$work/in/tautan"
truncate -s 67108865 "$work/in/besar"
echo baru >"$work/in/baru"
{
    report r1 '{"path": "in/kosong"}'
    report r2 '{"path": "in/tidak-ada"}'
    report baik '{"path": "in/baru"}'
    echo
    report r3 '{"path": "in/folder"}'
    report r4 '{"path": "in/pipa"}'
    report r5 '{"path": "in/tautan"}'
    report r6 '{"path": "/dev/zero"}'
    report r7 '{"path": "in/besar"}'
    report r8 "{\"path\": \"in/lagi.jpg\", \"sha256\": \"$(printf '%064d' 1)\"}"
    report r9 '{"path": "in/lagi.jpg", "size": 12}'
    report r10 '{"path": "in/lagi.jpg"}' '{"path": ""}'
    report r11 '{"path": 12}'
    report r12 '{"path": "in/lagi.jpg"}' '{"path": "in/foto 1.jpg"}'
    report r13 '{"path": "in/baru"}' | jq -c '.form = "XX-99"'
    report satu '{"path": "in/baru"}'
    report r14 '{"media_type": "image/jpeg"}'
} >"$work/bad.jsonl"
exits 65 ask 16.07 report submit "$work/bad.jsonl"
jq -rc '[.line, if .accepted then "ok" else .field end] | join(" ")' "$work/out" >"$work/found"
cat >"$work/wanted" <<'END'
1 evidence[0].path
2 evidence[0].path
3 ok
5 evidence[0].path
6 evidence[0].path
7 evidence[0].path
8 evidence[0].path
9 evidence[0].path
10 evidence[0].sha256
11 evidence[0].size
12 evidence[1].path
13 evidence[0].path
14 evidence[1].sha256
15 form
16 key
17 evidence[0].sha256
END
diff "$work/wanted" "$work/found" || fail "other answers"
! grep -q 'in/\|foto\|kosong' "$work/out" || fail "a file's name in an answer"
equal "objects" "$(objects)" 2
echo lain >"$work/in/lain"
report r15 '{"path": "in/lain"}' | jq -c '.form = "XX-99"' >"$work/bad.jsonl"
report satu '{"path": "in/lain"}' >>"$work/bad.jsonl"
exits 65 ask 16.07 report submit "$work/bad.jsonl"
equal "objects, when the report is refused" "$(objects)" 2

say "bytes that are not those that were announced leave nothing behind"
hex() {
    od -An -v -tx1 | tr -d ' \n'
}
announce() {
    report "$1" "{\"path\": \"x\", \"sha256\": \"${3:-$(sha "$work/in/lain")}\", \"size\": $2}"
}
files='{"id":1,"command":"report files","stream":true}'
for attempt in "$(announce a 5)|$(printf LAIN1 | hex)" "$(announce a 4)|$(printf 12345 | hex)" \
    "$(announce a 5)|zz" "$(announce a 5)|."; do
    raw 16.07 "$files" "${attempt%|*}" "${attempt##*|}" . >"$work/out"
    jq -se '.[0].row.want != null and .[-1].ok == false' "$work/out" >/dev/null ||
        fail "taken: $attempt: $(cat "$work/out")"
    equal "objects" "$(objects)" 2
done
raw 16.07 "$files" "$(announce a 5)" "$(hex <"$work/in/lain")" . >"$work/out"
jq -se '.[-1] | .ok and .result.files == 1' "$work/out" >/dev/null || fail "not taken"
equal "objects" "$(objects)" 3

say "who goes away in the middle, or dies there, leaves nothing behind"
begun() {
    [ -n "$(find "$kept" -name 'new-*.tmp')" ]
}
# begin - a client that hands the first bytes over and no more: its pid in $client.
begin() {
    printf '%s\n' "$files" "$(announce b 60000000 "$(printf '%064d' 9)")" 00112233 >"$work/begin"
    "$KABAR_TOOLS/ask" "$(door_of 16.07)" <"$work/begin" >"$work/out" 2>&1 &
    client=$!
    other_pids+=("$client")
    wait_until "$long" begun
}
gone() {
    [ "$(objects)" -eq 3 ]
}
begin
kill -KILL "$client"
wait_until "$long" gone
begin
crash 16.07
start 16.07
equal "objects after a crash" "$(objects)" 3

say "no room for files is an answer, and what is here stays"
stop 16.07
setting 16.07 objects_mib 3
start 16.07
head -c 2000000 /dev/urandom >"$work/in/penuh"
report penuh '{"path": "in/penuh"}' >"$work/full.jsonl"
report tanpa-file "{\"sha256\": \"$(printf '%064d' 8)\"}" >>"$work/full.jsonl"
exits 75 ask 16.07 report submit "$work/full.jsonl"
jq -se '.[0].retry and .[0].field == "evidence" and .[1].accepted' "$work/out" >/dev/null ||
    fail "no room: $(cat "$work/out")"
submit 16.07 "$work/dua.jsonl"
equal "objects" "$(objects)" 3

say "a backup says that files are not in it; a restore keeps them"
ask 16.07 backup "$work/16.07.kabar" | jq -e '.not_in_it | test("objects/")' >/dev/null ||
    fail "nothing said of files"
stop 16.07
kabar restore "$work/16.07.kabar" --config "$(conf_of 16.07)" --replace >/dev/null
start 16.07
equal "objects after a restore" "$(objects)" 3
report tiga '{"path": "in/lagi.jpg"}' >"$work/tiga.jsonl"
submit 16.07 "$work/tiga.jsonl"
cmp "$work/in/lagi.jpg" "$kept/$photo" || fail "another file is kept"
