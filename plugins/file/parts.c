/* plugins/file/parts.c: see parts.h. */
#include "parts.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEN   "part-"
#define UNSEEN ".part-"

const char *part_path(char path[PART_PATH_MAX], const char *folder, struct part part, int is_seen)
{
    snprintf(path, PART_PATH_MAX, "%s%s%u-%llu", folder, is_seen ? SEEN : UNSEEN,
             (unsigned)part.task, (unsigned long long)part.number);
    return path;
}

int32_t parts_make_folder(struct gyre_ctx *ctx, const char *folder)
{
    struct stat st;
    if (mkdir(folder, 0777) == 0)
        return GYRE_OK;
    int code = errno;
    if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
        return GYRE_OK;
    return gyre_fail(ctx, GYRE_EIO, "the folder %s cannot be made: %s", folder, strerror(code));
}

/* Reads "T-N"; a name that goes on otherwise belongs to task 0 as its part 0. */
static struct part part_of(const char *numbers)
{
    char *end;
    unsigned long task = strtoul(numbers, &end, 10);
    unsigned long long number = *end == '-' ? strtoull(end + 1, &end, 10) : 0;
    if (end == numbers || *end != 0 || task > UINT32_MAX)
        return (struct part){0, 0};
    return (struct part){(uint32_t)task, number};
}

/* Removes this task's unseen parts from number `next` on, and its seen ones too where `seen` says. */
static int32_t remove_parts(struct gyre_ctx *ctx, const char *folder, uint64_t next, int seen)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return gyre_fail(ctx, GYRE_EIO, "the folder %s cannot be read: %s", folder,
                         strerror(errno));
    int32_t code = GYRE_OK;
    for (struct dirent *entry; code == GYRE_OK && (entry = readdir(dir)) != NULL;) {
        const char *name = entry->d_name;
        int is_unseen = strncmp(name, UNSEEN, strlen(UNSEEN)) == 0;
        if (!is_unseen && !(seen && strncmp(name, SEEN, strlen(SEEN)) == 0))
            continue;
        struct part part = part_of(name + strlen(is_unseen ? UNSEEN : SEEN));
        if (part.task % ctx->tasks != ctx->task || (is_unseen && part.number < next))
            continue;
        if (unlinkat(dirfd(dir), name, 0) != 0 && errno != ENOENT)
            code = gyre_fail(ctx, GYRE_EIO, "%s%s cannot be removed: %s", folder, name,
                             strerror(errno));
    }
    closedir(dir);
    return code;
}

int32_t parts_remove(struct gyre_ctx *ctx, const char *folder)
{
    return remove_parts(ctx, folder, 0, 1);
}

int32_t parts_remove_unseen(struct gyre_ctx *ctx, const char *folder, uint64_t next)
{
    return remove_parts(ctx, folder, next, 0);
}

/* Brings the folder's names to the disk. */
static int32_t sync_folder(struct gyre_ctx *ctx, const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || (fsync(fd) != 0 && errno != EINVAL);
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (failed)
        return gyre_fail(ctx, GYRE_EIO, "the folder %s cannot be brought to the disk: %s", folder,
                         strerror(code));
    return GYRE_OK;
}

int32_t part_show(struct gyre_ctx *ctx, const char *folder, struct part part)
{
    char from[PART_PATH_MAX], to[PART_PATH_MAX];
    struct stat st;
    part_path(from, folder, part, 0);
    part_path(to, folder, part, 1);
    if (rename(from, to) != 0) {
        int code = errno;
        if (code != ENOENT || stat(to, &st) != 0)
            return gyre_fail(ctx, GYRE_EIO, "%s cannot be renamed to %s: %s", from, to,
                             strerror(code));
    }
    return sync_folder(ctx, folder);
}

int32_t part_drop(struct gyre_ctx *ctx, const char *folder, struct part part)
{
    char path[PART_PATH_MAX];
    if (unlink(part_path(path, folder, part, 0)) != 0 && errno != ENOENT)
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be removed: %s", path, strerror(errno));
    return GYRE_OK;
}
