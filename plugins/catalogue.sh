#!/bin/sh
# Makes the generated parts of the catalogue anew, and leaves what stands between them as it is:
#
#   plugins/catalogue.sh GYRE [FILE]       FILE: plugins/README.md
#
#   <!-- gyre list -->                     a table of all operators and functions
#   <!-- gyre inspect PLUGIN.OP -->        its section, by its tables; up to the next <!-- end -->
#
# Only the plugins of this folder are in it, whatever else stands on the plugin path. An operator that
# has no part yet gets one at the end of its plugin's "## PLUGIN", a plugin at the end of the file; a
# part whose operator is gone is a mistake.

set -u
gyre=${1:?gyre}
here=$(dirname "$0")
file=${2:-$here/README.md}
unset GYRE_PLUGIN_PATH
parts=$(mktemp -d) || exit 1
trap 'rm -rf "$parts"' EXIT

"$gyre" list --format markdown >"$parts/table" || exit 1
sed -n 's/^| \[\([a-z0-9_]*\)\.\([a-z0-9_]*\)\].*/\1 \2/p' "$parts/table" >"$parts/all"
while read -r plugin name; do
    [ -d "$here/$plugin" ] || continue
    echo "$plugin.$name" >>"$parts/names"
    "$gyre" inspect "$plugin.$name" --format markdown >"$parts/$plugin.$name" || exit 1
done <"$parts/all"
awk -v here="$here" '
    match($0, /\[[a-z0-9_]*\./) { p = substr($0, RSTART + 1, RLENGTH - 2)
        if (system("test -d \"" here "/" p "\"") != 0) next }
    { print }' "$parts/table" >"$parts/list"

awk -v parts="$parts" -v file="$file" '
    function fail(text) { print "catalogue: " text | "cat >&2"; failed = 1; exit 1 }
    function put(part,   line, any) {
        while ((getline line <(parts "/" part)) > 0) { print line; any = 1 }
        close(parts "/" part)
        if (!any) fail(file ":" FNR ": no plugin of this folder has " part ": take its part out")
    }
    function put_new(plugin,   i) { # the operators that have no part in the file
        for (i = 1; i <= n; i++)
            if (!(names[i] in known) && index(names[i], plugin ".") == 1) {
                known[names[i]] = 1
                printf "%s<!-- gyre inspect %s -->\n", blank ? "" : "\n", names[i]
                put(names[i])
                print "<!-- end -->\n"
                blank = 1
            }
    }
    FILENAME == parts "/names" { names[++n] = $0; next }
    FNR == 1 { pass++ }
    pass == 1 {
        if ($0 ~ /^<!-- gyre inspect [a-z0-9_.]* -->$/) {
            if ($4 in known) fail(file ":" FNR ": a second part for " $4)
            known[$4] = 1
        }
        next
    }
    $0 == "<!-- end -->" { if (!inside) fail(file ":" FNR ": the end of no part"); inside = 0 }
    inside && /^<!-- gyre / { fail(file ":" inside ": the part has no <!-- end -->") }
    inside { next }
    /^## / { put_new(plugin); plugin = $2 }
    { print; blank = $0 == "" }
    /^<!-- gyre (list|inspect [a-z0-9_.]*) -->$/ {
        inside = FNR
        put($3 == "list" ? "list" : $4)
    }
    END {
        if (!failed && inside) fail(file ":" inside ": the part has no <!-- end -->")
        if (failed) exit 1
        put_new(plugin)
        for (i = 1; i <= n; i++)
            if (!(names[i] in known)) {
                plugin = substr(names[i], 1, index(names[i], ".") - 1)
                print "\n## " plugin "\n"
                blank = 1
                put_new(plugin)
            }
    }
' "$parts/names" "$file" "$file" >"$parts/new" || exit 1
cmp -s "$parts/new" "$file" || cat "$parts/new" >"$file"
