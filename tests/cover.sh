#!/bin/sh
# Prints line coverage per file and folder from what a COVER=1 build left in its object folder:
#   tests/cover.sh build/cover/obj

set -u
objects=$1
find "$objects/runtime" "$objects/plugins" -name '*.gcda' 2>/dev/null | sort | while read -r data; do
    # File 'runtime/base/buf.c'
    # Lines executed:93.75% of 32
    gcov -n -o "$data" "$data" 2>/dev/null
done | awk -F "'" '
    /^File / { file = $2 }
    /^Lines executed:/ && file ~ /^(runtime|plugins)\/.*\.c$/ {
        split($0, part, /[:% ]+/)
        percent = part[3]; lines = part[5]
        printf "%6.1f %%  %5d lines  %s\n", percent, lines, file
        folder = file; sub(/\/[^\/]*$/, "", folder)
        hit[folder] += percent * lines / 100; all[folder] += lines
        hit["all"] += percent * lines / 100; all["all"] += lines
        file = ""
    }
    END {
        for (folder in all)
            printf "%6.1f %%  %5d lines  = %s\n", 100 * hit[folder] / all[folder], all[folder], folder
    }' | sort -k 4,4 -k 5,5
