/* See output.h. */
#include "op/output.h"

#include "base/mem.h"
#include "op/walls.h"

#include <assert.h>

enum { TEXT_BYTES = 32 * 1024, TEXT_MOST = 1024 * 1024, ROWS = GYRE_BATCH_ROWS };

/* Adds the current arena to the batch, where the batch may refer to it. */
static void retain_text(struct gy_port *port)
{
    if (port->text_buf != NULL && port->out.text != port->text_buf->bytes)
        if (gy_arenas_add(port->pool, &port->arenas, port->text_buf) != 0)
            port->error = GYRE_ENOMEM;
}

/* The plugin did with the port what cannot be done: the first such call is told. */
static void misused(struct gy_port *port, const char *call, const char *why)
{
    if (port->error != 0)
        return;
    port->error = GYRE_ECONTRACT;
    port->misused = call;
    port->misuse = why;
}

/* The operator has written where it may not. */
static void look_at_walls(struct gy_port *port)
{
    const char *call, *why;
    if (gy_walls(port) && gy_walls_breached(port, &call, &why))
        misused(port, call, why);
}

/* The batch has bytes enough: it leaves before the next row. */
static void note_text(struct gy_port *port, size_t bytes)
{
    struct gyre_out *out = &port->out;
    port->text_bytes += bytes;
    if (port->text_bytes > TEXT_MOST && out->rows > 0 && out->rows < out->capacity)
        out->capacity = out->rows;
}

static char *grow(struct gyre_out *out, uint32_t len)
{
    struct gy_port *port = out->host; /* `out` may be a part of the port's own (op/hosted) */
    bool walls = gy_walls(port);
    retain_text(port);
    look_at_walls(port);
    struct gy_block *buf = gy_refuses(port->strict, "gyre_out_room")
                               ? NULL
                               : gy_block_new(port->pool, walls              ? gy_walls_text(len)
                                                          : len > TEXT_BYTES ? len
                                                                             : TEXT_BYTES);
    if (buf == NULL) {
        port->error = GYRE_ENOMEM;
        return NULL;
    }
    /* What was made for the row to come may stand in the old one, and the batch may leave before. */
    if (port->text_buf != NULL && port->out.text != port->text_buf->bytes &&
        gy_arenas_add(port->pool, &port->recent, port->text_buf) != 0)
        port->error = GYRE_ENOMEM;
    gy_block_drop(port->text_buf);
    port->text_buf = buf;
    note_text(port, walls ? len : buf->size);
    out->text = port->out.text = buf->bytes;
    out->text_start = port->out.text_start = buf->bytes;
    out->text_end = port->out.text_end = buf->bytes + (walls ? len : buf->size);
    if (walls)
        gy_walls_raise_text(port);
    return out->text;
}

static void adopt(struct gyre_out *out, uint32_t column, const struct gyre_batch *in,
                  uint32_t in_column)
{
    struct gy_port *port = out->host;
    if (in == NULL || column >= out->n_columns || in_column >= in->n_columns) {
        misused(port, "gyre_out_adopt", "or its input has no such column");
        return;
    }
    struct gy_arenas *const *arenas = in->host;
    if (arenas[in_column] == NULL)
        return;
    if (gy_arenas_add_all(port->pool, &port->adopted, arenas[in_column]) != 0 ||
        gy_arenas_add_all(port->pool, &port->arenas, arenas[in_column]) != 0)
        port->error = GYRE_ENOMEM;
}

static size_t round_up(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

/* Room for a batch's values of a size, and a wall. */
static size_t area(const struct gy_port *port, size_t size)
{
    return round_up(port->most * size) + (gy_walls(port) ? GY_WALL_BYTES : 0);
}

/* The own columns, times and mask of one batch lie in one block, each on a cache line of its own. */
static int allocate(struct gy_port *port)
{
    const struct gy_output *plan = port->plan;
    size_t mask = area(port, 1), times = area(port, sizeof(int64_t));
    size_t bytes = 2 * mask + times;
    for (uint32_t k = 0; k < plan->n_own; k++)
        bytes += area(port, gyre_type_size(plan->own[k].type)) + mask;
    port->memory = gy_block_new(port->pool, bytes);
    if (port->memory == NULL)
        return GYRE_ENOMEM;
    char *at = port->memory->bytes;
    for (uint32_t k = 0; k < plan->n_own; k++) {
        port->data[k] = at;
        at += area(port, gyre_type_size(plan->own[k].type));
        if ((plan->own[k].flags & GYRE_NULLABLE) != 0) {
            port->valid[k] = (uint8_t *)at;
            at += mask;
        }
    }
    port->keep = (uint8_t *)at;
    port->dropped_keep = (uint8_t *)at + mask;
    if (plan->needs_time)
        port->out.time = (int64_t *)(void *)(at + 2 * mask);
    if ((plan->flags & GYRE_PORT_FILTERS) != 0)
        port->out.keep = port->keep;
    gy_walls_raise(port, port->most);
    return 0;
}

/* Without memory: every row is written over the same scratch row, of which each column has its own place: what was
 * written to one is as it was when another is. */
static void use_scratch(struct gy_port *port)
{
    port->error = GYRE_ENOMEM;
    for (uint32_t k = 0; k < port->plan->n_own; k++) {
        port->data[k] = port->scratch[k];
        if ((port->plan->own[k].flags & GYRE_NULLABLE) != 0)
            port->valid[k] = (uint8_t *)&port->scratch[k][2];
    }
    port->out.rows = 0;
    port->out.capacity = port->room = 1;
}

/* A new batch begins: every nullable value is there, unless said otherwise. */
static void begin(struct gy_port *port)
{
    for (uint32_t k = 0; k < port->plan->n_own; k++)
        if (port->valid[k] != NULL)
            memset(port->valid[k], 1, port->most);
    port->out.rows = 0;
    port->out.capacity = port->room = port->most;
    port->text_bytes = 0;
}

static bool is_aligned(const struct gy_port *port)
{
    return (port->plan->flags & GYRE_PORT_ALIGNED) != 0;
}

static void full(struct gyre_out *out)
{
    struct gy_port *port = out->host;
    if (is_aligned(port))
        misused(port, "gyre_out_row", "is aligned: its rows are those of the input");
    if (port->error == 0 && out->capacity != 0)
        gy_port_flush(port);
    if (port->error != GYRE_ENOMEM && !gy_refuses(port->strict, "gyre_out_row") &&
        (port->memory != NULL || allocate(port) == 0))
        begin(port); /* misused, the rows go nowhere */
    else
        use_scratch(port);
}

static void stamp(struct gy_port *port)
{
    int64_t *time = port->out.time;
    uint32_t rows = time != NULL ? port->out.rows : 0;
    if (!gy_times_lack(time, rows)) /* mostly */
        return;
    for (uint32_t i = 0; i < rows; i++)
        if (time[i] == GYRE_NO_TIME)
            time[i] = port->now_us;
}

static void point_own_column(struct gy_port *port, struct gy_column *column, int32_t own)
{
    column->data = port->data[own];
    column->valid = port->valid[own];
    column->arenas = gyre_type_is_str(port->plan->own[own].type) ? port->arenas : NULL;
}

/* The batch is gone: its references are given back, those adopted in this callback stay. */
static void forget(struct gy_port *port)
{
    if (port->arenas == NULL)
        return;
    gy_arenas_drop(port->arenas);
    port->arenas = NULL;
    if (gy_arenas_add_all(port->pool, &port->arenas, port->adopted) != 0 ||
        gy_arenas_add_all(port->pool, &port->arenas, port->recent) != 0)
        port->error = GYRE_ENOMEM;
    gy_arenas_drop(port->recent);
    port->recent = NULL;
}

static void hand_out(struct gy_port *port, const struct gy_batch *batch)
{
    assert(batch->kept > 0 && batch->kept <= batch->rows && batch->rows <= ROWS);
    port->rows_total += batch->kept;
    port->batches_total++;
    port->emit(port->host, port->index, batch);
    forget(port);
}

void gy_port_flush(struct gy_port *port)
{
    struct gyre_out *out = &port->out;
    if (out->rows == 0 || port->error != 0 || is_aligned(port))
        return;
    if (port->stamps)
        stamp(port);
    if (port->has_strings)
        retain_text(port);
    for (uint32_t f = 0; f < port->plan->schema.n_fields; f++)
        point_own_column(port, &port->columns[f], port->plan->origins[f].own);
    struct gy_batch batch = {.rows = out->rows,
                             .kept = out->rows,
                             .n_columns = port->plan->schema.n_fields,
                             .time = out->time,
                             .columns = port->columns};
    hand_out(port, &batch);
    begin(port);
}

int gy_port_prepare(struct gy_port *port, const struct gy_batch *in)
{
    assert(in->rows <= ROWS && (port->plan->flags & GYRE_PORT_ALIGNED) != 0);
    if (port->memory == NULL && allocate(port) != 0) {
        port->error = GYRE_ENOMEM;
        return GYRE_ENOMEM;
    }
    gy_walls_raise(port, in->rows);
    for (uint32_t k = 0; k < port->plan->n_own; k++)
        if (port->valid[k] != NULL)
            memset(port->valid[k], 1, in->rows);
    return 0;
}

/* The mask of an aligned batch: the operator's own, or the input's, less the bad rows. */
static const uint8_t *final_keep(struct gy_port *port, const struct gy_batch *in,
                                 const uint8_t *dropped)
{
    const uint8_t *keep = port->out.keep != NULL ? port->out.keep : in->keep;
    if (dropped == NULL)
        return keep;
    for (uint32_t i = 0; i < in->rows; i++)
        port->dropped_keep[i] = (uint8_t)((keep == NULL || keep[i] != 0) & (dropped[i] == 0));
    return port->dropped_keep;
}

void gy_port_finish(struct gy_port *port, const struct gy_batch *in, const uint8_t *dropped)
{
    const struct gy_output *plan = port->plan;
    if (port->is_empty) {
        forget(port);
        return;
    }
    const uint8_t *keep = final_keep(port, in, dropped);
    uint32_t kept = keep == in->keep ? in->kept : gy_keep_count(keep, in->rows);
    if (kept == 0 || port->error != 0) {
        forget(port);
        return;
    }
    if (port->has_strings)
        retain_text(port);
    for (uint32_t f = 0; f < plan->schema.n_fields; f++) {
        if (plan->origins[f].own >= 0)
            point_own_column(port, &port->columns[f], plan->origins[f].own);
        else
            port->columns[f] = in->columns[plan->origins[f].input];
    }
    struct gy_batch batch = {.rows = in->rows,
                             .kept = kept,
                             .n_columns = plan->schema.n_fields,
                             .keep = kept == in->rows ? NULL : keep,
                             .selection = keep == in->keep ? in->selection : NULL,
                             .time = (plan->flags & GYRE_PORT_TIME) != 0 && port->out.time != NULL
                                         ? port->out.time
                                         : in->time,
                             .hash = plan->keeps_hash ? in->hash : NULL,
                             .columns = port->columns};
    hand_out(port, &batch);
}

void gy_port_settle(struct gy_port *port)
{
    if (port->out.text > port->out.text_end)
        misused(port, "gyre_out_used", "had no room for so much: see gyre_out_room");
    if (port->out.rows > port->room)
        misused(port, "gyre_out_row", "was given more rows than its capacity");
    look_at_walls(port);
    gy_arenas_drop(port->adopted);
    gy_arenas_drop(port->recent);
    port->adopted = port->recent = NULL;
    if (port->out.rows == 0) {
        gy_arenas_drop(port->arenas);
        port->arenas = NULL;
    }
}

int gy_port_init(struct gy_port *port, const struct gy_output *plan, uint32_t index,
                 struct gy_pool *pool,
                 void (*emit)(void *host, uint32_t port, const struct gy_batch *batch), void *host)
{
    memset(port, 0, sizeof *port);
    port->plan = plan;
    port->pool = pool;
    port->emit = emit;
    port->host = host;
    port->index = index;
    port->most = ROWS;
    port->columns = gy_calloc(plan->schema.n_fields + 1, sizeof *port->columns);
    port->data = gy_calloc(plan->n_own + 1, sizeof *port->data);
    port->valid = gy_calloc(plan->n_own + 1, sizeof *port->valid);
    port->scratch = gy_calloc(plan->n_own + 1, sizeof *port->scratch);
    if (port->columns == NULL || port->data == NULL || port->valid == NULL || port->scratch == NULL)
        return GYRE_ENOMEM;
    for (uint32_t k = 0; k < plan->n_own; k++)
        port->has_strings |= gyre_type_is_str(plan->own[k].type);
    port->out = (struct gyre_out){.size = sizeof port->out,
                                  .n_columns = plan->n_own,
                                  .data = port->data,
                                  .valid = port->valid,
                                  .full = full,
                                  .grow = grow,
                                  .adopt = adopt,
                                  .host = port};
    return 0;
}

void gy_port_be_strict(struct gy_port *port, const struct gy_strict *strict)
{
    assert(port->memory == NULL);
    port->strict = strict;
    port->most = strict->walls && !is_aligned(port) ? GY_STRICT_ROWS : ROWS;
}

void gy_port_fini(struct gy_port *port)
{
    gy_arenas_drop(port->arenas);
    gy_arenas_drop(port->adopted);
    gy_arenas_drop(port->recent);
    gy_block_drop(port->text_buf);
    gy_block_drop(port->memory);
    gy_free(port->columns);
    gy_free(port->data);
    gy_free(port->valid);
    gy_free(port->scratch);
    memset(port, 0, sizeof *port);
}
