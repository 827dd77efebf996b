#!/usr/bin/env bash
# cppcheck.sh SOURCE BUILD - cppcheck finds nothing: in services/ not even questions of style.
. "$(dirname "$0")/lint.bash"

# run SOURCE BUILD CHECKS FOLDER… - what it has to say, and which files it gave up on.
run() {
    local source=$1 cache=$2/lint/cppcheck-$3 checks=$3
    shift 3
    mkdir -p "$cache"
    (cd "$source" && cppcheck -j "$(nproc)" -q --std=c11 --library=posix --inline-suppr \
        --enable="$checks" --cppcheck-build-dir="$cache" \
        --suppressions-list="$lint_folder/cppcheck.txt" \
        --template='{file}:{line}: {severity} {id}: {message}' \
        -D_GNU_SOURCE '-DKABAR_VERSION="0"' -Iservices -Itests \
        "$@" 2>&1)
}

check() {
    local folder
    for folder in services tests bench; do
        if [ -n "$(files "$1" $folder -- -name '*.c')" ]; then
            case $folder in
            services) run "$1" "$2" warning,performance,portability,style $folder ;;
            *) run "$1" "$2" warning,performance,portability $folder ;;
            esac
        elif [ $folder != bench ]; then
            nothing_seen "no C file in $1/$folder"
        fi
    done
}

control() {
    local tree=$work/tree build=$work/build file=services/core/base/fine.c
    mkdir -p "$tree" "$build"
    must_find "nothing to check" "$tree" "$build"
    plant "$tree/$file" 'int fine(int a)' '{' '    return a + 1;' '}'
    plant "$tree/tests/test_fine.c" 'int test(void)' '{' '    return 1;' '}'
    must_pass "$tree" "$build"
    plant "$tree/$file" 'int fine(void) { int a[3]; a[3] = 1; return a[3]; }'
    must_find "$file:1: error arrayIndexOutOfBounds" "$tree" "$build"
    plant "$tree/$file" '#include <stdio.h>' \
        'int fine(void) { FILE *f = fopen("a", "r"); return f == NULL; }'
    must_find "$file:2: error resourceLeak" "$tree" "$build"
    plant "$tree/$file" 'int fine(int a) { if (a > 1 && a > 1) { return 1; } return 0; }'
    must_find "$file:1: style duplicateExpression" "$tree" "$build"
    plant "$tree/$file" 'int fine(int a { return a; }'
    must_find "$file:1: error" "$tree" "$build"
    plant "$tree/$file" 'int fine(int a) { return a; }'
    plant "$tree/tests/test_fine.c" 'int test(int *a) { if (a == 0) { *a = 1; } return *a; }'
    must_find "tests/test_fine.c:1: warning nullPointerRedundantCheck" "$tree" "$build"
}

lint_main "$@"
