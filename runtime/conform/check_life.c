/* The life of instances: opening and closing, several at once, several threads, want of memory; see check.h. */
#include "conform/check.h"

#include "base/mem.h"

#include <gyre/error.h>
#include <malloc.h>
#include <pthread.h>

enum { WARM = 4, STRETCH = 40, STRETCHES = 4, LEAK_BYTES = 16 };

#ifdef GY_SANITIZED
static size_t heap_bytes(void)
{
    return 0; /* the sanitizer knows better */
}
#else
static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}
#endif

static int one_life(struct gy_case *c, struct gy_trial *trial)
{
    gy_trial_begin(trial, &c->place, 1);
    if (c->place.subject->kinds & GY_IS_SOURCE)
        return gyre_kit_run(trial->kit, 200) < 0 ? trial->kit->code : 0;
    return gy_trial_run(trial, c->script);
}

/* Runs so many lives; a failure is told. */
static bool live(struct gy_case *c, int lives)
{
    for (int i = 0; i < lives; i++) {
        struct gy_trial trial;
        int code = one_life(c, &trial);
        if (code != 0)
            gy_case_say(c, GY_FAIL,
                        "expected it to run with what its tables ask for, and it says:\n    %s\n  "
                        "  Where it needs other options or rows, a conform.cfg beside the plugin "
                        "can give them.",
                        gy_trial_error(&trial));
        gy_trial_fini(&trial);
        if (code != 0)
            return false;
    }
    return true;
}

/* Opens, gives the first rows, closes: so often. */
static void live_often(struct gy_case *c, struct gy_trial *trial, int lives)
{
    for (int i = 0; i < lives; i++) {
        gyre_kit_free(trial->kit);
        trial->kit = gyre_kit_new(&trial->setup);
        if (trial->kit == NULL)
            return;
        if (c->script != NULL)
            gy_trial_steps(trial, c->script, 0, 2);
        else if (c->place.subject->kinds & GY_IS_SOURCE)
            gyre_kit_poll(trial->kit, 8);
    }
}

/* The heap grows and shrinks a little, whoever uses it: what leaks grows by about the same in every stretch of lives. */
static size_t heap_leak(struct gy_case *c, struct gy_trial *trial)
{
    size_t least = SIZE_MAX, most = 0, before = heap_bytes();
    for (int i = 0; i < STRETCHES; i++) {
        live_often(c, trial, STRETCH);
        size_t now = heap_bytes();
        size_t grown = now > before ? now - before : 0;
        least = grown < least ? grown : least;
        most = grown > most ? grown : most;
        before = now;
    }
    return most - least <= least / 4 ? least / STRETCH : 0;
}

/* What a life leaves. What plugins take with gyre_alloc is counted exactly. */
static enum gy_verdict look_for_leaks(struct gy_case *c)
{
    struct gy_trial trial;
    size_t leak = 0;
    gy_trial_begin(&trial, &c->place, 1);
    live_often(c, &trial, STRETCH);
    gy_mem_track(true);
    live_often(c, &trial, 1); /* one is freed that was not counted, one is there that is */
    int64_t blocks = gy_mem_live_blocks();
    live_often(c, &trial, 4);
    blocks = (gy_mem_live_blocks() - blocks) / 4;
    gy_mem_track(false);
    if (blocks == 0 && heap_leak(c, &trial) >= LEAK_BYTES)
        leak = heap_leak(c, &trial);
    gy_trial_fini(&trial);
    if (blocks > 0)
        return gy_case_say(c, GY_FAIL,
                           "expected `close` to free all: %lld blocks of gyre_alloc are left with "
                           "each life of an instance",
                           (long long)blocks);
    if (leak >= LEAK_BYTES)
        return gy_case_say(c, GY_FAIL,
                           "expected `close` to free all: %zu bytes are left with each life of an "
                           "instance",
                           leak);
    return GY_PASS;
}

enum gy_verdict gy_check_cycle(struct gy_case *c)
{
    struct gy_world before, after;
    char changed[256];
    struct gy_trial first; /* by now the plugin is loaded */
    gy_trial_begin_closed(&first, &c->place, 1);
    gy_trial_fini(&first);
    gy_world_look(&before);
    if (!live(c, WARM))
        return GY_FAIL;
    gy_world_look(&after);
    if (gy_world_changed(&before, &after, changed, sizeof changed))
        return gy_case_say(c, GY_FAIL,
                           "expected the process to be as before when all is closed: it has "
                           "changed %s",
                           changed);
    bool is_small = c->script == NULL || c->script->seed == c->seed;
    return is_small ? look_for_leaks(c) : GY_PASS;
}

/* Two at once, in turns, each with its own rows. */
enum gy_verdict gy_check_interleaved(struct gy_case *c)
{
    struct gy_trial alone[2], together[2];
    struct gy_script other = {0};
    struct gy_why why;
    enum gy_verdict verdict = GY_SKIP;
    if (gy_script_make(&other, c->place.subject, c->probe, c->script->seed + 7919,
                       c->script->inputs[0].n, false, &why) != 0) {
        gy_script_fini(&other);
        return GY_SKIP;
    }
    const struct gy_script *scripts[2] = {c->script, &other};
    for (int i = 0; i < 2; i++) {
        gy_trial_begin(&alone[i], &c->place, 1);
        gy_trial_run(&alone[i], scripts[i]);
        gy_trial_begin(&together[i], &c->place, 1);
    }
    for (size_t s = 0; s < scripts[0]->steps.n || s < scripts[1]->steps.n; s++)
        for (int i = 0; i < 2; i++)
            gy_trial_steps(&together[i], scripts[i], s, s + 1);
    for (int i = 0; i < 2; i++)
        gy_trial_end(&together[i]);
    for (int i = 0; i < 2 && verdict != GY_FAIL; i++)
        verdict = gy_case_same(c, &alone[i], &together[i], false,
                               "of an instance that runs in turns with another one: what it keeps "
                               "belongs into the instance or its state");
    for (int i = 0; i < 2; i++) {
        gy_trial_fini(&alone[i]);
        gy_trial_fini(&together[i]);
    }
    gy_script_fini(&other);
    return verdict;
}

/* ---- threads ---- */

struct errand {
    struct gy_trial *trial;
    const struct gy_script *script;
    size_t step;
};

static void *do_step(void *host)
{
    struct errand *e = host;
    if (e->step < e->script->steps.n)
        gy_trial_step(e->trial, e->script, e->step);
    else
        gy_trial_end(e->trial);
    return NULL;
}

enum gy_verdict gy_check_migrate(struct gy_case *c)
{
    struct gy_trial reference, moved;
    enum gy_verdict verdict = GY_SKIP;
    if (gy_case_reference(c, &reference)) {
        gy_trial_begin(&moved, &c->place, 1);
        for (size_t s = 0; s <= c->script->steps.n; s++) {
            struct errand errand = {&moved, c->script, s};
            pthread_t thread;
            if (pthread_create(&thread, NULL, do_step, &errand) != 0)
                do_step(&errand);
            else
                pthread_join(thread, NULL);
        }
        verdict = gy_case_same(c, &reference, &moved, false,
                               "where each call comes from another thread: nothing may be kept by "
                               "thread");
        gy_trial_fini(&moved);
    }
    gy_trial_fini(&reference);
    return verdict;
}

/* ---- want of memory ---- */

enum { FAILURES_MOST = 600 };

/* Opens, and runs where `run`, with the k-th allocation failing. True where one did. */
static bool run_without(struct gy_case *c, struct gy_trial *trial, uint64_t k, bool run)
{
    *trial = (struct gy_trial){.place = &c->place};
    gy_trial_begin_closed(trial, &c->place, 1);
    gy_mem_fail_after(k);
    int code = trial->kit->code == 0 ? gy_kit_open(trial->kit) : trial->kit->code;
    if (code == 0 && run)
        code = gy_trial_steps(trial, c->script, 0, c->script->steps.n);
    if (code == 0 && run)
        gy_trial_end(trial);
    bool hit = gy_mem_fail_hit();
    gy_mem_fail_after(0);
    gy_trial_collect(trial);
    return hit;
}

/* `run` false: only while it is opened. */
static enum gy_verdict starve(struct gy_case *c, bool run)
{
    struct gy_trial reference;
    enum gy_verdict verdict = GY_PASS;
    bool more = gy_case_reference(c, &reference);
    if (!more)
        verdict = GY_SKIP;
    for (uint64_t k = 1; more && verdict == GY_PASS && k < FAILURES_MOST; k++) {
        struct gy_trial trial;
        more = run_without(c, &trial, k, run);
        if (more && run && trial.kit->code == 0 &&
            !gy_outcome_same(&reference.out, &trial.out, false, NULL))
            verdict = gy_case_say(c, GY_FAIL,
                                  "expected a call to fail where memory is wanting (allocation "
                                  "%llu): it went on, and rows are not what they would be",
                                  (unsigned long long)k);
        gy_trial_fini(&trial);
    }
    gy_trial_fini(&reference);
    return verdict;
}

enum gy_verdict gy_check_create_failure(struct gy_case *c)
{
    return starve(c, false);
}

enum gy_verdict gy_check_allocation(struct gy_case *c)
{
    return starve(c, true);
}
