/* Snapshots on disks that are full or broken, and whose power goes at any operation. */
#include "support/suite.h"

#include "base/rng.h"
#include "support/files.h"
#include "unit/snapshot_sample.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- broken disks ---- */

static char last_failure[GYRE_ERROR_TEXT];

/* Takes snapshots 1 to 5, two kept, as a job does; `good` is the last whose publishing said 0. */
static void run_job(struct gy_disk *disk, uint64_t *good, uint32_t *n_failed)
{
    struct gyre_error error = {.size = sizeof error};
    uint64_t last;
    *good = *n_failed = 0;
    for (int tries = 0; gy_snapshots_prepare(disk, SAMPLE_DIR, &last, &error) != 0; tries++) {
        CU_ASSERT(error.text[0] != '\0');
        ++*n_failed;
        if (tries == 2)
            return;
    }
    for (uint64_t id = last + 1; id <= last + 5; id++) {
        error = (struct gyre_error){.size = sizeof error};
        int code = sample_take_snapshot(disk, id, &error);
        if (code == 0) {
            *good = id;
            code = gy_snapshots_trim(disk, SAMPLE_DIR, 2, id, id < last + 5 ? id + 1 : 0, &error);
        }
        if (code != 0) {
            ++*n_failed;
            snprintf(last_failure, sizeof last_failure, "%s", error.text);
            CU_ASSERT_EQUAL(error.code, code);
            CU_ASSERT(strncmp(error.text, "cannot ", 7) == 0);
            CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "snap"));
        }
    }
}

static uint64_t count_operations(void)
{
    struct sim_disk *sim = sim_disk_new(1);
    uint64_t good;
    uint32_t n_failed;
    run_job(&sim->disk, &good, &n_failed);
    uint64_t n = sim->n_ops;
    CU_ASSERT_EQUAL(good, 5);
    CU_ASSERT_EQUAL(n_failed, 0);
    sim_disk_free(sim);
    return n;
}

/* Every folder that has a snapshot's name is a whole one, and the newest is at least `good`. */
static void expect_whole(struct sim_disk *sim, uint64_t good, uint64_t cut, uint64_t seed)
{
    struct sample_told t;
    struct gy_snapshot_ids ids;
    struct gyre_error error = {.size = sizeof error};
    int64_t id = sample_newest(&sim->disk, 1, &t);
    bool fine = id >= (int64_t)good || (id < 0 && good == 0);
    if (gy_snapshots_list(&sim->disk, SAMPLE_DIR, &ids, &error) != 0)
        ids = (struct gy_snapshot_ids){0};
    for (size_t i = 0; fine && i < ids.v.n; i++) {
        char *path = text_format(SAMPLE_DIR "/%llu", (unsigned long long)ids.v.items[i]);
        struct gy_manifest *manifest = gy_snapshot_read(&sim->disk, path, &error);
        fine = manifest != NULL && gy_snapshot_verify(&sim->disk, manifest, &error) == 0;
        gy_manifest_free(manifest);
        free(path);
    }
    gy_vec_fini(&ids.v);
    if (!fine)
        printf("  cut after %llu (or its failure), seed %llu: %lld found, %llu good; %s; %s\n",
               (unsigned long long)cut, (unsigned long long)seed, (long long)id,
               (unsigned long long)good, t.text, error.text);
    CU_ASSERT_FATAL(fine);
}

static void any_operation_may_fail_and_the_last_good_snapshot_stays(void)
{
    static const int errors[] = {EIO, ENOSPC, EROFS};
    uint64_t n = count_operations();
    struct sample_told t;
    for (size_t e = 0; e < 3; e++)
        for (uint64_t k = 1; k <= n; k++)
            for (uint64_t seed = 0; seed < suite_share(4); seed++) {
                struct sim_disk *sim = sim_disk_new(k);
                uint64_t good;
                uint32_t n_failed;
                sim_disk_fail(sim, k, errors[e]);
                run_job(&sim->disk, &good, &n_failed);
                CU_ASSERT(n_failed <= 2);
                CU_ASSERT(good == 5 || (good == 4 && n_failed == 1));
                CU_ASSERT_EQUAL(sim->n_open, 0);
                sim_disk_fail(sim, 0, 0);
                CU_ASSERT(sample_newest(&sim->disk, 1, &t) >= (int64_t)good);
                sim_disk_crash(sim, seed);
                CU_ASSERT(sample_newest(&sim->disk, 1, &t) >= (int64_t)good);
                CU_ASSERT_EQUAL(t.n, 0);
                expect_whole(sim, good, k, seed);
                sim_disk_free(sim);
            }
}

static void a_full_disk_fails_snapshots_and_keeps_the_last(void)
{
    struct sample_told t;
    for (size_t space = 0; space < 8000; space += 37) {
        struct sim_disk *sim = sample_disk_with(2);
        struct gyre_error error = {.size = sizeof error};
        sim_disk_set_space(sim, space);
        uint64_t id = 3;
        while (sample_take_snapshot(&sim->disk, id, &error) == 0)
            id++;
        CU_ASSERT_EQUAL(error.code, GYRE_EIO);
        const char *reason = strstr(error.text, ": No space left on device");
        CU_ASSERT(reason != NULL && strncmp(error.text, "cannot ", 7) == 0);
        CU_ASSERT_EQUAL(sample_newest(&sim->disk, 1, &t), (int64_t)id - 1);
        CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, SAMPLE_DIR, 1, id, id + 1, &error), 0);
        sim_disk_set_space(sim, 8000);
        CU_ASSERT_EQUAL(sample_take_snapshot(&sim->disk, id + 1, &error), 0);
        sample_expect_newest(sim, (int64_t)id + 1, "");
        sim_disk_free(sim);
    }
}

static void a_read_only_disk_is_told_and_read(void)
{
    struct sim_disk *sim = sample_disk_with(2);
    struct gyre_error error = {.size = sizeof error};
    sim->read_only = true;
    CU_ASSERT_EQUAL(sample_take_snapshot(&sim->disk, 3, &error), GYRE_EIO);
    sample_expect_text(error.text,
                       "cannot make the folder " SAMPLE_DIR "/.3: Read-only file system");
    CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, SAMPLE_DIR, 1, 9, 3, &error), GYRE_EIO);
    sample_expect_text(error.text, "cannot rename " SAMPLE_DIR "/1: Read-only file system");
    sample_expect_newest(sim, 2, "");
    sim->read_only = false;
    CU_ASSERT_EQUAL(sample_take_snapshot(&sim->disk, 3, &error), 0);
    sample_expect_newest(sim, 3, "");
    sim_disk_free(sim);
}

static void snapshots_are_taken_on_the_real_disk(void)
{
    char *folder = dir_temp();
    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
    uint64_t good;
    uint32_t n_failed;
    struct sample_told t;
    run_job(gy_disk_real(), &good, &n_failed);
    CU_ASSERT_EQUAL(good, 5);
    CU_ASSERT_EQUAL(n_failed, 0);
    CU_ASSERT_EQUAL(dir_count(SAMPLE_DIR), 2 + 1); /* and the folder of what waits */
    CU_ASSERT_EQUAL(sample_newest(gy_disk_real(), 1, &t), 5);
    run_job(gy_disk_real(), &good, &n_failed);
    CU_ASSERT_EQUAL(sample_newest(gy_disk_real(), 1, &t), 10);
    CU_ASSERT_EQUAL(chdir("/"), 0);
    dir_remove(folder);
    free(folder);
}

/* ---- power cuts ---- */

static void after_a_power_cut_anywhere_the_last_good_snapshot_is_there(void)
{
    uint64_t n = count_operations();
    for (uint64_t cut = 0; cut <= n; cut++)
        for (uint64_t seed = 0; seed < suite_share(40); seed++) {
            struct sim_disk *sim = sim_disk_new(seed);
            uint64_t good, again;
            uint32_t n_failed;
            sim_disk_stop_after(sim, cut);
            run_job(&sim->disk, &good, &n_failed);
            sim_disk_crash(sim, seed);
            expect_whole(sim, good, cut, seed);
            /* The next run goes on, is cut off as well, and the one after it is not. */
            uint64_t second = gy_rng_mix(cut * 100 + seed) % (n + 4);
            sim_disk_stop_after(sim, second);
            run_job(&sim->disk, &again, &n_failed);
            sim_disk_crash(sim, seed + 1);
            expect_whole(sim, again > good ? again : good, cut, seed);
            run_job(&sim->disk, &again, &n_failed);
            if (n_failed > 0)
                printf("  cuts after %llu and %llu, seed %llu: %s\n", (unsigned long long)cut,
                       (unsigned long long)second, (unsigned long long)seed, last_failure);
            CU_ASSERT_EQUAL(n_failed, 0);
            sim_disk_crash(sim, 0);
            expect_whole(sim, again, cut, seed);
            sim_disk_free(sim);
        }
}

/* A process that is killed, and the power that goes while the next one tidies up. */
static void a_kill_and_then_a_power_cut_leave_whole_snapshots(void)
{
    uint64_t n = count_operations();
    for (uint64_t killed = 0; killed <= n; killed++)
        for (uint64_t cut = 0; cut < 24; cut++)
            for (uint64_t seed = 0; seed < suite_share(6); seed++) {
                struct sim_disk *sim = sim_disk_new(seed);
                uint64_t good, last;
                uint32_t n_failed;
                sim_disk_stop_after(sim, killed);
                run_job(&sim->disk, &good, &n_failed);
                sim->stop_at = 0; /* what was not synced is still there */
                sim_disk_stop_after(sim, cut);
                gy_snapshots_prepare(&sim->disk, SAMPLE_DIR, &last, NULL);
                if (sim->n_ops < sim->stop_at)
                    cut = 24; /* it came to its end */
                sim_disk_crash(sim, seed);
                expect_whole(sim, good, killed, seed);
                sim_disk_free(sim);
            }
}

/* The same, and the next process acts on the newest snapshot that it sees, as a restore does when it
 * commits what was pending: from then on the snapshot must be there. */
static void a_snapshot_that_was_acted_on_outlasts_a_power_cut(void)
{
    uint64_t n = count_operations();
    for (uint64_t killed = 0; killed <= n; killed++)
        for (uint64_t seed = 0; seed < suite_share(8); seed++) {
            struct sim_disk *sim = sim_disk_new(seed);
            struct sample_told t;
            uint64_t good, last;
            uint32_t n_failed;
            sim_disk_stop_after(sim, killed);
            run_job(&sim->disk, &good, &n_failed);
            sim->stop_at = 0; /* what was not synced is still there */
            CU_ASSERT_EQUAL_FATAL(gy_snapshots_prepare(&sim->disk, SAMPLE_DIR, &last, NULL), 0);
            int64_t acted = sample_newest(&sim->disk, 1, &t);
            CU_ASSERT_FATAL(acted >= (int64_t)good);
            sim_disk_crash(sim, seed);
            expect_whole(sim, (uint64_t)acted, killed, seed);
            sim_disk_free(sim);
        }
}

/* Where it cannot be made sure of, nothing may be acted on. */
static void a_folder_whose_names_cannot_be_synced_is_refused(void)
{
    struct gyre_error error = {.size = sizeof error};
    for (uint64_t k = 1, failed = 1; failed; k++) {
        struct sim_disk *sim = sample_disk_with(2);
        uint64_t last;
        sim_disk_fail(sim, k, EIO);
        int code = gy_snapshots_prepare(&sim->disk, SAMPLE_DIR, &last, &error);
        failed = sim_disk_failed(sim);
        CU_ASSERT_EQUAL(code, failed ? GYRE_EIO : 0);
        CU_ASSERT(failed ||
                  k == 5 + 3); /* make, sync of the parent, sync, list, and of .rows: list,
                                            remove the file, remove */
        sim_disk_free(sim);
    }
}

static const struct suite_test tests[] = {
    SUITE_TEST(snapshots_are_taken_on_the_real_disk),
    SUITE_TEST(any_operation_may_fail_and_the_last_good_snapshot_stays),
    SUITE_TEST(a_full_disk_fails_snapshots_and_keeps_the_last),
    SUITE_TEST(a_read_only_disk_is_told_and_read),
    SUITE_TEST_WITHIN(after_a_power_cut_anywhere_the_last_good_snapshot_is_there, 120),
    SUITE_TEST_WITHIN(a_kill_and_then_a_power_cut_leave_whole_snapshots, 120),
    SUITE_TEST_WITHIN(a_snapshot_that_was_acted_on_outlasts_a_power_cut, 120),
    SUITE_TEST(a_folder_whose_names_cannot_be_synced_is_refused),
};
SUITE_MAIN("state_disk", tests)
