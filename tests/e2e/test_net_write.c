/* The sink net.write from outside: jobs whose peers are sockets of the test; see net_peer.h. */
#include "net_peer.h"

#include "support/process.h"
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTEN "port = 0; listen = true;"

#define WRITE_JOB                                                                                  \
    "job = \"net\";\noperators = (\n"                                                              \
    "  { id = \"in\";  op = \"gen.sequence\"; parallelism = 1; to = %d; },\n"                      \
    "  { id = \"out\"; op = \"net.write\"; input = \"in\"; %s }\n);\n"

/* True where the text is whole lines of integers that increase from `*last` on, and below `end`;
 * counts them. */
static bool is_increasing(const char *text, long *last, long end, long *n)
{
    char *after;
    for (*n = 0; *text; ++*n, text = after + 1) {
        long value = strtol(text, &after, 10);
        if (after == text || *after != '\n' || value <= *last || value >= end)
            return false;
        *last = value;
    }
    return true;
}

static void rows_go_to_a_peer_as_file_write_writes_them(void)
{
    net_need_plugin();
    static const char rows[] = "plain,1\n\"a, \"\"quoted\"\" one\",\n\"\",-3\n\"two\nlines\",4\n";
    struct net_run run;
    struct process_result r;
    char *dir = dir_temp(), *path = path_join(dir, "in.csv");
    file_write_text(path, rows);
    net_start(&run,
              text_format("job = \"net\";\noperators = (\n"
                          "  { id = \"in\"; op = \"file.read\"; path = \"%s\"; format = \"csv\";\n"
                          "    schema = ( {name = \"s\"; type = \"str\";},\n"
                          "      {name = \"n\"; type = \"i64\"; nullable = true;} ); },\n"
                          "  { id = \"out\"; op = \"net.write\"; input = \"in\"; " LISTEN
                          " }\n);\n",
                          path),
              NULL, NULL);
    int fd = peer_connect(net_port(&run));
    char *got = peer_receive(fd, SIZE_MAX);
    CU_ASSERT_STRING_EQUAL(got, rows);
    close(fd);
    net_end(&run, &r);
    free(got);
    free(path);
    dir_remove(dir);
    free(dir);
    net_fini(&run, &r);
}

static void peer_that_is_slow_or_late_loses_nothing(void)
{
    net_need_plugin();
    enum { ROWS = 3000000 }; /* some 23 MB: more than sockets hold */
    struct net_run run;
    struct process_result r;
    int port, listen_fd = peer_bound(&port);
    char *options = text_format("port = %d;", port);
    long n, last = -1;
    net_start(&run, text_format(WRITE_JOB, ROWS - 1, options), NULL, NULL);
    CU_ASSERT(net_says(&run, ": Connection refused; connecting again in 200 ms"));
    listen(listen_fd, 8);
    int fd = peer_accept(listen_fd);
    peer_say(fd, "what the peer says does not matter\n");
    usleep(300000);
    char *got = peer_receive(fd, SIZE_MAX);
    CU_ASSERT(is_increasing(got, &last, ROWS, &n));
    CU_ASSERT_EQUAL(n, ROWS);
    net_end(&run, &r);
    close(fd);
    close(listen_fd);
    free(got);
    free(options);
    net_fini(&run, &r);
}

static void peer_after_a_reset_gets_whole_rows_and_the_last_one(void)
{
    net_need_plugin();
    enum { ROWS = 3000000 };
    struct net_run run;
    struct process_result r;
    long n, dropped, last = -1;
    net_start(&run, text_format(WRITE_JOB, ROWS - 1, LISTEN), NULL, "report");
    int port = net_port(&run);
    for (int i = 0; i < 5; i++) {
        int fd = peer_connect(port);
        char *some = peer_receive(fd, 100001);
        CU_ASSERT(some[0] != 0 && (i > 0 || some[0] == '0'));
        *(strrchr(some, '\n') + 1) = 0; /* the rest of a row, the reset took */
        CU_ASSERT(is_increasing(some, &last, ROWS, &n));
        peer_reset(fd);
        free(some);
    }
    int fd = peer_connect(port);
    char *got = peer_receive(fd, SIZE_MAX);
    CU_ASSERT(is_increasing(got, &last, ROWS, &n));
    CU_ASSERT(n > ROWS / 10);
    CU_ASSERT(strstr(got, "\n2999999\n") != NULL);
    net_end(&run, &r);
    CU_ASSERT(strstr(r.err, "; waiting for the next peer") != NULL);
    char *path = path_join(run.dir, "report.json"), *report = file_read(path, NULL);
    const char *counter = strstr(report, "\"dropped\":");
    CU_ASSERT_PTR_NOT_NULL_FATAL(counter);
    CU_ASSERT_EQUAL(sscanf(counter, "\"dropped\":%ld", &dropped), 1);
    CU_ASSERT(dropped >= 0 && dropped <= 5); /* at each reset the row at hand, and no other */
    close(fd);
    free(report);
    free(path);
    free(got);
    net_fini(&run, &r);
}

static void row_cut_off_by_a_reset_is_not_gone_on_with(void)
{
    net_need_plugin();
    enum { LONG = 300000, ROWS = 100 }; /* longer than the buffer of the sink */
    struct net_run run;
    struct process_result r;
    char *dir = dir_temp(), *path = path_join(dir, "in.txt"), *text = malloc(LONG * ROWS + 1);
    memset(text, 'x', LONG * ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        text[i * LONG] = (char)('A' + i % 26);
        text[i * LONG + LONG - 1] = '\n';
    }
    file_write(path, text, LONG * ROWS);
    free(text);
    net_start(&run,
              text_format("job = \"net\";\noperators = (\n"
                          "  { id = \"in\"; op = \"file.read\"; path = \"%s\"; },\n"
                          "  { id = \"out\"; op = \"net.write\"; input = \"in\"; " LISTEN
                          " }\n);\n",
                          path),
              NULL, NULL);
    int port = net_port(&run);
    for (int i = 0; i < 4; i++) {
        int fd = peer_connect(port);
        char *got = peer_receive(fd, i < 3 ? LONG + 1000 : SIZE_MAX);
        for (char *at = got; *at; at += LONG) {
            CU_ASSERT(*at >= 'A' && *at <= 'Z');
            if (strlen(at) < LONG)
                break;
            CU_ASSERT_EQUAL(strspn(at + 1, "x"), LONG - 2);
            CU_ASSERT_EQUAL_FATAL(at[LONG - 1], '\n');
        }
        CU_ASSERT(i < 3 || strlen(got) % LONG == 0);
        free(got);
        if (i < 3)
            peer_reset(fd);
        else
            close(fd);
    }
    net_end(&run, &r);
    free(path);
    dir_remove(dir);
    free(dir);
    net_fini(&run, &r);
}

static void rows_that_nobody_takes_in_time_are_dropped_and_counted(void)
{
    net_need_plugin();
    struct net_run run;
    struct process_result r;
    net_start(&run, text_format(WRITE_JOB, 99999, LISTEN " wait = \"200ms\";"), NULL, "report");
    net_end(&run, &r);
    CU_ASSERT(r.wall_us >= 200000);
    const char *first = strstr(r.err, "no peer takes rows: they are dropped until one does");
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NULL(strstr(first + 1, "no peer takes rows")); /* said once */
    char *path = path_join(run.dir, "report.json"), *report = file_read(path, NULL);
    CU_ASSERT(strstr(report, "\"dropped\": 100000") != NULL);
    free(report);
    free(path);
    net_fini(&run, &r);
}

static void peer_that_takes_nothing_is_given_up_in_time(void)
{
    net_need_plugin();
    struct net_run run;
    struct process_result r;
    net_start(&run, text_format(WRITE_JOB, 2999999, LISTEN " wait = \"300ms\";"), NULL, NULL);
    int fd = peer_connect(net_port(&run));
    net_end(&run, &r);
    CU_ASSERT(strstr(r.err, ": the peer takes nothing; waiting for the next peer") != NULL);
    close(fd);
    net_fini(&run, &r);
}

/* Another branch of the job fails while rows wait here for a peer. */
static void failure_of_the_job_ends_the_wait_for_a_peer(void)
{
    net_need_plugin();
    struct net_run run;
    struct process_result r;
    int port;
    int fd = peer_bound(&port);
    net_start(
        &run,
        text_format("job = \"net\";\noperators = (\n"
                    "  { id = \"in\";   op = \"gen.sequence\"; to = 99; },\n"
                    "  { id = \"out\";  op = \"net.write\"; input = \"in\"; port = %d; wait = "
                    "\"1h\"; },\n"
                    "  { id = \"big\";  op = \"gen.sequence\"; from = 5000000000000000000L;\n"
                    "    to = 5000000000000000009L; rate = 2; parallelism = 1; },\n"
                    "  { id = \"sum\";  op = \"std.sum\"; input = \"big\"; field = \"value\"; },\n"
                    "  { id = \"null\"; op = \"std.null\"; input = \"sum\"; }\n);\n",
                    port),
        NULL, NULL);
    process_wait(&run.process, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT(strstr(r.err, "Connection refused; connecting again in 200 ms") != NULL);
    CU_ASSERT(strstr(r.err, "goes beyond 64 bits") != NULL);
    CU_ASSERT(r.wall_us < NET_PROMPT_US);
    close(fd);
    net_fini(&run, &r);
}

static const struct suite_test tests[] = {
    SUITE_TEST(rows_go_to_a_peer_as_file_write_writes_them),
    SUITE_TEST(peer_that_is_slow_or_late_loses_nothing),
    SUITE_TEST(peer_after_a_reset_gets_whole_rows_and_the_last_one),
    SUITE_TEST(row_cut_off_by_a_reset_is_not_gone_on_with),
    SUITE_TEST(rows_that_nobody_takes_in_time_are_dropped_and_counted),
    SUITE_TEST(peer_that_takes_nothing_is_given_up_in_time),
    SUITE_TEST(failure_of_the_job_ends_the_wait_for_a_peer),
};
SUITE_MAIN("net_write", tests)
