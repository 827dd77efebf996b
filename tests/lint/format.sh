#!/usr/bin/env bash
# format.sh SOURCE BUILD - every C file looks as clang-format with .clang-format makes it.
. "$(dirname "$0")/lint.bash"

check() {
    local list
    list=$(files "$1" services tests bench -- -name '*.c' -o -name '*.h')
    if [ -z "$list" ]; then
        nothing_seen "no C file in $1"
        return
    fi
    # Without a style file clang-format would quietly use another style.
    [ -e "$1/.clang-format" ] || echo ".clang-format is missing"
    (cd "$1" && xargs clang-format --style=file --dry-run -Werror <<<"$list" 2>&1 |
        search -E 'error:|No such file' || echo "clang-format failed")
}

control() {
    cp "$lint_folder/../../.clang-format" "$work"
    must_find "nothing to check" "$work"
    plant "$work/services/core/base/a.c" 'int f(void)' '{' '    return 0;' '}'
    must_pass "$work"
    plant "$work/tests/b.h" 'int  f( void ) { return 0; }'
    must_find "tests/b.h:1:" "$work"
    rm "$work/tests/b.h" "$work/.clang-format"
    must_find ".clang-format is missing" "$work"
}

lint_main "$@"
