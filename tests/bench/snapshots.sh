# What snapshots cost, for bench.sh, which reads this file: `snap-keyed`, `snap-latency`, `snap-restore`,
# `snap-crash`. Each compares gyre with itself, or with limit_restore; the last two need the snapshot of
# 1 GB that `with_state` makes.

# field NAME FILE: the last number of a field of a JSON report.
field() { sed -n "s/.*\"$1\": *\\([0-9.eE+-]*\\).*/\\1/p" "$2" 2>/dev/null | tail -n 1; }

# value NAME FILE: a figure of paced.latency.
value() { sed -n "s/.*\\b$1=\\([0-9]*\\).*/\\1/p" "$2" 2>/dev/null; }

# taken: how many snapshots the last report has, without the one of the end.
taken() { echo $(($(grep -c '"bytes":' "$data/report.json") - 1)); }

# put_result JSON: a line of results.
put_result() { printf '%s\n' "$1" >>"$results"; }

# quotient FILE FILE: "median [least-most]" of the quotients of two columns of figures; "-" where one is
# not to be had, for a clock that has ticked less than once.
quotient() {
    paste "$1" "$2" | awk '{ print ($2 > 0 ? $1 / $2 : "-") }' | sort -g | awk '{ r[NR] = $1; none += $1 == "-" }
        END {
            if (none || NR == 0) printf "-"
            else printf "%.3f [%.3f-%.3f]", (r[int((NR + 1) / 2)] + r[int(NR / 2) + 1]) / 2, r[1], r[NR]
        }'
}

# snap_keyed: the keyed sum with 1 M keys with a snapshot every second, and without. Ten short pairs a
# run, in turn one first and the other: a machine's speed that changes by the minute changes both.
snap_keyed() {
    [ "$with_gyre" = 1 ] || return
    local name=snap-keyed rows pause=0 n=0 took side order="off on"
    rows=$(scaled 100000000)
    rm -f "$data/$name".{off,on}
    for ((run = 0; run < 10 * runs; run++)); do
        for side in $order; do
            rm -rf "$data/snap"
            gyre_run keyed in.keys=1000000 "in.count=$rows"
            [ $side = off ] ||
                command+=(--set job.snapshot.every=1s --set "job.snapshot.dir=$data/snap")
            once gyre $name "${command[@]}" || return
            reported_seconds >>"$data/$name.$side"
            [ $side = on ] || continue
            took=$(field longest_snapshot_pause_seconds "$data/report.json")
            pause=$(awk -v a="$pause" -v b="$took" 'BEGIN { print (b > a ? b : a) }')
            n=$((n + $(taken)))
        done
        [ "$order" = "off on" ] && order="on off" || order="off on"
    done
    local ratio
    [ "$n" -gt 0 ] || say "$name: the runs ended before a snapshot was due: raise PERCENT"
    ratio=$(quotient "$data/$name.off" "$data/$name.on")
    say "$(printf '%-14s throughput with snapshots %s of that without, %d snapshots; longest pause %.2f ms' \
        $name "$ratio" "$n" "$(awk -v s="$pause" 'BEGIN { print s * 1e3 }')")"
    put_result "{\"workload\": \"$name\", \"throughput\": ${ratio%% *}, \"snapshots\": $n, \"longest_pause_s\": $pause}"
    rm -rf "$data/snap" "$data/$name".{limit,gyre}.csv "$data/parts"
    gyre_run keyed_check in.keys=1000000 "in.count=$rows" "out.path=$data/parts/" \
        job.snapshot.every=1s "job.snapshot.dir=$data/snap"
    once check $name "${command[@]}" || return
    # A part for each task and transaction, each with a line of names.
    awk 'FNR > 1 || NR == 1' "$data"/parts/part-* >"$data/$name.gyre.csv"
    "$bin/limit_keyed" 1000000 "$rows" 7 "$data/$name.limit.csv" >/dev/null
    same $name "$data/$name.limit.csv" "$data/$name.gyre.csv"
    rm -rf "$data/parts" "$data/snap"
}

# latency_run SECONDS [SET]...: a run of the job with 1 GB of state.
latency_run() {
    local seconds=$1
    shift
    gyre_run snap_latency "in.lasts=${seconds}s" "in.keys=$(scaled 1000000)" \
        "out.path=$data/latency.txt" "out.first=$data/first.txt" "$@"
}

# write_by_hand: what five such snapshots ask of the machine whoever takes them: the bytes of the state,
# past the page cache, every two seconds.
write_by_hand() {
    local blocks=$(($(scaled 1000000) * 1033 / 2097152)) n code=0
    sleep 2
    for n in 1 2 3 4 5; do
        sleep 2 &
        dd if=/dev/zero of="$data/by-hand" bs=2M count=$blocks oflag=direct conv=fsync status=none || code=1
        wait
    done
    rm -f "$data/by-hand"
    return $code
}

# settle: waits until the disk is done with what was removed, which it may take as long for as for writing it.
settle() {
    sync
    sleep 5
}

# snap_latency: rows at 100 k/s, with 1 GB of state: without snapshots, without but beside a process that
# writes as much by hand, and with a snapshot every two seconds. One is kept, so that from the third on they are
# written over older ones, as all are in a longer run. Each is the first in turn: what one side leaves behind in
# the machine or its host falls on all.
snap_latency() {
    [ "$with_gyre" = 1 ] || return
    local name=snap-latency pause=0 n=0 took sums= side q writer order="off beside on"
    rm -f "$data/$name".{off,beside,on}.*
    for ((run = 0; run < runs; run++)); do
        for side in $order; do
            rm -rf "$data/snap"
            settle
            latency_run 10
            [ $side != on ] || latency_run 10 job.snapshot.every=2s "job.snapshot.dir=$data/snap" job.snapshot.keep=1
            [ $side != beside ] || write_by_hand &
            writer=$!
            once $side $name "${command[@]}" || { kill $writer 2>/dev/null; return; }
            wait $writer || complain "$name: dd cannot write $data/by-hand"
            for q in p50 p99 p999 max; do value $q "$data/latency.txt" >>"$data/$name.$side.$q"; done
            sums="$sums $(value sum "$data/latency.txt")"
            [ $side = on ] || continue
            took=$(field longest_snapshot_pause_seconds "$data/report.json")
            pause=$(awk -v a="$pause" -v b="$took" 'BEGIN { print (b > a ? b : a) }')
            n=$((n + $(taken)))
        done
        order="${order#* } ${order%% *}"
    done
    [ "$(printf '%s\n' $sums | sort -u | wc -l)" = 1 ] || complain "$name: RESULTS DIFFER:$sums"
    for q in p50 p99 p999 max; do
        say "$(printf '%-14s %-4s %7d us without, %7d us with snapshots: %s' $name $q \
            "$(middle "$data/$name.off.$q")" "$(middle "$data/$name.on.$q")" \
            "$(quotient "$data/$name.on.$q" "$data/$name.off.$q")")"
        say "$(printf '%-14s %-4s %7d us without but beside a process that writes as much: with snapshots %s of that' $name $q \
            "$(middle "$data/$name.beside.$q")" "$(quotient "$data/$name.on.$q" "$data/$name.beside.$q")")"
        put_result "{\"workload\": \"$name\", \"quantile\": \"$q\", \"off_us\": $(middle "$data/$name.off.$q"), \"beside_us\": $(middle "$data/$name.beside.$q"), \"on_us\": $(middle "$data/$name.on.$q")}"
    done
    say "$(printf '%-14s %d snapshots; longest pause %.2f ms' $name "$n" \
        "$(awk -v s="$pause" 'BEGIN { print s * 1e3 }')")"
    put_result "{\"workload\": \"$name\", \"snapshots\": $n, \"longest_pause_s\": $pause}"
    rm -rf "$data/snap"
}

# middle FILE: the median of a column, as a whole number.
middle() { sort -g "$1" | awk '{ v[NR] = $1 } END { printf "%d", v[int((NR + 1) / 2)] }'; }

# with_state: a run is stopped when it has all its state; its last snapshot is $data/state.
with_state() {
    rm -rf "$data/state"
    latency_run 600 job.snapshot.every=1h "job.snapshot.dir=$data/state" job.snapshot.keep=1
    rm -f "$data/first.txt"
    "${command[@]}" >/dev/null 2>"$data/state.log" &
    local pid=$! tries
    for ((tries = 0; tries < 600; tries++)); do [ -s "$data/first.txt" ] && break; sleep 0.1; done
    sleep 8 # the rows of the keys come as fast as they go
    kill -TERM $pid
    wait $pid && return
    complain "the run that makes the state failed: $(cat "$data/state.log")"
    return 1
}

# snap_restore: reading 1 GB of state, and doing so by hand.
snap_restore() {
    [ "$with_gyre" = 1 ] || return
    local name=snap-restore snapshot entries limit_s gyre_s
    with_state || return
    snapshot=$(ls -d "$data"/state/[0-9]* | tail -n 1)
    rm -f "$data/$name".{limit,gyre}
    for ((run = 0; run < runs; run++)); do
        once limit $name "$bin/limit_restore" "$snapshot" || return
        # Without a rate to wait for the source ends at once: what is left is the restore.
        latency_run 0 job.restart.attempts=0
        once gyre $name "${command[@]}" --from "$snapshot" || return
    done
    entries=$(value entries "$data/$name.limit.out")
    grep -q "\"state_entries\": $entries," "$data/report.json" ||
        complain "$name: RESULTS DIFFER: not $entries entries in $data/report.json"
    cut -d ' ' -f 1 "$data/$name.limit" >"$data/$name.limit_s"
    cut -d ' ' -f 1 "$data/$name.gyre" >"$data/$name.gyre_s"
    local ratio bytes
    ratio=$(quotient "$data/$name.limit_s" "$data/$name.gyre_s")
    bytes=$(value bytes "$data/$name.limit.out")
    limit_s=$(sort -g "$data/$name.limit_s" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
    gyre_s=$(sort -g "$data/$name.gyre_s" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
    say "$(printf '%-14s %d MB, %d keys: by hand %.2f s, gyre %.2f s: %s of the speed by hand' $name \
        $((bytes / 1000000)) "$entries" "$limit_s" "$gyre_s" "$ratio")"
    put_result "{\"workload\": \"$name\", \"bytes\": $bytes, \"limit_s\": $limit_s, \"gyre_s\": $gyre_s}"
    rm -rf "$data/state"
}

# snap_crash: from kill -9 of the job process to the first row after it, with little and with 1 GB of state.
snap_crash() {
    [ "$with_gyre" = 1 ] || return
    local name=snap-crash keys pid child killed first tries
    for keys in 1000 "$(scaled 1000000)"; do
        rm -f "$data/$name.s"
        for ((run = 0; run < runs; run++)); do
            rm -rf "$data/snap" "$data/first.txt"
            latency_run 600 job.snapshot.every=1s "job.snapshot.dir=$data/snap" "in.keys=$keys"
            "${command[@]}" >/dev/null 2>"$data/$name.log" &
            pid=$!
            # The third: by then all keys have had their rows.
            for ((tries = 0; tries < 600; tries++)); do [ -f "$data/snap/3/manifest.cfg" ] && break; sleep 0.1; done
            child=$(ps -o pid= --ppid $pid | tr -d ' ')
            rm -f "$data/first.txt"
            killed=$(date +%s%6N)
            kill -9 "$child"
            for ((tries = 0; tries < 600; tries++)); do [ -s "$data/first.txt" ] && break; sleep 0.1; done
            first=$(cat "$data/first.txt" 2>/dev/null)
            kill -TERM $pid
            wait $pid || complain "$name: $(tail -n 3 "$data/$name.log")"
            [ -n "$first" ] || { complain "$name: no row after the crash"; return; }
            echo $(((first - killed) / 1000)) >>"$data/$name.s"
        done
        say "$(printf '%-14s %d keys of 1 kB: the first row %d ms after the crash, 100 ms of them restart.delay' \
            $name "$keys" "$(middle "$data/$name.s")")"
        put_result "{\"workload\": \"$name\", \"keys\": $keys, \"first_row_ms\": $(middle "$data/$name.s")}"
    done
    rm -rf "$data/snap"
}
