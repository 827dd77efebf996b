#!/usr/bin/env bash
# tidy.sh SOURCE BUILD - clang-tidy has nothing to say, with the checks of .clang-tidy.
#
# clang-analyzer-* looks at services/ only: it costs four times as much as all the rest together.
. "$(dirname "$0")/lint.bash"
. "$lint_folder/analysers.bash"

one() {
    local file=$1 only=(--checks=-clang-analyzer-*)
    shift
    case $file in
    services/*) only=(--extra-arg={-Xclang,-analyzer-config,-Xclang,max-nodes=100000}) ;;
    esac
    clang-tidy --quiet "${only[@]}" "$file" -- "$@" -DKABAR_ANALYSED 2>&1 |
        sed -E '/^[0-9]+ warnings? generated\.$/d'
}

check() {
    local rules
    rules=$(clang-tidy --version && cat "$1"/{,tests/,bench/}.clang-tidy "$lint_script")
    judge_all "$1" "$2" 'services|tests|bench' tidy "$rules"
}

control() {
    local tree=$work/tree build=$work/build room=services/core/base
    mkdir -p "$tree"/{tests,bench} "$build"
    cp "$lint_folder/../../.clang-tidy" "$tree/"
    cp "$lint_folder/../.clang-tidy" "$tree/tests/"
    cp "$lint_folder/../../bench/.clang-tidy" "$tree/bench/"
    must_find "nothing to check" "$tree" "$build"
    planted_source $room/fine.c 'int fine(int a);' 'int fine(int a)' '{' '    return a + 1;' '}'
    must_pass "$tree" "$build"
    must_pass "$tree" "$build" # out of the cache
    plant "$tree/$room/lonely.c" 'int x;'
    must_find "$room/lonely.c: compiled by no command" "$tree" "$build"
    rm "$tree/$room/lonely.c"
    plant "$tree/$room/fine.c" 'int fine(int a) { int *p = 0; return a > 7 ? *p : 1; }'
    must_find "clang-analyzer-core.NullDereference" "$tree" "$build"
    plant "$tree/$room/fine.c" '#include <string.h>' \
        'int fine(const char *a) { if (strcmp(a, "a")) { return 1; } return 2; }'
    must_find "bugprone-suspicious-string-compare" "$tree" "$build"
    plant "$tree/$room/fine.c" 'int fine(int a) { return a < 2 ? 1 : a * fine(a - 1); }'
    must_find "misc-no-recursion" "$tree" "$build"
    plant "$tree/$room/fine.c" '#include <string.h>' \
        'const char *fine(int a) { return strerror(a); }'
    must_find "concurrency-mt-unsafe" "$tree" "$build"
    plant "$tree/$room/fine.c" 'int Fine(int a) { if (a) return 1; else return 2; }'
    must_find "readability-identifier-naming" "$tree" "$build"
    must_find "readability-else-after-return" "$tree" "$build"
    plant "$tree/$room/fine.c" 'int fine(int a) {' \
        "$(for _ in {1..7}; do echo 'if (a) { a--;'; done) $(printf '}%.0s' {1..7})" 'return a; }'
    must_find "readability-function-cognitive-complexity" "$tree" "$build"
    plant "$tree/$room/fine.c" 'int fine(int a) { return a; }'
    planted_source tests/test_fine.c '#include <stdlib.h>' \
        'int Test(void) { return getenv("A") == 0 ? 1 : 2; }'
    must_find "tests/test_fine.c:2:5: error: invalid case style" "$tree" "$build"
}

lint_main "$@"
