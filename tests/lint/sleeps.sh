#!/usr/bin/env bash
# sleeps.sh SOURCE BUILD - no test waits for time to pass: for a condition, with a deadline.
#
# The one place that may sleep, between two looks at a condition, is wait_until: tests/lib/
# wait_until.c for programs, tests/lib/wait_until.bash for scripts. (This file has what it plants.)
. "$(dirname "$0")/lint.bash"

exempt='^tests/lib/wait_until\.(c|bash)$|^tests/lint/sleeps\.sh$'

scripts() {
    files "$1" tests -- ! -name '*.c' ! -name '*.h' ! -name '*.md' | while read -r file; do
        case $file in
        *.sh | *.bash | *.bats | *.py) echo "$file" ;;
        *) ! head -c 2 "$1/$file" | search -q '^#!' || echo "$file" ;;
        esac
    done
}

# look_for PATTERN COMMENT FILE… - prints where PATTERN stands outside what matches COMMENT.
look_for() {
    local pattern=$1 comment=$2
    awk -v pattern="$pattern" -v comment="$comment" '
        { code = $0; sub(comment, "", code) }
        code ~ pattern { print FILENAME ":" FNR ": sleeps: " $0 }' "${@:3}"
}

check() {
    local sources texts
    sources=$(files "$1" tests -- -name '*.c' -o -name '*.h' | search -vE "$exempt")
    texts=$(scripts "$1" | search -vE "$exempt")
    if [ -z "$sources$texts" ]; then
        nothing_seen "no test in $1"
        return
    fi
    cd "$1"
    local c_files=() script_files=()
    mapfile -t c_files < <(printf '%s' "$sources")
    mapfile -t script_files < <(printf '%s' "$texts")
    if [ ${#c_files[@]} -gt 0 ]; then
        look_for \
            '(^|[^A-Za-z0-9_])(sleep|usleep|nanosleep|clock_nanosleep|thrd_sleep|uv_sleep)[ ]*[(]' \
            '(//|/[*]|^ [*] ).*' "${c_files[@]}"
    fi
    if [ ${#script_files[@]} -gt 0 ]; then
        look_for '(^|[;&|({ \t.])u?sleep([ \t]*[(]|[ \t]+["$0-9.])' '(^|[ \t])#.*' \
            "${script_files[@]}"
    fi
}

control() {
    must_find "nothing to check" "$work"
    plant "$work/tests/unit/a.c" '/* no sleep(1) here */' 'int asleep(int);' 'int x = asleep(1);'
    plant "$work/tests/lib/wait_until.c" 'nanosleep(&t, NULL);'
    plant "$work/tests/lib/wait_until.bash" 'sleep 0.05'
    plant "$work/tests/b" '#!/bin/sh' '# never sleep 1' 'echo sleep well'
    must_pass "$work"
    for call in 'sleep(1);' 'usleep (10);' 'nanosleep(&t, NULL);'; do
        plant "$work/tests/unit/c.c" "    (void)$call"
        must_find "tests/unit/c.c:1: sleeps" "$work"
    done
    plant "$work/tests/unit/c.c" 'int x;'
    for call in 's=1; sleep $s' 'true && sleep 1' '    sleep 0.1' 'sleep "$x"'; do
        plant "$work/tests/integration/d" '#!/bin/bash' "$call"
        must_find "tests/integration/d:2: sleeps" "$work"
    done
    rm "$work/tests/integration/d"
    plant "$work/tests/e.py" 'time.sleep(1)'
    must_find "tests/e.py:1: sleeps" "$work"
}

lint_main "$@"
