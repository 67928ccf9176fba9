/* See disk.h. A handle is a file descriptor. */
#include "base/disk.h"

#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void gy_names_fini(struct gy_names *names)
{
    for (size_t i = 0; i < names->v.n; i++)
        gy_free(names->v.items[i]);
    gy_vec_fini(&names->v);
}

int gy_disk_failed(struct gyre_error *error, const char *verb, const char *path, int code)
{
    char brief[GY_PATH_BRIEF];
    return gyre_error_set(error, code == -ENOMEM ? GYRE_ENOMEM : GYRE_EIO, -1, "cannot %s %s: %s",
                          verb, gy_text_shorten(brief, sizeof brief, path), strerror(-code));
}

int gy_disk_renew(struct gy_disk *disk, const char *path, int *handle)
{
    int code = disk->create(disk, path, handle);
    if (code != -EEXIST || disk->reopen(disk, path, handle) == 0)
        return code == -EEXIST ? 0 : code;
    code = disk->remove(disk, path);
    return code != 0 && code != -ENOENT ? code : disk->create(disk, path, handle);
}

int gy_disk_write_file(struct gy_disk *disk, const char *path, const void *bytes, size_t n,
                       struct gyre_error *error)
{
    int handle;
    const char *verb = "make";
    int code = disk->create(disk, path, &handle);
    if (code != 0)
        return gy_disk_failed(error, verb, path, code);
    verb = "write";
    code = disk->write(disk, handle, bytes, n);
    if (code == 0) {
        verb = "sync";
        code = disk->sync(disk, handle);
    }
    int closed = disk->close(disk, handle);
    if (code == 0 && closed != 0) {
        verb = "close";
        code = closed;
    }
    return code == 0 ? 0 : gy_disk_failed(error, verb, path, code);
}

static int real_make_dir(struct gy_disk *disk, const char *path)
{
    (void)disk;
    return mkdir(path, 0777) == 0 ? 0 : -errno;
}

static int open_file(const char *path, int flags, int *handle)
{
    do
        *handle = open(path, flags | O_CLOEXEC, 0666);
    while (*handle < 0 && errno == EINTR);
    return *handle < 0 ? -errno : 0;
}

/* Takes a flag of a descriptor away; false where it did not have it. */
static bool drop_flag(int handle, int flag)
{
    int flags = fcntl(handle, F_GETFL);
    return flags >= 0 && (flags & flag) != 0 && fcntl(handle, F_SETFL, flags & ~flag) == 0;
}

/* The page cache costs a copy and fresh pages, two to twenty times the work of the transfer itself,
 * and the kernel writes it out when it likes, on whichever CPU. What a snapshot writes is not read
 * again, so it goes past. Not by a flag of open: where a file system refuses that, the file has been made. */
static int real_create(struct gy_disk *disk, const char *path, int *handle)
{
    (void)disk;
    int code = open_file(path, O_WRONLY | O_CREAT | O_EXCL, handle);
    if (code == 0)
        fcntl(*handle, F_SETFL, O_DIRECT); /* without it all works */
    return code;
}

/* Locks the bytes of a file, as whoever writes over it and whoever reads it do: no waiting. Where a
 * file system has no locks, nothing is written over. 0 or a negative errno. */
static int lock_bytes(int handle, int how)
{
    int code;
    do
        code = flock(handle, how | LOCK_NB);
    while (code < 0 && errno == EINTR);
    if (code == 0)
        return 0;
    return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

static int real_reopen(struct gy_disk *disk, const char *path, int *handle)
{
    (void)disk;
    struct stat about;
    int code = open_file(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, handle);
    if (code != 0)
        return code;
    if (fstat(*handle, &about) < 0)
        code = -errno;
    else if (!S_ISREG(about.st_mode) || about.st_nlink != 1)
        code = -EMLINK;
    else
        code = lock_bytes(*handle, LOCK_EX);
    if (code == 0)
        fcntl(*handle, F_SETFL, O_DIRECT);
    else
        close(*handle);
    return code;
}

static int real_open(struct gy_disk *disk, const char *path, int *handle)
{
    (void)disk;
    /* Not blocking: a pipe in the place of a file is an error, and not a wait. */
    int code = open_file(path, O_RDONLY | O_NONBLOCK, handle);
    if (code == 0 && lock_bytes(*handle, LOCK_SH) == -EBUSY) {
        close(*handle);
        code = -EBUSY;
    }
    return code;
}

static int real_write(struct gy_disk *disk, int handle, const void *bytes, size_t n)
{
    (void)disk;
    const char *at = bytes;
    if (((uintptr_t)at | n) % GY_DISK_BLOCK != 0)
        drop_flag(handle, O_DIRECT);
    while (n > 0) {
        ssize_t done = write(handle, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && errno == EINVAL && drop_flag(handle, O_DIRECT))
            continue; /* larger blocks, say */
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

static int real_read(struct gy_disk *disk, int handle, void *bytes, size_t n, size_t *got)
{
    (void)disk;
    *got = 0;
    while (*got < n) {
        ssize_t done = read(handle, (char *)bytes + *got, n - *got);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        if (done == 0)
            break;
        *got += (size_t)done;
    }
    return 0;
}

static int real_cut(struct gy_disk *disk, int handle, uint64_t n)
{
    (void)disk;
    int code;
    do
        code = ftruncate(handle, (off_t)n);
    while (code < 0 && errno == EINTR);
    return code < 0 ? -errno : 0;
}

static int real_sync(struct gy_disk *disk, int handle)
{
    (void)disk;
    int code;
    /* Anything but EINTR is not tried again: the second call would succeed, and the bytes are gone. */
    do
        code = fsync(handle);
    while (code < 0 && errno == EINTR);
    return code < 0 ? -errno : 0;
}

static int real_close(struct gy_disk *disk, int handle)
{
    (void)disk;
    /* At EINTR the descriptor is closed all the same. */
    return close(handle) == 0 || errno == EINTR ? 0 : -errno;
}

static int real_rename(struct gy_disk *disk, const char *from, const char *to)
{
    (void)disk;
    return rename(from, to) == 0 ? 0 : -errno;
}

static int real_link(struct gy_disk *disk, const char *from, const char *to)
{
    (void)disk;
    return link(from, to) == 0 ? 0 : -errno;
}

static int real_remove(struct gy_disk *disk, const char *path)
{
    (void)disk;
    return remove(path) == 0 ? 0 : -errno;
}

static int real_sync_dir(struct gy_disk *disk, const char *path)
{
    int handle;
    int code = open_file(path, O_RDONLY | O_DIRECTORY, &handle);
    if (code != 0)
        return code;
    code = real_sync(disk, handle);
    int closed = real_close(disk, handle);
    return code != 0 ? code : closed;
}

static int add_name(struct gy_names *names, const char *name)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;
    char *copy = gy_strdup(name);
    if (copy == NULL)
        return -ENOMEM;
    if (gy_vec_push(&names->v, copy) == 0)
        return 0;
    gy_free(copy);
    return -ENOMEM;
}

static int real_list(struct gy_disk *disk, const char *path, struct gy_names *names)
{
    (void)disk;
    *names = (struct gy_names){0};
    DIR *dir = opendir(path);
    if (dir == NULL)
        return -errno;
    int code = 0;
    while (code == 0) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            code = -errno;
            break;
        }
        code = add_name(names, entry->d_name);
    }
    if (closedir(dir) < 0 && code == 0)
        code = -errno;
    if (code != 0)
        gy_names_fini(names);
    return code;
}

struct gy_disk *gy_disk_real(void)
{
    /* Nothing in it changes: not const only because an implementation may have a state. */
    static struct gy_disk real = {
        .make_dir = real_make_dir,
        .create = real_create,
        .reopen = real_reopen,
        .open = real_open,
        .write = real_write,
        .read = real_read,
        .cut = real_cut,
        .sync = real_sync,
        .close = real_close,
        .rename = real_rename,
        .link = real_link,
        .remove = real_remove,
        .sync_dir = real_sync_dir,
        .list = real_list,
    };
    return &real;
}
