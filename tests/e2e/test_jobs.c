/* The example jobs put out what they must, and the tests in them pass. (netcount.cfg is run by
 * test_net_read.) */
#include "net_peer.h"

#include "support/process.h"
#include "support/suite.h"

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] = "To be, or not to be:\nthat is the question.\n";

/* Runs a job of jobs/ in a new folder that has the text, with `sets` ("ID.OPTION=VALUE", NULL last). */
static void run_job(const char *folder, const char *job, const char *const *sets,
                    struct process_result *result)
{
    const char *argv[16] = {NULL};
    size_t n = 0;
    char *program = build_path("gyre"), *path = text_format("jobs/%s", job);
    char *real = realpath(path, NULL);
    argv[n++] = program;
    argv[n++] = "run";
    argv[n++] = real;
    for (size_t i = 0; sets[i] != NULL; i++) {
        argv[n++] = "--set";
        argv[n++] = sets[i];
    }
    process_run(&(struct process_spec){.argv = argv, .cwd = folder}, result);
    CU_ASSERT_EQUAL(result->status, 0);
    free(real);
    free(path);
    free(program);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Compares lines as a multiset: rows of several tasks come in no order. */
static void expect_rows(const char *is, const char *wanted)
{
    const char *texts[2] = {is, wanted};
    char *sorted[2];
    for (int t = 0; t < 2; t++) {
        size_t n = 0, size = strlen(texts[t]) + 2;
        char *copy = strdup(texts[t]), *rest = NULL;
        char **lines = calloc(size, sizeof *lines);
        sorted[t] = calloc(1, size);
        for (char *l = strtok_r(copy, "\n", &rest); l != NULL; l = strtok_r(NULL, "\n", &rest))
            lines[n++] = l;
        qsort(lines, n, sizeof *lines, by_text);
        for (size_t i = 0; i < n; i++) {
            strcat(sorted[t], lines[i]);
            strcat(sorted[t], "\n");
        }
        free(lines);
        free(copy);
    }
    CU_ASSERT_STRING_EQUAL(sorted[0], sorted[1]);
    if (strcmp(sorted[0], sorted[1]) != 0)
        printf("--- is\n%s--- not\n%s", sorted[0], sorted[1]);
    free(sorted[0]);
    free(sorted[1]);
}

static void expect_word_count(const char *job, const char *wanted)
{
    struct process_result result;
    char *folder = dir_temp(), *path = path_join(folder, "text");
    file_write_text(path, text);
    run_job(folder, job, (const char *const[]){"lines.path=text", NULL}, &result);
    expect_rows(result.out, wanted);
    process_result_fini(&result);
    dir_remove(folder);
    free(path);
    free(folder);
}

static void wordcount_batch_has_one_row_per_word(void)
{
    expect_word_count("wordcount-batch.cfg",
                      "to,2\nbe,2\nor,1\nnot,1\nthat,1\nis,1\nthe,1\nquestion,1\n");
}

static void wordcount_has_a_row_for_every_word(void)
{
    expect_word_count("wordcount.cfg",
                      "to,1\nbe,1\nor,1\nnot,1\nto,2\nbe,2\nthat,1\nis,1\nthe,1\nquestion,1\n");
}

static void access_log_counts_requests_bytes_and_errors(void)
{
    struct process_result result;
    char *folder = dir_temp();
    char *hosts = path_join(folder, "h.csv"), *statuses = path_join(folder, "s.csv");
    run_job(folder, "access-log.cfg",
            (const char *const[]){"hosts.path=h.csv", "statuses.path=s.csv", NULL}, &result);
    CU_ASSERT_STRING_EQUAL(result.out, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "log[")); /* the line that is cut is told */
    char *got = file_read(hosts, NULL);
    CU_ASSERT_EQUAL(strncmp(got, "host,requests,bytes,error_rate\n", 31), 0);
    expect_rows(got, "host,requests,bytes,error_rate\n"
                     "docs.example,3,18944,0\napi.example,4,1980,0.5\nshop.example,4,7990,0.25\n");
    free(got);
    got = file_read(statuses, NULL);
    expect_rows(got, "host,status,requests,bytes\n"
                     "api.example,200,2,1980\napi.example,503,2,0\ndocs.example,200,2,18944\n"
                     "docs.example,304,1,\nshop.example,200,2,7168\nshop.example,404,1,512\n"
                     "shop.example,502,1,310\n");
    free(got);
    process_result_fini(&result);
    dir_remove(folder);
    free(hosts);
    free(statuses);
    free(folder);
}

static void sessions_end_when_a_host_is_quiet_for_the_gap(void)
{
    struct process_result result;
    char *folder = dir_temp();
    run_job(folder, "sessions.cfg", (const char *const[]){"out.path=-", NULL}, &result);
    expect_rows(result.out, "shop.example,2026-11-20T10:00:00Z,2026-11-20T10:00:05Z,3,7478\n"
                            "shop.example,2026-11-20T10:00:11Z,2026-11-20T10:00:14Z,1,512\n"
                            "docs.example,2026-11-20T10:00:01Z,2026-11-20T10:00:04Z,1,18211\n"
                            "docs.example,2026-11-20T10:00:04Z,2026-11-20T10:00:07Z,1,\n"
                            "docs.example,2026-11-20T10:00:12Z,2026-11-20T10:00:15Z,1,733\n"
                            "api.example,2026-11-20T10:00:05Z,2026-11-20T10:00:12Z,4,1980\n");
    process_result_fini(&result);
    dir_remove(folder);
    free(folder);
}

static void expect_file(const char *folder, const char *name, const char *wanted_name)
{
    char *path = path_join(folder, name), *wanted_path = path_join("tests/e2e/jobs", wanted_name);
    char *is = file_read(path, NULL), *wanted = file_read(wanted_path, NULL);
    expect_rows(is, wanted);
    free(wanted);
    free(is);
    free(wanted_path);
    free(path);
}

static void stocks_are_the_same_at_any_parallelism(void)
{
    static const char *const parallelism[] = {"job.parallelism=1", "job.parallelism=3"};
    for (size_t i = 0; i < sizeof parallelism / sizeof *parallelism; i++) {
        struct process_result result;
        char *folder = dir_temp();
        run_job(folder, "stocks.cfg",
                (const char *const[]){"rolling.path=r.csv", "moved.path=m.csv", "warned.path=w.csv",
                                      "together.path=t.csv", parallelism[i], NULL},
                &result);
        expect_file(folder, "r.csv", "stocks-rolling.csv");
        expect_file(folder, "m.csv", "stocks-moves.csv");
        expect_file(folder, "w.csv", "stocks-warnings.csv");
        expect_file(folder, "t.csv", "stocks-together.csv");
        process_result_fini(&result);
        dir_remove(folder);
        free(folder);
    }
}

/* ---- jobs with loops ---- */

static void expect_out(const char *job, const char *wanted)
{
    static const char *const parallelism[] = {"job.parallelism=1", "job.parallelism=3"};
    for (size_t i = 0; i < sizeof parallelism / sizeof *parallelism; i++) {
        struct process_result result;
        char *folder = dir_temp();
        run_job(folder, job, (const char *const[]){"out.path=-", parallelism[i], NULL}, &result);
        expect_rows(result.out, wanted);
        process_result_fini(&result);
        dir_remove(folder);
        free(folder);
    }
}

static void components_are_called_by_their_least_nodes(void)
{
    expect_out("components.cfg", "1,1\n2,1\n3,1\n4,1\n5,1\n6,1\n7,1\n20,20\n21,20\n22,20\n"
                                 "23,20\n40,40\n41,40\n");
}

static void shortest_paths_are_of_what_can_be_reached(void)
{
    expect_out("sssp.cfg", "0,0\n1,7\n2,9\n3,20\n4,20\n5,11\n6,20.5\n");
}

static void ranks_are_the_same_at_any_parallelism(void)
{
    char *wanted = file_read("tests/e2e/jobs/pagerank.csv", NULL);
    expect_out("pagerank.cfg", wanted);
    free(wanted);
}

static void clusters_have_their_points(void)
{
    struct process_result result;
    char *folder = dir_temp();
    run_job(folder, "kmeans.cfg",
            (const char *const[]){"out.path=c.csv", "assigned.path=a.csv", NULL}, &result);
    expect_file(folder, "c.csv", "kmeans-centres.csv");
    expect_file(folder, "a.csv", "kmeans-assigned.csv");
    process_result_fini(&result);
    dir_remove(folder);
    free(folder);
}

/* Two thousand examples, judged before the model learns from them: it gets better. */
static void a_model_gets_better_while_examples_stream(void)
{
    struct process_result result;
    double first, last;
    char *folder = dir_temp();
    run_job(folder, "train.cfg",
            (const char *const[]){"input.count=2000", "model.path=m.csv", NULL}, &result);
    CU_ASSERT_EQUAL_FATAL(sscanf(result.out, "%*[0-9],%lf,%*[0-9.]\n%*[0-9],%lf,", &first, &last),
                          2);
    CU_ASSERT(first < 0.69 && last < first);
    process_result_fini(&result);
    dir_remove(folder);
    free(folder);
}

/* ---- jobs without an end ---- */

static void start_job(const char *folder, const char *job, const char *set, const char *other_set,
                      struct process *process)
{
    char *program = build_path("gyre"), *path = text_format("jobs/%s", job);
    char *real = realpath(path, NULL);
    process_start(
        &(struct process_spec){.argv = ARGV(program, "run", real, "--set", set, "--set", other_set),
                               .cwd = folder,
                               .timeout_ms = 2 * NET_PATIENCE_MS},
        process);
    free(real);
    free(path);
    free(program);
}

static void end_job(struct process *process)
{
    struct process_result result;
    process_signal(process, SIGTERM);
    process_wait(process, &result);
    CU_ASSERT_EQUAL(result.status, 0);
    if (result.status != 0)
        printf("%s%s", result.out, result.err);
    process_result_fini(&result);
}

/* A word is in each window of 5 s that covers it, and after that nobody speaks of it. */
static void stream_wordcount_counts_the_last_seconds(void)
{
    net_need_plugin();
    struct net_run run = {.dir = dir_temp()};
    start_job(run.dir, "stream-wordcount.cfg", "lines.port=0", "job.parallelism=2", &run.process);
    int fd = peer_connect(net_port(&run));
    peer_say(fd, "to be or not to be\n");
    CU_ASSERT(process_await_out(&run.process, "to,", NET_PATIENCE_MS));
    peer_say(fd, "to end\n");
    CU_ASSERT(process_await_out(&run.process, "end,", NET_PATIENCE_MS));
    usleep(7 * 1000 * 1000);
    char *out = process_out(&run.process);
    size_t tos = 0, ends = 0, threes = 0;
    for (char *rest = NULL, *l = strtok_r(out, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
        tos += strncmp(l, "to,", 3) == 0;
        ends += strncmp(l, "end,", 4) == 0;
        threes += strncmp(l, "to,", 3) == 0 && strcmp(l + strlen(l) - 2, ",3") == 0;
    }
    CU_ASSERT(tos >= 6 && tos <= 10);
    CU_ASSERT_EQUAL(ends, 5);
    CU_ASSERT(threes >= 1 && threes <= 4);
    free(out);
    peer_finish(fd);
    end_job(&run.process);
    dir_remove(run.dir);
    free(run.dir);
}

static void write_counters(const char *folder, long long received)
{
    char *path = path_join(folder, "dev"), *other = path_join(folder, "dev.new");
    char *counters = text_format("Inter-|   Receive  |  Transmit\n face |bytes packets\n"
                                 "    lo: 7 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n"
                                 "  eth0: %lld 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0\n",
                                 received);
    file_write_text(other, counters);
    CU_ASSERT_EQUAL(rename(other, path), 0);
    free(counters);
    free(other);
    free(path);
}

static void netmon_tells_rates_and_alerts_of_a_jump(void)
{
    struct process process;
    char *folder = dir_temp();
    write_counters(folder, 1000);
    start_job(folder, "netmon.cfg", "dev.path=dev", "dev.interval=20ms", &process);
    CU_ASSERT(process_await_out(&process, "eth0,", NET_PATIENCE_MS));
    char *out = process_out(&process);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "lo,"));
    CU_ASSERT_PTR_NULL(strstr(out, "eth0,0,0,")); /* no alert */
    free(out);
    write_counters(folder, 1000000000);
    CU_ASSERT(process_await_out(&process, "eth0,0,0,", NET_PATIENCE_MS));
    end_job(&process);
    dir_remove(folder);
    free(folder);
}

/* ---- the tests in them ---- */

/* Each has some, so that one without cannot pass unseen. */
static void every_job_has_tests_and_passes_them(void)
{
    glob_t jobs;
    char *program = build_path("gyre");
    net_need_plugin();
    CU_ASSERT_EQUAL_FATAL(glob("jobs/*.cfg", 0, NULL, &jobs), 0);
    CU_ASSERT(jobs.gl_pathc >= 8);
    for (size_t i = 0; i < jobs.gl_pathc; i++) {
        struct process_result result;
        process_run(&(struct process_spec){.argv = ARGV(program, "test", jobs.gl_pathv[i])},
                    &result);
        bool passes = result.status == 0 && strstr(result.out, "pass  ") != NULL &&
                      strstr(result.out, " passed, 0 failed\n") != NULL;
        CU_ASSERT(passes);
        if (!passes)
            printf("gyre test %s:\n%s%s", jobs.gl_pathv[i], result.out, result.err);
        process_result_fini(&result);
    }
    globfree(&jobs);
    free(program);
}

static const struct suite_test tests[] = {
    SUITE_TEST(wordcount_batch_has_one_row_per_word),
    SUITE_TEST(wordcount_has_a_row_for_every_word),
    SUITE_TEST(access_log_counts_requests_bytes_and_errors),
    SUITE_TEST(sessions_end_when_a_host_is_quiet_for_the_gap),
    SUITE_TEST(stocks_are_the_same_at_any_parallelism),
    SUITE_TEST(components_are_called_by_their_least_nodes),
    SUITE_TEST(shortest_paths_are_of_what_can_be_reached),
    SUITE_TEST(ranks_are_the_same_at_any_parallelism),
    SUITE_TEST(clusters_have_their_points),
    SUITE_TEST(a_model_gets_better_while_examples_stream),
    SUITE_TEST(stream_wordcount_counts_the_last_seconds),
    SUITE_TEST_WITHIN(every_job_has_tests_and_passes_them, 120),
    SUITE_TEST(netmon_tells_rates_and_alerts_of_a_jump),
};
SUITE_MAIN("jobs", tests)
