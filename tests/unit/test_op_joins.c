/* std.join, std.interval_join and std.lookup against the definition: a naive second implementation that
 * keeps all rows, fed with the rows and watermarks that the operator gets, in that order. */
#include "base/rng.h"
#include "files.h"
#include "hand.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE INT64_MIN

enum { ROWS_MAX = 120, KEYS = 4, LINE = 160 };
#ifdef GY_SANITIZED
enum { SEEDS = 600 };
#else
enum { SEEDS = 3000 };
#endif

/* ---- what comes ---- */

/* Row i has the value i; its text is made of it. A watermark is a row of side -1. */
struct event {
    int side;
    int key; /* -1: null */
    int64_t time_us;
    int64_t watermark_us; /* before it */
};

struct input {
    uint32_t n;
    struct event events[ROWS_MAX];
};

static void input_init(struct input *in, struct gy_rng *rng)
{
    int64_t spread = 1 + (int64_t)gy_rng_below(rng, 40), now = (int64_t)gy_rng_below(rng, 60) - 50;
    int64_t watermark_us = NONE;
    in->n = 1 + (uint32_t)gy_rng_below(rng, ROWS_MAX);
    for (uint32_t i = 0; i < in->n; i++) {
        struct event *e = &in->events[i];
        now += (int64_t)gy_rng_below(rng, 4);
        *e = (struct event){.side = (int)gy_rng_below(rng, 2),
                            .key = (int)(gy_rng_below(rng, KEYS) * gy_rng_below(rng, KEYS) / KEYS),
                            .time_us = now - (int64_t)gy_rng_below(rng, (uint64_t)spread),
                            .watermark_us = watermark_us};
        if (gy_rng_below(rng, 9) == 0)
            e->key = -1;
        if (gy_rng_below(rng, 30) == 0)
            e->time_us += 200;
        int64_t next = now - (int64_t)gy_rng_below(rng, (uint64_t)spread);
        if (gy_rng_below(rng, 4) == 0 && next > watermark_us) {
            e->side = -1;
            e->time_us = watermark_us = next;
        }
    }
}

/* ---- what should come of it ---- */

struct lines {
    uint32_t n, room;
    uint64_t late;
    char (*line)[LINE];
};

static char *add(struct lines *lines)
{
    if (lines->n == lines->room) {
        lines->room = lines->room * 2 + 64;
        lines->line = realloc(lines->line, (size_t)lines->room * LINE);
    }
    return lines->line[lines->n++];
}

static char *put_i64(char *at, const char *name, int64_t v, bool null)
{
    if (null)
        return at + sprintf(at, "\"%s\":null,", name);
    return at + sprintf(at, "\"%s\":%lld,", name, (long long)v);
}

/* A row of right, or table, has the text of its number where that is even, else null. */
static char *put_text(char *at, int64_t v, bool null)
{
    if (null || v % 2 != 0)
        return at + sprintf(at, "\"s\":null}");
    return at + sprintf(at, "\"s\":\"the text of row number %lld\"}", (long long)v);
}

/* `end` NONE: no window. `left`, `right` are numbers of rows, -1: nulls. */
static void put(struct lines *lines, const struct input *in, int64_t start, int64_t end, int left,
                int right, const char *prefix)
{
    char *at = add(lines), name[32];
    int key = in->events[left >= 0 ? left : right].key;
    at += sprintf(at, "{");
    at = put_i64(at, "k", key, key < 0);
    if (end != NONE) {
        at = put_i64(at, "window_start", start, false);
        at = put_i64(at, "window_end", end, false);
    }
    at = put_i64(at, "v", left, left < 0);
    sprintf(name, "%s_v", prefix);
    at = put_i64(at, name, right, right < 0);
    put_text(at, right, right < 0);
}

struct windows {
    int64_t size, period, offset, lateness;
    bool outer[2];
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* True where the row came in time for the window's end. */
static bool is_in(const struct windows *w, const struct event *e, int64_t end)
{
    bool covers = e->time_us >= end - w->size && e->time_us < end;
    bool on_time = e->watermark_us == NONE || e->watermark_us < end + w->lateness;
    return e->side >= 0 && covers && on_time;
}

static void join_window(struct lines *lines, const struct input *in, const struct windows *w,
                        int64_t end)
{
    for (uint32_t i = 0; i < in->n; i++) {
        const struct event *e = &in->events[i];
        bool alone = true;
        if (!is_in(w, e, end))
            continue;
        for (uint32_t j = 0; j < in->n; j++) {
            const struct event *f = &in->events[j];
            if (!is_in(w, f, end) || f->side == e->side || f->key != e->key || e->key < 0)
                continue;
            alone = false;
            if (e->side == 0)
                put(lines, in, end - w->size, end, (int)i, (int)j, "right");
        }
        if (alone && w->outer[e->side])
            put(lines, in, end - w->size, end, e->side == 0 ? (int)i : -1,
                e->side == 0 ? -1 : (int)i, "right");
    }
}

static void expect_join(struct lines *lines, const struct input *in, const struct windows *w)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (uint32_t i = 0; i < in->n; i++) {
        const struct event *e = &in->events[i];
        least = e->time_us < least ? e->time_us : least;
        most = e->time_us > most ? e->time_us : most;
    }
    int64_t first = floor_div(least - w->offset, w->period) - 1;
    for (int64_t k = first; k * w->period + w->offset <= most + w->size + w->period; k++)
        join_window(lines, in, w, k * w->period + w->offset);
    for (uint32_t i = 0; i < in->n; i++) {
        const struct event *e = &in->events[i];
        bool any = false, in_time = false;
        for (int64_t k = first; k * w->period + w->offset <= most + w->size + w->period; k++) {
            int64_t end = k * w->period + w->offset;
            any |= e->side >= 0 && e->time_us >= end - w->size && e->time_us < end;
            in_time |= is_in(w, e, end);
        }
        lines->late += any && !in_time;
    }
}

/* A pair comes out when the later one of the two has come. */
static void expect_interval(struct lines *lines, const struct input *in, int64_t before,
                            int64_t after)
{
    for (uint32_t i = 0; i < in->n; i++) {
        const struct event *e = &in->events[i];
        int64_t up = e->side == 0 ? after : before;
        if (e->side >= 0 && e->watermark_us != NONE && e->time_us + up < e->watermark_us)
            lines->late++;
        for (uint32_t j = 0; e->side == 0 && j < in->n; j++) {
            const struct event *f = &in->events[j];
            int64_t apart = f->time_us - e->time_us;
            int64_t pair_us = f->time_us > e->time_us ? f->time_us : e->time_us;
            int64_t watermark_us = (i > j ? e : f)->watermark_us;
            if (f->side == 1 && f->key == e->key && e->key >= 0 && -before <= apart &&
                apart <= after && (watermark_us == NONE || pair_us >= watermark_us))
                put(lines, in, 0, NONE, (int)i, (int)j, "right");
        }
    }
}

/* The row of the table that counts for row i; -1: none. */
static int table_row(const struct input *in, uint32_t i, bool as_of, bool batch)
{
    const struct event *e = &in->events[i];
    int found = -1;
    for (uint32_t j = 0; j < in->n; j++) {
        const struct event *f = &in->events[j];
        /* A row of the table that comes when the watermark has passed row i comes too late for it. */
        bool counts =
            as_of ? f->time_us <= e->time_us && f->watermark_us <= e->time_us : batch || j < i;
        bool newer = found < 0 || !as_of || f->time_us >= in->events[found].time_us;
        if (f->side == 1 && f->key == e->key && e->key >= 0 && counts && newer)
            found = (int)j;
    }
    return found;
}

/* A row of the table is late where one that is newer was on time before. */
static bool is_superseded(const struct input *in, uint32_t i)
{
    const struct event *e = &in->events[i];
    for (uint32_t j = 0; j < i && e->key >= 0 && e->watermark_us != NONE; j++) {
        const struct event *f = &in->events[j];
        if (f->side == 1 && f->key == e->key && f->time_us > e->time_us &&
            f->time_us <= e->watermark_us)
            return true;
    }
    return false;
}

static void expect_lookup(struct lines *lines, const struct input *in, bool as_of, bool batch,
                          bool drops)
{
    for (uint32_t i = 0; i < in->n; i++) {
        const struct event *e = &in->events[i];
        bool is_late = as_of && e->watermark_us != NONE && e->time_us < e->watermark_us;
        if (e->side == 1)
            lines->late += as_of && is_superseded(in, i);
        else if (e->side == 0 && is_late)
            lines->late++;
        if (e->side != 0 || is_late)
            continue;
        int row = table_row(in, i, as_of, batch);
        if (row >= 0 || !drops)
            put(lines, in, 0, NONE, (int)i, row, "table");
    }
}

/* ---- what comes of it ---- */

/* One to eight rows of a side as a batch. */
static int feed_rows(struct gy_instance *instance, const struct input *in, uint32_t from,
                     uint32_t n)
{
    int64_t keys[ROWS_MAX], values[ROWS_MAX], times[ROWS_MAX];
    char texts[ROWS_MAX][64];
    struct gyre_str strings[ROWS_MAX];
    uint8_t there[ROWS_MAX], known[ROWS_MAX];
    for (uint32_t i = 0; i < n; i++) {
        const struct event *e = &in->events[from + i];
        values[i] = from + i;
        there[i] = values[i] % 2 == 0;
        known[i] = e->key >= 0;
        keys[i] = known[i] ? e->key : 0;
        times[i] = e->time_us;
        int length = there[i] ? sprintf(texts[i], "the text of row number %u", from + i) : 0;
        strings[i] = gyre_str_view(texts[i], (uint32_t)length);
    }
    struct gy_column columns[] = {
        {.data = keys, .valid = known}, {.data = values}, {.data = strings, .valid = there}};
    uint32_t port = (uint32_t)in->events[from].side;
    struct gy_batch batch = {
        .rows = n, .kept = n, .n_columns = port == 0 ? 2 : 3, .columns = columns, .time = times};
    return gy_instance_process(instance, port, &batch);
}

static void work(struct gy_instance *instance, struct gy_rng *rng, bool all)
{
    while (gy_instance_has_work(instance) && (all || gy_rng_below(rng, 3) != 0))
        CU_ASSERT_FATAL(gy_instance_work(instance, 1 + (uint32_t)gy_rng_below(rng, 200)) >= 0);
}

static uint64_t feed(struct gy_instance *instance, const struct input *in, struct gy_rng *rng,
                     bool clocked)
{
    struct gy_instance_stats stats;
    for (uint32_t i = 0; i < in->n;) {
        uint32_t n = 1, most = 1 + (uint32_t)gy_rng_below(rng, 8);
        const struct event *e = &in->events[i];
        while (n < most && i + n < in->n && in->events[i + n].side == e->side && e->side >= 0)
            n++;
        int code = 0;
        if (e->side >= 0)
            code = feed_rows(instance, in, i, n);
        else if (clocked)
            code = gy_instance_watermark(instance, e->time_us);
        if (code != 0)
            fprintf(stderr, "%s\n", gy_instance_error(instance)->text);
        CU_ASSERT_EQUAL_FATAL(code, 0);
        CU_ASSERT(gy_instance_told(instance) <= gy_instance_seen(instance));
        work(instance, rng, false);
        i += n;
    }
    CU_ASSERT_EQUAL_FATAL(gy_instance_watermark(instance, INT64_MAX), 0);
    work(instance, rng, true);
    CU_ASSERT_EQUAL_FATAL(gy_instance_flush(instance, true), 0);
    gy_instance_stats(instance, &stats);
    return stats.late_rows;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static char *sorted(struct lines *lines)
{
    char *text = calloc(lines->n + 1, LINE), *at = text;
    if (lines->n > 0)
        qsort(lines->line, lines->n, LINE, by_text);
    for (uint32_t i = 0; i < lines->n; i++)
        at += sprintf(at, "%s\n", lines->line[i]);
    free(lines->line);
    return text;
}

static char *sorted_rows(const char *text)
{
    struct lines lines = {0};
    for (const char *end; *text != 0; text = end + 1) {
        end = strchr(text, '\n');
        char *line = add(&lines);
        CU_ASSERT_FATAL(end - text < LINE);
        memcpy(line, text, (size_t)(end - text));
        line[end - text] = 0;
    }
    return sorted(&lines);
}

static const char job_format[] =
    "job = \"joins\"; mode = \"%s\";\n"
    "operators = (\n"
    "  { id = \"a\"; op = \"file.read\"; path = \"a\"; format = \"csv\"; schema = (\n"
    "      {name=\"k\";type=\"i64\";nullable=true;}, {name=\"v\";type=\"i64\";} ); },\n"
    "  { id = \"b\"; op = \"file.read\"; path = \"b\"; format = \"csv\"; schema = (\n"
    "      {name=\"k\";type=\"i64\";nullable=true;}, {name=\"v\";type=\"i64\";},\n"
    "      {name=\"s\";type=\"str\";nullable=true;} ); },\n"
    "  { id = \"join\"; op = \"std.%s\"; key = \"k\"; input = { %s = \"a\"; %s = \"b\"; };\n"
    "    %s },\n"
    "  { id = \"out\"; op = \"std.null\"; input = \"join\"; }\n"
    ");\n";

static void check(const char *dir, uint64_t seed, const char *job, const struct input *in,
                  struct lines *expected)
{
    struct hand h;
    struct gy_rng rng;
    gy_rng_init(&rng, seed + 1);
    hand_init(&h, dir, job);
    struct gy_instance *instance = hand_open(&h, "join", 0, 1);
    bool clocked = strstr(job, "mode = \"stream\"") != NULL || strstr(job, "window") != NULL ||
                   strstr(job, "within") != NULL || strstr(job, "as_of = true") != NULL;
    uint64_t late = feed(instance, in, &rng, clocked), expected_late = expected->late;
    struct gy_instance_stats stats;
    gy_instance_stats(instance, &stats);
    bool is_table = strstr(job, "std.lookup") != NULL;
    CU_ASSERT(is_table || stats.state_entries == 0);
    const char *rows = gy_buf_cstr(&h.rows);
    char *got = sorted_rows(rows != NULL ? rows : ""), *wanted = sorted(expected);
    if (strcmp(got, wanted) != 0 || late != expected_late || CU_get_number_of_failures() > 0)
        fprintf(stderr, "seed %llu: %llu late, not %llu; got\n%.2000s\ninstead of\n%.2000s\n%s",
                (unsigned long long)seed, (unsigned long long)late,
                (unsigned long long)expected_late, got, wanted, job);
    CU_ASSERT_STRING_EQUAL_FATAL(got, wanted);
    CU_ASSERT_EQUAL_FATAL(late, expected_late);
    free(got);
    free(wanted);
    gy_instance_free(instance);
    hand_fini(&h);
}

typedef char *make_job(struct gy_rng *rng, const struct input *in, struct lines *expected);

static void check_all(make_job *make)
{
    static struct input in;
    char *dir = dir_temp(), *a = path_join(dir, "a"), *b = path_join(dir, "b");
    file_write_text(a, ""); /* the job has sources, which do not run */
    file_write_text(b, "");
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct lines expected = {0};
        struct gy_rng rng;
        gy_rng_init(&rng, seed);
        input_init(&in, &rng);
        char *job = make(&rng, &in, &expected);
        check(dir, seed, job, &in, &expected);
        free(job);
    }
    dir_remove(dir);
    free(dir);
    free(a);
    free(b);
}

static const char *const types[] = {"inner", "left", "right", "full"};

static char *join_job(struct gy_rng *rng, const struct input *in, struct lines *expected)
{
    int type = (int)gy_rng_below(rng, 4);
    struct windows w = {.size = 1 + (int64_t)gy_rng_below(rng, 20),
                        .lateness = gy_rng_below(rng, 2) != 0 ? (int64_t)gy_rng_below(rng, 20) : 0,
                        .outer = {type == 1 || type == 3, type >= 2}};
    w.period = gy_rng_below(rng, 2) != 0 ? w.size : 1 + (int64_t)gy_rng_below(rng, 20);
    w.offset = (int64_t)gy_rng_below(rng, 30);
    char *options =
        text_format("type = \"%s\"; window = { time = \"%lldus\"; offset = \"%lldus\"; };"
                    " every = { time = \"%lldus\"; }; lateness = \"%lldus\";",
                    types[type], (long long)w.size, (long long)w.offset, (long long)w.period,
                    (long long)w.lateness);
    expect_join(expected, in, &w);
    char *job = text_format(job_format, "stream", "join", "left", "right", options);
    free(options);
    return job;
}

static void windows_are_joined_as_they_are_defined(void)
{
    check_all(join_job);
}

/* All is one window. */
static char *batch_job(struct gy_rng *rng, const struct input *in, struct lines *expected)
{
    int type = (int)gy_rng_below(rng, 4);
    struct windows w = {.size = 1 << 20,
                        .period = 1 << 20,
                        .offset = 1 << 19,
                        .lateness = 1 << 22,
                        .outer = {type == 1 || type == 3, type >= 2}};
    expect_join(expected, in, &w);
    for (uint32_t i = 0; i < expected->n; i++) {
        char *line = expected->line[i], *from = strstr(line, "\"window_start\""), *to;
        to = strstr(line, "\"v\"");
        memmove(from, to, strlen(to) + 1);
    }
    char *options = text_format("type = \"%s\";", types[type]);
    char *job = text_format(job_format, "batch", "join", "left", "right", options);
    free(options);
    return job;
}

static void whole_inputs_are_joined_in_a_batch(void)
{
    check_all(batch_job);
}

static char *interval_job(struct gy_rng *rng, const struct input *in, struct lines *expected)
{
    int64_t before = (int64_t)gy_rng_below(rng, 20), after = (int64_t)gy_rng_below(rng, 20);
    char *options = text_format("within = { before = \"%lldus\"; after = \"%lldus\"; };",
                                (long long)before, (long long)after);
    expect_interval(expected, in, before, after);
    char *job = text_format(job_format, "stream", "interval_join", "left", "right", options);
    free(options);
    return job;
}

static void rows_that_are_near_are_joined_as_soon_as_both_are_there(void)
{
    check_all(interval_job);
}

static char *lookup_job(struct gy_rng *rng, const struct input *in, struct lines *expected)
{
    bool as_of = gy_rng_below(rng, 2) != 0, batch = gy_rng_below(rng, 2) != 0;
    bool drops = gy_rng_below(rng, 2) != 0;
    char *options = text_format("as_of = %s; missing = \"%s\";", as_of ? "true" : "false",
                                drops ? "drop" : "null");
    expect_lookup(expected, in, as_of, batch, drops);
    char *job =
        text_format(job_format, batch ? "batch" : "stream", "lookup", "in", "table", options);
    free(options);
    return job;
}

static void rows_get_the_newest_of_the_table_or_that_of_their_time(void)
{
    check_all(lookup_job);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(windows_are_joined_as_they_are_defined, 120),
    SUITE_TEST_WITHIN(whole_inputs_are_joined_in_a_batch, 120),
    SUITE_TEST_WITHIN(rows_that_are_near_are_joined_as_soon_as_both_are_there, 120),
    SUITE_TEST_WITHIN(rows_get_the_newest_of_the_table_or_that_of_their_time, 120),
};

SUITE_MAIN("op_joins", tests)
