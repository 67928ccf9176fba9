/* Sources that are saved and restored anywhere: the rows of all lives together are those of one life.
 *
 * A seeded file, or several, is read in one go, and again by instances that live for a few polls each
 * and hand their splits' positions on. GYRE_BIG=1: more seeds. */
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "files.h"
#include "suite.h"
#include "unit/hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINES, CSV, CSV_HEADER, JSON, FORMATS };

static uint64_t seeds_of(uint64_t usual)
{
    const char *big = getenv("GYRE_BIG");
    return big != NULL && big[0] == '1' ? 20 * usual : suite_share(usual);
}

/* ---- files ---- */

/* Bytes of all kinds; what a format cannot have in a text is left out. */
static void put_text(struct gy_buf *b, struct gy_rng *rng, int format, size_t n)
{
    static const char *const pieces[] = {
        "word", " ", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "long-ish", "0123", "'", "\t"};
    for (size_t i = 0; i < n; i++) {
        uint64_t k = gy_rng_below(rng, 14);
        if (k < 8)
            gy_buf_text(b, pieces[k]);
        else if (k == 8)
            gy_buf_text(b, format == JSON ? "\\u00e9\\n" : "\t");
        else if (k == 9)
            gy_buf_text(b, format == LINES ? "\r" : format == JSON ? "\\\\" : "\"\"");
        else if (k == 10)
            gy_buf_text(b, format == LINES ? "\xff" : format == JSON ? "\\ud83d\\ude00" : "\n");
        else
            gy_buf_text(b, format == LINES ? "," : "x,y");
    }
}

static size_t some_length(struct gy_rng *rng)
{
    uint64_t k = gy_rng_below(rng, 4000);
    return k == 0 ? 30000 : k < 40 ? 400 : (size_t)gy_rng_below(rng, 12); /* beyond row_max; long */
}

/* A row, right or bad, with its line end. */
static void put_row(struct gy_buf *b, struct gy_rng *rng, int format, uint32_t number)
{
    static const char *const bad_csv[] = {"1", "x,y,z", "nan,\"a\"b", ",", "\"7\",\"\"\"",
                                          "",  "\r"};
    static const char *const bad_json[] = {"{",    "[1]", "{\"n\":\"x\"}", "{\"s\":1}", "",
                                           "\xff", "{}x"};
    uint64_t bad = gy_rng_below(rng, 60);
    if (format == LINES)
        put_text(b, rng, format, some_length(rng));
    else if (format == JSON && bad < 7)
        gy_buf_text(b, bad_json[bad]);
    else if (format != JSON && bad < 7)
        gy_buf_text(b, bad_csv[bad]);
    else if (format == JSON) {
        gy_buf_printf(b, "{\"n\":%u,\"s\":\"", number);
        put_text(b, rng, format, some_length(rng));
        gy_buf_text(b, "\"}");
    } else {
        if (format == CSV)
            gy_buf_printf(b, "%u,", number);
        bool is_quoted = gy_rng_below(rng, 3) != 0;
        gy_buf_text(b, is_quoted ? "\"" : "plain");
        if (is_quoted)
            put_text(b, rng, format, some_length(rng));
        gy_buf_text(b, is_quoted ? "\"" : "");
        if (format == CSV_HEADER)
            gy_buf_printf(b, ",%u", number);
    }
    gy_buf_text(b, format != LINES && gy_rng_below(rng, 5) == 0 ? "\r\n" : "\n");
}

static void make_file(const char *path, struct gy_rng *rng, int format, size_t size)
{
    struct gy_buf b = {0};
    if (gy_rng_below(rng, 4) == 0 && format != LINES)
        gy_buf_text(&b, "\xef\xbb\xbf");
    if (format == CSV_HEADER)
        gy_buf_text(&b, "s,n\n");
    for (uint32_t number = 0; b.len < size; number++)
        put_row(&b, rng, format, number);
    size_t n = b.len - (size_t)(b.len > 0 && gy_rng_below(rng, 2)); /* the last without its end */
    file_write(path, b.data, n);
    gy_buf_fini(&b);
}

/* ---- reading ---- */

struct reading {
    struct gy_rng rng;
    struct hand hand;
    struct gy_splits splits;
    size_t rows_len, others_len; /* of what came out before the last position */
};

static void reading_init(struct reading *r, const char *dir, const char *operator)
{
    struct gyre_error error = {.size = sizeof error};
    char *text = text_format("job = \"t\"; snapshot = { every = \"1s\"; dir = \"s\"; };\n"
                             "operators = ( { id = \"in\"; %s },\n"
                             "{ id = \"out\"; op = \"std.null\"; input = \"in\"; } );\n",
                             operator);
    hand_init(&r->hand, dir, text);
    free(text);
    int code = gy_splits_init(&r->splits, hand_node(&r->hand, "in"), 1, &error);
    if (code != 0)
        fprintf(stderr, "%s\n", error.text);
    CU_ASSERT_EQUAL_FATAL(code, 0);
}

static void reading_fini(struct reading *r)
{
    gy_splits_fini(&r->splits);
    hand_fini(&r->hand);
}

static void add_split(struct reading *r, struct gy_instance *in, uint32_t split,
                      const struct gyre_writer *position)
{
    struct gyre_reader reader = {.size = sizeof reader};
    if (position != NULL) {
        reader.data = position->data;
        reader.length = position->length;
    }
    int code = gy_instance_add_split(in, split, r->splits.items[split].bytes,
                                     r->splits.items[split].n, position != NULL ? &reader : NULL);
    if (code != 0)
        fprintf(stderr, "%s\n", gy_instance_error(in)->text);
    CU_ASSERT_EQUAL_FATAL(code, 0);
}

static void save_split(struct gy_instance *in, uint32_t split, struct gyre_writer *position)
{
    position->size = sizeof *position;
    position->grow = gy_writer_grow;
    position->length = 0;
    CU_ASSERT_EQUAL_FATAL(gy_instance_save_split(in, split, position), 0);
}

/* Another instance goes on with a split. */
static struct gy_instance *next_life(struct reading *r, struct gy_instance *in, uint32_t split)
{
    struct gyre_writer position = {0};
    save_split(in, split, &position);
    if (gy_rng_below(&r->rng, 4) == 0) { /* it goes on, in vain: as after a snapshot that failed */
        hand_poll(in, 1 + (uint32_t)gy_rng_below(&r->rng, 100));
        r->hand.rows.len = r->rows_len;
        r->hand.others.len = r->others_len;
    }
    gy_instance_free(in);
    in = hand_open(&r->hand, "in", 0, 1);
    add_split(r, in, split, &position);
    gy_free(position.data);
    return in;
}

/* Reads all splits one after the other. With `lives` an instance ends after a few polls. */
static void read_queue(struct reading *r, bool lives)
{
    struct gy_instance *in = hand_open(&r->hand, "in", 0, 1);
    for (uint32_t split = 0; split < r->splits.n; split++) {
        add_split(r, in, split, NULL);
        for (uint32_t polls = 0;; polls++) {
            uint32_t budget = lives ? 1 + (uint32_t)gy_rng_below(&r->rng, 400) : 5000;
            r->rows_len = r->hand.rows.len;
            r->others_len = r->hand.others.len;
            while (lives && gy_rng_below(&r->rng, polls == 0 ? 2 : 12) == 0)
                in = next_life(r, in, split);
            struct gyre_poll poll = hand_poll(in, budget);
            CU_ASSERT_NOT_EQUAL_FATAL(poll.status, GYRE_POLL_IDLE);
            if (poll.status == GYRE_POLL_SPLIT)
                break;
        }
    }
    gy_instance_free(in);
}

/* Ends a buffer and hands its text over. */
static char *take_text(struct gy_buf *b)
{
    gy_buf_u8(b, 0);
    char *text = strdup((const char *)b->data);
    b->len = 0;
    return text;
}

static bool same_text(const char *what, const char *is, const char *wanted)
{
    size_t i = 0;
    while (is[i] == wanted[i] && is[i] != 0)
        i++;
    if (is[i] == wanted[i])
        return true;
    size_t from = i > 60 ? i - 60 : 0;
    printf("%s, at %zu:\n is   %.160s\n not  %.160s\n", what, i, is + from, wanted + from);
    return false;
}

static bool read_file_seed(const char *dir, int format, uint64_t seed, size_t size)
{
    static const char *const formats[] = {"format = \"lines\";", "format = \"csv\"; SCHEMA",
                                          "format = \"csv\"; header = true; SCHEMA",
                                          "format = \"json\"; SCHEMA"};
    static const char schema[] = "schema = ( {name=\"n\"; type=\"i64\";}, {name=\"s\"; "
                                 "type=\"str\"; nullable=true;} );";
    struct reading r;
    gy_rng_init(&r.rng, seed);
    uint32_t n = 1 + (uint32_t)gy_rng_below(&r.rng, 3);
    for (uint32_t i = 0; i < 3; i++) {
        char *path = text_format("%s/rows-%u", dir, i);
        unlink(path);
        if (i < n)
            make_file(path, &r.rng, format, i == 0 ? size : gy_rng_below(&r.rng, size));
        free(path);
    }
    int head = (int)strcspn(formats[format], "S");
    char *operator= text_format("op = \"file.read\"; path = \"%s/rows-*\"; row_max = \"64KiB\"; "
                                "on_error = \"port\"; %.*s %s",
                                dir, head, formats[format], format != LINES ? schema : "");
    reading_init(&r, dir, operator);
    read_queue(&r, false);
    char *rows = take_text(&r.hand.rows), *errors = take_text(&r.hand.others);
    read_queue(&r, true);
    char *rows_again = take_text(&r.hand.rows), *errors_again = take_text(&r.hand.others);
    bool ok = same_text("rows", rows_again, rows) && same_text("errors", errors_again, errors) &&
              strlen(rows) > 0;
    if (!ok)
        printf("format %d, seed %llu\n", format, (unsigned long long)seed);
    free(rows), free(errors), free(rows_again), free(errors_again), free(operator);
    reading_fini(&r);
    return ok;
}

static void read_files(int format, uint64_t seeds, size_t size)
{
    char *dir = dir_temp();
    gy_log_set_level(GY_LOG_ERROR); /* bad rows are warned of */
    for (uint64_t seed = 1; seed <= seeds_of(seeds); seed++)
        CU_ASSERT_TRUE_FATAL(read_file_seed(dir, format, seed, size));
    dir_remove(dir);
    free(dir);
}

static void lines_go_on_where_they_were_saved(void)
{
    read_files(LINES, 100, 400 << 10);
    read_files(LINES, 2, 17 << 20); /* several ranges */
}

static void csv_goes_on_where_it_was_saved(void)
{
    read_files(CSV, 100, 400 << 10);
}

static void csv_with_a_header_goes_on_where_it_was_saved(void)
{
    read_files(CSV_HEADER, 100, 400 << 10);
}

static void json_goes_on_where_it_was_saved(void)
{
    read_files(JSON, 100, 400 << 10);
    read_files(JSON, 1, 17 << 20);
}

/* ---- a file that has changed ---- */

/* A csv or lines file of which a part was read; then `change` it, and go on. */
static void refused_after(const char *format, void (*change)(const char *path), const char *says)
{
    char *dir = dir_temp(), *path = path_join(dir, "rows");
    struct reading r;
    struct gyre_writer position = {0};
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fprintf(file, "%d,row\n", i);
    fclose(file);
    char *operator= text_format("op = \"file.read\"; path = \"%s\"; %s", path, format);
    gy_rng_init(&r.rng, 1);
    reading_init(&r, dir, operator);
    struct gy_instance *in = hand_open(&r.hand, "in", 0, 1);
    add_split(&r, in, 0, NULL);
    hand_poll(in, 500);
    save_split(in, 0, &position);
    gy_instance_free(in);
    change(path);
    in = hand_open(&r.hand, "in", 0, 1);
    add_split(&r, in, 0, &position);
    struct gyre_poll poll = {.size = sizeof poll, .budget = 10, .wake_us = INT64_MAX, .fd = -1};
    CU_ASSERT_NOT_EQUAL(gy_instance_poll(in, &poll), 0);
    CU_ASSERT(hand_failed(in, says));
    CU_ASSERT(hand_failed(in, path));
    gy_instance_free(in);
    gy_free(position.data);
    reading_fini(&r);
    dir_remove(dir);
    free(operator), free(path), free(dir);
}

static void make_shorter(const char *path)
{
    CU_ASSERT_EQUAL(truncate(path, 1000), 0);
}

static void make_other(const char *path)
{
    size_t n;
    char *text = file_read(path, &n);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)(text[i] == 'r' ? 'R' : text[i]);
    file_write(path, text, n);
    free(text);
}

static void make_gone(const char *path)
{
    unlink(path);
}

static const char csv_rows[] =
    "format = \"csv\"; schema = ( {name=\"n\"; type=\"i64\";}, {name=\"s\"; type=\"str\";} );";

static void a_file_that_has_changed_since_is_refused(void)
{
    refused_after("", make_shorter, "has 1000 bytes, less than the 7890 it had");
    refused_after(csv_rows, make_shorter, "has 1000 bytes, less than the 3890 it had");
    refused_after("", make_other, "is not the file of the snapshot: what precedes byte 3890");
    refused_after(csv_rows, make_other, "is not the file of the snapshot: what precedes byte 3890");
    refused_after("", make_gone, "No such file");
}

/* ---- splits that are dealt out ---- */

enum { DEALT_MOST = 256 };

/* Lives of tasks that have all their splits at once; the number of tasks changes with each. */
struct dealt {
    struct reading r;
    bool done[DEALT_MOST];
    bool was_saved[DEALT_MOST];
    struct gyre_writer positions[DEALT_MOST];
    struct gy_instance *tasks[5];
    uint32_t n_tasks;
};

static void deal(struct dealt *d, uint32_t n_tasks)
{
    d->n_tasks = n_tasks;
    for (uint32_t t = 0; t < n_tasks; t++)
        d->tasks[t] = hand_open(&d->r.hand, "in", t, n_tasks);
    for (uint32_t s = 0; s < d->r.splits.n; s++)
        if (!d->done[s])
            add_split(&d->r, d->tasks[s % n_tasks], s, d->was_saved[s] ? &d->positions[s] : NULL);
}

static void save_all(struct dealt *d)
{
    for (uint32_t s = 0; s < d->r.splits.n; s++) {
        if (d->done[s])
            continue;
        save_split(d->tasks[s % d->n_tasks], s, &d->positions[s]);
        d->was_saved[s] = true;
    }
    for (uint32_t t = 0; t < d->n_tasks; t++)
        gy_instance_free(d->tasks[t]);
}

static uint32_t left_of(const struct dealt *d)
{
    uint32_t left = 0;
    for (uint32_t s = 0; s < d->r.splits.n; s++)
        left += !d->done[s];
    return left;
}

/* The next `name` in rows of text, NULL behind the last one. The address sanitizer's strstr measures
 * all that follows at each call: a row at a time is linear. */
static const char *next_of(const char *at, const char *name)
{
    for (const char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        const char *found = memmem(at, (size_t)(end - at), name, strlen(name));
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* Each number of 0 ... n - 1, found as `"name":number` in a row, came once. */
static bool each_once(struct gy_buf *rows, const char *name, int64_t n)
{
    uint8_t *seen = calloc((size_t)n, 1);
    char *text = take_text(rows);
    int64_t came = 0;
    bool ok = true;
    for (const char *at = text; (at = next_of(at, name)) != NULL; at++, came++) {
        int64_t value = atoll(at + strlen(name));
        ok = ok && value >= 0 && value < n && seen[value]++ == 0;
    }
    if (!ok || came != n)
        printf("%lld rows instead of %lld, or one twice\n", (long long)came, (long long)n);
    free(text);
    free(seen);
    return ok && came == n;
}

static void dealt_fini(struct dealt *d)
{
    for (uint32_t s = 0; s < DEALT_MOST; s++)
        gy_free(d->positions[s].data);
    reading_fini(&d->r);
    free(d);
}

static bool dealt_seed(const char *dir, uint64_t seed, const char *operator, const char * name,
                       int64_t n)
{
    struct dealt *d = calloc(1, sizeof *d);
    gy_rng_init(&d->r.rng, seed);
    reading_init(&d->r, dir, operator);
    CU_ASSERT_FATAL(d->r.splits.n <= DEALT_MOST);
    while (left_of(d) > 0) {
        deal(d, 1 + (uint32_t)gy_rng_below(&d->r.rng, 5));
        for (uint64_t polls = gy_rng_below(&d->r.rng, 80); polls > 0 && left_of(d) > 0; polls--) {
            uint32_t budget = 1 + (uint32_t)gy_rng_below(&d->r.rng, 300);
            struct gyre_poll poll =
                hand_poll(d->tasks[gy_rng_below(&d->r.rng, d->n_tasks)], budget);
            if (poll.status == GYRE_POLL_SPLIT)
                d->done[poll.split] = true;
            gy_clock_manual_advance(&d->r.hand.clock, 700);
        }
        save_all(d);
    }
    bool ok = each_once(&d->r.hand.rows, name, n);
    if (!ok)
        printf("%s: seed %llu\n", operator,(unsigned long long) seed);
    dealt_fini(d);
    return ok;
}

static void generated_rows_go_on_at_any_parallelism(void)
{
    static const char *const operators[] = {
        "op = \"gen.sequence\"; to = 39999;",
        "op = \"gen.sequence\"; to = 39999; rate = 20000000;",
        "op = \"gen.events\"; count = 40000; keys = 7;",
    };
    char *dir = dir_temp();
    for (uint64_t seed = 1; seed <= seeds_of(60); seed++)
        for (int i = 0; i < 3; i++)
            CU_ASSERT_TRUE_FATAL(
                dealt_seed(dir, seed, operators[i], i < 2 ? "\"value\":" : "\"time\":", 40000));
    dir_remove(dir);
    free(dir);
}

/* The first rows after a restore are no earlier than the watermark before it, and it does not fall. */
static void the_watermark_of_events_goes_on(void)
{
    char *dir = dir_temp();
    struct dealt *d = calloc(1, sizeof *d);
    reading_init(&d->r, dir, "op = \"gen.events\"; count = 100000; out_of_order = \"500us\";");
    int64_t told_us = INT64_MIN;
    for (int life = 0; life < 20; life++) {
        int64_t before_us = told_us;
        deal(d, 1);
        for (int i = 0; i < 5; i++) {
            int64_t late_us = told_us;
            hand_poll(d->tasks[0], 700);
            char *text = take_text(&d->r.hand.rows);
            for (const char *at = text; (at = next_of(at, "\"time\":")) != NULL; at++)
                CU_ASSERT(atoll(at + 7) >= late_us);
            free(text);
            told_us = gy_instance_own_watermark(d->tasks[0]);
        }
        CU_ASSERT(told_us > before_us);
        save_all(d);
    }
    CU_ASSERT_EQUAL(told_us, 20 * 5 * 700 - 500);
    dealt_fini(d);
    dir_remove(dir);
    free(dir);
}

/* Rows that come in the second after a restore, of a job that was down for an hour. */
static uint64_t rows_after_restore(const char *before, const char *after)
{
    char *dir = dir_temp();
    struct dealt *d = calloc(1, sizeof *d), *e = calloc(1, sizeof *e);
    reading_init(&d->r, dir, before);
    deal(d, 1);
    for (int i = 0; i < 3000; i++) {
        hand_poll(d->tasks[0], 100);
        gy_clock_manual_advance(&d->r.hand.clock, 1000);
    }
    save_all(d);
    reading_init(&e->r, dir, after);
    memcpy(e->was_saved, d->was_saved, sizeof e->was_saved);
    memcpy(e->positions, d->positions, sizeof e->positions);
    memset(d->positions, 0, sizeof d->positions);
    gy_clock_manual_advance(&e->r.hand.clock, 3600000000);
    deal(e, 1);
    for (int i = 0; i < 1000; i++) {
        hand_poll(e->tasks[0], 100);
        gy_clock_manual_advance(&e->r.hand.clock, 1000);
    }
    uint64_t rows = e->r.hand.n_rows;
    save_all(e);
    dealt_fini(d);
    dealt_fini(e);
    dir_remove(dir);
    free(dir);
    return rows;
}

static void a_rate_goes_on_without_a_burst(void)
{
    static const char slow[] = "op = \"gen.sequence\"; to = 100000000; rate = 1000;";
    static const char fast[] = "op = \"gen.sequence\"; to = 100000000;";
    static const char third[] = "op = \"gen.sequence\"; to = 100000000; rate = 300;";
    uint64_t rows = rows_after_restore(slow, slow);
    CU_ASSERT(rows >= 999 && rows <= 1002);
    rows = rows_after_restore(slow, third);
    CU_ASSERT(rows >= 299 && rows <= 302);
    rows = rows_after_restore(fast, third);
    CU_ASSERT(rows >= 299 && rows <= 302);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(lines_go_on_where_they_were_saved, 300),
    SUITE_TEST_WITHIN(csv_goes_on_where_it_was_saved, 300),
    SUITE_TEST_WITHIN(csv_with_a_header_goes_on_where_it_was_saved, 300),
    SUITE_TEST_WITHIN(json_goes_on_where_it_was_saved, 300),
    SUITE_TEST(a_file_that_has_changed_since_is_refused),
    SUITE_TEST_WITHIN(generated_rows_go_on_at_any_parallelism, 300),
    SUITE_TEST(the_watermark_of_events_goes_on),
    SUITE_TEST(a_rate_goes_on_without_a_burst),
};

SUITE_MAIN("source_restore", tests)
