/* What a job file says, as gy_job_load understands it: what the graph does not hold yet. */
#include "support/files.h"
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "job/config.h"

struct read {
    char *folder;
    struct gy_job *job;
    struct gy_diags diags;
};

static void load(struct read *r, const char *text, const struct gy_overrides *overrides)
{
    *r = (struct read){.folder = dir_temp()};
    char *path = path_join(r->folder, "job.cfg");
    file_write_text(path, text);
    r->job = gy_job_load(path, overrides, &r->diags);
    gy_diags_print(&r->diags, stdout);
    CU_ASSERT_EQUAL(gy_diags_count(&r->diags), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r->job);
    free(path);
}

static void drop(struct read *r)
{
    gy_job_free(r->job);
    gy_diags_fini(&r->diags);
    dir_remove(r->folder);
    free(r->folder);
}

static void job_keys_have_their_defaults(void)
{
    struct read r;
    load(&r, "job = \"word-count2\";\noperators = ( { id = \"a\"; op = \"b.c\"; } );\n", NULL);
    CU_ASSERT_STRING_EQUAL(r.job->name, "word-count2");
    CU_ASSERT_FALSE(r.job->batch);
    CU_ASSERT_EQUAL(r.job->parallelism, 0);
    CU_ASSERT_EQUAL(r.job->max_parallelism, 128);
    CU_ASSERT_PTR_NULL(r.job->snapshot_at);
    CU_ASSERT_EQUAL(r.job->loop_memory, INT64_C(64) << 20);
    drop(&r);
}

static void job_keys_are_read(void)
{
    struct read r;
    load(&r,
         "job = \"t\"; mode = \"batch\"; parallelism = 200; max_parallelism = 4096L;\n"
         "plugins = ( \"./a.so\", \"/b.so\" ); plugin_path = \"p\";\n"
         "snapshot = { every = \"1s\"; dir = \"s\"; keep = 5; };\n"
         "restart = { attempts = 2; delay = \"1s\"; max_delay = \"1m\"; };\n"
         "loop = { memory = \"1MiB\"; disk = \"1GiB\"; };\n"
         "operators = ( { id = \"a\"; op = \"b.c\"; } );\n",
         NULL);
    const struct gy_job *j = r.job;
    char *dir = path_join(r.folder, "s"), *plugin = path_join(r.folder, "./a.so");
    char *plugins = path_join(r.folder, "p");
    CU_ASSERT(j->batch);
    CU_ASSERT_EQUAL(j->parallelism, 200);
    CU_ASSERT_EQUAL(j->max_parallelism, 4096);
    CU_ASSERT_EQUAL(j->n_plugins, 2);
    CU_ASSERT_STRING_EQUAL(j->plugins[0], plugin);
    CU_ASSERT_STRING_EQUAL(j->plugins[1], "/b.so");
    CU_ASSERT_EQUAL(j->n_plugin_dirs, 1);
    CU_ASSERT_STRING_EQUAL(j->plugin_dirs[0], plugins);
    CU_ASSERT_EQUAL(j->snapshot_every_us, 1000000);
    CU_ASSERT_STRING_EQUAL(j->snapshot_dir, dir);
    CU_ASSERT_EQUAL(j->snapshot_keep, 5);
    CU_ASSERT_EQUAL(j->restart_attempts, 2);
    CU_ASSERT_EQUAL(j->restart_max_delay_us, 60000000);
    CU_ASSERT_EQUAL(j->loop_memory, 1 << 20);
    CU_ASSERT_EQUAL(j->loop_disk, 1 << 30);
    free(dir);
    free(plugin);
    free(plugins);
    drop(&r);
}

static void every_window_policy_is_read(void)
{
    static const struct {
        const char *text;
        enum gy_policy_kind keep, every;
    } cases[] = {
        {"window = { time = \"5s\"; offset = \"1s\"; };", GY_POLICY_TIME, GY_POLICY_NONE},
        {"window = { count = 20; }; every = { time = \"1m\"; };", GY_POLICY_COUNT, GY_POLICY_TIME},
        {"window = { delta = 5; field = \"price\"; from = 1000.0; };", GY_POLICY_DELTA,
         GY_POLICY_NONE},
        {"window = { delta = 0.05; fn = \"my.relative\"; };", GY_POLICY_DELTA, GY_POLICY_NONE},
        {"window = { session = \"30s\"; }; early = \"1s\";", GY_POLICY_SESSION, GY_POLICY_NONE},
        {"window = { all = true; }; every = { count = 3; };", GY_POLICY_ALL, GY_POLICY_COUNT},
        {"window = { fn = \"my.policy\"; size = 3; }; every = { fn = \"my.other\"; };",
         GY_POLICY_FUNCTION, GY_POLICY_FUNCTION},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct read r;
        char *text = text_format("job = \"t\"; operators = ( { id = \"a\"; op = \"b.c\"; %s } );\n",
                                 cases[i].text);
        load(&r, text, NULL);
        CU_ASSERT_EQUAL(r.job->operators[0].window.keep.kind, cases[i].keep);
        CU_ASSERT_EQUAL(r.job->operators[0].window.every.kind, cases[i].every);
        CU_ASSERT_EQUAL(r.job->operators[0].n_options, 0);
        drop(&r);
        free(text);
    }
}

static void what_belongs_to_a_window_is_read(void)
{
    struct read r;
    load(&r,
         "job = \"t\"; operators = ( { id = \"a\"; op = \"b.c\"; key = \"k\";\n"
         "  window = { time = \"5s\"; offset = \"1s\"; }; per = \"stream\"; lateness = \"10s\";\n"
         "  early = \"2s\"; accumulate = false; },\n"
         "  { id = \"b\"; op = \"b.c\"; window = { count = 5; }; clock = \"processing\"; } );\n",
         NULL);
    const struct gy_op_setting *op = &r.job->operators[0];
    CU_ASSERT_EQUAL(op->window.keep.time_us, 5000000);
    CU_ASSERT_EQUAL(op->window.keep.offset_us, 1000000);
    CU_ASSERT_EQUAL(op->window.per, GY_PER_STREAM);
    CU_ASSERT_EQUAL(op->window.lateness_us, 10000000);
    CU_ASSERT_EQUAL(op->window.early_us, 2000000);
    CU_ASSERT_FALSE(op->window.accumulate);
    CU_ASSERT_FALSE(op->processing_clock);
    CU_ASSERT(op[1].processing_clock);
    drop(&r);
}

static void inputs_have_three_forms_and_keys_four(void)
{
    struct read r;
    load(&r,
         "job = \"t\"; operators = (\n"
         "  { id = \"a\"; op = \"b.c\"; input = \"x\"; key = \"k\"; },\n"
         "  { id = \"b\"; op = \"b.c\"; input = [ \"x\", \"y.p\" ]; key = [ \"k\", \"l\" ]; },\n"
         "  { id = \"c\"; op = \"b.c\"; input = { left = \"x\"; right = [ \"y\", \"z\" ]; };\n"
         "    key = { left = \"k\"; right = \"l\"; }; feedback = { left = \"c.again\"; };\n"
         "    rounds = { max = 20; }; option = 1; },\n"
         "  { id = \"d\"; op = \"b.c\"; key = { fn = \"geo.cell\"; }; } );\n",
         NULL);
    const struct gy_op_setting *op = r.job->operators;
    CU_ASSERT_EQUAL(op[0].n_wires, 1);
    CU_ASSERT_PTR_NULL(op[0].wires[0].port);
    CU_ASSERT_STRING_EQUAL(op[0].keys[0].fields[0], "k");
    CU_ASSERT_EQUAL(op[1].wires[0].n, 2);
    CU_ASSERT_STRING_EQUAL(op[1].wires[0].refs[1].id, "y");
    CU_ASSERT_STRING_EQUAL(op[1].wires[0].refs[1].port, "p");
    CU_ASSERT_EQUAL(op[1].keys[0].n, 2);
    CU_ASSERT_EQUAL(op[2].n_wires, 3);
    CU_ASSERT_STRING_EQUAL(op[2].wires[1].port, "right");
    CU_ASSERT_EQUAL(op[2].wires[1].n, 2);
    CU_ASSERT(op[2].wires[2].feedback);
    CU_ASSERT_STRING_EQUAL(op[2].wires[2].refs[0].port, "again");
    CU_ASSERT_EQUAL(op[2].n_keys, 2);
    CU_ASSERT_STRING_EQUAL(op[2].keys[1].port, "right");
    CU_ASSERT_EQUAL(op[2].rounds_max, 20);
    CU_ASSERT_EQUAL(op[2].n_options, 1);
    CU_ASSERT_STRING_EQUAL(op[3].keys[0].function, "geo.cell");
    drop(&r);
}

static void tests_are_read(void)
{
    struct read r;
    load(&r,
         "job = \"t\"; operators = ( { id = \"a\"; op = \"b.c\"; }, { id = \"o\"; op = \"b.d\"; } "
         ");\n"
         "tests = (\n"
         "  { name = \"one\"; given = { a = ( \"To be\", { *time = 5; x = 1; }, { *watermark = 9; "
         "} ); };\n"
         "    expect = { o = ( { word = \"be\"; } ); }; mode = \"batch\"; order = \"exact\"; },\n"
         "  { name = \"two\"; expect = { o = ( ); }; } );\n",
         NULL);
    CU_ASSERT_EQUAL(r.job->n_tests, 2);
    CU_ASSERT_EQUAL(r.job->tests[0].mode, 1);
    CU_ASSERT_FALSE(r.job->tests[0].any_order);
    CU_ASSERT_EQUAL(r.job->tests[0].given->items[0]->n, 3);
    CU_ASSERT_EQUAL(r.job->tests[1].mode, -1);
    CU_ASSERT(r.job->tests[1].any_order);
    drop(&r);
}

static void overrides_replace_add_and_make_groups_the_last_wins(void)
{
    static const char *const sets[] = {
        "a.doc=one",          "a.doc=two=2",      "job.mode=batch",         "job.snapshot.every=2s",
        "job.snapshot.dir=s", "a.window.time=9s", "a.key={ fn = \"x.y\"; }"};
    const struct gy_overrides overrides = {sizeof sets / sizeof sets[0], sets, "7"};
    struct read r;
    load(&r,
         "job = \"t\"; parallelism = 2;\noperators = ( { id = \"a\"; op = \"b.c\"; key = \"k\";\n"
         "  window = { time = \"5s\"; offset = \"1s\"; }; } );\n",
         &overrides);
    CU_ASSERT(r.job->batch);
    CU_ASSERT_EQUAL(r.job->parallelism, 7);
    CU_ASSERT_EQUAL(r.job->snapshot_every_us, 2000000);
    CU_ASSERT_STRING_EQUAL(r.job->snapshot_dir, "s"); /* of the working directory */
    CU_ASSERT_STRING_EQUAL(r.job->operators[0].doc, "two=2");
    CU_ASSERT_EQUAL(r.job->operators[0].window.keep.time_us, 9000000);
    CU_ASSERT_EQUAL(r.job->operators[0].window.keep.offset_us, 1000000);
    CU_ASSERT_STRING_EQUAL(r.job->operators[0].keys[0].function, "x.y");
    drop(&r);
}

static void strings_take_the_environment_and_files_include_others(void)
{
    struct gy_diags diags = {0};
    char *folder = dir_temp(), *path = path_join(folder, "job.cfg");
    char *included = path_join(folder, "ops.inc");
    setenv("GYRE_TEST_JOB", "from-env", 1);
    file_write_text(path, "job = \"${GYRE_TEST_JOB}\";\n@include \"ops.inc\"\n");
    file_write_text(included, "operators = (\n  { id = \"a\"; op = \"${NOPE:-b}.c\"; }\n);\n");
    struct gy_job *job = gy_job_load(path, NULL, &diags);
    CU_ASSERT_EQUAL(gy_diags_count(&diags), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(job);
    CU_ASSERT_STRING_EQUAL(job->name, "from-env");
    CU_ASSERT_STRING_EQUAL(job->operators[0].op, "b.c");
    CU_ASSERT_STRING_EQUAL(job->operators[0].id_at->file, included);
    CU_ASSERT_EQUAL(job->operators[0].id_at->line, 2);
    gy_job_free(job);
    gy_diags_fini(&diags);
    dir_remove(folder);
    free(folder);
    free(path);
    free(included);
}

/* libconfig reads on behind it, where no integer would be looked at. */
static void a_zero_byte_is_refused_in_an_included_file_too(void)
{
    static const char included[] = "# \0\nparallelism = 4294967297;\n";
    char *folder = dir_temp();
    char *path = path_join(folder, "job.cfg"), *other = path_join(folder, "other.inc");
    struct gy_diags diags = {0};
    file_write_text(path, "job = \"t\";\n@include \"other.inc\"\n"
                          "operators = ( { id = \"a\"; op = \"b.c\"; } );\n");
    file_write(other, included, sizeof included - 1);
    struct gy_job *job = gy_job_load(path, NULL, &diags);
    CU_ASSERT_EQUAL_FATAL(gy_diags_count(&diags), 1);
    CU_ASSERT_STRING_EQUAL(diags.list.items[0].text, "is no job file: it holds a zero byte");
    CU_ASSERT_STRING_EQUAL(diags.files.items[diags.list.items[0].file_index], other);
    gy_job_free(job);
    gy_diags_fini(&diags);
    dir_remove(folder);
    free(path);
    free(other);
    free(folder);
}

/* Expects a mistake in the job file `text`, beside which dev/null is a folder. */
static void expect_refused(const char *text, const struct gy_overrides *overrides, const char *says)
{
    char *folder = dir_temp(), *path = path_join(folder, "job.cfg");
    char *below = path_join(folder, "dev"), *null = path_join(folder, "dev/null");
    CU_ASSERT_EQUAL_FATAL(mkdir(below, 0700), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir(null, 0700), 0);
    file_write_text(path, text);
    struct gy_diags diags = {0};
    struct gy_job *job = gy_job_load(path, overrides, &diags);
    CU_ASSERT_FATAL(gy_diags_count(&diags) > 0);
    CU_ASSERT_STRING_EQUAL(diags.list.items[0].text, says);
    gy_job_free(job);
    gy_diags_fini(&diags);
    dir_remove(folder);
    free(null);
    free(below);
    free(path);
    free(folder);
}

/* libconfig would end the process at each of these folders. */
static void an_include_in_a_value_of_the_command_line_is_refused(void)
{
    static const char *const sets[] = {"a.key=[\"k\"];\n@include \".\"\n"};
    expect_refused("job = \"t\";\noperators = ( { id = \"a\"; op = \"b.c\"; } );\n",
                   &(struct gy_overrides){1, sets, NULL}, "a value has no @include");
}

/* libconfig 1.5 would look below the job file's folder for it, too, and end the process at the folder
 * that is there. */
static void an_absolute_name_of_an_included_file_is_no_other_file(void)
{
    expect_refused("job = \"t\";\n@include \"/dev/null\"\nparallelism = 4294967297;\n"
                   "operators = ( { id = \"a\"; op = \"b.c\"; } );\n",
                   NULL, "4294967297 does not fit a 32-bit integer: write 4294967297L");
}

static const struct suite_test tests[] = {
    SUITE_TEST(job_keys_have_their_defaults),
    SUITE_TEST(job_keys_are_read),
    SUITE_TEST(every_window_policy_is_read),
    SUITE_TEST(what_belongs_to_a_window_is_read),
    SUITE_TEST(inputs_have_three_forms_and_keys_four),
    SUITE_TEST(tests_are_read),
    SUITE_TEST(overrides_replace_add_and_make_groups_the_last_wins),
    SUITE_TEST(strings_take_the_environment_and_files_include_others),
    SUITE_TEST(a_zero_byte_is_refused_in_an_included_file_too),
    SUITE_TEST(an_include_in_a_value_of_the_command_line_is_refused),
    SUITE_TEST(an_absolute_name_of_an_included_file_is_no_other_file),
};
SUITE_MAIN("job_config", tests)
