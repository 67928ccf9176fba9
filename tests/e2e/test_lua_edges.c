/* Lua at its edges: bounds of texts, numbers and patterns, rows that are put out beyond the room for them, what counts
 * as steps, and nulls on both sides of a comparison. Each was left alone by all other tests. */
#include "lua_kit.h"
#include "run_job.h"
#include "support/files.h"
#include "support/suite.h"

#include <stdlib.h>

struct giving {
    const char *expression;
    const char *gives;
};

static void each_gives(const struct giving *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *code = text_format("emit{s = tostring(%s)}", cases[i].expression);
        lua_kit_rows(code, "x", cases[i].gives);
        free(code);
    }
}
#define EACH_GIVES(cases) each_gives(cases, sizeof(cases) / sizeof *(cases))

#define I64   "{name = \"n\"; type = \"i64\";}"
#define STEPS "took more than 200000 steps for one row"

/* ---- code ---- */

static void texts_are_taken_up_to_their_last_byte(void)
{
    static const struct giving cases[] = {
        {"like('\\195x', '__')", "true"}, /* no character: two bytes */
        {"like('\\195\\164', '_')", "true"},
        {"like('abc', '%%c') and not like('ab', '%%c')", "true"},
        {"upper('az{') .. lower('AZ[')", "AZ{az["},
        {"contains('abc', '') and contains('', '')", "true"},
        {"ends('o', 'hello')", "false"},
        {"substr('hello', -9, 2) .. substr('hello', 5, 1) .. substr('hello', 5, 9)", "heoo"},
        {"trim('\\v\\f\\r\\n x \\n')", "x"},
        {"[==[a]] do ]==]", "\"a]] do \""},
        {"({['goto'] = 'a'}).goto", "a"},
        {"'a\\z\n  do'", "ado"},
        {"coalesce(nil, false, 1)", "false"},
        {"round(1250, -2) .. round(-5, -1) .. round(4, -1)", "1300-100"},
        {"round(9007199254740993 + 0.0)", "9007199254740992"},
        {"tostring(min(2, 2)) .. abs(0)", "20"},
    };
    EACH_GIVES(cases);
    lua_kit_fields("n: i64", "{name = \"b\"; type = \"bool\";}",
                   "emit{b = hash(n) == hash(7) and hash(7) == hash(7.0) and hash(7.5) ~= hash(7)}",
                   "7", "true");
}

static void numbers_of_the_edges_are_no_others(void)
{
    lua_kit_bad_row("cast(2 ^ 53, 'time')", LUA_KIT_STEPS,
                    "cast: argument 1 is 9007199254740992: it takes a whole number");
    lua_kit_bad_row("cast(2 ^ 63, 'i64')", LUA_KIT_STEPS, "cast: no i64 is made of a number");
    lua_kit_bad_row("time.floor(cast('-9223372036854775808', 'i64'), '1d')", LUA_KIT_STEPS,
                    "time.floor: the result does not fit");
    lua_kit_bad_row("re('abc', '(b)', 2)", LUA_KIT_STEPS, "re: the pattern has no group 2");
    lua_kit_fields("n: i64", "{name = \"x\"; type = \"f64\"; nullable = true;}",
                   "local ok, e = pcall(emit, {x = cast('9007199254740993', 'i64')})\n"
                   "if not ok and e:find('may not be exact there', 1, true) then emit{x = 2} end",
                   "1", "2");
    lua_kit_fields("n: i64", I64,
                   "for _, v in ipairs{2 ^ 53, -2 ^ 53} do\n"
                   "  if pcall(emit, {n = v}) then error('taken') end end\n"
                   "emit{n = 2 ^ 53 - 1} emit{n = 1 - 2 ^ 53}",
                   "1", "9007199254740991\n-9007199254740991");
}

#define CAST(text) "cast('" text "', 'i64')"

static void integers_of_64_bits_end_where_they_end(void)
{
    static const struct giving cases[] = {
        {CAST("9223372036854775806") " + 1", "9223372036854775807"},
        {CAST("-9223372036854775807") " - 1", "-9223372036854775808"},
        {CAST("-9007199254740993") " % 7", "2"},
        {CAST("9007199254740993") " % -7", "-2"},
        {"tostring(" CAST("9007199254740993") " < 0 / 0) .. tostring(" CAST(
             "9007199254740993") " == 0 / 0)",
         "falsefalse"},
    };
    EACH_GIVES(cases);
    lua_kit_bad_row("local v = " CAST("-9223372036854775808") " + -1", LUA_KIT_STEPS,
                    "sum: the result does not fit 64 bits");
    lua_kit_bad_row("local v = " CAST("-9223372036854775808") " * -1", LUA_KIT_STEPS,
                    "product: the result does not fit 64 bits");
}

static void tables_are_walked_and_sorted_in_one_order(void)
{
    lua_kit_rows("local s = '' for k in pairs{[true] = 1, [false] = 2, b = 3, [2] = 4, a = 5} do\n"
                 "s = s .. tostring(k) .. ' ' end emit{s = s .. next{b = 1, a = 2}}",
                 "x", "2 a b false true a");
    lua_kit_rows("local t = {{1, 'a'}, {1, 'b'}, {0, 'c'}, {1, 'd'}}\n"
                 "table.sort(t, function(x, y) return x[1] < y[1] end)\n"
                 "emit{s = t[1][2] .. t[2][2] .. t[3][2] .. t[4][2]}",
                 "x", "cabd");
    lua_kit_rows("emit{s = tostring(time.weekday(-9 * 86400000000))}", "x", "2");
}

static void patterns_have_bounds(void)
{
    lua_kit_bad_row("('x'):find(('()'):rep(33))", LUA_KIT_STEPS,
                    "a pattern has more than 32 captures");
    lua_kit_rows("emit{s = tostring(select('#', ('x'):match(('()'):rep(32))))}", "a", "32");
    lua_kit_bad_row("('x'):find(('a-'):rep(300))", LUA_KIT_STEPS,
                    "a pattern is too long for what it asks");
    lua_kit_rows("emit{s = ('THE (quick) fox'):gsub('%f[%a]%a+%f[%A]', '<%0>')}", "a",
                 "<THE> (<quick>) <fox>");
}

/* Each is done so often that it takes all steps, unless it counts as one alone. */
static void what_is_there_already_counts_as_often_as_it_is_made(void)
{
    lua_kit_bad_row("local s = ('x'):rep(1000000) for i = 1, 20 do ('x'):rep(1000000) end",
                    LUA_KIT_STEPS, STEPS);
    lua_kit_bad_row("local s = ('x'):rep(1000000) for i = 1, 300 do s:find('y', 1, true) end",
                    LUA_KIT_STEPS, STEPS);
    lua_kit_bad_row("local s = ('x'):rep(1000000) for i = 1, 20 do ('%s'):format(s) end",
                    LUA_KIT_STEPS, STEPS);
}

static void a_name_is_asked_for_by_its_first_neighbour(void)
{
    lua_kit_refused("local a = lina", "did you mean `line`?");
    lua_kit_refused("local a = string1, strinf", "did you mean `string`?");
    lua_kit_refused("local a = iif2 + tim", "no name `iif2` is known here: did you mean `iif`?");
    lua_kit_refused("local a = isif", "did you mean `iif`?"); /* not isin, which is as near */
}

/* Rows that the port has no room for wait until the row is over: behind others of the same batch. */
static void rows_that_do_not_fit_any_more_come_behind_those_before(void)
{
    static const int counts[] = {900, 500, 1, 3000};
    char *out = calloc(4500, 80), *to = out;
    for (int row = 0; row < 4; row++)
        for (int i = 1; i <= counts[row]; i++)
            to += i % 3 == 0 ? sprintf(to, "{\"n\": %d, \"s\": null}\n", i)
                             : sprintf(to, "{\"n\": %d, \"s\": \"a text of row %d, longer\"}\n", i,
                                       counts[row]);
    to[-1] = 0;
    lua_kit_fields(
        "n: i64", I64 ", {name = \"s\"; type = \"str\"; nullable = true;}",
        "for i = 1, n do\n"
        "  emit{n = i, s = i % 3 ~= 0 and 'a text of row ' .. n .. ', longer' or nil} end",
        "900\n500\n1\n3000", out);
    free(out);
}

/* ---- expressions ---- */

#define ROWS                                                                                       \
    "job = \"edges\"; mode = \"batch\"; parallelism = 1;\noperators = (\n"                         \
    "{ id = \"in\"; op = \"file.read\"; path = \"rows.csv\"; format = \"csv\"; schema = (\n"       \
    "  {name = \"id\"; type = \"i64\";}, {name = \"a\"; type = \"i64\"; nullable = true;},\n"      \
    "  {name = \"s\"; type = \"str\"; nullable = true;}); },\n"
#define OUT "{ id = \"out\"; op = \"file.write\"; input = \"x\"; path = \"-\"; }\n);\n"

static void check_job(const char *job, const char *rows, const char *wanted)
{
    suite_need_plugin("lua", "LuaJIT");
    struct process_result r;
    char *dir = dir_temp();
    run_write(dir, "rows.csv", rows);
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, wanted);
    if (strcmp(r.out, wanted) != 0)
        fprintf(stderr, "%s\n%s--- is\n%.500s--- not\n%.500s", job, r.err, r.out, wanted);
    process_result_fini(&r);
    dir_end(dir);
}

/* The ids of the rows of which the condition is true. */
static void check_kept(const char *where, const char *ids)
{
    char *job =
        text_format(ROWS "{ id = \"f\"; op = \"lua.filter\"; input = \"in\"; where = \"%s\"; "
                         "},\n{ id = \"x\"; op = \"std.select\"; input = \"f\"; fields = "
                         "[\"id\"]; },\n" OUT,
                    where);
    check_job(job, "1,5,one\n2,,\n3,-7,\n4,,a text that is longer\n", ids);
    free(job);
}

/* What one row makes of an expression. */
static void check_value(const char *value, const char *gives)
{
    char *job = text_format(ROWS "{ id = \"m\"; op = \"lua.map\"; input = \"in\"; set = ( { name = "
                                 "\"v\"; value = \"%s\"; } ); },\n"
                                 "{ id = \"x\"; op = \"std.select\"; input = \"m\"; fields = "
                                 "[\"v\"]; },\n" OUT,
                            value),
         *wanted = text_format("%s\n", gives);
    check_job(job, "1,5,one\n", wanted);
    free(wanted);
    free(job);
}

static void nulls_of_both_sides_are_equal(void)
{
    check_kept("a == if(id > 0, a, 0)", "1\n2\n3\n4\n");
    check_kept("a == if(id > 2, a, nil)", "2\n3\n4\n");
    check_kept("a ~= if(id > 2, a, nil)", "1\n");
    check_kept("s == if(id ~= 4, s, 'x')", "1\n2\n3\n");
    check_kept("if(id > 2, s, nil) == s", "2\n3\n4\n");
    check_kept("a == nil and s == nil", "2\n");
    check_kept("a in (nil, 5)", "1\n2\n4\n");
}

/* What stands behind `and` is not computed where it would fail. */
static void what_is_not_asked_for_does_not_fail(void)
{
    check_kept("a ~= nil and -a < 3", "1\n");
    check_kept("a ~= nil and a + 1 > 3", "1\n");
    check_kept("a == nil or a - 1 < -7", "2\n3\n4\n");
    check_kept("s ~= nil and #s > 3", "4\n");
    check_kept("id ~= 1 and 10 // (id - 1) > 4", "2\n3\n");
}

static void values_of_the_edges_are_no_others(void)
{
    check_value("0.30000000000000004", "0.30000000000000004");
    check_value("1e999", "inf");
    check_value("-9223372036854775808", "-9223372036854775808");
    check_value("time.format(time.floor(cast('2025-02-14T11:00:00Z', 'time'), '1mo'))",
                "2025-02-01T00:00:00Z");
    check_value("time.format(time.floor(cast('2025-02-14T11:00:00Z', 'time'), '1w'))",
                "2025-02-10T00:00:00Z");
    check_value("time.format(time.floor(cast('2025-02-14T11:00:00Z', 'time'), '2y'))",
                "2024-01-01T00:00:00Z");
    check_value("coalesce(re(s, '(o)(n)(e)', 3), '?') .. coalesce(re(s, '(x)?o', 1), '?')", "e?");
    check_value("upper('az{') .. lower('AZ[')", "AZ{az[");
    check_value("hash(7) == hash(7.0)", "true");
    check_value("if(a ~= nil, coalesce(a, 0) > 0, nil) and id > 0", "true");
    check_value("if(a ~= nil, coalesce(a, 0) > 9, nil) or id > 0", "true");
    check_value("id .. a", "15");
    check_value("cast('true', 'bool') and cast('false', 'bool') == false", "true");
    check_value("[[\nab]] .. '\\\\65'", "abA");
}

/* Strings of a row that are longer than the pages they are made in, of which all are read in the end. */
static void long_texts_of_a_row_stay_until_it_is_over(void)
{
    enum { N = 100000 };
    char *rows = calloc(2, N + 16);
    int n = sprintf(rows, "1,5,");
    memset(rows + n, 'a', N);
    strcpy(rows + n + N, "\n");
    check_job(ROWS
              "{ id = \"f\"; op = \"lua.map\"; input = \"in\"; set = ( { name = \"v\"; value = "
              "\"upper(s) .. lower(s) .. upper(s)\"; } ); },\n"
              "{ id = \"m\"; op = \"lua.map\"; input = \"f\"; set = ( { name = \"ok\"; value = "
              "\"len(v) == 300000 and starts(v, upper(s) .. s) and ends(v, s .. upper(s))\"; } "
              "); },\n"
              "{ id = \"x\"; op = \"std.select\"; input = \"m\"; fields = [\"ok\"]; },\n" OUT,
              rows, "true\n");
    free(rows);
}

/* Rows that are gone already are neither looked at nor brought back: of batches of which ever others are kept. */
static void rows_that_are_gone_stay_gone(void)
{
    char *out = run_output("job = \"gone\"; mode = \"batch\"; parallelism = 1;\noperators = (\n"
                           "{ id = \"in\"; op = \"gen.sequence\"; from = 0; to = 9999; },\n"
                           "{ id = \"few\"; op = \"lua.filter\"; input = \"in\"; where = \"value % "
                           "1700 >= 1000 and value % 3 ~= 0\"; },\n"
                           "{ id = \"g\"; op = \"lua.filter\"; input = \"few\"; where = \"value >= "
                           "0\"; },\n"
                           "{ id = \"m\"; op = \"lua.map\"; input = \"g\"; set = ( { name = \"v\"; "
                           "value = \"6 // (value % 3)\"; } ); },\n"
                           "{ id = \"x\"; op = \"std.aggregate\"; input = \"m\"; key = { fn = "
                           "\"lua.key\"; value = \"12 // (value % 3)\"; as = \"k\"; };\n"
                           "  aggregates = ( { fn = \"std.count\"; as = \"n\"; }, { fn = "
                           "\"std.sum\"; field = \"v\"; } ); },\n" OUT);
    char *rows = run_sorted(out);
    CU_ASSERT_STRING_EQUAL(rows, "12,1333,7998\n6,1333,3999\n");
    free(rows);
    free(out);
}

/* A row that is put out has the time of the one that it is of. */
static void rows_that_are_put_out_keep_their_time(void)
{
    char *out = run_output(
        "job = \"time\"; mode = \"batch\"; parallelism = 1;\noperators = (\n"
        "{ id = \"in\"; op = \"gen.events\"; keys = 1; count = 40; },\n"
        "{ id = \"t\"; op = \"std.timestamps\"; input = \"in\"; field = \"time\"; },\n"
        "{ id = \"f\"; op = \"lua.flat_map\"; input = \"t\"; schema = ({name = \"k\"; type = "
        "\"i64\";});\n  code = \"emit{k = key} emit{k = key}\"; },\n"
        "{ id = \"x\"; op = \"std.count\"; input = \"f\"; window = { time = \"20us\"; }; },\n" OUT);
    CU_ASSERT_STRING_EQUAL(out, "0,20,40\n20,40,40\n");
    free(out);
}

static const struct suite_test tests[] = {
    SUITE_TEST(integers_of_64_bits_end_where_they_end),
    SUITE_TEST(tables_are_walked_and_sorted_in_one_order),
    SUITE_TEST(rows_that_are_put_out_keep_their_time),
    SUITE_TEST(texts_are_taken_up_to_their_last_byte),
    SUITE_TEST(numbers_of_the_edges_are_no_others),
    SUITE_TEST(patterns_have_bounds),
    SUITE_TEST(what_is_there_already_counts_as_often_as_it_is_made),
    SUITE_TEST(a_name_is_asked_for_by_its_first_neighbour),
    SUITE_TEST(rows_that_do_not_fit_any_more_come_behind_those_before),
    SUITE_TEST(nulls_of_both_sides_are_equal),
    SUITE_TEST(what_is_not_asked_for_does_not_fail),
    SUITE_TEST(values_of_the_edges_are_no_others),
    SUITE_TEST(long_texts_of_a_row_stay_until_it_is_over),
    SUITE_TEST(rows_that_are_gone_stay_gone),
};
SUITE_MAIN("lua_edges", tests)
