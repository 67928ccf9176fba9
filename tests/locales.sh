#!/bin/sh
# Makes locales into a folder, for LOCPATH, and prints their names, one a line.
#
#   tests/locales.sh FOLDER          one for each way in which the locales of this machine write numbers
#   tests/locales.sh FOLDER all      all that the machine can make: half an hour
#
# What localedef makes them of is in the package locales (Debian, Ubuntu).

set -u
folder=${1:?folder}
which=${2:-some}
source=/usr/share/i18n

mkdir -p "$folder" || exit 1
command -v localedef >/dev/null || { echo "locales.sh: no localedef (package libc-bin)" >&2; exit 1; }
[ -r $source/SUPPORTED ] || { echo "locales.sh: no $source/SUPPORTED (package locales)" >&2; exit 1; }

# Small character sets first: those take a fifth of the time. The collation of cmn_TW takes minutes.
supported() {
    if [ "$which" = all ]; then
        cat $source/SUPPORTED
    else
        grep ' ISO-8859' $source/SUPPORTED
        grep ' UTF-8' $source/SUPPORTED | grep -v '^cmn_'
    fi
}

# Prints "NAME CHARSET". What `copy "X"` brings into a LC_NUMERIC is that of X.
choose() {
    supported | awk -v which="$which" -v source="$source/locales/" '
        function numeric(name,   file, line, inside, text, n) {
            if (name in known) return known[name]
            file = source name
            while ((getline line <file) > 0) {
                if (line ~ /^END LC_NUMERIC/) break
                if (inside && line ~ /^copy/) { split(line, n, "\""); text = numeric(n[2]); break }
                if (inside && line !~ /^[%#]/) { gsub(/[ \t]+/, " ", line); text = text line "\n" }
                if (line ~ /^LC_NUMERIC/) inside = 1
            }
            close(file)
            return known[name] = text
        }
        /^[^#]/ && NF == 2 {
            name = $1; sub(/\.[^@]*/, "", name)
            if (which == "all" || !(numeric(name) in ways)) print
            ways[numeric(name)]
        }'
}

make_one() {
    input=$(echo "$1" | sed 's/\.[^@]*//')
    # A warning (a character that the set has not) is no failure; -c makes the locale all the same.
    localedef --no-archive -c -i "$input" -f "$2" "$folder/$1" >/dev/null 2>&1
    [ -e "$folder/$1/LC_NUMERIC" ] && echo "$1"
}

choose | while read -r name charset; do make_one "$name" "$charset"; done
