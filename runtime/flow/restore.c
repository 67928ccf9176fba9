/* Reading a snapshot: all that is small is kept, operator by operator. See restore.h; who gets
 * it is flow/restore_give. */
#include "flow/restore_part.h"

#include "base/mem.h"

void gy_restore_free(struct gy_restore *restore)
{
    if (restore == NULL)
        return;
    for (uint32_t n = 0; restore->parts != NULL && n < restore->graph->n_nodes; n++) {
        struct gy_restore_part *part = &restore->parts[n];
        for (uint32_t t = 0; part->txns != NULL && t < part->saved->n_tasks; t++)
            gy_items_fini(&part->txns[t]);
        gy_items_fini(&part->splits);
        gy_free(part->states);
        gy_free(part->txns);
        gy_free(part->drawn);
    }
    gy_free(restore->parts);
    gy_free(restore);
}

/* ---- what it has for whom ---- */

static int make_part(struct gy_restore *restore, const struct gy_fit *fit,
                     const struct gy_node *node)
{
    struct gy_restore_part *part = &restore->parts[node->index];
    const struct gy_manifest_operator *saved = gy_fit_operator(fit, node);
    if (saved == NULL)
        return 0;
    part->states = gy_calloc(saved->n_states + 1, sizeof *part->states);
    part->txns = gy_calloc(saved->n_tasks + 1, sizeof *part->txns);
    part->drawn = gy_calloc(saved->n_tasks + 1, sizeof *part->drawn);
    part->saved = saved;
    if (part->states == NULL || part->txns == NULL || part->drawn == NULL)
        return GYRE_ENOMEM;
    for (uint32_t s = 0; s < saved->n_states; s++)
        part->states[s] =
            (struct gy_form_segment){gy_fit_state(saved, s, node), saved->states[s].version};
    part->form = (struct gy_form){saved->n_states, part->states};
    return 0;
}

/* ---- reading ---- */

static char *path_of(const struct gy_restore *restore, const char *file)
{
    return gy_printf("%s/%s", restore->manifest->path, file);
}

int gy_restore_open(const struct gy_restore *restore, const struct gy_manifest_task *task,
                    struct gy_part_reader *reader, char **path, struct gyre_error *error)
{
    memset(reader, 0, sizeof *reader);
    *path = NULL;
    if (task->file == NULL)
        return 1;
    *path = path_of(restore, task->file);
    if (*path == NULL)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
    return gy_part_open(reader, restore->disk, *path, restore->manifest->id, error);
}

static int keep_record(struct gy_restore_part *part, uint32_t task, const struct gy_record *record)
{
    struct gyre_reader reader = {.size = sizeof reader, .data = record->bytes, .length = record->n};
    if (record->kind == GY_RECORD_RANDOM) {
        part->drawn[task] = gyre_read_u64(&reader);
        return reader.error;
    }
    struct gy_items *into = record->kind == GY_RECORD_TXN ? &part->txns[task] : &part->splits;
    return gy_items_add(into, record->bytes, record->n);
}

/* Reads the records before those of which there may be many. SPLITS is the first of task 0, so of all. */
static int read_small(struct gy_restore *restore, struct gy_restore_part *part, uint32_t task,
                      struct gyre_error *error)
{
    struct gy_part_reader reader;
    struct gy_record record;
    char *path;
    int code = gy_restore_open(restore, &part->saved->tasks[task], &reader, &path, error);
    bool opened = code == 0;
    while (code == 0) {
        int got = gy_part_read(&reader, &record, error);
        if (got == 1 && record.kind < GY_RECORD_STATE) {
            code = keep_record(part, task, &record);
            if (code == GYRE_ENOMEM)
                gyre_error_set(error, code, -1, "out of memory");
            else if (code != 0)
                gyre_error_set(error, code, -1, "%s has a record that is cut short", path);
            continue;
        }
        part->has_items |= got == 1 && record.kind == GY_RECORD_ITEM;
        code = got < 0 ? got : 0;
        break;
    }
    if (opened)
        gy_part_close(&reader);
    gy_free(path);
    return code == 1 ? 0 : code;
}

static int read_operators(struct gy_restore *restore, struct gyre_error *error)
{
    for (uint32_t n = 0; n < restore->graph->n_nodes; n++) {
        struct gy_restore_part *part = &restore->parts[n];
        for (uint32_t t = 0; part->saved != NULL && t < part->saved->n_tasks; t++)
            if (read_small(restore, part, t, error) != 0)
                return error->code;
    }
    return 0;
}

/* Tells the first of what does not fit, for who has no use for all. */
static int tell_misfit(const struct gy_diags *misfits, struct gyre_error *error)
{
    if (gy_diags_count(misfits) == 0)
        return 0;
    if (misfits->oom)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
    return gyre_error_set(error, GYRE_EINVAL, -1, "%s", misfits->list.items[0].text);
}

static int begin(struct gy_restore *restore, const struct gy_fit *fit, struct gyre_error *error)
{
    const struct gy_graph *graph = restore->graph;
    int code = 0;
    gy_fit_check(fit);
    if (tell_misfit(fit->misfits, error) != 0)
        return error->code;
    for (uint32_t n = 0; code == 0 && n < graph->n_nodes; n++)
        code = make_part(restore, fit, graph->nodes[n]);
    if (code != 0)
        return gyre_error_set(error, code, -1, "out of memory");
    if (read_operators(restore, error) != 0)
        return error->code;
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        if (restore->parts[n].has_items)
            gy_fit_check_items(fit, graph->nodes[n]);
    return tell_misfit(fit->misfits, error);
}

struct gy_restore *gy_restore_new(struct gy_disk *disk, const struct gy_fit *fit,
                                  struct gyre_error *error)
{
    struct gy_restore *restore = gy_calloc(1, sizeof *restore);
    if (restore != NULL) {
        *restore =
            (struct gy_restore){.disk = disk, .manifest = fit->manifest, .graph = fit->graph};
        restore->parts = gy_calloc(fit->graph->n_nodes + 1, sizeof *restore->parts);
    }
    if (restore == NULL || restore->parts == NULL)
        gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
    else if (begin(restore, fit, error) == 0)
        return restore;
    gy_restore_free(restore);
    return NULL;
}

bool gy_restore_has(const struct gy_restore *restore, const struct gy_node *node)
{
    return restore->parts[node->index].saved != NULL;
}

/* ---- splits ---- */

int gy_restore_splits(const struct gy_restore *restore, const struct gy_node *node, uint32_t tasks,
                      struct gy_splits *splits, struct gyre_error *error)
{
    const struct gy_restore_part *part = &restore->parts[node->index];
    int code = 0;
    if (part->saved == NULL || part->splits.list.n == 0)
        return 1;
    gy_splits_init_empty(splits, tasks);
    for (size_t i = 0; code == 0 && i < part->splits.list.n; i++) {
        const struct gy_item *item = &part->splits.list.items[i];
        struct gyre_reader reader = {.size = sizeof reader, .data = item->bytes, .length = item->n};
        code = i == 0 ? gy_splits_read(splits, &reader) : gy_splits_apply(splits, &reader);
    }
    if (code != 0)
        gyre_error_set(error, code, -1, "the splits of '%s' cannot be read from snapshot %llu",
                       node->id, (unsigned long long)restore->manifest->id);
    return code;
}
