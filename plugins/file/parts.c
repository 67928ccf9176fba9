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
    snprintf(path, PART_PATH_MAX, "%s%s%u-%llu", folder, is_seen ? SEEN : UNSEEN,
             (unsigned)part.task, (unsigned long long)part.number);
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

/* Reads "T-N", as part_path writes it; 0 where a name goes on otherwise. */
static int part_of(const char *numbers, struct part *part)
{
    char again[64], *end;
    unsigned long long task = strtoull(numbers, &end, 10);
    *part = (struct part){(uint32_t)task, *end == '-' ? strtoull(end + 1, &end, 10) : 0};
    snprintf(again, sizeof again, "%u-%llu", (unsigned)part->task,
             (unsigned long long)part->number);
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

static int32_t remove_parts(struct gyre_ctx *ctx, const char *folder, const struct bound *bound)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return gyre_fail(ctx, GYRE_EIO, "the folder %s cannot be read: %s", folder,
                         strerror(errno));
    int32_t code = GYRE_OK;
    for (const struct dirent *entry;
         code == GYRE_OK && (errno = 0, entry = readdir(dir)) != NULL;) {
        if (is_to_go(ctx, bound, entry->d_name) && unlinkat(dirfd(dir), entry->d_name, 0) != 0 &&
            errno != ENOENT)
            code = gyre_fail(ctx, GYRE_EIO, "%s%s cannot be removed: %s", folder, entry->d_name,
                             strerror(errno));
    }
    if (code == GYRE_OK && errno != 0)
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

int32_t parts_sync(struct gyre_ctx *ctx, const char *folder, int is_new)
{
    char of_it[PART_PATH_MAX];
    int32_t code = file_sync_folder(ctx, folder);
    if (code != GYRE_OK || !is_new)
        return code;
    size_t length = strlen(folder);
    while (length > 0 && folder[length - 1] == '/')
        length--;
    snprintf(of_it, sizeof of_it, "%.*s", (int)length, folder);
    return file_sync_folder_of(ctx, of_it);
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
    return file_sync_folder(ctx, folder);
}

int32_t part_drop(struct gyre_ctx *ctx, const char *folder, struct part part)
{
    char path[PART_PATH_MAX];
    if (unlink(part_path(path, folder, part, 0)) != 0 && errno != ENOENT)
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be removed: %s", path, strerror(errno));
    return GYRE_OK;
}
