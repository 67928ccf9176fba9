/* `tests`: given and expected rows; see config.h. The rows themselves are read when the tests run,
 * against the schemas of the streams they stand for. */
#include "job/config.h"

#include <string.h>

#include <gyre/operator.h>

#include "job/keys.h"
#include "job/value.h"

#define DEFAULT_TOLERANCE 1e-9

static bool is_scalar(const struct gy_setting *s)
{
    return s->kind != GY_SETTING_LIST && s->kind != GY_SETTING_GROUP;
}

static void check_rows(const struct gy_scope *scope, const struct gy_setting *list)
{
    for (uint32_t r = 0; r < list->n; r++)
        if (list->items[r]->kind != GY_SETTING_GROUP && !is_scalar(list->items[r]))
            gy_value_wrong(scope, list->items[r], "a row { FIELD = VALUE; ... }");
}

/* What is given or expected of one operator: rows, or a group of rows by port. */
static void check_streams(const struct gy_scope *scope, const struct gy_setting *streams)
{
    if (streams->kind == GY_SETTING_LIST) {
        check_rows(scope, streams);
        return;
    }
    if (streams->kind != GY_SETTING_GROUP || streams->n == 0) {
        gy_value_wrong(scope, streams, "a list of rows, or a group { PORT = ( rows ); }");
        return;
    }
    for (uint32_t i = 0; i < streams->n; i++) {
        if (streams->items[i]->kind == GY_SETTING_LIST)
            check_rows(scope, streams->items[i]);
        else
            gy_value_wrong(scope, streams->items[i], "a list of rows");
    }
}

/* `given` or `expect`: a group of lists of rows by operator. */
static const struct gy_setting *read_rows(const struct gy_scope *scope, const struct gy_job *job,
                                          const struct gy_setting *s)
{
    if (s->kind != GY_SETTING_GROUP) {
        gy_value_wrong(scope, s, "a group { ID = ( rows ); }");
        return NULL;
    }
    const char **ids = gy_arena_ctl_calloc(scope->arena, job->n_operators, sizeof *ids);
    size_t n = 0;
    for (uint32_t i = 0; ids != NULL && i < job->n_operators; i++)
        if (job->operators[i].id != NULL)
            ids[n++] = job->operators[i].id;
    for (uint32_t i = 0; i < s->n; i++) {
        if (gy_job_operator(job, s->items[i]->name) == NULL)
            gy_value_unknown(scope, s->items[i], "operator", s->items[i]->name, NULL, ids, n,
                             "the job's `operators` lists all");
        check_streams(scope, s->items[i]);
    }
    return s;
}

/* `parallelism = 2`, or `[1, 2]`. */
static void read_parallelism(const struct gy_scope *scope, const struct gy_job *job,
                             const struct gy_setting *s, struct gy_test_setting *test)
{
    bool is_list = s->kind == GY_SETTING_LIST;
    uint32_t n = is_list ? s->n : 1;
    if (n == 0)
        gy_value_wrong(scope, s, "a number of tasks, or a list of such");
    test->parallelism = gy_arena_ctl_calloc(scope->arena, n, sizeof *test->parallelism);
    for (uint32_t i = 0; test->parallelism != NULL && i < n; i++) {
        int64_t value;
        if (gy_value_int(scope, is_list ? s->items[i] : s, 1, job->max_parallelism, &value) == 0)
            test->parallelism[test->n_parallelism++] = (uint32_t)value;
    }
}

static void read_numbers(const struct gy_scope *scope, const struct gy_job *job,
                         const struct gy_setting *s, struct gy_test_setting *test)
{
    const struct gy_setting *parallelism = gy_setting_get(s, "parallelism");
    const struct gy_setting *tolerance = gy_setting_get(s, "tolerance");
    bool has_one = parallelism == NULL;
    if (parallelism != NULL)
        read_parallelism(scope, job, parallelism, test);
    for (uint32_t i = 0; i < test->n_parallelism; i++)
        has_one |= test->parallelism[i] == 1;
    if (!test->any_order && !has_one && test->n_parallelism > 0)
        gy_diags_add(
            scope->diags, parallelism->file, parallelism->line,
            "parallelism: with order = \"exact\" one of them is 1: of several tasks no order "
            "is known");
    if (tolerance != NULL && gy_value_float(scope, tolerance, &test->tolerance) == 0 &&
        test->tolerance < 0)
        gy_value_wrong(scope, tolerance, "a number from 0 on");
}

static void read_name(const struct gy_scope *scope, const struct gy_job *job,
                      const struct gy_setting *s, struct gy_test_setting *test)
{
    const struct gy_setting *name = gy_setting_get(s, "name");
    if (name == NULL) {
        gy_value_missing(scope, s, GY_TEST_KEYS, "tests", "name");
        return;
    }
    if (gy_value_string(scope, name, &test->name) != 0)
        return;
    for (const struct gy_test_setting *t = job->tests; t < test; t++)
        if (strcmp(t->name, test->name) == 0) {
            gy_diags_add(scope->diags, name->file, name->line,
                         "name: \"%s\" is the name of another test (%s:%d)", test->name,
                         t->at->file, t->at->line);
            return;
        }
}

static void read_test(const struct gy_scope *scope, const struct gy_job *job,
                      const struct gy_setting *s, struct gy_test_setting *test)
{
    int32_t choice = 0;
    *test = (struct gy_test_setting){
        .at = s, .mode = -1, .name = "", .any_order = true, .tolerance = DEFAULT_TOLERANCE};
    if (gy_value_group(scope, s, GY_TEST_KEYS, "tests") == NULL)
        return;
    const struct gy_setting *given = gy_setting_get(s, "given");
    const struct gy_setting *expect = gy_setting_get(s, "expect");
    const struct gy_setting *mode = gy_setting_get(s, "mode");
    const struct gy_setting *order = gy_setting_get(s, "order");
    read_name(scope, job, s, test);
    if (given != NULL)
        test->given = read_rows(scope, job, given);
    if (expect == NULL)
        gy_value_missing(scope, s, GY_TEST_KEYS, "tests", "expect");
    else
        test->expect = read_rows(scope, job, expect);
    if (test->expect != NULL && test->expect->n == 0)
        gy_value_wrong(scope, expect,
                       "the rows of an operator: a test that expects nothing tests "
                       "nothing");
    if (mode != NULL && gy_value_choice(scope, mode, "stream|batch", &choice) == 0)
        test->mode = choice == 1 ? (int32_t)GYRE_MODE_BATCH : (int32_t)GYRE_MODE_STREAM;
    if (order != NULL && gy_value_choice(scope, order, "any|exact", &choice) == 0)
        test->any_order = choice == 0;
    read_numbers(scope, job, s, test);
}

void gy_job_read_tests(const struct gy_scope *scope, struct gy_job *job,
                       const struct gy_setting *list)
{
    if (list->kind != GY_SETTING_LIST) {
        gy_value_wrong(scope, list, "a list ( { name = ...; }, ... )");
        return;
    }
    job->tests = gy_arena_ctl_calloc(scope->arena, list->n, sizeof *job->tests);
    for (uint32_t i = 0; job->tests != NULL && i < list->n; i++)
        read_test(scope, job, list->items[i], &job->tests[job->n_tests++]);
}
