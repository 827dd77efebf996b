#!/usr/bin/env bash
# reach.sh SOURCE BUILD - every public function of core that can come to an allocation is swept by
# alloc_core, and nothing is said to be swept that cannot.
#
# Core is compiled once more with a section for each function; the linker then says for each public
# function what it needs, through tables of functions too.
. "$(dirname "$0")/../lint/lint.bash"

# needs LIBRARY FUNCTION FOLDER - "FUNCTION NAME" for all that is left undefined, into a file there.
needs() {
    ld -r --gc-sections -e "$2" -u "$2" -o "$3/$2.o" "$1"
    readelf -rW "$3/$2.o" |
        awk -v from="$2" '$4 ~ /^0+$/ && $5 ~ /^[A-Za-z_]/ { print from, $5 }' >"$3/$2.needs"
    rm "$3/$2.o"
}

# outside LIBRARY - the same for all functions, but what the library has itself.
outside() {
    local defined
    defined=$(nm -g --defined-only "$1" 2>/dev/null | awk 'NF == 3 { print $2, $3 }' | sort -u)
    export -f needs
    mkdir -p "$work/needs"
    awk '$1 == "T" { print $2 }' <<<"$defined" |
        xargs -P "$(nproc)" -I '{}' bash -euc 'needs "$1" "$2" "$3"' needs "$1" '{}' "$work/needs"
    cat "$work/needs"/*.needs | sort -u |
        awk 'FNR == NR { own[$2] = 1; next } !($2 in own)' <(echo "$defined") -
}

# hungry LIBRARY - functions that come to something which no-memory.txt does not know.
hungry() {
    outside "$1" | awk '
        FNR == NR {
            sub(/#.*/, "")
            for (i = 1; i <= NF; i++) {
                if ($i ~ /\*$/) prefix[++prefixes] = substr($i, 1, length($i) - 1)
                else modest[$i] = 1
            }
            next
        }
        {
            for (i = 1; i <= prefixes; i++)
                if (index($2, prefix[i]) == 1) next
            if (!($2 in modest)) by[$1] = by[$1] " " $2
        }
        END { for (name in by) print name ":" by[name] }' "$lint_folder/no-memory.txt" - | sort
}

check() {
    local library=$2/tests/alloc/libcore_sections.a program=$2/tests/alloc/alloc_core found swept
    if [ ! -e "$library" ] || [ ! -x "$program" ]; then
        nothing_seen "no $library or $program"
        return
    fi
    found=$(hungry "$library")
    swept=$("$program" --list | tr ' ' '\n' | sort -u)
    [ -n "$found" ] || nothing_seen "no function that allocates"
    comm -23 <(cut -d : -f 1 <<<"$found" | sort) <(echo "$swept") | while read -r name; do
        echo "not swept: $(grep "^$name:" <<<"$found")"
    done
    comm -13 <(cut -d : -f 1 <<<"$found" | sort) <(echo "$swept") |
        sed 's/^/cannot allocate, but is said to be swept: /'
}

# program LIST - an alloc_core that says so.
program() {
    plant "$work/tests/alloc/alloc_core" '#!/bin/sh' "echo '$1'"
    chmod +x "$work/tests/alloc/alloc_core"
}

control() {
    mkdir -p "$work/tests/alloc"
    must_find "nothing to check" "$work"
    plant "$work/a.c" 'void *malloc(unsigned long);' \
        'void *memcpy(void *, const void *, unsigned long);' \
        'static void *deep(void) { return malloc(8); }' \
        'static void *(*const table[])(void) = {deep};' \
        'void *through_table(int i) { return table[i](); }' \
        'void *direct(void) { return malloc(9); }' \
        'void *modest(void *a, void *b, int n) { return memcpy(a, b, n); }'
    plant "$work/b.c" 'void *direct(void); void *over(void) { return direct(); }'
    (cd "$work" && gcc -O2 -fPIC -ffunction-sections -fdata-sections -c a.c b.c &&
        ar rcs tests/alloc/libcore_sections.a a.o b.o)
    program 'direct over through_table'
    must_pass "$work"
    program 'direct over'
    must_find "not swept: through_table: malloc" "$work"
    program 'direct through_table'
    must_find "not swept: over: malloc" "$work"
    program 'direct over through_table modest'
    must_find "cannot allocate, but is said to be swept: modest" "$work"
}

lint_main "$@"
