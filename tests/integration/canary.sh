#!/usr/bin/env bash
# canary.sh - who reported is found nowhere: not in a store, a log, a folder of settings, nor on the
# line. That the search can find things is shown with texts that must be there.
. "$(dirname "$0")/lib.bash"

canary=KANARI
regency=16.07

# The line goes through a relay that writes down every byte: nodes know the relay's endpoint.
make_aggregator
relay=$port
take_port
start aggregator
make_node "$regency"
enrol "$regency"
stop aggregator
setting aggregator listen "\"tcp://127.0.0.1:$port\""
start aggregator
"$KABAR_TOOLS/tap" "$relay" "$port" "$work/line" >"$work/tap.out" 2>"$work/tap.log" &
other_pids+=($!)
wait_until "$long" grep -q ready "$work/tap.out"
nodes=("$regency")
setting "$regency" log_level '"debug"'
setting aggregator log_level '"debug"'
stop aggregator
start aggregator
start "$regency"
wait_until "$long" live "$regency"

say "reports with canaries, good ones and bad ones"
# The input stays outside of the folder that is searched.
input=$(mktemp -d "${TMPDIR:-/tmp}/kabar-input.XXXXXX")
undo() {
    rm -rf "$input"
}
cp "$samples/reports-$regency.jsonl" "$input/reports"
jq -nc --arg canary "$canary" '{key: "kenari", regency: "16.07", channel: "citizen", form: "DS-06",
    occurred_on: "2024-10-02", description: "Uraian yang dicari penanda-uraian.",
    subjects: [{name: "Orang Uji", employment: "pns"}],
    reporter: {name: "\($canary) nama", contact: "\($canary) kontak"}}' >>"$input/reports"
equal "canaries" "$([ "$(grep -c "$canary" "$input/reports")" -ge 3 ] && echo enough)" enough
submit "$regency" "$input/reports"
# Refused for the reporter itself, for another field, as broken JSON, as a key used before, and cut.
jq -c '.key = "x" | .form = "DS-99"' <(tail -n 1 "$input/reports") >"$input/bad"
jq -c '.key = "y" | .reporter.name = "KANARI" * 300' <(tail -n 1 "$input/reports") >>"$input/bad"
jq -c '.key = "z" | .reporter.KANARI = 1' <(tail -n 1 "$input/reports") >>"$input/bad"
jq -c '.reporter.contact = "KANARI lain"' <(tail -n 1 "$input/reports") >>"$input/bad"
jq -c '.key = "w" | .reporter = "KANARI"' <(tail -n 1 "$input/reports") >>"$input/bad"
tail -n 1 "$input/reports" | head -c -20 >>"$input/bad"
exits 65 ask "$regency" report submit "$input/bad"
mv "$work/out" "$work/err" "$input/"
equal "refused" "$(jq -s 'map(select(.accepted | not)) | length' "$input/out")" 6
settle
ask "$regency" report list --limit 1000 >"$work/list"
ask "$regency" report show kenari >"$work/show"
jq -e '.report.sealed_reporter_bytes > 0' "$work/show" >/dev/null || fail "no sealed reporter"
ask aggregator case show "$(case_of 'Orang Uji')" >"$work/case"
check
crash "$regency" # nothing in what a crash leaves either
start "$regency"
settle
stop_all
kill -KILL "${other_pids[0]}"
{ wait "${other_pids[0]}" || true; } 2>/dev/null
other_pids=()

say "the search"
# As it is, in two bytes a letter, and in base64 at each of its three places.
! grep -rlaiF "$canary" "$work" || fail "a canary is found"
! grep -rlaP 'K\x00A\x00N\x00A\x00R' "$work" || fail "a canary is found in UTF-16"
for text in KANARI-16.07 xKANARI-16.07 xxKANARI-16.07; do
    coded=$(printf '%s' "$text" | base64 -w0)
    ! grep -rlaF "${coded:4:10}" "$work" || fail "a canary is found in base64"
done

say "the search can find"
grep -rqaF penanda-uraian "$work/node-$regency/store" || fail "nothing is found in the node's store"
grep -qaF CURVE "$work/line" || fail "nothing was seen on the line"
[ "$(stat -c %s "$work/line")" -gt 10000 ] || fail "hardly anything was seen on the line"
! grep -qaF penanda-uraian "$work/line" || fail "the line is not encrypted"
grep -qaF penanda-uraian "$work/dump.jsonl" || fail "nothing is found in the dump"
say done
