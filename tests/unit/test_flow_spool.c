/* Spools: what was put is taken in its order, through memory and files, within their bounds; whatever fails is
 * told, and nothing is lost. Logs are in test_flow_spool_log.c. */
#include "support/suite.h"

#include "base/mem.h"
#include "unit/spool_rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- order ---- */

/* What a seed does: puts and takes in phases, so that the spool fills and empties. */
static void work(struct spool_rig *rig, uint64_t steps)
{
    uint64_t puts = 5;
    for (uint64_t i = 0; i < steps; i++) {
        struct gy_spool *spool = gy_rng_below(&rig->rng, 3) == 0 ? &rig->next : &rig->now;
        if (gy_rng_below(&rig->rng, 50) == 0)
            puts = 1 + gy_rng_below(&rig->rng, 9);
        if (gy_rng_below(&rig->rng, 40) == 0)
            spool_rig_splice(rig);
        else if (gy_rng_below(&rig->rng, 10) >= puts)
            spool_rig_take(rig, spool);
        else
            CU_ASSERT_EQUAL_FATAL(spool_rig_put(rig, spool, false), 0);
    }
}

static void messages_are_taken_in_the_order_in_which_they_were_put(void)
{
    static const uint64_t memory[] = {0, 3000, 20000, 100000, 1 << 20, UINT64_MAX};
    uint64_t files = 0;
    for (uint64_t seed = 0; seed < 120; seed++) {
        struct spool_rig rig;
        spool_rig_init(&rig, seed, memory[seed % 6], seed % 4 == 0 ? 0 : 200u << seed % 7);
        work(&rig, 1500);
        files += rig.spill.n_files;
        while (spool_rig_take(&rig, &rig.now) || spool_rig_take(&rig, &rig.next))
            ;
        CU_ASSERT_EQUAL(rig.spill.bytes_disk, 0);
        CU_ASSERT_EQUAL(rig.now.rows + rig.next.rows, 0);
        CU_ASSERT_EQUAL(rig.now.rows_put + rig.next.rows_put, (uint64_t)rig.id);
        CU_ASSERT_EQUAL(rig.now.rows_taken + rig.next.rows_taken, (uint64_t)rig.id);
        CU_ASSERT_EQUAL(rig.now.n_put + rig.next.n_put, rig.now.n_taken + rig.next.n_taken);
        spool_rig_fini(&rig);
    }
    CU_ASSERT(files > 1000);
}

static size_t n_files(struct spool_rig *rig, const char *folder)
{
    struct gy_names names;
    CU_ASSERT_EQUAL_FATAL(rig->disk->list(rig->disk, folder, &names), 0);
    size_t n = names.v.n;
    gy_names_fini(&names);
    return n;
}

static void no_file_is_left_behind(void)
{
    struct spool_rig rig;
    spool_rig_init(&rig, 1, 30000, 2000);
    for (int i = 0; i < 500; i++)
        spool_rig_put(&rig, i % 2 == 0 ? &rig.now : &rig.next, false);
    CU_ASSERT(n_files(&rig, SPOOL_FOLDER) > 10);
    while (spool_rig_take(&rig, &rig.now))
        ;
    CU_ASSERT(n_files(&rig, SPOOL_FOLDER) > 0);
    gy_spool_fini(&rig.next);
    gy_spool_init(&rig.next, &rig.spill, 1);
    CU_ASSERT_EQUAL(n_files(&rig, SPOOL_FOLDER), 0);
    spool_rig_fini(&rig);
}

static void a_few_messages_pass_without_a_file_or_a_copy(void)
{
    struct spool_rig rig;
    spool_rig_init(&rig, 1, 1 << 20, 0);
    for (int i = 0; i < 2000; i++) {
        for (int k = 0; k < 5; k++)
            spool_rig_put(&rig, &rig.now, false);
        struct gy_message *message = gy_spool_take(&rig.now);
        CU_ASSERT_PTR_EQUAL_FATAL(message->block->owner, &rig.edges[message->entry / 2].channel);
        gy_message_drop(message);
        rig.in_now.at++;
        for (int k = 0; k < 4; k++)
            spool_rig_take(&rig, &rig.now);
    }
    CU_ASSERT_EQUAL(rig.sim->n_ops, 3); /* the folders */
    spool_rig_fini(&rig);
}

/* Nothing is allocated per message that passes through a short queue. */
static void a_short_queue_allocates_nothing(void)
{
    struct spool_rig rig;
    spool_rig_init(&rig, 1, 1 << 20, 0);
    struct gy_message *message = rows_make(&rig.edges[1], 0, 3);
    message->entry = 2;
    CU_ASSERT_EQUAL(gy_spool_put(&rig.now, message, false), 0);
    gy_mem_fail_after(1);
    for (int i = 0; i < 100; i++) {
        message = gy_spool_take(&rig.now);
        CU_ASSERT_PTR_NOT_NULL_FATAL(message);
        CU_ASSERT_EQUAL_FATAL(gy_spool_put(&rig.now, message, false), 0);
    }
    CU_ASSERT_FALSE(gy_mem_fail_hit());
    gy_mem_fail_after(0);
    spool_rig_fini(&rig);
}

/* ---- bounds ---- */

static void memory_stays_within_its_bound(void)
{
    enum { BOUND = 400000, A_MESSAGE = 40000 };
    struct spool_rig rig;
    spool_rig_init(&rig, 7, BOUND, 0);
    uint64_t most = 0;
    for (int i = 0; i < 4000; i++) {
        spool_rig_put(&rig, &rig.now, false);
        if (i % 3 == 0)
            spool_rig_take(&rig, &rig.now);
        most = rig.spill.bytes_memory > most ? rig.spill.bytes_memory : most;
    }
    while (spool_rig_take(&rig, &rig.now))
        most = rig.spill.bytes_memory > most ? rig.spill.bytes_memory : most;
    printf("   at most %llu bytes in memory, %llu files\n", (unsigned long long)most,
           (unsigned long long)rig.spill.n_files);
    CU_ASSERT(most <= BOUND + A_MESSAGE);
    CU_ASSERT(rig.spill.n_files > 5);
    spool_rig_fini(&rig);
}

static void the_bound_on_disk_is_told_and_kept(void)
{
    struct spool_rig rig;
    spool_rig_init(&rig, 3, 0, 5000);
    rig.spill.config.disk_max = 60000;
    int code = 0;
    for (int i = 0; code == 0 && i < 100000; i++)
        code = spool_rig_put(&rig, &rig.now, false);
    CU_ASSERT_EQUAL(code, GYRE_EFAIL);
    CU_ASSERT(rig.spill.is_full);
    CU_ASSERT(rig.spill.bytes_disk > 30000 && rig.spill.bytes_disk <= 60000);
    CU_ASSERT_STRING_EQUAL(rig.spill.error.text, "the rows that wait in a loop take more than the "
                                                 "60000 bytes that they may on disk");
    CU_ASSERT_EQUAL(spool_rig_put(&rig, &rig.now, false), GYRE_EFAIL);
    CU_ASSERT_PTR_NULL(gy_spool_take(&rig.now));
    spool_rig_fini(&rig);
}

static void a_disk_without_space_is_told(void)
{
    struct spool_rig rig;
    spool_rig_init(&rig, 3, 0, 5000);
    sim_disk_set_space(rig.sim, 40000);
    int code = 0;
    for (int i = 0; code == 0 && i < 100000; i++)
        code = spool_rig_put(&rig, &rig.now, false);
    CU_ASSERT_EQUAL(code, GYRE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(rig.spill.error.text, "cannot write " SPOOL_FOLDER "/step-0-"));
    CU_ASSERT_PTR_NOT_NULL(strstr(rig.spill.error.text, strerror(ENOSPC)));
    spool_rig_fini(&rig);
}

/* ---- failures ---- */

/* Fills, splices, empties; the code of the first failure. What was taken before it was right. */
static int fill_and_empty(struct spool_rig *rig)
{
    int code = 0;
    for (int i = 0; code == 0 && i < 60; i++)
        code = spool_rig_put(rig, i % 3 == 0 ? &rig->next : &rig->now, false);
    spool_rig_splice(rig);
    while (spool_rig_take(rig, &rig->now))
        ;
    return rig->spill.error.code;
}

static void each_operation_of_the_disk_may_fail(void)
{
    uint64_t told = 0;
    bool hit = true;
    for (uint64_t k = 1; hit; k++) {
        struct spool_rig rig;
        spool_rig_init(&rig, 5, 0, 3000);
        sim_disk_fail(rig.sim, k, EIO);
        int code = fill_and_empty(&rig);
        hit = sim_disk_failed(rig.sim);
        CU_ASSERT(code == 0 || (hit && code == GYRE_EIO));
        CU_ASSERT(code != 0 || rig.in_now.at == rig.in_now.v.n);
        CU_ASSERT(code == 0 || strstr(rig.spill.error.text, SPOOL_FOLDER) != NULL);
        told += code != 0;
        spool_rig_fini(&rig);
    }
    CU_ASSERT(told > 20);
}

static void each_allocation_may_fail(void)
{
    uint64_t told = 0;
    bool hit = true;
    for (uint64_t k = 1; hit; k++) {
        struct spool_rig rig;
        spool_rig_init(&rig, 5, 20000, 3000);
        struct gy_message *messages[60];
        gy_mem_track(true);
        for (int i = 0; i < 60; i++) {
            messages[i] = rows_make(&rig.edges[i % 2], i * 50, 40);
            messages[i]->entry = 2 * (uint32_t)(i % 2);
        }
        gy_mem_fail_after(k);
        int taken = 0;
        for (int i = 0; i < 60; i++)
            gy_spool_put(&rig.now, messages[i], false);
        struct gy_message *message;
        while ((message = gy_spool_take(&rig.now)) != NULL) {
            gy_mem_fail_after(0);
            CU_ASSERT_EQUAL(rows_first(&rig.edges[taken % 2], message), taken * 50);
            gy_message_drop(message);
            taken++;
        }
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT(hit || rig.spill.error.code == 0);
        CU_ASSERT(rig.spill.error.code == 0 || rig.spill.error.code == GYRE_ENOMEM);
        CU_ASSERT_EQUAL(rig.spill.error.code == 0, taken == 60);
        told += rig.spill.error.code != 0;
        spool_rig_fini(&rig);
    }
    CU_ASSERT(told > 20);
}

/* Files that are changed, cut or gone are told, and nothing is taken from them. */
static void a_file_that_was_damaged_is_told(void)
{
    for (int how = 0; how < 4; how++) {
        struct spool_rig rig;
        size_t n;
        spool_rig_init(&rig, 9, 0, 3000);
        while (rig.spill.n_files < 3)
            spool_rig_put(&rig, &rig.now, false);
        static const char path[] = SPOOL_FOLDER "/step-0-2.rows";
        const uint8_t *bytes = sim_disk_get(rig.sim, path, &n);
        CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
        uint8_t *changed = gy_alloc(n + 1);
        memcpy(changed, bytes, n);
        changed[n / 2] ^= how == 0;
        if (how < 3)
            sim_disk_put(rig.sim, path, changed, how == 1 ? n - 1 : how == 2 ? n + 1 : n);
        else
            sim_disk_drop(rig.sim, path);
        gy_free(changed);
        while (spool_rig_take(&rig, &rig.now))
            ;
        CU_ASSERT_EQUAL(rig.spill.error.code, how < 3 ? GYRE_ECORRUPT : GYRE_EIO);
        CU_ASSERT_PTR_NOT_NULL(strstr(rig.spill.error.text, path));
        CU_ASSERT(rig.in_now.at > 0 && rig.in_now.at < rig.in_now.v.n);
        spool_rig_fini(&rig);
    }
}

static const struct suite_test tests[] = {
    SUITE_TEST(messages_are_taken_in_the_order_in_which_they_were_put),
    SUITE_TEST(no_file_is_left_behind),
    SUITE_TEST(a_few_messages_pass_without_a_file_or_a_copy),
    SUITE_TEST(a_short_queue_allocates_nothing),
    SUITE_TEST(memory_stays_within_its_bound),
    SUITE_TEST(the_bound_on_disk_is_told_and_kept),
    SUITE_TEST(a_disk_without_space_is_told),
    SUITE_TEST(each_operation_of_the_disk_may_fail),
    SUITE_TEST(each_allocation_may_fail),
    SUITE_TEST(a_file_that_was_damaged_is_told),
};
SUITE_MAIN("flow_spool", tests)
