#!/bin/bash
# Runs test suites, TEST_JOBS at a time (as many as there are CPUs): prints what each says, then one line for all.
#
#   tests/run.sh SUITE...        each an executable made by `make check` (build/tests/unit/test_buf)
#
# Before the last line stand the suites that took longest, TEST_SLOWEST (5) of them.
#
# Exit 0 when everything passed. A suite that dies without its last line counts as one failure.
# GYRE_BUILD names the build folder; the suites hand it on to what they start.

set -u
jobs=${TEST_JOBS:-$(nproc)}

# The leak sanitizer of GCC 12 and before takes thread-local memory of a library that was loaded late, LuaJIT say,
# for that of glibc 2.19 where it is 16 bytes past a page, and then reads nonsense and dies ("Tracer caught signal
# 11"). It need not know of that memory: what the loader has allocated counts as reachable.
asan=detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1:intercept_tls_get_addr=0
export ASAN_OPTIONS=${ASAN_OPTIONS:-$asan}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1}

# Older thread sanitizers cannot live with the address randomization of newer kernels.
prefix=()
case ${GYRE_BUILD:-} in
*/tsan) setarch "$(uname -m)" -R true 2>/dev/null && prefix=(setarch "$(uname -m)" -R) ;;
esac

# Suites make and remove thousands of small files: in memory that takes a fifth of the time. Where
# plugins could not be run from there, or there is little of it, the disk has to do; TMPDIR chooses.
in_memory() {
    local folder free
    folder=$(mktemp -d /dev/shm/gyre-tests.XXXXXX 2>/dev/null) || return
    free=$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')
    printf '#!/bin/sh\n' >"$folder/runs"
    chmod +x "$folder/runs"
    if [ "${free:-0}" -gt 4000000 ] && "$folder/runs" 2>/dev/null; then
        echo "$folder"
    else
        rm -rf "$folder"
    fi
}

memory=
[ -n "${TMPDIR:-}" ] || memory=$(in_memory)
[ -z "$memory" ] || export TMPDIR=$memory
logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs" $memory' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM

# Its output, then a failure of its own if the exit status contradicts the last line.
run_suite() {
    local suite=$1 log=$2 status TIMEFORMAT='%R %U %S'
    { time "${prefix[@]}" "$suite" >"$log" 2>&1; } 2>"$log.time"
    status=$?
    tail -n 1 "$log.time" | sed "s|\$| ${suite##*/}|" >>"$logs/times"
    if ! grep -qE '^[^ ]+: [0-9]+ passed, [0-9]+ failed$' "$log"; then
        {
            echo "${suite##*/}: FAILED the suite itself: exit status $status, no summary"
            echo "${suite##*/}: 0 passed, 1 failed"
        } >>"$log"
    elif [ $status -gt 1 ]; then
        {
            echo "${suite##*/}: FAILED the suite itself: exit status $status"
            echo "${suite##*/}-exit: 0 passed, 1 failed"
        } >>"$log"
    fi
    mv "$log" "$log.done"
}

# Prints the summary of a suite; all that it said if something failed.
show() {
    if grep -qE 'passed, [1-9][0-9]* failed$' "$1"; then
        cat "$1"
    else
        grep -E '^[^ ]+: ([0-9]+ passed, 0 failed$|skipped )' "$1"
    fi
}

n=0
for suite; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
        wait -n
    done
    n=$((n + 1))
    run_suite "$suite" "$logs/$(printf %04d $n)" &
    for log in "$logs"/*.done; do
        [ -e "$log" ] && show "$log" && mv "$log" "${log%.done}.shown"
    done
done
wait
for log in "$logs"/*.done; do
    [ -e "$log" ] && show "$log" && mv "$log" "${log%.done}.shown"
done

# Seconds by the clock and of the CPUs; a suite that has few of the second mostly waits.
if [ $n -gt 1 ]; then
    sort -rn "$logs/times" | head -n "${TEST_SLOWEST:-5}" |
        awk '{ printf "%7.1f s, %6.1f s of the CPUs: %s\n", $1, $2 + $3, $4 }'
fi

[ $n -gt 0 ] || echo "no suite to run"
cat "$logs"/*.shown 2>/dev/null | awk '
    /^[^ ]+: [0-9]+ passed, [0-9]+ failed$/ { passed += $2; failed += $4 }
    END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 || passed == 0 }'
