/* The log of a spool: a snapshot has what waited, once, whatever is taken, put and moved meanwhile; files are
 * named in it and not copied, where that can be. */
#include "support/suite.h"

#include "base/mem.h"
#include "support/files.h"
#include "unit/spool_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void fill(struct spool_rig *rig, int n)
{
    for (int i = 0; i < n; i++)
        CU_ASSERT_EQUAL_FATAL(spool_rig_put(rig, i % 3 == 0 ? &rig->next : &rig->now, false), 0);
}

/* Something random while a log is open. `late`: feedback that came before the barrier may still come. */
static void step(struct spool_rig *rig, bool late)
{
    struct gy_spool *spool = gy_rng_below(&rig->rng, 3) == 0 ? &rig->next : &rig->now;
    switch (gy_rng_below(&rig->rng, 8)) {
    case 0: gy_spool_log(spool, gy_rng_below(&rig->rng, 3000)); break;
    case 1:
        if (!late)
            spool_rig_splice(rig);
        break;
    case 2:
    case 3:
        CU_ASSERT_EQUAL(spool_rig_put(rig, spool, late && gy_rng_below(&rig->rng, 2) == 0), 0);
        break;
    default: spool_rig_take(rig, spool);
    }
}

static size_t count_links(const struct spool_rig *rig)
{
    size_t n = 0;
    for (size_t i = 0; i < rig->sim->n_log; i++)
        n += strstr(rig->sim->log[i], " link ") != NULL;
    return n;
}

static void a_log_has_what_waited_once_whatever_happens_meanwhile(void)
{
    static const uint64_t memory[] = {0, 20000, 100000, 1 << 20};
    uint64_t files = 0;
    for (uint64_t seed = 0; seed < 150; seed++) {
        struct spool_rig rig;
        spool_rig_init(&rig, seed, memory[seed % 4], 500u << seed % 5);
        fill(&rig, (int)gy_rng_below(&rig.rng, 200));
        for (int epoch = 0; epoch < 5; epoch++) {
            spool_rig_log_begin(&rig, gy_rng_below(&rig.rng, 4) == 0);
            for (uint64_t i = gy_rng_below(&rig.rng, 80); i > 0; i--)
                step(&rig, true);
            for (uint64_t i = gy_rng_below(&rig.rng, 80); i > 0; i--)
                step(&rig, false);
            CU_ASSERT_FATAL(spool_rig_log_end(&rig));
            files += rig.task.n_files;
            spool_rig_compare_log(&rig);
            for (uint64_t i = gy_rng_below(&rig.rng, 80); i > 0; i--)
                step(&rig, false);
        }
        while (spool_rig_take(&rig, &rig.now) || spool_rig_take(&rig, &rig.next))
            ;
        spool_rig_fini(&rig);
    }
    CU_ASSERT(files > 500);
}

static void a_log_of_nothing_is_empty(void)
{
    struct spool_rig rig;
    spool_rig_init(&rig, 1, 0, 500);
    spool_rig_log_begin(&rig, false);
    CU_ASSERT_FALSE(gy_spool_log(&rig.now, SIZE_MAX));
    CU_ASSERT_FATAL(spool_rig_log_end(&rig));
    CU_ASSERT_EQUAL(rig.part.total, 0);
    CU_ASSERT_EQUAL(rig.task.n_files, 0);
    spool_rig_compare_log(&rig);
    spool_rig_fini(&rig);
}

static void a_slice_of_a_log_is_about_as_long_as_it_may_be(void)
{
    struct spool_rig rig;
    spool_rig_init(&rig, 1, UINT64_MAX, 0);
    fill(&rig, 1000);
    spool_rig_log_begin(&rig, false);
    uint64_t before = gy_part_bytes(&rig.part), slices = 0;
    while (gy_spool_log(&rig.now, 10000)) {
        uint64_t bytes = gy_part_bytes(&rig.part) - before;
        CU_ASSERT(bytes < 60000); /* a message more, and its description */
        before += bytes;
        slices++;
    }
    CU_ASSERT(slices > 5);
    CU_ASSERT_FATAL(spool_rig_log_end(&rig));
    spool_rig_compare_log(&rig);
    spool_rig_fini(&rig);
}

/* ---- files ---- */

static void files_are_linked_and_only_what_is_in_memory_is_copied(void)
{
    struct spool_rig rig;
    spool_rig_init(&rig, 2, 0, 4000);
    fill(&rig, 400);
    uint64_t n = rig.spill.n_files, ops = rig.sim->n_ops;
    CU_ASSERT(n > 10);
    spool_rig_log_begin(&rig, false);
    CU_ASSERT_FATAL(spool_rig_log_end(&rig));
    CU_ASSERT_EQUAL(rig.task.n_files, n);
    CU_ASSERT_EQUAL(rig.sim->n_ops - ops, n); /* links, and nothing else */
    CU_ASSERT_EQUAL(count_links(&rig), n);
    CU_ASSERT(rig.state.len < 20000);
    for (uint32_t f = 0; f < n; f++) {
        char *path = text_format(SPOOL_SNAPSHOT "/%s", rig.task.files[f].name);
        size_t size;
        const void *bytes = sim_disk_get(rig.sim, path, &size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
        CU_ASSERT_EQUAL(size, rig.task.files[f].bytes);
        CU_ASSERT_EQUAL(gy_checksum(bytes, size), rig.task.files[f].checksum);
        free(path);
    }
    spool_rig_compare_log(&rig);
    while (spool_rig_take(&rig, &rig.now) || spool_rig_take(&rig, &rig.next))
        ;
    rig.logged[0].at = rig.logged[1].at = 0;
    spool_rig_compare_log(&rig); /* the spool's own names are gone */
    spool_rig_fini(&rig);
}

static void a_file_that_cannot_be_linked_is_copied(void)
{
    static const int errors[] = {EXDEV, EPERM, EMLINK, EOPNOTSUPP};
    for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
        struct spool_rig rig;
        spool_rig_init(&rig, 2, 0, 4000);
        fill(&rig, 400);
        spool_rig_log_begin(&rig, false);
        sim_disk_fail(rig.sim, 1, errors[e]);
        CU_ASSERT_FATAL(spool_rig_log_end(&rig));
        CU_ASSERT(sim_disk_failed(rig.sim));
        CU_ASSERT_EQUAL(count_links(&rig), rig.spill.n_files);
        spool_rig_compare_log(&rig);
        spool_rig_fini(&rig);
    }
}

/* An older snapshot's folder may have files of these names: they make room, whoever else has them. */
static void a_name_that_is_taken_makes_room(void)
{
    struct spool_rig rig;
    spool_rig_init(&rig, 2, 0, 4000);
    fill(&rig, 100);
    sim_disk_put(rig.sim, SPOOL_SNAPSHOT "/step-0-1.rows", "old", 3);
    sim_disk_put(rig.sim, SPOOL_SNAPSHOT "/step-0-2.rows", "old", 3);
    spool_rig_log_begin(&rig, false);
    CU_ASSERT_FATAL(spool_rig_log_end(&rig));
    spool_rig_compare_log(&rig);
    spool_rig_fini(&rig);
}

/* After an epoch that failed, what it has linked is copied, as long as it waits; what came later is linked. */
static void what_a_failed_epoch_has_linked_is_copied_from_then_on(void)
{
    struct spool_rig rig;
    spool_rig_init(&rig, 2, 0, 4000);
    fill(&rig, 100);
    uint64_t n = rig.spill.n_files;
    spool_rig_log_begin(&rig, false);
    CU_ASSERT_FATAL(spool_rig_log_end(&rig));
    CU_ASSERT_EQUAL(count_links(&rig), n);
    fill(&rig, 100);
    uint64_t m = rig.spill.n_files - n;
    for (uint64_t epoch = 0; epoch < 2; epoch++) {
        for (uint32_t f = 1; f <= n + m; f++) {
            char *path = text_format(SPOOL_SNAPSHOT "/step-0-%u.rows", f);
            rig.disk->remove(rig.disk, path);
            free(path);
        }
        size_t before = count_links(&rig);
        spool_rig_log_begin(&rig, epoch == 0);
        CU_ASSERT_FATAL(spool_rig_log_end(&rig));
        CU_ASSERT_EQUAL(count_links(&rig) - before, m);
        spool_rig_compare_log(&rig);
    }
    spool_rig_fini(&rig);
}

/* ---- failures ---- */

static void a_log_that_fails_costs_the_snapshot_and_nothing_else(void)
{
    uint64_t failed = 0;
    bool hit = true;
    for (uint64_t k = 1; hit; k++) {
        struct spool_rig rig;
        spool_rig_init(&rig, 6, 0, 4000);
        fill(&rig, 60);
        spool_rig_log_begin(&rig, false);
        CU_ASSERT_EQUAL(spool_rig_log_end(&rig), true);
        spool_rig_log_begin(&rig, true); /* copies: more that may fail */
        sim_disk_fail(rig.sim, k, EIO);
        bool whole = spool_rig_log_end(&rig);
        hit = sim_disk_failed(rig.sim);
        sim_disk_fail(rig.sim, 0, 0);
        CU_ASSERT(whole || hit);
        CU_ASSERT(whole || rig.spill.log_error.code == GYRE_EIO);
        failed += !whole;
        if (whole)
            spool_rig_compare_log(&rig);
        spool_rig_log_begin(&rig, !whole);
        CU_ASSERT_FATAL(spool_rig_log_end(&rig));
        spool_rig_compare_log(&rig);
        while (spool_rig_take(&rig, &rig.now) || spool_rig_take(&rig, &rig.next))
            ;
        CU_ASSERT_EQUAL(rig.spill.error.code, 0);
        spool_rig_fini(&rig);
    }
    CU_ASSERT(failed > 10);
}

static void a_log_without_memory_costs_the_snapshot_and_nothing_else(void)
{
    uint64_t failed = 0;
    bool hit = true;
    for (uint64_t k = 1; hit; k++) {
        struct spool_rig rig;
        spool_rig_init(&rig, 6, 20000, 4000);
        fill(&rig, 60);
        spool_rig_log_begin(&rig, false);
        gy_mem_fail_after(k);
        while (gy_spool_log(&rig.now, 5000) || gy_spool_log(&rig.next, 5000))
            ;
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        bool whole = spool_rig_log_end(&rig);
        CU_ASSERT_EQUAL(whole, !hit || (rig.part.error == 0 && rig.spill.log_error.code == 0));
        failed += !whole;
        if (whole)
            spool_rig_compare_log(&rig);
        spool_rig_log_begin(&rig, false);
        CU_ASSERT_FATAL(spool_rig_log_end(&rig));
        spool_rig_compare_log(&rig);
        while (spool_rig_take(&rig, &rig.now) || spool_rig_take(&rig, &rig.next))
            ;
        spool_rig_fini(&rig);
    }
    CU_ASSERT(failed > 5);
}

/* Given up in the middle: takes and puts go on, and the next log is whole. */
static void a_log_that_is_given_up_leaves_the_next_one_whole(void)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct spool_rig rig;
        spool_rig_init(&rig, seed, seed % 2 == 0 ? 0 : 50000, 700);
        fill(&rig, 100);
        spool_rig_log_begin(&rig, false);
        for (uint64_t i = gy_rng_below(&rig.rng, 60); i > 0; i--)
            step(&rig, true);
        gy_spool_forget(&rig.now);
        gy_spool_forget(&rig.next);
        CU_ASSERT_FATAL(spool_rig_log_end(&rig));
        for (uint64_t i = gy_rng_below(&rig.rng, 60); i > 0; i--)
            step(&rig, false);
        for (uint32_t f = 0; f < rig.task.n_files; f++) {
            char *path = text_format(SPOOL_SNAPSHOT "/%s", rig.task.files[f].name);
            rig.disk->remove(rig.disk, path);
            free(path);
        }
        spool_rig_log_begin(&rig, true);
        for (uint64_t i = gy_rng_below(&rig.rng, 60); i > 0; i--)
            step(&rig, true);
        CU_ASSERT_FATAL(spool_rig_log_end(&rig));
        spool_rig_compare_log(&rig);
        while (spool_rig_take(&rig, &rig.now) || spool_rig_take(&rig, &rig.next))
            ;
        spool_rig_fini(&rig);
    }
}

/* ---- reading ---- */

/* What the reading of the state file says; 0 where nothing is wrong. */
static int replay_all(struct spool_rig *rig, uint32_t n_entries,
                      const struct gy_spool_entry *entries, struct gyre_error *error)
{
    struct gy_part_reader reader;
    struct gy_record record;
    struct gy_replay replay;
    struct gy_message *message;
    int code = gy_part_open(&reader, rig->disk, SPOOL_STATE, 1, error);
    CU_ASSERT_EQUAL_FATAL(code, 0);
    gy_replay_init(&replay, rig->disk, SPOOL_SNAPSHOT, n_entries, entries);
    while (code == 0 && gy_part_read(&reader, &record, error) == 1) {
        int got = 0;
        code = gy_replay_record(&replay, &record, error);
        while (code == 0 && (got = gy_replay_next(&replay, &message, error)) == 1)
            gy_message_drop(message);
        code = code != 0 ? code : got;
    }
    gy_replay_fini(&replay);
    gy_part_close(&reader);
    return code;
}

static void rows_of_an_edge_that_is_gone_are_told_by_its_name(void)
{
    struct spool_rig rig;
    struct gyre_error error = {.size = sizeof error};
    spool_rig_init(&rig, 2, 0, 4000);
    fill(&rig, 60);
    spool_rig_log_begin(&rig, false);
    CU_ASSERT_FATAL(spool_rig_log_end(&rig));
    struct gy_spool_entry entries[2] = {rig.entries[2], rig.entries[0]};
    CU_ASSERT_EQUAL(replay_all(&rig, 2, entries, &error), 0);
    CU_ASSERT_EQUAL(replay_all(&rig, 1, entries, &error), GYRE_EINVAL);
    CU_ASSERT_STRING_EQUAL(error.text, "rows wait that came over a.out>step.in, and the job has no "
                                       "such feedback edge any more");
    entries[1].layout = &rig.edges[0].layout;
    entries[1].edge = "b.again>step.in";
    entries[0].edge = "a.out>step.in"; /* which has few fields now */
    CU_ASSERT_EQUAL(replay_all(&rig, 2, entries, &error), GYRE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(error.text, "the rows that wait and came over b.again>step.in: the rows that were "
                           "kept have no field `flag`, which is read now"));
    spool_rig_fini(&rig);
}

static void a_damaged_log_is_refused_and_never_read_beyond_its_end(void)
{
    struct spool_rig rig;
    struct gyre_error error = {.size = sizeof error};
    spool_rig_init(&rig, 2, 30000, 4000);
    fill(&rig, 60);
    spool_rig_log_begin(&rig, false);
    CU_ASSERT_FATAL(spool_rig_log_end(&rig));
    struct gy_part_reader reader;
    struct gy_record record;
    CU_ASSERT_EQUAL_FATAL(gy_part_open(&reader, rig.disk, SPOOL_STATE, 1, &error), 0);
    uint64_t refused = 0, read = 0;
    while (gy_part_read(&reader, &record, &error) == 1) {
        /* Behind each description, each of the records cut or changed somewhere. */
        for (uint32_t i = 0; i < 60; i++) {
            struct gy_replay replay;
            struct gy_message *message;
            uint32_t n = i % 2 == 0 ? record.n : (uint32_t)gy_rng_below(&rig.rng, record.n);
            uint8_t *bytes = malloc(n > 0 ? n : 1);
            memcpy(bytes, record.bytes, n);
            if (i % 2 == 0)
                bytes[gy_rng_below(&rig.rng, n < 40 ? n : 40)] ^= (uint8_t)(1u << i / 2 % 8);
            struct gy_record bad = {.kind = GY_RECORD_FEEDBACK, .bytes = bytes, .n = n};
            gy_replay_init(&replay, rig.disk, SPOOL_SNAPSHOT, SPOOL_ENTRIES, rig.entries);
            int code = gy_replay_record(&replay, &bad, &error);
            while (code == 0 && (code = gy_replay_next(&replay, &message, &error)) == 1) {
                gy_message_drop(message);
                code = 0;
            }
            CU_ASSERT(code == 0 || error.code == code);
            refused += code != 0;
            read += code == 0;
            gy_replay_fini(&replay);
            free(bytes);
        }
    }
    gy_part_close(&reader);
    CU_ASSERT(refused > 100);
    spool_rig_fini(&rig);
}

/* A file that is named by a record with a right checksum, and is not the one that was written. */
static void a_file_of_a_snapshot_that_was_damaged_is_refused(void)
{
    struct spool_rig rig;
    struct gyre_error error = {.size = sizeof error};
    spool_rig_init(&rig, 2, 0, 4000);
    fill(&rig, 60);
    spool_rig_log_begin(&rig, false);
    CU_ASSERT_FATAL(spool_rig_log_end(&rig));
    static const char path[] = SPOOL_SNAPSHOT "/step-0-1.rows";
    size_t n;
    const uint8_t *bytes = sim_disk_get(rig.sim, path, &n);
    uint8_t *changed = gy_alloc(n);
    memcpy(changed, bytes, n);
    changed[n - 1] ^= 1;
    rig.disk->remove(rig.disk, path);
    sim_disk_put(rig.sim, path, changed, n);
    CU_ASSERT_EQUAL(replay_all(&rig, SPOOL_ENTRIES, rig.entries, &error), GYRE_ECORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, path));
    sim_disk_put(rig.sim, path, changed, 10);
    CU_ASSERT_EQUAL(replay_all(&rig, SPOOL_ENTRIES, rig.entries, &error), GYRE_ECORRUPT);
    rig.disk->remove(rig.disk, path);
    CU_ASSERT_EQUAL(replay_all(&rig, SPOOL_ENTRIES, rig.entries, &error), GYRE_EIO);
    gy_free(changed);
    spool_rig_fini(&rig);
}

/* ---- the machine's disk ---- */

static void on_the_machines_disk_a_file_has_two_names_and_is_written_once(void)
{
    struct spool_rig rig;
    struct stat about;
    char *dir = dir_temp();
    char *folder = path_join(dir, ".rows"), *snapshot = path_join(dir, ".1");
    char *state = path_join(snapshot, "step-0-1.rows"), *own = path_join(folder, "step-0-1.rows");
    CU_ASSERT_EQUAL(mkdir(folder, 0777), 0);
    CU_ASSERT_EQUAL(mkdir(snapshot, 0777), 0);
    spool_rig_init(&rig, 2, 0, 4000);
    rig.spill.config.disk = gy_disk_real();
    rig.spill.config.folder = folder;
    fill(&rig, 60);
    spool_rig_log_begin(&rig, false);
    rig.spill.folder = snapshot;
    CU_ASSERT_FATAL(spool_rig_log_end(&rig));
    CU_ASSERT_EQUAL_FATAL(stat(state, &about), 0);
    CU_ASSERT_EQUAL(about.st_nlink, 2);
    while (spool_rig_take(&rig, &rig.now) || spool_rig_take(&rig, &rig.next))
        ;
    CU_ASSERT_EQUAL_FATAL(stat(state, &about), 0);
    CU_ASSERT_EQUAL(about.st_nlink, 1);
    CU_ASSERT_NOT_EQUAL(stat(own, &about), 0);
    spool_rig_fini(&rig);
    dir_remove(dir);
    free(own);
    free(state);
    free(snapshot);
    free(folder);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_log_has_what_waited_once_whatever_happens_meanwhile),
    SUITE_TEST(a_log_of_nothing_is_empty),
    SUITE_TEST(a_slice_of_a_log_is_about_as_long_as_it_may_be),
    SUITE_TEST(files_are_linked_and_only_what_is_in_memory_is_copied),
    SUITE_TEST(a_file_that_cannot_be_linked_is_copied),
    SUITE_TEST(a_name_that_is_taken_makes_room),
    SUITE_TEST(what_a_failed_epoch_has_linked_is_copied_from_then_on),
    SUITE_TEST(a_log_that_fails_costs_the_snapshot_and_nothing_else),
    SUITE_TEST(a_log_without_memory_costs_the_snapshot_and_nothing_else),
    SUITE_TEST(a_log_that_is_given_up_leaves_the_next_one_whole),
    SUITE_TEST(rows_of_an_edge_that_is_gone_are_told_by_its_name),
    SUITE_TEST(a_damaged_log_is_refused_and_never_read_beyond_its_end),
    SUITE_TEST(a_file_of_a_snapshot_that_was_damaged_is_refused),
    SUITE_TEST(on_the_machines_disk_a_file_has_two_names_and_is_written_once),
};
SUITE_MAIN("flow_spool_log", tests)
