/* text.parse and text.split from outside: what `gyre check` says of wrong options, and what becomes of
 * texts. Many of the texts are from what people wrote to the makers of other log parsers. */
#include "run_job.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The operator `a` between files of lines; its settings stand at line 5. */
#define JOB                                                                                        \
    "job = \"t\"; mode = \"batch\"; parallelism = 1;\n"                                            \
    "operators = (\n"                                                                              \
    "  { id = \"in\"; op = \"file.read\"; path = \"in\"; },\n"                                     \
    "  { id = \"a\"; input = \"in\"; on_error = \"port\";\n"                                       \
    "    %s },\n"                                                                                  \
    "  { id = \"out\"; op = \"file.write\"; input = \"a\"; path = \"-\"; format = \"json\"; },\n"  \
    "  { id = \"bad\"; op = \"file.write\"; input = \"a.errors\"; path = \"bad\"; }\n);\n"

static bool same(const char *op, const char *is, const char *wanted)
{
    if (strcmp(is, wanted) == 0)
        return true;
    printf("%s\n--- is\n%s--- not\n%s", op, is, wanted);
    return false;
}

/* Runs the operator over `in`; rows come out as JSON, then each bad row as "!error" and its line end. */
static char *parsed(const char *op, const char *in)
{
    char *dir = dir_temp(), *job = text_format(JOB, op), *bad;
    struct process_result result;
    run_write(dir, "in", in);
    run_job(dir, job, NULL, &result);
    if (result.status != 0)
        printf("%s\n%s", op, result.err);
    CU_ASSERT_EQUAL(result.status, 0);
    bad = run_exists(dir, "bad") ? run_read(dir, "bad") : text_format("%s", "");
    char *all = text_format("%s%s", result.out, bad);
    process_result_fini(&result);
    free(bad);
    free(job);
    dir_end(dir);
    return all;
}

struct parsing {
    const char *op, *in, *out;
};

static void expect_parsed(const struct parsing *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *is = parsed(list[i].op, list[i].in);
        CU_ASSERT_TRUE(same(list[i].op, is, list[i].out));
        free(is);
    }
}

#define EXPECT(list) expect_parsed(list, sizeof(list) / sizeof(list)[0])

/* ---- mistakes ---------------------------------------------------------------------------------- */

static const struct {
    const char *op;
    const char *says;
} mistakes[] = {
    {"op = \"text.parse\";", "job.cfg:4: text.parse: needs `pattern`, or `format`\n"},
    {"op = \"text.parse\"; format = \"clf\";\n pattern = \"(?<a>b)\";",
     "job.cfg:6: pattern: `format` has a pattern of its own: leave out one of them\n"},
    {"op = \"text.parse\";\n pattern = \"ab(?<c>[d\";",
     "job.cfg:6: pattern: the pattern is wrong at byte 9, missing terminating ] for character "
     "class: ab(?<c>[d <-- here \n"},
    {"op = \"text.parse\";\n pattern = \"this pattern is quite long (?<a>x)(?<b y>z) and goes on "
     "behind it\";",
     "job.cfg:6: pattern: the pattern is wrong at byte 38, syntax error in subpattern name "
     "(missing "
     "terminator?): ...s quite long (?<a>x)(?<b <-- here  y>z) and goes on behind...\n"},
    {"op = \"text.parse\";\n pattern = \"a(b)\";",
     "job.cfg:6: pattern: the pattern has no named group: (?<name>...) makes the field `name`\n"},
    {"op = \"text.parse\"; pattern = \"(?<a>b)(?<c>d)\";\n"
     " schema = ({name = \"a\"; type = \"i64\";}, {name = \"b\"; type = \"i64\";});",
     "job.cfg:6: schema: the pattern has no group `b`: it has a, c\n"},
    {"op = \"text.parse\"; pattern = \"(?<a>b)\";\n field = \"lime\";",
     "job.cfg:6: field: unknown field `lime`: did you mean `line`? (`in` has {line: str})\n"},
    {"op = \"text.parse\"; pattern = \"(?<a>b)\";\n time_format = \"%H:%M\";",
     "job.cfg:6: time_format: \"%H:%M\" does not say which year it is: it needs %Y, %y, %F, %D or "
     "%s\n"},
    {"op = \"text.parse\"; format = \"combined\";\n schema = ({name = \"a\"; type = \"i64\";});",
     "job.cfg:6: schema: format \"combined\" has fields of its own (`gyre inspect text.parse` "
     "lists "
     "them); std.select picks and renames\n"},
    {"op = \"text.parse\"; format = \"combined\";\n time_format = \"iso\";",
     "job.cfg:6: time_format: format \"combined\" has times of its own\n"},
    {"op = \"text.parse\"; format = \"logfmt\";",
     "job.cfg:4: text.parse: format \"logfmt\" needs a schema = ( {name=\"...\"; type=\"...\";} ): "
     "the keys that are wanted\n"},
    {"op = \"text.parse\"; format = \"combinded\";",
     "job.cfg:5: format: expected \"none\", \"clf\", \"combined\", \"syslog\" or \"logfmt\", not "
     "\"combinded\": did you mean \"combined\"?\n"},
    {"op = \"text.parse\"; format = \"clf\";\n year = 2024;",
     "job.cfg:6: year: it is for format \"syslog\"\n"},
    {"op = \"text.split\";\n by = \"\";",
     "job.cfg:6: by: what is between the parts? It is empty\n"},
    {"op = \"text.split\"; into = [\"a\", \"b\"];\n as = \"c\";",
     "job.cfg:6: as: it is for parts that become rows: leave out `into`\n"},
    {"op = \"text.split\"; into = [\"a\", \"b\"];\n schema = ({name = \"a\"; type = \"i64\";});",
     "job.cfg:6: schema: leave out one of `into` and `schema`\n"},
    {"op = \"text.split\"; into = [\"line\"]; keep = \"all\";",
     "job.cfg:4: text.split: the output has a field `line` already: {line: str}\n"},
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

/* ---- patterns ---------------------------------------------------------------------------------- */

static const struct parsing patterns[] = {
    {"op = \"text.parse\"; pattern = \"(?<key>[a-z]+)=(?<value>[^ ]*)\";",
     "-- ab=1 cd=2\nx=\nnothing\n",
     "{\"key\":\"ab\",\"value\":\"1\"}\n{\"key\":\"x\",\"value\":\"\"}\n"
     "the pattern does not match,\"{\"\"line\"\":\"\"nothing\"\"}\"\n"},
    /* a group that took no part: empty, null, or a bad row */
    {"op = \"text.parse\"; pattern = \"^(?<a>a)?(?<b>b)?(?<c>c)?(?<d>[0-9]*)$\"; schema = ("
     "{name = \"b\"; type = \"str\"; nullable = true;}, {name = \"c\"; type = \"str\";}, "
     "{name = \"d\"; type = \"i32\"; nullable = true;});",
     "abc1\nc\nab\nabc-\n",
     "{\"a\":\"a\",\"b\":\"b\",\"c\":\"c\",\"d\":1}\n"
     "{\"a\":\"\",\"b\":null,\"c\":\"c\",\"d\":null}\n"
     "\"field `c` is missing, and not nullable\",\"{\"\"line\"\":\"\"ab\"\"}\"\n"
     "the pattern does not match,\"{\"\"line\"\":\"\"abc-\"\"}\"\n"},
    /* numbers and times as in files; i64 is exact */
    {"op = \"text.parse\"; pattern = \"^(?<i>\\\\S+) (?<f>\\\\S+) (?<t>.*)$\"; time_format = "
     "\"iso\"; schema = ("
     "{name = \"i\"; type = \"i64\";}, {name = \"f\"; type = \"f64\";}, {name = \"t\"; type = "
     "\"time\";});",
     "9007199254740993 1e-3 1970-01-01T00:00:01Z\n9223372036854775808 1 1970-01-01\n"
     "1 0x10 1970-01-01\n1 1 yesterday\n",
     "{\"i\":9007199254740993,\"f\":0.001,\"t\":1000000}\n"
     "\"field `i`: \"\"9223372036854775808\"\" is no i64\","
     "\"{\"\"line\"\":\"\"9223372036854775808 1 1970-01-01\"\"}\"\n"
     "\"field `f`: \"\"0x10\"\" is no f64\",\"{\"\"line\"\":\"\"1 0x10 1970-01-01\"\"}\"\n"
     "\"field `t`: \"\"yesterday\"\" is no time, expected ISO 8601, as in "
     "2025-01-02T03:04:05.678Z\",\"{\"\"line\"\":\"\"1 1 yesterday\"\"}\"\n"},
    /* which fields stay; one that is replaced keeps its place */
    {"op = \"text.parse\"; keep = \"all\"; pattern = \"(?<line>[0-9]+)(?<rest>.*)\";", "a12b\n",
     "{\"line\":\"12\",\"rest\":\"b\"}\n"},
    {"op = \"text.parse\"; keep = \"all\"; pattern = \"(?<n>[0-9]+)\";", "a12b\n",
     "{\"line\":\"a12b\",\"n\":\"12\"}\n"},
    /* one name for several groups: that which took part */
    {"op = \"text.parse\"; pattern = \"^(?:a(?<n>[0-9]+)|b(?<n>[a-z]+))$\";", "a12\nbxy\n",
     "{\"n\":\"12\"}\n{\"n\":\"xy\"}\n"},
    /* characters above 0x7f: bytes, but where the pattern has some */
    {"op = \"text.parse\"; pattern = \"^(?<a>[\xc3\xa4\xc3\xb6])(?<b>.)\";",
     "\xc3\xb6\xe2\x82\xac\n", "{\"a\":\"\xc3\xb6\",\"b\":\"\xe2\x82\xac\"}\n"},
    {"op = \"text.parse\"; pattern = \"(*UTF)(?<a>.)(?<b>y)\";", "x\xff\xe2\x82\xacy\nx\xffy\n",
     "{\"a\":\"\xe2\x82\xac\",\"b\":\"y\"}\n"
     "the pattern does not match,\"{\"\"line\"\":\"\"x\xef\xbf\xbdy\"\"}\"\n"},
    /* lines of Windows keep their end */
    {"op = \"text.parse\"; pattern = \"^(?<a>[a-z]+)\\\\R?$\";", "abc\r\n", "{\"a\":\"abc\"}\n"},
};

static void named_groups_become_fields(void)
{
    EXPECT(patterns);
}

/* Patterns that take for ever on texts that nearly match. */
static void no_text_keeps_a_pattern_for_long(void)
{
    static const char *const evil[] = {
        "^(?<a>(x+)+)$",        "^(?<a>(?:x|x)*)y!",
        "^(?<a>(?:x*)*)[^x!]!", "^(?<a>x*x*x*x*x*x*x*x*x*x*)y!",
        "(?<a>(?:xx?)+)y!",     "(*NO_JIT)^(?<a>(x+)+)$",
    };
    char line[128];
    memset(line, 'x', 100);
    strcpy(line + 100, "!y!\n");
    for (size_t i = 0; i < sizeof evil / sizeof evil[0]; i++) {
        char *op = text_format("op = \"text.parse\"; pattern = \"%s\";", evil[i]);
        char *is = parsed(op, line);
        CU_ASSERT_PTR_NOT_NULL(strstr(is, "the pattern gave up after 1000000 steps"));
        if (strstr(is, "gave up") == NULL)
            printf("%s: %s", evil[i], is);
        free(is);
        free(op);
    }
    char *is = parsed("op = \"text.parse\"; steps = 3; pattern = \"^(?<a>(x+)+)$\";", line);
    CU_ASSERT_PTR_NOT_NULL(strstr(is, "the pattern gave up after 3 steps"));
    free(is);
}

/* A text of a megabyte: what is tried at each of its bytes would take hours. */
static void long_texts_are_searched_in_part(void)
{
    enum { N = 1 << 20 };
    char *line = malloc(N + 8);
    memset(line, 'x', N);
    strcpy(line + N, "!y@\n");
    char *is = parsed("op = \"text.parse\"; pattern = \"(?<a>x[a-z]*+)@\";", line);
    CU_ASSERT_PTR_NOT_NULL(strstr(is, "no match begins in the first 1023 bytes, and in a text of"));
    free(is);
    is = parsed(
        "op = \"text.parse\"; pattern = \"^(?<a>x[a-z]{3})(?<b>.*)!(?<c>.)\"; keep = \"none\";",
        line);
    CU_ASSERT_PTR_NOT_NULL(strstr(is, "{\"a\":\"xxxx\",\"b\":\"xxxxx"));
    CU_ASSERT_PTR_NOT_NULL(strstr(is, "xxxxx\",\"c\":\"y\"}"));
    free(is);
    /* what needs a place to go back to for each byte */
    is = parsed("op = \"text.parse\"; pattern = \"^(?<a>(x|z)+)\";", line);
    CU_ASSERT_PTR_NOT_NULL(strstr(is, "the pattern needs more than 1024 KiB"));
    free(is);
    free(line);
}

/* ---- formats ----------------------------------------------------------------------------------- */

#define WEB(rest) "1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] " rest "\n"
#define HOST      "{\"host\":\"1.2.3.4\",\"ident\":null,\"user\":null,\"time\":971211336000000,"

static const struct parsing formats[] = {
    {"op = \"text.parse\"; format = \"clf\";",
     "127.0.0.1 user-identifier frank [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif HTTP/1.0\" "
     "200 2326\n" WEB("\"-\" 408 -")
     /* TLS spoken to a plain port; a request without a protocol; blanks in a path */
     WEB("\"\\x16\\x03\\x01\\x02\" 400 166") WEB("\"GET /\" 200 1")
         WEB("\"GET /a b HTTP/x HTTP/1.1\" 404 0") WEB("\"\" 400 0") WEB("\"GET / HTTP/1.1\" - 0"),
     "{\"host\":\"127.0.0.1\",\"ident\":\"user-identifier\",\"user\":\"frank\",\"time\":"
     "971211336000000,\"request\":\"GET /apache_pb.gif HTTP/1.0\",\"method\":\"GET\",\"path\":"
     "\"/apache_pb.gif\",\"protocol\":\"HTTP/1.0\",\"status\":200,\"bytes\":2326}\n" HOST
     "\"request\":\"-\",\"method\":null,\"path\":null,\"protocol\":null,\"status\":408,"
     "\"bytes\":null}\n" HOST
     "\"request\":\"\\\\x16\\\\x03\\\\x01\\\\x02\",\"method\":null,\"path\":null,\"protocol\":"
     "null,\"status\":400,\"bytes\":166}\n" HOST
     "\"request\":\"GET /\",\"method\":\"GET\",\"path\":\"/\",\"protocol\":null,\"status\":200,"
     "\"bytes\":1}\n" HOST
     "\"request\":\"GET /a b HTTP/x HTTP/1.1\",\"method\":\"GET\",\"path\":\"/a b HTTP/x\","
     "\"protocol\":\"HTTP/1.1\",\"status\":404,\"bytes\":0}\n" HOST
     "\"request\":\"\",\"method\":null,\"path\":null,\"protocol\":null,\"status\":400,"
     "\"bytes\":0}\n"
     "\"no line of format \"\"clf\"\"\",\"{\"\"line\"\":\"\"1.2.3.4 - - [10/Oct/2000:13:55:36 "
     "-0700] \\\"\"GET / HTTP/1.1\\\"\" - 0\"\"}\"\n"},
    {"op = \"text.parse\"; format = \"combined\"; keep = \"none\";",
     /* users with blanks and @; quotes in agents; more fields than the format has; no such day */
     "::1 - a user@x [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/2.0\" 200 5 \"-\" \"-\"\n"
     "::1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/2.0\" 200 5 \"\" \"a \\\"b\\\" \\\\\" "
     "0.002 x\n"
     "::1 - - [31/Feb/2000:13:55:36 -0700] \"GET / HTTP/2.0\" 200 5 \"-\" \"-\"\n"
     "::1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/2.0\" 200 5\n",
     "{\"host\":\"::1\",\"ident\":null,\"user\":\"a user@x\",\"time\":971211336000000,\"request\":"
     "\"GET / "
     "HTTP/2.0\",\"method\":\"GET\",\"path\":\"/\",\"protocol\":\"HTTP/2.0\",\"status\":200,"
     "\"bytes\":5,\"referer\":null,\"agent\":null}\n"
     "{\"host\":\"::1\",\"ident\":null,\"user\":null,\"time\":971211336000000,\"request\":"
     "\"GET / "
     "HTTP/2.0\",\"method\":\"GET\",\"path\":\"/\",\"protocol\":\"HTTP/2.0\",\"status\":200,"
     "\"bytes\":5,\"referer\":\"\",\"agent\":\"a \\\\\\\"b\\\\\\\" \\\\\\\\\"}\n"
     "\"field `time`: \"\"31/Feb/2000:13:55:36 -0700\"\" is no time, expected %d/%b/%Y:%H:%M:%S "
     "%z\",\"{\"\"line\"\":\"\"::1 - - [31/Feb/2000:13:55:36 -0700] \\\"\"GET / HTTP/2.0\\\"\" 200 "
     "5 "
     "\\\"\"-\\\"\" \\\"\"-\\\"\"\"\"}\"\n"
     "\"no line of format \"\"combined\"\"\",\"{\"\"line\"\":\"\"::1 - - [10/Oct/2000:13:55:36 "
     "-0700] "
     "\\\"\"GET / HTTP/2.0\\\"\" 200 5\"\"}\"\n"},
    {"op = \"text.parse\"; format = \"syslog\"; year = 2003;",
     "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - BOM'su root' failed\n"
     "<165>1 2003-10-11T22:14:15.003Z m evntslog - ID47 [x@1 iut=\"3\" a=\"q\\\"\\]u\"][y@1] An "
     "event\n"
     "<13>1 - - - - - -\n"
     "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick\n"
     "Oct  1 22:14:15 host sshd[4242]: Accepted: x\n"
     "2003-10-11T22:14:15.003+02:00 host systemd[1]: Started.\n"
     "Oct  1 22:14:15 host last message repeated 3 times\n"
     "Oct  1 22:14:15 host kernel: [  12.5] usb: new\n"
     "<192>Oct  1 22:14:15 host x: y\n"
     "Feb 29 22:14:15 host x: y\n"
     "hello\n",
     "{\"facility\":4,\"severity\":2,\"time\":1065910455003000,\"host\":\"mymachine.example.com\","
     "\"app\":\"su\",\"pid\":null,\"msgid\":\"ID47\",\"data\":null,\"message\":\"BOM'su root' "
     "failed\"}\n"
     "{\"facility\":20,\"severity\":5,\"time\":1065910455003000,\"host\":\"m\",\"app\":"
     "\"evntslog\","
     "\"pid\":null,\"msgid\":\"ID47\",\"data\":\"[x@1 iut=\\\"3\\\" "
     "a=\\\"q\\\\\\\"\\\\]u\\\"][y@1]\","
     "\"message\":\"An event\"}\n"
     "{\"facility\":1,\"severity\":5,\"time\":null,\"host\":null,\"app\":null,\"pid\":null,"
     "\"msgid\":null,\"data\":null,\"message\":null}\n"
     "{\"facility\":4,\"severity\":2,\"time\":1065910455000000,\"host\":\"mymachine\",\"app\":"
     "\"su\","
     "\"pid\":null,\"msgid\":null,\"data\":null,\"message\":\"'su root' failed for lonvick\"}\n"
     "{\"facility\":null,\"severity\":null,\"time\":1065046455000000,\"host\":\"host\",\"app\":"
     "\"sshd\",\"pid\":\"4242\",\"msgid\":null,\"data\":null,\"message\":\"Accepted: x\"}\n"
     "{\"facility\":null,\"severity\":null,\"time\":1065903255003000,\"host\":\"host\",\"app\":"
     "\"systemd\",\"pid\":\"1\",\"msgid\":null,\"data\":null,\"message\":\"Started.\"}\n"
     "{\"facility\":null,\"severity\":null,\"time\":1065046455000000,\"host\":\"host\",\"app\":"
     "null,"
     "\"pid\":null,\"msgid\":null,\"data\":null,\"message\":\"last message repeated 3 times\"}\n"
     "{\"facility\":null,\"severity\":null,\"time\":1065046455000000,\"host\":\"host\",\"app\":"
     "\"kernel\",\"pid\":null,\"msgid\":null,\"data\":null,\"message\":\"[  12.5] usb: new\"}\n"
     "\"a priority is from 0 to 191, not 192\",\"{\"\"line\"\":\"\"<192>Oct  1 22:14:15 host x: "
     "y\"\"}\"\n"
     "\"field `time`: \"\"Feb 29 22:14:15\"\" is no time\",\"{\"\"line\"\":\"\"Feb 29 22:14:15 "
     "host "
     "x: y\"\"}\"\n"
     "\"no line of format \"\"syslog\"\"\",\"{\"\"line\"\":\"\"hello\"\"}\"\n"},
    {"op = \"text.parse\"; format = \"logfmt\"; time_format = \"iso\"; schema = ("
     "{name = \"at\"; type = \"str\"; nullable = true;}, {name = \"n\"; type = \"i64\"; nullable = "
     "true;},"
     "{name = \"ok\"; type = \"bool\"; nullable = true;});",
     "at=info n=12 ok\n"
     "n=\"-3\" at=\"a \\\"b\\\" \\\\ \\n\\u00e9\\ud83d\\ude00 \\d\" ok=false x=y\n"
     "\n"
     "  at=  n=  \n"
     "at=/x?a=b&c=\"d\" other=\"un asked\"\n"
     "at=1 at=2\n"
     "at=\"\" key.with-dots=1 ok=\n"
     "at=\"\\ud83d.\\u12\"\n"
     "at=\"open n=1\n"
     "at=\"a\"b n=1\n"
     "n=1 =2\n"
     "n=1.5\n"
     "at=\"a\\\n",
     "{\"at\":\"info\",\"n\":12,\"ok\":true}\n"
     "{\"at\":\"a \\\"b\\\" \\\\ \\n\xc3\xa9\xf0\x9f\x98\x80 \\\\d\",\"n\":-3,\"ok\":false}\n"
     "{\"at\":null,\"n\":null,\"ok\":null}\n"
     "{\"at\":\"\",\"n\":null,\"ok\":null}\n"
     "{\"at\":\"/x?a=b&c=\\\"d\\\"\",\"n\":null,\"ok\":null}\n"
     "{\"at\":\"2\",\"n\":null,\"ok\":null}\n"
     "{\"at\":\"\",\"n\":null,\"ok\":null}\n"
     "{\"at\":\"\xef\xbf\xbd.\\\\u12\",\"n\":null,\"ok\":null}\n"
     "no logfmt at byte 3: a quote that is not closed,\"{\"\"line\"\":\"\"at=\\\"\"open "
     "n=1\"\"}\"\n"
     "no logfmt at byte 6: a blank is expected behind a quoted value,"
     "\"{\"\"line\"\":\"\"at=\\\"\"a\\\"\"b n=1\"\"}\"\n"
     "no logfmt at byte 4: a value without a key,\"{\"\"line\"\":\"\"n=1 =2\"\"}\"\n"
     "\"field `n`: \"\"1.5\"\" is no i64\",\"{\"\"line\"\":\"\"n=1.5\"\"}\"\n"
     "no logfmt at byte 3: a quote that is not closed,\"{\"\"line\"\":\"\"at=\\\"\"a\\\\\"\"}\"\n"},
};

static void formats_known_by_name(void)
{
    EXPECT(formats);
}

/* ---- split ------------------------------------------------------------------------------------- */

static const struct parsing splits[] = {
    {"op = \"text.split\"; into = [\"level\", \"text\"]; by = \": \";",
     "warn: disk: full\nnothing\ninfo: \n",
     "{\"level\":\"warn\",\"text\":\"disk: full\"}\n{\"level\":\"info\",\"text\":\"\"}\n"
     "\"field `text` is missing, and not nullable\",\"{\"\"line\"\":\"\"nothing\"\"}\"\n"},
    {"op = \"text.split\"; by = \"||\"; trim = true; schema = ({name = \"a\"; type = \"i64\";}, "
     "{name = \"b\"; type = \"f64\"; nullable = true;}, {name = \"c\"; type = \"str\"; nullable = "
     "true;});",
     "1 || 2.5 || x||y\n2\n3||\nx||1\n",
     "{\"a\":1,\"b\":2.5,\"c\":\"x||y\"}\n{\"a\":2,\"b\":null,\"c\":null}\n"
     "{\"a\":3,\"b\":null,\"c\":null}\n"
     "\"field `a`: \"\"x\"\" is no i64\",\"{\"\"line\"\":\"\"x||1\"\"}\"\n"},
    {"op = \"text.split\"; keep = \"all\"; as = \"part\"; position = \"n\";",
     "a,,a part of more than twelve bytes\n\n",
     "{\"line\":\"a,,a part of more than twelve bytes\",\"part\":\"a\",\"n\":1}\n"
     "{\"line\":\"a,,a part of more than twelve bytes\",\"part\":\"\",\"n\":2}\n"
     "{\"line\":\"a,,a part of more than twelve bytes\",\"part\":\"a part of more than twelve "
     "bytes\",\"n\":3}\n"
     "{\"line\":\"\",\"part\":\"\",\"n\":1}\n"},
    {"op = \"text.split\"; by = \" \"; skip_empty = true;", " a  b \n\n",
     "{\"line\":\"a\"}\n{\"line\":\"b\"}\n"},
    {"op = \"text.split\"; by = \"aa\";", "aaa\n", "{\"line\":\"\"}\n{\"line\":\"a\"}\n"},
};

static void texts_are_split(void)
{
    EXPECT(splits);
}

static const struct suite_test tests[] = {
    SUITE_TEST(wrong_options_are_told_with_the_line_they_stand_at),
    SUITE_TEST(named_groups_become_fields),
    SUITE_TEST(no_text_keeps_a_pattern_for_long),
    SUITE_TEST(long_texts_are_searched_in_part),
    SUITE_TEST(formats_known_by_name),
    SUITE_TEST(texts_are_split),
};
SUITE_MAIN("text", tests)
