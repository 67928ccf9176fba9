#!/bin/sh
# What `make demo` shows: the most frequent words of real text, counted by jobs/wordcount-batch.cfg.
#
#   jobs/demo.sh [FILE]...       the text; default: the documents of this project
#
# GYRE_BUILD names the build folder (default: build).

set -eu
here=$(pwd)
home=$(cd "$(dirname "$0")/.." && pwd)
gyre=${GYRE_BUILD:-$home/build}/gyre
job=$home/jobs/wordcount-batch.cfg

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ $# -gt 0 ]; then
    cat -- "$@" >"$work/text"
    what="$*"
else
    cd "$home"
    find . \( -name build -o -name .git \) -prune -o -type f -name '*.md' -exec cat {} + >"$work/text"
    what="the documents of this project (*.md)"
    cd "$here"
fi

set +e
"$gyre" run "$job" --set "lines.path=$work/text" --set "out.path=$work/counts.csv" \
    --report "$work/report.json"
status=$?
set -e
[ $status -eq 0 ] || {
    echo "demo: gyre run jobs/wordcount-batch.cfg ended with status $status" >&2
    exit $status
}
[ -s "$work/counts.csv" ] || {
    echo "demo: gyre run jobs/wordcount-batch.cfg put out no words" >&2
    exit 1
}

echo
echo "The ten most frequent words of $what:"
echo
sort -t , -k 2,2nr -k 1,1 "$work/counts.csv" | head -n 10 |
    awk -F , '{ printf "  %8d  %s\n", $NF, substr($0, 1, length($0) - length($NF) - 1) }'

# The rate is measured over many copies of the text: small files say nothing but the start-up time.
copies=$((64 * 1024 * 1024 / ($(wc -c <"$work/text") + 1) + 1))
i=0
while [ $i -lt $copies ]; do
    cat "$work/text"
    i=$((i + 1))
done >"$work/much"
bytes=$(wc -c <"$work/much")
start=$(date +%s%N)
"$gyre" run "$job" --set "lines.path=$work/much" --set "out.path=$work/much.csv" 2>"$work/log" || {
    cat "$work/log" >&2
    exit 1
}
end=$(date +%s%N)
awk -F , -v bytes="$bytes" -v ns=$((end - start)) '
    { words += $NF }
    END {
        s = ns / 1e9
        printf "\n%.0f MB of it, %.1f million words, in %.2f s: %.0f MB/s, %.1f million words/s\n",
            bytes / 1e6, words / 1e6, s, bytes / 1e6 / s, words / 1e6 / s
    }' "$work/much.csv"

case $gyre in "$here"/*) gyre=${gyre#"$here"/} ;; esac
case $job in "$here"/*) job=${job#"$here"/} ;; esac
cat <<END

To count the words of a text of yours:

  $gyre run $job --set lines.path=YOUR.txt --set out.path=-

END
