/* Heap memory, growable arrays and the control plane's arena, with and without memory. */
#include "support/suite.h"

#include <stdint.h>
#include <string.h>

#include "base/arena_ctl.h"
#include "base/mem.h"
#include "base/vec.h"

static void alloc_is_zeroed_and_freed_blocks_are_not_counted_live(void)
{
    gy_mem_track(true);
    unsigned char *p = gy_alloc(1000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    int sum = 0;
    for (size_t i = 0; i < 1000; i++)
        sum += p[i];
    CU_ASSERT_EQUAL(sum, 0);
    CU_ASSERT(gy_mem_live_bytes() >= 1000);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 1);
    p = gy_realloc(p, 100000);
    CU_ASSERT(gy_mem_live_bytes() >= 100000);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 1);
    gy_free(p);
    CU_ASSERT_EQUAL(gy_mem_live_bytes(), 0);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static void sizes_that_overflow_are_refused(void)
{
    CU_ASSERT_PTR_NULL(gy_calloc(SIZE_MAX / 2, 3));
    CU_ASSERT_PTR_NULL(gy_realloc_array(NULL, SIZE_MAX / 2, 3));
    void *none = gy_calloc(0, 8), *empty = gy_alloc(0);
    CU_ASSERT_PTR_NOT_NULL(none);
    CU_ASSERT_PTR_NOT_NULL(empty);
    gy_free(none);
    gy_free(empty);
    gy_free(NULL);
}

static void aligned_memory_is_aligned_zeroed_and_wants_a_power_of_two(void)
{
    for (size_t align = 1; align <= 4096; align *= 2) {
        unsigned char *p = gy_alloc_aligned(100, align);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        CU_ASSERT_EQUAL((uintptr_t)p % align, 0);
        CU_ASSERT_EQUAL(p[0] + p[99], 0);
        gy_free(p);
    }
    unsigned char *huge = gy_alloc_huge(5000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(huge);
    CU_ASSERT_EQUAL((uintptr_t)huge % GY_HUGE_PAGE, 0);
    memset(huge, 1, 5000);
    gy_free(huge);
    CU_ASSERT_PTR_NULL(gy_alloc_aligned(100, 0));
    CU_ASSERT_PTR_NULL(gy_alloc_aligned(100, 3));
    CU_ASSERT_PTR_NULL(gy_alloc_aligned(100, 48));
}

static void exactly_the_kth_allocation_fails(void)
{
    gy_mem_fail_after(3);
    void *a = gy_alloc(1);
    char *b = gy_strdup("b");
    CU_ASSERT_FALSE(gy_mem_fail_hit());
    char *c = gy_printf("%d", 1);
    CU_ASSERT_TRUE(gy_mem_fail_hit());
    void *d = gy_alloc_aligned(8, 64);
    CU_ASSERT(a && b && !c && d);
    void *kept = a;
    gy_mem_fail_after(1);
    CU_ASSERT_PTR_NULL(gy_realloc(kept, 100));
    gy_mem_fail_after(1);
    gy_mem_fail_after(0);
    CU_ASSERT_FALSE(gy_mem_fail_hit());
    c = gy_strndup("abcdef", 3);
    CU_ASSERT_STRING_EQUAL_FATAL(c, "abc");
    gy_free(a);
    gy_free(b);
    gy_free(c);
    gy_free(d);
}

static void vec_grows_keeps_its_content_and_survives_want_of_memory(void)
{
    GY_VEC(int) v = {0};
    for (int i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL_FATAL(gy_vec_push(&v, i), 0);
    int wrong = 0;
    for (int i = 0; i < 1000; i++)
        wrong += v.items[i] != i;
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(gy_vec_pop(&v), 999);
    CU_ASSERT_EQUAL(v.n, 999);
    gy_mem_fail_after(1);
    CU_ASSERT_EQUAL(gy_vec_reserve(&v, 100000), -1);
    CU_ASSERT_EQUAL(v.n, 999);
    CU_ASSERT_EQUAL(v.items[998], 998);
    CU_ASSERT_EQUAL(gy_vec_reserve(&v, SIZE_MAX), -1);
    gy_vec_fini(&v);
    CU_ASSERT(v.items == NULL && v.n == 0 && v.cap == 0);
}

static void vec_takes_structs_and_evaluates_the_value_once(void)
{
    struct pair {
        int a, b;
    };
    GY_VEC(struct pair) v = {0};
    int calls = 0;
    CU_ASSERT_EQUAL(gy_vec_push(&v, (struct pair){++calls, 2}), 0);
    CU_ASSERT_EQUAL(gy_vec_push(&v, (struct pair){++calls, 3}), 0);
    CU_ASSERT_EQUAL(calls, 2);
    CU_ASSERT_EQUAL(v.items[1].b, 3);
    gy_vec_fini(&v);
}

static void arena_blocks_are_aligned_zeroed_apart_and_freed_at_once(void)
{
    gy_mem_track(true);
    struct gy_arena_ctl a;
    gy_arena_ctl_init(&a);
    for (size_t size = 0; size < 5000; size += 7) {
        unsigned char *p = gy_arena_ctl_alloc(&a, size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        CU_ASSERT_EQUAL((uintptr_t)p % _Alignof(max_align_t), 0);
        CU_ASSERT(size == 0 || (p[0] == 0 && p[size - 1] == 0));
        memset(p, 0xff, size);
    }
    CU_ASSERT_PTR_NOT_NULL(gy_arena_ctl_alloc(&a, 10000000));
    CU_ASSERT_STRING_EQUAL(gy_arena_ctl_strdup(&a, "word"), "word");
    CU_ASSERT_STRING_EQUAL(gy_arena_ctl_strndup(&a, "word", 2), "wo");
    CU_ASSERT_STRING_EQUAL(gy_arena_ctl_printf(&a, "%s:%d", "f", 3), "f:3");
    CU_ASSERT_PTR_NULL(gy_arena_ctl_strdup(&a, NULL));
    CU_ASSERT_FALSE(a.oom);
    gy_arena_ctl_fini(&a);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static void arena_remembers_that_memory_ran_out(void)
{
    struct gy_arena_ctl a = {0};
    gy_mem_fail_after(1);
    CU_ASSERT_PTR_NULL(gy_arena_ctl_strdup(&a, "x"));
    CU_ASSERT_TRUE(a.oom);
    CU_ASSERT_PTR_NULL(gy_arena_ctl_alloc(&a, 1));
    gy_arena_ctl_fini(&a);
    CU_ASSERT_FALSE(a.oom);
    CU_ASSERT_PTR_NULL(gy_arena_ctl_calloc(&a, SIZE_MAX, 2));
    CU_ASSERT_TRUE(a.oom);
    gy_arena_ctl_fini(&a);
    CU_ASSERT_PTR_NULL(gy_arena_ctl_alloc(&a, SIZE_MAX - 3));
    CU_ASSERT_TRUE(a.oom);
    gy_arena_ctl_fini(&a);
}

static const struct suite_test tests[] = {
    SUITE_TEST(alloc_is_zeroed_and_freed_blocks_are_not_counted_live),
    SUITE_TEST(sizes_that_overflow_are_refused),
    SUITE_TEST(aligned_memory_is_aligned_zeroed_and_wants_a_power_of_two),
    SUITE_TEST(exactly_the_kth_allocation_fails),
    SUITE_TEST(vec_grows_keeps_its_content_and_survives_want_of_memory),
    SUITE_TEST(vec_takes_structs_and_evaluates_the_value_once),
    SUITE_TEST(arena_blocks_are_aligned_zeroed_apart_and_freed_at_once),
    SUITE_TEST(arena_remembers_that_memory_ran_out),
};
SUITE_MAIN("base_mem", tests)
