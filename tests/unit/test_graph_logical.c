/* The logical graph of good jobs: schemas, origins, what is needed, hashes, chains, no memory. */
#include "support/files.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/config.h"
#include "graph/physical.h"

struct made {
    char *folder;
    struct gy_job *job;
    struct gy_plugins *plugins;
    struct gy_graph *graph;
    struct gy_diags diags;
};

static void make(struct made *m, const char *text, const struct gy_overrides *overrides)
{
    char *fixtures = build_path("fixtures"), *plugins = build_path("plugins");
    const char *dirs[] = {fixtures, plugins};
    *m = (struct made){.folder = dir_temp()};
    char *path = path_join(m->folder, "job.cfg");
    file_write_text(path, text);
    m->job = gy_job_load(path, overrides, &m->diags);
    m->plugins = gy_plugins_new(dirs, 2);
    if (m->job != NULL && m->plugins != NULL)
        m->graph = gy_graph_build(m->job, m->plugins, &m->diags);
    free(path);
    free(fixtures);
    free(plugins);
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
                             "  { id = \"trades\"; op = \"graph_ops.trades\"; },\n%s\n);\n",
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
    make_good(&m, "{ id = \"l\"; op = \"graph_ops.level\"; input = \"trades\"; },\n"
                  "{ id = \"o\"; op = \"graph_ops.write\"; input = \"l\"; path = \"x\"; }");
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
    make_good(&m, "{ id = \"l\"; op = \"graph_ops.level\"; input = \"trades\"; },\n"
                  "{ id = \"p\"; op = \"graph_ops.select\"; input = \"l\"; as = \"s\";\n"
                  "  fields = [ \"symbol\", \"venue\", \"level\" ]; },\n"
                  "{ id = \"c\"; op = \"graph_ops.sum\"; input = \"p\"; key = \"s\";\n"
                  "  field = \"level\"; },\n"
                  "{ id = \"d\"; op = \"graph_ops.drop\"; input = \"c\"; }");
    CU_ASSERT(output_is(&m, "trades", 0, "symbol>0* price>1* volume>2 venue>3"));
    CU_ASSERT(output_is(&m, "l", 0, "symbol<0* price>0 volume<2 venue<3 level>1*"));
    CU_ASSERT(output_is(&m, "p", 0, "s<0* venue<3 level<4*"));
    CU_ASSERT(output_is(&m, "c", 0, "s<0 level>0"));
    drop(&m);
}

static void a_row_that_may_go_to_the_errors_port_needs_all_its_fields(void)
{
    struct made m;
    make_good(&m, "{ id = \"l\"; op = \"graph_ops.level\"; input = \"trades\";\n"
                  "  on_error = \"port\"; },\n"
                  "{ id = \"d\"; op = \"graph_ops.drop\"; input = \"l.errors\"; }");
    CU_ASSERT(output_is(&m, "trades", 0, "symbol>0* price>1* volume>2* venue>3*"));
    CU_ASSERT_EQUAL(node(&m, "l")->errors_port, 1);
    CU_ASSERT(output_is(&m, "l", 1, "error>0 row>1"));
    drop(&m);
}

static void an_exact_key_is_needed_by_its_exchange_and_by_final_results(void)
{
    struct made m;
    make_good(&m,
              "{ id = \"f\"; op = \"graph_ops.first\"; input = \"trades\"; key = \"venue\"; },\n"
              "{ id = \"g\"; op = \"graph_ops.first\"; input = \"f\"; key = \"venue\"; },\n"
              "{ id = \"d\"; op = \"graph_ops.drop\"; input = \"g\"; }");
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
        "{ id = \"c\"; op = \"graph_ops.sum\"; input = \"trades\"; field = \"price\";\n"
        "  key = [ \"venue\", \"symbol\" ]; as = \"total\"; },\n"
        "{ id = \"o\"; op = \"graph_ops.write\"; input = \"c\"; path = \"x\"; }";
    struct made m;
    make_good(&m, operators);
    const struct gy_node *c = node(&m, "c");
    CU_ASSERT(output_is(&m, "c", 0, "venue<3* symbol<0* total>0*"));
    CU_ASSERT_EQUAL(c->aggregation, GY_AGG_ROLLING);
    CU_ASSERT_EQUAL(c->outputs[0].flags, GYRE_PORT_ALIGNED);
    CU_ASSERT_EQUAL(c->hosted[0].first_own, 0);
    drop(&m);
    char *text = text_format("job = \"t\"; mode = \"batch\";\noperators = (\n"
                             "{ id = \"trades\"; op = \"graph_ops.trades\"; },\n%s\n);\n",
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
    make_good(&m, "{ id = \"a\"; op = \"graph_ops.level\"; input = \"trades\"; },\n"
                  "{ id = \"r\"; op = \"graph_ops.recent\"; input = \"a\"; },\n"
                  "{ id = \"d\"; op = \"graph_ops.drop\"; input = \"r\"; }");
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
        "{ id = \"f\"; op = \"graph_ops.first\"; input = \"trades\";\n"
        "  key = [ \"price\", \"symbol\" ]; },\n"
        "{ id = \"s\"; op = \"graph_ops.select\"; input = \"f\"; as = \"p\";\n"
        "  fields = [ \"price\", \"venue\", \"symbol\" ]; },\n"
        "{ id = \"g\"; op = \"graph_ops.first\"; input = \"s\"; key = [ \"p\", \"symbol\" ]; },\n"
        "{ id = \"h\"; op = \"graph_ops.first\"; input = \"s\"; key = [ \"symbol\", \"p\" ]; },\n"
        "{ id = \"l\"; op = \"graph_ops.level\"; input = \"f\"; },\n"
        "{ id = \"n\"; op = \"graph_ops.first\"; input = \"s\"; key = [ \"p\", \"symbol\" ];\n"
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
        &m,
        "{ id = \"f\"; op = \"graph_ops.first\"; input = \"trades\"; key = \"symbol\"; },\n"
        "{ id = \"u\"; op = \"graph_ops.recent\"; input = [ \"f\", \"trades\" ]; },\n"
        "{ id = \"g\"; op = \"graph_ops.first\"; input = \"u\"; key = \"symbol\"; },\n"
        "{ id = \"b\"; op = \"graph_ops.recent\"; input = \"f\"; partition = \"rebalance\"; },\n"
        "{ id = \"h\"; op = \"graph_ops.first\"; input = \"b\"; key = \"symbol\"; }");
    CU_ASSERT_FALSE(node(&m, "u")->outputs[0].keeps_hash);
    CU_ASSERT_EQUAL(edge(&m, "u", "g")->partition, GY_KEY);
    CU_ASSERT_FALSE(node(&m, "b")->outputs[0].keeps_hash);
    CU_ASSERT_EQUAL(edge(&m, "b", "h")->partition, GY_KEY);
    drop(&m);
}

/* ---- options ---- */

/* As in tests/fixtures/graph_ops.c. */
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
    make_good(&m, "{ id = \"t\"; op = \"graph_ops.table\"; format = \"json\"; header = true;\n"
                  "  schema = ( { name = \"a\"; type = \"i64\"; nullable = true; },\n"
                  "             { name = \"b\"; type = \"bytes\"; } );\n"
                  "  skip = 7; row_max = \"1.5KiB\"; idle = \"250ms\"; fn = \"graph_ops.cell\";\n"
                  "  columns = ( { name = \"x\"; width = 3; }, { name = \"y\"; } );\n"
                  "  tags = [ \"p\", \"q\", \"r\" ]; },\n"
                  "{ id = \"l\"; op = \"graph_ops.lines\"; path = \"a/b\"; rate = 5; },\n"
                  "{ id = \"k\"; op = \"graph_ops.lines\"; path = \"-\"; rate = 0.5; },\n"
                  "{ id = \"j\"; op = \"graph_ops.lines\"; path = \"${NO_SUCH:-/x}\"; }");
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
    CU_ASSERT_STRING_EQUAL(c->fn, "graph_ops.cell");
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
         "job = \"t\";\noperators = ( { id = \"l\"; op = \"graph_ops.lines\"; path = \"x\"; } );\n",
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
    make_good(&m, "{ id = \"p\"; op = \"graph_ops.pair\";\n"
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
              "{ id = \"out\"; op = \"graph_ops.drop\"; input = \"b\"; },\n"
              "{ id = \"b\"; op = \"graph_ops.recent\"; input = \"a\"; },\n"
              "{ id = \"a\"; op = \"graph_ops.recent\"; input = \"trades\"; feedback = \"b\"; }");
    CU_ASSERT(edge(&m, "b", "a")->feedback);
    CU_ASSERT_FALSE(edge(&m, "trades", "a")->feedback);
    CU_ASSERT(node(&m, "a")->index < node(&m, "b")->index);
    CU_ASSERT(node(&m, "b")->index < node(&m, "out")->index);
    CU_ASSERT(node(&m, "b")->outputs[0].needs_time); /* a reads times, also of what comes back */
    struct gy_physical *plan = gy_physical_new(m.graph, 4);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(plan->n_chains, 3); /* a and b are a region of their own */
    CU_ASSERT_EQUAL(plan->chains[1].n_nodes, 2);
    CU_ASSERT_EQUAL(plan->n_workers, 2);
    gy_physical_free(plan);
    drop(&m);
}

/* ---- key functions ---- */

static void a_key_function_runs_beside_its_producer_and_the_exchange_carries_its_key(void)
{
    struct made m;
    make_good(&m,
              "{ id = \"p\"; op = \"graph_ops.recent\"; input = \"trades\"; parallelism = 3; },\n"
              "{ id = \"c\"; op = \"graph_ops.sum\"; input = [ \"trades\", \"p\" ];\n"
              "  key = { fn = \"graph_ops.cell\"; as = \"k\"; }; field = \"volume\"; },\n"
              "{ id = \"f\"; op = \"graph_ops.first\"; input = \"c\"; key = \"k\"; },\n"
              "{ id = \"d\"; op = \"graph_ops.drop\"; input = \"f\"; }");
    const struct gy_node *one = node(&m, "c:key-1"), *two = node(&m, "c:key-2");
    CU_ASSERT_PTR_NOT_NULL_FATAL(one);
    CU_ASSERT_PTR_NOT_NULL_FATAL(two);
    CU_ASSERT_STRING_EQUAL(one->of, "c");
    CU_ASSERT_STRING_EQUAL(one->op, "graph_ops.cell");
    CU_ASSERT_PTR_NULL(node(&m, "c")->of);
    CU_ASSERT_EQUAL(one->index, node(&m, "trades")->index + 1); /* right behind its producer */
    CU_ASSERT_EQUAL(one->parallelism, 2);
    CU_ASSERT_EQUAL(two->parallelism, 3);
    CU_ASSERT_EQUAL(edge(&m, "trades", "c:key-1")->partition, GY_FORWARD);
    CU_ASSERT_EQUAL(edge(&m, "p", "c:key-2")->partition, GY_FORWARD);
    CU_ASSERT_EQUAL(edge(&m, "c:key-1", "c")->partition, GY_KEY);
    CU_ASSERT_EQUAL(edge(&m, "c:key-2", "c")->partition, GY_KEY);
    CU_ASSERT_PTR_NULL(edge(&m, "trades", "c"));
    CU_ASSERT_EQUAL(edge(&m, "c", "f")->partition, GY_FORWARD); /* the same key */
    CU_ASSERT(output_is(&m, "c:key-1", 0, "symbol<0 price<1 volume<2* venue<3 k>0*"));
    CU_ASSERT(output_is(&m, "c", 0, "k<4 volume>0"));
    CU_ASSERT_EQUAL(node(&m, "c")->key.n, 1);
    CU_ASSERT_EQUAL(node(&m, "c")->inputs[0].key_fields[0], 4);
    drop(&m);
}

static void each_port_has_a_key_function_of_its_own(void)
{
    struct made m;
    make_good(&m, "{ id = \"p\"; op = \"graph_ops.pair\";\n"
                  "  input = { left = \"trades\"; right = \"trades\"; extra = \"trades\"; };\n"
                  "  key = { left = { fn = \"graph_ops.cell\"; };\n"
                  "          right = { fn = \"graph_ops.cell\"; }; extra = \"volume\"; }; }");
    const struct gy_node *p = node(&m, "p");
    CU_ASSERT_PTR_NOT_NULL_FATAL(node(&m, "p:key.left"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(node(&m, "p:key.right"));
    CU_ASSERT_EQUAL(edge(&m, "p:key.left", "p")->to_port, 0);
    CU_ASSERT_EQUAL(edge(&m, "p:key.right", "p")->to_port, 1);
    CU_ASSERT_EQUAL(edge(&m, "trades", "p")->to_port, 2);
    CU_ASSERT_EQUAL(p->inputs[1].key_fields[0], 4);
    CU_ASSERT_EQUAL(p->inputs[2].key_fields[0], 2);
    CU_ASSERT_EQUAL(p->key.types[0], GYRE_TYPE_i64);
    CU_ASSERT(p->key.nullable[0]);
    drop(&m);
}

static void a_key_function_on_a_feedback_edge_belongs_to_the_cycle(void)
{
    struct made m;
    make_good(&m, "{ id = \"a\"; op = \"graph_ops.select\"; input = \"trades\"; feedback = \"b\";\n"
                  "  key = { fn = \"graph_ops.cell\"; };\n"
                  "  fields = [ \"symbol\", \"price\", \"volume\", \"venue\" ]; },\n"
                  "{ id = \"b\"; op = \"graph_ops.recent\"; input = \"a\"; }");
    CU_ASSERT(edge(&m, "a:key-2", "a")->feedback);
    CU_ASSERT_FALSE(edge(&m, "b", "a:key-2")->feedback);
    CU_ASSERT_FALSE(edge(&m, "a:key-1", "a")->feedback);
    CU_ASSERT_EQUAL(edge(&m, "a:key-2", "a")->partition, GY_KEY);
    CU_ASSERT(node(&m, "b")->index < node(&m, "a:key-2")->index);
    drop(&m);
}

static void bad_rows_of_a_function_go_where_those_of_its_operator_go(void)
{
    struct made m;
    make_good(&m,
              "{ id = \"a\"; op = \"graph_ops.recent\"; input = \"trades\"; on_error = \"port\";\n"
              "  key = { fn = \"graph_ops.cell\"; }; },\n"
              "{ id = \"d\"; op = \"graph_ops.drop\"; input = \"a.errors\"; },\n"
              "{ id = \"c\"; op = \"graph_ops.first\"; input = \"a.errors\";\n"
              "  key = { fn = \"key_fns.tag\"; field = \"error\"; }; }");
    const struct gy_edge *own = edge(&m, "a", "d"), *function = edge(&m, "a:key", "d");
    CU_ASSERT_PTR_NOT_NULL_FATAL(own);
    CU_ASSERT_PTR_NOT_NULL_FATAL(function);
    CU_ASSERT_EQUAL(node(&m, "a:key")->on_error, GY_ON_ERROR_PORT);
    CU_ASSERT_EQUAL((int32_t)own->from_port, node(&m, "a")->errors_port);
    CU_ASSERT_EQUAL((int32_t)function->from_port, node(&m, "a:key")->errors_port);
    /* The function that keys the errors gets both. */
    CU_ASSERT_PTR_NOT_NULL(edge(&m, "a", "c:key"));
    CU_ASSERT_PTR_NOT_NULL(edge(&m, "a:key", "c:key"));
    CU_ASSERT_PTR_NULL(edge(&m, "a", "c"));
    drop(&m);
}

static void the_result_for_an_option_is_for_its_operator_alone(void)
{
    struct made m;
    make_good(&m,
              "{ id = \"by\"; op = \"std.split\"; input = \"trades\"; fn = \"graph_ops.cell\";\n"
              "  ports = [ \"1\" ]; partition = \"rebalance\"; },\n"
              "{ id = \"d\"; op = \"graph_ops.write\"; input = \"by.1\"; path = \"-\"; }");
    CU_ASSERT(
        output_is(&m, "by:fn", 0, "symbol<0* price<1* volume<2* venue<3* graph_ops.cell()>0*"));
    CU_ASSERT(output_is(&m, "by", 0, "symbol<0 price<1 volume<2 venue<3"));
    CU_ASSERT(output_is(&m, "by", 1, "symbol<0* price<1* volume<2* venue<3*"));
    CU_ASSERT_EQUAL(edge(&m, "trades", "by:fn")->partition, GY_FORWARD);
    CU_ASSERT_EQUAL(edge(&m, "by:fn", "by")->partition, GY_REBALANCE);
    drop(&m);
}

/* ---- no memory ---- */

static void every_failed_allocation_is_told_and_leaks_nothing(void)
{
    static const char operators[] =
        "job = \"t\";\noperators = (\n"
        "  { id = \"trades\"; op = \"graph_ops.trades\"; },\n"
        "  { id = \"by\"; op = \"graph_ops.split\"; field = \"symbol\"; ports = [ \"a\", \"b\" ];\n"
        "    input = \"trades\"; on_error = \"port\"; },\n"
        "  { id = \"s\"; op = \"graph_ops.sum\"; input = [ \"by.a\", \"by.b\" ]; key = "
        "\"symbol\";\n"
        "    field = \"price\"; },\n"
        "  { id = \"t\"; op = \"graph_ops.table\";\n"
        "    schema = ( { name = \"a\"; type = \"i64\"; } ); wrong = 1; },\n"
        "  { id = \"f\"; op = \"graph_ops.sum\"; input = [ \"by.a\", \"trades\" ]; field = "
        "\"price\";\n"
        "    key = { fn = \"key_fns.tag\"; field = \"symbol\"; before = \"x\"; };\n"
        "    on_error = \"port\"; },\n"
        "  { id = \"e\"; op = \"graph_ops.drop\"; input = \"f.errors\"; },\n"
        "  { id = \"of\"; op = \"std.split\"; input = \"trades\"; fn = \"graph_ops.cell\";\n"
        "    ports = \"7\"; },\n"
        "  { id = \"out\"; op = \"graph_ops.write\"; input = \"s\"; path = \"${NO_SUCH:-x}\"; "
        "}\n);\n";
    char *folder = dir_temp(), *path = path_join(folder, "job.cfg");
    char *fixtures = build_path("fixtures"), *std = build_path("plugins");
    const char *dirs[] = {fixtures, std};
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
            plugins = gy_plugins_new(dirs, 2);
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
    free(std);
}

static const char *identity(struct made *m, const char *options)
{
    char *op = text_format("  { id = \"m\"; op = \"state_of.many\"; input = \"trades\"; field = "
                           "\"price\"; %s }",
                           options);
    make_good(m, op);
    free(op);
    return node(m, "m")->hosted[0].identity;
}

static void what_state_is_of_is_what_was_asked_for(void)
{
    static const char plain[] = "state_of.many { field = \"price\"; } of price: f64";
    static const char *const texts[][2] = {
        {"", ""},
        {"yes = true; word = \"one\"; whole = 7; time = \"1000ms\"; size = \"1024B\"; real = 0.5; "
         "text = \"a\"; texts = []; groups = ();",
         ""},
        {"as = \"called\"; path = \"else/where\";", ""},
        {"yes = false;", "yes = false; "},
        {"word = \"two\"; whole = -3;", "word = \"two\"; whole = -3; "},
        {"time = \"90s\";", "time = \"1.5m\"; "},
        {"time = \"3600000001us\";", "time = \"3600000001us\"; "},
        {"size = \"2KiB\"; real = 0.25;", "size = \"2KiB\"; real = 0.25; "},
        {"size = \"1048577B\";", "size = \"1048577B\"; "},
        {"text = \"say \\\"x\\\\y\\\"\";", "text = \"say \\\"x\\\\y\\\"\"; "},
        {"function = \"std.sum\"; texts = [\"p\", \"q\"];",
         "function = \"std.sum\"; texts = [\"p\", \"q\"]; "},
        {"schema = ( { name = \"a\"; type = \"i64\"; }, { name = \"b\"; type = \"str\"; nullable = "
         "true; } );",
         "schema = (a: i64, b: str?); "},
        {"groups = ( { name = \"g\"; weight = 1; }, { name = \"h\"; weight = 2; } );",
         "groups = ({ name = \"g\"; }, { name = \"h\"; weight = 2; }); "},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct made m;
        const char *got = identity(&m, texts[i][0]);
        char *want =
            texts[i][1][0] == 0
                ? strdup(plain)
                : text_format("state_of.many { field = \"price\"; %s} of price: f64", texts[i][1]);
        CU_ASSERT_STRING_EQUAL(got, want);
        if (strcmp(got, want) != 0)
            printf("%s\n%s\n", got, want);
        free(want);
        drop(&m);
    }
}

static const struct suite_test tests[] = {
    SUITE_TEST(what_state_is_of_is_what_was_asked_for),
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
    SUITE_TEST(a_key_function_runs_beside_its_producer_and_the_exchange_carries_its_key),
    SUITE_TEST(each_port_has_a_key_function_of_its_own),
    SUITE_TEST(a_key_function_on_a_feedback_edge_belongs_to_the_cycle),
    SUITE_TEST(bad_rows_of_a_function_go_where_those_of_its_operator_go),
    SUITE_TEST(the_result_for_an_option_is_for_its_operator_alone),
    SUITE_TEST(every_failed_allocation_is_told_and_leaks_nothing),
};
SUITE_MAIN("graph_logical", tests)
