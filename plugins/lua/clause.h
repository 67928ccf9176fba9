/* plugins/lua/clause.h: an expression as an option of an operator or function: compiled in its bind, run by each
 * task. It hides what of a batch goes where; a key function, a partition function or the `where` of a distance
 * needs no more than this either:
 *
 *     struct clause where;                                                              in the config
 *     clause_bind(&where, bind, "where", c->where, bind->inputs[0], 0)                  a condition
 *     run = clause_open(&where, ctx)                                                    open
 *     clause_columns(run, in), run->out = keep, run_rows(run), clause_report(run, in)   process
 *     run_free(run)                                                                     close
 *
 * Rows may have names of their own: the fields of `schema` are what the expression sees, `old.price` too. */
#ifndef GYRE_PLUGIN_LUA_CLAUSE_H
#define GYRE_PLUGIN_LUA_CLAUSE_H

#include "run.h"

struct clause {
    struct expr expr;
    uint32_t type;     /* of its values; 0: a condition */
    uint32_t *columns; /* for each of expr.fields: its place in `in->columns` */
};

/** Compiles `text`, the value of `option`, and asks for the fields it reads, of port 0. `type` 0: a
 *  condition; CLAUSE_ANY: clause->type says what it gives. A mistake is told at the option.
 *  Errors: a code */
int32_t clause_bind(struct clause *clause, struct gyre_bind *bind, const char *option,
                    const char *text, const struct gyre_schema *schema, uint32_t type);

/** The same without asking for fields, and without telling: the caller does.
 *  Errors: -1 with clause->expr.error */
int clause_compile(struct clause *clause, struct gyre_bind *bind, const char *option,
                   const char *text, const struct gyre_schema *schema, uint32_t type);

#define CLAUSE_ANY 0xffffu /* `type`: whatever it gives; an i64 where that is nothing but nil */

/** Tells clause->expr.error at the line of `option` that it is of.
 *  Returns: GYRE_EINVAL */
int32_t clause_tell(const struct clause *clause, struct gyre_bind *bind, const char *option);

/** A task's own.
 *  Errors: NULL with ctx->error */
struct run *clause_open(const struct clause *clause, struct gyre_ctx *ctx);

/** Points the run at a batch: its columns, and its rows that are kept. The caller sets `out` and `out_valid`. */
void clause_columns(const struct clause *clause, struct run *run, const struct gyre_batch *in);

/** Reports the bad rows of the last run_rows. */
void clause_report(struct run *run, const struct gyre_batch *in);

#endif
