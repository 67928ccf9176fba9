/* What Lua keeps (lua.fold, lua.aggregate, lua.process: rolling, final, in windows of all kinds, with a key and without) in
 * a job that dies, and goes on at another parallelism or with code of a later version, of which the state is another:
 * it puts out what a run puts out that never failed. All rows come from one task, so that their order is given. */
#include "files.h"
#include "lua_folds.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { WIDTHS = 3, LIVES = 6, JOBS = WIDTHS * LUA_FOLDS_VERSIONS };

/* A few in a job: more tasks get fewer snapshots to their end before they die. */
enum { GROUP = 3 };
static const char *const groups[][GROUP + 1] = {
    {"rolls", "slides", "whole", NULL},
    {"counted", "visits", "keeps", NULL},
    {"listed", "tumbles", NULL},
};
enum { GROUPS = sizeof groups / sizeof *groups };

static char *job_text(const char *mode, const char *const *ids, int width, int version)
{
    char *all = text_format("%s %s %s", ids[0], ids[1], ids[2] != NULL ? ids[2] : "");
    char *folds = lua_folds_text(version, all), *sinks = calloc(GROUP, 200), *to = sinks;
    for (int i = 0; ids[i] != NULL; i++)
        to += sprintf(to,
                      "  { id = \"o-%s\"; op = \"sim_sinks.ledger\"; input = \"%s\";\n"
                      "    dir = \"out-%s\"; strict = true; }%s\n",
                      ids[i], ids[i], ids[i], ids[i + 1] != NULL ? "," : "");
    char *text = text_format(
        "job = \"folds\"; mode = \"%s\"; parallelism = %d;\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.events\"; keys = 9; count = 900; seed = 9; parallelism = 1;\n"
        "    out_of_order = \"20us\"; },\n"
        "  { id = \"timed\"; op = \"std.timestamps\"; input = \"in\"; field = \"time\";\n"
        "    max_out_of_order = \"20us\"; parallelism = 1; },\n"
        "%s%s);\n",
        mode, width, folds, sinks);
    free(all);
    free(folds);
    free(sinks);
    return text;
}

static void check_group(const char *mode, const char *const *ids, struct sim_life *life)
{
    struct sim_job jobs[JOBS];
    uint64_t first, n = sim_seeds(LIVES, &first);
    char *dir = dir_temp();
    for (int j = 0; j < JOBS; j++) {
        char *text = job_text(mode, ids, j % WIDTHS + 1, j / WIDTHS + 1);
        sim_job_init(&jobs[j], dir, text);
        free(text);
    }
    life->jobs = jobs;
    CU_ASSERT_EQUAL_FATAL(sim_job_run(&jobs[0], 1), 0);
    char *expected = sim_outputs(dir);
    for (uint64_t seed = first; seed < first + n && CU_get_number_of_failures() == 0; seed++) {
        CU_ASSERT_EQUAL(sim_life_run(life, seed), 0);
        char *got = sim_outputs(dir);
        CU_ASSERT(sim_agree("rows", seed, got, expected));
        free(got);
    }
    for (int j = 0; j < JOBS; j++)
        sim_job_fini(&jobs[j]);
    free(expected);
    dir_end(dir);
}

static void check_lives(const char *mode)
{
    struct sim_life life = {
        .n_jobs = WIDTHS, .n_versions = LUA_FOLDS_VERSIONS, .deaths = 12, .turns = 96};
    for (int g = 0; g < GROUPS && CU_get_number_of_failures() == 0; g++)
        check_group(mode, groups[g], &life);
    printf("%u runs, %u from a snapshot, %u changes of code\n", life.runs, life.restored,
           life.changed);
    CU_ASSERT(life.runs < 40 || (life.restored > life.runs / 4 && life.changed > 4));
}

static void what_lua_keeps_of_a_stream_is_right_whenever_it_dies_and_changes(void)
{
    suite_need_plugin("lua", "LuaJIT");
    check_lives("stream");
}

static void finals_of_lua_are_right_whenever_they_die_and_change(void)
{
    suite_need_plugin("lua", "LuaJIT");
    check_lives("batch");
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(what_lua_keeps_of_a_stream_is_right_whenever_it_dies_and_changes, 300),
    SUITE_TEST_WITHIN(finals_of_lua_are_right_whenever_they_die_and_change, 300),
};
SUITE_MAIN("sim_lua", tests)
