/* plugins/lua/expr_gen.h: what is emitted, as it grows, and the values in it. For expr_gen.c and gen_*.c alone. */
#ifndef GYRE_PLUGIN_LUA_EXPR_GEN_H
#define GYRE_PLUGIN_LUA_EXPR_GEN_H

#include "expr_fn.h"

/* Fields whose columns are locals; the others' are in tables: Lua has 200 locals. */
#define GEN_LOCALS 24u

struct gen {
    struct expr *e;
    char *text;
    size_t n, room;
    uint32_t temps; /* used so far */
    int failed;     /* e->error says why */
};

/* A value that was computed: Lua's text for it, without effects, that may stand more than once.
 * A null has the value 0, "" or false, so that comparisons need not look before they have to.
 *
 * | type          | v is                                    |
 * |---------------|-----------------------------------------|
 * | bool          | a number, 0 or 1                        |
 * | i64, time     | an int64_t                              |
 * | f64           | a number                                |
 * | str, bytes    | the array it is in; its place is `at`   |
 *
 * `has`: a number, 1 where it is there and 0 for null; empty where it is always there. */
struct gen_value {
    uint32_t type;
    char v[48];
    char words[24]; /* the array as int64_t, two for each string */
    char at[16];
    char has[24];
};

/** Appends text. */
GYRE_PRINTF(2, 3)
void gen_say(struct gen *m, const char *format, ...);

/** Appends what makes row i bad: it ends the row. */
void gen_bad(struct gen *m, enum expr_why why, const struct expr_node *node);

/** Temporary t, counted. */
void gen_temp(struct gen *m, char *to, size_t size, uint32_t t);

/** A value of type `type` in temporary t, or of a str in the node's slot; never null. */
struct gen_value gen_result(struct gen *m, uint32_t type, uint32_t slot, uint32_t t);

/** A number as f64, and as a literal. */
void gen_as_f64(const struct expr_node *node, const struct gen_value *value, char *to, size_t size);
void gen_number(char *to, size_t size, double v);
void gen_integer(char *to, size_t size, int64_t v);

/* Operands that a node takes at once; each is left in temporaries t + 2i and t + 2i + 1. */
#define GEN_OPERANDS 4u

/** gen_compare.c: `a op b`, of which both are there or null counts as its value: 1 or 0, into temporary t. */
void gen_compare(struct gen *m, enum expr_op op, const struct expr_node *a,
                 const struct gen_value *va, const struct expr_node *b, const struct gen_value *vb,
                 uint32_t t);

/** The same for the texts of two integers, into r. */
void gen_compare_integers(struct gen *m, enum expr_op op, const char *a, const char *b,
                          const char *r);

/** gen_number.c: arithmetic, and functions of numbers, of operands that are there. */
struct gen_value gen_arithmetic(struct gen *m, const struct expr_node *node,
                                const struct gen_value *values, uint32_t t);
struct gen_value gen_of_numbers(struct gen *m, const struct expr_node *node,
                                const struct gen_value *values, uint32_t t);

/** gen_call.c: functions of calls.h, `..`; and casts, also of a null. */
struct gen_value gen_called(struct gen *m, const struct expr_node *node,
                            const struct gen_value *values, uint32_t t);
struct gen_value gen_concat(struct gen *m, const struct expr_node *node,
                            const struct gen_value *values, uint32_t t);
struct gen_value gen_cast(struct gen *m, const struct expr_node *node,
                          const struct gen_value *value, uint32_t t);

#endif
