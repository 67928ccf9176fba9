/* The machine's own disk: its contract, whole blocks past the page cache, files that are written over. */
#include "support/suite.h"

#include "base/disk.h"
#include "base/mem.h"
#include "base/rng.h"
#include "state/snapshot.h"
#include "support/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_file(const char *path, const char *wanted)
{
    char *text = file_read(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, wanted);
    free(text);
}

/* Writes "new" with gy_disk_renew. */
static void renew(const char *path)
{
    struct gy_disk *disk = gy_disk_real();
    int handle;
    CU_ASSERT_EQUAL_FATAL(gy_disk_renew(disk, path, &handle), 0);
    CU_ASSERT_EQUAL(disk->write(disk, handle, "new", 3), 0);
    CU_ASSERT_EQUAL(disk->cut(disk, handle, 3), 0);
    CU_ASSERT_EQUAL(disk->close(disk, handle), 0);
    expect_file(path, "new");
}

/* The same file is written over, but for one whose bytes are somebody's. */
static void the_real_disk_writes_over_what_is_nobodys(void)
{
    struct gy_disk *disk = gy_disk_real();
    char *folder = dir_temp(), *path = path_join(folder, "f"), *other = path_join(folder, "g");
    struct stat before, after;
    int handle, reader;
    CU_ASSERT_EQUAL(disk->reopen(disk, path, &handle), -ENOENT);
    renew(path);
    file_write(path, "longer than new", 15);
    stat(path, &before);
    renew(path);
    stat(path, &after);
    CU_ASSERT_EQUAL(before.st_ino, after.st_ino);

    file_write(path, "a backup has it", 15);
    CU_ASSERT_EQUAL(disk->link(disk, path, other), 0);
    CU_ASSERT_EQUAL(disk->link(disk, path, other), -EEXIST);
    CU_ASSERT_EQUAL(disk->reopen(disk, path, &handle), -EMLINK);
    renew(path);
    expect_file(other, "a backup has it");

    file_write(path, "it is read", 10);
    char bytes[16] = "";
    size_t got;
    CU_ASSERT_EQUAL_FATAL(disk->open(disk, path, &reader), 0);
    CU_ASSERT_EQUAL(disk->reopen(disk, path, &handle), -EBUSY);
    renew(path);
    CU_ASSERT_EQUAL(disk->read(disk, reader, bytes, 10, &got), 0);
    CU_ASSERT_STRING_EQUAL(bytes, "it is read");
    disk->close(disk, reader);

    CU_ASSERT_EQUAL(disk->reopen(disk, path, &handle), 0);
    CU_ASSERT_EQUAL(disk->open(disk, path, &reader), -EBUSY);
    disk->close(disk, handle);
    CU_ASSERT_EQUAL(disk->open(disk, path, &reader), 0);
    disk->close(disk, reader);

    unlink(path);
    CU_ASSERT_EQUAL(symlink(other, path), 0);
    CU_ASSERT_EQUAL(disk->reopen(disk, path, &handle), -ELOOP);
    renew(path);
    expect_file(other, "a backup has it");
    dir_remove(folder);
    free(folder);
    free(path);
    free(other);
}

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

static const struct suite_test tests[] = {
    SUITE_TEST(the_real_disk_takes_whole_blocks_and_others),
    SUITE_TEST(the_real_disk_keeps_the_contract),
    SUITE_TEST(the_real_disk_writes_over_what_is_nobodys),
};
SUITE_MAIN("base_disk", tests)
