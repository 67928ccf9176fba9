/* plugins/file/follow.c: see follow.h.
 *
 * Every FOLLOW_US the names are looked up, and all known files looked at, older ones first. One that
 * has grown is read to the size it has then, and the next one's turn comes: so what stood in a file
 * when its successor was found comes before what the successor holds.
 *
 * | what happens to the file       | how it is seen                | what follows                   |
 * |--------------------------------|-------------------------------|--------------------------------|
 * | it grows                       | more bytes than were read     | they are read                  |
 * | renamed to what `path` means   | the same file by another name | it is followed on              |
 * | renamed or removed             | no name leads to it           | the open file is read on, until|
 * |                                |                               | nothing came for `rotate_wait` |
 * | truncated                      | fewer bytes than were read, or| it is read from its start      |
 * |                                | others before the place       |                                |
 * | ... under a writer that does   | zeros where a line begins, and| they are passed over           |
 * | not append                     | text behind                   |                                |
 * | ... after it was copied        | the copy holds what was read  | copies.h                       |
 *
 * Writers may go on with a file that was renamed while its successor grows: both are read. While the
 * name leads nowhere, or to an empty file, the one that had it is waited on without a limit. The
 * last line of a file that is given up needs no line end. A line that was partial when its file was
 * truncated goes on at the start: its writer knows nothing of the truncation. What was written
 * between the last look and a truncation is in the copy alone.
 *
 * Zeros up to the end of a file are not passed over: they may be room for lines to come. */
#include "follow.h"
#include "copies.h"
#include "known.h"
#include "scan.h"
#include <errno.h>
#include <unistd.h>

#define ASIDE_MAX   64u
#define ZEROS_BLOCK 65536u

enum { LOOK_NOTHING, LOOK_READ };

int32_t follow_open(struct reader *r, struct gyre_ctx *ctx)
{
    r->follow = gyre_alloc(ctx, NULL, sizeof *r->follow);
    if (r->follow == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to follow %s", r->config->path);
    *r->follow = (struct follow){.config = r->config};
    return GYRE_OK;
}

void follow_close(struct reader *r, struct gyre_ctx *ctx)
{
    struct follow *f = r->follow;
    if (f == NULL)
        return;
    while (f->n != 0)
        known_drop(f, ctx, f->n - 1);
    if (f->files != NULL)
        gyre_alloc(ctx, f->files, 0);
    gyre_alloc(ctx, f, 0);
    r->follow = NULL;
}

void follow_save(const struct reader *r, struct gyre_writer *writer)
{
    int is_going = r->follow->going != NULL;
    known_save(r->follow, is_going ? &r->input : NULL, r->ranges[0].skipping, writer);
}

int32_t follow_restore(struct reader *r, struct gyre_ctx *ctx, struct gyre_reader *position)
{
    return known_restore(r->follow, ctx, position);
}

/* ---- looking ----------------------------------------------------------------------------------- */

/* Gives up a file to which nothing comes any more. It may come back under a name that `path` means
 * as long as it is there. */
static void retire(struct follow *f, struct gyre_ctx *ctx, struct known *k)
{
    struct stat st;
    uint32_t aside = 0, first = f->n;
    int is_there = !k->is_passed && fstat(k->fd, &st) == 0 && st.st_nlink != 0;
    if (!is_there) {
        known_drop(f, ctx, known_index(f, k));
        return;
    }
    k->offset = known_place(k);
    k->partial_len = 0;
    k->skipping = SKIP_NONE;
    known_close(k);
    k->is_aside = 1;
    for (uint32_t i = f->n; i-- > 0;) {
        aside += f->files[i]->is_aside;
        first = f->files[i]->is_aside ? i : first;
    }
    if (aside > ASIDE_MAX)
        known_drop(f, ctx, first);
}

/* True where nothing will come any more. */
static int is_over(struct follow *f, struct gyre_ctx *ctx, struct known *k, const struct stat *st)
{
    int64_t now_us = gyre_now(ctx);
    if (k->is_named || (st->st_nlink != 0 && !f->is_glob && !f->has_successor)) {
        k->quiet_us = 0;
        return 0;
    }
    if (k->quiet_us == 0) {
        k->quiet_us = now_us;
        gyre_log(ctx, GYRE_LOG_INFO,
                 st->st_nlink == 0 ? "%s was removed: what still comes is read"
                                   : "%s was renamed: what still comes to the old file is read",
                 k->path);
    }
    return k->is_passed || now_us - k->quiet_us >= f->config->rotate_wait;
}

/* From the first byte, with what is there of a line. */
static int32_t start_again(struct follow *f, struct gyre_ctx *ctx, struct known *k,
                           int64_t changed_ns)
{
    int32_t code = GYRE_OK;
    uint32_t i = known_index(f, k);
    int keeps_name = k->is_named && !k->is_moved;
    gyre_log(ctx, GYRE_LOG_INFO, "%s was truncated: read from its start", k->path);
    if (f->is_glob) { /* its copy has a name by now */
        code = scan_names(f, ctx);
        if (code == GYRE_OK)
            code = copies_claim(f, ctx, k);
        i = known_index(f, k);
        uint32_t copy = 0;
        while (copy < i && f->files[copy]->heir != k->inode)
            copy++;
        uint32_t to = i; /* behind what is older than what it holds now */
        for (uint32_t j = i + 1; keeps_name && j < f->n; j++)
            if (known_is_unread(f->files[j]) && f->files[j]->changed_ns < changed_ns)
                to = j;
        known_move(f, i, to);
        i = copy;
    }
    k->offset = 0 - (uint64_t)k->partial_len;
    k->mark_at = k->zeros_to = k->starts_at = 0;
    k->is_own = 1;
    f->next = f->is_glob ? 0 : i; /* what is new comes after what had been looked at already */
    return code;
}

/* The first byte from `at` on that is not zero; `size`: there is none. */
static uint64_t zeros_end(int fd, uint64_t at, uint64_t size)
{
    char block[ZEROS_BLOCK];
    while (at < size) {
        off_t data = lseek(fd, (off_t)at, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            return size;
        at = data > (off_t)at ? (uint64_t)data : at;
        ssize_t n = pread(fd, block, sizeof block, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return size;
        for (ssize_t i = 0; i < n; i++)
            if (block[i] != 0)
                return at + (uint64_t)i;
        at += (uint64_t)n;
    }
    return size;
}

/* Passes over zeros where a line begins; 0 where text has not come behind them. */
static int pass_zeros(struct known *k, struct gyre_ctx *ctx, uint64_t size)
{
    uint64_t place = known_place(k);
    char first;
    if ((place != 0 && k->partial_len != 0) || pread(k->fd, &first, 1, (off_t)place) != 1 ||
        first != 0)
        return 1;
    k->zeros_to = zeros_end(k->fd, k->zeros_to > place ? k->zeros_to : place, size);
    if (k->zeros_to >= size)
        return 0;
    gyre_log(ctx, GYRE_LOG_INFO,
             "%s: %llu zeros at byte %llu are passed over: it was truncated under a writer that "
             "does not append (O_APPEND)",
             k->path, (unsigned long long)(k->zeros_to - place), (unsigned long long)place);
    k->offset += k->zeros_to - place;
    k->starts_at = k->zeros_to;
    return 1;
}

static int32_t look(struct follow *f, struct gyre_ctx *ctx, struct known *k)
{
    struct stat st;
    if (!k->is_open) {
        f->is_ending = k->is_gone;
        return k->is_gone ? LOOK_READ : LOOK_NOTHING;
    }
    if (fstat(k->fd, &st) != 0)
        return gyre_fail(ctx, GYRE_EIO, "%s: %s", k->path, strerror(errno));
    uint64_t size = (uint64_t)st.st_size;
    int64_t changed_ns = st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
    int may_hold = f->is_glob && size > 0 && known_is_unread(k) && !k->is_own && !k->is_passed;
    if (may_hold && copies_hold(f, ctx, k, size))
        return LOOK_NOTHING;
    if (!k->is_passed && (size < known_place(k) || !known_has_bytes(k, k->fd))) {
        int32_t code = start_again(f, ctx, k, changed_ns);
        return code == GYRE_OK ? LOOK_NOTHING : code;
    }
    k->changed_ns = changed_ns;
    if (!f->is_glob && k->is_named)
        f->seen_ns = k->changed_ns;
    uint64_t limit = k->size < size ? k->size : size;
    if (!k->is_passed && limit > known_place(k) && pass_zeros(k, ctx, limit)) {
        k->quiet_us = 0;
        f->limit = limit;
        f->is_cut = f->is_ending = 0;
        return LOOK_READ;
    }
    if (limit < size) { /* something has come */
        k->quiet_us = 0;
        return LOOK_NOTHING;
    }
    if (copies_hand_over(f, ctx, k) != GYRE_OK)
        return ctx->error->code;
    if (!is_over(f, ctx, k, &st))
        return LOOK_NOTHING;
    f->is_ending = k->partial_len != 0;
    if (!f->is_ending)
        retire(f, ctx, k);
    return f->is_ending ? LOOK_READ : LOOK_NOTHING;
}

/* ---- reading ----------------------------------------------------------------------------------- */

static int32_t start(struct reader *r, struct gyre_ctx *ctx, struct known *k)
{
    struct follow *f = r->follow;
    int32_t code =
        input_resume(&r->input, ctx, k->fd, k->path, k->offset, k->partial, k->partial_len);
    r->ranges[0].skipping = k->skipping;
    r->scanned = k->partial_len;
    r->input.at_eof = f->is_ending;
    r->input.stop = f->limit;
    f->going = k;
    return code == GYRE_OK ? 1 : code;
}

/* Looks names up, and how far each file is read: the size of a younger one is asked for first, so
 * that what was written to an older one before is read before. */
static int32_t begin_round(struct follow *f, struct gyre_ctx *ctx)
{
    struct stat st;
    int32_t code = scan_names(f, ctx);
    for (uint32_t i = f->n; i-- > 0;)
        if (f->files[i]->is_open && fstat(f->files[i]->fd, &st) == 0)
            f->files[i]->size = (uint64_t)st.st_size;
    return code;
}

int32_t follow_next(struct reader *r, struct gyre_ctx *ctx)
{
    struct follow *f = r->follow;
    for (;;) {
        int32_t code = f->next == 0 ? begin_round(f, ctx) : GYRE_OK;
        if (code != GYRE_OK || f->next >= f->n) {
            f->next = 0;
            return code;
        }
        struct known *k = f->files[f->next++];
        code = look(f, ctx, k);
        if (code < 0 || code == LOOK_READ)
            return code < 0 ? code : start(r, ctx, k);
    }
}

/* The file's turn ends: keeps what a partial line needs. */
static int32_t suspend(struct reader *r, struct gyre_ctx *ctx)
{
    struct follow *f = r->follow;
    struct known *k = f->going;
    k->offset = r->input.offset;
    k->skipping = r->ranges[0].skipping;
    k->zeros_to = 0;
    int32_t code = known_keep_partial(k, ctx, r->input.at, input_left(&r->input));
    if (f->is_cut)
        f->next = known_index(f, k);
    else if (code == GYRE_OK)
        code = copies_hand_over(f, ctx, k);
    f->going = NULL;
    input_pause(&r->input);
    return code;
}

/* The first zero of those that begin a line; NULL: there are none. */
static char *find_zeros(char *at, char *end)
{
    for (char *zero = at; (zero = memchr(zero, 0, (size_t)(end - zero))) != NULL; zero++)
        if (zero > at && zero[-1] == '\n')
            return zero;
    return NULL;
}

int32_t follow_more(struct reader *r, struct gyre_ctx *ctx)
{
    struct follow *f = r->follow;
    struct input *in = &r->input;
    size_t left = input_left(in);
    if (in->offset + left >= f->limit)
        return suspend(r, ctx) == GYRE_OK ? INPUT_WAIT : ctx->error->code;
    int32_t code = input_more(in, ctx);
    if (code != GYRE_OK)
        return code;
    if (!known_has_bytes(f->going, in->fd)) /* it is another's text already */
        in->end = in->at + left;
    if (input_left(in) == left)
        return suspend(r, ctx) == GYRE_OK ? INPUT_WAIT : ctx->error->code;
    char *zeros = find_zeros(in->at + left - (left != 0), in->end);
    if (zeros != NULL) {
        in->end = zeros;
        f->limit = in->offset + input_left(in);
        f->is_cut = 1;
    }
    known_set_mark(f->going, in->offset + input_left(in));
    return GYRE_OK;
}

void follow_end(struct reader *r, struct gyre_ctx *ctx)
{
    struct known *k = r->follow->going;
    input_pause(&r->input);
    r->follow->going = NULL;
    retire(r->follow, ctx, k);
}
