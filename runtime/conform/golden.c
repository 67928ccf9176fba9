/* Writing a NAME.golden; see golden.h. */
#include "conform/golden.h"

#include "base/mem.h"
#include "plugin/note.h"

#include <inttypes.h>

enum { ROWS = 60 };

char *gy_golden_path(const char *plugin)
{
    size_t n = strlen(plugin);
    if (n > 3 && strcmp(plugin + n - 3, ".so") == 0)
        n -= 3;
    return gy_printf("%.*s.golden", (int)n, plugin);
}

void gy_golden_head(const char *plugin, struct gy_buf *into)
{
    struct gyre_error error = {.size = sizeof error};
    struct gyre_note note = {0};
    gy_buf_text(into, "gyre golden 1\n");
    if (gy_note_read(plugin, &note, &error) == 0)
        gy_buf_printf(into, "plugin %s %s\n", note.name, note.version);
}

static void put_subject(struct gy_buf *b, const struct gy_subject *s)
{
    gy_buf_printf(b, "subject %s\nop %s\noptions %s\nmode %u\nrounds %u\n", s->name, s->op,
                  s->options != NULL ? s->options : "", s->mode, s->rounds);
    for (uint32_t i = 0; i < GYRE_KIT_INPUTS; i++)
        if (s->inputs[i].schema != NULL)
            gy_buf_printf(b, "input %s %s\n", s->inputs[i].port != NULL ? s->inputs[i].port : "-",
                          s->inputs[i].schema);
}

static void put_record(struct gy_buf *b, const struct gy_kit_record *record)
{
    gy_buf_printf(b, "record %u %u ", (unsigned)record->kind, record->index);
    for (uint32_t i = 0; i < record->n; i++)
        gy_buf_printf(b, "%02x", record->bytes[i]);
    gy_buf_text(b, "\n");
}

static void put_snapshot(struct gy_buf *b, const struct gyre_kit_snapshot *s)
{
    gy_buf_printf(b, "now %" PRId64 "\nepoch %" PRIu64 "\nended %" PRIu64 "\nversion %u\n",
                  s->now_us, s->epoch, s->n_rounds, s->items_version);
    for (uint32_t i = 0; i < s->n_states; i++)
        gy_buf_printf(b, "state %u %s\n", s->states[i].version, s->states[i].name);
    for (uint32_t p = 0; p < s->n_inputs; p++)
        gy_buf_printf(b, "port %" PRId64 " %d\n", s->watermarks_us[p], s->ended[p]);
    for (uint32_t t = 0; t < s->n_tasks; t++) {
        gy_buf_printf(b, "task %" PRId64 " %" PRId64 " %d\n", s->reached[t].seen_us,
                      s->reached[t].watermark_us, s->reached[t].ended);
        for (size_t i = 0; i < s->tasks[t].records.n; i++)
            put_record(b, &s->tasks[t].records.items[i]);
    }
}

static void put_steps(struct gy_buf *b, const struct gy_script *script, size_t from)
{
    for (size_t i = from; i < script->steps.n; i++) {
        const struct gy_step *step = &script->steps.items[i];
        if (step->kind == GY_STEP_ROUND)
            gy_buf_text(b, "round\n");
        else if (step->kind != GY_STEP_ROWS)
            gy_buf_printf(b, "%s %" PRId64 "\n",
                          step->kind == GY_STEP_CLOCK ? "clock" : "watermark", step->time_us);
        else
            gy_buf_printf(b, "give %u\n", step->port);
        for (uint32_t r = 0; step->kind == GY_STEP_ROWS && r < step->n; r++) {
            gy_rows_line(&script->inputs[step->port], step->first + r, true, b);
            gy_buf_text(b, "\n");
        }
    }
}

static void put_outcome(struct gy_buf *b, const struct gy_outcome *out)
{
    for (uint32_t p = 0; p < out->n; p++) {
        gy_buf_printf(b, "expect %s\n", out->names[p]);
        gy_rows_text(&out->ports[p], true, b);
    }
    gy_buf_text(b, "done\n");
}

/* Runs the first half, saves, and goes on with what was saved. */
static bool put_section(struct gy_case *c, const struct gy_script *script, struct gy_buf *b)
{
    struct gy_trial trial;
    size_t half = script->steps.n / 2;
    gy_trial_begin(&trial, &c->place, 1);
    gy_trial_steps(&trial, script, 0, half);
    struct gyre_kit_snapshot *snapshot = trial.kit->code == 0 ? gyre_kit_snapshot(trial.kit) : NULL;
    if (snapshot != NULL) {
        put_subject(b, c->place.subject);
        put_snapshot(b, snapshot);
        put_steps(b, script, half);
        gyre_kit_take(trial.kit);
        gy_trial_steps(&trial, script, half, script->steps.n);
        if (trial.kit->code == 0)
            gy_trial_end(&trial);
        put_outcome(b, &trial.out);
    }
    bool whole = snapshot != NULL && trial.kit->code == 0 && !b->failed;
    gyre_kit_snapshot_free(snapshot);
    gy_trial_fini(&trial);
    return whole;
}

enum gy_verdict gy_golden_take(struct gy_case *c)
{
    struct gy_script script;
    struct gy_why why = {""};
    struct gy_buf b = {0};
    enum gy_verdict verdict = GY_SKIP;
    if (c->place.subject->file_names[0] != NULL)
        return GY_SKIP; /* the files of a conform.cfg are not in a section */
    if (gy_script_make(&script, c->place.subject, c->probe, c->seed, ROWS, false, &why) == 0 &&
        put_section(c, &script, &b) && b.len <= sizeof c->area->bulk) {
        memcpy(c->area->bulk, b.data, b.len);
        c->area->n_bulk = (uint32_t)b.len;
        verdict = GY_PASS;
    }
    gy_script_fini(&script);
    gy_buf_fini(&b);
    return verdict;
}
