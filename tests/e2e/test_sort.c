/* std.sort of a whole batch that does not fit into the memory it may take: in order, in bounds, and nothing is left. */
#include "run_job.h"
#include "run_watch.h"
#include "suite.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 100000, LONGEST = 400, N_MOST = 500 };

/* A row, and what is null of it: n below 0, s empty. */
struct row {
    int i, n;
    const char *s;
    const char *line;
};

struct rows {
    uint32_t n;
    struct row *rows;
    char *text;
    size_t size;
};

static uint32_t random_below(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % n;
}

/* Rows with few values of n and of s, so that many are alike in both; one in a hundred is long. */
static struct rows make_rows(uint32_t n, char (*strings)[LONGEST + 1])
{
    struct rows rows = {n, calloc(n, sizeof *rows.rows), malloc((size_t)n * (LONGEST + 40)), 0};
    uint64_t state = 7;
    for (int k = 0; k < 64; k++) {
        int len = k == 0 ? 0 : k % 4 == 0 ? LONGEST - k : 1 + k * 5;
        memset(strings[k], 'a' + k % 3, (size_t)len);
        if (len > 2)
            strings[k][len - 1] = (char)('a' + (int)random_below(&state, 26));
        strings[k][len] = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct row *row = &rows.rows[i];
        int value = (int)random_below(&state, N_MOST + 20);
        *row = (struct row){(int)i, value < N_MOST ? value : -1, strings[random_below(&state, 64)],
                            rows.text + rows.size};
        rows.size += (size_t)sprintf(rows.text + rows.size, "%d,", row->i);
        if (row->n >= 0)
            rows.size += (size_t)sprintf(rows.text + rows.size, "%d", row->n);
        rows.size += (size_t)sprintf(rows.text + rows.size, ",%s\n", row->s);
    }
    return rows;
}

static void rows_end(struct rows *rows)
{
    free(rows->rows);
    free(rows->text);
}

/* By -n, s: nulls last, and in order of arrival where both are alike. */
static int by_n_s(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->n != y->n)
        return x->n < 0 ? 1 : y->n < 0 ? -1 : y->n - x->n;
    int null = (*x->s == 0) - (*y->s == 0);
    int order = null != 0 ? null : strcmp(x->s, y->s);
    return order != 0 ? order : x->i - y->i;
}

#define BY_N_S "by = \"-n, s\"; "

static char *job_text(const char *path, const char *options)
{
    return text_format("job = \"sorts\"; mode = \"batch\"; operators = (\n"
                       "  { id = \"in\"; op = \"file.read\"; path = \"%s\"; format = \"csv\"; "
                       "parallelism = 1;\n"
                       "    schema = ( {name=\"i\";type=\"i64\";}, "
                       "{name=\"n\";type=\"i64\";nullable=true;}, "
                       "{name=\"s\";type=\"str\";nullable=true;} ); },\n"
                       "  { id = \"sorted\"; op = \"std.sort\"; input = \"in\"; %s },\n"
                       "  { id = \"out\"; op = \"file.write\"; input = \"sorted\"; path = "
                       "\"out.csv\"; format = \"csv\"; parallelism = 1; }\n"
                       ");\n",
                       path, options);
}

/* Asserts that the output is the rows in their order. */
static void check_sorted(const char *dir, struct rows *rows)
{
    size_t size, at = 0;
    char *path = path_join(dir, "out.csv"), *out = file_read(path, &size);
    uint32_t right = 0;
    qsort(rows->rows, rows->n, sizeof *rows->rows, by_n_s);
    CU_ASSERT_EQUAL(size, rows->size);
    for (uint32_t i = 0; i < rows->n; i++) {
        size_t len = strcspn(rows->rows[i].line, "\n") + 1;
        right += at + len <= size && memcmp(out + at, rows->rows[i].line, len) == 0;
        at += len;
    }
    CU_ASSERT_EQUAL(right, rows->n);
    free(path);
    free(out);
}

/* Sorts so many rows with an option; the peak memory in KiB. */
static long sort_rows(uint32_t n, const char *options)
{
    struct process_result r;
    char strings[64][LONGEST + 1];
    char *dir = dir_temp(), *path = path_join(dir, "in.csv"), *job = job_text("in.csv", options);
    struct rows rows = make_rows(n, strings);
    file_write(path, rows.text, rows.size);
    rows_end(&rows); /* a process begins with the peak of the one that starts it */
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    rows = make_rows(n, strings);
    if (r.status == 0)
        check_sorted(dir, &rows);
    long kib = r.maxrss_kib;
    printf("sort: %u rows, %zu KiB, %s peak memory %ld KiB\n", n, rows.size / 1024, options, kib);
    process_result_fini(&r);
    rows_end(&rows);
    free(path);
    free(job);
    dir_end(dir);
    return kib;
}

static void more_rows_than_memory_are_sorted(void)
{
    sort_rows(ROWS, BY_N_S "memory = \"1MiB\";");
    sort_rows(ROWS / 4, BY_N_S "memory = \"16KiB\";"); /* runs of runs of runs */
    sort_rows(ROWS / 4, BY_N_S "");                    /* in memory */
    sort_rows(1, BY_N_S "memory = \"16KiB\";");
}

static void sorting_takes_no_more_memory_than_it_may(void)
{
    if (RUN_SANITIZED)
        suite_skip("a sanitizer's own memory grows");
    long few = sort_rows(1000, BY_N_S "memory = \"1MiB\";");
    long many = sort_rows(ROWS, BY_N_S "memory = \"1MiB\";");
    CU_ASSERT(many < few + 6 * 1024);
}

/* ---- with a key ---- */

/* The lines of an output whose first field is the key, those of each key together, in the order in which they are. */
static char *by_key(const char *dir)
{
    char *line = text_format("cd %s && LC_ALL=C sort -s -t, -k1,1 out.csv", dir);
    FILE *pipe = popen(line, "r");
    size_t most = (size_t)ROWS * LONGEST, n = 0, got;
    char *text = malloc(most);
    while ((got = fread(text + n, 1, most - 1 - n, pipe)) > 0)
        n += got;
    text[n] = 0;
    pclose(pipe);
    free(line);
    return text;
}

static char *sort_keys(const char *dir, const char *options, long *kib)
{
    struct process_result r;
    char *job = job_text("in.csv", options);
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    printf("sort: %s peak memory %ld KiB\n", options, r.maxrss_kib);
    *kib = r.maxrss_kib;
    process_result_fini(&r);
    free(job);
    return by_key(dir);
}

static char *keys_dir(uint32_t n)
{
    char strings[64][LONGEST + 1];
    char *dir = dir_temp(), *path = path_join(dir, "in.csv");
    struct rows rows = make_rows(n, strings);
    file_write(path, rows.text, rows.size);
    rows_end(&rows);
    free(path);
    return dir;
}

/* A window of all rows has them in memory. */
static void keys_are_sorted_beyond_memory_at_any_parallelism(void)
{
    static const char *const sorts[] = {"key = \"n\"; by = \"s\"; ", "key = \"s\"; by = \"-n\"; "};
    long kib;
    char *dir = keys_dir(ROWS / 4);
    for (size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++) {
        char *options = text_format("%s window = { count = 1000000; };", sorts[i]);
        char *expected = sort_keys(dir, options, &kib);
        CU_ASSERT(strlen(expected) > ROWS);
        free(options);
        for (uint32_t p = 1; p <= 4; p++) {
            options = text_format("%s memory = \"16KiB\"; parallelism = %u;", sorts[i], p);
            char *got = sort_keys(dir, options, &kib);
            CU_ASSERT(strcmp(got, expected) == 0);
            free(options);
            free(got);
        }
        free(expected);
    }
    dir_end(dir);
}

static void sorting_keys_takes_no_more_memory_than_it_may(void)
{
    if (RUN_SANITIZED)
        suite_skip("a sanitizer's own memory grows");
    long few, many;
    const char *options = "key = \"s\"; by = \"n\"; memory = \"1MiB\"; parallelism = 1;";
    char *dir = keys_dir(1000);
    free(sort_keys(dir, options, &few));
    dir_end(dir);
    dir = keys_dir(ROWS);
    free(sort_keys(dir, options, &many));
    CU_ASSERT(many < few + 6 * 1024);
    dir_end(dir);
}

/* Of one task the keys themselves are in order too, with a nulls last. */
static void the_keys_of_a_task_are_in_order(void)
{
    char *dir = dir_temp();
    struct process_result r;
    run_write(dir, "in.csv", "1,2,b\n2,,a\n3,1,a\n4,2,\n5,2,a\n");
    char *job = job_text("in.csv", "key = \"n\"; by = \"-s\"; parallelism = 1;");
    run_job(dir, job, NULL, &r);
    char *out = run_read(dir, "out.csv");
    CU_ASSERT_STRING_EQUAL(out, "1,3,a\n2,1,b\n2,5,a\n2,4,\n,2,a\n");
    process_result_fini(&r);
    free(job);
    free(out);
    dir_end(dir);
}

/* A row that is greater than the memory and than every buffer. */
static void a_row_may_be_greater_than_the_memory(void)
{
    enum { LONG = 300000, N = 20 };
    struct process_result r;
    char *dir = dir_temp(), *path = path_join(dir, "in.csv");
    char *job = job_text("in.csv", BY_N_S "memory = \"16KiB\";"), *text = malloc(N * (LONG + 16)),
         *expected = malloc(N * (LONG + 16));
    size_t size = 0, end = 0;
    for (int i = 0; i < N; i++) {
        size += (size_t)sprintf(text + size, "%d,%d,", i, i);
        memset(text + size, 'x', LONG);
        size += LONG;
        text[size++] = '\n';
    }
    for (int i = N; i-- > 0;) {
        end += (size_t)sprintf(expected + end, "%d,%d,", i, i);
        memset(expected + end, 'x', LONG);
        end += LONG;
        expected[end++] = '\n';
    }
    file_write(path, text, size);
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    char *out_path = path_join(dir, "out.csv"), *out = file_read(out_path, &size);
    CU_ASSERT(size == end && memcmp(out, expected, size) == 0);
    process_result_fini(&r);
    free(out);
    free(out_path);
    free(path);
    free(job);
    free(text);
    free(expected);
    dir_end(dir);
}

/* ---- the scratch file ---- */

/* True where the process has a file open that had its place in the folder, and has no name. */
static bool has_nameless(pid_t pid, const char *dir)
{
    char *fds = text_format("/proc/%d/fd", (int)pid);
    DIR *list = opendir(fds);
    bool found = false;
    for (struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;) {
        char to[PATH_MAX], *link = path_join(fds, entry->d_name);
        ssize_t n = readlink(link, to, sizeof to - 1);
        to[n > 0 ? n : 0] = 0;
        found |= strstr(to, dir) != NULL && strstr(to, "/spill/") != NULL &&
                 strstr(to, " (deleted)") != NULL;
        free(link);
    }
    if (list != NULL)
        closedir(list);
    free(fds);
    return found;
}

static void nothing_is_left_of_a_job_that_is_killed(void)
{
    struct process process;
    struct process_result r;
    char strings[64][LONGEST + 1];
    struct rows rows = make_rows(20000, strings);
    char *dir = dir_temp(), *folder = path_join(dir, "spill"),
         *job = job_text("fifo", BY_N_S "memory = \"64KiB\"; scratch = \"spill\";");
    CU_ASSERT_EQUAL_FATAL(mkdir(folder, 0700), 0);
    int fifo = run_fifo(dir, "fifo");
    run_start(dir, job, NULL, &process);
    for (size_t at = 0; at < rows.size;) {
        ssize_t n = write(fifo, rows.text + at, rows.size - at < 4096 ? rows.size - at : 4096);
        CU_ASSERT_FATAL(n > 0);
        at += (size_t)n;
    }
    bool spilled = false;
    for (int i = 0; i < 200 && !spilled; i++) {
        spilled = has_nameless(process.pid, dir);
        run_nap_ms(spilled ? 0 : 20);
    }
    CU_ASSERT(spilled);
    process_signal(&process, SIGKILL);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(dir_count(folder), 0);
    close(fifo);
    process_result_fini(&r);
    rows_end(&rows);
    free(folder);
    free(job);
    dir_end(dir);
}

static void check_told(const char *options, const char *what, const char *why)
{
    struct process_result r;
    char strings[64][LONGEST + 1];
    char *dir = dir_temp(), *path = path_join(dir, "in.csv"), *job = job_text("in.csv", options);
    struct rows rows = make_rows(20000, strings);
    file_write(path, rows.text, rows.size);
    struct rlimit before, limit;
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 256 * 1024;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &before), 0);
    CU_ASSERT_EQUAL(r.status, 1);
    run_check_has(r.err, "\n  operator: sorted (std.sort), task 0 of 1\n");
    run_check_has(r.err, what);
    run_check_has(r.err, why);
    run_check_has(r.err, "`scratch` names another folder");
    process_result_fini(&r);
    rows_end(&rows);
    free(path);
    free(job);
    dir_end(dir);
}

static void a_scratch_file_that_cannot_be_had_is_told(void)
{
    check_told(BY_N_S "memory = \"64KiB\"; scratch = \"missing\";",
               "cannot make the scratch file in ", "No such file or directory");
    check_told(BY_N_S "memory = \"64KiB\";", "cannot write to the scratch file in ",
               "File too large");
}

/* What is in memory stays there where it cannot be written to the file that a snapshot reads from. */
static void a_snapshot_that_finds_no_room_does_no_harm(void)
{
    struct process_result r;
    char *dir = dir_temp();
    run_job(
        dir,
        "job = \"sorts\"; mode = \"batch\"; snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.sequence\"; to = 99999; rate = 100000; parallelism = 1; },\n"
        "  { id = \"sorted\"; op = \"std.sort\"; input = \"in\"; by = \"-value\"; "
        "scratch = \"missing\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"sorted\"; path = \"out.csv\"; } );\n",
        NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    run_check_has(r.err, "sorted[0] cannot be saved: cannot make the scratch file in ");
    char *out = run_read(dir, "out.csv"), *at = out;
    for (long i = 100000; i-- > 0; at = strchr(at, '\n') + 1)
        CU_ASSERT_EQUAL_FATAL(strtol(at, NULL, 10), i);
    CU_ASSERT_STRING_EQUAL(at, "");
    process_result_fini(&r);
    free(out);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(more_rows_than_memory_are_sorted, 60),
    SUITE_TEST_WITHIN(sorting_takes_no_more_memory_than_it_may, 60),
    SUITE_TEST_WITHIN(keys_are_sorted_beyond_memory_at_any_parallelism, 60),
    SUITE_TEST_WITHIN(sorting_keys_takes_no_more_memory_than_it_may, 60),
    SUITE_TEST(the_keys_of_a_task_are_in_order),
    SUITE_TEST(a_row_may_be_greater_than_the_memory),
    SUITE_TEST_WITHIN(nothing_is_left_of_a_job_that_is_killed, 60),
    SUITE_TEST(a_scratch_file_that_cannot_be_had_is_told),
    SUITE_TEST(a_snapshot_that_finds_no_room_does_no_harm),
};
SUITE_MAIN("sort", tests)
