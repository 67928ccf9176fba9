/* See folder.h. */
#include "app/folder.h"

#include "base/mem.h"
#include "state/snapshot.h"

#include <sys/stat.h>

bool gy_folder_is(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool gy_folder_is_same(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

uint64_t gy_folder_newest(const char *dir)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_snapshot_ids ids = {0};
    uint64_t newest = 0;
    if (gy_folder_is(dir) && gy_snapshots_list(gy_disk_real(), dir, &ids, &error) == 0 &&
        ids.v.n > 0)
        newest = ids.v.items[ids.v.n - 1];
    gy_vec_fini(&ids.v);
    return newest;
}

static struct gy_manifest *read_manifest(const char *dir, uint64_t id)
{
    struct gyre_error error = {.size = sizeof error};
    char *path = gy_printf("%s/%llu", dir, (unsigned long long)id);
    struct gy_manifest *manifest =
        path != NULL ? gy_snapshot_read(gy_disk_real(), path, &error) : NULL;
    gy_free(path);
    return manifest;
}

bool gy_folder_is_unfinished(const char *dir, uint64_t id)
{
    struct gy_manifest *manifest = read_manifest(dir, id);
    bool is_unfinished = manifest != NULL && !manifest->finished;
    gy_manifest_free(manifest);
    return is_unfinished;
}

uint64_t gy_folder_unfinished(const char *dir, uint64_t least, bool only)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_snapshot_ids ids = {0};
    uint64_t found = 0;
    bool is_over = false;
    gy_snapshots_list(gy_disk_real(), dir, &ids, &error); /* none: none is named */
    for (size_t i = ids.v.n; found == 0 && !is_over && i > 0 && ids.v.items[i - 1] > least; i--) {
        struct gy_manifest *manifest = read_manifest(dir, ids.v.items[i - 1]);
        if (manifest != NULL && !manifest->finished)
            found = manifest->id;
        is_over = only && manifest != NULL;
        gy_manifest_free(manifest);
    }
    gy_vec_fini(&ids.v);
    return found;
}
