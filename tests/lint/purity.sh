#!/usr/bin/env bash
# purity.sh SOURCE BUILD - core asks the machine for nothing.
#
# Every symbol that a core library leaves undefined must be defined by another core library or the
# generated protobuf code, or stand in purity-allow.txt.
. "$(dirname "$0")/lint.bash"

# symbols LIBRARY… - "library member symbol type" a line.
symbols() {
    nm -A -g -P "$@" | sed -E 's/^[^[]*\/(lib[^/[]*)\[([^]]*)\]: /\1 \2 /'
}

unbuilt_rooms() {
    local room
    for room in "$1"/services/core/*/; do
        room=$(basename "$room")
        compgen -G "$1/services/core/$room/*.c" >/dev/null || continue
        [ -e "$2/services/libcore_$room.a" ] || echo "core/$room is not built: libcore_$room.a"
    done
}

check() {
    local libraries=("$2"/services/libcore_*.a) proto=("$2"/proto/libkabar_proto*.a)
    [ ${#libraries[@]} -gt 0 ] || nothing_seen "no core library in $2"
    [ ${#libraries[@]} -gt 0 ] || return 0
    unbuilt_rooms "$1" "$2"
    symbols "${libraries[@]}" "${proto[@]}" | awk '
        function allowed(name, i) {
            for (i = 1; i <= denials; i++)
                if (name == denial[i]) return 0
            if (name in exact) return 1
            for (i = 1; i <= prefixes; i++)
                if (index(name, prefix[i]) == 1) return 1
            return 0
        }
        FNR == NR {
            sub(/#.*/, "")
            for (i = 1; i <= NF; i++) {
                if ($i ~ /^!/) denial[++denials] = substr($i, 2)
                else if ($i ~ /\*$/) prefix[++prefixes] = substr($i, 1, length($i) - 1)
                else exact[$i] = 1
            }
            next
        }
        $4 !~ /^[Uwv]$/ { defined[$3] = 1; next }
        $1 ~ /^libcore_/ { wanted[++count] = $1 " (" $2 ") needs " $3; name[count] = $3 }
        END {
            for (i = 1; i <= count; i++)
                if (!(name[i] in defined) && !allowed(name[i])) print wanted[i]
        }' "$lint_folder/purity-allow.txt" -
}

# library NAME CODE - compiles CODE into libcore_NAME.a of the control's build.
library() {
    mkdir -p "$work/build/services" "$work/source"
    printf '%s\n' "$2" >"$work/$1.c"
    gcc -w -O1 -fno-builtin -c -o "$work/$1.o" "$work/$1.c"
    rm -f "$work/build/services/libcore_$1.a"
    ar rc "$work/build/services/libcore_$1.a" "$work/$1.o"
}

control() {
    local call
    mkdir -p "$work/build"
    must_find "nothing to check" "$work" "$work/build"
    library base 'void *malloc(unsigned long); void *base_new(void) { return malloc(8); }'
    library wire 'void *base_new(void); void *wire_new(void) { return base_new(); }'
    must_pass "$work/source" "$work/build"
    for call in open read write time clock_gettime socket pthread_mutex_lock randombytes_buf \
        crypto_box_seal crypto_sign_keypair printf fopen getenv json_load_file json_object_seed; do
        library wire "int $call(); int f(void) { return $call(); }"
        must_find "libcore_wire.a (wire.o) needs $call" "$work/source" "$work/build"
    done
    library wire 'int x;'
    plant "$work/source/services/core/seal/chain.c" 'int y;'
    must_find "core/seal is not built" "$work/source" "$work/build"
}

lint_main "$@"
