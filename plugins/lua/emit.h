/* plugins/lua/emit.h: rows that code puts out, and that leave only when it has come to its end with the row
 * it makes them of.
 *
 * Rows of one input row are written behind the port's last one, which is not moved until the end: after an
 * error there is nothing to take back. Where a batch is full in the middle they are staged in memory of
 * the emitter's own, which doubles.
 *
 *   base, n, room   in data[k], row base + n is the next one, of at most base + room
 *   more            there is no room: makes some; 0 without memory
 *   text            stores a string in a column; 0 without memory
 *   commit          the row has come to its end: the rows leave, with its time
 *
 * Lua writes columns itself, through the FFI; the calls are for what it cannot do. */
#ifndef GYRE_PLUGIN_LUA_EMIT_H
#define GYRE_PLUGIN_LUA_EMIT_H

#include <gyre/gyre.h>

struct emit_own;

/* Owned by a task. */
struct emitter {
    void *const *data;
    uint8_t *const *valid;
    uint32_t base;
    uint32_t n;
    uint32_t room;
    int32_t is_staged;
    int32_t (*more)(struct emitter *emitter);
    int32_t (*text)(struct emitter *emitter, uint32_t column, uint32_t row, const char *data,
                    size_t len);
    void (*commit)(struct emitter *emitter, int64_t time);
    struct gyre_out *out;
    struct emit_own *own;
};

/** For rows of these fields, which are all that `out` has of its own; `bytes_most`: what the rows of one input
 *  row may take.
 *  Errors:  GYRE_ENOMEM; emit_fini all the same */
int32_t emit_init(struct emitter *emitter, const struct gyre_schema *schema, int64_t bytes_most);
void emit_fini(struct emitter *emitter);

/** Before an input row: nothing has been put out for it. */
static inline void emit_begin(struct emitter *emitter)
{
    emitter->n = 0;
    emitter->is_staged = 0;
    emitter->data = emitter->out->data;
    emitter->valid = emitter->out->valid;
    emitter->base = emitter->out->rows;
    emitter->room =
        emitter->out->capacity > emitter->base ? emitter->out->capacity - emitter->base : 0;
}

#endif
