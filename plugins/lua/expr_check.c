/* plugins/lua/expr_check.c: what names mean, and types; see expr.h. */
#include "expr_fn.h"

#include "../../runtime/base/nearest.h"

static int check(struct expr *e, struct expr_node *node);

/* ---- kinds of types ---------------------------------------------------------------------------- */

static int is_integral(uint32_t type)
{
    return type == GYRE_TYPE_i64 || type == GYRE_TYPE_time;
}

static int is_number(uint32_t type)
{
    return is_integral(type) || type == GYRE_TYPE_f64;
}

static const char *type_told(uint32_t type)
{
    switch (type) {
    case 0: return "nil";
    case GYRE_TYPE_f64: return "an f64";
    case GYRE_TYPE_i64: return "an i64";
    case GYRE_TYPE_bool: return "a bool";
    case GYRE_TYPE_str: return "a str";
    case GYRE_TYPE_time: return "a time";
    default: return gyre_type_name(type);
    }
}

/* A value must be a value: `c and x` is one only where an `or` follows. */
static int check_value(struct expr *e, const struct expr_node *node)
{
    if (!node->or_false)
        return 0;
    return expr_fail(e, node,
                     "`%s` may be false, which is no %s: write `c and x or y`, or if(c, x, y)",
                     expr_excerpt(e, node).text, gyre_type_name(node->type));
}

/* The type of what is one of two: -1 where there is none. A nil takes any. */
static int join(uint32_t a, uint32_t b)
{
    if (a == b || b == 0)
        return (int)a;
    if (a == 0)
        return (int)b;
    if (is_number(a) && is_number(b))
        return a == GYRE_TYPE_f64 || b == GYRE_TYPE_f64 ? GYRE_TYPE_f64 : GYRE_TYPE_time;
    if (gyre_type_is_str(a) && gyre_type_is_str(b))
        return GYRE_TYPE_bytes;
    return -1;
}

static int join_nodes(struct expr *e, struct expr_node *node, const struct expr_node *b)
{
    int type = join(node->type, b->type);
    if (check_value(e, b) != 0)
        return -1;
    if (type < 0)
        return expr_fail(e, b, "`%s` is %s here and %s above: both must be of one kind",
                         expr_excerpt(e, b).text, type_told(b->type), type_told(node->type));
    node->type = (uint32_t)type;
    return 0;
}

/* ---- names ------------------------------------------------------------------------------------- */

static int tell_field(struct expr *e, const struct expr_node *node)
{
    const char *names[256];
    uint32_t n = e->schema->n_fields < 256 ? e->schema->n_fields : 256;
    for (uint32_t i = 0; i < n; i++)
        names[i] = gyre_schema_field(e->schema, i)->name;
    const char *near = gy_nearest(node->text, names, n);
    if (strcmp(node->text, "null") == 0 || strcmp(node->text, "NULL") == 0)
        return expr_fail(e, node, "no field `%s`; that there is no value is written `nil`",
                         node->text);
    if (near != NULL)
        return expr_fail(e, node, "unknown field `%.60s`: did you mean `%s`?", node->text, near);
    if (expr_fn_find(node->text, 0) != NULL)
        return expr_fail(e, node, "`%s` is a function: write %s(...)", node->text, node->text);
    char list[256];
    size_t at = 0;
    for (uint32_t i = 0; i < n && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i != 0 ? ", " : "", names[i]);
    return expr_fail(e, node, "unknown field `%.60s`; there are: %s%s", node->text, list,
                     at < sizeof list ? "" : "...");
}

/* Doubles an array of `n` where it is full. */
static void *room_for_one(struct expr *e, void *old, uint32_t n, uint32_t *room, size_t size)
{
    if (n < *room)
        return old;
    uint32_t more = *room == 0 ? 8 : *room * 2;
    void *made = e->alloc(e->host, more * size);
    if (made == NULL)
        return NULL;
    if (n != 0)
        memcpy(made, old, n * size);
    *room = more;
    return made;
}

static int no_memory(struct expr *e, const struct expr_node *node)
{
    return expr_fail(e, node, "out of memory");
}

static int check_name(struct expr *e, struct expr_node *node)
{
    int32_t in = gyre_schema_find(e->schema, node->text);
    if (in < 0 || strlen(node->text) != node->len)
        return tell_field(e, node);
    const struct gyre_field *f = gyre_schema_field(e->schema, (uint32_t)in);
    uint32_t i = 0;
    while (i < e->n_fields && e->fields[i].in != (uint32_t)in)
        i++;
    if (i == e->n_fields) {
        e->fields = room_for_one(e, e->fields, i, &e->fields_room, sizeof *e->fields);
        if (e->fields == NULL)
            return no_memory(e, node);
        e->fields[e->n_fields++] =
            (struct expr_field){(uint32_t)in, f->type, f->flags & GYRE_NULLABLE};
    }
    node->op = EXPR_FIELD;
    node->field = i;
    node->type = f->type == GYRE_TYPE_i32 ? GYRE_TYPE_i64 : f->type;
    node->nullable = (f->flags & GYRE_NULLABLE) != 0;
    node->is_view = 1;
    return 0;
}

static int check_literal(struct expr *e, struct expr_node *node)
{
    static const uint32_t types[] = {[EXPR_BOOL] = GYRE_TYPE_bool,
                                     [EXPR_INT] = GYRE_TYPE_i64,
                                     [EXPR_NUM] = GYRE_TYPE_f64,
                                     [EXPR_STR] = GYRE_TYPE_str};
    node->type = node->op == EXPR_NIL ? 0 : types[node->op];
    node->nullable = node->op == EXPR_NIL;
    node->is_view = node->len <= GYRE_STR_INLINE;
    if (node->op != EXPR_STR)
        return 0;
    if (e->literals == NULL)
        e->literals = e->alloc(e->host, (EXPR_NODES_MAX + 1) * sizeof *e->literals);
    if (e->literals == NULL)
        return no_memory(e, node);
    node->slot = ++e->n_literals; /* 0: the empty one */
    e->literals[node->slot] = gyre_str_view(node->text, node->len);
    return 0;
}

/* ---- operators --------------------------------------------------------------------------------- */

static const char *sign_of(enum expr_op op)
{
    static const char *const signs[] = {
        [EXPR_NEG] = "-",   [EXPR_NOT] = "not", [EXPR_LEN] = "#",     [EXPR_ADD] = "+",
        [EXPR_SUB] = "-",   [EXPR_MUL] = "*",   [EXPR_DIV] = "/",     [EXPR_IDIV] = "//",
        [EXPR_MOD] = "%",   [EXPR_POW] = "^",   [EXPR_EQ] = "==",     [EXPR_NE] = "~=",
        [EXPR_LT] = "<",    [EXPR_LE] = "<=",   [EXPR_GT] = ">",      [EXPR_GE] = ">=",
        [EXPR_AND] = "and", [EXPR_OR] = "or",   [EXPR_CONCAT] = "..", [EXPR_IN] = "in",
    };
    return signs[op];
}

/* An operand that has to be there, of a type that `is` accepts. */
static int check_operand(struct expr *e, struct expr_node *node, const struct expr_node *a,
                         int (*is)(uint32_t type), const char *wanted)
{
    if (check_value(e, a) != 0)
        return -1;
    if (a->op == EXPR_NIL)
        return expr_fail(e, a, "`%s` of nil; only `==` and `~=` compare with it",
                         sign_of(node->op));
    if (!is(a->type))
        return expr_fail(e, a, "`%s` takes %s, but `%s` is %s", sign_of(node->op), wanted,
                         expr_excerpt(e, a).text, type_told(a->type));
    node->fails |= a->nullable;
    return 0;
}

static int is_text_or_number(uint32_t type)
{
    return gyre_type_is_str(type) || is_number(type);
}

static int is_ordered(uint32_t type)
{
    return is_text_or_number(type);
}

static int is_str(uint32_t type)
{
    return gyre_type_is_str(type);
}

/* Times: time + i64, i64 + time, time - i64 are times; all else is a number of µs. */
static uint32_t sum_type(const struct expr_node *node, uint32_t a, uint32_t b)
{
    if (a == GYRE_TYPE_f64 || b == GYRE_TYPE_f64)
        return GYRE_TYPE_f64;
    int is_time = (node->op == EXPR_ADD && (a == GYRE_TYPE_time) != (b == GYRE_TYPE_time)) ||
                  (node->op == EXPR_SUB && a == GYRE_TYPE_time && b != GYRE_TYPE_time);
    return is_time ? GYRE_TYPE_time : GYRE_TYPE_i64;
}

static int check_arithmetic(struct expr *e, struct expr_node *node)
{
    for (uint32_t i = 0; i < node->n_args; i++)
        if (check_operand(e, node, node->args[i], is_number, "numbers") != 0)
            return -1;
    uint32_t a = node->args[0]->type, b = node->args[node->n_args - 1]->type;
    if (node->op == EXPR_DIV || node->op == EXPR_POW)
        node->type = GYRE_TYPE_f64;
    else
        node->type =
            node->op == EXPR_NEG && a == GYRE_TYPE_time ? GYRE_TYPE_i64 : sum_type(node, a, b);
    node->fails |= node->type != GYRE_TYPE_f64;
    node->is_costly |=
        node->op >= EXPR_IDIV || (node->op == EXPR_MUL && node->type != GYRE_TYPE_f64);
    return 0;
}

/* Both sides of a comparison are of one kind. */
static int check_kinds(struct expr *e, const struct expr_node *node, const struct expr_node *a,
                       const struct expr_node *b)
{
    if (join(a->type, b->type) >= 0)
        return 0;
    const char *hint = is_number(a->type) && gyre_type_is_str(b->type) && b->op == EXPR_STR
                           ? "; a number is written without quotes"
                       : gyre_type_is_str(a->type) && is_number(b->type)
                           ? "; cast(x, \"f64\") reads one"
                       : a->op == EXPR_NOT ? "; `not` binds stronger: write not (a == b), or a ~= b"
                                           : "";
    return expr_fail(e, b, "`%s` of %s, `%s`, and %s, `%s`%s", sign_of(node->op),
                     type_told(a->type), expr_excerpt(e, a).text, type_told(b->type),
                     expr_excerpt(e, b).text, hint);
}

static int check_comparison(struct expr *e, struct expr_node *node)
{
    const struct expr_node *a = node->args[0], *b = node->args[1];
    node->type = GYRE_TYPE_bool;
    if (check_value(e, a) != 0 || check_value(e, b) != 0)
        return -1;
    node->is_costly |=
        (uint8_t)(gyre_type_is_str(a->type) && !(b->op == EXPR_STR && b->len <= GYRE_STR_INLINE));
    node->is_costly |= (uint8_t)(is_number(a->type) && join(a->type, b->type) == GYRE_TYPE_f64 &&
                                 a->type != b->type);
    if (node->op == EXPR_EQ || node->op == EXPR_NE)
        return check_kinds(e, node, a, b);
    if (check_operand(e, node, a, is_ordered, "numbers or texts") != 0 ||
        check_operand(e, node, b, is_ordered, "numbers or texts") != 0)
        return -1;
    return check_kinds(e, node, a, b);
}

/* a and b: a where it is nil or false, else b. */
static int check_and(struct expr *e, struct expr_node *node)
{
    const struct expr_node *a = node->args[0], *b = node->args[1];
    if (check_value(e, a) != 0 || check_value(e, b) != 0)
        return -1;
    node->type = b->type;
    node->nullable = a->nullable | b->nullable;
    node->or_false = a->type == GYRE_TYPE_bool && b->type != GYRE_TYPE_bool;
    node->is_view = b->is_view;
    if (b->type == 0)
        return expr_fail(e, b, "`and nil` is never true");
    return 0;
}

/* a or b: b where a is nil or false, else a. */
static int check_or(struct expr *e, struct expr_node *node)
{
    const struct expr_node *a = node->args[0], *b = node->args[1];
    node->type = a->type;
    node->nullable = b->nullable;
    node->is_view = a->is_view && b->is_view;
    if (a->type == 0)
        return expr_fail(e, a, "`nil or` is never needed");
    if ((a->type == GYRE_TYPE_bool) != (b->type == GYRE_TYPE_bool) && b->type != 0)
        return expr_fail(e, b, "`or` of %s, `%s`, and %s, `%s`", type_told(a->type),
                         expr_excerpt(e, a).text, type_told(b->type), expr_excerpt(e, b).text);
    return join_nodes(e, node, b);
}

static int check_in(struct expr *e, struct expr_node *node)
{
    const struct expr_node *a = node->args[0];
    node->type = GYRE_TYPE_bool;
    if (check_value(e, a) != 0)
        return -1;
    for (uint32_t i = 1; i < node->n_args; i++) {
        if (check_value(e, node->args[i]) != 0 || check_kinds(e, node, a, node->args[i]) != 0)
            return -1;
        node->is_costly = 1;
    }
    return 0;
}

static int check_operator(struct expr *e, struct expr_node *node)
{
    const struct expr_node *a = node->args[0];
    switch (node->op) {
    case EXPR_NEG:
    case EXPR_ADD:
    case EXPR_SUB:
    case EXPR_MUL:
    case EXPR_DIV:
    case EXPR_IDIV:
    case EXPR_MOD:
    case EXPR_POW: return check_arithmetic(e, node);
    case EXPR_NOT: node->type = GYRE_TYPE_bool; return 0;
    case EXPR_LEN: node->type = GYRE_TYPE_i64; return check_operand(e, node, a, is_str, "a str");
    case EXPR_CONCAT:
        node->type = GYRE_TYPE_str;
        node->fails = node->is_costly = 1;
        node->slot = e->n_slots;
        e->n_slots += 3; /* of the result, and of numbers as text */
        for (uint32_t i = 0; i < 2; i++)
            if (check_operand(e, node, node->args[i], is_text_or_number, "texts and numbers") != 0)
                return -1;
        return 0;
    case EXPR_AND: node->slot = e->n_slots++; return check_and(e, node);
    case EXPR_OR: node->slot = e->n_slots++; return check_or(e, node);
    case EXPR_IN: return check_in(e, node);
    default: return check_comparison(e, node);
    }
}

/* ---- calls ------------------------------------------------------------------------------------- */

static const char *const cast_types[] = {"bool", "i64", "f64", "time", "str", "bytes"};
static const uint32_t cast_ids[] = {GYRE_TYPE_bool, GYRE_TYPE_i64, GYRE_TYPE_f64,
                                    GYRE_TYPE_time, GYRE_TYPE_str, GYRE_TYPE_bytes};

static int check_cast(struct expr *e, struct expr_node *node)
{
    const struct expr_node *a = node->args[0], *type = node->args[1];
    for (uint32_t i = 0; type->op == EXPR_STR && i < 6; i++)
        if (strcmp(cast_types[i], type->text) == 0)
            node->type = cast_ids[i];
    if (node->type == 0)
        return expr_fail(e, type,
                         "cast(x, \"TYPE\") makes a bool, i64, f64, time, str or bytes of x");
    int is_bool = a->type == GYRE_TYPE_bool, to_bool = node->type == GYRE_TYPE_bool;
    if (check_value(e, a) != 0)
        return -1;
    if (is_bool && (node->type == GYRE_TYPE_time || node->type == GYRE_TYPE_f64))
        return expr_fail(e, node, "no cast makes a %s of a bool", gyre_type_name(node->type));
    if (to_bool && is_number(a->type))
        return expr_fail(e, node, "no cast makes a bool of a number: write `x ~= 0`");
    if (a->type == GYRE_TYPE_f64 && node->type == GYRE_TYPE_time)
        return expr_fail(e, node, "no cast makes a time of an f64: cast it to i64, µs, before");
    node->nullable = a->nullable;
    node->is_view = a->is_view && gyre_type_is_str(a->type);
    node->is_costly |= gyre_type_is_str(a->type) != gyre_type_is_str(node->type);
    node->fails |= a->type != node->type;
    return 0;
}

static int check_if(struct expr *e, struct expr_node *node)
{
    const struct expr_node *c = node->args[0], *a = node->args[1];
    if (check_value(e, c) != 0 || check_value(e, a) != 0)
        return -1;
    if (c->type != GYRE_TYPE_bool)
        return expr_fail(e, c, "if(c, a, b) needs a condition, but `%s` is %s",
                         expr_excerpt(e, c).text, type_told(c->type));
    node->type = a->type;
    node->nullable = a->nullable | node->args[2]->nullable;
    node->is_view = a->is_view && node->args[2]->is_view;
    return join_nodes(e, node, node->args[2]);
}

static int check_coalesce(struct expr *e, struct expr_node *node)
{
    node->nullable = node->is_view = 1;
    for (uint32_t i = 0; i < node->n_args; i++) {
        if (join_nodes(e, node, node->args[i]) != 0)
            return -1;
        node->nullable &= node->args[i]->nullable;
        node->is_view &= node->args[i]->is_view;
    }
    return 0;
}

static int takes(char letter, uint32_t type)
{
    switch (letter) {
    case 's': return gyre_type_is_str(type);
    case 'i': return is_integral(type);
    case 'f':
    case 'n': return is_number(type);
    case 't': return type == GYRE_TYPE_time;
    case 'b': return type == GYRE_TYPE_bool;
    default: return gyre_type_is_str(type); /* L */
    }
}

static const char *wanted(char letter)
{
    switch (letter) {
    case 's': return "a str";
    case 'i': return "an integer";
    case 'f':
    case 'n': return "a number";
    case 't': return "a time";
    case 'b': return "a bool";
    default: return "a text between quotes";
    }
}

static int check_argument(struct expr *e, struct expr_node *node, uint32_t i)
{
    const char *args = node->fn->args;
    size_t n = strlen(args);
    char letter = args[i < n ? i : n - 1];
    const struct expr_node *a = node->args[i];
    if (check_value(e, a) != 0)
        return -1;
    if (letter == 'a') {
        node->fails |= a->nullable;
        return 0;
    }
    if (!takes(letter, a->type) || (letter == 'L' && a->op != EXPR_STR))
        return expr_fail(e, a, "%s takes %s there, but `%s` is %s: %s", node->text, wanted(letter),
                         expr_excerpt(e, a).text, type_told(a->type), node->fn->doc);
    node->fails |= a->nullable;
    if (letter == 'n' && join_nodes(e, node, a) != 0)
        return -1;
    if (letter == 'L' && node->fn->look != NULL)
        return node->fn->look(e, node, i);
    return 0;
}

static int check_called(struct expr *e, struct expr_node *node)
{
    static const struct {
        char letter;
        uint32_t type;
    } results[] = {{'s', GYRE_TYPE_str}, {'w', GYRE_TYPE_str}, {'v', GYRE_TYPE_str},
                   {'i', GYRE_TYPE_i64}, {'f', GYRE_TYPE_f64}, {'t', GYRE_TYPE_time},
                   {'b', GYRE_TYPE_bool}};
    char result = node->fn->result, small = (char)(result | 0x20);
    for (uint32_t i = 0; i < node->n_args; i++)
        if (check_argument(e, node, i) != 0)
            return -1;
    for (uint32_t i = 0; i < sizeof results / sizeof results[0]; i++)
        if (results[i].letter == small)
            node->type = results[i].type;
    node->is_view = (small == 'v' || small == 'w') && node->args[0]->is_view;
    node->nullable = small == 'w';
    node->fails |= result != small;
    node->fails |= small == 'n' && node->type != GYRE_TYPE_f64;
    node->is_costly |= node->fn->call == CALLED || node->fn->c != NULL;
    return 0;
}

static int tell_function(struct expr *e, const struct expr_node *node)
{
    const char *names[64];
    uint32_t n = 0;
    for (; n < 64 && expr_fn_at(n) != NULL; n++)
        names[n] = expr_fn_at(n)->name;
    const char *near = gy_nearest(node->text, names, n);
    char list[500];
    size_t at = 0;
    for (uint32_t i = 0; near == NULL && i < n && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i != 0 ? ", " : "", names[i]);
    if (near != NULL)
        return expr_fail(e, node, "unknown function `%.60s`: did you mean `%s`?", node->text, near);
    return expr_fail(e, node, "unknown function `%.60s`; there are: %s", node->text, list);
}

static int check_call(struct expr *e, struct expr_node *node)
{
    const struct expr_fn *fn = node->fn = expr_fn_find(node->text, node->n_args);
    if (fn == NULL)
        return tell_function(e, node);
    if (node->n_args < fn->least || node->n_args > fn->most)
        return expr_fail(e, node, "%s is given %u arguments: %s", node->text, node->n_args,
                         fn->doc);
    node->slot = e->n_slots++;
    switch (fn->call) {
    case CALL_COALESCE: return check_coalesce(e, node);
    case CALL_CAST: return check_cast(e, node);
    case CALL_IF: return check_if(e, node);
    default: return check_called(e, node);
    }
}

/* ---- all --------------------------------------------------------------------------------------- */

static int check_node(struct expr *e, struct expr_node *node)
{
    for (uint32_t i = 0; i < node->n_args; i++) {
        if (check(e, node->args[i]) != 0)
            return -1;
        node->fails |= node->args[i]->fails;
        node->is_costly |= node->args[i]->is_costly;
    }
    switch (node->op) {
    case EXPR_NIL:
    case EXPR_BOOL:
    case EXPR_INT:
    case EXPR_NUM:
    case EXPR_STR: return check_literal(e, node);
    case EXPR_NAME: return check_name(e, node);
    case EXPR_CALL: return check_call(e, node);
    default: return check_operator(e, node);
    }
}

static int check(struct expr *e, struct expr_node *node)
{
    if (check_node(e, node) != 0)
        return -1;
    if (node->type == 0 && node->op != EXPR_NIL)
        return expr_fail(e, node, "`%s` is never anything but nil", expr_excerpt(e, node).text);
    return 0;
}

int expr_check(struct expr *e)
{
    if (check(e, e->root) != 0)
        return -1;
    return check_value(e, e->root);
}
