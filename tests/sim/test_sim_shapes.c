/* Jobs of any shape: random graphs against a naive oracle, on one thread under a seeded scheduler
 * and on real threads; and jobs that run out of memory at every allocation there is.
 *
 *     make sim ONLY=shapes SEED=4711
 *
 * A stream of the oracle is a list of (key, value). Operators are drawn one after the other, each
 * with inputs among the streams that are there, a parallelism, and a partition or a key; what
 * nobody reads goes to a file. */
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "files.h"
#include "flow/flow.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STREAMS_MAX = 24, INPUTS_MAX = 3, ROWS_MAX = 20000, TEXT_MAX = 16 * 1024, ORDERS = 4 };
enum { SEEDS = 300, LIVES = 500 };
#ifdef GY_SANITIZED
enum { ON_THREADS = 20 * SUITE_SHARE }; /* what the thread sanitizer is for */
#else
enum { ON_THREADS = 100 };
#endif

struct row {
    int64_t key, value;
};

struct stream {
    char name[32]; /* as an input: "id" or "id.port" */
    int parallelism;
    bool read;
    size_t n;
    struct row *rows;
};

struct shape {
    struct gy_rng rng;
    bool batch;
    bool
        functions; /* with key functions; without them a seed draws what it drew before they were */
    int n;
    struct stream streams[STREAMS_MAX];
    char text[TEXT_MAX]; /* the operators */
    size_t length;
};

static int below(struct shape *shape, int n)
{
    return (int)gy_rng_below(&shape->rng, (uint64_t)n);
}

__attribute__((format(printf, 2, 3))) static void say(struct shape *shape, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(shape->text + shape->length, TEXT_MAX - shape->length, format, args);
    va_end(args);
    shape->length += (size_t)n;
    CU_ASSERT_FATAL(shape->length < TEXT_MAX);
}

/* ---- the oracle ---- */

static void put(struct stream *stream, int64_t key, int64_t value)
{
    if ((stream->n & (stream->n - 1)) == 0) {
        stream->rows = realloc(stream->rows, (2 * stream->n + 1) * sizeof *stream->rows);
        CU_ASSERT_PTR_NOT_NULL_FATAL(stream->rows);
    }
    stream->rows[stream->n++] = (struct row){key, value};
}

static int by_key(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static void sum_up(struct stream *to, struct stream *from)
{
    if (from->n > 0) /* there may be no array then */
        qsort(from->rows, from->n, sizeof *from->rows, by_key);
    for (size_t i = 0; i < from->n; i++)
        if (to->n > 0 && to->rows[to->n - 1].key == from->rows[i].key)
            to->rows[to->n - 1].value += from->rows[i].value;
        else
            put(to, from->rows[i].key, from->rows[i].value);
}

/* ---- drawing ---- */

static struct stream *add_stream(struct shape *shape, int parallelism, const char *port)
{
    struct stream *stream = &shape->streams[shape->n];
    CU_ASSERT_FATAL(shape->n < STREAMS_MAX);
    memset(stream, 0, sizeof *stream);
    stream->parallelism = parallelism;
    snprintf(stream->name, sizeof stream->name, "s%d%s", shape->n, port);
    shape->n++;
    return stream;
}

static void draw_source(struct shape *shape)
{
    int parallelism = 1 + below(shape, 4);
    int count = below(shape, 5) == 0 ? below(shape, 3) : below(shape, 5000);
    int keys = 1 + below(shape, 300);
    struct stream *stream = add_stream(shape, parallelism, "");
    say(shape,
        "  { id = \"%s\"; op = \"run_sources.numbers\"; count = %d; keys = %d; parallelism = %d; "
        "},\n",
        stream->name, count, keys, parallelism);
    for (int i = 0; i < count; i++)
        put(stream, i % keys, i);
}

/* KEYED: its key is said already; BY_KEY: by the field `key`. */
enum edge_kind { EDGE_ANY, EDGE_BY_KEY, EDGE_KEYED };

/* Draws up to three different inputs and says so; their rows together. Writes no more than the
 * edge's settings: `copies` tells how often each row comes in. */
static struct stream draw_edge(struct shape *shape, int parallelism, enum edge_kind wanted)
{
    static const char *const kinds[] = {"", "rebalance", "single", "broadcast", "forward"};
    struct stream all = {0};
    int n = 1 + below(shape, INPUTS_MAX), from[INPUTS_MAX];
    bool equal = true;
    n = n > shape->n ? shape->n : n;
    for (int i = 0; i < n; i++) {
        bool again = false;
        from[i] = below(shape, shape->n);
        for (int j = 0; j < i; j++)
            again |= from[j] == from[i];
        i -= again;
    }
    bool keyed = wanted == EDGE_BY_KEY;
    int kind = wanted != EDGE_ANY ? 0 : below(shape, 5), copies = kind == 3 ? parallelism : 1;
    say(shape, "input = (");
    for (int i = 0; i < n; i++) {
        struct stream *input = &shape->streams[from[i]];
        say(shape, "%s\"%s\"", i > 0 ? ", " : "", input->name);
        input->read = true;
        equal &= input->parallelism == parallelism;
        for (size_t r = 0; r < input->n * (size_t)copies; r++)
            put(&all, input->rows[r % input->n].key, input->rows[r % input->n].value);
    }
    say(shape, "); parallelism = %d; ", parallelism);
    if (kind == 4 && !equal)
        kind = 0;
    if (kind > 0)
        say(shape, "partition = \"%s\"; ", kinds[kind]);
    else if (wanted != EDGE_KEYED && (keyed || below(shape, 2) == 0))
        say(shape, "key = \"%s\"; ", keyed || below(shape, 2) == 0 ? "key" : "value");
    return all;
}

static void draw_sum(struct shape *shape)
{
    int parallelism = 1 + below(shape, 6), id = shape->n;
    say(shape, "  { id = \"s%d\"; op = \"std.sum\"; field = \"value\"; ", id);
    struct stream in = draw_edge(shape, parallelism, EDGE_BY_KEY);
    say(shape, "},\n");
    sum_up(add_stream(shape, parallelism, ""), &in);
    free(in.rows);
}

static void draw_keep(struct shape *shape, int at_least)
{
    int parallelism = 1 + below(shape, 6), id = shape->n;
    int of = at_least + below(shape, 4), rest = below(shape, of);
    say(shape, "  { id = \"s%d\"; op = \"run_ops.keep\"; of = %d; rest = %d; ", id, of, rest);
    struct stream in = draw_edge(shape, parallelism, EDGE_ANY);
    struct stream *out = add_stream(shape, parallelism, "");
    say(shape, "},\n");
    for (size_t i = 0; i < in.n; i++)
        if (in.rows[i].value % of == rest)
            put(out, in.rows[i].key, in.rows[i].value);
    free(in.rows);
}

/* Passes all on, or swaps the two fields. */
static void draw_same(struct shape *shape)
{
    static const char *const ops[] = {"std.pass\"; ", "run_ops.slowly\"; nap = \"0us\"; ",
                                      "std.select\"; fields = (\"key\", \"value\"); ",
                                      "std.select\"; fields = (\"key=value\", \"value=key\"); "};
    int parallelism = 1 + below(shape, 6), id = shape->n, op = below(shape, 4);
    say(shape, "  { id = \"s%d\"; op = \"%s", id, ops[op]);
    struct stream in = draw_edge(shape, parallelism, EDGE_ANY);
    struct stream *out = add_stream(shape, parallelism, "");
    say(shape, "},\n");
    for (size_t i = 0; i < in.n; i++)
        put(out, op == 3 ? in.rows[i].value : in.rows[i].key,
            op == 3 ? in.rows[i].key : in.rows[i].value);
    free(in.rows);
}

/* Three streams: all, the even values, the odd ones. */
static void draw_parity(struct shape *shape)
{
    int parallelism = 1 + below(shape, 6), id = shape->n;
    say(shape, "  { id = \"s%d\"; op = \"run_ops.parity\"; ", id);
    struct stream in = draw_edge(shape, parallelism, EDGE_ANY);
    struct stream *all = add_stream(shape, parallelism, "");
    struct stream *even = add_stream(shape, parallelism, ""),
                  *odd = add_stream(shape, parallelism, "");
    snprintf(even->name, sizeof even->name, "s%d.even", id);
    snprintf(odd->name, sizeof odd->name, "s%d.odd", id);
    say(shape, "},\n");
    for (size_t i = 0; i < in.n; i++) {
        put(all, in.rows[i].key, in.rows[i].value);
        put(in.rows[i].value % 2 == 0 ? even : odd, in.rows[i].key, in.rows[i].value);
    }
    free(in.rows);
}

/* Puts each row out five times, under other keys. */
static void draw_fan(struct shape *shape)
{
    int parallelism = 1 + below(shape, 6), id = shape->n;
    say(shape, "  { id = \"f%d\"; op = \"run_ops.fan\"; times = 5; ", id);
    struct stream in = draw_edge(shape, parallelism, EDGE_ANY);
    struct stream *out = add_stream(shape, parallelism, "");
    say(shape,
        "},\n  { id = \"s%d\"; op = \"std.select\"; fields = (\"key=copy\", \"value\");"
        " input = \"f%d\"; parallelism = %d; },\n",
        id, id, parallelism);
    for (size_t i = 0; i < 5 * in.n; i++)
        put(out, (int64_t)(i % 5), in.rows[i / 5].value);
    free(in.rows);
}

static int64_t cell_of(int64_t value, int size)
{
    return (value - (value < 0 ? size - 1 : 0)) / size;
}

/* Sums by the cell of the value, which is the key of what comes out. */
static void draw_cell_sum(struct shape *shape)
{
    int parallelism = 1 + below(shape, 6), id = shape->n, size = 1 + below(shape, 500);
    say(shape,
        "  { id = \"c%d\"; op = \"std.sum\"; field = \"value\"; key = { fn = \"key_fns.cell\"; "
        "size = %d; }; ",
        id, size);
    struct stream in = draw_edge(shape, parallelism, EDGE_KEYED);
    say(shape,
        "},\n  { id = \"s%d\"; op = \"std.select\"; fields = (\"key=cell\", \"value\");"
        " input = \"c%d\"; parallelism = %d; },\n",
        id, id, parallelism);
    for (size_t i = 0; i < in.n; i++)
        in.rows[i].key = cell_of(in.rows[i].value, size);
    sum_up(add_stream(shape, parallelism, ""), &in);
    free(in.rows);
}

/* Three streams: cells 0 and 2 of the value, and the others. */
static void draw_cell_split(struct shape *shape)
{
    int parallelism = 1 + below(shape, 6), id = shape->n, size = 1 + below(shape, 2000);
    say(shape,
        "  { id = \"s%d\"; op = \"std.split\"; fn = { fn = \"key_fns.cell\"; size = %d; };"
        " ports = (\"0\", \"two=2\"); ",
        id, size);
    struct stream in = draw_edge(shape, parallelism, EDGE_ANY);
    struct stream *rest = add_stream(shape, parallelism, "");
    struct stream *zero = add_stream(shape, parallelism, ""),
                  *two = add_stream(shape, parallelism, "");
    snprintf(zero->name, sizeof zero->name, "s%d.0", id);
    snprintf(two->name, sizeof two->name, "s%d.two", id);
    say(shape, "},\n");
    for (size_t i = 0; i < in.n; i++) {
        int64_t cell = cell_of(in.rows[i].value, size);
        put(cell == 0 ? zero : cell == 2 ? two : rest, in.rows[i].key, in.rows[i].value);
    }
    free(in.rows);
}

static void draw_operator(struct shape *shape)
{
    size_t rows = 0;
    for (int i = 0; i < shape->n; i++)
        rows += shape->streams[i].n;
    bool function = shape->functions && below(shape, 3) == 0;
    int which = below(shape, 7);
    if (rows > ROWS_MAX)
        draw_keep(shape, 6);
    else if (function && which < 4 && shape->batch)
        draw_cell_sum(shape);
    else if (function)
        draw_cell_split(shape);
    else if (which == 0)
        draw_source(shape);
    else if (which == 1 && shape->batch)
        draw_sum(shape);
    else if (which == 2)
        draw_parity(shape);
    else if (which == 3)
        draw_fan(shape);
    else if (which == 4)
        draw_keep(shape, 1);
    else
        draw_same(shape);
}

/* What nobody reads is written to a file of its name. */
static void draw_sinks(struct shape *shape)
{
    for (int i = 0; i < shape->n; i++)
        if (!shape->streams[i].read || below(shape, 6) == 0)
            say(shape,
                "  { id = \"out%d\"; op = \"file.write\"; input = \"%s\"; path = \"out%d\"; },\n",
                i, shape->streams[i].name, i);
    shape->text[shape->length - 2] = '\n'; /* no comma behind the last */
}

static char *draw(struct shape *shape, uint64_t seed, bool functions)
{
    memset(shape, 0, sizeof *shape);
    shape->functions = functions;
    gy_rng_init(&shape->rng, seed);
    shape->batch = below(shape, 3) > 0;
    draw_source(shape);
    int n = 2 + below(shape, 12);
    while (shape->n < n && shape->n < STREAMS_MAX - 3)
        draw_operator(shape);
    draw_sinks(shape);
    return text_format("job = \"shape\"; mode = \"%s\"; parallelism = 3;\noperators = (\n%s);\n",
                       shape->batch ? "batch" : "stream", shape->text);
}

/* ---- comparing ---- */

static char *rows_text(const struct stream *stream)
{
    char *text = malloc(stream->n * 44 + 1), *at = text;
    *at = 0;
    for (size_t i = 0; i < stream->n; i++)
        at += sprintf(at, "%lld,%lld\n", (long long)stream->rows[i].key,
                      (long long)stream->rows[i].value);
    char *sorted = sim_sorted_lines(text);
    free(text);
    return sorted;
}

/* Compares the files with the oracle's streams; false where one differs. */
static bool compare(const struct shape *shape, const char *dir)
{
    bool same = true;
    int files = 0;
    for (int i = 0; i < shape->n; i++) {
        char *name = text_format("out%d", i), *path = path_join(dir, name);
        if (file_exists(path)) {
            char *out = file_read(path, NULL);
            char *got = sim_sorted_lines(out), *expected = rows_text(&shape->streams[i]);
            same &= strcmp(got, expected) == 0;
            files++;
            free(out);
            free(got);
            free(expected);
            unlink(path);
        }
        free(path);
        free(name);
    }
    CU_ASSERT_TRUE(files > 0);
    return same;
}

static void shape_fini(struct shape *shape)
{
    for (int i = 0; i < shape->n; i++)
        free(shape->streams[i].rows);
}

/* Runs a job on threads, as `gyre run` does. */
static int run_threads(const struct sim_job *sim)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_flow_options options = {.clock = gy_clock_real(), .channel_slots = 2};
    struct gy_flow *flow = gy_flow_new(sim->physical, &options, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(flow);
    int code = gy_flow_open(flow);
    CU_ASSERT_EQUAL_FATAL(code, 0);
    CU_ASSERT_EQUAL_FATAL(gy_flow_start(flow, &error), 0);
    gy_flow_join(flow);
    code = gy_flow_commit(flow);
    if (gy_flow_has_failed(flow))
        code = flow->failure.code;
    gy_flow_free(flow);
    return code;
}

static void run_shape(uint64_t seed, bool threads, bool functions)
{
    static struct shape shape;
    struct sim_job sim;
    char *dir = dir_temp(), *job = draw(&shape, seed, functions);
    sim_job_init(&sim, dir, job);
    for (uint64_t run = 0; run < 3; run++) {
        int code = threads ? run_threads(&sim) : sim_job_run(&sim, seed + run * 1000003);
        bool same = compare(&shape, dir);
        if (code != 0 || !same)
            fprintf(stderr, "seed %llu, run %llu: code %d, %s\n%s", (unsigned long long)seed,
                    (unsigned long long)run, code, same ? "same" : "differs", job);
        CU_ASSERT_EQUAL_FATAL(code, 0);
        CU_ASSERT_TRUE_FATAL(same);
    }
    sim_job_fini(&sim);
    shape_fini(&shape);
    dir_remove(dir);
    free(job);
    free(dir);
}

/* The same, by jobs that die and go on from their snapshots. */
static void live_shape(uint64_t seed)
{
    static struct shape shape;
    struct sim_job sim;
    char *dir = dir_temp(), *job = draw(&shape, seed, seed % 2 == 0);
    sim_job_init(&sim, dir, job);
    struct sim_life life = {.jobs = &sim, .n_jobs = 1, .deaths = 6, .turns = 100};
    int code = sim_life_run(&life, seed);
    bool same = compare(&shape, dir);
    if (code != 0 || !same)
        fprintf(stderr, "seed %llu: code %d, %s, %u runs\n%s", (unsigned long long)seed, code,
                same ? "same" : "differs", life.runs, job);
    CU_ASSERT_EQUAL_FATAL(code, 0);
    CU_ASSERT_TRUE_FATAL(same);
    sim_job_fini(&sim);
    shape_fini(&shape);
    dir_remove(dir);
    free(job);
    free(dir);
}

static void random_jobs_that_die_give_what_the_oracle_gives(void)
{
    uint64_t first, count = sim_seeds(LIVES, &first);
    for (uint64_t seed = first; seed < first + count; seed++)
        live_shape(seed);
}

static void run_shapes(uint64_t n, bool threads)
{
    uint64_t first, count = sim_seeds(n, &first);
    for (uint64_t seed = first; seed < first + count; seed++)
        run_shape(seed, threads, seed % 2 == 0);
}

/* Seed 1841: a forward exchange into a keyed operator whose key column nobody else reads. */
static void shapes_that_once_failed_do_not_any_more(void)
{
    run_shape(1841, false, false);
    run_shape(1841, true, false);
}

static void random_jobs_give_what_the_oracle_gives_in_every_order(void)
{
    run_shapes(SEEDS, false);
}

static void random_jobs_give_what_the_oracle_gives_on_threads(void)
{
    run_shapes(ON_THREADS, true);
}

/* ---- out of memory ---- */

/* A job with some of everything, for a handful of rows. */
static const char small_job[] =
    "job = \"small\"; mode = \"batch\"; parallelism = 2;\n"
    "operators = (\n"
    "  { id = \"lines\"; op = \"file.read\"; path = \"text\"; },\n"
    "  { id = \"words\"; op = \"text.words\"; input = \"lines\"; },\n"
    "  { id = \"counts\"; op = \"std.sum\"; input = \"words\"; key = \"word\"; field = \"count\"; "
    "},\n"
    "  { id = \"out0\"; op = \"file.write\"; input = \"counts\"; path = \"out0\"; },\n"
    "  { id = \"csv\"; op = \"file.read\"; path = \"rows.csv\"; format = \"csv\"; on_error = "
    "\"port\";\n"
    "    schema = ( {name = \"value\"; type = \"i64\";},\n"
    "               {name = \"s\"; type = \"str\"; nullable = true;} ); },\n"
    "  { id = \"kept\"; op = \"run_ops.keep\"; input = \"csv\"; },\n"
    "  { id = \"odd\"; op = \"run_ops.keep\"; rest = 1; input = \"csv\"; partition = "
    "\"rebalance\"; },\n"
    "  { id = \"both\"; op = \"run_ops.task\"; input = (\"kept\", \"odd\"); key = \"s\"; },\n"
    "  { id = \"less\"; op = \"std.select\"; fields = (\"value\", \"s\"); input = \"both\"; },\n"
    "  { id = \"out1\"; op = \"file.write\"; input = \"less\"; path = \"out1\"; },\n"
    "  { id = \"bad\"; op = \"file.write\"; input = \"csv.errors\"; path = \"out2\"; },\n"
    "  { id = \"fan\"; op = \"run_ops.fan\"; times = 20; input = \"csv\"; },\n"
    "  { id = \"n\"; op = \"std.count\"; input = \"fan\"; key = \"copy\"; },\n"
    "  { id = \"out3\"; op = \"file.write\"; input = \"n\"; path = \"parts/\"; parallelism = 1; "
    "},\n"
    "  { id = \"by\"; op = \"std.split\"; input = \"csv\"; ports = (\"0\"); on_error = \"port\";\n"
    "    fn = { fn = \"key_fns.strict\"; }; },\n"
    "  { id = \"tags\"; op = \"std.count\"; input = (\"by\", \"by.0\"); key = { fn = "
    "\"key_fns.tag\";\n"
    "    field = \"s\"; before = \"a string in front of \"; }; },\n"
    "  { id = \"out4\"; op = \"file.write\"; input = \"tags\"; path = \"out4\"; },\n"
    "  { id = \"out5\"; op = \"file.write\"; input = \"by.errors\"; path = \"out5\"; }\n"
    ");\n";

static const char small_text[] = "To be, or not to be:\nthat is the internationalization\n\nof be.";
static const char small_rows[] =
    "1,one\n2,\n-3,minus\n3,\"a string of more than twelve bytes\"\nbad,row\n4,four\n";
static const char *const small_files[] = {"out0", "out1", "out2", "out4", "out5", "parts/part-0-0"};

static char *take_output(const char *dir)
{
    char *all = strdup("");
    for (size_t i = 0; i < sizeof small_files / sizeof small_files[0]; i++) {
        char *path = path_join(dir, small_files[i]);
        char *text = file_exists(path) ? file_read(path, NULL) : strdup("");
        char *sorted = sim_sorted_lines(text);
        char *longer = text_format("%s%s:\n%s", all, small_files[i], sorted);
        unlink(path);
        free(sorted);
        free(text);
        free(path);
        free(all);
        all = longer;
    }
    return all;
}

static void write_small(const char *dir)
{
    char *text = path_join(dir, "text"), *rows = path_join(dir, "rows.csv");
    char *job = path_join(dir, "job.cfg");
    file_write_text(text, small_text);
    file_write_text(rows, small_rows);
    file_write_text(job, small_job);
    gy_log_set_level(GY_LOG_ERROR); /* of each run the same bad row */
    free(text);
    free(rows);
    free(job);
}

/* Runs a loaded job as sim_job_run does, with channels for two messages, and says nothing. */
static int run_quietly(const struct gy_physical *physical, uint64_t seed)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_clock_manual clock;
    struct gy_scheduler scheduler;
    gy_clock_manual_init(&clock, 1000000);
    gy_scheduler_seeded(&scheduler, seed);
    struct gy_flow_options options = {
        .clock = &clock.clock, .channel_slots = 2, .channel_bytes = 4096, .alone = true};
    struct gy_flow *flow = gy_flow_new(physical, &options, &error);
    if (flow == NULL) {
        CU_ASSERT_TRUE(error.code < 0 && error.text[0] != 0);
        return error.code;
    }
    int code = gy_flow_open(flow);
    if (code == 0)
        code = gy_flow_run_alone(flow, &scheduler, &clock);
    int committed = gy_flow_commit(flow);
    code = code != 0 ? code : committed;
    CU_ASSERT_EQUAL(code != 0, gy_flow_has_failed(flow));
    gy_flow_free(flow);
    return code;
}

/* Asserts that a run which lacked memory failed for that, or did all the same what it should. */
static void check_lack(int code, uint64_t k, const char *dir, const char *expected)
{
    char *got = take_output(dir);
    int64_t live = gy_mem_live_blocks();
    if (live != 0 || (code != 0 && code != GYRE_ENOMEM) ||
        (code == 0 && strcmp(got, expected) != 0))
        fprintf(stderr, "allocation %llu: code %d, %lld blocks left, output\n%s",
                (unsigned long long)k, code, (long long)live, got);
    CU_ASSERT_EQUAL_FATAL(live, 0);
    CU_ASSERT_TRUE_FATAL(code == 0 || code == GYRE_ENOMEM);
    CU_ASSERT_TRUE_FATAL(code != 0 || strcmp(got, expected) == 0);
    free(got);
}

/* Fails each allocation of a run in turn; `failed` counts the runs that did. How many there are. */
static uint64_t lack_in_run(const struct gy_physical *physical, uint64_t seed, const char *dir,
                            const char *expected, uint64_t *failed)
{
    uint64_t k = 0;
    for (bool hit = true; hit;) {
        gy_mem_track(true);
        gy_mem_fail_after(++k);
        int code = run_quietly(physical, seed);
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        *failed += code != 0;
        CU_ASSERT_TRUE(hit || code == 0);
        check_lack(code, k, dir, expected);
        gy_mem_track(false);
    }
    return k;
}

static void a_run_ends_well_whichever_allocation_fails(void)
{
    char *dir = dir_temp();
    struct sim_job sim;
    uint64_t all = 0, failed = 0, orders = suite_share(ORDERS);
    write_small(dir);
    sim_job_init(&sim, dir, small_job);
    CU_ASSERT_EQUAL_FATAL(run_quietly(sim.physical, 1), 0);
    char *expected = take_output(dir);
    CU_ASSERT_PTR_NOT_NULL(strstr(expected, "be,3\n"));
    for (uint64_t seed = 1; seed <= orders; seed++)
        all += lack_in_run(sim.physical, seed, dir, expected, &failed);
    printf("out of memory: %llu allocations of %llu runs, %llu of them fatal\n",
           (unsigned long long)all, (unsigned long long)orders, (unsigned long long)failed);
    CU_ASSERT_TRUE(failed > all / 2);
    sim_job_fini(&sim);
    dir_remove(dir);
    free(expected);
    free(dir);
}

/* Loads the job from its file and runs it; all of it may lack memory. */
static int load_and_run(const char *dir, const char *const *folders)
{
    struct gy_diags diags = {0};
    char *path = path_join(dir, "job.cfg");
    int code = GYRE_ENOMEM;
    struct gy_job *job = gy_job_load(path, NULL, &diags);
    struct gy_plugins *plugins = job != NULL ? gy_plugins_new(folders, 2) : NULL;
    struct gy_graph *graph = plugins != NULL ? gy_graph_build(job, plugins, &diags) : NULL;
    struct gy_physical *physical = graph != NULL ? gy_physical_new(graph, 2) : NULL;
    if (physical != NULL)
        code = run_quietly(physical, 1);
    gy_physical_free(physical);
    gy_graph_free(graph);
    gy_plugins_free(plugins);
    gy_job_free(job);
    gy_diags_fini(&diags);
    free(path);
    return code;
}

static void a_job_is_loaded_well_whichever_allocation_fails(void)
{
    char *dir = dir_temp(), *plugins = build_path("plugins"), *fixtures = build_path("fixtures");
    const char *folders[] = {plugins, fixtures};
    uint64_t k = 0, failed = 0;
    write_small(dir);
    CU_ASSERT_EQUAL_FATAL(load_and_run(dir, folders), 0);
    char *expected = take_output(dir);
    for (bool hit = true; hit;) {
        gy_mem_track(true);
        gy_mem_fail_after(++k);
        int code = load_and_run(dir, folders);
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        failed += code != 0;
        CU_ASSERT_TRUE(hit || code == 0);
        check_lack(code, k, dir, expected);
        gy_mem_track(false);
    }
    printf("out of memory: %llu allocations of loading and running, %llu of them fatal\n",
           (unsigned long long)k, (unsigned long long)failed);
    CU_ASSERT_TRUE(failed > k / 2);
    dir_remove(dir);
    free(expected);
    free(fixtures);
    free(plugins);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(shapes_that_once_failed_do_not_any_more),
    SUITE_TEST_WITHIN(random_jobs_give_what_the_oracle_gives_in_every_order, 600),
    SUITE_TEST_WITHIN(random_jobs_that_die_give_what_the_oracle_gives, 600),
    SUITE_TEST_WITHIN(random_jobs_give_what_the_oracle_gives_on_threads, 300),
    SUITE_TEST_WITHIN(a_run_ends_well_whichever_allocation_fails, 120),
    SUITE_TEST_WITHIN(a_job_is_loaded_well_whichever_allocation_fails, 120),
};
SUITE_MAIN("sim_shapes", tests)
