/* Entries with a time to live: that they go, in time and in memory, and that a snapshot has their times.
 * That they are right otherwise test_state_store.c shows, with a model. */
#include "support/suite.h"

#include "base/clock.h"
#include "base/mem.h"
#include "state/items.h"
#include "state/store.h"

#include <stdlib.h>

enum { TTL_US = 1000, KEYS = 20000 };

static const struct gyre_member x_member[] = {{"x", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL}};
static const struct gyre_state_type x_type = {.size = sizeof x_type,
                                              .version = 1,
                                              .name = "x",
                                              .value_size = 8,
                                              .value_align = 8,
                                              .members = x_member,
                                              .n_members = 1};

struct rig {
    struct gy_clock_manual clock;
    struct gy_store *store;
};

static void rig_init(struct rig *rig, uint32_t kind, int64_t ttl_us, int64_t now_us)
{
    struct gyre_error error = {.size = sizeof error};
    gy_clock_manual_init(&rig->clock, now_us);
    struct gy_store_config config = {.key = {.n = 1, .types = {GYRE_TYPE_i64}},
                                     .kind = kind,
                                     .type = &x_type,
                                     .ttl_us = ttl_us,
                                     .clock = &rig->clock.clock};
    rig->store = gy_store_new(&config, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->store);
}

/* The hash of key i; 0 is a key too. */
static uint64_t hash_of(uint64_t i)
{
    return i * 0x9e3779b97f4a7c15u;
}

static void *slot_of(struct rig *rig, uint64_t i)
{
    uint64_t hash = hash_of(i);
    void *slot = NULL;
    CU_ASSERT_EQUAL_FATAL(gy_store_slots(rig->store, &hash, NULL, NULL, 1, &slot), 0);
    return slot;
}

static int64_t *find(struct rig *rig, uint64_t i)
{
    return gy_store_find(rig->store, hash_of(i), NULL, 0);
}

static void rows_that_come_sweep_what_is_over(void)
{
    struct rig rig;
    rig_init(&rig, GYRE_STATE_VALUE, TTL_US, 5);
    for (uint64_t i = 0; i < KEYS; i++)
        slot_of(&rig, i);
    size_t full = gy_store_bytes(rig.store);
    gy_clock_manual_advance(&rig.clock, TTL_US);
    for (uint64_t i = 0; i < KEYS / 4; i++) /* four lanes and more a call */
        slot_of(&rig, 1);
    CU_ASSERT_EQUAL(gy_store_count(rig.store),
                    2); /* hash 0 is no lane: it goes when it is asked for */
    CU_ASSERT_TRUE(gy_store_bytes(rig.store) < full);
    gy_store_free(rig.store);
}

static void snapshots_sweep_what_is_over(void)
{
    struct rig rig;
    rig_init(&rig, GYRE_STATE_LIST, TTL_US, 5);
    for (uint64_t i = 1; i <= KEYS; i++)
        gy_list_add(slot_of(&rig, i));
    gy_clock_manual_advance(&rig.clock, TTL_US - 1);
    slot_of(&rig, 7);
    gy_clock_manual_advance(&rig.clock, 1);
    for (int i = 0; i < 8 * KEYS; i += 100) /* some snapshots */
        gy_store_save_slice(rig.store, 100);
    CU_ASSERT_EQUAL(gy_store_count(rig.store), 1);
    gy_store_free(rig.store);
}

/* ---- through a snapshot ---- */

enum { RECORDS = 4096, ITEMS = 5000, OTHERS = 1000 };

struct saved {
    struct rig *rig;
    struct gyre_writer writer;
    size_t ends[RECORDS]; /* of each record */
    uint32_t n;
};

static void save(void *host, const struct gy_store_entry *entries, uint32_t n)
{
    struct saved *saved = host;
    CU_ASSERT_FATAL(saved->n + n <= RECORDS);
    for (uint32_t i = 0; i < n; i++) {
        gy_store_encode(saved->rig->store, &entries[i], &saved->writer);
        saved->ends[saved->n++] = saved->writer.length;
    }
}

static void save_begin(struct saved *saved, struct rig *rig)
{
    *saved = (struct saved){.rig = rig,
                            .writer = {.size = sizeof saved->writer, .grow = gy_writer_grow}};
    gy_store_epoch(rig->store, save, saved);
}

/* Saves what is left, and restores all into another store. */
static void save_end(struct saved *saved, struct rig *to)
{
    while (gy_store_save_slice(saved->rig->store, 100))
        ;
    gy_store_epoch(saved->rig->store, NULL, NULL);
    for (uint32_t i = 0; i < saved->n; i++) {
        size_t from = i > 0 ? saved->ends[i - 1] : 0;
        struct gyre_reader reader = {.size = sizeof reader,
                                     .data = saved->writer.data + from,
                                     .length = saved->ends[i] - from};
        CU_ASSERT_EQUAL(gy_store_decode(to->store, &reader, 1), 0);
        CU_ASSERT_EQUAL(reader.position, reader.length);
    }
    CU_ASSERT_EQUAL(gy_store_decoded_all(to->store), 0);
    gy_free(saved->writer.data);
}

static void check_handed_over(int64_t ttl_before_us, int64_t ttl_after_us, int64_t ends_us)
{
    struct rig before, after;
    struct saved saved;
    rig_init(&before, GYRE_STATE_VALUE, ttl_before_us, 10000);
    rig_init(&after, GYRE_STATE_VALUE, ttl_after_us, 10400); /* the job was down for a while */
    *(int64_t *)slot_of(&before, 3) = 42;
    save_begin(&saved, &before);
    save_end(&saved, &after);
    gy_clock_manual_advance(&after.clock, ends_us - 10400 - 1);
    int64_t *x = find(&after, 3);
    CU_ASSERT_TRUE(x != NULL && *x == 42);
    gy_clock_manual_advance(&after.clock, 1);
    CU_ASSERT_EQUAL(find(&after, 3) == NULL, ttl_after_us != 0);
    gy_store_free(before.store);
    gy_store_free(after.store);
}

static void a_snapshot_has_the_times_of_entries(void)
{
    check_handed_over(TTL_US, TTL_US, 11000);
    check_handed_over(TTL_US, 3 * TTL_US, 13000); /* the declaration has changed */
    check_handed_over(0, TTL_US, 11400);          /* it lived for ever, and does not any more */
    check_handed_over(TTL_US, 0, 999999);
}

/* A snapshot has cut the list of a key: it gets what was there, though the key begins anew meanwhile. */
static void a_list_that_ends_while_it_is_saved_is_saved_whole(void)
{
    struct rig before, after;
    struct saved saved;
    rig_init(&before, GYRE_STATE_LIST, TTL_US, 10000);
    rig_init(&after, GYRE_STATE_LIST, 0, 10000);
    for (int64_t i = 0; i < ITEMS; i++)
        *(int64_t *)gy_list_add(slot_of(&before, 3)) = i;
    gy_clock_manual_advance(&before.clock, TTL_US - 1);
    for (uint64_t i = 4; i < 4 + OTHERS; i++) /* so that the sweep is not there first */
        gy_list_add(slot_of(&before, i));
    save_begin(&saved, &before);
    find(&before, 3); /* the touch cuts it */
    gy_clock_manual_advance(&before.clock, 1);
    CU_ASSERT_EQUAL(gy_list_count(slot_of(&before, 3)), 0);
    *(int64_t *)gy_list_add(slot_of(&before, 3)) = -1;
    save_end(&saved, &after);
    struct gyre_list *list = (void *)find(&after, 3);
    CU_ASSERT_EQUAL_FATAL(gy_list_count(list), ITEMS);
    for (int64_t i = 0; i < ITEMS; i++)
        CU_ASSERT_EQUAL(*(int64_t *)gy_list_at(list, (uint64_t)i), i);
    CU_ASSERT_EQUAL(*(int64_t *)gy_list_at(slot_of(&before, 3), 0), -1);
    gy_store_free(before.store);
    gy_store_free(after.store);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_list_that_ends_while_it_is_saved_is_saved_whole),
    SUITE_TEST(rows_that_come_sweep_what_is_over),
    SUITE_TEST(snapshots_sweep_what_is_over),
    SUITE_TEST(a_snapshot_has_the_times_of_entries),
};
SUITE_MAIN("state_expire", tests)
