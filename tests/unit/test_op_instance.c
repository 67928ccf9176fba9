/* One operator instance, driven by calls alone: no thread, no channel, no job file. */
#include "base/mem.h"
#include "op/instance.h"
#include "suite.h"
#include "unit/dealt.h"

#include <stdio.h>

/* ---- an operator with items, and one that copies or refuses rows ---- */

struct holder {
    int64_t values[32];
    uint32_t n;
};

static int32_t holder_save(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                           void (*next_item)(struct gyre_writer *writer))
{
    const struct holder *h = self;
    (void)ctx;
    for (uint32_t i = 0; i < h->n; i++) {
        gyre_write_i64(writer, h->values[i]);
        next_item(writer);
    }
    return 0;
}

static int32_t holder_restore(void *self, struct gyre_ctx *ctx, uint32_t version,
                              struct gyre_reader *reader)
{
    struct holder *h = self;
    (void)ctx, (void)version;
    int64_t value = gyre_read_i64(reader);
    if (reader->error == 0)
        h->values[h->n++] = value;
    return reader->error;
}

/* Copies `word` with a mark before it; an empty word is a bad row. */
static int32_t mark_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct gyre_out *out = ctx->outputs[0];
    (void)self;
    CU_ASSERT_PTR_NULL(in->keep); /* it is not mask-aware */
    for (uint32_t i = 0; i < in->rows; i++) {
        char text[256];
        const struct gyre_str *word = GYRE_COLUMN(in, 0, struct gyre_str) + i;
        if (word->len == 0) {
            gyre_bad_row(ctx, in, i, "an empty word");
            continue;
        }
        int n = snprintf(text, sizeof text, ">%.*s", (int)word->len, gyre_str_data(word));
        uint32_t row = gyre_out_row(out, gyre_row_time(in, i));
        struct gyre_str copy = gyre_out_str(out, text, (uint32_t)n);
        GYRE_OUT(out, 0, struct gyre_str)[row] = copy;
    }
    return 0;
}

static const struct gyre_operator holder = {.size = sizeof holder,
                                            .kind = GYRE_TRANSFORM,
                                            .name = "holder",
                                            .instance_size = sizeof(struct holder),
                                            .items = GYRE_ITEMS_SPLIT,
                                            .process = mark_process,
                                            .save_items = holder_save,
                                            .restore_item = holder_restore};

/* ---- a node by hand, and what its instances put out ---- */

struct bench {
    struct gy_pool *pool;
    struct gy_node node;
    struct gy_input input;
    struct gy_output output;
    struct gy_origin origin;
    bool needed;
    uint32_t read;
    struct gy_env env;
    uint32_t rows;
    uint32_t wrong;
};

static const struct gyre_field word_field[] = {GYRE_FIELD(str, "word", 0)};

static void check_out(void *host, uint32_t port, const struct gy_batch *batch)
{
    struct bench *bench = host;
    const struct gyre_str *words = batch->columns[0].data;
    (void)port;
    for (uint32_t i = 0; i < batch->rows; i++) {
        char expected[256];
        int n = snprintf(expected, sizeof expected, ">word-%u-of-a-certain-length", bench->rows);
        bench->wrong += words[i].len != (uint32_t)n ||
                        memcmp(gyre_str_data(&words[i]), expected, (size_t)n) != 0;
        bench->rows++;
    }
}

static void bench_init(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    bench->pool = gy_pool_new();
    bench->input = (struct gy_input){.name = "in",
                                     .connected = true,
                                     .schema = {sizeof(struct gyre_schema), 1, word_field},
                                     .n_reads = 1,
                                     .reads = &bench->read};
    bench->origin = (struct gy_origin){.own = 0, .input = -1};
    bench->needed = true;
    bench->output = (struct gy_output){.name = "out",
                                       .schema = {sizeof(struct gyre_schema), 1, word_field},
                                       .origins = &bench->origin,
                                       .needed = &bench->needed,
                                       .n_own = 1,
                                       .own = (struct gyre_field *)word_field};
    bench->node = (struct gy_node){.id = "t",
                                   .op = "test.holder",
                                   .descriptor = &holder,
                                   .kind = GYRE_TRANSFORM,
                                   .n_inputs = 1,
                                   .inputs = &bench->input,
                                   .n_outputs = 1,
                                   .outputs = &bench->output,
                                   .parallelism = 1,
                                   .max_parallelism = 128,
                                   .on_error = GY_ON_ERROR_SKIP,
                                   .errors_port = -1};
    bench->env = (struct gy_env){.job = "test",
                                 .pool = bench->pool,
                                 .clock = gy_clock_real(),
                                 .emit = check_out,
                                 .host = bench};
}

static struct gy_instance *instance_of(struct bench *bench, uint32_t task, uint32_t tasks)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_instance *instance = gy_instance_new(&bench->node, task, tasks, &bench->env, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(instance);
    CU_ASSERT_EQUAL_FATAL(gy_instance_open(instance), 0);
    return instance;
}

/* Gives each of three tasks its items: 1 2, 3, 4 5 6. */
static void save_three(struct bench *bench, struct gy_items *items)
{
    static const int64_t values[3][3] = {{1, 2}, {3}, {4, 5, 6}};
    static const uint32_t n[3] = {2, 1, 3};
    for (uint32_t t = 0; t < 3; t++) {
        struct gy_instance *instance = instance_of(bench, t, 3);
        struct gy_items given = {0};
        for (uint32_t i = 0; i < n[t]; i++)
            CU_ASSERT_EQUAL(gy_items_add(&given, &values[t][i], 8), 0);
        for (uint32_t i = 0; i < n[t]; i++)
            CU_ASSERT_EQUAL(gy_instance_restore_item(instance, 1, &given.list.items[i]), 0);
        CU_ASSERT_EQUAL(gy_instance_save_items(instance, &items[t]), 0);
        gy_items_fini(&given);
        gy_instance_free(instance);
    }
}

static void expect_items(const struct gy_items *items, const char *expected)
{
    char text[128] = "";
    for (size_t i = 0; i < items->list.n; i++) {
        int64_t value;
        CU_ASSERT_EQUAL_FATAL(items->list.items[i].n, 8);
        memcpy(&value, items->list.items[i].bytes, 8);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%lld ", (long long)value);
    }
    CU_ASSERT_STRING_EQUAL(text, expected);
}

static void expect_dealt(uint32_t mode, const char *first, const char *second)
{
    struct bench bench;
    struct gy_items from[3] = {0}, to[2] = {0};
    bench_init(&bench);
    save_three(&bench, from);
    CU_ASSERT_EQUAL(dealt_items(mode, from, 3, to, 2), 0);
    expect_items(&to[0], first);
    expect_items(&to[1], second);
    for (int i = 0; i < 3; i++)
        gy_items_fini(&from[i]);
    for (int i = 0; i < 2; i++)
        gy_items_fini(&to[i]);
    gy_pool_free(bench.pool);
}

static void items_are_dealt_out_by_their_mode_at_another_parallelism(void)
{
    expect_dealt(GYRE_ITEMS_SPLIT, "1 3 5 ", "2 4 6 ");
    expect_dealt(GYRE_ITEMS_UNION, "1 2 3 4 5 6 ", "1 2 3 4 5 6 ");
    expect_dealt(GYRE_ITEMS_BROADCAST, "1 2 ", "1 2 ");
    expect_dealt(GYRE_ITEMS_KEYED, "1 3 5 ", "2 4 6 "); /* without a key */
}

static void a_truncated_item_is_refused(void)
{
    struct bench bench;
    bench_init(&bench);
    struct gy_instance *instance = instance_of(&bench, 0, 1);
    uint8_t bytes[4] = {0};
    struct gy_item item = {bytes, sizeof bytes};
    CU_ASSERT_EQUAL(gy_instance_restore_item(instance, 1, &item), GYRE_ECORRUPT);
    gy_instance_free(instance);
    gy_pool_free(bench.pool);
}

/* Puts a row out where it should but save, and prepare. */
static void put_late(struct gyre_ctx *ctx)
{
    struct gyre_out *out = ctx->outputs[0];
    uint32_t row = gyre_out_row(out, GYRE_NO_TIME);
    GYRE_OUT(out, 0, struct gyre_str)[row] = gyre_str_view("late", 4);
}

static int32_t late_save(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                         void (*next_item)(struct gyre_writer *writer))
{
    (void)self, (void)writer, (void)next_item;
    put_late(ctx);
    return 0;
}

static int32_t late_prepare(void *self, struct gyre_ctx *ctx, const char *txn,
                            struct gyre_writer *writer)
{
    (void)self, (void)txn, (void)writer;
    put_late(ctx);
    return 0;
}

/* No snapshot has such a row, and after a restore it does not come again. */
static void rows_that_come_of_saving_or_preparing_are_refused(void)
{
    struct gyre_operator late = holder;
    struct gy_items items = {0};
    struct gyre_writer prepared = {0};
    struct bench bench;
    bench_init(&bench);
    late.save_items = late_save;
    late.prepare = late_prepare;
    bench.node.descriptor = &late;
    struct gy_instance *instance = instance_of(&bench, 0, 1);
    CU_ASSERT_EQUAL(gy_instance_save_items(instance, &items), GYRE_ECONTRACT);
    CU_ASSERT_PTR_NOT_NULL(strstr(gy_instance_error(instance)->text, "while it is saved"));
    gy_instance_forgive(instance);
    CU_ASSERT_EQUAL(gy_instance_prepare(instance, "t", &prepared), GYRE_ECONTRACT);
    gy_instance_free(instance);
    gy_free(prepared.data);
    gy_items_fini(&items);
    gy_pool_free(bench.pool);
}

/* Dropped rows hold garbage: an operator that knows no masks must never see them, and a bad row is
 * counted and left out, over many batches whose strings come and go. */
static void masked_and_bad_rows_are_left_out_and_strings_stay_right(void)
{
    enum { ROUNDS = 50, ROWS = 700 };
    static char text[ROWS][64];
    static struct gyre_str words[ROWS];
    static uint8_t keep[ROWS];
    struct bench bench;
    struct gy_instance_stats stats;
    uint32_t number = 0, bad = 0;
    bench_init(&bench);
    struct gy_instance *instance = instance_of(&bench, 0, 1);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct gy_column column = {.data = words};
        uint32_t kept = 0;
        for (uint32_t i = 0; i < ROWS; i++) {
            keep[i] = (i * 7 + round) % 3 != 0;
            bool empty = i % 50 == 49;
            int n = empty ? 0 : sprintf(text[i], "word-%u-of-a-certain-length", number);
            words[i] = gyre_str_view(text[i], (uint32_t)n);
            if (keep[i] == 0)
                words[i] = (struct gyre_str){.len = 1000, .u = {.ptr = (const char *)1}};
            kept += keep[i];
            number += keep[i] != 0 && !empty;
            bad += keep[i] != 0 && empty;
        }
        struct gy_batch batch = {
            .rows = ROWS, .kept = kept, .n_columns = 1, .keep = keep, .columns = &column};
        CU_ASSERT_EQUAL_FATAL(gy_instance_process(instance, 0, &batch), 0);
        memset(text, 'x', sizeof text);
    }
    CU_ASSERT_EQUAL(gy_instance_flush(instance, true), 0);
    gy_instance_stats(instance, &stats);
    CU_ASSERT_EQUAL(bench.rows, number);
    CU_ASSERT_EQUAL(bench.wrong, 0);
    CU_ASSERT_EQUAL(stats.bad_rows, bad);
    CU_ASSERT_EQUAL(stats.rows_out, number);
    gy_instance_free(instance);
    gy_pool_free(bench.pool);
}

static void a_bad_row_fails_the_call_and_is_told_as_json(void)
{
    struct bench bench;
    struct gyre_str words[2] = {gyre_str_view("a", 1), gyre_str_view("", 0)};
    struct gy_column column = {.data = words};
    struct gy_batch batch = {.rows = 2, .kept = 2, .n_columns = 1, .columns = &column};
    bench_init(&bench);
    bench.node.on_error = GY_ON_ERROR_FAIL;
    struct gy_instance *instance = instance_of(&bench, 0, 1);
    CU_ASSERT_EQUAL(gy_instance_process(instance, 0, &batch), GYRE_EROW);
    CU_ASSERT_STRING_EQUAL(gy_instance_error(instance)->text, "an empty word");
    CU_ASSERT_EQUAL(gy_instance_error(instance)->row, 1);
    CU_ASSERT_STRING_EQUAL(gy_instance_failed_row(instance), "{\"word\":\"\"}");
    CU_ASSERT_STRING_EQUAL(gy_instance_failed_callback(instance), "process");
    gy_instance_free(instance);
    gy_pool_free(bench.pool);
}

/* ---- rows of two long strings, both made before the row ---- */

enum { FIRST_LENGTH = 90, SECOND_LENGTH = 110 };

static int32_t pair_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct gyre_out *out = ctx->outputs[0];
    uint64_t *made = self;
    for (uint32_t i = 0; i < in->rows; i++, (*made)++) {
        char text[SECOND_LENGTH];
        memset(text, 'a' + (int)(*made % 26), sizeof text);
        struct gyre_str first = gyre_out_str(out, text, FIRST_LENGTH);
        struct gyre_str second = gyre_out_str(out, text, SECOND_LENGTH);
        uint32_t row = gyre_out_row(out, GYRE_NO_TIME);
        GYRE_OUT(out, 0, struct gyre_str)[row] = first;
        GYRE_OUT(out, 1, struct gyre_str)[row] = second;
    }
    return 0;
}

static bool is_full_of(const struct gyre_str *s, uint32_t length, char c)
{
    bool right = s->len == length;
    for (uint32_t i = 0; right && i < length; i++)
        right = gyre_str_data(s)[i] == c;
    return right;
}

static void check_pairs(void *host, uint32_t port, const struct gy_batch *batch)
{
    struct bench *bench = host;
    (void)port;
    for (uint32_t i = 0; i < batch->rows; i++, bench->rows++) {
        char c = (char)('a' + (int)(bench->rows % 26));
        bench->wrong +=
            !is_full_of((const struct gyre_str *)batch->columns[0].data + i, FIRST_LENGTH, c) ||
            !is_full_of((const struct gyre_str *)batch->columns[1].data + i, SECOND_LENGTH, c);
    }
}

/* A batch may leave between the strings of a row and the row: their arenas must not leave with it. */
static void strings_made_before_their_row_outlive_the_batch_that_leaves_between(void)
{
    static const struct gyre_field pair[] = {GYRE_FIELD(str, "a", 0), GYRE_FIELD(str, "b", 0)};
    static const struct gyre_operator maker = {.size = sizeof maker,
                                               .kind = GYRE_TRANSFORM,
                                               .name = "pairs",
                                               .instance_size = sizeof(uint64_t),
                                               .process = pair_process};
    struct gy_origin origins[] = {{.own = 0, .input = -1}, {.own = 1, .input = -1}};
    bool needed[] = {true, true};
    struct gyre_str words[500];
    struct gy_column column = {.data = words};
    struct gy_batch batch = {.rows = 500, .kept = 500, .n_columns = 1, .columns = &column};
    struct bench bench;
    memset(words, 0, sizeof words);
    bench_init(&bench);
    bench.node.descriptor = &maker;
    bench.output.schema = (struct gyre_schema){sizeof(struct gyre_schema), 2, pair};
    bench.output.origins = origins;
    bench.output.needed = needed;
    bench.output.n_own = 2;
    bench.output.own = (struct gyre_field *)pair;
    bench.env.emit = check_pairs;
    struct gy_instance *instance = instance_of(&bench, 0, 1);
    for (int round = 0; round < 400; round++)
        CU_ASSERT_EQUAL_FATAL(gy_instance_process(instance, 0, &batch), 0);
    CU_ASSERT_EQUAL(gy_instance_flush(instance, true), 0);
    CU_ASSERT_EQUAL(bench.rows, 400 * 500);
    CU_ASSERT_EQUAL(bench.wrong, 0);
    CU_ASSERT_TRUE(gy_pool_bytes(bench.pool) < 2 * 1024 * 1024);
    gy_instance_free(instance);
    gy_pool_free(bench.pool);
}

/* An operator that adopts every input and puts nothing out must not hold on to it all. */
static int32_t adopt_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    gyre_out_adopt(ctx->outputs[0], 0, in, 0);
    return 0;
}

static void arenas_adopted_for_no_row_are_given_back(void)
{
    static const struct gyre_operator adopter = {
        .size = sizeof adopter, .kind = GYRE_TRANSFORM, .name = "a", .process = adopt_process};
    struct gyre_str words[1] = {gyre_str_view("x", 1)};
    struct bench bench;
    bench_init(&bench);
    bench.node.descriptor = &adopter;
    struct gy_instance *instance = instance_of(&bench, 0, 1);
    for (int round = 0; round < 1000; round++) {
        struct gy_arenas *arenas = NULL;
        struct gy_block *block = gy_block_new(bench.pool, 64 * 1024);
        CU_ASSERT_EQUAL_FATAL(gy_arenas_add(bench.pool, &arenas, block), 0);
        gy_block_drop(block);
        struct gy_column column = {.data = words, .arenas = arenas};
        struct gy_batch batch = {.rows = 1, .kept = 1, .n_columns = 1, .columns = &column};
        CU_ASSERT_EQUAL_FATAL(gy_instance_process(instance, 0, &batch), 0);
        gy_arenas_drop(arenas);
    }
    CU_ASSERT_TRUE(gy_pool_bytes(bench.pool) < 1024 * 1024);
    gy_instance_free(instance);
    gy_pool_free(bench.pool);
}

/* A flat map whose rows are long: it puts 300 strings of 64 KiB out for one row, some made before their
 * row and some after. */
enum { LONG = 64 * 1024, LONG_ROWS = 300 };

static int32_t long_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct gyre_out *out = ctx->outputs[0];
    static char text[LONG];
    (void)self, (void)in;
    for (uint32_t i = 0; i < LONG_ROWS; i++) {
        memset(text, 'a' + (char)(i % 26), sizeof text);
        struct gyre_str first = i % 2 == 0 ? gyre_out_str(out, text, LONG) : (struct gyre_str){0};
        uint32_t row = gyre_out_row(out, GYRE_NO_TIME);
        struct gyre_str copy = i % 2 == 0 ? first : gyre_out_str(out, text, LONG);
        GYRE_OUT(out, 0, struct gyre_str)[row] = copy;
    }
    return 0;
}

static void check_long(void *host, uint32_t port, const struct gy_batch *batch)
{
    struct bench *bench = host;
    const struct gyre_str *texts = batch->columns[0].data;
    (void)port;
    bench->wrong += batch->rows > 1024 * 1024 / LONG + 2;
    for (uint32_t i = 0; i < batch->rows; i++) {
        const char *text = gyre_str_data(&texts[i]);
        char expected = 'a' + (char)(bench->rows++ % LONG_ROWS % 26);
        bench->wrong += texts[i].len != LONG || text[0] != expected || text[LONG - 1] != expected;
    }
}

static void a_batch_of_long_strings_leaves_when_it_has_bytes_enough(void)
{
    static const struct gyre_operator longer = {
        .size = sizeof longer, .kind = GYRE_TRANSFORM, .name = "l", .process = long_process};
    struct gyre_str words[1] = {gyre_str_view("x", 1)};
    struct gy_column column = {.data = words};
    struct gy_batch batch = {.rows = 1, .kept = 1, .n_columns = 1, .columns = &column};
    struct bench bench;
    bench_init(&bench);
    bench.node.descriptor = &longer;
    bench.env.emit = check_long;
    struct gy_instance *instance = instance_of(&bench, 0, 1);
    for (int round = 0; round < 3; round++)
        CU_ASSERT_EQUAL_FATAL(gy_instance_process(instance, 0, &batch), 0);
    CU_ASSERT_EQUAL(gy_instance_flush(instance, true), 0);
    CU_ASSERT_EQUAL(bench.rows, 3 * LONG_ROWS);
    CU_ASSERT_EQUAL(bench.wrong, 0);
    CU_ASSERT_TRUE(gy_pool_bytes(bench.pool) < 4 * 1024 * 1024);
    gy_instance_free(instance);
    gy_pool_free(bench.pool);
}

static int32_t positive_watermark(void *self, struct gyre_ctx *ctx)
{
    (void)self, (void)ctx;
    return 7;
}

static void a_code_that_is_no_error_is_an_error(void)
{
    static const struct gyre_operator positive = {.size = sizeof positive,
                                                  .kind = GYRE_TRANSFORM,
                                                  .name = "p",
                                                  .process = adopt_process,
                                                  .on_watermark = positive_watermark};
    struct bench bench;
    bench_init(&bench);
    bench.node.descriptor = &positive;
    struct gy_instance *instance = instance_of(&bench, 0, 1);
    CU_ASSERT_EQUAL(gy_instance_watermark(instance, 1), GYRE_ECONTRACT);
    CU_ASSERT_EQUAL(gy_instance_error(instance)->code, GYRE_ECONTRACT);
    CU_ASSERT_STRING_EQUAL(gy_instance_error(instance)->text,
                           "returned 7, which is neither 0 nor an error code "
                           "(sdk/README.md#errors-and-bad-rows)");
    gy_instance_free(instance);
    gy_pool_free(bench.pool);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_code_that_is_no_error_is_an_error),
    SUITE_TEST(a_batch_of_long_strings_leaves_when_it_has_bytes_enough),
    SUITE_TEST(items_are_dealt_out_by_their_mode_at_another_parallelism),
    SUITE_TEST(a_truncated_item_is_refused),
    SUITE_TEST(rows_that_come_of_saving_or_preparing_are_refused),
    SUITE_TEST(masked_and_bad_rows_are_left_out_and_strings_stay_right),
    SUITE_TEST(a_bad_row_fails_the_call_and_is_told_as_json),
    SUITE_TEST(strings_made_before_their_row_outlive_the_batch_that_leaves_between),
    SUITE_TEST(arenas_adopted_for_no_row_are_given_back),
};

SUITE_MAIN("op_instance", tests)
