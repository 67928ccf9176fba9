/* The laws of the standard aggregates' function tables, called directly: merge(a, b) is what adding
 * the rows of a and then those of b gives, whichever merges come first; to the last bit, but for what is
 * rounded on the way (variances). The functions are bound by a
 * job that is loaded and never run. */
#include "base/rng.h"
#include "files.h"
#include "sim/sim.h"
#include "state/store.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 40, SEEDS = 400, FIELDS = 7, TEXT = 1 << 16 };

static const char job_text[] =
    "job = \"laws\"; mode = \"batch\"; parallelism = 1;\noperators = (\n"
    "  { id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\"; schema = (\n"
    "    {name=\"i\";type=\"i32\";}, {name=\"x\";type=\"i64\";nullable=true;},\n"
    "    {name=\"y\";type=\"f64\";nullable=true;}, {name=\"s\";type=\"str\";nullable=true;},\n"
    "    {name=\"d\";type=\"bytes\";}, {name=\"b\";type=\"bool\";nullable=true;},\n"
    "    {name=\"t\";type=\"time\";} ); },\n"
    "  { id = \"a\"; op = \"std.aggregate\"; input = \"in\"; aggregates = (\n"
    "    {fn=\"std.min\";field=\"i\";as=\"c0\";}, {fn=\"std.max\";field=\"x\";as=\"c1\";},\n"
    "    {fn=\"std.min\";field=\"y\";as=\"c2\";}, {fn=\"std.max\";field=\"y\";as=\"c3\";},\n"
    "    {fn=\"std.min\";field=\"s\";as=\"c4\";}, {fn=\"std.max\";field=\"d\";as=\"c5\";},\n"
    "    {fn=\"std.min\";field=\"d\";as=\"c6\";}, {fn=\"std.max\";field=\"b\";as=\"c7\";},\n"
    "    {fn=\"std.min\";field=\"t\";as=\"c8\";}, {fn=\"std.sum\";field=\"i\";as=\"c9\";},\n"
    "    {fn=\"std.sum\";field=\"x\";as=\"c10\";}, {fn=\"std.sum\";field=\"y\";as=\"c11\";},\n"
    "    {fn=\"std.avg\";field=\"i\";as=\"c12\";}, {fn=\"std.avg\";field=\"x\";as=\"c13\";},\n"
    "    {fn=\"std.avg\";field=\"y\";as=\"c14\";}, {fn=\"std.count\";as=\"c15\";},\n"
    "    {fn=\"std.count\";field=\"s\";as=\"c16\";},\n"
    "    {fn=\"std.max_by\";field=\"b\";fields=\"s\";as=\"c17\";},\n"
    "    {fn=\"std.min_by\";field=\"x\";fields=\"t\";last=true;as=\"c18\";},\n"
    "    {fn=\"std.max_by\";field=\"d\";fields=\"y\";as=\"c19\";},\n"
    "    {fn=\"std.first\";field=\"s\";as=\"c20\";},\n"
    "    {fn=\"std.first\";field=\"x\";fields=\"t\";as=\"c21\";},\n"
    "    {fn=\"std.last\";field=\"x\";nulls=true;as=\"c22\";},\n"
    "    {fn=\"std.any_value\";field=\"d\";as=\"c23\";},\n"
    "    {fn=\"std.variance\";field=\"i\";as=\"c24\";},\n"
    "    {fn=\"std.stddev\";field=\"y\";of=\"population\";as=\"c25\";},\n"
    "    {fn=\"std.collect\";field=\"s\";as=\"c26\";},\n"
    "    {fn=\"std.collect\";field=\"x\";distinct=true;most=4;as=\"c27\";},\n"
    "    {fn=\"std.distinct\";field=\"s\";as=\"c28\";},\n"
    "    {fn=\"std.distinct\";field=\"y\";as=\"c29\";},\n"
    "    {fn=\"std.distinct\";field=\"i\";as=\"c30\";},\n"
    "    {fn=\"std.distinct\";field=\"s\";approx=true;as=\"c31\";},\n"
    "    {fn=\"std.quantile\";field=\"y\";as=\"c32\";},\n"
    "    {fn=\"std.quantile\";field=\"t\";at=0.9;as=\"c33\";},\n"
    "    {fn=\"std.min_by\";field=\"i\";} ); },\n"
    "  { id = \"n\"; op = \"std.null\"; input = \"a\"; }\n);\n";

/* ---- rows -------------------------------------------------------------------------------------- */

struct rows {
    uint8_t valid[FIELDS][ROWS];
    int32_t i[ROWS];
    int64_t x[ROWS];
    double y[ROWS];
    struct gyre_str s[ROWS];
    struct gyre_str d[ROWS];
    uint8_t b[ROWS];
    int64_t t[ROWS];
    char text[2][ROWS][40];
};

static struct gyre_str random_str(struct gy_rng *rng, char *text)
{
    int n = sprintf(text, gy_rng_below(rng, 2) != 0 ? "s%u" : "text-of-more-than-twelve-bytes-%u",
                    (unsigned)gy_rng_below(rng, 20));
    return gyre_str_view(text, (uint32_t)n);
}

/* NaN and infinity too. */
static void rows_init(struct rows *rows, struct gy_rng *rng)
{
    for (int r = 0; r < ROWS; r++) {
        uint64_t kind = gy_rng_below(rng, 16);
        rows->i[r] = (int32_t)gy_rng_below(rng, 20) - 10;
        rows->x[r] = (int64_t)gy_rng_below(rng, 10) - 5;
        rows->y[r] = (double)gy_rng_below(rng, 100) / 4 - 12;
        if (kind < 3)
            rows->y[r] = kind == 0 ? NAN : kind == 1 ? INFINITY : -0.0;
        rows->s[r] = random_str(rng, rows->text[0][r]);
        rows->d[r] = random_str(rng, rows->text[1][r]);
        rows->b[r] = gy_rng_below(rng, 2) != 0;
        rows->t[r] = (int64_t)gy_rng_below(rng, 1000);
        for (int f = 0; f < FIELDS; f++)
            rows->valid[f][r] = gy_rng_below(rng, 3) != 0;
    }
}

/* The columns that a function reads, in its order. */
static void batch_of(const struct rows *rows, const struct gy_node *node,
                     const struct gy_hosted *hosted, struct gyre_column *columns,
                     struct gyre_batch *batch)
{
    const void *data[FIELDS] = {rows->i, rows->x, rows->y, rows->s, rows->d, rows->b, rows->t};
    const struct gy_input *in = &node->inputs[0];
    for (uint32_t k = 0; k < hosted->n_reads; k++) {
        uint32_t f = in->reads[hosted->reads[k]];
        bool nullable = (gyre_schema_field(&in->schema, f)->flags & GYRE_NULLABLE) != 0;
        columns[k] = (struct gyre_column){data[f], nullable ? rows->valid[f] : NULL};
    }
    *batch =
        (struct gyre_batch){.size = sizeof *batch, .rows = ROWS, .kept = ROWS, .columns = columns};
}

/* ---- one function ------------------------------------------------------------------------------ */

/* What a function is called with: its accumulators are entries of a store, by hash. */
struct bench {
    struct gyre_ctx ctx; /* first, so that state_str finds the store */
    struct gyre_host host;
    struct gyre_error error;
    struct gy_store *store;
    const struct gy_hosted *hosted;
    struct gyre_batch batch;
    struct gyre_column columns[FIELDS];
    uint32_t types[FIELDS];
    uint32_t n_results;
};

static int32_t state_str(struct gyre_ctx *ctx, struct gyre_str *into, const struct gyre_str *from)
{
    return gy_store_str(((struct bench *)(void *)ctx)->store, into, from);
}

static void *alloc(struct gyre_ctx *ctx, void *old, size_t size)
{
    (void)ctx;
    if (size == 0) {
        free(old);
        return NULL;
    }
    return old == NULL ? calloc(1, size) : realloc(old, size);
}

static void bench_init(struct bench *bench, const struct gy_node *node, uint32_t f,
                       const struct rows *rows)
{
    struct gyre_error error = {.size = sizeof error};
    memset(bench, 0, sizeof *bench);
    bench->hosted = &node->hosted[f];
    bench->error.size = sizeof bench->error;
    bench->host.state_str = state_str;
    bench->host.alloc = alloc;
    bench->ctx = (struct gyre_ctx){.size = sizeof bench->ctx,
                                   .host = &bench->host,
                                   .config = bench->hosted->config,
                                   .error = &bench->error};
    struct gy_store_config config = {.key = {.n = 1, .types = {GYRE_TYPE_i64}},
                                     .kind = GYRE_STATE_VALUE,
                                     .type = bench->hosted->accumulator};
    bench->store = gy_store_new(&config, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bench->store);
    batch_of(rows, node, bench->hosted, bench->columns, &bench->batch);
    bench->n_results = bench->hosted->n_results;
    for (uint32_t k = 0; k < bench->n_results; k++)
        bench->types[k] = node->outputs[0].own[bench->hosted->first_own + k].type;
}

/* Accumulators 0 ... n - 1, up to 8. */
static void accumulators(struct bench *bench, void **accs, uint32_t n)
{
    static const uint64_t hashes[] = {11, 22, 33, 44, 55, 66, 77, 88};
    CU_ASSERT_EQUAL_FATAL(gy_store_slots(bench->store, hashes, NULL, NULL, n, accs), 0);
}

static void add(struct bench *bench, void *acc, uint32_t first, uint32_t end)
{
    uint32_t rows[ROWS];
    void *accs[ROWS];
    for (uint32_t r = first; r < end; r++) {
        rows[r - first] = r;
        accs[r - first] = acc;
    }
    CU_ASSERT_EQUAL_FATAL(
        bench->hosted->aggregate->add(&bench->ctx, &bench->batch, rows, end - first, accs), 0);
}

static char *no_grow(struct gyre_out *out, uint32_t len)
{
    (void)out, (void)len;
    return NULL;
}

/* Whether two accumulators have the same result, to the bit but for NaN's. */
static bool same_result(struct bench *bench, const void *a, const void *b)
{
    static char text[TEXT];
    struct gyre_str values[FIELDS][2] = {0};
    uint8_t valid[FIELDS][2] = {0};
    void *data[FIELDS];
    uint8_t *valids[FIELDS];
    for (int k = 0; k < FIELDS; k++) {
        data[k] = values[k];
        valids[k] = valid[k];
    }
    struct gyre_out out = {.size = sizeof out,
                           .data = data,
                           .valid = valids,
                           .text = text,
                           .text_end = text + TEXT,
                           .grow = no_grow};
    const struct gyre_aggregate *aggregate = bench->hosted->aggregate;
    CU_ASSERT_EQUAL_FATAL(aggregate->result(&bench->ctx, a, &out, 0), 0);
    CU_ASSERT_EQUAL_FATAL(aggregate->result(&bench->ctx, b, &out, 1), 0);
    for (uint32_t k = 0; k < bench->n_results; k++) {
        uint32_t size = gyre_type_size(bench->types[k]);
        const char *bytes = data[k];
        const double *doubles = data[k];
        bool same = memcmp(bytes, bytes + size, size) == 0;
        if (gyre_type_is_str(bench->types[k]))
            same = gyre_str_equal(&values[k][0], &values[k][1]);
        if (bench->types[k] == GYRE_TYPE_f64 && isnan(doubles[0]) && isnan(doubles[1]))
            same = true;
        if (!same || valid[k][0] != valid[k][1])
            return false;
    }
    return true;
}

/* ---- laws -------------------------------------------------------------------------------------- */

static void merge(struct bench *bench, void *into, const void *from)
{
    CU_ASSERT_EQUAL_FATAL(bench->hosted->aggregate->merge(&bench->ctx, into, from), 0);
}

/* Merging in order is adding in order, whichever two come first, and also with nothing on either side;
 * what is merged stays as it is. */
static void check_merge(struct bench *bench, struct gy_rng *rng)
{
    void *accs[8];
    uint32_t first = (uint32_t)gy_rng_below(rng, ROWS + 1);
    uint32_t end = first + (uint32_t)gy_rng_below(rng, ROWS + 1 - first);
    const uint32_t cuts[] = {0, first, end, ROWS};
    accumulators(bench, accs, 8);
    for (uint32_t i = 0; i < 6; i++)
        add(bench, accs[i], cuts[i % 3], cuts[i % 3 + 1]);
    add(bench, accs[6], 0, ROWS);
    merge(bench, accs[0], accs[1]);
    CU_ASSERT_FATAL(same_result(bench, accs[1], accs[4]));
    merge(bench, accs[0], accs[2]);
    CU_ASSERT_FATAL(same_result(bench, accs[2], accs[5]));
    CU_ASSERT_FATAL(same_result(bench, accs[0], accs[6]));
    merge(bench, accs[4], accs[5]);
    merge(bench, accs[3], accs[4]);
    CU_ASSERT_FATAL(same_result(bench, accs[3], accs[6]));
    merge(bench, accs[3], accs[7]); /* nothing */
    merge(bench, accs[7], accs[6]);
    CU_ASSERT_FATAL(same_result(bench, accs[3], accs[7]));
}

static void merging_in_order_is_adding_in_order_and_is_associative(void)
{
    static struct rows rows;
    struct sim_job sim;
    struct gy_rng rng;
    char *dir = dir_temp(), *in = path_join(dir, "in");
    uint64_t first, n = sim_seeds(SEEDS, &first);
    file_write_text(in, "");
    sim_job_init(&sim, dir, job_text);
    const struct gy_node *node = sim.graph->nodes[1];
    CU_ASSERT_EQUAL_FATAL(node->n_hosted, 35);
    for (uint64_t seed = first; seed < first + n; seed++) {
        gy_rng_init(&rng, seed);
        rows_init(&rows, &rng);
        for (uint32_t f = 0; f < node->n_hosted; f++) {
            struct bench bench;
            bench_init(&bench, node, f, &rows);
            check_merge(&bench, &rng);
            gy_store_free(bench.store);
        }
    }
    sim_job_fini(&sim);
    dir_remove(dir);
    free(dir);
    free(in);
}

static const struct suite_test tests[] = {
    SUITE_TEST(merging_in_order_is_adding_in_order_and_is_associative),
};

SUITE_MAIN("sim_std_laws", tests)
