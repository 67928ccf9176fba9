/* The timer heap and the intrusive list. */
#include "support/suite.h"

#include "base/heap.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/rng.h"

static bool is_heap(const struct gy_heap *h)
{
    for (size_t i = 1; i < h->n; i++) {
        const struct gy_heap_entry *e = &h->entries[i], *parent = &h->entries[(i - 1) / 2];
        if (e->time < parent->time || (e->time == parent->time && e->tie < parent->tie))
            return false;
    }
    return true;
}

static void entries_come_out_by_time_then_by_tie(void)
{
    struct gy_heap h = {0};
    struct gy_rng r;
    gy_rng_init(&r, 7);
    for (uint64_t i = 0; i < 2000; i++) {
        int64_t time = (int64_t)gy_rng_below(&r, 50) - 25;
        CU_ASSERT_EQUAL_FATAL(gy_heap_push(&h, (struct gy_heap_entry){time, i, {.u64 = i}}), 0);
    }
    CU_ASSERT_TRUE(is_heap(&h));
    struct gy_heap_entry last = {INT64_MIN, 0, {0}}, e;
    size_t n = 0;
    while (gy_heap_get(&h) && gy_heap_pop(&h, &e)) {
        CU_ASSERT(e.time > last.time || (e.time == last.time && e.tie > last.tie));
        CU_ASSERT_EQUAL(e.u64, e.tie);
        last = e;
        n++;
    }
    CU_ASSERT_EQUAL(n, 2000);
    CU_ASSERT_FALSE(gy_heap_pop(&h, NULL));
    gy_heap_fini(&h);
}

static void removing_from_the_middle_keeps_the_order(void)
{
    struct gy_heap h = {0};
    struct gy_rng r;
    gy_rng_init(&r, 11);
    for (int round = 0; round < 200; round++) {
        for (uint64_t i = 0; i < 30; i++)
            gy_heap_push(&h, (struct gy_heap_entry){(int64_t)gy_rng_below(&r, 100), i, {0}});
        for (int i = 0; i < 15; i++) {
            struct gy_heap_entry e = h.entries[gy_rng_below(&r, h.n)];
            CU_ASSERT_TRUE(gy_heap_remove(&h, e.time, e.tie));
            CU_ASSERT_TRUE(is_heap(&h));
        }
        CU_ASSERT_EQUAL(h.n, 15);
        CU_ASSERT_FALSE(gy_heap_remove(&h, 1000, 0));
        while (gy_heap_pop(&h, NULL))
            ;
    }
    gy_heap_fini(&h);
}

static void a_push_without_memory_leaves_the_heap_as_it_was(void)
{
    struct gy_heap h = {0};
    CU_ASSERT_EQUAL(gy_heap_reserve(&h, 16), 0);
    size_t cap = h.cap;
    gy_mem_fail_after(1);
    for (uint64_t i = 0; i < cap; i++)
        CU_ASSERT_EQUAL(gy_heap_push(&h, (struct gy_heap_entry){5, i, {0}}), 0);
    CU_ASSERT_EQUAL(gy_heap_push(&h, (struct gy_heap_entry){1, 0, {0}}), -1);
    CU_ASSERT_EQUAL(h.n, cap);
    CU_ASSERT_EQUAL(gy_heap_get(&h)->time, 5);
    CU_ASSERT_EQUAL(gy_heap_reserve(&h, SIZE_MAX), -1);
    gy_heap_fini(&h);
}

struct item {
    int value;
    struct gy_list link;
};

static struct item *item_of(struct gy_list *link)
{
    return GY_CONTAINER_OF(link, struct item, link);
}

/* The values in order as a decimal number, walked both ways to see that both agree. */
static int digits(struct gy_list *head)
{
    int forward = 0, backward = 0, ten = 1;
    GY_LIST_FOR_EACH(it, head)
    forward = 10 * forward + item_of(it)->value;
    for (struct gy_list *it = head->prev; it != head; it = it->prev, ten *= 10)
        backward += ten * item_of(it)->value;
    return forward == backward ? forward : -1;
}

static void a_list_keeps_its_order_under_push_remove_and_append(void)
{
    struct gy_list a, b;
    struct item items[6];
    gy_list_init(&a);
    gy_list_init(&b);
    for (int i = 0; i < 6; i++)
        items[i].value = i + 1;
    CU_ASSERT_TRUE(gy_list_empty(&a));
    CU_ASSERT_PTR_NULL(gy_list_take_first(&a));
    gy_list_push_back(&a, &items[1].link);
    gy_list_push_back(&a, &items[2].link);
    gy_list_push_front(&a, &items[0].link);
    CU_ASSERT_EQUAL(digits(&a), 123);
    gy_list_append(&a, &b);
    CU_ASSERT_EQUAL(digits(&a), 123);
    gy_list_push_back(&b, &items[3].link);
    gy_list_push_back(&b, &items[4].link);
    gy_list_insert_after(&items[3].link, &items[5].link);
    gy_list_append(&a, &b);
    CU_ASSERT_TRUE(gy_list_empty(&b));
    CU_ASSERT_EQUAL(digits(&a), 123465);
    gy_list_remove(&items[2].link);
    gy_list_remove(&items[2].link);
    CU_ASSERT_EQUAL(digits(&a), 12465);
    CU_ASSERT_PTR_EQUAL(gy_list_take_first(&a), &items[0].link);
    CU_ASSERT_EQUAL(digits(&a), 2465);
}

static void a_safe_walk_may_remove_what_it_stands_on(void)
{
    struct gy_list head;
    struct item items[5];
    gy_list_init(&head);
    for (int i = 0; i < 5; i++) {
        items[i].value = i + 1;
        gy_list_push_back(&head, &items[i].link);
    }
    GY_LIST_FOR_EACH_SAFE(it, &head)
    {
        if (item_of(it)->value % 2 == 0)
            gy_list_remove(it);
    }
    CU_ASSERT_EQUAL(digits(&head), 135);
}

static const struct suite_test tests[] = {
    SUITE_TEST(entries_come_out_by_time_then_by_tie),
    SUITE_TEST(removing_from_the_middle_keeps_the_order),
    SUITE_TEST(a_push_without_memory_leaves_the_heap_as_it_was),
    SUITE_TEST(a_list_keeps_its_order_under_push_remove_and_append),
    SUITE_TEST(a_safe_walk_may_remove_what_it_stands_on),
};
SUITE_MAIN("base_queue", tests)
