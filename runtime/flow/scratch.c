/* See scratch.h. */
#include "flow/scratch.h"

#include "base/mem.h"
#include "state/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "gyre-rows-"

enum { TRIES = 16 };

static int no_memory(struct gyre_error *error)
{
    return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory for the rows that wait in loops");
}

/* Removes a folder and the files in it; what cannot be removed stays. */
static void remove_folder(struct gy_disk *disk, const char *path)
{
    struct gy_names names;
    if (disk->list(disk, path, &names) != 0)
        return;
    for (size_t i = 0; i < names.v.n; i++) {
        char *file = gy_printf("%s/%s", path, names.v.items[i]);
        if (file != NULL)
            disk->remove(disk, file);
        gy_free(file);
    }
    gy_names_fini(&names);
    disk->remove(disk, path);
}

/* Locks a folder that is this user's; the descriptor, or -1. */
static int lock_folder(const char *path)
{
    struct stat about, there;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    /* It may have been removed between its making and the lock. */
    if (fstat(fd, &about) == 0 && about.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
        lstat(path, &there) == 0 && there.st_ino == about.st_ino && there.st_dev == about.st_dev)
        return fd;
    close(fd);
    return -1;
}

/* Removes what runs that were killed have left. */
static void sweep(const char *tmp)
{
    struct gy_disk *disk = gy_disk_real();
    struct gy_names names;
    if (disk->list(disk, tmp, &names) != 0)
        return;
    for (size_t i = 0; i < names.v.n; i++) {
        if (strncmp(names.v.items[i], PREFIX, strlen(PREFIX)) != 0)
            continue;
        char *path = gy_printf("%s/%s", tmp, names.v.items[i]);
        int lock = path != NULL ? lock_folder(path) : -1;
        if (lock >= 0) {
            remove_folder(disk, path);
            close(lock);
        }
        gy_free(path);
    }
    gy_names_fini(&names);
}

static int make_temporary(struct gy_scratch *scratch, struct gyre_error *error)
{
    const char *tmp = getenv("TMPDIR");
    int why = ENOLCK;
    tmp = tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp";
    scratch->disk = gy_disk_real();
    sweep(tmp);
    for (int i = 0; i < TRIES; i++) {
        gy_free(scratch->path);
        scratch->path = gy_printf("%s/" PREFIX "XXXXXX", tmp);
        if (scratch->path == NULL)
            return no_memory(error);
        if (mkdtemp(scratch->path) == NULL) {
            why = errno;
            break;
        }
        scratch->lock = lock_folder(scratch->path);
        if (scratch->lock >= 0)
            return 0;
        rmdir(scratch->path); /* somebody sweeps just now, or there are no locks */
    }
    gyre_error_set(error, GYRE_EIO, -1,
                   "cannot make a folder in %s for the rows of loops that do not fit into memory: "
                   "%s; TMPDIR names another place",
                   tmp, strerror(why));
    gy_free(scratch->path);
    scratch->path = NULL;
    return GYRE_EIO;
}

int gy_scratch_init(struct gy_scratch *scratch, struct gy_disk *disk, const char *dir,
                    struct gyre_error *error)
{
    *scratch = (struct gy_scratch){.disk = disk, .lock = -1};
    if (dir == NULL)
        return make_temporary(scratch, error);
    scratch->path = gy_printf("%s/" GY_SNAPSHOT_ROWS, dir);
    if (scratch->path == NULL)
        return no_memory(error);
    int code = disk->make_dir(disk, scratch->path);
    return code == 0 || code == -EEXIST
               ? 0
               : gy_disk_failed(error, "make the folder", scratch->path, code);
}

void gy_scratch_fini(struct gy_scratch *scratch)
{
    if (scratch->path != NULL) {
        remove_folder(scratch->disk, scratch->path);
        if (scratch->lock >= 0)
            close(scratch->lock);
    }
    gy_free(scratch->path);
    *scratch = (struct gy_scratch){.lock = -1};
}
