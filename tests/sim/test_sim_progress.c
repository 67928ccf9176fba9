/* How a whole job progresses: tasks of a source that have nothing to read, and barriers that fall in the
 * middle of the work that the end of input sets off. */
#include "files.h"
#include "flow/flow.h"
#include "sim/sim.h"
#include "sim_disk.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEYS = 300 };

static void write_lines(const char *dir, const char *name, int n)
{
    char *path = path_join(dir, name);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < n; i++)
        fprintf(file, "word%d\n", i % KEYS);
    fclose(file);
    free(path);
}

/* ---- a source task without splits ---- */

struct seen {
    bool waited, active_with_idle;
    uint32_t early; /* ends that were told before all was read */
};

static void look(const struct gy_flow *flow, struct seen *seen)
{
    uint32_t n_active = 0, n_idle = 0, n_ended = 0;
    for (uint32_t t = 0; t < flow->n_tasks; t++) {
        for (uint32_t m = 0; m < flow->tasks[t].n_members; m++) {
            const struct gy_member *member = &flow->tasks[t].members[m];
            n_ended += member->frontier.ended;
            if (member->node->kind != GYRE_SOURCE)
                continue;
            n_active += member->source.active.n > 0;
            n_idle += member->frontier.waits && member->frontier.told_idle;
        }
    }
    seen->waited |= n_idle > 0;
    seen->active_with_idle |= n_active > 0 && n_idle > 0;
    seen->early += n_active > 0 && n_ended > 0;
}

/* Two files for three tasks: one has nothing to read from the beginning, the others end at different
 * times. Nobody is told an end before all is read, and then all are. */
static void a_source_task_without_splits_is_idle_until_all_is_read(void)
{
    char *dir = dir_temp();
    struct sim_job job;
    write_lines(dir, "a.txt", 2000);
    write_lines(dir, "b.txt", 500);
    sim_job_init(
        &job, dir,
        "job = \"idle\"; mode = \"batch\"; parallelism = 3; operators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"*.txt\"; },\n"
        "  { id = \"words\"; op = \"text.words\"; input = \"in\"; },\n"
        "  { id = \"sums\"; op = \"std.sum\"; input = \"words\"; key = \"word\";\n"
        "    field = \"count\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"sums\"; path = \"out.csv\"; } );");
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct gyre_error error = {.size = sizeof error};
        struct gy_clock_manual clock;
        struct gy_scheduler scheduler;
        struct seen seen = {0};
        gy_clock_manual_init(&clock, 1000000);
        gy_scheduler_seeded(&scheduler, seed);
        struct gy_flow_options options = {
            .clock = &clock.clock, .alone = true, .alone_turns = 3, .poll_rows = 10};
        struct gy_flow *flow = gy_flow_new(job.physical, &options, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(flow);
        CU_ASSERT_EQUAL_FATAL(gy_flow_open(flow), 0);
        int code = 1;
        while (code == 1) {
            code = gy_flow_run_alone(flow, &scheduler, &clock);
            look(flow, &seen);
        }
        CU_ASSERT_EQUAL(code, 0);
        CU_ASSERT_TRUE(seen.waited && seen.active_with_idle);
        CU_ASSERT_EQUAL(seen.early, 0);
        CU_ASSERT_EQUAL(gy_flow_commit(flow), 0);
        gy_flow_free(flow);
    }
    sim_job_fini(&job);
    dir_remove(dir);
    free(dir);
}

/* ---- barriers in the middle of results ---- */

struct lives {
    char *dir;
    struct sim_job jobs[2]; /* at parallelism 2 and 3 */
    struct sim_disk *disk;
    uint32_t taken;
};

static void told(void *host, const struct gy_checkpoint_news *news)
{
    struct lives *lives = host;
    lives->taken += news->event == GY_SNAPSHOT_TAKEN;
}

static void damaged(void *host, const char *sentence)
{
    (void)host;
    CU_FAIL("a snapshot is damaged");
    fprintf(stderr, "%s\n", sentence);
}

static struct gy_flow *begin(struct lives *lives, uint32_t j, struct gy_clock_manual *clock,
                             const struct gy_manifest *manifest, struct gy_diags *misfits)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_flow_options options = {.clock = &clock->clock,
                                      .alone = true,
                                      .alone_turns = 2,
                                      .work_rows = 3,
                                      .misfits = misfits,
                                      .restore = manifest,
                                      .snapshots = {.disk = &lives->disk->disk,
                                                    .dir = "/snapshots",
                                                    .keep = 3,
                                                    .told = told,
                                                    .host = lives}};
    gy_clock_manual_init(clock, 1000000);
    CU_ASSERT_EQUAL_FATAL(
        gy_snapshots_prepare(&lives->disk->disk, "/snapshots", &options.snapshots.last_id, &error),
        0);
    struct gy_flow *flow = gy_flow_new(lives->jobs[j].physical, &options, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(flow);
    CU_ASSERT_EQUAL_FATAL(gy_flow_open(flow), 0);
    return flow;
}

/* How many tasks are in the middle of their results, and have put some out; at least `rows` of them. */
static uint32_t working(const struct gy_flow *flow, uint64_t rows)
{
    uint32_t n = 0;
    for (uint32_t t = 0; t < flow->n_tasks; t++) {
        for (uint32_t m = 0; m < flow->tasks[t].n_members; m++) {
            struct gy_instance *instance = flow->tasks[t].members[m].instance;
            struct gy_instance_stats stats;
            gy_instance_counts(instance, &stats);
            n += gy_instance_has_work(instance) && stats.rows_out >= rows;
        }
    }
    return n;
}

static void until_working(struct gy_flow *flow, struct gy_scheduler *scheduler,
                          struct gy_clock_manual *clock, uint64_t rows)
{
    while (working(flow, rows) == 0)
        CU_ASSERT_EQUAL_FATAL(gy_flow_run_alone(flow, scheduler, clock), 1);
}

static char *outputs(const char *dir)
{
    static char text[1 << 16];
    char *command = text_format("cat %s/out/* 2>/dev/null", dir);
    FILE *pipe = popen(command, "r");
    text[fread(text, 1, sizeof text - 1, pipe)] = 0;
    pclose(pipe);
    free(command);
    return sim_sorted_lines(text);
}

static void lives_init(struct lives *lives)
{
    static const char form[] =
        "job = \"finals\"; mode = \"batch\"; parallelism = %d; operators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"a.txt\"; },\n"
        "  { id = \"words\"; op = \"text.words\"; input = \"in\"; },\n"
        "  { id = \"sums\"; op = \"std.sum\"; input = \"words\"; key = \"word\";\n"
        "    field = \"count\"; },\n"
        "  { id = \"out\"; op = \"sim_sinks.ledger\"; input = \"sums\"; dir = \"out\";\n"
        "    strict = true; } );";
    memset(lives, 0, sizeof *lives);
    lives->dir = dir_temp();
    write_lines(lives->dir, "a.txt", 7 * KEYS);
    for (int j = 0; j < 2; j++) {
        char *text = text_format(form, 2 + j);
        sim_job_init(&lives->jobs[j], lives->dir, text);
        free(text);
    }
}

static void lives_fini(struct lives *lives)
{
    for (int j = 0; j < 2; j++)
        sim_job_fini(&lives->jobs[j]);
    dir_remove(lives->dir);
    free(lives->dir);
}

/* Each word once, with its count. */
static bool is_whole(const struct lives *lives)
{
    char *got = outputs(lives->dir), *all = calloc(KEYS, 16);
    for (int k = 0, at = 0; k < KEYS; k++)
        at += sprintf(all + at, "word%d,7\n", k);
    char *expected = sim_sorted_lines(all);
    bool same = strcmp(got, expected) == 0;
    if (!same)
        fprintf(stderr, "%.400s", got);
    free(got), free(all), free(expected);
    return same;
}

/* Behind the barrier of a stop nothing more was put out: all results are committed. */
static bool is_all_committed(const struct lives *lives, const struct gy_flow *flow)
{
    char *got = outputs(lives->dir);
    uint64_t rows = 0, lines = 0;
    for (const char *at = got; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    for (uint32_t t = 0; t < flow->n_tasks; t++) {
        for (uint32_t m = 0; m < flow->tasks[t].n_members; m++) {
            struct gy_instance_stats stats;
            gy_instance_counts(flow->tasks[t].members[m].instance, &stats);
            if (strcmp(flow->tasks[t].members[m].node->id, "sums") == 0)
                rows += stats.rows_out;
        }
    }
    free(got);
    return rows == lines && rows > 0;
}

/* Goes on from the newest snapshot as job `j` until the end. */
static void go_on(struct lives *lives, uint32_t j, uint64_t seed)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_diags misfits = {0};
    struct gy_clock_manual clock;
    struct gy_scheduler scheduler;
    struct gy_manifest *manifest =
        gy_snapshot_newest(&lives->disk->disk, "/snapshots", 0, 0, damaged, lives, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(manifest);
    CU_ASSERT_FALSE(manifest->finished);
    gy_scheduler_seeded(&scheduler, seed);
    struct gy_flow *flow = begin(lives, j, &clock, manifest, &misfits);
    int code = 1;
    while (code == 1)
        code = gy_flow_run_alone(flow, &scheduler, &clock);
    CU_ASSERT_EQUAL(code, 0);
    CU_ASSERT_EQUAL(gy_flow_commit(flow), 0);
    gy_flow_free(flow);
    gy_manifest_free(manifest);
    gy_diags_fini(&misfits);
}

/* One life that is stopped, or dies after a snapshot, in the middle of its results; and one that goes
 * on, at the same parallelism or another. */
static void live(struct lives *lives, uint64_t seed, bool stops)
{
    struct gy_clock_manual clock;
    struct gy_scheduler scheduler;
    lives->disk = sim_disk_new(seed);
    lives->taken = 0;
    gy_scheduler_seeded(&scheduler, seed);
    struct gy_flow *flow = begin(lives, seed % 2, &clock, NULL, NULL);
    until_working(flow, &scheduler, &clock, 1 + seed % 50);
    if (stops) {
        int code = 1;
        gy_flow_stop(flow);
        while (code == 1)
            code = gy_flow_run_alone(flow, &scheduler, &clock);
        CU_ASSERT_EQUAL(code, 0);
        CU_ASSERT_EQUAL(gy_flow_commit(flow), 0);
        CU_ASSERT_TRUE(is_all_committed(lives, flow));
    } else {
        gy_checkpoint_ask(&flow->checkpoint);
        while (lives->taken == 0)
            CU_ASSERT_EQUAL_FATAL(gy_flow_run_alone(flow, &scheduler, &clock), 1);
    }
    bool in_the_middle = false;
    for (uint32_t t = 0; t < flow->n_tasks; t++)
        for (uint32_t m = 0; m < flow->tasks[t].n_members; m++)
            in_the_middle |=
                flow->tasks[t].members[m].saved.seen_us > flow->tasks[t].members[m].saved.told_us;
    CU_ASSERT_TRUE(in_the_middle);
    gy_flow_free(flow);
    go_on(lives, (uint32_t)(seed / 2 % 2), seed + 1);
    CU_ASSERT_TRUE(is_whole(lives));
    sim_disk_free(lives->disk);
    char *command = text_format("rm -rf %s/out", lives->dir);
    CU_ASSERT_EQUAL(system(command), 0);
    free(command);
}

static void a_snapshot_in_the_middle_of_results_has_what_is_left(void)
{
    struct lives lives;
    lives_init(&lives);
    for (uint64_t seed = 1; seed <= 60 && CU_get_number_of_failures() == 0; seed++)
        live(&lives, seed, false);
    lives_fini(&lives);
}

static void a_stop_in_the_middle_of_results_leaves_the_rest_to_who_goes_on(void)
{
    struct lives lives;
    lives_init(&lives);
    for (uint64_t seed = 1; seed <= 60 && CU_get_number_of_failures() == 0; seed++)
        live(&lives, seed, true);
    lives_fini(&lives);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_source_task_without_splits_is_idle_until_all_is_read),
    SUITE_TEST_WITHIN(a_snapshot_in_the_middle_of_results_has_what_is_left, 120),
    SUITE_TEST_WITHIN(a_stop_in_the_middle_of_results_leaves_the_rest_to_who_goes_on, 120),
};

SUITE_MAIN("sim_progress", tests)
