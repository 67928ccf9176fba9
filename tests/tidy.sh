#!/bin/sh
# Checks what STYLE and floors ask for and no compiler sees; prints findings, exits 1 if any.
#
#   tests/tidy.sh [CHECK]...     default: all
#
#   format   clang-format 14 agrees (other versions differ in details: left out with a line)
#   text     no trailing blanks, no notes to self, no paths of somebody's machine, no tabs in C
#   lengths  functions up to 70 lines, files up to 800 (from 600 on a hint)
#   floors   a file includes its own floor's headers, lower floors', and <gyre/...>; plugins the SDK
#   cycles   no header includes itself through others
#   headers  every header compiles alone, as C17 by each compiler here; the SDK's as C++17 too
#   docs     documented functions of the SDK have a labelled comment, callbacks say `Thread:`
#   calls    operators and runtime/op have no threads and no clocks of their own; runtime/op no atomics, no
#            statics, no standard error; what the runtime says
#            leaves through base/say and base/log, which escape what comes from outside
#   symbols  no cycle of calls between files of the runtime, nor between those of a plugin, and no call
#            from a floor to a higher one, by the linker's symbols; objects that the build folder
#            lacks, or has older than their source, are compiled aside

set -u
cd "$(dirname "$0")/.." || exit 2
findings=$(mktemp) || exit 2
scratch=$(mktemp) || exit 2
objects=$(mktemp -d) || exit 2
trap 'rm -rf "$findings" "$scratch" "$objects"' EXIT
ALL="format text lengths floors cycles headers docs calls symbols"
FLOORS="base data plugin job graph state op kit conform flow app"
APART="job/plugin state/plugin state/job state/graph flow/kit flow/conform" # side by side: the first does not know the second

find_() { find runtime plugins sdk tests jobs "$@" 2>/dev/null | sort; }
c_files() { find_ -type f -name '*.[ch]'; }
headers() { find runtime sdk -type f -name '*.h' 2>/dev/null | sort; }
finding() { echo "$*" >>"$findings"; }
left_out() { echo "tidy: left out: $*"; }

check_format() {
    tool=clang-format-14
    command -v $tool >/dev/null 2>&1 || tool=clang-format
    case $($tool --version 2>/dev/null) in
    *version\ 14.*) ;;
    '') left_out "format, for want of clang-format" && return ;;
    *) left_out "format, clang-format is not version 14" && return ;;
    esac
    # One finding per file: the tool's own words are long.
    c_files | xargs -r $tool --dry-run 2>&1 |
        sed -n 's/^\([^:]*\):\([0-9]*\):[0-9]*: warning: .*/\1 \2/p' | sort -u -k 1,1 -k 2,2n |
        awk '{ if (!count[$1]++) first[$1] = $2 }
            END { for (f in count) print f ":" first[f] ": format, " count[f] " lines (make format)" }' \
            >>"$findings"
}

check_text() {
    { c_files && find_ -type f \( -name '*.sh' -o -name '*.md' -o -name '*.cfg' -o -name '*.mk' \) &&
        find Makefile README.md .ci .clang-format .editorconfig -type f 2>/dev/null; } >"$scratch"
    # The patterns are put together so that they do not find themselves.
    awk -v notes="TO""DO|FIX""ME|XX""X" -v paths="/wo""rk/|/ho""me/" -v skip="tests/tidy.sh" '
        /[ \t]$/ && FILENAME !~ /\.md$/ { print FILENAME ":" FNR ": trailing blank" }
        /[ \t]$/ && FILENAME ~ /\.md$/ && !/[^ ]  $/ { print FILENAME ":" FNR ": trailing blank" }
        $0 ~ "(^|[^A-Za-z])(" notes ")([^A-Za-z]|$)" { print FILENAME ":" FNR ": note to self" }
        $0 ~ "(^|[^A-Za-z0-9_.)}])(" paths ")" { print FILENAME ":" FNR ": path of one machine" }
        /\t/ && FILENAME ~ /\.[ch]$/ { print FILENAME ":" FNR ": tab" }
    ' $(cat "$scratch") >>"$findings"
}

check_lengths() {
    # clang-format puts the braces of functions, and of nothing else, alone into column 1.
    c_files | xargs -r awk '
        FNR == 1 { start = 0 }
        /^\{/ { start = FNR }
        /^\}/ && start {
            if (FNR - start - 1 > 70)
                print FILENAME ":" start ": function of " FNR - start - 1 " lines, 70 are the most"
            start = 0
        }' >>"$findings"
    for file in $(c_files); do
        lines=$(wc -l <"$file")
        if [ "$lines" -gt 800 ]; then
            finding "$file: $lines lines, 800 are the most: it holds two concepts"
        elif [ "$lines" -gt 600 ]; then
            echo "tidy: hint: $file has $lines lines; past 600 a file holds two concepts"
        fi
    done
}

# Prints "FILE LINE KIND NAME" for every include; KIND is q (quotes) or a (angles).
includes() {
    awk '/^[ \t]*#[ \t]*include[ \t]*["<]/ {
        kind = /include[ \t]*"/ ? "q" : "a"
        name = $0; sub(/^[^"<]*["<]/, "", name); sub(/[">].*/, "", name)
        print FILENAME, FNR, kind, name
    }' "$@" /dev/null
}

check_floors() {
    includes $(find_ -type f -name '*.[ch]') | awk -v floors="$FLOORS" -v apart=" $APART " '
        BEGIN { n = split(floors, f); for (i = 1; i <= n; i++) floor[f[i]] = i }
        function say(text) { print $1 ":" $2 ": " text }
        {
            split($1, at, "/"); split($4, to, "/")
            if (at[1] == "runtime" && $3 == "q") {
                if (!(to[1] in floor))
                    say("include \"" $4 "\": write \"FLOOR/" $4 "\", or <...> for what is not of the runtime")
                else if (floor[to[1]] > floor[at[2]])
                    say(at[2] "/ is below " to[1] "/ and may not include \"" $4 "\"")
                else if (index(apart, " " at[2] "/" to[1] " "))
                    say(at[2] "/ stands beside " to[1] "/ and may not include \"" $4 "\"")
            }
            if (at[1] == "plugins" && $3 == "q" && system("test -e plugins/" at[2] "/" $4) != 0)
                say("a plugin includes <gyre/...>, system headers and its own, not \"" $4 "\"")
            if (at[1] == "sdk" && at[2] == "include" && $3 == "a" && to[1] != "gyre" && to[2] != "" )
                say("the SDK needs libc alone, not <" $4 ">")
            if (at[1] == "sdk" && at[2] == "include" && $3 == "q")
                say("the SDK includes its own as <gyre/...>")
        }' >>"$findings"
}

check_cycles() {
    includes $(headers) | awk '
        { split($4, to, "/") }
        $3 == "q" { print $1, "runtime/" $4 }
        $3 == "a" && $4 == "gyre/testkit.h" { print $1, "sdk/testkit/" $4; next }
        $3 == "a" && to[1] == "gyre" { print $1, "sdk/include/" $4 }' >"$scratch"
    tsort <"$scratch" 2>&1 >/dev/null | sed -n 's/^tsort: \(.*\/.*\)/\1: in an include cycle/p' >>"$findings"
}

# compiles COMPILER LANGUAGE STANDARD HEADER FLAGS...
compiles() {
    compiler=$1 language=$2 standard=$3 header=$4
    shift 4
    echo "#include \"$header\"" | $compiler -fsyntax-only -x "$language" -std="$standard" "$@" -I. -I runtime \
        -I sdk/include -I sdk/testkit -Wall -Wextra -Werror - >"$scratch" 2>&1 ||
        finding "$header: does not compile alone ($compiler, $standard): $(grep -m 1 -E 'error' "$scratch")"
}

check_headers() {
    ran=
    for compiler in gcc clang; do
        command -v $compiler >/dev/null 2>&1 || { left_out "$compiler, not installed"; continue; }
        ran=yes
        for header in $(headers); do
            case $header in
            sdk/*) compiles $compiler c c17 "$header" -pedantic ;;
            *) compiles $compiler c c17 "$header" -D_GNU_SOURCE ;;
            esac
        done
    done
    [ $ran ] || finding "no compiler to check headers with"
    for compiler in g++ clang++; do
        command -v $compiler >/dev/null 2>&1 || { left_out "SDK headers as C++17 by $compiler, not installed"; continue; }
        echo '#include <string>' | $compiler -fsyntax-only -x c++ - 2>/dev/null ||
            { left_out "SDK headers as C++17 by $compiler, it has no C++ library"; continue; }
        for header in $(headers | grep '^sdk/'); do
            compiles $compiler c++ c++17 "$header" -pedantic
        done
    done
}

check_docs() {
    # A /** comment */, and the declaration after it up to ; or {.
    find sdk/include sdk/testkit -name '*.h' 2>/dev/null | sort | xargs -r awk '
        function judge() {
            callback = declaration ~ /\(\*[ ]*[a-z_0-9]+\)[ ]*\(/ && declaration !~ /typedef/
            fn = declaration ~ /(^|[ *])gyre_[a-z0-9_]+\(/
            label = comment ~ /(Shape|Units|Owns|Thread|Errors|Source|Since):/
            if (callback && comment !~ /Thread:|\[(task|control|any)\]/)
                print at ": this callback does not say `Thread:`"
            else if (fn && !callback && !label)
                print at ": no label (Shape, Units, Owns, Thread, Errors, Source or Since)"
            comment = declaration = ""
        }
        FNR == 1 { inside = waiting = 0; comment = declaration = "" }
        /\/\*\*([^*\/]|$)/ && !inside { inside = 1; waiting = 0; comment = declaration = ""; at = FILENAME ":" FNR }
        inside { comment = comment "\n" $0; if (/\*\//) { inside = 0; waiting = 1 } ; next }
        waiting && /^[ \t]*(#|$|\/\*|\/\/)/ && declaration == "" { if (/^[ \t]*#|^$/) waiting = 0; next }
        waiting {
            declaration = declaration " " $0
            if (/^(struct|union|enum)[^()]*\{/ ) { waiting = 0; next }
            if (/[;{]/) { judge(); waiting = 0 }
        }' >>"$findings"
}

check_calls() {
    find runtime/op plugins -name '*.[ch]' 2>/dev/null | sort | xargs -r awk '
        { line = $0; sub(/\/\/.*/, "", line); gsub(/"[^"]*"/, "", line) }
        line ~ /^[ \t]*\*/ || line ~ /^[ \t]*\/\*/ { next }
        line ~ /(^|[^a-z_])(pthread_create|thrd_create)[ ]*\(/ { print FILENAME ":" FNR ": starts a thread" }
        line ~ /(^|[^a-z_>.])(clock_gettime|gettimeofday|time)[ ]*\(/ {
            print FILENAME ":" FNR ": reads a clock; time comes from the host"
        }' >>"$findings"
    find runtime -name '*.[ch]' ! -path runtime/base/say.c 2>/dev/null | sort | xargs -r awk '
        /^[ \t]*\*/ || /^[ \t]*\/\*/ { next }
        /(^|[^a-z_])(v?f?printf|puts|fputs|putchar|putc|fputc|fwrite|dprintf|perror|psignal)[ ]*\(/ {
            print FILENAME ":" FNR ": prints past base/say.h, which escapes what comes from outside"
        }' >>"$findings"
    find runtime/op -name '*.[ch]' 2>/dev/null | sort | xargs -r awk '
        { line = $0; sub(/\/\/.*/, "", line); gsub(/"[^"]*"/, "", line) }
        line ~ /^[ \t]*\*/ || line ~ /^[ \t]*\/\*/ { next }
        line ~ /(^|[^a-z_])(_Atomic|atomic_[a-z_]+[ ]*\()/ { print FILENAME ":" FNR ": op/ has no atomics" }
        line ~ /(^|[^a-z_])(stderr|gy_log[ ]*\()/ { print FILENAME ":" FNR ": op/ says nothing itself: gy_instance_log" }
        line ~ /^[ \t]*static [^(]*[;=]/ && line !~ /const/ { print FILENAME ":" FNR ": op/ has no state of its own" }
        ' >>"$findings"
}

# Prints the object of a source; nothing where it cannot be had.
object_of() {
    built=${BUILD:-build}/obj/${1%.c}.o
    [ "$built" -nt "$1" ] && echo "$built" && return
    made=$objects/$(echo "${1%.c}" | tr / +).o
    ${CC:-cc} -std=c17 -D_GNU_SOURCE -w -fPIC -Iruntime -Isdk/include -Isdk/testkit -c "$1" -o "$made" 2>/dev/null &&
        echo "$made"
}

# Prints "FILE OTHER SYMBOL" for each symbol that a source uses of another; sources by standard input.
uses() {
    while read -r source; do
        object=$(object_of "$source")
        [ "$object" ] || { left_out "symbols of $source, it does not compile here" >&2; continue; }
        nm -g "$object" | sed "s|^|$source |"
    done | awk '
        NF == 4 && $3 != "U" { has[$4] = $1 }
        NF == 3 && $2 == "U" { from[++n] = $1; symbol[n] = $3 }
        END {
            for (i = 1; i <= n; i++)
                if (symbol[i] in has && has[symbol[i]] != from[i])
                    print from[i], has[symbol[i]], symbol[i]
        }'
}

# Tells each round of calls with one symbol for each step, by what `uses` printed.
rounds() {
    awk '{ print $1, $2 }' "$1" | tsort 2>&1 >/dev/null | sed -n 's/^tsort: //p' | awk -v uses="$1" '
        BEGIN { while ((getline line <uses) > 0) { split(line, f, " "); by[f[1], f[2]] = f[3] } }
        function tell(i, text, next_one) {
            if (n == 0) return
            text = at[1]
            for (i = 1; i <= n; i++) {
                next_one = at[i % n + 1]
                text = text " -> " next_one " (" by[at[i], next_one] ")"
            }
            print at[1] ": calls go round: " text
        }
        / loop:$/ { tell(); n = 0; next }
        { at[++n] = $0 }
        END { tell() }' >>"$findings"
}

check_symbols() {
    command -v nm >/dev/null 2>&1 || { left_out "symbols, for want of nm"; return; }
    find runtime -name '*.c' | sort | uses >"$objects/uses"
    awk -v floors="$FLOORS" -v apart=" $APART " '
        BEGIN { n = split(floors, f); for (i = 1; i <= n; i++) floor[f[i]] = i }
        {
            split($1, at, "/"); split($2, to, "/")
            if (floor[to[2]] > floor[at[2]])
                print $1 ": " at[2] "/ is below " to[2] "/ and may not call " $3
            else if (index(apart, " " at[2] "/" to[2] " "))
                print $1 ": " at[2] "/ stands beside " to[2] "/ and may not call " $3
        }' "$objects/uses" >>"$findings"
    rounds "$objects/uses"
    for plugin in plugins/*/; do
        find "$plugin" -name '*.c' | sort | uses >"$scratch"
        rounds "$scratch"
    done
}

[ $# -gt 0 ] || set -- $ALL
for check; do
    case " $ALL " in
    *" $check "*) check_$check ;;
    *) echo "tidy: no check \"$check\"; there are: $ALL" >&2 && exit 2 ;;
    esac
done

sort -u "$findings" | sort -t : -k 1,1 -k 2,2n
count=$(sort -u "$findings" | wc -l)
echo "tidy: $count findings in $(c_files | wc -l) files"
[ "$count" -eq 0 ]
