/* See loop.h. */
#include "unit/loop.h"

#include "base/mem.h"
#include "files.h"
#include "graphs.h"
#include "op/source.h"

#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLICE = 64, BACKLOG = 64 };

/* Rows of one edge, from one task to another. */
struct loop_message {
    const struct gy_edge *edge;
    uint32_t from_task, to_task;
    uint32_t rows, n_columns;
    struct gy_column *columns;
    uint64_t *hash;
    int64_t *time;
};

struct loop_sink {
    double *values;
    size_t n, room;
    uint32_t fields;
};

/* Whose rows the host of an instance takes. */
struct producer {
    struct loop *loop;
    uint32_t node, task;
};

static void *need(void *memory)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    return memory;
}

/* ---- messages ---- */

static void push(struct loop_message ***list, size_t *n, size_t *room, struct loop_message *message)
{
    if (*n == *room) {
        *room = *room * 2 + 64;
        *list = need(realloc(*list, *room * sizeof **list));
    }
    (*list)[(*n)++] = message;
}

static void message_free(struct loop_message *m)
{
    for (uint32_t c = 0; c < m->n_columns; c++) {
        free((void *)(uintptr_t)m->columns[c].data);
        free((void *)(uintptr_t)m->columns[c].valid);
    }
    free(m->columns);
    free(m->hash);
    free(m->time);
    free(m);
}

static void *picked(const void *from, uint32_t size, const uint32_t *rows, uint32_t n)
{
    char *to = need(calloc(n + 1, size));
    for (uint32_t i = 0; i < n; i++)
        memcpy(to + (size_t)i * size, (const char *)from + (size_t)rows[i] * size, size);
    return to;
}

/* Strings do not go round here. */
static struct loop_message *copy(const struct gy_batch *batch, const struct gyre_schema *schema,
                                 const uint32_t *rows, uint32_t n)
{
    struct loop_message *m = need(calloc(1, sizeof *m));
    m->rows = n;
    m->n_columns = batch->n_columns;
    m->columns = need(calloc(batch->n_columns + 1, sizeof *m->columns));
    for (uint32_t c = 0; c < batch->n_columns; c++) {
        const struct gy_column *from = &batch->columns[c];
        uint32_t type = gyre_schema_field(schema, c)->type;
        CU_ASSERT_FALSE_FATAL(gyre_type_is_str(type));
        if (from->data != NULL)
            m->columns[c].data = picked(from->data, gyre_type_size(type), rows, n);
        if (from->valid != NULL)
            m->columns[c].valid = picked(from->valid, 1, rows, n);
    }
    if (batch->time != NULL)
        m->time = picked(batch->time, sizeof *batch->time, rows, n);
    return m;
}

static void hash_rows(const struct gy_node *to, const struct gy_edge *edge,
                      const struct gy_batch *batch, uint64_t *hash)
{
    const struct gy_column *columns[GY_KEYS_MAX];
    for (uint32_t k = 0; k < to->key.n; k++)
        columns[k] = &batch->columns[to->inputs[edge->to_port].key_fields[k]];
    gy_key_hash(&to->key, columns, batch->keep, batch->rows, hash);
}

static uint32_t task_of(const struct gy_node *to, const struct gy_edge *edge, uint64_t hash,
                        uint32_t from_task)
{
    if (to->key.n > 0)
        return gy_key_subtask(hash, to->max_parallelism, to->parallelism);
    return edge->partition == GY_SINGLE ? 0 : from_task % to->parallelism;
}

static void send(const struct producer *p, const struct gy_edge *edge, const struct gy_batch *batch)
{
    struct loop *loop = p->loop;
    const struct gy_node *to = loop->hand.graph->nodes[edge->to];
    const struct gyre_schema *schema =
        &loop->hand.graph->nodes[p->node]->outputs[edge->from_port].schema;
    uint64_t hash[GYRE_BATCH_ROWS], sent[GYRE_BATCH_ROWS];
    bool waits = edge->feedback && to->n_rounds > 0;
    if (to->key.n > 0)
        hash_rows(to, edge, batch, hash);
    for (uint32_t task = 0; task < to->parallelism; task++) {
        uint32_t rows[GYRE_BATCH_ROWS], n = 0;
        for (uint32_t row = 0; row < batch->rows; row++) {
            bool kept = batch->keep == NULL || batch->keep[row] != 0;
            if (!kept || task_of(to, edge, to->key.n > 0 ? hash[row] : 0, p->task) != task)
                continue;
            sent[n] = to->key.n > 0 ? hash[row] : 0;
            rows[n++] = row;
        }
        if (n == 0)
            continue;
        struct loop_message *m = copy(batch, schema, rows, n);
        m->edge = edge;
        m->from_task = p->task;
        m->to_task = task;
        if (to->key.n > 0)
            m->hash = memcpy(need(calloc(n, sizeof *sent)), sent, n * sizeof *sent);
        if (waits)
            push(&loop->next, &loop->n_next, &loop->next_room, m);
        else
            push(&loop->queue, &loop->n_queue, &loop->queue_room, m);
        loop->hops += edge->feedback ? n : 0;
    }
}

static double number(const struct gy_column *column, uint32_t type, uint32_t row)
{
    if (column->valid != NULL && column->valid[row] == 0)
        return NAN;
    if (type == GYRE_TYPE_f64)
        return ((const double *)column->data)[row];
    CU_ASSERT_EQUAL_FATAL(type, GYRE_TYPE_i64);
    return (double)((const int64_t *)column->data)[row];
}

static void record(struct loop_sink *sink, const struct gyre_schema *schema,
                   const struct gy_batch *batch)
{
    sink->fields = schema->n_fields;
    for (uint32_t row = 0; row < batch->rows; row++) {
        if (batch->keep != NULL && batch->keep[row] == 0)
            continue;
        if ((sink->n + 1) * sink->fields > sink->room) {
            sink->room = sink->room * 2 + 64 * sink->fields;
            sink->values = need(realloc(sink->values, sink->room * sizeof *sink->values));
        }
        for (uint32_t f = 0; f < sink->fields; f++)
            sink->values[sink->n * sink->fields + f] =
                number(&batch->columns[f], gyre_schema_field(schema, f)->type, row);
        sink->n++;
    }
}

static void take(void *host, uint32_t port, const struct gy_batch *batch)
{
    const struct producer *p = host;
    const struct gy_graph *g = p->loop->hand.graph;
    for (uint32_t e = 0; e < g->n_edges; e++) {
        const struct gy_edge *edge = &g->edges[e];
        if (edge->from != p->node || edge->from_port != port)
            continue;
        if (g->nodes[edge->to]->kind == GYRE_SINK)
            record(&p->loop->sinks[edge->to], &g->nodes[p->node]->outputs[port].schema, batch);
        else
            send(p, edge, batch);
    }
}

/* ---- calls ---- */

static struct gy_instance *instance_of(const struct loop *loop, uint32_t node, uint32_t task)
{
    return loop->instances[(size_t)node * loop->tasks_max + task];
}

static void expect(struct gy_instance *instance, int code)
{
    if (code < 0)
        fprintf(stderr, "%s: %s\n", gy_instance_node(instance)->id,
                gy_instance_error(instance)->text);
    CU_ASSERT_FATAL(code >= 0);
}

/* All that a call has set off. */
static void settle(struct gy_instance *instance)
{
    while (gy_instance_has_work(instance) || gy_instance_ends_round(instance))
        expect(instance, gy_instance_work(instance, SLICE));
    expect(instance, gy_instance_flush(instance, true));
}

/* The first message that goes the way of one picked at random. */
static struct loop_message *pick(struct loop *loop)
{
    size_t at = loop->seed == 0 ? 0 : graph_random(&loop->seed) % loop->n_queue;
    const struct loop_message *m = loop->queue[at];
    for (size_t i = 0; i < at; i++) {
        const struct loop_message *other = loop->queue[i];
        if (other->edge == m->edge && other->from_task == m->from_task &&
            other->to_task == m->to_task)
            at = i;
    }
    struct loop_message *picked_one = loop->queue[at];
    loop->n_queue--;
    memmove(&loop->queue[at], &loop->queue[at + 1], (loop->n_queue - at) * sizeof *loop->queue);
    return picked_one;
}

/* Until no more than so many messages are left. */
static void drain_to(struct loop *loop, size_t left)
{
    while (loop->n_queue > left) {
        struct loop_message *m = pick(loop);
        struct gy_instance *instance = instance_of(loop, m->edge->to, m->to_task);
        struct gy_batch batch = {.rows = m->rows,
                                 .kept = m->rows,
                                 .n_columns = m->n_columns,
                                 .time = m->time,
                                 .hash = m->hash,
                                 .columns = m->columns};
        expect(instance, gy_instance_process(instance, m->edge->to_port, &batch));
        settle(instance);
        message_free(m);
    }
}

static void drain(struct loop *loop)
{
    drain_to(loop, 0);
}

/* Some of what a source puts out is on its way while it is asked for more. */
static void read_source(struct loop *loop, uint32_t node)
{
    size_t left = loop->seed == 0 ? SIZE_MAX : graph_random(&loop->seed) % BACKLOG;
    struct gyre_error error = {.size = sizeof error};
    struct gy_splits splits;
    struct gy_instance *instance = instance_of(loop, node, 0);
    struct gy_source source = {.instance = instance, .splits = &splits};
    CU_ASSERT_EQUAL_FATAL(gy_splits_init(&splits, loop->hand.graph->nodes[node], 1, &error), 0);
    for (int64_t id = gy_splits_take(&splits); id >= 0; id = gy_splits_take(&splits)) {
        expect(instance, gy_source_add(&source, (uint32_t)id));
        bool ended = false;
        while (!ended) {
            struct gyre_poll poll = {
                .size = sizeof poll, .budget = SLICE, .wake_us = INT64_MAX, .fd = -1};
            expect(instance, gy_source_poll(&source, &poll, &ended));
            drain_to(loop, left);
        }
    }
    gy_source_fini(&source);
    gy_splits_fini(&splits);
}

/* ---- rounds, and the end ---- */

static void end_round(struct loop *loop, const struct gy_loop *of, uint64_t number)
{
    const struct gy_graph *g = loop->hand.graph;
    const struct gy_round round = {of, number, loop->rounds++};
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        for (uint32_t t = 0; of->body[n] && t < g->nodes[n]->parallelism; t++) {
            struct gy_instance *instance = instance_of(loop, n, t);
            expect(instance, gy_instance_round_end(instance, &round));
            settle(instance);
        }
        drain(loop);
    }
}

static bool is_stopped(const struct loop *loop, const struct gy_loop *of)
{
    const struct gy_graph *g = loop->hand.graph;
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        bool all = of->body[n];
        for (uint32_t t = 0; all && t < g->nodes[n]->parallelism; t++)
            all = gy_instance_votes(instance_of(loop, n, t), of);
        if (all)
            return true;
    }
    return false;
}

static void begin_round(struct loop *loop, const struct gy_loop *of, uint64_t number)
{
    const struct gy_graph *g = loop->hand.graph;
    const struct gy_round round = {of, number, loop->rounds};
    for (uint32_t n = 0; n < g->n_nodes; n++)
        for (uint32_t t = 0; of->body[n] && t < g->nodes[n]->parallelism; t++)
            gy_instance_round_begin(instance_of(loop, n, t), &round);
    for (size_t i = 0; i < loop->n_next; i++)
        push(&loop->queue, &loop->n_queue, &loop->queue_room, loop->next[i]);
    loop->n_next = 0;
    drain(loop);
}

static void run_rounds(struct loop *loop, const struct gy_loop *of)
{
    uint64_t number = 0;
    end_round(loop, of, number);
    while (loop->n_next > 0 && number < of->rounds_max && !is_stopped(loop, of)) {
        begin_round(loop, of, ++number);
        end_round(loop, of, number);
    }
    loop->dropped = loop->n_next;
    for (size_t i = 0; i < loop->n_next; i++)
        message_free(loop->next[i]);
    loop->n_next = 0;
}

static void run(struct loop *loop)
{
    const struct gy_graph *g = loop->hand.graph;
    for (uint32_t n = 0; n < g->n_nodes; n++)
        if (g->nodes[n]->kind == GYRE_SOURCE)
            read_source(loop, n);
    drain(loop);
    for (uint32_t i = 0; i < g->n_loops; i++)
        if (g->loops[i].rounds_max > 0)
            run_rounds(loop, &g->loops[i]);
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        for (uint32_t t = 0; t < g->nodes[n]->parallelism; t++) {
            struct gy_instance *instance = instance_of(loop, n, t);
            if (instance == NULL)
                continue;
            expect(instance, gy_instance_watermark(instance, INT64_MAX));
            settle(instance);
        }
        drain(loop);
    }
}

/* ---- the whole ---- */

static void make_instances(struct loop *loop)
{
    const struct gy_graph *g = loop->hand.graph;
    static struct producer producers[256]; /* tests are single threads */
    size_t used = 0;
    for (uint32_t n = 0; n < g->n_nodes; n++)
        if (g->nodes[n]->parallelism > loop->tasks_max)
            loop->tasks_max = g->nodes[n]->parallelism;
    loop->instances = need(calloc((size_t)g->n_nodes * loop->tasks_max, sizeof *loop->instances));
    loop->sinks = need(calloc(g->n_nodes, sizeof *loop->sinks));
    for (uint32_t n = 0; n < g->n_nodes; n++)
        for (uint32_t t = 0; g->nodes[n]->kind != GYRE_SINK && t < g->nodes[n]->parallelism; t++) {
            struct gyre_error error = {.size = sizeof error};
            CU_ASSERT_FATAL(used < sizeof producers / sizeof *producers);
            producers[used] = (struct producer){loop, n, t};
            struct gy_env env = {.job = g->job,
                                 .pool = loop->hand.pool,
                                 .clock = &loop->hand.clock.clock,
                                 .emit = take,
                                 .host = &producers[used++]};
            struct gy_instance *instance =
                need(gy_instance_new(g->nodes[n], t, g->nodes[n]->parallelism, &env, &error));
            loop->instances[(size_t)n * loop->tasks_max + t] = instance;
            expect(instance, gy_instance_open(instance));
        }
}

/* The job's text, at some parallelism, with `with` for `what`. */
static char *text_of(const char *name, uint32_t parallelism, const char *what, const char *with)
{
    char *path = text_format("jobs/%s.cfg", name), *text = file_read(path, NULL);
    const char *at = what != NULL ? strstr(text, what) : text;
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    char *made = text_format("parallelism = %u;\n%.*s%s%s", parallelism, (int)(at - text), text,
                             what != NULL ? with : "", at + (what != NULL ? strlen(what) : 0));
    free(text), free(path);
    return made;
}

void loop_run(struct loop *loop, const char *dir, const char *name, uint32_t parallelism,
              uint64_t seed, const char *what, const char *with)
{
    char *text = text_of(name, parallelism, what, with);
    *loop = (struct loop){.seed = seed};
    hand_init(&loop->hand, dir, text);
    make_instances(loop);
    run(loop);
    free(text);
}

void loop_fini(struct loop *loop)
{
    for (size_t i = 0; i < (size_t)loop->hand.graph->n_nodes * loop->tasks_max; i++)
        gy_instance_free(loop->instances[i]);
    for (uint32_t n = 0; n < loop->hand.graph->n_nodes; n++)
        free(loop->sinks[n].values);
    free(loop->instances), free(loop->sinks), free(loop->queue), free(loop->next);
    hand_fini(&loop->hand);
}

const double *loop_rows(const struct loop *loop, const char *sink, size_t *n, uint32_t *fields)
{
    const struct loop_sink *s = &loop->sinks[hand_node(&loop->hand, sink)->index];
    *n = s->n;
    *fields = s->fields;
    return s->values;
}

uint64_t loop_entries(const struct loop *loop, const char *id)
{
    const struct gy_node *node = hand_node(&loop->hand, id);
    uint64_t entries = 0;
    for (uint32_t t = 0; t < node->parallelism; t++) {
        struct gy_instance_stats stats;
        gy_instance_stats(instance_of(loop, node->index, t), &stats);
        entries += stats.state_entries;
    }
    return entries;
}
