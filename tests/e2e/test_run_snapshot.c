/* `gyre run --from`, `--drop-state` and the job's `snapshot` from outside: what goes on where, and what
 * is refused with nothing written. */
#include "run_job.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A count of 20,000 rows/s up to `to`; the %s are job settings. */
static const char counting[] =
    "job = \"counting\"; parallelism = 1; %s\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; rate = 20000; },\n"
    "  { id = \"sum\"; op = \"std.sum\"; input = \"in\"; field = \"value\"; },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"sum\"; path = \"out.csv\"; }\n"
    ");\n";

static const char snapshots[] = "snapshot = { every = \"20ms\"; dir = \"snap\"; };";

/* Asserts that out.csv holds the sums of 0, of 0 and 1, ...: each once, in order; how many. */
static long check_sums(const char *dir)
{
    char *text = run_read(dir, "out.csv");
    long next = 0, wrong = 0;
    for (char *at = text; *at != 0; next++) {
        char *end;
        wrong += strtol(at, &end, 10) != next * (next + 1) / 2 || *end != '\n';
        at = *end != 0 ? end + 1 : end;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(text);
    return next;
}

static char *job_with(const char *settings)
{
    return text_format(counting, settings);
}

/* Runs a job to its end; asserts its status; its standard error: free() it. */
static char *run_with(const char *dir, const char *job, const char *const *arguments, int status)
{
    struct process_result r;
    run_job(dir, job, &(struct run_options){.arguments = arguments}, &r);
    if (r.status != status)
        printf("status %d: %s", r.status, r.err);
    CU_ASSERT_EQUAL(r.status, status);
    char *err = strdup(r.err);
    process_result_fini(&r);
    return err;
}

/* The greatest id in snap/ and how many snapshots there are. */
static int newest(const char *dir, int *n)
{
    int found = 0;
    *n = 0;
    for (int id = 1; id < 3000; id++) {
        char *name = text_format("snap/%d/manifest.cfg", id);
        if (run_exists(dir, name)) {
            found = id;
            ++*n;
        }
        free(name);
    }
    return found;
}

/* Waits for snapshot `id` or a later one. */
static void await_newest(const char *dir, int id)
{
    int n, ms;
    for (ms = 0; ms < RUN_PATIENCE_MS && newest(dir, &n) < id; ms += 20)
        run_nap_ms(20);
    CU_ASSERT_TRUE_FATAL(ms < RUN_PATIENCE_MS);
}

/* Runs the job until snapshot `id` is there, stops it, and asserts that it went well. */
static void run_until(const char *dir, const char *job, const char *const *arguments, int id)
{
    struct process process;
    struct process_result r;
    run_start(dir, job, &(struct run_options){.arguments = arguments}, &process);
    await_newest(dir, id);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
}

/* The same until there are two more than before. */
static void run_on(const char *dir, const char *job, const char *const *arguments)
{
    int n;
    run_until(dir, job, arguments, newest(dir, &n) + 2);
}

/* ---- going on ---- */

static void latest_goes_on_exactly_where_a_stop_was(void)
{
    char *dir = dir_temp(), *job = job_with(snapshots);
    int n, first, second;
    run_until(dir, job, NULL, 2);
    long rows = check_sums(dir);
    first = newest(dir, &n);
    CU_ASSERT_EQUAL(n, 3); /* keep */
    char *err = run_with(dir, job, ARGV("--from", "latest", "--set", "in.to=30000"), 0);
    char *says = text_format("gyre: goes on from snapshot snap/%d\n", first);
    CU_ASSERT_STRING_EQUAL(err, says);
    CU_ASSERT_TRUE(rows < 30001);
    CU_ASSERT_EQUAL(check_sums(dir), 30001);
    second = newest(dir, &n);
    CU_ASSERT_TRUE(second > first);
    free(says);
    free(err);
    free(job);
    dir_end(dir);
}

/* Files are known by their names in the folder of `path`: from another working directory it is
 * another path, too. */
static void files_that_were_moved_are_read_on(void)
{
    char *dir = dir_temp(), *texts = path_join(dir, "texts"), *moved = path_join(dir, "moved");
    char *job = text_format(
        "job = \"moving\"; parallelism = 1; %s\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"texts/*.txt\"; rate = 20000; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"out.csv\"; }\n"
        ");\n",
        snapshots);
    char *lines = calloc(1, 15000 * 7 + 1);
    for (int i = 0; i < 15000; i++)
        memcpy(lines + 7 * i, "a line\n", 7);
    CU_ASSERT_EQUAL(mkdir(texts, 0777), 0);
    run_write(dir, "texts/1.txt", lines);
    run_write(dir, "texts/2.txt", lines);
    run_until(dir, job, NULL, 2);
    CU_ASSERT_EQUAL(rename(texts, moved), 0);
    free(run_with(dir, job, ARGV("--from", "latest", "--set", "in.path=moved/*.txt"), 0));
    char *out = run_read(dir, "out.csv");
    CU_ASSERT_EQUAL(run_count_lines(out), 30000);
    free(out);
    free(lines);
    free(job);
    free(moved);
    free(texts);
    dir_end(dir);
}

/* Goes on from `latest` with a setting, and asserts what is said, and how many lines there are then. */
static void go_on_with(const char *dir, const char *job, const char *set, int status,
                       const char *says, uint64_t lines)
{
    char *err = run_with(dir, job, ARGV("--from", "latest", "--set", set), status);
    run_check_has(err, says);
    char *out = run_read(dir, "out.csv");
    CU_ASSERT_EQUAL(run_count_lines(out), lines);
    free(out);
    free(err);
}

static void a_path_that_does_not_mean_the_files_of_the_snapshot_is_refused(void)
{
    enum { LINES = 60000 };
    char *dir = dir_temp(), *lines = calloc(1, LINES * 7 + 1);
    char *job =
        text_format("job = \"moving\"; parallelism = 1; %s\n"
                    "operators = (\n"
                    "  { id = \"in\"; op = \"file.read\"; path = \"1.txt\"; rate = 20000; },\n"
                    "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"out.csv\"; }\n"
                    ");\n",
                    snapshots);
    for (int i = 0; i < LINES; i++)
        memcpy(lines + 7 * i, "a line\n", 7);
    run_write(dir, "1.txt", lines);
    run_write(dir, "2.txt", lines);
    run_until(dir, job, NULL, 2);
    char *out = run_read(dir, "out.csv");
    uint64_t n = run_count_lines(out);
    go_on_with(dir, job, "in.path=2.txt", 1,
               "the snapshot reads 1.txt, which `path` (2.txt) does not mean", n);
    go_on_with(dir, job, "in.path=[2-9].txt", 1, "the snapshot reads 1.txt, which `path`", n);
    go_on_with(dir, job, "in.follow=true", 1, "`follow` was false in the snapshot: put it back", n);
    go_on_with(dir, job, "in.path=[0-1].txt", 0, "goes on from", LINES);
    free(out);
    free(lines);
    free(job);
    dir_end(dir);
}

/* A run that follows in.txt: until out.csv has `size` bytes, with what it is to say. */
static void follow_until(const char *dir, const char *job, size_t size, const char *says)
{
    struct process process;
    struct process_result r;
    run_start(dir, job, &(struct run_options){.arguments = ARGV("--from", "latest")}, &process);
    run_await_size(dir, "out.csv", (off_t)size);
    run_nap_ms(300); /* more than a look takes */
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    run_check_has(r.err, says);
    CU_ASSERT_EQUAL(run_count(r.err, "\n"), 2);
    process_result_fini(&r);
    char *out = run_read(dir, "out.csv");
    CU_ASSERT_EQUAL(strlen(out), size);
    free(out);
}

/* The next file of a rotation may well begin as the one before did. */
static void a_followed_file_is_known_by_its_inode_too(void)
{
    static const char lines[] = "# a header\n1\n2\n", more[] = "# a header\n1\n2\n3\n";
    char *dir = dir_temp(), *name = path_join(dir, "in.txt"), *old = path_join(dir, "in.txt.1");
    char *job =
        text_format("job = \"followed\"; parallelism = 1; %s\n"
                    "operators = (\n"
                    "  { id = \"in\"; op = \"file.read\"; path = \"in.txt\"; follow = true; },\n"
                    "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"out.csv\"; }\n"
                    ");\n",
                    snapshots);
    run_write(dir, "in.txt", lines);
    run_until(dir, job, NULL, 3);
    CU_ASSERT_EQUAL(rename(name, old), 0); /* rotated, and compressed meanwhile */
    run_write(dir, "in.txt", more);
    CU_ASSERT_EQUAL(unlink(old), 0);
    size_t size = strlen(lines) + strlen(more);
    follow_until(dir, job, size, "in.txt is another file than in the snapshot, which has gone");
    run_write(dir, "in.txt.1", lines); /* put in its place */
    CU_ASSERT_EQUAL(rename(old, name), 0);
    follow_until(dir, job, size + strlen(lines), "in.txt is another file than in the snapshot");
    char *err = run_with(dir, job, ARGV("--from", "latest", "--set", "in.follow=false"), 1);
    run_check_has(err, "`follow` was true in the snapshot: put it back");
    free(err);
    free(job);
    free(old);
    free(name);
    dir_end(dir);
}

static void a_finished_job_has_nothing_left_to_do(void)
{
    char *dir = dir_temp(), *job = job_with(snapshots);
    int n;
    free(run_with(dir, job, ARGV("--set", "in.to=999"), 0));
    CU_ASSERT_EQUAL(check_sums(dir), 1000);
    int id = newest(dir, &n);
    char *report_says = text_format("\"from\": \"snap/%d\"", id);
    char *err =
        run_with(dir, job, ARGV("--from", "latest", "--set", "in.to=999", "--report", "r.json"), 0);
    run_check_has(err, "has finished: nothing is left to do\n");
    CU_ASSERT_EQUAL(check_sums(dir), 1000);
    CU_ASSERT_EQUAL(newest(dir, &n), id);
    char *report = run_read(dir, "r.json");
    CU_ASSERT_TRUE(run_is_json(report));
    run_check_has(report, report_says);
    run_check_has(report, "\"status\": \"finished\"");
    free(err);
    err = run_with(dir, job, ARGV("--from", "latest", "--drop-state", "in"), 2);
    run_check_has(err, "gyre run: --drop-state in: snapshot snap/");
    run_check_has(err, "has finished, so nothing would be done");
    CU_ASSERT_EQUAL(check_sums(dir), 1000);
    free(report_says);
    free(report);
    free(err);
    free(job);
    dir_end(dir);
}

static void a_run_without_from_begins_at_the_start_and_its_ids_go_on(void)
{
    char *dir = dir_temp(), *job = job_with(snapshots);
    int n;
    run_until(dir, job, NULL, 3);
    int id = newest(dir, &n);
    free(run_with(dir, job, ARGV("--set", "in.to=99"), 0));
    CU_ASSERT_EQUAL(check_sums(dir), 100);
    CU_ASSERT_TRUE(newest(dir, &n) > id);
    free(job);
    dir_end(dir);
}

static void a_folder_that_leaves_no_ids_is_refused(void)
{
    char *dir = dir_temp(), *job = job_with(snapshots);
    char *folder = path_join(dir, "snap"), *high = path_join(folder, "100000000000000001");
    CU_ASSERT_EQUAL_FATAL(mkdir(folder, 0777), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir(high, 0777), 0);
    char *err = run_with(dir, job, ARGV("--set", "in.to=99"), 2);
    run_check_has(err, "job.cfg:1: snapshot: snap/100000000000000001 leaves no ids for snapshots "
                       "after it: take it away, or set another dir");
    CU_ASSERT_FALSE(run_exists(dir, "out.csv"));
    free(err);
    CU_ASSERT_EQUAL(rmdir(high), 0);
    free(run_with(dir, job, ARGV("--set", "in.to=99"), 0));
    free(high);
    free(folder);
    free(job);
    dir_end(dir);
}

static void from_takes_a_snapshot_or_a_folder_of_them_also_without_a_snapshot_setting(void)
{
    char *dir = dir_temp(), *job = job_with(snapshots), *plain = job_with("");
    int n;
    run_until(dir, job, NULL, 2);
    int id = newest(dir, &n);
    char *one = text_format("snap/%d", id);
    char *rows = run_read(dir, "out.csv");
    const char *const ways[] = {one, "snap", "./snap/"};
    for (int i = 0; i < 3; i++) {
        char *err = run_with(dir, plain, ARGV("--from", ways[i], "--set", "in.to=30000"), 0);
        run_check_has(err, one);
        CU_ASSERT_EQUAL(check_sums(dir), 30001);
        CU_ASSERT_EQUAL(newest(dir, &n), id);
        run_write(dir, "out.csv", rows);
        free(err);
    }
    free(rows);
    free(one);
    free(plain);
    free(job);
    dir_end(dir);
}

/* ---- what is refused ---- */

struct refusal {
    const char *settings;
    const char *arguments[5];
    const char *says;
};

static const struct refusal refusals[] = {
    {snapshots,
     {"--drop-state", "sum"},
     "gyre run: --drop-state sum: a run without --from has no state to drop"},
    {"", {"--from", "latest"}, "gyre run: --from latest: the job has no `snapshot`"},
    {snapshots, {"--from", "nowhere"}, "gyre run: --from nowhere: there is no such folder"},
    {snapshots, {"--from", "empty"}, "gyre run: --from empty: there is no snapshot in it"},
    {"snapshot = { every = \"1s\"; dir = \"none\"; };",
     {"--from", "latest"},
     "gyre run: --from latest: there is no snapshot in none; run the job without --from"},
    {"snapshot = { every = \"1s\"; dir = \"empty\"; };",
     {"--from", "latest"},
     "gyre run: --from latest: there is no snapshot in empty; run the job without --from"},
    {"snapshot = { every = \"20ms\"; dir = \"snap\"; }; max_parallelism = 64;",
     {"--from", "latest"},
     "job.cfg:1: max_parallelism: 64, but the first snapshot fixed it at 128"},
    {snapshots,
     {"--from", "latest", "--drop-state", "sun"},
     "has no state of such an operator: did you mean `sum`?"},
    {snapshots,
     {"--from", "latest", "--set", "job.job=other"},
     "job.cfg:1: snapshot: snap holds snapshots of job `counting`; give each job a folder"},
    {snapshots, {"--set", "job.job=other"}, "job.cfg:1: snapshot: snap holds snapshots of job"},
    {"snapshot = { every = \"1s\"; dir = \"none\"; };",
     {"--from", "snap", "--set", "job.job=other"},
     "is one of job `counting`, and this is job `other`"},
};

static void what_does_not_fit_is_refused_with_nothing_written(void)
{
    char *dir = dir_temp(), *job = job_with(snapshots), *empty = path_join(dir, "empty");
    int n;
    run_until(dir, job, NULL, 1);
    CU_ASSERT_EQUAL(mkdir(empty, 0777), 0);
    char *rows = run_read(dir, "out.csv");
    int id = newest(dir, &n), files = dir_count(dir);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        char *other = job_with(refusals[i].settings);
        char *err = run_with(dir, other, refusals[i].arguments, 2);
        char *after = run_read(dir, "out.csv");
        run_check_has(err, refusals[i].says);
        CU_ASSERT_STRING_EQUAL(after, rows);
        CU_ASSERT_EQUAL(newest(dir, &n), id);
        CU_ASSERT_EQUAL(dir_count(dir), files);
        CU_ASSERT_EQUAL(dir_count(empty), 0);
        free(after);
        free(err);
        free(other);
    }
    free(rows);
    free(empty);
    free(job);
    dir_end(dir);
}

/* Spoils a byte in the middle of a file. */
static void spoil(const char *dir, const char *name)
{
    size_t size;
    char *path = path_join(dir, name);
    char *bytes = file_read(path, &size);
    CU_ASSERT_TRUE_FATAL(size > 0);
    bytes[size / 2] ^= 1;
    file_write(path, bytes, size);
    free(bytes);
    free(path);
}

static void latest_falls_back_to_the_newest_intact_snapshot_and_says_so(void)
{
    char *dir = dir_temp(), *job = job_with(snapshots);
    int n;
    run_until(dir, job, NULL, 3);
    int id = newest(dir, &n);
    char *manifest = text_format("snap/%d/manifest.cfg", id);
    char *says = text_format("gyre: goes on from snapshot snap/%d\n", id - 1);
    char *of = text_format("snap/%d", id);
    spoil(dir, manifest);
    char *err = run_with(dir, job, ARGV("--from", of), 2);
    run_check_has(err, manifest);
    free(err);
    err = run_with(dir, job, ARGV("--from", "latest", "--set", "in.to=30000"), 0);
    run_check_has(err, manifest);
    run_check_has(err, says);
    CU_ASSERT_EQUAL(check_sums(dir), 30001);
    free(err);
    free(of);
    free(says);
    free(manifest);
    free(job);
    dir_end(dir);
}

/* What a job removes while it is looked at is not damaged. */
static void snapshots_are_looked_at_while_a_job_removes_them(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *program = build_path("gyre"), *folder = path_join(dir, "snap");
    char *job = job_with("snapshot = { every = \"1ms\"; dir = \"snap\"; keep = 2; };");
    int id = 0, n;
    run_start(dir, job, NULL, &process);
    await_newest(dir, 1);
    for (int i = 0; i < 100; i++) {
        const char *what = i % 2 == 0 ? "verify" : NULL;
        process_run(&(struct process_spec){.argv = ARGV(program, "snapshots", folder, what)}, &r);
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_STRING_EQUAL(r.err, "");
        CU_ASSERT_EQUAL(run_count(r.out, "damaged"), 0);
        process_result_fini(&r);
        id = i == 0 ? newest(dir, &n) : id;
    }
    CU_ASSERT_TRUE(newest(dir, &n) > id);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
    free(job);
    free(folder);
    free(program);
    dir_end(dir);
}

/* ---- state and operators ---- */

static void state_without_an_operator_is_refused_unless_it_is_dropped(void)
{
    static const char without[] =
        "job = \"counting\"; parallelism = 1;\n"
        "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.sequence\"; to = 30000; rate = 20000; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"out.csv\"; }\n"
        ");\n";
    char *dir = dir_temp(), *job = job_with(snapshots);
    run_until(dir, job, NULL, 1);
    char *rows = run_read(dir, "out.csv");
    char *err = run_with(dir, without, ARGV("--from", "latest"), 2);
    run_check_has(err, "sum");
    run_check_has(err, "--drop-state");
    char *after = run_read(dir, "out.csv");
    CU_ASSERT_STRING_EQUAL(after, rows);
    free(after);
    free(err);
    err = run_with(dir, without, ARGV("--from", "latest", "--drop-state", "sum"), 0);
    after = run_read(dir, "out.csv");
    CU_ASSERT_EQUAL(strncmp(after, rows, strlen(rows)), 0);
    CU_ASSERT_EQUAL(run_count_lines(after), 30001);
    free(after);
    free(rows);
    free(err);
    free(job);
    dir_end(dir);
}

/* How often a sum is less than the one before it. */
static int count_falls(const char *dir)
{
    char *text = run_read(dir, "out.csv");
    long before = -1;
    int falls = 0;
    for (char *at = text; *at != 0;) {
        char *end;
        long sum = strtol(at, &end, 10);
        falls += sum < before;
        before = sum;
        at = *end != 0 ? end + 1 : end;
    }
    free(text);
    return falls;
}

static void state_is_dropped_once_and_not_again_by_a_restart(void)
{
    static const char twice[] = "snapshot = { every = \"20ms\"; dir = \"snap\"; };"
                                "restart = { delay = \"1ms\"; };";
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *job = job_with(twice);
    int n;
    run_until(dir, job, NULL, 2);
    int id = newest(dir, &n);
    run_start(dir, job,
              &(struct run_options){.arguments = ARGV("--from", "latest", "--drop-state", "sum")},
              &process);
    for (int i = 0; i < 2; i++) {
        await_newest(dir, id + 3);
        id = newest(dir, &n);
        pid_t child = run_await_child(process.pid);
        kill(child, SIGKILL);
        CU_ASSERT_TRUE(run_is_gone(child));
    }
    run_await_child(process.pid);
    run_nap_ms(200);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_count(r.err, ": restart "), 2);
    CU_ASSERT_EQUAL(count_falls(dir), 1);
    process_result_fini(&r);
    free(job);
    dir_end(dir);
}

/* ---- random numbers ---- */

static const char drawing[] =
    "job = \"drawing\"; parallelism = 1; %s\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; rate = 20000; },\n"
    "  %s\n"
    "  { id = \"draw\"; op = \"state_ops.draw\"; input = \"in\"; },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"draw\"; path = \"out.csv\"; }\n"
    ");\n";

/* Row n has the n-th number of its task, whether the run was stopped before it or another operator came
 * into the job. */
static void random_numbers_go_on_where_a_stop_was(void)
{
    char *dir = dir_temp();
    char *whole = text_format(drawing, "", ""), *job = text_format(drawing, snapshots, "");
    char *more =
        text_format(drawing, snapshots, "{ id = \"away\"; op = \"std.null\"; input = \"in\"; },");
    const char *const *end = ARGV("--set", "in.to=99999", "--set", "in.rate=0");
    free(run_with(dir, whole, end, 0));
    char *expected = run_read(dir, "out.csv");
    run_on(dir, job, NULL);
    run_on(dir, job, ARGV("--from", "latest"));
    free(run_with(dir, more, ARGV("--from", "latest", "--set", "in.to=99999", "--set", "in.rate=0"),
                  0));
    char *got = run_read(dir, "out.csv");
    CU_ASSERT_EQUAL(run_count_lines(expected), 100000);
    CU_ASSERT_STRING_EQUAL(got, expected);
    free(got), free(expected), free(whole), free(job), free(more);
    dir_end(dir);
}

/* ---- what a sink knows when it is opened ---- */

static const char opening[] =
    "job = \"opening\"; parallelism = 1; %s\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; rate = 20000; },\n"
    "  { id = \"a\"; op = \"sim_sinks.opened\"; input = \"in\"; log = \"log\"; name = \"a\"; }%s\n"
    ");\n";

static void a_sink_knows_when_it_is_opened_whether_it_goes_on(void)
{
    char *dir = dir_temp();
    char *one = text_format(opening, snapshots, "");
    char *two = text_format(opening, snapshots,
                            ", { id = \"b\"; op = \"sim_sinks.opened\"; input = \"in\"; "
                            "log = \"log\"; name = \"b\"; }");
    run_on(dir, one, NULL);
    run_on(dir, two, ARGV("--from", "latest")); /* b is new in the job */
    run_on(dir, two, ARGV("--from", "latest", "--drop-state", "a"));
    char *log = run_read(dir, "log"), *sorted = run_sorted(log);
    CU_ASSERT_STRING_EQUAL(sorted, "goes on a\ngoes on b\nstarts a\nstarts a\nstarts b\n");
    free(sorted), free(log), free(one), free(two);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_sink_knows_when_it_is_opened_whether_it_goes_on),
    SUITE_TEST(random_numbers_go_on_where_a_stop_was),
    SUITE_TEST(latest_goes_on_exactly_where_a_stop_was),
    SUITE_TEST(files_that_were_moved_are_read_on),
    SUITE_TEST(a_path_that_does_not_mean_the_files_of_the_snapshot_is_refused),
    SUITE_TEST(a_followed_file_is_known_by_its_inode_too),
    SUITE_TEST(a_finished_job_has_nothing_left_to_do),
    SUITE_TEST(a_run_without_from_begins_at_the_start_and_its_ids_go_on),
    SUITE_TEST(a_folder_that_leaves_no_ids_is_refused),
    SUITE_TEST(from_takes_a_snapshot_or_a_folder_of_them_also_without_a_snapshot_setting),
    SUITE_TEST(what_does_not_fit_is_refused_with_nothing_written),
    SUITE_TEST(latest_falls_back_to_the_newest_intact_snapshot_and_says_so),
    SUITE_TEST(snapshots_are_looked_at_while_a_job_removes_them),
    SUITE_TEST(state_without_an_operator_is_refused_unless_it_is_dropped),
    SUITE_TEST(state_is_dropped_once_and_not_again_by_a_restart),
};
SUITE_MAIN("run_snapshot", tests)
