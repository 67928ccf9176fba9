/* plugins/lua/call.h: what C tells Lua of one call that is about values which the host keeps, beside the gauge;
 * cells.lua and those that use it see it through the FFI (mirror.h). The functions are for what Lua cannot do. */
#ifndef GYRE_PLUGIN_LUA_CALL_H
#define GYRE_PLUGIN_LUA_CALL_H

#include <gyre/gyre.h>

/* Owned by a task. */
struct call {
    uint32_t *cells;      /* of each row, or of each of `rows` */
    const uint32_t *rows; /* aggregates: the rows that are added, `n` of them */
    uint32_t n;
    int32_t undo;  /* the cell of the row that failed, which is to be loaded again; -1: none */
    int32_t fresh; /* 1: the values of the call before are no longer */
    uint32_t clock;
    const uint64_t *tags; /* of timers */
    int64_t watermark;
    void *emitter;
    struct gyre_out *out; /* of results */
    /* Sets or deletes a timer for the key of a row. */
    void (*timer)(struct call *call, uint32_t row, uint32_t clock, int64_t time, uint64_t tag,
                  int32_t cancel);
    int64_t (*now)(struct call *call);
    /* A string of a result. */
    void (*text)(struct call *call, uint32_t column, uint32_t row, const char *data, size_t n);
    struct gyre_ctx *ctx;
    const struct gyre_batch *batch;
    int32_t code; /* a failure that is no row's */
    uint32_t reserved;
};

#endif
