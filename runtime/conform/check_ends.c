/* Sources, sinks, and the laws of aggregates; see check.h. */
#include "conform/check.h"

#include "base/mem.h"

#include <gyre/error.h>
#include <math.h>
#include <stdio.h>

enum { ROWS_MOST = 400, STOPS = 8 };

/* ---- sources ---- */

/* Reads on until nothing is left or so many rows have come in all. */
static int read_on(struct gy_trial *trial, uint32_t budget)
{
    int more = trial->kit->code == 0 ? 1 : trial->kit->code;
    while (more == 1 && trial->out.ports[0].n < ROWS_MOST) {
        more = gyre_kit_poll(trial->kit, budget);
        gy_trial_collect(trial);
    }
    return more;
}

static void cut(struct gy_trial *trial)
{
    for (uint32_t p = 0; p < trial->out.n; p++)
        if (trial->out.ports[p].n > ROWS_MOST)
            trial->out.ports[p].n = ROWS_MOST;
}

enum gy_verdict gy_check_replay(struct gy_case *c)
{
    struct gy_trial first, second;
    enum gy_verdict verdict;
    gy_trial_begin(&first, &c->place, 1);
    read_on(&first, 64);
    gy_trial_begin(&second, &c->place, 1);
    read_on(&second, 5);
    cut(&first);
    cut(&second);
    if (first.kit->code == 0 && first.out.ports[0].n == 0)
        verdict = gy_case_say(c, GY_SKIP, "it has put no rows out");
    else
        verdict = gy_case_same(c, &first, &second, true,
                               "whenever it reads its input, and with whatever budget");
    gy_trial_fini(&first);
    gy_trial_fini(&second);
    return verdict;
}

enum gy_verdict gy_check_position(struct gy_case *c)
{
    struct gy_trial whole;
    enum gy_verdict verdict = GY_PASS;
    gy_trial_begin(&whole, &c->place, 1);
    read_on(&whole, 3);
    cut(&whole);
    if (whole.kit->code != 0 || whole.out.ports[0].n == 0)
        verdict = gy_case_say(c, GY_SKIP, "it has put no rows out");
    for (uint32_t stop = 0; verdict == GY_PASS && stop < STOPS; stop++) {
        struct gy_trial trial;
        gy_trial_begin(&trial, &c->place, 1);
        for (uint32_t i = 0; i < stop * stop; i++)
            gyre_kit_poll(trial.kit, 3);
        gy_trial_restart(&trial, 1, &(struct gy_script){0}, SIZE_MAX);
        if (trial.kit->code == 0)
            read_on(&trial, 3);
        cut(&trial);
        verdict = gy_case_same(c, &whole, &trial, true,
                               "where it goes on from the position it has saved");
        gy_trial_fini(&trial);
    }
    gy_trial_fini(&whole);
    return verdict;
}

/* ---- sinks ---- */

/* When the process dies, at the second snapshot. */
enum death { NEVER, BEFORE_COMMIT, AFTER_COMMIT, AFTER_ROWS, COMMIT_TWICE };

static const char *const deaths[] = {
    [NEVER] = "never",
    [BEFORE_COMMIT] = "between prepare and commit",
    [AFTER_COMMIT] = "right after commit",
    [AFTER_ROWS] = "some rows after commit",
    [COMMIT_TWICE] = "after commit, which is done again",
};

/* Rows in three parts, with a snapshot after each. */
static void write_all(struct gy_trial *trial, const struct gy_script *script, enum death death)
{
    size_t n = script->steps.n;
    for (size_t part = 0; part < 3 && trial->kit->code == 0; part++) {
        size_t from = n * part / 3, to = n * (part + 1) / 3;
        gy_trial_steps(trial, script, from, to);
        if (part == 2)
            gyre_kit_end(trial->kit, NULL);
        struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(trial->kit);
        if (snapshot == NULL)
            return;
        if (death != BEFORE_COMMIT || part != 1)
            gyre_kit_commit(trial->kit);
        if (death == AFTER_ROWS && part == 1)
            gy_trial_steps(trial, script, to, n);
        if (death != NEVER && part == 1) {
            gyre_kit_free(trial->kit);
            trial->kit = gyre_kit_restore(&trial->setup, snapshot);
        }
        if (death == COMMIT_TWICE && part == 1 && trial->kit->code == 0) {
            gyre_kit_free(trial->kit);
            trial->kit = gyre_kit_restore(&trial->setup, snapshot);
        }
        gyre_kit_snapshot_free(snapshot);
    }
}

static enum gy_verdict cannot_see(struct gy_case *c, struct gy_buf *said)
{
    return gy_case_say(c, GY_FAIL, "the command `seen` of conform.cfg failed: %s\n%s",
                       c->place.subject->seen, gy_buf_cstr(said));
}

enum gy_verdict gy_check_two_phase(struct gy_case *c)
{
    struct gy_trial whole;
    struct gy_buf expected = {0};
    enum gy_verdict verdict = GY_PASS;
    gy_trial_begin(&whole, &c->place, 1);
    write_all(&whole, c->script, NEVER);
    int code = gy_trial_seen(&whole, &expected);
    if (code != 0)
        verdict = cannot_see(c, &expected);
    else if (whole.kit->code != 0 || expected.len == 0)
        verdict = gy_case_say(c, GY_SKIP, "it shows no files: %s", gy_trial_error(&whole));
    for (enum death death = BEFORE_COMMIT; verdict == GY_PASS && death <= COMMIT_TWICE; death++) {
        struct gy_trial trial;
        struct gy_buf files = {0};
        gy_trial_begin(&trial, &c->place, 1);
        write_all(&trial, c->script, death);
        code = gy_trial_seen(&trial, &files);
        if (code != 0)
            verdict = cannot_see(c, &files);
        else if (trial.kit->code != 0)
            verdict = gy_case_say(c, GY_FAIL, "expected it to go on where the process died %s: %s",
                                  deaths[death], gy_trial_error(&trial));
        else if (files.len != expected.len || memcmp(files.data, expected.data, files.len) != 0)
            verdict = gy_case_say(
                c, GY_FAIL, "expected to see the same where the process died %s:\n%s  is:\n%s",
                deaths[death], gy_buf_cstr(&expected), gy_buf_cstr(&files));
        gy_buf_fini(&files);
        gy_trial_fini(&trial);
    }
    gy_buf_fini(&expected);
    gy_trial_fini(&whole);
    return verdict;
}

enum gy_verdict gy_check_visible(struct gy_case *c)
{
    struct gy_trial trial;
    struct gy_buf before = {0}, after = {0};
    enum gy_verdict verdict = GY_PASS;
    gy_trial_begin(&trial, &c->place, 1);
    int code = gy_trial_seen(&trial, &before);
    gy_trial_steps(&trial, c->script, 0, c->script->steps.n);
    gyre_kit_snapshot_free(gyre_kit_snapshot(trial.kit));
    code = code == 0 ? gy_trial_seen(&trial, &after) : code;
    if (code != 0)
        verdict = cannot_see(c, before.len > after.len ? &before : &after);
    else if (after.len != before.len ||
             (after.len > 0 && memcmp(before.data, after.data, after.len) != 0))
        verdict = gy_case_say(c, GY_WARN,
                              "rows can be seen before they are committed: who reads meanwhile may "
                              "read some that are taken back");
    gy_buf_fini(&before);
    gy_buf_fini(&after);
    gy_trial_fini(&trial);
    return verdict;
}

/* ---- aggregates ---- */

enum { PANES = 4, KEPT = 4, FEW_MOST = 8 };

#define SECOND INT64_C(1000000)
#define NEAR   1e-9

/* The first n rows of the script, all of the first one's key, with as many in each pane. */
static void one_key(const struct gy_case *c, struct gy_rows *rows, uint32_t n)
{
    const struct gy_node *node = c->probe->node;
    for (uint32_t i = 0; i < n; i++) {
        gy_rows_copy(rows, &c->script->inputs[0], i);
        for (uint32_t k = 0; k < node->key.n; k++) {
            uint32_t f = node->inputs[0].key_fields[k];
            bool null = gy_rows_is_null(rows, 0, f);
            gy_rows_set(rows, i, f, null ? NULL : gy_rows_at(rows, 0, f));
        }
        rows->time[i] = PANES * SECOND * (int64_t)i / n;
    }
}

/* The last row that comes of rows[first ... n - 1], with these options beside the subject's own. `end_us`: the window
 * that ends then. */
static bool last_row(struct gy_case *c, const struct gy_rows *rows, uint32_t first, uint32_t n,
                     const char *options, int64_t end_us, struct gy_trial *trial)
{
    struct gy_subject other = *c->place.subject;
    struct gy_buf text = {0};
    struct gy_place place = c->place;
    gy_buf_printf(&text, "%s %s", other.options != NULL ? other.options : "", options);
    other.options = (char *)gy_buf_cstr(&text);
    place.subject = &other;
    gy_trial_begin(trial, &place, 1);
    c->place.n_folders = place.n_folders;
    for (uint32_t i = first; i < n && trial->kit->code == 0; i++)
        gy_kit_give(trial->kit, &trial->kit->inputs[0], rows, i, 1, NULL, true);
    if (trial->kit->code == 0 && end_us > 0)
        gyre_kit_watermark(trial->kit, NULL, end_us);
    gy_trial_collect(trial);
    trial->place = NULL;
    gy_buf_fini(&text);
    return trial->kit->code == 0 && trial->out.n > 0 && trial->out.ports[0].n > 0;
}

/* Sums of rounded numbers depend on their order by a little. */
static bool is_near(const struct gy_rows *a, const struct gy_rows *b)
{
    if (gyre_schema_field(a->schema, 0)->type != GYRE_TYPE_f64 || gy_rows_is_null(a, 0, 0) ||
        gy_rows_is_null(b, 0, 0))
        return false;
    double x = *(const double *)gy_rows_at(a, 0, 0), y = *(const double *)gy_rows_at(b, 0, 0);
    return fabs(x - y) <= NEAR * fmax(fmax(fabs(x), fabs(y)), 1);
}

/* The results of both last rows: the columns that both have. */
static bool same_results(const struct gy_rows *a, const struct gy_rows *b)
{
    for (uint32_t f = 0; f < a->schema->n_fields; f++) {
        int32_t g = gyre_schema_find(b->schema, gyre_schema_field(a->schema, f)->name);
        if (g < 0)
            continue;
        uint32_t type = gyre_schema_field(a->schema, f)->type;
        struct gyre_field field = {sizeof field, type, "v", GYRE_NULLABLE, 0};
        struct gyre_schema schema = {sizeof schema, 1, &field};
        struct gy_rows x = {.schema = &schema}, y = {.schema = &schema};
        bool null_a = gy_rows_is_null(a, a->n - 1, f);
        bool null_b = gy_rows_is_null(b, b->n - 1, (uint32_t)g);
        gy_rows_set(&x, gy_rows_add(&x, 0), 0, null_a ? NULL : gy_rows_at(a, a->n - 1, f));
        gy_rows_set(&y, gy_rows_add(&y, 0), 0,
                    null_b ? NULL : gy_rows_at(b, b->n - 1, (uint32_t)g));
        bool same = gy_rows_compare(&x, 0, &y, 0, false) == 0 || is_near(&x, &y);
        gy_rows_fini(&x);
        gy_rows_fini(&y);
        if (!same)
            return false;
    }
    return true;
}

static enum gy_verdict compare_last(struct gy_case *c, const struct gy_rows *rows, uint32_t first,
                                    const char *window, int64_t end_us, const char *what)
{
    struct gy_trial windowed, added;
    enum gy_verdict verdict = GY_SKIP;
    bool has_window = last_row(c, rows, 0, rows->n, window, end_us, &windowed);
    bool has_sum = last_row(c, rows, first, rows->n, "", 0, &added);
    if (has_window && has_sum) {
        verdict = GY_PASS;
        if (!same_results(&added.out.ports[0], &windowed.out.ports[0])) {
            struct gy_buf text = {0};
            gy_rows_line(&added.out.ports[0], added.out.ports[0].n - 1, false, &text);
            gy_buf_text(&text, "\n    is: ");
            gy_rows_line(&windowed.out.ports[0], windowed.out.ports[0].n - 1, false, &text);
            verdict = gy_case_say(c, GY_FAIL, "expected %s:\n    %s", what, gy_buf_cstr(&text));
            gy_buf_fini(&text);
        }
    }
    gy_trial_fini(&windowed);
    gy_trial_fini(&added);
    return verdict;
}

static enum gy_verdict check_laws_of(struct gy_case *c, uint32_t n)
{
    struct gy_rows rows = {.schema = c->script->inputs[0].schema};
    one_key(c, &rows, n);
    enum gy_verdict verdict =
        compare_last(c, &rows, 0, "window = {time = \"4s\";}; every = {time = \"1s\";};",
                     PANES * SECOND, "merge to give what adding the same rows in order gives");
    if (verdict != GY_FAIL && rows.n > KEPT) {
        enum gy_verdict retracted =
            compare_last(c, &rows, rows.n - KEPT, "window = {count = 4;}; every = {count = 1;};", 0,
                         "the last 4 rows, and retract and merge to undo the others");
        verdict = retracted == GY_FAIL ? retracted : verdict;
    }
    gy_rows_fini(&rows);
    return verdict;
}

/* Few rows as well: a pane may have nothing but nulls then. */
enum gy_verdict gy_check_laws(struct gy_case *c)
{
    uint32_t n = c->script->inputs[0].n;
    enum gy_verdict verdict = check_laws_of(c, n);
    for (uint32_t few = 1; few <= FEW_MOST && few < n && verdict != GY_FAIL; few++) {
        enum gy_verdict of_few = check_laws_of(c, few);
        verdict = of_few == GY_SKIP ? verdict : of_few;
    }
    return verdict;
}
