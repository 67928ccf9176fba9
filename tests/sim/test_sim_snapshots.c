/* Jobs that die and are restored give what a run gives that never failed: the seeded scheduler picks
 * which task runs, when barriers leave, when the scribe writes, where the process dies, and at which
 * parallelism it goes on. */
#include "base/rng.h"
#include "files.h"
#include "flow/flow.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { SEEDS = 300, WIDTHS = 4, DEATHS = 6 };

/* One job at several parallelisms. */
struct life {
    char *dir;
    char *snapshots;
    struct sim_job jobs[WIDTHS];
    struct gy_rng rng;
    uint64_t seed;
    uint64_t last_id;
    uint32_t runs, taken;
};

static const char *const counting =
    "job = \"counting\"; mode = \"batch\"; parallelism = %u;\n"
    "operators = (\n"
    "  { id = \"events\"; op = \"gen.events\"; keys = 50; count = 3000; seed = 7; },\n"
    "  { id = \"sums\"; op = \"std.sum\"; input = \"events\"; key = \"key\"; field = \"value\"; },\n"
    "  { id = \"counts\"; op = \"std.count\"; input = \"events\"; key = \"key\"; },\n"
    "  { id = \"a\"; op = \"file.write\"; input = \"sums\"; path = \"a/\"; },\n"
    "  { id = \"b\"; op = \"file.write\"; input = \"counts\"; path = \"b.csv\"; },\n"
    "  { id = \"c\"; op = \"file.write\"; input = \"events\"; path = \"c/\"; }\n"
    ");\n";

static void life_init(struct life *life, const char *text)
{
    memset(life, 0, sizeof *life);
    life->dir = dir_temp();
    life->snapshots = path_join(life->dir, "snap");
    for (uint32_t w = 0; w < WIDTHS; w++) {
        char job[4096];
        snprintf(job, sizeof job, text, w + 1);
        sim_job_init(&life->jobs[w], life->dir, job);
    }
}

static void life_fini(struct life *life)
{
    for (uint32_t w = 0; w < WIDTHS; w++)
        sim_job_fini(&life->jobs[w]);
    dir_remove(life->dir);
    free(life->snapshots);
    free(life->dir);
}

/* The rows of all outputs, sorted. */
static char *outputs(const struct life *life)
{
    char command[512];
    snprintf(command, sizeof command, "cd %s && cat a/part-* b.csv c/part-* 2>/dev/null", life->dir);
    FILE *pipe = popen(command, "r");
    char *text = calloc(1, 1 << 22);
    size_t n = fread(text, 1, (1 << 22) - 1, pipe);
    CU_ASSERT(n > 0);
    pclose(pipe);
    char *sorted = sim_sorted_lines(text);
    free(text);
    return sorted;
}

static void told(void *host, const struct gy_checkpoint_news *news)
{
    struct life *life = host;
    if (news->event == GY_SNAPSHOT_TAKEN)
        life->taken++;
    else
        fprintf(stderr, "snapshot %llu: %s\n", (unsigned long long)news->id, news->text);
}

static void skipped(void *host, const char *sentence)
{
    (void)host;
    CU_FAIL(sentence);
    fprintf(stderr, "%s\n", sentence);
}

/* Runs from the newest snapshot until the end or the death; the code of gy_flow_run_alone. */
static int run(struct life *life, uint64_t turns)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_clock_manual clock;
    struct gy_scheduler scheduler;
    struct sim_job *job = &life->jobs[gy_rng_below(&life->rng, WIDTHS)];
    struct gy_manifest *manifest = NULL;
    struct gy_disk *disk = gy_disk_real();
    CU_ASSERT_EQUAL_FATAL(gy_snapshots_prepare(disk, life->snapshots, &life->last_id, &error), 0);
    if (life->runs++ > 0)
        manifest = gy_snapshot_newest(disk, life->snapshots, 0, skipped, NULL, &error);
    gy_clock_manual_init(&clock, 1000000);
    gy_scheduler_seeded(&scheduler, gy_rng_next(&life->rng));
    struct gy_flow_options options = {
        .clock = &clock.clock,
        .seed = life->seed,
        .channel_slots = 1u << gy_rng_below(&life->rng, 6),
        .channel_bytes = 1 + gy_rng_below(&life->rng, 64 * 1024),
        .alone = true,
        .alone_turns = turns,
        .alone_ask = 1 + (uint32_t)gy_rng_below(&life->rng, 20),
        .restore = manifest,
        .snapshots = {.disk = disk,
                      .dir = life->snapshots,
                      .last_id = life->last_id,
                      .keep = 2,
                      .told = told,
                      .host = life}};
    struct gy_flow *flow = gy_flow_new(job->physical, &options, &error);
    if (flow == NULL) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)life->seed, error.text);
        gy_manifest_free(manifest);
        return error.code;
    }
    int code = gy_flow_open(flow);
    if (code == 0)
        code = gy_flow_run_alone(flow, &scheduler, &clock);
    if (code < 0)
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)life->seed,
                flow->failure.text != NULL ? flow->failure.text : "no task can run");
    if (code < 0 && getenv("DUMP")) {
        fprintf(stderr, "phase %d epoch %llu left %u uncommitted %u last %d tries %u tasks_left %u\n", flow->checkpoint.phase,
                (unsigned long long)flow->checkpoint.epoch, flow->checkpoint.left, flow->checkpoint.uncommitted, flow->checkpoint.last, flow->checkpoint.tries, flow->tasks_left);
        for (uint32_t t = 0; t < flow->n_tasks; t++) {
            struct gy_task *task = &flow->tasks[t];
            fprintf(stderr, "task %s[%u] epoch %llu barriers %u/%u events %u saving %u done %d ended %u/%u committed %llu\n", task->members[0].node->id, task->index, (unsigned long long)task->epoch,
                    task->n_barriers, task->n_entries, task->n_events, task->n_saving, task->done, task->n_ended, task->n_members, (unsigned long long)task->committed);
        }
    }
    gy_flow_free(flow);
    gy_manifest_free(manifest);
    return code;
}

static void live(struct life *life, uint64_t seed, const char *expected)
{
    char command[512];
    int code = 1;
    snprintf(command, sizeof command, "cd %s && rm -rf snap a b.csv c", life->dir);
    CU_ASSERT_EQUAL(system(command), 0);
    gy_rng_init(&life->rng, seed);
    life->seed = seed;
    life->runs = 0;
    uint64_t deaths = gy_rng_below(&life->rng, DEATHS);
    for (uint64_t d = 0; code == 1; d++)
        code = run(life, d < deaths ? 1 + gy_rng_below(&life->rng, 2000) : 0);
    CU_ASSERT_EQUAL(code, 0);
    char *got = outputs(life);
    if (strcmp(got, expected) != 0)
        fprintf(stderr, "seed %llu: another result after %u runs\n", (unsigned long long)seed,
                life->runs);
    CU_ASSERT_STRING_EQUAL(got, expected);
    free(got);
}

static void a_job_that_dies_goes_on_from_its_snapshots(void)
{
    struct life life;
    uint64_t first;
    uint64_t n = sim_seeds(SEEDS, &first);
    life_init(&life, counting);
    CU_ASSERT_EQUAL(sim_job_run(&life.jobs[0], 1), 0);
    char *expected = outputs(&life);
    for (uint64_t seed = first; seed < first + n && CU_get_number_of_failures() == 0; seed++)
        live(&life, seed, expected);
    CU_ASSERT(life.taken > n);
    printf("%llu lives, %u snapshots\n", (unsigned long long)n, life.taken);
    free(expected);
    life_fini(&life);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(a_job_that_dies_goes_on_from_its_snapshots, 600),
};

SUITE_MAIN("sim_snapshots", tests)
