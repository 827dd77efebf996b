#!/usr/bin/env bash
# glossary.sh SOURCE BUILD - services, proto and the documents use our words, and none of those in
# glossary.txt; a ratchet where some still stand.
. "$(dirname "$0")/lint.bash"

# Lines for a linter (NOLINT) name its checks, which are not ours.
find_words() {
    local words
    words=$(awk '!/^#/ && NF { printf "%s%s", bar, $1; bar = "|" }' tests/lint/glossary.txt)
    xargs awk -v words="^($words)\$" '
        /NOLINT/ { next }
        {
            line = tolower($0)
            while (match(line, /[a-z_]+/)) {
                name = substr(line, RSTART, RLENGTH)
                line = substr(line, RSTART + RLENGTH)
                parts = split(name, part, "_")
                for (i = 1; i <= parts; i++) {
                    word = part[i]
                    if (word !~ words) sub(/s$/, "", word)
                    if (word ~ words) print word, FILENAME ":" FNR
                    pair = part[i] "_" part[i + 1]
                    if (i < parts && pair ~ words) print pair, FILENAME ":" FNR
                }
            }
        }'
}

check() {
    local list
    list=$(files "$1" services proto README.md CHANGELOG.md deploy -- -name '*.[ch]' \
        -o -name '*.proto' -o -name '*.md' -o -name '*.js' -o -name '*.css' -o -name '*.html')
    if [ -z "$list" ]; then
        nothing_seen "no file in $1"
        return
    fi
    cd "$1"
    find_words <<<"$list" | hold tests/lint/glossary.txt
}

control() {
    local list=$work/tests/lint/glossary.txt file=$work/services/core/base/a.c text
    plant "$list" '# words' 'edge 0 node' 'event_id 0 entry' 'inc 0 incarnation'
    must_find "nothing to check" "$work"
    plant "$file" 'int edging, include, since; // an acknowledgedge, NOLINT' '// edge NOLINT'
    must_pass "$work"
    for text in 'int edge;' '// The Edges' 'int to_edge(void);' '#define EDGE_MAX 7'; do
        plant "$file" '' "$text"
        must_find "edge: 1 times, 0 at most" "$work"
        must_find "services/core/base/a.c:2" "$work"
    done
    plant "$file" 'int last_event_id;'
    must_find "event_id: 1 times" "$work"
    plant "$file" 'int fine;'
    plant "$work/README.md" 'an inc of'
    must_find "README.md:1" "$work"
    plant "$list" 'edge 0 node' 'event_id 0 entry' 'inc 2 incarnation'
    must_find "inc: fell to 1, good: write that number in tests/lint/glossary.txt" "$work"
    plant "$list" 'edge 0 node' 'event_id 0 entry' 'inc 1 incarnation'
    must_pass "$work"
    plant "$list" 'edge node'
    must_find "bad line: edge node" "$work"
}

lint_main "$@"
