/* Reading a NAME.golden: what an earlier version has saved is read by this one; see golden.h. */
#include "conform/golden.h"

#include "base/mem.h"

#include <ctype.h>
#include <gyre/error.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A section, as it is read. */
struct golden {
    char version[128]; /* of the plugin: "NAME VERSION" */
    struct gy_subject subject;
    struct gyre_kit_snapshot snapshot;
    const char *steps; /* where `give` and the like begin */
};

/* ---- lines ---- */

/* The text behind a word, where the line begins with that; NULL. */
static const char *behind(const char *line, const char *word)
{
    size_t n = strlen(word);
    return strncmp(line, word, n) == 0 && (line[n] == ' ' || line[n] == 0)
               ? line + n + (line[n] != 0)
               : NULL;
}

/* Ends the line at hand with a zero; the next one, NULL at the end. */
static char *next_line(char *line)
{
    char *end = strchr(line, '\n');
    if (end == NULL)
        return NULL;
    *end = 0;
    return end + 1;
}

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "re");
    struct gy_buf text = {0};
    char part[4096];
    size_t n;
    while (file != NULL && (n = fread(part, 1, sizeof part, file)) > 0)
        gy_buf_bytes(&text, part, n);
    if (file != NULL)
        fclose(file);
    char *copy = file != NULL && gy_buf_cstr(&text) != NULL ? gy_strdup(gy_buf_cstr(&text)) : NULL;
    gy_buf_fini(&text);
    return copy;
}

/* ---- the head of a section ---- */

static bool read_subject_line(struct gy_subject *s, const char *line)
{
    const char *text;
    char port[64];
    int at = 0;
    if ((text = behind(line, "op")) != NULL)
        s->op = gy_strdup(text);
    else if ((text = behind(line, "options")) != NULL)
        s->options = gy_strdup(text);
    else if ((text = behind(line, "mode")) != NULL)
        s->mode = (uint32_t)strtoul(text, NULL, 10);
    else if ((text = behind(line, "rounds")) != NULL)
        s->rounds = (uint32_t)strtoul(text, NULL, 10);
    else if ((text = behind(line, "input")) != NULL && sscanf(text, "%63s %n", port, &at) == 1)
        for (uint32_t i = 0; i < GYRE_KIT_INPUTS; i++) {
            if (s->inputs[i].schema != NULL)
                continue;
            s->inputs[i].port = strcmp(port, "-") != 0 ? gy_strdup(port) : NULL;
            s->inputs[i].schema = gy_strdup(text + at);
            break;
        }
    else
        return false;
    return true;
}

static bool read_record(struct gy_kit_saved *task, const char *text)
{
    unsigned kind, index, byte;
    int at = 0;
    if (sscanf(text, "%u %u %n", &kind, &index, &at) != 2)
        return false;
    size_t n = strspn(text + at, "0123456789abcdef") / 2;
    struct gy_kit_record record = {.kind = (enum gy_record_kind)kind,
                                   .index = (uint16_t)index,
                                   .n = (uint32_t)n,
                                   .bytes = gy_alloc(n)};
    for (size_t i = 0; i < n && record.bytes != NULL; i++) {
        sscanf(text + at + 2 * i, "%2x", &byte);
        record.bytes[i] = (uint8_t)byte;
    }
    return record.bytes != NULL && gy_vec_push(&task->records, record) == 0;
}

enum { PLACES = 64 }; /* of states, ports and tasks */

static bool read_snapshot_line(struct gyre_kit_snapshot *s, const char *line)
{
    const char *text;
    int at = 0, ended = 0;
    if ((text = behind(line, "now")) != NULL)
        return sscanf(text, "%" SCNd64, &s->now_us) == 1;
    if ((text = behind(line, "epoch")) != NULL)
        return sscanf(text, "%" SCNu64, &s->epoch) == 1;
    if ((text = behind(line, "ended")) != NULL)
        return sscanf(text, "%" SCNu64, &s->n_rounds) == 1;
    if ((text = behind(line, "version")) != NULL)
        return sscanf(text, "%u", &s->items_version) == 1;
    if ((text = behind(line, "state")) != NULL && s->n_states < PLACES) {
        struct gy_kit_state *state = &s->states[s->n_states++];
        return sscanf(text, "%u %n", &state->version, &at) == 1 &&
               (state->name = gy_strdup(text + at)) != NULL;
    }
    if ((text = behind(line, "port")) != NULL && s->n_inputs < PLACES) {
        int n = sscanf(text, "%" SCNd64 " %d", &s->watermarks_us[s->n_inputs], &ended);
        s->ended[s->n_inputs++] = ended != 0;
        return n == 2;
    }
    if ((text = behind(line, "task")) != NULL && s->n_tasks < PLACES) {
        struct gy_manifest_task *task = &s->reached[s->n_tasks++];
        int n =
            sscanf(text, "%" SCNd64 " %" SCNd64 " %d", &task->seen_us, &task->watermark_us, &ended);
        task->ended = ended != 0;
        return n == 3;
    }
    text = behind(line, "record");
    return text != NULL && s->n_tasks > 0 && read_record(&s->tasks[s->n_tasks - 1], text);
}

static bool golden_init(struct golden *g)
{
    struct gyre_kit_snapshot *s = &g->snapshot;
    s->tasks = gy_calloc(PLACES, sizeof *s->tasks);
    s->reached = gy_calloc(PLACES, sizeof *s->reached);
    s->states = gy_calloc(PLACES, sizeof *s->states);
    s->watermarks_us = gy_calloc(PLACES, sizeof *s->watermarks_us);
    s->ended = gy_calloc(PLACES, sizeof *s->ended);
    return s->tasks != NULL && s->reached != NULL && s->states != NULL &&
           s->watermarks_us != NULL && s->ended != NULL;
}

static void golden_fini(struct golden *g)
{
    struct gyre_kit_snapshot *copy = gy_alloc(sizeof *copy);
    gy_subject_fini(&g->subject);
    if (copy == NULL)
        return;
    *copy = g->snapshot;
    gyre_kit_snapshot_free(copy);
    memset(&g->snapshot, 0, sizeof g->snapshot);
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool is_of(const struct gy_subject *a, const struct gy_subject *b)
{
    bool same = same_text(a->op, b->op) && same_text(a->options, b->options) && a->mode == b->mode;
    for (uint32_t i = 0; i < GYRE_KIT_INPUTS; i++)
        same &= same_text(a->inputs[i].schema, b->inputs[i].schema);
    return same;
}

/* Reads the section of a subject. 1, 0 where there is none, or -1 where one cannot be read. */
static int find_section(struct golden *g, char *text, const struct gy_subject *wanted)
{
    char *line = text, *next;
    bool inside = false;
    for (; line != NULL; line = next) {
        next = next_line(line);
        const char *plugin = behind(line, "plugin");
        bool begins_steps = behind(line, "give") != NULL || behind(line, "watermark") != NULL ||
                            behind(line, "clock") != NULL || behind(line, "round") != NULL ||
                            behind(line, "expect") != NULL;
        if (plugin != NULL)
            snprintf(g->version, sizeof g->version, "%s", plugin);
        if (behind(line, "subject") != NULL) {
            golden_fini(g);
            inside = golden_init(g);
        } else if (inside && begins_steps) {
            if (is_of(&g->subject, wanted)) {
                if (next != NULL)
                    next[-1] = '\n';
                g->steps = line;
                return 1;
            }
            inside = false;
        } else if (inside && !read_subject_line(&g->subject, line) &&
                   !read_snapshot_line(&g->snapshot, line)) {
            return -1;
        }
    }
    return 0;
}

/* ---- what came, and what came of it ---- */

/* The rows at the lines from here on: those with a @. */
static const char *read_rows(const char *at, struct gy_rows *rows, struct gy_why *why, int *code)
{
    const char *end = at;
    while (*end == '@') {
        const char *line = strchr(end, '\n');
        end = line != NULL ? line + 1 : end + strlen(end);
    }
    char *text = gy_strndup(at, (size_t)(end - at));
    if (*code == 0 && end > at)
        *code = text != NULL ? gy_rows_parse(rows, text, why) : GYRE_ENOMEM;
    gy_free(text);
    return end;
}

static int read_step(struct gy_script *script, const char **at, const char *line,
                     struct gy_why *why)
{
    struct gy_step step = {.kind = GY_STEP_ROUND};
    const char *text;
    int code = 0;
    if ((text = behind(line, "give")) != NULL) {
        step.kind = GY_STEP_ROWS;
        step.port = (uint32_t)strtoul(text, NULL, 10);
        if (step.port >= GYRE_KIT_INPUTS || script->inputs[step.port].schema == NULL)
            return GYRE_EINVAL;
        step.first = script->inputs[step.port].n;
        *at = read_rows(*at, &script->inputs[step.port], why, &code);
        step.n = script->inputs[step.port].n - step.first;
    } else if ((text = behind(line, "watermark")) != NULL ||
               (text = behind(line, "clock")) != NULL) {
        step.kind = line[0] == 'c' ? GY_STEP_CLOCK : GY_STEP_WATERMARK;
        step.time_us = strtoll(text, NULL, 10);
    } else if (behind(line, "round") == NULL) {
        return GYRE_EINVAL;
    }
    return code == 0 && gy_vec_push(&script->steps, step) != 0 ? GYRE_ENOMEM : code;
}

/* `script` has the schemas of the inputs, `expected` those of the outputs. 0, or a code and why. */
static int read_steps(const char *at, struct gy_script *script, struct gy_outcome *expected,
                      struct gy_why *why)
{
    int code = 0;
    while (code == 0 && *at != 0) {
        char line[256];
        size_t n = strcspn(at, "\n");
        snprintf(line, sizeof line, "%.*s", n < 200 ? (int)n : 200, at);
        at += n + (at[n] != 0);
        const char *port = behind(line, "expect");
        if (behind(line, "done") != NULL)
            return 0;
        if (port == NULL) {
            code = read_step(script, &at, line, why);
            continue;
        }
        uint32_t p = 0;
        while (p < expected->n && strcmp(expected->names[p], port) != 0)
            p++;
        if (p == expected->n) {
            snprintf(why->text, sizeof why->text, "it has no output port `%.64s` any more", port);
            return GYRE_EINVAL;
        }
        at = read_rows(at, &expected->ports[p], why, &code);
    }
    return code != 0 ? code : GYRE_ECORRUPT;
}

/* ---- the check ---- */

static void go_on(struct gy_trial *trial, const struct golden *g, const struct gy_script *script)
{
    gyre_kit_free(trial->kit);
    trial->setup.now_us = g->snapshot.now_us;
    trial->kit = gyre_kit_restore(&trial->setup, &g->snapshot);
    if (trial->kit == NULL)
        abort();
    gy_trial_steps(trial, script, 0, script->steps.n);
    if (trial->kit->code == 0)
        gy_trial_end(trial);
}

static enum gy_verdict compare(struct gy_case *c, const struct golden *g, const char *path)
{
    struct gy_place place = c->place;
    struct gy_script script = {0};
    struct gy_trial expected, trial;
    struct gy_why why = {""};
    char what[512];
    place.subject = &g->subject;
    gy_trial_begin_closed(&expected, &place, 1);
    gy_trial_begin_closed(&trial, &place, 1);
    for (uint32_t p = 0; trial.kit->code == 0 && p < trial.kit->node->n_inputs; p++)
        script.inputs[p].schema = c->probe->inputs[p].schema;
    enum gy_verdict verdict = GY_PASS;
    if (trial.kit->code != 0)
        verdict = gy_case_say(c, GY_FAIL, "expected a job of %s to be one still: %s", g->version,
                              gy_trial_error(&trial));
    else if (read_steps(g->steps, &script, &expected.out, &why) != 0)
        verdict = gy_case_say(c, GY_FAIL, "the rows in %s cannot be read: %s", path, why.text);
    if (verdict == GY_PASS) {
        go_on(&trial, g, &script);
        snprintf(what, sizeof what,
                 "from what %s has saved: where state has another meaning or form now, raise the "
                 "version of its type, and give it a `migrate`",
                 g->version);
        verdict = gy_case_same(c, &expected, &trial, false, what);
    }
    gy_script_fini(&script);
    gy_trial_fini(&expected);
    gy_trial_fini(&trial);
    return verdict;
}

enum gy_verdict gy_check_golden(struct gy_case *c)
{
    struct golden g = {0};
    const char *path = c->place.golden;
    char *text = path != NULL ? file_text(path) : NULL;
    enum gy_verdict verdict = GY_SKIP;
    if (text == NULL || strncmp(text, "gyre golden 1\n", 14) != 0)
        verdict = gy_case_say(c, text != NULL ? GY_FAIL : GY_SKIP,
                              text != NULL ? "%s is no file of --write-golden"
                                           : "there is no %s: gyre conform --write-golden keeps "
                                             "what this version saves, for those to come",
                              path != NULL ? path : "NAME.golden");
    else {
        int found = find_section(&g, text, c->place.subject);
        g.subject.kinds = c->place.subject->kinds;
        verdict = found > 0    ? compare(c, &g, path)
                  : found == 0 ? gy_case_say(c, GY_SKIP, "%s has nothing of it", path)
                               : gy_case_say(c, GY_FAIL, "%s is damaged", path);
    }
    golden_fini(&g);
    gy_free(text);
    return verdict;
}
