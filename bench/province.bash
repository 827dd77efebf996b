# province.bash - a province whose aggregator stands at the far end of a line and its node at the
# near one. Sourced by link.sh and urgent.sh behind line.bash and lib.bash; `accepted` counts.

# Aggregator and nodes at their ends of the line; doors are files, and reached from anywhere.
launch() {
    local name=$1 program=kabar-node netns=$LINKEM_NEAR
    [ "$name" != aggregator ] || { program=kabar-aggregator netns=$LINKEM_FAR; }
    nsenter --net="$netns" "$KABAR_BIN/$program" --config "$(conf_of "$name")" \
        >>"$work/$name.log" 2>&1 </dev/null &
    pid_of[$name]=$!
}

# The settings as shipped, but an address of the line.
make_link_province() {
    local address=tcp://10.77.77.2:7016 name file key
    make_aggregator
    setting aggregator listen "$address"
    start aggregator
    make_node 16.07
    enrol 16.07
    nodes+=(16.07)
    start 16.07
    wait_until "$long" live 16.07
    stop_all
    for name in aggregator 16.07; do
        file=$bench_top/deploy/config/kabar-node.conf
        [ "$name" != aggregator ] || file=$bench_top/deploy/config/kabar-aggregator.conf
        for key in keep_alive_s receipt_interval_s reconnect_ms silence_ms; do
            ! grep -q "^$key = " "$(conf_of "$name")" ||
                setting "$name" "$key" "$(sed -n "s/^$key = //p" "$file")"
        done
    done
}

# generated COUNT - reports as offices write them: person, number, unit, link, the hash of a file.
generated() {
    awk -v count="$1" -v seed="$seed" '
        function pick(list, n, words) {
            n = split(list, words, ",")
            return words[int(rand() * n) + 1]
        }
        function digits(n, s) { while (length(s) < n) s = s int(rand() * 10); return s }
        function hex(n, s) { while (length(s) < n) s = s sprintf("%04x", rand() * 65536); return s }
        BEGIN {
            srand(seed)
            for (i = 1; i <= count; i++) {
                name = pick("Ahmad,Budi,Citra,Dewi,Eko,Fitri,Gunawan,Hendra,Indah,Joko") " " \
                    pick("Lubis,Nasution,Pratama,Santoso,Wijaya,Hidayat,Siregar,Rahman,Utami")
                day = sprintf("2024-10-%02d", rand() * 28 + 1)
                printf "{\"key\":\"link-%d\",\"regency\":\"16.07\",\"channel\":\"own_finding\",", i
                printf "\"form\":\"%s\",\"occurred_on\":\"%s\",", pick("DS-06,KE-04,KE-05"), day
                printf "\"description\":\"%s %s di %s pada %s.\",", name,
                    pick("menyukai unggahan calon,memakai kaus bergambar calon,hadir di kampanye"),
                    pick("Betung,Talang Kelapa,Air Saleh,Muara Padang,Rantau Bayur"), day
                printf "\"url\":\"https://www.%s.com/posts/%s\",",
                    pick("facebook,instagram,tiktok"), digits(15)
                printf "\"subjects\":[{\"name\":\"%s\",\"employment\":\"pns\",", name
                printf "\"unit\":\"%s %d %s\"}],", pick("SD Negeri,SMP Negeri,Puskesmas"),
                    rand() * 40 + 1, pick("Betung,Talang Kelapa,Air Saleh")
                printf "\"evidence\":[{\"sha256\":\"%s\",\"media_type\":\"image/jpeg\",", hex(64)
                printf "\"size\":%d}]}\n", rand() * 900000 + 1000
            }
        }'
}

# hand_in FILE - all must be accepted.
hand_in() {
    ask 16.07 report submit "$1" >"$work/answers" 2>>"$work/kabar.log"
    equal accepted "$(grep -c '"accepted":true' "$work/answers")" "$(wc -l <"$1")"
    accepted=$((accepted + $(wc -l <"$1")))
}
