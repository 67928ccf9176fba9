/* Operators in loops: what comes back to them, and rounds; see check.h. */
#include "conform/check.h"

#include "base/mem.h"

#include <gyre/error.h>

/* ---- coming to rest ---- */

enum { ROUNDS_EMPTY = 50, FED_MOST = 50000 };

/* The input port to which what output port `p` puts out comes back at once; NULL: it does not. */
static struct gy_kit_port *fed_port(struct gyre_kit *kit, uint32_t p)
{
    const struct gy_node *node = kit->node;
    for (uint32_t e = 0; e < kit->graph->n_edges; e++) {
        const struct gy_edge *edge = &kit->graph->edges[e];
        if (edge->feedback && edge->to == node->index && edge->from == node->index &&
            edge->from_port == p)
            return &kit->inputs[edge->to_port];
    }
    return NULL;
}

/* Feeds back what has come out and counts it, by port and all of it. */
static uint32_t feed(struct gy_trial *trial, uint32_t *n_out)
{
    struct gyre_kit *kit = trial->kit;
    uint32_t n_fed = 0;
    *n_out = 0;
    for (uint32_t p = 0; kit->code == 0 && p < kit->node->n_outputs; p++) {
        struct gy_kit_port *port = fed_port(kit, p);
        struct gy_rows rows = {.schema = kit->outputs[p].schema};
        for (uint32_t i = 0; i < kit->outputs[p].n; i++)
            gy_rows_copy(&rows, &kit->outputs[p], i);
        gy_rows_clear(&kit->outputs[p]);
        *n_out += rows.n;
        for (uint32_t at = 0; port != NULL && kit->code == 0 && at < rows.n;
             at += GYRE_BATCH_ROWS) {
            uint32_t n = rows.n - at < GYRE_BATCH_ROWS ? rows.n - at : GYRE_BATCH_ROWS;
            gy_kit_give(kit, port, &rows, at, n, NULL, true);
            n_fed += n;
        }
        gy_rows_fini(&rows);
    }
    return n_fed;
}

/* Goes round until nothing comes back. False where that goes on and on. */
static bool goes_dry(struct gy_trial *trial)
{
    uint32_t fed = 0, n_out;
    for (uint32_t n = 1; trial->kit->code == 0 && n > 0 && fed < FED_MOST; fed += n)
        n = feed(trial, &n_out);
    return fed < FED_MOST;
}

static enum gy_verdict rest_without_rounds(struct gy_case *c, struct gy_trial *trial)
{
    bool dry = goes_dry(trial);
    if (dry && trial->kit->code == 0) {
        gyre_kit_end(trial->kit, NULL); /* what comes of that may go round again */
        dry = goes_dry(trial);
    }
    return dry ? GY_PASS
               : gy_case_say(c, GY_FAIL,
                             "expected the loop to run dry, for nothing comes from outside any "
                             "more: after %u rows that came back it still puts some out",
                             FED_MOST);
}

static enum gy_verdict rest_with_rounds(struct gy_case *c, struct gy_trial *trial)
{
    uint32_t n_out = 0;
    bool votes = false;
    feed(trial, &n_out);
    for (uint32_t round = 0; round < ROUNDS_EMPTY && trial->kit->code == 0 && !votes; round++) {
        votes = gyre_kit_round_end(trial->kit) == 1;
        uint32_t n_fed = feed(trial, &n_out);
        if (n_fed == 0 && n_out == 0)
            return GY_PASS;
    }
    return votes || trial->kit->code != 0
               ? GY_PASS
               : gy_case_say(c, GY_FAIL,
                             "expected the loop to stop, for nothing comes from outside any more: "
                             "after %u rounds it still puts rows out, and does not vote to stop "
                             "(gyre_vote)",
                             ROUNDS_EMPTY);
}

enum gy_verdict gy_check_quiesce(struct gy_case *c)
{
    struct gy_trial trial;
    enum gy_verdict verdict = GY_SKIP;
    gy_trial_begin(&trial, &c->place, 1);
    if (gy_trial_steps(&trial, c->script, 0, c->script->steps.n) == 0)
        verdict = (c->place.subject->kinds & GY_HAS_ROUNDS) != 0 ? rest_with_rounds(c, &trial)
                                                                 : rest_without_rounds(c, &trial);
    if (trial.kit->code != 0)
        verdict = gy_case_say(c, GY_SKIP, "it fails on such rows: %s", gy_trial_error(&trial));
    gy_trial_fini(&trial);
    return verdict;
}

/* ---- rounds ---- */

enum { ENDS_MOST = 6, ROWS_MOST = 400 };

struct place_of_row {
    uint32_t port, row;
    uint64_t hash; /* of its key */
};

static uint64_t hash_of(const struct gy_case *c, uint32_t port, uint32_t row)
{
    const struct gy_node *node = c->probe->node;
    const struct gy_rows *rows = &c->script->inputs[port];
    struct gy_column columns[GY_KEYS_MAX];
    const struct gy_column *keys[GY_KEYS_MAX];
    uint64_t hash = row; /* without a key rows are in no order */
    for (uint32_t k = 0; k < node->key.n; k++) {
        uint32_t f = node->inputs[port].key_fields[k];
        columns[k] = (struct gy_column){gy_rows_at(rows, row, f), rows->valid[f] + row, NULL};
        keys[k] = &columns[k];
    }
    if (node->key.n > 0)
        gy_key_hash(&node->key, keys, NULL, 1, &hash);
    return hash;
}

static bool is_same_line(const struct place_of_row *a, const struct place_of_row *b)
{
    return a->port == b->port && a->hash == b->hash;
}

/* Shuffles; rows of a key that come in at one port stay in their order. */
static void shuffle(struct place_of_row *rows, uint32_t n, struct gy_rng *rng)
{
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = (uint32_t)gy_rng_below(rng, i);
        struct place_of_row row = rows[i - 1];
        rows[i - 1] = rows[j];
        rows[j] = row;
    }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = i + 1; j < n; j++)
            if (is_same_line(&rows[i], &rows[j]) && rows[j].row < rows[i].row) {
                struct place_of_row row = rows[i];
                rows[i] = rows[j];
                rows[j] = row;
            }
}

static void put_rows(struct gy_script *into, struct place_of_row *rows, uint32_t n,
                     struct gy_rng *rng)
{
    if (rng != NULL)
        shuffle(rows, n, rng);
    for (uint32_t i = 0; i < n; i++) {
        struct gy_step step = {
            .kind = GY_STEP_ROWS, .port = rows[i].port, .first = rows[i].row, .n = 1};
        gy_vec_push(&into->steps, step);
    }
}

/* The steps of the script a row at a time, the clock where a round ends; shuffled with `rng`. The rows are the script's. */
static void line_up(const struct gy_case *c, struct gy_script *into, struct gy_rng *rng)
{
    struct place_of_row rows[ROWS_MOST];
    const struct gy_script *script = c->script;
    uint32_t n = 0;
    *into = *script;
    memset(&into->steps, 0, sizeof into->steps);
    for (size_t i = 0; i <= script->steps.n; i++) {
        const struct gy_step *step = i < script->steps.n ? &script->steps.items[i] : NULL;
        for (uint32_t r = 0;
             step != NULL && step->kind == GY_STEP_ROWS && r < step->n && n < ROWS_MOST; r++)
            rows[n++] = (struct place_of_row){step->port, step->first + r,
                                              hash_of(c, step->port, step->first + r)};
        if (step != NULL && step->kind != GY_STEP_ROUND)
            continue;
        put_rows(into, rows, n, rng);
        n = 0;
        if (step != NULL)
            gy_vec_push(&into->steps, *step);
    }
}

static enum gy_verdict compare_shuffled(struct gy_case *c, const struct gy_trial *reference)
{
    struct gy_script shuffled;
    struct gy_trial trial;
    struct gy_rng rng;
    gy_rng_init(&rng, c->script->seed);
    line_up(c, &shuffled, &rng);
    gy_trial_begin(&trial, &c->place, 1);
    gy_trial_run(&trial, &shuffled);
    enum gy_verdict verdict =
        gy_case_same(c, reference, &trial, false,
                     "in whatever order the rows of a round come (those of a key stay in theirs): "
                     "what a round brings is looked at when it ends");
    if (verdict == GY_PASS && (trial.n_votes != reference->n_votes ||
                               memcmp(trial.votes, reference->votes, trial.n_votes) != 0))
        verdict = gy_case_say(c, GY_FAIL,
                              "expected the same votes (gyre_vote) in whatever order the rows of a "
                              "round come");
    gy_trial_fini(&trial);
    gy_vec_fini(&shuffled.steps);
    return verdict;
}

/* Dies in the middle of what follows from the end of the round at step `at`: behind so many slices of it. */
static enum gy_verdict restart_in_end(struct gy_case *c, const struct gy_script *script,
                                      const struct gy_trial *reference, size_t at, uint32_t slices)
{
    struct gy_trial trial;
    gy_trial_begin(&trial, &c->place, 1);
    gy_trial_steps(&trial, script, 0, at);
    int left = gy_kit_round_end_part(trial.kit, slices);
    struct gyre_kit_snapshot *snapshot = left >= 0 ? gy_kit_save(trial.kit) : NULL;
    if (snapshot != NULL) {
        gy_trial_collect(&trial);
        gyre_kit_free(trial.kit);
        trial.setup.now_us = snapshot->now_us;
        trial.kit = gyre_kit_restore(&trial.setup, snapshot);
        gyre_kit_snapshot_free(snapshot);
    }
    if (left == 1 && trial.kit->code == 0)
        gy_trial_round(&trial);
    gy_trial_steps(&trial, script, at + 1, script->steps.n);
    if (trial.kit->code == 0)
        gy_trial_end(&trial);
    enum gy_verdict verdict = gy_case_same(
        c, reference, &trial, false,
        "after a restart in the middle of the end of a round: what is left of it is in "
        "the timers of the round, or follows from the state in on_round_end");
    gy_trial_fini(&trial);
    return verdict;
}

static enum gy_verdict check_rounds_of(struct gy_case *c)
{
    struct gy_script lined;
    struct gy_trial reference;
    line_up(c, &lined, NULL);
    gy_trial_begin(&reference, &c->place, 1);
    enum gy_verdict verdict = GY_SKIP;
    if (gy_trial_run(&reference, &lined) == 0)
        verdict = compare_shuffled(c, &reference);
    else
        gy_case_say(c, GY_SKIP, "it fails on such rows: %s", gy_trial_error(&reference));
    for (size_t i = 0, n = 0; verdict == GY_PASS && i < lined.steps.n && n < ENDS_MOST; i++) {
        if (lined.steps.items[i].kind != GY_STEP_ROUND)
            continue;
        n++;
        for (uint32_t slices = 0; verdict == GY_PASS && slices < 3; slices++)
            verdict = restart_in_end(c, &lined, &reference, i, slices);
    }
    gy_trial_fini(&reference);
    gy_vec_fini(&lined.steps);
    return verdict;
}

/* A round with many keys has more to do in its end than is done at once. */
static enum gy_verdict check_wide_round(struct gy_case *c)
{
    const struct gy_script *script = c->script;
    struct gy_script wide;
    struct gy_why why;
    enum gy_verdict verdict = GY_SKIP;
    if (gy_script_make(&wide, c->place.subject, c->probe, script->seed + 31, ROWS_MOST / 2, false,
                       &why) == 0) {
        gy_script_widen(&wide);
        c->script = &wide;
        verdict = check_rounds_of(c);
        c->script = script;
        if (verdict == GY_FAIL)
            gy_buf_printf(&c->text, "  (in a round of %d rows with many keys)", ROWS_MOST / 2);
    }
    gy_script_fini(&wide);
    return verdict;
}

enum gy_verdict gy_check_rounds(struct gy_case *c)
{
    for (uint32_t p = 0; p < c->probe->node->n_inputs; p++)
        if (c->probe->inputs[p].n_ahead > 0)
            return gy_case_say(c, GY_SKIP, "its key is computed by a function");
    enum gy_verdict verdict = check_rounds_of(c);
    return verdict == GY_PASS && check_wide_round(c) == GY_FAIL ? GY_FAIL : verdict;
}
