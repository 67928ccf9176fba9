/* Snapshots of what an operator keeps, and restores; see check.h. */
#include "conform/check.h"

#include "base/mem.h"

#include <gyre/error.h>
#include <malloc.h>
#include <stdlib.h>

enum { BOUNDARIES_MOST = 24, CORRUPTIONS = 80 };

enum gy_verdict gy_check_pure(struct gy_case *c)
{
    struct gy_trial reference, trial;
    enum gy_verdict verdict = GY_SKIP;
    if (gy_case_reference(c, &reference)) {
        gy_trial_begin(&trial, &c->place, 1);
        for (size_t i = 0; i < c->script->steps.n; i++) {
            gy_trial_step(&trial, c->script, i);
            gyre_kit_snapshot_free(gyre_kit_snapshot(trial.kit));
        }
        gy_trial_end(&trial);
        verdict = gy_case_same(c, &reference, &trial, false,
                               "whether snapshots are taken or not: encode and save_items change "
                               "nothing");
        gy_trial_fini(&trial);
    }
    gy_trial_fini(&reference);
    return verdict;
}

/* Restores at step `at`, and goes on. `dirty`: the process that dies has gone on, and left behind what it
 * leaves. */
static enum gy_verdict restart_at(struct gy_case *c, const struct gy_trial *reference, size_t at,
                                  uint32_t before, uint32_t after, bool dirty, const char *what)
{
    struct gy_trial trial;
    gy_trial_begin(&trial, &c->place, before);
    gy_trial_steps(&trial, c->script, 0, at);
    gy_trial_restart(&trial, after, c->script, dirty ? at : SIZE_MAX);
    gy_trial_steps(&trial, c->script, at, c->script->steps.n);
    if (trial.kit->code == 0)
        gy_trial_end(&trial);
    enum gy_verdict verdict = gy_case_same(c, reference, &trial, false, what);
    gy_trial_fini(&trial);
    return verdict;
}

/* Everything at once, in an order that is drawn: batches of any size, watermarks in steps, restarts, other numbers of tasks
 * where `rescales`. */
static enum gy_verdict live_at_random(struct gy_case *c, const struct gy_trial *reference,
                                      bool rescales)
{
    struct gy_trial trial;
    struct gy_rng rng;
    int64_t told_us = 0;
    /* A conform.cfg may say that rows depend on where batches are cut. */
    const char *skip = c->place.subject->skip;
    bool cuts = skip == NULL || strstr(skip, "proc.batch-split") == NULL;
    gy_rng_init(&rng, c->script->seed + 17);
    gy_trial_begin(&trial, &c->place, rescales ? 1 + (uint32_t)gy_rng_below(&rng, 5) : 1);
    for (size_t i = 0; i < c->script->steps.n && trial.kit->code == 0; i++) {
        const struct gy_step *step = &c->script->steps.items[i];
        trial.manner.batch = cuts ? (uint32_t)gy_rng_below(&rng, 6) : 0;
        trial.manner.garbage = cuts && gy_rng_below(&rng, 4) == 0;
        trial.manner.seed = gy_rng_next(&rng);
        if (step->kind == GY_STEP_WATERMARK && step->time_us > told_us && told_us > 0)
            gyre_kit_watermark(
                trial.kit, NULL,
                told_us + (int64_t)gy_rng_below(&rng, (uint64_t)(step->time_us - told_us)));
        if (step->kind == GY_STEP_WATERMARK && step->time_us > told_us)
            told_us = step->time_us;
        gy_trial_step(&trial, c->script, i);
        if (gy_rng_below(&rng, 4) == 0 && trial.kit->code == 0)
            gy_trial_restart(&trial, rescales ? 1 + (uint32_t)gy_rng_below(&rng, 5) : 1, c->script,
                             gy_rng_below(&rng, 2) == 0 ? i + 1 : SIZE_MAX);
    }
    if (trial.kit->code == 0)
        gy_trial_end(&trial);
    enum gy_verdict verdict = gy_case_same(
        c, reference, &trial, false,
        "where batches are cut anywhere, watermarks come in steps, and it is restarted "
        "now and then");
    gy_trial_fini(&trial);
    return verdict;
}

enum gy_verdict gy_check_hidden(struct gy_case *c)
{
    struct gy_trial reference;
    enum gy_verdict verdict = GY_SKIP;
    if (gy_case_reference(c, &reference))
        verdict = restart_at(c, &reference, c->script->steps.n / 2, 1, 1, true,
                             "after a restart from a snapshot: what an operator knows of earlier "
                             "rows is to be in its state or items, not in statics or the instance");
    gy_trial_fini(&reference);
    return verdict;
}

enum gy_verdict gy_check_boundary(struct gy_case *c)
{
    struct gy_trial reference;
    size_t n = c->script->steps.n, step = n / BOUNDARIES_MOST + 1;
    enum gy_verdict verdict = GY_SKIP;
    if (gy_case_reference(c, &reference)) {
        verdict = GY_PASS;
        for (size_t at = 0; at <= n && verdict == GY_PASS; at += step)
            verdict = restart_at(c, &reference, at, 1, 1, false,
                                 "wherever between two calls the restart is: what is buffered "
                                 "leaves in flush, or is part of the state");
    }
    if (verdict == GY_PASS && c->varies)
        verdict = live_at_random(c, &reference, false);
    gy_trial_fini(&reference);
    return verdict;
}

enum gy_verdict gy_check_rescale(struct gy_case *c)
{
    static const uint32_t tasks[][2] = {{1, 3}, {3, 2}, {2, 5}};
    struct gy_trial reference;
    enum gy_verdict verdict = GY_SKIP;
    if (gy_case_reference(c, &reference)) {
        verdict = GY_PASS;
        for (size_t i = 0; i < 3 && verdict == GY_PASS; i++)
            verdict = restart_at(c, &reference, c->script->steps.n / 2, tasks[i][0], tasks[i][1],
                                 false, "at another number of tasks after the restart");
    }
    if (verdict == GY_PASS && c->varies)
        verdict = live_at_random(c, &reference, true);
    gy_trial_fini(&reference);
    return verdict;
}

/* ---- records ---- */

static int compare_records(const void *a, const void *b)
{
    const struct gy_kit_record *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    uint32_t n = x->n < y->n ? x->n : y->n;
    int order = n > 0 ? memcmp(x->bytes, y->bytes, n) : 0;
    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

static void sort_records(struct gyre_kit_snapshot *snapshot)
{
    for (uint32_t t = 0; t < snapshot->n_tasks; t++)
        if (snapshot->tasks[t].records.n > 0)
            qsort(snapshot->tasks[t].records.items, snapshot->tasks[t].records.n,
                  sizeof(struct gy_kit_record), compare_records);
}

static void put_record(const struct gy_kit_record *record, struct gy_buf *into)
{
    gy_buf_printf(into, "kind %u, state %u:", (unsigned)record->kind, record->index);
    for (uint32_t i = 0; i < record->n && i < 48; i++)
        gy_buf_printf(into, " %02x", record->bytes[i]);
    gy_buf_printf(into, "%s\n", record->n > 48 ? " ..." : "");
}

static bool has_timers(const struct gy_kit_saved *saved)
{
    for (size_t i = 0; i < saved->records.n; i++)
        if (saved->records.items[i].kind == GY_RECORD_TIMERS)
            return true;
    return false;
}

static void put_pair(const struct gy_kit_record *left, const struct gy_kit_record *right,
                     struct gy_buf *text)
{
    gy_buf_text(text, "    one:   ");
    if (left != NULL)
        put_record(left, text);
    gy_buf_text(text, left == NULL ? "no record\n    other: " : "    other: ");
    if (right != NULL)
        put_record(right, text);
    gy_buf_text(text, right == NULL ? "no record\n" : "");
}

/* True where both have the same records; else `text` has the first that differs. Timers that are in the second alone are
 * those that `open` sets. */
static bool same_records(struct gyre_kit_snapshot *a, struct gyre_kit_snapshot *b,
                         struct gy_buf *text)
{
    sort_records(a);
    sort_records(b);
    for (uint32_t t = 0; t < a->n_tasks && t < b->n_tasks; t++) {
        const struct gy_kit_saved *x = &a->tasks[t], *y = &b->tasks[t];
        bool sets = !has_timers(x);
        for (size_t i = 0, j = 0; i < x->records.n || j < y->records.n;) {
            const struct gy_kit_record *left = i < x->records.n ? &x->records.items[i] : NULL;
            const struct gy_kit_record *right = j < y->records.n ? &y->records.items[j] : NULL;
            if (sets && right != NULL && right->kind == GY_RECORD_TIMERS) {
                j++;
                continue;
            }
            if (left == NULL || right == NULL || compare_records(left, right) != 0) {
                put_pair(left, right, text);
                return false;
            }
            i++, j++;
        }
    }
    return true;
}

static enum gy_verdict compare_snapshots(struct gy_case *c, struct gyre_kit_snapshot *a,
                                         struct gyre_kit_snapshot *b, const char *what)
{
    struct gy_buf text = {0};
    enum gy_verdict verdict = GY_PASS;
    if (a == NULL || b == NULL)
        verdict = gy_case_say(c, GY_FAIL, "expected it to be saved");
    else if (!same_records(a, b, &text))
        verdict =
            gy_case_say(c, GY_FAIL, "expected the same records %s:\n%s", what, gy_buf_cstr(&text));
    gy_buf_fini(&text);
    return verdict;
}

enum gy_verdict gy_check_roundtrip(struct gy_case *c)
{
    struct gy_trial trial;
    enum gy_verdict verdict = GY_SKIP;
    gy_trial_begin(&trial, &c->place, 1);
    if (gy_trial_steps(&trial, c->script, 0, c->script->steps.n) == 0) {
        struct gyre_kit_snapshot *first = gyre_kit_snapshot(trial.kit), *second = NULL;
        struct gyre_kit *again = first != NULL ? gyre_kit_restore(&trial.setup, first) : NULL;
        if (again != NULL && again->code == 0)
            second = gyre_kit_snapshot(again);
        const char *error = again == NULL ? gy_trial_error(&trial) : gyre_kit_error(again);
        verdict = error[0] != 0
                      ? gy_case_say(c, GY_FAIL, "expected it to be saved and restored: %s", error)
                      : compare_snapshots(c, first, second,
                                          "from what was restored: decode has to give what encode "
                                          "was given");
        gyre_kit_snapshot_free(first);
        gyre_kit_snapshot_free(second);
        gyre_kit_free(again);
    }
    gy_trial_fini(&trial);
    return verdict;
}

/* ---- what memory holds by chance ---- */

/* Leaves bytes on the stack for what is called next. */
static __attribute__((noinline)) void soil_stack(int byte)
{
    char room[16 * 1024];
    memset(room, byte, sizeof room);
    __asm__ volatile("" : : "r"(room) : "memory");
}

static struct gyre_kit_snapshot *soiled(struct gy_case *c, int byte)
{
    struct gy_trial trial;
    struct gyre_kit_snapshot *snapshot = NULL;
    mallopt(M_PERTURB, byte);
    gy_trial_begin(&trial, &c->place, 1);
    for (size_t i = 0; i < c->script->steps.n; i++) {
        soil_stack(byte);
        gy_trial_step(&trial, c->script, i);
    }
    soil_stack(byte);
    if (trial.kit->code == 0)
        snapshot = gyre_kit_snapshot(trial.kit);
    gy_trial_fini(&trial);
    mallopt(M_PERTURB, 0);
    return snapshot;
}

enum gy_verdict gy_check_uninitialized(struct gy_case *c)
{
    struct gyre_kit_snapshot *a = soiled(c, 0x55), *b = soiled(c, 0xaa);
    enum gy_verdict verdict = GY_SKIP;
    if (a != NULL && b != NULL)
        verdict = compare_snapshots(c, a, b,
                                    "from the same rows: what is saved holds bytes that nobody has "
                                    "set, such as the gaps of a struct");
    gyre_kit_snapshot_free(a);
    gyre_kit_snapshot_free(b);
    return verdict;
}

/* ---- damage ---- */

static void damage(struct gy_kit_record *record, struct gy_rng *rng)
{
    uint32_t n = record->n;
    switch (gy_rng_below(rng, 3)) {
    case 0:
        if (n > 0)
            record->bytes[gy_rng_below(rng, n)] ^= (uint8_t)(1u << gy_rng_below(rng, 8));
        break;
    case 1: record->n = n > 0 ? (uint32_t)gy_rng_below(rng, n) : 0; break;
    default:
        for (uint32_t i = n > 4 ? n - 4 : 0; i < n; i++)
            record->bytes[i] = 0xff;
    }
}

/* It may be refused or not; it may not crash. */
enum gy_verdict gy_check_corrupt(struct gy_case *c)
{
    struct gy_trial trial;
    struct gy_rng rng;
    gy_rng_init(&rng, c->script->seed);
    gy_trial_begin(&trial, &c->place, 1);
    gy_trial_steps(&trial, c->script, 0, c->script->steps.n);
    struct gyre_kit_snapshot *snapshot = trial.kit->code == 0 ? gyre_kit_snapshot(trial.kit) : NULL;
    uint64_t n = snapshot != NULL ? snapshot->tasks[0].records.n : 0;
    for (int i = 0; n > 0 && i < CORRUPTIONS; i++) {
        struct gy_kit_record *record = &snapshot->tasks[0].records.items[gy_rng_below(&rng, n)];
        struct gy_kit_record whole = *record;
        record->bytes = gy_alloc(whole.n);
        if (record->bytes == NULL)
            abort();
        memcpy(record->bytes, whole.bytes, whole.n);
        damage(record, &rng);
        struct gyre_kit *kit = gyre_kit_restore(&trial.setup, snapshot);
        if (kit != NULL && kit->code == 0)
            gyre_kit_end(kit, NULL);
        gyre_kit_free(kit);
        gy_free(record->bytes);
        *record = whole;
    }
    gyre_kit_snapshot_free(snapshot);
    gy_trial_fini(&trial);
    return n > 0 ? GY_PASS : gy_case_say(c, GY_SKIP, "it saves nothing");
}
