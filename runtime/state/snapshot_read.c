/* Reading the folder of snapshots; see snapshot.h.
 *
 * Damaged is what no other try would read: GYRE_ECORRUPT, also for a file that is not there or that
 * the medium does not give. What may pass (no memory, no descriptor, no permission) is another code, and
 * gy_snapshot_newest does not go back to an older snapshot for it. */
#include "state/snapshot.h"

#include "base/mem.h"
#include "base/text.h"
#include "state/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ID_DIGITS = 18 }; /* what has more is somebody else's */

#define CHUNK ((size_t)256 << 10)

static int no_memory(struct gyre_error *error, const char *path)
{
    return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory reading %s", path);
}

__attribute__((format(printf, 3, 4))) static int damaged(struct gyre_error *error, const char *path,
                                                         const char *format, ...)
{
    char what[200], brief[GY_PATH_BRIEF];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return gyre_error_set(error, GYRE_ECORRUPT, -1, "%s is damaged: %s",
                          gy_text_shorten(brief, sizeof brief, path), what);
}

/* As gy_disk_failed, but for what belongs to an intact snapshot. */
static int unreadable(struct gyre_error *error, const char *verb, const char *path, int code)
{
    int result = gy_disk_failed(error, verb, path, code);
    bool gone = code == -ENOENT || code == -ENOTDIR || code == -EISDIR || code == -EIO ||
                code == -ELOOP || code == -ENXIO;
    if (!gone)
        return result;
    if (error != NULL)
        error->code = GYRE_ECORRUPT;
    return GYRE_ECORRUPT;
}

uint64_t gy_snapshot_id(const char *name)
{
    size_t n = strspn(name, "0123456789");
    if (n == 0 || n > ID_DIGITS || name[n] != '\0' || name[0] == '0')
        return 0;
    return strtoull(name, NULL, 10);
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

int gy_snapshots_list(struct gy_disk *disk, const char *dir, struct gy_snapshot_ids *ids,
                      struct gyre_error *error)
{
    *ids = (struct gy_snapshot_ids){0};
    struct gy_names names;
    int code = disk->list(disk, dir, &names);
    if (code != 0)
        return gy_disk_failed(error, "list", dir, code);
    for (size_t i = 0; code == 0 && i < names.v.n; i++) {
        uint64_t id = gy_snapshot_id(names.v.items[i]);
        if (id != 0 && gy_vec_push(&ids->v, id) < 0)
            code = no_memory(error, dir);
    }
    gy_names_fini(&names);
    if (code != 0)
        gy_vec_fini(&ids->v);
    else if (ids->v.n > 0)
        qsort(ids->v.items, ids->v.n, sizeof *ids->v.items, compare_ids);
    return code;
}

/* ---- manifests ---- */

/* Reads a whole file that should have no more than GY_MANIFEST_MAX bytes. */
static int read_text(struct gy_disk *disk, const char *path, struct gy_buf *text,
                     struct gyre_error *error)
{
    int handle;
    int code = disk->open(disk, path, &handle);
    if (code != 0)
        return unreadable(error, "open", path, code);
    size_t got = 1, step = 16384;
    int result = 0;
    gy_buf_init(text, GY_MANIFEST_MAX + step);
    while (result == 0 && got > 0) {
        uint8_t *into = gy_buf_claim(text, step);
        if (into == NULL) {
            result = no_memory(error, path);
        } else if ((code = disk->read(disk, handle, into, step, &got)) != 0) {
            result = unreadable(error, "read", path, code);
        } else {
            text->len -= step - got;
            if (text->len > GY_MANIFEST_MAX)
                result = damaged(error, path, "it is too long");
        }
    }
    disk->close(disk, handle);
    return result;
}

/* The id that the last part of a path says; 0 where it is another name. */
static uint64_t id_of_path(const char *path)
{
    size_t n = strlen(path);
    char name[24];
    while (n > 0 && path[n - 1] == '/')
        n--;
    size_t at = n;
    while (at > 0 && path[at - 1] != '/')
        at--;
    if (n - at >= sizeof name)
        return 0;
    memcpy(name, path + at, n - at);
    name[n - at] = '\0';
    return gy_snapshot_id(name);
}

struct gy_manifest *gy_snapshot_read(struct gy_disk *disk, const char *path,
                                     struct gyre_error *error)
{
    struct gy_buf text = {0};
    struct gy_manifest *manifest = NULL;
    char *file = gy_printf("%s/" GY_MANIFEST_NAME, path);
    if (file == NULL)
        no_memory(error, path);
    else if (read_text(disk, file, &text, error) == 0)
        manifest = gy_manifest_parse((const char *)text.data, text.len, path, error);
    uint64_t id = id_of_path(path);
    if (manifest != NULL && id != 0 && id != manifest->id) {
        damaged(error, file, "it is the manifest of snapshot %" PRIu64, manifest->id);
        gy_manifest_free(manifest);
        manifest = NULL;
    }
    gy_buf_fini(&text);
    gy_free(file);
    return manifest;
}

/* ---- files ---- */

/* Bytes that are read at a time: most files are small, and one byte more shows their end. */
static size_t chunk_of(uint64_t bytes)
{
    return bytes < CHUNK ? (size_t)bytes + 1 : CHUNK;
}

/* Reads a file to its end, but no further than just beyond what it should have. */
static int check_file(struct gy_disk *disk, const char *path, const struct gy_manifest_file *file,
                      uint8_t *chunk, struct gy_checksum_run *run, struct gyre_error *error)
{
    int handle, result = 0;
    int code = disk->open(disk, path, &handle);
    if (code != 0)
        return unreadable(error, "open", path, code);
    uint64_t bytes = 0;
    size_t got = 1;
    while (result == 0 && got > 0 && bytes <= file->bytes) {
        code = disk->read(disk, handle, chunk, chunk_of(file->bytes), &got);
        if (code != 0) {
            result = unreadable(error, "read", path, code);
            break;
        }
        gy_checksum_add(run, chunk, got);
        bytes += got;
    }
    disk->close(disk, handle);
    if (result != 0)
        return result;
    if (bytes != file->bytes)
        return damaged(error, path, "it is %s than the %" PRIu64 " bytes that its manifest says",
                       bytes < file->bytes ? "shorter" : "longer", file->bytes);
    if (gy_checksum_end(run) != file->checksum)
        return damaged(error, path, "it does not have the checksum that its manifest says");
    return 0;
}

static int verify_file(struct gy_disk *disk, const struct gy_manifest *manifest,
                       const struct gy_manifest_file *file, struct gyre_error *error)
{
    char *path = gy_printf("%s/%s", manifest->path, file->name);
    uint8_t *chunk = gy_realloc(NULL, chunk_of(file->bytes));
    struct gy_checksum_run *run = gy_checksum_new();
    int code = path == NULL || chunk == NULL || run == NULL
                   ? no_memory(error, manifest->path)
                   : check_file(disk, path, file, chunk, run, error);
    gy_free(path);
    gy_free(chunk);
    gy_free(run);
    return code;
}

static int verify_task(struct gy_disk *disk, const struct gy_manifest *manifest,
                       const struct gy_manifest_task *task, struct gyre_error *error)
{
    const struct gy_manifest_file state = {task->file, task->bytes, task->checksum};
    int code = task->file != NULL ? verify_file(disk, manifest, &state, error) : 0;
    for (uint32_t i = 0; code == 0 && i < task->n_files; i++)
        code = verify_file(disk, manifest, &task->files[i], error);
    return code;
}

int gy_snapshot_verify(struct gy_disk *disk, const struct gy_manifest *manifest,
                       struct gyre_error *error)
{
    for (uint32_t i = 0; i < manifest->n_operators; i++) {
        const struct gy_manifest_operator *op = &manifest->operators[i];
        for (uint32_t t = 0; t < op->n_tasks; t++) {
            int code = verify_task(disk, manifest, &op->tasks[t], error);
            if (code != 0)
                return code;
        }
    }
    return 0;
}

struct gy_manifest *gy_snapshot_intact(struct gy_disk *disk, const char *path,
                                       struct gyre_error *error)
{
    struct gy_manifest *manifest = gy_snapshot_read(disk, path, error);
    if (manifest != NULL && gy_snapshot_verify(disk, manifest, error) != 0) {
        gy_manifest_free(manifest);
        manifest = NULL;
    }
    return manifest;
}

bool gy_snapshot_is_one(const char *path)
{
    char *manifest = gy_printf("%s/" GY_MANIFEST_NAME, path);
    bool is_one = manifest != NULL && access(manifest, F_OK) == 0;
    gy_free(manifest);
    return is_one;
}

/* Snapshot `id`, if it is intact and of that run. NULL with error->code 0: it is another run's. */
static struct gy_manifest *intact_of(struct gy_disk *disk, const char *dir, uint64_t id,
                                     uint64_t run, struct gyre_error *error)
{
    char *path = gy_printf("%s/%" PRIu64, dir, id);
    struct gy_manifest *manifest = NULL;
    if (path == NULL)
        no_memory(error, dir);
    else
        manifest = gy_snapshot_read(disk, path, error);
    bool is_wanted = manifest != NULL && (run == 0 || manifest->run == run);
    if (manifest != NULL && (!is_wanted || gy_snapshot_verify(disk, manifest, error) != 0)) {
        gy_manifest_free(manifest);
        manifest = NULL;
    }
    gy_free(path);
    return manifest;
}

struct gy_manifest *gy_snapshot_newest(struct gy_disk *disk, const char *dir, uint64_t least,
                                       uint64_t run, void (*told)(void *host, const char *sentence),
                                       void *host, struct gyre_error *error)
{
    struct gy_snapshot_ids ids;
    struct gy_manifest *manifest = NULL;
    error->code = 0;
    if (gy_snapshots_list(disk, dir, &ids, error) != 0)
        return NULL;
    for (size_t i = ids.v.n; manifest == NULL && i > 0 && ids.v.items[i - 1] >= least; i--) {
        manifest = intact_of(disk, dir, ids.v.items[i - 1], run, error);
        if (manifest != NULL || (error->code != 0 && error->code != GYRE_ECORRUPT))
            break;
        if (error->code != 0 && told != NULL)
            told(host, error->text);
        error->code = 0;
    }
    gy_vec_fini(&ids.v);
    return manifest;
}
