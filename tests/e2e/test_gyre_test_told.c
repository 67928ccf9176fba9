/* What `gyre test` tells: mistakes in tests, chosen tests, JUnit's XML. */
#include "tried.h"

#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- mistakes ---- */

#define MISTAKES                                                                                   \
    "job = \"m\";\n"                                                                               \
    "operators = (\n"                                                                              \
    "  { id = \"in\"; op = \"file.read\"; path = \"none\"; format = \"csv\";\n"                    \
    "    schema = ( {name=\"word\"; type=\"str\";}, {name=\"n\"; type=\"i32\"; "                   \
    "nullable=true;} ); },\n"                                                                      \
    "  { id = \"ends\"; op = \"gen.events\"; keys = 5; count = 0; },\n"                            \
    "  { id = \"by\"; op = \"std.split\"; input = \"in\"; field = \"word\"; ports = [\"even\"]; "  \
    "},\n"                                                                                         \
    "  { id = \"both\"; op = \"std.pass\"; input = \"by\"; },\n"                                   \
    "  { id = \"keys\"; op = \"std.count\"; key = \"key\"; input = \"ends\"; },\n"                 \
    "  { id = \"out\"; op = \"file.write\"; input = \"both\"; path = \"out\"; }\n"                 \
    ");\n"                                                                                         \
    "tests = (\n"

struct mistake {
    const char *test, *says;
};
static const struct mistake mistakes[] = {
    {"name = \"a\"; given = { inn = ( ); }; expect = { out = ( ); };",
     "unknown operator `inn`: did you mean `in`? (the job's `operators` lists all)"},
    {"name = \"a\"; given = { edns = ( ); }; expect = { keys = ( ); };",
     "unknown operator `edns`: did you mean `ends`? (the job's `operators` lists all)"},
    {"name = \"a\"; given = { out = ( ); }; expect = { out = ( ); };",
     "out: it is a sink, which puts nothing out: give the rows of what it reads, or expect "
     "them of it"},
    {"name = \"a\"; given = { in = ( {wrod=\"a\";} ); }; expect = { out = ( ); };",
     "unknown field `wrod` of `in`: did you mean `word`? (its rows are {word: str, n: i32 or "
     "null})"},
    {"name = \"a\"; given = { in = ( {word=\"a\"; *tiem=5;} ); }; expect = { out = ( ); };",
     "unknown field `*tiem` of `in`: did you mean `*time`? (its rows are {word: str, n: i32 or "
     "null})"},
    {"name = \"a\"; given = { in = ( {word=5;} ); }; expect = { out = ( ); };",
     "word: expected a string, not the integer 5"},
    {"name = \"a\"; given = { in = ( {word=(); n=1;} ); }; expect = { out = ( ); };",
     "word: expected a string, not a list"},
    {"name = \"a\"; given = { in = ( {word=\"a\"; n=3000000000L;} ); }; expect = { out = ( ); "
     "};",
     "n: 3000000000 is not within -2147483648 and 2147483647"},
    {"name = \"a\"; given = { in = ( {n=1;} ); }; expect = { out = ( ); };",
     "in: `word` is missing in this row, and is never null: {word: str, n: i32 or null}"},
    {"name = \"a\"; given = { in = ( \"a\" ); }; expect = { out = ( ); };",
     "in: a value alone is a row of one field, but `in` has {word: str, n: i32 or null}"},
    {"name = \"a\"; given = { in = ( {word=\"a\";}, {*time=1; word=\"a\";} ); }; expect = { "
     "out = ( ); };",
     "in: this row has no `*time`, and others, or a watermark, are given with one"},
    {"name = \"a\"; given = { in = ( {*time=1; word=\"a\";}, {*watermark=1; *time=2;} ); }; "
     "expect = { out = "
     "( ); };",
     "in: `*watermark` stands between rows, in a group of its own"},
    {"name = \"a\"; given = { in = ( {*watermark=5;}, {*watermark=5;} ); }; expect = { out = ( "
     "); };",
     "*watermark: it stood at that or later already (line 12)"},
    {"name = \"a\"; given = { in = ( {*time=\"soon\"; word=\"a\";} ); }; expect = { out = ( ); "
     "};",
     "*time: expected a time: \xc2\xb5s since 1970, \"2026-11-20T10:00:05Z\", or \"5s\" after "
     "1970 began, not "
     "the string \"soon\""},
    {"name = \"a\"; given = { by = { evn = ( ); }; }; expect = { out = ( ); };",
     "unknown port `evn` of `by`: did you mean `even`? (it has: `out`, `even`)"},
    {"name = \"a\"; given = { in = ( ); both = ( ); }; expect = { out = ( ); };",
     "given: nothing that is expected depends on `in`"},
    {"name = \"a\"; given = { in = ( ); }; expect = { in = ( ); };",
     "in: its rows are given by this test, which makes nothing of them"},
    {"name = \"a\"; expect = { keys = ( ); };",
     "expect: it depends on `ends`, a gen.events that has no end: give its rows, or those of "
     "something "
     "behind it, in `given`"},
    {"name = \"a\"; given = { in = ( ); }; expect = { out = ( {*watermark=5;} ); };",
     "unknown field `*watermark` of `out` (its rows are {word: str, n: i32 or null})"},
    {"name = \"a\"; given = { in = ( ); }; expect = { out = ( {word=\"a\"; *time=5;}, "
     "{word=\"a\";} ); };",
     "out: this row has no `*time`, and others have"},
    {"name = \"a\"; given = { in = ( ); }; expect = { };",
     "expect: expected the rows of an operator: a test that expects nothing tests nothing, not "
     "a group"},
    {"name = \"a\"; given = { in = ( ); }; expcet = { out = ( ); };",
     "unknown key `expcet` of `tests`: did you mean `expect`? (it takes: name given expect "
     "mode order "
     "parallelism tolerance)"},
    {"name = \"a\"; given = { in = ( ); }; expect = { out = ( ); }; parallelism = 129;",
     "parallelism: 129 is not within 1 and 128"},
    {"name = \"a\"; given = { in = ( ); }; expect = { out = ( ); }; parallelism = [];",
     "parallelism: expected a number of tasks, or a list of such, not a list"},
    {"name = \"a\"; given = { in = ( ); }; expect = { out = ( ); }; parallelism = 2; order = "
     "\"exact\";",
     "parallelism: with order = \"exact\" one of them is 1: of several tasks no order is "
     "known"},
    {"name = \"a\"; given = { in = ( ); }; expect = { out = ( ); }; tolerance = -1;",
     "tolerance: expected a number from 0 on, not the integer -1"},
    {"name = \"a\"; given = { in = ( ); }; expect = { out = ( ); }; mode = \"bach\";",
     "mode: expected \"stream\" or \"batch\", not \"bach\": did you mean \"batch\"?"},
    {"given = { in = ( ); }; expect = { out = ( ); };", "tests: `name` is missing"},
    {"name = \"a\"; given = { in = ( ); }; expect = { out = ( ); }; },\n  { name = \"a\"; "
     "given = { in = ( ); "
     "}; expect = { out = ( ); };",
     "name: \"a\" is the name of another test (job.cfg:12)"},
};
static void every_mistake_in_a_test_is_told_and_nothing_is_run(void)
{
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        bool second = strstr(mistakes[i].test, "},\n") != NULL;
        char *job = text_format(MISTAKES "  { %s }\n);\n", mistakes[i].test);
        char *says = text_format("job.cfg:%d: %s\n", second ? 13 : 12, mistakes[i].says);
        expect_of(job, 2, "", says);
        free(job);
        free(says);
    }
}

/* One hides none, of what kind ever; those of the job and of all its tests come together. */
static void mistakes_of_all_tests_and_jobs_are_told_in_one_run(void)
{
    struct tried t = {.dir = dir_temp()};
    run_write(t.dir, "a.cfg",
              MISTAKES "  { name = \"a\"; given = { inn = ( ); }; expect = { out = ( ); }; },\n"
                       "  { name = \"b\"; given = { in = ( {word=5;},\n"
                       "                                   {wrd=\"a\";} ); };\n"
                       "    expect = { out = ( {n=\"x\";} ); keys = ( ); }; oder = \"any\"; },\n"
                       "  { name = \"c\"; expect = { out = ( ); }; }\n"
                       ");\n");
    run_write(t.dir, "b.cfg", WORDS "tests = ( { name = \"x\"; expect = { out = ( ); }; } );\n");
    run_write(
        t.dir, "c.cfg",
        WORDS
        "tests = ( { name = \"x\"; given = { lines = ( ); }; expect = { out = ( ); }; } );\n");
    try_test(&t, ARGV("a.cfg", "b.cfg", "c.cfg", "d.cfg"));
    CU_ASSERT_EQUAL(t.result.status, 2);
    expect_text(t.result.out, "");
    expect_text(
        t.result.err,
        "a.cfg:12: unknown operator `inn`: did you mean `in`? (the job's `operators` lists all)\n"
        "a.cfg:13: word: expected a string, not the integer 5\n"
        "a.cfg:14: unknown field `wrd` of `in`: did you mean `word`? (its rows are {word: str, n: "
        "i32 or "
        "null})\n"
        "a.cfg:15: unknown key `oder` of `tests`: did you mean `order`? (it takes: name given "
        "expect mode "
        "order parallelism tolerance)\n"
        "a.cfg:15: n: expected an integer, not the string \"x\"\n"
        "a.cfg:15: expect: it depends on `ends`, a gen.events that has no end: give its rows, or "
        "those of "
        "something behind it, in `given`\n"
        "b.cfg:3: path: text: No such file or directory\n"
        "d.cfg: cannot be read: No such file or directory\n");
    end_try(&t);
}

static void a_mistake_of_the_job_is_told_as_by_check(void)
{
    expect_of("job = \"x\";\n"
              "operators = ( { id = \"in\"; op = \"gen.sequence\"; too = 5; }, { id = \"out\"; op "
              "= \"std.sum\"; "
              "input = \"in\"; field = \"vale\"; } );\n"
              "tests = ( { name = \"x\"; given = { in = ( ); }; expect = { out = ( ); }; } );\n",
              2, "",
              "job.cfg:2: unknown option `too` of gen.sequence: did you mean `to`? (`gyre inspect "
              "gen.sequence` "
              "lists them)\n");
}

/* ---- the command ---- */

static const char three[] = WORDS "tests = (\n"
                                  "  { name = \"one\";     given = { lines = ( \"a\" ); }; expect "
                                  "= { words = ( {word=\"a\";} ); }; },\n"
                                  "  { name = \"one two\"; given = { lines = ( \"a<&>\" ); }; "
                                  "expect = { words = ( {word=\"b\";} ); }; },\n"
                                  "  { name = \"three\";   given = { lines = ( \"a\" ); }; expect "
                                  "= { words = ( {word=\"a\";} ); }; }\n"
                                  ");\n";

static void some_tests_can_be_chosen_of_several_jobs(void)
{
    struct tried t = {.dir = dir_temp()};
    run_write(t.dir, "a.cfg", three);
    run_write(t.dir, "b.cfg",
              "job = \"b\"; operators = ( { id = \"x\"; op = \"gen.sequence\"; to = 2; } );\n"
              "tests = ( { name = \"three\"; expect = { x = ( 0, 1, 2 ); }; } );\n");
    run_write(t.dir, "none.cfg",
              "job = \"none\"; operators = ( { id = \"x\"; op = \"gen.sequence\"; to = 2; } );\n");
    try_test(&t, ARGV("a.cfg", "b.cfg", "--only", "three"));
    CU_ASSERT_EQUAL(t.result.status, 0);
    expect_text(t.result.out, "pass  words: three (T)\npass  b: three (T)\n2 passed, 0 failed\n");
    process_result_fini(&t.result);
    try_test(&t, ARGV("a.cfg", "--only", "thre", "--only", "two", "--only", "four"));
    CU_ASSERT_EQUAL(t.result.status, 2);
    expect_text(t.result.err, "gyre test: --only four: no test has that in its name\n");
    process_result_fini(&t.result);
    try_test(&t, ARGV("none.cfg"));
    CU_ASSERT_EQUAL(t.result.status, 0);
    expect_text(t.result.out, "0 passed, 0 failed\n");
    expect_text(t.result.err, "none.cfg: there are no tests in it\n");
    end_try(&t);
}

/* "0.001234" becomes "T". */
static void cut_seconds(char *text)
{
    char *to = text;
    for (const char *at = text; *at != '\0';) {
        int n = 0;
        if (sscanf(at, "time=\"%*[0-9.]\"%n", &n) == 0 && n > 0) {
            memcpy(to, "time=T", 6);
            to += 6;
            at += n;
            continue;
        }
        *to++ = *at++;
    }
    *to = '\0';
}

static void junit_has_what_the_text_has(void)
{
    struct tried t = {.dir = dir_temp()};
    run_write(t.dir, "a.cfg", three);
    run_write(t.dir, "faults.cfg", FAULTS);
    try_test(&t,
             ARGV("a.cfg", "faults.cfg", "--only", "one", "--only", "exits", "--format", "junit"));
    CU_ASSERT_EQUAL(t.result.status, 1);
    cut_seconds(t.result.out);
    expect_text(
        t.result.out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites tests=\"3\" failures=\"1\" errors=\"1\" time=T>\n"
        "  <testsuite name=\"a.cfg\" tests=\"2\" failures=\"1\" errors=\"0\" time=T>\n"
        "    <testcase name=\"one\" classname=\"words\" file=\"a.cfg\" line=\"9\" time=T/>\n"
        "    <testcase name=\"one two\" classname=\"words\" file=\"a.cfg\" line=\"10\" time=T>\n"
        "      <failure message=\"a.cfg:10: words: of 1 row expected, 1 did not come, and 1 came "
        "that was not "
        "expected\">a.cfg:10: words: of 1 row expected, 1 did not come, and 1 came that was not "
        "expected\n"
        "  first difference: a.cfg:10: { word = &#34;b&#34;; } did not come\n"
        "       expected     actual\n"
        "       word         word\n"
        "    -&#62; &#34;b&#34;       &#60;\n"
        "                 &#62;  &#34;a&#34;\n"
        "</failure>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "  <testsuite name=\"faults.cfg\" tests=\"1\" failures=\"0\" errors=\"1\" time=T>\n"
        "    <testcase name=\"exits\" classname=\"faults\" file=\"faults.cfg\" line=\"14\" "
        "time=T>\n"
        "      <error message=\"its process ended in the middle of the test, with status 0\">its "
        "process ended in "
        "the middle of the test, with status 0\n"
        "</error>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n");
    end_try(&t);
}

/* No snapshot folder is made, whatever the job says. */
static void a_test_takes_no_snapshots(void)
{
    struct tried t = {.dir = dir_temp()};
    run_write(t.dir, "job.cfg",
              "snapshot = { every = \"1ms\"; dir = \"snap\"; };\n" WORDS
              "tests = ( { name = \"x\"; given = { lines = ( \"a\" ); }; expect = { out = ( "
              "{word=\"a\";} ); }; } );\n");
    try_test(&t, ARGV("job.cfg"));
    CU_ASSERT_EQUAL(t.result.status, 0);
    CU_ASSERT_EQUAL(dir_count(t.dir), 1);
    end_try(&t);
}

static const struct suite_test tests[] = {
    SUITE_TEST(every_mistake_in_a_test_is_told_and_nothing_is_run),
    SUITE_TEST(mistakes_of_all_tests_and_jobs_are_told_in_one_run),
    SUITE_TEST(a_mistake_of_the_job_is_told_as_by_check),
    SUITE_TEST(some_tests_can_be_chosen_of_several_jobs),
    SUITE_TEST(junit_has_what_the_text_has),
    SUITE_TEST(a_test_takes_no_snapshots),
};
SUITE_MAIN("gyre_test_told", tests)
