/* `gyre test`: the tests written in job files. */
#include "tried.h"

#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- rows ---- */

/* The file that would be read is not there, and none is written. */
static void given_rows_take_the_place_of_a_source_and_recorders_that_of_sinks(void)
{
    struct tried t = {.dir = dir_temp()};
    run_write(
        t.dir, "job.cfg",
        WORDS
        "tests = (\n"
        "  { name = \"once, at the end\"; mode = \"batch\";\n"
        "    given  = { lines = ( \"To be or\", \"not to be\" ); };\n"
        "    expect = { counts = ( {word=\"be\"; count=2;}, {word=\"to\"; count=2;},\n"
        "                          {word=\"or\"; count=1;}, {word=\"not\"; count=1;} ); }; },\n"
        "  { name = \"each word\"; order = \"exact\";\n"
        "    given  = { lines = ( \"to be\", { line = \"to\"; } ); };\n"
        "    expect = { out   = ( {word=\"to\"; count=1;}, {word=\"be\"; count=1;}, "
        "{word=\"to\"; count=2;} );\n"
        "               words = ( {word=\"to\";}, {word=\"be\";}, {word=\"to\";} ); }; },\n"
        "  { name = \"nothing of nothing\"; given = { words = ( ); };\n"
        "    expect = { out = ( ); }; }\n"
        ");\n");
    try_test(&t, ARGV("job.cfg"));
    CU_ASSERT_EQUAL(t.result.status, 0);
    expect_text(t.result.out, "pass  words: once, at the end (T)\n"
                              "pass  words: each word (T)\n"
                              "pass  words: nothing of nothing (T)\n"
                              "3 passed, 0 failed\n");
    expect_text(t.result.err, "");
    CU_ASSERT_EQUAL(dir_count(t.dir), 1); /* the job file */
    end_try(&t);
}

static void what_is_not_given_runs_itself(void)
{
    static const char job[] = WORDS "tests = (\n"
                                    "  { name = \"of a file\"; mode = \"batch\"; expect = { out = "
                                    "( {word=\"to\"; count=2;} ); }; }\n"
                                    ");\n";
    struct tried t = {.dir = dir_temp()};
    run_write(t.dir, "job.cfg", job);
    run_write(t.dir, "text", "to\nto\n");
    try_test(&t, ARGV("job.cfg"));
    CU_ASSERT_EQUAL(t.result.status, 0);
    expect_text(t.result.out, "pass  words: of a file (T)\n1 passed, 0 failed\n");
    CU_ASSERT_FALSE(run_exists(t.dir, "out.csv"));
    end_try(&t);
    expect_of(job, 2, "", "job.cfg:3: path: text: No such file or directory\n");
}

static void rows_that_differ_stand_side_by_side(void)
{
    expect_of(
        WORDS
        "tests = (\n"
        "  { name = \"wrong\"; mode = \"batch\";\n"
        "    given  = { lines = ( \"To be or\", \"not to be that\" ); };\n"
        "    expect = { out = ( {word=\"be\"; count=2;}, {word=\"to\"; count=30;},\n"
        "                       {word=\"or\"; count=1;}, {word=\"neither\"; count=7;} ); }; },\n"
        "  { name = \"right\"; given = { lines = ( \"a\" ); }; expect = { out = ( {word=\"a\";} ); "
        "}; },\n"
        "  { name = \"too much\"; given = { lines = ( \"a\" ); }; expect = { out = ( ); }; }\n"
        ");\n",
        1,
        "FAIL  words: wrong (T)\n"
        "  job.cfg:11: out: of 4 rows expected, 1 differs, 1 did not come, and 2 came that were "
        "not "
        "expected\n"
        "    first difference: job.cfg:11: count is 2, not 30\n"
        "         expected             actual\n"
        "         word       count     word       count\n"
        "         \"be\"           2     \"be\"           2\n"
        "      -> \"to\"          30  |  \"to\"           2\n"
        "         \"or\"           1     \"or\"           1\n"
        "         \"neither\"      7  <\n"
        "                           >  \"that\"         1\n"
        "                           >  \"not\"          1\n"
        "pass  words: right (T)\n"
        "FAIL  words: too much (T)\n"
        "  job.cfg:14: out: no rows are expected, and 1 came that was not expected\n"
        "    first difference: { word = \"a\"; count = 1; } was not expected\n"
        "         expected        actual\n"
        "         word  count     word  count\n"
        "      ->              >  \"a\"       1\n"
        "1 passed, 2 failed\n",
        "");
}

static void rows_in_order_are_aligned(void)
{
    expect_of(WORDS "tests = (\n"
                    "  { name = \"order\"; order = \"exact\";\n"
                    "    given  = { lines = ( \"a b c d\" ); };\n"
                    "    expect = { words = ( {word=\"b\";}, {word=\"a\";}, {word=\"c\";}, "
                    "{word=\"d\";}, {word=\"e\";} ); }; }\n"
                    ");\n",
              1,
              "FAIL  words: order (T)\n"
              "  job.cfg:11: words: of 5 rows expected, 2 did not come, and 1 came that was not "
              "expected\n"
              "    first difference: job.cfg:11: { word = \"b\"; } did not come\n"
              "         expected     actual\n"
              "         word         word\n"
              "      -> \"b\"       <\n"
              "         \"a\"          \"a\"\n"
              "                   >  \"b\"\n"
              "         \"c\"          \"c\"\n"
              "         \"d\"          \"d\"\n"
              "         \"e\"       <\n"
              "0 passed, 1 failed\n",
              "");
}

/* What all tests of values are about: rows of each type, which nothing changes. */
#define TYPES                                                                                      \
    "job = \"types\";\n"                                                                           \
    "operators = (\n"                                                                              \
    "  { id = \"in\"; op = \"file.read\"; path = \"none\"; format = \"csv\";\n"                    \
    "    schema = ( {name=\"b\"; type=\"bool\"; nullable=true;}, {name=\"i\"; type=\"i32\"; "      \
    "nullable=true;},\n"                                                                           \
    "      {name=\"n\"; type=\"i64\"; nullable=true;}, {name=\"f\"; type=\"f64\"; "                \
    "nullable=true;},\n"                                                                           \
    "      {name=\"t\"; type=\"time\"; nullable=true;}, {name=\"s\"; type=\"str\"; "               \
    "nullable=true;},\n"                                                                           \
    "      {name=\"x\"; type=\"bytes\"; nullable=true;}, {name=\"id\"; type=\"i64\";} ); },\n"     \
    "  { id = \"out\"; op = \"std.pass\"; input = \"in\"; }\n"                                     \
    ");\n"

static void values_of_each_type_are_read_and_compared(void)
{
    expect_of(
        TYPES
        "tests = ( { name = \"all\";\n"
        "  given = { in = ( { id = 1; b = true; i = -7; n = 9000000000L; f = 0.5; t = 5000000; "
        "s = \"a \\\"b\\\"\"; x = \"AAEC/w==\"; },\n"
        "                   { id = 2; f = \"nan\"; t = \"2026-11-20T10:00:05.25Z\"; },\n"
        "                   { id = 3; b = (); i = (); n = (); f = (); t = (); s = (); x = (); },\n"
        "                   { id = 4; f = \"-inf\"; t = \"2026-11-20 12:00+02:00\"; s = \"\"; } ); "
        "};\n"
        "  expect = { out = (\n"
        "                   { id = 1; b = true; i = -7; n = 9000000000L; f = 0.5; t = \"5s\"; "
        "s = \"a \\\"b\\\"\"; x = \"AAEC/w==\"; },\n"
        "                   { id = 2; f = \"nan\"; t = 1795168805250000L; },\n"
        "                   { id = 3; },\n"
        "                   { id = 4; f = \"-inf\"; t = \"2026-11-20T10:00:00Z\"; s = \"\"; } ); "
        "}; } );\n",
        0, "pass  types: all (T)\n1 passed, 0 failed\n", "");
    expect_of(TYPES
              "tests = ( { name = \"none\"; order = \"exact\";\n"
              "  given = { in = ( { id = 1; b = true; i = -7; n = 9L; f = 0.5; t = 5000000; "
              "s = \"a\\n\\\"b\\\"\"; x = \"AAEC/w==\"; } ); };\n"
              "  expect = { out = ( { id = 1; s = \"\"; b = (); i = (); n = (); f = (); t = (); "
              "x = (); } ); }; } );\n",
              1,
              "FAIL  types: none (T)\n"
              "  job.cfg:12: out: of 1 row expected, 1 differs\n"
              "    first difference: job.cfg:12: b is true, not null; i is -7, not null; n is 9, "
              "not null; f is "
              "0.5, not null; t is 1970-01-01T00:00:05Z, not null; s is \"a\\n\\\"b\\\"\", not "
              "\"\"; x is "
              "\"AAEC/w==\", not null\n"
              "         expected                                                                   "
              "  actual\n"
              "         b        i     n     f  t                     s           x           id   "
              "  b     "
              "   i     n     f  t                     s           x           id\n"
              "      -> null  null  null  null  null                  \"\"          null         1 "
              " |  true  "
              "  -7     9   0.5  1970-01-01T00:00:05Z  \"a\\n\\\"b\\\"\"  \"AAEC/w==\"   1\n"
              "0 passed, 1 failed\n",
              "");
}

/* What is added up may differ in its last digits. */
static void numbers_may_differ_by_the_tolerance(void)
{
    static const char job[] =
        TYPES "tests = ( { name = \"t\"; %s given = { in = ( { id = 1; f = 0.3; }, { id = 2; f = "
              "1000000000.0; } ); };\n"
              "  expect = { out = ( { id = 1; f = %s; }, { id = 2; f = %s; } ); }; } );\n";
    static const struct {
        const char *set, *one, *two;
        int status;
    } cases[] = {
        {"", "0.30000000000000004", "1000000000.1", 0},
        {"", "0.3001", "1000000000.0", 1},
        {"tolerance = 0.0;", "0.3", "1000000000.0", 0},
        {"tolerance = 0;", "0.30000000000000004", "1000000000.0", 1},
        {"tolerance = 0.01;", "0.305", "1000000001", 0},
        {"tolerance = 0.01;", "0.32", "1000000001", 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tried t = {.dir = dir_temp()};
        char *text = text_format(job, cases[i].set, cases[i].one, cases[i].two);
        run_write(t.dir, "job.cfg", text);
        try_test(&t, ARGV("job.cfg"));
        CU_ASSERT_EQUAL(t.result.status, cases[i].status);
        expect_text(t.result.err, "");
        free(text);
        end_try(&t);
    }
}

/* ---- ports, times, clocks ---- */

static void ports_are_given_and_expected_in_groups(void)
{
    expect_of(
        "job = \"ports\";\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"none\"; format = \"csv\"; on_error = "
        "\"port\";\n"
        "    schema = ( {name=\"kind\"; type=\"str\";}, {name=\"n\"; type=\"i64\";} ); },\n"
        "  { id = \"by\"; op = \"std.split\"; input = \"in\"; field = \"kind\"; ports = [\"a\", "
        "\"b\"]; },\n"
        "  { id = \"all\"; op = \"std.pass\"; input = [\"by.a\", \"by.b\"]; },\n"
        "  { id = \"bad\"; op = \"file.write\"; input = \"in.errors\"; path = \"bad\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"all\"; path = \"out\"; }\n"
        ");\n"
        "tests = (\n"
        "  { name = \"split\"; given = { in = { out = ( {kind=\"a\"; n=1;}, {kind=\"b\"; n=2;}, "
        "{kind=\"c\"; "
        "n=3;} );\n"
        "      errors = ( {error=\"no\"; row=\"x,\";} ); }; };\n"
        "    expect = { by = { a = ( {n=1;} ); b = ( {n=2;} ); out = ( {kind=\"c\"; n=3;} ); };\n"
        "               all = ( {n=1;}, {n=2;} ); bad = ( {row=\"x,\";} ); }; },\n"
        "  { name = \"behind\"; given = { by = { b = ( {kind=\"x\"; n=5;} ); }; }; expect = { out "
        "= ( {n=5;} ); }; }\n"
        ");\n",
        0, "pass  ports: split (T)\npass  ports: behind (T)\n2 passed, 0 failed\n", "");
}

#define WINDOWS                                                                                    \
    "job = \"windows\";\n"                                                                         \
    "operators = (\n"                                                                              \
    "  { id = \"in\"; op = \"net.read\"; host = \"127.0.0.1\"; port = 1; },\n"                     \
    "  { id = \"words\"; op = \"text.words\"; input = \"in\"; },\n"                                \
    "  { id = \"sums\"; op = \"std.sum\"; field = \"count\"; key = \"word\"; input = \"words\";\n" \
    "    window = { time = \"5s\"; }; %s },\n"                                                     \
    "  { id = \"late\"; op = \"std.pass\"; input = \"sums.late\"; }\n"                             \
    ");\n"

/* A watermark makes what comes behind it late; the end of input fires what is left. */
static void rows_have_times_and_watermarks_advance_between_them(void)
{
    char *job = text_format(
        WINDOWS
        "tests = ( { name = \"late\"; order = \"exact\";\n"
        "    given = { in = ( { *time = \"1s\"; line = \"a b a\"; }, { *watermark = 5000000; },\n"
        "                     { *time = 4999999; line = \"a\"; }, { *time = \"5s\"; line = \"a\"; "
        "} ); };\n"
        "    expect = { late = ( {word=\"a\"; *time = 4999999;} );\n"
        "               sums = ( {word=\"a\"; window_start=0; window_end=\"5s\"; count=2; "
        "*time=4999999;},\n"
        "                        {word=\"b\"; window_start=0; window_end=\"5s\"; count=1; "
        "*time=4999999;},\n"
        "                        {word=\"a\"; window_start=\"5s\"; window_end=\"10s\"; count=1; "
        "*time=9999999;} ); }; } );\n",
        "");
    /* in which order the keys of a window come is nobody's business */
    char *order = strstr(job, "order = \"exact\";");
    memset(order, ' ', strlen("order = \"exact\";"));
    expect_of(job, 0, "pass  windows: late (T)\n1 passed, 0 failed\n", "");
    char *count = strstr(job, "count=2");
    count[6] = '3';
    struct tried t = {.dir = dir_temp()};
    run_write(t.dir, "job.cfg", job);
    try_test(&t, ARGV("job.cfg"));
    CU_ASSERT_EQUAL(t.result.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(t.result.out, "count is 2, not 3"));
    end_try(&t);
    free(job);
}

/* The clock stands at 1970 and moves to where given rows wait for it. */
static void windows_by_the_clock_fire_when_the_given_clock_has_come_so_far(void)
{
    char *job = text_format(
        WINDOWS "tests = ( { name = \"clock\";\n"
                "    given = { in = ( \"a a\", { *clock = \"7s\"; }, \"a\", { *clock = 11000000; "
                "}, \"b\" ); };\n"
                "    expect = { sums = ( {word=\"a\"; window_end=\"5s\"; count=2;}, {word=\"a\"; "
                "window_end=\"10s\"; count=1;},\n"
                "                        {word=\"b\"; window_end=\"15s\"; count=1;} ); }; } );\n",
        "clock = \"processing\";");
    expect_of(job, 0, "pass  windows: clock (T)\n1 passed, 0 failed\n", "");
    free(job);
}

/* Rows without times have that of the clock, and no test waits for it to pass. */
static void rows_without_times_have_that_of_the_clock(void)
{
    char *job = text_format(
        WINDOWS
        "tests = ( { name = \"clock\"; order = \"exact\";\n"
        "    given = { in = ( \"a a\", { *clock = \"7s\"; }, \"a\", { *clock = "
        "\"2026-11-20T10:00:01Z\"; }, \"b\" ); };\n"
        "    expect = { sums = ( {word=\"a\"; window_end=\"5s\"; count=2;}, {word=\"a\"; "
        "window_end=\"10s\"; count=1;},\n"
        "                        {word=\"b\"; window_end=\"2026-11-20T10:00:05Z\"; count=1;} );\n"
        "               words = ( {word=\"a\"; *time=0;}, {word=\"a\"; *time=0;}, {word=\"a\"; "
        "*time=\"7s\";},\n"
        "                         {word=\"b\"; *time=\"2026-11-20T10:00:01Z\";} ); }; } );\n",
        "");
    expect_of(job, 0, "pass  windows: clock (T)\n1 passed, 0 failed\n", "");
    free(job);
}

/* What is given to one port waits for the clock as well: so their order is the test's. */
static void the_clock_orders_the_rows_of_two_streams(void)
{
    expect_of("job = \"two\";\n"
              "operators = (\n"
              "  { id = \"x\"; op = \"gen.sequence\"; to = 9; }, { id = \"y\"; op = "
              "\"gen.sequence\"; to = 9; },\n"
              "  { id = \"all\"; op = \"std.pass\"; input = [\"x\", \"y\"]; }\n"
              ");\n"
              "tests = ( { name = \"in turn\"; order = \"exact\";\n"
              "    given = { x = ( 1, {*clock=\"2ms\";}, 3, {*clock=\"4ms\";}, 5 );\n"
              "              y = ( {*clock=\"1ms\";}, 2, {*clock=\"3ms\";}, 4 ); };\n"
              "    expect = { all = ( 1, 2, 3, 4, 5 ); }; } );\n",
              0, "pass  two: in turn (T)\n1 passed, 0 failed\n", "");
}

/* ---- loops ---- */

static void rows_go_round_in_loops_as_in_the_job(void)
{
    expect_of("job = \"loop\";\n"
              "operators = (\n"
              "  { id = \"edges\"; op = \"file.read\"; path = \"none\"; format = \"csv\";\n"
              "    schema = ( {name=\"src\"; type=\"i64\";}, {name=\"dst\"; type=\"i64\";} ); },\n"
              "  { id = \"ends\"; op = \"graph.ends\"; input = \"edges\"; },\n"
              "  { id = \"found\"; op = \"graph.components\"; input = \"ends\"; feedback = "
              "\"found.again\";\n"
              "    key = \"node\"; }\n"
              ");\n"
              "tests = ( { name = \"two parts\"; parallelism = [1, 2, 3];\n"
              "    given = { edges = ( {src=4; dst=3;}, {src=3; dst=2;}, {src=2; dst=1;}, {src=7; "
              "dst=9;} ); };\n"
              "    expect = { found = ( {node=1; value=1;}, {node=2; value=1;}, {node=3; "
              "value=1;}, {node=4; value=1;},\n"
              "                         {node=7; value=7;}, {node=9; value=7;} ); }; } );\n",
              0, "pass  loop: two parts (T)\n1 passed, 0 failed\n", "");
}

/* What is given in the middle of a loop does not come back by it. */
static void a_given_operator_opens_its_loop(void)
{
    expect_of("job = \"open\";\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"gen.sequence\"; to = 9; },\n"
              "  { id = \"head\"; op = \"std.pass\"; input = \"in\"; feedback = \"tail\"; },\n"
              "  { id = \"step\"; op = \"std.pass\"; input = \"head\"; },\n"
              "  { id = \"tail\"; op = \"std.pass\"; input = \"step\"; }\n"
              ");\n"
              "tests = (\n"
              "  { name = \"at its end\"; given = { in = ( 1 ); tail = ( 7, 8 ); }; expect = { "
              "step = ( 1, 7, 8 ); }; },\n"
              "  { name = \"in its middle\"; given = { in = ( 1 ); step = ( 7 ); }; expect = { "
              "head = ( 1, 7 ); tail = ( 7 ); }; }\n"
              ");\n",
              0, "pass  open: at its end (T)\npass  open: in its middle (T)\n2 passed, 0 failed\n",
              "");
}

/* ---- what fails ---- */

static bool has_line(const char *text, const char *line)
{
    bool has = strstr(text, line) != NULL;
    if (!has)
        printf("no \"%s\" in:\n%s", line, text);
    return has;
}

static void what_fails_crashes_exits_or_hangs_fails_its_test_alone(void)
{
    struct tried t = {.dir = dir_temp()};
    run_write(t.dir, "job.cfg", FAULTS);
    try_test(&t, ARGV("job.cfg", "--timeout", "2"));
    CU_ASSERT_EQUAL(t.result.status, 1);
    const char *out = t.result.out;
    CU_ASSERT(has_line(out, "FAIL  faults: fails (T)\n"
                            "  the job failed: no way\n"
                            "    operator: fail (run_faults.fail), task 0 of 1\n"));
    CU_ASSERT(has_line(out, "FAIL  faults: crashes (T)\n  its process "));
    CU_ASSERT(has_line(out, "    operator: crash (run_faults.crash), task 0\n"));
    CU_ASSERT(has_line(out, "/run_faults.so\n"));
    CU_ASSERT(has_line(out, "FAIL  faults: exits (T)\n"
                            "  its process ended in the middle of the test, with status 0\n"));
    CU_ASSERT(has_line(out, "FAIL  faults: hangs (T)\n"
                            "  still running after 2 s, and ended; --timeout gives it more\n"));
    CU_ASSERT(has_line(out, "    row:      {\"value\":2}\n"));
    CU_ASSERT(has_line(out, "pass  faults: is fine (T)\n1 passed, 5 failed\n"));
    end_try(&t);
}

static void results_must_be_the_same_at_each_parallelism(void)
{
    static const char job[] =
        "job = \"tasks\";\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.sequence\"; to = 9; parallelism = 1; },\n"
        "  { id = \"counts\"; op = \"std.count\"; input = \"in\"; window = { all = true; };\n"
        "    every = { count = 2; }; per = \"task\"; partition = \"broadcast\"; },\n"
        "  { id = \"sums\"; op = \"std.sum\"; field = \"value\"; input = \"in\"; }\n"
        ");\n"
        "tests = (\n"
        "  { name = \"per task\"; %s mode = \"stream\"; given = { in = ( 1, 2, 3, 4 ); };\n"
        "    expect = { counts = ( 2, 4 ); }; },\n"
        "  { name = \"single\"; parallelism = [1, 2, 5]; given = { in = ( 1, 2 ); };\n"
        "    expect = { sums = ( 1, 3 ); }; }\n"
        ");\n";
    char *both = text_format(job, ""), *one = text_format(job, "parallelism = 1;");
    struct tried t = {.dir = dir_temp()};
    run_write(t.dir, "both.cfg", both);
    run_write(t.dir, "one.cfg", one);
    try_test(&t, ARGV("both.cfg"));
    CU_ASSERT_EQUAL(t.result.status, 1);
    CU_ASSERT(has_line(t.result.out, "  with parallelism 2; with 1 it passes\n"));
    CU_ASSERT(has_line(t.result.out, "pass  tasks: single (T)\n1 passed, 1 failed\n"));
    process_result_fini(&t.result);
    try_test(&t, ARGV("one.cfg"));
    CU_ASSERT_EQUAL(t.result.status, 0);
    end_try(&t);
    free(both);
    free(one);
}

static const struct suite_test tests[] = {
    SUITE_TEST(given_rows_take_the_place_of_a_source_and_recorders_that_of_sinks),
    SUITE_TEST(what_is_not_given_runs_itself),
    SUITE_TEST(rows_that_differ_stand_side_by_side),
    SUITE_TEST(rows_in_order_are_aligned),
    SUITE_TEST(values_of_each_type_are_read_and_compared),
    SUITE_TEST(numbers_may_differ_by_the_tolerance),
    SUITE_TEST(ports_are_given_and_expected_in_groups),
    SUITE_TEST(rows_have_times_and_watermarks_advance_between_them),
    SUITE_TEST(windows_by_the_clock_fire_when_the_given_clock_has_come_so_far),
    SUITE_TEST(rows_without_times_have_that_of_the_clock),
    SUITE_TEST(the_clock_orders_the_rows_of_two_streams),
    SUITE_TEST(rows_go_round_in_loops_as_in_the_job),
    SUITE_TEST(a_given_operator_opens_its_loop),
    SUITE_TEST_WITHIN(what_fails_crashes_exits_or_hangs_fails_its_test_alone, 60),
    SUITE_TEST(results_must_be_the_same_at_each_parallelism),
};
SUITE_MAIN("gyre_test", tests)
