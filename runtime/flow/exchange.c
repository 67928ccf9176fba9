/* The producing side of an exchange; see exchange.h.
 *
 * Rows are copied column by column, which fills each line of the cache at once. Those of a keyed edge
 * are sorted by destination first: only their numbers are moved for that. (To scatter the columns row
 * by row, to all destinations in turn, took twice as long: each store then waits for another line, which
 * the other processor had last.)
 */
#include "flow/exchange.h"

#include "base/mem.h"
#include "flow/handover.h"

#include <assert.h>

/* The message being filled for one destination. */
struct gy_open {
    struct gy_message *message; /* NULL: none yet */
    char *columns;
    char *text, *text_end; /* free room in the newest text block */
};

/* Scratch of one write; rows is the list of kept rows. */
struct gy_scatter {
    uint32_t rows[GYRE_BATCH_ROWS];
    uint16_t dest[GYRE_BATCH_ROWS];
    uint32_t sorted[GYRE_BATCH_ROWS]; /* by destination */
    uint64_t hash[GYRE_BATCH_ROWS];
};

int gy_exchange_init(struct gy_exchange *exchange, const struct gy_graph *graph,
                     const struct gy_edge *edge, const struct gy_layout *layout,
                     struct gy_channel **channels, uint32_t n_dests, uint32_t task,
                     struct gy_instance *producer)
{
    const struct gy_node *to = graph->nodes[edge->to];
    assert(n_dests > 0 && n_dests <= UINT16_MAX);
    memset(exchange, 0, sizeof *exchange);
    exchange->edge = edge;
    exchange->producer = producer;
    exchange->layout = layout;
    exchange->key = to->key;
    memcpy(exchange->key_fields, to->inputs[edge->to_port].key_fields, sizeof exchange->key_fields);
    exchange->n_dests = n_dests;
    exchange->channels = channels;
    exchange->groups = to->max_parallelism;
    exchange->turn = task % n_dests;
    exchange->open = gy_calloc(n_dests, sizeof *exchange->open);
    exchange->scatter = gy_alloc(sizeof *exchange->scatter);
    exchange->dest_of_group = gy_calloc(exchange->groups + 1, sizeof(uint16_t));
    if (exchange->open == NULL || exchange->scatter == NULL || exchange->dest_of_group == NULL)
        return GYRE_ENOMEM;
    for (uint32_t g = 0; g < exchange->groups; g++)
        exchange->dest_of_group[g] = (uint16_t)((uint64_t)g * n_dests / exchange->groups);
    return 0;
}

void gy_exchange_fini(struct gy_exchange *exchange)
{
    for (uint32_t d = 0; exchange->open != NULL && d < exchange->n_dests; d++)
        if (exchange->open[d].message != NULL)
            gy_message_drop(exchange->open[d].message);
    gy_free(exchange->open);
    gy_free(exchange->scatter);
    gy_free(exchange->dest_of_group);
    memset(exchange, 0, sizeof *exchange);
}

static struct gy_message *new_message(struct gy_exchange *exchange, uint32_t dest, uint32_t rows)
{
    struct gy_message *message = gy_message_new(exchange->channels[dest], exchange->layout, rows);
    if (message == NULL)
        exchange->error = GYRE_ENOMEM;
    return message;
}

/* The open message of a destination, with room for at least one row; NULL without memory. */
static struct gy_open *open_for(struct gy_exchange *exchange, uint32_t dest)
{
    struct gy_open *open = &exchange->open[dest];
    if (open->message != NULL)
        return open;
    open->message = new_message(exchange, dest, exchange->layout->capacity);
    if (open->message == NULL)
        return NULL;
    open->columns = gy_message_columns(open->message);
    open->text = open->text_end = NULL;
    return open;
}

/* Copies a message of few rows into a small block; the large one is kept open for the next rows. */
static struct gy_message *shrink(struct gy_exchange *exchange, uint32_t dest,
                                 struct gy_message *large)
{
    struct gy_message *small =
        gy_message_new(exchange->channels[dest], exchange->layout, (large->rows + 15) & ~15u);
    if (small == NULL) /* the large one goes instead */
        return NULL;
    gy_message_copy(exchange->layout, small, large);
    small->texts = large->texts;
    small->bytes += large->bytes - large->block->size;
    return small;
}

static void push(struct gy_exchange *exchange, uint32_t dest, struct gy_message *message)
{
    if (exchange->region != NULL && message->kind != GY_BARRIER) {
        message->generation = *exchange->generation;
        gy_region_count(exchange->region, message->generation, 1);
    }
    gy_channel_push(exchange->channels[dest], message);
}

static void send(struct gy_exchange *exchange, uint32_t dest)
{
    struct gy_open *open = &exchange->open[dest];
    struct gy_message *message = open->message;
    if (message == NULL || message->rows == 0)
        return;
    uint32_t used = ((message->rows + 15) & ~15u) * exchange->layout->row_bytes;
    struct gy_message *small = NULL;
    if (used + sizeof(struct gy_message) + 63 <= GY_BLOCK_SMALL)
        small = shrink(exchange, dest, message);
    if (small != NULL) {
        message->rows = 0;
        message->texts = NULL;
        message->bytes = message->block->size;
        open->text = open->text_end = NULL;
        message = small;
    } else {
        open->message = NULL;
    }
    push(exchange, dest, message);
}

/* It has as many rows as there is room for, or bytes enough. */
static bool is_full(const struct gy_message *message)
{
    return message->rows == message->capacity || message->bytes > GY_MESSAGE_MOST;
}

/* Copies a long string into the destination's text block. */
static struct gyre_str copy_text(struct gy_exchange *exchange, uint32_t dest,
                                 const struct gyre_str *s)
{
    struct gy_open *open = &exchange->open[dest];
    if ((size_t)(open->text_end - open->text) < s->len) {
        /* The first text block of a message is small: most messages have few long strings. */
        uint32_t usual = open->message->texts == NULL ? GY_BLOCK_SMALL : GY_BLOCK_LARGE;
        struct gy_block *block =
            gy_channel_take(exchange->channels[dest], s->len > usual ? s->len : usual);
        if (block == NULL) {
            exchange->error = GYRE_ENOMEM;
            return gyre_str_view("", 0);
        }
        block->next = open->message->texts;
        open->message->texts = block;
        open->message->bytes += block->size;
        open->text = block->bytes;
        open->text_end = block->bytes + block->size;
    }
    struct gyre_str copy = *s;
    memcpy(open->text, s->u.ptr, s->len);
    copy.u.ptr = open->text;
    open->text += s->len;
    return copy;
}

/* Copies rows[0 ... n - 1] of one column behind the rows that the destination has. */
static void append_column(struct gy_exchange *exchange, uint32_t dest, const void *data,
                          uint32_t size, bool is_str, int32_t offset, const uint32_t *rows,
                          uint32_t n)
{
    const struct gy_open *open = &exchange->open[dest];
    char *to = open->columns + (size_t)offset * open->message->capacity +
               (size_t)open->message->rows * size;
    if (rows[n - 1] - rows[0] == n - 1)
        memcpy(to, (const char *)data + (size_t)rows[0] * size, (size_t)n * size);
    else
        gy_gather(to, data, size, rows, n);
    struct gyre_str *strings = (struct gyre_str *)(void *)to;
    for (uint32_t j = 0; is_str && j < n; j++)
        if (strings[j].len > GYRE_STR_INLINE)
            strings[j] = copy_text(exchange, dest, &strings[j]);
}

/* A column without nulls may come for a nullable field. */
static void append_valid(struct gy_exchange *exchange, uint32_t dest, const uint8_t *valid,
                         int32_t offset, const uint32_t *rows, uint32_t n)
{
    const struct gy_open *open = &exchange->open[dest];
    if (valid != NULL)
        append_column(exchange, dest, valid, 1, false, offset, rows, n);
    else
        memset(open->columns + (size_t)offset * open->message->capacity + open->message->rows, 1,
               n);
}

/* Copies all listed rows to one destination, in as many messages as it takes. */
static void write_to(struct gy_exchange *exchange, uint32_t dest, const struct gy_batch *in,
                     const uint64_t *hash, const uint32_t *rows, uint32_t n)
{
    const struct gy_layout *layout = exchange->layout;
    while (n > 0 && open_for(exchange, dest) != NULL) {
        struct gy_message *message = exchange->open[dest].message;
        uint32_t room = message->capacity - message->rows;
        uint32_t m = n < room ? n : room;
        for (uint32_t f = 0; f < layout->n_fields; f++) {
            if (layout->offsets[f] >= 0)
                append_column(exchange, dest, in->columns[f].data, gyre_type_size(layout->types[f]),
                              gyre_type_is_str(layout->types[f]), layout->offsets[f], rows, m);
            if (layout->valid[f] >= 0)
                append_valid(exchange, dest, in->columns[f].valid, layout->valid[f], rows, m);
        }
        if (layout->hash >= 0)
            append_column(exchange, dest, hash, 8, false, layout->hash, rows, m);
        if (layout->time >= 0)
            append_column(exchange, dest, in->time, 8, false, layout->time, rows, m);
        message->rows += m;
        if (is_full(message))
            send(exchange, dest);
        rows += m;
        n -= m;
    }
}

/* Lists the rows by destination, in their order: those of d are the list's from `ends[d - 1]` to `ends[d]`. */
static void sort_rows(struct gy_scatter *s, uint32_t n, uint32_t n_dests, uint32_t *ends)
{
    uint32_t next[n_dests], sum = 0;
    memset(next, 0, n_dests * sizeof *next);
    for (uint32_t j = 0; j < n; j++)
        next[s->dest[j]]++;
    for (uint32_t d = 0; d < n_dests; d++) {
        uint32_t rows = next[d];
        next[d] = sum;
        ends[d] = sum += rows;
    }
    for (uint32_t j = 0; j < n; j++)
        s->sorted[next[s->dest[j]]++] = s->rows[j];
}

/* Two destinations, as machines of two processors have, need no counts, and no row waits for the one before. */
static void sort_rows_by_two(struct gy_scatter *s, uint32_t n, uint32_t *ends)
{
    uint32_t second[GYRE_BATCH_ROWS];
    uint32_t n_first = 0, n_second = 0;
    for (uint32_t j = 0; j < n; j++) {
        s->sorted[n_first] = second[n_second] = s->rows[j];
        n_first += s->dest[j] == 0;
        n_second += s->dest[j] != 0;
    }
    memcpy(s->sorted + n_first, second, n_second * sizeof *second);
    ends[0] = n_first;
    ends[1] = n;
}

/* Copies the listed rows to the destinations that they have. */
static void write_sorted(struct gy_exchange *exchange, const struct gy_batch *in,
                         const uint64_t *hash, uint32_t n)
{
    struct gy_scatter *s = exchange->scatter;
    uint32_t ends[exchange->n_dests];
    if (exchange->n_dests == 2)
        sort_rows_by_two(s, n, ends);
    else
        sort_rows(s, n, exchange->n_dests, ends);
    for (uint32_t d = 0, from = 0; d < exchange->n_dests; from = ends[d++])
        if (ends[d] > from && exchange->error == 0)
            write_to(exchange, d, in, hash, s->sorted + from, ends[d] - from);
}

static void write_keyed(struct gy_exchange *exchange, const struct gy_batch *in,
                        const uint64_t *hash, uint32_t n)
{
    struct gy_scatter *s = exchange->scatter;
    for (uint32_t j = 0; j < n; j++)
        s->dest[j] = exchange->dest_of_group[gy_key_group(hash[s->rows[j]], exchange->groups)];
    write_sorted(exchange, in, hash, n);
}

static void write_by_function(struct gy_exchange *exchange, const struct gy_batch *in, uint32_t n)
{
    struct gy_scatter *s = exchange->scatter;
    uint32_t tasks_of[GYRE_BATCH_ROWS];
    exchange->error =
        gy_instance_partition(exchange->producer, exchange->edge, in, exchange->n_dests, tasks_of);
    for (uint32_t j = 0; exchange->error == 0 && j < n; j++)
        s->dest[j] = (uint16_t)tasks_of[s->rows[j]];
    if (exchange->error == 0)
        write_sorted(exchange, in, NULL, n);
}

static const uint64_t *hash_rows(struct gy_exchange *exchange, const struct gy_batch *in)
{
    const struct gy_column *columns[GY_KEYS_MAX];
    for (uint32_t k = 0; k < exchange->key.n; k++)
        columns[k] = &in->columns[exchange->key_fields[k]];
    if (gy_key_hash(&exchange->key, columns, in->keep, in->rows, exchange->scatter->hash) != 0)
        exchange->error = GYRE_ENOMEM;
    return exchange->scatter->hash;
}

void gy_exchange_write(struct gy_exchange *exchange, const struct gy_batch *in)
{
    uint32_t *rows = exchange->scatter->rows;
    const uint64_t *hash = NULL;
    uint32_t n = in->kept;
    assert(n <= in->rows && in->rows <= GYRE_BATCH_ROWS && (in->keep != NULL || n == in->rows));
    if (in->keep != NULL)
        gy_select(in->keep, in->rows, rows);
    else
        for (uint32_t j = 0; j < n; j++)
            rows[j] = j;
    if (exchange->edge->partition == GY_KEY)
        hash = hash_rows(exchange, in);
    else if (exchange->layout->hash >= 0)
        hash = in->hash;
    assert(hash != NULL || exchange->layout->hash < 0);
    if (exchange->error != 0)
        return;
    switch (exchange->edge->partition) {
    case GY_BROADCAST:
        for (uint32_t d = 0; d < exchange->n_dests; d++)
            write_to(exchange, d, in, hash, rows, n);
        break;
    case GY_KEY:
        if (exchange->n_dests > 1)
            write_keyed(exchange, in, hash, n);
        else
            write_to(exchange, 0, in, hash, rows, n);
        break;
    case GY_REBALANCE:
        write_to(exchange, exchange->turn, in, hash, rows, n);
        exchange->turn = (exchange->turn + 1) % exchange->n_dests;
        break;
    case GY_FUNCTION: write_by_function(exchange, in, n); break;
    default: write_to(exchange, 0, in, hash, rows, n);
    }
}

void gy_exchange_write_to(struct gy_exchange *exchange, uint32_t dest, const struct gy_batch *in,
                          const uint32_t *rows, uint32_t n)
{
    assert(dest < exchange->n_dests && (in->hash != NULL || exchange->layout->hash < 0));
    write_to(exchange, dest, in, in->hash, rows, n);
}

void gy_exchange_flush(struct gy_exchange *exchange, bool force)
{
    for (uint32_t d = 0; d < exchange->n_dests && exchange->error == 0; d++)
        if (exchange->open[d].message != NULL &&
            (force || gy_channel_is_hungry(exchange->channels[d])))
            send(exchange, d);
}

void gy_exchange_signal(struct gy_exchange *exchange, enum gy_message_kind kind, int64_t time_us,
                        bool flag)
{
    assert(kind != GY_ROWS);
    gy_exchange_flush(exchange, true);
    for (uint32_t d = 0; d < exchange->n_dests && exchange->error == 0; d++) {
        struct gy_message *message = new_message(exchange, d, 0);
        if (message == NULL)
            return;
        message->kind = kind;
        message->time_us = time_us;
        message->flag = flag;
        push(exchange, d, message);
    }
}

static void send_sums(struct gy_exchange *exchange, uint32_t dest, struct gy_handover *sums,
                      uint64_t bytes)
{
    struct gy_message *message = exchange->error == 0 ? new_message(exchange, dest, 0) : NULL;
    if (message == NULL) {
        gy_handover_drop(sums);
        return;
    }
    message->kind = GY_SUMS;
    message->sums = sums;
    message->bytes += bytes;
    push(exchange, dest, message);
}

void gy_exchange_hand_over(struct gy_exchange *exchange, struct gy_handover *sums, uint64_t bytes)
{
    gy_exchange_flush(exchange, true);
    for (uint32_t d = 0; d < exchange->n_dests; d++)
        send_sums(exchange, d, sums, bytes / exchange->n_dests);
}

bool gy_exchange_drain(struct gy_exchange *exchange)
{
    bool empty = true;
    for (uint32_t d = 0; d < exchange->n_dests; d++)
        empty &= gy_channel_drain(exchange->channels[d]);
    return empty;
}
