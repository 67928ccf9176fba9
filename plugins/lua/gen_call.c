/* plugins/lua/gen_call.c: functions of calls.h, `..`, and casts. */
#include "expr_gen.h"

static char small(char letter)
{
    return (char)(letter | 0x20);
}

static int is_integral(uint32_t type)
{
    return type == GYRE_TYPE_i64 || type == GYRE_TYPE_time;
}

/* Arguments that a call leaves out. */
static const char *left_out(char letter)
{
    return letter == 'i' ? ",0x7fffffffffffffffLL" : ",0";
}

/* One argument as C takes it, behind a comma. */
static void put_argument(struct gen *m, char letter, const struct expr_node *a,
                         const struct gen_value *v)
{
    char number[64];
    switch (letter) {
    case 's':
    case 'L': gen_say(m, ",%s+%s", v->v, v->at); break;
    case 'f':
        gen_as_f64(a, v, number, sizeof number);
        gen_say(m, ",%s", number);
        break;
    default: gen_say(m, ",%s", v->v); break;
    }
}

/* All calls get R, and where they make a str its slot. */
static void put_call(struct gen *m, const struct expr_node *node, const struct gen_value *values,
                     const char *name, const char *to)
{
    const char *args = node->fn->args;
    size_t n = strlen(args);
    gen_say(m, "F.%s(R%s", name, to);
    if (node->fn->look != NULL)
        gen_say(m, ",%lld", (long long)node->integer);
    for (uint32_t i = 0; i < node->fn->most; i++) {
        char letter = args[i < n ? i : n - 1];
        if (letter == 'L' && node->fn->look != NULL)
            continue; /* what it means is given */
        if (i < node->n_args)
            put_argument(m, letter, node->args[i], &values[i]);
        else
            gen_say(m, "%s", left_out(letter));
    }
    gen_say(m, ")");
}

static const char *hash_of(uint32_t type)
{
    return gyre_type_is_str(type) ? "hash_text" : type == GYRE_TYPE_f64 ? "hash_f64" : "hash_i64";
}

struct gen_value gen_called(struct gen *m, const struct expr_node *node,
                            const struct gen_value *values, uint32_t t)
{
    struct gen_value r = gen_result(m, node->type, node->slot, t);
    char to[32] = "", result = node->fn->result;
    const char *name = node->fn->call == CALL_HASH ? hash_of(values[0].type) : node->fn->c;
    if (gyre_type_is_str(node->type))
        snprintf(to, sizeof to, ",S+%u", node->slot);
    if (result == 'W') {
        gen_temp(m, r.has, sizeof r.has, t + 1);
        gen_say(m, " %s=", r.has);
        put_call(m, node, values, name, to);
        gen_say(m, " if %s<0 then ", r.has);
        gen_bad(m, EXPR_SLOW, node);
        gen_say(m, " end ");
        return r;
    }
    if (result == 'v') {
        put_call(m, node, values, name, to);
        gen_say(m, " ");
        return r;
    }
    if (result == small(result)) {
        gen_say(m, " %s=", r.v);
        put_call(m, node, values, name, to);
        gen_say(m, " ");
        return r;
    }
    gen_say(m, " if ");
    put_call(m, node, values, name, to);
    gen_say(m, "~=0 then ");
    gen_bad(m, result == 'S' ? EXPR_LONG : result == 'B' ? EXPR_SLOW : EXPR_CAST, node);
    gen_say(m, " end ");
    if (!gyre_type_is_str(node->type))
        gen_say(m, result == 'B' ? " %s=tonumber(R.%s) " : " %s=R.%s ", r.v,
                node->type == GYRE_TYPE_f64 ? "f" : "i");
    return r;
}

/* A number as text, in a slot of its own; a str as it is. */
static struct gen_value as_text(struct gen *m, const struct expr_node *node, struct gen_value v,
                                uint32_t slot)
{
    if (gyre_type_is_str(v.type))
        return v;
    const char *c = v.type == GYRE_TYPE_f64    ? "text_of_f64"
                    : v.type == GYRE_TYPE_bool ? "text_of_bool"
                    : v.type == GYRE_TYPE_time ? "text_of_time"
                                               : "text_of_i64";
    struct gen_value r = gen_result(m, GYRE_TYPE_str, slot, 0);
    gen_say(m, " if F.%s(R,S+%u,%s)~=0 then ", c, slot, v.v);
    gen_bad(m, EXPR_LONG, node);
    gen_say(m, " end ");
    memcpy(r.has, v.has, sizeof r.has);
    return r;
}

struct gen_value gen_concat(struct gen *m, const struct expr_node *node,
                            const struct gen_value *values, uint32_t t)
{
    struct gen_value v[2], r = gen_result(m, GYRE_TYPE_str, node->slot, t);
    for (uint32_t i = 0; i < 2; i++)
        v[i] = as_text(m, node, values[i], node->slot + 1 + i);
    gen_say(m, " if F.concat(R,S+%u,%s+%s,%s+%s)~=0 then ", node->slot, v[0].v, v[0].at, v[1].v,
            v[1].at);
    gen_bad(m, EXPR_LONG, node);
    gen_say(m, " end ");
    return r;
}

/* A str that is read as another type. */
static void read_text(struct gen *m, const struct expr_node *node, const struct gen_value *v,
                      const char *r)
{
    static const char *const reads[] = {[GYRE_TYPE_bool] = "bool_of_text",
                                        [GYRE_TYPE_i64] = "i64_of_text",
                                        [GYRE_TYPE_f64] = "f64_of_text",
                                        [GYRE_TYPE_time] = "time_of_text"};
    gen_say(m, " if F.%s(R,%s+%s)~=0 then ", reads[node->type], v->v, v->at);
    gen_bad(m, EXPR_CAST, node);
    gen_say(m, " end %s=R.%s ", r, node->type == GYRE_TYPE_f64 ? "f" : "i");
    if (node->type == GYRE_TYPE_bool)
        gen_say(m, " %s=tonumber(%s) ", r, r);
}

static void cast_number(struct gen *m, const struct expr_node *node, const struct gen_value *v,
                        const char *r)
{
    char number[64];
    if (node->type == GYRE_TYPE_f64) {
        gen_as_f64(node->args[0], v, number, sizeof number);
        gen_say(m, " %s=%s ", r, number);
    } else if (v->type == GYRE_TYPE_f64) {
        gen_say(m, " if not (%s>=-9223372036854775808 and %s<9223372036854775808) then ", v->v,
                v->v);
        gen_bad(m, EXPR_CAST, node);
        gen_say(m, " end %s=F.truncated(%s) ", r, v->v);
    } else if (v->type == GYRE_TYPE_bool && node->type != GYRE_TYPE_bool) {
        gen_say(m, " %s=%s+0LL ", r, v->v);
    } else {
        gen_say(m, " %s=%s ", r, v->v);
    }
}

/* A null stays one; it is 0 meanwhile, which no cast but that of a str fails for. */
struct gen_value gen_cast(struct gen *m, const struct expr_node *node,
                          const struct gen_value *value, uint32_t t)
{
    const struct expr_node *a = node->args[0];
    struct gen_value v = *value, r = gen_result(m, node->type, node->slot, t);
    if (v.has[0] != 0)
        gen_temp(m, r.has, sizeof r.has, t + 1);
    int from_text = gyre_type_is_str(v.type), to_text = gyre_type_is_str(node->type);
    if (a->op == EXPR_NIL) {
        snprintf(r.has, sizeof r.has, "0");
        if (to_text)
            gen_say(m, " SW[%u]=0LL SW[%u]=0LL ", node->slot * 2, node->slot * 2 + 1);
        else
            gen_say(m, " %s=0%s ", r.v, is_integral(node->type) ? "LL" : "");
        return r;
    }
    if (from_text && to_text) {
        v.type = node->type;
        return v;
    }
    if (v.has[0] != 0)
        gen_say(m, " if %s==0 then %s=0 ", v.has, r.has);
    if (v.has[0] != 0 && to_text)
        gen_say(m, " SW[%u]=0LL SW[%u]=0LL else ", node->slot * 2, node->slot * 2 + 1);
    else if (v.has[0] != 0)
        gen_say(m, " %s=0%s else ", r.v, is_integral(node->type) ? "LL" : "");
    if (to_text)
        as_text(m, node, v, node->slot);
    else if (from_text)
        read_text(m, node, &v, r.v);
    else
        cast_number(m, node, &v, r.v);
    if (v.has[0] != 0)
        gen_say(m, " %s=1 end ", r.has);
    return r;
}
