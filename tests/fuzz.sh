#!/bin/sh
# Runs every fuzzer of a folder for some seconds each: tests/fuzz.sh FOLDER SECONDS
#
# A fuzzer is tests/fuzz/fuzz_NAME.c with LLVMFuzzerTestOneInput(). Its inputs are kept: those
# worth committing in tests/fuzz/corpus/fuzz_NAME, new ones in FOLDER/corpus, crashes in FOLDER. Words
# that its inputs are made of may stand in tests/fuzz/fuzz_NAME.dict.

set -u
folder=$1
seconds=$2
passed=0
failed=0

for source in tests/fuzz/fuzz_*.c; do
    [ -e "$source" ] || continue
    name=$(basename "$source" .c)
    mkdir -p "$folder/corpus/$name"
    set -- "$folder/corpus/$name"
    [ -d "tests/fuzz/corpus/$name" ] && set -- "$@" "tests/fuzz/corpus/$name"
    [ -e "tests/fuzz/$name.dict" ] && set -- "-dict=tests/fuzz/$name.dict" "$@"
    if "$folder/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$folder/$name-" "$@" </dev/null >"$folder/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log") inputs"
    else
        failed=$((failed + 1))
        echo "$name: FAILED"
        tail -n 40 "$folder/$name.log"
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
