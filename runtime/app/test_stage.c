/* See test_stage.h. */
#include "app/test_stage.h"

#include "app/test_given.h"
#include "app/test_loop.h"
#include "flow/flow.h"

#include <string.h>

#define STAGE_PLUGIN ":test"

/* ---- the job of a test ---- */

/* An operator of the stage, at the place of `like` in the job file. */
static int make_setting(struct gy_stage *stage, const struct gyre_operator *op, const char *id,
                        const char *what, const struct gy_setting *like, struct gy_op_setting *set)
{
    const struct gy_scope scope = {.arena = &stage->arena};
    const struct gy_setting *empty = gy_setting_group(&scope, "operators", like);
    *set = (struct gy_op_setting){.id = id,
                                  .op = what,
                                  .plugin = STAGE_PLUGIN,
                                  .name = op->name,
                                  .at = empty,
                                  .id_at = like,
                                  .op_at = like};
    return empty != NULL && id != NULL ? 0 : -1;
}

static int add_given(struct gy_stage *stage, uint32_t i)
{
    const struct gy_test_given *given = &stage->test->given[i];
    const struct gy_op_setting *was = &stage->job->operators[given->op];
    struct gyre_operator *op = &stage->operators[i];
    struct gy_op_setting *set = &stage->settings[stage->n_settings++];
    if (gy_test_given_make(&stage->arena, given, op) != 0)
        return -1;
    op->name = gy_arena_ctl_printf(&stage->arena, "given %s", was->id);
    if (op->name == NULL ||
        make_setting(stage, op, was->id, "the rows given by the test", was->id_at, set) != 0)
        return -1;
    set->parallelism = was->parallelism;
    set->parallelism_at = was->parallelism_at;
    return 0;
}

/* A recorder reads what the sink reads that it stands for, or what is put out. */
static int add_record(struct gy_stage *stage, uint32_t i)
{
    struct gy_test_record *record = &stage->records[i];
    const struct gy_test_stream *stream = &stage->test->expect[i];
    const struct gy_op_setting *was = &stage->job->operators[stream->op];
    struct gyre_operator *op = &stage->operators[stage->test->n_given + i];
    struct gy_op_setting *set = &stage->settings[stage->n_settings++];
    struct gy_wire *wire = gy_arena_ctl_alloc(&stage->arena, sizeof *wire);
    struct gy_ref *ref = gy_arena_ctl_alloc(&stage->arena, sizeof *ref);
    record->stream = stream;
    gy_test_record_make(record, op);
    op->name = gy_arena_ctl_printf(&stage->arena, "expect %s", stream->name);
    if (wire == NULL || ref == NULL || op->name == NULL ||
        make_setting(stage, op, gy_arena_ctl_printf(&stage->arena, "%s:expected", stream->name),
                     "the recorder of the test", stream->at, set) != 0)
        return -1;
    set->input_at = stream->at;
    set->n_wires = 1;
    set->wires = wire;
    *ref = (struct gy_ref){.id = was->id, .at = stream->at};
    *wire = (struct gy_wire){.n = 1, .refs = ref, .at = stream->at};
    if (stream->sink) {
        for (uint32_t w = 0; w < was->n_wires; w++)
            if (was->wires[w].port == NULL || strcmp(was->wires[w].port, stream->port_name) == 0)
                *wire = was->wires[w];
        wire->port = NULL;
    } else {
        ref->port = stream->port > 0 ? stream->port_name : NULL;
    }
    return 0;
}

/* The operators that stay are as they are in the job. */
static int make_settings(struct gy_stage *stage)
{
    const struct gy_test *test = stage->test;
    size_t most = (size_t)stage->job->n_operators + test->n_expect;
    stage->settings = gy_arena_ctl_calloc(&stage->arena, most, sizeof *stage->settings);
    stage->operators = gy_arena_ctl_calloc(&stage->arena, test->n_given + test->n_expect,
                                           sizeof *stage->operators);
    stage->records = gy_arena_ctl_calloc(&stage->arena, test->n_expect, sizeof *stage->records);
    if (stage->settings == NULL || stage->operators == NULL || stage->records == NULL)
        return -1;
    stage->n_records = test->n_expect;
    for (uint32_t i = 0; i < stage->job->n_operators; i++)
        if (test->needed[i])
            stage->settings[stage->n_settings++] = stage->job->operators[i];
    for (uint32_t i = 0; i < test->n_given; i++)
        if (add_given(stage, i) != 0)
            return -1;
    for (uint32_t i = 0; i < test->n_expect; i++)
        if (add_record(stage, i) != 0)
            return -1;
    return gy_test_open_loops(&stage->arena, stage->settings, stage->n_settings);
}

int gy_stage_init(struct gy_stage *stage, const struct gy_job *job, const struct gy_test *test,
                  struct gy_plugins *plugins)
{
    *stage = (struct gy_stage){.job = job, .test = test, .plugins = plugins};
    if (make_settings(stage) != 0)
        return -1;
    uint32_t n = test->n_given + test->n_expect;
    struct gyre_item *items = gy_arena_ctl_calloc(&stage->arena, n, sizeof *items);
    for (uint32_t i = 0; items != NULL && i < n; i++)
        items[i] = (struct gyre_item){.kind = GYRE_ITEM_OPERATOR, .what = &stage->operators[i]};
    stage->plugin = (struct gyre_plugin){.size = sizeof stage->plugin,
                                         .n_items = n,
                                         .name = STAGE_PLUGIN,
                                         .version = "",
                                         .items = items};
    return items != NULL ? gy_plugins_put(plugins, &stage->plugin) : -1;
}

static void forget_records(struct gy_stage *stage)
{
    for (uint32_t i = 0; i < stage->n_records; i++) {
        gy_vec_fini(&stage->records[i].rows);
        gy_arena_ctl_fini(&stage->records[i].arena);
    }
}

void gy_stage_fini(struct gy_stage *stage)
{
    forget_records(stage);
    gy_arena_ctl_fini(&stage->arena);
    *stage = (struct gy_stage){0};
}

/* ---- one run ---- */

/* With parallelism 1 every operator is one task, whatever it asks for. */
static void set_parallelism(struct gy_stage *stage, uint32_t parallelism)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < stage->job->n_operators; i++) {
        const struct gy_op_setting *was = &stage->job->operators[i];
        if (!stage->test->needed[i])
            continue;
        stage->settings[n].parallelism = parallelism > 1 ? was->parallelism : 0;
        stage->settings[n++].parallelism_at = parallelism > 1 ? was->parallelism_at : NULL;
    }
    for (uint32_t i = 0; i < stage->test->n_given; i++) {
        const struct gy_op_setting *was = &stage->job->operators[stage->test->given[i].op];
        bool asks = parallelism > 1 && !stage->test->given[i].single;
        stage->settings[n].parallelism = asks ? was->parallelism : 0;
        stage->settings[n++].parallelism_at = asks ? was->parallelism_at : NULL;
    }
}

/* Sources and recorders get what they work on. */
static void fill_configs(struct gy_stage *stage, const struct gy_graph *graph)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct gyre_operator *op = graph->nodes[i]->descriptor;
        for (uint32_t g = 0; g < stage->test->n_given; g++)
            if (op == &stage->operators[g])
                *(const void **)graph->nodes[i]->config = &stage->test->given[g];
        for (uint32_t r = 0; r < stage->n_records; r++)
            if (op == &stage->operators[stage->test->n_given + r])
                *(const void **)graph->nodes[i]->config = &stage->records[r];
    }
}

static void tell_failure(const struct gy_flow *flow, struct gy_buf *why)
{
    const struct gy_failure *f = &flow->failure;
    const char *text = f->text != NULL ? f->text : gyre_error_name(f->code);
    if (f->node == NULL) {
        gy_buf_printf(why, "the job failed: %s\n", text);
        return;
    }
    gy_buf_printf(why, "the job failed: %s\n  operator: %s (%s), task %u of %u\n", text,
                  f->node->id, f->node->op, f->task, f->node->parallelism);
    if (f->function != NULL)
        gy_buf_printf(why, "  function: %s\n", f->function);
    gy_buf_printf(why, "  plugin:   %s\n  callback: %s\n",
                  f->plugin_path != NULL ? f->plugin_path : "(none)",
                  f->callback != NULL ? f->callback : "?");
    if (f->row != NULL)
        gy_buf_printf(why, "  row:      %s\n", f->row);
}

/* Sources that wait for what only the world outside could bring. */
static void tell_stuck(const struct gy_flow *flow, struct gy_buf *why)
{
    const char *before = "the job waits for input that does not come, of ";
    for (uint32_t t = 0; t < flow->n_tasks; t++)
        for (uint32_t m = 0; m < flow->tasks[t].n_members; m++) {
            const struct gy_member *member = &flow->tasks[t].members[m];
            if (member->node->kind != GYRE_SOURCE || member->frontier.ended ||
                member->frontier.waits)
                continue;
            gy_buf_printf(why, "%s`%s`", before, member->node->id);
            before = ", ";
        }
    gy_buf_text(why, before[0] == ',' ? ": give its rows in the test\n"
                                      : "no task of the job can go on\n");
}

static int run_graph(const struct gy_graph *graph, uint32_t parallelism, struct gy_buf *why)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_clock_manual clock;
    struct gy_scheduler scheduler;
    gy_clock_manual_init(&clock, 0);
    if (parallelism == 1)
        gy_scheduler_fair(&scheduler);
    else
        gy_scheduler_seeded(&scheduler, parallelism);
    struct gy_flow_options options = {.clock = &clock.clock, .seed = 1, .alone = true};
    struct gy_physical *physical = gy_physical_new(graph, 1);
    struct gy_flow *flow = physical != NULL ? gy_flow_new(physical, &options, &error) : NULL;
    int code = flow != NULL ? gy_flow_open(flow) : -1;
    if (code == 0)
        code = gy_flow_run_alone(flow, &scheduler, &clock);
    if (flow == NULL)
        gy_buf_printf(why, "the job could not be started: %s\n",
                      physical != NULL ? error.text : "out of memory");
    else if (gy_flow_has_failed(flow))
        tell_failure(flow, why);
    else if (code != 0)
        tell_stuck(flow, why);
    gy_flow_free(flow);
    gy_physical_free(physical);
    return code == 0 ? 0 : -1;
}

/* The job of the test may be wrong where the whole one is not: in another parallelism. */
static void tell_mistakes(const struct gy_diags *diags, struct gy_buf *why)
{
    gy_buf_text(why, "the job cannot be run:\n");
    for (size_t i = 0; i < diags->list.n; i++)
        gy_buf_printf(why, "  %s:%d: %s\n", diags->files.items[diags->list.items[i].file_index],
                      diags->list.items[i].line, diags->list.items[i].text);
    if (diags->oom)
        gy_buf_text(why, "  out of memory\n");
}

static struct gy_graph *build_graph(struct gy_stage *stage, uint32_t parallelism,
                                    struct gy_diags *diags)
{
    struct gy_job job = *stage->job; /* its arena stays with the job */
    job.operators = stage->settings;
    job.n_operators = stage->n_settings;
    job.parallelism = parallelism;
    job.batch = stage->test->mode == GYRE_MODE_BATCH;
    job.snapshot_at = NULL;
    job.snapshot_dir = NULL;
    set_parallelism(stage, parallelism);
    return gy_graph_build(&job, stage->plugins, diags);
}

void gy_stage_check(struct gy_stage *stage, struct gy_diags *diags)
{
    for (uint32_t i = 0; i < stage->test->n_parallelism; i++)
        gy_graph_free(build_graph(stage, stage->test->parallelism[i], diags));
}

int gy_stage_run(struct gy_stage *stage, uint32_t parallelism, struct gy_buf *why)
{
    struct gy_diags diags = {0};
    int code = -1;
    forget_records(stage);
    struct gy_graph *graph = build_graph(stage, parallelism, &diags);
    if (graph != NULL) {
        fill_configs(stage, graph);
        code = run_graph(graph, parallelism, why);
    } else {
        tell_mistakes(&diags, why);
    }
    gy_graph_free(graph);
    gy_diags_fini(&diags);
    return code;
}
