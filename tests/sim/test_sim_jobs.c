/* Jobs get the same results in whatever order their tasks run, and however little a channel holds. */
#include "base/rng.h"
#include "files.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINES = 400, WORDS = 300, SEEDS = 1000 };

/* A text with long words too, and the count of each word. */
struct text {
    char *bytes;
    uint32_t counts[WORDS];
};

static void word_name(uint32_t word, char *name)
{
    if (word % 5 == 0)
        sprintf(name, "quite-long-word-number-%u",
                word * 7919u); /* cut at the hyphens: see below */
    else
        sprintf(name, "w%u", word * 7919u);
    for (char *p = name; *p != 0; p++)
        if (*p == '-')
            *p = '\'';
}

static void text_init(struct text *text, uint64_t seed)
{
    struct gy_rng rng;
    size_t at = 0;
    gy_rng_init(&rng, seed);
    memset(text, 0, sizeof *text);
    text->bytes = calloc(1, LINES * 20 * 48);
    for (int line = 0; line < LINES; line++) {
        uint64_t n = gy_rng_below(&rng, 20);
        for (uint64_t w = 0; w < n; w++) {
            char name[64];
            uint32_t word =
                (uint32_t)(gy_rng_below(&rng, WORDS) * gy_rng_below(&rng, WORDS) / WORDS);
            word_name(word, name);
            text->counts[word]++;
            at += (size_t)sprintf(text->bytes + at, "%s%s", name, w % 3 == 0 ? ", " : " ");
        }
        at += (size_t)sprintf(text->bytes + at, "\n");
    }
}

static char *expected_counts(const struct text *text)
{
    char *rows = calloc(WORDS, 64);
    size_t at = 0;
    for (uint32_t word = 0; word < WORDS; word++) {
        char name[64];
        word_name(word, name);
        if (text->counts[word] > 0)
            at += (size_t)sprintf(rows + at, "%s,%u\n", name, text->counts[word]);
    }
    char *sorted = sim_sorted_lines(rows);
    free(rows);
    return sorted;
}

/* The last count of each word in a rolling output; per word they must rise by one from row to row. */
static char *last_counts(const char *rolling)
{
    char *copy = strdup(rolling), *rest = NULL;
    char *rows = calloc(WORDS, 64);
    static char names[WORDS][64];
    static uint32_t counts[WORDS];
    uint32_t n = 0;
    size_t at = 0;
    memset(counts, 0, sizeof counts);
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *comma = strrchr(line, ',');
        uint32_t i = 0;
        CU_ASSERT_PTR_NOT_NULL_FATAL(comma);
        *comma = 0;
        while (i < n && strcmp(names[i], line) != 0)
            i++;
        if (i == n)
            strcpy(names[n++], line);
        CU_ASSERT_EQUAL_FATAL((uint32_t)atoi(comma + 1), counts[i] + 1);
        counts[i]++;
    }
    for (uint32_t i = 0; i < n; i++)
        at += (size_t)snprintf(rows + at, 64, "%s,%u\n", names[i], counts[i]);
    char *sorted = sim_sorted_lines(rows);
    free(rows);
    free(copy);
    return sorted;
}

static char *job_text(const char *mode, int parallelism)
{
    return text_format(
        "job = \"words\"; mode = \"%s\"; parallelism = %d;\n"
        "operators = (\n"
        "  { id = \"lines\"; op = \"file.read\"; path = \"text\"; },\n"
        "  { id = \"words\"; op = \"text.words\"; input = \"lines\"; },\n"
        "  { id = \"counts\"; op = \"std.sum\"; input = \"words\"; key = \"word\";\n"
        "    field = \"count\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"counts\"; path = \"out\"; }\n"
        ");\n",
        mode, parallelism);
}

static void run_seeds(const char *mode, int parallelism, uint64_t share)
{
    struct sim_job sim;
    struct text text;
    uint64_t first;
    char *dir = dir_temp();
    char *in = path_join(dir, "text"), *out = path_join(dir, "out");
    char *job = job_text(mode, parallelism);
    bool rolling = strcmp(mode, "stream") == 0;
    text_init(&text, 42);
    char *expected = expected_counts(&text);
    file_write_text(in, text.bytes);
    sim_job_init(&sim, dir, job);
    uint64_t n = sim_seeds(SEEDS, &first);
    n = n / share > 0 ? n / share : 1;
    for (uint64_t seed = first; seed < first + n; seed++) {
        CU_ASSERT_EQUAL_FATAL(sim_job_run(&sim, seed), 0);
        char *got = file_read(out, NULL);
        char *sorted = rolling ? last_counts(got) : sim_sorted_lines(got);
        if (strcmp(sorted, expected) != 0)
            fprintf(stderr, "seed %llu differs\n", (unsigned long long)seed);
        CU_ASSERT_STRING_EQUAL_FATAL(sorted, expected);
        free(sorted);
        free(got);
    }
    sim_job_fini(&sim);
    dir_remove(dir);
    free(expected);
    free(text.bytes);
    free(job);
    free(in);
    free(out);
    free(dir);
}

/* The seeds are shared by four parallelisms: 1000 runs of each job. */
static void batch_word_count_is_the_same_in_every_order(void)
{
    run_seeds("batch", 1, 4);
    run_seeds("batch", 2, 4);
    run_seeds("batch", 3, 4);
    run_seeds("batch", 8, 4);
}

static void rolling_word_count_rises_by_one_and_ends_the_same_in_every_order(void)
{
    run_seeds("stream", 1, 4);
    run_seeds("stream", 2, 4);
    run_seeds("stream", 3, 4);
    run_seeds("stream", 8, 4);
}

/* ---- partition functions ---- */

enum { PARTS = 3, NUMBERS = 5000 };

static char *partition_job(const char *function)
{
    return text_format("job = \"parts\"; mode = \"batch\"; parallelism = %d;\n"
                       "operators = (\n"
                       "  { id = \"in\"; op = \"gen.sequence\"; from = 0; to = %d; },\n"
                       "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"out/\";\n"
                       "    partition = \"sim_parts.%s\"; }\n"
                       ");\n",
                       PARTS, NUMBERS - 1, function);
}

/* Checks that the part files of each task hold exactly the numbers that belong there. */
static void check_parts(const char *dir)
{
    static uint8_t seen[NUMBERS];
    memset(seen, 0, sizeof seen);
    for (int task = 0; task < PARTS; task++) {
        char *path = text_format("%s/out/part-%d-0", dir, task);
        char *rows = file_read(path, NULL), *rest = NULL;
        CU_ASSERT_PTR_NOT_NULL_FATAL(rows);
        for (char *row = strtok_r(rows, "\n", &rest); row; row = strtok_r(NULL, "\n", &rest)) {
            int n = atoi(row);
            CU_ASSERT_FATAL(n >= 0 && n < NUMBERS && n % PARTS == task);
            CU_ASSERT_EQUAL_FATAL(seen[n]++, 0);
        }
        free(rows);
        free(path);
    }
    for (int n = 0; n < NUMBERS; n++)
        CU_ASSERT_EQUAL_FATAL(seen[n], 1);
}

static void a_partition_function_decides_the_task_of_each_row(void)
{
    struct sim_job sim;
    uint64_t first, n = sim_seeds(50, &first);
    char *dir = dir_temp(), *job = partition_job("by_value");
    sim_job_init(&sim, dir, job);
    for (uint64_t seed = first; seed < first + n; seed++) {
        CU_ASSERT_EQUAL_FATAL(sim_job_run(&sim, seed), 0);
        check_parts(dir);
    }
    sim_job_fini(&sim);
    dir_remove(dir);
    free(job);
    free(dir);
}

static void a_partition_function_out_of_range_fails_the_job(void)
{
    struct sim_job sim;
    char *dir = dir_temp(), *job = partition_job("beyond");
    sim_job_init(&sim, dir, job);
    CU_ASSERT_EQUAL(sim_job_run(&sim, 1), GYRE_ECONTRACT);
    sim_job_fini(&sim);
    dir_remove(dir);
    free(job);
    free(dir);
}

/* ---- sinks in two phases ---- */

static void expect_phases(const char *refuse, int code, const char *expected)
{
    struct sim_job sim;
    char *dir = dir_temp(), *log = path_join(dir, "log");
    char *job = text_format(
        "job = \"phases\"; mode = \"batch\"; parallelism = 1;\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.sequence\"; to = 10; },\n"
        "  { id = \"a\"; op = \"sim_sinks.phases\"; input = \"in\"; log = \"log\"; name = \"a\"; "
        "},\n"
        "  { id = \"b\"; op = \"sim_sinks.phases\"; input = \"in\"; log = \"log\"; name = \"b\";\n"
        "    refuse = %s; },\n"
        "  { id = \"c\"; op = \"sim_sinks.phases\"; input = \"in\"; log = \"log\"; name = \"c\"; "
        "}\n"
        ");\n",
        refuse);
    sim_job_init(&sim, dir, job);
    CU_ASSERT_EQUAL(sim_job_run(&sim, 1), code);
    char *got = file_read(log, NULL);
    CU_ASSERT_STRING_EQUAL(got, expected);
    sim_job_fini(&sim);
    dir_remove(dir);
    free(got);
    free(log);
    free(job);
    free(dir);
}

static void no_sink_commits_before_all_are_prepared(void)
{
    expect_phases("false", 0, "prepare a\nprepare b\nprepare c\ncommit a\ncommit b\ncommit c\n");
}

static void a_sink_that_fails_to_prepare_undoes_them_all(void)
{
    expect_phases("true", GYRE_EIO, "prepare a\nprepare b\nabort a\nabort b\n");
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(batch_word_count_is_the_same_in_every_order, 300),
    SUITE_TEST_WITHIN(rolling_word_count_rises_by_one_and_ends_the_same_in_every_order, 300),
    SUITE_TEST(a_partition_function_decides_the_task_of_each_row),
    SUITE_TEST(a_partition_function_out_of_range_fails_the_job),
    SUITE_TEST(no_sink_commits_before_all_are_prepared),
    SUITE_TEST(a_sink_that_fails_to_prepare_undoes_them_all),
};

SUITE_MAIN("sim_jobs", tests)
