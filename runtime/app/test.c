/* `gyre test`: the tests written in job files. All jobs are read and checked first, so that every mistake
 * of all of them is told in one run, and nothing is run where there is one. */
#include "app/commands.h"
#include "app/job.h"
#include "app/test_child.h"
#include "app/test_report.h"
#include "app/test_spec.h"
#include "app/test_stage.h"
#include "base/say.h"

#include <string.h>

enum { TIMEOUT_S = 60, CHECK_PARALLELISM = 2 };

/* A job file with its tests. */
struct job {
    struct gy_loaded loaded;
    struct gy_graph *graphs[2]; /* by mode; NULL: no test asks for it */
    struct gy_test *tests;
};

/* ---- reading ---- */

static bool is_asked(const struct gy_cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->only.n; i++)
        if (strstr(name, cli->only.items[i]) != NULL)
            return true;
    return cli->only.n == 0;
}

/* The job's graph in a mode. Its schemas are those of any parallelism; with more than one task it can be
 * seen which operators must be one. */
static void build_graph(struct job *job, uint32_t mode, struct gy_diags *diags)
{
    struct gy_job as = *job->loaded.job; /* its arena stays with the job */
    as.batch = mode == GYRE_MODE_BATCH;
    as.dry = true;
    as.snapshot_at = NULL; /* a test takes none */
    as.parallelism =
        as.max_parallelism < CHECK_PARALLELISM ? as.max_parallelism : CHECK_PARALLELISM;
    job->graphs[mode] = gy_graph_build(&as, job->loaded.plugins, diags);
}

/* Moves mistakes to those of the job. */
static void take_mistakes(struct gy_diags *diags, struct gy_diags *others)
{
    for (size_t i = 0; i < others->list.n; i++) {
        const struct gy_diag *d = &others->list.items[i];
        gy_diags_add(diags, others->files.items[d->file_index], d->line, "%s", d->text);
    }
    diags->oom |= others->oom;
    gy_diags_fini(others);
}

/* Mistakes in tests do not hide what is wrong with the rows of others: the graphs are built in spite of
 * them. */
static void build_graphs(struct job *job)
{
    struct gy_diags *diags = &job->loaded.diags;
    const struct gy_job *j = job->loaded.job;
    bool sound = gy_diags_count(diags) == j->test_mistakes && !diags->oom;
    struct gy_diags others = {0};
    uint32_t own = j->batch ? GYRE_MODE_BATCH : GYRE_MODE_STREAM;
    build_graph(job, own, sound ? &others : diags);
    for (uint32_t i = 0; job->graphs[own] != NULL && i < j->n_tests; i++) {
        uint32_t mode = gy_test_mode(j, &j->tests[i]);
        if (job->graphs[mode] == NULL && gy_diags_count(&others) == 0)
            build_graph(job, mode, &others);
    }
    take_mistakes(diags, &others);
}

/* What is wrong with the jobs of the tests alone: the files that they read. */
static void check_stages(struct job *job)
{
    struct gy_diags found = {0};
    struct gy_loaded *loaded = &job->loaded;
    for (uint32_t t = 0; gy_diags_count(&loaded->diags) == 0 && t < loaded->job->n_tests; t++) {
        struct gy_stage stage;
        struct gy_diags own = {0};
        if (gy_stage_init(&stage, loaded->job, &job->tests[t], loaded->plugins) == 0)
            gy_stage_check(&stage, &own);
        else
            gy_diags_add(&own, loaded->job->file, 0, "out of memory");
        gy_stage_fini(&stage);
        take_mistakes(&found, &own);
    }
    take_mistakes(&loaded->diags, &found);
}

static void read_job(const struct gy_cli *cli, const char *path, struct job *job)
{
    struct gy_cli one = *cli;
    one.operands = (struct gy_cli_list){.n = 1, .items = &path};
    gy_load_job(&one, &job->loaded);
    struct gy_job *j = job->loaded.job;
    if (j == NULL)
        return;
    job->loaded.plugins = gy_cli_plugins(cli, j->plugin_dirs, j->n_plugin_dirs);
    if (job->loaded.plugins == NULL) {
        gy_diags_add(&job->loaded.diags, path, 0, "out of memory");
        return;
    }
    build_graphs(job);
    struct gy_scope scope = {.arena = &j->arena, .diags = &job->loaded.diags};
    job->tests = gy_tests_read(&scope, j, job->graphs);
    if (j->arena.oom)
        gy_diags_add(&job->loaded.diags, path, 0, "out of memory");
    check_stages(job);
}

static void free_job(struct job *job)
{
    for (int mode = 0; mode < 2; mode++)
        gy_graph_free(job->graphs[mode]);
    gy_loaded_fini(&job->loaded);
}

/* ---- running ---- */

static int64_t timeout_of(const struct gy_cli *cli)
{
    return cli->timeout != 0 ? cli->timeout : TIMEOUT_S;
}

static int run_jobs(const struct gy_cli *cli, struct job *jobs, size_t n)
{
    struct gy_test_report report = {.junit = strcmp(cli->format, "junit") == 0};
    for (size_t i = 0; i < n; i++) {
        const struct gy_job *j = jobs[i].loaded.job;
        if (j->n_tests == 0)
            gy_say(stderr, "%s: there are no tests in it\n", j->file);
        for (uint32_t t = 0; t < j->n_tests; t++) {
            struct gy_test_result result;
            if (!is_asked(cli, j->tests[t].name))
                continue;
            gy_test_run(j, &jobs[i].tests[t], jobs[i].loaded.plugins, timeout_of(cli), &result);
            gy_test_report_add(&report, j, &jobs[i].tests[t], &result);
            gy_test_result_fini(&result);
        }
        gy_test_report_job(&report, j);
    }
    return gy_test_report_end(&report);
}

/* Tells of each --only that no test has in its name; how many there are. */
static size_t check_only(const struct gy_cli *cli, const struct job *jobs, size_t n)
{
    size_t wrong = 0;
    for (size_t o = 0; o < cli->only.n; o++) {
        const char *near = NULL;
        bool found = false;
        for (size_t i = 0; i < n; i++)
            for (uint32_t t = 0; t < jobs[i].loaded.job->n_tests; t++) {
                const char *name = jobs[i].loaded.job->tests[t].name;
                found |= strstr(name, cli->only.items[o]) != NULL;
                near = near != NULL ? near : gy_nearest(cli->only.items[o], &name, 1);
            }
        if (found)
            continue;
        wrong++;
        gy_say(stderr, "gyre test: --only %s: no test has that in its name", cli->only.items[o]);
        if (near != NULL)
            gy_say(stderr, " (did you mean `%s`?)", near);
        gy_say(stderr, "\n");
    }
    return wrong;
}

int gy_cmd_test(const struct gy_cli *cli)
{
    size_t n = cli->operands.n, mistakes = 0;
    struct job *jobs = gy_calloc(n, sizeof *jobs);
    int status = GY_EXIT_USAGE;
    if (jobs == NULL) {
        gy_say(stderr, "gyre test: out of memory\n");
        return GY_EXIT_FAILED;
    }
    for (size_t i = 0; i < n; i++) {
        read_job(cli, cli->operands.items[i], &jobs[i]);
        mistakes += gy_diags_count(&jobs[i].loaded.diags);
        gy_diags_print(&jobs[i].loaded.diags, stderr);
    }
    if (mistakes == 0 && check_only(cli, jobs, n) == 0)
        status = run_jobs(cli, jobs, n);
    for (size_t i = 0; i < n; i++)
        free_job(&jobs[i]);
    gy_free(jobs);
    return status;
}
