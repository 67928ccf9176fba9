/* Jobs that die and are restored put out what a run puts out that never failed; see sim_life in
 * sim.h. */
#include "files.h"
#include "flow/flow.h"
#include "sim/sim.h"
#include "sim_disk.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { WIDTHS = 4, TEXTS = 9 };
enum { LIVES = 500 };

/* One job at the parallelisms 1 ... WIDTHS. */
struct wide {
    char *dir;
    struct sim_job jobs[WIDTHS];
};

static void write_texts(const char *dir)
{
    for (int file = 0; file < TEXTS; file++) {
        char *name = text_format("%d.txt", file), *path = path_join(dir, name);
        FILE *to = fopen(path, "w");
        for (int line = 0; line < 60 * file; line++)
            fprintf(to, "w%d and the-rather-long-word'number'%d %d\n", line % 7, line % 11, file);
        fclose(to);
        free(path);
        free(name);
    }
}

/* The job at the w-th parallelism; `@` in it is one that changes in another way. */
static char *widths(const char *text, uint32_t w)
{
    static const char others[WIDTHS] = {'2', '2', '1', '3'};
    char *job = text_format("parallelism = %u;\n%s", w + 1, text);
    for (char *c = job; *c != 0; c++)
        if (*c == '@')
            *c = others[w];
    return job;
}

static void wide_init(struct wide *wide, const char *text)
{
    wide->dir = dir_temp();
    write_texts(wide->dir);
    for (uint32_t w = 0; w < WIDTHS; w++) {
        char *job = widths(text, w);
        sim_job_init(&wide->jobs[w], wide->dir, job);
        free(job);
    }
}

static void wide_fini(struct wide *wide)
{
    for (uint32_t w = 0; w < WIDTHS; w++)
        sim_job_fini(&wide->jobs[w]);
    dir_remove(wide->dir);
    free(wide->dir);
}

/* The rows that a shell command prints in the job's folder, sorted; then the outputs are removed. */
static char *outputs(const struct wide *wide, const char *command)
{
    enum { MOST = 1 << 22 };
    char *line = text_format("cd %s && { %s; }; rm -rf out*", wide->dir, command);
    char *text = calloc(1, MOST);
    FILE *pipe = popen(line, "r");
    size_t n = fread(text, 1, MOST - 1, pipe);
    CU_ASSERT(n > 0);
    pclose(pipe);
    char *sorted = sim_sorted_lines(text);
    free(text);
    free(line);
    return sorted;
}

/* Lives of one job against the run that never failed. */
static void compare_some_lives(const char *text, const char *command, uint32_t turns,
                               uint64_t share)
{
    struct wide wide;
    uint64_t first;
    uint64_t n = sim_seeds(LIVES / share, &first);
    wide_init(&wide, text);
    struct sim_life life = {.jobs = wide.jobs, .n_jobs = WIDTHS, .deaths = 8, .turns = turns};
    CU_ASSERT_EQUAL_FATAL(sim_job_run(&wide.jobs[0], 1), 0);
    char *expected = outputs(&wide, command);
    for (uint64_t seed = first; seed < first + n && CU_get_number_of_failures() == 0; seed++) {
        CU_ASSERT_EQUAL(sim_life_run(&life, seed), 0);
        char *got = outputs(&wide, command);
        if (strcmp(got, expected) != 0)
            fprintf(stderr, "seed %llu: another result\n%.1000s\ninstead of\n%.1000s\n",
                    (unsigned long long)seed, got, expected);
        CU_ASSERT_STRING_EQUAL(got, expected);
        free(got);
    }
    printf("%llu lives: %u runs, %u from a snapshot; %u snapshots taken, %u failed\n",
           (unsigned long long)n, life.runs, life.restored, life.taken, life.failed);
    CU_ASSERT(n < 20 || (life.restored > n / 4 && life.failed > n / 20 && life.renewed > n / 4));
    free(expected);
    wide_fini(&wide);
}

static void compare_lives(const char *text, const char *command, uint32_t turns)
{
    compare_some_lives(text, command, turns, 1);
}

static void counts_of_a_job_that_dies_are_right(void)
{
    compare_lives(
        "job = \"counting\"; mode = \"batch\";\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.events\"; keys = 50; count = 3000; seed = 7; },\n"
        "  { id = \"sums\"; op = \"std.sum\"; input = \"in\"; key = \"key\";\n"
        "    field = \"value\"; },\n"
        "  { id = \"counts\"; op = \"std.count\"; input = \"in\"; key = \"key\"; },\n"
        "  { id = \"a\"; op = \"sim_sinks.ledger\"; input = \"sums\"; dir = \"out-a\";\n"
        "    strict = true; },\n"
        "  { id = \"b\"; op = \"sim_sinks.ledger\"; input = \"counts\"; dir = \"out-b\";\n"
        "    strict = true;\n"
        "    parallelism = 1; },\n"
        "  { id = \"late\"; op = \"sim_hoard.hoard\"; input = \"in\"; },\n"
        "  { id = \"c\"; op = \"sim_sinks.ledger\"; input = \"late\"; dir = \"out-c\";\n"
        "    strict = true; }\n"
        ");\n",
        "cat out-a/* out-b/* out-c/*", 256);
}

/* Values, lists and maps of a key, with strings in them. What `mix` puts out last for a key is that
 * with the greatest count. */
static void keyed_state_of_all_kinds_is_right(void)
{
    compare_lives("job = \"mixed\"; mode = \"stream\";\n"
                  "operators = (\n"
                  "  { id = \"in\"; op = \"gen.events\"; keys = 40; count = 1500; seed = 9; },\n"
                  "  { id = \"mix\"; op = \"state_ops.mix\"; input = \"in\"; key = \"key\";\n"
                  "    ordered = false; },\n"
                  "  { id = \"last\"; op = \"state_ops.final\"; input = \"in\"; key = \"key\"; },\n"
                  "  { id = \"a\"; op = \"sim_sinks.ledger\"; input = \"mix\"; dir = \"out-a\";\n"
                  "    strict = true; },\n"
                  "  { id = \"b\"; op = \"sim_sinks.ledger\"; input = \"last\"; dir = \"out-b\";\n"
                  "    strict = true; }\n"
                  ");\n",
                  "cut -d, -f1-3 out-a/*; cut -d, -f1,4 out-a/*;"
                  "sort -t, -k1,1n -k4,4n out-a/* | awk -F, '{l[$1] = $1 FS $4 FS $5 FS $6 FS $7 "
                  "FS $8 FS $9} END {for (k in l) print l[k]}';"
                  "sort -t, -k1,1n -k2,2n out-b/* | awk -F, '{l[$1] = $0} END {for (k in l) "
                  "print l[k]}'",
                  128);
}

/* Items of each mode: what they have counted over all lives, in whatever tasks. */
static void items_of_all_modes_are_right(void)
{
    compare_lives(
        "job = \"items\"; mode = \"batch\";\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.events\"; keys = 40; count = 6000; seed = 9; },\n"
        "  { id = \"split\"; op = \"state_ops.items_split\"; input = \"in\"; },\n"
        "  { id = \"union\"; op = \"state_ops.items_union\"; input = \"in\"; },\n"
        "  { id = \"a\"; op = \"sim_sinks.ledger\"; input = \"split\"; dir = \"out-a\";\n"
        "    strict = true; },\n"
        "  { id = \"b\"; op = \"sim_sinks.ledger\"; input = \"union\"; dir = \"out-b\";\n"
        "    strict = true; }\n"
        ");\n",
        "cat out-*/* | awk -F, '$1 != \"seen\" {id = $1 == \"split\" ? $3 : 0; n[$1 FS id] += $4;"
        "s[$1 FS id] += $5} END {for (k in n) print k, n[k], s[k]}'",
        128);
}

/* Timers of every 50 us of event time, each of which sets another: none is lost, comes twice or early.
 * `times` has a timer of the clock in each task, and no key: it changes nothing here, and goes along. */
static void timers_of_a_job_that_dies_are_right(void)
{
    compare_lives(
        "job = \"alarms\"; mode = \"stream\";\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.events\"; keys = 40; count = 3000; seed = 9;\n"
        "    out_of_order = \"70us\"; },\n"
        "  { id = \"sums\"; op = \"timer_ops.buckets\"; input = \"in\"; key = \"key\"; },\n"
        "  { id = \"times\"; op = \"std.timestamps\"; input = \"in\"; field = \"time\";\n"
        "    max_out_of_order = \"1h\"; idle = \"1s\"; },\n"
        "  { id = \"again\"; op = \"timer_ops.buckets\"; input = \"times\"; key = \"key\"; },\n"
        "  { id = \"a\"; op = \"sim_sinks.ledger\"; input = \"sums\"; dir = \"out-a\";\n"
        "    strict = true; },\n"
        "  { id = \"b\"; op = \"sim_sinks.ledger\"; input = \"again\"; dir = \"out-b\";\n"
        "    strict = true; }\n"
        ");\n",
        "cat out-a/* out-b/*", 128);
}

/* State that is a table of Lua, by key and of all rows, and its timers. Each job has a state of Lua for every task,
 * which takes a while to make: a share of the lives. */
static void state_of_lua_is_right(void)
{
    char *plugin = build_path("plugins/lua.so");
    if (file_exists(plugin))
        compare_some_lives(
            "job = \"scripted\"; mode = \"stream\";\n"
            "operators = (\n"
            "  { id = \"in\"; op = \"gen.events\"; keys = 40; count = 1500; seed = 9; },\n"
            "  { id = \"sums\"; op = \"lua.process\"; input = \"in\"; key = \"key\"; parallelism = "
            "@;\n"
            "    schema = ( {name = \"key\"; type = \"i64\";}, {name = \"n\"; type = \"i64\";},\n"
            "      {name = \"sum\"; type = \"i64\";}, {name = \"seen\"; type = \"i64\";} );\n"
            "    init = \"{n = 0, sum = 0, seen = {}}\";\n"
            "    on_row = \"state.n = state.n + 1 state.sum = state.sum + value\n"
            "      state.seen['value ' .. value % 8] = true local seen = 0\n"
            "      for _ in pairs(state.seen) do seen = seen + 1 end\n"
            "      emit{key = key, n = state.n, sum = state.sum, seen = seen}\n"
            "      timer(row_time - row_time % 100 + 100) timer(row_time - row_time % 300, 1)\n"
            "      cancel(row_time - row_time % 300, 1)\";\n"
            "    on_timer = \"emit{key = key, n = -1 - tag, sum = due, seen = -1}\"; },\n"
            "  { id = \"all\"; op = \"lua.process\"; input = \"in\";\n"
            "    schema = ( {name = \"n\"; type = \"i64\";} );\n"
            "    init = \"0\"; on_row = \"state = state + 1 emit{n = state}\"; },\n"
            "  { id = \"a\"; op = \"sim_sinks.ledger\"; input = \"sums\"; dir = \"out-a\";\n"
            "    strict = true; },\n"
            "  { id = \"b\"; op = \"sim_sinks.ledger\"; input = \"all\"; dir = \"out-b\";\n"
            "    strict = true; }\n"
            ");\n",
            "cat out-b/*; cat out-a/* | grep -- '-1$'; cat out-a/* | grep -v -- '-1$' | cut -d, "
            "-f1-2;"
            "cat out-a/* | grep -v -- '-1$' | sort -t, -k1,1n -k2,2n | awk -F, '{l[$1] = $0} END {"
            "for (k in l) print l[k]}'",
            128, 25);
    else
        printf("lua: the plugin is left out\n");
    CU_PASS("");
    free(plugin);
}

/* More files than tasks: some are read, some are being read, some are not begun. */
static void words_of_many_files_are_right(void)
{
    compare_lives("job = \"words\"; mode = \"batch\";\n"
                  "operators = (\n"
                  "  { id = \"in\"; op = \"file.read\"; path = \"*.txt\"; },\n"
                  "  { id = \"words\"; op = \"text.words\"; input = \"in\"; },\n"
                  "  { id = \"sums\"; op = \"std.sum\"; input = \"words\"; key = \"word\";\n"
                  "    field = \"count\"; },\n"
                  "  { id = \"lines\"; op = \"std.count\"; input = \"in\"; },\n"
                  "  { id = \"a\"; op = \"sim_sinks.ledger\"; input = \"sums\"; dir = \"out-a\";\n"
                  "    strict = true; },\n"
                  "  { id = \"b\"; op = \"sim_sinks.ledger\"; input = [\"in\"]; dir = \"out-b\";\n"
                  "    strict = true; },\n"
                  "  { id = \"c\"; op = \"sim_sinks.ledger\"; input = \"lines\"; dir = \"out-c\";\n"
                  "    strict = true; }\n"
                  ");\n",
                  "cat out-*/*", 160);
}

/* Tasks that have ended get rows again where what feeds them is divided in another way. */
static void operators_change_their_parallelism_each_in_its_own_way(void)
{
    compare_lives("job = \"forward\"; mode = \"batch\";\n"
                  "operators = (\n"
                  "  { id = \"in\"; op = \"file.read\"; path = \"*.txt\"; },\n"
                  "  { id = \"words\"; op = \"text.words\"; input = \"in\"; parallelism = @; },\n"
                  "  { id = \"same\"; op = \"std.pass\"; input = \"words\"; parallelism = @; },\n"
                  "  { id = \"sums\"; op = \"std.sum\"; input = \"same\"; key = \"word\"; field = "
                  "\"count\"; },\n"
                  "  { id = \"a\"; op = \"sim_sinks.ledger\"; input = \"same\"; dir = \"out-a\"; "
                  "strict = true;\n"
                  "    parallelism = @; },\n"
                  "  { id = \"b\"; op = \"sim_sinks.ledger\"; input = \"sums\"; dir = \"out-b\"; "
                  "strict = true; }\n"
                  ");\n",
                  "cat out-*/*", 160);
}

/* ---- one that takes too long ---- */

struct news {
    uint32_t taken, failed;
    char why[256];
};

static void told(void *host, const struct gy_checkpoint_news *of)
{
    struct news *news = host;
    news->taken += of->event == GY_SNAPSHOT_TAKEN;
    if (of->event == GY_SNAPSHOT_FAILED && news->failed++ == 0)
        snprintf(news->why, sizeof news->why, "%s", of->text);
}

/* A flow of one job whose snapshots are told to `news`. */
struct lone {
    char *dir;
    struct sim_job job;
    struct gy_clock_manual clock;
    struct gy_scheduler scheduler;
    struct sim_disk *disk;
    struct gy_flow *flow;
    struct news news;
};

static void lone_init(struct lone *lone, const char *text)
{
    struct gyre_error error = {.size = sizeof error};
    memset(lone, 0, sizeof *lone);
    lone->disk = sim_disk_new(1);
    lone->dir = dir_temp();
    sim_job_init(&lone->job, lone->dir, text);
    gy_clock_manual_init(&lone->clock, 1000000);
    gy_scheduler_seeded(&lone->scheduler, 1);
    struct gy_flow_options options = {.clock = &lone->clock.clock,
                                      .alone = true,
                                      .snapshots = {.disk = &lone->disk->disk,
                                                    .dir = "/snapshots",
                                                    .timeout_us = 5000000,
                                                    .keep = 3,
                                                    .told = told,
                                                    .host = &lone->news}};
    CU_ASSERT_EQUAL_FATAL(
        gy_snapshots_prepare(&lone->disk->disk, "/snapshots", &options.snapshots.last_id, &error),
        0);
    lone->flow = gy_flow_new(lone->job.physical, &options, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(lone->flow);
    CU_ASSERT_EQUAL_FATAL(gy_flow_open(lone->flow), 0);
}

static void lone_fini(struct lone *lone)
{
    gy_flow_free(lone->flow);
    sim_job_fini(&lone->job);
    sim_disk_free(lone->disk);
    dir_remove(lone->dir);
    free(lone->dir);
}

static void a_snapshot_that_takes_too_long_is_given_up_and_the_job_goes_on(void)
{
    struct lone lone;
    lone_init(&lone,
              "job = \"slow\"; parallelism = 2;\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"gen.events\"; keys = 5; count = 5000; },\n"
              "  { id = \"sums\"; op = \"std.sum\"; input = \"in\"; key = \"key\";\n"
              "    field = \"value\"; },\n"
              "  { id = \"a\"; op = \"sim_sinks.ledger\"; input = \"sums\"; dir = \"out\"; }\n"
              ");\n");
    struct gy_checkpoint *checkpoint = &lone.flow->checkpoint;
    gy_checkpoint_ask(checkpoint);
    CU_ASSERT_EQUAL(gy_checkpoint_step(checkpoint), 5000001000);
    gy_clock_manual_advance(&lone.clock, 6000000);
    CU_ASSERT_EQUAL(gy_checkpoint_step(checkpoint), INT64_MAX);
    CU_ASSERT_EQUAL(lone.news.failed, 0); /* its barriers are on their way: no other may begin */
    CU_ASSERT_EQUAL(gy_flow_run_alone(lone.flow, &lone.scheduler, &lone.clock), 0);
    CU_ASSERT_EQUAL(lone.news.failed, 1);
    CU_ASSERT_STRING_EQUAL(lone.news.why, "it was not complete after 6 s");
    CU_ASSERT_EQUAL(lone.news.taken, 1);
    CU_ASSERT_EQUAL(checkpoint->newest, 2);
    lone_fini(&lone);
}

/* ---- one that an operator refuses ---- */

static void an_operator_that_cannot_be_saved_fails_the_snapshot_and_not_the_job(void)
{
    struct lone lone;
    lone_init(&lone,
              "job = \"reluctant\"; parallelism = 1;\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"gen.events\"; keys = 5; count = 5000; },\n"
              "  { id = \"pass\"; op = \"sim_reluctant.reluctant\"; input = \"in\"; },\n"
              "  { id = \"a\"; op = \"sim_sinks.ledger\"; input = \"pass\"; dir = \"out\"; }\n"
              ");\n");
    gy_checkpoint_ask(&lone.flow->checkpoint);
    gy_checkpoint_step(&lone.flow->checkpoint);
    CU_ASSERT_EQUAL(gy_flow_run_alone(lone.flow, &lone.scheduler, &lone.clock), 0);
    CU_ASSERT_EQUAL(lone.news.failed, 1);
    CU_ASSERT_STRING_EQUAL(lone.news.why, "pass[0] cannot be saved: not now");
    CU_ASSERT_EQUAL(lone.news.taken, 1);
    lone_fini(&lone);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_snapshot_that_takes_too_long_is_given_up_and_the_job_goes_on),
    SUITE_TEST(an_operator_that_cannot_be_saved_fails_the_snapshot_and_not_the_job),
    SUITE_TEST_WITHIN(counts_of_a_job_that_dies_are_right, 600),
    SUITE_TEST_WITHIN(keyed_state_of_all_kinds_is_right, 600),
    SUITE_TEST_WITHIN(items_of_all_modes_are_right, 600),
    SUITE_TEST_WITHIN(timers_of_a_job_that_dies_are_right, 600),
    SUITE_TEST_WITHIN(state_of_lua_is_right, 600),
    SUITE_TEST_WITHIN(words_of_many_files_are_right, 600),
    SUITE_TEST_WITHIN(operators_change_their_parallelism_each_in_its_own_way, 600),
};

SUITE_MAIN("sim_snapshots", tests)
