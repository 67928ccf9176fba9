/* Word counts of generated text are those that other programs count, however the text comes in and
 * however parallel the job is. GYRE_BIG=1 counts 200 MB as well. */
#include "run_job.h"
#include "run_text.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MB = 1024 * 1024, TEXT_SIZE = RUN_SANITIZED ? MB / 2 : 3 * MB, FILES = 40 };

static const int parallelisms[] = {1, 2, 3, 8};

static char *job_text(const char *mode, int parallelism, const char *path)
{
    return text_format(
        "job = \"words\"; mode = \"%s\"; parallelism = %d;\n"
        "operators = (\n"
        "  { id = \"lines\"; op = \"file.read\"; path = \"%s\"; },\n"
        "  { id = \"words\"; op = \"text.words\"; input = \"lines\"; },\n"
        "  { id = \"counts\"; op = \"std.sum\"; input = \"words\"; key = \"word\";\n"
        "    field = \"count\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"counts\"; path = \"out.csv\"; }\n"
        ");\n",
        mode, parallelism, path);
}

/* Compares what the job wrote with the counts of the text. */
static void check_counts(const char *dir, const char *mode, const char *expected)
{
    char *out = run_read(dir, "out.csv");
    char *got = strcmp(mode, "batch") == 0 ? run_sorted(out) : run_last_counts(out);
    CU_ASSERT_TRUE(strcmp(got, expected) == 0);
    free(got);
    free(out);
}

static void check_run(const char *dir, const char *mode, int parallelism, const char *path,
                      const char *expected)
{
    struct process_result r;
    char *job = job_text(mode, parallelism, path);
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    CU_ASSERT_STRING_EQUAL(r.out, "");
    check_counts(dir, mode, expected);
    process_result_fini(&r);
    free(job);
}

static void check_parallelisms(const char *mode)
{
    char *dir = dir_temp();
    char *text = run_text(TEXT_SIZE, 7);
    char *expected = run_text_counts(text);
    run_write(dir, "text", text);
    for (size_t i = 0; i < sizeof parallelisms / sizeof parallelisms[0]; i++)
        check_run(dir, mode, parallelisms[i], "text", expected);
    free(expected);
    free(text);
    dir_remove(dir);
    free(dir);
}

static void batch_counts_of_one_file_are_those_of_the_oracle(void)
{
    check_parallelisms("batch");
}

static void rolling_counts_of_one_file_rise_by_one_up_to_those_of_the_oracle(void)
{
    check_parallelisms("stream");
}

/* Cuts the text at line ends into files, one of them empty, others without a last line end. */
static void write_files(const char *dir, const char *text)
{
    size_t size = strlen(text), at = 0;
    for (int f = 0; f < FILES; f++) {
        char name[32];
        size_t end = f == FILES - 1 ? size : size * (size_t)(f + 1) / FILES;
        while (end < size && text[end] != '\n')
            end++;
        end = f == 20 ? at : end;
        sprintf(name, "part-%02d.txt", f);
        char *part = text_format("%.*s", (int)(end - at), text + at);
        run_write(dir, name, part);
        free(part);
        at = end;
    }
}

static void counts_of_forty_files_are_those_of_one(void)
{
    char *dir = dir_temp();
    char *text = run_text(TEXT_SIZE, 8);
    char *expected = run_text_counts(text);
    write_files(dir, text);
    for (size_t i = 0; i < sizeof parallelisms / sizeof parallelisms[0]; i++) {
        check_run(dir, "batch", parallelisms[i], "part-*.txt", expected);
        check_run(dir, "stream", parallelisms[i], "part-*.txt", expected);
    }
    free(expected);
    free(text);
    dir_remove(dir);
    free(dir);
}

/* Writes a text in pieces of odd sizes and ends the input. */
static void feed(struct process *process, const char *text)
{
    size_t left = strlen(text), piece = 1;
    while (left > 0) {
        ssize_t n = write(process->stdin_fd, text, piece < left ? piece : left);
        CU_ASSERT_FATAL(n > 0);
        text += n;
        left -= (size_t)n;
        piece = piece * 7 % 30011 + 1;
    }
    close(process->stdin_fd);
    process->stdin_fd = -1;
}

static void counts_of_standard_input_are_those_of_a_file(void)
{
    char *text = run_text(TEXT_SIZE, 9);
    char *expected = run_text_counts(text);
    for (int stream = 0; stream < 2; stream++) {
        const char *mode = stream ? "stream" : "batch";
        struct process process;
        struct process_result r;
        char *dir = dir_temp(), *job = job_text(mode, 3, "-");
        run_start(dir, job, &(struct run_options){.stdin_pipe = true}, &process);
        feed(&process, text);
        process_wait(&process, &r);
        CU_ASSERT_EQUAL(r.status, 0);
        check_counts(dir, mode, expected);
        process_result_fini(&r);
        dir_remove(dir);
        free(job);
        free(dir);
    }
    free(expected);
    free(text);
}

static void counts_are_those_of_sort_and_uniq(void)
{
    static const char pipeline[] =
        "tr A-Z a-z <text | tr -cs \"a-z0-9'\\200-\\377\" '\\n' | sed '/^$/d' | sort | uniq -c |"
        " sed 's/^ *\\([0-9]*\\) \\(.*\\)/\\2,\\1/' | sort";
    struct process_result r, counted;
    char *dir = dir_temp(), *text = run_text(TEXT_SIZE, 10);
    char *job = job_text("batch", 2, "text");
    run_write(dir, "text", text);
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    process_run(&(struct process_spec){.argv = ARGV("sh", "-c", pipeline),
                                       .env = ARGV("LC_ALL=C"),
                                       .cwd = dir},
                &counted);
    CU_ASSERT_EQUAL(counted.status, 0);
    char *sorted = run_sorted(counted.out);
    CU_ASSERT_TRUE(run_count_lines(sorted) > 1000);
    check_counts(dir, "batch", sorted);
    free(sorted);
    process_result_fini(&counted);
    process_result_fini(&r);
    dir_remove(dir);
    free(job);
    free(text);
    free(dir);
}

/* ---- memory ---- */

/* Writes the text so often that the file has `size` bytes. */
static void write_repeated(const char *dir, const char *name, const char *text, size_t size)
{
    char *path = path_join(dir, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (size_t written = 0; written < size; written += strlen(text))
        CU_ASSERT_FATAL(fwrite(text, 1, strlen(text), file) == strlen(text));
    CU_ASSERT_EQUAL_FATAL(fclose(file), 0);
    free(path);
}

static long maxrss_of(const char *dir, int parallelism, const char *path)
{
    struct process_result r;
    char *job = job_text("batch", parallelism, path);
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    long maxrss_kib = r.maxrss_kib;
    process_result_fini(&r);
    free(job);
    return maxrss_kib;
}

/* The smaller size keeps every task busy: each reads a range of 8 MiB of its own. */
static void check_memory(int parallelism, size_t small, size_t large)
{
    char *dir = dir_temp(), *text = run_text(MB, 11);
    write_repeated(dir, "small", text, small);
    write_repeated(dir, "large", text, large);
    long small_kib = maxrss_of(dir, parallelism, "small");
    long large_kib = maxrss_of(dir, parallelism, "large");
    printf("words: peak memory at parallelism %d: %ld KiB for %zu MB, %ld KiB for %zu MB\n",
           parallelism, small_kib, small / MB, large_kib, large / MB);
    CU_ASSERT_TRUE(large_kib < small_kib + 4 * 1024);
    CU_ASSERT_TRUE(large_kib < 40 * 1024);
    dir_remove(dir);
    free(text);
    free(dir);
}

static void memory_does_not_grow_with_the_input(void)
{
    if (RUN_SANITIZED)
        suite_skip("a sanitizer's own memory grows");
    check_memory(1, 4 * MB, 64 * MB);
    check_memory(4, 36 * MB, 96 * MB);
}

static void counts_of_a_big_file_are_right(void)
{
    char *dir = dir_temp(), *text = run_text(MB, 12), *repeated = NULL, *rest = NULL;
    const char *big = getenv("GYRE_BIG");
    if (big == NULL || big[0] == 0)
        suite_skip("set GYRE_BIG=1 for 200 MB");
    write_repeated(dir, "text", text, 200 * strlen(text));
    char *once = run_text_counts(text), *expected = calloc(1, 2 * strlen(once) + 1);
    char *at = expected;
    for (repeated = strtok_r(once, "\n", &rest); repeated != NULL;
         repeated = strtok_r(NULL, "\n", &rest)) {
        char *comma = strrchr(repeated, ',');
        at += sprintf(at, "%.*s,%llu\n", (int)(comma - repeated), repeated,
                      strtoull(comma + 1, NULL, 10) * 200);
    }
    check_run(dir, "batch", 2, "text", expected);
    free(expected);
    free(once);
    free(text);
    dir_remove(dir);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(batch_counts_of_one_file_are_those_of_the_oracle),
    SUITE_TEST(rolling_counts_of_one_file_rise_by_one_up_to_those_of_the_oracle),
    SUITE_TEST_WITHIN(counts_of_forty_files_are_those_of_one, 60),
    SUITE_TEST(counts_of_standard_input_are_those_of_a_file),
    SUITE_TEST(counts_are_those_of_sort_and_uniq),
    SUITE_TEST(memory_does_not_grow_with_the_input),
    SUITE_TEST_WITHIN(counts_of_a_big_file_are_right, 120),
};
SUITE_MAIN("run_words", tests)
