/* plugins/gen/blocks.c: see blocks.h. */
#include "blocks.h"

#define MOST_US 4e18 /* times beyond would overflow */

int32_t blocks_discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    splits->order = GYRE_SPLITS_DEAL;
    for (uint32_t number = 0; number < SPLITS; number++) {
        uint32_t bytes[2] = {number, SPLITS};
        int32_t code = splits->add(splits, bytes, sizeof bytes);
        if (code != GYRE_OK)
            return code;
    }
    return GYRE_OK;
}

static uint32_t after(const struct blocks *b, uint32_t i)
{
    return i + 1 < b->n ? i + 1 : 0;
}

/* Makes the ring begin at index 0 with all its splits in order. */
static int32_t ring_grow(struct blocks *b, struct gyre_ctx *ctx)
{
    uint32_t capacity = b->capacity == 0 ? SPLITS : 2 * b->capacity;
    struct block_split *ring = gyre_alloc(ctx, NULL, capacity * sizeof *ring);
    if (ring == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for %u splits", (unsigned)capacity);
    for (uint32_t i = 0, from = b->head; i < b->n; i++, from = after(b, from))
        ring[i] = b->ring[from];
    gyre_alloc(ctx, b->ring, 0);
    b->ring = ring;
    b->capacity = capacity;
    b->head = 0;
    return GYRE_OK;
}

/* Takes the head out of the ring. */
static struct block_split ring_take(struct blocks *b)
{
    struct block_split taken = b->ring[b->head];
    for (uint32_t i = b->head; i + 1 < b->n; i++)
        b->ring[i] = b->ring[i + 1];
    b->n--;
    if (b->head >= b->n)
        b->head = 0;
    return taken;
}

/* Brings the head, whose `next` has grown, to its place. */
static void ring_settle(struct blocks *b)
{
    uint32_t last = b->head != 0 ? b->head - 1 : b->n - 1;
    if (b->ring[b->head].next >= b->ring[last].next) {
        b->head = after(b, b->head); /* nearly always: each split has its turn */
        return;
    }
    uint32_t i = b->head, j = after(b, i);
    while (j != b->head && b->ring[i].next > b->ring[j].next) {
        struct block_split swap = b->ring[i];
        b->ring[i] = b->ring[j];
        b->ring[j] = swap;
        i = j;
        j = after(b, j);
    }
}

int32_t blocks_add(struct blocks *b, struct gyre_ctx *ctx, uint32_t id, const void *bytes, size_t n,
                   struct gyre_reader *position)
{
    struct block_split split = {.id = id};
    uint64_t due = 0;
    if (n != 8)
        return gyre_fail(ctx, GYRE_ECORRUPT, "a split of %zu bytes instead of 8", n);
    memcpy(&split.number, bytes, 4);
    memcpy(&split.of, (const char *)bytes + 4, 4);
    split.next = (uint64_t)split.number * BLOCK_ROWS;
    if (position != NULL) {
        split.next = gyre_read_u64(position);
        due = gyre_read_u64(position);
    }
    int fits = split.number < split.of && split.next / BLOCK_ROWS % split.of == split.number;
    if (!fits || (position != NULL && position->error != 0))
        return gyre_fail(ctx, GYRE_ECORRUPT, "the position of split %u cannot be read",
                         (unsigned)id);
    if ((b->n == b->capacity || b->head != 0) && ring_grow(b, ctx) != GYRE_OK)
        return GYRE_ENOMEM;
    b->due = due > b->due ? due : b->due;
    uint32_t i = b->n++;
    for (; i > 0 && b->ring[i - 1].next > split.next; i--)
        b->ring[i] = b->ring[i - 1];
    b->ring[i] = split;
    return GYRE_OK;
}

int32_t blocks_save(const struct blocks *b, struct gyre_ctx *ctx, uint32_t id,
                    struct gyre_writer *writer)
{
    for (uint32_t i = 0; i < b->n; i++) {
        if (b->ring[i].id != id)
            continue;
        gyre_write_u64(writer, b->ring[i].next);
        /* without a rate all are due: one that is set at a restore begins where the rows are */
        gyre_write_u64(writer, b->rate > 0 ? b->due : blocks_next(b));
        return writer->error;
    }
    return gyre_fail(ctx, GYRE_ECONTRACT, "split %u is not this task's", (unsigned)id);
}

/* How many rows of the whole source are due by now. */
static void look_at_clock(struct blocks *b, struct gyre_ctx *ctx)
{
    if (b->rate <= 0) {
        b->due = b->rows;
        return;
    }
    int64_t now_us = gyre_now(ctx);
    double before_us = (double)b->due * 1e6 / b->rate;
    if (!b->started)
        b->start_us = now_us - (before_us < MOST_US ? (int64_t)before_us : (int64_t)MOST_US);
    b->started = 1;
    double due = (double)(now_us - b->start_us) * b->rate / 1e6 + 1;
    b->due = due < (double)b->rows ? (uint64_t)due : b->rows;
}

static void wait_until_due(const struct blocks *b, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    int64_t now_us = gyre_now(ctx);
    double after_us = (double)blocks_next(b) * 1e6 / b->rate;
    poll->status = GYRE_POLL_IDLE;
    poll->wake_us = after_us < MOST_US ? b->start_us + (int64_t)after_us + 1 : INT64_MAX;
    if (poll->wake_us <= now_us)
        poll->wake_us = now_us + 1;
}

/* Moves the head past the `n` rows that were put out. */
static void advance(struct blocks *b, uint32_t n)
{
    struct block_split *split = &b->ring[b->head];
    split->next += n;
    if (split->next % BLOCK_ROWS == 0) {
        split->next += (uint64_t)(split->of - 1) * BLOCK_ROWS;
        ring_settle(b);
    }
}

static uint32_t at_most(uint64_t n, uint64_t bound)
{
    return (uint32_t)(n < bound ? n : bound);
}

int32_t blocks_poll(struct blocks *b, struct gyre_ctx *ctx, struct gyre_poll *poll,
                    write_rows *write, void *self)
{
    struct gyre_out *out = ctx->outputs[0];
    look_at_clock(b, ctx);
    for (uint32_t left = poll->budget != 0 ? poll->budget : 1; left != 0;) {
        if (b->n == 0) {
            poll->status = GYRE_POLL_IDLE;
            break;
        }
        uint64_t next = blocks_next(b);
        if (next >= b->rows) {
            poll->status = GYRE_POLL_SPLIT;
            poll->split = ring_take(b).id;
            break;
        }
        if (next >= b->due) {
            wait_until_due(b, ctx, poll);
            break;
        }
        if (out->rows >= out->capacity)
            out->full(out);
        uint32_t n = at_most(BLOCK_ROWS - next % BLOCK_ROWS, left);
        n = at_most(b->due - next, at_most(n, out->capacity - out->rows));
        write(self, out, next, n);
        out->rows += n;
        left -= n;
        advance(b, n);
    }
    return GYRE_OK;
}

void blocks_fini(struct blocks *b, struct gyre_ctx *ctx)
{
    if (b->ring != NULL)
        gyre_alloc(ctx, b->ring, 0);
    b->ring = NULL;
    b->n = 0;
}
