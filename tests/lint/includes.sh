#!/usr/bin/env bash
# includes.sh SOURCE BUILD - includes point downwards only, as the table in services/README.md says.
#
# Also: no "../", system headers of the machine only in platform/, generated protobuf headers only
# in core/wire, and nothing called common, util, misc or helper.
. "$(dirname "$0")/lint.bash"

names() {
    (cd "$1" && find services tests bench deploy proto -mindepth 1 2>/dev/null || true) |
        search -iE '(^|/|_)(common|utils?|misc|helpers?)(\.[^/]*)?$' |
        sed 's/$/: says nothing; name it after what it is/'
}

check() {
    local list
    list=$(files "$1" services tests bench -- -name '*.c' -o -name '*.h')
    if [ -z "$list" ]; then
        nothing_seen "no C file in $1"
        return
    fi
    names "$1"
    (cd "$1" && xargs awk '
        # The room of a path written from services/: two parts in core and platform, else one.
        function room_of(path, part) {
            split(path, part, "/")
            return part[1] == "core" || part[1] == "platform" ? part[1] "/" part[2] : part[1]
        }
        function level(room) { return room in rank ? rank[room] : 0 }
        function may(from, to) {
            if (from == to) return 1
            if (from == "core/cases" && to == "core/sync") return 0
            if (from == "platform/fetch" && to == "core/sync") return 1
            if (from ~ /^platform\//)
                return to ~ /^core\/(base|seal|wire)$/ ||
                       (to ~ /^platform\// && level(to) < level(from))
            return level(to) < level(from)
        }
        function say(text) { print FILENAME ":" FNR ": " text }
        BEGIN {
            count = split("core/base core/seal core/wire core/rules core/sync core/cases " \
                          "platform/host platform/loop platform/link platform/store " \
                          "platform/fetch platform/backup platform/conf platform/door", rooms, " ")
            for (i = 1; i <= count; i++) rank[rooms[i]] = i
            # The programs are one level: none includes another.
            split("node aggregator cli console", programs, " ")
            for (i in programs) rank[programs[i]] = count + 1
        }
        FNR == 1 {
            from = ""
            if (FILENAME ~ /^services\//) {
                from = room_of(substr(FILENAME, 10))
                if (!level(from)) say(from " is no room of services/README.md")
            }
        }
        !/^[ \t]*#[ \t]*include[ \t]*["<]/ { next }
        {
            target = $0
            sub(/^[^"<]*/, "", target)
            own = substr(target, 1, 1) == "\""
            target = substr(target, 2)
            sub(/[">].*/, "", target)
        }
        target ~ /(^|\/)\.\.\// { say(target ": no ../ in includes"); next }
        from == "" { next }
        target ~ /^(sys\/time|time|uv|zmq|lmdb|microhttpd)\.h$/ {
            if (from !~ /^platform\//) say(target " belongs to platform/")
            next
        }
        target ~ /\.pb-c\.h$/ {
            if (from != "core/wire") say(target ": generated headers belong to core/wire")
            next
        }
        !own { next }
        !level(room_of(target)) { say(target ": written from services/, please"); next }
        !may(from, room_of(target)) { say(from " may not include " target) }
    ' <<<"$list")
}

# refused FROM INCLUDE TEXT - one file including one thing, and what must be said about it.
refused() {
    rm -rf "$work/tree"
    plant "$work/tree/services/$1" "#include $2"
    must_find "services/$1:1: $3" "$work/tree"
}

control() {
    mkdir -p "$work/tree"
    must_find "nothing to check" "$work/tree"
    plant "$work/tree/services/core/cases/fold.c" '#include "core/cases/fold.h"' \
        '#include "core/rules/date.h"' '#include <string.h>'
    plant "$work/tree/services/core/wire/a.c" '#include "kabar/v1/entry.pb-c.h"'
    plant "$work/tree/services/platform/loop/a.c" '#include <uv.h>' '#include "core/wire/a.h"' \
        '#include "platform/host/host.h"'
    plant "$work/tree/services/node/a.c" '#include "core/sync/a.h"' '#include "platform/door/a.h"' \
        '#include "node/b.h"'
    plant "$work/tree/services/platform/fetch/a.c" '#include "core/sync/a.h"' \
        '#include "platform/store/a.h"'
    must_pass "$work/tree"
    refused core/base/a.c '"core/seal/chain.h"' 'core/base may not include core/seal/chain.h'
    refused core/wire/a.h '"core/rules/a.h"' 'core/wire may not include core/rules/a.h'
    refused core/sync/a.c '"core/cases/a.h"' 'core/sync may not include core/cases/a.h'
    refused core/cases/a.c '"core/sync/a.h"' 'core/cases may not include core/sync/a.h'
    refused core/cases/a.c '"platform/host/host.h"' \
        'core/cases may not include platform/host/host.h'
    refused platform/host/a.c '"core/rules/a.h"' 'platform/host may not include core/rules/a.h'
    refused platform/host/a.c '"platform/loop/a.h"' \
        'platform/host may not include platform/loop/a.h'
    refused platform/store/a.c '"core/sync/a.h"' 'platform/store may not include core/sync/a.h'
    refused platform/fetch/a.c '"core/cases/a.h"' 'platform/fetch may not include core/cases/a.h'
    refused platform/door/a.c '"node/a.h"' 'platform/door may not include node/a.h'
    refused node/a.c '"aggregator/a.h"' 'node may not include aggregator/a.h'
    refused node/a.c '"a.h"' 'a.h: written from services/'
    refused node/a.c '"node/../cli/a.h"' 'node/../cli/a.h: no ../'
    refused node/a.c '<uv.h>' 'uv.h belongs to platform/'
    refused cli/a.c '<time.h>' 'time.h belongs to platform/'
    refused core/sync/a.c '"kabar/v1/entry.pb-c.h"' 'kabar/v1/entry.pb-c.h: generated headers'
    refused extra/a.c '<string.h>' 'extra is no room'
    plant "$work/names/services/core/base/string_util.c" 'int x;'
    must_find 'services/core/base/string_util.c: says nothing' "$work/names"
    plant "$work/folders/tests/helpers/a.c" 'int x;'
    must_find 'tests/helpers: says nothing' "$work/folders"
}

lint_main "$@"
