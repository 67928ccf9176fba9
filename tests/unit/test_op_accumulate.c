/* The aggregate functions of an operator as one: their records in the store and in plain memory. */
#include "base/mem.h"
#include "base/rng.h"
#include "data/keygroup.h"
#include "files.h"
#include "op/inside.h"
#include "suite.h"
#include "unit/hand.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 100, ROWS = 300, LONG = 40 };

/* ---- an operator over rows of k: i64, s: str -------------------------------------------------- */

static const char job_text[] =
    "job = \"accumulate\"; mode = \"%s\"; parallelism = 1;\noperators = (\n"
    "  { id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\"; schema = (\n"
    "    {name=\"k\";type=\"i64\";}, {name=\"s\";type=\"str\";} ); },\n"
    "  { id = \"a\"; op = \"std.aggregate\"; input = \"in\";%s aggregates = ( %s ); },\n"
    "  { id = \"n\"; op = \"std.null\"; input = \"a\"; }\n);\n";

static const char three[] = "{fn=\"std.sum\";field=\"k\";as=\"total\";}, {fn=\"std.count\";}, "
                            "{fn=\"std.avg\";field=\"k\";}";
static const char mixed[] =
    "{fn=\"std.max\";field=\"k\";as=\"top\";}, {fn=\"std.min_by\";field=\"s\";fields=\"s\";},"
    " {fn=\"std.sum\";field=\"k\";}";

struct rig {
    struct hand hand;
    struct gy_instance *instance;
    char *dir;
    int64_t k[ROWS];
    struct gyre_str s[ROWS];
    char text[ROWS][LONG];
    uint64_t hash[ROWS];
    struct gy_column columns[2];
    struct gy_batch batch;
};

static void rig_init(struct rig *rig, const char *mode, const char *more, const char *functions)
{
    memset(rig, 0, sizeof *rig);
    rig->dir = dir_temp();
    char *in = path_join(rig->dir, "in"), *text = text_format(job_text, mode, more, functions);
    file_write_text(in, "");
    hand_init(&rig->hand, rig->dir, text);
    rig->instance = hand_open(&rig->hand, "a", 0, 1);
    for (uint32_t i = 0; i < ROWS; i++) {
        rig->k[i] = i % KEYS;
        int n = snprintf(rig->text[i], LONG, "%s-%u", i % 3 == 0 ? "a text beyond twelve" : "s",
                         (i * 37) % ROWS);
        rig->s[i] = gyre_str_view(rig->text[i], (uint32_t)n);
    }
    rig->columns[0] = (struct gy_column){.data = rig->k};
    rig->columns[1] = (struct gy_column){.data = rig->s};
    rig->batch = (struct gy_batch){
        .rows = ROWS, .kept = ROWS, .n_columns = 2, .columns = rig->columns, .hash = rig->hash};
    const struct gy_key key = {.n = 1, .types = {GYRE_TYPE_i64}};
    gy_key_hash(&key, &(const struct gy_column *){&rig->columns[0]}, NULL, ROWS, rig->hash);
    free(text);
    free(in);
}

static void rig_fini(struct rig *rig)
{
    gy_instance_free(rig->instance);
    hand_fini(&rig->hand);
    dir_remove(rig->dir);
    free(rig->dir);
}

/* ---- in the store ------------------------------------------------------------------------------ */

static void several_functions_have_one_record_per_key(void)
{
    struct rig rig;
    struct gy_instance_stats stats;
    rig_init(&rig, "batch", " key = \"k\";", three);
    CU_ASSERT_EQUAL(gy_instance_process(rig.instance, 0, &rig.batch), 0);
    gy_instance_stats(rig.instance, &stats);
    CU_ASSERT_EQUAL(stats.state_entries, KEYS);
    rig_fini(&rig);
}

/* ---- in plain memory --------------------------------------------------------------------------- */

enum { RECORD = 512 };

struct record {
    _Alignas(16) char bytes[RECORD];
};

static struct gy_accumulate *all_of(struct rig *rig)
{
    CU_ASSERT_FATAL(gy_accumulate_size(&rig->instance->accumulate) <= RECORD);
    CU_ASSERT_FATAL(gy_accumulate_align(&rig->instance->accumulate) <= 16);
    return &rig->instance->accumulate;
}

static struct gy_blocks *blocks_of(struct rig *rig)
{
    return gy_store_blocks(rig->instance->stores[0]);
}

static void make(struct rig *rig, struct record *record)
{
    memset(record, 0xa5, sizeof *record);
    gy_record_init(all_of(rig), record);
}

/* Adds rows first ... end - 1; 0, or a code. */
static int add(struct rig *rig, struct record *record, uint32_t first, uint32_t end)
{
    struct gy_batch room;
    uint32_t rows[ROWS];
    void *records[ROWS];
    const struct gyre_batch *in = gy_present(rig->instance, 0, &rig->batch, &room);
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    rig->instance->any_dropped = false;
    for (uint32_t j = 0; j < end - first; j++) {
        rows[j] = first + j;
        records[j] = record;
    }
    int code = gy_accumulate_add(all_of(rig), in, rows, end - first, records);
    rig->instance->in = NULL;
    return code;
}

static void merge(struct rig *rig, struct record *into, const struct record *from)
{
    CU_ASSERT_EQUAL_FATAL(
        gy_accumulate_merge(all_of(rig), (void *const[]){into}, (const void *const[]){from}, 1), 0);
}

/* What the record's results are, as JSON; free() it. */
static char *results(struct rig *rig, const struct record *record)
{
    struct gyre_out *out = &rig->instance->ports[0].out;
    gy_buf_reset(&rig->hand.rows);
    if (out->rows == out->capacity)
        out->full(out);
    CU_ASSERT_EQUAL_FATAL(
        gy_accumulate_results(all_of(rig), (const void *const[]){record}, 1, out->rows), 0);
    out->rows++;
    CU_ASSERT_EQUAL_FATAL(gy_instance_flush(rig->instance, false), 0);
    return text_format("%s", gy_buf_cstr(&rig->hand.rows));
}

static bool same(struct rig *rig, const struct record *a, const struct record *b)
{
    char *x = results(rig, a), *y = results(rig, b);
    bool equal = strcmp(x, y) == 0 && strlen(x) > 10;
    if (!equal)
        fprintf(stderr, "%s%s", x, y);
    free(x);
    free(y);
    return equal;
}

static void records_merge_as_if_their_rows_had_been_added_in_order(void)
{
    struct rig rig;
    struct gy_rng rng;
    gy_rng_init(&rng, 1);
    rig_init(&rig, "batch", "", mixed);
    CU_ASSERT_TRUE(all_of(&rig)->can_merge);
    for (int round = 0; round < 100; round++) {
        struct record a, b, c, whole;
        struct record *records[] = {&a, &b, &c, &whole};
        uint32_t first = (uint32_t)gy_rng_below(&rng, ROWS + 1);
        uint32_t end = first + (uint32_t)gy_rng_below(&rng, ROWS + 1 - first);
        for (int i = 0; i < 4; i++)
            make(&rig, records[i]);
        CU_ASSERT_EQUAL_FATAL(add(&rig, &a, 0, first), 0);
        CU_ASSERT_EQUAL_FATAL(add(&rig, &b, first, end), 0);
        CU_ASSERT_EQUAL_FATAL(add(&rig, &c, end, ROWS), 0);
        CU_ASSERT_EQUAL_FATAL(add(&rig, &whole, 0, ROWS), 0);
        merge(&rig, &b, &c);
        merge(&rig, &a, &b);
        CU_ASSERT_FATAL(same(&rig, &a, &whole));
        for (int i = 0; i < 4; i++)
            gy_record_fini(all_of(&rig), blocks_of(&rig), records[i]);
    }
    rig_fini(&rig);
}

static void a_copied_record_shares_nothing_with_the_first(void)
{
    struct rig rig;
    struct record first, copy, expected;
    rig_init(&rig, "batch", "", mixed);
    make(&rig, &first);
    make(&rig, &expected);
    CU_ASSERT_EQUAL(add(&rig, &first, 0, ROWS / 2), 0);
    CU_ASSERT_EQUAL(add(&rig, &expected, 0, ROWS / 2), 0);
    memset(&copy, 0xa5, sizeof copy);
    CU_ASSERT_EQUAL(gy_record_copy(all_of(&rig), blocks_of(&rig), &copy, &first), 0);
    CU_ASSERT_EQUAL(add(&rig, &first, ROWS / 2, ROWS), 0);
    gy_record_reset(all_of(&rig), blocks_of(&rig), &first);
    CU_ASSERT_TRUE(same(&rig, &copy, &expected));
    CU_ASSERT_EQUAL(add(&rig, &first, 0, ROWS / 2), 0);
    CU_ASSERT_TRUE(same(&rig, &first, &expected));
    gy_record_fini(all_of(&rig), blocks_of(&rig), &copy);
    gy_record_fini(all_of(&rig), blocks_of(&rig), &first);
    gy_record_fini(all_of(&rig), blocks_of(&rig), &expected);
    CU_ASSERT_EQUAL(blocks_of(&rig)->bytes, 0);
    rig_fini(&rig);
}

/* A sum beyond 64 bits: the function before it and the one with strings do not count the row. */
static void a_refused_row_leaves_its_record_as_it_was(void)
{
    struct rig rig;
    struct record record, expected;
    rig_init(&rig, "batch", " on_error = \"skip\";", mixed);
    make(&rig, &record);
    make(&rig, &expected);
    rig.k[0] = rig.k[1] = (INT64_C(1) << 62) - 1;
    rig.k[2] = INT64_C(1) << 62;
    rig.s[2] = gyre_str_view("\1 is before all others", 23);
    CU_ASSERT_EQUAL(add(&rig, &record, 0, 3), 0);
    CU_ASSERT_TRUE(rig.instance->any_dropped && rig.instance->dropped[2]);
    CU_ASSERT_EQUAL(add(&rig, &expected, 0, 2), 0);
    CU_ASSERT_TRUE(same(&rig, &record, &expected));
    gy_record_fini(all_of(&rig), blocks_of(&rig), &record);
    gy_record_fini(all_of(&rig), blocks_of(&rig), &expected);
    rig_fini(&rig);
}

static const struct suite_test tests[] = {
    SUITE_TEST(several_functions_have_one_record_per_key),
    SUITE_TEST(records_merge_as_if_their_rows_had_been_added_in_order),
    SUITE_TEST(a_copied_record_shares_nothing_with_the_first),
    SUITE_TEST(a_refused_row_leaves_its_record_as_it_was),
};

SUITE_MAIN("op_accumulate", tests)
