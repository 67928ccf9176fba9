/* See branch.h. */
#include "state/branch.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define NAME   "branch"
#define HIDDEN ".branch"

enum { TEXT = 128 };

static size_t put(char text[TEXT], const struct gy_branch *branch)
{
    int n =
        snprintf(text, TEXT, "behind %" PRIu64 " from %" PRIu64 ", ", branch->behind, branch->from);
    n += snprintf(text + n, TEXT - (size_t)n, "%016" PRIx64 "\n",
                  (uint64_t)XXH3_64bits(text, (size_t)n));
    return (size_t)n;
}

/* Up to TEXT bytes of a file. 0, or a negative errno. */
static int read_file(struct gy_disk *disk, const char *path, char text[TEXT], size_t *n)
{
    int handle;
    int code = disk->open(disk, path, &handle);
    if (code != 0)
        return code;
    code = disk->read(disk, handle, text, TEXT, n);
    disk->close(disk, handle);
    return code;
}

static int parse(const char *path, const char *text, size_t n, struct gy_branch *branch,
                 struct gyre_error *error)
{
    char own[TEXT], written[TEXT + 1];
    memcpy(written, text, n);
    written[n] = 0;
    /* What is read has to be written just so. */
    if (sscanf(written, "behind %" SCNu64 " from %" SCNu64, &branch->behind, &branch->from) == 2 &&
        put(own, branch) == n && memcmp(own, text, n) == 0)
        return 0;
    return gyre_error_set(error, GYRE_ECORRUPT, -1,
                          "%s is damaged, which says where the newest run began; name a snapshot "
                          "with --from, or run the job without --from to begin at the start",
                          path);
}

int gy_branch_read(struct gy_disk *disk, const char *dir, struct gy_branch *branch,
                   struct gyre_error *error)
{
    char text[TEXT];
    size_t n = 0;
    *branch = (struct gy_branch){0};
    char *path = gy_printf("%s/" NAME, dir);
    if (path == NULL)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory reading %s", dir);
    int result = 0;
    int code = read_file(disk, path, text, &n);
    if (code == 0)
        result = parse(path, text, n, branch, error);
    else if (code != -ENOENT)
        result = gy_disk_failed(error, "read", path, code);
    gy_free(path);
    return result;
}

static int replace(struct gy_disk *disk, const char *dir, const char *hidden, const char *shown,
                   struct gyre_error *error)
{
    int code = disk->rename(disk, hidden, shown);
    if (code != 0)
        return gy_disk_failed(error, "rename", hidden, code);
    code = disk->sync_dir(disk, dir);
    return code != 0 ? gy_disk_failed(error, "sync", dir, code) : 0;
}

int gy_branch_write(struct gy_disk *disk, const char *dir, const struct gy_branch *branch,
                    struct gyre_error *error)
{
    char text[TEXT];
    size_t n = put(text, branch);
    char *hidden = gy_printf("%s/" HIDDEN, dir);
    char *shown = gy_printf("%s/" NAME, dir);
    int result;
    if (hidden == NULL || shown == NULL) {
        result = gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory writing %s", dir);
    } else {
        disk->remove(disk, hidden); /* one that a death has left */
        result = gy_disk_write_file(disk, hidden, text, n, error);
        if (result == 0)
            result = replace(disk, dir, hidden, shown, error);
    }
    gy_free(hidden);
    gy_free(shown);
    return result;
}

/* `keep` may have removed it by now. Where that is not known it is said to be there. */
static bool is_there(struct gy_disk *disk, const char *dir, uint64_t id)
{
    struct gy_snapshot_ids ids = {0};
    bool found = id != 0 && gy_snapshots_list(disk, dir, &ids, NULL) != 0;
    for (size_t i = 0; i < ids.v.n; i++)
        found |= ids.v.items[i] == id;
    gy_vec_fini(&ids.v);
    return found;
}

struct gy_manifest *gy_branch_newest(struct gy_disk *disk, const char *dir,
                                     void (*told)(void *host, const char *sentence), void *host,
                                     struct gyre_error *error)
{
    struct gy_branch branch;
    if (gy_branch_read(disk, dir, &branch, error) != 0)
        return NULL;
    struct gy_manifest *newest =
        gy_snapshot_newest(disk, dir, branch.behind + 1, 0, told, host, error);
    if (newest != NULL || error->code != 0 || !is_there(disk, dir, branch.from))
        return newest;
    char *path = gy_printf("%s/%" PRIu64, dir, branch.from);
    if (path == NULL)
        gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory reading %s", dir);
    else
        newest = gy_snapshot_intact(disk, path, error);
    gy_free(path);
    return newest;
}
