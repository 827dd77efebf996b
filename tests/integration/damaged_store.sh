#!/usr/bin/env bash
# damaged_store.sh - a data file that is cut short, garbled, or taken away under a running program:
# the words name the file and say what to do, and the program ends with 74.
. "$(dirname "$0")/lib.bash"

store=$work/aggregator/store

# ends_with_74 NAME FILE WORDS… - it ends by itself or does not start, and says so of that file.
ends_with_74() {
    local code words name=$1 file=$2
    reap "$name"
    equal "exit of $name" "$code" 74
    has -F -e "$file" "$work/$name.log"
    for words in "${@:3}"; do
        has -e "$words" "$work/$name.log"
    done
}

make_province 16.07
generate 16.07 200 a 2000 | submit 16.07 -
settle
ask aggregator backup "$work/backup" >/dev/null
stop_all

say "cut short, and garbled"
for file in "$store/journal" "$store/views" "$work/node-16.07/store"; do
    name=aggregator advice='kabar restore FILE'
    case $file in
    */views) advice='remove this folder' ;;
    */node-*) name=16.07 advice='kabar restore FILE' ;;
    esac
    mv "$file/data.mdb" "$work/kept"
    for damage in short garbled; do
        cp "$work/kept" "$file/data.mdb"
        if [ "$damage" = short ]; then
            truncate -s 16384 "$file/data.mdb"
        else
            dd if=/dev/zero of="$file/data.mdb" bs=4096 count=2 conv=notrunc status=none
        fi
        : >"$work/$name.log"
        launch "$name"
        case $file in
        *node*) ends_with_74 "$name" "node-16.07/store" "$advice" ;;
        *) ends_with_74 "$name" "store/${file##*/}" "$advice" ;;
        esac
    done
    rm "$file/data.mdb"
    mv "$work/kept" "$file/data.mdb" # another time of birth: as if it was restored
done

say "what the words say of views helps"
rm -r "$store/views"
start_all
wait_until "$long" live 16.07
settle
wait_until "$long" holds aggregator status '.[0].cases == 200'

say "taken away under a running program: noticed while nothing happens"
rm "$work/node-16.07/store/data.mdb"
ends_with_74 16.07 'node-16.07/store' 'event=storage_failed' 'was removed or replaced while in use'
mv "$store/journal/data.mdb" "$work/kept"
cp "$work/kept" "$store/journal/data.mdb"
ends_with_74 aggregator "$store/journal" 'event=storage_failed' \
    'was removed or replaced while in use'
say done
