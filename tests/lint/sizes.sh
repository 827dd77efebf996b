#!/usr/bin/env bash
# sizes.sh SOURCE BUILD - no file above 800 lines, no function above 70.
#
# A ratchet: what is above stands in sizes-exceptions.txt with its number, which only may fall. A
# line there that is higher than the truth, or not needed, is a violation too.
# Functions are told by their braces in column 1, which lint_format guarantees.
. "$(dirname "$0")/lint.bash"

# measure - of the files named on standard input: "what lines limit", what = FILE or FILE:FUNCTION.
measure() {
    xargs awk '
        function leave() { if (file != "") print file, lines, 800 }
        FNR == 1 { leave(); file = FILENAME; inside = 0 }
        { lines = FNR }
        FILENAME !~ /\.[ch]$/ { next }
        !inside && /^[A-Za-z_].*\(/ { name = $0; sub(/ *\(.*/, "", name); sub(/.*[ *]/, "", name) }
        /^\{/ { inside = 1; first = FNR }
        /^\}/ && inside { inside = 0; print FILENAME ":" name, FNR - first + 1, 70 }
        END { leave() }'
}

check() {
    local list
    list=$(files "$1" services tests bench proto deploy -- -name '*.[ch]' -o -name '*.sh' \
        -o -name '*.proto' -o -name '*.js' -o -name '*.css' -o -name '*.html')
    if [ -z "$list" ]; then
        nothing_seen "no file in $1"
        return
    fi
    (cd "$1" && measure <<<"$list") | awk '
        FNR == NR {
            sub(/#.*/, "")
            if (NF == 2) allowed[$1] = $2
            else if (NF) print "bad line: " $0
            next
        }
        $2 > $3 && !($1 in allowed) { print $1 ": " $2 " lines, " $3 " at most" }
        $2 > $3 && $1 in allowed {
            if ($2 > allowed[$1]) print $1 ": grew from " allowed[$1] " to " $2 " lines"
            if ($2 < allowed[$1]) print $1 ": fell to " $2 " lines: say so in sizes-exceptions.txt"
            used[$1] = 1
        }
        END {
            for (what in allowed)
                if (!(what in used)) print what ": needs no exception any more"
        }' "$1/tests/lint/sizes-exceptions.txt" -
}

# function_of NAME LINES - a function of that many lines, braces included.
function_of() {
    printf 'static int %s(int a,\n    int b)\n{\n' "$1"
    yes '    a += b;' | head -n $(($2 - 2)) || [ $? -eq 141 ]
    printf '}\n\n'
}

control() {
    local file=$work/services/core/base/a.c except=$work/tests/lint/sizes-exceptions.txt
    plant "$except" '# none'
    must_find "nothing to check" "$work"
    plant "$file" 'struct x {' '    int y;' '};'
    { function_of fine 70 && function_of fine_too 70; } >>"$file"
    must_pass "$work"
    function_of long_one 71 >>"$file"
    must_find "services/core/base/a.c:long_one: 71 lines, 70 at most" "$work"
    plant "$except" 'services/core/base/a.c:long_one 71 # reason'
    must_pass "$work"
    plant "$except" 'services/core/base/a.c:long_one 72'
    must_find "long_one: fell to 71" "$work"
    plant "$except" 'services/core/base/a.c:long_one 70'
    # 70 in the list forgives nothing: the limit itself is 70.
    must_find "long_one: grew from 70 to 71" "$work"
    plant "$except" 'services/core/base/a.c:long_one 71' 'services/core/base/a.c:fine 75'
    must_find "a.c:fine: needs no exception" "$work"
    plant "$except" 'services/core/base/a.c:long_one 71'
    seq 800 >"$work/services/b.h"
    must_pass "$work"
    seq 801 >"$work/services/b.h"
    must_find "services/b.h: 801 lines, 800 at most" "$work"
}

lint_main "$@"
