#!/usr/bin/env bash
# ratchet.sh SOURCE BUILD - the numbers in ratchet.txt are the present ones: who makes one grow
# shortens what grew, who makes one fall writes the lower number down.
. "$(dirname "$0")/lint.bash"

long_ones() {
    xargs awk '
        function leave() { if (file != "" && lines > 400) print "files_over_400_lines", file }
        FNR == 1 { leave(); file = FILENAME; inside = 0 }
        { lines = FNR }
        !inside && /^[A-Za-z_].*\(/ { name = $0; sub(/ *\(.*/, "", name); sub(/.*[ *]/, "", name) }
        /^\{/ { inside = 1; first = FNR }
        /^\}/ && inside {
            inside = 0
            if (FNR - first + 1 > 40) print "functions_over_40_lines", FILENAME ":" name
        }
        END { leave() }'
}

# complex_ones SOURCE BUILD - of the C files on standard input.
complex_ones() {
    local rule=readability-function-cognitive-complexity
    local tidy=(clang-tidy --quiet "--checks=-*,$rule"
        "--config={CheckOptions: [{key: $rule.Threshold, value: 15},
            {key: $rule.IgnoreMacros, value: true}]}")
    local flags=(-std=c11 -D_GNU_SOURCE '-DKABAR_VERSION=""' "-I$1/services" "-I$2/proto")
    # shellcheck disable=SC2016 # the inner shell expands it
    xargs -P "$(nproc)" -n 16 bash -c '"${@:1:4}" "${@:10}" -- "${@:5:5}" 2>/dev/null' tidy \
        "${tidy[@]}" "${flags[@]}" |
        sed -nE "s|^($1/)?([^:]*):.* function '([^']*)' has cognitive complexity.*|\2:\3|p" |
        sort -u | sed 's/^/functions_over_complexity_15 /'
}

# wide_ones NAME - lines of the files on standard input.
wide_ones() {
    local file
    while read -r file; do
        LC_ALL=C.UTF-8 search -nE '^.{101,}' "$file" | sed "s|:.*||; s|^|$1 $file:|"
    done
}

check() {
    local code c_files scripts
    code=$(files "$1" services -- -name '*.[ch]')
    c_files=$(files "$1" services tests bench -- -name '*.[ch]')
    scripts=$(files "$1" tests deploy proto bench -- \
        -name '*.sh' -o -name '*.bash' -o -name '*.proto' \
        -o -path tests/run -o -path 'deploy/*' ! -name '*.*')
    if [ -z "$code" ] || [ -z "$scripts" ]; then
        nothing_seen "no file in $1/services, or no script"
        return
    fi
    cd "$1"
    {
        long_ones <<<"$code"
        grep '\.c$' <<<"$code" | complex_ones "$1" "$2"
        wide_ones lines_over_100_columns_in_c <<<"$c_files"
        wide_ones lines_over_100_columns <<<"$scripts"
    } | hold tests/lint/ratchet.txt
}

control() {
    local list=$work/tests/lint/ratchet.txt file=$work/services/core/base/a.c
    plant "$list" 'functions_over_40_lines 0' 'files_over_400_lines 0' \
        'functions_over_complexity_15 0' 'lines_over_100_columns_in_c 0' 'lines_over_100_columns 0'
    must_find "nothing to check" "$work"
    plant "$file" 'int fine(int a)' '{' '    return a;' '}'
    plant "$work/tests/lint/a.sh" 'true'
    must_pass "$work"
    plant "$file" 'int long_one(int a)' '{' "$(printf '    a += %d;\n' {1..39})" '    return a;' '}'
    must_find "functions_over_40_lines: 1 times, 0 at most" "$work"
    must_find "services/core/base/a.c:long_one" "$work"
    sed -i 's/functions_over_40_lines 0/functions_over_40_lines 2/' "$list"
    must_find "functions_over_40_lines: fell to 1, good: write that number" "$work"
    sed -i 's/functions_over_40_lines 2/functions_over_40_lines 1/' "$list"
    must_pass "$work"
    seq 400 >"$work/services/b.h"
    must_pass "$work"
    echo >>"$work/services/b.h"
    must_find "files_over_400_lines: 1 times, 0 at most" "$work"
    rm "$work/services/b.h"
    printf '%0101d\n' 0 >>"$work/tests/lint/a.sh"
    must_find "lines_over_100_columns: 1 times, 0 at most" "$work"
    plant "$work/tests/lint/a.sh" 'true'
    plant "$file" "// $(printf '%099d' 0)"
    must_find "lines_over_100_columns_in_c: 1 times, 0 at most" "$work"
    plant "$file" 'int fine(int a)' '{' "$(for _ in {1..6}; do echo 'if (a) {'; done)" \
        'return 1;' "$(printf '}%.0s' {1..6})" 'return a;' '}'
    must_find "services/core/base/a.c:fine" "$work"
    must_find "functions_over_complexity_15: 1 times, 0 at most" "$work"
    plant "$list" 'functions_over_40_lines 0'
    must_find "functions_over_complexity_15: not in tests/lint/ratchet.txt" "$work"
}

lint_main "$@"
