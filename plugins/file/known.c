/* plugins/file/known.c: see known.h. */
#include "known.h"
#include "mark.h"
#include "paths.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- what a file is ---------------------------------------------------------------------------- */

static int64_t born_ns(int fd)
{
#ifdef STATX_BTIME
    struct statx x;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &x) == 0 && (x.stx_mask & STATX_BTIME) != 0)
        return (int64_t)x.stx_btime.tv_sec * 1000000000ll + x.stx_btime.tv_nsec;
#else
    (void)fd;
#endif
    return 0;
}

int32_t identity_open(struct identity *id, const char *path)
{
    id->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (id->fd < 0)
        return -1;
    if (fstat(id->fd, &id->st) == 0 && S_ISREG(id->st.st_mode)) {
        id->born_ns = born_ns(id->fd);
        return 0;
    }
    close(id->fd);
    id->fd = -1;
    errno = ENOENT; /* a folder, for a moment */
    return -1;
}

int known_is(const struct known *k, const struct identity *id)
{
    return k->inode == (uint64_t)id->st.st_ino &&
           (k->born_ns == 0 || id->born_ns == 0 || k->born_ns == id->born_ns);
}

static uint64_t head_of(int fd, uint64_t at)
{
    return file_mark(fd, at < MARK_BYTES ? at : MARK_BYTES);
}

int known_has_bytes(const struct known *k, int fd)
{
    return k->mark_at == 0 ||
           (k->mark == file_mark(fd, k->mark_at) && k->head == head_of(fd, k->mark_at));
}

void known_set_mark(struct known *k, uint64_t at)
{
    uint64_t mark = file_mark(k->fd, at), head = head_of(k->fd, at);
    if (mark == 0 || head == 0 || !known_has_bytes(k, k->fd))
        return;
    k->mark_at = at;
    k->mark = mark;
    k->head = head;
}

void known_attach(struct known *k, const struct identity *id)
{
    k->fd = id->fd;
    k->device = (uint64_t)id->st.st_dev;
    k->inode = (uint64_t)id->st.st_ino;
    k->born_ns = id->born_ns;
    k->is_open = 1;
    k->is_restored = k->is_aside = 0;
}

void known_close(struct known *k)
{
    if (k->is_open)
        close(k->fd);
    k->is_open = 0;
    k->quiet_us = 0;
}

int32_t known_keep_partial(struct known *k, struct gyre_ctx *ctx, const char *at, size_t n)
{
    if (n > k->partial_size) {
        char *partial = gyre_alloc(ctx, k->partial, 2 * n);
        if (partial == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "%s: no memory for a line of %zu bytes", k->path, n);
        k->partial = partial;
        k->partial_size = 2 * n;
    }
    if (n != 0)
        memcpy(k->partial, at, n);
    k->partial_len = (uint32_t)n;
    return GYRE_OK;
}

int32_t known_rename(struct known *k, struct gyre_ctx *ctx, const char *path)
{
    size_t size = strlen(path) + 1;
    char *copy = gyre_alloc(ctx, NULL, size);
    if (copy == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a path");
    memcpy(copy, path, size);
    if (k->path != NULL)
        gyre_alloc(ctx, k->path, 0);
    k->path = copy;
    return GYRE_OK;
}

/* ---- the list ---------------------------------------------------------------------------------- */

struct known *known_add(struct follow *f, struct gyre_ctx *ctx, const char *path)
{
    if (f->n == f->capacity) {
        uint32_t capacity = f->capacity == 0 ? 16 : 2 * f->capacity;
        struct known **files = gyre_alloc(ctx, f->files, capacity * sizeof *files);
        if (files == NULL) {
            gyre_fail(ctx, GYRE_ENOMEM, "no memory for %u files", (unsigned)capacity);
            return NULL;
        }
        f->files = files;
        f->capacity = capacity;
    }
    struct known *k = gyre_alloc(ctx, NULL, sizeof *k);
    if (k == NULL) {
        gyre_fail(ctx, GYRE_ENOMEM, "no memory for a file");
        return NULL;
    }
    *k = (struct known){.fd = -1};
    if (known_rename(k, ctx, path) != GYRE_OK) {
        gyre_alloc(ctx, k, 0);
        return NULL;
    }
    f->files[f->n++] = k;
    return k;
}

void known_drop(struct follow *f, struct gyre_ctx *ctx, uint32_t i)
{
    struct known *k = f->files[i];
    known_close(k);
    if (k->partial != NULL)
        gyre_alloc(ctx, k->partial, 0);
    gyre_alloc(ctx, k->path, 0);
    gyre_alloc(ctx, k, 0);
    f->n--;
    memmove(f->files + i, f->files + i + 1, (f->n - i) * sizeof *f->files);
    f->next -= i < f->next;
}

void known_move(struct follow *f, uint32_t from, uint32_t to)
{
    struct known *k = f->files[from];
    if (from < to)
        memmove(f->files + from, f->files + from + 1, (to - from) * sizeof *f->files);
    else
        memmove(f->files + to + 1, f->files + to, (from - to) * sizeof *f->files);
    f->files[to] = k;
}

uint32_t known_index(const struct follow *f, const struct known *k)
{
    uint32_t i = 0;
    while (i < f->n && f->files[i] != k)
        i++;
    return i;
}

struct known *known_find(const struct follow *f, uint64_t device, uint64_t inode)
{
    for (uint32_t i = 0; i < f->n; i++) {
        struct known *k = f->files[i];
        if (k->is_open && k->inode == inode && k->device == device)
            return k;
    }
    return NULL;
}

/* ---- positions --------------------------------------------------------------------------------- */

enum { SAVED_ASIDE = 1, SAVED_OWN = 2 };

/* Whether one that is held back is a copy is seen anew. A partial line is a part of the position, for the file may be truncated before it is gone on with. What is
 * at hand of a file that is being read may be much, and is read again where it can be. */
static void save_file(const struct follow *f, const struct known *k, const struct input *going,
                      uint32_t skipping, struct gyre_writer *writer)
{
    const char *name = k->path + paths_folder(f->config->path);
    uint64_t offset = going != NULL ? going->offset : k->offset;
    size_t n = going != NULL ? input_left(going) : k->partial_len;
    if (going != NULL && (int64_t)offset >= (int64_t)k->starts_at)
        n = 0;
    gyre_write_u32(writer, (uint32_t)strlen(name));
    gyre_write(writer, name, strlen(name));
    gyre_write_u64(writer, k->inode);
    gyre_write_i64(writer, k->born_ns);
    gyre_write_u64(writer, offset);
    gyre_write_u64(writer, k->mark_at);
    gyre_write_u64(writer, k->mark);
    gyre_write_u64(writer, k->head);
    gyre_write_i64(writer, k->changed_ns);
    gyre_write_u32(writer, skipping);
    gyre_write_u32(writer, (k->is_aside ? SAVED_ASIDE : 0) | (k->is_own ? SAVED_OWN : 0));
    gyre_write_u64(writer, k->heir);
    gyre_write_u32(writer, (uint32_t)n);
    gyre_write(writer, going != NULL ? going->at : k->partial, n);
}

void known_save(const struct follow *f, const struct input *going, uint32_t skipping,
                struct gyre_writer *writer)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->n; i++)
        n += !f->files[i]->is_passed;
    gyre_write_u32(writer, n);
    gyre_write_i64(writer, f->seen_ns);
    for (uint32_t i = 0; i < f->n; i++) {
        const struct known *k = f->files[i];
        int is_going = going != NULL && k == f->going;
        if (!k->is_passed)
            save_file(f, k, is_going ? going : NULL, is_going ? skipping : k->skipping, writer);
    }
}

static int32_t restore_file(struct follow *f, struct gyre_ctx *ctx, struct gyre_reader *position)
{
    size_t folder = paths_folder(f->config->path);
    uint32_t n = gyre_read_u32(position);
    const char *name = (const char *)gyre_read(position, n);
    if (position->error != 0)
        return GYRE_OK; /* the caller says so */
    char *path = gyre_alloc(ctx, NULL, folder + n + 1);
    if (path == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a path");
    memcpy(path, f->config->path, folder);
    if (n != 0)
        memcpy(path + folder, name, n);
    path[folder + n] = 0;
    struct known *k = known_add(f, ctx, path);
    gyre_alloc(ctx, path, 0);
    if (k == NULL)
        return ctx->error->code;
    k->inode = gyre_read_u64(position);
    k->born_ns = gyre_read_i64(position);
    k->offset = gyre_read_u64(position);
    k->mark_at = gyre_read_u64(position);
    k->mark = gyre_read_u64(position);
    k->head = gyre_read_u64(position);
    k->changed_ns = gyre_read_i64(position);
    k->skipping = gyre_read_u32(position);
    uint32_t flags = gyre_read_u32(position);
    k->is_aside = (flags & SAVED_ASIDE) != 0;
    k->is_own = (flags & SAVED_OWN) != 0;
    k->is_restored = !k->is_aside;
    k->heir = gyre_read_u64(position);
    uint32_t partial_len = gyre_read_u32(position);
    const char *partial = (const char *)gyre_read(position, partial_len);
    if (k->skipping >= SKIP_KINDS)
        position->error = GYRE_ECORRUPT;
    k->starts_at = partial_len != 0 ? k->offset + partial_len : 0;
    return position->error != 0 ? GYRE_OK : known_keep_partial(k, ctx, partial, partial_len);
}

int32_t known_restore(struct follow *f, struct gyre_ctx *ctx, struct gyre_reader *position)
{
    int32_t code = GYRE_OK;
    uint32_t n = gyre_read_u32(position);
    f->seen_ns = gyre_read_i64(position);
    for (uint32_t i = 0; code == GYRE_OK && position->error == 0 && i < n; i++)
        code = restore_file(f, ctx, position);
    return code;
}
