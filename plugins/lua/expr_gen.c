/* plugins/lua/expr_gen.c: a tree as Lua; see expr.h and expr_gen.h.
 *
 * The function that is made goes over the rows of a batch in one loop:
 *
 *     for i = 0, n - 1 do local t0, t1 ... statements ... o[i] = t0 ::next:: end
 *
 * and once more for the rows of a selection. Each node becomes statements that leave its value in a temporary;
 * columns and literals stand where they are used. LuaJIT makes machine code of the loop that holds no box and
 * no string: an int64_t that does not outlive a trace is a register.
 *
 * A jump that depends on the data costs a trace of its own, and 3 ns where it goes either way half of the time
 * (0.7 without it). So comparisons are arithmetic on 0 and 1, and of `and`, `or` both sides are
 * computed where that is cheap and cannot fail. What makes a row bad jumps, for it is rare. */
#include "expr_gen.h"

/* Computes a node, with temporaries from t on; it leaves at most t and t + 1 used. */
static struct gen_value gen_node(struct gen *m, const struct expr_node *node, uint32_t t);

/* The same for an operand that has to be there: a null is a bad row. */
static struct gen_value gen_there(struct gen *m, const struct expr_node *node, uint32_t t);

/* ---- values ------------------------------------------------------------------------------------ */

static struct gen_value value_of_field(const struct gen *m, const struct expr_node *node)
{
    struct gen_value r = {.type = node->type};
    uint32_t k = node->field;
    const struct expr_field *field = &m->e->fields[k];
    const char *open = k < GEN_LOCALS ? "" : "[", *close = k < GEN_LOCALS ? "" : "]";
    snprintf(r.at, sizeof r.at, "i");
    snprintf(r.words, sizeof r.words, "w%s%u%s", open, k, close);
    if (gyre_type_is_str(node->type))
        snprintf(r.v, sizeof r.v, "c%s%u%s", open, k, close);
    else if (field->type == GYRE_TYPE_i32)
        snprintf(r.v, sizeof r.v, "(c%s%u%s[i]+0LL)", open, k, close);
    else
        snprintf(r.v, sizeof r.v, "c%s%u%s[i]", open, k, close);
    if (field->nullable)
        snprintf(r.has, sizeof r.has, "h%s%u%s[i]", open, k, close);
    return r;
}

/* A nil is as good as a value of any type; a str's is the empty literal. */
static struct gen_value value_of_literal(const struct expr_node *node, uint32_t type)
{
    struct gen_value r = {.type = type};
    if (gyre_type_is_str(type)) {
        snprintf(r.v, sizeof r.v, "L");
        snprintf(r.words, sizeof r.words, "LW");
        snprintf(r.at, sizeof r.at, "%u", node->op == EXPR_NIL ? 0 : node->slot);
    } else if (type == GYRE_TYPE_f64) {
        gen_number(r.v, sizeof r.v, node->op == EXPR_NUM ? node->number : (double)node->integer);
    } else if (type == GYRE_TYPE_bool || type == 0) {
        snprintf(r.v, sizeof r.v, "%d", (int)node->integer);
    } else {
        gen_integer(r.v, sizeof r.v, node->integer);
    }
    if (node->op == EXPR_NIL)
        snprintf(r.has, sizeof r.has, "0");
    return r;
}

/* ---- choices: if, and, or, coalesce ------------------------------------------------------------ */

/* Where the values of several arms come together: temporaries t and t + 1, or a slot and t + 1. */
struct place {
    const struct expr_node *node;
    struct gen_value value; /* `has` always filled */
};

static struct place place_new(struct gen *m, const struct expr_node *node, uint32_t t)
{
    struct place p = {node, gen_result(m, node->type, node->slot, t)};
    gen_temp(m, p.value.has, sizeof p.value.has, t + 1);
    return p;
}

/* Puts the value of an arm there. */
static void place_put(struct gen *m, const struct place *p, const struct expr_node *arm,
                      const struct gen_value *is)
{
    const struct gen_value *to = &p->value;
    char v[64];
    struct gen_value value = arm->op == EXPR_NIL ? value_of_literal(arm, to->type) : *is;
    if (gyre_type_is_str(to->type)) {
        for (int w = 0; w < 2; w++)
            gen_say(m, " SW[%s*2+%d]=%s[%s*2+%d]", to->at, w, value.words, value.at, w);
    } else {
        if (to->type == GYRE_TYPE_f64)
            gen_as_f64(arm, &value, v, sizeof v);
        else
            snprintf(v, sizeof v, "%s", value.v);
        gen_say(m, " %s=%s", to->v, v);
    }
    gen_say(m, " %s=%s ", to->has, value.has[0] != 0 ? value.has : "1");
}

static void place_put_null(struct gen *m, const struct place *p)
{
    const struct expr_node nil = {.op = EXPR_NIL};
    place_put(m, p, &nil, NULL);
}

static struct gen_value place_value(const struct place *p)
{
    struct gen_value r = p->value;
    if (!p->node->nullable && !p->node->or_false)
        r.has[0] = 0;
    return r;
}

/* 0 or 1: whether a value is neither nil nor false. */
static const char *truth(const struct gen_value *v)
{
    return v->type == GYRE_TYPE_bool ? v->v : v->has[0] != 0 ? v->has : "1";
}

static struct gen_value gen_if(struct gen *m, const struct expr_node *node, uint32_t t)
{
    struct place p = place_new(m, node, t);
    struct gen_value c = gen_node(m, node->args[0], t);
    gen_say(m, " if %s~=0 then ", c.v);
    for (int i = 1; i <= 2; i++) {
        struct gen_value v = gen_node(m, node->args[i], t + 2);
        place_put(m, &p, node->args[i], &v);
        gen_say(m, i == 1 ? " else " : " end ");
    }
    return place_value(&p);
}

static struct gen_value gen_coalesce(struct gen *m, const struct expr_node *node, uint32_t t)
{
    struct place p = place_new(m, node, t);
    for (uint32_t i = 0; i < node->n_args; i++) {
        if (i != 0)
            gen_say(m, " if %s==0 then ", p.value.has);
        struct gen_value v = gen_node(m, node->args[i], t + 2);
        place_put(m, &p, node->args[i], &v);
        if (i != 0)
            gen_say(m, " end ");
    }
    return place_value(&p);
}

/* Both sides of bool, and the second one cheap and safe: no jump. */
static struct gen_value gen_both(struct gen *m, const struct expr_node *node, uint32_t t)
{
    struct place p = place_new(m, node, t);
    struct gen_value a = gen_node(m, node->args[0], t);
    struct gen_value b = gen_node(m, node->args[1], t + 2);
    const char *has_a = a.has[0] != 0 ? a.has : "1", *has_b = b.has[0] != 0 ? b.has : "1";
    int is_and = node->op == EXPR_AND;
    if (node->nullable && is_and)
        gen_say(m, " %s=band(%s,bor(1-%s,%s)) ", p.value.has, has_a, a.v, has_b);
    else if (node->nullable)
        gen_say(m, " %s=bor(%s,%s) ", p.value.has, a.v, has_b);
    gen_say(m, " %s=%s(%s,%s) ", p.value.v, is_and ? "band" : "bor", a.v, b.v);
    return place_value(&p);
}

static int is_both(const struct expr_node *node)
{
    const struct expr_node *a = node->args[0], *b = node->args[1];
    return a->type == GYRE_TYPE_bool && b->type == GYRE_TYPE_bool && !b->fails && !b->is_costly;
}

static struct gen_value gen_and(struct gen *m, const struct expr_node *node, uint32_t t)
{
    if (is_both(node))
        return gen_both(m, node, t);
    struct place p = place_new(m, node, t);
    struct gen_value a = gen_node(m, node->args[0], t);
    gen_say(m, " if %s~=0 then ", truth(&a));
    struct gen_value b = gen_node(m, node->args[1], t + 2);
    place_put(m, &p, node->args[1], &b);
    gen_say(m, " else ");
    if (a.type == GYRE_TYPE_bool && node->type == GYRE_TYPE_bool)
        gen_say(m, " %s=%s %s=0 ", p.value.has, a.has[0] != 0 ? a.has : "1", p.value.v);
    else
        place_put_null(m, &p);
    gen_say(m, " end ");
    return place_value(&p);
}

static struct gen_value gen_or(struct gen *m, const struct expr_node *node, uint32_t t)
{
    if (is_both(node))
        return gen_both(m, node, t);
    struct place p = place_new(m, node, t);
    struct gen_value a = gen_node(m, node->args[0], t);
    gen_say(m, " if %s~=0 then ", truth(&a));
    place_put(m, &p, node->args[0], &a);
    gen_say(m, " else ");
    struct gen_value b = gen_node(m, node->args[1], t + 2);
    place_put(m, &p, node->args[1], &b);
    gen_say(m, " end ");
    return place_value(&p);
}

static struct gen_value gen_not(struct gen *m, const struct expr_node *node, uint32_t t)
{
    struct gen_value a = gen_node(m, node->args[0], t), r = gen_result(m, GYRE_TYPE_bool, 0, t);
    gen_say(m, " %s=1-%s ", r.v, truth(&a));
    return r;
}

/* ---- equality, with nulls ---------------------------------------------------------------------- */

/* Whether a == b, also where one or both may be null, into temporary t + 4; a and b are in those before. */
static void gen_equal(struct gen *m, const struct expr_node *na, const struct gen_value *a,
                      const struct expr_node *nb, const struct gen_value *b, uint32_t t)
{
    char r[16];
    gen_temp(m, r, sizeof r, t);
    const char *has_a = a->has[0] != 0 ? a->has : "1", *has_b = b->has[0] != 0 ? b->has : "1";
    if (na->op == EXPR_NIL || nb->op == EXPR_NIL) {
        gen_say(m, " %s=1-bxor(%s,%s) ", r, has_a, has_b);
        return;
    }
    gen_compare(m, EXPR_EQ, na, a, nb, b, t);
    if (a->has[0] != 0 && b->has[0] != 0)
        gen_say(m, " %s=bor(band(%s,%s,%s),1-bor(%s,%s)) ", r, has_a, has_b, r, has_a, has_b);
    else if (a->has[0] != 0 || b->has[0] != 0)
        gen_say(m, " %s=band(%s,%s) ", r, a->has[0] != 0 ? has_a : has_b, r);
}

static struct gen_value gen_in(struct gen *m, const struct expr_node *node, uint32_t t)
{
    struct gen_value x = gen_node(m, node->args[0], t), r = {.type = GYRE_TYPE_bool};
    char found[16], equal[16];
    gen_temp(m, found, sizeof found, t + 2);
    gen_temp(m, equal, sizeof equal, t + 5);
    gen_say(m, " %s=0 ", found);
    for (uint32_t i = 1; i < node->n_args; i++) {
        struct gen_value v = gen_node(m, node->args[i], t + 3);
        gen_equal(m, node->args[0], &x, node->args[i], &v, t + 5);
        gen_say(m, " %s=bor(%s,%s) ", found, found, equal);
    }
    gen_temp(m, r.v, sizeof r.v, t);
    gen_say(m, " %s=%s ", r.v, found);
    return r;
}

static struct gen_value gen_comparison(struct gen *m, const struct expr_node *node, uint32_t t)
{
    const struct expr_node *na = node->args[0], *nb = node->args[1];
    int is_equality = node->op == EXPR_EQ || node->op == EXPR_NE;
    struct gen_value a = is_equality ? gen_node(m, na, t) : gen_there(m, na, t);
    struct gen_value b = is_equality ? gen_node(m, nb, t + 2) : gen_there(m, nb, t + 2);
    struct gen_value r = {.type = GYRE_TYPE_bool};
    char got[16];
    gen_temp(m, got, sizeof got, t + 4);
    if (is_equality)
        gen_equal(m, na, &a, nb, &b, t + 4);
    else
        gen_compare(m, node->op, na, &a, nb, &b, t + 4);
    gen_temp(m, r.v, sizeof r.v, t);
    gen_say(m, node->op == EXPR_NE ? " %s=1-%s " : " %s=%s ", r.v, got);
    return r;
}

/* ---- nodes ------------------------------------------------------------------------------------- */

static struct gen_value gen_len(struct gen *m, const struct expr_node *node, uint32_t t)
{
    struct gen_value a = gen_there(m, node->args[0], t), r = {.type = GYRE_TYPE_i64};
    gen_temp(m, r.v, sizeof r.v, t);
    gen_say(m, " %s=band(%s[%s*2],0xffffffffLL) ", r.v, a.words, a.at);
    return r;
}

/* min and max: the first of equals, and of what does not compare (NaN). */
static struct gen_value gen_extreme(struct gen *m, const struct expr_node *node, uint32_t t)
{
    struct gen_value r = {.type = node->type};
    enum expr_op op = node->fn->call == CALL_MIN ? EXPR_LT : EXPR_GT;
    char better[16];
    for (uint32_t i = 0; i < node->n_args; i++) {
        struct gen_value a = gen_there(m, node->args[i], i == 0 ? t : t + 2);
        char v[64];
        if (node->type == GYRE_TYPE_f64)
            gen_as_f64(node->args[i], &a, v, sizeof v);
        else
            snprintf(v, sizeof v, "%s", a.v);
        gen_temp(m, r.v, sizeof r.v, t);
        if (i == 0) {
            gen_say(m, " %s=%s ", r.v, v);
            continue;
        }
        gen_temp(m, better, sizeof better, t + 4);
        if (node->type == GYRE_TYPE_f64)
            gen_say(m, " %s=%s%s%s and 1 or 0 ", better, v, op == EXPR_LT ? "<" : ">", r.v);
        else
            gen_compare_integers(m, op, v, r.v, better);
        gen_say(m, " if %s~=0 then %s=%s end ", better, r.v, v);
    }
    return r;
}

/* The operands of a node, all of which have to be there: from t on, two temporaries each. */
static void gen_operands(struct gen *m, const struct expr_node *node, uint32_t t,
                         struct gen_value values[GEN_OPERANDS])
{
    for (uint32_t i = 0; i < node->n_args && i < GEN_OPERANDS; i++)
        values[i] = gen_there(m, node->args[i], t + 2 * i);
}

static struct gen_value gen_computed(struct gen *m, const struct expr_node *node, uint32_t t)
{
    struct gen_value values[GEN_OPERANDS];
    gen_operands(m, node, t, values);
    if (node->op == EXPR_CONCAT)
        return gen_concat(m, node, values, t);
    if (node->op != EXPR_CALL)
        return gen_arithmetic(m, node, values, t);
    if (node->fn->call == CALLED || node->fn->call == CALL_HASH)
        return gen_called(m, node, values, t);
    return gen_of_numbers(m, node, values, t);
}

static struct gen_value gen_function(struct gen *m, const struct expr_node *node, uint32_t t)
{
    switch (node->fn->call) {
    case CALL_COALESCE: return gen_coalesce(m, node, t);
    case CALL_CAST: {
        struct gen_value v = gen_node(m, node->args[0], t);
        return gen_cast(m, node, &v, t);
    }
    case CALL_IF: return gen_if(m, node, t);
    case CALL_LEN: return gen_len(m, node, t);
    case CALL_MIN:
    case CALL_MAX: return gen_extreme(m, node, t);
    default: return gen_computed(m, node, t);
    }
}

static struct gen_value gen_node(struct gen *m, const struct expr_node *node, uint32_t t)
{
    switch (node->op) {
    case EXPR_NIL:
    case EXPR_BOOL:
    case EXPR_INT:
    case EXPR_NUM:
    case EXPR_STR: return value_of_literal(node, node->type);
    case EXPR_FIELD: return value_of_field(m, node);
    case EXPR_NOT: return gen_not(m, node, t);
    case EXPR_LEN: return gen_len(m, node, t);
    case EXPR_AND: return gen_and(m, node, t);
    case EXPR_OR: return gen_or(m, node, t);
    case EXPR_IN: return gen_in(m, node, t);
    case EXPR_CALL: return gen_function(m, node, t);
    case EXPR_EQ:
    case EXPR_NE:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE: return gen_comparison(m, node, t);
    default: return gen_computed(m, node, t);
    }
}

static struct gen_value gen_there(struct gen *m, const struct expr_node *node, uint32_t t)
{
    struct gen_value v = gen_node(m, node, t);
    if (v.has[0] != 0) {
        gen_say(m, " if %s==0 then ", v.has);
        gen_bad(m, EXPR_NULL, node);
        gen_say(m, " end ");
        v.has[0] = 0;
    }
    return v;
}

/* ---- the whole --------------------------------------------------------------------------------- */

static int tell_type(struct expr *e, uint32_t type, const char *hint)
{
    return expr_fail(e, e->root, "it gives %s, not %s%s",
                     e->root->type == 0 ? "nil" : gyre_type_name(e->root->type),
                     type == 0 ? "a condition, which is a bool" : gyre_type_name(type), hint);
}

static int check_result(struct expr *e, uint32_t type)
{
    uint32_t is = e->root->type;
    int to_integer = type == GYRE_TYPE_i64 || type == GYRE_TYPE_i32;
    int is_integer = is == GYRE_TYPE_i64 || is == GYRE_TYPE_time;
    if (is == type || (type == 0 && is == GYRE_TYPE_bool) || (is == 0 && type != 0))
        return 0;
    if ((to_integer || type == GYRE_TYPE_time || type == GYRE_TYPE_f64) && is_integer)
        return 0;
    if ((to_integer && is == GYRE_TYPE_f64) || (gyre_type_is_str(is) && gyre_type_is_str(type)))
        return 0;
    if (type == 0)
        return tell_type(e, type, ": compare it with something, with `~= nil` at least");
    return tell_type(e, type, gyre_type_is_str(is) ? ": cast(x, \"TYPE\") reads one" : "");
}

/* Integers of what an f64 is exactly, and an i32 of what fits. */
static void store_integer(struct gen *m, uint32_t type, const struct gen_value *v)
{
    const struct expr_node *root = m->e->root;
    if (v->type == GYRE_TYPE_f64) {
        gen_say(m, " if %s~=floor(%s) or %s>=9223372036854775808 or %s< -9223372036854775808 then ",
                v->v, v->v, v->v, v->v);
        gen_bad(m, EXPR_INEXACT, root);
        gen_say(m, " end ");
    }
    if (type == GYRE_TYPE_i32) {
        const char *kind = v->type == GYRE_TYPE_f64 ? "" : "LL";
        gen_say(m, " if %s<-2147483648%s or %s>2147483647%s then ", v->v, kind, v->v, kind);
        gen_bad(m, EXPR_RANGE, root);
        gen_say(m, " end o[i]=tonumber(%s) ", v->v);
    } else {
        gen_say(m, v->type == GYRE_TYPE_f64 ? " o[i]=F.truncated(%s) " : " o[i]=%s ", v->v);
    }
}

static void store(struct gen *m, uint32_t type)
{
    const struct expr_node *root = m->e->root;
    struct gen_value v = gen_node(m, root, 0);
    char number[64];
    if (root->op == EXPR_NIL)
        v = value_of_literal(root, type == GYRE_TYPE_i32 ? GYRE_TYPE_i64 : type);
    if (gyre_type_is_str(type) && root->is_view) {
        for (int w = 0; w < 2; w++)
            gen_say(m, " o[i*2+%d]=%s[%s*2+%d]", w, v.words, v.at, w);
    } else if (gyre_type_is_str(type)) {
        gen_say(m, " put(R,i,%s+%s) ", v.v, v.at);
    } else if (type == GYRE_TYPE_i64 || type == GYRE_TYPE_i32 || type == GYRE_TYPE_time) {
        store_integer(m, type, &v);
    } else if (type == GYRE_TYPE_f64) {
        gen_as_f64(root, &v, number, sizeof number);
        gen_say(m, " o[i]=%s ", number);
    } else {
        gen_say(m, " o[i]=%s ", v.v);
    }
    if (type != 0 && root->nullable)
        gen_say(m, " oh[i]=%s ", v.has);
}

static const char *pointer_to(uint32_t type)
{
    switch (type) {
    case GYRE_TYPE_i32: return "pi32";
    case GYRE_TYPE_i64:
    case GYRE_TYPE_time: return "pi64";
    case GYRE_TYPE_f64: return "pf64";
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes: return "pstr";
    default: return "pu8";
    }
}

/* The columns that are read, as locals or in tables. */
static void gen_columns(struct gen *m)
{
    const struct expr *e = m->e;
    if (e->n_fields > GEN_LOCALS)
        gen_say(m, "local c,w,h={},{},{}\n");
    for (uint32_t k = 0; k < e->n_fields; k++) {
        const char *open = k < GEN_LOCALS ? "" : "[", *close = k < GEN_LOCALS ? "" : "]";
        const char *local = k < GEN_LOCALS ? "local " : "";
        uint32_t type = e->fields[k].type;
        gen_say(m, "%sc%s%u%s=cast(%s,R.data[%u])\n", local, open, k, close, pointer_to(type), k);
        if (gyre_type_is_str(type))
            gen_say(m, "%sw%s%u%s=cast(pi64,R.data[%u])\n", local, open, k, close, k);
        if (e->fields[k].nullable)
            gen_say(m, "%sh%s%u%s=R.valid[%u]\n", local, open, k, close, k);
    }
}

static void gen_temps(struct gen *m, uint32_t n)
{
    for (uint32_t t = 0; t < n; t++)
        gen_say(m, "%s t%u", t == 0 ? " local" : ",", t);
    gen_say(m, "\n");
}

static void gen_loops(struct gen *m, uint32_t type, const char *body)
{
    const struct expr *e = m->e;
    uint32_t temps = m->temps;
    gen_say(m, "local R,E=...\n"
               "local cast,tonumber,band,bor,bxor,rshift,min,max,floor,abs,put=E.cast,E.tonumber,"
               "E.band,E.bor,E.bxor,E.rshift,E.min,E.max,E.floor,E.abs,E.put\n"
               "local pi32,pi64,pf64,pstr,pu8,F=E.pi32,E.pi64,E.pf64,E.pstr,E.pu8,E.F\n"
               "return function()\n"
               "local S,SW,L,LW=R.slots,cast(pi64,R.slots),R.literals,cast(pi64,R.literals)\n"
               "local BR,BS,nb=R.bad_row,R.bad_site,0\n");
    gen_columns(m);
    gen_say(m, "local o,oh,sel=cast(%s,R.out),R.out_valid,R.selection\n",
            gyre_type_is_str(type) ? "pi64" : pointer_to(type));
    for (int selected = 0; selected <= 1; selected++) {
        gen_say(m, selected ? "else\nfor j=0,R.rows-1 do local i=sel[j]"
                            : "if R.is_dense~=0 then\nfor i=0,R.rows-1 do");
        gen_temps(m, temps);
        gen_say(m, "%s\n%s\n::next::\nend\n", e->n_slots != 0 ? "R.used=0" : "", body);
    }
    gen_say(m, "end\nR.n_bad=nb\nend\n");
}

int expr_emit(struct expr *e, uint32_t type)
{
    struct gen body = {.e = e}, whole = {.e = e};
    if (check_result(e, type) != 0)
        return -1;
    e->n_sites = 0;
    if (e->literals == NULL && (e->literals = e->alloc(e->host, sizeof *e->literals)) == NULL)
        return expr_fail(e, e->root, "out of memory");
    store(&body, type);
    if (body.failed)
        return -1;
    whole.temps = body.temps;
    gen_loops(&whole, type, body.text);
    e->lua = whole.text;
    e->lua_n = whole.n;
    return whole.failed ? -1 : 0;
}

int expr_compile(struct expr *e, uint32_t type)
{
    return expr_parse(e) == 0 && expr_check(e) == 0 ? expr_emit(e, type) : -1;
}
