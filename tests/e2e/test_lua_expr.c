/* lua.filter and lua.map in jobs: what is told of mistakes, and where; rows that are bad, by each on_error. */
#include "run_job.h"
#include "support/files.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs `command` on a job whose operators are `ops`; what it says on both outputs, and its status. The first of
 * them stands on line 6. */
static char *run_expr(const char *command, const char *ops, int *status)
{
    suite_need_plugin("lua", "LuaJIT");
    char *plugin = build_path("plugins/lua.so"), *dir = dir_temp(), *gyre = build_path("gyre");
    struct process_result r;
    char *text = text_format(
        "job = \"expr\"; mode = \"batch\"; parallelism = 1;\noperators = (\n"
        "{ id = \"in\"; op = \"file.read\"; path = \"rows.csv\"; format = \"csv\"; schema = (\n"
        "  {name = \"id\"; type = \"i64\";}, {name = \"amount\"; type = \"i64\"; nullable = "
        "true;},\n"
        "  {name = \"price\"; type = \"f64\";}, {name = \"status\"; type = \"str\";}); },\n"
        "%s);\n",
        ops);
    run_write(dir, "job.cfg", text);
    run_write(dir, "rows.csv",
              "1,5,1.5,paid\n2,,2,open\n3,9223372036854775807,0.5,paid\n4,-3,4,a longer status\n");
    process_run(&(struct process_spec){.argv = ARGV(gyre, command, "job.cfg"), .cwd = dir}, &r);
    *status = r.status;
    char *said = text_format("%s%s", r.out, r.err);
    process_result_fini(&r);
    free(plugin), free(text), free(gyre);
    dir_end(dir);
    return said;
}

static void expect_said(const char *command, const char *ops, int wanted, const char *const *parts)
{
    int status;
    char *said = run_expr(command, ops, &status);
    if (status != wanted)
        printf("status %d: %s\n", status, said);
    CU_ASSERT_EQUAL(status, wanted);
    for (; *parts != NULL; parts++) {
        if (strstr(said, *parts) == NULL)
            printf("not said: %s\nbut: %s\n", *parts, said);
        CU_ASSERT_PTR_NOT_NULL(strstr(said, *parts));
    }
    free(said);
}

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OUT "{ id = \"out\"; op = \"file.write\"; input = \"x\"; path = \"-\"; }"

static void a_filter_keeps_the_rows_of_which_it_is_true(void)
{
    static const char *const said[] = {"1,5,1.5,paid\n3,9223372036854775807,0.5,paid\n", NULL};
    expect_said("run",
                "{ id = \"x\"; op = \"lua.filter\"; input = \"in\"; where = \"amount ~= nil and "
                "amount > 3 and status == 'paid'\"; },\n" OUT,
                0, said);
}

static void a_map_sets_fields_in_order(void)
{
    static const char *const said[] = {"1,10,1.5,PAID,15,paid\n", "2,0,2,OPEN,0,open\n",
                                       "4,-6,4,A LONGER STATUS,-24,a longer status\n", NULL};
    expect_said("run",
                "{ id = \"few\"; op = \"lua.filter\"; input = \"in\"; where = \"id ~= 3\"; },\n"
                "{ id = \"x\"; op = \"lua.map\"; input = \"few\"; set = (\n"
                "  { name = \"amount\"; value = \"coalesce(amount, 0)\"; }, { name = \"was\"; "
                "value = \"status\"; },\n"
                "  { name = \"amount\"; value = \"amount * 2\"; }, { name = \"status\"; value = "
                "\"upper(was)\"; },\n"
                "  { name = \"total\"; type = \"f64\"; value = \"price * amount\"; } ); },\n"
                "{ id = \"y\"; op = \"std.select\"; input = \"x\"; fields = [\"id\", \"amount\", "
                "\"price\", \"status\", \"total\", \"was\"]; },\n"
                "{ id = \"out\"; op = \"file.write\"; input = \"y\"; path = \"-\"; }",
                0, said);
}

static void mistakes_are_told_at_their_line_all_of_them(void)
{
    static const char *const said[] = {
        "job.cfg:6: where: unknown field `amont`: did you mean `amount`?",
        "job.cfg:9: value: unknown function `uper`: did you mean `upper`? (at column 5: `  + "
        "uper(status)`)",
        "job.cfg:10: value: it gives str, not f64: cast(x, \"TYPE\") reads one", NULL};
    expect_said("check",
                "{ id = \"f\"; op = \"lua.filter\"; input = \"in\"; where = \"amont > 3\"; },\n"
                "{ id = \"x\"; op = \"lua.map\"; input = \"in\"; set = (\n"
                "  { name = \"a\"; type = \"i64\"; value = \"id\n"
                "  + uper(status)\"; },\n"
                "  { name = \"b\"; type = \"f64\"; value = \"status\"; } ); },\n" OUT,
                2, said);
}

static void a_group_that_a_pattern_does_not_have_is_told_at_check(void)
{
    static const char *const said[] = {"job.cfg:6: where: the pattern has no group 2: it has 1",
                                       NULL};
    static const char *const fine[] = {"job.cfg: nothing wrong", NULL};
    expect_said(
        "check",
        "{ id = \"x\"; op = \"lua.filter\"; input = \"in\"; where = \"re(status, '(p)aid', 2) "
        "== 'p'\"; },\n" OUT,
        2, said);
    expect_said(
        "check",
        "{ id = \"x\"; op = \"lua.filter\"; input = \"in\"; where = \"re(status, '(p)aid', 1) "
        "== 'p'\"; },\n" OUT,
        0, fine);
}

static void a_bad_row_fails_the_job_with_its_place_and_the_row(void)
{
    static const char *const said[] = {
        "job.cfg:7: amount is null; write coalesce(amount, ...), or amount ~= nil and ...",
        "{\"id\":2,\"amount\":null,\"price\":2,\"status\":\"open\"}", "lua.map", NULL};
    expect_said(
        "run",
        "{ id = \"x\"; op = \"lua.map\"; input = \"in\"; set = ({ name = \"a\"; value = \"1 +\n"
        " amount\"; }); },\n" OUT,
        1, said);
}

static void a_bad_row_is_skipped_or_goes_to_the_port(void)
{
    static const char *const skipped[] = {"1,5,1.5,paid,6\n4,-3,4,a longer status,-2\n", "2 bad",
                                          NULL};
    static const char *const told[] = {"job.cfg:6: amount is null",
                                       "job.cfg:6: amount + 1 is beyond an i64", NULL};
    expect_said("run",
                "{ id = \"x\"; op = \"lua.map\"; input = \"in\"; on_error = \"skip\"; set = ({ "
                "name = \"a\"; value = \"amount + 1\"; }); },\n" OUT,
                0, skipped);
    expect_said("run",
                "{ id = \"m\"; op = \"lua.map\"; input = \"in\"; on_error = \"port\"; set = ({ "
                "name = \"a\"; value = \"amount + 1\"; }); },\n"
                "{ id = \"x\"; op = \"std.pass\"; input = \"m.errors\"; },\n"
                "{ id = \"n\"; op = \"std.null\"; input = \"m\"; },\n" OUT,
                0, told);
    expect_said("run",
                "{ id = \"x\"; op = \"lua.filter\"; input = \"in\"; on_error = \"skip\"; where = "
                "\"amount + 1 > 0\"; },\n" OUT,
                0, (const char *const[]){"1,5,1.5,paid\n", "2 bad", NULL});
}

static void times_patterns_and_hashes_are_those_of_code(void)
{
    static const char *const said[] = {"1,1704164640000000,1704153600000000,03 2,4,x,true\n", NULL};
    static const char *const mistakes[] = {
        "job.cfg:6: where: missing closing parenthesis", "job.cfg:7: where: \"5q\" is no unit",
        "job.cfg:8: where: the format \"%Q\" has a directive that is none of",
        "job.cfg:9: where: the format \"%H:%M\" does not say which year it is", NULL};
    expect_said(
        "run",
        "{ id = \"one\"; op = \"lua.filter\"; input = \"in\"; where = \"re(status, '^p.id$') and "
        "id == 1\"; },\n"
        "{ id = \"m\"; op = \"lua.map\"; input = \"one\"; set = (\n"
        "  { name = \"t\"; value = \"time.parse('2024-01-02 03:04')\"; },\n"
        "  { name = \"day\"; value = \"time.floor(t, '1d')\"; },\n"
        "  { name = \"text\"; value = \"time.format(t, '%H') .. ' ' .. time.weekday(day)\"; },\n"
        "  { name = \"minute\"; value = \"time.minute(t)\"; },\n"
        "  { name = \"group\"; value = \"coalesce(re(status, '(x)?a', 1), 'x')\"; },\n"
        "  { name = \"same\"; value = \"hash(3) == hash(3.0) and hash('3') ~= hash(3)\"; } ); },\n"
        "{ id = \"x\"; op = \"std.select\"; input = \"m\"; fields = [\"id\", \"t\", \"day\", "
        "\"text\", \"minute\", \"group\", \"same\"]; },\n" OUT,
        0, said);
    expect_said(
        "check",
        "{ id = \"a\"; op = \"lua.filter\"; input = \"in\"; where = \"re(status, '(')\"; },\n"
        "{ id = \"b\"; op = \"lua.filter\"; input = \"in\"; where = \"time.floor(cast(id, 'time'), "
        "'5q') == nil\"; },\n"
        "{ id = \"x\"; op = \"lua.filter\"; input = \"in\"; where = \"time.parse(status, '%Q') == "
        "nil\"; },\n"
        "{ id = \"y\"; op = \"lua.filter\"; input = \"in\"; where = \"time.parse(status, '%H:%M') "
        "== "
        "nil\"; },\n" OUT,
        2, mistakes);
}

static void a_pattern_that_goes_back_for_ever_ends_with_a_sentence(void)
{
    static const char *const said[] = {
        "job.cfg:7: re(status, '^(([a-z])+.)+[A-Z]([a-z])+$') takes too long for this text", NULL};
    expect_said("run",
                "{ id = \"l\"; op = \"lua.map\"; input = \"in\"; set = ({ name = \"status\"; value "
                "= \"'" A64 A64 "'\"; }); },\n"
                "{ id = \"x\"; op = \"lua.filter\"; input = \"l\"; where = \"re(status, "
                "'^(([a-z])+.)+[A-Z]([a-z])+$')\"; },\n" OUT,
                1, said);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_filter_keeps_the_rows_of_which_it_is_true),
    SUITE_TEST(a_map_sets_fields_in_order),
    SUITE_TEST(mistakes_are_told_at_their_line_all_of_them),
    SUITE_TEST(a_group_that_a_pattern_does_not_have_is_told_at_check),
    SUITE_TEST(a_bad_row_fails_the_job_with_its_place_and_the_row),
    SUITE_TEST(a_bad_row_is_skipped_or_goes_to_the_port),
    SUITE_TEST(times_patterns_and_hashes_are_those_of_code),
    SUITE_TEST(a_pattern_that_goes_back_for_ever_ends_with_a_sentence),
};
SUITE_MAIN("lua_expr_jobs", tests)
