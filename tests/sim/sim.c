/* See sim.h. */
#include "sim/sim.h"

#include "base/log.h"
#include "base/rng.h"
#include "files.h"
#include "flow/flow.h"
#include "sim_disk.h"
#include "suite.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdlib.h>

static bool load(struct sim_job *sim, char *dir, const char *text, struct gy_diags *diags)
{
    char *plugins = build_path("plugins");
    char *fixtures = build_path("fixtures");
    const char *dirs[] = {plugins, fixtures};
    char *path = path_join(dir, "job.cfg");
    file_write_text(path, text);
    sim->dir = dir;
    sim->job = gy_job_load(path, NULL, diags);
    sim->plugins = gy_plugins_new(dirs, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sim->job);
    sim->graph = gy_graph_build(sim->job, sim->plugins, diags);
    sim->physical = sim->graph != NULL ? gy_physical_new(sim->graph, 2) : NULL;
    free(path);
    free(plugins);
    free(fixtures);
    return sim->physical != NULL;
}

void sim_job_init(struct sim_job *sim, char *dir, const char *text)
{
    struct gy_diags diags = {0};
    bool right = load(sim, dir, text, &diags);
    gy_diags_print(&diags, stderr);
    gy_diags_fini(&diags);
    CU_ASSERT_TRUE_FATAL(right);
}

bool sim_job_try(struct sim_job *sim, char *dir, const char *text)
{
    struct gy_diags diags = {0};
    bool right = load(sim, dir, text, &diags);
    gy_diags_fini(&diags);
    if (!right)
        sim_job_fini(sim);
    return right;
}

void sim_job_fini(struct sim_job *sim)
{
    gy_physical_free(sim->physical);
    gy_graph_free(sim->graph);
    gy_plugins_free(sim->plugins);
    gy_job_free(sim->job);
}

/* Some tasks do not run for a long while, as those of a thread that gets no CPU: `next` counts, and chooses
 * which. */
static uint32_t pick_unfair(struct gy_scheduler *self, uint32_t n)
{
    uint64_t phase = self->next++ / 256;
    for (int tries = 0; tries < 8; tries++) {
        uint32_t picked = (uint32_t)gy_rng_below(&self->rng, n);
        if (gy_rng_mix(phase * 1000 + picked) % 3 != 0)
            return picked;
    }
    return (uint32_t)gy_rng_below(&self->rng, n);
}

/* How large tables of sums before an exchange get, and how soon they are given up: most rows are too few
 * for either otherwise. */
static const struct gy_presum_limits *presum_of(uint64_t seed)
{
    static const struct gy_presum_limits limits[] = {
        {1, 1, 0},       {1, UINT64_MAX, 0},       {3000, 10, 0},      {3000, UINT64_MAX, 0},
        {1 << 20, 3, 0}, {1 << 20, UINT64_MAX, 0}, {3000, 10, 100000}, {1, UINT64_MAX, 10000}};
    return &limits[gy_rng_mix(seed ^ 0x50f5) % (sizeof limits / sizeof *limits)];
}

int sim_job_run(struct sim_job *sim, uint64_t seed)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_clock_manual clock;
    struct gy_scheduler scheduler;
    struct gy_rng rng;
    gy_rng_init(&rng, seed ^ 0x5eed);
    gy_clock_manual_init(&clock, 1000000);
    gy_scheduler_seeded(&scheduler, seed);
    if (gy_rng_below(&rng, 2) == 0) {
        scheduler.pick = pick_unfair;
        scheduler.next = (uint32_t)gy_rng_below(&rng, 1 << 20);
    }
    struct gy_flow_options options = {.clock = &clock.clock,
                                      .seed = seed,
                                      .channel_slots = 1u << gy_rng_below(&rng, 6),
                                      .channel_bytes = 1 + gy_rng_below(&rng, 128 * 1024),
                                      .presum = presum_of(seed),
                                      .alone = true};
    if (gy_rng_below(&rng, 2) == 0) /* sources come to their end by many turns */
        options.poll_rows = 1u << gy_rng_below(&rng, 7);
    struct gy_flow *flow = gy_flow_new(sim->physical, &options, &error);
    if (flow == NULL) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, error.text);
        return error.code;
    }
    int code = gy_flow_open(flow);
    if (code == 0)
        code = gy_flow_run_alone(flow, &scheduler, &clock);
    if (gy_flow_commit(flow) != 0 && code == 0)
        code = flow->failure.code;
    if (code != 0)
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed,
                flow->failure.text != NULL ? flow->failure.text : "no task can run");
    gy_flow_free(flow);
    return code;
}

/* ---- lives ---- */

/* What one life stands on. */
struct living {
    struct sim_life *life;
    uint64_t seed;
    uint32_t version; /* from 0 */
    struct gy_rng rng;
    struct sim_disk *disk;
};

static void told(void *host, const struct gy_checkpoint_news *news)
{
    struct living *living = host;
    if (news->event == GY_SNAPSHOT_TAKEN)
        living->life->taken++;
    else
        living->life->failed++;
}

/* A snapshot that is there is intact, whatever the power did. */
static void damaged(void *host, const char *sentence)
{
    const struct living *living = host;
    fprintf(stderr, "seed %llu: %s\n", (unsigned long long)living->seed, sentence);
    CU_FAIL("a snapshot is damaged");
}

static void draw_options(struct living *living, struct gy_flow_options *options, uint64_t turns)
{
    struct gy_rng *rng = &living->rng;
    options->seed = living->seed;
    options->channel_slots = 1u << gy_rng_below(rng, 6);
    options->channel_bytes = 1 + gy_rng_below(rng, 64 * 1024);
    options->poll_rows = 1u << gy_rng_below(rng, 9);
    options->work_rows = 1u << living->seed % 6; /* barriers fall between slices */
    options->presum = presum_of(living->seed);
    options->alone = true;
    options->alone_turns = turns;
    options->alone_ask = living->life->clocked ? 0 : 1 + (uint32_t)gy_rng_below(rng, 6);
    options->snapshots.disk = &living->disk->disk;
    options->snapshots.dir = "/snapshots";
    options->snapshots.keep = 1 + (uint32_t)gy_rng_below(rng, 3);
    options->snapshots.told = told;
    options->snapshots.host = living;
}

/* From here on some operation of the disk may fail. */
static void plan_failure(struct living *living)
{
    static const int errors[] = {ENOSPC, EIO, EROFS, EDQUOT};
    if (gy_rng_below(&living->rng, 3) == 0)
        sim_disk_fail(living->disk, 1 + gy_rng_below(&living->rng, 100),
                      errors[gy_rng_below(&living->rng, 4)]);
}

/* Runs to the end or the death, with a snapshot every so many turns. */
static int run_clocked(struct living *living, struct gy_flow *flow, struct gy_scheduler *scheduler,
                       struct gy_clock_manual *clock)
{
    uint64_t most = flow->options.alone_turns, turns = 0;
    int code = 1;
    while (code == 1 && (most == 0 || turns < most)) {
        flow->options.alone_turns = 1 + gy_rng_below(&living->rng, 1500);
        turns += flow->options.alone_turns;
        gy_checkpoint_ask(&flow->checkpoint);
        code = gy_flow_run_alone(flow, scheduler, clock);
    }
    return code;
}

static int run_flow(struct living *living, const struct sim_job *job,
                    const struct gy_flow_options *options, struct gy_clock_manual *clock)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_scheduler scheduler;
    gy_scheduler_seeded(&scheduler, gy_rng_next(&living->rng));
    struct gy_flow *flow = gy_flow_new(job->physical, options, &error);
    if (flow == NULL) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)living->seed, error.text);
        return error.code;
    }
    int code = gy_flow_open(flow);
    plan_failure(living);
    if (code == 0 && living->life->clocked)
        code = run_clocked(living, flow, &scheduler, clock);
    else if (code == 0)
        code = gy_flow_run_alone(flow, &scheduler, clock);
    if (code < 0)
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)living->seed,
                flow->failure.text != NULL ? flow->failure.text : "no task can run");
    gy_flow_free(flow);
    sim_disk_fail(living->disk, 0, 0);
    return code;
}

/* Counts the files that a run has written over, whose operations begin at line `from` of the disk's log, and
 * looks whether what is hidden is gone where it came to its end and its disk did all that it was asked. */
static void look_at_disk(struct living *living, size_t from, bool at_end)
{
    const struct sim_disk *disk = living->disk;
    struct gy_names names;
    for (size_t i = from; i < disk->n_log; i++) {
        living->life->renewed += strstr(disk->log[i], " reopen ") != NULL;
        at_end = at_end && (strchr(disk->log[i], '(') == NULL ||
                            strstr(disk->log[i], "(File exists)") != NULL ||
                            strstr(disk->log[i], "(No such file") != NULL);
    }
    if (!at_end)
        return;
    CU_ASSERT_EQUAL_FATAL(living->disk->disk.list(&living->disk->disk, "/snapshots", &names), 0);
    for (size_t i = 0; i < names.v.n; i++)
        CU_ASSERT_NOT_EQUAL(names.v.items[i][0], '.');
    gy_names_fini(&names);
}

/* The job at some parallelism, and now and then in a later version of its code. */
static const struct sim_job *pick_job(struct living *living, bool first)
{
    struct sim_life *life = living->life;
    while (!first && living->version + 1 < life->n_versions && gy_rng_below(&living->rng, 3) == 0) {
        living->version++;
        life->changed++;
    }
    return &life->jobs[living->version * life->n_jobs + gy_rng_below(&living->rng, life->n_jobs)];
}

/* Runs from the newest snapshot until the end or the death, which is 1. */
static int run_once(struct living *living, bool first, uint64_t turns)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_clock_manual clock;
    struct gy_diags misfits = {0};
    struct gy_flow_options options = {.clock = &clock.clock, .misfits = &misfits};
    struct sim_life *life = living->life;
    struct gy_manifest *manifest = NULL;
    gy_clock_manual_init(&clock, 1000000);
    draw_options(living, &options, turns);
    CU_ASSERT_EQUAL_FATAL(gy_snapshots_prepare(options.snapshots.disk, options.snapshots.dir,
                                               &options.snapshots.last_id, &error),
                          0);
    if (!first)
        manifest = gy_snapshot_newest(options.snapshots.disk, options.snapshots.dir, 0, 0, damaged,
                                      living, &error);
    options.restore = manifest;
    life->runs++;
    const struct sim_job *job = pick_job(living, first);
    life->restored += manifest != NULL;
    int code = run_flow(living, job, &options, &clock);
    gy_diags_fini(&misfits);
    gy_manifest_free(manifest);
    return code;
}

int sim_life_run(struct sim_life *life, uint64_t seed)
{
    struct living living = {.life = life, .seed = seed, .disk = sim_disk_new(seed)};
    int code = 1;
    gy_rng_init(&living.rng, seed ^ 0x11fe);
    gy_log_set_level(GY_LOG_ERROR); /* of old snapshots that a failing disk keeps */
    uint64_t deaths = gy_rng_below(&living.rng, life->deaths);
    for (uint64_t d = 0; code == 1; d++) {
        uint64_t most = (uint64_t)life->turns << gy_rng_below(&living.rng, 5);
        uint64_t turns = 1 + gy_rng_below(&living.rng, most);
        size_t from = living.disk->n_log;
        code = run_once(&living, d == 0, d < deaths ? turns : 0);
        look_at_disk(&living, from, code == 0);
        if (code == 1 && gy_rng_below(&living.rng, 2) == 0)
            sim_disk_crash(living.disk, gy_rng_next(&living.rng)); /* the power went too */
    }
    sim_disk_free(living.disk);
    return code;
}

uint64_t sim_seeds(uint64_t usual, uint64_t *first)
{
    const char *n = getenv("GYRE_SIM_SEEDS");
    const char *one = getenv("GYRE_SIM_SEED");
    *first = 1;
    if (one != NULL && one[0] != 0) {
        *first = strtoull(one, NULL, 10);
        return 1;
    }
    return n != NULL && n[0] != 0 ? strtoull(n, NULL, 10) : suite_share(usual);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *sim_sorted_lines(const char *text)
{
    size_t n = 0, length = strlen(text);
    char *copy = strdup(text);
    char *sorted = calloc(1, length + 2);
    char **lines = calloc(length + 1, sizeof *lines);
    char *rest = NULL;
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        lines[n++] = line;
    qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0, at = 0; i < n; i++)
        at += (size_t)sprintf(sorted + at, "%s\n", lines[i]);
    free(lines);
    free(copy);
    return sorted;
}

char *sim_outputs(const char *dir)
{
    enum { MOST = 1 << 23 };
    char *line = text_format("cd %s && grep -H . out-*/* | sed 's,/[^:]*:,:,'; rm -rf out-*", dir);
    char *text = calloc(1, MOST);
    FILE *pipe = popen(line, "r");
    size_t n = fread(text, 1, MOST - 1, pipe);
    CU_ASSERT(n > 0 && n < MOST - 1);
    pclose(pipe);
    char *sorted = sim_sorted_lines(text);
    free(text);
    free(line);
    return sorted;
}

bool sim_agree(const char *what, uint64_t seed, const char *got, const char *expected)
{
    size_t i = 0;
    while (got[i] != 0 && got[i] == expected[i])
        i++;
    if (got[i] == expected[i])
        return true;
    while (i > 0 && got[i - 1] != '\n')
        i--;
    fprintf(stderr, "seed %llu: %s: got\n%.300s\nexpected\n%.300s\n", (unsigned long long)seed,
            what, got + i, expected + i);
    return false;
}
