/* gyre conform: every mutant of tests/bad is caught by its check and by no other, every check has one, and the
 * standard plugins pass. */
#include "conform/check.h"

#include "support/files.h"
#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a plugin gets wrong, and what the check that finds it says. */
struct mutant {
    const char *name, *check, *status, *says;
};

static const struct mutant of_loading[] = {
    {"abi_minor", "abi.note", "fail", "ABI"},
    {"mutant_abi_exports", "abi.exports", "fail", "helper_that_others_may_call"},
    {"mutant_load_fresh_process", "load.fresh-process", "crash", "exit status 3"},
    {"mutant_load_silent", "load.silent", "fail", "nothing on standard output"},
    {"mutant_load_world", "load.world", "fail", "the umask"},
    {"option_range", "desc.valid", "fail", "option_range.so"},
    {"mutant_desc_unknown", "desc.unknown", "fail", "`field` = \\\"no_such_field\\\""},
    {"mutant_config_schema", "config.schema", "fail", "a sentence for most = 100"},
};

static const struct mutant of_life[] = {
    {"mutant_life_cycle", "life.cycle", "fail", "1 blocks of gyre_alloc"},
    {"mutant_life_files", "life.cycle", "fail", "the descriptors (it left some open)"},
    {"mutant_life_exit", "life.cycle", "crash", "exit status 0"},
    {"mutant_life_hang", "life.cycle", "timeout", "did not come back"},
    {"mutant_life_close_all", "life.cycle", "fail", "the processes (it started some)"},
    {"mutant_life_interleaved", "life.interleaved", "fail", "in turns with another one"},
    {"mutant_life_create_failure", "life.create-failure", "crash", ""},
    {"mutant_thread_migrate", "thread.migrate", "fail", "this is another thread"},
    {"mutant_fault_every_allocation", "fault.every-allocation", "fail", "memory is wanting"},
    {"mutant_fault_every_host_call", "fault.every-host-call", "fail", "where gyre_map_get (call "},
};

static const struct mutant of_rows[] = {
    {"mutant_proc_silent", "proc.silent", "fail", "use gyre_log"},
    {"mutant_proc_deterministic", "proc.deterministic", "fail", "from the same input"},
    {"mutant_proc_input_readonly", "proc.input-readonly", "crash", ""},
    {"mutant_proc_batch_split", "proc.batch-split", "fail", "however rows are put into batches"},
    {"mutant_proc_dropped_rows", "proc.dropped-rows", "fail", "GYRE_ROWS"},
    {"mutant_proc_output_lifetime", "proc.output-lifetime", "fail", "gyre_out_str"},
    {"mutant_proc_output_bounds", "proc.output-bounds", "fail", "behind the last row of the input"},
    {"mutant_proc_output_capacity", "proc.output-bounds", "fail", "beyond its capacity"},
    {"mutant_proc_output_text", "proc.output-bounds", "fail", "beyond the room"},
    {"mutant_proc_bad_rows", "proc.bad-rows", "fail", "leaves no trace"},
    {"mutant_fn_total", "fn.total", "crash", ""},
    {"mutant_key_isolation", "key.isolation", "fail", "whatever other keys"},
    {"mutant_key_groups", "key.groups", "fail", "at any number of tasks"},
    {"mutant_time_watermark", "time.watermark", "fail", "behind a watermark"},
    {"mutant_time_late", "time.late", "fail", "a row is late"},
    {"mutant_time_timers", "time.timers", "fail", "in however many steps"},
};

static const struct mutant of_state[] = {
    {"mutant_state_snapshot_pure", "state.snapshot-pure", "fail", "snapshots are taken or not"},
    {"mutant_state_roundtrip", "state.roundtrip", "fail", "what encode was given"},
    {"mutant_state_hidden", "state.hidden", "fail", "not in statics or the instance"},
    {"mutant_state_every_boundary", "state.every-boundary", "fail", "wherever between two calls"},
    {"mutant_state_rescale", "state.rescale", "fail", "cannot go on as several tasks"},
    {"mutant_state_uninitialized", "state.uninitialized", "fail", "bytes that nobody has set"},
    {"mutant_state_corrupt", "state.corrupt", "crash", ""},
    {"mutant_state_golden", "state.golden", "fail", "from what mutant_state_golden 1.0 has saved"},
    {"mutant_state_version", "state.golden", "fail", "which has no migrate for it"},
    {"mutant_source_replay", "source.replay", "fail", "whenever it reads"},
    {"mutant_source_position", "source.position", "fail", "the position it has saved"},
    {"mutant_sink_two_phase", "sink.two-phase", "fail", "right after commit"},
    {"mutant_sink_visible_early", "sink.visible-early", "warn", "before they are committed"},
    {"mutant_agg_laws", "agg.laws", "fail", "merge to give"},
};

static const struct mutant of_loops[] = {
    {"mutant_loop_quiesce", "loop.quiesce", "fail", "does not vote to stop"},
    {"mutant_loop_feedback", "loop.quiesce", "fail", "the loop to run dry"},
    {"mutant_loop_rounds", "loop.rounds", "fail", "in whatever order the rows of a round come"},
    {"mutant_loop_round_end", "loop.rounds", "fail", "in the middle of the end of a round"},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Runs the suite on a plugin; the output is the caller's. */
static char *conform(const char *plugin, const char *const *flags, int *status)
{
    struct process_result r;
    char *gyre = build_path("gyre"), *path = build_path(plugin);
    const char *argv[16] = {gyre, "conform", path};
    for (size_t i = 0; flags != NULL && flags[i] != NULL && i < 12; i++)
        argv[3 + i] = flags[i];
    process_run(&(struct process_spec){.argv = argv, .timeout_ms = 600000}, &r);
    char *text = text_format("%s%s", r.out, r.err);
    *status = r.status;
    process_result_fini(&r);
    free(path);
    free(gyre);
    return text;
}

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        n++;
    return n;
}

/* The results that are neither pass nor skip. */
static size_t found(const char *json)
{
    return count_of(json, "\"status\":\"fail\"") + count_of(json, "\"status\":\"crash\"") +
           count_of(json, "\"status\":\"timeout\"") + count_of(json, "\"status\":\"warn\"");
}

/* The line of JSON with the result of a check; the caller's. */
static char *result_of(const char *json, const char *check)
{
    char *start = text_format("{\"check\":\"%s\"", check);
    const char *at = strstr(json, start);
    char *line = at != NULL ? text_format("%.*s", (int)strcspn(at, "\n"), at) : text_format("-");
    free(start);
    return line;
}

/* What a sanitizer changes: the exit status of a process that exits, bytes that nobody has set. */
static bool is_sanitizers(const struct mutant *m)
{
#ifdef GY_SANITIZED
    return strcmp(m->name, "mutant_life_exit") == 0 ||
           strcmp(m->name, "mutant_state_uninitialized") == 0;
#else
    (void)m;
    return false;
#endif
}

static void add_flag(const char **flags, const char *flag, const char *value)
{
    while (*flags != NULL)
        flags++;
    flags[0] = flag;
    flags[1] = value;
}

/* The flag for a file, where there is one. */
static void add_file(const char **flags, const char *flag, const char *path)
{
    if (file_exists(path))
        add_flag(flags, flag, path);
}

static char *conform_mutant(const struct mutant *m, int *status)
{
    const char *flags[10] = {"--format", "json"};
    if (strcmp(m->status, "timeout") == 0)
        add_flag(flags, "--timeout", "4");
    char *plugin = text_format("bad/%s.so", m->name);
    char *config = text_format("tests/bad/%s.conform.cfg", m->name);
    add_file(flags, "--config", config);
    char *golden = text_format("tests/bad/%s.golden", m->name);
    add_file(flags, "--golden", golden);
    char *json = conform(plugin, flags, status);
    free(golden);
    free(config);
    free(plugin);
    return json;
}

/* Under a sanitizer a share, spread over the table. */
static void catch_all(const struct mutant *mutants, size_t n)
{
    for (size_t i = 0; i < n; i += n / suite_share(n)) {
        const struct mutant *m = &mutants[i];
        int status;
        if (is_sanitizers(m))
            continue;
        char *json = conform_mutant(m, &status);
        char *line = result_of(json, m->check);
        char *wanted = text_format("\"status\":\"%s\"", m->status);
        bool only = found(json) == 1;
        bool caught = strstr(line, wanted) != NULL && strstr(line, m->says) != NULL;
        if (strcmp(m->check, "load.fresh-process") != 0 && strcmp(m->status, "fail") != 0 &&
            strcmp(m->status, "warn") != 0) /* it has died */
            caught &= strstr(line, "smallest input found:\\n    rows of `in`:\\n") != NULL;
        if (!only || !caught)
            printf("%s should be caught by %s (%s, \"%s\") alone:\n%s\n", m->name, m->check,
                   m->status, m->says, json);
        CU_ASSERT(only);
        CU_ASSERT(caught);
        CU_ASSERT_EQUAL(status, strcmp(m->status, "warn") == 0 ? 0 : 1);
        free(wanted);
        free(line);
        free(json);
    }
}

static void mutants_of_loading_are_caught_by_their_check_alone(void)
{
    catch_all(of_loading, COUNT(of_loading));
}

static void mutants_of_life_are_caught_by_their_check_alone(void)
{
    catch_all(of_life, COUNT(of_life));
}

static void mutants_of_rows_are_caught_by_their_check_alone(void)
{
    catch_all(of_rows, COUNT(of_rows));
}

static void mutants_of_state_are_caught_by_their_check_alone(void)
{
    catch_all(of_state, COUNT(of_state));
}

static void mutants_of_loops_are_caught_by_their_check_alone(void)
{
    catch_all(of_loops, COUNT(of_loops));
}

static bool has_mutant(const struct mutant *mutants, size_t n, const char *check)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(mutants[i].check, check) == 0)
            return true;
    return false;
}

static void every_check_has_a_mutant_and_stands_in_help(void)
{
    struct process_result r;
    char *gyre = build_path("gyre");
    process_run(&(struct process_spec){.argv = ARGV(gyre, "conform", "--help")}, &r);
    CU_ASSERT(gy_n_checks > 30);
    for (size_t i = 0; i < gy_n_checks; i++) {
        const char *id = gy_checks[i].id;
        bool has =
            has_mutant(of_loading, COUNT(of_loading), id) ||
            has_mutant(of_life, COUNT(of_life), id) || has_mutant(of_rows, COUNT(of_rows), id) ||
            has_mutant(of_state, COUNT(of_state), id) || has_mutant(of_loops, COUNT(of_loops), id);
        char *entry = text_format("  %s ", id);
        if (!has || strstr(r.out, entry) == NULL || strstr(r.out, gy_checks[i].text) == NULL)
            printf("%s: %s\n", id, has ? "not in help" : "no mutant");
        CU_ASSERT(has);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, entry));
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, gy_checks[i].text));
        free(entry);
    }
    process_result_fini(&r);
    free(gyre);
}

/* The checks that a sanitizer has something to see in are all that it runs: the thread sanitizer on every plugin, the
 * others on the largest, which takes as long as the rest together. GYRE_BIG=1: all. */
static const char *checks_of(const char *plugin)
{
    if (getenv("GYRE_BIG") != NULL)
        return NULL;
#if defined(__SANITIZE_THREAD__)
    (void)plugin;
    return "life.cycle,life.interleaved,thread.migrate";
#elif defined(GY_SANITIZED)
    return strcmp(plugin, "std") != 0
               ? NULL
               : "life.cycle,proc.output-bounds,proc.bad-rows,fn.total,state.rescale,state.corrupt,"
                 "fault.every-allocation";
#else
    (void)plugin;
    return NULL;
#endif
}

static void the_standard_plugins_pass(void)
{
    static const char *const names[] = {"file",   "gen", "graph",  "json", "learn", "net",
                                        "netmon", "std", "stocks", "text", "weblog"};
    for (size_t i = 0; i < COUNT(names); i++) {
        int status;
        char *plugin = text_format("plugins/%s.so", names[i]);
        char *config = text_format("plugins/%s/conform.cfg", names[i]);
        const char *flags[10] = {"--format", "json"}, *checks = checks_of(names[i]);
        add_file(flags, "--config", config);
        if (checks != NULL)
            add_flag(flags, "--only", checks);
        char *json = conform(plugin, flags, &status);
        if (status != 0 || found(json) > 0)
            printf("%s: %s\n", names[i], json);
        CU_ASSERT_EQUAL(status, 0);
        CU_ASSERT_EQUAL(found(json), 0);
        CU_ASSERT(count_of(json, "\"status\":\"pass\"") >= (checks != NULL ? 1 : 8));
        bool loops = strcmp(names[i], "graph") == 0 || strcmp(names[i], "learn") == 0;
        if (loops && checks == NULL)
            CU_ASSERT_EQUAL(count_of(json, "{\"check\":\"loop.rounds\""), 2);
        free(json);
        free(config);
        free(plugin);
    }
}

/* Each of its tasks has a LuaJIT of its own: all checks take a minute of CPU, so that they are for GYRE_BIG. */
static void lua_passes(void)
{
    static const char *const some[] = {
        "--config", "plugins/lua/conform.cfg", "--only",
        "proc.batch-split,proc.bad-rows,key.isolation,state.rescale,state.roundtrip,agg.laws",
        NULL};
    static const char *const all[] = {"--config", "plugins/lua/conform.cfg", NULL};
    char *plugin = build_path("plugins/lua.so");
    if (!file_exists(plugin)) {
        printf("lua left out: gyre was built without LuaJIT\n");
    } else {
        int status;
        char *text = conform("plugins/lua.so", getenv("GYRE_BIG") != NULL ? all : some, &status);
        if (status != 0)
            printf("%s\n", text);
        CU_ASSERT_EQUAL(status, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, " pass, 0 fail, 0 crash, 0 timeout"));
        free(text);
    }
    free(plugin);
}

/* ---- the command ---- */

static void a_failure_tells_the_input_the_seed_and_how_to_run_it_again(void)
{
    static const char *const flags[] = {"--only", "state.hidden:mutant_state_hidden.op", "--seed",
                                        "5", NULL};
    static const char *const here[] = {"--only", "state.hidden", "--in-process", NULL};
    int status;
    char *text = conform("bad/mutant_state_hidden.so", flags, &status);
    CU_ASSERT_EQUAL(status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "fail  state.hidden  mutant_state_hidden.op: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "expected the same rows after a restart"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  smallest input found:\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " --only state.hidden:mutant_state_hidden.op --seed 5\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "0 pass, 1 fail, 0 crash"));
    free(text);
    text = conform("bad/mutant_state_hidden.so", here, &status);
    CU_ASSERT_EQUAL(status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "0 pass, 1 fail, 0 crash"));
    free(text);
}

static void a_crash_names_the_callback(void)
{
#ifdef GY_SANITIZED
    suite_skip("the sanitizer reports crashes itself");
#endif
    static const char *const flags[] = {"--only", "fn.total", NULL};
    int status;
    char *text = conform("bad/mutant_fn_total.so", flags, &status);
    CU_ASSERT_EQUAL(status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "mutant_fn_total.op in process"));
    free(text);
}

/* Key, distance, trigger and eviction functions are run under a count of rows. */
static void functions_of_keys_and_windows_need_no_config(void)
{
    static const char *const plugins[] = {"fixtures/key_fns.so", "fixtures/window_fns.so"};
    static const char *const flags[] = {"--format", "json", NULL};
    static const char *const wanted[] = {"key_fns.cell", "window_fns.relative"};
    for (size_t i = 0; i < COUNT(plugins); i++) {
        int status;
        char *json = conform(plugins[i], flags, &status);
        char *line = text_format(
            "{\"check\":\"proc.dropped-rows\",\"subject\":\"%s\",\"status\":\"pass\"", wanted[i]);
        if (strstr(json, line) == NULL)
            printf("%s\n", json);
        CU_ASSERT_PTR_NOT_NULL(strstr(json, line));
        free(line);
        free(json);
    }
}

/* What a version saves, this and the next one read. */
static void what_a_version_saves_is_kept_and_read(void)
{
    static const char *const only[] = {"--only", "state.golden", NULL};
    static const char *const migrated[] = {"--only", "state.golden", "--golden",
                                           "tests/fixtures/state_migrated.golden", NULL};
    char *dir = dir_temp(), *path = path_join(dir, "std.golden");
    const char *write[] = {"--write-golden", "--golden", path, NULL};
    const char *read[] = {"--only", "state.golden", "--golden", path, NULL};
    int status;
    char *text = conform("plugins/std.so", write, &status);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "subjects of this version save\n"));
    free(text);
    text = conform("plugins/std.so", read, &status);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " pass, 0 fail, 0 crash, 0 timeout, 0 skip"));
    free(text);
    text = conform("plugins/std.so", write, &status);
    CU_ASSERT_EQUAL(status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "std.golden is there: it has what an earlier version"));
    free(text);
    text = conform("plugins/text.so", only, &status); /* it has no state */
    CU_ASSERT_EQUAL(status, 0);
    free(text);
    text = conform("fixtures/state_migrated.so", migrated, &status);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1 pass, 0 fail"));
    free(text);
    free(path);
    dir_end(dir);
}

static void results_are_junit_as_well(void)
{
    static const char *const flags[] = {"--format", "junit", NULL};
    int status;
    char *text = conform("bad/mutant_abi_exports.so", flags, &status);
    CU_ASSERT_EQUAL(status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<?xml version=\"1.0\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " failures=\"1\" errors=\"0\" "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<testcase classname=\"plugin\" name=\"abi.exports\">"
                                        "<failure message=\"fail\">"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "</testsuite>"));
    free(text);
}

static void fuzzing_goes_on_with_other_seeds(void)
{
    static const char *const flags[] = {"--fuzz", "1", "--only", "proc.batch-split", NULL};
    int status;
    char *text = conform("plugins/text.so", flags, &status);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "seed "));
    CU_ASSERT_PTR_NULL(strstr(text, "seed 1\n"));
    free(text);
}

static void fuzzing_draws_options_and_tells_how_to_run_them_again(void)
{
    static const char *const plain[] = {"--only", "state.hidden", NULL};
    static const char *const flags[] = {"--fuzz", "30", "--only", "state.hidden", NULL};
    int status;
    char *text = conform("fixtures/option_fault.so", plain, &status);
    CU_ASSERT_EQUAL(status, 0);
    free(text);
    text = conform("fixtures/option_fault.so", flags, &status);
    CU_ASSERT_EQUAL(status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  with the options: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "from = "));
    const char *at = strstr(text, " --only state.hidden:option_fault.op --seed ");
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    char *seed = text_format("%.*s", (int)strspn(strstr(at, "--seed ") + 7, "0123456789"),
                             strstr(at, "--seed ") + 7);
    CU_ASSERT(strncmp(strstr(at, seed) + strlen(seed), " --vary\n", 8) == 0);
    const char *again[] = {"--only", "state.hidden:option_fault.op", "--seed", seed, "--vary",
                           NULL};
    char *second = conform("fixtures/option_fault.so", again, &status);
    CU_ASSERT_EQUAL(status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(second, "  with the options: "));
    free(second);
    free(seed);
    free(text);
}

/* Runs it on a plugin with a conform.cfg of this text; says whether `part` is in the output. */
static bool config_says(const char *config, int wanted, const char *part)
{
    char *dir = dir_temp(), *path = path_join(dir, "c.cfg");
    const char *flags[] = {"--config", path, "--only", "life.cycle,proc.bad-rows", NULL};
    int status;
    file_write_text(path, config);
    char *text = conform("plugins/std.so", flags, &status);
    bool ok = status == wanted && strstr(text, part) != NULL;
    if (!ok)
        printf("status %d, not \"%s\":\n%s\n", status, part, text);
    free(text);
    free(path);
    dir_end(dir);
    return ok;
}

static void a_config_gives_options_and_rows(void)
{
    CU_ASSERT(config_says("subjects = ( { op = \"std.select\"; input = \"a: i64, b: str\"; "
                          "rows = (\"1,x\", \"2,y\"); fields = (\"b\"); } );",
                          0, "life.cycle"));
    CU_ASSERT(config_says("subjects = ( { op = \"std.select\"; input = \"a: i64\"; "
                          "rows = (\"x\"); fields = (\"a\"); } );",
                          1, "the sample rows of conform.cfg: row 1: `x` is no i64 for `a`"));
    CU_ASSERT(config_says("subjects = (\n { op = \"std.select\"; input = 3; } );", 2,
                          "c.cfg:2: `input` is a schema"));
    CU_ASSERT(config_says("subjects = (\n { input = \"a: i64\"; } );", 2,
                          "c.cfg:2: a subject has an `op`"));
    CU_ASSERT(config_says("subject = ();", 2, "there are no `subjects`"));
}

/* What a conform.cfg says has to work, what is guessed need not; neither is told with the folder of the run. */
static void what_cannot_be_made_into_a_job_is_told(void)
{
    static const char *const all[] = {NULL};
    int status;
    CU_ASSERT(config_says("subjects = (\n { op = \"std.select\"; input = \"a: i64\"; "
                          "fields = (\"b\"); } );",
                          2, "c.cfg:2: no job can be made with it: fields: unknown field `b`"));
    CU_ASSERT(config_says("subjects = (\n { op = \"std.select\"; input = \"a: i64\"; "
                          "fields = (\"b\"); skip = (\"all\"); } );",
                          0, "life.cycle"));
    char *text = conform("fixtures/unmade.so", all, &status);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(
        text, "warn  unmade.upper: no job could be made with it from its tables alone, say how in "
              "a conform.cfg: input: unknown field `word` "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " 0 skip, 1 warn\n"));
    free(text);
    text =
        conform("fixtures/key_fns.so", all, &status); /* functions that have no job of their own */
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, ": a function of this kind is tested with the operator that calls it\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " 0 fail, 0 crash, 0 timeout, "));
    free(text);
}

static void files_of_a_config_may_be_in_folders_and_lead_nowhere_else(void)
{
    static const char *const names[] = {"../a", "/tmp/a", "b/../../a", "b//a", "", "a/"};
    static const char format[] = "subjects = (\n { op = \"file.read\"; path = \"in/of/a.txt\";\n"
                                 " files = ( { name = \"%s\"; text = \"to be\\n\"; } ); },\n"
                                 "{ op = \"file.write\"; input = \"a: i64\"; path = \"out\"; } );";
    for (size_t i = 0; i <= COUNT(names); i++) {
        char *config = text_format(format, i < COUNT(names) ? names[i] : "in/of/a.txt");
        char *dir = dir_temp(), *path = path_join(dir, "c.cfg");
        const char *flags[] = {"--config", path, "--only", "source.replay", NULL};
        int status;
        file_write_text(path, config);
        char *text = conform("plugins/file.so", flags, &status);
        bool good = i == COUNT(names);
        CU_ASSERT_EQUAL(status, good ? 0 : 2);
        CU_ASSERT_PTR_NOT_NULL(
            strstr(text, good ? "source.replay           1 pass"
                              : "c.cfg:3: the name of a file is relative to the folder"));
        free(text);
        free(path);
        free(config);
        dir_end(dir);
    }
}

/* A sink that shows its rows elsewhere than in files says how to look at them. */
static void what_is_seen_of_a_sink_may_be_printed_by_a_command(void)
{
    static const struct {
        const char *seen, *check;
        int status;
        const char *says;
    } cases[] = {
        {"cat out.csv", "sink.two-phase", 0, "sink.two-phase          1 pass"},
        {"ls -A | grep -c .", "sink.visible-early", 0, "sink.visible-early      1 "},
        {"date +%N", "sink.two-phase", 1, "expected to see the same where the process died"},
        {"date +%N", "sink.visible-early", 0, "rows can be seen before they are committed"},
        {"true", "sink.two-phase", 0, "sink.two-phase          1 skip"},
        {"echo it is; echo gone >&2; exit 3", "sink.two-phase", 1,
         "the command `seen` of conform.cfg failed: echo it is; echo gone >&2; exit 3\nit is\n"
         "gone\n"},
        {"[ -f \\\"$HERE\\\"/file.so ] && cat out.csv; read -r a || true", "sink.two-phase", 0,
         "sink.two-phase          1 pass"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *dir = dir_temp(), *path = path_join(dir, "c.cfg");
        char *config = text_format("subjects = ( { op = \"file.write\"; input = \"a: i64\"; path "
                                   "= \"out.csv\"; seen = \"%s\"; } );",
                                   cases[i].seen);
        const char *flags[] = {"--config", path, "--only", cases[i].check, NULL};
        int status;
        file_write_text(path, config);
        char *text = conform("plugins/file.so", flags, &status);
        if (status != cases[i].status || strstr(text, cases[i].says) == NULL)
            printf("%s\n%s\n", cases[i].seen, text);
        CU_ASSERT_EQUAL(status, cases[i].status);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, cases[i].says));
        free(text);
        free(config);
        free(path);
        dir_end(dir);
    }
}

/* A new build of a plugin that is installed as well. */
static void the_file_that_is_asked_for_comes_before_another_of_its_name(void)
{
    char *dir = dir_temp(), *path = path_join(dir, "text.so"),
         *from = build_path("plugins/text.so");
    char *gyre = build_path("gyre");
    struct process_result r;
    size_t n;
    char *bytes = file_read(from, &n);
    file_write(path, bytes, n);
    process_run(
        &(struct process_spec){.argv = ARGV(gyre, "conform", path, "--only", "proc.deterministic")},
        &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "1 pass, 0 fail"));
    process_result_fini(&r);
    free(bytes);
    free(gyre);
    free(from);
    free(path);
    dir_end(dir);
}

static void wrong_command_lines_end_with_2(void)
{
    static const char *const no_check[] = {"--only", "state.hiden", NULL};
    int status;
    char *text = conform("plugins/text.so", no_check, &status);
    CU_ASSERT_EQUAL(status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "no check \"state.hiden\": did you mean `state.hidden`?"));
    free(text);
    text = conform("plugins/none.so", NULL, &status);
    CU_ASSERT_EQUAL(status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "cannot be read"));
    free(text);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(mutants_of_loading_are_caught_by_their_check_alone, 300),
    SUITE_TEST_WITHIN(mutants_of_life_are_caught_by_their_check_alone, 300),
    SUITE_TEST_WITHIN(mutants_of_rows_are_caught_by_their_check_alone, 300),
    SUITE_TEST_WITHIN(mutants_of_state_are_caught_by_their_check_alone, 300),
    SUITE_TEST_WITHIN(functions_of_keys_and_windows_need_no_config, 100),
    SUITE_TEST_WITHIN(what_a_version_saves_is_kept_and_read, 100),
    SUITE_TEST_WITHIN(mutants_of_loops_are_caught_by_their_check_alone, 300),
    SUITE_TEST(every_check_has_a_mutant_and_stands_in_help),
    SUITE_TEST_WITHIN(the_standard_plugins_pass, 300),
    SUITE_TEST_WITHIN(lua_passes, 300),
    SUITE_TEST(a_failure_tells_the_input_the_seed_and_how_to_run_it_again),
    SUITE_TEST(a_crash_names_the_callback),
    SUITE_TEST(results_are_junit_as_well),
    SUITE_TEST_WITHIN(fuzzing_draws_options_and_tells_how_to_run_them_again, 60),
    SUITE_TEST(fuzzing_goes_on_with_other_seeds),
    SUITE_TEST(a_config_gives_options_and_rows),
    SUITE_TEST(what_cannot_be_made_into_a_job_is_told),
    SUITE_TEST(files_of_a_config_may_be_in_folders_and_lead_nowhere_else),
    SUITE_TEST_WITHIN(what_is_seen_of_a_sink_may_be_printed_by_a_command, 60),
    SUITE_TEST(the_file_that_is_asked_for_comes_before_another_of_its_name),
    SUITE_TEST(wrong_command_lines_end_with_2),
};
SUITE_MAIN("conform", tests)
