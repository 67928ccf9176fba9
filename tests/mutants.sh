#!/bin/sh
# Changes one line of a standard plugin at a time, and has gyre conform look for the fault.
#
#   tests/mutants.sh [-l LIST] [-g GYRE] [NAME]...     default: all of tests/mutants/one_line.list, build/gyre
#
# Prints a table of what was caught by which checks. Exit 1 where a mutant is caught and should not be, or the other
# way round; 2 where an entry is stale or wrong: the line that it changes does not stand there once, it changes
# nothing, or the plugin does not compile with it. Nothing of the tree is changed: plugins are compiled in a copy.

set -u
top=$(cd "$(dirname "$0")/.." && pwd) || exit 2
list=$top/tests/mutants/one_line.list
gyre=$top/build/gyre
while getopts l:g: option; do
    case $option in
    l) list=$OPTARG ;;
    g) gyre=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))

copy=$(mktemp -d) || exit 2
trap 'rm -rf "$copy"' EXIT
trap 'exit 2' INT TERM
mkdir "$copy/build" && cp -R "$top/plugins" "$copy" || exit 2
ln -s "$top/runtime" "$top/sdk" "$top/.ci" "$top/Makefile" "$copy"

fail() {
    echo "mutants: $1" >&2
    exit 2
}

# Puts the lines of an entry into $copy/old, new, why; its file and what it is into $file, $what.
entry() {
    awk -v name="$1" -v copy="$copy" '
        /^@ / { mine = $2 == name; found += mine }
        mine && /^@ / { print > (copy "/head") }
        mine && /^- / { print substr($0, 3) > (copy "/old") }
        mine && /^\+ / { print substr($0, 3) > (copy "/new") }
        mine && /^! / { print substr($0, 3) > (copy "/why") }
        END { exit found != 1 }' "$list" || fail "$list has not one entry \`$1\`"
    read -r at name file what <"$copy/head"
}

# Compiles the plugin with the line changed.
mutate() {
    [ -f "$copy/old" ] && [ -f "$copy/new" ] && [ -f "$top/$file" ] ||
        fail "$1: wants a file of the tree, a line with - and one with +"
    cmp -s "$copy/old" "$copy/new" && fail "$1: changes nothing"
    awk -v copy="$copy" '
        BEGIN { getline old < (copy "/old"); getline new < (copy "/new") }
        $0 == old { n++; print new; next }
        { print }
        END { exit n != 1 }' "$top/$file" >"$copy/$file" ||
        fail "$1 is stale: the line that it changes does not stand in $file once"
    make -s -C "$copy" BUILD="$copy/build" CFLAGS='-O1 -g -std=c17 -D_GNU_SOURCE -w' LDFLAGS= \
        "$copy/build/plugins/$plugin.so" >"$copy/said" 2>&1 || {
        cat "$copy/said" >&2
        fail "$1: the plugin does not compile with it"
    }
}

names=${*:-$(awk '/^@ / { print $2 }' "$list")}
caught=0 all=0 wrong=0
printf '%-18s  %-24s  %s\n' mutant file 'caught by'
for one in $names; do
    rm -f "$copy/old" "$copy/new" "$copy/why"
    entry "$one"
    plugin=${file#plugins/}
    plugin=${plugin%%/*}
    mutate "$one"
    config=$top/plugins/$plugin/conform.cfg
    [ -f "$config" ] && set -- --config "$config" || set --
    "$gyre" conform "$copy/build/plugins/$plugin.so" "$@" --format json >"$copy/said" 2>&1
    code=$?
    cp "$top/$file" "$copy/$file"
    [ $code -le 1 ] || {
        cat "$copy/said" >&2
        fail "$one: gyre conform ends with $code"
    }
    by=$(sed -n 's/^.*{"check":"\([^"]*\)".*"status":"\(fail\|crash\|timeout\)".*/\1/p' "$copy/said" |
        sort -u | tr '\n' ' ')
    all=$((all + 1))
    [ -z "$by" ] || caught=$((caught + 1))
    if [ -f "$copy/why" ]; then
        [ -z "$by" ] && by="-; $(cat "$copy/why")" || { by="${by}and should not be" wrong=1; }
    elif [ -z "$by" ]; then
        by='nothing, and should be' wrong=1
    fi
    printf '%-18s  %-24s  %s\n' "$one" "${file#plugins/}" "$by"
done
echo "$caught of $all caught"
exit $wrong
