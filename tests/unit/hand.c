/* See hand.h. */
#include "unit/hand.h"

#include "base/mem.h"
#include "data/json.h"
#include "files.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

void hand_init(struct hand *h, const char *dir, const char *text)
{
    struct gy_diags diags = {0};
    char *plugins = build_path("plugins"), *fixtures = build_path("fixtures");
    const char *dirs[] = {plugins, fixtures};
    char *path = path_join(dir, "job.cfg");
    file_write_text(path, text);
    memset(h, 0, sizeof *h);
    h->job = gy_job_load(path, NULL, &diags);
    h->plugins = gy_plugins_new(dirs, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h->job);
    h->graph = gy_graph_build(h->job, h->plugins, &diags);
    gy_diags_print(&diags, stderr);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h->graph);
    gy_diags_fini(&diags);
    h->pool = gy_pool_new();
    gy_clock_manual_init(&h->clock, 1000000);
    free(path);
    free(plugins);
    free(fixtures);
}

void hand_fini(struct hand *h)
{
    gy_buf_fini(&h->rows);
    gy_buf_fini(&h->others);
    gy_graph_free(h->graph);
    gy_plugins_free(h->plugins);
    gy_job_free(h->job);
    gy_pool_free(h->pool);
}

const struct gy_node *hand_node(const struct hand *h, const char *id)
{
    for (uint32_t i = 0; i < h->graph->n_nodes; i++)
        if (strcmp(h->graph->nodes[i]->id, id) == 0)
            return h->graph->nodes[i];
    CU_FAIL_FATAL("no such operator");
    return NULL;
}

/* A host of one instance: the node is known by the port's schema alone. */
struct host {
    struct hand *hand;
    const struct gy_node *node;
};

static void take_batch(void *user, uint32_t port, const struct gy_batch *batch)
{
    struct host *host = user;
    struct gy_buf *into = port == 0 ? &host->hand->rows : &host->hand->others;
    for (uint32_t row = 0; row < batch->rows; row++) {
        if (batch->keep != NULL && batch->keep[row] == 0)
            continue;
        gy_json_row(into, &host->node->outputs[port].schema, batch->columns, row);
        gy_buf_text(into, "\n");
        host->hand->n_rows += port == 0;
    }
}

struct gy_instance *hand_made(struct hand *h, const char *id, uint32_t task, uint32_t tasks)
{
    static struct host hosts[64]; /* one for each node: tests are single threads */
    struct gyre_error error = {.size = sizeof error};
    const struct gy_node *node = hand_node(h, id);
    struct host *host = &hosts[node->index % 64];
    *host = (struct host){h, node};
    struct gy_env env = {.job = "test",
                         .seed = h->seed,
                         .pool = h->pool,
                         .clock = &h->clock.clock,
                         .emit = take_batch,
                         .host = host};
    struct gy_instance *instance = gy_instance_new(node, task, tasks, &env, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(instance);
    return instance;
}

struct gy_instance *hand_open(struct hand *h, const char *id, uint32_t task, uint32_t tasks)
{
    struct gy_instance *instance = hand_made(h, id, task, tasks);
    int code = gy_instance_open(instance);
    if (code != 0)
        fprintf(stderr, "%s\n", gy_instance_error(instance)->text);
    CU_ASSERT_EQUAL_FATAL(code, 0);
    return instance;
}

struct gyre_poll hand_poll(struct gy_instance *instance, uint32_t budget)
{
    struct gyre_poll poll = {.size = sizeof poll, .budget = budget, .wake_us = INT64_MAX, .fd = -1};
    int code = gy_instance_poll(instance, &poll);
    if (code == 0)
        code = gy_instance_flush(instance, false);
    if (code != 0)
        fprintf(stderr, "%s\n", gy_instance_error(instance)->text);
    CU_ASSERT_EQUAL_FATAL(code, 0);
    return poll;
}

int hand_numbers(struct gy_instance *instance, int64_t from, uint32_t n)
{
    int64_t values[1024];
    struct gy_column column = {.data = values};
    struct gy_batch batch = {.rows = n, .kept = n, .n_columns = 1, .columns = &column};
    CU_ASSERT_FATAL(n <= 1024);
    for (uint32_t i = 0; i < n; i++)
        values[i] = from + i;
    return gy_instance_process(instance, 0, &batch);
}

void hand_keep_piece(void *host, struct gy_part_piece *piece)
{
    struct hand_saved *saved = host;
    piece->next = NULL;
    *saved->last = piece;
    saved->last = &piece->next;
}

void hand_save(struct gy_instance *instance, struct hand_saved *saved)
{
    struct gy_part part;
    saved->first = NULL;
    saved->last = &saved->first;
    gy_part_init(&part, 1, hand_keep_piece, saved);
    CU_ASSERT_EQUAL_FATAL(gy_instance_save_begin(instance, &part), 0);
    while (gy_instance_save_slice(instance, UINT32_MAX))
        ;
    CU_ASSERT_EQUAL(gy_part_end(&part), 0);
    gy_part_fini(&part);
}

/* Gives the records of a file in memory to an instance, and frees it; how many. */
static uint64_t restore_file(struct gy_instance *instance, struct gy_part_piece *first)
{
    uint64_t n = 0;
    for (struct gy_part_piece *piece = first, *next; piece != NULL; piece = next) {
        size_t at = piece == first ? GY_PART_HEAD : GY_BLOCK_HEAD;
        while (piece != first && at < piece->n) {
            uint32_t length;
            memcpy(&length, piece->bytes + at, 4);
            struct gy_record record = {
                .kind = GY_RECORD_STATE, .bytes = piece->bytes + at + GY_RECORD_HEAD, .n = length};
            n += gy_instance_restore_state(instance, &record) == 0;
            at += GY_RECORD_HEAD + length;
        }
        next = piece->next;
        gy_part_piece_free(piece);
    }
    return n;
}

uint64_t hand_restore(struct gy_instance *instance, struct hand_saved *saved, uint32_t n,
                      int64_t seen_us, int64_t told_us)
{
    uint64_t records = 0;
    const struct gyre_state state = gy_node_state(gy_instance_node(instance), 0);
    struct gy_form_segment segment = {0, state.type->version};
    struct gy_form form = {1, &segment};
    CU_ASSERT_EQUAL(gy_instance_restore_begin(instance, &form, (uint64_t[]){1000}), 0);
    for (uint32_t i = 0; i < n; i++)
        records += restore_file(instance, saved[i].first);
    CU_ASSERT_EQUAL(gy_instance_restored(instance, seen_us, told_us), 0);
    return records;
}

bool hand_failed(const struct gy_instance *instance, const char *part)
{
    const struct gyre_error *error = gy_instance_error(instance);
    bool ok = error->code != 0 && strstr(error->text, part) != NULL;
    if (!ok)
        fprintf(stderr, "said \"%s\" instead of \"%s\"\n", error->text, part);
    return ok;
}
