/* plugins/file/copies.c: see copies.h. */
#include "copies.h"
#include "mark.h"
#include <unistd.h>

static uint64_t size_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static int same_at(int a, int b, uint64_t at)
{
    uint64_t head = at < MARK_BYTES ? at : MARK_BYTES;
    return file_mark(a, at) == file_mark(b, at) && file_mark(a, head) == file_mark(b, head);
}

static int was_truncated(const struct known *k)
{
    return size_of(k->fd) < k->mark_at || !known_has_bytes(k, k->fd);
}

/* False for one that begins with a hole, as others do. */
static int is_text(int fd)
{
    char first = 0;
    return pread(fd, &first, 1, 0) == 1 && first != 0;
}

static int begins_with(const char *path, const char *with)
{
    return strncmp(path, with, strlen(with)) == 0;
}

enum { COPY_NONE, COPY_SHORT, COPY_WHOLE };

/* Whether all that `k` holds may be of `of`, up to a place before that to which `of` has been read, or
 * to it and beyond. One that is being made is shorter; so is one that was made before the last look. */
static int is_copy(const struct known *k, uint64_t size, const struct known *of)
{
    uint64_t head = of->mark_at < MARK_BYTES ? of->mark_at : MARK_BYTES;
    if (of->mark_at == 0 || (size >= head && of->head != file_mark(k->fd, head)))
        return COPY_NONE;
    if (size >= of->mark_at)
        return known_has_bytes(of, k->fd) && (was_truncated(of) || size <= size_of(of->fd))
                   ? COPY_WHOLE
                   : COPY_NONE;
    if (was_truncated(of)) /* the head has to do, and a name such as rotation gives */
        return size >= MARK_BYTES && is_text(k->fd) && begins_with(k->path, of->path) ? COPY_SHORT
                                                                                      : COPY_NONE;
    return same_at(k->fd, of->fd, size) ? COPY_SHORT : COPY_NONE;
}

static struct known *find_inode(const struct follow *f, uint64_t inode)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (f->files[i]->is_open && f->files[i]->inode == inode)
            return f->files[i];
    return NULL;
}

/* The file whose copy it may be: one that has kept its name, and not one that made way for it. */
static struct known *find_source(const struct follow *f, const struct known *k, uint64_t size)
{
    for (uint32_t i = 0; i < f->n; i++) {
        struct known *of = f->files[i];
        int keeps_name = of->is_open && of->is_named && !of->is_moved;
        if (of != k && keeps_name && !begins_with(of->path, k->path) && of->held_of == 0 &&
            is_copy(k, size, of) != COPY_NONE)
            return of;
    }
    return NULL;
}

int copies_hold(struct follow *f, struct gyre_ctx *ctx, struct known *k, uint64_t size)
{
    const struct known *of = k->held_of != 0 ? find_inode(f, k->held_of) : find_source(f, k, size);
    int64_t now_us = gyre_now(ctx);
    if (k->held_of == 0)
        k->quiet_us = now_us;
    /* a source that was truncated will be looked at, and take its copy */
    if (of != NULL && (was_truncated(of) || (is_copy(k, size, of) != COPY_NONE &&
                                             now_us - k->quiet_us < f->config->rotate_wait))) {
        k->held_of = of->inode;
        return 1;
    }
    k->held_of = 0;
    k->quiet_us = 0;
    k->is_own = 1;
    return 0;
}

/* The copy goes on where the truncated file was. */
static int32_t take_place(struct known *copy, struct known *k, struct gyre_ctx *ctx)
{
    int32_t code = known_keep_partial(copy, ctx, k->partial, k->partial_len);
    copy->offset = k->offset;
    copy->starts_at = k->starts_at;
    copy->skipping = k->skipping;
    copy->mark_at = k->mark_at;
    copy->mark = k->mark;
    copy->head = k->head;
    copy->heir = k->inode;
    k->partial_len = 0;
    k->skipping = SKIP_NONE;
    gyre_log(ctx, GYRE_LOG_INFO, "%s is a copy of %s, which was truncated: it is read on",
             copy->path, k->path);
    return code;
}

int32_t copies_claim(struct follow *f, struct gyre_ctx *ctx, struct known *k)
{
    struct known *best = NULL;
    for (uint32_t i = 0; i < f->n; i++) {
        struct known *copy = f->files[i];
        if (copy == k || copy->is_own || !known_is_unread(copy) || copy->is_passed)
            continue;
        uint64_t size = size_of(copy->fd);
        int kind = size != 0 ? is_copy(copy, size, k) : COPY_NONE;
        if (kind == COPY_NONE && copy->held_of == k->inode) /* it was one when that could be seen */
            kind = COPY_SHORT;
        if (kind == COPY_NONE)
            continue;
        copy->held_of = 0;
        copy->quiet_us = 0;
        copy->offset = size; /* of several, one is read */
        known_set_mark(copy, size);
        if (kind == COPY_WHOLE && (best == NULL || size > size_of(best->fd)))
            best = copy;
    }
    if (best == NULL)
        return GYRE_OK;
    int32_t code = take_place(best, k, ctx);
    uint32_t from = known_index(f, best), to = known_index(f, k);
    if (from > to)
        known_move(f, from, to);
    return code;
}

int32_t copies_hand_over(struct follow *f, struct gyre_ctx *ctx, struct known *k)
{
    struct known *heir = k->heir != 0 ? find_inode(f, k->heir) : NULL;
    k->heir = 0; /* most have none */
    if (heir == NULL || !known_is_unread(heir) || heir->partial_len != 0)
        return GYRE_OK;
    int32_t code = known_keep_partial(heir, ctx, k->partial, k->partial_len);
    heir->offset = 0 - (uint64_t)k->partial_len;
    heir->skipping = k->skipping;
    k->offset = known_place(k);
    k->partial_len = 0;
    k->skipping = SKIP_NONE;
    return code;
}
