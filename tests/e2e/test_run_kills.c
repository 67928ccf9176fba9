/* Jobs that are killed by kill -9 at random moments, the job process or its supervisor, and go on at
 * another parallelism: their exactly-once sinks show what those of a run that never failed show.
 *
 * A life is one job from its first start to its end, with some kills in between. All rows that are
 * compared are functions of the input, whatever the order in which tasks have got it: rolling counts
 * (each word's are 1, 2, ...), state by key of one source task's rows in their order, finals.
 *
 * GYRE_BIG=1: 200 kills of each job instead of a few. GYRE_KILLS_SEED=n: other moments. */
#include "base/rng.h"
#include "run_job.h"
#include "run_sinks.h"
#include "support/files.h"
#include "support/lua_folds.h"
#include "support/suite.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    KILLS = RUN_SANITIZED ? 3 : 7,
    KILLS_BIG = 200,
    LIFE_KILLS = 8,
    FILES = 3,
    LINES = 1500,
    EVENTS = 6000
};

/* ---- the jobs ---- */

struct kill_job {
    const char *text;
    const char *newer[2]; /* the same with its code changed: a run that goes on may go on with it */
    struct run_sink sinks[6];
    struct {
        const char *id;
        unsigned rows;
    } sources[4];
};

#define SETTINGS                                                                                   \
    "snapshot = { every = \"10ms\"; dir = \"snap\"; };\n"                                          \
    "restart = { attempts = 1000; delay = \"1ms\"; max_delay = \"10ms\"; };\n"

static const struct kill_job words = {
    .text = "job = \"words\";\n" SETTINGS "operators = (\n"
            "  { id = \"lines\"; op = \"file.read\"; path = \"in/*.txt\"; },\n"
            "  { id = \"words\"; op = \"text.words\"; input = \"lines\"; },\n"
            "  { id = \"counts\"; op = \"std.sum\"; input = \"words\"; key = \"word\";\n"
            "    field = \"count\"; },\n"
            "  { id = \"parts\"; op = \"file.write\"; input = \"counts\"; path = \"parts/\";\n"
            "    header = true; },\n"
            "  { id = \"one\"; op = \"file.write\"; input = \"counts\"; path = \"one.json\";\n"
            "    format = \"json\"; },\n"
            "  { id = \"table\"; op = \"file.read\"; path = \"in/*.csv\"; format = \"csv\";\n"
            "    header = true;\n"
            "    schema = ( { name = \"id\"; type = \"i64\"; }, { name = \"text\"; type = \"str\"; "
            "} );\n"
            "  },\n"
            "  { id = \"rows\"; op = \"file.write\"; input = \"table\"; path = \"rows.csv\";\n"
            "    header = true; }\n"
            ");\n",
    .sinks = {{"parts/", "word,count", false},
              {"one.json", NULL, false},
              {"rows.csv", "id,text", false}},
    .sources = {{"lines", FILES *LINES}, {"table", FILES *LINES}},
};

static const struct kill_job state = {
    .text = "job = \"state\";\n" SETTINGS "operators = (\n"
            "  { id = \"events\"; op = \"gen.events\"; count = 6000; keys = 200; zipf = 0.8;\n"
            "    parallelism = 1; },\n"
            "  { id = \"mix\"; op = \"state_ops.mix\"; input = \"events\"; key = \"key\"; },\n"
            "  { id = \"parts\"; op = \"file.write\"; input = \"mix\"; path = \"parts/\";\n"
            "    format = \"json\"; },\n"
            "  { id = \"one\"; op = \"file.write\"; input = \"mix\"; path = \"one.csv\";\n"
            "    header = true; },\n"
            "  { id = \"split\"; op = \"state_ops.items_split\"; input = \"events\"; },\n"
            "  { id = \"union\"; op = \"state_ops.items_union\"; input = \"events\"; },\n"
            "  { id = \"items\"; op = \"file.write\"; input = [\"split\", \"union\"];\n"
            "    path = \"items/\"; }\n"
            ");\n",
    .sinks = {{"parts/", NULL, false},
              {"one.csv", "key,value,time,count,last,list_size,list_hash,map_size,map_hash", false},
              {"items/", NULL, true}},
    .sources = {{"events", EVENTS}},
};

static const struct kill_job finals = {
    .text = "job = \"finals\"; mode = \"batch\";\n" SETTINGS "operators = (\n"
            "  { id = \"lines\"; op = \"file.read\"; path = \"in/*.txt\"; },\n"
            "  { id = \"words\"; op = \"text.words\"; input = \"lines\"; },\n"
            "  { id = \"counts\"; op = \"std.count\"; input = \"words\"; key = \"word\"; },\n"
            "  { id = \"parts\"; op = \"file.write\"; input = \"counts\"; path = \"parts/\";\n"
            "    header = true; },\n"
            "  { id = \"events\"; op = \"gen.events\"; count = 6000; keys = 200; },\n"
            "  { id = \"best\"; op = \"std.max\"; input = \"events\"; key = \"key\";\n"
            "    field = \"value\"; },\n"
            "  { id = \"one\"; op = \"file.write\"; input = \"best\"; path = \"one.csv\";\n"
            "    header = true; },\n"
            "  { id = \"log\"; op = \"file.write\"; input = \"events\"; path = \"log/\"; },\n"
            "  { id = \"sorted\"; op = \"std.sort\"; input = \"events\"; key = \"key\";\n"
            "    by = \"-value\"; memory = \"16KiB\"; },\n"
            "  { id = \"order\"; op = \"std.collect\"; input = \"sorted\"; key = \"key\";\n"
            "    field = \"value\"; },\n"
            "  { id = \"orders\"; op = \"file.write\"; input = \"order\"; path = \"orders/\"; }\n"
            ");\n",
    .sinks = {{"parts/", "word,count", false},
              {"one.csv", "key,value", false},
              {"log/", NULL, false},
              {"orders/", NULL, false}},
    .sources = {{"lines", FILES *LINES}, {"events", EVENTS}},
};

/* One task reads, so that what is late, and what fires when, follows from the rows alone. */
static const struct kill_job windows = {
    .text =
        "job = \"windows\";\n" SETTINGS "operators = (\n"
        "  { id = \"events\"; op = \"gen.events\"; count = 6000; keys = 50; zipf = 0.8;\n"
        "    parallelism = 1; },\n"
        "  { id = \"timed\"; op = \"std.timestamps\"; input = \"events\"; field = \"time\";\n"
        "    parallelism = 1; },\n"
        "  { id = \"slides\"; op = \"std.sum\"; input = \"timed\"; key = \"key\";\n"
        "    field = \"value\"; window = { time = \"400us\"; }; every = { time = \"100us\"; }; },\n"
        "  { id = \"visits\"; op = \"std.count\"; input = \"timed\"; key = \"key\";\n"
        "    window = { session = \"60us\"; }; },\n"
        "  { id = \"last\"; op = \"std.max\"; input = \"timed\"; key = \"key\";\n"
        "    field = \"value\"; window = { count = 7; }; every = { count = 3; }; },\n"
        "  { id = \"parts\"; op = \"file.write\"; input = \"slides\"; path = \"parts/\"; },\n"
        "  { id = \"one\"; op = \"file.write\"; input = \"visits\"; path = \"one.csv\"; },\n"
        "  { id = \"more\"; op = \"file.write\"; input = \"last\"; path = \"more/\"; }\n"
        ");\n",
    .sinks = {{"parts/", NULL, false}, {"one.csv", NULL, false}, {"more/", NULL, false}},
    .sources = {{"events", EVENTS}},
};

/* Compressed inputs; a folder for each value, more than are open; parts over several snapshots; a compressed file. */
static const struct kill_job files = {
    .text =
        "job = \"files\";\n" SETTINGS "operators = (\n"
        "  { id = \"lines\"; op = \"file.read\"; path = \"in/*.gz\"; },\n"
        "  { id = \"words\"; op = \"text.words\"; input = \"lines\"; },\n"
        "  { id = \"counts\"; op = \"std.sum\"; input = \"words\"; key = \"word\";\n"
        "    field = \"count\"; },\n"
        "  { id = \"rotated\"; op = \"file.write\"; input = \"counts\"; path = \"rotated/\";\n"
        "    rotate_size = \"6KiB\"; rotate_time = \"40ms\"; compression = \"gzip\"; },\n"
        "  { id = \"one\"; op = \"file.write\"; input = \"counts\"; path = \"one.csv.gz\";\n"
        "    header = true; },\n"
        "  { id = \"events\"; op = \"gen.events\"; count = 6000; keys = 3; },\n"
        "  { id = \"values\"; op = \"file.write\"; input = \"events\"; path = \"by/k={key}/\";\n"
        "    open_max = 2; header = true; },\n"
        "  { id = \"both\"; op = \"file.write\"; input = \"events\"; path = \"both/{key}/\";\n"
        "    open_max = 1; rotate_size = \"3KiB\"; format = \"json\"; }\n"
        ");\n",
    .sinks = {{"rotated/", NULL, false},
              {"one.csv.gz", "word,count", false},
              {"by/", "key,value,time", false},
              {"both/", NULL, false}},
    .sources = {{"lines", FILES *LINES}, {"events", EVENTS}},
};

/* State that is a table of Lua, timers among it. What a timer puts out does not follow from when it comes. */
static const struct kill_job scripted = {
    .text =
        "job = \"scripted\";\n" SETTINGS "operators = (\n"
        "  { id = \"events\"; op = \"gen.events\"; count = 6000; keys = 200; zipf = 0.8;\n"
        "    parallelism = 1; },\n"
        "  { id = \"timed\"; op = \"std.timestamps\"; input = \"events\"; field = \"time\";\n"
        "    parallelism = 1; },\n"
        "  { id = \"sums\"; op = \"lua.process\"; input = \"timed\"; key = \"key\";\n"
        "    schema = ( { name = \"key\"; type = \"i64\"; }, { name = \"n\"; type = \"i64\"; },\n"
        "      { name = \"sum\"; type = \"i64\"; }, { name = \"last\"; type = \"str\"; } );\n"
        "    init = \"{n = 0, sum = 0, last = {}}\";\n"
        "    on_row = \"state.n = state.n + 1 state.sum = state.sum + value\n"
        "      state.last[state.n % 5 + 1] = 'value ' .. value\n"
        "      emit{key = key, n = state.n, sum = state.sum, last = state.last[2] or ''}\n"
        "      if state.n == 40 then state = nil end\"; },\n"
        "  { id = \"beats\"; op = \"lua.process\"; input = \"timed\"; key = \"key\";\n"
        "    schema = ( { name = \"key\"; type = \"i64\"; }, { name = \"due\"; type = \"i64\"; },\n"
        "      { name = \"tag\"; type = \"i64\"; } );\n"
        "    on_row = \"timer(row_time - row_time % 100 + 100, key % 3)\";\n"
        "    on_timer = \"emit{key = key, due = due, tag = tag}\"; },\n"
        "  { id = \"parts\"; op = \"file.write\"; input = \"sums\"; path = \"parts/\"; },\n"
        "  { id = \"one\"; op = \"file.write\"; input = \"beats\"; path = \"one.csv\"; }\n"
        ");\n",
    .sinks = {{"parts/", NULL, false}, {"one.csv", NULL, false}},
    .sources = {{"events", EVENTS}},
};

/* All that Lua keeps, changed while it is kept: of a mode, in a version. */
static char *folds_text(const char *mode, int version)
{
    char *folds = lua_folds_text(version, LUA_FOLDS_ALL);
    char *text = text_format(
        "job = \"folds\"; mode = \"%s\";\n" SETTINGS "operators = (\n"
        "  { id = \"events\"; op = \"gen.events\"; count = 1500; keys = 40; zipf = 0.8;\n"
        "    parallelism = 1; },\n"
        "  { id = \"timed\"; op = \"std.timestamps\"; input = \"events\"; field = \"time\";\n"
        "    parallelism = 1; },\n"
        "%s"
        "  { id = \"parts\"; op = \"file.write\"; path = \"parts/\"; format = \"json\";\n"
        "    input = [ \"rolls\", \"counted\", \"keeps\", \"whole\" ]; },\n"
        "  { id = \"one\"; op = \"file.write\"; path = \"one.csv\";\n"
        "    input = [ \"tumbles\", \"slides\", \"visits\" ]; },\n"
        "  { id = \"more\"; op = \"file.write\"; input = \"listed\"; path = \"more/\"; }\n"
        ");\n",
        mode, folds);
    free(folds);
    return text;
}

static const char *const vocabulary[] = {
    "to",     "be",     "or",       "not",
    "that's", "the",    "question", "whether",
    "it's",   "nobler", "in",       "a-word-that-is-longer-than-fits-into-a-short-string"};

/* Compresses the lines as well. */
static void pack_inputs(const char *in)
{
    struct process_result r;
    char *names[FILES];
    for (int f = 0; f < FILES; f++)
        names[f] = text_format("%s/%d.txt", in, f);
    process_run(
        &(struct process_spec){.argv = ARGV("/bin/gzip", "-k", names[0], names[1], names[2])}, &r);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    process_result_fini(&r);
    for (int f = 0; f < FILES; f++)
        free(names[f]);
}

/* Lines of words, and tables in which fields are quoted, some over two lines. */
static void write_inputs(const char *dir)
{
    struct gy_rng rng;
    char *in = path_join(dir, "in");
    CU_ASSERT_EQUAL_FATAL(mkdir(in, 0777), 0);
    gy_rng_init(&rng, 1);
    for (int f = 0; f < FILES; f++) {
        char *lines = calloc(LINES, 600), *table = calloc(LINES, 100);
        char *to = lines, *row = table + sprintf(table, "id,text\n");
        for (int i = 0; i < LINES; i++) {
            for (uint64_t n = gy_rng_below(&rng, 6); n > 0; n--)
                to += sprintf(to, "%s%d ", vocabulary[gy_rng_below(&rng, 12)],
                              (int)gy_rng_below(&rng, 20));
            to += sprintf(to, "\n");
            row += sprintf(row, i % 3 == 0 ? "%d,\"%s, %d\"\n" : "%d,%s %d\n", f * LINES + i,
                           vocabulary[gy_rng_below(&rng, 12)], i);
        }
        char *name = text_format("%d.txt", f), *other = text_format("%d.csv", f);
        run_write(in, name, lines);
        run_write(in, other, table);
        free(name);
        free(other);
        free(lines);
        free(table);
    }
    pack_inputs(in);
    free(in);
}

/* ---- a life ---- */

struct tally {
    int lives, job_kills, supervisor_kills, early, finishing, snapshots, starts, changes;
};

struct life {
    const struct kill_job *job;
    const char *want;
    char *dir;
    int newer; /* how many changes of the code there were */
    struct gy_rng *rng;
    struct tally *tally;
    struct process process;
    char *parts;                             /* that were shown when it was last killed */
    enum { AT_RANDOM, AT_PART, AT_LAST } at; /* the moment: a part is shown, the last snapshot */
    pid_t last_child;                        /* killed */
    unsigned long whole_us;                  /* that the sources take */
};

static void nap_us(unsigned long us)
{
    nanosleep(&(struct timespec){(time_t)(us / 1000000), (long)(us % 1000000) * 1000}, NULL);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static const char *text_of(const struct life *life)
{
    return life->newer == 0 ? life->job->text : life->job->newer[life->newer - 1];
}

/* Code may change where a run goes on, once or several times at once. */
static void change_code(struct life *life)
{
    while (life->newer < 2 && life->job->newer[life->newer] != NULL &&
           gy_rng_below(life->rng, 2) == 0) {
        life->newer++;
        life->tally->changes++;
    }
}

static void start(struct life *life, bool go_on)
{
    static const int widths[] = {1, 2, 4};
    const char *arguments[16] = {"-p"};
    char rates[4][80];
    char *width = text_format("%d", widths[gy_rng_below(life->rng, 3)]);
    size_t n = 1;
    arguments[n++] = width;
    for (int s = 0; s < 4 && life->job->sources[s].id != NULL; s++) {
        snprintf(rates[s], sizeof rates[s], "%s.rate=%.1f", life->job->sources[s].id,
                 life->job->sources[s].rows * 1e6 / (double)life->whole_us);
        arguments[n++] = "--set";
        arguments[n++] = rates[s];
    }
    if (go_on) {
        arguments[n++] = "--from";
        arguments[n++] = "latest";
        change_code(life);
    }
    run_start(life->dir, text_of(life), &(struct run_options){.arguments = arguments},
              &life->process);
    life->tally->starts++;
    life->last_child = 0;
    free(width);
}

static void check_status(const struct process_result *r, int status)
{
    if (r->status != status)
        printf("exit status %d instead of %d: %s\n", r->status, status, r->err);
    CU_ASSERT_EQUAL(r->status, status);
}

/* Asserts that nothing was said but what kills lead to; counts the restarts. */
static void check_messages(struct life *life, const char *err)
{
    static const char *const usual[] = {"gyre: goes on from snapshot snap/", "gyre: snapshot snap/",
                                        "gyre: warning: job process killed by SIGKILL: restart ",
                                        "gyre: warning: job process killed by SIGKILL after the "
                                        "job had ended\n"};
    enum { USUAL = sizeof usual / sizeof *usual };
    for (const char *at = err; *at != 0; at += strcspn(at, "\n") + 1) {
        int which = 0;
        while (which < USUAL && strncmp(at, usual[which], strlen(usual[which])) != 0)
            which++;
        if (which == USUAL)
            printf("unexpected: %s\n", at);
        CU_ASSERT_TRUE_FATAL(which < USUAL);
        life->tally->job_kills += which == 2;
        if (strchr(at, '\n') == NULL)
            break;
    }
}

/* Waits for the end of the run; true where it was killed. */
static bool reap(struct life *life)
{
    struct process_result r;
    pid_t pid = life->process.pid;
    process_wait(&life->process, &r);
    run_cut_end(&r);
    CU_ASSERT_FALSE(r.timed_out);
    bool killed = r.signal == SIGKILL && !r.timed_out;
    CU_ASSERT_TRUE(process_await_group(pid, RUN_PATIENCE_MS));
    if (!killed)
        check_status(&r, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "");
    check_messages(life, r.err);
    process_result_fini(&r);
    return killed;
}

static uint64_t count_parts(const struct life *life)
{
    char *parts = run_sinks_parts(life->dir, life->job->sinks);
    uint64_t n = run_count_lines(parts);
    free(parts);
    return n;
}

static bool is_last_there(const struct life *life)
{
    bool finished = false;
    return run_newest_snapshot(life->dir, "snap", &finished) > 0 && finished;
}

/* Waits for the next snapshot or the next part that is shown, whatever comes first; or for the last
 * snapshot of all. Not for long: they need not come. */
static void await_snapshot(const struct life *life, bool last)
{
    int64_t until_us = now_us() + (int64_t)life->whole_us + 500000;
    int id = life->at == AT_PART ? INT_MAX : run_newest_snapshot(life->dir, "snap", NULL);
    uint64_t parts = count_parts(life);
    while (now_us() < until_us) {
        if (last ? is_last_there(life)
                 : run_newest_snapshot(life->dir, "snap", NULL) > id || count_parts(life) > parts)
            return;
        nap_us(50);
    }
}

/* Waits for a moment of the start, of the run, of the end of a snapshot, or of the whole end. */
static void await_moment(const struct life *life)
{
    enum { START, ANY, SNAPSHOT, LAST, WAYS };
    if (life->at != AT_RANDOM) {
        await_snapshot(life, life->at == AT_LAST);
        return;
    }
    uint64_t way = gy_rng_below(life->rng, WAYS);
    unsigned long most_us = way == START  ? 20000
                            : way == LAST ? 1
                                          : life->whole_us + life->whole_us / 5;
    nap_us(gy_rng_below(life->rng, most_us));
    if (way == SNAPSHOT || way == LAST)
        await_snapshot(life, way == LAST);
    if (way == SNAPSHOT || way == LAST)
        nap_us(gy_rng_below(life->rng, 4) * gy_rng_below(life->rng, 1000));
}

/* Kills the job process, if it still lives then; the supervisor is to start another. */
static bool kill_job_process(struct life *life)
{
    int64_t until_us = now_us() + RUN_PATIENCE_MS * 1000;
    pid_t child = 0;
    while ((child == 0 || child == life->last_child) && now_us() < until_us) {
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)life->process.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid != 0)
            return false;
        child = process_child(&life->process);
        nap_us(child == 0 || child == life->last_child ? 300 : 0);
    }
    CU_ASSERT_TRUE_FATAL(child != 0 && child != life->last_child);
    await_moment(life);
    if (process_child(&life->process) != child)
        return false;
    kill(child, SIGKILL);
    life->tally->finishing += is_last_there(life);
    life->last_child = child;
    return true;
}

/* Asserts that there is nothing to go on from, and begins again. */
static void start_over(struct life *life)
{
    struct process_result r;
    run_job(life->dir, text_of(life), &(struct run_options){.arguments = ARGV("--from", "latest")},
            &r);
    check_status(&r, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "there is no snapshot in snap; run the job without"));
    process_result_fini(&r);
    life->tally->early++;
    start(life, false);
}

/* Asserts that of what is shown nothing is taken back, and that it is a part of the result. */
static void check_shown(struct life *life)
{
    char *shown = run_sinks_read(life->dir, life->job->sinks, false);
    char *parts = run_sinks_parts(life->dir, life->job->sinks);
    CU_ASSERT_TRUE(run_sinks_agree(shown, life->want, true));
    CU_ASSERT_TRUE(life->parts == NULL || run_sinks_agree(life->parts, parts, true));
    free(shown);
    free(life->parts);
    life->parts = parts;
}

/* Kills the supervisor, and goes on from the newest snapshot; false where the run had ended. */
static bool kill_supervisor(struct life *life)
{
    bool finished = false;
    await_moment(life);
    process_signal(&life->process, SIGKILL);
    if (!reap(life))
        return false;
    life->tally->supervisor_kills++;
    check_shown(life);
    if (run_newest_snapshot(life->dir, "snap", &finished) > 0)
        start(life, true);
    else
        start_over(life);
    life->tally->finishing += finished;
    return true;
}

static bool check_rows(const struct life *life)
{
    char *got = run_sinks_read(life->dir, life->job->sinks, true);
    bool same = run_sinks_agree(got, life->want, false);
    CU_ASSERT_TRUE(same);
    free(got);
    return same;
}

/* One life; false where its rows are wrong. */
static bool live(struct life *life, int most)
{
    static const unsigned wholes_ms[] = {60, 150, 500, 900};
    bool running = true;
    life->whole_us = wholes_ms[gy_rng_below(life->rng, 4)] * 1000 * (RUN_SANITIZED ? 5 : 1);
    life->tally->lives++;
    start(life, false);
    for (int k = 0; k < most && running; k++)
        running = gy_rng_below(life->rng, 2) == 0 ? kill_job_process(life) : kill_supervisor(life);
    if (life->process.pid != 0)
        CU_ASSERT_FALSE(reap(life));
    int id = run_newest_snapshot(life->dir, "snap", NULL);
    bool same = check_rows(life);
    check_shown(life);
    life->tally->snapshots += id;
    start(life, true); /* there is nothing left to be done */
    CU_ASSERT_FALSE(reap(life));
    CU_ASSERT_EQUAL(run_newest_snapshot(life->dir, "snap", NULL), id);
    check_shown(life);
    return same && check_rows(life);
}

/* What a run shows that nobody disturbs. */
static char *undisturbed(const struct kill_job *job)
{
    struct process_result r;
    char *dir = dir_temp();
    write_inputs(dir);
    run_job(dir, job->text, &(struct run_options){.arguments = ARGV("-p", "1")}, &r);
    check_status(&r, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    char *rows = run_sinks_read(dir, job->sinks, true);
    CU_ASSERT_TRUE(run_count_lines(rows) > 1000);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
    return rows;
}

/* Files in memory are synced at once: more snapshots, and so more moments to kill in; but the disk's
 * moments are others. */
static char *folder_for(const struct life *life)
{
    const char *before = getenv("TMPDIR");
    char *kept = before != NULL ? strdup(before) : NULL;
    if (life->tally->lives % 3 != 2 && access("/dev/shm", W_OK | X_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    char *dir = dir_temp();
    if (kept != NULL)
        setenv("TMPDIR", kept, 1);
    else
        unsetenv("TMPDIR");
    free(kept);
    return dir;
}

static void kill_often(const char *name, const struct kill_job *job)
{
    const char *big = getenv("GYRE_BIG"), *seed = getenv("GYRE_KILLS_SEED");
    int most = big != NULL && *big == '1' ? KILLS_BIG : KILLS;
    struct gy_rng rng;
    struct tally tally = {0};
    bool same = true;
    char *want = undisturbed(job);
    uint64_t with = seed != NULL ? strtoull(seed, NULL, 10) : 1;
    gy_rng_init(&rng, with + 1000 * (uint64_t)name[0]); /* each job has moments of its own */
    process_adopt();
    while (same && tally.job_kills + tally.supervisor_kills < most) {
        struct life life = {.job = job, .want = want, .rng = &rng, .tally = &tally};
        int left = most - tally.job_kills - tally.supervisor_kills;
        life.dir = folder_for(&life);
        write_inputs(life.dir);
        same = live(&life, left < LIFE_KILLS ? left : LIFE_KILLS);
        if (same)
            dir_remove(life.dir);
        else
            printf("seed %llu, life %d: see %s\n", (unsigned long long)with, tally.lives, life.dir);
        free(life.parts);
        free(life.dir);
    }
    printf(
        "%s: %d kills of the job process, %d of the supervisor (%d before the first snapshot, %d "
        "after the last); %d lives, %d starts, %d changes of code, %d snapshots\n",
        name, tally.job_kills, tally.supervisor_kills, tally.early, tally.finishing, tally.lives,
        tally.starts, tally.changes, tally.snapshots);
    free(want);
}

static void a_word_count_that_is_killed_shows_what_one_that_is_not_shows(void)
{
    kill_often("words", &words);
}

static void state_of_all_kinds_survives_kills(void)
{
    kill_often("state", &state);
}

static void finals_of_a_batch_survive_kills(void)
{
    kill_often("finals", &finals);
}

static void windows_survive_kills(void)
{
    kill_often("windows", &windows);
}

static void compressed_files_rotated_parts_and_folders_of_values_survive_kills(void)
{
    kill_often("files", &files);
}

static void state_of_lua_survives_kills(void)
{
    char *plugin = build_path("plugins/lua.so");
    if (file_exists(plugin))
        kill_often("lua", &scripted);
    else
        printf("lua: the plugin is left out\n");
    CU_PASS("");
    free(plugin);
}

static void kill_folds(const char *name, const char *mode)
{
    char *plugin = build_path("plugins/lua.so"), *texts[LUA_FOLDS_VERSIONS];
    for (int v = 0; v < LUA_FOLDS_VERSIONS; v++)
        texts[v] = folds_text(mode, v + 1);
    struct kill_job job = {
        .text = texts[0],
        .newer = {texts[1], texts[2]},
        .sinks = {{"parts/", NULL, false}, {"one.csv", NULL, false}, {"more/", NULL, false}},
        .sources = {{"events", 1500}},
    };
    if (file_exists(plugin))
        kill_often(name, &job);
    else
        printf("lua: the plugin is left out\n");
    CU_PASS("");
    free(plugin);
    for (int v = 0; v < LUA_FOLDS_VERSIONS; v++)
        free(texts[v]);
}

static void what_lua_adds_up_survives_kills_and_changes_of_its_code(void)
{
    kill_folds("adds of lua", "stream");
}

static void finals_of_lua_survive_kills_and_changes_of_its_code(void)
{
    kill_folds("ends of lua", "batch");
}

/* A part that is shown before its snapshot is there would be written again after a kill. */
static void a_part_that_is_shown_is_there_for_good(void)
{
    enum { TIMES = 8 };
    struct gy_rng rng;
    struct tally tally = {0};
    char *want = undisturbed(&state);
    struct life life = {.job = &state,
                        .want = want,
                        .dir = dir_temp(),
                        .rng = &rng,
                        .tally = &tally,
                        .whole_us = 4000000,
                        .at = AT_PART};
    gy_rng_init(&rng, 1);
    process_adopt();
    write_inputs(life.dir);
    start(&life, false);
    for (int i = 0; i < TIMES; i++)
        CU_ASSERT_TRUE_FATAL(kill_supervisor(&life));
    CU_ASSERT_EQUAL(tally.early, 0);
    CU_ASSERT_TRUE(process_await_err(&life.process, "goes on from", RUN_PATIENCE_MS));
    process_signal(&life.process, SIGINT);
    CU_ASSERT_FALSE(reap(&life));
    check_shown(&life);
    dir_remove(life.dir);
    free(life.parts);
    free(life.dir);
    free(want);
}

/* Killed as soon as its last snapshot is there, so before or while that is committed. */
static void what_the_last_snapshot_has_prepared_is_shown_by_the_next_run(void)
{
    enum { TIMES = 5 };
    struct gy_rng rng;
    struct tally tally = {0};
    char *want = undisturbed(&finals);
    gy_rng_init(&rng, 1);
    process_adopt();
    for (int i = 0; i < TIMES; i++) {
        struct life life = {.job = &finals,
                            .want = want,
                            .dir = dir_temp(),
                            .rng = &rng,
                            .tally = &tally,
                            .whole_us = RUN_SANITIZED ? 3000000 : 100000,
                            .at = AT_LAST};
        write_inputs(life.dir);
        start(&life, false);
        kill_supervisor(&life);
        if (life.process.pid != 0)
            CU_ASSERT_FALSE(reap(&life));
        check_shown(&life);
        check_rows(&life);
        dir_remove(life.dir);
        free(life.parts);
        free(life.dir);
    }
    CU_ASSERT_TRUE(tally.finishing > 0);
    free(want);
}

enum { WITHIN_S = 600 };

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(a_word_count_that_is_killed_shows_what_one_that_is_not_shows, WITHIN_S),
    SUITE_TEST_WITHIN(state_of_all_kinds_survives_kills, WITHIN_S),
    SUITE_TEST_WITHIN(windows_survive_kills, WITHIN_S),
    SUITE_TEST_WITHIN(state_of_lua_survives_kills, WITHIN_S),
    SUITE_TEST_WITHIN(what_lua_adds_up_survives_kills_and_changes_of_its_code, WITHIN_S),
    SUITE_TEST_WITHIN(finals_of_lua_survive_kills_and_changes_of_its_code, WITHIN_S),
    SUITE_TEST_WITHIN(finals_of_a_batch_survive_kills, WITHIN_S),
    SUITE_TEST_WITHIN(compressed_files_rotated_parts_and_folders_of_values_survive_kills, WITHIN_S),
    SUITE_TEST_WITHIN(a_part_that_is_shown_is_there_for_good, WITHIN_S),
    SUITE_TEST_WITHIN(what_the_last_snapshot_has_prepared_is_shown_by_the_next_run, WITHIN_S),
};
SUITE_MAIN("run_kills", tests)
