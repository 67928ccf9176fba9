/* Job files from outside: what is wrong with them, what `--set` changes, what `gyre plan` shows. */
#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARGUMENTS_MAX 16
#define MISTAKES      "tests/e2e/jobs/mistakes.txt"

static const char *const environment[] = {"GYRE_PLUGIN_PATH", "GYRE_NO_SUCH_NAME", NULL};

/* Runs `gyre COMMAND job.cfg --plugin-path FIXTURES ...` in `folder`; arguments end with NULL. */
static void gyre(const char *folder, const char *command, const char *const *arguments,
                 struct process_result *result)
{
    char *program = build_path("gyre"), *fixtures = build_path("fixtures");
    const char *argv[ARGUMENTS_MAX + 6] = {program, command, "job.cfg", "--plugin-path", fixtures};
    for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i] != NULL; i++)
        argv[5 + i] = arguments[i];
    process_run(&(struct process_spec){.argv = argv, .env = environment, .cwd = folder}, result);
    free(program);
    free(fixtures);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char *path = path_join(folder, name);
    file_write_text(path, text);
    free(path);
}

static bool same(const char *name, const char *what, const char *is, const char *wanted)
{
    if (strcmp(is, wanted) == 0)
        return true;
    printf("%s: %s\n--- is\n%s--- not\n%s", name, what, is, wanted);
    return false;
}

/* ---- every mistake of mistakes.txt ---- */

struct mistake {
    char *name;
    char *job;
    char *included; /* NULL: none */
    char *arguments[ARGUMENTS_MAX + 1];
    char *says;
};

/* Cuts `text` before the next line that begins with `mark`, and returns what follows that line's
 * beginning; NULL where there is none. The line's end before it stays with `text`. */
static char *cut(char *text, const char *mark)
{
    size_t n = strlen(mark);
    if (text == NULL)
        return NULL;
    for (char *at = text; at != NULL; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, mark, n) == 0) {
            *at = '\0';
            return at + n;
        }
    return NULL;
}

/* Takes the case at `text`, which follows "=== "; the text after it. */
static char *take_mistake(char *text, struct mistake *m)
{
    *m = (struct mistake){.name = text};
    char *next = cut(text, "=== ");
    m->job = strchr(text, '\n') + 1;
    m->job[-1] = '\0';
    m->says = cut(m->job, "--- says\n");
    char *arguments = cut(m->job, "--- arguments\n");
    m->included = cut(m->job, "--- ops.inc\n");
    for (size_t i = 0; i < ARGUMENTS_MAX && arguments != NULL && *arguments != '\0'; i++) {
        m->arguments[i] = arguments;
        arguments = strchr(arguments, '\n') + 1;
        arguments[-1] = '\0';
    }
    size_t n = strlen(m->says);
    if (next != NULL && n > 1 && m->says[n - 2] == '\n')
        m->says[n - 1] = '\0'; /* the empty line between two cases */
    return next;
}

static bool is_told(const struct mistake *m)
{
    char *folder = dir_temp();
    int files = 1;
    write_file(folder, "job.cfg", m->job);
    if (m->included != NULL) {
        write_file(folder, "ops.inc", m->included);
        files++;
    }
    struct process_result r;
    gyre(folder, "check", (const char *const *)m->arguments, &r);
    bool ok = same(m->name, "standard error", r.err, m->says);
    ok &= same(m->name, "standard output", r.out, "");
    if (r.status != 2)
        printf("%s: status %d, not 2\n", m->name, r.status);
    if (dir_count(folder) != files)
        printf("%s: %d files, not %d\n", m->name, dir_count(folder), files);
    ok &= r.status == 2 && dir_count(folder) == files;
    process_result_fini(&r);
    dir_remove(folder);
    free(folder);
    return ok;
}

static void every_mistake_is_told_at_its_line_and_nothing_is_started(void)
{
    char *text = file_read(MISTAKES, NULL);
    char *at = cut(text, "=== ");
    int n = 0;
    while (at != NULL) {
        struct mistake m;
        at = take_mistake(at, &m);
        CU_ASSERT(is_told(&m));
        n++;
    }
    CU_ASSERT(n > 100);
    free(text);
}

/* ---- what depends on places ---- */

static const char *const none[] = {NULL};

static const char trades[] = "job = \"t\";\noperators = (\n"
                             "  { id = \"trades\"; op = \"graph_ops.trades\"; }\n);\n";

static void run_text(const char *command, const char *text, const char *const *arguments,
                     struct process_result *r)
{
    char *folder = dir_temp();
    write_file(folder, "job.cfg", text);
    gyre(folder, command, arguments, r);
    dir_remove(folder);
    free(folder);
}

static void a_missing_job_file_is_told(void)
{
    char *folder = dir_temp();
    struct process_result r;
    gyre(folder, "check", none, &r);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(same("no file", "", r.err, "job.cfg: cannot be read: No such file or directory\n"));
    process_result_fini(&r);
    dir_remove(folder);
    free(folder);
}

static void a_job_file_with_a_zero_byte_is_refused(void)
{
    char *folder = dir_temp(), *path = path_join(folder, "job.cfg");
    struct process_result r;
    file_write(path, "job = \"a\";\0b", 12);
    gyre(folder, "check", none, &r);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(same("zero byte", "", r.err, "job.cfg: is no job file: it holds a zero byte\n"));
    process_result_fini(&r);
    dir_remove(folder);
    free(path);
    free(folder);
}

static void an_unknown_plugin_is_told_with_the_nearest_and_the_folders(void)
{
    struct process_result r;
    char *fixtures = build_path("fixtures");
    run_text("check", "job = \"t\";\noperators = (\n  { id = \"a\"; op = \"graph_opz.a\"; }\n);\n",
             none, &r);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(strncmp(r.err, "job.cfg:3: op: no plugin `graph_opz`", 36) == 0);
    CU_ASSERT(strstr(r.err, "`graph_ops`") != NULL);
    CU_ASSERT(strstr(r.err, fixtures) != NULL);
    process_result_fini(&r);
    free(fixtures);
}

static void a_good_job_is_one_line(void)
{
    struct process_result r;
    run_text("check", trades, none, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(same("good", "out", r.out, "job.cfg: nothing wrong: job t, 1 operator, stream\n"));
    CU_ASSERT(same("good", "err", r.err, ""));
    process_result_fini(&r);
}

static void standard_output_is_told_to_be_at_least_once(void)
{
    struct process_result r;
    run_text(
        "check",
        "job = \"t\";\nmode = \"batch\";\noperators = (\n"
        "  { id = \"trades\"; op = \"graph_ops.trades\"; },\n"
        "  { id = \"out\"; op = \"graph_ops.write\"; input = \"trades\"; path = \"-\"; }\n);\n",
        none, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(same("-", "out", r.out, "job.cfg: nothing wrong: job t, 2 operators, batch\n"));
    CU_ASSERT(
        same("-", "err", r.err,
             "job.cfg:5: out: graph_ops.write here is at least once: rows may come twice when "
             "the job is restarted\n"));
    process_result_fini(&r);
}

static void check_says_what_the_plugins_that_come_with_gyre_cannot_promise(void)
{
    struct process_result r;
    run_text("check",
             "job = \"t\";\noperators = (\n"
             "  { id = \"in\"; op = \"net.read\"; port = 4711; },\n"
             "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"-\"; },\n"
             "  { id = \"null\"; op = \"file.write\"; input = \"in\"; path = \"/dev/null\"; },\n"
             "  { id = \"file\"; op = \"file.write\"; input = \"in\"; path = \"rows\"; },\n"
             "  { id = \"net\"; op = \"net.write\"; input = \"in\"; port = 4712; }\n);\n",
             none, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(
        same("plugins", "err", r.err,
             "job.cfg:3: in: net.read here is at most once: rows may be lost when the job is "
             "restarted\n"
             "job.cfg:4: out: file.write here is at least once: rows may come twice when the "
             "job is restarted\n"
             "job.cfg:5: null: file.write here is at least once: rows may come twice when the "
             "job is restarted\n"
             "job.cfg:7: net: net.write here is at most once: rows may be lost when the job is "
             "restarted\n"));
    process_result_fini(&r);
}

/* ---- --set ---- */

static void set_takes_strings_bare_groups_dotted_and_lists_in_brackets(void)
{
    static const char *const sets[] = {"--set", "t.schema=( { name = \"b\"; type = \"f64\"; } )",
                                       "--set", "t.skip=7",
                                       "--set", "t.tags=[ \"x\", \"y\" ]",
                                       "--set", "s.key=[ \"b\" ]",
                                       "--set", "s.field=b",
                                       "--set", "s.as=total",
                                       "-p",    "3",
                                       NULL};
    struct process_result r;
    run_text("plan",
             "job = \"t\";\nparallelism = 2;\noperators = (\n"
             "  { id = \"t\"; op = \"graph_ops.table\";\n"
             "    schema = ( { name = \"a\"; type = \"i64\"; } ); skip = 1000; },\n"
             "  { id = \"s\"; op = \"graph_ops.sum\"; input = \"t\"; field = \"a\"; }\n);\n",
             sets, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(same("set", "err", r.err, ""));
    CU_ASSERT(same("set", "out", r.out,
                   "job t: stream, parallelism 3, 128 key groups\n\noperators\n"
                   "  t: graph_ops.table, source, 3 tasks\n    out -> {b: f64}\n"
                   "  s: graph_ops.sum, rolling aggregate, 3 tasks, key b\n    in <- t: key b\n"
                   "    out -> {b: f64, total: f64 or null}\n"
                   "\nchains\n  1: 3 tasks: t\n  2: 3 tasks: s\n"
                   "\nexchanges\n  t -> s: key b, 3 to 3, carries b\n"));
    process_result_fini(&r);
}

static void set_of_a_dotted_group_reaches_into_the_window(void)
{
    static const char *const sets[] = {"--set", "s.window.time=oops", NULL};
    struct process_result r;
    run_text("check",
             "job = \"t\";\noperators = (\n  { id = \"trades\"; op = \"graph_ops.trades\"; },\n"
             "  { id = \"s\"; op = \"graph_ops.sum\"; input = \"trades\"; field = \"price\";\n"
             "    window = { time = \"5s\"; offset = \"1s\"; }; }\n);\n",
             sets, &r);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(same("window", "err", r.err,
                   "--set s.window.time: \"oops\" is no duration: write a number and a unit, "
                   "as in \"10ms\"\n"));
    process_result_fini(&r);
}

/* ---- what operators write ---- */

static void check_paths(const char *folder, const char *reads, const char *one, const char *two,
                        const char *says)
{
    struct process_result r;
    char *job =
        text_format("job = \"paths\"; operators = (\n"
                    "  { id = \"in\"; op = \"file.read\"; path = \"%s\"; },\n"
                    "  { id = \"one\"; op = \"file.write\"; input = \"in\"; path = \"%s\"; },\n"
                    "  { id = \"two\"; op = \"file.write\"; input = \"in\"; path = \"%s\"; }\n"
                    ");\n",
                    reads, one, two);
    write_file(folder, "job.cfg", job);
    gyre(folder, "check", ARGV(NULL), &r);
    CU_ASSERT_EQUAL(r.status, strstr(says, "path: ") != NULL ? 2 : 0);
    CU_ASSERT(same(two, "standard error", r.err, says));
    process_result_fini(&r);
    free(job);
}

static void a_file_that_is_written_has_one_writer_whatever_its_name(void)
{
    static const char twice[] =
        "job.cfg:4: path: `one` and `two` write the same place; each needs one of its own\n";
    static const char lost[] = "job.cfg:3: path: `in` reads what `one` writes, and would lose it; "
                               "write to another place\n";
    char *folder = dir_temp();
    char *file = path_join(folder, "file"), *soft = path_join(folder, "soft");
    char *hard = path_join(folder, "hard"), *parts = path_join(folder, "parts");
    char *other = path_join(folder, "other");
    write_file(folder, "file", "some\n");
    CU_ASSERT_EQUAL_FATAL(symlink("file", soft), 0);
    CU_ASSERT_EQUAL_FATAL(link(file, hard), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir(parts, 0777), 0);
    CU_ASSERT_EQUAL_FATAL(symlink("parts", other), 0);
    write_file(folder, "in.txt", "more\n");
    write_file(folder, "parts/in", "more\n");
    check_paths(folder, "in.txt", "file", "soft", twice);
    check_paths(folder, "in.txt", "hard", "file", twice);
    check_paths(folder, "in.txt", "parts/", "parts//", twice);
    check_paths(folder, "in.txt", "parts/", "other/", twice);
    check_paths(folder, "in.txt", "parts/new", "other/new", twice);
    check_paths(folder, "in.txt", "parts/../new", "new", twice);
    check_paths(folder, "in.txt", file, "file", twice);
    check_paths(folder, "soft", "file", "new", lost);
    check_paths(folder, "parts/in", "other/in", "new", lost);
    /* What may be shared, and what is not the same. */
    check_paths(
        folder, "in.txt", "/dev/null", "/dev/null",
        "job.cfg:3: one: file.write here is at least once: rows may come twice when the job "
        "is restarted\n"
        "job.cfg:4: two: file.write here is at least once: rows may come twice when the job "
        "is restarted\n");
    check_paths(folder, "in.txt", "parts/", "parts/new", "");
    check_paths(folder, "in.txt", "file", "file2", "");
    check_paths(folder, "in.txt", "parts/new", "new", "");
    free(other);
    free(parts);
    free(hard);
    free(soft);
    free(file);
    dir_remove(folder);
    free(folder);
}

/* ---- gyre plan ---- */

static void plan_of(const char *job, const char *wanted)
{
    char *program = build_path("gyre");
    struct process_result r;
    process_run(
        &(struct process_spec){.argv = ARGV(program, "plan", job, "-p", "2"), .env = environment},
        &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(same(job, "err", r.err, ""));
    CU_ASSERT(same(job, "out", r.out, wanted));
    process_result_fini(&r);
    free(program);
}

#define WORDCOUNT(name, mode, aggregate, sums)                                                     \
    "job " name ": " mode ", parallelism 2, 128 key groups\n\noperators\n"                         \
    "  lines: file.read, source, 2 tasks\n    out -> {line: str}\n"                                \
    "  words: text.words, 2 tasks\n    in <- lines: forward\n"                                     \
    "    out -> {word: str, count: i64}\n"                                                         \
    "  counts: std.sum, " aggregate " aggregate, 2 tasks, key word\n    in <- words: key word\n"   \
    "    out -> {word: str, count: i64}\n"                                                         \
    "  out: file.write, sink, 1 task\n    in <- counts: rebalance\n"                               \
    "\nchains\n  1: 2 tasks: lines, words\n  2: 2 tasks: counts\n  3: 1 task: out\n"               \
    "\nexchanges\n  words -> counts: key word, 2 to 2, carries word, count" sums "\n"              \
    "  counts -> out: rebalance, 2 to 1, carries word, count\n"

static void the_word_counts_have_these_plans(void)
{
    plan_of("jobs/wordcount.cfg", WORDCOUNT("wordcount", "stream", "rolling", ""));
    plan_of("jobs/wordcount-batch.cfg",
            WORDCOUNT("wordcount-batch", "batch", "final", ", summed before where keys repeat"));
}

#define TRADE "symbol: str, price: f64, volume: i64 or null, venue: i32"

static const char diamond[] =
    "job = \"d\";\noperators = (\n"
    "  { id = \"trades\"; op = \"graph_ops.trades\"; },\n"
    "  { id = \"by\"; op = \"graph_ops.split\"; field = \"symbol\"; ports = [ \"a\" ];\n"
    "    input = \"trades\"; on_error = \"port\"; },\n"
    "  { id = \"slow\"; op = \"graph_ops.slow\"; input = \"by.a\"; },\n"
    "  { id = \"all\"; op = \"graph_ops.recent\"; input = [ \"by\", \"slow\" ]; },\n"
    "  { id = \"sum\"; op = \"graph_ops.sum\"; input = \"all\"; field = \"price\"; },\n"
    "  { id = \"drop\"; op = \"graph_ops.drop\"; input = [ \"sum\" ]; parallelism = 1; },\n"
    "  { id = \"bad\"; op = \"graph_ops.write\"; input = \"by.errors\"; path = \"-\"; }\n);\n";

static void a_plan_shows_ports_unions_and_threads_and_closes_no_circle_of_tasks(void)
{
    static const char *const two[] = {"-p", "2", NULL};
    struct process_result r;
    run_text("plan", diamond, two, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(same("diamond", "out", r.out,
                   "job d: stream, parallelism 2, 128 key groups\n\noperators\n"
                   "  trades: graph_ops.trades, source, 2 tasks\n    out -> {" TRADE "}\n"
                   "  by: graph_ops.split, 2 tasks, on_error port\n    in <- trades: forward\n"
                   "    out -> {" TRADE "}\n    a -> {" TRADE "}\n"
                   "    errors -> {error: str, row: str}\n"
                   "  slow: graph_ops.slow, 2 tasks\n    in <- by.a: forward\n"
                   "    out -> {" TRADE "}\n"
                   "  all: graph_ops.recent, 2 tasks\n    in <- by: forward\n"
                   "    in <- slow: forward\n    out -> {" TRADE "}\n"
                   "  sum: graph_ops.sum, rolling aggregate, 1 task\n    in <- all: rebalance\n"
                   "    out -> {price: f64 or null}\n"
                   "  drop: graph_ops.drop, sink, 1 task\n    in <- sum: forward\n"
                   "  bad: graph_ops.write, sink, 1 task\n    in <- by.errors: rebalance\n"
                   "\nchains\n  1: 2 tasks: trades, by\n"
                   "  2: 2 tasks, each with a thread of its own: slow\n  3: 2 tasks: all\n"
                   "  4: 1 task: sum, drop\n  5: 1 task: bad\n"
                   "\nexchanges\n  by.a -> slow: forward, 2 to 2, carries price, event times\n"
                   "  by -> all: forward, 2 to 2, carries price, event times\n"
                   "  slow -> all: forward, 2 to 2, carries price, event times\n"
                   "  all -> sum: rebalance, 2 to 1, carries price\n"
                   "  by.errors -> bad: rebalance, 2 to 1, carries error, row\n"));
    process_result_fini(&r);
}

/* `window` and what goes with it, and what a plan says of it, as text and as JSON. */
static void a_plan_says_what_a_window_keeps_and_when_it_fires(void)
{
    static const char *const cases[][3] = {
        {"window = { time = \"5s\"; };", "time 5s",
         "\"tumbling\":true,\"offset_us\":0,\"per\":null"},
        {"window = { time = \"10s\"; offset = \"1s\"; }; every = { time = \"5s\"; }; key = "
         "\"venue\"; "
         "lateness = \"2s\"; early = \"1s\"; accumulate = false;",
         "time 10s every 5s, offset 1s, per key, lateness 2s, early 1s, only what is new",
         "{\"keep\":{\"kind\":\"time\",\"time_us\":10000000},\"fire\":{\"kind\":\"time\",\"time_"
         "us\":5000000},"
         "\"tumbling\":false,\"offset_us\":1000000,\"per\":\"key\",\"lateness_us\":2000000,"
         "\"early_us\":1000000,\"accumulate\":false,\"clock\":\"event\"}"},
        {"window = { count = 2; }; every = { time = \"1m\"; }; clock = \"processing\";",
         "count 2 every time 1m, by the clock", "\"clock\":\"processing\""},
        {"window = { delta = 0.5; field = \"price\"; from = 3; }; key = \"venue\"; per = "
         "\"stream\";",
         "delta 0.5 of price from 3, per stream",
         "{\"kind\":\"delta\",\"delta\":\"0.5\",\"field\":\"price\"}"},
        {"window = { session = \"30s\"; };", "session 30s",
         "\"keep\":{\"kind\":\"session\",\"time_us\":30000000},\"fire\":{\"kind\":null}"},
        {"window = { all = true; }; every = { count = 4; };", "all every count 4",
         "\"keep\":{\"kind\":\"all\"},\"fire\":{\"kind\":\"count\",\"count\":4}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const char *const json[] = {"--format", "json", NULL};
        struct process_result r;
        char *job = text_format(
            "job = \"d\";\noperators = (\n  { id = \"trades\"; op = \"graph_ops.trades\"; },\n"
            "  { id = \"sum\"; op = \"graph_ops.sum\"; input = \"trades\"; field = \"price\"; %s "
            "},\n"
            "  { id = \"drop\"; op = \"graph_ops.drop\"; input = \"sum\"; }\n);\n",
            cases[i][0]);
        char *line = text_format("\n    windowed: %s\n", cases[i][1]);
        run_text("plan", job, none, &r);
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, line));
        if (r.status != 0 || strstr(r.out, line) == NULL)
            printf("%s: not %s in\n%s%s", cases[i][0], line, r.out, r.err);
        process_result_fini(&r);
        run_text("plan", job, json, &r);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, cases[i][2]));
        if (strstr(r.out, cases[i][2]) == NULL)
            printf("%s: not %s in\n%s", cases[i][0], cases[i][2], r.out);
        process_result_fini(&r);
        free(line);
        free(job);
    }
}

static void a_plan_can_be_drawn(void)
{
    static const char *const dot[] = {"-p", "2", "--format", "dot", NULL};
    struct process_result r;
    run_text(
        "plan",
        "job = \"d\";\noperators = (\n  { id = \"trades\"; op = \"graph_ops.trades\"; },\n"
        "  { id = \"out\"; op = \"graph_ops.first\"; input = \"trades\"; key = \"venue\"; }\n);\n",
        dot, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(same("dot", "out", r.out,
                   "digraph \"d\" {\n  rankdir=LR;\n  node [shape=box];\n"
                   "  subgraph cluster_1 {\n    label=\"x 2\";\n"
                   "    \"trades\" [label=\"trades\\ngraph_ops.trades\"];\n  }\n"
                   "  subgraph cluster_2 {\n    label=\"x 2\";\n"
                   "    \"out\" [label=\"out\\ngraph_ops.first\"];\n  }\n"
                   "  \"trades\" -> \"out\" [label=\"key venue\", penwidth=2];\n}\n"));
    process_result_fini(&r);
}

static void a_plan_is_json(void)
{
    static const char *const json[] = {"-p", "2", "--format", "json", NULL};
    struct process_result r;
    run_text("plan", trades, json, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(same(
        "json", "out", r.out,
        "{\"job\":\"t\",\"mode\":\"stream\",\"parallelism\":2,\"max_parallelism\":128,"
        "\"operators\":[{\"id\":\"trades\",\"op\":\"graph_ops.trades\",\"kind\":\"source\","
        "\"aggregation\":null,\"parallelism\":2,\"on_error\":\"fail\",\"chain\":1,\"inputs\":[],"
        "\"outputs\":[{\"name\":\"out\",\"fields\":["
        "{\"name\":\"symbol\",\"type\":\"str\",\"nullable\":false,\"needed\":false},"
        "{\"name\":\"price\",\"type\":\"f64\",\"nullable\":false,\"needed\":false},"
        "{\"name\":\"volume\",\"type\":\"i64\",\"nullable\":true,\"needed\":false},"
        "{\"name\":\"venue\",\"type\":\"i32\",\"nullable\":false,\"needed\":false}],"
        "\"needs_time\":false,\"keeps_hash\":false}]}],\"edges\":[],"
        "\"chains\":[{\"parallelism\":2,\"blocking\":false,\"operators\":[\"trades\"]}],"
        "\"loops\":[]}\n"));
    process_result_fini(&r);
}

/* Runs `check` on job.cfg of a folder, which the caller has filled, and removes the folder. */
static void expect_check(char *folder, int status, const char *says)
{
    struct process_result r;
    gyre(folder, "check", none, &r);
    CU_ASSERT_EQUAL(r.status, status);
    CU_ASSERT(same("check", "err", r.err, says));
    process_result_fini(&r);
    dir_remove(folder);
    free(folder);
}

/* Six levels of eight includes are 300,000 files to read, though there are seven. */
static void tree_of_includes_is_bounded(void)
{
    char *folder = dir_temp();
    for (int level = 0; level <= 6; level++) {
        char *name = level == 0 ? text_format("job.cfg") : text_format("%d.inc", level);
        char *text = text_format("# %d\n", level);
        for (int i = 0; level < 6 && i < 8; i++) {
            char *more = text_format("%s@include \"%d.inc\"\n", text, level + 1);
            free(text);
            text = more;
        }
        write_file(folder, name, text);
        free(text);
        free(name);
    }
    expect_check(folder, 2,
                 "5.inc:2: more than 1000 files are included, a file counted each time: merge some "
                 "of them\n");
}

static void endless_include_is_refused(void)
{
    char *folder = dir_temp();
    write_file(folder, "job.cfg", "job = \"t\";\n@include \"/dev/zero\"\n");
    expect_check(folder, 2,
                 "job.cfg:2: what is included is more than 16 MiB, a file counted each time: a job "
                 "has less\n");
}

/* It would be read here, and libconfig would wait for a second writer. */
static void include_of_a_pipe_is_refused(void)
{
    char *folder = dir_temp(), *pipe_path = path_join(folder, "pipe");
    CU_ASSERT_EQUAL_FATAL(mkfifo(pipe_path, 0600), 0);
    free(pipe_path);
    write_file(folder, "job.cfg", "job = \"t\";\n@include \"pipe\"\n");
    expect_check(folder, 2, "job.cfg:2: @include \"pipe\" is a pipe: include a file\n");
}

static void job_that_includes_itself_is_refused(void)
{
    char *folder = dir_temp();
    write_file(folder, "job.cfg", "@include \"job.cfg\"\n@include \"job.cfg\"\n");
    expect_check(folder, 2, "job.cfg:1: include file nesting too deep\n");
}

/* The job's folder, one below it, and one beside that. */
static char *make_tree(const char *inner)
{
    char *folder = dir_temp(), *ops = path_join(folder, "ops"),
         *common = path_join(folder, "common");
    CU_ASSERT_EQUAL_FATAL(mkdir(ops, 0700), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir(common, 0700), 0);
    write_file(folder, "job.cfg",
               "job = \"t\";\n  @include \"ops/all.inc\" parallelism = 2;\nmode = \"batch\";\n"
               "nonsense = 1;\n");
    write_file(ops, "all.inc",
               "# all\noperators = (\n@include \"in.inc\"\n,\n@include \"../common/out.inc\"\n);");
    write_file(ops, "in.inc", inner);
    write_file(common, "out.inc", "{ id = \"out\"; op = \"std.null\";\n  input = \"inn\"; }");
    free(ops);
    free(common);
    return folder;
}

static void an_include_is_looked_for_beside_its_file_and_mistakes_name_that(void)
{
    char *folder = make_tree("{ id = \"in\"; op = \"gen.sequence\"; to = 4294967297; }\n");
    expect_check(folder, 2,
                 "ops/in.inc:1: 4294967297 does not fit a 32-bit integer: write 4294967297L\n"
                 "job.cfg:4: unknown job key `nonsense` (a job has: job mode parallelism "
                 "max_parallelism plugins plugin_path snapshot restart loop operators tests)\n"
                 "ops/../common/out.inc:2: unknown operator `inn`: did you mean `in`? (the job's "
                 "`operators` lists all)\n");
    expect_check(make_tree("\n{ id = ; }\n"), 2, "ops/in.inc:2: syntax error\n");
    expect_check(make_tree("{ id = \"in\"; }\n\n/* of more\n"), 2,
                 "ops/in.inc:3: what begins here, a string or a comment, does not end\n");
    expect_check(make_tree("@include \"out.inc\""), 2,
                 "ops/in.inc:1: @include \"out.inc\" cannot be read: No such file or directory\n");
    expect_check(make_tree("{ id = \"in\" } @include \"out.inc\"\n"), 2,
                 "ops/in.inc:1: syntax error\n");
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(every_mistake_is_told_at_its_line_and_nothing_is_started, 120),
    SUITE_TEST(a_file_that_is_written_has_one_writer_whatever_its_name),
    SUITE_TEST(a_missing_job_file_is_told),
    SUITE_TEST(a_job_file_with_a_zero_byte_is_refused),
    SUITE_TEST(an_unknown_plugin_is_told_with_the_nearest_and_the_folders),
    SUITE_TEST(a_good_job_is_one_line),
    SUITE_TEST(standard_output_is_told_to_be_at_least_once),
    SUITE_TEST(check_says_what_the_plugins_that_come_with_gyre_cannot_promise),
    SUITE_TEST(set_takes_strings_bare_groups_dotted_and_lists_in_brackets),
    SUITE_TEST(set_of_a_dotted_group_reaches_into_the_window),
    SUITE_TEST(the_word_counts_have_these_plans),
    SUITE_TEST(a_plan_shows_ports_unions_and_threads_and_closes_no_circle_of_tasks),
    SUITE_TEST(a_plan_says_what_a_window_keeps_and_when_it_fires),
    SUITE_TEST(a_plan_can_be_drawn),
    SUITE_TEST(a_plan_is_json),
    SUITE_TEST(tree_of_includes_is_bounded),
    SUITE_TEST(endless_include_is_refused),
    SUITE_TEST(include_of_a_pipe_is_refused),
    SUITE_TEST(job_that_includes_itself_is_refused),
    SUITE_TEST(an_include_is_looked_for_beside_its_file_and_mistakes_name_that),
};
SUITE_MAIN("jobfile", tests)
