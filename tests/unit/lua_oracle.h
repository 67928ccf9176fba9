/* What an expression of the plugin lua means for one row, computed from its tree as plainly as can be: the
 * emitted code must come to the same. */
#ifndef TESTS_UNIT_LUA_ORACLE_H
#define TESTS_UNIT_LUA_ORACLE_H

#include "../../plugins/lua/expr_fn.h"

struct oracle_value {
    uint32_t type; /* GYRE_TYPE_..., an i32 is an i64; 0: nil */
    int64_t i;     /* bool, i64, time */
    double f;
    const char *s;
    uint32_t n;
};

struct oracle {
    const struct expr *e;
    const struct gyre_column *columns; /* of all fields of e->schema */
    uint32_t row;
    /* where a row is bad */
    int is_bad;
    enum expr_why why;
    const struct expr_node *node;
    /* strings that are made */
    char **made;
    uint32_t n_made;
};

/** The value of a node, with the row at hand; where the row is bad is_bad is set, and it is nil. */
struct oracle_value oracle_value(struct oracle *o, const struct expr_node *node);

/** The same as a value of `type` that is put out; 0: a condition. */
struct oracle_value oracle_result(struct oracle *o, uint32_t type);

/** Frees strings; before the next row. */
void oracle_clear(struct oracle *o);

#endif
