#!/usr/bin/env bash
# hardening.sh SOURCE BUILD - the programs are hardened as STYLE.md says, read from what was built.
#
# Position independent, all relocations done and read-only, no executable stack, no run path;
# checked libc calls and stack protector in use; every object of ours has the marks of indirect
# branch tracking and shadow stack (the linked program has not: Debian's start files lack them). What
# leaves no trace there is looked for in the commands.
. "$(dirname "$0")/lint.bash"

# expect FILE WHAT PATTERN TEXT
expect() {
    grep -qE -- "$3" <<<"$4" || echo "$1: $2"
}

refuse() {
    ! grep -qE -- "$3" <<<"$4" || echo "$1: $2"
}

program() {
    local name dynamic segments symbols
    name=bin/$(basename "$1")
    dynamic=$(readelf -hdW "$1")
    segments=$(readelf -lW "$1")
    symbols=$(nm -D -u "$1")
    expect "$name" "is not position independent (-pie)" 'FLAGS_1.* PIE' "$dynamic"
    expect "$name" "binds late (-z now)" 'FLAGS_1.* NOW' "$dynamic"
    expect "$name" "has writable relocations (-z relro)" 'GNU_RELRO' "$segments"
    expect "$name" "has an executable stack" 'GNU_STACK .* RW +0x' "$segments"
    refuse "$name" "has a segment both writable and executable" ' RWE ' "$segments"
    refuse "$name" "has a run path" 'RUNPATH|RPATH' "$dynamic"
    refuse "$name" "has relocations in its code" 'TEXTREL' "$dynamic"
    expect "$name" "has no stack protector" '__stack_chk_fail' "$symbols"
    expect "$name" "calls nothing checked (_FORTIFY_SOURCE)" '__[a-z]+_chk(@|$)' "$symbols"
}

# commands BUILD FLAG… - commands of services/ that lack one.
commands() {
    local build=$1 flag
    shift
    for flag; do
        jq -r --arg flag " $flag " '.[].command | select(test(" -o services/"))
            | select(. + " " | contains($flag) | not)
            | "\(capture(" -o (?<o>[^ ]+)").o): built without\($flag)"' \
            "$build/compile_commands.json"
    done
}

check() {
    local programs=("$2"/bin/kabar*) all file
    all=$(files "$2" services -- -name '*.o' ! -path '*_planted.dir/*' ! -path '*-planted.dir/*')
    if [ ${#programs[@]} -eq 0 ] || [ -z "$all" ]; then
        nothing_seen "no program in $2/bin, or no object"
        return
    fi
    for file in "${programs[@]}"; do
        program "$file"
    done
    while read -r file; do
        expect "$file" "built without -fcf-protection" 'IBT, SHSTK' "$(readelf -nW "$2/$file")"
    done <<<"$all"
    commands "$2" -fstack-clash-protection -ftrivial-auto-var-init=zero
}

# build_with COMPILE LINK - one program with those flags more.
build_with() {
    local flags=(-O2 -fPIC -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
        -fcf-protection -fstack-clash-protection -ftrivial-auto-var-init=zero)
    local object=services/CMakeFiles/kabar.dir/a.c.o
    mkdir -p "$work/bin" "$work/$(dirname $object)"
    printf '%s\n' '#include <stdio.h>' '#include <string.h>' 'int main(int argc, char **argv)' \
        '{ char a[64]; snprintf(a, sizeof a, "%s", argv[0]); memcpy(a, argv[1], argc);' \
        'return puts(a); }' >"$work/a.c"
    # shellcheck disable=SC2086 # words
    gcc "${flags[@]}" $1 -c -o "$work/$object" "$work/a.c"
    # shellcheck disable=SC2086
    gcc -pie -Wl,-z,relro,-z,now $2 -o "$work/bin/kabar" "$work/$object"
    jq -n --arg command "gcc ${flags[*]} $1 -o $object -c a.c" '[{$command}]' \
        >"$work/compile_commands.json"
}

# lacks COMPILE LINK TEXT
lacks() {
    build_with "$1" "$2"
    must_find "$3" "$work"
}

control() {
    must_find "nothing to check" "$work"
    build_with '' ''
    must_pass "$work"
    lacks '' '-no-pie' 'bin/kabar: is not position independent'
    lacks '' '-Wl,-z,lazy' 'bin/kabar: binds late'
    lacks '' '-Wl,-z,norelro' 'bin/kabar: has writable relocations'
    lacks '' '-Wl,-z,execstack' 'bin/kabar: has an executable stack'
    lacks '' '-Wl,-rpath,/opt' 'bin/kabar: has a run path'
    lacks '-fno-stack-protector' '' 'bin/kabar: has no stack protector'
    lacks '-U_FORTIFY_SOURCE' '' 'bin/kabar: calls nothing checked'
    lacks '-fcf-protection=none' '' 'a.c.o: built without -fcf-protection'
    build_with '' ''
    sed -i 's/-fstack-clash-protection//' "$work/compile_commands.json"
    must_find 'a.c.o: built without -fstack-clash-protection' "$work"
}

lint_main "$@"
