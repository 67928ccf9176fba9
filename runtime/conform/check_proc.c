/* What an operator does with rows, keys and time; see check.h. */
#include "conform/check.h"

#include "base/mem.h"

#include <gyre/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The same rows in another manner, at so many tasks, give the same rows. */
static enum gy_verdict other_manner(struct gy_case *c, struct gy_manner manner, uint32_t tasks,
                                    bool in_order, const char *what)
{
    struct gy_trial reference, trial;
    enum gy_verdict verdict = GY_SKIP;
    if (gy_case_reference(c, &reference)) {
        gy_trial_begin(&trial, &c->place, tasks);
        trial.manner = manner;
        gy_trial_run(&trial, c->script);
        verdict = gy_case_same(c, &reference, &trial, in_order, what);
        gy_trial_fini(&trial);
    }
    gy_trial_fini(&reference);
    return verdict;
}

enum gy_verdict gy_check_deterministic(struct gy_case *c)
{
    return other_manner(c, (struct gy_manner){0}, 1, true,
                        "from the same input: time and randomness come from the host (gyre_now, "
                        "gyre_random), and nothing depends on addresses");
}

enum gy_verdict gy_check_batch_split(struct gy_case *c)
{
    enum gy_verdict verdict = GY_PASS;
    for (uint32_t batch = 1; batch <= 3 && verdict == GY_PASS; batch += 2)
        verdict = other_manner(c, (struct gy_manner){.batch = batch}, 1, false,
                               "however rows are put into batches");
    return verdict;
}

enum gy_verdict gy_check_dropped(struct gy_case *c)
{
    return other_manner(c, (struct gy_manner){.garbage = true, .seed = c->script->seed}, 1, false,
                        "with dropped rows (`keep` 0, any bits) between the others: use GYRE_ROWS, "
                        "or leave GYRE_MASK_AWARE out");
}

enum gy_verdict gy_check_lifetime(struct gy_case *c)
{
    return other_manner(c, (struct gy_manner){.holds = true}, 1, false,
                        "where a batch of output leaves after the input it was made of: a string "
                        "of the output is copied (gyre_out_str), or its column adopted "
                        "(gyre_out_adopt)");
}

enum gy_verdict gy_check_groups(struct gy_case *c)
{
    static const uint32_t tasks[] = {2, 3, 7};
    enum gy_verdict verdict = GY_PASS;
    for (size_t i = 0; i < 3 && verdict == GY_PASS; i++)
        verdict = other_manner(c, (struct gy_manner){0}, tasks[i], false,
                               "at any number of tasks: what a key has belongs into its state");
    return verdict;
}

/* ---- the input ---- */

static void guard(void *host, void *memory, size_t size, bool before)
{
    (void)host;
    mprotect(memory, size, before ? PROT_READ : PROT_READ | PROT_WRITE);
}

enum gy_verdict gy_check_input(struct gy_case *c)
{
    struct gy_trial trial;
    gy_trial_begin(&trial, &c->place, 1);
    if (trial.kit->code == 0)
        trial.kit->around = guard;
    gy_trial_run(&trial, c->script);
    uint64_t changed = trial.kit->n_changed;
    gy_trial_fini(&trial);
    if (changed == 0)
        return GY_PASS;
    return gy_case_say(c, GY_FAIL,
                       "expected the input to be as before: %llu strings of it were written to. "
                       "It is shared with other operators",
                       (unsigned long long)changed);
}

/* ---- bad rows ---- */

static uint32_t rows_in(const struct gy_script *script)
{
    uint32_t n = 0;
    for (size_t i = 0; i < script->steps.n; i++)
        n += script->steps.items[i].kind == GY_STEP_ROWS ? script->steps.items[i].n : 0;
    return n;
}

/* Runs row by row, and without those that are marked; marks those that are bad where there is no mark yet. */
static int run_rows(struct gy_trial *trial, const struct gy_script *script, bool *bad, bool mark)
{
    uint32_t row = 0;
    for (size_t i = 0; i < script->steps.n && trial->kit->code == 0; i++) {
        const struct gy_step *step = &script->steps.items[i];
        if (step->kind != GY_STEP_ROWS) {
            gy_trial_step(trial, script, i);
            continue;
        }
        for (uint32_t r = 0; r < step->n; r++, row++) {
            uint64_t before = gyre_kit_bad_rows(trial->kit);
            if (!mark && bad[row])
                continue;
            gy_kit_give(trial->kit, &trial->kit->inputs[step->port], &script->inputs[step->port],
                        step->first + r, 1, NULL, true);
            if (mark)
                bad[row] = gyre_kit_bad_rows(trial->kit) > before;
        }
    }
    return gy_trial_end(trial);
}

enum gy_verdict gy_check_bad_rows(struct gy_case *c)
{
    uint32_t n = rows_in(c->script), n_bad = 0;
    bool *bad = calloc(n + 1, sizeof *bad);
    struct gy_trial with, without;
    enum gy_verdict verdict = GY_SKIP;
    gy_trial_begin(&with, &c->place, 1);
    gy_trial_begin(&without, &c->place, 1);
    if (bad != NULL && with.kit->code == 0 && run_rows(&with, c->script, bad, true) == 0) {
        run_rows(&without, c->script, bad, false);
        for (uint32_t i = 0; i < n; i++)
            n_bad += bad[i];
        verdict = gy_case_same(c, &without, &with, false,
                               "as without the rows that it reports as bad: a bad row leaves no "
                               "trace");
    }
    if (verdict == GY_PASS && n_bad == 0)
        verdict = gy_case_say(c, GY_SKIP, "no row was bad");
    gy_trial_fini(&with);
    gy_trial_fini(&without);
    free(bad);
    return verdict;
}

enum gy_verdict gy_check_total(struct gy_case *c)
{
    struct gy_trial trial;
    gy_trial_begin(&trial, &c->place, 1);
    gy_trial_run(&trial, c->script);
    int code = trial.kit->code;
    if (code != 0 && code != GYRE_EROW)
        gy_case_say(c, GY_WARN, "values at the ends of their types make it fail: %s",
                    gy_trial_error(&trial));
    gy_trial_fini(&trial);
    return code != 0 && code != GYRE_EROW ? GY_WARN : GY_PASS;
}

enum gy_verdict gy_check_silent(struct gy_case *c)
{
    struct gy_trial trial;
    struct stat before, after;
    fflush(NULL);
    int looked = fstat(STDOUT_FILENO, &before);
    gy_trial_begin(&trial, &c->place, 1);
    if (c->place.subject->kinds & GY_IS_SOURCE)
        gyre_kit_run(trial.kit, 200);
    else
        gy_trial_run(&trial, c->script);
    gy_trial_fini(&trial);
    fflush(NULL);
    if (looked != 0 || fstat(STDOUT_FILENO, &after) != 0 || before.st_size == after.st_size)
        return GY_PASS;
    return gy_case_say(c, GY_FAIL,
                       "expected nothing on standard output and error, which are the job's: use "
                       "gyre_log");
}

/* ---- keys ---- */

/* The script with the rows of some keys alone: those whose hash is odd, or even. */
static void keep_keys(const struct gy_case *c, struct gy_script *some, bool odd)
{
    const struct gy_node *node = c->probe->node;
    *some = (struct gy_script){.seed = c->script->seed};
    for (uint32_t p = 0; p < node->n_inputs && p < GYRE_KIT_INPUTS; p++)
        some->inputs[p].schema = c->script->inputs[p].schema;
    for (size_t i = 0; i < c->script->steps.n; i++) {
        struct gy_step step = c->script->steps.items[i];
        const struct gy_rows *rows = &c->script->inputs[step.port];
        struct gy_rows *into = &some->inputs[step.port];
        uint32_t first = into->n;
        for (uint32_t r = 0; step.kind == GY_STEP_ROWS && r < step.n; r++) {
            struct gy_column columns[GY_KEYS_MAX];
            const struct gy_column *keys[GY_KEYS_MAX];
            uint64_t hash;
            for (uint32_t k = 0; k < node->key.n; k++) {
                uint32_t f = node->inputs[step.port].key_fields[k];
                columns[k] = (struct gy_column){gy_rows_at(rows, step.first + r, f),
                                                rows->valid[f] + step.first + r, NULL};
                keys[k] = &columns[k];
            }
            gy_key_hash(&node->key, keys, NULL, 1, &hash);
            if (((hash >> 17) & 1) == odd)
                gy_rows_copy(into, rows, step.first + r);
        }
        step.first = first;
        step.n = step.kind == GY_STEP_ROWS ? into->n - first : step.n;
        if (step.kind != GY_STEP_ROWS || step.n > 0)
            gy_vec_push(&some->steps, step);
    }
}

enum gy_verdict gy_check_isolation(struct gy_case *c)
{
    struct gy_trial whole, half;
    struct gy_script some;
    enum gy_verdict verdict = GY_SKIP;
    for (uint32_t p = 0; p < c->probe->node->n_inputs; p++)
        if (c->probe->inputs[p].n_ahead > 0)
            return gy_case_say(c, GY_SKIP, "its key is computed by a function");
    if (gy_case_reference(c, &whole)) {
        struct gy_trial both;
        gy_trial_begin(&both, &c->place, 1);
        for (int odd = 0; odd < 2; odd++) {
            keep_keys(c, &some, odd != 0);
            gy_trial_begin(&half, &c->place, 1);
            gy_trial_run(&half, &some);
            for (uint32_t p = 0; p < half.out.n; p++)
                for (uint32_t i = 0; i < half.out.ports[p].n; i++)
                    gy_rows_copy(&both.out.ports[p], &half.out.ports[p], i);
            gy_trial_fini(&half);
            gy_script_fini(&some);
        }
        verdict = gy_case_same(c, &both, &whole, false,
                               "of a key whatever other keys there are (expected: half of the keys "
                               "at a time): what a key has belongs into its state");
        gy_trial_fini(&both);
    }
    gy_trial_fini(&whole);
    return verdict;
}

/* ---- time ---- */

enum gy_verdict gy_check_watermark(struct gy_case *c)
{
    struct gy_trial trial;
    if (c->varies && (c->place.subject->kinds & GY_SETS_TIMES) != 0)
        return gy_case_say(c, GY_SKIP, "how late its rows may be is an option");
    bool ran = gy_case_reference(c, &trial);
    if (ran && c->probe->node->window != NULL) {
        /* What is left of a window at the end has the newest time kept, wherever the watermark is: that
         * of another time would depend on which input ended first. */
        gy_trial_fini(&trial);
        gy_trial_begin(&trial, &c->place, 1);
        ran = gy_trial_steps(&trial, c->script, 0, c->script->steps.n) == 0;
    }
    uint64_t behind = trial.kit->n_behind;
    gy_trial_fini(&trial);
    if (!ran)
        return GY_SKIP;
    if (behind == 0)
        return GY_PASS;
    return gy_case_say(c, GY_FAIL,
                       "expected no row behind a watermark that was told before, for no input is "
                       "late: %llu are",
                       (unsigned long long)behind);
}

enum gy_verdict gy_check_late(struct gy_case *c)
{
    struct gy_trial trial;
    enum gy_verdict verdict = GY_PASS;
    gy_trial_begin(&trial, &c->place, 1);
    int code = gy_trial_steps(&trial, c->script, 0, c->script->steps.n);
    if (code == 0)
        code = gyre_kit_watermark(trial.kit, NULL, INT64_C(1) << 50);
    if (code != 0) {
        gy_trial_fini(&trial);
        return GY_SKIP;
    }
    gy_trial_steps(&trial, c->script, 0, c->script->steps.n);
    if (gy_trial_end(&trial) != 0)
        verdict = gy_case_say(c, GY_FAIL, "expected late rows to be left out, and it fails: %s",
                              gy_trial_error(&trial));
    gy_trial_fini(&trial);
    return verdict;
}

/* Every watermark in several steps. */
enum gy_verdict gy_check_timers(struct gy_case *c)
{
    struct gy_trial reference, trial;
    enum gy_verdict verdict = GY_SKIP;
    if (gy_case_reference(c, &reference)) {
        int64_t before_us = 0;
        gy_trial_begin(&trial, &c->place, 1);
        for (size_t i = 0; i < c->script->steps.n; i++) {
            const struct gy_step *step = &c->script->steps.items[i];
            if (step->kind == GY_STEP_WATERMARK && step->time_us > before_us) {
                for (int64_t k = 1; k < 4; k++)
                    gyre_kit_watermark(trial.kit, NULL,
                                       before_us + (step->time_us - before_us) * k / 4);
                before_us = step->time_us;
            }
            gy_trial_step(&trial, c->script, i);
        }
        gy_trial_end(&trial);
        verdict = gy_case_same(c, &reference, &trial, false,
                               "in however many steps the watermark goes on");
        gy_trial_fini(&trial);
    }
    gy_trial_fini(&reference);
    return verdict;
}
