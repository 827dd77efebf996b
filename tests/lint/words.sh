#!/usr/bin/env bash
# words.sh SOURCE BUILD - the table of words in proto/SPEC.md is the one in the program, in order.
#
# Two people compare eight of these words by voice: a client written from the table has to say the
# same. The rows' numbers are checked too.
. "$(dirname "$0")/lint.bash"

# of_program FILE - "number word" a line, from the array's strings.
of_program() {
    search -oE '"[^"]*"' "$1" | search -v '/' | tr -d '"' | awk '{ print NR - 1, $0 }'
}

# of_spec FILE - the same, of the block under the heading "The words".
of_spec() {
    awk '
        /^## / { inside = /The words$/; next }
        inside && /^```/ { block = !block; next }
        inside && block { for (i = 2; i <= NF; i++) print $1 + i - 2, $i }' "$1"
}

check() {
    local program=$1/services/core/seal/words_list.c spec=$1/proto/SPEC.md
    if [ ! -e "$program" ] || [ ! -e "$spec" ]; then
        nothing_seen "words_list.c or SPEC.md in $1"
        return
    fi
    of_program "$program" >"$work/program"
    of_spec "$spec" >"$work/spec"
    [ "$(wc -l <"$work/program")" -eq 256 ] ||
        echo "services/core/seal/words_list.c: $(wc -l <"$work/program") words, not 256"
    diff "$work/program" "$work/spec" |
        sed -nE 's/^< /only in words_list.c: /p; s/^> /only in proto\/SPEC.md: /p' || true
}

# spec_of FILE - a specification with the words of standard input, eight a row.
spec_of() {
    mkdir -p "$(dirname "$1")"
    {
        printf '%s\n' '# Spec' '## 17 Others' '```' '  0  no word' '```' \
            '## 18 The words' 'Rows.' '```'
        paste -d ' ' - - - - - - - - | awk '{ print (NR - 1) * 8, $0 }'
        printf '%s\n' '```' '## 19 An example' '```' '  0  no word either' '```'
    } >"$1"
}

# words [SED-EXPRESSION] - 256 of them, one a line.
words() {
    seq 0 255 | sed -E 's/^/w/' | sed -E "${1:-}"
}

control() {
    local spec=$work/tree/proto/SPEC.md
    local program=$work/tree/services/core/seal/words_list.c
    mkdir -p "$work/tree"
    must_find "nothing to check" "$work/tree"
    plant "$program" '#include "core/seal/words.h"' 'const char *const list[] = {' \
        "$(words 's/.*/"&",/')" '};'
    must_find "nothing to check" "$work/tree"
    words | spec_of "$spec"
    must_pass "$work/tree"
    words 's/^w77$/w78x/' | spec_of "$spec"
    must_find "only in proto/SPEC.md: 77 w78x" "$work/tree"
    words 's/^w10$/x/; s/^w11$/w10/; s/^x$/w11/' | spec_of "$spec"
    must_find "only in words_list.c: 10 w10" "$work/tree"
    words '256d' | spec_of "$spec"
    must_find "only in words_list.c: 255 w255" "$work/tree"
    words | spec_of "$spec"
    sed -i 's/^16 /17 /' "$spec"
    must_find "only in proto/SPEC.md: 17 w16" "$work/tree"
    words | spec_of "$spec"
    sed -i 's/^## 18 The words/## 18 Other words/' "$spec"
    must_find "only in words_list.c: 0 w0" "$work/tree"
    # Both alike, and both too short.
    words '256d' | spec_of "$spec"
    sed -i '/"w255"/d' "$program"
    must_find "255 words, not 256" "$work/tree"
}

lint_main "$@"
