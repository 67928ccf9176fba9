/* Writing the folder of snapshots; see snapshot.h. Reading is in snapshot_read.c.
 *
 * What a power cut may do: bytes that were not synced are gone or not, names that were not synced by
 * a sync of their folder are there or not, each on its own. So a name is given away (rename) only
 * when what it names was synced, and what is removed has first lost its name for good. */
#include "state/snapshot.h"

#include "base/mem.h"
#include "base/number.h"
#include "state/branch.h"
#include "state/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int no_memory(struct gyre_error *error, const char *dir)
{
    return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory for the snapshots in %s", dir);
}

static char *folder_path(const char *dir, bool hidden, uint64_t id)
{
    return gy_printf("%s/%s%" PRIu64, dir, hidden ? "." : "", id);
}

char *gy_snapshot_path(const char *dir, uint64_t id, const char *name)
{
    return gy_printf("%s/.%" PRIu64 "/%s", dir, id, name);
}

/* ---- making DIR ---- */

/* The length of the path of the folder around the first n bytes; 0: it is the working directory. */
static size_t parent_length(const char *path, size_t n)
{
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    return n;
}

/* Syncs the folder around the first n bytes of a path. One that may not be read is let be unless
 * something was made in it. */
static int sync_parent(struct gy_disk *disk, const char *path, size_t n, bool made,
                       struct gyre_error *error)
{
    size_t length = parent_length(path, n);
    char *parent = length > 0 ? gy_strndup(path, length) : gy_strdup(".");
    if (parent == NULL)
        return no_memory(error, path);
    int code = disk->sync_dir(disk, parent);
    if (!made && (code == -EACCES || code == -EPERM || code == -EROFS || code == -EINVAL))
        code = 0;
    if (code != 0)
        code = gy_disk_failed(error, "sync", parent, code);
    gy_free(parent);
    return code;
}

/* Makes one folder, and the folders around it known where they may not be yet. -ENOENT: the one
 * around it is not there. */
static int make_one(struct gy_disk *disk, const char *path, size_t n, struct gyre_error *error,
                    int *made)
{
    char *folder = gy_strndup(path, n);
    if (folder == NULL)
        return no_memory(error, path);
    int code = disk->make_dir(disk, folder);
    *made = code;
    if (code == 0 || code == -EEXIST) {
        code = sync_parent(disk, path, n, *made == 0, error);
        if (code != 0 && *made == 0)
            disk->remove(disk,
                         folder); /* the next try makes it anew: a second sync proves nothing */
    } else if (code == -ENOENT && parent_length(path, n) > 0)
        code = 0;
    else
        code = gy_disk_failed(error, "make the folder", folder, code);
    gy_free(folder);
    return code;
}

/* Makes a folder with its parents, so that they outlast a power cut, also where an earlier process
 * ended between making one and syncing its name. */
static int make_dirs(struct gy_disk *disk, const char *dir, struct gyre_error *error)
{
    size_t n = strlen(dir), at = n;
    int made = 0;
    int code = n > 0 ? make_one(disk, dir, at, error, &made)
                     : gyre_error_set(error, GYRE_EINVAL, -1, "the snapshot folder has no name");
    while (code == 0 && made == -ENOENT) {
        at = parent_length(dir, at);
        code = make_one(disk, dir, at, error, &made);
    }
    while (code == 0 && at < n) {
        at += strspn(dir + at, "/");
        at += strcspn(dir + at, "/");
        if (dir[at + strspn(dir + at, "/")] == '\0')
            at = n;
        code = make_one(disk, dir, at, error, &made);
        if (code == 0 && made == -ENOENT) /* somebody removes what we make */
            code = gy_disk_failed(error, "make the folder", dir, made);
    }
    return code;
}

/* ---- removing ---- */

/* Removes a file in a folder. 0, or a code and a sentence. */
static int remove_in(struct gy_disk *disk, const char *folder, const char *name,
                     struct gyre_error *error)
{
    char *file = gy_printf("%s/%s", folder, name);
    int code = file != NULL ? disk->remove(disk, file) : 0;
    int result = file == NULL ? no_memory(error, folder) : 0;
    if (code != 0 && code != -ENOENT)
        result = gy_disk_failed(error, "remove", file, code);
    gy_free(file);
    return result;
}

/* Removes a folder and the files in it. 0, or a code and a sentence. */
static int remove_folder(struct gy_disk *disk, const char *path, struct gyre_error *error)
{
    struct gy_names names;
    int code = disk->list(disk, path, &names);
    if (code == -ENOENT)
        return 0;
    if (code == -ENOTDIR)
        names = (struct gy_names){0};
    else if (code != 0)
        return gy_disk_failed(error, "list", path, code);
    int result = 0;
    for (size_t i = 0; result == 0 && i < names.v.n; i++)
        result = remove_in(disk, path, names.v.items[i], error);
    gy_names_fini(&names);
    if (result == 0 && (code = disk->remove(disk, path)) != 0 && code != -ENOENT)
        result = gy_disk_failed(error, "remove", path, code);
    return result;
}

/* Removes the hidden folders among the names in DIR, which have been synced. */
static int remove_hidden(struct gy_disk *disk, const char *dir, const struct gy_names *names,
                         struct gyre_error *error)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < names->v.n; i++) {
        const char *name = names->v.items[i];
        bool is_ours = strcmp(name, GY_SNAPSHOT_ROWS) == 0 ||
                       (name[0] == '.' && gy_snapshot_id(name + 1) != 0);
        if (!is_ours)
            continue;
        char *path = gy_printf("%s/%s", dir, name);
        code = path != NULL ? remove_folder(disk, path, error) : no_memory(error, dir);
        gy_free(path);
    }
    return code;
}

int gy_snapshots_prepare(struct gy_disk *disk, const char *dir, uint64_t *last,
                         struct gyre_error *error)
{
    *last = 0;
    int code = make_dirs(disk, dir, error);
    if (code != 0)
        return code;
    /* The run before may have ended between a rename and the sync of it: the snapshot that is seen is
     * about to be acted on, and a hidden one must not come back once its files are removed. */
    code = disk->sync_dir(disk, dir);
    if (code != 0)
        return gy_disk_failed(error, "sync", dir, code);
    struct gy_names names;
    code = disk->list(disk, dir, &names);
    if (code != 0)
        return gy_disk_failed(error, "list", dir, code);
    for (size_t i = 0; i < names.v.n; i++) {
        const char *name = names.v.items[i];
        uint64_t id = gy_snapshot_id(name[0] == '.' ? name + 1 : name);
        *last = id > *last ? id : *last;
    }
    code = remove_hidden(disk, dir, &names, error);
    gy_names_fini(&names);
    return code;
}

void gy_snapshot_discard(struct gy_disk *disk, const char *dir, uint64_t id)
{
    char *path = folder_path(dir, true, id);
    /* It may have had its name: files go only from what has none, as at the end of an old one. What
     * stays is removed by the next run. */
    if (path != NULL && disk->sync_dir(disk, dir) == 0)
        remove_folder(disk, path, NULL);
    gy_free(path);
}

/* ---- one snapshot ---- */

int gy_snapshot_begin(struct gy_disk *disk, const char *dir, uint64_t id, struct gyre_error *error)
{
    char *path = folder_path(dir, true, id);
    if (path == NULL)
        return no_memory(error, dir);
    int result = 0;
    int code = disk->make_dir(disk, path);
    if (code != 0 && code != -EEXIST)
        result = gy_disk_failed(error, "make the folder", path, code);
    gy_free(path);
    return result;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of all files of a snapshot, ordered: there may be very many. */
struct file_names {
    GY_VEC(const char *) v;
};

static int list_files(const struct gy_manifest *manifest, struct file_names *names)
{
    for (uint32_t i = 0; i < manifest->n_operators; i++)
        for (uint32_t t = 0; t < manifest->operators[i].n_tasks; t++) {
            const struct gy_manifest_task *task = &manifest->operators[i].tasks[t];
            if (gy_vec_reserve(&names->v, (size_t)task->n_files + 1) < 0)
                return GYRE_ENOMEM;
            if (task->file != NULL)
                names->v.items[names->v.n++] = task->file;
            for (uint32_t f = 0; f < task->n_files; f++)
                names->v.items[names->v.n++] = task->files[f].name;
        }
    if (names->v.n > 0)
        qsort(names->v.items, names->v.n, sizeof *names->v.items, compare_texts);
    return 0;
}

static bool has_file(const struct file_names *files, const char *name)
{
    return files->v.n > 0 && bsearch(&name, files->v.items, files->v.n, sizeof *files->v.items,
                                     compare_texts) != NULL;
}

/* Removes what an old snapshot had in its folder and this one has not. What cannot be removed does no
 * harm, but for a manifest, which shows when there is to be a new one. */
static int remove_others(struct gy_disk *disk, const char *folder,
                         const struct gy_manifest *manifest, struct gyre_error *error)
{
    struct gy_names names;
    struct file_names files = {0};
    int code = disk->list(disk, folder, &names);
    if (code != 0)
        return gy_disk_failed(error, "list", folder, code);
    int result = list_files(manifest, &files) == 0 ? 0 : no_memory(error, folder);
    for (size_t i = 0; result != GYRE_ENOMEM && i < names.v.n; i++)
        if (!has_file(&files, names.v.items[i]))
            result = remove_in(disk, folder, names.v.items[i], error);
    gy_vec_fini(&files.v);
    gy_names_fini(&names);
    return result == GYRE_ENOMEM ? result : 0;
}

/* Syncs a file that was written by somebody who had no time to. */
static int sync_file(struct gy_disk *disk, const char *folder, const char *name,
                     struct gyre_error *error)
{
    char *path = gy_printf("%s/%s", folder, name);
    if (path == NULL)
        return no_memory(error, folder);
    int handle;
    const char *verb = "open";
    int code = disk->open(disk, path, &handle);
    if (code == 0) {
        verb = "sync";
        code = disk->sync(disk, handle);
        disk->close(disk, handle);
    }
    int result = code == 0 ? 0 : gy_disk_failed(error, verb, path, code);
    gy_free(path);
    return result;
}

static int sync_files(struct gy_disk *disk, const char *folder, const struct gy_manifest *manifest,
                      struct gyre_error *error)
{
    for (uint32_t i = 0; i < manifest->n_operators; i++)
        for (uint32_t t = 0; t < manifest->operators[i].n_tasks; t++) {
            const struct gy_manifest_task *task = &manifest->operators[i].tasks[t];
            for (uint32_t f = 0; f < task->n_files; f++) {
                int code = sync_file(disk, folder, task->files[f].name, error);
                if (code != 0)
                    return code;
            }
        }
    return 0;
}

static int write_manifest(struct gy_disk *disk, const char *folder,
                          const struct gy_manifest *manifest, struct gyre_error *error)
{
    struct gy_buf text = {0};
    char *path = gy_printf("%s/" GY_MANIFEST_NAME, folder);
    int code;
    if (path == NULL || gy_manifest_write(manifest, &text) != 0)
        code = gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory writing the manifest of %s",
                              folder);
    else
        code = gy_disk_write_file(disk, path, text.data, text.len, error);
    gy_buf_fini(&text);
    gy_free(path);
    return code;
}

int gy_snapshot_publish(struct gy_disk *disk, const char *dir, const struct gy_manifest *manifest,
                        struct gyre_error *error)
{
    char *hidden = folder_path(dir, true, manifest->id);
    char *shown = folder_path(dir, false, manifest->id);
    int result = hidden == NULL || shown == NULL ? no_memory(error, dir)
                                                 : remove_others(disk, hidden, manifest, error);
    if (result == 0)
        result = sync_files(disk, hidden, manifest, error);
    if (result == 0)
        result = write_manifest(disk, hidden, manifest, error);
    int code = 0;
    if (result == 0 && (code = disk->sync_dir(disk, hidden)) != 0)
        result = gy_disk_failed(error, "sync", hidden, code);
    if (result == 0 && (code = disk->rename(disk, hidden, shown)) != 0)
        result = gy_disk_failed(error, "rename", hidden, code);
    if (result == 0 && (code = disk->sync_dir(disk, dir)) != 0) {
        result = gy_disk_failed(error, "sync", dir, code);
        /* A later sync may succeed and bring nothing: who sees the name until the power goes would act
         * on a snapshot that is gone after it. */
        disk->rename(disk, shown, hidden);
    }
    gy_free(hidden);
    gy_free(shown);
    return result;
}

/* ---- the old ones ---- */

/* Renames snapshot `id` to DIR/.AS, or `back`. */
static int hide(struct gy_disk *disk, const char *dir, uint64_t id, uint64_t as, bool back,
                struct gyre_error *error)
{
    char *shown = folder_path(dir, false, id);
    char *hidden = folder_path(dir, true, as);
    const char *from = back ? hidden : shown, *to = back ? shown : hidden;
    int code = 0;
    int result = shown == NULL || hidden == NULL ? no_memory(error, dir) : 0;
    if (result == 0 && (code = disk->rename(disk, from, to)) != 0)
        result = gy_disk_failed(error, "rename", from, code);
    gy_free(shown);
    gy_free(hidden);
    return result;
}

/* Leaves DIR/.NEXT, which was snapshot `id`, for the next one, unless it cannot be written: it is DIR/.ID
 * then. 0, or a code and a sentence; it is left then. */
static int leave(struct gy_disk *disk, const char *dir, uint64_t id, uint64_t next, bool *left,
                 struct gyre_error *error)
{
    char *manifest = gy_snapshot_path(dir, next, GY_MANIFEST_NAME);
    char *from = folder_path(dir, true, next), *to = folder_path(dir, true, id);
    *left = true;
    int code = 0;
    if (manifest == NULL || from == NULL || to == NULL) {
        code = no_memory(error, dir);
    } else {
        int removed = disk->remove(disk, manifest);
        *left = removed == 0 || removed == -ENOENT || disk->rename(disk, from, to) != 0;
    }
    gy_free(manifest);
    gy_free(from);
    gy_free(to);
    return code;
}

/* Removes n snapshots: hides them, syncs that, and only then touches their files. The first keeps them,
 * as DIR/.NEXT, if there is to be a next one. */
static int remove_all(struct gy_disk *disk, const char *dir, const uint64_t *ids, size_t n,
                      uint64_t next, struct gyre_error *error)
{
    int result = 0;
    size_t hidden = 0;
    while (result == 0 && hidden < n) {
        uint64_t as = hidden == 0 && next != 0 ? next : ids[hidden];
        result = hide(disk, dir, ids[hidden], as, false, error);
        hidden += result == 0;
    }
    if (hidden == 0)
        return result;
    int code = disk->sync_dir(disk, dir);
    if (code != 0) {
        /* A power cut may bring the name back: what it names must not be written over. */
        if (next != 0)
            hide(disk, dir, ids[0], next, true, NULL);
        return result != 0 ? result : gy_disk_failed(error, "sync", dir, code);
    }
    bool left = false;
    if (next != 0)
        code = leave(disk, dir, ids[0], next, &left, result == 0 ? error : NULL);
    result = result != 0 ? result : code;
    for (size_t i = left; i < hidden; i++) {
        char *path = folder_path(dir, true, ids[i]);
        struct gyre_error *say = result == 0 ? error : NULL; /* the first one is told */
        code = path != NULL ? remove_folder(disk, path, say) : no_memory(say, dir);
        result = result != 0 ? result : code;
        gy_free(path);
    }
    return result;
}

/* Puts the snapshots that may go in the order in which they go; how many they are. */
static size_t order_of_removal(struct gy_snapshot_ids *ids, const struct gy_branch *branch,
                               uint64_t oldest_needed)
{
    size_t n = 0, left = 0, most = ids->v.n > 0 ? ids->v.n - 1 : 0;
    uint64_t *id = ids->v.items;
    while (n < most && id[n] < oldest_needed)
        n++;
    for (size_t i = 0; i < n; i++) {
        if (id[i] <= branch->from || id[i] > branch->behind)
            continue;
        uint64_t it = id[i];
        memmove(&id[left + 1], &id[left], (i - left) * sizeof *id);
        id[left++] = it;
    }
    return n;
}

int gy_snapshots_trim(struct gy_disk *disk, const char *dir, uint32_t keep, uint64_t oldest_needed,
                      uint64_t next, struct gyre_error *error)
{
    struct gy_snapshot_ids ids = {0};
    struct gy_branch branch;
    int code = gy_branch_read(disk, dir, &branch, error);
    if (code == GYRE_ECORRUPT)
        branch = (struct gy_branch){0};
    else if (code != 0)
        return code;
    code = gy_snapshots_list(disk, dir, &ids, error);
    if (code != 0)
        return code;
    size_t most = ids.v.n > keep ? ids.v.n - keep : 0;
    size_t n = order_of_removal(&ids, &branch, oldest_needed);
    code = remove_all(disk, dir, ids.v.items, n < most ? n : most, next, error);
    gy_vec_fini(&ids.v);
    return code;
}

/* ---- the lock ---- */

static int in_use(int fd, const char *dir, struct gyre_error *error)
{
    char text[32];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    size_t digits = 0;
    while (n > 0 && digits < (size_t)n && text[digits] >= '0' && text[digits] <= '9')
        digits++;
    if (digits == 0) /* it has only just begun, or its disk was full */
        return gyre_error_set(error, GYRE_EFAIL, -1, "%s is in use by a running job", dir);
    return gyre_error_set(error, GYRE_EFAIL, -1, "%s is in use by a running job (process %.*s)",
                          dir, (int)digits, text);
}

static int lock_file(const char *path, const char *dir, struct gyre_error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666), code;
    if (fd < 0)
        return gy_disk_failed(error, "open", path, -errno), -1;
    do
        code = flock(fd, LOCK_EX | LOCK_NB);
    while (code < 0 && errno == EINTR);
    if (code < 0) {
        if (errno == EWOULDBLOCK)
            in_use(fd, dir, error);
        else
            gy_disk_failed(error, "lock", path, -errno);
        close(fd);
        return -1;
    }
    return fd;
}

bool gy_snapshots_in_use(const char *dir, struct gyre_error *error)
{
    char *path = gy_printf("%s/lock", dir);
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    bool used = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    if (used)
        in_use(fd, dir, error);
    if (fd >= 0)
        close(fd); /* and so unlocks it */
    gy_free(path);
    return used;
}

void gy_snapshots_sign(int lock, int64_t process)
{
    char text[GY_NUMBER_MAX + 1];
    size_t n = gy_number_format_i64(text, process);
    text[n++] = '\n';
    /* The lock holds without the number, which only helps whoever wonders about it. */
    if (ftruncate(lock, 0) < 0 || pwrite(lock, text, n, 0) < 0)
        errno = 0;
}

int gy_snapshots_lock(const char *dir, struct gyre_error *error)
{
    if (make_dirs(gy_disk_real(), dir, error) != 0)
        return -1;
    char *path = gy_printf("%s/lock", dir);
    if (path == NULL)
        return no_memory(error, dir), -1;
    int fd = lock_file(path, dir, error);
    gy_free(path);
    return fd;
}
