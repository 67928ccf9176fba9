/* Another program than gyre, which has operators of plugins count words: a shared object as the engine of
 * another language would load it. It is linked with libgyre-op.a alone, which ends with op/: there are no
 * tasks, channels or threads of gyre here, and no command line.
 *
 *     lines (file.read) ──call──> words (text.words) ──call──> counts (std.sum) ──> `put` */
#include "graph/logical.h"
#include "job/config.h"
#include "op/frontier.h"
#include "op/source.h"
#include "plugin/load.h"

#include <string.h>

enum { STAGES = 3, SLICE = 7 };

typedef void embed_put(void *user, const char *word, size_t length, int64_t count);

/* One operator, and who comes after it. */
struct stage {
    struct gy_instance *instance;
    struct gy_frontier frontier;
    struct stage *next;
    embed_put *put;
    void *user;
};

/* The host's side of `emit`: the next operator gets the batch, or the caller its rows. */
static void take_batch(void *host, uint32_t port, const struct gy_batch *batch)
{
    struct stage *stage = host;
    (void)port;
    if (stage->next != NULL) {
        gy_instance_process(stage->next->instance, 0, batch); /* a failure stays in the instance */
        return;
    }
    const struct gyre_str *words = batch->columns[0].data;
    const int64_t *counts = batch->columns[1].data;
    for (uint32_t row = 0; row < batch->rows; row++)
        stage->put(stage->user, gyre_str_data(&words[row]), words[row].len, counts[row]);
}

static int open_stages(struct stage *stages, const struct gy_graph *graph, struct gy_pool *pool)
{
    struct gyre_error error = {.size = sizeof error};
    for (uint32_t s = 0; s < STAGES; s++) {
        struct gy_env env = {.job = graph->job,
                             .pool = pool,
                             .clock = gy_clock_real(),
                             .emit = take_batch,
                             .host = &stages[s]};
        stages[s].next = s + 1 < STAGES ? &stages[s + 1] : NULL;
        stages[s].instance = gy_instance_new(graph->nodes[s], 0, 1, &env, &error);
        if (stages[s].instance == NULL || gy_instance_open(stages[s].instance) != 0 ||
            gy_frontier_init(&stages[s].frontier, stages[s].instance, s > 0 ? 1 : 0) != 0)
            return -1;
    }
    return 0;
}

/* Lets all operators see and tell what there is, until nothing is left. */
static int settle(struct stage *stages)
{
    for (uint32_t s = 0; s < STAGES; s++) {
        struct gy_told told = {.kind = GY_TOLD_LATER};
        while (told.kind != GY_TOLD_NOTHING) {
            if (gy_frontier_step(&stages[s].frontier, SLICE, &told) != 0)
                return -1;
            if (stages[s].next != NULL && told.kind == GY_TOLD_WATERMARK)
                gy_frontier_watermark(&stages[s].next->frontier, 0, told.time_us);
            if (stages[s].next != NULL && told.kind == GY_TOLD_END)
                gy_frontier_end(&stages[s].next->frontier, 0, told.flag);
        }
    }
    return 0;
}

static int read_all(struct stage *first, struct gy_splits *splits)
{
    struct gy_source source = {.instance = first->instance, .splits = splits};
    int code = gy_source_deal(&source);
    for (bool more = true; code == 0 && more;) {
        int64_t id = gy_source_wants(&source) ? gy_splits_take(splits) : -1;
        if (id >= 0)
            code = gy_source_add(&source, (uint32_t)id);
        struct gyre_poll poll = {.size = sizeof poll, .budget = 100};
        bool ended;
        more = source.active.n > 0;
        if (code == 0 && more)
            code = gy_source_poll(&source, &poll, &ended);
    }
    gy_frontier_exhaust(&first->frontier, false);
    gy_source_fini(&source);
    return code;
}

static int count(const struct gy_graph *graph, embed_put *put, void *user)
{
    struct gyre_error error = {.size = sizeof error};
    struct stage stages[STAGES] = {0};
    struct gy_splits splits = {0};
    struct gy_pool *pool = gy_pool_new();
    stages[STAGES - 1].put = put;
    stages[STAGES - 1].user = user;
    int code = pool != NULL ? open_stages(stages, graph, pool) : -1;
    if (code == 0)
        code = gy_splits_init(&splits, graph->nodes[0], 1, &error);
    if (code == 0)
        code = read_all(&stages[0], &splits);
    if (code == 0)
        code = settle(stages);
    for (uint32_t s = 0; s < STAGES; s++) {
        if (stages[s].instance != NULL && gy_instance_error(stages[s].instance)->code != 0)
            code = -1;
        gy_instance_free(stages[s].instance);
        gy_frontier_fini(&stages[s].frontier);
    }
    gy_splits_fini(&splits);
    gy_pool_free(pool);
    return code;
}

/* Counts the words that a job file's first three operators read; 0, or -1. The only symbol that is seen
 * from outside. */
__attribute__((visibility("default"))) int
embed_count(const char *job_path, const char *plugin_folder, embed_put *put, void *user);

int embed_count(const char *job_path, const char *plugin_folder, embed_put *put, void *user)
{
    struct gy_diags diags = {0};
    struct gy_job *job = gy_job_load(job_path, NULL, &diags);
    struct gy_plugins *plugins = gy_plugins_new(&plugin_folder, 1);
    struct gy_graph *graph =
        job != NULL && plugins != NULL ? gy_graph_build(job, plugins, &diags) : NULL;
    int code = graph != NULL && graph->n_nodes > STAGES ? count(graph, put, user) : -1;
    gy_graph_free(graph);
    gy_plugins_free(plugins);
    gy_job_free(job);
    gy_diags_fini(&diags);
    return code;
}
