/* How long a task stands still for a snapshot: the longest single calls while one is pending.
 *
 * Times are printed (--verbose) and not asserted; what is asserted is how much one call saves. Times
 * are those of the thread, so that other work of the machine does not count. */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "state/cut.h"
#include "state/store.h"

#ifdef GY_SANITIZED
enum { SCALE = 50 };
#else
enum { SCALE = 1 };
#endif
enum {
    BATCH = 1024,
    SLICE = 512,
    VALUES = 1000 * 1000 / SCALE,
    STRINGS = 100 * 1000 / SCALE,
    ITEMS = 10 * 1000 * 1000 / SCALE,
    ELEMENTS = 1000 * 1000 / SCALE,
    BUCKET = 8 * GY_PIECES_MIN,
};

static const struct gyre_member x_member[] = {{"x", GYRE_TYPE_i64, 0}};
static const struct gyre_state_type x_type = {.size = sizeof x_type,
                                              .version = 1,
                                              .name = "x",
                                              .value_size = 8,
                                              .value_align = 8,
                                              .members = x_member,
                                              .n_members = 1};
static const struct gyre_member s_member[] = {{"s", GYRE_TYPE_str, 0}};
static const struct gyre_state_type s_type = {.size = sizeof s_type,
                                              .version = 1,
                                              .name = "s",
                                              .value_size = 16,
                                              .value_align = 8,
                                              .members = s_member,
                                              .n_members = 1};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

struct probe {
    struct gy_store *store;
    struct gy_rng rng;
    struct gyre_writer writer;
    uint64_t records, items; /* of the snapshot */
    uint64_t of_call;        /* items */
    uint64_t most;           /* items of any call */
    uint32_t bound_failed;
};

static int32_t grow(struct gyre_writer *writer, size_t more)
{
    writer->capacity = (writer->length + more) * 2;
    writer->data = realloc(writer->data, writer->capacity);
    return 0;
}

static void on_save(void *host, const struct gy_store_entry *entries, uint32_t n_entries)
{
    struct probe *p = host;
    if (p->writer.length > 1 << 20)
        p->writer.length = 0;
    for (uint32_t i = 0; i < n_entries; i++) {
        uint64_t n = 1;
        size_t at = p->writer.length;
        gy_store_encode(p->store, &entries[i], &p->writer);
        if (p->writer.data[at + 8] != GYRE_STATE_VALUE)
            memcpy(&n, p->writer.data + at + 9 + 16, sizeof n);
        p->records++;
        p->items += n;
        p->of_call += n;
    }
}

/* One kind of call, and its longest. */
struct longest {
    const char *what;
    int64_t ns, total_ns, from;
    uint64_t calls;
};

static void begin(struct probe *p, struct longest *l)
{
    p->of_call = 0;
    l->from = now_ns();
}

static void end(struct probe *p, struct longest *l, uint64_t bound)
{
    int64_t ns = now_ns() - l->from;
    l->ns = ns > l->ns ? ns : l->ns;
    l->total_ns += ns;
    l->calls++;
    p->most = p->of_call > p->most ? p->of_call : p->most;
    p->bound_failed += p->of_call > bound;
}

static void print(const char *title, const struct longest *l)
{
    if (l->calls > 0)
        printf("  %-22s %-12s longest %8.1f us, mean %8.2f us, %llu calls\n", title, l->what,
               (double)l->ns / 1e3, (double)l->total_ns / 1e3 / (double)l->calls,
               (unsigned long long)l->calls);
}

static void epoch(struct probe *p, const char *title)
{
    struct longest l = {.what = "epoch"};
    p->records = p->items = 0;
    begin(p, &l);
    gy_store_epoch(p->store, on_save, p);
    end(p, &l, 0);
    print(title, &l);
}

static bool slice(struct probe *p, struct longest *l)
{
    begin(p, l);
    bool more = gy_store_save_slice(p->store, SLICE);
    end(p, l, SLICE + BUCKET + GY_PIECE);
    return more;
}

static struct probe *probe_new(uint32_t key_type, uint32_t kind, const struct gyre_state_type *type)
{
    struct probe *p = calloc(1, sizeof *p);
    struct gy_store_config config = {
        .key = {.n = 1, .types = {key_type}}, .kind = kind, .type = type, .map_key = &x_type};
    p->writer = (struct gyre_writer){.size = sizeof p->writer, .grow = grow};
    p->store = gy_store_new(&config, NULL);
    gy_rng_init(&p->rng, 1);
    return p;
}

static void probe_free(struct probe *p)
{
    CU_ASSERT_EQUAL(p->bound_failed, 0);
    gy_store_free(p->store);
    free(p->writer.data);
    free(p);
}

/* ---- many keys --------------------------------------------------------------------------------- */

struct batch {
    int64_t number[BATCH];
    char text[BATCH][40];
    struct gyre_str string[BATCH];
    uint64_t hash[BATCH];
    void *slots[BATCH];
};

/* Rows of the given ids, or of random ones below -first. */
static void lookup(struct probe *p, struct batch *b, int64_t first, bool strings, struct longest *l)
{
    struct gy_key key = {.n = 1, .types = {strings ? GYRE_TYPE_str : GYRE_TYPE_i64}};
    struct gy_column column = {.data = strings ? (const void *)b->string : b->number};
    const struct gy_column *columns[1] = {&column};
    for (uint32_t i = 0; i < BATCH; i++) {
        b->number[i] = first < 0 ? (int64_t)gy_rng_below(&p->rng, (uint64_t)-first) : first + i;
        int n = snprintf(b->text[i], sizeof b->text[i], "the long key of number %lld",
                         (long long)b->number[i]);
        b->string[i] = gyre_str_view(b->text[i], (uint32_t)n);
    }
    gy_key_hash(&key, columns, NULL, BATCH, b->hash);
    begin(p, l);
    int code = gy_store_slots(p->store, b->hash, columns, NULL, BATCH, b->slots);
    end(p, l, 8 * BATCH);
    CU_ASSERT_EQUAL_FATAL(code, 0);
    for (uint32_t i = 0; i < BATCH && strings; i++)
        gy_store_str(p->store, b->slots[i], &b->string[i]);
}

static void many_keys(const char *title, int64_t keys, bool strings)
{
    struct probe *p = probe_new(strings ? GYRE_TYPE_str : GYRE_TYPE_i64, GYRE_STATE_VALUE,
                                strings ? &s_type : &x_type);
    struct batch *b = calloc(1, sizeof *b);
    struct longest before = {.what = "slots before"}, slots = {.what = "slots"};
    struct longest slices = {.what = "slice"}, growing = {.what = "slots, new"};
    for (int64_t first = 0; first < keys; first += BATCH)
        lookup(p, b, first, strings, &growing);
    for (int i = 0; i < 200; i++)
        lookup(p, b, -keys, strings, &before);
    uint64_t count = gy_store_count(p->store);
    print(title, &growing);
    print(title, &before);
    epoch(p, title);
    do
        lookup(p, b, -keys, strings, &slots);
    while (slice(p, &slices));
    print(title, &slots);
    print(title, &slices);
    CU_ASSERT_EQUAL(p->records, count);
    /* Once more, with keys that are new: the table grows meanwhile. */
    struct longest new = {.what = "slots, grow"};
    count = gy_store_count(p->store);
    epoch(p, title);
    for (int64_t first = 0; slice(p, &slices); first += BATCH)
        lookup(p, b, keys + BATCH + first, strings, &new);
    print(title, &new);
    CU_ASSERT_EQUAL(p->records, count);
    free(b);
    probe_free(p);
}

static void a_million_small_values_stop_nothing(void)
{
    many_keys("1 M values", VALUES, false);
}

static void a_hundred_thousand_strings_stop_nothing(void)
{
    many_keys("100 k strings", STRINGS, true);
}

/* What another table gave, in its order, into a store that nobody told how much will come: without
 * care each would search for a free lane behind all that came before. */
static void keys_in_the_order_of_their_hashes_do_not_crowd_the_table(void)
{
    struct probe *p = probe_new(GYRE_TYPE_i64, GYRE_STATE_VALUE, &x_type);
    struct longest slots = {.what = "in order"};
    uint64_t hash[BATCH];
    void *at[BATCH];
    for (uint64_t first = 0; first < VALUES; first += BATCH) {
        for (uint64_t i = 0; i < BATCH; i++)
            hash[i] = (first + i + 1) * (UINT64_MAX / (2 * VALUES));
        begin(p, &slots);
        CU_ASSERT_EQUAL_FATAL(gy_store_slots(p->store, hash, NULL, NULL, BATCH, at), 0);
        end(p, &slots, 0);
    }
    print("1 M values", &slots);
    CU_ASSERT_EQUAL(gy_store_count(p->store), (VALUES + BATCH - 1) / BATCH * BATCH);
    CU_ASSERT(gy_store_bytes(p->store) <
              (size_t)VALUES * 8 * 24); /* of a lane in eight, at least */
    probe_free(p);
}

/* ---- one large list, one large map ------------------------------------------------------------- */

static void *the_slot(struct probe *p, struct longest *l)
{
    uint64_t hash = 5;
    void *slot = NULL;
    begin(p, l);
    CU_ASSERT_EQUAL_FATAL(gy_store_slots(p->store, &hash, NULL, NULL, 1, &slot), 0);
    end(p, l, BUCKET);
    return slot;
}

static void a_list_of_ten_million_items_stops_nothing(void)
{
    struct probe *p = probe_new(GYRE_TYPE_i64, GYRE_STATE_LIST, &x_type);
    struct longest slots = {.what = "slots"}, slices = {.what = "slice"}, at = {.what = "list_at"};
    struct longest drop = {.what = "list_drop"}, remove = {.what = "remove"};
    void *list = the_slot(p, &slots);
    for (int64_t i = 0; i < ITEMS; i++)
        *(int64_t *)gy_list_add(list) = i;
    epoch(p, "10 M items");
    list = the_slot(p, &slots);
    do {
        for (int i = 0; i < 5; i++) {
            begin(p, &at);
            gy_list_at(list, gy_rng_below(&p->rng, gy_list_count(list)));
            end(p, &at, GY_PIECE);
        }
        *(int64_t *)gy_list_add(list) = 0;
        begin(p, &drop);
        gy_list_drop(list, gy_rng_below(&p->rng, ITEMS / 10000));
        end(p, &drop, 0);
    } while (slice(p, &slices));
    CU_ASSERT_EQUAL(p->items, ITEMS);
    epoch(p, "10 M items");
    uint64_t count = gy_list_count(list), hash = 5;
    begin(p, &remove);
    CU_ASSERT(gy_store_remove(p->store, hash, NULL, 0));
    end(p, &remove, BUCKET);
    while (slice(p, &slices)) {}
    CU_ASSERT_EQUAL(p->items, count);
    print("10 M items", &slots);
    print("10 M items", &at);
    print("10 M items", &drop);
    print("10 M items", &remove);
    print("10 M items", &slices);
    probe_free(p);
}

static void a_map_of_a_million_elements_stops_nothing(void)
{
    struct probe *p = probe_new(GYRE_TYPE_i64, GYRE_STATE_MAP, &x_type);
    struct longest slots = {.what = "slots"}, slices = {.what = "slice"}, get = {.what = "map_get"};
    struct longest remove = {.what = "map_remove"}, new = {.what = "map_get, new"};
    void *map = the_slot(p, &slots);
    int64_t next = ELEMENTS;
    for (int64_t i = 0; i < next; i++) {
        begin(p, &new);
        *(int64_t *)gy_map_get(map, &i, 1) = i;
        end(p, &new, 0);
    }
    print("1 M elements", &new);
    epoch(p, "1 M elements");
    map = the_slot(p, &slots);
    do
        for (int i = 0; i < 20; i++) {
            int64_t key = (int64_t)gy_rng_below(&p->rng, ELEMENTS), made = next++;
            begin(p, &get);
            gy_map_get(map, &key, 0);
            end(p, &get, GY_PIECE);
            key = (int64_t)gy_rng_below(&p->rng, ELEMENTS);
            begin(p, &remove);
            gy_map_remove(map, &key);
            end(p, &remove, GY_PIECE);
            *(int64_t *)gy_map_get(map, &made, 1) = made;
        }
    while (slice(p, &slices));
    CU_ASSERT_EQUAL(p->items, ELEMENTS);
    print("1 M elements", &slots);
    print("1 M elements", &get);
    print("1 M elements", &remove);
    print("1 M elements", &slices);
    probe_free(p);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(a_million_small_values_stop_nothing, 60),
    SUITE_TEST_WITHIN(a_hundred_thousand_strings_stop_nothing, 60),
    SUITE_TEST(keys_in_the_order_of_their_hashes_do_not_crowd_the_table),
    SUITE_TEST_WITHIN(a_list_of_ten_million_items_stops_nothing, 60),
    SUITE_TEST_WITHIN(a_map_of_a_million_elements_stops_nothing, 60),
};
SUITE_MAIN("state_pauses", tests)
