#!/usr/bin/env bash
# machine.sh SOURCE BUILD - no file we track knows the machine it was written on.
#
# Refused: the place of the checkout and the folder around it, homes of users, and package mirrors,
# registries or proxies by address.
. "$(dirname "$0")/lint.bash"

# What we track; in a tree without git, whatever is there but the builds. NUL-terminated.
tracked() {
    if [ -e "$1/.git" ] && git -C "$1" ls-files -z 2>/dev/null; then
        return
    fi
    (cd "$1" && find . -path ./.git -prune -o -path './build*' -prune -o -type f -print0)
}

# The folder around the checkout, with a slash after it, where it is not one everybody has.
neighbourhood() {
    local parent
    parent=$(dirname "$1")
    case $parent in
    / | /tmp | /var/tmp | /opt | /srv | /mnt | /usr/src | /usr/local/src) ;;
    *) printf '%s/\n' "$parent" ;;
    esac
}

check() {
    local source=$1 list=$work/list
    tracked "$source" >"$list"
    if [ ! -s "$list" ]; then
        nothing_seen "no file in $source"
        return
    fi
    cd "$source"
    { printf '%s\n' "$source" && neighbourhood "$source"; } >"$list.places"
    # The bracketed letters keep these patterns from matching themselves.
    printf '%s\n' '/[h]ome/[A-Za-z0-9_.-]+/' '/[U]sers/[A-Za-z0-9_.-]+/' '/[r]oot/[A-Za-z0-9_.]' \
        ':[/]/[^ ]*(mirror|registry|proxy)' >"$list.patterns"
    # Git also names what was just deleted.
    xargs -0 sh -c 'for f; do [ ! -f "$f" ] || printf "%s\0" "$f"; done' sh <"$list" >"$list.there"
    xargs -0 grep -HnIF -f "$list.places" -- <"$list.there" || [ $? -eq 123 ]
    xargs -0 grep -HnIE -f "$list.patterns" -- <"$list.there" || [ $? -eq 123 ]
}

control() {
    local tree=$work/place/tree home=/ho
    mkdir -p "$tree"
    must_find "nothing to check" "$tree"
    plant "$tree/README.md" 'Homes: /home, mirrors, https://example.org/; see /usr/share.'
    must_pass "$tree"
    plant "$tree/a.txt" "cd $tree/x"
    must_find "a.txt:1:" "$tree"
    plant "$tree/a.txt" 'fine' "see $work/place/notes"
    must_find "a.txt:2:" "$tree"
    plant "$tree/a.txt" "${home}me/someone/x"
    must_find "a.txt:1:" "$tree"
    plant "$tree/a.txt" "https:/""/pkg-mirror.example.org/debian"
    must_find "a.txt:1:" "$tree"
    plant "$tree/a.txt" 'fine'
    plant "$tree/build/b.txt" "cd $tree/x"
    must_pass "$tree"
    # Without git here, the check itself has only the way tried above.
    command -v git >/dev/null || return 0
    git -C "$tree" init -q
    git -C "$tree" add README.md
    plant "$tree/a.txt" "cd $tree/x"
    must_pass "$tree"
    git -C "$tree" add a.txt
    must_find "a.txt:1:" "$tree"
}

lint_main "$@"
