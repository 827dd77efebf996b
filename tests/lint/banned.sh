#!/usr/bin/env bash
# banned.sh SOURCE BUILD - nobody calls what STYLE.md bans, read from the object files.
#
# banned.h poisons the names at compile time; this finds what came round it (a macro, a file built
# without it, time), in services, tests and bench. Generated protobuf code is not ours.
. "$(dirname "$0")/lint.bash"

objects() {
    local folder
    for folder in services tests bench; do
        [ ! -d "$1/$folder" ] || find "$1/$folder" -name '*.o'
    done
}

check() {
    local list
    list=$(objects "$2")
    if [ -z "$list" ]; then
        nothing_seen "no object file in $2"
        return
    fi
    xargs nm -A -u -P <<<"$list" | awk -v build="$2/" '
        BEGIN {
            split("strcpy strncpy strcat strncat sprintf vsprintf strtok gets " \
                  "atoi atol atoll atof rand srand", everywhere, " ")
            for (i in everywhere) {
                banned[everywhere[i]] = 1
                banned["__" everywhere[i] "_chk"] = 1
            }
            split("time gettimeofday random srandom", host, " ")
            for (i in host) host_only[host[i]] = 1
            split("clock_gettime getrandom getentropy randombytes_buf randombytes_random " \
                  "randombytes_uniform arc4random arc4random_buf", platform, " ")
            for (i in platform) platform_only[platform[i]] = 1
        }
        {
            file = substr($1, length(build) + 1)
            sub(/:$/, "", file)
            ours = file ~ /^services\//
            if ($2 in banned) print file ": calls " $2
            if ($2 in host_only && file !~ /platform_host(_planted)?\.dir/)
                print file ": calls " $2 ", outside platform/host"
            if ($2 in platform_only && ours && file !~ /platform_[a-z]*(_planted)?\.dir/)
                print file ": calls " $2 ", outside platform/"
        }'
}

# object PATH FUNCTION - an object of the control's build that calls FUNCTION.
object() {
    mkdir -p "$work/$(dirname "$1")"
    printf 'int %s(); int f(void) { return %s(); }\n' "$2" "$2" >"$work/a.c"
    gcc -w -O1 -fno-builtin -c -o "$work/$1" "$work/a.c"
}

control() {
    local call here=services/CMakeFiles/core_base.dir/a.c.o
    must_find "nothing to check" "$work"
    object "$here" memcpy
    object services/CMakeFiles/platform_host.dir/time.c.o time
    object services/CMakeFiles/platform_store.dir/wait.c.o clock_gettime
    object proto/CMakeFiles/kabar_proto.dir/a.c.o strcpy
    must_pass "$work"
    for call in strcpy __strcpy_chk strcat sprintf __vsprintf_chk strtok atoi rand srand \
        time gettimeofday random clock_gettime randombytes_buf; do
        object "$here" "$call"
        must_find "$here: calls $call" "$work"
    done
    object "$here" memcpy
    object tests/CMakeFiles/unit_x.dir/a.c.o __strcat_chk
    must_find "tests/CMakeFiles/unit_x.dir/a.c.o: calls __strcat_chk" "$work"
    object tests/CMakeFiles/unit_x.dir/a.c.o time
    must_find "tests/CMakeFiles/unit_x.dir/a.c.o: calls time" "$work"
}

lint_main "$@"
