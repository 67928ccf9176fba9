/* What an operator makes of what the host hands out, and of calls that fail; see check.h and op/strict.h. */
#include "conform/check.h"

#include <gyre/error.h>
#include <stdio.h>

enum { SOURCE_ROWS = 200 };

static int run(struct gy_case *c, struct gy_trial *trial)
{
    if ((c->place.subject->kinds & GY_IS_SOURCE) == 0)
        return gy_trial_run(trial, c->script);
    int code = gyre_kit_run(trial->kit, SOURCE_ROWS);
    gy_trial_collect(trial);
    return code < 0 ? code : 0;
}

enum gy_verdict gy_check_bounds(struct gy_case *c)
{
    static const struct gy_strict strict = {.walls = true};
    struct gy_trial reference, trial;
    enum gy_verdict verdict = GY_SKIP;
    gy_trial_begin(&reference, &c->place, 1);
    if (run(c, &reference) == 0) {
        gy_trial_begin_strict(&trial, &c->place, &strict);
        run(c, &trial);
        bool counts = (c->place.subject->kinds & GY_IS_SOURCE) == 0; /* else as many as it likes */
        if (counts || trial.kit->code != 0)
            verdict = gy_case_same(c, &reference, &trial, false,
                                   "where an output has room for few rows (`capacity`), and text "
                                   "for what was asked for");
        else
            verdict = GY_PASS;
        gy_trial_fini(&trial);
    }
    gy_trial_fini(&reference);
    return verdict;
}

/* ---- calls that fail ---- */

enum { CALLS_ALL = 60, CALLS_STEP = 17, TRIALS_MOST = 120 };

/* The k-th call that may fail does. */
struct refusal {
    uint64_t k, n;
    const char *call;           /* NULL: not yet */
    struct gy_child_area *area; /* told of it, for a crash; may be NULL */
};

static bool refuse(void *host, const char *call)
{
    struct refusal *r = host;
    if (++r->n != r->k)
        return false;
    r->call = call;
    if (r->area != NULL)
        snprintf(r->area->doing, sizeof r->area->doing,
                 ", where %s (call %llu of those that may fail) failed", call,
                 (unsigned long long)r->k);
    return true;
}

/* A snapshot that fails is none, and the operator goes on as if nobody had asked for it. False where it was one though
 * a call of it failed. */
static bool save(struct gy_trial *trial, const struct refusal *r)
{
    struct gyre_kit *kit = trial->kit;
    bool refused = r->call != NULL;
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    bool lost = snapshot != NULL && !refused && r->call != NULL;
    bool writes = !refused && r->call != NULL && strcmp(r->call, "gyre_write") == 0;
    gyre_kit_snapshot_free(snapshot);
    for (uint32_t t = 0; writes && !lost && t < kit->n_tasks; t++)
        gy_instance_forgive(kit->tasks[t].instance);
    if (writes && !lost)
        gy_kit_forgive(kit);
    return !lost;
}

static bool run_with_snapshots(struct gy_case *c, struct gy_trial *trial, const struct refusal *r)
{
    bool is_source = (c->place.subject->kinds & GY_IS_SOURCE) != 0, whole = true;
    size_t n = is_source ? 2 : c->script->steps.n, half = n / 2;
    for (size_t i = 0; whole && i < n && trial->kit->code == 0; i++) {
        if (is_source)
            run(c, trial);
        else
            gy_trial_step(trial, c->script, i);
        if ((i == half || i + 1 == n) && trial->kit->code == 0)
            whole = save(trial, r);
    }
    if (whole && !is_source && trial->kit->code == 0)
        gy_trial_end(trial);
    gy_trial_collect(trial);
    return whole;
}

/* True where there was a k-th call. */
static bool try_call(struct gy_case *c, const struct gy_trial *reference, uint64_t k,
                     enum gy_verdict *verdict)
{
    struct refusal r = {.k = k, .area = c->area};
    struct gy_strict strict = {.walls = true, .refuse = refuse, .host = &r};
    struct gy_trial trial;
    gy_trial_begin_strict(&trial, &c->place, &strict);
    bool whole = run_with_snapshots(c, &trial, &r);
    if (!whole)
        *verdict = gy_case_say(c, GY_FAIL,
                               "expected a snapshot to fail where %s (call %llu of those that may) "
                               "did: return its code",
                               r.call, (unsigned long long)k);
    else if (r.call != NULL && trial.kit->code == 0 &&
             !gy_outcome_same(&reference->out, &trial.out, false, NULL))
        *verdict =
            gy_case_say(c, GY_FAIL,
                        "expected a call to fail where %s (call %llu of those that may) did: "
                        "it went on, and rows are not what they would be",
                        r.call, (unsigned long long)k);
    gy_trial_fini(&trial);
    if (c->area != NULL)
        c->area->doing[0] = 0;
    return r.call != NULL;
}

/* All of the first calls, and some of the others. */
enum gy_verdict gy_check_host_calls(struct gy_case *c)
{
    struct gy_strict strict = {.walls = true};
    struct gy_trial reference;
    enum gy_verdict verdict = GY_SKIP;
    gy_trial_begin_strict(&reference, &c->place, &strict);
    run_with_snapshots(c, &reference, &(struct refusal){0});
    bool more = reference.kit->code == 0;
    if (more)
        verdict = GY_PASS;
    for (uint64_t i = 0, k = 1; more && verdict == GY_PASS && i < TRIALS_MOST; i++) {
        more = try_call(c, &reference, k, &verdict);
        k += k < CALLS_ALL ? 1 : CALLS_STEP;
    }
    gy_trial_fini(&reference);
    return verdict;
}
