/* What comes into a kit: rows, watermarks, the clock, ends, polls. See kit.h. */
#include "kit/kit.h"

#include "base/mem.h"

enum { SLICE = GYRE_BATCH_ROWS };

/* ---- one batch to the tasks ---- */

static void give_task(struct gyre_kit *kit, uint32_t t, uint32_t port, const struct gy_batch *in)
{
    if (kit->code != 0 || in->kept == 0)
        return;
    int code = gy_instance_process(kit->tasks[t].instance, port, in);
    if (code != 0)
        gy_kit_fail_call(kit, kit->tasks[t].instance, code);
}

/* The task that gets row `row`, the n-th one that is dealt. */
static uint32_t task_of(const struct gyre_kit *kit, const struct gy_edge *edge, uint64_t hash,
                        uint64_t n)
{
    const struct gy_node *node = kit->node;
    if (node->key.n > 0)
        return gy_key_subtask(hash, node->max_parallelism, kit->n_tasks);
    return edge->partition == GY_SINGLE ? 0 : (uint32_t)(n % kit->n_tasks);
}

static void deal(struct gyre_kit *kit, struct gy_kit_port *port, uint32_t p, struct gy_batch *batch)
{
    uint8_t *tasks_of = kit->keep;
    uint8_t keep[GYRE_BATCH_ROWS];
    const uint8_t *there = batch->keep;
    for (uint32_t i = 0; i < batch->rows; i++) {
        bool is_there = there == NULL || there[i] != 0;
        tasks_of[i] = (uint8_t)task_of(kit, port->edge, kit->hash[i], port->n_dealt);
        port->n_dealt += is_there;
    }
    for (uint32_t t = 0; t < kit->n_tasks; t++) {
        struct gy_batch own = *batch;
        own.kept = 0;
        own.selection = NULL;
        for (uint32_t i = 0; i < batch->rows; i++) {
            keep[i] = (there == NULL || there[i] != 0) &&
                      (tasks_of[i] == t || port->edge->partition == GY_BROADCAST);
            own.kept += keep[i];
        }
        own.keep = own.kept == own.rows ? NULL : keep;
        give_task(kit, t, p, &own);
    }
}

void gy_kit_pass(struct gyre_kit *kit, uint32_t p, uint32_t order, const struct gy_batch *batch)
{
    struct gy_kit_port *port = &kit->inputs[p];
    const struct gy_key *key = &kit->node->key;
    if (order < port->n_ahead) {
        struct gy_instance *ahead = port->ahead[order].instance;
        int code = gy_instance_process(ahead, 0, batch);
        if (code == 0)
            code = gy_instance_flush(ahead, false);
        if (code != 0)
            gy_kit_fail_call(kit, ahead, code);
        return;
    }
    struct gy_batch own = *batch;
    if (key->n > 0) {
        const struct gy_column *columns[GY_KEYS_MAX];
        for (uint32_t k = 0; k < key->n; k++)
            columns[k] = &batch->columns[kit->node->inputs[p].key_fields[k]];
        gy_key_hash(key, columns, batch->keep, batch->rows, kit->hash);
        own.hash = kit->hash;
    }
    if (kit->n_tasks == 1)
        give_task(kit, 0, p, &own);
    else
        deal(kit, port, p, &own);
}

/* ---- rows in memory of their own ---- */

static size_t rounded(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

/* Copies n bytes to the room at `*at`, and moves that on. */
static void *put(char **at, const void *from, size_t n)
{
    void *to = *at;
    memcpy(to, from, n);
    *at += rounded(n);
    return to;
}

/* Strings of rows that are not there may be anything. */
static bool is_long(const struct gyre_str *s, const uint8_t *keep, uint32_t i)
{
    return (keep == NULL || keep[i] != 0) && s->len > GYRE_STR_INLINE;
}

static size_t text_size(const struct gy_rows *rows, uint32_t first, uint32_t n, const uint8_t *keep)
{
    size_t size = 0;
    for (uint32_t f = 0; f < rows->schema->n_fields; f++) {
        const struct gyre_str *s = rows->data[f];
        if (!gyre_type_is_str(gyre_schema_field(rows->schema, f)->type))
            continue;
        for (uint32_t i = 0; i < n; i++)
            size += is_long(&s[first + i], keep, i) ? s[first + i].len : 0;
    }
    return size;
}

/* Lets the strings of a column, which are a copy, point into the block from `used` on. */
static void move_strings(struct gyre_str *strings, uint32_t n, const uint8_t *keep,
                         struct gy_block *block, size_t *used)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!is_long(&strings[i], keep, i))
            continue;
        memcpy(block->bytes + *used, strings[i].u.ptr, strings[i].len);
        strings[i].u.ptr = block->bytes + *used;
        *used += strings[i].len;
    }
}

/* A batch of rows in memory of its own. */
struct presented {
    struct gy_batch batch;
    void *memory;
    size_t size, text;
    struct gy_block *block;
    struct gy_arenas *arenas;
};

static int present(struct gyre_kit *kit, const struct gy_rows *rows, uint32_t first, uint32_t n,
                   const uint8_t *keep, struct gy_column *columns, struct presented *p)
{
    uint32_t n_fields = rows->schema->n_fields;
    size_t text = text_size(rows, first, n, keep), used = 0;
    p->text = text;
    p->size = rounded((size_t)n * 8) + rounded(n);
    for (uint32_t f = 0; f < n_fields; f++)
        p->size += rounded((size_t)n * gyre_type_size(gyre_schema_field(rows->schema, f)->type)) +
                   rounded(n);
    p->size = (p->size + 4095) & ~(size_t)4095;
    p->memory = gy_alloc_aligned(p->size, 4096);
    p->block = text > 0 ? gy_block_new(kit->pool, text) : NULL;
    if (p->memory == NULL || (text > 0 && p->block == NULL) ||
        (text > 0 && gy_arenas_add(kit->pool, &p->arenas, p->block) != 0))
        return gy_kit_fail(kit, GYRE_ENOMEM, "out of memory");
    char *at = p->memory;
    for (uint32_t f = 0; f < n_fields; f++) {
        const struct gyre_field *field = gyre_schema_field(rows->schema, f);
        size_t size = gyre_type_size(field->type);
        columns[f] =
            (struct gy_column){.data = put(&at, (char *)rows->data[f] + first * size, n * size)};
        if (gyre_type_is_str(field->type)) {
            move_strings((struct gyre_str *)columns[f].data, n, keep, p->block, &used);
            columns[f].arenas = p->arenas;
        }
        if ((field->flags & GYRE_NULLABLE) != 0)
            columns[f].valid = put(&at, rows->valid[f] + first, n);
    }
    p->batch = (struct gy_batch){.rows = n, .kept = n, .n_columns = n_fields, .columns = columns};
    p->batch.time = put(&at, rows->time + first, (size_t)n * 8);
    if (keep != NULL) {
        p->batch.keep = put(&at, keep, n);
        p->batch.kept = gy_keep_count(keep, n);
    }
    return 0;
}

static void take_away(struct presented *p)
{
    if (p->memory != NULL)
        memset(p->memory, 0xDB, p->size);
    gy_arenas_drop(p->arenas);
    if (p->block != NULL && p->block->refs == 1) /* nobody has adopted it */
        memset(p->block->bytes, 0xDB, p->text);
    gy_block_drop(p->block);
    gy_free(p->memory);
}

/* The long strings stand where the host writes too, so they are compared. */
static void after_call(struct gyre_kit *kit, const struct gy_rows *rows, uint32_t first, uint32_t n,
                       const struct gy_column *columns, const struct presented *p)
{
    kit->around(kit->host, p->memory, p->size, false);
    for (uint32_t f = 0; f < rows->schema->n_fields; f++) {
        const struct gyre_str *is = columns[f].data, *was = rows->data[f];
        if (!gyre_type_is_str(gyre_schema_field(rows->schema, f)->type))
            continue;
        for (uint32_t i = 0; i < n; i++)
            kit->n_changed += !gyre_str_equal(&is[i], &was[first + i]);
    }
}

int gy_kit_give(struct gyre_kit *kit, struct gy_kit_port *port, const struct gy_rows *rows,
                uint32_t first, uint32_t n, const uint8_t *keep, bool settle)
{
    struct gy_column columns[rows->schema->n_fields + 1];
    struct presented p = {0};
    if (kit->code == 0 && present(kit, rows, first, n, keep, columns, &p) == 0 &&
        p.batch.kept > 0) {
        if (kit->around != NULL)
            kit->around(kit->host, p.memory, p.size, true);
        gy_kit_pass(kit, (uint32_t)(port - kit->inputs), 0, &p.batch);
        if (kit->around != NULL)
            after_call(kit, rows, first, n, columns, &p);
        /* What has been put out refers to the columns until it leaves. */
        for (uint32_t t = 0; kit->code == 0 && !kit->holds && t < kit->n_tasks; t++)
            if (gy_instance_flush(kit->tasks[t].instance, false) != 0)
                gy_kit_fail_call(kit, kit->tasks[t].instance, GYRE_EFAIL);
    }
    take_away(&p);
    return settle ? gy_kit_settle(kit, true) : kit->code;
}

/* ---- what follows ---- */

static void settle_task(struct gy_kit_task *task)
{
    struct gy_told told = {.kind = GY_TOLD_LATER};
    while (told.kind != GY_TOLD_NOTHING && task->kit->code == 0) {
        int code = gy_frontier_step(&task->frontier, SLICE, &told);
        if (code != 0)
            gy_kit_fail_call(task->kit, task->instance, code);
        if (told.kind == GY_TOLD_WATERMARK)
            task->told_us = told.time_us;
    }
}

int gy_kit_settle(struct gyre_kit *kit, bool idle)
{
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++) {
        struct gy_kit_task *task = &kit->tasks[t];
        settle_task(task);
        if (kit->code == 0 && !task->frontier.ended && gy_instance_flush(task->instance, idle) != 0)
            gy_kit_fail_call(kit, task->instance, gy_instance_error(task->instance)->code);
    }
    return kit->code;
}

/* ---- what a test calls ---- */

struct gy_kit_port *gy_kit_input(struct gyre_kit *kit, const char *name)
{
    if (kit->code != 0)
        return NULL;
    for (uint32_t p = 0; p < kit->node->n_inputs; p++)
        if (kit->inputs[p].edge != NULL &&
            (name == NULL || strcmp(kit->node->inputs[p].name, name) == 0))
            return &kit->inputs[p];
    gy_kit_fail(kit, GYRE_EINVAL, "%s has no connected input port `%s`", kit->node->op,
                name != NULL ? name : "");
    return NULL;
}

static int push(struct gyre_kit *kit, struct gy_kit_port *port, const struct gy_rows *rows)
{
    if (port->ended)
        return gy_kit_fail(kit, GYRE_EINVAL, "rows are pushed behind the end of their port");
    for (uint32_t at = 0; kit->code == 0 && at < rows->n; at += GYRE_BATCH_ROWS) {
        uint32_t n = rows->n - at < GYRE_BATCH_ROWS ? rows->n - at : GYRE_BATCH_ROWS;
        gy_kit_give(kit, port, rows, at, n, NULL, false);
    }
    return gy_kit_settle(kit, true);
}

int gyre_kit_push(struct gyre_kit *kit, const char *name, const char *text)
{
    struct gy_kit_port *port = gy_kit_input(kit, name);
    struct gy_why why = {""};
    if (port == NULL)
        return kit->code;
    struct gy_rows rows = {.schema = port->schema};
    int code = gy_rows_parse(&rows, text, &why);
    if (code != 0)
        gy_kit_fail(kit, code, "%s", code == GYRE_ENOMEM ? "out of memory" : why.text);
    else
        push(kit, port, &rows);
    gy_rows_fini(&rows);
    return kit->code;
}

int gyre_kit_push_columns(struct gyre_kit *kit, const char *name, uint32_t n,
                          const struct gyre_column *columns, const int64_t *times)
{
    struct gy_kit_port *port = gy_kit_input(kit, name);
    if (port == NULL)
        return kit->code;
    struct gy_rows rows = {.schema = port->schema};
    for (uint32_t f = 0; n > 0 && f < rows.schema->n_fields; f++)
        if (columns == NULL || columns[f].data == NULL)
            return gy_kit_fail(kit, GYRE_EINVAL, "the column of `%s` has no data",
                               gyre_schema_field(rows.schema, f)->name);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = gy_rows_add(&rows, times != NULL ? times[i] : 0);
        for (uint32_t f = 0; f < rows.schema->n_fields; f++) {
            size_t size = gyre_type_size(gyre_schema_field(rows.schema, f)->type);
            bool null = columns[f].valid != NULL && columns[f].valid[i] == 0;
            gy_rows_set(&rows, row, f, null ? NULL : (const char *)columns[f].data + i * size);
        }
    }
    push(kit, port, &rows);
    gy_rows_fini(&rows);
    return kit->code;
}

static void tell_port(struct gyre_kit *kit, struct gy_kit_port *port, int64_t time_us, bool end)
{
    if (port->edge == NULL || port->ended)
        return;
    port->ended = end;
    if (!end && time_us > port->watermark_us)
        port->watermark_us = time_us;
    for (uint32_t t = 0; t < kit->n_tasks; t++)
        if (end)
            gy_frontier_end(&kit->tasks[t].frontier, port->slot, false);
        else
            gy_frontier_watermark(&kit->tasks[t].frontier, port->slot, time_us);
}

static int tell(struct gyre_kit *kit, const char *name, int64_t time_us, bool end)
{
    struct gy_kit_port *one = name != NULL ? gy_kit_input(kit, name) : NULL;
    for (uint32_t p = 0; kit->code == 0 && p < kit->node->n_inputs; p++)
        if (one == NULL || one == &kit->inputs[p])
            tell_port(kit, &kit->inputs[p], time_us, end);
    return gy_kit_settle(kit, true);
}

int gyre_kit_watermark(struct gyre_kit *kit, const char *port, int64_t time_us)
{
    return tell(kit, port, time_us, false);
}

int gyre_kit_end(struct gyre_kit *kit, const char *port)
{
    return tell(kit, port, INT64_MAX, true);
}

int gyre_kit_clock(struct gyre_kit *kit, int64_t now_us)
{
    gy_clock_manual_set(&kit->clock, now_us);
    return kit->code == 0 ? gy_kit_settle(kit, true) : kit->code;
}

/* ---- sources ---- */

/* Polls one task: 1 where it may have more. */
static int poll_task(struct gyre_kit *kit, struct gy_kit_task *task, uint32_t budget)
{
    struct gyre_poll poll = {.size = sizeof poll, .budget = budget, .wake_us = INT64_MAX, .fd = -1};
    bool ended = false;
    if (task->frontier.exhausted)
        return 0;
    int code = gy_source_deal(&task->source);
    int64_t id = code == 0 && gy_source_wants(&task->source) ? gy_splits_take(&kit->splits) : -1;
    if (id >= 0)
        code = gy_source_add(&task->source, (uint32_t)id);
    if (code == 0 && task->source.active.n == 0) {
        if (kit->splits.n_left > 0)
            gy_frontier_wait(&task->frontier);
        else
            gy_frontier_exhaust(&task->frontier, false);
        return 0;
    }
    if (code == 0)
        code = gy_source_poll(&task->source, &poll, &ended);
    if (code != 0)
        return gy_kit_fail_call(kit, task->instance, code);
    if (ended)
        gy_splits_end(&kit->splits);
    return poll.status != GYRE_POLL_IDLE;
}

int gyre_kit_poll(struct gyre_kit *kit, uint32_t budget)
{
    int more = 0;
    if (kit->code == 0 && kit->node->kind != GYRE_SOURCE)
        return gy_kit_fail(kit, GYRE_EINVAL, "%s is no source", kit->node->op);
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++)
        more |= poll_task(kit, &kit->tasks[t], budget);
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++)
        more |= kit->splits.n_left == 0 && !kit->tasks[t].frontier.exhausted;
    gy_kit_settle(kit, true);
    return kit->code != 0 ? kit->code : more;
}

int gyre_kit_run(struct gyre_kit *kit, uint32_t rows_max)
{
    uint64_t before = gy_kit_rows_out(kit);
    int more = 1;
    while (more == 1 && (before + rows_max > gy_kit_rows_out(kit)))
        more = gyre_kit_poll(kit, GYRE_BATCH_ROWS);
    return more;
}
