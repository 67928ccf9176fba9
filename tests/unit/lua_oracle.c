/* See lua_oracle.h. */
#include "lua_oracle.h"

#include "base/number.h"

#include <math.h>
#include <stdlib.h>

typedef struct oracle_value value;

static const value nil = {0};

static value bad(struct oracle *o, enum expr_why why, const struct expr_node *node)
{
    if (!o->is_bad) {
        o->is_bad = 1;
        o->why = why;
        o->node = node;
    }
    return nil;
}

static value of_int(uint32_t type, int64_t i)
{
    return (value){.type = type, .i = i};
}

static value of_bool(int b)
{
    return of_int(GYRE_TYPE_bool, b != 0);
}

static value of_f64(double f)
{
    return (value){.type = GYRE_TYPE_f64, .f = f};
}

static value of_text(uint32_t type, const char *s, size_t n)
{
    return (value){.type = type, .s = s, .n = (uint32_t)n};
}

static char *make(struct oracle *o, size_t n)
{
    o->made = realloc(o->made, (o->n_made + 1) * sizeof(char *));
    return o->made[o->n_made++] = malloc(n + 64);
}

void oracle_clear(struct oracle *o)
{
    while (o->n_made > 0)
        free(o->made[--o->n_made]);
    free(o->made);
    o->made = NULL;
}

static double as_f64(value v)
{
    return v.type == GYRE_TYPE_f64 ? v.f : (double)v.i;
}

static int is_true(value v)
{
    return v.type != 0 && (v.type != GYRE_TYPE_bool || v.i != 0);
}

/* An operand that has to be there. */
static value there(struct oracle *o, const struct expr_node *node)
{
    value v = oracle_value(o, node);
    return !o->is_bad && v.type == 0 ? bad(o, EXPR_NULL, node) : v;
}

static value field(const struct oracle *o, const struct expr_node *node)
{
    const struct expr_field *f = &o->e->fields[node->field];
    const struct gyre_column *c = &o->columns[f->in];
    if (c->valid != NULL && c->valid[o->row] == 0)
        return nil;
    switch (f->type) {
    case GYRE_TYPE_bool: return of_bool(((const uint8_t *)c->data)[o->row]);
    case GYRE_TYPE_i32: return of_int(GYRE_TYPE_i64, ((const int32_t *)c->data)[o->row]);
    case GYRE_TYPE_f64: return of_f64(((const double *)c->data)[o->row]);
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes: {
        const struct gyre_str *s = &((const struct gyre_str *)c->data)[o->row];
        return of_text(f->type, gyre_str_data(s), s->len);
    }
    default: return of_int(f->type, ((const int64_t *)c->data)[o->row]);
    }
}

/* ---- arithmetic ---- */

static value integers(struct oracle *o, const struct expr_node *node, int64_t a, int64_t b)
{
    __int128 x = a, y = b, r = 0;
    if ((node->op == EXPR_IDIV || node->op == EXPR_MOD) && b == 0)
        return bad(o, EXPR_ZERO, node);
    switch (node->op) {
    case EXPR_NEG: r = -x; break;
    case EXPR_ADD: r = x + y; break;
    case EXPR_SUB: r = x - y; break;
    case EXPR_MUL: r = x * y; break;
    case EXPR_IDIV:
        r = x / y;
        r -= r * y != x && (x < 0) != (y < 0);
        break;
    default:
        r = x % y;
        r += r != 0 && (r < 0) != (y < 0) ? y : 0;
        break;
    }
    if (r > INT64_MAX || r < INT64_MIN)
        return bad(o, EXPR_OVERFLOW, node);
    return of_int(node->type, (int64_t)r);
}

static value arithmetic(struct oracle *o, const struct expr_node *node)
{
    value a = there(o, node->args[0]), b = a;
    if (node->n_args == 2 && !o->is_bad)
        b = there(o, node->args[1]);
    if (o->is_bad)
        return nil;
    if (node->type != GYRE_TYPE_f64)
        return integers(o, node, a.i, b.i);
    double x = as_f64(a), y = as_f64(b), r;
    switch (node->op) {
    case EXPR_NEG: return of_f64(-x);
    case EXPR_ADD: return of_f64(x + y);
    case EXPR_SUB: return of_f64(x - y);
    case EXPR_MUL: return of_f64(x * y);
    case EXPR_DIV: return of_f64(x / y);
    case EXPR_IDIV: return of_f64(floor(x / y));
    case EXPR_MOD:
        r = fmod(x, y);
        if ((r < 0 && y > 0) || (r > 0 && y < 0))
            r += y;
        return of_f64(r);
    default: return of_f64(pow(x, y));
    }
}

/* ---- comparisons ---- */

/* -1, 0, 1; 2: no order (NaN). */
static int order(value a, value b)
{
    if (gyre_type_is_str(a.type)) {
        int c = memcmp(a.s, b.s, a.n < b.n ? a.n : b.n);
        return c != 0 ? (c > 0) - (c < 0) : (a.n > b.n) - (a.n < b.n);
    }
    if (a.type == GYRE_TYPE_f64 || b.type == GYRE_TYPE_f64) {
        long double x = a.type == GYRE_TYPE_f64 ? a.f : (long double)a.i;
        long double y = b.type == GYRE_TYPE_f64 ? b.f : (long double)b.i;
        return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
    }
    return (a.i > b.i) - (a.i < b.i);
}

static int equal(value a, value b)
{
    if (a.type == 0 || b.type == 0)
        return a.type == b.type;
    return order(a, b) == 0;
}

static value comparison(struct oracle *o, const struct expr_node *node)
{
    int is_equality = node->op == EXPR_EQ || node->op == EXPR_NE;
    value a = is_equality ? oracle_value(o, node->args[0]) : there(o, node->args[0]), b = nil;
    if (!o->is_bad)
        b = is_equality ? oracle_value(o, node->args[1]) : there(o, node->args[1]);
    if (o->is_bad)
        return nil;
    if (is_equality)
        return of_bool(equal(a, b) == (node->op == EXPR_EQ));
    int c = order(a, b);
    switch (node->op) {
    case EXPR_LT: return of_bool(c == -1);
    case EXPR_LE: return of_bool(c == -1 || c == 0);
    case EXPR_GT: return of_bool(c == 1);
    default: return of_bool(c == 1 || c == 0);
    }
}

static value in(struct oracle *o, const struct expr_node *node)
{
    value x = oracle_value(o, node->args[0]);
    int found = 0;
    for (uint32_t i = 1; i < node->n_args && !o->is_bad; i++)
        found |= equal(x, oracle_value(o, node->args[i]));
    return o->is_bad ? nil : of_bool(found);
}

/* ---- texts ---- */

static value as_text(struct oracle *o, value v)
{
    static const char *const words[] = {"false", "true"};
    char *s;
    if (gyre_type_is_str(v.type) || v.type == 0)
        return v;
    if (v.type == GYRE_TYPE_bool)
        return of_text(GYRE_TYPE_str, words[v.i], strlen(words[v.i]));
    s = make(o, 64);
    return of_text(GYRE_TYPE_str, s,
                   v.type == GYRE_TYPE_f64 ? gy_number_format_f64(s, v.f)
                                           : gy_number_format_i64(s, v.i));
}

static value concat(struct oracle *o, const struct expr_node *node)
{
    value a = there(o, node->args[0]), b = nil;
    if (!o->is_bad)
        b = there(o, node->args[1]);
    if (o->is_bad)
        return nil;
    a = as_text(o, a), b = as_text(o, b);
    char *s = make(o, (size_t)a.n + b.n);
    memcpy(s, a.s, a.n);
    memcpy(s + a.n, b.s, b.n);
    return of_text(GYRE_TYPE_str, s, (size_t)a.n + b.n);
}

static value mapped(struct oracle *o, value v, char from, char to, int by)
{
    char *s = make(o, v.n);
    for (uint32_t i = 0; i < v.n; i++)
        s[i] = (char)(v.s[i] >= from && v.s[i] <= to ? v.s[i] + by : v.s[i]);
    return of_text(v.type == 0 ? 0 : GYRE_TYPE_str, s, v.n);
}

static value trim(value v)
{
    static const char blanks[] = " \t\n\v\f\r";
    while (v.n > 0 && memchr(blanks, v.s[0], 6) != NULL)
        v.s++, v.n--;
    while (v.n > 0 && memchr(blanks, v.s[v.n - 1], 6) != NULL)
        v.n--;
    return of_text(GYRE_TYPE_str, v.s, v.n);
}

static value substr(value s, int64_t from, int64_t n)
{
    uint32_t begin = 0, count = 0;
    if (from < 0)
        from = from < -(int64_t)s.n ? 1 : (int64_t)s.n + from + 1;
    from = from == 0 ? 1 : from;
    for (int64_t k = from; k <= s.n && count < n; k++)
        count++;
    if (count > 0)
        begin = (uint32_t)(from - 1);
    return of_text(GYRE_TYPE_str, s.s + begin, count);
}

static value replace(struct oracle *o, value s, value what, value by)
{
    size_t room = s.n + ((size_t)s.n + 1) * by.n, n = 0;
    char *to = make(o, room);
    for (uint32_t i = 0; i < s.n;) {
        if (what.n > 0 && s.n - i >= what.n && memcmp(s.s + i, what.s, what.n) == 0) {
            memcpy(to + n, by.s, by.n);
            n += by.n;
            i += what.n;
        } else {
            to[n++] = s.s[i++];
        }
    }
    return of_text(GYRE_TYPE_str, to, n);
}

static int contains(value s, value part)
{
    for (uint32_t i = 0; i + part.n <= s.n; i++)
        if (memcmp(s.s + i, part.s, part.n) == 0)
            return 1;
    return 0;
}

static value text_function(struct oracle *o, const struct expr_node *node, const value *a)
{
    const char *name = node->text;
    if (strcmp(name, "lower") == 0)
        return mapped(o, a[0], 'A', 'Z', 32);
    if (strcmp(name, "upper") == 0)
        return mapped(o, a[0], 'a', 'z', -32);
    if (strcmp(name, "trim") == 0)
        return trim(a[0]);
    if (strcmp(name, "substr") == 0)
        return substr(a[0], a[1].i, node->n_args == 3 ? a[2].i : INT64_MAX);
    if (strcmp(name, "replace") == 0)
        return replace(o, a[0], a[1], a[2]);
    if (strcmp(name, "contains") == 0)
        return of_bool(contains(a[0], a[1]));
    if (a[1].n > a[0].n)
        return of_bool(0);
    uint32_t at = strcmp(name, "ends") == 0 ? a[0].n - a[1].n : 0;
    return of_bool(memcmp(a[0].s + at, a[1].s, a[1].n) == 0);
}

/* ---- functions ---- */

static value cast(struct oracle *o, const struct expr_node *node)
{
    value v = oracle_value(o, node->args[0]);
    int64_t i = 0;
    double f = 0;
    if (o->is_bad || v.type == 0)
        return nil;
    int is_text = gyre_type_is_str(v.type);
    switch (node->type) {
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes: v = as_text(o, v); break;
    case GYRE_TYPE_f64:
        if (is_text && gy_number_parse_f64(v.s, v.n, &f) != 0)
            return bad(o, EXPR_CAST, node);
        return of_f64(is_text ? f : as_f64(v));
    case GYRE_TYPE_bool:
        if (is_text && v.n == 4 && memcmp(v.s, "true", 4) == 0)
            return of_bool(1);
        if (is_text && (v.n != 5 || memcmp(v.s, "false", 5) != 0))
            return bad(o, EXPR_CAST, node);
        break;
    default:
        if (is_text && gy_number_parse_i64(v.s, v.n, &i) != 0)
            return bad(o, EXPR_CAST, node);
        if (v.type == GYRE_TYPE_f64 && !(v.f >= -0x1p63 && v.f < 0x1p63))
            return bad(o, EXPR_CAST, node);
        v.i = is_text ? i : v.type == GYRE_TYPE_f64 ? (int64_t)v.f : v.i;
    }
    v.type = node->type;
    return v;
}

static value extreme(struct oracle *o, const struct expr_node *node)
{
    value best = there(o, node->args[0]);
    int wanted = node->fn->call == CALL_MIN ? -1 : 1;
    for (uint32_t i = 1; i < node->n_args && !o->is_bad; i++) {
        value v = there(o, node->args[i]);
        if (o->is_bad)
            break;
        if (node->type == GYRE_TYPE_f64)
            v = of_f64(as_f64(v)), best = of_f64(as_f64(best));
        if (order(v, best) == wanted)
            best = v;
    }
    if (o->is_bad)
        return nil;
    return node->type == GYRE_TYPE_f64 ? of_f64(as_f64(best)) : of_int(node->type, best.i);
}

static value number_function(struct oracle *o, const struct expr_node *node, value v)
{
    int is_f64 = node->type == GYRE_TYPE_f64;
    switch (node->fn->call) {
    case CALL_ABS:
        if (!is_f64 && v.i == INT64_MIN)
            return bad(o, EXPR_OVERFLOW, node);
        return is_f64 ? of_f64(fabs(v.f)) : of_int(node->type, v.i < 0 ? -v.i : v.i);
    case CALL_FLOOR: return is_f64 ? of_f64(floor(v.f)) : of_int(node->type, v.i);
    case CALL_CEIL: return is_f64 ? of_f64(ceil(v.f)) : of_int(node->type, v.i);
    case CALL_LEN: return of_int(GYRE_TYPE_i64, v.n);
    default: return is_f64 ? of_f64(round(v.f)) : of_int(node->type, v.i); /* without digits */
    }
}

static value call(struct oracle *o, const struct expr_node *node)
{
    value a[4] = {nil};
    switch (node->fn->call) {
    case CALL_COALESCE:
        for (uint32_t i = 0; i < node->n_args && !o->is_bad; i++) {
            a[0] = oracle_value(o, node->args[i]);
            if (a[0].type != 0)
                break;
        }
        return a[0];
    case CALL_CAST: return cast(o, node);
    case CALL_IF:
        a[0] = oracle_value(o, node->args[0]);
        return o->is_bad ? nil : oracle_value(o, node->args[is_true(a[0]) ? 1 : 2]);
    case CALL_MIN:
    case CALL_MAX: return extreme(o, node);
    default: break;
    }
    for (uint32_t i = 0; i < node->n_args && !o->is_bad; i++)
        a[i] = there(o, node->args[i]);
    if (o->is_bad)
        return nil;
    return node->fn->call == CALLED ? text_function(o, node, a) : number_function(o, node, a[0]);
}

static value logic(struct oracle *o, const struct expr_node *node)
{
    value a = oracle_value(o, node->args[0]);
    if (o->is_bad)
        return nil;
    if (node->op == EXPR_NOT)
        return of_bool(!is_true(a));
    if (is_true(a) == (node->op == EXPR_OR))
        return a;
    return oracle_value(o, node->args[1]);
}

static value computed(struct oracle *o, const struct expr_node *node)
{
    value v;
    switch (node->op) {
    case EXPR_NIL: return nil;
    case EXPR_BOOL: return of_bool((int)node->integer);
    case EXPR_INT: return of_int(GYRE_TYPE_i64, node->integer);
    case EXPR_NUM: return of_f64(node->number);
    case EXPR_STR: return of_text(GYRE_TYPE_str, node->text, node->len);
    case EXPR_FIELD: return field(o, node);
    case EXPR_LEN: v = there(o, node->args[0]); return o->is_bad ? nil : of_int(GYRE_TYPE_i64, v.n);
    case EXPR_CONCAT: return concat(o, node);
    case EXPR_NOT:
    case EXPR_AND:
    case EXPR_OR: return logic(o, node);
    case EXPR_IN: return in(o, node);
    case EXPR_CALL: return call(o, node);
    case EXPR_EQ:
    case EXPR_NE:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE: return comparison(o, node);
    default: return arithmetic(o, node);
    }
}

/* What is one of several is of their common type. */
value oracle_value(struct oracle *o, const struct expr_node *node)
{
    value v = computed(o, node);
    if (node->type == GYRE_TYPE_f64 && (v.type == GYRE_TYPE_i64 || v.type == GYRE_TYPE_time))
        return of_f64(as_f64(v));
    return v;
}

value oracle_result(struct oracle *o, uint32_t type)
{
    value v = oracle_value(o, o->e->root);
    const struct expr_node *root = o->e->root;
    if (o->is_bad || v.type == 0)
        return type == 0 && !o->is_bad ? of_bool(0) : nil;
    int to_integer = type == GYRE_TYPE_i64 || type == GYRE_TYPE_i32 || type == GYRE_TYPE_time;
    if (to_integer && v.type == GYRE_TYPE_f64) {
        if (v.f != floor(v.f) || !(v.f >= -0x1p63 && v.f < 0x1p63))
            return bad(o, EXPR_INEXACT, root);
        v.i = (int64_t)v.f;
    }
    if (type == GYRE_TYPE_i32 && v.i != (int32_t)v.i)
        return bad(o, EXPR_RANGE, root);
    if (type == GYRE_TYPE_f64)
        return of_f64(as_f64(v));
    v.type = type == 0 ? GYRE_TYPE_bool : type;
    return v;
}
