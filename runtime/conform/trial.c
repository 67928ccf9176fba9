/* See trial.h. */
#include "conform/trial.h"

#include "base/mem.h"
#include "conform/child.h"

#include <gyre/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- outcomes ---- */

static void outcome_init(struct gy_outcome *out, const struct gy_node *node)
{
    out->n = node->n_outputs < GY_PORTS_MOST ? node->n_outputs : GY_PORTS_MOST;
    for (uint32_t p = 0; p < out->n; p++) {
        const struct gyre_schema *from = &node->outputs[p].schema;
        struct gyre_field *fields =
            gy_arena_ctl_calloc(&out->arena, from->n_fields + 1, sizeof *fields);
        for (uint32_t f = 0; f < from->n_fields; f++) {
            fields[f] = *gyre_schema_field(from, f);
            fields[f].size = sizeof fields[f];
            fields[f].name = gy_arena_ctl_strdup(&out->arena, fields[f].name);
        }
        out->schemas[p] = (struct gyre_schema){sizeof *from, from->n_fields, fields};
        out->ports[p].schema = &out->schemas[p];
        snprintf(out->names[p], sizeof out->names[p], "%s", node->outputs[p].name);
    }
}

void gy_outcome_fini(struct gy_outcome *out)
{
    for (uint32_t p = 0; p < out->n; p++)
        gy_rows_fini(&out->ports[p]);
    gy_arena_ctl_fini(&out->arena);
    *out = (struct gy_outcome){0};
}

bool gy_outcome_same(const struct gy_outcome *expected, const struct gy_outcome *actual,
                     bool in_order, struct gy_buf *diff)
{
    for (uint32_t p = 0; p < expected->n && p < actual->n; p++) {
        struct gy_buf one = {0};
        if (strcmp(expected->names[p], "errors") == 0)
            continue;
        bool same = gy_rows_same(&expected->ports[p], &actual->ports[p], true, !in_order, &one);
        if (!same && diff != NULL) {
            gy_buf_printf(diff, "  rows of port `%s`:\n", expected->names[p]);
            gy_buf_bytes(diff, one.data, one.len);
        }
        gy_buf_fini(&one);
        if (!same)
            return false;
    }
    return expected->n == actual->n;
}

/* ---- life ---- */

void gy_trial_begin_closed(struct gy_trial *trial, struct gy_place *place, uint32_t tasks)
{
    *trial = (struct gy_trial){.place = place};
    snprintf(trial->folder, sizeof trial->folder, "%s/%u", place->scratch, place->n_folders++);
    if ((place->subject->kinds & GY_HAS_PATHS) != 0) { /* folders take longer than many a run */
        mkdir(trial->folder, 0700);
        gy_subject_files(place->subject, trial->folder);
    }
    trial->setup =
        gy_subject_setup(place->subject, place->plugin, place->plugin_path, trial->folder);
    trial->setup.tasks = tasks;
    trial->kit = gy_kit_make(&trial->setup, false);
    if (trial->kit == NULL)
        abort();
    gy_child_end_copy();
    if (trial->kit->node != NULL)
        outcome_init(&trial->out, trial->kit->node);
}

void gy_trial_begin(struct gy_trial *trial, struct gy_place *place, uint32_t tasks)
{
    gy_trial_begin_closed(trial, place, tasks);
    gy_kit_start(trial->kit);
}

void gy_trial_begin_strict(struct gy_trial *trial, struct gy_place *place,
                           const struct gy_strict *strict)
{
    gy_trial_begin_closed(trial, place, 1);
    for (uint32_t t = 0; trial->kit->code == 0 && t < trial->kit->n_tasks; t++)
        gy_instance_be_strict(trial->kit->tasks[t].instance, strict);
    for (uint32_t p = 0; trial->kit->code == 0 && p < trial->kit->node->n_inputs; p++)
        for (uint32_t a = 0; a < trial->kit->inputs[p].n_ahead; a++)
            gy_instance_be_strict(trial->kit->inputs[p].ahead[a].instance, strict);
    gy_kit_start(trial->kit);
}

void gy_trial_fini(struct gy_trial *trial)
{
    gyre_kit_free(trial->kit);
    gy_outcome_fini(&trial->out);
    trial->kit = NULL;
}

const char *gy_trial_error(const struct gy_trial *trial)
{
    return trial->kit != NULL ? gyre_kit_error(trial->kit) : "out of memory";
}

void gy_trial_collect(struct gy_trial *trial)
{
    struct gyre_kit *kit = trial->kit;
    for (uint32_t p = 0; kit->outputs != NULL && p < trial->out.n; p++)
        for (uint32_t i = 0; i < kit->outputs[p].n; i++)
            gy_rows_copy(&trial->out.ports[p], &kit->outputs[p], i);
    gyre_kit_take(kit);
}

/* ---- steps ---- */

/* Bits of any kind, wild pointers in strings too: nobody may look at them. */
static void garbage_row(struct gy_rows *rows, struct gy_rng *rng)
{
    uint32_t row = gy_rows_add(rows, (int64_t)gy_rng_next(rng));
    for (uint32_t f = 0; f < rows->schema->n_fields; f++) {
        uint32_t type = gyre_schema_field(rows->schema, f)->type;
        uint64_t bits[2] = {gy_rng_next(rng), gy_rng_next(rng) | 0xdead000000000000};
        if (gy_rng_below(rng, 2) == 0 && !gyre_type_is_str(type))
            bits[0] = 0;
        rows->valid[f][row] = (uint8_t)gy_rng_below(rng, 2);
        memcpy(gy_rows_at(rows, row, f), bits, gyre_type_size(type));
    }
}

static int give_garbled(struct gy_trial *trial, struct gy_kit_port *port,
                        const struct gy_rows *rows, uint32_t first, uint32_t n)
{
    struct gy_rows mixed = {.schema = rows->schema};
    struct gy_rng rng;
    uint8_t keep[GYRE_BATCH_ROWS];
    gy_rng_init(&rng, trial->manner.seed + first);
    for (uint32_t i = 0; i < n && mixed.n + 4 < GYRE_BATCH_ROWS; i++) {
        for (uint64_t k = gy_rng_below(&rng, 3); k > 0; k--) {
            keep[mixed.n] = 0;
            garbage_row(&mixed, &rng);
        }
        keep[mixed.n] = 1;
        gy_rows_copy(&mixed, rows, first + i);
    }
    int code = gy_kit_give(trial->kit, port, &mixed, 0, mixed.n, keep, !trial->manner.holds);
    gy_rows_fini(&mixed);
    return code;
}

static int give_rows(struct gy_trial *trial, const struct gy_script *script,
                     const struct gy_step *step)
{
    struct gy_kit_port *port = &trial->kit->inputs[step->port];
    const struct gy_rows *rows = &script->inputs[step->port];
    uint32_t batch = trial->manner.batch > 0 ? trial->manner.batch : step->n;
    int code = trial->kit->code;
    trial->kit->holds = trial->manner.holds;
    for (uint32_t at = 0; code == 0 && at < step->n; at += batch) {
        uint32_t n = step->n - at < batch ? step->n - at : batch;
        code = trial->manner.garbage ? give_garbled(trial, port, rows, step->first + at, n)
                                     : gy_kit_give(trial->kit, port, rows, step->first + at, n,
                                                   NULL, !trial->manner.holds);
    }
    return code;
}

int gy_trial_round(struct gy_trial *trial)
{
    int votes = gyre_kit_round_end(trial->kit);
    if (votes >= 0 && trial->n_votes < sizeof trial->votes)
        trial->votes[trial->n_votes++] = (uint8_t)votes;
    return votes < 0 ? votes : 0;
}

int gy_trial_step(struct gy_trial *trial, const struct gy_script *script, size_t i)
{
    const struct gy_step *step = &script->steps.items[i];
    gy_child_end_copy();
    if (trial->kit == NULL || trial->kit->code != 0)
        return trial->kit != NULL ? trial->kit->code : GYRE_ENOMEM;
    switch (step->kind) {
    case GY_STEP_ROWS: return give_rows(trial, script, step);
    case GY_STEP_WATERMARK: return gyre_kit_watermark(trial->kit, NULL, step->time_us);
    case GY_STEP_ROUND: return gy_trial_round(trial);
    default: return gyre_kit_clock(trial->kit, step->time_us);
    }
}

int gy_trial_steps(struct gy_trial *trial, const struct gy_script *script, size_t from, size_t to)
{
    int code = trial->kit != NULL ? trial->kit->code : GYRE_ENOMEM;
    for (size_t i = from; code == 0 && i < to && i < script->steps.n; i++)
        code = gy_trial_step(trial, script, i);
    return code;
}

int gy_trial_end(struct gy_trial *trial)
{
    int code = trial->kit->code;
    if (code == 0 && trial->kit->node->n_rounds > 0) /* time ends when a round has */
        code = gy_trial_round(trial);
    if (code == 0)
        code = gyre_kit_end(trial->kit, NULL);
    gy_trial_collect(trial);
    return code;
}

int gy_trial_run(struct gy_trial *trial, const struct gy_script *script)
{
    int code = gy_trial_steps(trial, script, 0, script->steps.n);
    return code == 0 ? gy_trial_end(trial) : code;
}

int gy_trial_restart(struct gy_trial *trial, uint32_t tasks, const struct gy_script *script,
                     size_t dirty)
{
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(trial->kit);
    if (snapshot == NULL)
        return trial->kit->code;
    gy_trial_collect(trial);
    gy_trial_steps(trial, script, dirty, script->steps.n);
    gyre_kit_free(trial->kit);
    trial->setup.tasks = tasks;
    trial->setup.now_us = snapshot->now_us;
    trial->kit = gyre_kit_restore(&trial->setup, snapshot);
    gyre_kit_snapshot_free(snapshot);
    return trial->kit != NULL ? trial->kit->code : GYRE_ENOMEM;
}
