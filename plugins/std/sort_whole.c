/* plugins/std/sort_whole.c: std.sort of the whole input of a batch job, beyond memory.
 *
 * Rows are packed one behind another. Where they would take more than `memory`, they are sorted and written to the
 * scratch file as a run (sort_runs.h). At the end of input the runs are merged, a batch at a time. With a key they are
 * sorted by its fields and then by the others, so that those of a key are together, in the runs and in what comes out.
 *
 * A snapshot has the rows that are not put out yet, run by run: those of a run that came earlier first, so that rows
 * that are alike stay in order. It is written by and by, as fast as the disk takes it, while rows go on to come or to
 * leave: what is in memory becomes a run first, unless it is little, and what the runs of that moment have is not given
 * back before all is written. */
#include "sort_whole.h"
#include "packed.h"
#include "sort_config.h"
#include "sort_runs.h"

#include <stdlib.h>

enum {
    REF_BYTES = 16, /* of a row beside itself: where it is, and as much again to sort these */
    ARENA_FIRST = 8 << 10,  /* bytes */
    STEP_BYTES = 1 << 20,   /* put out at once, or a batch, about */
    ITEM_BYTES = 256 << 10, /* of an item of a snapshot, about, and of what is written in a call */
    LITTLE_BYTES = 1 << 20  /* written in one call, from memory */
};

/* What a snapshot has of the rows: the rest of the runs, and then `refs` from `at` to `to`. */
struct saving {
    int32_t on;
    int32_t at_once;
    struct sort_run *runs;
    size_t run, n_runs;
    int32_t is_reading; /* run `run` */
    struct sort_reader reader;
    size_t at, to;
};

struct sorter {
    char *bytes; /* of the rows in memory */
    size_t used, cap;
    uint64_t *refs; /* where they begin: those that came later are greater */
    size_t n, refs_cap;
    size_t next;       /* of `refs`: the first that is not put out yet */
    int64_t newest_us; /* the greatest time of a row; GYRE_NO_TIME: none */
    int32_t sorted;    /* the input is over, and `refs` are in order or the runs are being merged */
    int64_t *spilled;  /* a counter */
    struct sort_runs runs;
    struct saving saving;
};

struct ordering {
    const struct sort_config *config;
    const char *bytes;
};

/* ---- bind, open, close ---- */

static int32_t whole_bind(void *config, struct gyre_bind *bind)
{
    int32_t code = bind->n_keys == 0 ? bind->single(bind, "it sorts the rows of all") : GYRE_OK;
    return code < 0 ? code : sort_bind_whole(config, bind);
}

static int32_t whole_open(void *self, struct gyre_ctx *ctx)
{
    struct sorter *s = self;
    s->newest_us = GYRE_NO_TIME;
    s->runs.config = ctx->config;
    s->spilled = gyre_counter(ctx, "spilled_bytes");
    return s->spilled != NULL ? GYRE_OK : gyre_fail(ctx, GYRE_ENOMEM, "no memory to sort");
}

static void forget_rows(struct gyre_ctx *ctx, struct sorter *s)
{
    s->bytes = gyre_alloc(ctx, s->bytes, 0);
    s->refs = gyre_alloc(ctx, s->refs, 0);
    s->used = s->cap = s->n = s->refs_cap = s->next = 0;
}

static void end_saving(struct gyre_ctx *ctx, struct sorter *s)
{
    if (s->saving.is_reading)
        sort_reader_end(ctx, &s->saving.reader);
    gyre_alloc(ctx, s->saving.runs, 0);
    s->saving = (struct saving){0};
    sort_runs_unpin(&s->runs);
}

static void whole_close(void *self, struct gyre_ctx *ctx)
{
    struct sorter *s = self;
    end_saving(ctx, s);
    forget_rows(ctx, s);
    sort_runs_fini(ctx, &s->runs);
}

/* ---- rows come ---- */

static int by_fields(const void *a, const void *b, void *user)
{
    const struct ordering *o = user;
    const uint64_t *x = a, *y = b;
    int order = packed_order(o->config, o->bytes + *x, o->bytes + *y);
    return order != 0 ? order : (*x > *y) - (*x < *y);
}

static void sort_refs(struct gyre_ctx *ctx, struct sorter *s)
{
    struct ordering ordering = {ctx->config, s->bytes};
    if (s->n > 1)
        qsort_r(s->refs, s->n, sizeof *s->refs, by_fields, &ordering);
}

/* After a failure the rows are where they were: it may be a snapshot that fails, and not the job. */
static int32_t spill(struct gyre_ctx *ctx, struct sorter *s)
{
    sort_refs(ctx, s);
    int32_t code = sort_run_begin(ctx, &s->runs);
    for (size_t i = 0; code == GYRE_OK && i < s->n; i++)
        code = sort_run_add(ctx, &s->runs, s->bytes + s->refs[i]);
    if (code == GYRE_OK)
        code = sort_run_end(ctx, &s->runs);
    if (code != GYRE_OK) {
        sort_run_cancel(ctx, &s->runs);
        return code;
    }
    *s->spilled += (int64_t)s->used;
    s->used = s->n = 0;
    return sort_runs_merge(ctx, &s->runs);
}

/* A greater capacity that has room for `least`: twice as much, if that is not beyond `most`. */
static size_t grown(size_t cap, size_t least, size_t most)
{
    size_t twice = cap < most / 2 ? cap * 2 : most;
    return twice > least ? twice : least;
}

/* Room for a row of `size` bytes; the rows before it may go to the file. */
static int32_t make_room(struct gyre_ctx *ctx, struct sorter *s, uint32_t size)
{
    const struct sort_config *c = ctx->config;
    size_t most = (uint64_t)c->memory < SIZE_MAX / 2 ? (size_t)c->memory : SIZE_MAX / 2;
    int32_t code = GYRE_OK;
    if (s->n > 0 && s->used + size + (s->n + 1) * REF_BYTES > most)
        code = spill(ctx, s);
    if (code == GYRE_OK && s->used + size > s->cap) {
        size_t cap = grown(s->cap > 0 ? s->cap : ARENA_FIRST / 2, s->used + size, most);
        char *bytes = gyre_alloc(ctx, s->bytes, cap);
        if (bytes == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM,
                             "no memory for %zu bytes of rows to sort: give a smaller `memory`",
                             cap);
        s->bytes = bytes;
        s->cap = cap;
    }
    if (code == GYRE_OK && s->n == s->refs_cap) {
        size_t cap = s->refs_cap * 2 + 64;
        uint64_t *refs = gyre_alloc(ctx, s->refs, cap * sizeof *refs);
        if (refs == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM,
                             "no memory to sort %zu rows: give a smaller `memory`", cap);
        s->refs = refs;
        s->refs_cap = cap;
    }
    return code;
}

/* Takes the room that was made. */
static char *take_room(struct sorter *s, uint32_t size)
{
    char *to = s->bytes + s->used;
    s->refs[s->n++] = s->used;
    s->used += size;
    return to;
}

static int32_t whole_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct sorter *s = self;
    const struct sort_config *c = ctx->config;
    GYRE_ROWS(in, row)
    {
        uint32_t size = packed_size_of(&c->whole, in, row);
        if (size == 0)
            return gyre_fail(ctx, GYRE_EINVAL, "a row of more than 2 GiB cannot be sorted");
        int32_t code = make_room(ctx, s, size);
        if (code != GYRE_OK)
            return code;
        packed_make(&c->whole, in, row, take_room(s, size), size);
        int64_t time_us = gyre_row_time(in, row);
        s->newest_us = time_us > s->newest_us ? time_us : s->newest_us;
    }
    return GYRE_OK;
}

/* ---- and leave ---- */

/* The rows in memory join the others: what they took is room for the buffers of the merge. */
static int32_t finish(struct gyre_ctx *ctx, struct sorter *s)
{
    int32_t code = GYRE_OK;
    if (s->runs.n == 0) {
        sort_refs(ctx, s);
    } else {
        code = s->n > 0 ? spill(ctx, s) : GYRE_OK;
        forget_rows(ctx, s);
        code = code == GYRE_OK ? sort_merge_begin(ctx, &s->runs, 0) : code;
    }
    s->sorted = code == GYRE_OK;
    return code;
}

/* The next row; NULL: there is none. */
static const char *first_row(const struct sorter *s)
{
    if (s->runs.readers != NULL)
        return sort_merge_row(&s->runs);
    return s->next < s->n ? s->bytes + s->refs[s->next] : NULL;
}

static int32_t drop_row(struct gyre_ctx *ctx, struct sorter *s)
{
    if (s->runs.readers != NULL)
        return sort_merge_next(ctx, &s->runs);
    s->next++;
    return GYRE_OK;
}

static int32_t whole_on_watermark(void *self, struct gyre_ctx *ctx)
{
    struct sorter *s = self;
    const struct sort_config *c = ctx->config;
    const char *row;
    uint64_t bytes = 0;
    if (ctx->watermark_us != INT64_MAX)
        return GYRE_OK;
    int32_t code = s->sorted ? GYRE_OK : finish(ctx, s);
    for (uint32_t n = 0; code == GYRE_OK && (row = first_row(s)) != NULL; n++) {
        if (n == GYRE_BATCH_ROWS || bytes >= STEP_BYTES)
            return 1;
        bytes += packed_size(row);
        packed_put(&c->whole, ctx->outputs[0], row, s->newest_us);
        code = drop_row(ctx, s);
    }
    return code;
}

/* ---- snapshots: an item is the hash of a key, the newest time, the types of the columns, and rows of the key ---- */

/* Goes to the next run that has something left. */
static int32_t next_run(struct gyre_ctx *ctx, struct sorter *s)
{
    struct saving *v = &s->saving;
    if (v->is_reading) {
        sort_reader_end(ctx, &v->reader);
        v->is_reading = 0;
        v->run++;
    }
    while (v->run < v->n_runs && v->runs[v->run].from == v->runs[v->run].to)
        v->run++;
    v->is_reading = v->run < v->n_runs;
    return v->is_reading ? sort_reader_begin(ctx, &s->runs, &v->runs[v->run], &v->reader) : GYRE_OK;
}

/* Rows in memory stay where they are as long as none come any more, or until this call returns. */
static int32_t begin_saving(struct gyre_ctx *ctx, struct sorter *s)
{
    struct saving *v = &s->saving;
    int32_t code = GYRE_OK;
    v->on = 1;
    v->at_once = !s->sorted && s->runs.n == 0 && s->used <= LITTLE_BYTES;
    if (!s->sorted && v->at_once)
        sort_refs(ctx, s);
    else if (!s->sorted && s->n > 0)
        code = spill(ctx, s);
    v->at = s->next;
    v->to = s->n;
    if (code == GYRE_OK)
        code = sort_runs_pin(ctx, &s->runs, &v->runs, &v->n_runs);
    return code == GYRE_OK ? next_run(ctx, s) : code;
}

/* The next row to be saved; NULL: there is none. */
static const char *saved_row(const struct sorter *s)
{
    const struct saving *v = &s->saving;
    if (v->is_reading)
        return sort_reader_row(&v->reader);
    return v->at < v->to ? s->bytes + s->refs[v->at] : NULL;
}

static int32_t drop_saved(struct gyre_ctx *ctx, struct sorter *s)
{
    struct saving *v = &s->saving;
    if (!v->is_reading) {
        v->at++;
        return GYRE_OK;
    }
    int32_t code = sort_reader_next(ctx, &s->runs, &v->reader);
    return code == GYRE_OK && sort_reader_row(&v->reader) == NULL ? next_run(ctx, s) : code;
}

/* The rows of one key, of which there may be more. */
static int32_t save_item(struct gyre_ctx *ctx, struct sorter *s, struct gyre_writer *writer,
                         uint64_t *bytes)
{
    const struct sort_config *c = ctx->config;
    const char *row = saved_row(s);
    uint64_t hash = packed_hash(row), until = *bytes + ITEM_BYTES;
    int32_t code = GYRE_OK;
    gyre_write_u64(writer, hash);
    gyre_write_i64(writer, s->newest_us);
    gyre_write_u32(writer, c->whole.n);
    for (uint32_t i = 0; i < c->whole.n; i++)
        gyre_write_u32(writer, c->whole.columns[i].type);
    do {
        packed_write(&c->whole, row, writer);
        *bytes += packed_size(row);
        code = drop_saved(ctx, s);
        row = saved_row(s);
    } while (code == GYRE_OK && writer->error == 0 && *bytes < until && row != NULL &&
             packed_hash(row) == hash);
    return code;
}

static int32_t whole_save(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                          void (*next_item)(struct gyre_writer *writer))
{
    struct sorter *s = self;
    uint64_t bytes = 0;
    int32_t code = writer->error;
    if (code == GYRE_OK && !s->saving.on)
        code = begin_saving(ctx, s);
    while (code == GYRE_OK && (s->saving.at_once || bytes < ITEM_BYTES) && saved_row(s) != NULL) {
        code = save_item(ctx, s, writer, &bytes);
        if (code == GYRE_OK)
            next_item(writer);
        code = code == GYRE_OK ? writer->error : code;
    }
    if (code == GYRE_OK && saved_row(s) != NULL)
        return 1;
    end_saving(ctx, s);
    return code;
}

static int32_t whole_restore(void *self, struct gyre_ctx *ctx, uint32_t version,
                             struct gyre_reader *reader)
{
    struct sorter *s = self;
    const struct sort_config *c = ctx->config;
    (void)version;
    uint64_t hash = gyre_read_u64(reader);
    int64_t newest_us = gyre_read_i64(reader);
    int same = gyre_read_u32(reader) == c->whole.n;
    for (uint32_t i = 0; same && i < c->whole.n; i++)
        same = gyre_read_u32(reader) == c->whole.columns[i].type;
    if (!same && reader->error == 0)
        return gyre_fail(ctx, GYRE_ECORRUPT, "the snapshot has rows of other fields to sort");
    s->newest_us = newest_us > s->newest_us ? newest_us : s->newest_us;
    while (reader->error == 0 && reader->position < reader->length) {
        uint32_t size = packed_size_read(&c->whole, reader);
        if (size == 0)
            return gyre_fail(ctx, GYRE_ECORRUPT, "a row to sort cannot be read");
        int32_t code = make_room(ctx, s, size);
        if (code != GYRE_OK)
            return code;
        packed_read(&c->whole, reader, hash, take_room(s, size), size);
    }
    return reader->error;
}

static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "any rows");
static const struct gyre_port output = GYRE_PORT("out", 0, NULL, 0, "the same, in order");

const struct gyre_operator sort_whole = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "sort",
    .doc = "The rows of a whole batch, or of each of its keys, in the order of some fields.",
    .flags = GYRE_MASK_AWARE | GYRE_READS_TIME,
    .config_size = sizeof(struct sort_config),
    .instance_size = sizeof(struct sorter),
    .n_options = SORT_OPTIONS,
    .options = sort_options,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .items = GYRE_ITEMS_KEYED,
    .items_version = 1,
    .needs = GYRE_FEATURE_ITEMS,
    .bind = whole_bind,
    .open = whole_open,
    .close = whole_close,
    .process = whole_process,
    .on_watermark = whole_on_watermark,
    .save_items = whole_save,
    .restore_item = whole_restore,
};
