/* See subject.h. */
#include "conform/subject.h"

#include "base/mem.h"
#include "kit/stub.h"

#include <gyre/error.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the clock stands: after all event times, as clocks do. */
#define NOW_US (INT64_C(1000000000) * 1000000)

void gy_subject_fini(struct gy_subject *s)
{
    char **texts[] = {&s->name, &s->op, &s->options, &s->error, &s->skip, &s->seen};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        gy_free(*texts[i]);
    for (uint32_t i = 0; i < GYRE_KIT_INPUTS; i++) {
        gy_free(s->inputs[i].port);
        gy_free(s->inputs[i].schema);
        gy_free(s->inputs[i].rows);
        gy_free(s->file_names[i]);
        gy_free(s->file_texts[i]);
    }
    *s = (struct gy_subject){0};
}

void gy_subjects_fini(struct gy_subjects *subjects)
{
    for (size_t i = 0; i < subjects->list.n; i++)
        gy_subject_fini(&subjects->list.items[i]);
    gy_vec_fini(&subjects->list);
}

struct gyre_kit_setup gy_subject_setup(const struct gy_subject *s, const char *plugin,
                                       const char *plugin_path, const char *folder)
{
    struct gyre_kit_setup setup = {.plugin = plugin,
                                   .plugin_path = plugin_path,
                                   .op = s->op,
                                   .options = s->options,
                                   .folder = folder,
                                   .job = "conform",
                                   .mode = s->mode,
                                   .rounds = s->rounds,
                                   .snapshots = 1,
                                   .seed = 1,
                                   .now_us = NOW_US};
    for (uint32_t i = 0; i < GYRE_KIT_INPUTS; i++)
        setup.inputs[i] = (struct gyre_kit_input){s->inputs[i].port, s->inputs[i].schema};
    return setup;
}

/* The folders of a file's name. */
static void make_folders(char *path, size_t from)
{
    for (char *slash = path + from; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
}

void gy_subject_files(const struct gy_subject *s, const char *folder)
{
    for (uint32_t i = 0; i < GYRE_KIT_INPUTS; i++) {
        char path[2 * PATH_MAX];
        if (s->file_names[i] == NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, s->file_names[i]);
        make_folders(path, strlen(folder) + 1);
        FILE *file = fopen(path, "we");
        if (file == NULL)
            continue;
        for (const char *p = s->file_texts[i]; *p != 0; p++)
            putc_unlocked(*p, file);
        fclose(file);
    }
}

/* ---- what it is ---- */

static bool has_field_option(const struct gyre_operator *op)
{
    for (uint32_t i = 0; op != NULL && i < op->n_options; i++)
        if (gyre_option_at(op->options, i)->type == GYRE_OPTION_FIELD)
            return true;
    return false;
}

static uint32_t callbacks_of(const struct gyre_operator *op)
{
    uint32_t kinds = 0;
    if (op == NULL)
        return GY_IS_AGGREGATE | GY_HAS_STATE;
    if (op->n_states > 0 || op->save_items != NULL || op->on_timer != NULL)
        kinds |= GY_HAS_STATE;
    if (op->on_watermark != NULL || op->on_timer != NULL)
        kinds |= GY_HAS_TIME;
    if (op->prepare != NULL)
        kinds |= GY_HAS_PHASES;
    if (op->n_options > 0)
        kinds |= GY_HAS_OPTIONS;
    if (has_field_option(op))
        kinds |= GY_HAS_FIELDS;
    if (op->save_items != NULL)
        kinds |= GY_BY_TASK;
    return kinds;
}

static const uint32_t kinds[] = {
    [GYRE_SOURCE] = GY_IS_SOURCE, [GYRE_TRANSFORM] = GY_IS_TRANSFORM, [GYRE_SINK] = GY_IS_SINK};

static uint32_t kinds_of_flags(uint32_t flags)
{
    return ((flags & GYRE_SETS_TIME) != 0 ? GY_SETS_TIMES : 0) |
           ((flags & (GYRE_AT_LEAST_ONCE | GYRE_AT_MOST_ONCE)) != 0 ? 0 : GY_IS_EXACT) |
           ((flags & GYRE_UNBOUNDED) != 0 ? GY_IS_ENDLESS : 0) |
           ((flags & GYRE_SINGLE) != 0 ? GY_BY_TASK : 0);
}

uint32_t gy_kinds_of_item(const struct gyre_item *item)
{
    const struct gyre_operator *op = item->what;
    const struct gyre_function *fn = item->what;
    if (item->kind == GYRE_ITEM_OPERATOR) {
        bool keyed = (op->flags & GYRE_NEEDS_KEY) != 0 || op->n_states > 0 || op->on_timer != NULL;
        return GY_IS_MADE | kinds[op->kind] | callbacks_of(op) | kinds_of_flags(op->flags) |
               (op->kind != GYRE_SOURCE ? GY_HAS_INPUT : 0) | (keyed ? GY_IS_KEYED : 0) |
               (gy_needs_rounds(op) ? GY_HAS_ROUNDS | GY_IS_FED : 0);
    }
    if (item->kind != GYRE_ITEM_FUNCTION || fn->kind == GYRE_FN_PARTITION)
        return 0;
    if (fn->kind != GYRE_FN_AGGREGATE && fn->kind != GYRE_FN_WINDOW) /* under a count of rows */
        return GY_IS_MADE | GY_IS_TRANSFORM | GY_HAS_STATE | GY_IS_EXACT | GY_HAS_INPUT |
               GY_IS_KEYED | (fn->kind != GYRE_FN_KEY ? GY_HAS_WINDOW | GY_HAS_TIME : 0);
    return GY_IS_MADE | GY_IS_TRANSFORM | callbacks_of(NULL) | GY_IS_EXACT | GY_HAS_INPUT |
           GY_IS_KEYED | (fn->kind == GYRE_FN_WINDOW ? GY_HAS_WINDOW | GY_HAS_TIME : 0);
}

bool gy_needs_rounds(const struct gyre_operator *op)
{
    return op != NULL && (op->on_round_end != NULL || (op->needs & GYRE_FEATURE_ROUNDS) != 0);
}

static bool has_path_option(const struct gyre_option *options, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (gyre_option_at(options, i)->type == GYRE_OPTION_PATH)
            return true;
    return false;
}

/* Whether it needs a folder: for the files of a conform.cfg, or those that it may make. */
static bool has_paths(const struct gy_subject *s, const struct gy_node *node)
{
    const struct gyre_operator *op = node->descriptor;
    bool any = s->file_names[0] != NULL || node->kind != GYRE_TRANSFORM ||
               (op != NULL && has_path_option(op->options, op->n_options));
    for (uint32_t f = 0; f < node->n_hosted; f++)
        any |=
            has_path_option(node->hosted[f].function->options, node->hosted[f].function->n_options);
    return any;
}

/* Of its own rows, or of what another operator makes of them. */
static bool is_fed(const struct gyre_kit *kit)
{
    for (uint32_t e = 0; e < kit->graph->n_edges; e++)
        if (kit->graph->edges[e].feedback && kit->graph->edges[e].to == kit->node->index)
            return true;
    return false;
}

void gy_subject_look(struct gy_subject *s, const struct gyre_kit *kit)
{
    const struct gy_node *node = kit->node;
    bool per_key = node->window == NULL || node->window->per == GY_PER_KEY;
    s->kinds = GY_IS_MADE | kinds[node->kind] | callbacks_of(node->descriptor) |
               kinds_of_flags(node->flags);
    s->kinds |= node->n_states > 0 ? GY_HAS_STATE : 0;
    s->kinds |= node->key.n > 0 && per_key ? GY_IS_KEYED : 0;
    s->kinds |= node->window != NULL ? GY_HAS_WINDOW | GY_HAS_TIME : 0;
    s->kinds |= node->n_inputs > 0 ? GY_HAS_INPUT : 0;
    s->kinds |= node->window != NULL && !per_key ? GY_BY_TASK : 0;
    s->kinds |= node->n_rounds > 0 ? GY_HAS_ROUNDS : 0;
    s->kinds |= is_fed(kit) ? GY_IS_FED : 0;
    s->kinds |= has_paths(s, node) ? GY_HAS_PATHS : 0;
    if (strcmp(node->op, GY_STUB ".count") == 0) /* it is not what is tested */
        s->kinds &= ~(uint32_t)GY_IS_AGGREGATE;
}

/* ---- to another process ---- */

static void put(struct gy_buf *into, const char *text)
{
    gy_buf_u8(into, text != NULL);
    gy_buf_str(into, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

static char *get(struct gy_reader *from)
{
    bool there = gy_reader_u8(from) != 0;
    size_t n;
    const char *text = gy_reader_str(from, &n);
    return there ? gy_strndup(text, n) : NULL;
}

void gy_subjects_write(const struct gy_subjects *subjects, struct gy_buf *into)
{
    gy_buf_u32(into, (uint32_t)subjects->list.n);
    for (size_t i = 0; i < subjects->list.n; i++) {
        const struct gy_subject *s = &subjects->list.items[i];
        const char *texts[] = {s->name, s->op, s->options, s->error, s->skip, s->seen};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            put(into, texts[k]);
        for (uint32_t k = 0; k < GYRE_KIT_INPUTS; k++) {
            put(into, s->inputs[k].port);
            put(into, s->inputs[k].schema);
            put(into, s->inputs[k].rows);
            put(into, s->file_names[k]);
            put(into, s->file_texts[k]);
        }
        gy_buf_u32(into, s->mode);
        gy_buf_u32(into, s->rounds);
        gy_buf_u32(into, s->kinds);
        gy_buf_u32(into, (uint32_t)s->line);
        gy_buf_u8(into, s->apart);
    }
}

int gy_subjects_load(struct gy_subjects *subjects, const void *bytes, size_t size)
{
    struct gy_reader from;
    gy_reader_init(&from, bytes, size);
    uint32_t n = gy_reader_u32(&from);
    for (uint32_t i = 0; i < n && !from.failed; i++) {
        struct gy_subject s = {0};
        char **texts[] = {&s.name, &s.op, &s.options, &s.error, &s.skip, &s.seen};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            *texts[k] = get(&from);
        for (uint32_t k = 0; k < GYRE_KIT_INPUTS; k++) {
            s.inputs[k].port = get(&from);
            s.inputs[k].schema = get(&from);
            s.inputs[k].rows = get(&from);
            s.file_names[k] = get(&from);
            s.file_texts[k] = get(&from);
        }
        s.mode = gy_reader_u32(&from);
        s.rounds = gy_reader_u32(&from);
        s.kinds = gy_reader_u32(&from);
        s.line = (int)gy_reader_u32(&from);
        s.apart = gy_reader_u8(&from) != 0;
        if (gy_vec_push(&subjects->list, s) != 0)
            return GYRE_ENOMEM;
    }
    return from.failed ? GYRE_ECORRUPT : 0;
}
