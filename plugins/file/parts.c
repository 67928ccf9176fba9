/* plugins/file/parts.c: see parts.h. */
#include "parts.h"
#include "output.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEN   "part-"
#define UNSEEN ".part-"

const char *part_path(char path[PART_PATH_MAX], const char *folder, struct part part, int is_seen)
{
    snprintf(path, PART_PATH_MAX, "%s%s%u-%llu%s", folder, is_seen ? SEEN : UNSEEN,
             (unsigned)part.task, (unsigned long long)part.number, codec_ending(part.codec));
    return path;
}

int32_t parts_make_folder(struct gyre_ctx *ctx, const char *folder, int *is_new)
{
    struct stat st;
    *is_new = mkdir(folder, 0777) == 0;
    if (*is_new)
        return GYRE_OK;
    int code = errno;
    if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
        return GYRE_OK;
    return gyre_fail(ctx, GYRE_EIO, "the folder %s cannot be made: %s", folder, strerror(code));
}

int parts_make_folders(const char *folder, size_t from)
{
    char path[PART_PATH_MAX];
    size_t length = strlen(folder);
    memcpy(path, folder, length + 1);
    for (size_t i = from; i < length; i++) {
        if (path[i] != '/')
            continue;
        path[i] = 0;
        int is_there = mkdir(path, 0777) == 0 || errno == EEXIST;
        path[i] = '/';
        if (!is_there)
            return errno;
    }
    return 0;
}

/* Reads "T-N", as part_path writes it; 0 where a name goes on otherwise. */
static int part_of(const char *numbers, struct part *part)
{
    char again[64], *end;
    unsigned long long task = strtoull(numbers, &end, 10);
    *part = (struct part){.task = (uint32_t)task,
                          .number = *end == '-' ? strtoull(end + 1, &end, 10) : 0,
                          .codec = codec_of_path(numbers)};
    snprintf(again, sizeof again, "%u-%llu%s", (unsigned)part->task,
             (unsigned long long)part->number, codec_ending(part->codec));
    return strcmp(again, numbers) == 0;
}

/* What is to be removed: all, or what lies beyond `next`. */
struct bound {
    int all;
    const struct part *next;
    uint32_t n;
};

static int is_beyond(const struct bound *bound, struct part part)
{
    for (uint32_t i = 0; i < bound->n; i++)
        if (bound->next[i].task == part.task)
            return part.number >= bound->next[i].number;
    return 1;
}

/* True where the file is this task's to remove: other files that begin like parts are task 0's. */
static int is_to_go(const struct gyre_ctx *ctx, const struct bound *bound, const char *name)
{
    struct part part;
    int is_unseen = strncmp(name, UNSEEN, strlen(UNSEEN)) == 0;
    if (!is_unseen && strncmp(name, SEEN, strlen(SEEN)) != 0)
        return 0;
    if (!part_of(name + strlen(is_unseen ? UNSEEN : SEEN), &part))
        return bound->all && ctx->task == 0;
    return part.task % ctx->tasks == ctx->task && (bound->all || is_beyond(bound, part));
}

/* The number of those that are gone, or a code. */
static int32_t remove_parts(struct gyre_ctx *ctx, const char *folder, const struct bound *bound)
{
    DIR *dir = opendir(folder);
    if (dir == NULL && errno == ENOENT)
        return 0; /* another task has just found it empty */
    if (dir == NULL)
        return gyre_fail(ctx, GYRE_EIO, "the folder %s cannot be read: %s", folder,
                         strerror(errno));
    int32_t code = 0;
    for (const struct dirent *entry; code >= 0 && (errno = 0, entry = readdir(dir)) != NULL;) {
        if (!is_to_go(ctx, bound, entry->d_name))
            continue;
        code++;
        if (unlinkat(dirfd(dir), entry->d_name, 0) != 0 && errno != ENOENT)
            code = gyre_fail(ctx, GYRE_EIO, "%s%s cannot be removed: %s", folder, entry->d_name,
                             strerror(errno));
    }
    if (code >= 0 && errno != 0)
        code =
            gyre_fail(ctx, GYRE_EIO, "the folder %s cannot be read: %s", folder, strerror(errno));
    closedir(dir);
    return code;
}

int32_t parts_remove(struct gyre_ctx *ctx, const char *folder)
{
    return remove_parts(ctx, folder, &(struct bound){.all = 1});
}

int32_t parts_remove_beyond(struct gyre_ctx *ctx, const char *folder, const struct part *next,
                            uint32_t n)
{
    return remove_parts(ctx, folder, &(struct bound){0, next, n});
}

/* Cuts the last name off a path that ends in '/'. */
static size_t cut_name(char *path, size_t length, size_t from)
{
    do
        length--;
    while (length > from && path[length - 1] != '/');
    path[length] = 0;
    return length;
}

void parts_remove_folders(const char *folder, size_t from)
{
    char path[PART_PATH_MAX];
    size_t length = strlen(folder);
    memcpy(path, folder, length + 1);
    while (length > from && rmdir(path) == 0)
        length = cut_name(path, length, from);
}

int32_t parts_sync(struct gyre_ctx *ctx, const char *folder, size_t from)
{
    char path[PART_PATH_MAX];
    size_t length = strlen(folder);
    memcpy(path, folder, length + 1);
    int32_t code = file_sync_folder(ctx, path);
    while (code == GYRE_OK && length > from) {
        length = cut_name(path, length, from);
        code = file_sync_folder(ctx, path);
    }
    return code;
}

int32_t parts_sync_name(struct gyre_ctx *ctx, const char *folder)
{
    char path[PART_PATH_MAX];
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    snprintf(path, sizeof path, "%.*s", length != 0 ? (int)length : 1, length != 0 ? folder : ".");
    return file_sync_folder_of(ctx, path);
}

int32_t part_hide(struct gyre_ctx *ctx, const char *folder, struct part part)
{
    char from[PART_PATH_MAX], to[PART_PATH_MAX];
    struct stat st;
    part_path(from, folder, part, 1);
    part_path(to, folder, part, 0);
    if (stat(to, &st) == 0 || rename(from, to) == 0)
        return GYRE_OK;
    if (errno == ENOENT)
        return gyre_fail(
            ctx, GYRE_EFAIL,
            "neither %s nor %s is there, which the snapshot goes on with: put it back, "
            "or start without the snapshot",
            to, from);
    return gyre_fail(ctx, GYRE_EIO, "%s cannot be renamed to %s: %s", from, to, strerror(errno));
}

int32_t part_show(struct gyre_ctx *ctx, const char *folder, struct part part, int must)
{
    char from[PART_PATH_MAX], to[PART_PATH_MAX];
    struct stat st;
    part_path(from, folder, part, 0);
    part_path(to, folder, part, 1);
    if (rename(from, to) != 0) {
        if (errno != ENOENT)
            return gyre_fail(ctx, GYRE_EIO, "%s cannot be renamed to %s: %s", from, to,
                             strerror(errno));
        int is_gone = stat(to, &st) != 0;
        if (is_gone && must)
            return gyre_fail(ctx, GYRE_EFAIL,
                             "neither %s nor %s is there: put it back, or start without the "
                             "snapshot",
                             from, to);
        if (is_gone)
            gyre_log(ctx, GYRE_LOG_WARN, "neither %s nor %s is there: taken for committed", from,
                     to);
    }
    return GYRE_OK;
}

int32_t part_drop(struct gyre_ctx *ctx, const char *folder, struct part part)
{
    char path[PART_PATH_MAX];
    if (unlink(part_path(path, folder, part, 0)) != 0 && errno != ENOENT)
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be removed: %s", path, strerror(errno));
    return GYRE_OK;
}
