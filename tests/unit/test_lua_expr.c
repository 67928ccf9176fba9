/* Expressions of the plugin lua, before any row: what is accepted, what type it has, and what is said of mistakes, and
 * where. The plugin is no library, so its code is compiled in; none of this needs LuaJIT. */
#include "../../plugins/lua/expr_check.c"
#include "../../plugins/lua/expr_fn.c"
#include "../../plugins/lua/expr_lex.c"
#include "../../plugins/lua/expr_parse.c"
#include "../../plugins/lua/expr_tell.c"

#include "../../plugins/lua/expr_look.h"

#include "base/arena_ctl.h"
#include "files.h"
#include "suite.h"

static const struct gyre_field fields[] = {
    GYRE_FIELD(i64, "amount", 0),
    GYRE_FIELD(f64, "price", 0),
    GYRE_FIELD(i32, "small", 0),
    GYRE_FIELD(str, "status", 0),
    GYRE_FIELD(time, "at", 0),
    GYRE_FIELD(bool, "paid", 0),
    GYRE_FIELD(i64, "tip", GYRE_NULLABLE),
    GYRE_FIELD(str, "note", GYRE_NULLABLE),
    GYRE_FIELD(f64, "two words", 0),
    GYRE_FIELD(bytes, "raw", 0),
    GYRE_FIELD(bool, "flag", GYRE_NULLABLE),
};
static const struct gyre_schema schema = {sizeof schema, sizeof fields / sizeof fields[0], fields};

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

static void *allocate(void *host, size_t size)
{
    return gy_arena_ctl_alloc(host, size);
}

/* "f64", "i64 or null"; or what is wrong. */
static void told(const char *source, char *text, size_t size)
{
    struct gy_arena_ctl arena = {0};
    struct expr e = {.source = source,
                     .n = (uint32_t)strlen(source),
                     .schema = &schema,
                     .alloc = allocate,
                     .host = &arena};
    if (expr_parse(&e) != 0 || expr_check(&e) != 0)
        expr_tell(&e, text, size);
    else
        snprintf(text, size, "%s%s", e.root->type == 0 ? "nil" : gyre_type_name(e.root->type),
                 e.root->nullable && e.root->type != 0 ? " or null" : "");
    gy_arena_ctl_fini(&arena);
}

struct expected {
    const char *source, *told;
};

static void expect(const struct expected *list, size_t n)
{
    char text[GYRE_ERROR_TEXT];
    for (size_t i = 0; i < n; i++) {
        told(list[i].source, text, sizeof text);
        int is_same = strcmp(text, list[i].told) == 0;
        if (!is_same)
            printf("%s\n  is told %s\n  not     %s\n", list[i].source, text, list[i].told);
        CU_ASSERT(is_same);
    }
}

#define EXPECT(list) expect(list, sizeof(list) / sizeof(list)[0])

static void types_follow_from_the_fields(void)
{
    static const struct expected list[] = {
        {"amount", "i64"},
        {"small", "i64"},
        {"amount > 3 and status == 'paid'", "bool"},
        {"price * amount", "f64"},
        {"amount / 2", "f64"},
        {"amount // 2", "i64"},
        {"price // 2", "f64"},
        {"amount % 7", "i64"},
        {"2 ^ 3", "f64"},
        {"-amount", "i64"},
        {"at - at", "i64"},
        {"at + 1000", "time"},
        {"1000 + at", "time"},
        {"at - 5", "time"},
        {"#status", "i64"},
        {"status .. amount .. 1.5", "str"},
        {"tip", "i64 or null"},
        {"tip + 1", "i64"},
        {"tip == nil", "bool"},
        {"tip or 0", "i64"},
        {"tip or 0.5", "f64"},
        {"paid and 1 or 2", "i64"},
        {"paid and 'a' or note", "str or null"},
        {"flag and paid", "bool or null"},
        {"flag or paid", "bool"},
        {"not flag", "bool"},
        {"note and #note > 3", "bool or null"},
        {"coalesce(tip, amount, 0)", "i64"},
        {"coalesce(tip, nil)", "i64 or null"},
        {"if(paid, price, 0)", "f64"},
        {"if(paid, nil, status)", "str or null"},
        {"cast(note, 'i64')", "i64 or null"},
        {"cast(amount, 'str')", "str"},
        {"min(amount, price)", "f64"},
        {"round(amount, -2)", "i64"},
        {"amount in (1, 2, 3)", "bool"},
        {"status not in ('a', 'b')", "bool"},
        {"in(status, 'a', nil)", "bool"},
        {"`two words` * 2", "f64"},
        {"raw == 'abc'", "bool"},
        {"-9223372036854775808", "i64"},
        {"0xffffffffffffffff", "i64"},
        {"1e400", "f64"},
        {"nil", "nil"},
    };
    EXPECT(list);
}

static void mistakes_are_told_where_they_are(void)
{
    static const struct expected list[] = {
        {"", "it ends where a value is wanted"},
        {"amont > 3", "unknown field `amont`: did you mean `amount`? (at column 1: `amont > 3`)"},
        {"lowr(status)",
         "unknown function `lowr`: did you mean `lower`? (at column 1: `lowr(status)`)"},
        {"amount +\n  'a'", "`+` takes numbers, but `'a'` is a str (at column 3: `  'a'`)"},
        {"status > 3",
         "`>` of a str, `status`, and an i64, `3`; cast(x, \"f64\") reads one (at column 10: "
         "`status > 3`)"},
        {"amount == '3'",
         "`==` of an i64, `amount`, and a str, `'3'`; a number is written without quotes (at "
         "column 11: `amount == '3'`)"},
        {"not paid == 3",
         "`==` of a bool, `not paid`, and an i64, `3`; `not` binds stronger: write not (a == "
         "b), or a ~= b (at column 13: `not paid == 3`)"},
        {"amount = 3", "`=` is written `==` here (at column 8: `amount = 3`)"},
        {"amount != 3", "`!=` is written `~=` here (at column 8: `amount != 3`)"},
        {"paid && paid", "`&&` is written `and` here (at column 6: `paid && paid`)"},
        {"tip == null",
         "no field `null`; that there is no value is written `nil` (at column 8: `tip == "
         "null`)"},
        {"paid and amount",
         "`paid and amount` may be false, which is no i64: write `c and x or y`, or if(c, x, "
         "y) (at column 1: `paid and amount`)"},
        {"amount or paid",
         "`or` of an i64, `amount`, and a bool, `paid` (at column 11: `amount or paid`)"},
        {"if(amount, 1, 2)",
         "if(c, a, b) needs a condition, but `amount` is an i64 (at column 4: `if(amount, 1, "
         "2)`)"},
        {"if(paid, 1)",
         "if is given 2 arguments: if(c, a, b): a where c is true, else b (at column 1: `if(paid, "
         "1)`)"},
        {"abs(amount, 1)", "abs is given 2 arguments: abs(x) (at column 1: `abs(amount, 1)`)"},
        {"re('a', 'b', 1, 2)", "re is given 4 arguments: "},
        {"cast(amount, 'bool')",
         "no cast makes a bool of a number: write `x ~= 0` (at column 1: `cast(amount, 'bool')`)"},
        {"cast(amount, 'int')",
         "cast(x, \"TYPE\") makes a bool, i64, f64, time, str or bytes of x (at column 14: "
         "`cast(amount, 'int')`)"},
        {"amount < nil",
         "`<` of nil; only `==` and `~=` compare with it (at column 10: `amount < nil`)"},
        {"upper", "`upper` is a function: write upper(...) (at column 1: `upper`)"},
        {"99999999999999999999",
         "99999999999999999999 is beyond an i64; with `.0` it is an f64 (at column 1: "
         "`99999999999999999999`)"},
        {"9223372036854775808",
         "9223372036854775808 is beyond an i64; with `.0` it is an f64 (at column 1: "
         "`9223372036854775808`)"},
        {"3x", "no number: `3x` (at column 1: `3x`)"},
        {"'abc", "a string that does not end (at column 1: `'abc`)"},
        {"(amount", "it ends where `)` is wanted (at column 8: `(amount`)"},
        {"amount 3", "`3` stands where an operator or the end is wanted (at column 8: `amount 3`)"},
        {"amount; os.exit()", "`;` cannot stand here (at column 7: `amount; os.exit()`)"},
        {"function() end", "`end` stands where an operator or the end is wanted"},
        {"sum(amount)", "unknown function `sum`"},
        {"'it''s'", "`'s'` stands where an operator or the end is wanted"},
        {"paid > true",
         "`>` takes numbers or texts, but `paid` is a bool (at column 1: `paid > true`)"},
        {"coalesce(nil, nil)",
         "`coalesce(nil, nil)` is never anything but nil (at column 1: `coalesce(nil, "
         "nil)`)"},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        char text[GYRE_ERROR_TEXT];
        told(list[i].source, text, sizeof text);
        if (strstr(text, list[i].told) == NULL)
            printf("%s\n  is told %s\n  not     %s\n", list[i].source, text, list[i].told);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, list[i].told));
    }
}

/* What is repeated a thousand times is refused with a sentence, or taken; it exhausts nothing. */
static void what_is_too_large_is_refused(void)
{
    static const struct {
        const char *before, *repeated, *last, *after, *told;
        int times;
    } list[] = {
        {"", "(", "1", "", "nested more than 60 deep", 60000},
        {"", "- ", "amount", "", "nested more than 60 deep", 61},
        {"", "not ", "paid", "", "nested more than 60 deep", 6000},
        {"1", "^1", "", "", "nested more than 60 deep", 100},
        {"", "abs(", "amount", "", "nested more than 60 deep", 70},
        {"amount", " + 1", "", "", "more than 1000 parts", 2000},
        {"amount in (0", ", 1", ")", "", "more than 1000 parts", 2000},
        {"'", "a", "'", "", "more than 65536 bytes", 70000},
        {"amount", " + 1", "", "", "i64", 490},
        {"'", "a", "'", "", "str", 60000},
    };
    char text[GYRE_ERROR_TEXT];
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        size_t n = strlen(list[i].repeated), room = n * (size_t)list[i].times + 64;
        char *source = calloc(1, room), *at = source;
        at += snprintf(at, room, "%s", list[i].before);
        for (int k = 0; k < list[i].times; k++, at += n)
            memcpy(at, list[i].repeated, n);
        snprintf(at, 32, "%s%s", list[i].last, list[i].after);
        told(source, text, sizeof text);
        if (strstr(text, list[i].told) == NULL)
            printf("%s... is told %s\n", list[i].repeated, text);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, list[i].told));
        free(source);
    }
}

/* A tree with all of its parentheses. */
static void tree_text(const struct expr *e, const struct expr_node *node, char *text, size_t size)
{
    size_t n = strlen(text);
    const char *sign = node->op > EXPR_FIELD && node->op < EXPR_CALL ? sign_of(node->op) : "";
    if (node->n_args == 0) {
        snprintf(text + n, size - n, "%.*s", (int)(node->end - node->at), e->source + node->at);
        return;
    }
    snprintf(text + n, size - n,
             node->op == EXPR_IN ? "in("
             : node->n_args == 1 ? "(%s%s"
                                 : "(",
             sign, node->op == EXPR_NOT ? " " : "");
    for (uint32_t i = 0; i < node->n_args; i++) {
        n = strlen(text);
        if (i != 0)
            snprintf(text + n, size - n, "%s%s", node->op == EXPR_IN ? "," : sign,
                     node->op == EXPR_AND || node->op == EXPR_OR ? " " : "");
        tree_text(e, node->args[i], text, size);
    }
    n = strlen(text);
    snprintf(text + n, size - n, ")");
}

static void operators_bind_as_in_lua(void)
{
    static const struct {
        const char *source, *tree;
    } list[] = {
        {"1 + 2 * 3", "(1+(2*3))"},
        {"1 - 2 - 3", "((1-2)-3)"},
        {"2 ^ 3 ^ 2", "(2^(3^2))"},
        {"-2 ^ 2", "(-(2^2))"},
        {"2 ^ -3", "(2^-3)"},
        {"1 .. 2 == 'a' and true or false", "((((1..2)=='a')and true)or false)"},
        {"not true == false", "((not true)==false)"},
        {"1 < 2 == true", "((1<2)==true)"},
        {"1 + 1 .. 'a'", "((1+1)..'a')"},
        {"-1 - -1", "(-1--1)"},
        {"1 in (1, 2) and true", "(in(1,1,2)and true)"},
        {"1 not in (1)", "(not in(1,1))"},
        {"7 // 2 % 3 / 4", "(((7//2)%3)/4)"},
    };
    struct gy_arena_ctl arena = {0};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct expr e = {.source = list[i].source,
                         .n = (uint32_t)strlen(list[i].source),
                         .schema = &schema,
                         .alloc = allocate,
                         .host = &arena};
        char text[256] = "";
        CU_ASSERT_EQUAL_FATAL(expr_parse(&e), 0);
        tree_text(&e, e.root, text, sizeof text);
        if (strcmp(text, list[i].tree) != 0)
            printf("%s\n  is %s\n  not %s\n", list[i].source, text, list[i].tree);
        CU_ASSERT_STRING_EQUAL(text, list[i].tree);
    }
    gy_arena_ctl_fini(&arena);
}

static void escapes_are_luas(void)
{
    struct gy_arena_ctl arena = {0};
    static const char source[] =
        "'a\\n\\x41\\065\\z  \n  b\\\\\\0' .. [==[x]]\\n]==] .. \"q'\" -- end";
    struct expr e = {.source = source,
                     .n = sizeof source - 1,
                     .schema = &schema,
                     .alloc = allocate,
                     .host = &arena};
    CU_ASSERT_EQUAL_FATAL(expr_parse(&e), 0);
    const struct expr_node *last = e.root->args[1], *first = e.root->args[0]->args[0];
    CU_ASSERT_EQUAL(first->len, 7);
    CU_ASSERT(memcmp(first->text, "a\nAAb\\\0", 7) == 0);
    CU_ASSERT_STRING_EQUAL(e.root->args[0]->args[1]->text, "x]]\\n");
    CU_ASSERT_STRING_EQUAL(last->text, "q'");
    gy_arena_ctl_fini(&arena);
}

static void each_function_is_in_the_guide(void)
{
    char *guide = file_read("jobs/README.md", NULL);
    for (uint32_t i = 0; expr_fn_at(i) != NULL; i++) {
        char *call = text_format("`%s(", expr_fn_at(i)->name);
        if (strstr(guide, call) == NULL)
            printf("%s...) is not there\n", call);
        CU_ASSERT_PTR_NOT_NULL(strstr(guide, call));
        free(call);
    }
    free(guide);
}

static const struct suite_test tests[] = {
    SUITE_TEST(types_follow_from_the_fields),
    SUITE_TEST(mistakes_are_told_where_they_are),
    SUITE_TEST(what_is_too_large_is_refused),
    SUITE_TEST(operators_bind_as_in_lua),
    SUITE_TEST(escapes_are_luas),
    SUITE_TEST(each_function_is_in_the_guide),
};
SUITE_MAIN("lua_expr", tests)
