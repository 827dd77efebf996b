#!/usr/bin/env bash
# analyze.sh SOURCE BUILD - gcc -fanalyzer finds nothing in services/.
#
# -Wno-analyzer-malloc-leak: gcc 12 loses sight of memory that is linked into a list or kept behind
# an offset; leaks are seen by clang's analyser (tidy.sh) and by LeakSanitizer.
. "$(dirname "$0")/lint.bash"
. "$lint_folder/analysers.bash"

one() {
    shift
    gcc "$@" -DKABAR_ANALYSED -fanalyzer -Wno-analyzer-malloc-leak -Wno-unused-result \
        -Wno-unused-value -Werror -fdiagnostics-plain-output -S -o /dev/null
}

check() {
    judge_all "$1" "$2" services analyze "$(gcc --version && cat "$lint_script")"
}

control() {
    local tree=$work/tree build=$work/build file=services/core/base/fine.c
    mkdir -p "$tree" "$build"
    must_find "nothing to check" "$tree" "$build"
    planted_source $file '#include <stdlib.h>' \
        'int *fine(void) { int *p = malloc(4); if (p != 0) { *p = 1; } return p; }'
    must_pass "$tree" "$build"
    must_pass "$tree" "$build" # out of the cache
    plant "$tree/services/core/base/lonely.c" 'int x;'
    must_find "lonely.c: compiled by no command" "$tree" "$build"
    rm "$tree/services/core/base/lonely.c"
    plant "$tree/$file" '#include <stdlib.h>' \
        'int *fine(void) { int *p = malloc(4); *p = 1; return p; }'
    must_find "Werror=analyzer-possible-null-dereference" "$tree" "$build"
    plant "$tree/$file" '#include <stdlib.h>' \
        'int fine(int *p) { if (*p > 2) { free(p); } int a = *p; return a; }'
    must_find "Werror=analyzer-use-after-free" "$tree" "$build"
    plant "$tree/$file" '#include <stdlib.h>' \
        'void fine(int *p, int a) { if (a > 2) { free(p); } free(p); }'
    must_find "Werror=analyzer-double-free" "$tree" "$build"
}

lint_main "$@"
