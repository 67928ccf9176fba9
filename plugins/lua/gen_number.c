/* plugins/lua/gen_number.c: arithmetic, and functions of numbers.
 *
 * Integers wrap round in LuaJIT, so each operation is followed by the test that it has not: signs for sums;
 * for products the bound of the other factor where one is a literal, else the product as f64, and
 * where that is near the edge a division (run.c). */
#include "expr_gen.h"

static int is_integral(uint32_t type)
{
    return type == GYRE_TYPE_i64 || type == GYRE_TYPE_time;
}

/* ---- integers ---------------------------------------------------------------------------------- */

static void bad_if_end(struct gen *m, enum expr_why why, const struct expr_node *node)
{
    gen_bad(m, why, node);
    gen_say(m, " end ");
}

static void gen_sum(struct gen *m, const struct expr_node *node, const char *r, const char *a,
                    const char *b, const char *s)
{
    if (node->op == EXPR_ADD)
        gen_say(m, " %s=%s+%s if band(bxor(%s,%s),bxor(%s,%s))<0LL then ", s, a, b, a, s, b, s);
    else
        gen_say(m, " %s=%s-%s if band(bxor(%s,%s),bxor(%s,%s))<0LL then ", s, a, b, a, b, a, s);
    bad_if_end(m, EXPR_OVERFLOW, node);
    gen_say(m, " %s=%s ", r, s);
}

static void gen_product(struct gen *m, const struct expr_node *node, const char *r, const char *a,
                        const char *b, const char *s)
{
    const struct expr_node *left = node->args[0], *right = node->args[1];
    const struct expr_node *literal = right->op == EXPR_INT  ? right
                                      : left->op == EXPR_INT ? left
                                                             : NULL;
    const char *other = literal == right ? a : b;
    char least[32], most[32];
    if (literal != NULL && literal->integer > 0) {
        gen_integer(least, sizeof least, INT64_MIN / literal->integer);
        gen_integer(most, sizeof most, INT64_MAX / literal->integer);
        gen_say(m, " if %s<%s or %s>%s then ", other, least, other, most);
        bad_if_end(m, EXPR_OVERFLOW, node);
        gen_say(m, " %s=%s*%s ", r, a, b);
        return;
    }
    gen_say(m, " %s=abs(tonumber(%s)*tonumber(%s)) if %s>9.2e18 and E.wraps(%s,%s) then ", s, a, b,
            s, a, b);
    bad_if_end(m, EXPR_OVERFLOW, node);
    gen_say(m, " %s=%s*%s ", r, a, b);
}

/* // and %, floored: what is cut off goes the other way where the signs differ. */
static void gen_quotient(struct gen *m, const struct expr_node *node, const char *r, const char *a,
                         const char *b, const char *s)
{
    const struct expr_node *right = node->args[1];
    int is_safe = right->op == EXPR_INT && right->integer > 0;
    if (!is_safe) {
        gen_say(m, " if rshift(bor(%s,-%s),63)==0LL then ", b, b);
        bad_if_end(m, EXPR_ZERO, node);
    }
    if (!is_safe && node->op == EXPR_IDIV) {
        gen_say(m, " if %s==-1LL and %s==0x8000000000000000LL then ", b, a);
        bad_if_end(m, EXPR_OVERFLOW, node);
    }
    if (node->op == EXPR_IDIV)
        gen_say(m, " %s=%s/%s if bxor(%s,%s)<0LL and %s-%s*%s~=0LL then %s=%s-1LL end %s=%s ", s, a,
                b, a, b, a, s, b, s, s, r, s);
    else if (is_safe)
        gen_say(m, " %s=%s%%%s if %s<0LL then %s=%s+%s end %s=%s ", s, a, b, s, s, s, b, r, s);
    else
        gen_say(m,
                " if %s==-1LL then %s=0LL else %s=%s%%%s if %s~=0LL and bxor(%s,%s)<0LL then "
                "%s=%s+%s end end %s=%s ",
                b, s, s, a, b, s, s, b, s, s, b, r, s);
}

static void gen_integers(struct gen *m, const struct expr_node *node, const char *r, const char *a,
                         const char *b, const char *s)
{
    switch (node->op) {
    case EXPR_NEG:
        gen_say(m, " if %s==0x8000000000000000LL then ", a);
        bad_if_end(m, EXPR_OVERFLOW, node);
        gen_say(m, " %s=-%s ", r, a);
        break;
    case EXPR_ADD:
    case EXPR_SUB: gen_sum(m, node, r, a, b, s); break;
    case EXPR_MUL: gen_product(m, node, r, a, b, s); break;
    default: gen_quotient(m, node, r, a, b, s); break;
    }
}

/* ---- f64 --------------------------------------------------------------------------------------- */

static void gen_f64(struct gen *m, const struct expr_node *node, const char *r, const char *a,
                    const char *b)
{
    switch (node->op) {
    case EXPR_NEG: gen_say(m, " %s=-%s ", r, a); break;
    case EXPR_ADD: gen_say(m, " %s=%s+%s ", r, a, b); break;
    case EXPR_SUB: gen_say(m, " %s=%s-%s ", r, a, b); break;
    case EXPR_MUL: gen_say(m, " %s=%s*%s ", r, a, b); break;
    case EXPR_DIV: gen_say(m, " %s=%s/%s ", r, a, b); break;
    case EXPR_IDIV: gen_say(m, " %s=floor(%s/%s) ", r, a, b); break;
    case EXPR_MOD: gen_say(m, " %s=F.modulo(%s,%s) ", r, a, b); break;
    default: gen_say(m, " %s=F.power(%s,%s) ", r, a, b); break;
    }
}

struct gen_value gen_arithmetic(struct gen *m, const struct expr_node *node,
                                const struct gen_value *values, uint32_t t)
{
    const struct expr_node *na = node->args[0], *nb = node->args[node->n_args - 1];
    const struct gen_value a = values[0], b = values[node->n_args - 1];
    struct gen_value r = {.type = node->type};
    char s[16], left[64], right[64];
    gen_temp(m, r.v, sizeof r.v, t);
    gen_temp(m, s, sizeof s, t + 4);
    if (is_integral(node->type)) {
        gen_integers(m, node, r.v, a.v, b.v, s);
    } else {
        gen_as_f64(na, &a, left, sizeof left);
        gen_as_f64(nb, &b, right, sizeof right);
        gen_f64(m, node, r.v, left, right);
    }
    return r;
}

/* ---- functions --------------------------------------------------------------------------------- */

struct gen_value gen_of_numbers(struct gen *m, const struct expr_node *node,
                                const struct gen_value *values, uint32_t t)
{
    const struct gen_value *a = &values[0];
    struct gen_value r = {.type = node->type};
    const char *digits = node->n_args == 2 ? values[1].v : "0LL";
    char v[64];
    gen_temp(m, r.v, sizeof r.v, t);
    if (node->type == GYRE_TYPE_f64)
        gen_as_f64(node->args[0], a, v, sizeof v);
    else
        snprintf(v, sizeof v, "%s", a->v);
    int is_f64 = node->type == GYRE_TYPE_f64;
    switch (node->fn->call) {
    case CALL_ABS:
        if (is_f64) {
            gen_say(m, " %s=abs(%s) ", r.v, v);
            break;
        }
        gen_say(m, " if %s==0x8000000000000000LL then ", v);
        bad_if_end(m, EXPR_OVERFLOW, node);
        gen_say(m, " if band(%s,0x8000000000000000LL)~=0LL then %s=-%s else %s=%s end ", v, r.v, v,
                r.v, v);
        break;
    case CALL_FLOOR: gen_say(m, is_f64 ? " %s=floor(%s) " : " %s=%s ", r.v, v); break;
    case CALL_CEIL: gen_say(m, is_f64 ? " %s=-floor(-%s) " : " %s=%s ", r.v, v); break;
    default: /* round */
        if (is_f64) {
            gen_say(m, " %s=F.round_to(%s,%s) ", r.v, v, digits);
            break;
        }
        gen_say(m, " if F.round_integer(R,%s,%s)~=0 then ", v, digits);
        bad_if_end(m, EXPR_OVERFLOW, node);
        gen_say(m, " %s=R.i ", r.v);
        break;
    }
    return r;
}
