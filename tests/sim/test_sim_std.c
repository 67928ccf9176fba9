/* The standard aggregates and std.split, in whole jobs over random rows, against a naive oracle that
 * looks at all rows of a key again for every row it puts out. */
#include "base/number.h"
#include "base/rng.h"
#include "files.h"
#include "sim/sim.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ROWS_MAX = 2500,
    UNKEYED_MAX = 300,
    CELL = 64,
    SEEDS = 400,
    SPLIT_SEEDS = 100,
    COLLECTED = 5
};

/* ---- rows -------------------------------------------------------------------------------------- */

enum field { F_K, F_I, F_X, F_Y, F_S, F_B, F_T, N_FIELDS };
static const char *const names[N_FIELDS] = {"k", "i", "x", "y", "s", "b", "t"};
static const char schema[] =
    "( {name=\"k\";type=\"str\";nullable=true;}, {name=\"i\";type=\"i32\";},\n"
    "  {name=\"x\";type=\"i64\";nullable=true;}, {name=\"y\";type=\"f64\";nullable=true;},\n"
    "  {name=\"s\";type=\"str\";nullable=true;}, {name=\"b\";type=\"bool\";},\n"
    "  {name=\"t\";type=\"time\";} )";

/* A cell is its text; "" is null. */
struct row {
    char cells[N_FIELDS][CELL];
};

struct table {
    uint32_t n;
    struct row rows[ROWS_MAX];
};

static void random_word(struct gy_rng *rng, uint32_t choices, char *cell)
{
    uint32_t word = (uint32_t)gy_rng_below(rng, choices);
    if (word % 3 == 0)
        sprintf(cell, "a-word-of-more-than-twelve-bytes-%u", word * 7919u % 1000);
    else
        sprintf(cell, "w%u", word * 7919u % 1000);
}

static void random_f64(struct gy_rng *rng, char *cell)
{
    static const double special[] = {-0.0, 0.0, 1e300, -1e300};
    uint64_t kind = gy_rng_below(rng, 40);
    double v = (double)gy_rng_below(rng, 400) / 4 - 50;
    if (kind < 4)
        v = special[kind];
    else if (kind == 4 && gy_rng_below(rng, 4) == 0)
        v = NAN;
    else if (kind == 5 && gy_rng_below(rng, 4) == 0)
        v = INFINITY;
    gy_number_format_f64(cell, v);
}

static void random_row(struct gy_rng *rng, struct row *row)
{
    memset(row, 0, sizeof *row);
    if (gy_rng_below(rng, 10) != 0)
        random_word(rng, 12, row->cells[F_K]);
    sprintf(row->cells[F_I], "%d", (int)gy_rng_below(rng, 2000) - 1000);
    if (gy_rng_below(rng, 4) != 0)
        sprintf(row->cells[F_X], "%lld", (long long)gy_rng_below(rng, 40) - 20);
    if (gy_rng_below(rng, 4) != 0)
        random_f64(rng, row->cells[F_Y]);
    if (gy_rng_below(rng, 4) != 0)
        random_word(rng, 100, row->cells[F_S]);
    strcpy(row->cells[F_B], gy_rng_below(rng, 2) != 0 ? "true" : "false");
    sprintf(row->cells[F_T], "%llu", (unsigned long long)gy_rng_below(rng, 1000000));
}

static void table_init(struct table *table, struct gy_rng *rng, uint32_t most)
{
    table->n = 1 + (uint32_t)gy_rng_below(rng, most);
    for (uint32_t i = 0; i < table->n; i++)
        random_row(rng, &table->rows[i]);
}

static void put_line(char **at, const struct row *row)
{
    for (int f = 0; f < N_FIELDS; f++)
        *at += sprintf(*at, "%s%s", row->cells[f], f == N_FIELDS - 1 ? "\n" : ",");
}

static void table_write(const struct table *table, const char *path)
{
    char *text = calloc(table->n + 1, sizeof(struct row) + N_FIELDS + 1), *at = text;
    for (uint32_t i = 0; i < table->n; i++)
        put_line(&at, &table->rows[i]);
    file_write_text(path, text);
    free(text);
}

/* ---- aggregates -------------------------------------------------------------------------------- */

struct spec {
    const char *fn;
    int field; /* N_FIELDS: none */
    int shown; /* min_by, max_by: the field put out; N_FIELDS: all but the key's */
    bool last;
};

static const struct spec specs[] = {
    {"min", F_I, 0, false},
    {"min", F_X, 0, false},
    {"min", F_Y, 0, false},
    {"min", F_S, 0, false},
    {"min", F_B, 0, false},
    {"min", F_T, 0, false},
    {"max", F_I, 0, false},
    {"max", F_X, 0, false},
    {"max", F_Y, 0, false},
    {"max", F_S, 0, false},
    {"max", F_B, 0, false},
    {"max", F_T, 0, false},
    {"sum", F_I, 0, false},
    {"sum", F_X, 0, false},
    {"sum", F_Y, 0, false},
    {"avg", F_I, 0, false},
    {"avg", F_X, 0, false},
    {"avg", F_Y, 0, false},
    {"count", F_S, 0, false},
    {"count", N_FIELDS, 0, false},
    {"min_by", F_X, F_S, false},
    {"min_by", F_X, F_T, true},
    {"max_by", F_B, F_X, false},
    {"max_by", F_Y, F_S, true},
    {"max_by", F_S, F_S, false},
    {"first", F_S, 0, false},
    {"last", F_X, 0, false},
    {"last", F_S, 0, false},
    {"distinct", F_S, 0, false},
    {"distinct", F_X, 0, false},
    {"distinct", F_I, 0, false},
    {"collect", F_X, 0, false},
    /* from here on each alone: they put several columns out */
    {"min_by", F_X, N_FIELDS, false},
    {"max_by", F_I, N_FIELDS, true},
    {"min_by", F_S, N_FIELDS, false},
};
enum { N_SPECS = sizeof specs / sizeof specs[0], N_SINGLE = N_SPECS - 3 };

/* Orders two cells of a field that are there. */
static int order(int field, const char *a, const char *b)
{
    if (field == F_S || field == F_B)
        return strcmp(a, b); /* "false" before "true" */
    if (field != F_Y) {
        long long x = atoll(a), y = atoll(b);
        return (x > y) - (x < y);
    }
    double x = strtod(a, NULL), y = strtod(b, NULL);
    if (isnan(x) || isnan(y))
        return (isnan(x) != 0) - (isnan(y) != 0);
    return (x > y) - (x < y);
}

/* The row among `of` with the extreme; NULL where the field is null in all. */
static const struct row *extreme(const struct spec *spec, const struct row *const *of, uint32_t n)
{
    const struct row *best = NULL;
    int sign = spec->fn[1] == 'a' ? 1 : -1;
    for (uint32_t i = 0; i < n; i++) {
        const char *cell = of[i]->cells[spec->field];
        if (cell[0] == 0)
            continue;
        int better = best == NULL ? 1 : sign * order(spec->field, cell, best->cells[spec->field]);
        if (better > 0 || (better == 0 && spec->last))
            best = of[i];
    }
    return best;
}

/* sum, avg and count: over the cells that are there. */
static void oracle_number(const struct spec *spec, const struct row *const *of, uint32_t n,
                          char *cell)
{
    double sum = 0;
    uint32_t there = 0;
    for (uint32_t i = 0; i < n; i++) {
        const char *text = spec->field == N_FIELDS ? "1" : of[i]->cells[spec->field];
        there += text[0] != 0;
        if (text[0] != 0)
            sum += strtod(text, NULL);
    }
    if (strcmp(spec->fn, "count") == 0)
        sprintf(cell, "%u", there);
    else if (there == 0)
        cell[0] = 0;
    else
        gy_number_format_f64(cell, strcmp(spec->fn, "avg") == 0 ? sum / there : sum);
}

/* first and last: of the cells that are there. */
static const struct row *arrived(const struct spec *spec, const struct row *const *of, uint32_t n)
{
    const struct row *found = NULL;
    for (uint32_t i = 0; i < n && (found == NULL || spec->fn[0] == 'l'); i++)
        if (of[i]->cells[spec->field][0] != 0)
            found = of[i];
    return found;
}

/* The first COLLECTED different cells that are there, and how many there are in all. */
static uint32_t different(const struct spec *spec, const struct row *const *of, uint32_t n,
                          const char **first)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++) {
        const char *cell = of[i]->cells[spec->field];
        bool is_new = cell[0] != 0;
        for (uint32_t j = 0; is_new && j < i; j++)
            is_new = strcmp(cell, of[j]->cells[spec->field]) != 0;
        if (is_new && found < COLLECTED)
            first[found] = cell;
        found += is_new;
    }
    return found;
}

static void oracle_different(const struct spec *spec, const struct row *const *of, uint32_t n,
                             char *cell)
{
    const char *first[COLLECTED];
    uint32_t found = different(spec, of, n, first);
    if (spec->fn[0] == 'd')
        sprintf(cell, "%u", found);
    for (uint32_t i = 0; spec->fn[0] == 'c' && i < found && i < COLLECTED; i++)
        cell += sprintf(cell, "%s%s", i == 0 ? "" : "+", first[i]);
}

static bool is_any_of(const char *name, const char *a, const char *b)
{
    return strcmp(name, a) == 0 || strcmp(name, b) == 0;
}

/* The key: 0 none, 1 `k`, 2 `k` and `b`. */
static bool in_key(int key, int field)
{
    return (key > 0 && field == F_K) || (key > 1 && field == F_B);
}

static bool same_key(int key, const struct row *a, const struct row *b)
{
    return (key < 1 || strcmp(a->cells[F_K], b->cells[F_K]) == 0) &&
           (key < 2 || strcmp(a->cells[F_B], b->cells[F_B]) == 0);
}

static void oracle_cells(const struct spec *spec, int key, const struct row *const *of, uint32_t n,
                         char **at)
{
    char cell[CELL] = "";
    bool is_extreme = spec->fn[0] == 'm';
    const struct row *best = is_extreme ? extreme(spec, of, n) : NULL;
    bool by = strchr(spec->fn, '_') != NULL;
    for (int f = 0; by && spec->shown == N_FIELDS && f < N_FIELDS; f++)
        if (!in_key(key, f))
            *at += sprintf(*at, "%s,", best != NULL ? best->cells[f] : "");
    if (by && spec->shown == N_FIELDS)
        return;
    if (is_any_of(spec->fn, "first", "last"))
        best = arrived(spec, of, n);
    if (best != NULL)
        strcpy(cell, best->cells[by ? spec->shown : spec->field]);
    if (is_any_of(spec->fn, "distinct", "collect"))
        oracle_different(spec, of, n, cell);
    else if (is_any_of(spec->fn, "sum", "avg") || strcmp(spec->fn, "count") == 0)
        oracle_number(spec, of, n, cell);
    *at += sprintf(*at, "%s,", cell);
}

/* The line put out for the key of row `r` after the rows 0 ... r. */
static void oracle_line(const struct table *table, int key, const struct spec *first, uint32_t n,
                        uint32_t r, char **at)
{
    static const struct row *of[ROWS_MAX];
    uint32_t n_of = 0;
    for (uint32_t i = 0; i <= r; i++)
        if (same_key(key, &table->rows[i], &table->rows[r]))
            of[n_of++] = &table->rows[i];
    for (int f = 0; f < N_FIELDS; f++)
        if (in_key(key, f))
            *at += sprintf(*at, "%s,", table->rows[r].cells[f]);
    for (uint32_t s = 0; s < n; s++)
        oracle_cells(&first[s], key, of, n_of, at);
    (*at)[-1] = '\n';
}

static bool is_last_of_key(const struct table *table, int key, uint32_t r)
{
    for (uint32_t i = r + 1; i < table->n; i++)
        if (same_key(key, &table->rows[i], &table->rows[r]))
            return false;
    return true;
}

static char *oracle(const struct table *table, int key, bool rolling, const struct spec *first,
                    uint32_t n)
{
    char *text = calloc(table->n + 1, (size_t)(n + N_FIELDS) * (CELL + 1)), *at = text;
    for (uint32_t r = 0; r < table->n; r++)
        if (rolling || is_last_of_key(table, key, r))
            oracle_line(table, key, first, n, r, &at);
    return text;
}

/* ---- jobs -------------------------------------------------------------------------------------- */

static void put_options(const struct spec *spec, uint32_t i, char **at)
{
    if (spec->field != N_FIELDS)
        *at += sprintf(*at, " field = \"%s\";", names[spec->field]);
    if (strchr(spec->fn, '_') != NULL && spec->shown != N_FIELDS)
        *at += sprintf(*at, " fields = [\"%s\"];", names[spec->shown]);
    if (spec->last)
        *at += sprintf(*at, " last = true;");
    if (strcmp(spec->fn, "collect") == 0)
        *at += sprintf(*at, " distinct = true; most = %d; separator = \"+\";", COLLECTED);
    if (spec->shown != N_FIELDS)
        *at += sprintf(*at, " as = \"c%u\";", i);
}

/* One spec is an operator of its own; several are a std.aggregate. */
static char *job_text(bool rolling, int parallelism, int key, const struct spec *first, uint32_t n)
{
    static const char *const keys[] = {"", " key = \"k\";", " key = [\"k\", \"b\"];"};
    char ops[8192], *at = ops;
    at += sprintf(at, "op = \"std.%s\";%s", n == 1 ? first->fn : "aggregate", keys[key]);
    if (n == 1)
        put_options(first, 0, &at);
    for (uint32_t i = 0; n > 1 && i < n; i++) {
        at +=
            sprintf(at, "%s\n  { fn = \"std.%s\";", i == 0 ? " aggregates = (" : ",", first[i].fn);
        put_options(&first[i], i, &at);
        at += sprintf(at, " }%s", i == n - 1 ? " );" : "");
    }
    return text_format("job = \"std\"; mode = \"%s\"; parallelism = %d;\noperators = (\n"
                       "  { id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\";\n"
                       "    schema = %s; },\n"
                       "  { id = \"agg\"; input = \"in\"; %s },\n"
                       "  { id = \"out\"; op = \"file.write\"; input = \"agg\"; path = \"out\"; }\n"
                       ");\n",
                       rolling ? "stream" : "batch", parallelism, schema, ops);
}

/* Lines sorted by their first `columns` cells; those alike keep their order. */
struct line {
    const char *text;
    size_t key;
};

static int by_key(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    size_t n = x->key < y->key ? x->key : y->key;
    int order_of = memcmp(x->text, y->text, n);
    if (order_of == 0)
        order_of = (x->key > y->key) - (x->key < y->key);
    return order_of != 0 ? order_of : (x->text > y->text) - (x->text < y->text);
}

static char *sorted_by_key(const char *text, int columns)
{
    size_t n = 0, length = strlen(text);
    struct line *lines = calloc(length + 1, sizeof *lines);
    char *sorted = calloc(1, length + 1), *at = sorted;
    for (const char *p = text; *p != 0; p = strchr(p, '\n') + 1) {
        const char *end = p;
        for (int c = 0; c < columns; c++)
            end = strchr(end, ',') + 1;
        lines[n++] = (struct line){p, (size_t)(end - p)};
    }
    qsort(lines, n, sizeof *lines, by_key);
    for (size_t i = 0; i < n; i++) {
        size_t size = (size_t)(strchr(lines[i].text, '\n') + 1 - lines[i].text);
        memcpy(at, lines[i].text, size);
        at += size;
    }
    free(lines);
    return sorted;
}

/* Tells the first line in which two texts differ. */
static void tell_difference(uint64_t seed, const char *job, const char *got, const char *expected)
{
    while (*got != 0 && *got == *expected)
        got++, expected++;
    fprintf(stderr, "seed %llu: got\n%.200s\nexpected\n%.200s\n%s", (unsigned long long)seed, got,
            expected, job);
}

static void run_job(const char *dir, const char *job, uint64_t seed)
{
    struct sim_job sim;
    sim_job_init(&sim, (char *)(uintptr_t)dir, job);
    CU_ASSERT_EQUAL_FATAL(sim_job_run(&sim, seed), 0);
    sim_job_fini(&sim);
}

static void check_seed(const char *dir, uint64_t seed)
{
    static struct table table;
    struct gy_rng rng;
    gy_rng_init(&rng, seed);
    int key = (int)gy_rng_below(&rng, 3), parallelism = 1 + (int)gy_rng_below(&rng, 4);
    bool rolling = gy_rng_below(&rng, 2) != 0, all = gy_rng_below(&rng, 3) == 0;
    const struct spec *first = all ? specs : &specs[seed % N_SPECS];
    uint32_t n = all ? N_SINGLE : 1;
    char *in = path_join(dir, "in"), *out = path_join(dir, "out");
    table_init(&table, &rng, key == 0 || gy_rng_below(&rng, 2) != 0 ? UNKEYED_MAX : ROWS_MAX);
    table_write(&table, in);
    char *job = job_text(rolling, parallelism, key, first, n);
    run_job(dir, job, seed);
    char *rows = file_read(out, NULL), *got = sorted_by_key(rows, key);
    char *wanted = oracle(&table, key, rolling, first, n), *expected = sorted_by_key(wanted, key);
    if (strcmp(got, expected) != 0)
        tell_difference(seed, job, got, expected);
    CU_ASSERT_STRING_EQUAL_FATAL(got, expected);
    char *texts[] = {in, out, job, rows, got, wanted, expected};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
}

static void every_aggregate_agrees_with_a_naive_one_rolling_and_final(void)
{
    uint64_t first, n = sim_seeds(SEEDS, &first);
    char *dir = dir_temp();
    for (uint64_t seed = first; seed < first + n; seed++)
        check_seed(dir, seed);
    dir_remove(dir);
    free(dir);
}

/* ---- a refused row ----------------------------------------------------------------------------- */

/* A row that one function refuses is counted by none, in whatever order they are listed. */
static void a_row_that_one_aggregate_refuses_is_counted_by_none(void)
{
    static const char big[] = "9223372036854775807";
    static const char *const orders[] = {
        "{fn=\"std.count\";}, {fn=\"std.max\";field=\"s\";as=\"s\";}, "
        "{fn=\"std.sum\";field=\"x\";}",
        "{fn=\"std.sum\";field=\"x\";}, {fn=\"std.count\";}, "
        "{fn=\"std.max\";field=\"s\";as=\"s\";}"};
    static const char *const wanted[] = {
        "1,a,9223372036854775807\n2,c-of-more-than-twelve,9223372036854775806\n",
        "9223372036854775807,1,a\n9223372036854775806,2,c-of-more-than-twelve\n"};
    char *dir = dir_temp(), *in = path_join(dir, "in"), *out = path_join(dir, "out");
    char *rows = text_format(",1,%s,,a,true,1\n,1,1,,z-of-more-than-twelve,true,1\n"
                             ",1,-1,,c-of-more-than-twelve,true,1\n",
                             big);
    file_write_text(in, rows);
    for (int i = 0; i < 4; i++) {
        bool rolling = i < 2;
        char *job = text_format(
            "job = \"t\"; mode = \"%s\"; parallelism = 2;\noperators = (\n"
            "  { id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\"; schema = %s; "
            "},\n"
            "  { id = \"a\"; op = \"std.aggregate\"; input = \"in\"; aggregates = ( %s );\n"
            "    on_error = \"skip\"; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"a\"; path = \"out\"; } );\n",
            rolling ? "stream" : "batch", schema, orders[i % 2]);
        run_job(dir, job, (uint64_t)i);
        char *got = file_read(out, NULL);
        const char *last = strchr(wanted[i % 2], '\n') + 1;
        CU_ASSERT_STRING_EQUAL(got, rolling ? wanted[i % 2] : last);
        free(got);
        free(job);
    }
    dir_remove(dir);
    free(dir);
    free(in);
    free(out);
    free(rows);
}

/* ---- many long strings ------------------------------------------------------------------------- */

/* The strings of one batch's results fill several arenas, and each of them must live. */
static void long_results_of_one_batch_keep_their_bytes(void)
{
    enum { N = 1000, LENGTH = 300 };
    char *dir = dir_temp(), *in = path_join(dir, "in"), *out = path_join(dir, "out");
    char *rows = calloc(N, LENGTH + 1), *at = rows;
    for (int i = 0; i < N; i++)
        at += sprintf(at, "%0*d\n", LENGTH - 1, i);
    file_write_text(in, rows);
    run_job(dir,
            "job = \"long\"; parallelism = 1;\noperators = (\n"
            "  { id = \"in\"; op = \"file.read\"; path = \"in\"; },\n"
            "  { id = \"a\"; op = \"std.max\"; input = \"in\"; field = \"line\"; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"a\"; path = \"out\"; } );\n",
            1);
    char *got = file_read(out, NULL);
    CU_ASSERT(strcmp(got, rows) == 0);
    dir_remove(dir);
    char *texts[] = {dir, in, out, rows, got};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
}

/* ---- split ------------------------------------------------------------------------------------- */

/* Rows go through a split by `b`, then, in part masked, through one by a field of another type. */
static const struct split {
    int field;
    const char *ports[3];
} splits[] = {
    {F_K, {"w919", "a-word-of-more-than-twelve-bytes-757", "nobody"}},
    {F_I, {"seven=7", "less=-3", "none=1000"}},
    {F_X, {"zero=0", "least=-20", "most=19"}},
    {F_B, {"true", NULL, NULL}},
    {F_T, {"t1=1", "t2=500000", "t3=999999"}},
};

static char *split_job(const struct split *split, int parallelism)
{
    char ops[2048] = "", list[256] = "";
    int n = split->field == F_B ? 1 : 3;
    for (int p = 0; p < n; p++) {
        int length = (int)strcspn(split->ports[p], "=");
        sprintf(
            ops + strlen(ops),
            ",\n  { id = \"o%d\"; op = \"file.write\"; input = \"by.%.*s\"; path = \"out%d\"; }", p,
            length, split->ports[p], p);
        sprintf(list + strlen(list), "%s\"%s\"", p == 0 ? "" : ", ", split->ports[p]);
    }
    return text_format(
        "job = \"split\"; mode = \"batch\"; parallelism = %d;\noperators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\";\n"
        "    schema = %s; },\n"
        "  { id = \"half\"; op = \"std.split\"; input = \"in\"; field = \"b\";\n"
        "    ports = \"false\"; },\n"
        "  { id = \"by\"; op = \"std.split\"; input = \"half\"; field = \"%s\";\n"
        "    ports = [%s]; },\n"
        "  { id = \"f\"; op = \"file.write\"; input = \"half.false\"; path = \"f\"; },\n"
        "  { id = \"r\"; op = \"file.write\"; input = \"by\"; path = \"rest\"; }%s\n"
        ");\n",
        parallelism, schema, names[split->field], list, ops);
}

/* Where a row belongs: 0 ... a port, -1 the rest, -2 the rows of the first split's port. */
static int place_of(const struct split *split, const struct row *row)
{
    if (strcmp(row->cells[F_B], "false") == 0)
        return -2;
    for (int p = 0; p < 3 && split->ports[p] != NULL; p++) {
        const char *equals = strchr(split->ports[p], '=');
        const char *value = equals != NULL ? equals + 1 : split->ports[p];
        if (strcmp(row->cells[split->field], value) == 0)
            return p;
    }
    return -1;
}

static void check_place(const char *dir, const char *name, const struct table *table,
                        const struct split *split, int place)
{
    char *expected = calloc(table->n + 1, sizeof(struct row) + N_FIELDS + 1), *at = expected;
    char *path = path_join(dir, name), *got = file_read(path, NULL);
    for (uint32_t i = 0; i < table->n; i++)
        if (place_of(split, &table->rows[i]) == place)
            put_line(&at, &table->rows[i]);
    char *a = sim_sorted_lines(got), *b = sim_sorted_lines(expected);
    CU_ASSERT_STRING_EQUAL_FATAL(a, b);
    free(a);
    free(b);
    free(path);
    free(got);
    free(expected);
}

static void split_sends_each_row_to_the_port_of_its_value(void)
{
    static struct table table;
    static const char *const outs[] = {"out0", "out1", "out2"};
    uint64_t first, n = sim_seeds(SPLIT_SEEDS, &first);
    char *dir = dir_temp(), *in = path_join(dir, "in");
    for (uint64_t seed = first; seed < first + n; seed++) {
        const struct split *split = &splits[seed % 5];
        struct gy_rng rng;
        gy_rng_init(&rng, seed);
        table_init(&table, &rng, ROWS_MAX);
        table_write(&table, in);
        char *job = split_job(split, 1 + (int)gy_rng_below(&rng, 4));
        run_job(dir, job, seed);
        check_place(dir, "f", &table, split, -2);
        check_place(dir, "rest", &table, split, -1);
        for (int p = 0; p < (split->field == F_B ? 1 : 3); p++)
            check_place(dir, outs[p], &table, split, p);
        free(job);
    }
    dir_remove(dir);
    free(dir);
    free(in);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(every_aggregate_agrees_with_a_naive_one_rolling_and_final, 300),
    SUITE_TEST(long_results_of_one_batch_keep_their_bytes),
    SUITE_TEST(a_row_that_one_aggregate_refuses_is_counted_by_none),
    SUITE_TEST_WITHIN(split_sends_each_row_to_the_port_of_its_value, 120),
};

SUITE_MAIN("sim_std", tests)
