/* Folders for files that end with the run: removed at its end, or by the next run. */
#include "support/suite.h"

#include "flow/scratch.h"
#include "support/files.h"
#include "support/sim_disk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void put_file(const struct gy_scratch *scratch)
{
    char *path = path_join(scratch->path, "step-0-1.rows");
    file_write(path, "rows", 4);
    free(path);
}

/* What a child does that is killed. */
static void leave_a_folder(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct gy_scratch scratch;
        if (gy_scratch_init(&scratch, NULL, NULL, NULL) == 0)
            put_file(&scratch);
        _exit(0);
    }
    CU_ASSERT_EQUAL_FATAL(waitpid(child, NULL, 0), child);
}

static void a_temporary_folder_is_removed_at_the_end_and_after_a_kill_by_the_next_run(void)
{
    char *tmp = dir_temp();
    struct gyre_error error = {.size = sizeof error};
    struct gy_scratch one, other;
    setenv("TMPDIR", tmp, 1);
    leave_a_folder();
    CU_ASSERT_EQUAL(dir_count(tmp), 1);
    char *foreign = path_join(tmp, "gyre-rows-file");
    file_write(foreign, "x", 1);
    CU_ASSERT_EQUAL_FATAL(gy_scratch_init(&one, NULL, NULL, &error), 0);
    CU_ASSERT_EQUAL(dir_count(tmp), 2); /* the foreign one, and its own */
    put_file(&one);
    CU_ASSERT_EQUAL_FATAL(gy_scratch_init(&other, NULL, NULL, &error), 0);
    CU_ASSERT_EQUAL(dir_count(tmp), 3); /* the first one lives */
    CU_ASSERT_EQUAL(dir_count(one.path), 1);
    CU_ASSERT_STRING_NOT_EQUAL(one.path, other.path);
    gy_scratch_fini(&one);
    gy_scratch_fini(&other);
    CU_ASSERT_EQUAL(dir_count(tmp), 1);
    free(foreign);
    dir_remove(tmp);
    free(tmp);
}

static void a_place_where_no_folder_can_be_made_is_told(void)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_scratch scratch;
    setenv("TMPDIR", "/nowhere/at/all", 1);
    CU_ASSERT_EQUAL(gy_scratch_init(&scratch, NULL, NULL, &error), GYRE_EIO);
    CU_ASSERT_STRING_EQUAL(error.text,
                           "cannot make a folder in /nowhere/at/all for the rows of loops that do "
                           "not fit into memory: No such file or directory; TMPDIR names another "
                           "place");
    gy_scratch_fini(&scratch);
}

static void beside_snapshots_it_is_on_their_disk(void)
{
    struct sim_disk *sim = sim_disk_new(1);
    struct gyre_error error = {.size = sizeof error};
    struct gy_scratch scratch;
    size_t n;
    sim_disk_put(sim, "/snap/.rows/old-0-1.rows", "x", 1);
    CU_ASSERT_EQUAL_FATAL(gy_scratch_init(&scratch, &sim->disk, "/snap", &error), 0);
    CU_ASSERT_STRING_EQUAL(scratch.path, "/snap/.rows");
    gy_scratch_fini(&scratch);
    CU_ASSERT_PTR_NULL(sim_disk_get(sim, "/snap/.rows/old-0-1.rows", &n));
    CU_ASSERT_EQUAL(sim->disk.make_dir(&sim->disk, "/snap/.rows"), 0); /* it was gone */
    sim->read_only = true;
    CU_ASSERT_EQUAL(gy_scratch_init(&scratch, &sim->disk, "/snap", &error), GYRE_EIO);
    CU_ASSERT_STRING_EQUAL(error.text, "cannot make the folder /snap/.rows: Read-only file system");
    gy_scratch_fini(&scratch);
    CU_ASSERT_EQUAL(sim->n_open, 0);
    sim_disk_free(sim);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_temporary_folder_is_removed_at_the_end_and_after_a_kill_by_the_next_run),
    SUITE_TEST(a_place_where_no_folder_can_be_made_is_told),
    SUITE_TEST(beside_snapshots_it_is_on_their_disk),
};
SUITE_MAIN("flow_scratch", tests)
