/* Jobs with joins over random rows in any order of tasks, at parallelism 1 to 4, and with deaths: what they
 * put out is what a naive join of all rows does. No row is late here: what becomes of late ones depends on
 * the order of rows and watermarks, and is tested on the operators (unit/test_op_joins.c). */
#include "base/rng.h"
#include "files.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 400, WIDTHS = 4, LINE = 160 };
enum { SEEDS = 1500, LIVES = 150 };

/* ---- rows ---- */

struct row {
    int64_t time_us;
    int key; /* -1: null */
};

/* Of two streams; disorder is `spread` at most. */
struct input {
    uint32_t n[2];
    struct row rows[2][ROWS_MAX];
    int64_t spread;
};

static void input_init(struct input *in, struct gy_rng *rng, uint32_t least, uint32_t most)
{
    uint32_t keys = 1 + (uint32_t)gy_rng_below(rng, 30);
    in->spread = 1 + (int64_t)gy_rng_below(rng, 60);
    for (int side = 0; side < 2; side++) {
        int64_t now = (int64_t)gy_rng_below(rng, 100) - 80;
        in->n[side] = (uint32_t)gy_rng_below(rng, most);
        in->n[side] = in->n[side] < least ? least : in->n[side];
        for (uint32_t i = 0; i < in->n[side]; i++) {
            now += (int64_t)gy_rng_below(rng, 5);
            uint64_t key = gy_rng_below(rng, keys) * gy_rng_below(rng, keys) / keys;
            in->rows[side][i] = (struct row){now - (int64_t)gy_rng_below(rng, (uint64_t)in->spread),
                                             gy_rng_below(rng, 12) == 0 ? -1 : (int)key};
        }
    }
}

static char *key_text(int key, char *text)
{
    if (key < 0)
        text[0] = 0;
    else
        sprintf(text, key % 3 == 0 ? "a-key-of-more-than-twelve-bytes-%d" : "k%d", key);
    return text;
}

static void input_write(const struct input *in, const char *dir)
{
    static const char *const names[] = {"a.csv", "b.csv"};
    for (int side = 0; side < 2; side++) {
        char *path = path_join(dir, names[side]), key[64];
        FILE *to = fopen(path, "w");
        for (uint32_t i = 0; i < in->n[side]; i++)
            fprintf(to, "%lld,%s,%c%u\n", (long long)in->rows[side][i].time_us,
                    key_text(in->rows[side][i].key, key), 'l' + side * 6, i);
        fclose(to);
        free(path);
    }
}

/* ---- what they make ---- */

struct spec {
    enum { WINDOW, WHOLE, INTERVAL, LOOKUP, LOOKUP_BATCH, N_KINDS } kind;
    int64_t size, period, offset; /* of windows */
    int64_t before, after;
    bool outer[2];
    bool drops;
};

static void spec_init(struct spec *spec, struct gy_rng *rng, int kind)
{
    *spec = (struct spec){.kind = (int)kind,
                          .size = 1 + (int64_t)gy_rng_below(rng, 60),
                          .offset = (int64_t)gy_rng_below(rng, 60),
                          .before = (int64_t)gy_rng_below(rng, 40),
                          .after = (int64_t)gy_rng_below(rng, 40),
                          .outer = {gy_rng_below(rng, 2) != 0, gy_rng_below(rng, 2) != 0},
                          .drops = gy_rng_below(rng, 2) != 0};
    spec->period = gy_rng_below(rng, 2) != 0 ? spec->size : 1 + (int64_t)gy_rng_below(rng, 60);
}

static char *spec_text(const struct spec *spec)
{
    const char *type =
        spec->outer[0] ? (spec->outer[1] ? "full" : "left") : (spec->outer[1] ? "right" : "inner");
    const char *missing = spec->drops ? "drop" : "null";
    switch (spec->kind) {
    case WINDOW:
        return text_format("op = \"std.join\"; type = \"%s\"; window = { time = \"%lldus\"; offset "
                           "= \"%lldus\"; }; every = { time = \"%lldus\"; };",
                           type, (long long)spec->size, (long long)spec->offset,
                           (long long)spec->period);
    case WHOLE: return text_format("op = \"std.join\"; type = \"%s\";", type);
    case INTERVAL:
        return text_format("op = \"std.interval_join\"; within = { before = \"%lldus\"; after = "
                           "\"%lldus\"; };",
                           (long long)spec->before, (long long)spec->after);
    case LOOKUP:
        return text_format("op = \"std.lookup\"; as_of = true; missing = \"%s\";", missing);
    default: return text_format("op = \"std.lookup\"; missing = \"%s\";", missing);
    }
}

struct lines {
    size_t n, room;
    char *text;
};

/* Numbers of rows, -1: none. */
static void put(struct lines *lines, const struct input *in, const int64_t *bounds, int a, int b)
{
    if (lines->n + LINE > lines->room) {
        lines->room = lines->room * 2 + 4 * LINE;
        lines->text = realloc(lines->text, lines->room);
    }
    char *at = lines->text + lines->n, key[64];
    const struct row *l = a >= 0 ? &in->rows[0][a] : NULL, *r = b >= 0 ? &in->rows[1][b] : NULL;
    at += sprintf(at, "%s", key_text((l != NULL ? l : r)->key, key));
    if (bounds != NULL)
        at += sprintf(at, ",%lld,%lld", (long long)bounds[0], (long long)bounds[1]);
    at += l != NULL ? sprintf(at, ",%lld,l%d", (long long)l->time_us, a) : sprintf(at, ",,");
    at += r != NULL ? sprintf(at, ",%lld,r%d\n", (long long)r->time_us, b) : sprintf(at, ",,\n");
    lines->n = (size_t)(at - lines->text);
}

static bool lies_in(const struct row *row, const int64_t *bounds)
{
    return bounds == NULL || (bounds[0] <= row->time_us && row->time_us < bounds[1]);
}

/* The join of the rows in a window; NULL: of all. */
static void join(struct lines *lines, const struct input *in, const struct spec *spec,
                 const int64_t *bounds)
{
    static bool matched[ROWS_MAX];
    memset(matched, 0, sizeof matched);
    for (uint32_t i = 0; i < in->n[0]; i++) {
        const struct row *l = &in->rows[0][i];
        bool any = false;
        if (!lies_in(l, bounds))
            continue;
        for (uint32_t j = 0; j < in->n[1]; j++) {
            const struct row *r = &in->rows[1][j];
            if (l->key < 0 || r->key != l->key || !lies_in(r, bounds))
                continue;
            any = matched[j] = true;
            put(lines, in, bounds, (int)i, (int)j);
        }
        if (!any && spec->outer[0])
            put(lines, in, bounds, (int)i, -1);
    }
    for (uint32_t j = 0; spec->outer[1] && j < in->n[1]; j++)
        if (!matched[j] && lies_in(&in->rows[1][j], bounds))
            put(lines, in, bounds, -1, (int)j);
}

static void look_up(struct lines *lines, const struct input *in, const struct spec *spec)
{
    for (uint32_t i = 0; i < in->n[0]; i++) {
        const struct row *l = &in->rows[0][i];
        int found = -1;
        for (uint32_t j = 0; l->key >= 0 && j < in->n[1]; j++) {
            const struct row *r = &in->rows[1][j];
            bool counts = spec->kind == LOOKUP_BATCH || r->time_us <= l->time_us;
            bool newer =
                found < 0 || spec->kind == LOOKUP_BATCH || r->time_us >= in->rows[1][found].time_us;
            if (r->key == l->key && counts && newer)
                found = (int)j;
        }
        if (found >= 0 || !spec->drops)
            put(lines, in, NULL, (int)i, found);
    }
}

static char *expected_rows(const struct input *in, const struct spec *spec)
{
    struct lines lines = {0};
    if (spec->kind == WHOLE)
        join(&lines, in, spec, NULL);
    for (int64_t k = -200; spec->kind == WINDOW && k * spec->period < 3000; k++) {
        int64_t end = k * spec->period + spec->offset;
        join(&lines, in, spec, (const int64_t[]){end - spec->size, end});
    }
    for (uint32_t i = 0; spec->kind == INTERVAL && i < in->n[0]; i++)
        for (uint32_t j = 0; j < in->n[1]; j++) {
            const struct row *l = &in->rows[0][i], *r = &in->rows[1][j];
            int64_t apart = r->time_us - l->time_us;
            if (l->key >= 0 && l->key == r->key && -spec->before <= apart && apart <= spec->after)
                put(&lines, in, NULL, (int)i, (int)j);
        }
    if (spec->kind == LOOKUP || spec->kind == LOOKUP_BATCH)
        look_up(&lines, in, spec);
    char *sorted = sim_sorted_lines(lines.text != NULL ? lines.text : "");
    free(lines.text);
    return sorted;
}

/* ---- jobs ---- */

static char *job_text(const struct input *in, const struct spec *spec, uint32_t parallelism,
                      const char *sink)
{
    bool batch = spec->kind == WHOLE || spec->kind == LOOKUP_BATCH, lookup = spec->kind >= LOOKUP;
    char *options = spec_text(spec);
    char *text = text_format(
        "job = \"joins\"; mode = \"%s\"; parallelism = %u;\n"
        "operators = (\n"
        "  { id = \"a\"; op = \"file.read\"; path = \"a.csv\"; format = \"csv\"; schema = (\n"
        "    {name=\"t\";type=\"time\";}, {name=\"k\";type=\"str\";nullable=true;},\n"
        "    {name=\"v\";type=\"str\";} ); },\n"
        "  { id = \"b\"; op = \"file.read\"; path = \"b.csv\"; format = \"csv\"; schema = (\n"
        "    {name=\"t\";type=\"time\";}, {name=\"k\";type=\"str\";nullable=true;},\n"
        "    {name=\"v\";type=\"str\";} ); },\n"
        "  { id = \"at\"; op = \"std.timestamps\"; input = \"a\"; field = \"t\";\n"
        "    max_out_of_order = \"%lldus\"; },\n"
        "  { id = \"bt\"; op = \"std.timestamps\"; input = \"b\"; field = \"t\";\n"
        "    max_out_of_order = \"%lldus\"; },\n"
        "  { id = \"join\"; input = { %s = \"at\"; %s = \"bt\"; }; key = \"k\";\n    %s },\n"
        "  { id = \"out\"; input = \"join\"; %s }\n);\n",
        batch ? "batch" : "stream", parallelism, (long long)in->spread, (long long)in->spread,
        lookup ? "in" : "left", lookup ? "table" : "right", options, sink);
    free(options);
    return text;
}

/* Tells what differs from the first line on that does. */
static void check_rows(uint64_t seed, const char *job, const char *got, const char *expected)
{
    size_t at = 0;
    while (got[at] != 0 && got[at] == expected[at])
        at++;
    while (at > 0 && got[at - 1] != '\n')
        at--;
    if (strcmp(got, expected) != 0)
        fprintf(stderr, "seed %llu: got\n%.300s\ninstead of\n%.300s\n%s", (unsigned long long)seed,
                got + at, expected + at, job);
    CU_ASSERT_STRING_EQUAL_FATAL(got, expected);
}

static void joins_are_as_they_are_defined_whatever_the_order_of_tasks(void)
{
    static struct input in;
    uint64_t first, n = sim_seeds(SEEDS, &first);
    char *dir = dir_temp(), *out = path_join(dir, "out");
    for (uint64_t seed = first; seed < first + n; seed++) {
        struct gy_rng rng;
        struct spec spec;
        struct sim_job sim;
        gy_rng_init(&rng, seed);
        input_init(&in, &rng, 0, 1 + (uint32_t)gy_rng_below(&rng, ROWS_MAX));
        spec_init(&spec, &rng, (int)(seed % N_KINDS));
        input_write(&in, dir);
        char *job = job_text(&in, &spec, 1 + (uint32_t)gy_rng_below(&rng, WIDTHS),
                             "op = \"file.write\"; path = \"out\";");
        sim_job_init(&sim, dir, job);
        CU_ASSERT_EQUAL_FATAL(sim_job_run(&sim, seed), 0);
        sim_job_fini(&sim);
        char *text = file_read(out, NULL), *got = sim_sorted_lines(text);
        char *expected = expected_rows(&in, &spec);
        check_rows(seed, job, got, expected);
        free(text);
        free(got);
        free(expected);
        free(job);
    }
    dir_remove(dir);
    free(dir);
    free(out);
}

/* ---- deaths ---- */

static char *ledger_rows(const char *dir)
{
    enum { MOST = 1 << 23 };
    char *line = text_format("cd %s && cat out-a/* 2>/dev/null; rm -rf out-a", dir);
    char *text = calloc(1, MOST);
    FILE *pipe = popen(line, "r");
    size_t n = fread(text, 1, MOST - 1, pipe);
    CU_ASSERT_FATAL(n < MOST - 1);
    pclose(pipe);
    char *sorted = sim_sorted_lines(text);
    free(text);
    free(line);
    return sorted;
}

static void live(int kind)
{
    static struct input in;
    struct sim_job jobs[WIDTHS];
    struct spec spec;
    struct gy_rng rng;
    uint64_t first, n = sim_seeds(LIVES, &first);
    char *dir = dir_temp(), *text = NULL;
    gy_rng_init(&rng, (uint64_t)kind + 7);
    input_init(&in, &rng, 100, ROWS_MAX);
    spec_init(&spec, &rng, kind);
    spec.outer[0] = spec.outer[1] = true;
    input_write(&in, dir);
    char *expected = expected_rows(&in, &spec);
    for (uint32_t w = 0; w < WIDTHS; w++) {
        free(text);
        text = job_text(&in, &spec, w + 1,
                        "op = \"sim_sinks.ledger\"; dir = \"out-a\"; strict = true;");
        sim_job_init(&jobs[w], dir, text);
    }
    struct sim_life life = {.jobs = jobs, .n_jobs = WIDTHS, .deaths = 8, .turns = 96};
    for (uint64_t seed = first; seed < first + n; seed++) {
        CU_ASSERT_EQUAL_FATAL(sim_life_run(&life, seed), 0);
        char *got = ledger_rows(dir);
        check_rows(seed, text, got, expected);
        free(got);
    }
    printf("%llu lives: %u runs, %u from a snapshot; %u snapshots taken, %u failed\n",
           (unsigned long long)n, life.runs, life.restored, life.taken, life.failed);
    CU_ASSERT(n < 20 || life.restored > n / 4);
    for (uint32_t w = 0; w < WIDTHS; w++)
        sim_job_fini(&jobs[w]);
    dir_remove(dir);
    free(dir);
    free(text);
    free(expected);
}

static void a_join_in_windows_that_dies_puts_out_each_row_once(void)
{
    live(WINDOW);
}

static void a_join_of_whole_inputs_that_dies_puts_out_each_row_once(void)
{
    live(WHOLE);
}

static void an_interval_join_that_dies_puts_out_each_row_once(void)
{
    live(INTERVAL);
}

static void a_lookup_that_dies_puts_out_each_row_once(void)
{
    live(LOOKUP);
    live(LOOKUP_BATCH);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(joins_are_as_they_are_defined_whatever_the_order_of_tasks, 300),
    SUITE_TEST_WITHIN(a_join_in_windows_that_dies_puts_out_each_row_once, 200),
    SUITE_TEST_WITHIN(a_join_of_whole_inputs_that_dies_puts_out_each_row_once, 200),
    SUITE_TEST_WITHIN(an_interval_join_that_dies_puts_out_each_row_once, 200),
    SUITE_TEST_WITHIN(a_lookup_that_dies_puts_out_each_row_once, 200),
};

SUITE_MAIN("sim_joins", tests)
