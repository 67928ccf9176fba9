/* Loops that a test opens by what it gives. */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#include "app/test_loop.h"
#include "support/files.h"

static const char text[] = "job = \"loops\";\n"
                           "operators = (\n"
                           "  { id = \"in\"; op = \"a.b\"; },\n"
                           "  { id = \"head\"; op = \"a.b\"; input = \"in\"; feedback = "
                           "[\"tail.again\", \"short\"]; rounds = { max = 3; }; },\n"
                           "  { id = \"short\"; op = \"a.b\"; input = \"head\"; },\n"
                           "  { id = \"tail\"; op = \"a.b\"; input = \"short\"; }\n"
                           ");\n";

struct loaded {
    char *dir, *path;
    struct gy_diags diags;
    struct gy_job *job;
    struct gy_op_setting operators[4];
};

static void load(struct loaded *l)
{
    *l = (struct loaded){.dir = dir_temp()};
    l->path = path_join(l->dir, "job.cfg");
    file_write_text(l->path, text);
    l->job = gy_job_load(l->path, NULL, &l->diags);
    CU_ASSERT_PTR_NOT_NULL_FATAL(l->job);
    CU_ASSERT_EQUAL_FATAL(l->job->n_operators, 4);
    CU_ASSERT_EQUAL(gy_diags_count(&l->diags), 0);
    memcpy(l->operators, l->job->operators, sizeof l->operators);
}

static void unload(struct loaded *l)
{
    gy_job_free(l->job);
    gy_diags_fini(&l->diags);
    free(l->path);
    dir_end(l->dir);
}

/* As a test does with what it gives. */
static void give(struct gy_op_setting *op)
{
    op->n_wires = 0;
    op->feedback_at = NULL;
}

static void a_loop_that_nothing_opens_stays(void)
{
    struct loaded l;
    load(&l);
    CU_ASSERT_EQUAL(gy_test_open_loops(&l.job->arena, l.operators, 4), 0);
    const struct gy_op_setting *head = &l.operators[1];
    CU_ASSERT_EQUAL(head->n_wires, 2);
    CU_ASSERT_EQUAL(head->rounds_max, 3);
    CU_ASSERT_PTR_NOT_NULL(head->feedback_at);
    CU_ASSERT_EQUAL(head->wires[0].n, 1);
    CU_ASSERT(head->wires[1].feedback);
    CU_ASSERT_EQUAL(head->wires[1].n, 2);
    unload(&l);
}

static void an_edge_of_what_is_given_becomes_input_and_the_rest_stays_feedback(void)
{
    struct loaded l;
    load(&l);
    give(&l.operators[3]); /* tail */
    CU_ASSERT_EQUAL(gy_test_open_loops(&l.job->arena, l.operators, 4), 0);
    const struct gy_op_setting *head = &l.operators[1];
    CU_ASSERT_EQUAL_FATAL(head->n_wires, 2);
    CU_ASSERT_EQUAL_FATAL(head->wires[0].n, 2);
    CU_ASSERT_STRING_EQUAL(head->wires[0].refs[0].id, "in");
    CU_ASSERT_STRING_EQUAL(head->wires[0].refs[1].id, "tail");
    CU_ASSERT_STRING_EQUAL(head->wires[0].refs[1].port, "again");
    CU_ASSERT_FALSE(head->wires[0].feedback);
    CU_ASSERT_EQUAL_FATAL(head->wires[1].n, 1);
    CU_ASSERT_STRING_EQUAL(head->wires[1].refs[0].id, "short");
    CU_ASSERT_EQUAL(head->rounds_max, 3);
    CU_ASSERT_EQUAL(l.job->operators[1].wires[0].n, 1); /* the job's own are as they were */
    unload(&l);
}

static void a_head_without_feedback_has_no_rounds(void)
{
    struct loaded l;
    load(&l);
    give(&l.operators[2]); /* short, which tail is behind of */
    CU_ASSERT_EQUAL(gy_test_open_loops(&l.job->arena, l.operators, 4), 0);
    const struct gy_op_setting *head = &l.operators[1];
    CU_ASSERT_EQUAL_FATAL(head->n_wires, 1);
    CU_ASSERT_EQUAL(head->wires[0].n, 3);
    CU_ASSERT_PTR_NULL(head->feedback_at);
    CU_ASSERT_EQUAL(head->rounds_max, 0);
    unload(&l);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_loop_that_nothing_opens_stays),
    SUITE_TEST(an_edge_of_what_is_given_becomes_input_and_the_rest_stays_feedback),
    SUITE_TEST(a_head_without_feedback_has_no_rounds),
};
SUITE_MAIN("app_test_loop", tests)
