/* plugins/lua/run.h: a compiled expression at work: a function in a Lua state of its own, which goes over the
 * rows of a batch.
 *
 *     struct expr e = {...};              at check: expr_compile, run_try
 *     struct run *run = run_new(ctx, &e)                         once per task
 *     run->data[k] = ..., run->valid[k] = ...                    for each batch: the columns of e.fields[k]
 *     run->rows, run->selection, run->out, run->out_valid = ...
 *     run_rows(run)
 *     run_bad(run, k, text)               of each of run->n_bad rows: bad_row[k], and the sentence
 *
 * Rows that are bad get no value. The state holds nothing but these expressions: it needs no sandbox, for no
 * text of the job is compiled in it. */
#ifndef GYRE_PLUGIN_LUA_RUN_H
#define GYRE_PLUGIN_LUA_RUN_H

#include "expr.h"

struct run_page; /* memory for strings that are made */

/* What C and the emitted code share: RUN_CDEF in run.c tells Lua of it, up to `used`. */
struct run {
    uint32_t rows;
    uint32_t is_dense; /* all rows; else those of `selection`, `rows` of them */
    const int32_t *selection;
    void *out;             /* values of the type asked for; a condition: a byte per row */
    uint8_t *out_valid;    /* where the expression may be null */
    const void **data;     /* of each of e.fields */
    const uint8_t **valid; /* never NULL where the field may be null: run_valid */
    struct gyre_str *slots;
    const struct gyre_str *literals;
    int32_t *bad_row;
    int32_t *bad_site;
    int64_t i; /* what a call gives beside its status */
    double f;
    uint64_t used; /* of the page at hand; the code sets it to 0 before each row */
    uint32_t n_bad;
    uint32_t n_fields;
    /* C's alone */
    struct run_page *page;
    struct gyre_out *to; /* strings that are put out are copied into its arena */
    const struct expr *e;
    struct gyre_ctx *ctx;
    void *lua;
    struct re **patterns; /* by their numbers in e->texts; NULL: none */
};

/** Compiles an expression in a state of its own, which is given up: at check.
 *  Errors: -1 with e->error: too large for LuaJIT, or out of memory */
int run_try(struct expr *e);

/** An expression made ready for a task.
 *  Owns:   `e` stays as long; run_free
 *  Errors: NULL with ctx->error */
struct run *run_new(struct gyre_ctx *ctx, const struct expr *e);
void run_free(struct run *run);

/** The byte per row of a column that may be null. */
const uint8_t *run_valid(const struct gyre_column *column);

/** Computes the rows.
 *  Errors: a code, with ctx->error: out of memory */
int32_t run_rows(struct run *run);

/** Why bad row k is bad, with its place. */
void run_bad(const struct run *run, uint32_t k, char *to, size_t size);

#endif
