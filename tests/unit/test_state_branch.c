/* Where the newest run of a folder began: what is read is what was written, or it is refused. */
#include "support/suite.h"

#include "state/branch.h"
#include "unit/snapshot_sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH SAMPLE_DIR "/branch"

static const struct gy_branch before = {.behind = 12, .from = 3};
static const struct gy_branch after = {.behind = 120, .from = 0};

static bool is_same(const struct gy_branch *a, const struct gy_branch *b)
{
    return a->behind == b->behind && a->from == b->from;
}

static uint64_t newest(struct sim_disk *sim, struct gyre_error *error)
{
    struct gy_manifest *manifest = gy_branch_newest(&sim->disk, SAMPLE_DIR, NULL, NULL, error);
    uint64_t id = manifest != NULL ? manifest->id : 0;
    gy_manifest_free(manifest);
    return id;
}

static void snapshots_that_a_run_has_left_are_not_found(void)
{
    struct gyre_error error = {.size = sizeof error};
    struct sim_disk *sim = sample_disk_with(4);
    struct gy_branch branch;
    CU_ASSERT_EQUAL(gy_branch_read(&sim->disk, SAMPLE_DIR, &branch, &error), 0);
    CU_ASSERT_EQUAL(branch.behind, 0);
    CU_ASSERT_EQUAL(newest(sim, &error), 4);
    branch = (struct gy_branch){.behind = 4, .from = 2};
    CU_ASSERT_EQUAL(gy_branch_write(&sim->disk, SAMPLE_DIR, &branch, &error), 0);
    CU_ASSERT_EQUAL(newest(sim, &error), 2);
    branch = (struct gy_branch){.behind = 4};
    CU_ASSERT_EQUAL(gy_branch_write(&sim->disk, SAMPLE_DIR, &branch, &error), 0);
    CU_ASSERT_EQUAL(newest(sim, &error), 0);
    CU_ASSERT_EQUAL(error.code, 0);
    CU_ASSERT_EQUAL_FATAL(sample_take_snapshot(&sim->disk, 5, &error), 0);
    CU_ASSERT_EQUAL(newest(sim, &error), 5);
    sim_disk_free(sim);
}

/* The power goes after each operation, or each fails: one or the other is read, and a later try works. */
static void whenever_the_power_goes_one_of_both_is_read(void)
{
    bool done = false;
    for (uint64_t k = 0; !done; k++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            struct gyre_error error = {.size = sizeof error};
            struct sim_disk *sim = sample_disk_with(1);
            struct gy_branch branch;
            CU_ASSERT_EQUAL(gy_branch_write(&sim->disk, SAMPLE_DIR, &before, &error), 0);
            if (seed % 2 == 0)
                sim_disk_stop_after(sim, k);
            else
                sim_disk_fail(sim, k + 1, EIO);
            bool written = gy_branch_write(&sim->disk, SAMPLE_DIR, &after, &error) == 0;
            done |= written && seed % 2 == 0;
            sim_disk_fail(sim, 0, 0);
            sim_disk_crash(sim, seed);
            CU_ASSERT_EQUAL(gy_branch_read(&sim->disk, SAMPLE_DIR, &branch, &error), 0);
            CU_ASSERT(is_same(&branch, &after) || (!written && is_same(&branch, &before)));
            CU_ASSERT_EQUAL(gy_branch_write(&sim->disk, SAMPLE_DIR, &after, &error), 0);
            CU_ASSERT_EQUAL(gy_branch_read(&sim->disk, SAMPLE_DIR, &branch, &error), 0);
            CU_ASSERT(is_same(&branch, &after));
            sim_disk_free(sim);
        }
    }
}

static void any_damage_is_refused(void)
{
    struct gyre_error error = {.size = sizeof error};
    struct sim_disk *sim = sample_disk_with(1);
    size_t n;
    CU_ASSERT_EQUAL(gy_branch_write(&sim->disk, SAMPLE_DIR, &before, &error), 0);
    const void *written = sim_disk_get(sim, PATH, &n);
    char *text = malloc(n);
    CU_ASSERT(n > 16);
    memcpy(text, written, n);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        struct gy_branch branch;
        text[bit / 8] ^= (char)(1 << bit % 8);
        sim_disk_put(sim, PATH, text, n);
        CU_ASSERT_EQUAL(gy_branch_read(&sim->disk, SAMPLE_DIR, &branch, &error), GYRE_ECORRUPT);
        CU_ASSERT(strncmp(error.text, PATH " is damaged", strlen(PATH " is damaged")) == 0);
        CU_ASSERT_EQUAL(newest(sim, &error), 0);
        CU_ASSERT_EQUAL(error.code, GYRE_ECORRUPT);
        text[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t length = 0; length < n; length++) {
        struct gy_branch branch;
        sim_disk_put(sim, PATH, text, length);
        CU_ASSERT_EQUAL(gy_branch_read(&sim->disk, SAMPLE_DIR, &branch, &error), GYRE_ECORRUPT);
    }
    free(text);
    sim_disk_free(sim);
}

static const struct suite_test tests[] = {
    SUITE_TEST(snapshots_that_a_run_has_left_are_not_found),
    SUITE_TEST(whenever_the_power_goes_one_of_both_is_read),
    SUITE_TEST(any_damage_is_refused),
};

SUITE_MAIN("state_branch", tests)
