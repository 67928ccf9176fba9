/* Expressions of the plugin lua, made at random, over rows with the values at which things go wrong: what LuaJIT
 * comes to is what plain C does (lua_oracle.h), bad rows with their sentences too. $GYRE_BIG tries more. */
#include "../../plugins/lua/expr_check.c"
#include "../../plugins/lua/expr_fn.c"
#include "../../plugins/lua/expr_lex.c"
#include "../../plugins/lua/expr_parse.c"
#include "../../plugins/lua/expr_tell.c"

#include "../../plugins/lua/expr_look.h"

#include "base/arena_ctl.h"
#include "base/rng.h"
#include "lua_oracle.h"
#include "lua_rig.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS = 200, FIELDS = 13, LONG = 1 << 20 };

static const struct gyre_field fields[FIELDS] = {
    GYRE_FIELD(bool, "b", 0),  GYRE_FIELD(bool, "b_n", GYRE_NULLABLE),
    GYRE_FIELD(i32, "s", 0),   GYRE_FIELD(i32, "s_n", GYRE_NULLABLE),
    GYRE_FIELD(i64, "i", 0),   GYRE_FIELD(i64, "i_n", GYRE_NULLABLE),
    GYRE_FIELD(f64, "f", 0),   GYRE_FIELD(f64, "f_n", GYRE_NULLABLE),
    GYRE_FIELD(str, "t", 0),   GYRE_FIELD(str, "t_n", GYRE_NULLABLE),
    GYRE_FIELD(time, "m", 0),  GYRE_FIELD(time, "m_n", GYRE_NULLABLE),
    GYRE_FIELD(bytes, "y", 0),
};
static const struct gyre_schema schema = {sizeof schema, FIELDS, fields};

/* What literals mean to the libraries behind is not of this suite. */
#define LOOKS(X)                                                                                   \
    X(expr_look_unit) X(expr_look_read_format) X(expr_look_write_format) X(expr_look_pattern)
#define LOOK(name)                                                                                 \
    int name(struct expr *e, struct expr_node *node, uint32_t arg)                                 \
    {                                                                                              \
        (void)e, (void)node, (void)arg;                                                            \
        return 0;                                                                                  \
    }
LOOKS(LOOK)

/* ---- rows ---- */

static const int64_t integers[] = {0,
                                   1,
                                   -1,
                                   2,
                                   3,
                                   7,
                                   -7,
                                   10,
                                   INT64_MAX,
                                   INT64_MIN,
                                   INT64_MAX - 1,
                                   INT64_MIN + 1,
                                   INT32_MAX,
                                   INT32_MIN,
                                   1ll << 53,
                                   (1ll << 53) + 1,
                                   (1ll << 53) - 1,
                                   -(1ll << 53) - 1,
                                   3037000500,
                                   -3037000500,
                                   1ll << 62};
static const double reals[] = {
    0.0,    -0.0,     1,         -1,     0.5,          -0.5,           1.5,      2.5,    3,
    NAN,    INFINITY, -INFINITY, 5e-324, -5e-324,      1.7e308,        -1.7e308, 0x1p53, 0x1p53 + 2,
    0x1p63, -0x1p63,  0x1p64,    1e18,   2147483648.0, -0x1p63 - 2048, 7,        1e300};
static const char *const texts[] = {"",
                                    "a",
                                    "paid",
                                    "Paid!",
                                    "abcdefghijkl",
                                    "abcdefghijklm",
                                    "abcdefghijklM",
                                    " x ",
                                    "12",
                                    "-7",
                                    "1e3",
                                    "nan",
                                    "true",
                                    "false",
                                    "9223372036854775807",
                                    "9223372036854775808",
                                    "\xc3\xa4%_",
                                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"};

#define OF(list, rng) (list)[gy_rng_below(rng, sizeof(list) / sizeof(list)[0])]

struct rows {
    struct gyre_column columns[FIELDS];
    uint8_t valid[FIELDS][ROWS];
    char data[FIELDS][ROWS * 16];
    char *huge;
};

static void fill_value(struct rows *r, uint32_t k, uint32_t row, struct gy_rng *rng)
{
    int is_null = (fields[k].flags & GYRE_NULLABLE) != 0 && gy_rng_below(rng, 4) == 0;
    char *at = r->data[k] + row * gyre_type_size(fields[k].type);
    int64_t i = gy_rng_below(rng, 3) == 0 ? (int64_t)gy_rng_next(rng) >> gy_rng_below(rng, 64)
                                          : OF(integers, rng);
    double f = gy_rng_below(rng, 3) == 0 ? (double)i / 3 : OF(reals, rng);
    int32_t narrow = (int32_t)i;
    const char *text = OF(texts, rng);
    struct gyre_str s = gyre_str_view(text, (uint32_t)strlen(text));
    if (gy_rng_below(rng, 10) == 0)
        s = gyre_str_view("nul\0inside, and more", gy_rng_below(rng, 2) ? 20 : 8);
    if (row == 0 && gy_rng_below(rng, 8) == 0)
        s = gyre_str_view(r->huge, LONG);
    r->valid[k][row] = !is_null;
    memset(at, 0, gyre_type_size(fields[k].type));
    if (is_null)
        return;
    switch (fields[k].type) {
    case GYRE_TYPE_bool: *at = (char)(i & 1); break;
    case GYRE_TYPE_i32: memcpy(at, &narrow, sizeof narrow); break;
    case GYRE_TYPE_f64: memcpy(at, &f, sizeof f); break;
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes: memcpy(at, &s, sizeof s); break;
    default: memcpy(at, &i, sizeof i); break;
    }
}

static struct rows *rows_new(struct gy_rng *rng)
{
    struct rows *r = calloc(1, sizeof *r);
    r->huge = malloc(LONG);
    memset(r->huge, 'Q', LONG);
    for (uint32_t k = 0; k < FIELDS; k++) {
        r->columns[k] = (struct gyre_column){
            r->data[k], (fields[k].flags & GYRE_NULLABLE) != 0 ? r->valid[k] : NULL};
        for (uint32_t row = 0; row < ROWS; row++)
            fill_value(r, k, row, rng);
    }
    return r;
}

/* ---- expressions ---- */

struct maker {
    struct gy_rng *rng;
    char text[4096];
    size_t n;
};

GYRE_PRINTF(2, 3)
static void say(struct maker *m, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(m->text + m->n, sizeof m->text - m->n, format, args);
    va_end(args);
    m->n += (size_t)n < sizeof m->text - m->n ? (size_t)n : 0;
}

/* Puts an expression of a type there. */
static void make_node(struct maker *m, char type, uint32_t depth);

static void make_leaf(struct maker *m, char type)
{
    static const char *const bools[] = {"b", "b_n", "true", "false"};
    static const char *const ints[] = {"i",
                                       "i_n",
                                       "s",
                                       "s_n",
                                       "0",
                                       "-1",
                                       "3",
                                       "7",
                                       "9007199254740993",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "0x10",
                                       "2"};
    static const char *const nums[] = {"f",
                                       "f_n",
                                       "0.5",
                                       "-0.0",
                                       "3.0",
                                       "1e308",
                                       "9007199254740993.0",
                                       "1e19",
                                       "9223372036854775808.0",
                                       "-2.5",
                                       "0.1",
                                       "1e999"};
    static const char *const strs[] = {"t",      "t_n",
                                       "t",      "'paid'",
                                       "''",     "'abcdefghijklm'",
                                       "'a'",    "'x\\0y'",
                                       "\"12\"", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'"};
    static const char *const times[] = {"m", "m_n"};
    switch (type) {
    case 'B': say(m, "%s", OF(bools, m->rng)); break;
    case 'I': say(m, "%s", OF(ints, m->rng)); break;
    case 'F': say(m, "%s", OF(nums, m->rng)); break;
    case 'M': say(m, "%s", OF(times, m->rng)); break;
    default: say(m, "%s", OF(strs, m->rng)); break;
    }
}

static void make_form(struct maker *m, const char *form, uint32_t depth)
{
    for (; *form != 0; form++) {
        if (*form != '@')
            say(m, "%c", *form);
        else
            make_node(m, *++form, depth);
    }
}

/* @ and a letter stand for an expression of that type. */
static const char *const bools_of[] = {"(@I < @I)",
                                       "(@I <= @F)",
                                       "(@F > @I)",
                                       "(@F >= @F)",
                                       "(@I == @I)",
                                       "(@F ~= @F)",
                                       "(@I == @F)",
                                       "(@F < @F)",
                                       "(@T == @T)",
                                       "(@T < @T)",
                                       "(@T ~= 'paid')",
                                       "(@T >= @T)",
                                       "(@B and @B)",
                                       "(@B or @B)",
                                       "not @B",
                                       "(@I == nil)",
                                       "(@T ~= nil)",
                                       "(@I in (1, @I, nil, @F))",
                                       "(@T not in ('a', @T))",
                                       "(@M < @M)",
                                       "(@B == @B)",
                                       "(@I > @I)",
                                       "starts(@T, @T)",
                                       "ends(@T, 'b')",
                                       "contains(@T, @T)",
                                       "if(@B, @B, @B)",
                                       "coalesce(@B, @B)",
                                       "cast(@T, 'bool')",
                                       "(@T and @B)",
                                       "(@F <= @F)",
                                       "(@F == @F)",
                                       "(@I >= 2.5)",
                                       "(-0.5 < @I)",
                                       "(@I ~= 1e19)",
                                       "(y == @T)"};
static const char *const ints_of[] = {"(@I + @I)",
                                      "(@I - @I)",
                                      "(@I * @I)",
                                      "(@I // @I)",
                                      "(@I % @I)",
                                      "-@I",
                                      "#@T",
                                      "len(@T)",
                                      "(@I * 3)",
                                      "(7 * @I)",
                                      "(@I // 7)",
                                      "(@I % 10)",
                                      "(@I + 1)",
                                      "(@I or @I)",
                                      "(@B and @I or @I)",
                                      "if(@B, @I, @I)",
                                      "if(@B, nil, @I)",
                                      "coalesce(@I, @I, 0)",
                                      "cast(@T, 'i64')",
                                      "cast(@F, 'i64')",
                                      "cast(@B, 'i64')",
                                      "min(@I, @I, @I)",
                                      "max(@I, @I)",
                                      "abs(@I)",
                                      "floor(@I)",
                                      "(@M - @M)",
                                      "cast(@M, 'i64')",
                                      "(@I and @I)"};
static const char *const nums_of[] = {"(@F + @F)",        "(@F - @I)",         "(@I * @F)",
                                      "(@F / @F)",        "(@I / @I)",         "(@F // @F)",
                                      "(@F % @F)",        "(@F ^ @F)",         "-@F",
                                      "(@F or @F)",       "(@B and @F or @I)", "if(@B, @F, @I)",
                                      "coalesce(@F, @I)", "cast(@T, 'f64')",   "cast(@I, 'f64')",
                                      "min(@F, @I)",      "max(@F, @F, @F)",   "abs(@F)",
                                      "floor(@F)",        "ceil(@F)",          "round(@F)",
                                      "(@I ^ 2)"};
static const char *const strs_of[] = {"(@T .. @T)",          "(@T .. @I)",
                                      "(@F .. @T)",          "(@T .. @T .. 'x' .. @I)",
                                      "(@T or @T)",          "(@B and @T or @T)",
                                      "if(@B, @T, nil)",     "coalesce(@T, 'none')",
                                      "cast(@I, 'str')",     "cast(@F, 'str')",
                                      "cast(@B, 'str')",     "lower(@T)",
                                      "upper(@T)",           "trim(@T)",
                                      "substr(@T, @I)",      "substr(@T, 2, 3)",
                                      "substr(@T, -3, @I)",  "replace(@T, 'a', 'bcd')",
                                      "replace(@T, @T, 'x')"};
static const char *const times_of[] = {"(@M + @I)",      "(@I + @M)",        "(@M - @I)",
                                       "if(@B, @M, @M)", "coalesce(@M, @M)", "cast(@I, 'time')",
                                       "min(@M, @M)"};

static void make_node(struct maker *m, char type, uint32_t depth)
{
    if (depth == 0 || gy_rng_below(m->rng, 4) == 0)
        make_leaf(m, type);
    else if (type == 'B')
        make_form(m, OF(bools_of, m->rng), depth - 1);
    else if (type == 'I')
        make_form(m, OF(ints_of, m->rng), depth - 1);
    else if (type == 'F')
        make_form(m, OF(nums_of, m->rng), depth - 1);
    else if (type == 'M')
        make_form(m, OF(times_of, m->rng), depth - 1);
    else
        make_form(m, OF(strs_of, m->rng), depth - 1);
}

/* ---- the comparison ---- */

static void *allocate(void *host, size_t size)
{
    return gy_arena_ctl_alloc(host, size);
}

static int same_f64(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

/* Whether row `row` of the output is the value. */
static int is_value(const struct lua_rig *rig, uint32_t row, uint32_t type, struct oracle_value v)
{
    if (type == 0)
        return rig->keep[row] == v.i;
    const struct gyre_str *s = &((const struct gyre_str *)rig->data[0])[row];
    if ((rig->valid[0] != NULL && rig->valid[0][row] == 0) != (v.type == 0))
        return 0;
    if (v.type == 0)
        return 1;
    switch (type) {
    case GYRE_TYPE_bool: return ((uint8_t *)rig->data[0])[row] == v.i;
    case GYRE_TYPE_i32: return ((int32_t *)rig->data[0])[row] == v.i;
    case GYRE_TYPE_f64: return same_f64(((double *)rig->data[0])[row], v.f);
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes: return s->len == v.n && memcmp(gyre_str_data(s), v.s, v.n) == 0;
    default: return ((int64_t *)rig->data[0])[row] == v.i;
    }
}

static int is_bad(const struct oracle *o, const struct lua_rig_bad *bad)
{
    struct expr_site site = {o->why, o->node};
    struct expr e = *o->e;
    char text[GYRE_ERROR_TEXT], whole[GYRE_ERROR_TEXT + 16];
    e.sites = &site;
    e.n_sites = 1;
    expr_tell_row(&e, 0, text, sizeof text);
    snprintf(whole, sizeof whole, "job:%d: %s", LUA_RIG_FILE_LINE, text);
    return strncmp(whole, bad->text, GYRE_ERROR_TEXT - 1) == 0;
}

/* Compares all rows; prints the first one that differs, and returns how many. */
static uint32_t compare_rows(struct lua_rig *rig, struct oracle *o, uint32_t type,
                             const uint32_t *selection, uint32_t kept)
{
    uint32_t wrong = 0, bad = 0;
    for (uint32_t j = 0; j < kept && wrong == 0; j++) {
        o->row = selection != NULL ? selection[j] : j;
        o->is_bad = 0;
        struct oracle_value v = oracle_result(o, type);
        int told = bad < rig->n_bad && rig->bad[bad].row == o->row;
        int is_right =
            o->is_bad ? told && is_bad(o, &rig->bad[bad]) : !told && is_value(rig, o->row, type, v);
        wrong += !is_right;
        if (!is_right)
            printf("%s\n  type %u, row %u: oracle bad %d (%d), i %lld, f %.17g, n %u; told %s; is "
                   "i %lld f %.17g\n",
                   o->e->source, type, o->row, o->is_bad, (int)o->why, (long long)v.i, v.f, v.n,
                   told ? rig->bad[bad].text : "nothing",
                   type == 0 ? (long long)rig->keep[o->row] : ((long long *)rig->data[0])[o->row],
                   type == 0 ? 0 : ((double *)rig->data[0])[o->row]);
        bad += (uint32_t)told;
        oracle_clear(o);
    }
    return wrong;
}

/* One expression over the rows; 1 where it is refused, which the maker of it does not always see. */
static int try_one(struct lua_rig *rig, const char *source, const struct rows *rows, int32_t as,
                   struct gy_rng *rng)
{
    static const uint32_t types[] = {0, GYRE_TYPE_bool, GYRE_TYPE_i32, GYRE_TYPE_i64,
                                     GYRE_TYPE_f64};
    struct gy_arena_ctl arena = {0};
    struct expr e = {.source = source,
                     .n = (uint32_t)strlen(source),
                     .schema = &schema,
                     .alloc = allocate,
                     .host = &arena};
    struct oracle o = {.e = &e, .columns = rows->columns};
    uint32_t selection[ROWS], kept = 0;
    int is_refused = expr_parse(&e) != 0 || expr_check(&e) != 0;
    int is_filter = rig->op->outputs[0].flags & GYRE_PORT_FILTERS;
    int bound = is_filter ? lua_rig_filter(rig, source) : lua_rig_map(rig, source, as);
    if (is_refused || strncmp(rig->told, "passed", 6) == 0 || (as != 0 && !bound)) {
        CU_ASSERT(!is_refused || !bound);
        is_refused = 1;
    } else {
        if (!bound)
            printf("%s: %s%s\n", source, rig->told, rig->error.text);
        CU_ASSERT_FATAL(bound);
        for (uint32_t row = 0; row < ROWS; row++)
            if (gy_rng_below(rng, 3) != 0)
                selection[kept++] = row;
        uint32_t type = is_filter ? 0 : as != 0 ? types[as] : rig->fields[0].type;
        for (int selected = 0; selected < 2; selected++) {
            int32_t code = lua_rig_run(rig, rows->columns, ROWS, selected ? selection : NULL,
                                       selected ? kept : ROWS);
            CU_ASSERT_EQUAL_FATAL(code, 0);
            CU_ASSERT_EQUAL_FATAL(
                compare_rows(rig, &o, type, selected ? selection : NULL, selected ? kept : ROWS),
                0);
        }
    }
    lua_rig_end(rig);
    gy_arena_ctl_fini(&arena);
    return is_refused;
}

static void try_many(const char *op, uint32_t n, uint64_t seed)
{
    struct lua_rig rig;
    struct gy_rng rng;
    gy_rng_init(&rng, seed);
    struct rows *rows = rows_new(&rng);
    uint32_t refused = 0;
    int is_filter = strcmp(op, "filter") == 0;
    if (!lua_rig_init(&rig, op, &schema))
        suite_skip("the plugin lua is left out of this build");
    for (uint32_t i = 0; i < n; i++) {
        struct maker m = {.rng = &rng};
        static const char kinds[] = "BIFTM";
        char kind = is_filter ? 'B' : kinds[gy_rng_below(&rng, 5)];
        int32_t as =
            !is_filter && (kind == 'I' || kind == 'F') ? (int32_t)gy_rng_below(&rng, 5) : 0;
        make_node(&m, kind, 1 + (uint32_t)gy_rng_below(&rng, 5));
        refused += (uint32_t)try_one(&rig, m.text, rows, as == 1 ? 0 : as, &rng);
    }
    CU_ASSERT(refused * 2 < n);
    lua_rig_fini(&rig);
    free(rows->huge);
    free(rows);
}

static uint32_t share(void)
{
    return getenv("GYRE_BIG") != NULL ? 20000 : 300;
}

static void a_filter_keeps_what_c_keeps(void)
{
    try_many("filter", share(), 1);
}

static void a_map_computes_what_c_computes(void)
{
    try_many("map", 2 * share(), 2);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(a_filter_keeps_what_c_keeps, 300),
    SUITE_TEST_WITHIN(a_map_computes_what_c_computes, 600),
};
SUITE_MAIN("lua_differential", tests)
