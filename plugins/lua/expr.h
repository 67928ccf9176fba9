/* plugins/lua/expr.h: an expression over the fields of a row: text -> tree -> types -> Lua.
 *
 *     expr_parse   text to a tree of struct expr_node: Lua's grammar of expressions, with `x in (a, b)`
 *     expr_check   names become fields and functions, each node gets its type; what can be said of an
 *                  expression without a row is said here
 *     expr_emit    the tree as a Lua function that goes over the rows of a batch (see run.h)
 *
 * No user's text is ever compiled as Lua: what is emitted is made of the tree alone, so an expression can do
 * nothing but compute.
 *
 * Types are those of the schema; i32 is read as i64. A node may be null (`nullable`). An operand that is null,
 * in arithmetic, an ordering or a function, is a bad row, unless the function is made for it (coalesce, if, in,
 * cast), for `==`, `~=`, `and`, `or` and `not` it is Lua's nil.
 *
 * | operator        | of                | gives                                                           |
 * |-----------------|-------------------|-----------------------------------------------------------------|
 * | + - *           | two i64           | i64, exact; a bad row beyond it                                 |
 * |                 | i64 and f64       | f64; the i64 becomes the nearest f64                            |
 * |                 | time and i64      | time; time - time: i64                                          |
 * | /               | numbers           | f64                                                             |
 * | // %            | numbers           | floored; two i64: i64, a bad row for 0                          |
 * | ^               | numbers           | f64                                                             |
 * | ..              | str, numbers      | str                                                             |
 * | == ~= < <= > >= | two of one kind   | bool; i64 and f64 are compared exactly                          |
 * | and or          | bool, or one kind | as Lua; `c and x or y` too                                      |
 * | #               | str               | i64, bytes                                                      |
 */
#ifndef GYRE_PLUGIN_LUA_EXPR_H
#define GYRE_PLUGIN_LUA_EXPR_H

#include "expr_lex.h"

#define EXPR_SOURCE_MAX 65536u
#define EXPR_NODES_MAX  1000u
#define EXPR_DEPTH_MAX  60u  /* of parentheses and calls */
#define EXPR_TEMPS_MAX  100u /* Lua has 200 locals */

enum expr_op {
    EXPR_NIL,
    EXPR_BOOL, /* literals */
    EXPR_INT,
    EXPR_NUM,
    EXPR_STR,
    EXPR_NAME, /* before expr_check */
    EXPR_FIELD,
    EXPR_NEG,
    EXPR_NOT,
    EXPR_LEN,
    EXPR_ADD,
    EXPR_SUB,
    EXPR_MUL,
    EXPR_DIV,
    EXPR_IDIV,
    EXPR_MOD,
    EXPR_POW,
    EXPR_CONCAT,
    EXPR_EQ,
    EXPR_NE,
    EXPR_LT,
    EXPR_LE,
    EXPR_GT,
    EXPR_GE,
    EXPR_AND,
    EXPR_OR,
    EXPR_IN, /* args[0] in the others */
    EXPR_CALL
};

struct expr_node {
    enum expr_op op;
    uint32_t type; /* GYRE_TYPE_...; 0: nil */
    uint8_t nullable;
    uint8_t or_false;   /* a null of it may be a false: `c and x` */
    uint8_t fails;      /* some row may make it fail */
    uint8_t is_costly;  /* worth a jump to do without */
    uint8_t is_pattern; /* STR: a regular expression */
    uint8_t is_view;    /* str: its bytes are those of fields */
    uint32_t at, end;   /* its text */
    uint32_t n_args;
    struct expr_node **args;
    struct expr_node *next; /* while arguments are gathered */
    int64_t integer;        /* INT, BOOL; CALL: what a checked literal argument means */
    double number;
    const char *text; /* STR, NAME; CALL: the function's name */
    uint32_t len;
    uint32_t field;           /* FIELD: of expr.fields */
    uint32_t slot;            /* STR: of expr.literals; str that are made: of expr.n_slots */
    const struct expr_fn *fn; /* CALL */
};

/* Why a row is bad. */
enum expr_why {
    EXPR_NULL,
    EXPR_OVERFLOW,
    EXPR_ZERO,
    EXPR_CAST,
    EXPR_RANGE,
    EXPR_LONG,
    EXPR_INEXACT,
    EXPR_SLOW
};

/* A place in the emitted code at which a row can turn out bad. */
struct expr_site {
    enum expr_why why;
    const struct expr_node *node;
};

/* A field that is read. */
struct expr_field {
    uint32_t in; /* its index in the schema */
    uint32_t type;
    uint32_t nullable;
};

struct expr {
    const char *source;
    uint32_t n;
    const struct gyre_schema *schema;
    void *(*alloc)(void *host, size_t size); /* zeroed; lives as long as the expression */
    void *host;
    struct lex_error error;
    struct gyre_place *places; /* where its lines stand; NULL: unknown */
    /* made by the three below */
    struct expr_node *root;
    uint32_t n_nodes;
    uint32_t n_fields, fields_room;
    struct expr_field *fields;
    uint32_t n_literals, n_slots;
    struct gyre_str *literals;
    uint32_t n_texts; /* that calls are given by their number, from 1 on: formats, patterns */
    const struct expr_node **texts;
    uint32_t n_sites, sites_room;
    struct expr_site *sites;
    char *lua; /* what expr_emit made */
    size_t lua_n;
};

/** Reads `source`, which has `n` bytes. The caller has set source, n, schema, alloc and host.
 *  Errors: -1, and e->error says what is wrong where */
int expr_parse(struct expr *e);

/** Finds out what names mean and what types there are. After it, root->type and root->nullable hold.
 *  Errors: as expr_parse */
int expr_check(struct expr *e);

/** Emits Lua that computes the expression as a `type` (GYRE_TYPE_...), or with `type` 0 as a condition, of which
 *  a null is false. e->error says where no value of the expression's type can be one of `type`.
 *  Errors: as expr_parse */
int expr_emit(struct expr *e, uint32_t type);

/** All three.
 *  Errors: as expr_parse */
int expr_compile(struct expr *e, uint32_t type);

/** What is wrong, for a person: with the text of the place, and its column and line where it has several. */
void expr_tell(const struct expr *e, char *to, size_t size);

/** Why a row is bad, at site `site`. */
void expr_tell_row(const struct expr *e, uint32_t site, char *to, size_t size);

/** The text of a node, cut where it is long. */
struct expr_excerpt {
    char text[72];
};
struct expr_excerpt expr_excerpt(const struct expr *e, const struct expr_node *node);

/** The line of byte `at`, from 0 on. */
uint32_t expr_line(const struct expr *e, uint32_t at);

/** Fails: "..." at a node. Returns -1. */
GYRE_PRINTF(3, 4)
int expr_fail(struct expr *e, const struct expr_node *node, const char *format, ...);

#endif
