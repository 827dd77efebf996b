# lint.bash - what every check here shares; sourced, never run.
#
# A check is a script with two functions. check SOURCE BUILD prints one line for each violation,
# and calls nothing_seen when it had no input (a check over no files proves nothing). control makes
# small trees below $work, plants violations and says must_find or must_pass. $work is a folder of
# the run's own. The last line of the script is lint_main "$@".
set -euo pipefail
shopt -s inherit_errexit nullglob
export LC_ALL=C

lint_script=$(readlink -f "$0")
lint_folder=$(dirname "$lint_script")

# grep, where finding nothing is no error.
search() {
    grep "$@" || [ $? -eq 1 ]
}

nothing_seen() {
    echo "nothing to check: $*"
}

# files SOURCE FOLDER… -- FIND-EXPRESSION… - files below those folders that exist.
files() {
    local source=$1 folders=()
    shift
    while [ "$1" != -- ]; do
        [ ! -e "$source/$1" ] || folders+=("$1")
        shift
    done
    shift
    [ ${#folders[@]} -gt 0 ] || return 0
    (cd "$source" && find "${folders[@]}" -type f \( "$@" \) | sort)
}

# must_pass TREE [BUILD]
must_pass() {
    local output
    if ! output=$("$lint_script" "$1" "${2:-$1}" 2>&1); then
        printf 'control: a clean tree is refused:\n%s\n' "$output"
        return 1
    fi
}

# must_find TEXT TREE [BUILD] - the check has to fail and to print TEXT.
must_find() {
    local output text=$1
    shift
    if output=$("$lint_script" "$1" "${2:-$1}" 2>&1); then
        echo "control: planted, but not found: $text"
        return 1
    fi
    if [[ $output != *"$text"* ]]; then
        printf 'control: expected "%s" in:\n%s\n' "$text" "$output"
        return 1
    fi
}

# plant FILE TEXT… - writes lines to a file of the control's tree.
plant() {
    local file=$1
    shift
    mkdir -p "$(dirname "$file")"
    printf '%s\n' "$@" >"$file"
}

# hold FILE - of "NAME WHERE" lines on standard input, one for each thing counted, no more and no
# fewer than the number that FILE, below the folder of the checks, has for NAME. Numbers there only
# may fall.
hold() {
    awk -v list="tests/lint/$(basename "$1")" '
        FNR == NR {
            if ($0 !~ /^#/ && NF) {
                if ($2 !~ /^[0-9]+$/) print list ": bad line: " $0
                held[$1] = $2
            }
            next
        }
        { where[$1] = where[$1] "\n    " $2; count[$1]++ }
        END {
            for (name in count)
                if (!(name in held)) print name ": not in " list
            for (name in held) {
                if (count[name] > held[name])
                    print name ": " count[name] " times, " held[name] " at most (" list "):" \
                        where[name]
                if (count[name] < held[name])
                    print name ": fell to " count[name] + 0 ", good: write that number in " list
            }
        }' "$1" -
}

lint_main() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    if [ "${1:-}" = --control ]; then
        control
        echo "control: all that was planted was found"
        return
    fi
    if [ $# -ne 2 ]; then
        echo "usage: $(basename "$0") SOURCE BUILD | --control" >&2
        exit 2
    fi
    local found
    found=$(check "$(cd "$1" && pwd)" "$(cd "$2" && pwd)")
    [ -n "$found" ] || return 0
    printf '%s\n' "$found"
    exit 1
}
