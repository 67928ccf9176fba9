/* `tests`: given and expected rows; see config.h. The rows themselves are read when the tests run,
 * against the schemas of the streams they stand for. */
#include "job/config.h"

#include <string.h>

#include <gyre/operator.h>

#include "job/value.h"

#define TEST_KEYS "name given expect mode order"

static bool is_scalar(const struct gy_setting *s)
{
    return s->kind != GY_SETTING_LIST && s->kind != GY_SETTING_GROUP;
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
        const struct gy_setting *stream = s->items[i];
        if (gy_job_operator(job, stream->name) == NULL)
            gy_value_unknown(scope, stream, "operator", stream->name, NULL, ids, n,
                             "the job's `operators` lists all");
        if (stream->kind != GY_SETTING_LIST) {
            gy_value_wrong(scope, stream, "a list of rows");
            continue;
        }
        for (uint32_t r = 0; r < stream->n; r++)
            if (stream->items[r]->kind != GY_SETTING_GROUP && !is_scalar(stream->items[r]))
                gy_value_wrong(scope, stream->items[r], "a row { FIELD = VALUE; ... }");
    }
    return s;
}

static void read_test(const struct gy_scope *scope, const struct gy_job *job,
                      const struct gy_setting *s, struct gy_test_setting *test)
{
    int32_t choice = 0;
    *test = (struct gy_test_setting){.at = s, .mode = -1, .name = "", .any_order = true};
    if (gy_value_group(scope, s, TEST_KEYS, "tests") == NULL)
        return;
    const struct gy_setting *name = gy_setting_get(s, "name");
    const struct gy_setting *given = gy_setting_get(s, "given");
    const struct gy_setting *expect = gy_setting_get(s, "expect");
    const struct gy_setting *mode = gy_setting_get(s, "mode");
    const struct gy_setting *order = gy_setting_get(s, "order");
    if (name == NULL)
        gy_value_missing(scope, s, TEST_KEYS, "tests", "name");
    else
        gy_value_string(scope, name, &test->name);
    if (given != NULL)
        test->given = read_rows(scope, job, given);
    if (expect == NULL)
        gy_value_missing(scope, s, TEST_KEYS, "tests", "expect");
    else
        test->expect = read_rows(scope, job, expect);
    if (mode != NULL && gy_value_choice(scope, mode, "stream|batch", &choice) == 0)
        test->mode = choice == 1 ? (int32_t)GYRE_MODE_BATCH : (int32_t)GYRE_MODE_STREAM;
    if (order != NULL && gy_value_choice(scope, order, "any|exact", &choice) == 0)
        test->any_order = choice == 0;
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
