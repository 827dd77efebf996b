#!/usr/bin/env bash
# attachments.sh - files that a case's reports name: listed with their state, opened by hash through
# a case that names them, whole, and not without an entry that says who looked and why.
. "$(dirname "$0")/lib.bash"

make_province 16.07
stop aggregator
setting aggregator objects_mib 1
start aggregator
mkdir "$work/in"
head -c 3000000 /dev/urandom >"$work/in/foto.jpg"
echo teks >"$work/in/teks.txt"
report() {
    local key=$1
    shift
    printf '%s\n' "$@" | jq -sc --arg key "$key" '{key: $key, regency: "16.07",
        channel: "own_finding", form: "DS-06", occurred_on: "2024-10-05", description: "Uraian.",
        evidence: ., subjects: [{name: ("Orang " + $key), unit: ("Dinas " + $key)}]}'
}
sha() {
    sha256sum "$1" | cut -d' ' -f1
}
photo=$(sha "$work/in/foto.jpg")
text=$(sha "$work/in/teks.txt")
bare=$(printf '%064d' 7)
{
    report satu '{"path": "in/foto.jpg", "media_type": "image/jpeg"}' "{\"sha256\": \"$bare\"}"
    report dua '{"path": "in/teks.txt"}'
} >"$work/reports.jsonl"
submit 16.07 "$work/reports.jsonl"
settle
case=$(case_of 'Orang satu')
other=$(case_of 'Orang dua')
listed() {
    ask aggregator case attachment list "$1" | jq -c '[.sha256, .name, .size, .state]'
}
opens() {
    ask aggregator case attachment open "$case" "$1" --out "$work/opened" --as "${2:-sri}" \
        --reason "${3:-uji berkas}"
}
looks() {
    ask aggregator journal dump | jq -c 'select(.kind == "act").body | select(.look != null) |
        select(.look.scope | startswith("case attachment")) |
        [.officer, .look.scope, .look.reason, .case]'
}

say "before it has come (there is no room for it): pending, or never sent"
row=$(listed "$case" | head -n 1)
equal "the photo" "$row" "[\"$photo\",\"***\",3000000,\"pending\"]"
equal "a hash alone" "$(listed "$case" | tail -n 1)" "[\"$bare\",null,null,\"never_sent\"]"
exits 75 opens "$photo"
exits 65 opens "$bare"

say "here, once there is room and it has been fetched"
stop aggregator
setting aggregator objects_mib 64
start aggregator
here() {
    [ "$(listed "$case" | head -n 1 | jq -r '.[3]')" = here ] &&
        [ -e "$work/aggregator/store/objects/$text" ]
}
wait_until "$long" here
equal "the photo" "$(listed "$case" | head -n 1 | jq -r '.[3]')" here
ask aggregator case show "$case" >/dev/null

say "only through a case that names it, by who is known, who says why; and recorded first"
exits 65 opens "$text"
exits 65 opens nonsense
exits 77 opens "$photo" siapa
exits 64 opens "$photo" sri ' '
equal "looks so far" "$(looks | grep -c sri || true)" 0
[ ! -e "$work/opened" ] && [ ! -e "$work/opened.part" ] || fail "something was written"
opens "$photo" >/dev/null
cmp "$work/in/foto.jpg" "$work/opened" || fail "another file was opened"
equal "mode" "$(stat -c %a "$work/opened")" 600
looks >"$work/looks"
jq -se --arg scope "case attachment open $photo" \
    'any(.[]; .[0:3] == ["sri", $scope, "uji berkas"])' "$work/looks" >/dev/null ||
    fail "opened unseen: $(cat "$work/looks")"
equal "of which case" "$(jq -r '.[3]' "$work/looks" | tail -n 1)" \
    "$(ask aggregator case show "$case" | jq -r .case)"
exits 73 opens "$photo"
equal "what it was called" "$(ask aggregator case attachment list "$case" --reveal --as sri \
    --reason 'uji nama' | jq -r 'select(.size == 3000000).name')" foto.jpg
equal "is asked with a reason" "$(looks | tail -n 1 | jq -c '.[0:3]')" \
    '["sri","case attachment list","uji nama"]'

say "a copy that is damaged is not handed out as the file"
rm "$work/opened"
printf x | dd of="$work/aggregator/store/objects/$photo" bs=1 seek=100000 conv=notrunc status=none
exits 65 opens "$photo"
[ ! -e "$work/opened" ] || fail "a damaged file was handed out"
case=$other
opens "$text" >/dev/null
cmp "$work/in/teks.txt" "$work/opened" || fail "another file was opened"
