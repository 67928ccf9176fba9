/* plugins/lua/gauge.h: what C and Lua share of one state, at one place in memory.
 *
 * C puts the call's arguments here before it calls, so that a call neither pushes nor allocates anything;
 * Lua reads them through the FFI. Steps are counted down by ticks (sandbox.lua) and by what is
 * allocated (vm.c). */
#ifndef GYRE_PLUGIN_LUA_GAUGE_H
#define GYRE_PLUGIN_LUA_GAUGE_H

#include <gyre/gyre.h>

/* Owned by the state's task. */
struct gauge {
    double steps;      /* left for the row at hand */
    double steps_most; /* for a row */
    const struct gyre_batch *batch;
    void *call;          /* more arguments, whatever the called function makes of them */
    uint32_t row;        /* at hand */
    int32_t is_over;     /* 1: the row's steps are used up, and nothing may go on with it */
    int32_t over_source; /* in this code ... */
    int32_t over_line;   /* ... at this line */
    int32_t
        is_settling; /* 1: what a row leaves is being kept: no limit of memory stops it halfway */
    uint32_t reserved;
};

#endif
