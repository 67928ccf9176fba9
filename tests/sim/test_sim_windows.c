/* Windows of all policies, in whole jobs that die and go on at another parallelism, against a naive oracle
 * that computes each window anew from all rows (window_oracle.h).
 *
 *     make sim ONLY=windows SEED=4711
 *
 * A seed is a window, an aggregate, a key, and rows in some disorder. One task reads the rows and tells
 * watermarks, so that what is late, and what fires when, follows from the rows alone. */
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "files.h"
#include "flow/flow.h"
#include "sim/sim.h"
#include "sim/window_oracle.h"
#include "suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEEDS = 200, TOTALS = 30, LACKING = 16 };
enum { WIDTHS = 2, TEXT = 4096, LIVES = 8 };

static int64_t below(struct gy_rng *rng, int64_t n)
{
    return (int64_t)gy_rng_below(rng, (uint64_t)n);
}

/* ---- drawing ---- */

static void draw_word(struct gy_rng *rng, char *s)
{
    int64_t word = below(rng, 6);
    if (word == 0)
        s[0] = 0;
    else
        sprintf(s, word % 2 == 0 ? "a-word-of-more-than-twelve-%d" : "w%d", (int)word);
}

static uint32_t draw_rows(struct gy_rng *rng, struct oracle_row *rows)
{
    static const int64_t bases[] = {0, -300, INT64_MAX - 2000, INT64_MIN + 1000, 1000000};
    uint32_t n = (uint32_t)below(rng, below(rng, 4) == 0 ? 400 : 100);
    int64_t keys = 1 + below(rng, 12), step = 1 + below(rng, 8), late = 1 + below(rng, 40);
    int64_t base = bases[below(rng, 3) == 0 ? below(rng, 5) : 0];
    step = base > 1000000 ? 1 + step % 3 : step;
    for (uint32_t i = 0; i < n; i++) {
        struct oracle_row *row = &rows[i];
        *row = (struct oracle_row){.id = i, .x = below(rng, 41) - 20};
        base += below(rng, step) + (below(rng, 50) == 0 ? 10 * step : 0);
        row->t = base - (below(rng, 3) == 0 ? below(rng, late) : 0);
        row->k = below(rng, keys) * below(rng, keys) / keys;
        draw_word(rng, row->s);
    }
    return n;
}

static void draw_policies(struct gy_rng *rng, struct oracle_spec *spec)
{
    static const enum oracle_policy keeps[] = {ORACLE_TIME,  ORACLE_COUNT, ORACLE_DELTA,
                                               ORACLE_APART, ORACLE_ALL,   ORACLE_FUNCTION};
    static const enum oracle_policy fires[] = {ORACLE_TIME, ORACLE_COUNT, ORACLE_DELTA,
                                               ORACLE_APART, ORACLE_FUNCTION};
    switch (below(rng, 5)) {
    case 0: /* tumbling by time */
        spec->keep = ORACLE_NONE;
        spec->fire = ORACLE_TIME;
        spec->size_us = spec->period_us;
        break;
    case 1: /* sliding */ spec->keep = spec->fire = ORACLE_TIME; break;
    case 2: spec->keep = ORACLE_SESSION; break;
    case 3: /* tumbling by something else */
        spec->keep = ORACLE_NONE;
        spec->fire = fires[1 + below(rng, 4)];
        break;
    case 4:
        do {
            spec->keep = keeps[below(rng, 6)];
            spec->fire = fires[below(rng, 5)];
        } while (spec->keep == ORACLE_TIME && spec->fire == ORACLE_TIME);
        break;
    }
}

static bool is_by_time(const struct oracle_spec *spec)
{
    return spec->keep == ORACLE_SESSION || (spec->fire == ORACLE_TIME && spec->keep <= ORACLE_TIME);
}

static void draw_spec(struct gy_rng *rng, struct oracle_spec *spec)
{
    *spec = (struct oracle_spec){.size_us = 1 + below(rng, 60),
                                 .gap_us = 1 + below(rng, 30),
                                 .period_us = 1 + below(rng, 40),
                                 .offset_us = below(rng, 3) == 0 ? below(rng, 50) : 0,
                                 .keep_count = 1 + below(rng, 8),
                                 .fire_count = 1 + below(rng, 8),
                                 .keep_delta = below(rng, 20),
                                 .fire_delta = below(rng, 20),
                                 .has_from = below(rng, 2) == 0,
                                 .from = {.id = 7, .x = below(rng, 20), .s = "more-than-twelve"},
                                 .most = 1 + below(rng, 8),
                                 .sum = 1 + below(rng, 90),
                                 .wait_us = below(rng, 2) == 0 ? below(rng, 40) : 0,
                                 .disorder_us = below(rng, 3) == 0 ? 0 : below(rng, 40),
                                 .accumulate = below(rng, 3) != 0,
                                 .key = (enum oracle_key)below(rng, 4),
                                 .aggregate = (enum oracle_aggregate)below(rng, ORACLE_AGGREGATES)};
    draw_policies(rng, spec);
    if (is_by_time(spec))
        spec->lateness_us = below(rng, 2) == 0 ? below(rng, 50) : 0;
    else if (spec->keep == ORACLE_NONE)
        spec->accumulate = true;
    if (!is_by_time(spec))
        spec->per_stream = spec->key == ORACLE_UNKEYED || below(rng, 4) == 0;
}

/* ---- jobs ---- */

static int say_policy(const struct oracle_spec *spec, enum oracle_policy policy, bool keep,
                      char *at)
{
    long long count = keep ? spec->keep_count : spec->fire_count;
    long long delta = keep ? spec->keep_delta : spec->fire_delta;
    bool from = spec->has_from && !keep;
    switch (policy) {
    case ORACLE_TIME:
        return sprintf(at, "time = \"%lldus\";",
                       (long long)(keep ? spec->size_us : spec->period_us));
    case ORACLE_COUNT: return sprintf(at, "count = %lld;", count);
    case ORACLE_DELTA:
        return sprintf(at,
                       from ? "delta = %lld.0; field = \"x\"; from = %lld.0;"
                            : "delta = %lld.0; field = \"x\";",
                       delta, (long long)spec->from.x);
    case ORACLE_APART:
        return sprintf(at,
                       from ? "delta = %lld.0; fn = \"window_ops.apart\"; "
                              "from = { id = 7; x = %lld; s = \"more-than-twelve\"; };"
                            : "delta = %lld.0; fn = \"window_ops.apart\";",
                       delta, (long long)spec->from.x);
    case ORACLE_SESSION: return sprintf(at, "session = \"%lldus\";", (long long)spec->gap_us);
    case ORACLE_ALL: return sprintf(at, "all = true;");
    case ORACLE_FUNCTION:
        return keep ? sprintf(at, "fn = \"window_ops.recent\"; most = %d;", (int)spec->most)
                    : sprintf(at, "fn = \"window_ops.enough\"; sum = %d; wait = \"%dus\";",
                              (int)spec->sum, (int)spec->wait_us);
    default: return 0;
    }
}

static void say_window(const struct oracle_spec *spec, const char *early, char *text)
{
    char *at = text;
    bool both = spec->keep == ORACLE_TIME && spec->fire == ORACLE_TIME;
    bool tumbles = spec->keep == ORACLE_NONE || spec->keep == ORACLE_SESSION;
    at += sprintf(at, "window = { ");
    at += say_policy(spec, spec->keep == ORACLE_NONE ? spec->fire : spec->keep,
                     spec->keep != ORACLE_NONE, at);
    if (both || (spec->keep == ORACLE_NONE && spec->fire == ORACLE_TIME))
        at += sprintf(at, " offset = \"%dus\";", (int)spec->offset_us);
    at += sprintf(at, " }; ");
    if (!tumbles) {
        at += sprintf(at, "every = { ");
        at += say_policy(spec, spec->fire, false, at);
        if (!both && spec->fire == ORACLE_TIME)
            at += sprintf(at, " offset = \"%dus\";", (int)spec->offset_us);
        at += sprintf(at, " }; ");
    }
    if (spec->lateness_us > 0)
        at += sprintf(at, "lateness = \"%dus\"; ", (int)spec->lateness_us);
    if (!spec->accumulate)
        at += sprintf(at, "accumulate = false; ");
    if (spec->per_stream && spec->key != ORACLE_UNKEYED)
        at += sprintf(at, "per = \"stream\"; ");
    sprintf(at, "%s", early);
}

static const char *const aggregates[ORACLE_AGGREGATES] = {
    "op = \"std.sum\"; field = \"x\"; as = \"r\";",
    "op = \"std.count\"; as = \"r\";",
    "op = \"std.min\"; field = \"x\"; as = \"r\";",
    "op = \"std.avg\"; field = \"x\"; as = \"r\";",
    "op = \"std.min_by\"; field = \"id\"; fields = [\"s\"]; as = \"r\";",
    "op = \"std.aggregate\"; aggregates = ( { fn = \"std.count\"; as = \"a\"; },"
    " { fn = \"std.sum\"; field = \"x\"; as = \"b\"; },"
    " { fn = \"std.max_by\"; field = \"id\"; fields = [\"s\"]; as = \"c\"; },"
    " { fn = \"std.max\"; field = \"x\"; as = \"d\"; },"
    " { fn = \"std.avg\"; field = \"x\"; as = \"e\"; },"
    " { fn = \"std.min_by\"; field = \"id\"; fields = [\"x\"]; as = \"f\"; } );",
    "op = \"window_ops.last\";",
    "op = \"window_ops.each\";",
    "op = \"window_ops.picky\"; on_error = \"skip\";",
};

static char *job_text(const struct oracle_spec *spec, int parallelism, const char *early)
{
    static const char *const keys[] = {"", "key = \"k\";", "key = \"s\";", "key = [\"k\", \"s\"];"};
    char window[1024];
    say_window(spec, early, window);
    return text_format(
        "job = \"windows\"; parallelism = %d;\noperators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\"; parallelism = 1;\n"
        "    schema = ( {name=\"id\";type=\"i64\";}, {name=\"k\";type=\"i64\";},\n"
        "      {name=\"s\";type=\"str\";nullable=true;}, {name=\"t\";type=\"i64\";},\n"
        "      {name=\"x\";type=\"i64\";} ); },\n"
        "  { id = \"timed\"; op = \"std.timestamps\"; input = \"in\"; field = \"t\";\n"
        "    max_out_of_order = \"%dus\"; parallelism = 1; },\n"
        "  { id = \"w\"; %s input = \"timed\"; %s\n    %s },\n"
        "  { id = \"at\"; op = \"window_ops.at\"; input = \"w\"; },\n"
        "%s"
        "  { id = \"out\"; op = \"sim_sinks.ledger\"; input = \"at\"; dir = \"out\"; } );\n",
        parallelism, (int)spec->disorder_us, aggregates[spec->aggregate], keys[spec->key], window,
        is_by_time(spec) ? "  { id = \"late\"; op = \"sim_sinks.ledger\"; input = \"w.late\"; dir "
                           "= \"late\"; },\n"
                         : "");
}

/* ---- running ---- */

/* The lines of all committed files of a folder; up to the first comma only where `cut`. */
static void read_lines(const char *dir, const char *name, bool cut, struct oracle_text *text)
{
    char *folder = path_join(dir, name);
    DIR *entries = opendir(folder);
    const struct dirent *entry;
    *text = (struct oracle_text){.bytes = calloc(1, 1)};
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        size_t size;
        char *path = path_join(folder, entry->d_name), *bytes = file_read(path, &size);
        text->bytes = realloc(text->bytes, text->n + size + 2);
        for (const char *p = bytes; *p != 0; p += strcspn(p, "\n") + 1) {
            size_t line = strcspn(p, "\n"), some = cut ? strcspn(p, ",") : line;
            memcpy(text->bytes + text->n, p, some);
            text->bytes[text->n + some] = '\n';
            text->n += some + 1;
        }
        free(bytes);
        free(path);
    }
    text->bytes[text->n] = 0;
    if (entries != NULL)
        closedir(entries);
    free(folder);
}

static bool agree(const char *what, uint64_t seed, const char *got, const char *wanted)
{
    char *a = sim_sorted_lines(got), *b = sim_sorted_lines(wanted);
    bool same = sim_agree(what, seed, a, b);
    free(a);
    free(b);
    return same;
}

static void write_rows(const char *dir, const struct oracle_row *rows, uint32_t n)
{
    char *path = path_join(dir, "in");
    FILE *file = fopen(path, "w");
    for (uint32_t i = 0; i < n; i++)
        fprintf(file, "%lld,%lld,%s,%lld,%lld\n", (long long)rows[i].id, (long long)rows[i].k,
                rows[i].s, (long long)rows[i].t, (long long)rows[i].x);
    fclose(file);
    free(path);
}

static void clear(const char *dir)
{
    static const char *const names[] = {"out", "late"};
    for (int i = 0; i < 2; i++) {
        char *path = path_join(dir, names[i]);
        dir_remove(path);
        free(path);
    }
}

/* One life over other rows; false where it differs. */
static bool live(const char *dir, struct sim_life *life, const struct oracle_spec *spec,
                 struct gy_rng *rng, uint64_t seed)
{
    static struct oracle_row rows[ORACLE_ROWS];
    struct oracle_text out = {0}, late = {0}, got, got_late;
    uint32_t n = draw_rows(rng, rows);
    write_rows(dir, rows, n);
    window_oracle(spec, rows, n, &out, &late);
    bool same = sim_life_run(life, gy_rng_next(rng)) == 0;
    read_lines(dir, "out", false, &got);
    read_lines(dir, "late", true, &got_late);
    same = same && agree("rows", seed, got.bytes, out.bytes) &&
           agree("late", seed, got_late.bytes, late.bytes);
    clear(dir);
    free(out.bytes);
    free(late.bytes);
    free(got.bytes);
    free(got_late.bytes);
    return same;
}

static void check_seed(const char *dir, struct sim_life *life, uint64_t seed)
{
    struct sim_job jobs[WIDTHS];
    struct oracle_spec spec;
    struct gy_rng rng;
    char *text = NULL;
    bool same = true;
    gy_rng_init(&rng, seed);
    draw_spec(&rng, &spec);
    write_rows(dir, NULL, 0);
    for (uint32_t w = 0; w < WIDTHS; w++) {
        free(text);
        text = job_text(&spec, 1 + (int)below(&rng, 4), "");
        sim_job_init(&jobs[w], (char *)(uintptr_t)dir, text);
    }
    life->jobs = jobs;
    life->n_jobs = WIDTHS;
    for (int i = 0; i < LIVES && same; i++)
        same = live(dir, life, &spec, &rng, seed);
    if (!same)
        fprintf(stderr, "%s", text);
    CU_ASSERT_TRUE(same);
    for (uint32_t w = 0; w < WIDTHS; w++)
        sim_job_fini(&jobs[w]);
    free(text);
}

static void windows_of_all_policies_agree_with_a_naive_one_whenever_they_die(void)
{
    uint64_t first, n = sim_seeds(SEEDS, &first);
    struct sim_life life = {.deaths = 8, .turns = 32};
    char *dir = dir_temp();
    for (uint64_t seed = first; seed < first + n && CU_get_number_of_failures() < 5; seed++)
        check_seed(dir, &life, seed);
    printf("%llu windows, %llu lives: %u runs, %u from a snapshot; %u snapshots taken\n",
           (unsigned long long)n, (unsigned long long)n * LIVES, life.runs, life.restored,
           life.taken);
    CU_ASSERT(n < 20 || life.restored > n / 2);
    dir_remove(dir);
    free(dir);
}

/* ---- how many rows are in all, whatever the clock did ---- */

/* Adds up the numbers in front of the last field of each line, for lines that begin with the same
 * `prefix` fields. */
static char *totals(const char *text, int prefix)
{
    struct total {
        char *key;
        long long n;
    } *all = calloc(4096, sizeof *all);
    uint32_t n = 0, i;
    for (const char *p = text; *p != 0; p += strcspn(p, "\n") + 1) {
        size_t line = strcspn(p, "\n"), end = 0, last = line;
        for (int f = 0; f < prefix; f++)
            end += strcspn(p + end, ",") + 1;
        while (last > 0 && p[--last] != ',')
            ;
        while (last > 0 && p[last - 1] != ',')
            last--;
        for (i = 0; i < n; i++)
            if (strlen(all[i].key) == end && strncmp(all[i].key, p, end) == 0)
                break;
        CU_ASSERT_FATAL(i < 4096);
        if (i == n)
            all[n++].key = strndup(p, end);
        all[i].n += atoll(p + last);
    }
    char *sums = calloc(n + 1, 128), *at = sums;
    for (i = 0; i < n; i++) {
        at += sprintf(at, "%s%lld\n", all[i].key, all[i].n);
        free(all[i].key);
    }
    free(all);
    return sums;
}

static bool live_in_totals(const char *dir, struct sim_life *life, const struct oracle_spec *spec,
                           struct gy_rng *rng, uint64_t seed)
{
    static struct oracle_row rows[ORACLE_ROWS];
    struct oracle_text out = {0}, late = {0}, got, got_late;
    int prefix = spec->keep == ORACLE_SESSION || !is_by_time(spec) ? 1 : 3;
    uint32_t n = draw_rows(rng, rows);
    write_rows(dir, rows, n);
    window_oracle(spec, rows, n, &out, &late);
    bool same = sim_life_run(life, gy_rng_next(rng)) == 0;
    read_lines(dir, "out", false, &got);
    read_lines(dir, "late", true, &got_late);
    char *sums = totals(got.bytes, prefix), *wanted = totals(out.bytes, prefix);
    same = same && agree("sums", seed, sums, wanted) &&
           agree("late", seed, got_late.bytes, late.bytes);
    clear(dir);
    char *texts[] = {out.bytes, late.bytes, got.bytes, got_late.bytes, sums, wanted};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    return same;
}

/* Rows are counted, once each: by windows that fire early, or that are of a task and restored there. */
static void count_once(const char *option, bool by_time)
{
    uint64_t first, n = sim_seeds(TOTALS, &first);
    struct sim_life life = {.n_jobs = 1, .deaths = 8, .turns = 32};
    char *dir = dir_temp();
    bool same = true;
    for (uint64_t seed = first; seed < first + n && same; seed++) {
        struct sim_job job;
        struct oracle_spec spec;
        struct gy_rng rng;
        gy_rng_init(&rng, seed ^ 0x70707);
        do
            draw_spec(&rng, &spec);
        while (is_by_time(&spec) != by_time || (!by_time && spec.keep != ORACLE_NONE));
        spec.aggregate = ORACLE_COUNT_ROWS;
        spec.key = ORACLE_BY_K;
        spec.accumulate = !by_time;
        spec.per_stream = false;
        write_rows(dir, NULL, 0);
        char *text = job_text(&spec, 1 + (int)below(&rng, 4), option);
        sim_job_init(&job, dir, text);
        life.jobs = &job;
        for (int i = 0; i < LIVES && same; i++)
            same = live_in_totals(dir, &life, &spec, &rng, seed);
        if (!same)
            fprintf(stderr, "%s", text);
        sim_job_fini(&job);
        free(text);
    }
    CU_ASSERT_TRUE(same);
    CU_ASSERT(n < 20 || life.restored > n);
    dir_remove(dir);
    free(dir);
}

static void windows_that_fire_early_put_out_each_row_once(void)
{
    count_once("early = \"1ms\"; ", true);
}

static void windows_of_tasks_go_on_in_their_tasks(void)
{
    count_once("per = \"task\"; ", false);
}

/* ---- memory ---- */

static int run_quietly(const struct gy_physical *physical)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_clock_manual clock;
    struct gy_scheduler scheduler;
    gy_clock_manual_init(&clock, 1000000);
    gy_scheduler_seeded(&scheduler, 1);
    struct gy_flow_options options = {
        .clock = &clock.clock, .channel_slots = 2, .channel_bytes = 4096, .alone = true};
    struct gy_flow *flow = gy_flow_new(physical, &options, &error);
    if (flow == NULL)
        return error.code;
    int code = gy_flow_open(flow);
    if (code == 0)
        code = gy_flow_run_alone(flow, &scheduler, &clock);
    int committed = gy_flow_commit(flow);
    gy_flow_free(flow);
    return code != 0 ? code : committed;
}

/* Lets allocations of a run fail, one in each run. How many there are. */
static uint64_t lack_memory(const char *dir, const struct gy_physical *physical, const char *wanted,
                            uint64_t *failed)
{
    uint64_t k = 0;
    for (bool hit = true; hit;) {
        struct oracle_text got;
        gy_mem_track(true);
        gy_mem_fail_after(k += 1 + k / 40);
        int code = run_quietly(physical);
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        read_lines(dir, "out", false, &got);
        int64_t live = gy_mem_live_blocks();
        gy_mem_track(false);
        *failed += code != 0;
        if (live != 0)
            fprintf(stderr, "allocation %llu: %lld blocks left\n", (unsigned long long)k,
                    (long long)live);
        CU_ASSERT_EQUAL_FATAL(live, 0);
        CU_ASSERT_TRUE_FATAL(code == 0 || (hit && code == GYRE_ENOMEM));
        CU_ASSERT_TRUE_FATAL(code != 0 || agree("rows", k, got.bytes, wanted));
        free(got.bytes);
        clear(dir);
    }
    return k;
}

static void windows_end_well_whichever_allocation_fails(void)
{
    static struct oracle_row rows[ORACLE_ROWS];
    uint64_t all = 0, failed = 0, lacking = suite_share(LACKING);
    char *dir = dir_temp();
    gy_log_set_level(GY_LOG_ERROR);
    for (uint64_t seed = 1; seed <= lacking; seed++) {
        struct oracle_text out = {0}, late = {0};
        struct oracle_spec spec;
        struct sim_job job;
        struct gy_rng rng;
        uint32_t n;
        gy_rng_init(&rng, seed);
        draw_spec(&rng, &spec);
        while ((n = draw_rows(&rng, rows)) < 40 || n > 80)
            ;
        write_rows(dir, rows, n);
        window_oracle(&spec, rows, n, &out, &late);
        char *text = job_text(&spec, 2, "");
        sim_job_init(&job, dir, text);
        all += lack_memory(dir, job.physical, out.bytes, &failed);
        sim_job_fini(&job);
        free(text);
        free(out.bytes);
        free(late.bytes);
    }
    printf("out of memory: %llu allocations of %llu windows, %llu runs failed\n",
           (unsigned long long)all, (unsigned long long)lacking, (unsigned long long)failed);
    CU_ASSERT_TRUE(failed > 10 * lacking);
    dir_remove(dir);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(windows_of_all_policies_agree_with_a_naive_one_whenever_they_die, 300),
    SUITE_TEST_WITHIN(windows_that_fire_early_put_out_each_row_once, 120),
    SUITE_TEST_WITHIN(windows_of_tasks_go_on_in_their_tasks, 120),
    SUITE_TEST_WITHIN(windows_end_well_whichever_allocation_fails, 120),
};
SUITE_MAIN("sim_windows", tests)
