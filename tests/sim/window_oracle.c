/* See window_oracle.h. */
#include "sim/window_oracle.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

/* One run. `set` are the rows that are kept of the window, or group, at hand, in order of arrival. */
struct run {
    const struct oracle_spec *spec;
    const struct oracle_row *rows;
    uint32_t n;
    int64_t watermark[ORACLE_ROWS + 1]; /* before row i; the last: at the end, before +infinity */
    struct oracle_text *out, *late;
};

struct set {
    uint32_t n;
    uint32_t of[ORACLE_ROWS];
};

/* ---- text ---- */

__attribute__((format(printf, 2, 3))) static void say(struct oracle_text *text, const char *format,
                                                      ...)
{
    if (text->cap - text->n < 512) {
        text->cap = 2 * text->cap + 4096;
        text->bytes = realloc(text->bytes, text->cap);
        if (text->bytes == NULL)
            abort();
    }
    va_list args;
    va_start(args, format);
    text->n += (size_t)vsnprintf(text->bytes + text->n, 512, format, args);
    va_end(args);
}

static void key_of(const struct oracle_spec *spec, const struct oracle_row *row, char *key)
{
    switch (spec->key) {
    case ORACLE_UNKEYED: key[0] = 0; break;
    case ORACLE_BY_K: sprintf(key, "%lld,", (long long)row->k); break;
    case ORACLE_BY_S: sprintf(key, "%s,", row->s); break;
    case ORACLE_BY_BOTH: sprintf(key, "%lld,%s,", (long long)row->k, row->s); break;
    }
}

static const struct oracle_row *row_of(const struct run *run, const struct set *set, uint32_t i)
{
    return &run->rows[set->of[i]];
}

static void say_aggregate(const struct run *run, const struct set *set)
{
    const struct oracle_row *first = row_of(run, set, 0), *last = first;
    long long sum = 0, min = INT64_MAX, max = INT64_MIN;
    for (uint32_t i = 0; i < set->n; i++) {
        const struct oracle_row *row = row_of(run, set, i);
        sum += row->x;
        min = row->x < min ? row->x : min;
        max = row->x > max ? row->x : max;
        first = row->id < first->id ? row : first;
        last = row->id > last->id ? row : last;
    }
    double avg = (double)sum / set->n;
    switch (run->spec->aggregate) {
    case ORACLE_SUM: say(run->out, "%lld", sum); break;
    case ORACLE_PICKY:
    case ORACLE_COUNT_ROWS: say(run->out, "%u", set->n); break;
    case ORACLE_MIN: say(run->out, "%lld", min); break;
    case ORACLE_AVG: say(run->out, "%.17g", avg); break;
    case ORACLE_MIN_BY: say(run->out, "%s", first->s); break;
    case ORACLE_SEVERAL:
        say(run->out, "%u,%lld,%s,%lld,%.17g,%lld", set->n, sum, last->s, max, avg,
            (long long)first->x);
        break;
    case ORACLE_LAST: say(run->out, "%u,%s", set->n, last->s); break;
    default: break;
    }
}

/* Lines of a window's rows, all of one key. The time of the output row comes last. */
static void put_set(const struct run *run, const struct set *set, const char *bounds,
                    int64_t time_us)
{
    char key[2 * ORACLE_TEXT];
    bool each = run->spec->aggregate == ORACLE_EACH;
    if (set->n == 0)
        return;
    key_of(run->spec, row_of(run, set, 0), key);
    for (uint32_t i = 0; i < (each ? set->n : 1); i++) {
        const struct oracle_row *row = row_of(run, set, i);
        say(run->out, "%s%s", key, bounds);
        if (each)
            say(run->out, "%u,%lld,%s", set->n, (long long)row->id, row->s[0] ? row->s : "-");
        else
            say_aggregate(run, set);
        say(run->out, ",%lld\n", (long long)time_us);
    }
}

static bool same_key(const struct run *run, uint32_t a, uint32_t b)
{
    char x[2 * ORACLE_TEXT], y[2 * ORACLE_TEXT];
    key_of(run->spec, &run->rows[a], x);
    key_of(run->spec, &run->rows[b], y);
    return strcmp(x, y) == 0;
}

static void add(struct set *set, uint32_t row)
{
    set->of[set->n++] = row;
}

static bool is_first_of_key(const struct run *run, const struct set *set, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++)
        if (same_key(run, set->of[j], set->of[i]))
            return false;
    return true;
}

/* Key by key. */
static void put(const struct run *run, const struct set *set, const char *bounds, int64_t time_us)
{
    static struct set of_key;
    for (uint32_t i = 0; i < set->n; i++) {
        if (!is_first_of_key(run, set, i))
            continue;
        of_key.n = 0;
        for (uint32_t j = i; j < set->n; j++)
            if (same_key(run, set->of[j], set->of[i]))
                add(&of_key, set->of[j]);
        put_set(run, &of_key, bounds, time_us);
    }
}

/* ---- times ---- */

static int64_t nearest(wide v)
{
    return v < INT64_MIN ? INT64_MIN : v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static wide floor_div(wide a, wide b)
{
    return a / b - (a % b < 0);
}

static void init_watermarks(struct run *run)
{
    int64_t greatest = INT64_MIN;
    for (uint32_t i = 0; i <= run->n; i++) {
        wide watermark = (wide)greatest - run->spec->disorder_us;
        run->watermark[i] = i == 0 ? INT64_MIN : nearest(watermark);
        if (i < run->n && run->rows[i].t > greatest)
            greatest = run->rows[i].t;
    }
}

/* True where a moment was reached before row i; nothing is before the first watermark. */
static bool reached(const struct run *run, uint32_t i, wide moment)
{
    return run->watermark[i] != INT64_MIN && moment <= run->watermark[i];
}

/* Rows that are refused are as if they had not come. */
static void take_out_refused(struct run *run)
{
    static struct oracle_row taken[ORACLE_ROWS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < run->n; i++) {
        if (run->rows[i].x < 0)
            continue;
        run->watermark[n] = run->watermark[i];
        taken[n++] = run->rows[i];
    }
    run->watermark[n] = run->watermark[run->n];
    run->rows = taken;
    run->n = n;
}

/* ---- both of time ---- */

static void put_window(const struct run *run, const struct set *set, wide end)
{
    char bounds[64];
    int64_t end_us = nearest(end);
    sprintf(bounds, "%lld,%lld,", (long long)nearest(end - run->spec->size_us), (long long)end_us);
    put(run, set, bounds, end_us == INT64_MAX ? INT64_MAX : nearest((wide)end_us - 1));
}

static bool lies_in(const struct run *run, uint32_t i, wide end)
{
    return run->rows[i].t < end && run->rows[i].t >= end - run->spec->size_us;
}

static void late_firing(const struct run *run, const struct set *set, uint32_t row, wide end)
{
    static struct set of_key;
    of_key.n = 0;
    for (uint32_t j = 0; run->spec->accumulate && j < set->n; j++)
        if (same_key(run, set->of[j], row))
            add(&of_key, set->of[j]);
    if (!run->spec->accumulate)
        add(&of_key, row);
    put_window(run, &of_key, end);
}

static void run_window(const struct run *run, wide end)
{
    static struct set set;
    bool fired = false;
    set.n = 0;
    for (uint32_t i = 0; i <= run->n; i++) {
        if (!fired && (i == run->n || reached(run, i, end))) {
            put_window(run, &set, end);
            fired = true;
        }
        if (i == run->n || !lies_in(run, i, end) || reached(run, i, end + run->spec->lateness_us))
            continue;
        add(&set, i);
        if (fired)
            late_firing(run, &set, i, end);
    }
}

static void run_times(const struct run *run)
{
    const struct oracle_spec *spec = run->spec;
    wide low = INT64_MAX, high = INT64_MIN;
    wide offset = spec->offset_us, period = spec->period_us;
    for (uint32_t i = 0; i < run->n; i++) {
        low = run->rows[i].t < low ? run->rows[i].t : low;
        high = run->rows[i].t > high ? run->rows[i].t : high;
    }
    for (wide k = floor_div(low - offset, period); k * period + offset - spec->size_us <= high;
         k++) {
        wide end = k * period + offset;
        bool any = false;
        for (uint32_t i = 0; i < run->n && !any; i++)
            any = lies_in(run, i, end);
        if (any)
            run_window(run, end);
    }
}

static void say_late(const struct run *run)
{
    const struct oracle_spec *spec = run->spec;
    wide offset = spec->offset_us, period = spec->period_us;
    for (uint32_t i = 0; i < run->n; i++) {
        wide k = floor_div(run->rows[i].t - offset, period) + 1; /* the first end behind it */
        wide last = floor_div(run->rows[i].t - offset + spec->size_us, period);
        if (k <= last && reached(run, i, last * period + offset + spec->lateness_us))
            say(run->late, "%lld\n", (long long)run->rows[i].id);
    }
}

/* ---- sessions ---- */

struct session {
    bool there, fresh;
    wide first, last;
    struct set rows, unseen;
};

static void put_session(const struct run *run, struct session *s)
{
    char bounds[64];
    int64_t end_us = nearest(s->last + run->spec->gap_us);
    sprintf(bounds, "%lld,%lld,", (long long)nearest(s->first), (long long)end_us);
    put(run, run->spec->accumulate ? &s->rows : &s->unseen, bounds,
        end_us == INT64_MAX ? INT64_MAX : nearest((wide)end_us - 1));
    s->fresh = false;
    s->unseen.n = 0;
}

/* Puts out what is over before row i, and forgets what is gone. */
static void end_sessions(const struct run *run, struct session *all, uint32_t n, uint32_t i)
{
    for (uint32_t s = 0; s < n; s++) {
        wide end = all[s].last + run->spec->gap_us;
        if (all[s].there && all[s].fresh && reached(run, i, end))
            put_session(run, &all[s]);
        if (all[s].there && reached(run, i, end + run->spec->lateness_us))
            all[s].there = false;
    }
}

static void join(struct session *into, struct session *from)
{
    into->first = from->first < into->first ? from->first : into->first;
    into->last = from->last > into->last ? from->last : into->last;
    into->fresh |= from->fresh;
    for (uint32_t r = 0; r < from->rows.n; r++)
        add(&into->rows, from->rows.of[r]);
    for (uint32_t r = 0; r < from->unseen.n; r++)
        add(&into->unseen, from->unseen.of[r]);
    from->there = false;
}

/* The sessions of the key of row `of`. */
static void run_sessions(const struct run *run, uint32_t of)
{
    struct session *all = calloc(run->n + 1, sizeof *all);
    wide gap = run->spec->gap_us;
    uint32_t n = 0;
    for (uint32_t i = of; i < run->n; i++) {
        wide t = run->rows[i].t;
        end_sessions(run, all, n, i);
        if (!same_key(run, of, i))
            continue;
        if (reached(run, i, t + gap + run->spec->lateness_us)) {
            say(run->late, "%lld\n", (long long)run->rows[i].id);
            continue;
        }
        struct session *mine = &all[n];
        mine->there = mine->fresh = true;
        mine->first = mine->last = t;
        for (uint32_t s = 0; s < n; s++)
            if (all[s].there && all[s].first < t + gap && t < all[s].last + gap)
                join(mine, &all[s]);
        add(&mine->rows, i);
        add(&mine->unseen, i);
        n++;
        end_sessions(run, all, n, i);
    }
    end_sessions(run, all, n, run->n);
    for (uint32_t s = 0; s < n; s++)
        if (all[s].there && all[s].fresh)
            put_session(run, &all[s]);
    free(all);
}

/* ---- in the order in which rows come ---- */

struct policy {
    const struct run *run;
    struct set kept;
    uint64_t since;
    bool has_point;
    struct oracle_row point;
    wide due; /* > INT64_MAX: not */
    int64_t sum, rows;
    size_t first_length;
};

static const wide NEVER = (wide)INT64_MAX * 4;

static void reset(struct policy *p)
{
    p->since = 0;
    p->due = NEVER;
    p->sum = p->rows = 0;
    p->first_length = 0;
}

static void fire(struct policy *p, int64_t time_us)
{
    const struct oracle_spec *spec = p->run->spec;
    put(p->run, &p->kept, "", time_us);
    reset(p);
    if (spec->keep == ORACLE_NONE || !spec->accumulate)
        p->kept.n = 0;
}

static int64_t newest(const struct policy *p)
{
    int64_t time_us = INT64_MIN;
    for (uint32_t i = 0; i < p->kept.n; i++)
        if (row_of(p->run, &p->kept, i)->t > time_us)
            time_us = row_of(p->run, &p->kept, i)->t;
    return time_us;
}

static double far(enum oracle_policy policy, const struct oracle_row *a, const struct oracle_row *b)
{
    double far = fabs((double)(b->x - a->x));
    return far + (policy == ORACLE_APART && strlen(a->s) != strlen(b->s) ? 3 : 0);
}

static bool is_dropped(const struct policy *p, const struct oracle_row *old,
                       const struct oracle_row *row)
{
    const struct oracle_spec *spec = p->run->spec;
    int64_t newest_us = newest(p) > row->t ? newest(p) : row->t;
    switch (spec->keep) {
    case ORACLE_TIME: return old->t <= (wide)newest_us - spec->size_us;
    case ORACLE_DELTA:
    case ORACLE_APART: return far(spec->keep, old, row) > (double)spec->keep_delta;
    default: return false;
    }
}

/* `room` 1 where the row is not in yet. */
static void evict(struct policy *p, const struct oracle_row *row, uint32_t room)
{
    const struct oracle_spec *spec = p->run->spec;
    uint32_t kept = 0, drop = 0;
    uint32_t most = row->x % 7 == 0 ? 1 : (uint32_t)spec->most;
    struct set left;
    if (spec->keep == ORACLE_COUNT && p->kept.n + room > spec->keep_count)
        drop = p->kept.n + room - (uint32_t)spec->keep_count;
    if (spec->keep == ORACLE_FUNCTION && p->kept.n > most)
        drop = p->kept.n - most;
    for (uint32_t i = drop; i < p->kept.n; i++)
        if (!is_dropped(p, row_of(p->run, &p->kept, i), row))
            left.of[kept++] = p->kept.of[i];
    left.n = kept;
    p->kept = left;
}

static void fire_due(struct policy *p, uint32_t i)
{
    if (reached(p->run, i, p->due))
        fire(p, nearest(p->due - 1));
}

static void check_before(struct policy *p, const struct oracle_row *row)
{
    const struct oracle_spec *spec = p->run->spec;
    if (!p->has_point) {
        p->has_point = true;
        p->point = spec->has_from ? spec->from : *row;
    }
    if (far(spec->fire, &p->point, row) <= (double)spec->fire_delta)
        return;
    fire(p, row->t);
    p->point = *row;
}

static void check_after(struct policy *p, const struct oracle_row *row, uint32_t i)
{
    const struct oracle_spec *spec = p->run->spec;
    wide offset = spec->offset_us, period = spec->period_us;
    if (spec->fire == ORACLE_COUNT && p->since == (uint64_t)spec->fire_count)
        fire(p, row->t);
    if (spec->fire == ORACLE_TIME && p->due == NEVER) {
        wide now = p->run->watermark[i] != INT64_MIN ? p->run->watermark[i] : row->t;
        p->due = (floor_div(now - offset, period) + 1) * period + offset;
    }
    if (spec->fire != ORACLE_FUNCTION)
        return;
    if (p->rows++ == 0) {
        p->first_length = strlen(row->s);
        p->due = spec->wait_us > 0 ? (wide)row->t + spec->wait_us : NEVER;
    }
    p->sum += row->x < 0 ? -row->x : row->x;
    if (p->sum + (int64_t)p->first_length >= spec->sum)
        fire(p, row->t);
}

/* The windows of the key of row `of`, or of all rows. */
static void run_policies(const struct run *run, uint32_t of)
{
    static struct policy p;
    const struct oracle_spec *spec = run->spec;
    bool before = spec->fire == ORACLE_DELTA || spec->fire == ORACLE_APART;
    memset(&p, 0, sizeof p);
    p.run = run;
    reset(&p);
    for (uint32_t i = of; i < run->n; i++) {
        const struct oracle_row *row = &run->rows[i];
        fire_due(&p, i);
        if (!spec->per_stream && !same_key(run, of, i))
            continue;
        if (before) {
            check_before(&p, row);
            evict(&p, row, 1);
        }
        add(&p.kept, i);
        p.since++;
        if (!before || spec->keep == ORACLE_TIME)
            evict(&p, row, 0);
        if (!before)
            check_after(&p, row, i);
    }
    fire_due(&p, run->n);
    if (p.since > 0)
        fire(&p, newest(&p));
}

/* ---- all ---- */

void window_oracle(const struct oracle_spec *spec, const struct oracle_row *rows, uint32_t n,
                   struct oracle_text *out, struct oracle_text *late)
{
    static struct run run;
    static struct set all;
    run = (struct run){.spec = spec, .rows = rows, .n = n, .out = out, .late = late};
    say(out, "%s", "");
    say(late, "%s", "");
    init_watermarks(&run);
    bool by_time =
        spec->fire == ORACLE_TIME && (spec->keep == ORACLE_TIME || spec->keep == ORACLE_NONE);
    if (by_time) /* those that are refused too: nobody is asked to take them */
        say_late(&run);
    if (spec->aggregate == ORACLE_PICKY)
        take_out_refused(&run);
    if (by_time) {
        run_times(&run);
        return;
    }
    all.n = 0;
    for (uint32_t i = 0; i < run.n; i++)
        add(&all, i);
    for (uint32_t i = 0; i < run.n; i++) {
        if (spec->per_stream ? i > 0 : !is_first_of_key(&run, &all, i))
            continue;
        if (spec->keep == ORACLE_SESSION)
            run_sessions(&run, i);
        else
            run_policies(&run, i);
    }
}
