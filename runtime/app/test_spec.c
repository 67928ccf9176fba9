/* See test_spec.h. */
#include "app/test_spec.h"

#include "app/test_rows.h"
#include "job/value.h"

#include <string.h>

/* What reading works on. */
struct spec {
    const struct gy_scope *scope;
    const struct gy_job *job;
    const struct gy_graph *graph;
    struct gy_test *test;
    uint32_t n_streams; /* given so far */
    struct gy_test_stream *streams;
};

uint32_t gy_test_mode(const struct gy_job *job, const struct gy_test_setting *test)
{
    if (test->mode >= 0)
        return (uint32_t)test->mode;
    return job->batch ? GYRE_MODE_BATCH : GYRE_MODE_STREAM;
}

static void tell(const struct spec *spec, const struct gy_setting *at, const char *text,
                 const char *name)
{
    gy_diags_add(spec->scope->diags, at->file, at->line, text, name);
}

static const struct gy_node *find_node(const struct spec *spec, const char *id)
{
    for (uint32_t i = 0; i < spec->graph->n_nodes; i++)
        if (strcmp(spec->graph->nodes[i]->id, id) == 0)
            return spec->graph->nodes[i];
    return NULL;
}

/* ---- streams ---- */

static uint32_t ports_of(const struct gy_node *node)
{
    return node->kind == GYRE_SINK ? node->n_inputs : node->n_outputs;
}

static const char *port_name(const struct gy_node *node, uint32_t port)
{
    return node->kind == GYRE_SINK ? node->inputs[port].name : node->outputs[port].name;
}

/* The port `name`, or -1, told. */
static int64_t find_port(const struct spec *spec, const struct gy_node *node,
                         const struct gy_setting *at)
{
    uint32_t n = ports_of(node);
    const char **names = gy_arena_ctl_calloc(spec->scope->arena, n, sizeof *names);
    const char *of = gy_arena_ctl_printf(spec->scope->arena, "`%s`", node->id);
    const char *list = "";
    for (uint32_t p = 0; names != NULL && p < n; p++) {
        names[p] = port_name(node, p);
        if (strcmp(names[p], at->name) == 0)
            return p;
        list = gy_arena_ctl_printf(spec->scope->arena, "%s%s`%s`", list != NULL ? list : "",
                                   p > 0 ? ", " : "it has: ", names[p]);
    }
    if (names != NULL && list != NULL)
        gy_value_unknown(spec->scope, at, "port", at->name, of, names, n, list);
    return -1;
}

static bool fill_stream(const struct spec *spec, const struct gy_node *node, uint32_t port,
                        const struct gy_setting *at, bool given, struct gy_test_stream *stream)
{
    struct gy_arena_ctl *arena = spec->scope->arena;
    bool named = at->name != NULL && strcmp(at->name, node->id) != 0;
    *stream = (struct gy_test_stream){.at = at,
                                      .port = port,
                                      .port_name = port_name(node, port),
                                      .sink = node->kind == GYRE_SINK,
                                      .name = node->id};
    if (stream->sink && !node->inputs[port].connected) {
        tell(spec, at, "%s: nothing is connected to it", at->name);
        return false;
    }
    stream->op = (uint32_t)(gy_job_operator(spec->job, node->id) - spec->job->operators);
    if (named)
        stream->name = gy_arena_ctl_printf(arena, "%s.%s", node->id, port_name(node, port));
    if (stream->name == NULL)
        return false;
    stream->schema = stream->sink ? &node->inputs[port].schema : &node->outputs[port].schema;
    gy_test_rows_read(spec->scope, at, given, stream);
    return true;
}

/* The streams of one member of `given` or `expect`, appended to `streams`; how many. */
static uint32_t read_member(const struct spec *spec, const struct gy_node *node,
                            const struct gy_setting *at, bool given, struct gy_test_stream *streams)
{
    uint32_t n = 0;
    if (at->kind == GY_SETTING_LIST) {
        if (ports_of(node) == 1 || node->kind != GYRE_SINK)
            return fill_stream(spec, node, 0, at, given, streams);
        gy_diags_add(spec->scope->diags, at->file, at->line,
                     "%s: it has several input ports: a group { PORT = ( rows ); }", at->name);
        return 0;
    }
    for (uint32_t i = 0; at->kind == GY_SETTING_GROUP && i < at->n; i++) {
        int64_t port = find_port(spec, node, at->items[i]);
        if (port >= 0)
            n += fill_stream(spec, node, (uint32_t)port, at->items[i], given, &streams[n]);
    }
    return n;
}

/* How many streams a group has at most. */
static uint32_t most_streams(const struct gy_setting *group)
{
    uint32_t n = 0;
    for (uint32_t i = 0; group != NULL && i < group->n; i++)
        n += group->items[i]->kind == GY_SETTING_GROUP ? group->items[i]->n : 1;
    return n;
}

/* ---- given ---- */

/* Where one row has a time all have, or nobody could say when the others are. */
static void check_times(const struct spec *spec, struct gy_test_given *given)
{
    for (uint32_t s = 0; s < given->n_streams; s++)
        for (uint32_t i = 0; i < given->streams[s].n; i++)
            given->timed |= given->streams[s].rows[i].has_time ||
                            given->streams[s].rows[i].kind == GY_TEST_WATERMARK;
    for (uint32_t s = 0; given->timed && s < given->n_streams; s++)
        for (uint32_t i = 0; i < given->streams[s].n; i++) {
            const struct gy_test_row *row = &given->streams[s].rows[i];
            if (row->kind == GY_TEST_ROW && !row->has_time) {
                gy_diags_add(spec->scope->diags, row->at->file, row->at->line,
                             "%s: this row has no `*time`, and others, or a watermark, are given "
                             "with one",
                             given->streams[s].at->name);
                return;
            }
        }
}

static void read_given(struct spec *spec, const struct gy_setting *group)
{
    struct gy_test *test = spec->test;
    struct gy_arena_ctl *arena = spec->scope->arena;
    spec->streams = gy_arena_ctl_calloc(arena, most_streams(group), sizeof *spec->streams);
    test->given = gy_arena_ctl_calloc(arena, group->n, sizeof *test->given);
    for (uint32_t i = 0; spec->streams != NULL && test->given != NULL && i < group->n; i++) {
        const struct gy_setting *at = group->items[i];
        const struct gy_node *node = find_node(spec, at->name);
        if (node == NULL)
            continue;
        if (node->kind == GYRE_SINK) {
            tell(spec, at,
                 "%s: it is a sink, which puts nothing out: give the rows of what it "
                 "reads, or expect them of it",
                 at->name);
            continue;
        }
        struct gy_test_given *given = &test->given[test->n_given++];
        struct gy_test_stream *streams = &spec->streams[spec->n_streams];
        *given = (struct gy_test_given){.node = node, .streams = streams};
        given->op = (uint32_t)(gy_job_operator(spec->job, node->id) - spec->job->operators);
        given->single = node->parallelism == 1;
        given->n_streams = read_member(spec, node, at, true, streams);
        spec->n_streams += given->n_streams;
        check_times(spec, given);
    }
}

static bool is_given(const struct gy_test *test, uint32_t op)
{
    for (uint32_t i = 0; i < test->n_given; i++)
        if (test->given[i].op == op)
            return true;
    return false;
}

/* ---- expected ---- */

static void read_expect(struct spec *spec, const struct gy_setting *group)
{
    struct gy_test *test = spec->test;
    uint32_t most = most_streams(group);
    test->expect = gy_arena_ctl_calloc(spec->scope->arena, most, sizeof *test->expect);
    for (uint32_t i = 0; test->expect != NULL && i < group->n; i++) {
        const struct gy_setting *at = group->items[i];
        const struct gy_node *node = find_node(spec, at->name);
        if (node == NULL)
            continue;
        if (is_given(test,
                     (uint32_t)(gy_job_operator(spec->job, node->id) - spec->job->operators))) {
            tell(spec, at, "%s: its rows are given by this test, which makes nothing of them",
                 at->name);
            continue;
        }
        test->n_expect += read_member(spec, node, at, false, &test->expect[test->n_expect]);
    }
}

/* ---- what is needed ---- */

/* Marks the producers of an operator; true where one of them is new. */
static bool mark_producers(const struct spec *spec, const struct gy_op_setting *set, bool *reached)
{
    bool more = false;
    for (uint32_t w = 0; w < set->n_wires; w++)
        for (uint32_t r = 0; r < set->wires[w].n; r++) {
            const struct gy_op_setting *from = gy_job_operator(spec->job, set->wires[w].refs[r].id);
            const struct gy_node *node = find_node(spec, from->id);
            if (node != NULL && node->kind == GYRE_SINK)
                tell(spec, spec->test->set->expect,
                     "expect: it depends on what the sink `%s` puts out, and tests run no sinks",
                     from->id);
            more |= !reached[from - spec->job->operators];
            reached[from - spec->job->operators] = true;
        }
    return more;
}

static void tell_endless(const struct spec *spec, uint32_t op)
{
    const struct gy_test_setting *set = spec->test->set;
    const struct gy_op_setting *source = &spec->job->operators[op];
    const struct gy_node *node = find_node(spec, source->id);
    if (node == NULL || node->kind != GYRE_SOURCE || (node->flags & GYRE_UNBOUNDED) == 0)
        return;
    gy_diags_add(spec->scope->diags, set->expect->file, set->expect->line,
                 "expect: it depends on `%s`, a %s that has no end: give its rows, or those of "
                 "something behind it, in `given`",
                 source->id, source->op);
}

static void find_needed(const struct spec *spec)
{
    struct gy_test *test = spec->test;
    uint32_t n = spec->job->n_operators;
    bool *reached = gy_arena_ctl_calloc(spec->scope->arena, n, sizeof *reached);
    test->needed = gy_arena_ctl_calloc(spec->scope->arena, n, sizeof *test->needed);
    if (reached == NULL || test->needed == NULL)
        return;
    for (uint32_t i = 0; i < test->n_expect; i++)
        reached[test->expect[i].op] = true;
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < n; i++)
            if (reached[i] && !is_given(test, i))
                more |= mark_producers(spec, &spec->job->operators[i], reached);
    }
    for (uint32_t i = 0; i < test->n_given; i++)
        if (!reached[test->given[i].op])
            gy_diags_add(spec->scope->diags, test->set->given->file, test->set->given->line,
                         "given: nothing that is expected depends on `%s`",
                         test->given[i].node->id);
    const struct gy_setting *given = gy_setting_get(test->set->at, "given");
    bool whole = given == NULL || test->n_given == given->n; /* else more may have been meant */
    for (uint32_t i = 0; i < n; i++) {
        const struct gy_node *node =
            reached[i] ? find_node(spec, spec->job->operators[i].id) : NULL;
        test->needed[i] = node != NULL && !is_given(test, i) && node->kind != GYRE_SINK;
        if (test->needed[i] && whole)
            tell_endless(spec, i);
    }
}

/* ---- all of it ---- */

static void read_test(struct spec *spec)
{
    static const uint32_t usual[] = {1, 2};
    struct gy_test *test = spec->test;
    const struct gy_test_setting *set = test->set;
    test->parallelism = set->n_parallelism > 0 ? set->parallelism : usual;
    test->n_parallelism = set->n_parallelism > 0 ? set->n_parallelism : 2;
    if (test->parallelism == usual && spec->job->max_parallelism < 2)
        test->n_parallelism = 1;
    if (set->given != NULL)
        read_given(spec, set->given);
    if (set->expect == NULL || spec->scope->arena->oom)
        return;
    read_expect(spec, set->expect);
    if (test->n_expect > 0)
        find_needed(spec);
}

struct gy_test *gy_tests_read(const struct gy_scope *scope, const struct gy_job *job,
                              struct gy_graph *const graphs[2])
{
    struct gy_test *tests = gy_arena_ctl_calloc(scope->arena, job->n_tests, sizeof *tests);
    for (uint32_t i = 0; tests != NULL && i < job->n_tests; i++) {
        uint32_t mode = gy_test_mode(job, &job->tests[i]);
        tests[i] = (struct gy_test){.set = &job->tests[i], .mode = mode};
        struct spec spec = {.scope = scope, .job = job, .graph = graphs[mode], .test = &tests[i]};
        if (graphs[mode] != NULL)
            read_test(&spec);
    }
    return tests;
}
