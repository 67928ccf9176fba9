/* The standard plugin from outside: what `gyre check` says of wrong options and types, and what a few
 * small jobs put out. */
#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs `gyre COMMAND job.cfg` in `folder` with this operator `a` behind a source `in`. */
static void gyre(const char *folder, const char *command, const char *mode, const char *op,
                 const char *more, struct process_result *result)
{
    static const char *const environment[] = {"GYRE_PLUGIN_PATH", NULL};
    char *program = build_path("gyre"), *path = path_join(folder, "job.cfg");
    char *job = text_format(
        "job = \"t\"; mode = \"%s\"; parallelism = 2;\noperators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; schema = (\n"
        "    {name=\"k\";type=\"str\";}, {name=\"i\";type=\"i32\";}, {name=\"x\";type=\"i64\";},\n"
        "    {name=\"y\";type=\"f64\";}, {name=\"b\";type=\"bool\";}, {name=\"t\";type=\"time\";} "
        "); },\n"
        "  { id = \"a\"; input = \"in\"; %s }%s\n);\n",
        mode, op, more);
    file_write_text(path, job);
    process_run(&(struct process_spec){.argv = ARGV(program, command, "job.cfg"),
                                       .env = environment,
                                       .cwd = folder},
                result);
    free(program);
    free(path);
    free(job);
}

static bool same(const char *op, const char *is, const char *wanted)
{
    if (strcmp(is, wanted) == 0)
        return true;
    printf("%s\n--- is\n%s--- not\n%s", op, is, wanted);
    return false;
}

/* ---- mistakes ---- */

#define SCHEMA "{k: str, i: i32, x: i64, y: f64, b: bool, t: time}"

/* The operator's settings stand at line 6 of the job file. */
static const struct {
    const char *op;
    const char *says;
} mistakes[] = {
    {"op = \"std.min\";", "job.cfg:6: std.min needs the option `field`: the field to compare\n"},
    {"op = \"std.avg\";\n field = \"k\";",
     "job.cfg:7: field: field `k` is str: there are averages of i32, i64 and f64\n"},
    {"op = \"std.avg\";\n field = \"t\";",
     "job.cfg:7: field: field `t` is time: there are averages of i32, i64 and f64\n"},
    {"op = \"std.sum\";\n field = \"b\";",
     "job.cfg:7: field: field `b` is bool: there are sums of i32, i64 and f64\n"},
    {"op = \"std.max\";\n"
     " field = \"nope\";",
     "job.cfg:7: field: unknown field `nope` (`in` has " SCHEMA ")\n"},
    {"op = \"std.max\"; key = \"k\";\n"
     " field = \"k\";",
     "job.cfg:6: std.max: the output has a field `k` already: {k: str}; `as` renames the result\n"},
    {"op = \"std.avg\"; key = \"k\";\n"
     " field = \"x\"; as = \"k\";",
     "job.cfg:7: as: the output has a field `k` already: {k: str}\n"},
    {"op = \"std.min\";\n"
     " field = \"x\"; last = true;",
     "job.cfg:7: unknown option `last` of std.min (`gyre inspect std.min` lists them)\n"},
    {"op = \"std.min_by\";\n"
     " field = \"x\";\n"
     " as = \"y\";",
     "job.cfg:8: as: 6 columns are put out; `as` renames a single one\n"},
    {"op = \"std.min_by\"; key = \"k\";\n"
     " field = \"x\";\n"
     " fields = [\"y\", \"yy\", \"k\"];",
     "job.cfg:6: std.min_by: the output has a field `k` already: {k: str, y: f64}; `as` renames "
     "the result\n"
     "job.cfg:8: fields: unknown field `yy`: did you mean `y`? (`in` has " SCHEMA ")\n"},
    {"op = \"std.max_by\"; key = [\"k\", \"i\", \"x\", \"y\", \"b\", \"t\"];\n"
     " field = \"x\";",
     "job.cfg:7: field: all fields are of the key: nothing is left to put out\n"},
    {"op = \"std.variance\";\n field = \"k\";",
     "job.cfg:7: field: field `k` is str: there are variances of i32, i64 and f64\n"},
    {"op = \"std.stddev\"; field = \"y\";\n of = \"all\";",
     "job.cfg:7: of: expected \"sample\" or \"population\", not the string \"all\"\n"},
    {"op = \"std.collect\"; field = \"y\";\n most = -1;", "job.cfg:7: most: -1 is less than 0\n"},
    {"op = \"std.top\"; key = \"k\";\n by = \"k\"; n = 3;",
     "job.cfg:7: by: `k` is of the key: all rows of a key have the same\n"},
    {"op = \"std.top\"; by = \"xx\";\n n = 0;", "job.cfg:7: n: 0 is less than 1\n"},
    {"op = \"std.top\"; n = 3;\n by = \"xx\";",
     "job.cfg:7: by: unknown field `xx`: did you mean `x`? (`in` has " SCHEMA ")\n"},
    {"op = \"std.sort\";\n by = \"x, -xx\";",
     "job.cfg:7: by: unknown field `xx`: did you mean `x`? (`in` has " SCHEMA ")\n"},
    {"op = \"std.sort\";\n by = \"x,,y\";",
     "job.cfg:7: by: \"x,,y\" is no list of fields, as in \"-amount, name\"\n"},
    {"op = \"std.dedupe\"; key = \"k\";\n fields = [\"k\", \"x\"];",
     "job.cfg:7: fields: the `key` says which rows are alike: leave out one of them\n"},
    {"op = \"std.dedupe\";\n fields = [\"k\", \"xx\"];",
     "job.cfg:7: fields: unknown field `xx`: did you mean `x`? (`in` has " SCHEMA ")\n"},
    {"op = \"std.dedupe\";", "job.cfg:6: std.dedupe needs a `key`: its state is per key\n"},
    {"op = \"std.sample\";\n fraction = 1.5;", "job.cfg:7: fraction: a fraction is from 0 to 1\n"},
    {"op = \"std.fill\"; fields = \"x\";",
     "job.cfg:6: std.fill: needs `value`, what nulls become, or `last = true`\n"},
    {"op = \"std.fill\"; value = \"0\";\n fields = [];", "job.cfg:7: fields: the list is empty\n"},
    {"op = \"std.fill\"; value = \"0\";\n fields = [ \"x\", \"i\", \"x\" ];",
     "job.cfg:7: fields: the field `x` stands twice\n"},
    {"op = \"std.fill\"; fields = \"x\";\n last = true;",
     "job.cfg:7: last: the last value of which rows? It needs a `key`\n"},
    {"op = \"std.fill\"; fields = [ \"x\", \"i\", \"k\", \"b\" ];\n value = \"3000000000\";",
     "job.cfg:7: value: \"3000000000\" is no value of the field `i`, which is i32\n"
     "job.cfg:7: value: \"3000000000\" is no value of the field `b`, which is bool\n"},
    {"op = \"std.split\"; ports = \"a\";",
     "job.cfg:6: std.split: needs the option `field`: the field whose values `ports` lists; or "
     "`fn`: a function that computes it\n"},
    {"op = \"std.split\"; field = \"k\";",
     "job.cfg:6: std.split: no values: each one listed in `ports` gets a port\n"},
    {"op = \"std.split\"; field = \"k\";\n"
     " ports = [\"a\", \"x=a\", \"errors\", \"b c\", \"b\"];",
     "job.cfg:7: ports: \"errors\" cannot be the name of a port, there is one of this name: name "
     "it, as "
     "in \"to_errors=errors\"\n"
     "job.cfg:7: ports: \"b c\" cannot be the name of a port (letters, digits, _ and -): name it, "
     "as in "
     "\"b_c=b c\"\n"},
    {"op = \"std.split\"; field = \"k\";\n"
     " ports = [\"\", \"out\", \"a.b=c d\", \"=x\", \"\xc3\xa9/1\", \"a_b=a=b\"];",
     "job.cfg:7: ports: \"\" cannot be the name of a port (letters, digits, _ and -): name it, as "
     "in "
     "\"port=\"\n"
     "job.cfg:7: ports: \"out\" cannot be the name of a port, there is one of this name: name it, "
     "as "
     "in \"to_out=out\"\n"
     "job.cfg:7: ports: \"a.b\" cannot be the name of a port (letters, digits, _ and -): name it, "
     "as in "
     "\"a_b=c d\"\n"
     "job.cfg:7: ports: \"\" cannot be the name of a port (letters, digits, _ and -): name it, as "
     "in "
     "\"port=x\"\n"
     "job.cfg:7: ports: \"\xc3\xa9/1\" cannot be the name of a port (letters, digits, _ and -): "
     "name "
     "it, as in \"___1=\xc3\xa9/1\"\n"},
    {"op = \"std.split\"; field = \"i\";\n"
     " ports = [\"p=1\", \"q=2147483648\", \"z\", \"r=-\", \"s=01\"];",
     "job.cfg:7: ports: \"2147483648\" is no value of the field `i`, which is i32\n"
     "job.cfg:7: ports: \"z\" is no value of the field `i`, which is i32\n"
     "job.cfg:7: ports: \"-\" is no value of the field `i`, which is i32\n"},
    {"op = \"std.split\"; field = \"b\";\n"
     " ports = [\"true\", \"yes\", \"f=false\"];",
     "job.cfg:7: ports: \"yes\" is no value of the field `b`, which is bool\n"},
    {"op = \"std.split\";\n"
     " field = \"y\"; ports = \"a\";",
     "job.cfg:7: field: field `y` is f64: rows are split by strings, integers, times and bool\n"},
    {"op = \"std.split\";\n"
     " fn = \"std.sum\";",
     "job.cfg:7: fn: std.sum is no key function\n"},
    {"op = \"std.split\";\n"
     " fn = { fun = \"std.sum\"; };",
     "job.cfg:7: fn: expected \"PLUGIN.NAME\" or { fn = \"PLUGIN.NAME\"; ... }, not a group\n"},
    {"op = \"std.split\";\n"
     " fn = 7;",
     "job.cfg:7: fn: expected a string, not the integer 7\n"},
    {"op = \"std.aggregate\";",
     "job.cfg:6: std.aggregate needs the option `aggregates`: the aggregates: { fn = \"std.sum\"; "
     "field = \"x\"; as = \"total\"; }, ...\n"},
    {"op = \"std.aggregate\"; aggregates = ();", "job.cfg:6: aggregates: the list is empty\n"},
    {"op = \"std.aggregate\"; aggregates = \"x\";",
     "job.cfg:6: aggregates: expected a list of groups ( { ... }, ... ), not the string \"x\"\n"},
    {"op = \"std.aggregate\"; as = \"q\"; agregates = ();",
     "job.cfg:6: unknown option `agregates` of std.aggregate: did you mean `aggregates`? (`gyre "
     "inspect std.aggregate` lists them)\n"},
    {"op = \"std.aggregate\"; as = \"q\"; aggregates = (\n"
     " {fn=\"std.sum\"; field=\"x\";},\n"
     " {fn=\"std.sum\"; field=\"k\";},\n"
     " {fn=\"std.sun\"; field=\"k\";},\n"
     " {field=\"k\";},\n"
     " 7,\n"
     " {fn=\"std.aggregate\";},\n"
     " {fn=\"std.split\";},\n"
     " {fn=\"std.max\"; filed=\"x\";},\n"
     " {fn = 3;}\n"
     " );",
     "job.cfg:6: unknown option `as` of std.aggregate (each group takes the options of its "
     "function, and `as`)\n"
     "job.cfg:9: fn: std has no function `sun`: did you mean `std.sum`? (`gyre list` lists all)\n"
     "job.cfg:10: aggregates: a group needs `fn`: an aggregate function\n"
     "job.cfg:11: aggregates: expected a group { ... }, not the integer 7\n"
     "job.cfg:12: fn: std.aggregate holds aggregates and is none: list them here\n"
     "job.cfg:13: fn: std has no function `split`: did you mean `std.split`? (`gyre list` lists "
     "all)\n"
     "job.cfg:14: unknown option `filed` of std.max: did you mean `field`? (`gyre inspect std.max` "
     "lists them)\n"
     "job.cfg:15: fn: expected a string, not the integer 3\n"},
    {"op = \"std.aggregate\"; key = \"k\"; aggregates = (\n"
     " {fn=\"std.sum\"; field=\"x\";},\n"
     " {fn=\"std.min\"; field=\"x\";},\n"
     " {fn=\"std.max\"; field=\"y\";\n"
     " as=\"x\";},\n"
     " {fn=\"std.count\"; field=\"zz\";},\n"
     " {fn=\"std.min_by\"; field=\"t\"; as=\"f\"; },\n"
     " {fn=\"std.avg\"; \n"
     " field=\"k\"; }, {fn=\"std.min\"; field=\"k\";}\n"
     " );",
     "job.cfg:8: std.min: the output has a field `x` already: {k: str, x: i64}; `as` renames the "
     "result\n"
     "job.cfg:10: as: the output has a field `x` already: {k: str, x: i64}\n"
     "job.cfg:11: field: unknown field `zz` (`in` has " SCHEMA ")\n"
     "job.cfg:12: as: 5 columns are put out; `as` renames a single one\n"
     "job.cfg:14: field: field `k` is str: there are averages of i32, i64 and f64\n"
     "job.cfg:14: std.min: the output has a field `k` already: {k: str, x: i64, f: i32}; `as` "
     "renames the result\n"},
};

static void every_mistake_is_told_at_its_line(void)
{
    char *folder = dir_temp(), *in = path_join(folder, "in.csv");
    file_write_text(in, "");
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct process_result r;
        gyre(folder, "check", "batch", mistakes[i].op, "", &r);
        CU_ASSERT(same(mistakes[i].op, r.err, mistakes[i].says));
        CU_ASSERT_EQUAL(r.status, 2);
        process_result_fini(&r);
    }
    dir_remove(folder);
    free(folder);
    free(in);
}

/* Joins: two sources of other schemas, at lines 3 and 5; the operator's settings stand at line 7. The
 * `v` of right is called `right_v`, which it has too: what gets as far as that says so. */
#define LEFT  "{t: i64, k: str, v: i64}"
#define RIGHT "{t: i64, k: str, v: str, n: i64, right_v: str}"
#define TWICE(window)                                                                              \
    "job.cfg:7: std.join: the output has a field `right_v` already: {k: str, " window              \
    "t: i64, v: i64, right_t: i64, right_v: str, n: i64}\n"
#define OF_TIME                                                                                    \
    ": std.join takes a window of time that is put out by time: window = { time = \"1m\"; }\n"
#define PLAIN   ": std.join has windows of event time, per key, that are put out once\n"
#define BOUNDS  "window_start: time, window_end: time, "
#define WINDOW  "std.join\"; key = \"k\"; window = { time = \"5s\"; };"
#define NEAR(x) "std.interval_join\"; key = \"k\";" x

static const struct {
    const char *op;
    const char *says;
} join_mistakes[] = {
    {WINDOW, TWICE(BOUNDS)},
    {"std.join\"; key = \"k\";", "job.cfg:7: std.join: a stream has no end at which to join: it "
                                 "needs `window = { time = \"1m\"; "
                                 "}`; without one it joins whole inputs, in mode = \"batch\"\n"},
    {"std.join\"; window = { time = \"5s\"; };\n key = { left = \"k\"; right = \"n\"; };",
     "job.cfg:8: key: `k` is str and `n` is i64: `l` has " LEFT " and `r` has " RIGHT "\n"},
    {"std.join\"; key = \"k\";\n window = { count = 5; };",
     TWICE(BOUNDS) "job.cfg:8: window" OF_TIME},
    {WINDOW "\n every = { count = 5; };\n per = \"stream\"; accumulate = false;",
     TWICE(BOUNDS) "job.cfg:8: every" OF_TIME "job.cfg:9: accumulate" PLAIN "job.cfg:9: per" PLAIN},
    {WINDOW "\n early = \"1s\";\n clock = \"processing\";",
     TWICE(BOUNDS) "job.cfg:8: early" PLAIN "job.cfg:9: clock" PLAIN},
    {"std.join\"; key = \"k\"; window = { session = \"5s\"; };\n type = \"outer\";",
     "job.cfg:7: window" OF_TIME
     "job.cfg:8: type: expected \"inner\", \"left\", \"right\" or \"full\", "
     "not the string \"outer\"\n"},
    {NEAR(""),
     "job.cfg:7: std.interval_join needs the option `within`: how far apart in time the rows "
     "of a pair may be, both bounds included\n"},
    {NEAR("\n within = ();"), "job.cfg:8: within: one group, { before = ...; after = ...; }\n"},
    {NEAR("\n within = { befor = \"5s\"; };"),
     "job.cfg:8: unknown option `befor` of within: did you mean `before`? (`gyre inspect "
     "std.interval_join` lists them)\n"},
    {NEAR("\n within = { before = \"-5s\"; };"),
     "job.cfg:8: before: \"-5s\" is no duration: write a number and a unit, as in \"10ms\"\n"},
};

static char *join_job(const char *mode, const char *op)
{
    return text_format(
        "job = \"t\"; mode = \"%s\"; parallelism = 2;\noperators = (\n"
        "  { id = \"l\"; op = \"file.read\"; path = \"l.csv\"; format = \"csv\"; schema = (\n"
        "    {name=\"t\";type=\"i64\";}, {name=\"k\";type=\"str\";}, {name=\"v\";type=\"i64\";} ); "
        "},\n"
        "  { id = \"r\"; op = \"file.read\"; path = \"r.csv\"; format = \"csv\"; schema = (\n"
        "    {name=\"t\";type=\"i64\";}, {name=\"k\";type=\"str\";}, {name=\"v\";type=\"str\";}, "
        "{name=\"n\";type=\"i64\";}, {name=\"right_v\";type=\"str\";} ); },\n"
        "  { id = \"j\"; input = { left = \"l\"; right = \"r\"; }; op = \"%s },\n"
        "  { id = \"o\"; op = \"file.write\"; input = \"j\"; path = \"-\"; header = true; }\n);\n",
        mode, op);
}

static void run_join(const char *folder, const char *command, const char *job,
                     struct process_result *r)
{
    static const char *const environment[] = {"GYRE_PLUGIN_PATH", NULL};
    char *program = build_path("gyre"), *path = path_join(folder, "job.cfg");
    file_write_text(path, job);
    process_run(&(struct process_spec){.argv = ARGV(program, command, "job.cfg"),
                                       .env = environment,
                                       .cwd = folder},
                r);
    free(program);
    free(path);
}

static void every_mistake_of_a_join_is_told_at_its_line(void)
{
    char *folder = dir_temp(), *l = path_join(folder, "l.csv"), *r = path_join(folder, "r.csv");
    file_write_text(l, "");
    file_write_text(r, "");
    for (size_t i = 0; i < sizeof join_mistakes / sizeof join_mistakes[0]; i++) {
        struct process_result result;
        char *job = join_job("stream", join_mistakes[i].op);
        run_join(folder, "check", job, &result);
        CU_ASSERT(same(join_mistakes[i].op, result.err, join_mistakes[i].says));
        CU_ASSERT_STRING_EQUAL(result.out, "");
        CU_ASSERT_EQUAL(result.status, 2);
        process_result_fini(&result);
        free(job);
    }
    dir_remove(folder);
    free(folder);
    free(l);
    free(r);
}

/* ---- results ---- */

/* Rows of (k, i, x, y, b, t), an operator, and what a batch job then puts out, sorted by nothing: at
 * most one key. */
static const struct {
    const char *rows;
    const char *op;
    const char *out;
} results[] = {
    /* NaN is greater than every number. */
    {"a,1,1,nan,true,1\na,1,1,2.5,true,1\na,1,1,inf,true,1\n",
     "op = \"std.aggregate\"; aggregates = ( {fn=\"std.min\";field=\"y\";as=\"least\";},\n"
     "{fn=\"std.max\";field=\"y\";}, {fn=\"std.avg\";field=\"y\";} );",
     "least,y,avg\n2.5,nan,nan\n"},
    {"a,1,1,nan,true,1\n", "op = \"std.min\"; key = \"k\"; field = \"y\";", "k,y\na,nan\n"},
    /* The sum of the mean does not overflow, and is rounded once. */
    {"a,1,9223372036854775807,0,true,1\na,1,9223372036854775807,0,true,1\n",
     "op = \"std.avg\"; key = \"k\"; field = \"x\"; as = \"mean\";",
     "k,mean\na,9.223372036854776e+18\n"},
    /* The sum is no f64: rounded before it is divided, the mean would be its neighbour. */
    {"a,1,3339107582246289661,0,true,1\na,1,0,0,true,1\na,1,0,0,true,1\na,1,0,0,true,1\n"
     "a,1,0,0,true,1\na,1,0,0,true,1\na,1,0,0,true,1\n",
     "op = \"std.avg\"; key = \"k\"; field = \"x\";", "k,avg\na,4.770153688923271e+17\n"},
    {"a,1,-7753167133015253674,0,true,1\na,1,-5,0,true,1\na,1,0,0,true,1\n",
     "op = \"std.avg\"; key = \"k\"; field = \"x\";", "k,avg\na,-2.5843890443384177e+18\n"},
    /* -0.0 equals 0.0: the first one wins. */
    {"a,1,1,0,true,1\na,2,1,-0,true,1\n", "op = \"std.min_by\"; key = \"k\"; field = \"y\";",
     "k,i,x,y,b,t\na,1,1,0,true,1\n"},
    {"a,1,1,0,true,1\na,2,1,-0,true,1\n",
     "op = \"std.max_by\"; key = \"k\"; field = \"y\"; last = true; fields = [ \"t\", \"i\" ];",
     "k,t,i\na,1,2\n"},
    /* The first and the last to come, nulls aside unless they count. */
    {"a,1,1,nan,true,7\na,2,5,2,false,3\n",
     "op = \"std.aggregate\"; key = \"k\"; aggregates = ( {fn=\"std.first\";field=\"x\";},\n"
     "{fn=\"std.last\";field=\"b\";fields=[\"t\",\"y\"];}, {fn=\"std.any_value\";field=\"i\";} );",
     "k,x,t,y,i\na,1,3,2,1\n"},
    /* Of one value a sample has no variance; far from 0 no digit is lost. */
    {"a,1,1000000001,0.1,true,1\nb,2,1000000002,0.1,true,1\nb,4,1000000004,0.1,true,1\n",
     "op = \"std.aggregate\"; key = \"k\"; aggregates = ( {fn=\"std.variance\";field=\"x\";},\n"
     "{fn=\"std.stddev\";field=\"i\";of=\"population\";}, "
     "{fn=\"std.variance\";field=\"y\";as=\"vy\";} "
     ");",
     "k,variance,stddev,vy\na,,0,\nb,2,1,0\n"},
    {"a,1,4000000000001,1e8,true,1\na,2,4000000000002,100000000.5,true,1\n",
     "op = \"std.aggregate\"; aggregates = ( {fn=\"std.variance\";field=\"x\";},\n"
     "{fn=\"std.stddev\";field=\"y\";of=\"population\";} );",
     "variance,stddev\n0.5,0.25\n"},
    {"a,1,1,inf,true,1\na,2,1,3,true,1\n", "op = \"std.variance\"; field = \"y\";",
     "variance\nnan\n"},
    {"a,1,1,2.5,true,1\na,2,1,-0,false,1\na,3,1,0,true,3\na,4,2,nan,true,4\na,5,2,nan,true,4\n",
     "op = \"std.aggregate\"; aggregates = ( {fn=\"std.collect\";field=\"i\";separator=\"|\";},\n"
     "{fn=\"std.collect\";field=\"b\";distinct=true;separator=\" \";},\n"
     "{fn=\"std.collect\";field=\"y\";most=2;separator=\"\";}, {fn=\"std.distinct\";field=\"y\";} "
     ");",
     "i,b,y,distinct\n1|2|3|4|5,true false,2.50,3\n"},
    /* The greatest first, of equal ones the first to come; NaN is greater than every number. */
    {"a,1,5,1,true,1\nb,2,7,2,true,2\na,3,7,nan,true,3\nb,4,1,3,true,4\na,5,7,4,true,5\n",
     "op = \"std.top\"; n = 3; by = \"x\"; rank = \"place\";",
     "k,i,x,y,b,t,place\nb,2,7,2,true,2,1\na,3,7,nan,true,3,2\na,5,7,4,true,5,3\n"},
    {"a,1,5,1,true,1\na,2,7,2,true,2\na,3,7,nan,true,3\na,4,1,3,true,4\n",
     "op = \"std.top\"; key = [\"k\", \"b\"]; n = 9; by = \"y\"; order = \"ascending\";",
     "k,b,i,x,y,t\na,true,1,5,1,1\na,true,2,7,2,2\na,true,4,1,3,4\na,true,3,7,nan,3\n"},
    {"a,1,5,1,true,1\na,2,3,2,true,2\na,3,7,9,true,3\na,4,1,3,true,4\na,5,9,3,true,5\n",
     "op = \"std.top\"; n = 1; by = \"x\"; window = { count = 2; };",
     "k,i,x,y,b,t\na,1,5,1,true,1\na,3,7,9,true,3\na,5,9,3,true,5\n"},
    /* By several fields, each way; rows that are alike stay as they came. */
    {"b,1,5,1,true,1\na,2,7,nan,true,2\na,3,7,1,true,3\nb,4,5,1,true,4\nc,5,9,1,true,5\n",
     "op = \"std.sort\"; by = \"-x, y\";",
     "k,i,x,y,b,t\nc,5,9,1,true,5\na,3,7,1,true,3\na,2,7,nan,true,2\nb,1,5,1,true,1\n"
     "b,4,5,1,true,4\n"},
    {"b,1,5,1,true,1\na,2,7,2,true,2\na,3,6,1,true,3\n",
     "op = \"std.sort\"; key = \"k\"; by = \"x\"; parallelism = 1;",
     "k,i,x,y,b,t\na,3,6,1,true,3\na,2,7,2,true,2\nb,1,5,1,true,1\n"},
    {"b,1,5,1,true,1\na,2,7,2,true,2\na,3,6,1,true,3\n",
     "op = \"std.sort\"; by = \"+k,-i\"; window = { count = 2; };",
     "k,i,x,y,b,t\na,2,7,2,true,2\nb,1,5,1,true,1\na,3,6,1,true,3\n"},
    {"a,1,1,1,true,1\na,2,1,1,true,2\na,3,1,1,true,3\na,4,1,1,true,4\n",
     "op = \"std.limit\"; n = 2; skip = 1;", "k,i,x,y,b,t\na,2,1,1,true,2\na,3,1,1,true,3\n"},
    {"a,1,1,1,true,1\na,2,1,1,false,2\na,3,1,1,true,3\na,4,1,1,false,4\n",
     "op = \"std.limit\"; key = [\"k\"]; n = 1;", "k,i,x,y,b,t\na,1,1,1,true,1\n"},
    {"a,1,1,1,true,1\na,2,1,1,true,2\na,3,1,1,true,3\n", "op = \"std.dedupe\"; key = \"k\";",
     "k,i,x,y,b,t\na,1,1,1,true,1\n"},
    {"a,1,1,1,true,1\n", "op = \"std.sample\"; fraction = 0;", "k,i,x,y,b,t\n"},
    {"a,1,1,1,true,1\n", "op = \"std.sample\"; fraction = 1.0;", "k,i,x,y,b,t\na,1,1,1,true,1\n"},
    /* No rows, no results. */
    {"", "op = \"std.max\"; field = \"y\";", "y\n"},
};

static void an_interval_join_goes_on_at_both_ends_of_time(void)
{
    char *folder = dir_temp(), *l = path_join(folder, "l.csv"), *r = path_join(folder, "r.csv");
    struct process_result result;
    file_write_text(l, "-9223372036854775808,1\n9223372036854775806,2\n9223372036854775807,3\n");
    file_write_text(r, "-9223372036854775808,4\n9223372036854775807,5\n");
    const char *job =
        "job = \"t\"; parallelism = 1; operators = (\n"
        "{ id = \"l\"; op = \"file.read\"; path = \"l.csv\"; format = \"csv\";\n"
        "  schema = ( { name = \"t\"; type = \"time\"; }, { name = \"k\"; type = \"i64\"; } ); },\n"
        "{ id = \"r\"; op = \"file.read\"; path = \"r.csv\"; format = \"csv\";\n"
        "  schema = ( { name = \"t\"; type = \"time\"; }, { name = \"v\"; type = \"i64\"; } ); },\n"
        "{ id = \"lt\"; op = \"std.timestamps\"; input = \"l\"; field = \"t\"; },\n"
        "{ id = \"rt\"; op = \"std.timestamps\"; input = \"r\"; field = \"t\"; },\n"
        "{ id = \"j\"; op = \"std.interval_join\"; input = { left = \"lt\"; right = \"rt\"; };\n"
        "  key = \"t\"; within = { before = \"2us\"; after = \"2us\"; }; },\n"
        "{ id = \"o\"; op = \"file.write\"; input = \"j\"; path = \"-\"; } );\n";
    run_join(folder, "run", job, &result);
    CU_ASSERT_EQUAL(result.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.out, "-9223372036854775808,1,4\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(result.out, "9223372036854775807,3,5\n"));
    process_result_fini(&result);
    dir_remove(folder);
    free(folder);
    free(l);
    free(r);
}

static void results_have_their_names_and_order(void)
{
    char *folder = dir_temp(), *in = path_join(folder, "in.csv");
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        struct process_result r;
        file_write_text(in, results[i].rows);
        gyre(
            folder, "run", "batch", results[i].op,
            ",\n  { id = \"o\"; op = \"file.write\"; input = \"a\"; path = \"-\"; header = true; }",
            &r);
        CU_ASSERT(same(results[i].op, r.out, results[i].out));
        CU_ASSERT_EQUAL(r.status, 0);
        if (r.status != 0)
            printf("%s", r.err);
        process_result_fini(&r);
    }
    dir_remove(folder);
    free(folder);
    free(in);
}

/* Rows with nulls and event times. */
static void check_timed(const char *op, const char *rows, const char *wanted)
{
    char *folder = dir_temp(), *in = path_join(folder, "in.csv"),
         *path = path_join(folder, "job.cfg");
    char *program = build_path("gyre");
    char *job = text_format(
        "job = \"t\"; parallelism = 2; operators = (\n"
        "{ id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; schema = (\n"
        "  { name = \"t\"; type = \"time\"; }, { name = \"k\"; type = \"str\"; },\n"
        "  { name = \"v\"; type = \"i64\"; nullable = true; }, { name = \"s\"; type = \"str\"; "
        "nullable = "
        "true; } ); },\n"
        "{ id = \"at\"; op = \"std.timestamps\"; input = \"in\"; field = \"t\"; max_out_of_order = "
        "\"1s\"; },\n"
        "{ id = \"a\"; input = \"at\"; %s },\n"
        "{ id = \"o\"; op = \"file.write\"; input = \"a\"; path = \"-\"; } );\n",
        op);
    struct process_result r;
    file_write_text(in, rows);
    file_write_text(path, job);
    process_run(&(struct process_spec){.argv = ARGV(program, "run", "job.cfg"), .cwd = folder}, &r);
    CU_ASSERT(same(op, r.out, wanted));
    CU_ASSERT_EQUAL(r.status, 0);
    if (r.status != 0)
        printf("%s", r.err);
    process_result_fini(&r);
    dir_remove(folder);
    char *texts[] = {folder, in, path, program, job};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
}

static void nulls_are_filled_with_a_value_or_the_last_one_of_the_key(void)
{
    static const char rows[] = "1,a,,one\n2,a,5,\n3,b,,\n4,a,,a-text-of-more-than-twelve\n5,a,,\n";
    check_timed("op = \"std.fill\"; fields = [\"s\"]; value = \"a value that is long\";", rows,
                "1,a,,one\n2,a,5,a value that is long\n3,b,,a value that is long\n"
                "4,a,,a-text-of-more-than-twelve\n5,a,,a value that is long\n");
    check_timed(
        "op = \"std.fill\"; fields = [\"v\", \"s\"]; key = \"k\"; last = true; parallelism = 1;",
        rows,
        "1,a,,one\n2,a,5,one\n3,b,,\n4,a,5,a-text-of-more-than-twelve\n"
        "5,a,5,a-text-of-more-than-twelve\n");
    check_timed("op = \"std.fill\"; fields = \"v\"; key = \"k\"; last = true; value = \"-1\"; "
                "parallelism = 1;",
                rows, "1,a,-1,one\n2,a,5,\n3,b,-1,\n4,a,5,a-text-of-more-than-twelve\n5,a,5,\n");
}

static void a_row_passes_once_within_a_time_in_order_or_not(void)
{
    check_timed("op = \"std.dedupe\"; key = \"k\"; within = \"10us\"; parallelism = 1;",
                "0,a,1,\n5,a,2,\n5,b,3,\n10,a,4,\n19,a,5,\n1,a,6,\n0,a,7,\n20,a,8,\n40,b,9,\n",
                "0,a,1,\n5,b,3,\n10,a,4,\n20,a,8,\n40,b,9,\n");
    /* One that passes late counts as well, and those before and behind it. */
    check_timed(
        "op = \"std.dedupe\"; key = \"k\"; within = \"10us\"; parallelism = 1;",
        "100,a,1,\n50,a,2,\n51,a,3,\n41,a,4,\n70,a,5,\n61,a,6,\n60,a,7,\n91,a,8,\n90,a,9,\n",
        "100,a,1,\n50,a,2,\n70,a,5,\n60,a,7,\n90,a,9,\n");
    check_timed("op = \"std.dedupe\"; fields = \"k\"; within = \"10us\"; parallelism = 1;",
                "0,a,1,\n5,a,2,\n5,b,3,\n10,a,4,\n", "0,a,1,\n5,b,3,\n10,a,4,\n");
    check_timed("op = \"std.dedupe\"; fields = [\"k\", \"v\"]; parallelism = 1;",
                "0,a,1,x\n5,a,2,x\n5,b,1,x\n10,a,1,y\n", "0,a,1,x\n5,a,2,x\n5,b,1,x\n");
    check_timed("op = \"std.dedupe\"; key = [\"k\", \"v\"]; parallelism = 1;",
                "0,a,1,x\n5,a,2,x\n5,b,1,x\n10,a,1,y\n19,a,,x\n1,a,,y\n",
                "0,a,1,x\n5,a,2,x\n5,b,1,x\n19,a,,x\n");
}

static const struct suite_test tests[] = {
    SUITE_TEST(nulls_are_filled_with_a_value_or_the_last_one_of_the_key),
    SUITE_TEST(a_row_passes_once_within_a_time_in_order_or_not),
    SUITE_TEST(results_have_their_names_and_order),
    SUITE_TEST(every_mistake_is_told_at_its_line),
    SUITE_TEST(every_mistake_of_a_join_is_told_at_its_line),
    SUITE_TEST(an_interval_join_goes_on_at_both_ends_of_time),
};
SUITE_MAIN("std", tests)
