/* The parts below a task: channels, exchanges. Whole jobs are in tests/sim and tests/e2e. */
#include "base/mem.h"
#include "base/rng.h"
#include "flow/exchange.h"
#include "flow/inlet.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct gy_message *message_of(struct gy_channel *channel, int64_t number, uint32_t bytes)
{
    struct gy_block *block = gy_channel_take(channel, bytes);
    struct gy_message *message = (struct gy_message *)(void *)block->bytes;
    *message = (struct gy_message){
        .kind = GY_WATERMARK, .bytes = block->size, .time_us = number, .block = block};
    return message;
}

static void a_full_channel_keeps_messages_waiting_in_order(void)
{
    struct gy_channel channel;
    CU_ASSERT_EQUAL_FATAL(gy_channel_init(&channel, 4, 3 * GY_BLOCK_SMALL), 0);
    for (int64_t i = 0; i < 10; i++)
        gy_channel_push(&channel, message_of(&channel, i, 100));
    CU_ASSERT_FALSE(gy_channel_drain(&channel));
    for (int64_t i = 0; i < 10; i++) {
        struct gy_message *message = gy_channel_pop(&channel);
        CU_ASSERT_PTR_NOT_NULL_FATAL(message);
        CU_ASSERT_EQUAL(message->time_us, i);
        gy_message_drop(message);
        gy_channel_drain(&channel);
    }
    CU_ASSERT_PTR_NULL(gy_channel_pop(&channel));
    CU_ASSERT_TRUE(gy_channel_drain(&channel));
    gy_channel_fini(&channel);
}

static void a_message_larger_than_the_bound_passes_alone(void)
{
    struct gy_channel channel;
    CU_ASSERT_EQUAL_FATAL(gy_channel_init(&channel, 4, 10), 0);
    gy_channel_push(&channel, message_of(&channel, 1, 40000));
    gy_channel_push(&channel, message_of(&channel, 2, 40000));
    struct gy_message *message = gy_channel_pop(&channel);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    CU_ASSERT_PTR_NULL(gy_channel_pop(&channel));
    gy_message_drop(message);
    CU_ASSERT_TRUE(gy_channel_drain(&channel));
    message = gy_channel_pop(&channel);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    gy_message_drop(message);
    gy_channel_fini(&channel);
}

enum { HANDED = 200000 };

static void *consume(void *argument)
{
    struct gy_channel *channel = argument;
    int64_t expected = 0;
    while (expected < HANDED) {
        struct gy_message *message = gy_channel_pop(channel);
        if (message == NULL)
            continue;
        if (message->time_us != expected)
            return "out of order";
        expected++;
        gy_message_drop(message);
    }
    return NULL;
}

static void two_threads_hand_over_every_message_in_order(void)
{
    struct gy_channel channel;
    pthread_t thread;
    void *wrong = NULL;
    CU_ASSERT_EQUAL_FATAL(gy_channel_init(&channel, 8, 64 * 1024), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, consume, &channel), 0);
    for (int64_t i = 0; i < HANDED; i++) {
        while (!gy_channel_drain(&channel)) {}
        gy_channel_push(&channel, message_of(&channel, i, i % 7 == 0 ? 5000 : 200));
    }
    while (!gy_channel_drain(&channel)) {}
    pthread_join(thread, &wrong);
    CU_ASSERT_PTR_NULL(wrong);
    gy_channel_fini(&channel);
}

/* ---- exchanges: random rows of all shapes go through and come out where they belong ---- */

enum { FIELDS = 6, DESTS_MAX = 5, ROWS_MAX = 20000 };

static const struct gyre_field fields[FIELDS] = {
    GYRE_FIELD(i64, "id", 0), GYRE_FIELD(str, "name", 0),
    GYRE_FIELD(i32, "n", 0),  GYRE_FIELD(f64, "x", GYRE_NULLABLE),
    GYRE_FIELD(bool, "b", 0), GYRE_FIELD(i64, "unread", 0),
};

struct rig {
    struct gy_pool *pool;
    struct gy_output output;
    bool needed[FIELDS];
    struct gy_node to;
    struct gy_node *nodes[2];
    struct gy_input input;
    struct gy_edge edge;
    struct gy_graph graph;
    struct gy_layout layout;
    struct gy_channel channels[DESTS_MAX];
    struct gy_channel *channel_list[DESTS_MAX];
    struct gy_exchange exchange;
    uint32_t n_dests;
    uint8_t seen[ROWS_MAX * DESTS_MAX];
};

static void rig_init(struct rig *rig, enum gy_partition partition, uint32_t n_dests)
{
    memset(rig, 0, sizeof *rig);
    rig->pool = gy_pool_new();
    rig->output.schema = (struct gyre_schema){sizeof rig->output.schema, FIELDS, fields};
    rig->output.needed = rig->needed;
    for (int f = 0; f < FIELDS - 1; f++)
        rig->needed[f] = true;
    rig->output.needs_time = true;
    rig->to.max_parallelism = 128;
    rig->to.inputs = &rig->input;
    if (partition == GY_KEY)
        rig->to.key = (struct gy_key){.n = 1, .types = {GYRE_TYPE_i64}};
    rig->nodes[1] = &rig->to;
    rig->edge = (struct gy_edge){.to = 1, .partition = partition};
    rig->graph.nodes = rig->nodes;
    rig->n_dests = n_dests;
    CU_ASSERT_EQUAL_FATAL(gy_layout_init(&rig->layout, &rig->output, partition == GY_KEY), 0);
    for (uint32_t d = 0; d < n_dests; d++) {
        CU_ASSERT_EQUAL_FATAL(gy_channel_init(&rig->channels[d], 1024, UINT32_MAX), 0);
        rig->channel_list[d] = &rig->channels[d];
    }
    CU_ASSERT_EQUAL_FATAL(gy_exchange_init(&rig->exchange, &rig->graph, &rig->edge, &rig->layout,
                                           rig->channel_list, n_dests, 0, NULL),
                          0);
}

static void rig_fini(struct rig *rig)
{
    gy_exchange_fini(&rig->exchange);
    for (uint32_t d = 0; d < rig->n_dests; d++)
        gy_channel_fini(&rig->channels[d]);
    gy_layout_fini(&rig->layout);
    gy_pool_free(rig->pool);
}

/* Every value of a row follows from its id, so that each can be checked on its own. */
static uint32_t name_of(int64_t id, char *name)
{
    uint64_t r = gy_rng_mix((uint64_t)id);
    uint32_t len = r % 4 == 0 ? (uint32_t)(r >> 8) % 300 : (uint32_t)(r >> 8) % 13;
    for (uint32_t i = 0; i < len; i++)
        name[i] = (char)('a' + (r >> (i % 40)) % 26);
    return len;
}

struct made {
    int64_t id[GYRE_BATCH_ROWS], time[GYRE_BATCH_ROWS];
    struct gyre_str name[GYRE_BATCH_ROWS];
    int32_t n[GYRE_BATCH_ROWS];
    double x[GYRE_BATCH_ROWS];
    uint8_t x_valid[GYRE_BATCH_ROWS], b[GYRE_BATCH_ROWS], keep[GYRE_BATCH_ROWS];
    char text[GYRE_BATCH_ROWS][300];
};

static void make_rows(struct made *made, int64_t first, uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++) {
        int64_t id = first + i;
        uint32_t len = name_of(id, made->text[i]);
        made->id[i] = id;
        made->time[i] = id * 3;
        made->name[i] = gyre_str_view(made->text[i], len);
        made->n[i] = (int32_t)(id * 7);
        made->x_valid[i] = id % 3 != 0;
        made->x[i] = made->x_valid[i] ? (double)id / 8 : 0;
        made->b[i] = id % 2 == 0;
        made->keep[i] = gy_rng_mix((uint64_t)id + 99) % 4 != 0;
    }
}

static bool row_is_right(const struct gy_batch *batch, uint32_t i)
{
    char text[300];
    int64_t id = ((const int64_t *)batch->columns[0].data)[i];
    const struct gyre_str *name = (const struct gyre_str *)batch->columns[1].data + i;
    uint32_t len = name_of(id, text);
    bool valid = batch->columns[3].valid[i] != 0;
    return name->len == len && memcmp(gyre_str_data(name), text, len) == 0 &&
           ((const int32_t *)batch->columns[2].data)[i] == (int32_t)(id * 7) &&
           valid == (id % 3 != 0) &&
           (!valid || ((const double *)batch->columns[3].data)[i] == (double)id / 8) &&
           ((const uint8_t *)batch->columns[4].data)[i] == (id % 2 == 0) &&
           batch->columns[5].data == NULL && batch->time[i] == id * 3;
}

static void collect(struct rig *rig, uint32_t dest)
{
    struct gy_inlet inlet;
    struct gy_message *message;
    CU_ASSERT_EQUAL_FATAL(gy_inlet_init(&inlet, &rig->channels[dest], &rig->layout, rig->pool), 0);
    while ((message = gy_channel_pop(&rig->channels[dest])) != NULL) {
        const struct gy_batch *batch = gy_inlet_open(&inlet, message);
        CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
        CU_ASSERT_FATAL(batch->rows <= GYRE_BATCH_ROWS);
        for (uint32_t i = 0; i < batch->rows; i++) {
            int64_t id = ((const int64_t *)batch->columns[0].data)[i];
            CU_ASSERT_FATAL(id >= 0 && id < ROWS_MAX && row_is_right(batch, i));
            rig->seen[id * DESTS_MAX + dest]++;
            if (batch->hash != NULL)
                CU_ASSERT_EQUAL_FATAL(gy_key_subtask(batch->hash[i], 128, rig->n_dests), dest);
        }
        gy_inlet_done(&inlet);
    }
    gy_inlet_fini(&inlet);
}

static void send_all(struct rig *rig, struct made *made, struct gy_rng *rng, bool masked)
{
    struct gy_column columns[FIELDS] = {{made->id, NULL, NULL}, {made->name, NULL, NULL},
                                        {made->n, NULL, NULL},  {made->x, made->x_valid, NULL},
                                        {made->b, NULL, NULL},  {made->id, NULL, NULL}};
    for (int64_t first = 0; first < ROWS_MAX;) {
        uint32_t rows = 1 + (uint32_t)gy_rng_below(rng, GYRE_BATCH_ROWS);
        rows = first + rows > ROWS_MAX ? (uint32_t)(ROWS_MAX - first) : rows;
        make_rows(made, first, rows);
        struct gy_batch batch = {.rows = rows,
                                 .kept = masked ? gy_keep_count(made->keep, rows) : rows,
                                 .n_columns = FIELDS,
                                 .keep = masked ? made->keep : NULL,
                                 .time = made->time,
                                 .columns = columns};
        if (batch.kept > 0)
            gy_exchange_write(&rig->exchange, &batch);
        gy_exchange_flush(&rig->exchange, gy_rng_below(rng, 3) == 0);
        for (uint32_t d = 0; d < rig->n_dests; d++)
            if (gy_rng_below(rng, 2) == 0)
                collect(rig, d);
        first += rows;
    }
    gy_exchange_flush(&rig->exchange, true);
    for (uint32_t d = 0; d < rig->n_dests; d++)
        collect(rig, d);
}

/* Rows that come one by one with a long string each: a message does not wait for as many as it has room
 * for, at 4 MiB each that would be 4 GiB. */
static void send_long(struct rig *rig, struct made *made, uint32_t rows, uint32_t length)
{
    char *text = calloc(1, length);
    make_rows(made, 0, 1);
    struct gyre_str name = gyre_str_view(text, length);
    struct gy_column columns[FIELDS] = {{made->id, NULL, NULL}, {&name, NULL, NULL},
                                        {made->n, NULL, NULL},  {made->x, made->x_valid, NULL},
                                        {made->b, NULL, NULL},  {made->id, NULL, NULL}};
    struct gy_batch batch = {
        .rows = 1, .kept = 1, .n_columns = FIELDS, .time = made->time, .columns = columns};
    for (uint32_t i = 0; i < rows; i++)
        gy_exchange_write(&rig->exchange, &batch);
    gy_exchange_flush(&rig->exchange, true);
    free(text);
}

static void a_message_is_bounded_in_bytes(void)
{
    enum { ROWS = 200, LENGTH = 100 * 1000 };
    static const enum gy_partition partitions[] = {GY_REBALANCE, GY_KEY, GY_BROADCAST};
    static struct made made;
    for (uint32_t p = 0; p < 3; p++) {
        struct rig rig;
        struct gy_message *message;
        uint64_t came = 0;
        rig_init(&rig, partitions[p], 2);
        send_long(&rig, &made, ROWS, LENGTH);
        for (uint32_t d = 0; d < 2; d++)
            while (gy_channel_drain(&rig.channels[d]),
                   (message = gy_channel_pop(&rig.channels[d])) != NULL) {
                CU_ASSERT(message->bytes <= GY_MESSAGE_MOST + 2 * LENGTH);
                came += message->rows;
                gy_message_drop(message);
            }
        CU_ASSERT_EQUAL(came, partitions[p] == GY_BROADCAST ? 2 * ROWS : ROWS);
        rig_fini(&rig);
    }
}

/* Heads take all that comes out of its channel at once: that it is empty does not mean that they have nothing to
 * do. */
static void few_rows_wait_for_more_while_their_consumer_has_others(void)
{
    static struct made made;
    static _Atomic bool fed;
    struct rig rig;
    struct gy_message *message;
    rig_init(&rig, GY_REBALANCE, 1);
    rig.channels[0].fed = &fed;
    make_rows(&made, 0, 2);
    struct gy_column columns[FIELDS] = {{made.id, NULL, NULL}, {made.name, NULL, NULL},
                                        {made.n, NULL, NULL},  {made.x, made.x_valid, NULL},
                                        {made.b, NULL, NULL},  {made.id, NULL, NULL}};
    struct gy_batch batch = {
        .rows = 2, .kept = 2, .n_columns = FIELDS, .time = made.time, .columns = columns};
    for (int times = 1; times <= 3; times++) {
        fed = times == 1;
        gy_exchange_write(&rig.exchange, &batch);
        gy_exchange_flush(&rig.exchange, false);
        message = gy_channel_pop(&rig.channels[0]);
        CU_ASSERT_EQUAL_FATAL(message != NULL, !fed);
        if (message == NULL)
            continue;
        CU_ASSERT_EQUAL(message->rows, times == 2 ? 4 : 2);
        gy_message_drop(message);
    }
    fed = true;
    gy_exchange_write(&rig.exchange, &batch);
    gy_exchange_flush(&rig.exchange, true); /* without work everything leaves */
    message = gy_channel_pop(&rig.channels[0]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    gy_message_drop(message);
    rig_fini(&rig);
}

/* How many destinations a row came to, and checks that it came nowhere twice. */
static uint32_t arrivals(const struct rig *rig, int64_t id)
{
    uint32_t n = 0;
    for (uint32_t d = 0; d < DESTS_MAX; d++) {
        CU_ASSERT_FATAL(rig->seen[id * DESTS_MAX + d] <= 1);
        n += rig->seen[id * DESTS_MAX + d];
    }
    return n;
}

static void check_partition(enum gy_partition partition, uint32_t n_dests)
{
    static struct rig rig;
    static struct made made;
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct gy_rng rng;
        bool masked = seed % 2 == 1;
        gy_rng_init(&rng, seed);
        rig_init(&rig, partition, n_dests);
        send_all(&rig, &made, &rng, masked);
        for (int64_t id = 0; id < ROWS_MAX; id++) {
            bool kept = !masked || gy_rng_mix((uint64_t)id + 99) % 4 != 0;
            uint32_t expected = !kept ? 0 : partition == GY_BROADCAST ? n_dests : 1;
            CU_ASSERT_EQUAL_FATAL(arrivals(&rig, id), expected);
        }
        rig_fini(&rig);
    }
}

static void keyed_rows_arrive_once_at_the_task_of_their_key_group(void)
{
    check_partition(GY_KEY, 1);
    check_partition(GY_KEY, 2);
    check_partition(GY_KEY, 5);
}

static void rebalanced_rows_arrive_once(void)
{
    check_partition(GY_REBALANCE, 3);
}

static void broadcast_rows_arrive_once_at_every_task(void)
{
    check_partition(GY_BROADCAST, 4);
}

static void rows_of_a_single_partition_arrive_at_the_first_task(void)
{
    check_partition(GY_SINGLE, 1);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_message_is_bounded_in_bytes),
    SUITE_TEST(few_rows_wait_for_more_while_their_consumer_has_others),
    SUITE_TEST(a_full_channel_keeps_messages_waiting_in_order),
    SUITE_TEST(a_message_larger_than_the_bound_passes_alone),
    SUITE_TEST(two_threads_hand_over_every_message_in_order),
    SUITE_TEST(keyed_rows_arrive_once_at_the_task_of_their_key_group),
    SUITE_TEST(rebalanced_rows_arrive_once),
    SUITE_TEST(broadcast_rows_arrive_once_at_every_task),
    SUITE_TEST(rows_of_a_single_partition_arrive_at_the_first_task),
};

SUITE_MAIN("flow_parts", tests)
