/* plugins/lua/cells.h: the values of Lua that the host keeps: state by key, accumulators.
 *
 * The host has them as bytes (pack.h), under a version of the code. A call works on cells, one for each
 * value that it is about:
 *
 *   begin     no cells
 *   of        the cell of a slot of the host's
 *   load      Lua asks for a cell's value, at the first row that it is about; it stays a value of Lua after that
 *   keep      after each row: the value is packed, so that it is known that it can be, and so that a later row
 *             that fails can be undone: its cell is loaded again
 *   end       what was kept last goes to the host
 *
 * Nothing of it lasts from call to call: whatever a snapshot needs is in the host's slots then.
 *
 * `load` and `keep` are C functions in the table host.cells. */
#ifndef GYRE_PLUGIN_LUA_CELLS_H
#define GYRE_PLUGIN_LUA_CELLS_H

#include "call.h"
#include "pack.h"
#include "vm.h"

/* What the host has of a value; version 0: there is none. */
struct kept {
    int64_t version;
    struct gyre_str bytes;
};

#define CELLS_MOST GYRE_BATCH_ROWS

struct cell {
    struct kept *kept;
    size_t at, room, size; /* of the image, which is what was kept last */
    int32_t has_image;
    int32_t is_none; /* ... that there is no value */
    uint32_t row;    /* the first that was about it */
};

/* Owned by a task. */
struct cells {
    struct call call; /* whoever calls fills `of_row`, which is what it points to */
    struct pack pack;
    const char *name; /* of the value in the code, for errors */
    int64_t version;
    int32_t migrates;
    int32_t is_own;      /* the slot is the plugin's own, and not of the host's state */
    int32_t drops_empty; /* a table with nothing in it is as none */
    uint32_t n;
    uint32_t stamp;
    struct cell *cells;
    uint32_t *table; /* stamp << 11 | cell + 1, by the slot's address */
    uint8_t *images;
    size_t used, room;
    uint32_t of_row[CELLS_MOST];
};

/** The type of a value under `version` (from 1), in memory of the bind; with `migrates` values of older versions
 *  are taken, and keep theirs until they are loaded.
 *  Errors:  NULL without memory */
const struct gyre_state_type *cells_type(struct gyre_bind *bind, const char *name, int64_t version,
                                         int migrates);

/** Prepares cells, and host.cells of the state. `most`: bytes that a value may take.
 *  Errors:  -1, the fault; cells_fini all the same */
int cells_init(struct cells *cells, struct vm *vm, struct gyre_ctx *ctx, const char *name,
               int64_t version, int64_t most, struct vm_fault *fault);
void cells_fini(struct cells *cells);

/** Frees what a slot of the plugin's own has. */
void cells_free_own(struct kept *kept);

void cells_begin(struct cells *cells);

/** The cell of a slot that row `row` is about. At most CELLS_MOST slots in a call. */
uint32_t cells_of(struct cells *cells, struct kept *kept, uint32_t row);

/** Takes what was kept into the slots. Those with version 0 are of no value then.
 *  Errors:  a code, told */
int32_t cells_end(struct cells *cells);

/** What the functions of cells_type do, for a value that stands elsewhere. */
int32_t cells_encode(const struct kept *kept, struct gyre_writer *writer);
int32_t cells_decode(struct kept *kept, struct gyre_reader *reader);

#endif
