/* plugins/lua/gen_compare.c: comparisons as arithmetic, without a jump that depends on what is compared.
 *
 *   i64    a < b is the sign of a - b, put right where that overflows; a == b where no bit of a ^ b is set
 *   f64    a < b is b - a > 0, and exact so, since a difference underflows gradually; times 1e308 twice it is 1 at
 *          least, and min() makes it 1. That of a NaN, and of two equal infinities, is NaN: a rare jump
 *   mixed  exact: a literal becomes one of the other type, else by cases (run.c)
 *   str    with a literal of up to 12 bytes: two words; else a call */
#include "expr_gen.h"

#include <math.h>

#define TWO_63 9223372036854775808.0

/* b op a, for a op b. */
static enum expr_op turned(enum expr_op op)
{
    switch (op) {
    case EXPR_LT: return EXPR_GT;
    case EXPR_LE: return EXPR_GE;
    case EXPR_GT: return EXPR_LT;
    case EXPR_GE: return EXPR_LE;
    default: return op;
    }
}

/* ---- integers ---------------------------------------------------------------------------------- */

void gen_compare_integers(struct gen *m, enum expr_op op, const char *a, const char *b,
                          const char *r)
{
    if (op == EXPR_EQ) {
        gen_say(m, " %s=bxor(%s,%s) %s=1-tonumber(rshift(bor(%s,-%s),63)) ", r, a, b, r, r, r);
        return;
    }
    int is_negated = op == EXPR_LE || op == EXPR_GE;
    int is_turned = op == EXPR_GT || op == EXPR_LE;
    const char *x = is_turned ? b : a, *y = is_turned ? a : b;
    gen_say(m, " %s=%s-%s %s=%stonumber(rshift(bxor(%s,band(bxor(%s,%s),bxor(%s,%s))),63)) ", r, x,
            y, r, is_negated ? "1-" : "", r, x, y, r, x);
}

/* ---- f64 --------------------------------------------------------------------------------------- */

static void compare_f64(struct gen *m, enum expr_op op, const char *a, const char *b, const char *r,
                        const char *s)
{
    const char *x = a, *y = b; /* x < y or x <= y */
    if (op == EXPR_GT || op == EXPR_GE) {
        x = b;
        y = a;
    }
    if (op == EXPR_EQ)
        gen_say(
            m,
            " %s=%s-%s if %s~=%s then %s=%s==%s and 1 or 0 else %s=1-min(abs(%s)*1e308*1e308,1) "
            "end ",
            s, x, y, s, s, r, x, y, r, s);
    else if (op == EXPR_LT || op == EXPR_GT)
        gen_say(m, " %s=%s-%s if %s~=%s then %s=0 else %s=min(max(%s*1e308*1e308,0),1) end ", s, y,
                x, s, s, r, r, s);
    else
        gen_say(
            m,
            " %s=%s-%s if %s~=%s then %s=%s<=%s and 1 or 0 else %s=1-min(max(%s*1e308*1e308,0),1) "
            "end ",
            s, x, y, s, s, r, x, y, r, s);
}

/* ---- one of each ------------------------------------------------------------------------------- */

/* An integer and an f64 literal. */
static void compare_with_f64_literal(struct gen *m, enum expr_op op, const char *a, double c,
                                     const char *r)
{
    char literal[32];
    double edge = op == EXPR_LT || op == EXPR_GE ? ceil(c) : floor(c);
    int is_above = edge >= TWO_63, is_below = edge < -TWO_63;
    if (op == EXPR_EQ && (edge != c || is_above || is_below)) {
        gen_say(m, " %s=0 ", r);
    } else if (is_above || is_below) {
        int is_true = is_above == (op == EXPR_LT || op == EXPR_LE);
        gen_say(m, " %s=%d ", r, is_true);
    } else {
        gen_integer(literal, sizeof literal, (int64_t)edge);
        gen_compare_integers(m, op, a, literal, r);
    }
}

static void compare_mixed(struct gen *m, enum expr_op op, const struct expr_node *na,
                          const struct gen_value *a, const struct expr_node *nb,
                          const struct gen_value *b, uint32_t t)
{
    char r[16], s[16], literal[48];
    gen_temp(m, r, sizeof r, t);
    gen_temp(m, s, sizeof s, t + 1);
    if (a->type == GYRE_TYPE_f64) {
        compare_mixed(m, turned(op), nb, b, na, a, t);
    } else if (nb->op == EXPR_NUM && na->op != EXPR_INT) {
        compare_with_f64_literal(m, op, a->v, nb->number, r);
    } else if (na->op == EXPR_INT && na->integer <= 1ll << 53 && na->integer >= -(1ll << 53)) {
        gen_number(literal, sizeof literal, (double)na->integer);
        compare_f64(m, op, literal, b->v, r, s);
    } else {
        static const char *const tests[] = {[EXPR_EQ] = "==0",
                                            [EXPR_LT] = "==-1",
                                            [EXPR_LE] = "<=0",
                                            [EXPR_GT] = "==1",
                                            [EXPR_GE] = ">=0"};
        gen_say(m, " %s=E.order(%s,%s) %s=%s%s and 1 or 0 ", s, a->v, b->v, r, s, tests[op]);
    }
}

/* ---- strings ----------------------------------------------------------------------------------- */

static void compare_short(struct gen *m, const struct gen_value *a, const struct gyre_str *literal,
                          const char *r)
{
    int64_t words[2];
    char w[2][32];
    memcpy(words, literal, sizeof words);
    for (int k = 0; k < 2; k++)
        gen_integer(w[k], sizeof w[k], words[k]);
    gen_say(m,
            " %s=bor(bxor(%s[%s*2],%s),bxor(%s[%s*2+1],%s)) %s=1-tonumber(rshift(bor(%s,-%s),63)) ",
            r, a->words, a->at, w[0], a->words, a->at, w[1], r, r, r);
}

static void compare_texts(struct gen *m, enum expr_op op, const struct expr_node *na,
                          const struct gen_value *a, const struct expr_node *nb,
                          const struct gen_value *b, const char *r)
{
    static const char *const signs[] = {
        [EXPR_LT] = "<", [EXPR_LE] = "<=", [EXPR_GT] = ">", [EXPR_GE] = ">="};
    if (op != EXPR_EQ) {
        gen_say(m, " %s=F.compare(%s+%s,%s+%s)%s0 and 1 or 0 ", r, a->v, a->at, b->v, b->at,
                signs[op]);
        return;
    }
    if (na->op == EXPR_STR && na->len <= GYRE_STR_INLINE)
        compare_short(m, b, &m->e->literals[na->slot], r);
    else if (nb->op == EXPR_STR && nb->len <= GYRE_STR_INLINE)
        compare_short(m, a, &m->e->literals[nb->slot], r);
    else /* lengths and beginnings differ mostly */
        gen_say(m, " if %s[%s*2]==%s[%s*2] then %s=F.equal(%s+%s,%s+%s) else %s=0 end ", a->words,
                a->at, b->words, b->at, r, a->v, a->at, b->v, b->at, r);
}

void gen_compare(struct gen *m, enum expr_op op, const struct expr_node *a,
                 const struct gen_value *va, const struct expr_node *b, const struct gen_value *vb,
                 uint32_t t)
{
    char r[16], s[16];
    gen_temp(m, r, sizeof r, t);
    gen_temp(m, s, sizeof s, t + 1);
    int is_f64_a = va->type == GYRE_TYPE_f64, is_f64_b = vb->type == GYRE_TYPE_f64;
    if (gyre_type_is_str(va->type))
        compare_texts(m, op, a, va, b, vb, r);
    else if (va->type == GYRE_TYPE_bool)
        gen_say(m, " %s=1-bxor(%s,%s) ", r, va->v, vb->v);
    else if (is_f64_a && is_f64_b)
        compare_f64(m, op, va->v, vb->v, r, s);
    else if (is_f64_a || is_f64_b)
        compare_mixed(m, op, a, va, b, vb, t);
    else
        gen_compare_integers(m, op, va->v, vb->v, r);
}
