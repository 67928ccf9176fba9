/* json.parse from outside: what `gyre check` says of wrong options, and what becomes of texts. */
#include "run_job.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The operator between files of lines; its settings stand at line 5. */
#define JOB                                                                                        \
    "job = \"t\"; mode = \"batch\"; parallelism = 1;\n"                                            \
    "operators = (\n"                                                                              \
    "  { id = \"in\"; op = \"file.read\"; path = \"in\"; },\n"                                     \
    "  { id = \"a\"; op = \"json.parse\"; input = \"in\"; on_error = \"port\";\n"                  \
    "    %s },\n"                                                                                  \
    "  { id = \"out\"; op = \"file.write\"; input = \"a\"; path = \"-\"; format = \"json\"; },\n"  \
    "  { id = \"bad\"; op = \"file.write\"; input = \"a.errors\"; path = \"bad\"; delimiter = "    \
    "\";\"; quote = \"^\"; }\n);\n"

struct parsing {
    const char *op, *in, *out;
};

static bool same(const char *op, const char *is, const char *wanted)
{
    if (strcmp(is, wanted) == 0)
        return true;
    printf("%s\n--- is\n%s--- not\n%s", op, is, wanted);
    return false;
}

/* Runs each; rows come out as JSON, then "error" of each bad row. */
static void expect_parsed(const struct parsing *list, size_t n)
{
    char *dir = dir_temp();
    for (size_t i = 0; i < n; i++) {
        struct process_result result;
        char *job = text_format(JOB, list[i].op);
        run_write(dir, "in", list[i].in);
        run_job(dir, job, NULL, &result);
        if (result.status != 0)
            printf("%s", result.err);
        CU_ASSERT_EQUAL(result.status, 0);
        char *bad = run_read(dir, "bad"), *all = text_format("%s%s", result.out, bad);
        char *to = all + strlen(result.out);
        for (const char *from = bad; *from != 0; from = strchr(from, '\n') + 1) {
            size_t length = strcspn(from, ";\n"); /* without the row */
            memmove(to, from, length);
            to += length;
            *to++ = '\n';
        }
        *to = 0;
        CU_ASSERT_TRUE(same(list[i].op, all, list[i].out));
        process_result_fini(&result);
        free(bad);
        free(all);
        free(job);
    }
    dir_end(dir);
}

#define EXPECT(list) expect_parsed(list, sizeof(list) / sizeof(list)[0])

/* ---- mistakes ---------------------------------------------------------------------------------- */

static const struct {
    const char *op;
    const char *says;
} mistakes[] = {
    {"field = \"x\";", "job.cfg:4: json.parse needs the option `fields`: the fields: { name = "
                       "\"id\"; path = \"user.id\"; type = \"i64\"; }, ...\n"},
    {"fields = ();", "job.cfg:5: fields: an empty list of fields\n"},
    {"fields = ({name = \"a\";}); field = \"lime\";",
     "job.cfg:5: field: unknown field `lime`: did you mean `line`? (`in` has {line: str})\n"},
    {"fields = ({name = \"a\";},\n{name = \"b\"; path = \"x..y\";});",
     "job.cfg:6: path: at byte 2 of the path: a key is expected; an empty one is "
     "[\"\"]\n"},
    {"fields = ({name = \"a\"; path = \"x[-1]\";});",
     "job.cfg:5: path: at byte 2 of the path: an index is a number from 0 on, a key "
     "stands in quotes\n"},
    {"fields = ({name = \"a\"; path = \"x[*].b\";});",
     "job.cfg:5: path: [*] is each element of the array that `flat` names\n"},
    {"fields = ({name = \"a\"; path = \"x['b\";});",
     "job.cfg:5: path: at byte 2 of the path: a quote that is not closed\n"},
    {"fields = ({name = \"a\"; path = \"\";});",
     "job.cfg:5: path: at byte 0 of the path: it is empty; the whole value is $\n"},
    {"fields = ({name = \"a\"; type = \"i65\";});",
     "job.cfg:5: type: expected \"str\", \"i64\", \"f64\", \"i32\", \"bool\" or \"time\", not "
     "\"i65\": did you mean \"i64\"?\n"},
    {"fields = ({name = \"a\";}); flat = \"a[*].b\";",
     "job.cfg:5: flat: one array is flattened: take the inner ones as str, and let a second "
     "json.parse flatten them\n"},
    {"fields = ({name = \"a\";}, {name = \"a\";});",
     "job.cfg:4: json.parse: the output has a field `a` already: {a: str}\n"},
    {"fields = ({name = \"a\";}); time_format = \"%x\";",
     "job.cfg:5: time_format: \"%x\" has a directive that is none of %Y %y %m %d %e %j %H %k %I %l "
     "%p %M %S %f %z %Z %s %b %B %h %a %A %F %T %R %D %n %t %%\n"},
};

static void wrong_options_are_told_with_the_line_they_stand_at(void)
{
    static const char *const environment[] = {"GYRE_PLUGIN_PATH", NULL};
    char *dir = dir_temp(), *program = build_path("gyre");
    run_write(dir, "in", "");
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct process_result result;
        char *job = text_format(JOB, mistakes[i].op);
        run_write(dir, "job.cfg", job);
        process_run(&(struct process_spec){.argv = ARGV(program, "check", "job.cfg"),
                                           .env = environment,
                                           .cwd = dir},
                    &result);
        CU_ASSERT_EQUAL(result.status, 2);
        CU_ASSERT_TRUE(same(mistakes[i].op, result.err, mistakes[i].says));
        process_result_fini(&result);
        free(job);
    }
    free(program);
    dir_end(dir);
}

/* ---- values ------------------------------------------------------------------------------------ */

static const struct parsing values[] = {
    /* i64 is exact, and nothing is made of what is none */
    {"fields = ({name = \"id\"; path = \"user.id\"; type = \"i64\";});",
     "{\"user\":{\"id\":9007199254740993,\"x\":[1,{\"id\":2}]},\"id\":3}\n"
     "{\"id\":1,\"user\":{\"id\":-9223372036854775808}}\n"
     "{\"user\":{\"id\":9223372036854775808}}\n{\"user\":{\"id\":\"7\"}}\n{\"user\":{\"id\":1.0}}\n"
     "{\"user\":{\"id\":null}}\n{\"user\":{}}\n{\"user\":7}\n{\"user.id\":7}\n[]\n7\n",
     "{\"id\":9007199254740993}\n{\"id\":-9223372036854775808}\n"
     "field `id`: 9223372036854775808 is no i64\nfield `id`: \"7\" is no i64\n"
     "field `id`: 1.0 is no i64\nfield `id` is null, and not nullable\n"
     "field `id` is missing, and not nullable\nfield `id` is missing, and not nullable\n"
     "field `id` is missing, and not nullable\nfield `id` is missing, and not nullable\n"
     "field `id` is missing, and not nullable\n"},
    /* a str is a string's text, and of anything else its JSON */
    {"fields = ({name = \"a\"; nullable = true;}, {name = \"b\"; path = \"a.b\"; nullable = "
     "true;}, "
     "{name = \"all\"; path = \"$\";});",
     "{\"a\":{\"b\":[1, \"x\\n\"], \"c\": true}}\n{\"a\":\"\\u00e9\\ud83d\\ude00 and more than "
     "twelve bytes\"}\n{\"a\":1e5}\n{\"a\":null}\n\"top\"\n 12 \n{\"a\":\"\",\"a\":false}\n",
     "{\"a\":\"{\\\"b\\\":[1, \\\"x\\\\n\\\"], \\\"c\\\": true}\",\"b\":\"[1, \\\"x\\\\n\\\"]\","
     "\"all\":\"{\\\"a\\\":{\\\"b\\\":[1, \\\"x\\\\n\\\"], \\\"c\\\": true}}\"}\n"
     "{\"a\":\"\xc3\xa9\xf0\x9f\x98\x80 and more than twelve "
     "bytes\",\"b\":null,\"all\":\"{\\\"a\\\":"
     "\\\"\\\\u00e9\\\\ud83d\\\\ude00 and more than twelve bytes\\\"}\"}\n"
     "{\"a\":\"1e5\",\"b\":null,\"all\":\"{\\\"a\\\":1e5}\"}\n"
     "{\"a\":null,\"b\":null,\"all\":\"{\\\"a\\\":null}\"}\n"
     "{\"a\":null,\"b\":null,\"all\":\"top\"}\n{\"a\":null,\"b\":null,\"all\":\"12\"}\n"
     "{\"a\":\"false\",\"b\":null,\"all\":\"{\\\"a\\\":\\\"\\\",\\\"a\\\":false}\"}\n"},
    /* the other types */
    {"time_format = \"s\"; fields = ({name = \"t\"; type = \"time\";}, {name = \"f\"; type = "
     "\"f64\"; "
     "nullable = true;}, {name = \"b\"; type = \"bool\"; nullable = true;}, {name = \"i\"; type = "
     "\"i32\"; nullable = true;});",
     "{\"t\":1.5,\"f\":1e-3,\"b\":true,\"i\":-7}\n{\"t\":\"1970-01-01T00:00:01Z\",\"b\":false}\n"
     "{\"t\":true}\n{\"t\":\"\"}\n{\"t\":0,\"i\":2147483648}\n{\"t\":0,\"b\":1}\n{\"t\":0,\"f\":"
     "1e999}\n",
     "{\"t\":1500000,\"f\":0.001,\"b\":true,\"i\":-7}\n"
     "{\"t\":1000000,\"f\":null,\"b\":false,\"i\":null}\n"
     "field `t`: true is no time, expected seconds since the epoch, or ISO 8601 as in "
     "2025-01-02T03:04:05.678Z\n"
     "field `t`: \"\" is no time, expected ISO 8601, as in 2025-01-02T03:04:05.678Z\n"
     "field `i`: 2147483648 is no i32\nfield `b`: 1 is no bool\nfield `f`: 1e999 is no f64\n"},
    /* paths */
    {"keep = \"none\"; fields = ({name = \"a.b\";}, {name = \"x\"; path = \"a.b\";}, {name = "
     "\"y\"; path = "
     "\"$.l[1][0]\";}, {name = \"z\"; path = \"['k[0]'].\\\"\\\"\";}, {name = \"again\"; path = "
     "\"a.b\";});",
     "{\"a.b\":\"1\",\"a\":{\"b\":\"2\"},\"l\":[[],[\"3\",4]],\"k[0]\":{\"\":\"5\"}}\n",
     "{\"a.b\":\"1\",\"x\":\"2\",\"y\":\"3\",\"z\":\"5\",\"again\":\"2\"}\n"},
    /* what is no JSON, and where */
    {"fields = ({name = \"a\"; nullable = true;});",
     "{\"a\":1\n\n{\"a\":01}\n{\"a\":1} "
     "{}\n{'a':1}\n{\"a\":\"\\ud800\"}\n{\"a\":\"\xff\"}\n{\"a\":nul}\n"
     "{\"a\":1,}\n",
     "no JSON: it ends too early\nno JSON: there is no value\n"
     "no JSON, at byte 6: parse error: after key and value, inside map, I expect ',' or '}'\n"
     "no JSON: something follows the value\n"
     "no JSON, at byte 2: lexical error: invalid char in json text.\n"
     "an escape is half of a surrogate pair\nbyte 0xff at 6 is no UTF-8\n"
     "no JSON, at byte 8: lexical error: invalid string in json text.\n"
     "no JSON, at byte 8: parse error: invalid object key (must be a string)\n"},
};

static void paths_lead_to_values(void)
{
    EXPECT(values);
}

static const struct parsing flats[] = {
    {"flat = \"items\"; fields = ({name = \"id\"; type = \"i64\";}, {name = \"sku\"; path = "
     "\"items.sku\";}, {name = \"n\"; path = \"items[*].n\"; type = \"i64\"; nullable = true;}, "
     "{name = \"first\"; path = \"items[0].sku\";});",
     "{\"items\":[{\"sku\":\"a\",\"n\":1},{\"n\":2,\"sku\":\"b\\u0062 is more than "
     "twelve\"}],\"id\":7}\n"
     "{\"id\":1,\"items\":[]}\n{\"id\":2}\n{\"id\":3,\"items\":null}\n"
     "{\"id\":4,\"items\":{\"sku\":\"x\"}}\n{\"id\":5,\"items\":\"x\"}\n"
     "{\"id\":6,\"items\":[{\"sku\":\"a\"},{\"sku\":null}]}\n{\"items\":[{\"sku\":\"a\"}]}\n",
     "{\"id\":7,\"sku\":\"a\",\"n\":1,\"first\":\"a\"}\n"
     "{\"id\":7,\"sku\":\"bb is more than twelve\",\"n\":2,\"first\":\"a\"}\n"
     "`items` is no array: {\"sku\":\"x\"}}\n`items` is no array: x\n"
     "field `sku` is null, and not nullable\nfield `id` is missing, and not nullable\n"},
    {"flat = \"$\"; keep = \"all\"; fields = ({name = \"v\"; path = \"$\";}, {name = \"w\"; path = "
     "\"$[*][1]\"; "
     "nullable = true;});",
     "[1,[2,3],\"x\"]\n",
     "{\"line\":\"[1,[2,3],\\\"x\\\"]\",\"v\":\"1\",\"w\":null}\n"
     "{\"line\":\"[1,[2,3],\\\"x\\\"]\",\"v\":\"[2,3]\",\"w\":\"3\"}\n"
     "{\"line\":\"[1,[2,3],\\\"x\\\"]\",\"v\":\"x\",\"w\":null}\n"},
};

static void an_array_gives_a_row_for_each_element(void)
{
    EXPECT(flats);
}

/* More elements than a batch has rows, and nesting as deep as it goes. */
static void long_and_deep_texts(void)
{
    enum { N = 5000, DEEP = 512 };
    char *text = malloc(N * 8 + 4 * DEEP + 64), *wanted = malloc(N * 16 + 64), *to = text,
         *want = wanted;
    to += sprintf(to, "[0");
    want += sprintf(want, "{\"v\":0}\n");
    for (int i = 1; i < N; i++) {
        to += sprintf(to, ",%d", i);
        want += sprintf(want, "{\"v\":%d}\n", i);
    }
    to += sprintf(to, "]\n");
    for (int deep = DEEP; deep <= DEEP + 1; deep++) {
        memset(to, '[', (size_t)deep);
        memset(to + deep, ']', (size_t)deep);
        to += 2 * deep;
        *to++ = '\n';
    }
    *to = 0;
    sprintf(want, "field `v`: %.60s... is no i64\nit is nested deeper than 512\n",
            text + (to - text) - 2 * DEEP - 3);
    memset(strstr(wanted, "field `v`: ") + 11, '[', 60);
    struct parsing parsing = {
        "flat = \"$\"; fields = ({name = \"v\"; path = \"$\"; type = \"i64\";});", text, wanted};
    expect_parsed(&parsing, 1);
    free(text);
    free(wanted);
}

static const struct suite_test tests[] = {
    SUITE_TEST(wrong_options_are_told_with_the_line_they_stand_at),
    SUITE_TEST(paths_lead_to_values),
    SUITE_TEST(an_array_gives_a_row_for_each_element),
    SUITE_TEST(long_and_deep_texts),
};
SUITE_MAIN("json_parse", tests)
