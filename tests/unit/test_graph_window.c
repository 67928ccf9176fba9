/* The plans of windows: what of `window`, `every` and the keys beside them comes to the runtime. */
#include "support/files.h"
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/logical.h"
#include "job/config.h"

struct made {
    char *folder;
    struct gy_job *job;
    struct gy_plugins *plugins;
    struct gy_graph *graph;
    struct gy_diags diags;
};

/* A sum of prices, and what the job says of its window. */
static void make(struct made *m, const char *op, const char *window)
{
    char *fixtures = build_path("fixtures");
    const char *dirs[] = {fixtures};
    char *text = text_format("job = \"t\"; parallelism = 4;\noperators = (\n"
                             "  { id = \"trades\"; op = \"graph_ops.trades\"; },\n"
                             "  { id = \"w\"; op = \"%s\"; input = \"trades\"; %s },\n"
                             "  { id = \"out\"; op = \"graph_ops.drop\"; input = \"w\"; }\n);\n",
                             op, window);
    *m = (struct made){.folder = dir_temp()};
    char *path = path_join(m->folder, "job.cfg");
    file_write_text(path, text);
    m->job = gy_job_load(path, NULL, &m->diags);
    m->plugins = gy_plugins_new(dirs, 1);
    if (m->job != NULL && m->plugins != NULL)
        m->graph = gy_graph_build(m->job, m->plugins, &m->diags);
    gy_diags_print(&m->diags, stdout);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m->graph);
    free(path);
    free(fixtures);
    free(text);
}

#define SUM            "graph_ops.sum"
#define SUM_OF(window) "field = \"price\"; " window
#define KEYED(window)  SUM_OF("key = \"symbol\"; " window)

static void drop(struct made *m)
{
    gy_graph_free(m->graph);
    gy_plugins_free(m->plugins);
    gy_job_free(m->job);
    gy_diags_fini(&m->diags);
    dir_remove(m->folder);
    free(m->folder);
}

static const struct gy_node *node(const struct made *m, const char *id)
{
    for (uint32_t i = 0; i < m->graph->n_nodes; i++)
        if (strcmp(m->graph->nodes[i]->id, id) == 0)
            return m->graph->nodes[i];
    return NULL;
}

static const struct gy_window_plan *plan(const struct made *m)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(node(m, "w")->window);
    return node(m, "w")->window;
}

/* "symbol window_start window_end price": the fields of a port. */
static bool port_is(const struct made *m, uint32_t port, const char *wanted)
{
    const struct gy_output *out = &node(m, "w")->outputs[port];
    char text[512] = "";
    for (uint32_t i = 0; i < out->schema.n_fields; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "",
                 gyre_schema_field(&out->schema, i)->name);
    if (strcmp(text, wanted) != 0)
        printf("port %u: %s\n  not: %s\n", port, text, wanted);
    return strcmp(text, wanted) == 0;
}

/* ---- by time ---- */

static void a_window_by_time_alone_tumbles_and_has_bounds_and_a_late_port(void)
{
    struct made m;
    make(&m, SUM, KEYED("window = { time = \"5s\"; offset = \"12s\"; }; lateness = \"1s\";"));
    const struct gy_window_plan *w = plan(&m);
    CU_ASSERT(w->tumbling && w->both_time && w->accumulate && !w->processing);
    CU_ASSERT_EQUAL(w->keep.kind, GY_POLICY_TIME);
    CU_ASSERT_EQUAL(w->fire.kind, GY_POLICY_TIME);
    CU_ASSERT_EQUAL(w->keep.time_us, 5000000);
    CU_ASSERT_EQUAL(w->fire.time_us, 5000000);
    CU_ASSERT_EQUAL(w->fire.offset_us, 2000000);
    CU_ASSERT_EQUAL(w->keep.offset_us, 0);
    CU_ASSERT_EQUAL(w->per, GY_PER_KEY);
    CU_ASSERT_EQUAL(w->lateness_us, 1000000);
    CU_ASSERT_EQUAL(w->early_us, 0);
    CU_ASSERT(port_is(&m, 0, "symbol window_start window_end price"));
    CU_ASSERT_EQUAL(w->start_own, 1);
    CU_ASSERT_EQUAL(w->end_own, 2);
    CU_ASSERT_EQUAL(node(&m, "w")->hosted[0].first_own, 3);
    CU_ASSERT_EQUAL(w->late_port, 1);
    CU_ASSERT_EQUAL(node(&m, "w")->outputs[1].flags, GYRE_PORT_ALIGNED | GYRE_PORT_FILTERS);
    CU_ASSERT_EQUAL(node(&m, "w")->outputs[1].n_own, 0);
    CU_ASSERT(port_is(&m, 1, "symbol price volume venue"));
    CU_ASSERT_EQUAL(node(&m, "w")->parallelism, 4);
    CU_ASSERT(node(&m, "trades")->outputs[0].needs_time);
    drop(&m);
}

static void sliding_windows_have_a_size_and_a_period(void)
{
    struct made m;
    make(&m, SUM,
         KEYED("window = { time = \"10s\"; offset = \"7s\"; }; every = { time = \"3s\"; };"
               "early = \"1s\"; accumulate = false;"));
    const struct gy_window_plan *w = plan(&m);
    CU_ASSERT(!w->tumbling && w->both_time && !w->accumulate);
    CU_ASSERT_EQUAL(w->keep.time_us, 10000000);
    CU_ASSERT_EQUAL(w->fire.time_us, 3000000);
    CU_ASSERT_EQUAL(w->fire.offset_us, 1000000);
    CU_ASSERT_EQUAL(w->early_us, 1000000);
    drop(&m);
}

static void the_clock_of_the_wall_needs_no_times_of_rows(void)
{
    struct made m;
    make(&m, SUM, KEYED("window = { time = \"5s\"; }; clock = \"processing\";"));
    CU_ASSERT(plan(&m)->processing);
    CU_ASSERT_EQUAL(plan(&m)->late_port, 1);
    CU_ASSERT_FALSE(node(&m, "trades")->outputs[0].needs_time);
    drop(&m);
}

static void a_session_fires_by_itself(void)
{
    struct made m;
    make(&m, SUM, KEYED("window = { session = \"30s\"; };"));
    const struct gy_window_plan *w = plan(&m);
    CU_ASSERT(!w->tumbling && !w->both_time);
    CU_ASSERT_EQUAL(w->keep.kind, GY_POLICY_SESSION);
    CU_ASSERT_EQUAL(w->keep.time_us, 30000000);
    CU_ASSERT_EQUAL(w->fire.kind, GY_POLICY_NONE);
    CU_ASSERT(port_is(&m, 0, "symbol window_start window_end price"));
    CU_ASSERT_EQUAL(w->late_port, 1);
    drop(&m);
}

/* ---- in arrival order ---- */

static void windows_in_arrival_order_have_neither_bounds_nor_a_late_port(void)
{
    static const char *const windows[] = {
        "window = { count = 20; };",
        "window = { count = 100; }; every = { time = \"1m\"; offset = \"70s\"; };",
        "window = { time = \"1m\"; }; every = { count = 10; };",
        "window = { delta = 5; field = \"venue\"; from = 1000.5; };",
        "window = { all = true; }; every = { count = 10; }; accumulate = false;",
    };
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        struct made m;
        char *window = text_format("field = \"price\"; key = \"symbol\"; %s", windows[i]);
        make(&m, SUM, window);
        CU_ASSERT(port_is(&m, 0, "symbol price"));
        CU_ASSERT_EQUAL(node(&m, "w")->n_outputs, 1);
        CU_ASSERT_EQUAL(plan(&m)->start_own, -1);
        CU_ASSERT_EQUAL(plan(&m)->end_own, -1);
        CU_ASSERT_EQUAL(plan(&m)->late_port, -1);
        CU_ASSERT_FALSE(plan(&m)->both_time);
        CU_ASSERT_EQUAL(plan(&m)->tumbling, strstr(windows[i], "every") == NULL);
        drop(&m);
        free(window);
    }
}

static void policies_of_two_kinds_stay_apart(void)
{
    struct made m;
    make(&m, SUM,
         KEYED("window = { count = 100; }; every = { time = \"1m\"; offset = \"70s\"; };"));
    CU_ASSERT_EQUAL(plan(&m)->keep.count, 100);
    CU_ASSERT_EQUAL(plan(&m)->keep.time_us, 0);
    CU_ASSERT_EQUAL(plan(&m)->fire.count, 0);
    CU_ASSERT_EQUAL(plan(&m)->fire.time_us, 60000000);
    CU_ASSERT_EQUAL(plan(&m)->fire.offset_us, 10000000);
    drop(&m);
}

static void a_delta_reads_its_field(void)
{
    struct made m;
    make(&m, SUM, KEYED("window = { delta = 5; field = \"venue\"; from = 1000.5; };"));
    const struct gy_policy_plan *fire = &plan(&m)->fire;
    const struct gy_input *in = &node(&m, "w")->inputs[0];
    CU_ASSERT_EQUAL(fire->kind, GY_POLICY_DELTA);
    CU_ASSERT_EQUAL(fire->delta, 5.0);
    CU_ASSERT(fire->has_from);
    CU_ASSERT_EQUAL(fire->from, 1000.5);
    CU_ASSERT_PTR_NULL(fire->function);
    CU_ASSERT_FATAL(fire->field < in->n_reads);
    CU_ASSERT_STRING_EQUAL(gyre_schema_field(&in->schema, in->reads[fire->field])->name, "venue");
    CU_ASSERT_EQUAL(plan(&m)->keep.field, fire->field);
    CU_ASSERT(node(&m, "trades")->outputs[0].needed[3]); /* the venue */
    drop(&m);
}

/* ---- functions ---- */

static void a_distance_begins_at_a_row_of_what_it_reads(void)
{
    struct made m;
    make(&m, SUM,
         KEYED("window = { delta = 0.05; fn = \"window_fns.apart\"; scale = 2;\n"
               "from = { venue = 7; price = 10; symbol = \"a symbol that is long\"; }; };"));
    const struct gy_policy_plan *fire = &plan(&m)->fire;
    CU_ASSERT_PTR_NOT_NULL_FATAL(fire->function);
    CU_ASSERT_STRING_EQUAL(fire->function->op, "window_fns.apart");
    CU_ASSERT_EQUAL(*(const double *)fire->function->config, 2.0);
    CU_ASSERT_EQUAL_FATAL(fire->function->n_reads, 3);
    CU_ASSERT_EQUAL(fire->function->n_results, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fire->from_row);
    const struct gyre_str *symbol = fire->from_row[1];
    CU_ASSERT_EQUAL(*(const double *)fire->from_row[0], 10.0);
    CU_ASSERT_EQUAL(symbol->len, 21);
    CU_ASSERT_EQUAL(*(const int32_t *)fire->from_row[2], 7);
    drop(&m);
    make(&m, SUM, KEYED("window = { delta = 0.05; fn = \"window_fns.relative\"; from = 1000; };"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan(&m)->keep.from_row);
    CU_ASSERT_EQUAL(*(const double *)plan(&m)->keep.from_row[0], 1000.0);
    drop(&m);
}

static void functions_of_plugins_evict_and_fire(void)
{
    struct made m;
    make(&m, SUM,
         KEYED("window = { fn = \"window_fns.last\"; count = 3; field = \"venue\"; };\n"
               "every = { fn = \"window_fns.jump\"; };"));
    const struct gy_window_plan *w = plan(&m);
    CU_ASSERT_EQUAL(w->keep.kind, GY_POLICY_FUNCTION);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w->keep.function);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w->fire.function);
    CU_ASSERT_EQUAL(*(const int64_t *)w->keep.function->config, 3);
    CU_ASSERT_EQUAL(w->keep.function->n_reads, 1);
    CU_ASSERT_PTR_NULL(w->keep.function->accumulator);
    CU_ASSERT_STRING_EQUAL(w->fire.function->accumulator->name, "seen");
    CU_ASSERT_EQUAL(w->fire.function->reads[0], 0); /* the price, which the sum reads as well */
    CU_ASSERT(node(&m, "trades")->outputs[0].needs_time); /* it may look at times */
    drop(&m);
    make(&m, SUM, KEYED("window = { fn = \"window_fns.jump\"; };"));
    CU_ASSERT(plan(&m)->tumbling);
    CU_ASSERT_PTR_EQUAL(plan(&m)->keep.function, plan(&m)->fire.function);
    drop(&m);
}

static void a_window_function_puts_out_its_results_behind_the_bounds(void)
{
    struct made m;
    make(&m, "window_fns.rows", "key = \"symbol\"; window = { time = \"5s\"; };");
    CU_ASSERT(port_is(&m, 0, "symbol window_start window_end rows"));
    CU_ASSERT_PTR_NULL(node(&m, "w")->hosted[0].aggregate);
    drop(&m);
}

/* ---- per, tasks, times ---- */

static void tasks_are_as_many_as_the_windows_can_be_dealt_out_to(void)
{
    static const struct {
        const char *window;
        enum gy_per per;
        uint32_t parallelism;
    } rows[] = {
        {KEYED("window = { count = 5; };"), GY_PER_KEY, 4},
        {KEYED("window = { count = 5; }; per = \"stream\";"), GY_PER_STREAM, 1},
        {KEYED("window = { count = 5; }; per = \"task\";"), GY_PER_TASK, 4},
        {KEYED("window = { session = \"5s\"; }; per = \"stream\";"), GY_PER_STREAM, 1},
        {KEYED("window = { time = \"5s\"; }; per = \"stream\";"), GY_PER_KEY, 4},
        {KEYED("window = { time = \"5s\"; }; per = \"task\";"), GY_PER_KEY, 4},
        {SUM_OF("window = { time = \"5s\"; };"), GY_PER_STREAM, 1},
        {SUM_OF("window = { count = 5; };"), GY_PER_STREAM, 1},
        {SUM_OF("window = { count = 5; }; per = \"task\";"), GY_PER_TASK, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made m;
        make(&m, SUM, rows[i].window);
        CU_ASSERT_EQUAL(plan(&m)->per, rows[i].per);
        CU_ASSERT_EQUAL(node(&m, "w")->parallelism, rows[i].parallelism);
        drop(&m);
    }
}

static void a_window_in_arrival_order_reads_times_only_for_those_behind_it(void)
{
    struct made m;
    make(&m, SUM, KEYED("window = { count = 5; };"));
    CU_ASSERT_FALSE(node(&m, "trades")->outputs[0].needs_time);
    drop(&m);
    make(&m, SUM, KEYED("window = { time = \"5s\"; }; every = { count = 5; };"));
    CU_ASSERT(node(&m, "trades")->outputs[0].needs_time);
    drop(&m);
}

static void rolling_and_other_operators_have_no_window(void)
{
    struct made m;
    make(&m, SUM, KEYED(""));
    CU_ASSERT_EQUAL(node(&m, "w")->aggregation, GY_AGG_ROLLING);
    CU_ASSERT_PTR_NULL(node(&m, "w")->window);
    CU_ASSERT_PTR_NULL(node(&m, "trades")->window);
    drop(&m);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_window_by_time_alone_tumbles_and_has_bounds_and_a_late_port),
    SUITE_TEST(sliding_windows_have_a_size_and_a_period),
    SUITE_TEST(the_clock_of_the_wall_needs_no_times_of_rows),
    SUITE_TEST(a_session_fires_by_itself),
    SUITE_TEST(windows_in_arrival_order_have_neither_bounds_nor_a_late_port),
    SUITE_TEST(policies_of_two_kinds_stay_apart),
    SUITE_TEST(a_delta_reads_its_field),
    SUITE_TEST(a_distance_begins_at_a_row_of_what_it_reads),
    SUITE_TEST(functions_of_plugins_evict_and_fire),
    SUITE_TEST(a_window_function_puts_out_its_results_behind_the_bounds),
    SUITE_TEST(tasks_are_as_many_as_the_windows_can_be_dealt_out_to),
    SUITE_TEST(a_window_in_arrival_order_reads_times_only_for_those_behind_it),
    SUITE_TEST(rolling_and_other_operators_have_no_window),
};
SUITE_MAIN("graph_window", tests)
