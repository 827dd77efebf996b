# analysers.bash - what the checks share that look at every source as the compiler sees it; sourced
# after lint.bash. Such a check has a function one FILE FLAG…, which prints what is wrong with it.
#
# A source that was clean is not looked at again: BUILD/lint/NAME keeps an empty file for each hash
# of all that can change the answer (preprocessed text with its comments, command, rules, tool).

# our_commands SOURCE BUILD FOLDERS - "FILE COMMAND" a line, out of compile_commands.json: the C
# files below those folders ("services|tests"), each once and without plants where it can be; no
# generated code, no flag that only gcc knows.
our_commands() {
    [ -e "$2/compile_commands.json" ] || return 0
    jq -r --arg source "$1/" --arg build "$2/" --arg folders "^($3)/" '
        [.[]
         | select((.file | startswith($source)) and ((.file | startswith($build)) | not))
         | .file |= .[($source | length):]
         | select(.file | test($folders))
         | .command |= gsub(" (-o [^ ]+|-Werror|-fstack-clash-protection"
                            + "|-ftrivial-auto-var-init=[a-z]+|-fsanitize=[^ ]+)"; "")]
        | group_by(.file) | .[] | min_by(.command | test("-DKABAR_PLANTS"))
        | "\(.file) \(.command)"' "$2/compile_commands.json"
}

# judge FILE COMMAND - one, or the memory of it.
judge() {
    local file=$1 command key found
    eval "command=($2)"
    key=$({ echo "$rules $2" && "${command[@]}" -E -CC -w; } | sha256sum)
    key=$cache/${key%% *}
    if [ -e "$key" ]; then
        touch "$key"
    elif found=$(one "$file" "${command[@]:1}" 2>&1) && [ -z "$found" ]; then
        : >"$key"
    else
        printf '%s\n' "${found:-$file: the tool failed without a word}"
    fi
}

# judge_all SOURCE BUILD FOLDERS NAME RULES - every file there is, two at a time or more.
judge_all() {
    local list file command
    list=$(our_commands "$1" "$2" "$3")
    if [ -z "$list" ]; then
        nothing_seen "no file of $3 in compile_commands.json"
        return
    fi
    # What tests/fuzz needs of libFuzzer only clang builds; cli/static is of the release alone.
    # shellcheck disable=SC2086 # folders are words
    comm -23 <(files "$1" ${3//|/ } -- -name '*.c' ! -path 'tests/fuzz/*' \
        ! -path 'services/cli/static/*') \
        <(cut -d ' ' -f 1 <<<"$list" | sort) |
        sed 's/$/: compiled by no command, so that nobody looks at it/'
    export rules=$5 cache=$2/lint/$4
    export -f judge one
    mkdir -p "$cache" "$work/found"
    find "$cache" -type f -mtime +7 -delete
    cd "$1"
    while read -r file command; do
        printf '%s\0%s\0' "$file" "$command"
    done <<<"$list" | xargs -0 -P "$(nproc)" -n 2 bash -o pipefail -c \
        'judge "$1" "$2" >"'"$work"'/found/${1//\//,}"' judge
    cat "$work/found"/*
}

# planted_source FILE TEXT… - a source of the control's tree, and its command.
planted_source() {
    local tree=$work/tree file=$1
    plant "$tree/$@"
    mkdir -p "$work/build"
    [ -e "$work/build/compile_commands.json" ] || echo '[]' >"$work/build/compile_commands.json"
    jq --arg file "$tree/$file" '. += [{file: $file, directory: "/",
        command: "gcc -O2 -std=c11 -o a.o -c \($file)"}]' \
        "$work/build/compile_commands.json" >"$work/more.json"
    mv "$work/more.json" "$work/build/compile_commands.json"
}
