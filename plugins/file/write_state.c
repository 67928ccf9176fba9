/* plugins/file/write_state.c: see write_state.h.
 *
 * An item of state (all tasks get all of them) begins with a u32, what it is:
 *
 * | ITEM_TASK | what                       |   | ITEM_PART | a part that is being written   |
 * |-----------|----------------------------|   |-----------|--------------------------------|
 * | u32       | task                       |   | u32       | task                           |
 * | u64       | number of its next part    |   | u64       | number                         |
 * | u64       | length of the file         |   | u32       | CODEC_...                      |
 * | u64       | mark there (mark.h; 0: no) |   | u64       | length of the file             |
 * | u32       | TO_...                     |   | u64       | mark there                     |
 * | u32       | CODEC_...                  |   | u32, bytes| its folder in the base         |
 * | u64       | inode of the base          |
 * | u32       | bytes of the base's path   |
 * | u32, bytes| the path                   |
 *
 * There is an ITEM_TASK for each task that ever wrote, also where there are fewer tasks by now: task t of n
 * keeps those of t, t + n, ... So no part is forgotten, and no name used twice. Likewise the parts.
 *
 * A transaction: u32, the number of its parts, then for each u32 its task, u64 its number, u32 CODEC_..., u32 1 where
 * an older snapshot may go on with it, u32 and the bytes of its folder. A part that a
 * snapshot has pending is below its next numbers, and stays, whether it has been committed or not. */
#include "write_state.h"
#include <sys/stat.h>

enum { ITEM_TASK, ITEM_PART };

static const char *const targets[TARGETS] = {"standard output", "one file", "a folder of parts",
                                             "a folder of parts for each value"};

static uint64_t inode_of(const struct sink *s)
{
    struct stat st;
    return stat(s->config->base, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

static void write_text(struct gyre_writer *writer, const char *text)
{
    gyre_write_u32(writer, (uint32_t)strlen(text));
    gyre_write(writer, text, strlen(text));
}

static void save_task(const struct sink *s, struct gyre_writer *writer, struct part next)
{
    const struct write_config *c = s->config;
    uint64_t at = s->output.length;
    gyre_write_u32(writer, ITEM_TASK);
    gyre_write_u32(writer, next.task);
    gyre_write_u64(writer, next.number);
    gyre_write_u64(writer, at);
    gyre_write_u64(writer, c->target == TO_FILE ? output_mark(&s->output, at) : 0);
    gyre_write_u32(writer, (uint32_t)c->target);
    gyre_write_u32(writer, (uint32_t)c->codec);
    gyre_write_u64(writer, sink_has_parts(s) ? inode_of(s) : 0);
    gyre_write_u32(writer, (uint32_t)strlen(c->base));
    write_text(writer, c->path);
}

static const char *name_of(const struct sink *s, const struct shelf_part *p)
{
    return p->folder->path + s->shelf.base_length;
}

static void save_part(const struct sink *s, struct gyre_writer *writer, struct shelf_part *p)
{
    gyre_write_u32(writer, ITEM_PART);
    gyre_write_u32(writer, p->part.task);
    gyre_write_u64(writer, p->part.number);
    gyre_write_u32(writer, (uint32_t)p->part.codec);
    gyre_write_u64(writer, shelf_length(p));
    gyre_write_u64(writer, shelf_mark(p));
    write_text(writer, name_of(s, p));
}

/* Whether parts end with the snapshot at hand, as they do where nothing else ends them. */
static int all_end(const struct sink *s, const struct gyre_ctx *ctx)
{
    return !s->shelf.goes_on || ctx->watermark_us == INT64_MAX;
}

static int32_t flush_all(struct sink *s, struct gyre_ctx *ctx)
{
    int32_t code = sink_start(s, ctx);
    if (code == GYRE_OK && s->output.is_open) {
        output_put_empty(&s->output);
        code = output_flush(&s->output, ctx);
    }
    return code == GYRE_OK && sink_has_parts(s) ? shelf_flush(&s->shelf, ctx) : code;
}

int32_t write_save(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                   void (*next_item)(struct gyre_writer *writer))
{
    struct sink *s = self;
    int32_t code = flush_all(s, ctx);
    if (code != GYRE_OK)
        return code;
    save_task(s, writer, (struct part){.task = ctx->task, .number = s->shelf.next});
    next_item(writer);
    for (uint32_t i = 0; i < s->n_known; i++) {
        struct part part = s->known[i];
        if (part.task == ctx->task || part.task % ctx->tasks != ctx->task)
            continue;
        save_task(s, writer, part);
        next_item(writer);
    }
    for (uint32_t i = 0; i < s->shelf.n_parts && !all_end(s, ctx); i++) {
        struct shelf_part *p = s->shelf.parts[i];
        if (p->is_ended)
            continue;
        p->is_saved = 1;
        save_part(s, writer, p);
        next_item(writer);
    }
    return writer->error;
}

/* The next part of a task in the snapshot; NULL where it wrote none. */
static struct part *known_part(struct sink *s, uint32_t task)
{
    for (uint32_t i = 0; i < s->n_known; i++)
        if (s->known[i].task == task)
            return &s->known[i];
    return NULL;
}

static int32_t add_known(struct sink *s, struct gyre_ctx *ctx, struct part part)
{
    struct part *known = known_part(s, part.task);
    if (known != NULL) {
        known->number = part.number > known->number ? part.number : known->number;
        return GYRE_OK;
    }
    if (s->n_known == s->capacity) {
        uint32_t capacity = 2 * s->capacity + 8;
        struct part *more = gyre_alloc(ctx, s->known, capacity * sizeof *more);
        if (more == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the parts of %u tasks",
                             (unsigned)capacity);
        s->known = more;
        s->capacity = capacity;
    }
    s->known[s->n_known++] = part;
    return GYRE_OK;
}

struct saved_target {
    uint32_t target;
    uint32_t codec;
    uint64_t inode;
    uint32_t base; /* bytes of the path */
    uint32_t length;
    const char *path;
};

static int32_t read_target(struct gyre_ctx *ctx, struct gyre_reader *reader, struct saved_target *t)
{
    t->target = gyre_read_u32(reader);
    t->codec = gyre_read_u32(reader);
    t->inode = gyre_read_u64(reader);
    t->base = gyre_read_u32(reader);
    t->length = gyre_read_u32(reader);
    t->path = (const char *)gyre_read(reader, t->length);
    if (t->path == NULL || t->target >= TARGETS || t->codec >= CODEC_KINDS || t->base > t->length)
        return gyre_fail(ctx, GYRE_ECORRUPT, "the state of file.write cannot be read");
    return GYRE_OK;
}

/* Rows that are where `path` was when the snapshot was taken are not cut back or committed here. */
static int32_t check_target(struct sink *s, struct gyre_ctx *ctx, const struct saved_target *t)
{
    const struct write_config *c = s->config;
    size_t length = strlen(c->path), base = strlen(c->base);
    int is_renamed = length != t->length || memcmp(c->path, t->path, length) != 0;
    int is_file = c->target == TO_FILE || c->target == TO_STDOUT;
    s->is_other = is_renamed && t->inode != inode_of(s);
    if (t->target == (uint32_t)c->target && is_file && t->codec != (uint32_t)c->codec)
        return gyre_fail(ctx, GYRE_EFAIL,
                         "%s was written with compression = \"%s\" in the snapshot, and is with "
                         "\"%s\": put it back, or begin the output anew with --drop-state",
                         c->path, codec_name((int32_t)t->codec), codec_name(c->codec));
    if (t->target == (uint32_t)c->target &&
        (is_file || (length - base == t->length - t->base &&
                     memcmp(c->path + base, t->path + t->base, length - base) == 0)))
        return GYRE_OK;
    return gyre_fail(
        ctx, GYRE_EFAIL,
        "`path` was %.*s in the snapshot, %s, and is %s, %s: put it back, or begin the "
        "output anew with --drop-state",
        (int)t->length, t->path, targets[t->target], c->path, targets[c->target]);
}

static int32_t restore_task(struct sink *s, struct gyre_ctx *ctx, struct gyre_reader *reader)
{
    struct saved_target target = {0};
    struct part part = {.task = gyre_read_u32(reader)};
    part.number = gyre_read_u64(reader);
    uint64_t length = gyre_read_u64(reader), mark = gyre_read_u64(reader);
    if (read_target(ctx, reader, &target) != GYRE_OK || check_target(s, ctx, &target) != GYRE_OK)
        return ctx->error->code;
    if (s->shelf.is_base_new && part.number > 0)
        return gyre_fail(ctx, GYRE_EFAIL,
                         "the folder %s was not there; parts in it are of the snapshot: put it "
                         "back, or start without the snapshot",
                         s->config->base);
    s->is_restored = 1;
    if (length > s->length) { /* one file: one task that has it */
        s->length = length;
        s->mark = mark;
    }
    if (part.task == ctx->task)
        s->shelf.next = part.number;
    return add_known(s, ctx, part);
}

/* Reads a part and its folder; 0 where they are none. */
static int read_part(struct gyre_reader *reader, struct part *part)
{
    part->task = gyre_read_u32(reader);
    part->number = gyre_read_u64(reader);
    uint32_t codec = gyre_read_u32(reader);
    part->codec = (int32_t)codec;
    return reader->error == 0 && codec < CODEC_KINDS;
}

/* The folder stands in the shelf from now on. */
static struct shelf_folder *read_folder(struct sink *s, struct gyre_ctx *ctx,
                                        struct gyre_reader *reader)
{
    uint32_t n = gyre_read_u32(reader);
    const char *name = (const char *)gyre_read(reader, n);
    if (reader->error != 0 || n >= PART_PATH_MAX || (n != 0 && memchr(name, 0, n) != NULL)) {
        gyre_fail(ctx, GYRE_ECORRUPT, "the state of file.write cannot be read");
        return NULL;
    }
    return shelf_find(&s->shelf, ctx, n != 0 ? name : "", n);
}

/* The parts of tasks T are gone on with by the one that would clean them. */
static int32_t restore_part(struct sink *s, struct gyre_ctx *ctx, struct gyre_reader *reader)
{
    struct part part = {0};
    if (!sink_has_parts(s) || !read_part(reader, &part))
        return gyre_fail(ctx, GYRE_ECORRUPT, "the state of file.write cannot be read");
    uint64_t length = gyre_read_u64(reader), mark = gyre_read_u64(reader);
    if (part.task % ctx->tasks != ctx->task)
        return GYRE_OK;
    struct shelf_folder *folder = read_folder(s, ctx, reader);
    return folder != NULL ? shelf_add(&s->shelf, ctx, folder, part, length, mark)
                          : ctx->error->code;
}

int32_t write_restore(void *self, struct gyre_ctx *ctx, uint32_t version,
                      struct gyre_reader *reader)
{
    struct sink *s = self;
    uint32_t kind = gyre_read_u32(reader);
    if (version < 2)
        return gyre_fail(ctx, GYRE_ENOTSUP,
                         "the snapshot is of an older version of file.write: begin the output anew "
                         "with --drop-state");
    if (reader->error != 0 || kind > ITEM_PART)
        return gyre_fail(ctx, GYRE_ECORRUPT, "the state of file.write cannot be read");
    return kind == ITEM_TASK ? restore_task(s, ctx, reader) : restore_part(s, ctx, reader);
}

/* ---- transactions ------------------------------------------------------------------------------ */

static void write_ended(const struct sink *s, struct gyre_writer *writer)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->shelf.n_parts; i++)
        n += s->shelf.parts[i]->is_ended;
    gyre_write_u32(writer, n);
    for (uint32_t i = 0; i < s->shelf.n_parts; i++) {
        const struct shelf_part *p = s->shelf.parts[i];
        if (!p->is_ended)
            continue;
        gyre_write_u32(writer, p->part.task);
        gyre_write_u64(writer, p->part.number);
        gyre_write_u32(writer, (uint32_t)p->part.codec);
        gyre_write_u32(writer, p->is_saved);
        write_text(writer, name_of(s, p));
    }
}

int32_t write_prepare(void *self, struct gyre_ctx *ctx, const char *txn, struct gyre_writer *writer)
{
    struct sink *s = self;
    (void)txn;
    int32_t code = flush_all(s, ctx);
    if (code == GYRE_OK && s->output.is_open)
        code = output_sync(&s->output, ctx);
    if (code == GYRE_OK && sink_has_parts(s))
        code = shelf_end(&s->shelf, ctx, all_end(s, ctx));
    if (code == GYRE_OK && sink_has_parts(s))
        code = shelf_sync(&s->shelf, ctx);
    if (code != GYRE_OK)
        return code;
    write_ended(s, writer);
    if (writer->error == 0)
        shelf_take_ended(&s->shelf, ctx);
    return writer->error;
}

/* A part of a transaction, and the path of its folder. */
struct taken {
    struct part part;
    int is_saved;
    char folder[PART_PATH_MAX];
};

static int32_t read_taken(const struct sink *s, struct gyre_ctx *ctx, struct gyre_reader *reader,
                          struct taken *t)
{
    const char *base = s->config->base;
    int is_part = read_part(reader, &t->part);
    t->is_saved = gyre_read_u32(reader) != 0;
    uint32_t n = gyre_read_u32(reader);
    const char *name = (const char *)gyre_read(reader, n);
    if (!is_part || reader->error != 0 || n + strlen(base) >= sizeof t->folder)
        return gyre_fail(ctx, GYRE_ECORRUPT, "a transaction of file.write cannot be read");
    snprintf(t->folder, sizeof t->folder, "%s%.*s", base, (int)n, n != 0 ? name : "");
    return GYRE_OK;
}

/* Whoever takes parts away may take their folder, too. */
static int32_t sync_shown(struct gyre_ctx *ctx, const char *folder, int must)
{
    struct stat st;
    return !must && stat(folder, &st) != 0 ? GYRE_OK : file_sync_folder(ctx, folder);
}

/* A part that was on the disk and is not there now has been committed before a restore, and whoever
 * reads it has taken it away. It has not where this run has made it, or in another folder than that. */
int32_t write_commit(void *self, struct gyre_ctx *ctx, const char *txn, struct gyre_reader *reader)
{
    struct sink *s = self;
    struct taken t[2]; /* the one before, too */
    (void)txn;
    uint32_t n = gyre_read_u32(reader);
    int must = s->is_started || s->is_other;
    int32_t code = reader->error != 0 ? GYRE_ECORRUPT : GYRE_OK;
    for (uint32_t i = 0; i < n && code == GYRE_OK; i++) {
        struct taken *at = &t[i % 2], *before = &t[(i + 1) % 2];
        code = read_taken(s, ctx, reader, at);
        if (code == GYRE_OK && i != 0 && strcmp(at->folder, before->folder) != 0)
            code = sync_shown(ctx, before->folder, must);
        if (code == GYRE_OK)
            code = part_show(ctx, at->folder, at->part, must);
    }
    return code == GYRE_OK && n != 0 ? sync_shown(ctx, t[(n - 1) % 2].folder, must) : code;
}

/* A part that an older snapshot goes on with stays: whoever restores that cuts it back. */
int32_t write_abort(void *self, struct gyre_ctx *ctx, const char *txn, struct gyre_reader *reader)
{
    struct sink *s = self;
    struct taken t;
    (void)txn;
    uint32_t n = gyre_read_u32(reader);
    int32_t code = reader->error != 0 ? GYRE_ECORRUPT : GYRE_OK;
    for (uint32_t i = 0; i < n && code == GYRE_OK; i++) {
        code = read_taken(s, ctx, reader, &t);
        if (code == GYRE_OK && !t.is_saved)
            code = part_drop(ctx, t.folder, t.part);
    }
    return code;
}
