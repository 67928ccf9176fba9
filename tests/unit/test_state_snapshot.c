/* The folder of snapshots: finding, trimming, damage, the lock. */
#include "support/suite.h"

#include "base/mem.h"
#include "base/rng.h"
#include "state/branch.h"
#include "support/files.h"
#include "unit/snapshot_sample.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
    const struct gy_manifest_task *tasks = manifest->operators[0].tasks;
    CU_ASSERT_EQUAL(gy_manifest_bytes(manifest), tasks[0].bytes + tasks[1].bytes +
                                                     tasks[0].files[0].bytes +
                                                     tasks[0].files[1].bytes);
    gy_manifest_free(manifest);
    sim_disk_free(sim);
}

enum { SYNC_OF_THE_NAME = 14 }; /* operation of gy_snapshot_publish */

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
            gy_snapshots_trim(&sim->disk, SAMPLE_DIR, steps[i].keep, steps[i].needed, 0, NULL), 0);
        gy_snapshots_list(&sim->disk, SAMPLE_DIR, &ids, NULL);
        CU_ASSERT_EQUAL_FATAL(ids.v.n, steps[i].n);
        CU_ASSERT_EQUAL(ids.v.items[0], steps[i].first);
        gy_vec_fini(&ids.v);
        struct gy_names names;
        CU_ASSERT_EQUAL(sim->disk.list(&sim->disk, SAMPLE_DIR, &names), 0);
        CU_ASSERT_EQUAL(names.v.n, steps[i].n + 1); /* and .rows: nothing else is left behind */
        gy_names_fini(&names);
    }
    sim_disk_free(sim);
}

/* True where the disk has done `verb` with `path` since the last power cut. */
static bool was_done(const struct sim_disk *sim, const char *verb, const char *path)
{
    char *wanted = text_format(" %s %s ", verb, path);
    bool found = false;
    for (size_t i = 0; i < sim->n_log && !found; i++)
        found = strstr(sim->log[i], wanted) != NULL && strchr(sim->log[i], '(') == NULL;
    free(wanted);
    return found;
}

/* An old snapshot's files become those of the next one, whatever it had; the others go. */
static void the_files_of_an_old_snapshot_are_written_over(void)
{
    struct sim_disk *sim = sample_disk_with(4);
    struct gyre_error error = {.size = sizeof error};
    struct gy_names names;
    static const char longer[1000] = "than a file of the next";
    size_t n;
    sim_disk_put(sim, SAMPLE_DIR "/2/gone-0.state", "x", 1);
    sim_disk_put(sim, SAMPLE_DIR "/2/counts-1.state", longer, sizeof longer);
    sim_disk_crash(sim, 1);
    CU_ASSERT_EQUAL(
        gy_branch_write(&sim->disk, SAMPLE_DIR, &(struct gy_branch){.behind = 2, .from = 1}, NULL),
        0);
    CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, SAMPLE_DIR, 2, 9, 5, &error), 0);
    CU_ASSERT_PTR_NOT_NULL(sim_disk_get(sim, SAMPLE_DIR "/.5/gone-0.state", &n)); /* 2 */
    CU_ASSERT_PTR_NULL(sim_disk_get(sim, SAMPLE_DIR "/1/manifest.cfg", &n));
    CU_ASSERT_PTR_NULL(sim_disk_get(sim, SAMPLE_DIR "/.1/manifest.cfg", &n));
    sample_expect_newest(sim, 4, "");
    CU_ASSERT_EQUAL(sample_take_snapshot(&sim->disk, 5, &error), 0);
    CU_ASSERT(was_done(sim, "reopen", SAMPLE_DIR "/.5/counts-0.state"));
    CU_ASSERT(was_done(sim, "reopen", SAMPLE_DIR "/.5/counts-1.state"));
    CU_ASSERT(!was_done(sim, "create", SAMPLE_DIR "/.5/counts-0.state"));
    sample_expect_newest(sim, 5, "");
    CU_ASSERT_EQUAL(sim->disk.list(&sim->disk, SAMPLE_DIR "/5", &names), 0);
    CU_ASSERT_EQUAL(names.v.n, 5); /* the manifest, two of state, two that are linked */
    gy_names_fini(&names);
    CU_ASSERT_EQUAL(sim->disk.list(&sim->disk, SAMPLE_DIR, &names), 0);
    CU_ASSERT_EQUAL(names.v.n, 5); /* 3, 4, 5, branch, .rows */
    gy_names_fini(&names);
    sim_disk_free(sim);
}

/* A file that waits is in three places, and each goes on its own: nobody writes over what another has. */
static void a_file_of_several_names_is_never_written_over(void)
{
    struct sim_disk *sim = sample_disk_with(2);
    struct gyre_error error = {.size = sizeof error};
    struct sample s;
    size_t n;
    int handle;
    sample_init(&s, 2);
    CU_ASSERT(was_done(sim, "link", SAMPLE_DIR "/.rows/counts-0-1.rows"));
    CU_ASSERT_EQUAL(sim->disk.reopen(&sim->disk, SAMPLE_DIR "/2/counts-0-1.rows", &handle),
                    -EMLINK);
    CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, SAMPLE_DIR, 1, 9, 3, &error), 0);
    CU_ASSERT_PTR_NOT_NULL(sim_disk_get(sim, SAMPLE_DIR "/.3/counts-0-1.rows", &n));
    CU_ASSERT_EQUAL_FATAL(gy_disk_renew(&sim->disk, SAMPLE_DIR "/.3/counts-0-1.rows", &handle), 0);
    CU_ASSERT_EQUAL(sim->disk.write(&sim->disk, handle, "other", 5), 0);
    CU_ASSERT_EQUAL(sim->disk.close(&sim->disk, handle), 0);
    sample_expect_newest(sim, 2, "");
    CU_ASSERT_EQUAL(sample_take_snapshot(&sim->disk, 3, &error), 0);
    CU_ASSERT_PTR_NULL(sim_disk_get(sim, SAMPLE_DIR "/3/counts-0-1.rows", &n)); /* not its own */
    sample_expect_newest(sim, 3, "");
    sim_disk_free(sim);
}

static void rows_that_waited_in_an_earlier_run_are_removed(void)
{
    struct sim_disk *sim = sample_disk_with(2);
    uint64_t last;
    size_t n;
    CU_ASSERT_PTR_NOT_NULL(sim_disk_get(sim, SAMPLE_DIR "/.rows/counts-0-2.rows", &n));
    CU_ASSERT_EQUAL(gy_snapshots_prepare(&sim->disk, SAMPLE_DIR, &last, NULL), 0);
    CU_ASSERT_PTR_NULL(sim_disk_get(sim, SAMPLE_DIR "/.rows/counts-0-2.rows", &n));
    CU_ASSERT_PTR_NOT_NULL(sim_disk_get(sim, SAMPLE_DIR "/2/counts-0-2.rows", &n));
    sample_expect_newest(sim, 2, "");
    sim_disk_free(sim);
}

/* Somebody reads it still, or it cannot be opened: it is replaced, and the reader has the old bytes. */
static void a_file_that_is_read_is_not_written_over(void)
{
    struct sim_disk *sim = sample_disk_with(2);
    struct gyre_error error = {.size = sizeof error};
    const char *path = SAMPLE_DIR "/1/counts-0.state";
    int handle;
    size_t n, got;
    const void *at = sim_disk_get(sim, path, &n);
    uint8_t *before = malloc(n), *read = malloc(n);
    memcpy(before, at, n);
    CU_ASSERT_EQUAL_FATAL(sim->disk.open(&sim->disk, path, &handle), 0);
    CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, SAMPLE_DIR, 1, 9, 3, &error), 0);
    CU_ASSERT_EQUAL(sample_take_snapshot(&sim->disk, 3, &error), 0);
    CU_ASSERT(was_done(sim, "create", SAMPLE_DIR "/.3/counts-0.state"));
    CU_ASSERT(was_done(sim, "reopen", SAMPLE_DIR "/.3/counts-1.state"));
    CU_ASSERT_EQUAL(sim->disk.read(&sim->disk, handle, read, n, &got), 0);
    CU_ASSERT(got == n && memcmp(read, before, n) == 0);
    sim->disk.close(&sim->disk, handle);
    sample_expect_newest(sim, 3, "");
    free(before);
    free(read);
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
    CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, SAMPLE_DIR, 3, 9, 0, NULL), 0);
    gy_snapshots_list(&sim->disk, SAMPLE_DIR, &ids, NULL);
    CU_ASSERT_EQUAL_FATAL(ids.v.n, 3);
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(ids.v.items[i], left[i]);
    gy_vec_fini(&ids.v);
    CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, SAMPLE_DIR, 1, 9, 0, NULL), 0);
    sample_expect_newest(sim, 5, "");
    sim_disk_free(sim);
}

static void damage_is_told_with_the_file_and_the_older_one_is_used(void)
{
    struct sim_disk *sim = sample_disk_with(2);
    size_t n;
    uint64_t wrong = 0;
    static const char *const files[] = {
        SAMPLE_DIR "/2/manifest.cfg", SAMPLE_DIR "/2/counts-0.state",
        SAMPLE_DIR "/2/counts-1.state", SAMPLE_DIR "/2/counts-0-2.rows"};
    for (size_t f = 0; f < 4; f++) {
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

/* Snapshots 1 to 3, the last of another run. */
static void the_newest_of_a_run_is_none_of_another_run(void)
{
    struct sim_disk *sim = sample_disk_with(2);
    struct gyre_error error = {.size = sizeof error};
    struct sample s;
    sample_init(&s, 3);
    uint64_t own = s.manifest.run;
    s.manifest.run = own + 1;
    CU_ASSERT_EQUAL_FATAL(gy_snapshot_begin(&sim->disk, SAMPLE_DIR, 3, &error), 0);
    CU_ASSERT_EQUAL_FATAL(sample_write_files(&sim->disk, &s, &error), 0);
    CU_ASSERT_EQUAL_FATAL(gy_snapshot_publish(&sim->disk, SAMPLE_DIR, &s.manifest, &error), 0);
    static const struct {
        uint64_t more, id;
    } runs[] = {{0, 2}, {1, 3}, {2, 0}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        struct gy_manifest *newest =
            gy_snapshot_newest(&sim->disk, SAMPLE_DIR, 0, own + runs[i].more, NULL, NULL, &error);
        CU_ASSERT_EQUAL(newest != NULL ? newest->id : 0, runs[i].id);
        CU_ASSERT_EQUAL(error.code, 0);
        gy_manifest_free(newest);
    }
    sample_expect_newest(sim, 3, "");
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
        int code = gy_snapshots_trim(&sim->disk, SAMPLE_DIR, 1, 9, 4, &error);
        if (code == 0)
            code = gy_snapshot_publish(&sim->disk, SAMPLE_DIR, &s.manifest, &error);
        if (code == 0) {
            struct gy_manifest *found =
                gy_snapshot_newest(&sim->disk, SAMPLE_DIR, 1, 0, NULL, NULL, &error);
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
    SUITE_TEST(the_files_of_an_old_snapshot_are_written_over),
    SUITE_TEST(a_file_of_several_names_is_never_written_over),
    SUITE_TEST(rows_that_waited_in_an_earlier_run_are_removed),
    SUITE_TEST(a_file_that_is_read_is_not_written_over),
    SUITE_TEST(damage_is_told_with_the_file_and_the_older_one_is_used),
    SUITE_TEST(a_folder_that_is_not_whole_is_not_used),
    SUITE_TEST(the_newest_of_a_run_is_none_of_another_run),
    SUITE_TEST(what_may_pass_is_an_error_and_not_damage),
    SUITE_TEST(without_memory_everything_says_so),
    SUITE_TEST(a_long_path_does_not_hide_what_is_wrong),
    SUITE_TEST(a_folder_is_locked_by_one_run_until_all_have_closed_it),
};
SUITE_MAIN("state_snapshot", tests)
