/* Code in a job file: what is wrong with it is told at its line, wherever the string that it stands in begins and
 * however it is written. */
#include "run_job.h"
#include "support/files.h"
#include "support/suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Line 4 is that of `code`, which the middle goes on with. */
#define HEAD                                                                                       \
    "job = \"code\"; mode = \"batch\";\noperators = (\n"                                           \
    "{ id = \"in\"; op = \"gen.sequence\"; from = 1; to = 3; },\n"                                 \
    "{ id = \"a\"; op = \"lua.flat_map\"; input = \"in\"; schema = ({name = \"n\"; type = "        \
    "\"i64\";}); "
#define TAIL                                                                                       \
    "},\n{ id = \"out\"; op = \"file.write\"; input = \"a\"; path = \"-\"; parallelism = 1; "      \
    "}\n);\n"

/* `gyre check` of a job says `wanted`, and nothing else but its last line; NULL: nothing is wrong. */
static void check_job(const char *job, const char *wanted)
{
    struct process_result result;
    char *dir = dir_temp(), *program = build_path("gyre");
    run_write(dir, "job.cfg", job);
    struct process_spec spec = {.argv = ARGV(program, "check", "job.cfg"), .cwd = dir};
    process_run(&spec, &result);
    bool told = wanted == NULL || strstr(result.err, wanted) == result.err;
    CU_ASSERT_EQUAL(result.status, wanted != NULL ? 2 : 0);
    CU_ASSERT(told);
    if (!told || (wanted == NULL && result.status != 0))
        fprintf(stderr, "%s\n--- says\n%s--- not\n%s\n", job, result.err,
                wanted != NULL ? wanted : "nothing");
    process_result_fini(&result);
    free(program);
    dir_end(dir);
}

static void check_told(const char *middle, const char *wanted)
{
    char *job = text_format(HEAD "%s" TAIL, middle);
    check_job(job, wanted);
    free(job);
}

/* The same of an operator over rows with a field of this name, a str. */
static void check_field(const char *field, const char *operator, const char * wanted)
{
    char *job = text_format(
        "job = \"code\"; mode = \"batch\";\noperators = (\n"
        "{ id = \"in\"; op = \"gen.sequence\"; from = 1; to = 3; },\n"
        "{ id = \"of\"; op = \"lua.map\"; input = \"in\";\n"
        "  set = ( {name = \"%s\"; value = \"'x' .. value\";} ); },\n"
        "{ id = \"a\"; input = \"of\"; schema = ({name = \"emit\"; type = \"i64\";}); %s" TAIL,
        field, operator);
    check_job(job, wanted);
    free(job);
}

static void a_mistake_is_told_at_its_line_inside_the_string(void)
{
    suite_need_plugin("lua", "LuaJIT");
    check_told("code = \"if n then\"; ", "job.cfg:4: code: 'end' expected near '<eof>'");
    check_told("code = \"if n then\n for i = 1, 2 do\n end\n\"; ",
               "job.cfg:7: code: 'end' expected (to close 'if' at line 4) near '<eof>'");
    check_told("code = \"\nlocal x = 1\nlocal y = = 2\n\";",
               "job.cfg:6: code: unexpected symbol near '='");
    check_told("code = \"emit{n = 1}\n\n  emit{n = nn}\";",
               "job.cfg:6: code: no name `nn` is known here");
}

static void a_string_that_begins_later_or_is_of_several_has_its_lines(void)
{
    suite_need_plugin("lua", "LuaJIT");
    check_told("code =\n\n# why\n  \"emit{n = m}\n\";\n",
               "job.cfg:7: code: no name `m` is known here");
    check_told("code = \"local a = 1\\nlocal b = 2\"\n\"\\nlocal c = d\\n\"\n/* e\n */ \"f = 3\";",
               "job.cfg:5: code: no name `d` is known here");
    check_told("code = \"local a = 1\\n\"\n/* e\n */ \"\n f = 3\";",
               "job.cfg:7: code: `f` is no `local`");
}

static void a_name_that_is_nearly_a_field_or_a_function_is_asked_for(void)
{
    suite_need_plugin("lua", "LuaJIT");
    check_told("code = \"emit{n = valeu}\";",
               "job.cfg:4: code: no name `valeu` is known here: did you mean `value`?");
    check_told("code = \"emti{n = 1}\";",
               "job.cfg:4: code: no name `emti` is known here: did you mean `emit`?");
}

static void code_of_a_file_is_told_of_at_its_own_line(void)
{
    suite_need_plugin("lua", "LuaJIT");
    struct process_result result;
    char *dir = dir_temp(), *program = build_path("gyre");
    run_write(dir, "job.cfg", HEAD "file = \"f.lua\";" TAIL);
    run_write(dir, "f.lua", "local a = 1\n\nemit{n = a + b}\n");
    struct process_spec spec = {.argv = ARGV(program, "check", "job.cfg"), .cwd = dir};
    process_run(&spec, &result);
    CU_ASSERT_EQUAL(result.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "f.lua:3: no name `b` is known here"));
    process_result_fini(&result);
    run_write(dir, "job.cfg", HEAD "file = \"g.lua\";" TAIL);
    process_run(&spec, &result);
    CU_ASSERT_EQUAL(result.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "job.cfg:4: file: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "g.lua cannot be read: No such file or directory"));
    process_result_fini(&result);
    free(program);
    dir_end(dir);
}

static void a_zero_byte_in_a_file_of_code_is_told_at_its_line(void)
{
    suite_need_plugin("lua", "LuaJIT");
    static const char code[] = "local a = 1\n\nemit{n = 1} --\0 emit{n = 2}\n";
    struct process_result result;
    char *dir = dir_temp(), *program = build_path("gyre"), *path = path_join(dir, "f.lua");
    run_write(dir, "job.cfg", HEAD "file = \"f.lua\";" TAIL);
    file_write(path, code, sizeof code - 1);
    struct process_spec spec = {.argv = ARGV(program, "check", "job.cfg"), .cwd = dir};
    process_run(&spec, &result);
    CU_ASSERT_EQUAL(result.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "f.lua:3: a zero byte in code"));
    process_result_fini(&result);
    free(path);
    free(program);
    dir_end(dir);
}

/* `gyre check` of a job whose code requires `util`, which has this text, says `wanted`. */
static void check_module(const char *text, const char *wanted)
{
    struct process_result result;
    char *dir = dir_temp(), *program = build_path("gyre");
    run_write(dir, "job.cfg",
              HEAD "code = \"local u = require 'util' emit{n = u.twice(value)}\";" TAIL);
    run_write(dir, "util.lua", text);
    struct process_spec spec = {.argv = ARGV(program, "run", "job.cfg"), .cwd = dir};
    process_run(&spec, &result);
    const char *said = result.status == 0 ? result.out : result.err;
    CU_ASSERT_PTR_NOT_NULL(strstr(said, wanted));
    if (strstr(said, wanted) == NULL)
        fprintf(stderr, "%s\n--- says\n%s--- not\n%s\n", text, said, wanted);
    process_result_fini(&result);
    free(program);
    dir_end(dir);
}

static void a_file_beside_the_job_is_required_and_told_of_at_its_own_line(void)
{
    suite_need_plugin("lua", "LuaJIT");
    check_module("return {twice = function(x) return 2 * x end}\n", "2\n4\n6\n");
    check_module("local M = {}\nfunction M.twice(x)\n  return x + y\nend\nreturn M\n",
                 "util.lua:3: code: no name `y` is known here");
    check_module("local M = {}\nfunction M.twice(x)\n  error('no')\nend\nreturn M\n",
                 "util.lua:3: no");
    check_module("local M = {}\nfunction M.twice(x)\n  while true do end\nend\nreturn M\n",
                 "util.lua:3: took more than 10000000 steps");
    check_module("return = 1\n", "util.lua:1: code: ");
    check_module("require 'util'\nreturn {}\n", "require: `util` requires itself");
}

static void code_and_file_exclude_each_other_and_one_must_be_there(void)
{
    suite_need_plugin("lua", "LuaJIT");
    check_told("code = \"\"; file = \"f.lua\";", "job.cfg:4: file: `code` is given already");
    check_told("", "job.cfg:4: lua.flat_map: needs the option `code`");
}

/* Text, with more behind it. */
static char *text_more(char *text, const char *format, ...)
{
    char some[128];
    va_list args;
    va_start(args, format);
    vsnprintf(some, sizeof some, format, args);
    va_end(args);
    char *both = text_format("%s%s", text, some);
    free(text);
    return both;
}

/* Rows of many fields: f0, f1, ... of which code reads some and puts out as many. */
static void check_wide(int n_read, int status, const char *wanted)
{
    struct process_result result;
    char *dir = dir_temp(), *program = build_path("gyre"), *fields = strdup(""), *code = strdup(""),
         *row = strdup("");
    for (int i = 0; i < 300; i++) {
        fields = text_more(fields, "%s{name = \"f%d\"; type = \"i64\"; nullable = true;}",
                           i == 0 ? "" : ", ", i);
        row = text_more(row, "%s%d", i == 0 ? "" : ",", i);
        code = text_more(code, "f%d = %s%d, ", i, i < n_read ? "f" : "", i);
    }
    char *job = text_format(
        "job = \"wide\"; mode = \"batch\";\noperators = (\n"
        "{ id = \"in\"; op = \"file.read\"; path = \"r.csv\"; format = \"csv\"; schema = (%s); },\n"
        "{ id = \"a\"; op = \"lua.flat_map\"; input = \"in\"; schema = (%s);\n"
        "  code = \"emit{%s}\" " TAIL,
        fields, fields, code);
    run_write(dir, "job.cfg", job);
    run_write(dir, "r.csv", row);
    struct process_spec spec = {.argv = ARGV(program, "run", "job.cfg"), .cwd = dir};
    process_run(&spec, &result);
    CU_ASSERT_EQUAL(result.status, status);
    const char *said = status == 0 ? result.out : result.err;
    CU_ASSERT(strncmp(said, wanted != NULL ? wanted : row, strlen(wanted != NULL ? wanted : row)) ==
              0);
    process_result_fini(&result);
    free(program), free(fields), free(code), free(row), free(job);
    dir_end(dir);
}

static void rows_may_have_many_fields_and_code_reads_up_to_a_hundred(void)
{
    suite_need_plugin("lua", "LuaJIT");
    check_wide(50, 0, NULL);
    check_wide(51, 0, NULL);
    check_wide(100, 0, NULL);
    check_wide(101, 2, "job.cfg:5: code: reads 101 fields: code may read 100");
}

/* Fields are names in code, and come before those of the sandbox. */
static void a_field_that_hides_what_code_calls_is_told(void)
{
    suite_need_plugin("lua", "LuaJIT");
    check_field("emit", "op = \"lua.flat_map\"; code = \"local n = 1\n\nemit{emit = n}\";",
                "job.cfg:8: code: `emit` is a field of the input, which hides what is called here: "
                "rename the field before, by std.select");
    check_field("emit", "op = \"lua.flat_map\"; code = \"local f = function()\n emit{} end f()\";",
                "job.cfg:7: code: `emit` is a field of the input");
    check_field("error", "op = \"lua.flat_map\"; code = \"emit{emit = error(error)}\";",
                "job.cfg:6: code: `error` is a field of the input");
    check_field("timer",
                "op = \"lua.process\"; on_timer = \"\";\non_row = \"\nif value > 1 and timer "
                "then timer(value, (value > 3 and value or 5)) end\";",
                "job.cfg:8: on_row: `timer` is a field of the input");
    check_field("time", "op = \"lua.flat_map\"; code = \"emit{emit = time.year(value)}\";",
                "job.cfg:6: code: `time` is a field of the input");
    check_field("tags", "op = \"lua.flat_map\"; code = \"emit{emit = tags(value)}\";",
                "job.cfg:6: code: `tags` is a value here, and no function");
}

static void a_field_may_have_the_name_of_what_is_not_called(void)
{
    suite_need_plugin("lua", "LuaJIT");
    check_field("value2", "op = \"lua.flat_map\"; code = \"emit{emit = value}\";", NULL);
    check_field("timer", "op = \"lua.process\"; on_row = \"emit{emit = #timer}\";", NULL);
    check_field("string", "op = \"lua.flat_map\"; code = \"emit{emit = #string:upper()}\";", NULL);
    check_field("error",
                "op = \"lua.flat_map\"; code = \"local e, f = error, tonumber "
                "if error then emit{emit = f(value)} end\";",
                NULL);
    check_field(
        "next",
        "op = \"lua.flat_map\"; code = \"local a = next emit{emit = tonumber(a and next) or "
        "tonumber(value)}\";",
        NULL);
    check_field("next",
                "op = \"lua.flat_map\"; code = \"local a, b = 'id ' .. next, 1 emit{emit = "
                "tonumber(next)}\n"
                "emit{emit = tonumber(('%d'):format(b))} for i = 1, #next do emit{emit = i} end "
                "if value > b then emit{emit = b > 0 and #next or 2} end\";",
                NULL);
    check_field("now",
                "op = \"lua.flat_map\"; code = \"local now = tonumber emit{emit = now(value)}\";",
                NULL);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_field_that_hides_what_code_calls_is_told),
    SUITE_TEST(a_field_may_have_the_name_of_what_is_not_called),
    SUITE_TEST(a_mistake_is_told_at_its_line_inside_the_string),
    SUITE_TEST(a_string_that_begins_later_or_is_of_several_has_its_lines),
    SUITE_TEST(a_name_that_is_nearly_a_field_or_a_function_is_asked_for),
    SUITE_TEST(code_of_a_file_is_told_of_at_its_own_line),
    SUITE_TEST(a_zero_byte_in_a_file_of_code_is_told_at_its_line),
    SUITE_TEST(a_file_beside_the_job_is_required_and_told_of_at_its_own_line),
    SUITE_TEST(rows_may_have_many_fields_and_code_reads_up_to_a_hundred),
    SUITE_TEST(code_and_file_exclude_each_other_and_one_must_be_there),
};
SUITE_MAIN("lua_code", tests)
