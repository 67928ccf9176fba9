#!/bin/bash
# Measures gyre beside hand-written programs ("limits") that do the same work, and checks that both
# come to the same result. `make bench` builds what this needs, then runs it.
#
#   tests/bench/bench.sh [--json] [WORKLOAD]...     default: all workloads
#
#   --json         print the results as JSON (they are written to BUILD/bench.json in any case)
#   RUNS=5         runs of each side, alternating
#   PERCENT=100    of the rows and the text, for a quick look
#   GYRE_BUILD=... the output folder of make (build)
#
# Exit status: 0, 1 where a result differs or a side fails, 2 for wrong usage. Without the program
# gyre the limits are measured alone. Needs bash, awk, sort, cmp.

set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
build=${GYRE_BUILD:-$here/../../build}
build=$(cd "$build" 2>/dev/null && pwd) || { echo "bench: no folder $build: run make" >&2; exit 2; }
bin=$build/bench
data=$bin/data
runs=${RUNS:-5}
percent=${PERCENT:-100}
workloads="words json csv csv-gz text-parse keyed-10k keyed-1m keyed-10k-2 keyed-1m-2 aggregate-1m tumbling sliding sliding-long firing \
    join join-interval join-batch lookup loop loop-2 rounds chain chain-sum boundary-64 boundary-1024 \
    lua-filter lua-map lua-filter-str lua-map-str \
    snap-keyed snap-latency snap-restore snap-crash"
export LC_ALL=C

json=0
only=
for arg in "$@"; do
    case $arg in
    --json) json=1 ;;
    -*) echo "bench: unknown option $arg; see the top of $0" >&2; exit 2 ;;
    *)
        case " $workloads " in
        *" $arg "*) only="$only $arg" ;;
        *) echo "bench: no workload $arg; there are: $workloads" >&2; exit 2 ;;
        esac ;;
    esac
done
for program in timed gen_text gen_rows gen_log limit_words limit_json limit_csv limit_parse limit_keyed limit_windows limit_joins \
    limit_loops limit_chain limit_restore; do
    [ -x "$bin/$program" ] || { echo "bench: $bin/$program lacks: make bench-programs" >&2; exit 2; }
done
with_gyre=0
[ -x "$build/gyre" ] && with_gyre=1
mkdir -p "$data" || exit 2
failed=0
results=$data/results
: >"$results"

# For awk: the median of a list, which it sorts.
medians='
    function median(a, n,   i, j, t) {
        for (i = 2; i <= n; i++)
            for (j = i; j > 1 && a[j] < a[j - 1]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t }
        return n == 0 ? 0 : n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
    }'

say() { [ "$json" = 1 ] || printf '%s\n' "$*"; }
complain() { echo "bench: $*" >&2; failed=1; }

# gyre_run JOB [SET]...: puts the command into the array `command`.
gyre_run() {
    local job=$1
    shift
    command=("$build/gyre" run "$here/jobs/$job.cfg" --plugin-path "$bin/plugins"
        --report "$data/report.json")
    for setting in "$@"; do command+=(--set "$setting"); done
}

# once SIDE WORKLOAD COMMAND...: one timed run; its figures go to the file $data/WORKLOAD.SIDE.
once() {
    local side=$1 workload=$2
    shift 2
    "$bin/timed" "$data/$workload.$side" "$@" >"$data/$workload.$side.out" 2>"$data/$workload.$side.log" &&
        return 0
    complain "$workload: $side failed: $*"
    sed 's/^/    /' "$data/$workload.$side.log" >&2
    return 1
}

# The seconds between start and end as gyre's own report has them, without loading.
reported_seconds() {
    sed -n 's/.*"wall[a-z_]*": *\([0-9.eE+-]*\).*/\1/p' "$data/report.json" 2>/dev/null | head -n 1
}

# measure WORKLOAD ROWS: runs `limit` and `gyre` (arrays) in turn and prints a line.
measure() {
    local workload=$1 rows=$2 side
    rm -f "$data/$workload".{limit,gyre,inside}
    for ((run = 0; run < runs; run++)); do
        [ ${#limit[@]} = 0 ] || once limit "$workload" "${limit[@]}" || return
        if [ "$with_gyre" = 1 ]; then
            rm -f "$data/report.json"
            once gyre "$workload" "${gyre[@]}" || return
            reported_seconds >>"$data/$workload.inside"
        fi
    done
    for side in limit gyre inside; do [ -f "$data/$workload.$side" ] || : >"$data/$workload.$side"; done
    awk -v workload="$workload" -v rows="$rows" -v json="$results" "$medians"'
        FILENAME ~ /[.]limit$/ { limit[++n_limit] = $1; if ($3 > limit_kib) limit_kib = $3 }
        FILENAME ~ /[.]gyre$/ { gyre[++n_gyre] = $1; if ($3 > gyre_kib) gyre_kib = $3 }
        FILENAME ~ /[.]inside$/ && $1 != "" { inside[++n_inside] = $1 }
        END {
            n = n_limit < n_gyre ? n_limit : n_gyre
            for (i = 1; i <= n; i++) ratio[i] = gyre[i] / limit[i]
            l = median(limit, n_limit) * 1e9 / rows
            g = median(gyre, n_gyre) * 1e9 / rows
            s = median(inside, n_inside) * 1e9 / rows
            r = median(ratio, n)
            printf "%-14s", workload
            printf n_limit ? " %8.3f" : " %8s", n_limit ? l : "-"
            if (n_gyre) {
                printf " %8.3f", g
                printf n_inside ? " %8.3f" : " %8s", n_inside ? s : "-"
                if (n) printf " %5.2f [%.2f-%.2f]", r, ratio[1], ratio[n]
                else printf " %5s %11s", "-", "-"
                printf " %9.1f", 1e3 / g
            } else printf " %8s %8s %17s %9s", "-", "-", "-", "-"
            printf " %7.0f %7.0f\n", limit_kib / 1024, gyre_kib / 1024
            if (n && r < 1) print "    ^ a limit slower than gyre is no limit: find out why first"
            printf "{\"workload\": \"%s\", \"rows\": %.0f, \"limit_ns_per_row\": %.4f, " \
                "\"gyre_ns_per_row\": %.4f, \"gyre_inside_ns_per_row\": %.4f, \"ratio\": %.4f, " \
                "\"ratio_min\": %.4f, \"ratio_max\": %.4f, \"limit_peak_kib\": %d, " \
                "\"gyre_peak_kib\": %d}\n", workload, rows, l, g, s, r, ratio[1], ratio[n],
                limit_kib, gyre_kib >>json
        }' "$data/$workload.limit" "$data/$workload.gyre" "$data/$workload.inside" >"$data/line"
    say "$(cat "$data/line")"
}

# same WORKLOAD LIMIT GYRE: compares two result files, whatever the order of their lines.
same() {
    sort "$2" >"$2.sorted" && sort "$3" >"$3.sorted" || { complain "$1: no result to compare"; return; }
    if ! cmp -s "$2.sorted" "$3.sorted"; then
        complain "$1: RESULTS DIFFER: $2.sorted $3.sorted"
        diff "$2.sorted" "$3.sorted" | head -n 5 >&2
    fi
}

scaled() { echo $(($1 * percent / 100)); }

words() {
    local bytes suffix=
    bytes=$(scaled 200000000)
    [ "$percent" = 100 ] || suffix=-$percent
    local text=$data/words$suffix.txt
    if [ ! -f "$text" ]; then
        "$bin/gen_text" "$bytes" 1 >"$text.part" && mv "$text.part" "$text" ||
            { complain "words: cannot make $text"; return; }
    fi
    limit=("$bin/limit_words" "$text" "$data/words.limit.csv")
    export BENCH_TEXT=$text BENCH_OUT=$data/words.gyre.csv
    gyre_run words
    gyre=("${command[@]}")
    local rows
    rows=$("$bin/limit_words" "$text" | sed 's/rows=\([0-9]*\) .*/\1/')
    rm -f "$data"/words.{limit,gyre}.csv
    measure words "$rows"
    [ "$with_gyre" = 0 ] || same words "$data/words.limit.csv" "$data/words.gyre.csv"
}

# parse FORMAT: reading alone, beside the library's own speed (csv: a parser by hand).
parse() {
    local bytes suffix=
    bytes=$(scaled 200000000)
    [ "$percent" = 100 ] || suffix=-$percent
    for format in csv json; do
        local text=$data/rows$suffix.$format
        if [ ! -f "$text" ]; then
            "$bin/gen_rows" $format "$bytes" 1 >"$text.part" && mv "$text.part" "$text" ||
                { complain "$1: cannot make $text"; return; }
        fi
    done
    text=$data/rows$suffix.$1
    limit=("$bin/limit_$1" "$text")
    "${limit[@]}" >"$data/rows.limit" 2>&1
    [ $? != 77 ] || { say "$1: left out, limit_$1 was built without yajl"; return; }
    export BENCH_ROWS=$text BENCH_FORMAT=$1 BENCH_OUT=$data/rows.gyre.csv
    gyre_run parse
    gyre=("${command[@]}")
    measure "$1" "$(wc -l <"$data/rows$suffix.csv")"
    speeds "$1" "$(wc -c <"$text")"
    [ "$with_gyre" = 1 ] || return
    gyre_run parse_check
    once check "$1" "${command[@]}" || return
    cmp "$data/rows$suffix.csv" "$BENCH_OUT" >&2 || complain "$1: what was read is not what was written"
    rm -f "$BENCH_OUT"
}

# The same rows compressed: beside `zcat | gyre`, which has another process for it, and so another core.
parse_packed() {
    local suffix=
    [ "$percent" = 100 ] || suffix=-$percent
    local text=$data/rows$suffix.csv packed=$data/rows$suffix.csv.gz
    [ "$with_gyre" = 1 ] || return
    if [ ! -f "$packed" ]; then
        { [ -f "$text" ] || "$bin/gen_rows" csv "$(scaled 200000000)" 1 >"$text"; } &&
            gzip -c "$text" >"$packed.part" && mv "$packed.part" "$packed" ||
            { complain "$1: cannot make $packed"; return; }
    fi
    export BENCH_ROWS=$packed BENCH_FORMAT=csv BENCH_OUT=$data/rows.gyre.csv
    gyre_run parse in.path=-
    limit=(bash -c 'file=$1; shift; zcat "$file" | "$@"' zcat "$packed" "${command[@]}")
    gyre_run parse
    gyre=("${command[@]}")
    measure "$1" "$(wc -l <"$text")"
    speeds "$1" "$(wc -c <"$text")"
    gyre_run parse_check
    once check "$1" "${command[@]}" || return
    cmp "$text" "$BENCH_OUT" >&2 || complain "$1: what was read is not what was written"
    rm -f "$BENCH_OUT"
}

# A web server's log through text.parse, beside a bare loop of the library with the same pattern.
parse_log() {
    local bytes suffix=
    bytes=$(scaled 200000000)
    [ "$percent" = 100 ] || suffix=-$percent
    local text=$data/log$suffix.txt
    if [ ! -f "$text" ]; then
        "$bin/gen_log" "$bytes" 1 >"$text.part" && mv "$text.part" "$text" ||
            { complain "$1: cannot make $text"; return; }
    fi
    rm -f "$data/$1".{limit,gyre}.csv
    limit=("$bin/limit_parse" "$text" "$data/$1.limit.csv")
    "${limit[@]}" >"$data/$1.rows" 2>&1
    [ $? != 77 ] || { say "$1: left out, limit_parse was built without PCRE2"; return; }
    export BENCH_LOG=$text BENCH_OUT=$data/$1.gyre.csv
    gyre_run log
    gyre=("${command[@]}")
    measure "$1" "$(sed 's/rows=//' "$data/$1.rows")"
    speeds "$1" "$(wc -c <"$text")"
    [ "$with_gyre" = 0 ] || same "$1" "$data/$1.limit.csv" "$data/$1.gyre.csv"
}

# speeds WORKLOAD BYTES: the medians of what `measure` has timed, as MB/s.
speeds() {
    awk -v workload="$1" -v bytes="$2" -v json="$results" "$medians"'
        FILENAME ~ /[.]limit$/ { limit[++n_limit] = $1 }
        FILENAME ~ /[.]gyre$/ { gyre[++n_gyre] = $1 }
        END {
            l = bytes / 1e6 / median(limit, n_limit)
            g = n_gyre ? bytes / 1e6 / median(gyre, n_gyre) : 0
            printf "%-14s MB/s: %s %.0f", workload, workload == "json" ? "yajl alone" : workload == "text-parse" ? "PCRE2 alone" : "by hand", l
            if (n_gyre) printf ", gyre %.0f, which is %.2f of it", g, g / l
            print ""
            printf "{\"workload\": \"%s\", \"limit_mb_per_s\": %.1f, \"gyre_mb_per_s\": %.1f}\n",
                workload, l, g >>json
        }' "$data/$1.limit" "$data/$1.gyre" >"$data/line"
    say "$(cat "$data/line")"
}

# keyed WORKLOAD KEYS ROWS
keyed() {
    local rows
    rows=$(scaled "$3")
    limit=("$bin/limit_keyed" "$2" "$rows" 7)
    gyre_run keyed "in.keys=$2" "in.count=$rows"
    gyre=("${command[@]}")
    measure "$1" "$rows"
    [ "$with_gyre" = 1 ] || return
    rm -f "$data/$1".{limit,gyre}.csv
    export BENCH_OUT=$data/$1.gyre.csv
    gyre_run keyed_check "in.keys=$2" "in.count=$rows"
    once check "$1" "${command[@]}" || return
    "$bin/limit_keyed" "$2" "$rows" 7 "$data/$1.limit.csv" >/dev/null
    same "$1" "$data/$1.limit.csv" "$data/$1.gyre.csv"
}

# pays WORKLOAD KEYS ROWS: what a second task, and a second thread of the limit, make of the wall time.
pays() {
    local rows name=$1 side
    rows=$(scaled "$3")
    [ "$with_gyre" = 1 ] || return
    rm -f "$data/$name".{limit,limit2,gyre1,gyre2}
    for ((run = 0; run < runs; run++)); do
        once limit "$name" "$bin/limit_keyed" "$2" "$rows" 7 || return
        once limit2 "$name" "$bin/limit_keyed" -2 "$2" "$rows" 7 || return
        for side in 1 2; do
            gyre_run keyed "in.keys=$2" "in.count=$rows" "job.parallelism=$side"
            once "gyre$side" "$name" "${command[@]}" || return
        done
    done
    awk -v name="$name" -v json="$results" "$medians"'
        { side = FILENAME; sub(/.*[.]/, "", side); time[side, ++n[side]] = $1 }
        function of(two, one,   i) {
            for (i = 1; i <= n["limit2"]; i++) ratio[i] = time[two, i] / time[one, i]
            return median(ratio, n["limit2"])
        }
        END {
            r = of("gyre2", "gyre1"); low = ratio[1]; high = ratio[n["limit2"]]
            l = of("limit2", "limit")
            printf "%-14s the wall time of two tasks is %.2f [%.2f-%.2f] of that of one; of two threads by hand %.2f [%.2f-%.2f]\n",
                name, r, low, high, l, ratio[1], ratio[n["limit2"]]
            printf "{\"workload\": \"%s\", \"two_of_one\": %.4f, \"limit_two_of_one\": %.4f}\n", name, r, l >>json
        }' "$data/$name".{limit,limit2,gyre1,gyre2} >"$data/line"
    say "$(cat "$data/line")"
    "$bin/limit_keyed" "$2" "$rows" 7 "$data/$name.limit.csv" >/dev/null
    "$bin/limit_keyed" -2 "$2" "$rows" 7 "$data/$name.gyre.csv" >/dev/null
    same "$name" "$data/$name.limit.csv" "$data/$name.gyre.csv"
}

# windows WORKLOAD ROWS WINDOW EVERY: both in ms; 10 k keys, and a row each microsecond of event time.
windows() {
    local rows
    rows=$(scaled "$2")
    limit=("$bin/limit_windows" 10000 "$rows" 7 "${3}000" "${4}000")
    export BENCH_WINDOW=${3}ms BENCH_EVERY=${4}ms
    gyre_run windows "in.keys=10000" "in.count=$rows"
    gyre=("${command[@]}")
    measure "$1" "$rows"
    [ "$with_gyre" = 1 ] || return
    rm -f "$data/$1".{limit,gyre}.csv
    export BENCH_OUT=$data/$1.gyre.csv
    gyre_run windows_check "in.keys=10000" "in.count=$rows"
    once check "$1" "${command[@]}" || return
    "${limit[@]}" "$data/$1.limit.csv" >/dev/null
    same "$1" "$data/$1.limit.csv" "$BENCH_OUT"
    rm -f "$data/$1".{limit,gyre}.csv{,.sorted}
}

# What windows of 3600 panes cost beside windows of 10: the shape of 1 h and of 10 s every second, in
# hundredths of the time and with a hundredth of the keys; in turn.
windows_long() {
    local rows side name=sliding-long
    [ "$with_gyre" = 1 ] || return
    rows=$(scaled 100000000)
    rm -f "$data/$name".{short,long}
    export BENCH_EVERY=10ms
    for ((run = 0; run < runs; run++)); do
        for side in short long; do
            BENCH_WINDOW=100ms
            [ $side = short ] || BENCH_WINDOW=36s
            export BENCH_WINDOW
            gyre_run windows "in.keys=100" "in.count=$rows"
            once $side $name "${command[@]}" || return
        done
    done
    awk -v rows="$rows" -v name="$name" -v json="$results" "$medians"'
        { split(FILENAME, part, "."); time[part[length(part)], FNR] = $1; n = FNR }
        function ns(side,   i, all) {
            for (i = 1; i <= n; i++) all[i] = time[side, i]
            return median(all, n) * 1e9 / rows
        }
        END {
            for (i = 1; i <= n; i++) ratio[i] = time["long", i] / time["short", i]
            r = median(ratio, n)
            printf "%-14s 10 panes: %.3f ns per row, 3600 panes: %.3f; ratio %.2f [%.2f-%.2f]\n", name,
                ns("short"), ns("long"), r, ratio[1], ratio[n]
            printf "{\"workload\": \"%s\", \"short_ns_per_row\": %.4f, " \
                "\"long_ns_per_row\": %.4f, \"ratio\": %.4f, \"ratio_min\": %.4f, " \
                "\"ratio_max\": %.4f}\n", name, ns("short"), ns("long"), r, ratio[1], ratio[n] >>json
        }' "$data/$name".{short,long} >"$data/line"
    say "$(cat "$data/line")"
}

# A window of 1 M keys that fires at once: when its first and last results come, from the moment at which the
# source puts out the first row behind it; and the longest time for which no rows went on meanwhile.
firing() {
    local rows name=firing
    [ "$with_gyre" = 1 ] || return
    rows=$(scaled 8000000)
    rm -f "$data/$name".{gyre,first,last,gap}
    export BENCH_MARK=$data/mark.txt BENCH_FIRED=$data/fired.txt
    for ((run = 0; run < runs; run++)); do
        gyre_run firing "in.count=$rows"
        once gyre $name "${command[@]}" || return
        awk '{ for (i = 1; i <= NF; i++) { split($i, part, "="); v[part[1], FNR == NR] = part[2] } }
            END { c = v["crossed", 1]; print (v["first", 0] - c) / 1e3 >f
                  print (v["last", 0] - c) / 1e3 >l; print v["gap", 1] / 1e3 >g }' f="$data/line.f" \
            l="$data/line.l" g="$data/line.g" "$BENCH_MARK" "$BENCH_FIRED"
        cat "$data/line.f" >>"$data/$name.first"
        cat "$data/line.l" >>"$data/$name.last"
        cat "$data/line.g" >>"$data/$name.gap"
    done
    awk -v name="$name" -v json="$results" "$medians"'
        { split(FILENAME, part, "."); v[part[length(part)], FNR] = $1; n = FNR }
        function all(side,   i, a, m) {
            for (i = 1; i <= n; i++) a[i] = v[side, i]
            m = median(a, n)
            printf "{\"workload\": \"%s-%s\", \"ms\": %.2f, \"ms_min\": %.2f, \"ms_max\": %.2f}\n", name,
                side, m, a[1], a[n] >>json
            return sprintf("%.1f ms [%.1f-%.1f]", m, a[1], a[n])
        }
        END {
            printf "%-14s 1 M keys: first result after %s, last after %s; no row went on for at most %s\n",
                name, all("first"), all("last"), all("gap")
        }' "$data/$name".{first,last,gap} >"$data/line"
    say "$(cat "$data/line")"
}

# joins WORKLOAD KIND KEYS LEFT RIGHT SPAN_US [PART]: a row is one of either side. For the comparison right has
# one of PART rows, 1 by itself.
joins() {
    local name=$1 left right job=${1/-/_}
    local sets=("left.keys=$3" "right.keys=$3")
    left=$(scaled "$4") right=$(scaled "$5")
    export BENCH_WINDOW=${6}us BENCH_WITHIN=${6}us
    limit=("$bin/limit_joins" "$2" "$3" "$left" "$right" "$6")
    gyre_run "$job" "${sets[@]}" "left.count=$left" "right.count=$right"
    gyre=("${command[@]}")
    measure "$name" $((left + right))
    [ "$with_gyre" = 1 ] || return
    rm -f "$data/$name".{limit,gyre}.csv
    export BENCH_OUT=$data/$name.gyre.csv
    right=$((right / ${7:-1}))
    gyre_run "${job}_check" "${sets[@]}" "left.count=$left" "right.count=$right"
    once check "$name" "${command[@]}" || return
    "$bin/limit_joins" "$2" "$3" "$left" "$right" "$6" "$data/$name.limit.csv" >/dev/null
    same "$name" "$data/$name.limit.csv" "$BENCH_OUT"
    rm -f "$data/$name".{limit,gyre}.csv{,.sorted}
}

# What three functions in one operator cost of what one costs alone, the mean of the three; in turn.
aggregate() {
    local rows fn name=aggregate-1m
    [ "$with_gyre" = 1 ] || return
    rows=$(scaled 100000000)
    rm -f "$data/$name".{sum,count,max,three}
    for ((run = 0; run < runs; run++)); do
        for fn in sum count max; do
            export BENCH_FN=std.$fn
            gyre_run aggregate_one "in.count=$rows"
            once $fn $name "${command[@]}" || return
        done
        gyre_run aggregate_three "in.count=$rows"
        once three $name "${command[@]}" || return
    done
    awk -v rows="$rows" -v name="$name" -v json="$results" "$medians"'
        { split(FILENAME, part, "."); side = part[length(part)]; n = FNR
          time[side, n] = $1; cpu[side, n] = $2 }
        function ns(side,   i, all) {
            for (i = 1; i <= n; i++) all[i] = time[side, i]
            return median(all, n) * 1e9 / rows
        }
        END {
            for (i = 1; i <= n; i++) {
                ratio[i] = 3 * time["three", i] / (time["sum", i] + time["count", i] + time["max", i])
                by_cpu[i] = 3 * cpu["three", i] / (cpu["sum", i] + cpu["count", i] + cpu["max", i])
            }
            r = median(ratio, n)
            c = median(by_cpu, n)
            printf "%-14s three functions: %.3f ns per row, alone: sum %.3f, count %.3f, max %.3f; " \
                "ratio to their mean %.2f [%.2f-%.2f], by CPU time %.2f [%.2f-%.2f]\n", name,
                ns("three"), ns("sum"), ns("count"), ns("max"), r, ratio[1], ratio[n], c, by_cpu[1],
                by_cpu[n]
            printf "{\"workload\": \"%s\", \"three_ns_per_row\": %.4f, \"sum_ns_per_row\": %.4f, " \
                "\"count_ns_per_row\": %.4f, \"max_ns_per_row\": %.4f, \"ratio\": %.4f, " \
                "\"cpu_ratio\": %.4f}\n", name, ns("three"), ns("sum"), ns("count"), ns("max"), r,
                c >>json
        }' "$data/$name".{sum,count,max,three} >"$data/line"
    say "$(cat "$data/line")"
    rm -f "$data/$name".{limit,gyre}.csv
    export BENCH_OUT=$data/$name.gyre.csv
    gyre_run aggregate_check "in.count=$rows"
    once check $name "${command[@]}" || return
    "$bin/limit_keyed" 1000000 "$rows" 7 "$data/$name.limit.csv" >/dev/null
    cut -d , -f 1,2 "$BENCH_OUT" | sed '1s/total/value/' >"$BENCH_OUT.sums"
    same $name "$data/$name.limit.csv" "$BENCH_OUT.sums"
}

# beside_c WORKLOAD JOB SOURCE OPERATOR FIELD EXPRESSION ROWS: an operator of lua, beside the same one in C: here the
# limit is a job too.
beside_c() {
    local rows
    [ "$with_gyre" = 1 ] || return
    [ -f "$build/plugins/lua.so" ] || { say "$1: left out, gyre was built without LuaJIT"; return; }
    rows=$(scaled "$7")
    export BENCH_SOURCE=$3 BENCH_OP=$4 BENCH_FIELD=$5 BENCH_EXPR=$6
    gyre_run lua_c "in.count=${rows}L"
    limit=("${command[@]}")
    gyre_run "$2" "in.count=${rows}L"
    gyre=("${command[@]}")
    measure "$1" "$rows"
    by_cpu "$1"
    if [ "$(said_rows "$data/$1.limit.log")" != "$(said_rows "$data/$1.gyre.log")" ]; then
        complain "$1: RESULTS DIFFER: $(said_rows "$data/$1.limit.log") $(said_rows "$data/$1.gyre.log")"
    fi
}

# The rows that a run says it has put out.
said_rows() { sed -n 's/.* \([0-9]* out\),.*/\1/p' "$1"; }

# by_cpu WORKLOAD: the ratio of what `measure` has timed, by CPU time, which a busy machine spoils less.
by_cpu() {
    [ "$with_gyre" = 1 ] || return
    awk -v workload="$1" -v json="$results" "$medians"'
        FILENAME ~ /[.]limit$/ { limit[FNR] = $2 }
        FILENAME ~ /[.]gyre$/ { ratio[++n] = limit[FNR] > 0 ? $2 / limit[FNR] : 0 }
        END {
            r = median(ratio, n)
            printf "%-14s by CPU time: %.2f [%.2f-%.2f]\n", workload, r, ratio[1], ratio[n]
            printf "{\"workload\": \"%s\", \"cpu_ratio\": %.4f}\n", workload, r >>json
        }' "$data/$1.limit" "$data/$1.gyre" >"$data/line"
    say "$(cat "$data/line")"
}

# loops WORKLOAD PARALLELISM ROWS LEFT: a row of the table is a hop; each row makes LEFT + 1.
loops() {
    local name=$1 left
    left=$(scaled "$4")
    rm -f "$data/$name".{limit,gyre}.csv
    limit=("$bin/limit_loops" "$2" 17 "$3" "$left" "$data/$name.limit.csv")
    export BENCH_OUT=$data/$name.gyre.csv
    gyre_run loop "in.to=$(($3 - 1))" "start.left=$left"
    gyre=("${command[@]}" -p "$2")
    measure "$name" $(($3 * (left + 1)))
    by_cpu "$name"
    [ "$with_gyre" = 0 ] || same "$name" "$data/$name.limit.csv" "$BENCH_OUT"
    rm -f "$data/$name".{limit,gyre}.csv{,.sorted}
}

# Rounds of one row each: what a round costs at parallelism 1 and 2, by the job's own report.
empty_rounds() {
    local rounds name
    [ "$with_gyre" = 1 ] || return
    rounds=$(scaled 20000)
    for p in 1 2; do
        name=rounds-$p
        rm -f "$data/$name".{limit,gyre}.csv "$data/$name".{gyre,inside}
        export BENCH_OUT=$data/$name.gyre.csv
        gyre_run loop_rounds "in.to=0" "start.left=$rounds"
        for ((run = 0; run < runs; run++)); do
            once gyre "$name" "${command[@]}" -p $p || return
            reported_seconds >>"$data/$name.inside"
        done
        "$bin/limit_loops" 1 17 1 "$rounds" "$data/$name.limit.csv" >/dev/null
        same "$name" "$data/$name.limit.csv" "$BENCH_OUT"
        awk -v p=$p -v rounds="$rounds" -v json="$results" "$medians"'
            { us[++n] = $1 * 1e6 / rounds }
            END {
                m = median(us, n)
                printf "%-14s an empty round at parallelism %d: %.2f us [%.2f-%.2f]\n", "rounds", p, m,
                    us[1], us[n]
                printf "{\"workload\": \"rounds-%d\", \"us\": %.3f, \"us_min\": %.3f, " \
                    "\"us_max\": %.3f}\n", p, m, us[1], us[n] >>json
            }' "$data/$name.inside" >"$data/line"
        say "$(cat "$data/line")"
        rm -f "$data/$name".{limit,gyre}.csv{,.sorted}
    done
}

# chain WORKLOAD JOB: both sinks have the same limit; one that adds up is the check.
chain() {
    local rows
    rows=$(scaled 1000000000)
    limit=("$bin/limit_chain" "$rows")
    export BENCH_OUT=$data/chain.gyre.txt
    gyre_run "$2" "in.count=$rows"
    gyre=("${command[@]}")
    rm -f "$data/chain.gyre.txt"
    measure "$1" "$rows"
    [ "$with_gyre" = 1 ] && [ "$2" = chain_sum ] || return
    grep '^kept=' "$data/$1.limit.out" >"$data/chain.limit.txt"
    same "$1" "$data/chain.limit.txt" "$data/chain.gyre.txt"
}

# boundary BATCH: what one more plugin costs per row, from chains of 5 and of 1.
boundary() {
    local rows name=boundary-$1
    [ "$with_gyre" = 1 ] || return
    rows=$(scaled 500000000)
    limit=()
    for job in chain chain_one; do
        gyre_run $job "in.count=$rows" "in.rows=$1"
        gyre=("${command[@]}")
        measure "$job-$1" "$rows"
        [ -s "$data/$job-$1.gyre" ] || return
    done
    awk -v rows="$rows" -v name="$name" -v json="$results" '
        { if (!(FILENAME in least) || $1 < least[FILENAME]) least[FILENAME] = $1 }
        END {
            ns = (least[ARGV[1]] - least[ARGV[2]]) * 1e9 / rows / 4
            printf "%-14s one more plugin: %.3f ns per row, %.0f ns per batch\n", name, ns,
                ns * substr(name, 10)
            printf "{\"workload\": \"%s\", \"ns_per_row\": %.4f}\n", name, ns >>json
        }' "$data/chain-$1.gyre" "$data/chain_one-$1.gyre" >"$data/line"
    say "$(cat "$data/line")"
}

. "$here/snapshots.sh" || exit 2

machine=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
flags=$(cat "$build/obj/flags" 2>/dev/null)
say "machine: ${machine:-?}, $(getconf _NPROCESSORS_ONLN) CPUs, $(uname -m); runs of each: $runs"
say "build:   ${flags:-?}"
load=$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null)
say "load:    ${load:-?} before the start; figures of a busy machine are not worth keeping"
[ "$with_gyre" = 1 ] || say "no $build/gyre: the limits alone"
say "$(printf '%-14s %8s %8s %8s %17s %9s %7s %7s' 'ns per row:' limit gyre inside \
    'ratio [range]' Mrows/s 'MiB lim' gyre)"
for workload in ${only:-$workloads}; do
    case $workload in
    words) words ;;
    json | csv) parse "$workload" ;;
    csv-gz) parse_packed "$workload" ;;
    text-parse) parse_log "$workload" ;;
    keyed-10k) keyed keyed-10k 10000 100000000 ;;
    keyed-1m) keyed keyed-1m 1000000 100000000 ;;
    keyed-10k-2) pays keyed-10k-2 10000 100000000 ;;
    keyed-1m-2) pays keyed-1m-2 1000000 100000000 ;;
    aggregate-1m) aggregate ;;
    tumbling) windows tumbling 100000000 1000 1000 ;;
    sliding) windows sliding 100000000 10000 1000 ;;
    sliding-long) windows_long ;;
    firing) firing ;;
    join) joins join window 10000 5000000 5000000 10000 ;;
    join-interval) joins join-interval interval 10000 5000000 5000000 5000 ;;
    join-batch) joins join-batch batch 1000000 1000000 10000000 1000000 2 ;;
    lookup) joins lookup lookup 10000 1000000 20000000 1000000 10 ;;
    loop) loops loop 1 100000 999 && loops loop-row 1 1 1000000 ;;
    loop-2) loops loop-2 2 100000 999 && loops loop-row-2 2 1 1000000 ;;
    rounds) empty_rounds ;;
    chain) chain chain chain ;;
    chain-sum) chain chain-sum chain_sum ;;
    boundary-*) boundary "${workload#boundary-}" ;;
    lua-filter) beside_c lua-filter lua_filter chain_src.rows chain_b.large "" "x > 150" 100000000 ;;
    lua-map) beside_c lua-map lua_map chain_src.rows chain_a.scale x "x * 1.5" 100000000 ;;
    lua-filter-str) beside_c lua-filter-str lua_filter lua_rows.rows lua_rows.paid_or_long "" \
        "status == 'paid' or starts(name, 'an item')" 50000000 ;;
    lua-map-str) beside_c lua-map-str lua_map lua_rows.rows lua_rows.labels label "upper(name) .. '!'" 50000000 ;;
    snap-*) "snap_${workload#snap-}" ;;
    esac
done
awk -v machine="$machine" -v flags="$flags" -v runs="$runs" -v load="$load" '
    function quoted(s) { gsub(/["\\]/, "\\\\&", s); return "\"" s "\"" }
    BEGIN { printf "{\"machine\": %s, \"build\": %s, \"load\": %.2f, \"runs\": %d,\n \"results\": [",
        quoted(machine), quoted(flags), load, runs }
    { printf "%s\n  %s", (NR > 1 ? "," : ""), $0 }
    END { print "\n]}" }' "$results" >"$build/bench.json"
[ "$json" = 0 ] || cat "$build/bench.json"
exit $failed
