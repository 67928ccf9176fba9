/* The folder of snapshots: finding, trimming, damage, the machine's own disk, the lock. */
#include "support/suite.h"

#include "base/mem.h"
#include "base/rng.h"
#include "state/branch.h"
#include "support/files.h"
#include "unit/snapshot_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the folder ---- */

static void snapshots_are_found_the_newest_first(void)
{
    struct sim_disk *sim = sample_disk_with(3);
    struct sample_told t;
    struct gy_snapshot_ids ids;
    sample_expect_newest(sim, 3, "");
    CU_ASSERT_EQUAL(sample_newest(&sim->disk, 3, &t), 3);
    CU_ASSERT_EQUAL(sample_newest(&sim->disk, 4, &t), 0);
    CU_ASSERT_EQUAL(gy_snapshots_list(&sim->disk, SAMPLE_DIR, &ids, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(ids.v.n, 3);
    for (uint64_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(ids.v.items[i], i + 1);
    gy_vec_fini(&ids.v);
    struct sample s;
    struct gyre_error error = {.size = sizeof error};
    struct gy_manifest *manifest = gy_snapshot_read(&sim->disk, SAMPLE_DIR "/2", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(manifest);
    sample_init(&s, 2);
    CU_ASSERT_PTR_NOT_NULL(gy_manifest_operator(manifest, "out"));
    CU_ASSERT_PTR_NULL(gy_manifest_operator(manifest, "outs"));
    CU_ASSERT_EQUAL(gy_manifest_bytes(manifest),
                    manifest->operators[0].tasks[0].bytes + manifest->operators[0].tasks[1].bytes);
    gy_manifest_free(manifest);
    sim_disk_free(sim);
}

enum { SYNC_OF_THE_NAME = 7 }; /* operation of gy_snapshot_publish */

/* The sync of a name fails, and with it the name is lost, though it is still seen: the run goes on from
 * there, or the next one, until the power goes. */
static void a_name_whose_sync_failed_is_not_there_for_a_while(void)
{
    struct gyre_error error = {.size = sizeof error};
    struct sample_told t;
    for (uint64_t seed = 0; seed < 40; seed++) {
        for (int goes_on = 0; goes_on < 2; goes_on++) {
            struct sim_disk *sim = sample_disk_with(1);
            struct sample s;
            uint64_t last;
            sample_init(&s, 2);
            CU_ASSERT_EQUAL(gy_snapshot_begin(&sim->disk, SAMPLE_DIR, 2, &error), 0);
            CU_ASSERT_EQUAL(sample_write_files(&sim->disk, &s, &error), 0);
            sim_disk_fail(sim, SYNC_OF_THE_NAME, EIO);
            CU_ASSERT_EQUAL(gy_snapshot_publish(&sim->disk, SAMPLE_DIR, &s.manifest, &error),
                            GYRE_EIO);
            CU_ASSERT(sim_disk_failed(sim));
            sample_expect_text(error.text, "cannot sync " SAMPLE_DIR ": Input/output error");
            if (goes_on)
                gy_snapshot_discard(&sim->disk, SAMPLE_DIR, 2);
            else
                CU_ASSERT_EQUAL(gy_snapshots_prepare(&sim->disk, SAMPLE_DIR, &last, &error), 0);
            CU_ASSERT_EQUAL(sample_newest(&sim->disk, 1, &t), 1);
            sim_disk_crash(sim, seed);
            CU_ASSERT_EQUAL(sample_newest(&sim->disk, 1, &t), 1);
            CU_ASSERT_EQUAL(t.n, 0);
            sim_disk_free(sim);
        }
    }
}

static void names_that_are_no_ids_are_no_snapshots(void)
{
    struct sim_disk *sim = sample_disk_with(1);
    static const char *const names[] = {"02",
                                        "0",
                                        "-3",
                                        "+3",
                                        "3 ",
                                        "x",
                                        "3x",
                                        "lock",
                                        "..3",
                                        "",
                                        ".4",
                                        "18446744073709551616",
                                        "99999999999999999999"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CU_ASSERT_EQUAL(gy_snapshot_id(names[i]), 0);
    CU_ASSERT_EQUAL(gy_snapshot_id("18446744073709551615"), 0);
    sim_disk_put(sim, SAMPLE_DIR "/02/manifest.cfg", "x", 1);
    sim_disk_put(sim, SAMPLE_DIR "/.git/config", "x", 1);
    sim_disk_put(sim, SAMPLE_DIR "/.17/manifest.cfg", "x", 1);
    sample_expect_newest(sim, 1, "");
    uint64_t last;
    size_t n;
    CU_ASSERT_EQUAL(gy_snapshots_prepare(&sim->disk, SAMPLE_DIR, &last, NULL), 0);
    CU_ASSERT_EQUAL(last, 17);
    CU_ASSERT_PTR_NULL(sim_disk_get(sim, SAMPLE_DIR "/.17/manifest.cfg", &n));
    CU_ASSERT_PTR_NOT_NULL(sim_disk_get(sim, SAMPLE_DIR "/.git/config", &n)); /* somebody else's */
    CU_ASSERT_PTR_NOT_NULL(sim_disk_get(sim, SAMPLE_DIR "/02/manifest.cfg", &n));
    sim_disk_free(sim);
}

static void the_oldest_are_removed_and_never_one_that_is_needed(void)
{
    struct sim_disk *sim = sample_disk_with(5);
    struct gy_snapshot_ids ids;
    static const struct {
        uint32_t keep;
        uint64_t needed, first, n;
    } steps[] = {{9, 9, 1, 5}, {4, 9, 2, 4}, {1, 3, 3, 3},
                 {1, 0, 3, 3}, {2, 9, 4, 2}, {0, 9, 5, 1}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        CU_ASSERT_EQUAL(
            gy_snapshots_trim(&sim->disk, SAMPLE_DIR, steps[i].keep, steps[i].needed, NULL), 0);
        gy_snapshots_list(&sim->disk, SAMPLE_DIR, &ids, NULL);
        CU_ASSERT_EQUAL_FATAL(ids.v.n, steps[i].n);
        CU_ASSERT_EQUAL(ids.v.items[0], steps[i].first);
        gy_vec_fini(&ids.v);
        struct gy_names names;
        CU_ASSERT_EQUAL(sim->disk.list(&sim->disk, SAMPLE_DIR, &names), 0);
        CU_ASSERT_EQUAL(names.v.n, steps[i].n); /* nothing else is left behind */
        gy_names_fini(&names);
    }
    sim_disk_free(sim);
}

/* Those that the newest run has left go first, and what it began with is kept for a fall-back. */
static void what_a_run_has_left_is_removed_before_what_it_began_with(void)
{
    struct sim_disk *sim = sample_disk_with(5);
    static const uint64_t left[] = {1, 2, 5};
    struct gy_snapshot_ids ids;
    CU_ASSERT_EQUAL(
        gy_branch_write(&sim->disk, SAMPLE_DIR, &(struct gy_branch){.behind = 4, .from = 2}, NULL),
        0);
    CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, SAMPLE_DIR, 3, 9, NULL), 0);
    gy_snapshots_list(&sim->disk, SAMPLE_DIR, &ids, NULL);
    CU_ASSERT_EQUAL_FATAL(ids.v.n, 3);
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(ids.v.items[i], left[i]);
    gy_vec_fini(&ids.v);
    CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, SAMPLE_DIR, 1, 9, NULL), 0);
    sample_expect_newest(sim, 5, "");
    sim_disk_free(sim);
}

static void damage_is_told_with_the_file_and_the_older_one_is_used(void)
{
    struct sim_disk *sim = sample_disk_with(2);
    size_t n;
    uint64_t wrong = 0;
    static const char *const files[] = {SAMPLE_DIR "/2/manifest.cfg",
                                        SAMPLE_DIR "/2/counts-0.state",
                                        SAMPLE_DIR "/2/counts-1.state"};
    for (size_t f = 0; f < 3; f++) {
        const void *at = sim_disk_get(sim, files[f], &n);
        uint8_t *bytes = malloc(n + 1);
        struct sample_told t;
        memcpy(bytes, at, n);
        bytes[n] = 0;
        for (size_t i = 0; i <= n; i++) {
            uint8_t change = (uint8_t)(gy_rng_mix(i) | 1);
            bytes[i] ^= change;
            sim_disk_put(sim, files[f], bytes, i < n ? n : n + 1);
            wrong += sample_newest(&sim->disk, 1, &t) != 1 || t.n != 1 ||
                     strncmp(t.text, files[f], strlen(files[f])) != 0;
            bytes[i] ^= change;
            if (i < n) {
                sim_disk_put(sim, files[f], bytes, i);
                wrong += sample_newest(&sim->disk, 1, &t) != 1 || t.n != 1 ||
                         strncmp(t.text, files[f], strlen(files[f])) != 0;
            }
        }
        sim_disk_put(sim, files[f], bytes, n);
        free(bytes);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    sample_expect_newest(sim, 2, "");
    sim_disk_free(sim);
}

/* Copies a file over another. */
static void copy_file(struct sim_disk *sim, const char *from, const char *to)
{
    size_t n;
    const void *at = sim_disk_get(sim, from, &n);
    void *bytes = malloc(n + 1);
    memcpy(bytes, at, n);
    sim_disk_put(sim, to, bytes, n);
    free(bytes);
}

static void a_folder_that_is_not_whole_is_not_used(void)
{
    struct sim_disk *sim = sample_disk_with(2);
    sim_disk_drop(sim, SAMPLE_DIR "/2/counts-1.state");
    sample_expect_newest(sim, 1,
                         "cannot open " SAMPLE_DIR "/2/counts-1.state: No such file or directory");
    sim_disk_free(sim);

    sim = sample_disk_with(2);
    sim_disk_drop(sim, SAMPLE_DIR "/2/manifest.cfg");
    sample_expect_newest(sim, 1,
                         "cannot open " SAMPLE_DIR "/2/manifest.cfg: No such file or directory");
    sim_disk_drop(sim, SAMPLE_DIR "/2/counts-0.state");
    sim_disk_drop(sim, SAMPLE_DIR "/2/counts-1.state"); /* an empty folder */
    sample_expect_newest(sim, 1,
                         "cannot open " SAMPLE_DIR "/2/manifest.cfg: No such file or directory");
    sim_disk_drop(sim, SAMPLE_DIR "/2");
    sim_disk_put(sim, SAMPLE_DIR "/2", "a file", 6);
    sample_expect_newest(sim, 1, "cannot open " SAMPLE_DIR "/2/manifest.cfg: Not a directory");
    sim_disk_drop(sim, SAMPLE_DIR "/1/manifest.cfg");
    struct sample_told t;
    CU_ASSERT_EQUAL(sample_newest(&sim->disk, 1, &t), 0);
    CU_ASSERT_EQUAL(t.n, 2);
    sim_disk_free(sim);

    sim = sample_disk_with(2);
    copy_file(sim, SAMPLE_DIR "/1/manifest.cfg", SAMPLE_DIR "/2/manifest.cfg");
    sample_expect_newest(sim, 1,
                         SAMPLE_DIR "/2/manifest.cfg is damaged: it is the manifest of snapshot 1");
    sim_disk_free(sim);

    sim = sample_disk_with(3);
    copy_file(sim, SAMPLE_DIR "/2/counts-0.state", SAMPLE_DIR "/3/counts-0.state");
    sample_expect_newest(sim, 2,
                         SAMPLE_DIR
                         "/3/counts-0.state is damaged: it is shorter than the 192 bytes that its "
                         "manifest says");
    copy_file(sim, SAMPLE_DIR "/3/counts-1.state", SAMPLE_DIR "/3/counts-0.state");
    sample_expect_newest(sim, 2,
                         SAMPLE_DIR
                         "/3/counts-0.state is damaged: it does not have the checksum that its "
                         "manifest says");
    sim_disk_free(sim);

    sim = sample_disk_with(2);
    sim_disk_put(sim, SAMPLE_DIR "/2/notes.txt", "mine", 4); /* a file more does no harm */
    sample_expect_newest(sim, 2, "");
    sim_disk_free(sim);
}

static void what_may_pass_is_an_error_and_not_damage(void)
{
    struct sim_disk *sim = sample_disk_with(2);
    static const int errors[] = {EACCES, EMFILE, ENOMEM};
    struct sample_told t;
    for (size_t i = 0; i < 3; i++)
        for (uint64_t k = 1; k <= 5; k++) {
            sim_disk_fail(sim, k, errors[i]);
            int64_t id = sample_newest(&sim->disk, 1, &t);
            CU_ASSERT(sim_disk_failed(sim));
            if (k == 5) /* a close */
                continue;
            CU_ASSERT_EQUAL(id, -1);
            CU_ASSERT_EQUAL(t.n, 0);
            CU_ASSERT_PTR_NOT_NULL(strstr(t.text, SAMPLE_DIR));
        }
    sim_disk_fail(sim, 3, EIO); /* the medium does not give the manifest of 2 */
    CU_ASSERT_EQUAL(sample_newest(&sim->disk, 1, &t), 1);
    sample_expect_text(t.text, "cannot read " SAMPLE_DIR "/2/manifest.cfg: Input/output error");
    sim_disk_drop(sim, SAMPLE_DIR);
    CU_ASSERT_EQUAL(sample_newest(&sim->disk, 1, &t), -1);
    sample_expect_text(t.text, "cannot list " SAMPLE_DIR ": No such file or directory");
    sim_disk_free(sim);
}

static void without_memory_everything_says_so(void)
{
    for (uint64_t k = 1;; k++) {
        struct sim_disk *sim = sample_disk_with(2);
        struct gyre_error error = {.size = sizeof error};
        struct sample s;
        uint64_t last;
        sample_init(&s, 3);
        CU_ASSERT_EQUAL_FATAL(gy_snapshot_begin(&sim->disk, SAMPLE_DIR, 3, &error), 0);
        CU_ASSERT_EQUAL_FATAL(sample_write_files(&sim->disk, &s, &error), 0);
        gy_mem_track(true);
        gy_mem_fail_after(k);
        int code = gy_snapshots_trim(&sim->disk, SAMPLE_DIR, 1, 9, &error);
        if (code == 0)
            code = gy_snapshot_publish(&sim->disk, SAMPLE_DIR, &s.manifest, &error);
        if (code == 0) {
            struct gy_manifest *found =
                gy_snapshot_newest(&sim->disk, SAMPLE_DIR, 1, NULL, NULL, &error);
            code = found == NULL ? error.code : 0;
            CU_ASSERT(found == NULL || found->id == 3);
            CU_ASSERT(found != NULL || error.code != 0);
            gy_manifest_free(found);
        }
        if (code == 0)
            code = gy_snapshot_begin(&sim->disk, SAMPLE_DIR, 4, &error);
        if (code == 0)
            code = gy_snapshots_prepare(&sim->disk, SAMPLE_DIR, &last, &error);
        bool hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
        gy_mem_track(false);
        CU_ASSERT_EQUAL(code, hit ? GYRE_ENOMEM : 0);
        CU_ASSERT_EQUAL(sim->n_open, 0);
        sim_disk_free(sim);
        if (!hit)
            break;
        CU_ASSERT(error.text[0] != '\0');
    }
}

/* ---- the machine's own disk ---- */

/* Whole blocks may go past the page cache; what comes before and after them is in the file in order. */
static void the_real_disk_takes_whole_blocks_and_others(void)
{
    enum { ROOM = 16 * GY_DISK_BLOCK };
    struct gy_disk *disk = gy_disk_real();
    char *folder = dir_temp(), *path = path_join(folder, "f");
    uint8_t *bytes = gy_alloc_aligned(ROOM, GY_DISK_BLOCK), *read = malloc(2 * ROOM);
    /* The third is as a file system with larger blocks would have it: EINVAL, once. */
    static const struct {
        size_t n[4];
        bool refused;
    } shapes[] = {{{ROOM, 2 * GY_DISK_BLOCK, 77, 0}, false},
                  {{5, GY_DISK_BLOCK, 1, ROOM}, false},
                  {{5, GY_DISK_BLOCK, GY_DISK_BLOCK, 9}, true}};
    for (size_t i = 0; i < ROOM; i++)
        bytes[i] = (uint8_t)(gy_rng_mix(i) >> 7);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        int handle;
        size_t got, total = 0;
        CU_ASSERT_EQUAL_FATAL(disk->create(disk, path, &handle), 0);
        for (int i = 0; i < 4; i++) {
            if (shapes[s].refused && i == 1)
                CU_ASSERT_EQUAL(fcntl(handle, F_SETFL, O_DIRECT), 0);
            CU_ASSERT_EQUAL(disk->write(disk, handle, bytes, shapes[s].n[i]), 0);
        }
        CU_ASSERT_EQUAL(disk->sync(disk, handle), 0);
        CU_ASSERT_EQUAL(disk->close(disk, handle), 0);
        CU_ASSERT_EQUAL(disk->open(disk, path, &handle), 0);
        CU_ASSERT_EQUAL(disk->read(disk, handle, read, 2 * ROOM, &got), 0);
        for (int i = 0; i < 4; i++) {
            CU_ASSERT_EQUAL(memcmp(read + total, bytes, shapes[s].n[i]), 0);
            total += shapes[s].n[i];
        }
        CU_ASSERT_EQUAL(got, total);
        CU_ASSERT_EQUAL(disk->close(disk, handle), 0);
        CU_ASSERT_EQUAL(disk->remove(disk, path), 0);
    }
    gy_free(bytes);
    free(read);
    free(path);
    dir_remove(folder);
    free(folder);
}

static void the_real_disk_keeps_the_contract(void)
{
    struct gy_disk *disk = gy_disk_real();
    char *folder = dir_temp();
    char *dir = path_join(folder, "a//b/c/"), *inside = path_join(dir, "1");
    struct gyre_error error = {.size = sizeof error};
    uint64_t last = 9, got_total = 0;
    struct gy_names names;
    int handle, other;
    size_t got;
    char bytes[8] = {0};
    CU_ASSERT_EQUAL(gy_snapshots_prepare(disk, dir, &last, &error), 0);
    CU_ASSERT_EQUAL(gy_snapshots_prepare(disk, dir, &last, &error), 0);
    CU_ASSERT_EQUAL(last, 0);
    CU_ASSERT_EQUAL(disk->make_dir(disk, dir), -EEXIST);
    CU_ASSERT_EQUAL(disk->create(disk, inside, &handle), 0);
    CU_ASSERT_EQUAL(disk->create(disk, inside, &other), -EEXIST);
    CU_ASSERT_EQUAL(disk->write(disk, handle, "hello", 5), 0);
    CU_ASSERT_EQUAL(disk->sync(disk, handle), 0);
    CU_ASSERT_EQUAL(disk->close(disk, handle), 0);
    CU_ASSERT_EQUAL(disk->open(disk, inside, &handle), 0);
    CU_ASSERT_EQUAL(disk->read(disk, handle, bytes, 3, &got), 0);
    got_total += got;
    CU_ASSERT_EQUAL(disk->read(disk, handle, bytes + 3, 5, &got), 0);
    got_total += got;
    CU_ASSERT_EQUAL(got_total, 5);
    CU_ASSERT_STRING_EQUAL(bytes, "hello");
    CU_ASSERT_EQUAL(disk->write(disk, handle, "x", 1), -EBADF);
    CU_ASSERT_EQUAL(disk->close(disk, handle), 0);
    char *moved = path_join(dir, "2");
    CU_ASSERT_EQUAL(disk->rename(disk, inside, moved), 0);
    CU_ASSERT_EQUAL(disk->sync_dir(disk, dir), 0);
    CU_ASSERT_EQUAL(disk->sync_dir(disk, moved), -ENOTDIR);
    CU_ASSERT_EQUAL(disk->list(disk, dir, &names), 0);
    CU_ASSERT_EQUAL_FATAL(names.v.n, 1);
    CU_ASSERT_STRING_EQUAL(names.v.items[0], "2");
    gy_names_fini(&names);
    CU_ASSERT_EQUAL(disk->list(disk, moved, &names), -ENOTDIR);
    CU_ASSERT_EQUAL(disk->remove(disk, inside), -ENOENT);
    CU_ASSERT_EQUAL(disk->remove(disk, dir), -ENOTEMPTY);
    CU_ASSERT_EQUAL(disk->remove(disk, moved), 0);
    CU_ASSERT_EQUAL(disk->remove(disk, dir), 0);
    CU_ASSERT_EQUAL(disk->open(disk, inside, &handle), -ENOENT);
    dir_remove(folder);
    free(moved);
    free(inside);
    free(dir);
    free(folder);
}

static void a_folder_is_locked_by_one_run_until_all_have_closed_it(void)
{
    char *folder = dir_temp();
    char *dir = path_join(folder, "new/snap");
    struct gyre_error error = {.size = sizeof error};
    int fd = gy_snapshots_lock(dir, &error);
    gy_snapshots_sign(fd, getpid());
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(gy_snapshots_lock(dir, &error), -1);
    CU_ASSERT_EQUAL(error.code, GYRE_EFAIL);
    char *says = text_format("%s is in use by a running job (process %d)", dir, (int)getpid());
    sample_expect_text(error.text, says);
    free(says);
    int pipes[2];
    CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) { /* holds it on, until the pipe ends */
        char c;
        close(pipes[1]);
        _exit(read(pipes[0], &c, 1) == 0 ? 0 : 1);
    }
    close(fd);
    CU_ASSERT_EQUAL(gy_snapshots_lock(dir, &error), -1);
    close(pipes[0]);
    close(pipes[1]);
    int status;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    fd = gy_snapshots_lock(dir, &error);
    CU_ASSERT(fd >= 0);
    close(fd);
    char *file = path_join(folder, "file");
    file_write_text(file, "x");
    CU_ASSERT_EQUAL(gy_snapshots_lock(file, &error), -1);
    says = text_format("cannot open %s/lock: Not a directory", file);
    sample_expect_text(error.text, says);
    free(says);
    free(file);
    dir_remove(folder);
    free(dir);
    free(folder);
}

/* What is wrong stands at the end of a sentence, and the path before it may be of any length. */
static void a_long_path_does_not_hide_what_is_wrong(void)
{
    struct gyre_error error = {.size = sizeof error};
    char path[2000];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    path[0] = '/';
    memcpy(path + sizeof path - 9, "/the.end", 8);
    CU_ASSERT_EQUAL(gy_disk_failed(&error, "open", path, -EACCES), GYRE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "cannot open /xxx"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "...xxx"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "x/the.end: Permission denied"));
    CU_ASSERT_PTR_NULL(gy_manifest_parse("", 0, path, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "/the.end/manifest.cfg is damaged: i"));
}

static const struct suite_test tests[] = {
    SUITE_TEST(snapshots_are_found_the_newest_first),
    SUITE_TEST(a_name_whose_sync_failed_is_not_there_for_a_while),
    SUITE_TEST(names_that_are_no_ids_are_no_snapshots),
    SUITE_TEST(the_oldest_are_removed_and_never_one_that_is_needed),
    SUITE_TEST(what_a_run_has_left_is_removed_before_what_it_began_with),
    SUITE_TEST(damage_is_told_with_the_file_and_the_older_one_is_used),
    SUITE_TEST(a_folder_that_is_not_whole_is_not_used),
    SUITE_TEST(what_may_pass_is_an_error_and_not_damage),
    SUITE_TEST(without_memory_everything_says_so),
    SUITE_TEST(the_real_disk_takes_whole_blocks_and_others),
    SUITE_TEST(the_real_disk_keeps_the_contract),
    SUITE_TEST(a_long_path_does_not_hide_what_is_wrong),
    SUITE_TEST(a_folder_is_locked_by_one_run_until_all_have_closed_it),
};
SUITE_MAIN("state_snapshot", tests)
