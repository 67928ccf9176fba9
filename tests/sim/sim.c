/* See sim.h. */
#include "sim/sim.h"

#include "base/rng.h"
#include "files.h"
#include "flow/flow.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>

void sim_job_init(struct sim_job *sim, char *dir, const char *text)
{
    struct gy_diags diags = {0};
    char *plugins = build_path("plugins");
    char *fixtures = build_path("fixtures");
    const char *dirs[] = {plugins, fixtures};
    char *path = path_join(dir, "job.cfg");
    file_write_text(path, text);
    sim->dir = dir;
    sim->job = gy_job_load(path, NULL, &diags);
    sim->plugins = gy_plugins_new(dirs, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sim->job);
    sim->graph = gy_graph_build(sim->job, sim->plugins, &diags);
    gy_diags_print(&diags, stderr);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sim->graph);
    sim->physical = gy_physical_new(sim->graph, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sim->physical);
    gy_diags_fini(&diags);
    free(path);
    free(plugins);
    free(fixtures);
}

void sim_job_fini(struct sim_job *sim)
{
    gy_physical_free(sim->physical);
    gy_graph_free(sim->graph);
    gy_plugins_free(sim->plugins);
    gy_job_free(sim->job);
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
    struct gy_flow_options options = {.clock = &clock.clock,
                                      .seed = seed,
                                      .channel_slots = 1u << gy_rng_below(&rng, 6),
                                      .channel_bytes = 1 + gy_rng_below(&rng, 128 * 1024),
                                      .alone = true};
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

uint64_t sim_seeds(uint64_t usual, uint64_t *first)
{
    const char *n = getenv("GYRE_SIM_SEEDS");
    const char *one = getenv("GYRE_SIM_SEED");
    *first = 1;
    if (one != NULL && one[0] != 0) {
        *first = strtoull(one, NULL, 10);
        return 1;
    }
    return n != NULL && n[0] != 0 ? strtoull(n, NULL, 10) : usual;
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
