/* Operators of the plugin lua without a host: expressions are bound and run by calls, so that thousands of them
 * can be tried. Rows are columns that the test fills; what comes out stays in the rig until the next call. */
#ifndef TESTS_LUA_RIG_H
#define TESTS_LUA_RIG_H

#include <gyre/gyre.h>
#include <stdbool.h>

enum { LUA_RIG_FIELDS = 16, LUA_RIG_BAD = 1024, LUA_RIG_FILE_LINE = 7 };

/* What was said of a row that is bad. */
struct lua_rig_bad {
    uint32_t row;
    char text[GYRE_ERROR_TEXT];
};

struct lua_rig {
    void *plugin;
    const struct gyre_operator *op;
    const struct gyre_schema *in;
    void *config, *self;
    struct gyre_ctx ctx;
    struct gyre_error error;
    struct gyre_out out, *outputs[1];
    void *data[LUA_RIG_FIELDS];
    uint8_t *valid[LUA_RIG_FIELDS];
    uint8_t keep[GYRE_BATCH_ROWS];
    struct gyre_field fields[LUA_RIG_FIELDS]; /* that it writes */
    uint32_t reads[LUA_RIG_FIELDS], n_reads;  /* fields of `in`, in the order of the batch */
    struct lua_rig_bad *bad;
    uint32_t n_bad;
    char told[1024]; /* by bind */
    void **memory;
    uint32_t n_memory;
};

/** Loads the plugin; false where this build has none. `in` stays as long as the rig.
 *  Owns: lua_rig_fini */
bool lua_rig_init(struct lua_rig *rig, const char *op, const struct gyre_schema *in);
void lua_rig_fini(struct lua_rig *rig);

/** Binds and opens lua.filter with `where`; false where it is refused, and rig->told says why. */
bool lua_rig_filter(struct lua_rig *rig, const char *where);

/** The same for lua.map with one field `out`; `type` is an index of its choices, 0: auto. */
bool lua_rig_map(struct lua_rig *rig, const char *value, int32_t type);

/** Runs it; `columns` are of all fields of `in`. 0, or a code with rig->error. */
int32_t lua_rig_run(struct lua_rig *rig, const struct gyre_column *columns, uint32_t rows,
                    const uint32_t *selection, uint32_t kept);

/** Closes it: another can be bound. */
void lua_rig_end(struct lua_rig *rig);

#endif
