/* plugins/lua/expr_fn.h: the functions that an expression can call, as one table: checking, the emitted
 * code and the list of names that a mistake is told with are made of it.
 *
 * A function of the kind CALLED is one of calls.h, which the emitted code calls through the FFI: a direct call
 * in compiled code, with no string made for it. The others are written out by gen_number.c and expr_gen.c.
 *
 * | letter | an argument                        | the result                      |
 * |--------|------------------------------------|---------------------------------|
 * | s      | str or bytes                       | str, made in a slot             |
 * | v      |                                    | str, a part of its first one    |
 * | i      | i64                                | i64                             |
 * | f      | a number, as f64                   | f64                             |
 * | n      | a number                           | as its arguments                |
 * | t      | a time                             | a time                          |
 * | b      | bool                               | bool                            |
 * | a      | anything                           |                                 |
 * | L      | a literal str, looked at at check  |                                 |
 * | w      |                                    | as v, or null                   |
 *
 * A capital result (S I F T B W) may fail for a row: a bad row. The last letter of the arguments stands
 * for those that follow too. */
#ifndef GYRE_PLUGIN_LUA_EXPR_FN_H
#define GYRE_PLUGIN_LUA_EXPR_FN_H

#include "expr.h"

enum expr_call {
    CALL_COALESCE,
    CALL_CAST,
    CALL_IF,
    CALL_ABS,
    CALL_FLOOR,
    CALL_CEIL,
    CALL_ROUND,
    CALL_MIN,
    CALL_MAX,
    CALL_LEN,
    CALL_HASH,
    CALLED /* of calls.h, by its name there */
};

struct expr_fn {
    const char *name;
    enum expr_call call;
    uint32_t least, most; /* arguments */
    const char *args;
    char result;
    const char *c; /* CALLED: its name in calls.h */
    /* Looks at the literal argument of letter L, and gives node->integer what it means; -1 with e->error filled.
     * NULL: any. */
    int (*look)(struct expr *e, struct expr_node *node, uint32_t arg);
    const char *doc; /* how it is called, and what it gives */
};

#define EXPR_ANY_ARGS 255u

/** The function of a name, where there are several that which takes `n` arguments; NULL: none. */
const struct expr_fn *expr_fn_find(const char *name, uint32_t n);

/** Function i, or NULL behind the last one. */
const struct expr_fn *expr_fn_at(uint32_t i);

#endif
