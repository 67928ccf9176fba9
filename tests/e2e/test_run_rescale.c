/* Jobs that are stopped and go on from their last snapshot, at another parallelism or the same: their
 * sinks show what those of a run show that nobody stopped. And a job that has finished stays as it is. */
#include "run_job.h"
#include "run_sinks.h"
#include "run_watch.h"
#include "support/suite.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Keyed state, operator state of each mode, sources of numbers and of files. All rows but those of
 * items/ and told/ are functions of the input alone. */
static const char text[] =
    "job = \"rescaled\";\n"
    "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
    "operators = (\n"
    "  { id = \"events\"; op = \"gen.events\"; count = 60000; keys = 300; zipf = 0.5;\n"
    "    parallelism = 1; },\n"
    "  { id = \"mix\"; op = \"state_ops.mix\"; input = \"events\"; key = \"key\"; },\n"
    "  { id = \"parts\"; op = \"file.write\"; input = \"mix\"; path = \"parts/\"; },\n"
    "  { id = \"others\"; op = \"gen.events\"; count = 60000; keys = 300; seed = 3; },\n"
    "  { id = \"counts\"; op = \"std.count\"; input = \"others\"; key = \"key\"; },\n"
    "  { id = \"one\"; op = \"file.write\"; input = \"counts\"; path = \"one.csv\";\n"
    "    header = true; },\n"
    "  { id = \"split\"; op = \"state_ops.items_split\"; input = \"others\"; },\n"
    "  { id = \"union\"; op = \"state_ops.items_union\"; input = \"others\"; },\n"
    "  { id = \"items\"; op = \"file.write\"; input = [\"split\", \"union\"]; path = \"items/\"; "
    "},\n"
    "  { id = \"broadcast\"; op = \"state_ops.items_broadcast\"; input = \"others\"; },\n"
    "  { id = \"told\"; op = \"file.write\"; input = \"broadcast\"; path = \"told/\"; },\n"
    "  { id = \"lines\"; op = \"file.read\"; path = \"in.txt\"; },\n"
    "  { id = \"rows\"; op = \"file.write\"; input = \"lines\"; path = \"rows/\";\n"
    "    format = \"json\"; }\n"
    ");\n";

static const struct run_sink sinks[] = {{"parts/", NULL, false},
                                        {"one.csv", "key,count", false},
                                        {"items/", NULL, true},
                                        {"rows/", NULL, false},
                                        {NULL, NULL, false}};
static const struct run_sink raw_items[] = {{"items/", NULL, false}, {NULL, NULL, false}};
static const struct run_sink told[] = {{"told/", NULL, false}, {NULL, NULL, false}};

/* Rates at which the job would take half a minute. */
#define SLOWLY "--set", "events.rate=2000", "--set", "others.rate=2000", "--set", "lines.rate=300"

static void write_lines(const char *dir)
{
    enum { LINES = 9000 };
    char *lines = calloc(LINES, 64), *to = lines;
    for (int i = 0; i < LINES; i++)
        to += sprintf(to, "line %d%.*s\n", i, i % 40, "........................................");
    run_write(dir, "in.txt", lines);
    free(lines);
}

static char *begin(void)
{
    char *dir = dir_temp();
    write_lines(dir);
    return dir;
}

static void end(char *dir)
{
    dir_remove(dir);
    free(dir);
}

static void check_ended(struct process *process, int status)
{
    struct process_result r;
    process_wait(process, &r);
    if (r.status != status)
        printf("exit status %d instead of %d: %s\n", r.status, status, r.err);
    CU_ASSERT_EQUAL(r.status, status);
    CU_ASSERT_STRING_EQUAL(r.out, "");
    process_result_fini(&r);
}

static void run_on(const char *dir, const char *const *arguments)
{
    struct process process;
    run_start(dir, text, &(struct run_options){.arguments = arguments}, &process);
    check_ended(&process, 0);
}

static char *undisturbed(void)
{
    char *dir = begin();
    run_on(dir, ARGV("-p", "2"));
    char *rows = run_sinks_read(dir, sinks, true);
    CU_ASSERT_TRUE_FATAL(run_count_lines(rows) > 100000);
    end(dir);
    return rows;
}

/* Goes on until there are new snapshots, then stops; the next run is to go on exactly there. */
static void run_and_stop(const char *dir, const char *width, bool first, const char *want)
{
    struct process process;
    int before = run_newest_snapshot(dir, "snap", NULL);
    const char *const *arguments =
        first ? ARGV("-p", width, SLOWLY) : ARGV("-p", width, SLOWLY, "--from", "latest");
    run_start(dir, text, &(struct run_options){.arguments = arguments}, &process);
    for (int ms = 0; ms < RUN_PATIENCE_MS; ms += 5) {
        if (run_newest_snapshot(dir, "snap", NULL) > before + 1)
            break;
        run_nap_ms(5);
    }
    CU_ASSERT_TRUE(run_newest_snapshot(dir, "snap", NULL) > before + 1);
    process_signal(&process, SIGINT);
    check_ended(&process, 0);
    char *shown = run_sinks_read(dir, sinks, false);
    CU_ASSERT_TRUE(run_count_lines(shown) > 0);
    CU_ASSERT_TRUE(run_sinks_agree(shown, want, true));
    free(shown);
}

/* What each of `tasks` tasks tells of restored items must be the same; its rows and sum. `counting`: rows
 * go on being counted after the restore, and a task that ends later has counted more. */
static void check_equal(const struct run_sink *sink, const char *dir, const char *what, int tasks,
                        bool counting, long long *rows, long long *sum)
{
    char *all = run_sinks_read(dir, sink, true), *mark = text_format(": %s,", what);
    int n = 0;
    for (const char *at = strstr(all, mark); at != NULL; at = strstr(at + 1, mark), n++) {
        long long task, id, its_rows, its_sum;
        int read =
            sscanf(at + strlen(mark), "%lld,%lld,%lld,%lld", &task, &id, &its_rows, &its_sum);
        CU_ASSERT_EQUAL_FATAL(read, 4);
        CU_ASSERT_TRUE(n == 0 || ((counting || *rows == its_rows) && *sum == its_sum));
        *rows = its_rows;
        *sum = its_sum;
    }
    CU_ASSERT_EQUAL(n, tasks);
    free(mark);
    free(all);
}

static void check_result(const char *dir, const char *want)
{
    char *got = run_sinks_read(dir, sinks, true);
    CU_ASSERT_TRUE(run_sinks_agree(got, want, false));
    free(got);
}

static void a_job_that_goes_on_at_1_4_3_and_2_gives_the_same(void)
{
    char *dir = begin(), *want = undisturbed();
    long long rows = 0, sum = 0;
    run_and_stop(dir, "1", true, want);
    run_and_stop(dir, "4", false, want);
    run_and_stop(dir, "3", false, want);
    run_on(dir, ARGV("-p", "2", "--from", "latest"));
    check_result(dir, want);
    check_equal(raw_items, dir, "seen", 2, false, &rows, &sum);
    CU_ASSERT_TRUE(rows > 0 && rows < 60000);
    check_equal(told, dir, "broadcast", 2, true, &rows, &sum);
    CU_ASSERT_TRUE(rows > 6); /* task 0 has saved for each snapshot */
    CU_ASSERT_EQUAL(sum, 1);  /* and what it saved came to each task, once */
    free(want);
    end(dir);
}

static void a_job_that_is_stopped_ten_times_gives_the_same(void)
{
    char *dir = begin(), *want = undisturbed();
    for (int i = 0; i < 10; i++)
        run_and_stop(dir, "2", i == 0, want);
    run_on(dir, ARGV("-p", "2", "--from", "latest"));
    check_result(dir, want);
    free(want);
    end(dir);
}

/* A parallelism of nearly as many tasks as there are key groups, and back. */
static void a_job_that_goes_on_at_32_and_at_1_gives_the_same(void)
{
    char *dir = begin(), *want = undisturbed();
    run_and_stop(dir, "2", true, want);
    run_and_stop(dir, "32", false, want);
    run_on(dir, ARGV("-p", "1", "--from", "latest"));
    check_result(dir, want);
    free(want);
    end(dir);
}

/* ---- a finished job ---- */

static char *listing; /* of `list`, which nftw gives no argument */
static size_t listed, room;

static int list(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)at;
    size_t name = strlen(path), size = kind == FTW_F ? (size_t)st->st_size : 0;
    if (listed + name + size + 200 > room) {
        room = 2 * (listed + name + size + 200);
        listing = realloc(listing, room);
        CU_ASSERT_PTR_NOT_NULL_FATAL(listing);
    }
    listed += (size_t)sprintf(listing + listed, "%s %llu %lld %lld.%09ld\n", path,
                              (unsigned long long)st->st_ino, (long long)st->st_size,
                              (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
    if (kind == FTW_F) {
        char *bytes = file_read(path, &size);
        memcpy(listing + listed, bytes, size);
        listed += size;
        free(bytes);
    }
    listing[listed] = 0;
    return 0;
}

/* All there is in folders of a job: names, inodes, times and contents; `*n` bytes, free() them. */
static char *everything(const char *dir, size_t *n)
{
    static const char *const names[] = {"snap", "parts", "one.csv", "items", "told", "rows"};
    listing = NULL;
    listed = room = 0;
    for (int i = 0; i < 6; i++) {
        char *path = path_join(dir, names[i]);
        CU_ASSERT_EQUAL_FATAL(nftw(path, list, 16, FTW_PHYS), 0);
        free(path);
    }
    *n = listed;
    return listing;
}

static void a_finished_job_writes_nothing_when_it_goes_on(void)
{
    static const char *const widths[] = {"2", "1", "5"};
    size_t n, m;
    char *dir = begin();
    run_on(dir, ARGV("-p", "2"));
    char *before = everything(dir, &n);
    run_nap_ms(20); /* more than the file system's clock needs to tell two times apart */
    for (int i = 0; i < 3; i++) {
        struct process_result r;
        run_job(dir, text,
                &(struct run_options){.arguments = ARGV("--from", "latest", "-p", widths[i])}, &r);
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_PTR_NOT_NULL(
            strstr(r.err, " is that of a run that has finished: nothing is left to do\n"));
        CU_ASSERT_EQUAL(run_count_lines(r.err), 1);
        char *after = everything(dir, &m);
        CU_ASSERT_TRUE(n == m && memcmp(before, after, n) == 0);
        free(after);
        process_result_fini(&r);
    }
    free(before);
    end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(a_job_that_goes_on_at_1_4_3_and_2_gives_the_same, 60),
    SUITE_TEST_WITHIN(a_job_that_is_stopped_ten_times_gives_the_same, 90),
    SUITE_TEST_WITHIN(a_job_that_goes_on_at_32_and_at_1_gives_the_same, 60),
    SUITE_TEST_WITHIN(a_finished_job_writes_nothing_when_it_goes_on, 60),
};
SUITE_MAIN("run_rescale", tests)
