/* Sequences: the sum is that of the elements in their order, whatever was added, dropped and changed
 * where, also after a restore and without memory. */
#include "support/suite.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "state/items.h"
#include "state/sequence.h"

/* A record that knows the order of what it has merged: the value of a polynomial, and its degree. */
struct word {
    uint64_t value, power; /* power 0: empty */
};
static const uint64_t base = 1000003;
static uint64_t merges;

static int word_merge(const struct gy_records *records, void *into, const void *from)
{
    struct word *a = into;
    const struct word *b = from;
    (void)records;
    merges++;
    if (b->power == 0)
        return 0;
    *a = a->power == 0 ? *b : (struct word){a->value * b->power + b->value, a->power * b->power};
    return 0;
}

static void word_write(const struct gy_records *records, const void *record,
                       struct gyre_writer *writer)
{
    (void)records;
    gyre_write(writer, record, sizeof(struct word));
}

static int word_read(const struct gy_records *records, void *record, struct gyre_reader *reader,
                     const struct gy_form *form)
{
    const void *bytes = gyre_read(reader, sizeof(struct word));
    (void)records, (void)form;
    if (bytes == NULL)
        return reader->error;
    memcpy(record, bytes, sizeof(struct word));
    return 0;
}

static const struct gy_records words = {.size = sizeof(struct word),
                                        .align = 8,
                                        .plain = true,
                                        .sums = true,
                                        .merge = word_merge,
                                        .write = word_write,
                                        .read = word_read};

static const struct gy_records bare_words = {.size = sizeof(struct word),
                                             .align = 8,
                                             .plain = true,
                                             .bare = true,
                                             .sums = true,
                                             .merge = word_merge,
                                             .write = word_write,
                                             .read = word_read};

/* The same elements, in an array. */
enum { MOST = 200 };
struct model {
    struct gy_sequence s;
    const struct gy_records *records;
    uint32_t n;
    int64_t orders[MOST];
    struct word words[MOST];
};

static void model_add(struct model *m, int64_t order, uint64_t value)
{
    struct word w = {value, base};
    uint32_t i = m->n;
    while (i > 0 && m->orders[i - 1] > order)
        i--;
    memmove(&m->orders[i + 1], &m->orders[i], (m->n - i) * sizeof m->orders[0]);
    memmove(&m->words[i + 1], &m->words[i], (m->n - i) * sizeof m->words[0]);
    m->orders[i] = order;
    m->words[i] = w;
    m->n++;
    void *record = gy_sequence_add(&m->s, m->records, order, 0.5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(record);
    memcpy(record, &w, sizeof w);
    CU_ASSERT_EQUAL_FATAL(gy_sequence_filled(&m->s, m->records, record), 0);
}

static void model_merge(struct model *m, uint32_t i, uint64_t value)
{
    struct word w = {value, base};
    for (uint32_t j = 0; j < i; j++) /* the first of that order is the one */
        if (m->orders[j] == m->orders[i])
            i = j;
    word_merge(m->records, &m->words[i], &w);
    CU_ASSERT_EQUAL_FATAL(gy_sequence_merge(&m->s, m->records, m->orders[i], &w), 0);
}

static void model_remove(struct model *m, uint32_t i, uint32_t n)
{
    memmove(&m->orders[i], &m->orders[i + n], (m->n - i - n) * sizeof m->orders[0]);
    memmove(&m->words[i], &m->words[i + n], (m->n - i - n) * sizeof m->words[0]);
    m->n -= n;
    if (i == 0)
        gy_sequence_drop(&m->s, m->records, n);
    else
        gy_sequence_remove(&m->s, m->records, i);
}

static void check_sum(struct model *m)
{
    struct word wanted = {0, 0}, sum = {0, 0}, part = {0, 0};
    for (uint32_t i = 0; i < m->n; i++)
        word_merge(m->records, &wanted, &m->words[i]);
    CU_ASSERT_EQUAL_FATAL(m->s.n, m->n);
    CU_ASSERT_EQUAL_FATAL(gy_sequence_sum(&m->s, m->records, &sum), 0);
    CU_ASSERT_EQUAL_FATAL(sum.value, wanted.value);
    CU_ASSERT_EQUAL_FATAL(sum.power, wanted.power);
    CU_ASSERT_EQUAL_FATAL(gy_sequence_part(&m->s, m->records, 0, m->n, &part), 0);
    CU_ASSERT_EQUAL_FATAL(part.value, wanted.value);
}

static void restore(struct model *m)
{
    struct gyre_writer writer = {.size = sizeof writer, .grow = gy_writer_grow};
    gy_sequence_write(&m->s, m->records, &writer);
    CU_ASSERT_EQUAL_FATAL(writer.error, 0);
    uint32_t front = m->s.back_is_stale ? m->s.n : m->s.front;
    gy_sequence_fini(&m->s, m->records);
    struct gyre_reader reader = {
        .size = sizeof reader, .data = writer.data, .length = writer.length};
    CU_ASSERT_EQUAL_FATAL(gy_sequence_read(&m->s, m->records, &reader, NULL), 0);
    CU_ASSERT_EQUAL(reader.position, reader.length);
    CU_ASSERT_EQUAL(m->s.front, front);
    for (uint32_t i = 0; i < m->s.n; i++) {
        const struct gy_element *element = gy_sequence_at(&m->s, m->records, i);
        CU_ASSERT_EQUAL_FATAL(element->order, m->orders[i]);
        CU_ASSERT_FATAL(m->records->bare || element->value == 0.5 || element->value == 0);
    }
    for (size_t cut = 0; cut < writer.length; cut += 5) {
        struct gy_sequence damaged = {0};
        reader = (struct gyre_reader){.size = sizeof reader, .data = writer.data, .length = cut};
        CU_ASSERT_NOT_EQUAL(gy_sequence_read(&damaged, m->records, &reader, NULL), 0);
        gy_sequence_fini(&damaged, m->records);
    }
    gy_free(writer.data);
}

static void step(struct model *m, struct gy_rng *rng)
{
    uint64_t what = gy_rng_next(rng) % 16, value = gy_rng_next(rng) % 1000;
    int64_t newest = m->n > 0 ? m->orders[m->n - 1] : 0;
    uint32_t i = m->n > 0 ? (uint32_t)(gy_rng_next(rng) % m->n) : 0;
    if (what < 7 && m->n < MOST)
        model_add(m, newest + (int64_t)(value % 2), value);
    else if (what == 7 && m->n < MOST && m->n > 0)
        model_add(m, m->orders[i], value);
    else if (what == 8 && m->n > 0)
        model_merge(m, i, value);
    else if (what == 9 && m->n > 0)
        model_remove(m, i, 1);
    else if (what < 13 && m->n > 0)
        model_remove(m, 0, 1 + i / 4);
    else if (what == 13)
        restore(m);
    else
        check_sum(m);
}

static void check_sums(const struct gy_records *records)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct model m = {.records = records};
        struct gy_rng rng;
        gy_rng_init(&rng, seed);
        for (int i = 0; i < 500; i++)
            step(&m, &rng);
        check_sum(&m);
        gy_sequence_fini(&m.s, records);
    }
}

static void the_sum_is_that_of_the_elements_whatever_happened_to_them(void)
{
    check_sums(&words);
    check_sums(&bare_words);
}

static void a_sliding_sum_costs_the_same_for_any_size_of_the_window(void)
{
    for (uint32_t size = 4; size <= 4096; size *= 4) {
        struct gy_sequence s = {0};
        struct word sum;
        merges = 0;
        for (int64_t i = 0; i < 20000; i++) {
            void *record = gy_sequence_add(&s, &words, i, 0);
            CU_ASSERT_PTR_NOT_NULL_FATAL(record);
            *(struct word *)record = (struct word){(uint64_t)i, base};
            gy_sequence_filled(&s, &words, record);
            if (s.n > size)
                gy_sequence_drop(&s, &words, 1);
            sum = (struct word){0, 0};
            gy_sequence_sum(&s, &words, &sum);
        }
        CU_ASSERT(merges <= 3 * 20000);
        CU_ASSERT(s.cap <= 4 * size);
        gy_sequence_fini(&s, &words);
    }
}

static void without_memory_nothing_is_changed(void)
{
    struct model m = {.records = &words};
    model_add(&m, 1, 7);
    for (int64_t i = 2; m.s.n < m.s.cap; i++)
        model_add(&m, i, (uint64_t)i);
    gy_mem_fail_after(1);
    CU_ASSERT_PTR_NULL(gy_sequence_add(&m.s, &words, 99, 0));
    gy_mem_fail_after(0);
    check_sum(&m);
    gy_sequence_fini(&m.s, &words);
}

static const struct suite_test tests[] = {
    SUITE_TEST(the_sum_is_that_of_the_elements_whatever_happened_to_them),
    SUITE_TEST(a_sliding_sum_costs_the_same_for_any_size_of_the_window),
    SUITE_TEST(without_memory_nothing_is_changed),
};
SUITE_MAIN("state_sequence", tests)
