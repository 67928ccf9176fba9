/* The logical graph of good jobs: schemas, origins, what is needed, hashes, chains, no memory. */
#include "support/files.h"
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/config.h"
#include "plan/physical.h"

struct made {
    char *folder;
    struct gy_job *job;
    struct gy_plugins *plugins;
    struct gy_graph *graph;
    struct gy_diags diags;
};

static void make(struct made *m, const char *text, const struct gy_overrides *overrides)
{
    char *fixtures = build_path("fixtures");
    const char *dirs[] = {fixtures};
    *m = (struct made){.folder = dir_temp()};
    char *path = path_join(m->folder, "job.cfg");
    file_write_text(path, text);
    m->job = gy_job_load(path, overrides, &m->diags);
    m->plugins = gy_plugins_new(dirs, 1);
    if (m->job != NULL && m->plugins != NULL)
        m->graph = gy_graph_build(m->job, m->plugins, &m->diags);
    free(path);
    free(fixtures);
}

static void drop(struct made *m)
{
    gy_graph_free(m->graph);
    gy_plugins_free(m->plugins);
    gy_job_free(m->job);
    gy_diags_fini(&m->diags);
    dir_remove(m->folder);
    free(m->folder);
}

static void make_good(struct made *m, const char *operators)
{
    char *text = text_format("job = \"t\"; parallelism = 2;\noperators = (\n"
                             "  { id = \"trades\"; op = \"plan_ops.trades\"; },\n%s\n);\n",
                             operators);
    make(m, text, NULL);
    gy_diags_print(&m->diags, stdout);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m->graph);
    free(text);
}

static const struct gy_node *node(const struct made *m, const char *id)
{
    for (uint32_t i = 0; i < m->graph->n_nodes; i++)
        if (strcmp(m->graph->nodes[i]->id, id) == 0)
            return m->graph->nodes[i];
    return NULL;
}

/* The edge into `id` from `from`. */
static const struct gy_edge *edge(const struct made *m, const char *from, const char *id)
{
    for (uint32_t i = 0; i < m->graph->n_edges; i++)
        if (m->graph->edges[i].to == node(m, id)->index &&
            m->graph->edges[i].from == node(m, from)->index)
            return &m->graph->edges[i];
    return NULL;
}

/* "symbol<0 price>0 ...": each field with its origin, < the input's, > its own; * if needed. */
static bool output_is(const struct made *m, const char *id, uint32_t port, const char *wanted)
{
    const struct gy_output *out = &node(m, id)->outputs[port];
    char text[512] = "";
    for (uint32_t i = 0; i < out->schema.n_fields; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s%c%d%s", i > 0 ? " " : "",
                 gyre_schema_field(&out->schema, i)->name, out->origins[i].own >= 0 ? '>' : '<',
                 out->origins[i].own >= 0 ? out->origins[i].own : out->origins[i].input,
                 out->needed[i] ? "*" : "");
    if (strcmp(text, wanted) != 0)
        printf("%s: %s\n  not: %s\n", id, text, wanted);
    return strcmp(text, wanted) == 0;
}

/* ---- fields ---- */

static void own_columns_replace_in_place_and_append(void)
{
    struct made m;
    make_good(&m, "{ id = \"l\"; op = \"plan_ops.level\"; input = \"trades\"; },\n"
                  "{ id = \"o\"; op = \"plan_ops.write\"; input = \"l\"; path = \"x\"; }");
    CU_ASSERT(output_is(&m, "l", 0, "symbol<0* price>0* volume<2* venue<3* level>1*"));
    CU_ASSERT_EQUAL(node(&m, "l")->outputs[0].n_own, 2);
    CU_ASSERT_EQUAL(node(&m, "l")->inputs[0].n_reads, 1);
    CU_ASSERT_EQUAL(node(&m, "l")->inputs[0].reads[0], 1);
    CU_ASSERT_EQUAL(node(&m, "o")->inputs[0].n_reads, 5);
    drop(&m);
}

static void a_field_is_needed_where_a_consumer_reads_passes_or_hashes_it(void)
{
    struct made m;
    make_good(&m, "{ id = \"l\"; op = \"plan_ops.level\"; input = \"trades\"; },\n"
                  "{ id = \"p\"; op = \"plan_ops.select\"; input = \"l\"; as = \"s\";\n"
                  "  fields = [ \"symbol\", \"venue\", \"level\" ]; },\n"
                  "{ id = \"c\"; op = \"plan_ops.sum\"; input = \"p\"; key = \"s\";\n"
                  "  field = \"level\"; },\n"
                  "{ id = \"d\"; op = \"plan_ops.drop\"; input = \"c\"; }");
    CU_ASSERT(output_is(&m, "trades", 0, "symbol>0* price>1* volume>2 venue>3"));
    CU_ASSERT(output_is(&m, "l", 0, "symbol<0* price>0 volume<2 venue<3 level>1*"));
    CU_ASSERT(output_is(&m, "p", 0, "s<0* venue<3 level<4*"));
    CU_ASSERT(output_is(&m, "c", 0, "s<0 level>0"));
    drop(&m);
}

static void a_row_that_may_go_to_the_errors_port_needs_all_its_fields(void)
{
    struct made m;
    make_good(&m, "{ id = \"l\"; op = \"plan_ops.level\"; input = \"trades\";\n"
                  "  on_error = \"port\"; },\n"
                  "{ id = \"d\"; op = \"plan_ops.drop\"; input = \"l.errors\"; }");
    CU_ASSERT(output_is(&m, "trades", 0, "symbol>0* price>1* volume>2* venue>3*"));
    CU_ASSERT_EQUAL(node(&m, "l")->errors_port, 1);
    CU_ASSERT(output_is(&m, "l", 1, "error>0 row>1"));
    drop(&m);
}

static void an_exact_key_is_needed_by_its_exchange_and_by_final_results(void)
{
    struct made m;
    make_good(&m, "{ id = \"f\"; op = \"plan_ops.first\"; input = \"trades\"; key = \"venue\"; },\n"
                  "{ id = \"g\"; op = \"plan_ops.first\"; input = \"f\"; key = \"venue\"; },\n"
                  "{ id = \"d\"; op = \"plan_ops.drop\"; input = \"g\"; }");
    CU_ASSERT(output_is(&m, "trades", 0, "symbol>0 price>1 volume>2 venue>3*"));
    /* g's edge became a forward one, and the hash of an i32 says which key it is. */
    CU_ASSERT_EQUAL(edge(&m, "f", "g")->partition, GY_FORWARD);
    CU_ASSERT(output_is(&m, "f", 0, "symbol<0 price<1 volume<2 venue<3"));
    CU_ASSERT_EQUAL(node(&m, "g")->n_states, 1);
    drop(&m);
}

static void rolling_results_are_aligned_and_final_ones_are_all_own(void)
{
    static const char operators[] =
        "{ id = \"c\"; op = \"plan_ops.sum\"; input = \"trades\"; field = \"price\";\n"
        "  key = [ \"venue\", \"symbol\" ]; as = \"total\"; },\n"
        "{ id = \"o\"; op = \"plan_ops.write\"; input = \"c\"; path = \"x\"; }";
    struct made m;
    make_good(&m, operators);
    const struct gy_node *c = node(&m, "c");
    CU_ASSERT(output_is(&m, "c", 0, "venue<3* symbol<0* total>0*"));
    CU_ASSERT_EQUAL(c->aggregation, GY_AGG_ROLLING);
    CU_ASSERT_EQUAL(c->outputs[0].flags, GYRE_PORT_ALIGNED);
    CU_ASSERT_EQUAL(c->hosted[0].first_own, 0);
    drop(&m);
    char *text = text_format("job = \"t\"; mode = \"batch\";\noperators = (\n"
                             "{ id = \"trades\"; op = \"plan_ops.trades\"; },\n%s\n);\n",
                             operators);
    make(&m, text, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m.graph);
    c = node(&m, "c");
    CU_ASSERT(output_is(&m, "c", 0, "venue>0* symbol>1* total>2*"));
    CU_ASSERT_EQUAL(c->aggregation, GY_AGG_FINAL);
    CU_ASSERT_EQUAL(c->outputs[0].flags, 0);
    CU_ASSERT_EQUAL(c->hosted[0].first_own, 2);
    CU_ASSERT_EQUAL(c->hosted[0].n_results, 1);
    CU_ASSERT_EQUAL(c->hosted[0].n_reads, 1);
    CU_ASSERT_PTR_NOT_NULL(c->hosted[0].accumulator);
    CU_ASSERT_FALSE(c->outputs[0].keeps_hash);
    drop(&m);
    free(text);
}

static void times_are_needed_only_behind_what_reads_them(void)
{
    struct made m;
    make_good(&m, "{ id = \"a\"; op = \"plan_ops.level\"; input = \"trades\"; },\n"
                  "{ id = \"r\"; op = \"plan_ops.recent\"; input = \"a\"; },\n"
                  "{ id = \"d\"; op = \"plan_ops.drop\"; input = \"r\"; }");
    CU_ASSERT(node(&m, "trades")->outputs[0].needs_time);
    CU_ASSERT(node(&m, "a")->outputs[0].needs_time);
    CU_ASSERT_FALSE(node(&m, "r")->outputs[0].needs_time);
    drop(&m);
}

/* ---- hashes ---- */

static void a_hash_is_kept_until_a_field_of_its_key_is_written(void)
{
    struct made m;
    make_good(
        &m,
        "{ id = \"f\"; op = \"plan_ops.first\"; input = \"trades\";\n"
        "  key = [ \"price\", \"symbol\" ]; },\n"
        "{ id = \"s\"; op = \"plan_ops.select\"; input = \"f\"; as = \"p\";\n"
        "  fields = [ \"price\", \"venue\", \"symbol\" ]; },\n"
        "{ id = \"g\"; op = \"plan_ops.first\"; input = \"s\"; key = [ \"p\", \"symbol\" ]; },\n"
        "{ id = \"h\"; op = \"plan_ops.first\"; input = \"s\"; key = [ \"symbol\", \"p\" ]; },\n"
        "{ id = \"l\"; op = \"plan_ops.level\"; input = \"f\"; },\n"
        "{ id = \"n\"; op = \"plan_ops.first\"; input = \"s\"; key = [ \"p\", \"symbol\" ];\n"
        "  parallelism = 3; }");
    CU_ASSERT(node(&m, "f")->outputs[0].keeps_hash);
    CU_ASSERT(node(&m, "s")->outputs[0].keeps_hash);
    CU_ASSERT_FALSE(node(&m, "l")->outputs[0].keeps_hash);
    CU_ASSERT_FALSE(node(&m, "trades")->outputs[0].keeps_hash);
    CU_ASSERT_EQUAL(edge(&m, "trades", "f")->partition, GY_KEY);
    CU_ASSERT_EQUAL(edge(&m, "s", "g")->partition, GY_FORWARD); /* the same fields, renamed */
    CU_ASSERT_EQUAL(edge(&m, "s", "h")->partition, GY_KEY);     /* in another order */
    CU_ASSERT_EQUAL(edge(&m, "s", "n")->partition, GY_KEY);     /* other tasks */
    drop(&m);
}

static void a_hash_does_not_survive_a_union_with_rows_that_have_none(void)
{
    struct made m;
    make_good(
        &m, "{ id = \"f\"; op = \"plan_ops.first\"; input = \"trades\"; key = \"symbol\"; },\n"
            "{ id = \"u\"; op = \"plan_ops.recent\"; input = [ \"f\", \"trades\" ]; },\n"
            "{ id = \"g\"; op = \"plan_ops.first\"; input = \"u\"; key = \"symbol\"; },\n"
            "{ id = \"b\"; op = \"plan_ops.recent\"; input = \"f\"; partition = \"rebalance\"; },\n"
            "{ id = \"h\"; op = \"plan_ops.first\"; input = \"b\"; key = \"symbol\"; }");
    CU_ASSERT_FALSE(node(&m, "u")->outputs[0].keeps_hash);
    CU_ASSERT_EQUAL(edge(&m, "u", "g")->partition, GY_KEY);
    CU_ASSERT_FALSE(node(&m, "b")->outputs[0].keeps_hash);
    CU_ASSERT_EQUAL(edge(&m, "b", "h")->partition, GY_KEY);
    drop(&m);
}

/* ---- options ---- */

/* As in tests/fixtures/plan_ops.c. */
struct table_column {
    const char *name;
    int64_t width;
};
struct table_config {
    struct gyre_schema schema;
    int32_t format;
    int32_t header;
    int64_t skip;
    int64_t row_max;
    int64_t idle;
    struct gyre_groups columns;
    struct gyre_strs tags;
    const char *fn;
};

static void options_of_every_type_land_in_the_config(void)
{
    struct made m;
    make_good(&m, "{ id = \"t\"; op = \"plan_ops.table\"; format = \"json\"; header = true;\n"
                  "  schema = ( { name = \"a\"; type = \"i64\"; nullable = true; },\n"
                  "             { name = \"b\"; type = \"bytes\"; } );\n"
                  "  skip = 7; row_max = \"1.5KiB\"; idle = \"250ms\"; fn = \"plan_ops.cell\";\n"
                  "  columns = ( { name = \"x\"; width = 3; }, { name = \"y\"; } );\n"
                  "  tags = [ \"p\", \"q\", \"r\" ]; },\n"
                  "{ id = \"l\"; op = \"plan_ops.lines\"; path = \"a/b\"; rate = 5; },\n"
                  "{ id = \"k\"; op = \"plan_ops.lines\"; path = \"-\"; rate = 0.5; },\n"
                  "{ id = \"j\"; op = \"plan_ops.lines\"; path = \"${NO_SUCH:-/x}\"; }");
    const struct table_config *c = node(&m, "t")->config;
    const struct table_column *columns = c->columns.items;
    CU_ASSERT_EQUAL(c->schema.n_fields, 2);
    CU_ASSERT_EQUAL(c->schema.fields[0].flags, GYRE_NULLABLE);
    CU_ASSERT_EQUAL(c->schema.fields[1].type, GYRE_TYPE_bytes);
    CU_ASSERT_EQUAL(c->format, 1);
    CU_ASSERT_EQUAL(c->header, 1);
    CU_ASSERT_EQUAL(c->skip, 7);
    CU_ASSERT_EQUAL(c->row_max, 1536);
    CU_ASSERT_EQUAL(c->idle, 250000);
    CU_ASSERT_EQUAL(c->columns.n, 2);
    CU_ASSERT_EQUAL(columns[0].width, 3);
    CU_ASSERT_EQUAL(columns[1].width, 8); /* the default */
    CU_ASSERT_STRING_EQUAL(columns[1].name, "y");
    CU_ASSERT_EQUAL(c->tags.n, 3);
    CU_ASSERT_STRING_EQUAL(c->tags.items[2], "r");
    CU_ASSERT_STRING_EQUAL(c->fn, "plan_ops.cell");
    char *path = path_join(m.folder, "a/b");
    CU_ASSERT_STRING_EQUAL(*(const char *const *)node(&m, "l")->config, path);
    CU_ASSERT_STRING_EQUAL(*(const char *const *)node(&m, "k")->config, "-");
    CU_ASSERT_STRING_EQUAL(*(const char *const *)node(&m, "j")->config, "/x");
    free(path);
    drop(&m);
}

static void a_path_of_the_command_line_is_relative_to_the_working_directory(void)
{
    static const char *const sets[] = {"l.path=a/b", "l.rate=3"};
    const struct gy_overrides overrides = {2, sets, "5"};
    struct made m;
    make(&m,
         "job = \"t\";\noperators = ( { id = \"l\"; op = \"plan_ops.lines\"; path = \"x\"; } );\n",
         &overrides);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m.graph);
    CU_ASSERT_STRING_EQUAL(*(const char *const *)node(&m, "l")->config, "a/b");
    CU_ASSERT_EQUAL(node(&m, "l")->parallelism, 5);
    drop(&m);
}

/* ---- ports and cycles ---- */

static void optional_ports_may_be_left_open_and_others_are_found_by_name(void)
{
    struct made m;
    make_good(&m, "{ id = \"p\"; op = \"plan_ops.pair\";\n"
                  "  input = { right = [ \"trades\" ]; left = \"trades\"; };\n"
                  "  key = { left = \"symbol\"; right = \"symbol\"; }; }");
    const struct gy_node *p = node(&m, "p");
    CU_ASSERT(p->inputs[0].connected);
    CU_ASSERT(p->inputs[1].connected);
    CU_ASSERT_FALSE(p->inputs[2].connected);
    CU_ASSERT_EQUAL(p->inputs[0].n_reads, 4);
    CU_ASSERT_EQUAL(p->inputs[1].n_reads, 1);
    CU_ASSERT_EQUAL(p->key.n, 1);
    CU_ASSERT_EQUAL(p->key.types[0], GYRE_TYPE_str);
    drop(&m);
}

static void a_feedback_edge_closes_a_cycle_and_is_out_of_the_order(void)
{
    struct made m;
    make_good(&m,
              "{ id = \"out\"; op = \"plan_ops.drop\"; input = \"b\"; },\n"
              "{ id = \"b\"; op = \"plan_ops.recent\"; input = \"a\"; },\n"
              "{ id = \"a\"; op = \"plan_ops.recent\"; input = \"trades\"; feedback = \"b\"; }");
    CU_ASSERT(edge(&m, "b", "a")->feedback);
    CU_ASSERT_FALSE(edge(&m, "trades", "a")->feedback);
    CU_ASSERT(node(&m, "a")->index < node(&m, "b")->index);
    CU_ASSERT(node(&m, "b")->index < node(&m, "out")->index);
    CU_ASSERT(node(&m, "b")->outputs[0].needs_time); /* a reads times, also of what comes back */
    struct gy_physical *plan = gy_physical_new(m.graph, 4);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(plan->n_chains, 1);
    CU_ASSERT_EQUAL(plan->chains[0].n_nodes, 4);
    CU_ASSERT_EQUAL(plan->n_workers, 2);
    gy_physical_free(plan);
    drop(&m);
}

/* ---- no memory ---- */

static void every_failed_allocation_is_told_and_leaks_nothing(void)
{
    static const char operators[] =
        "job = \"t\";\noperators = (\n"
        "  { id = \"trades\"; op = \"plan_ops.trades\"; },\n"
        "  { id = \"by\"; op = \"plan_ops.split\"; field = \"symbol\"; ports = [ \"a\", \"b\" ];\n"
        "    input = \"trades\"; on_error = \"port\"; },\n"
        "  { id = \"s\"; op = \"plan_ops.sum\"; input = [ \"by.a\", \"by.b\" ]; key = \"symbol\";\n"
        "    field = \"price\"; },\n"
        "  { id = \"t\"; op = \"plan_ops.table\";\n"
        "    schema = ( { name = \"a\"; type = \"i64\"; } ); wrong = 1; },\n"
        "  { id = \"out\"; op = \"plan_ops.write\"; input = \"s\"; path = \"${NO_SUCH:-x}\"; "
        "}\n);\n";
    char *folder = dir_temp(), *path = path_join(folder, "job.cfg");
    char *fixtures = build_path("fixtures");
    const char *dirs[] = {fixtures};
    file_write_text(path, operators);
    bool hit = true;
    int rounds = 0;
    gy_mem_track(true);
    for (uint64_t k = 1; hit && k < 10000; k++, rounds++) {
        struct gy_diags diags = {0};
        struct gy_graph *graph = NULL;
        struct gy_plugins *plugins = NULL;
        gy_mem_fail_after(k);
        struct gy_job *job = gy_job_load(path, NULL, &diags);
        if (job != NULL)
            plugins = gy_plugins_new(dirs, 1);
        if (plugins != NULL)
            graph = gy_graph_build(job, plugins, &diags);
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT_PTR_NULL(graph);
        CU_ASSERT(gy_diags_count(&diags) > 0 || (job != NULL && plugins == NULL));
        gy_graph_free(graph);
        gy_plugins_free(plugins);
        gy_job_free(job);
        gy_diags_fini(&diags);
        CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    }
    gy_mem_track(false);
    CU_ASSERT_FALSE(hit);
    CU_ASSERT(rounds > 10);
    dir_remove(folder);
    free(folder);
    free(path);
    free(fixtures);
}

static const struct suite_test tests[] = {
    SUITE_TEST(own_columns_replace_in_place_and_append),
    SUITE_TEST(a_field_is_needed_where_a_consumer_reads_passes_or_hashes_it),
    SUITE_TEST(a_row_that_may_go_to_the_errors_port_needs_all_its_fields),
    SUITE_TEST(an_exact_key_is_needed_by_its_exchange_and_by_final_results),
    SUITE_TEST(rolling_results_are_aligned_and_final_ones_are_all_own),
    SUITE_TEST(times_are_needed_only_behind_what_reads_them),
    SUITE_TEST(a_hash_is_kept_until_a_field_of_its_key_is_written),
    SUITE_TEST(a_hash_does_not_survive_a_union_with_rows_that_have_none),
    SUITE_TEST(options_of_every_type_land_in_the_config),
    SUITE_TEST(a_path_of_the_command_line_is_relative_to_the_working_directory),
    SUITE_TEST(optional_ports_may_be_left_open_and_others_are_found_by_name),
    SUITE_TEST(a_feedback_edge_closes_a_cycle_and_is_out_of_the_order),
    SUITE_TEST(every_failed_allocation_is_told_and_leaks_nothing),
};
SUITE_MAIN("plan_graph", tests)
