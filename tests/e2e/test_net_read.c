/* The source net.read from outside: jobs whose peers are sockets of the test; see net_peer.h. */
#include "net_peer.h"

#include "support/process.h"
#include "support/suite.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_JOB                                                                                   \
    "job = \"net\";\noperators = (\n"                                                              \
    "  { id = \"in\";  op = \"net.read\"; %s },\n"                                                 \
    "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"%s\"; }\n);\n"
#define LISTEN "port = 0; listen = true;"

/* ---- text ---- */

/* Lines of made-up words; `seed` is carried on. */
static size_t make_text(char *to, size_t n, uint64_t *seed)
{
    size_t at = 0;
    while (at + 32 < n) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        uint32_t word = (uint32_t)(*seed >> 40) % 3001;
        at += (size_t)sprintf(to + at, "w%u%s%c", word, word % 7 == 0 ? "-and-a-long-one" : "",
                              *seed >> 60 == 0 ? '\n' : ' ');
    }
    return at;
}

/* What a file holds whatever the order of its lines: their number, and the sum of their hashes. */
struct digest {
    uint64_t lines, sum;
};

static struct digest digest_of(const char *dir, const char *name)
{
    struct digest d = {0, 0};
    char *path = path_join(dir, name);
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    uint64_t hash = 14695981039346656037u;
    for (int c; (c = getc_unlocked(file)) != EOF;) {
        hash = (hash ^ (uint64_t)c) * 1099511628211u;
        if (c == '\n') {
            d.lines++;
            d.sum += hash ^ hash >> 29;
            hash = 14695981039346656037u;
        }
    }
    fclose(file);
    free(path);
    return d;
}

/* ---- rows ---- */

#define COUNT_JOB                                                                                  \
    "job = \"count\";\noperators = (\n  { id = \"in\"; %s },\n"                                    \
    "  { id = \"words\";  op = \"text.words\"; input = \"in\"; },\n"                               \
    "  { id = \"counts\"; op = \"std.sum\"; input = \"words\"; key = \"word\"; field = "           \
    "\"count\"; },\n"                                                                              \
    "  { id = \"out\"; op = \"file.write\"; input = \"counts\"; path = \"counts.csv\"; }\n);\n"

static void word_counts_over_tcp_are_those_of_the_file(void)
{
    net_need_plugin();
    size_t bytes = getenv("GYRE_BIG") ? (size_t)200 << 20 : (size_t)4 << 20;
    struct net_run net, file;
    struct process_result r;
    uint64_t seed = 1, cuts = 7;
    char *text = malloc(bytes);
    bytes = make_text(text, bytes, &seed);
    net_start(&net, text_format(COUNT_JOB, "op = \"net.read\"; " LISTEN), NULL, NULL);
    int fd = peer_connect(net_port(&net));
    for (size_t at = 0; at < bytes;) {
        cuts = cuts * 6364136223846793005u + 1442695040888963407u;
        size_t n = 1024 + (size_t)(cuts >> 33) % (63 * 1024);
        n = n < bytes - at ? n : bytes - at;
        peer_send(fd, text + at, n);
        at += n;
    }
    peer_finish(fd);
    net_stop(&net, &r);
    process_result_fini(&r);
    char *path = path_join(net.dir, "in.txt");
    file_write(path, text, bytes);
    char *source = text_format("op = \"file.read\"; path = \"%s\";", path);
    net_start(&file, text_format(COUNT_JOB, source), NULL, NULL);
    net_end(&file, &r);
    struct digest is = digest_of(net.dir, "counts.csv"), wanted = digest_of(file.dir, "counts.csv");
    CU_ASSERT(wanted.lines > bytes / 20);
    CU_ASSERT_EQUAL(is.lines, wanted.lines);
    CU_ASSERT_EQUAL(is.sum, wanted.sum);
    free(source);
    free(path);
    free(text);
    net_fini(&file, &r);
    dir_remove(net.dir);
    free(net.dir);
}

static void lines_of_several_peers_at_once_never_mix(void)
{
    net_need_plugin();
    struct net_run run;
    struct process_result r;
    net_start(&run, text_format(READ_JOB, LISTEN, "-"), NULL, NULL);
    int port = net_port(&run);
    int a = peer_connect(port), b = peer_connect(port);
    peer_say(a, "ab");
    peer_say(b, "12");
    usleep(20000);
    peer_say(a, "cd\nef");
    CU_ASSERT(net_puts_out(&run, "abcd\n"));
    peer_say(b, "34\n");
    CU_ASSERT(net_puts_out(&run, "1234\n"));
    peer_finish(b);
    peer_say(a, "gh\n");
    peer_finish(a);
    net_stop(&run, &r);
    CU_ASSERT_STRING_EQUAL(r.out, "abcd\n1234\nefgh\n");
    net_fini(&run, &r);
}

static void lines_that_end_in_crlf_have_no_cr(void)
{
    net_need_plugin();
    struct net_run run;
    struct process_result r;
    net_start(&run, text_format(READ_JOB, LISTEN " row_max = \"8B\";", "-"), NULL, NULL);
    int fd = peer_connect(net_port(&run));
    peer_say(fd, "12345678\r");
    peer_say(fd, "\na\rb\r\n\r\nlast\r");
    peer_finish(fd);
    net_stop(&run, &r);
    CU_ASSERT_STRING_EQUAL(r.out, "12345678\n\"a\rb\"\n\"\"\n\"last\r\"\n");
    net_fini(&run, &r);
}

static void last_line_of_a_peer_that_closes_needs_no_line_end(void)
{
    net_need_plugin();
    struct net_run run;
    struct process_result r;
    net_start(&run, text_format(READ_JOB, LISTEN, "-"), NULL, NULL);
    int port = net_port(&run);
    int a = peer_connect(port);
    peer_say(a, "whole\n\npart");
    peer_finish(a);
    int b = peer_connect(port);
    peer_say(b, "next\n");
    peer_finish(b);
    net_stop(&run, &r);
    CU_ASSERT_STRING_EQUAL(r.out, "whole\n\"\"\npart\nnext\n");
    net_fini(&run, &r);
}

static void reset_of_a_peer_is_a_sentence_and_others_are_heard(void)
{
    net_need_plugin();
    struct net_run run;
    struct process_result r;
    net_start(&run, text_format(READ_JOB, LISTEN, "-"), NULL, NULL);
    int port = net_port(&run);
    int a = peer_connect(port);
    peer_say(a, "one\ntw");
    CU_ASSERT(net_puts_out(&run, "one\n"));
    peer_reset(a);
    CU_ASSERT(
        net_says(&run, ": Connection reset by peer, in the middle of a line; waiting for others"));
    int b = peer_connect(port);
    peer_say(b, "three\n");
    peer_finish(b);
    net_stop(&run, &r);
    CU_ASSERT_STRING_EQUAL(r.out, "one\nthree\n");
    net_fini(&run, &r);
}

static void peer_that_is_not_there_yet_or_goes_is_connected_to_again(void)
{
    net_need_plugin();
    struct net_run run;
    struct process_result r;
    int port, listen_fd = peer_bound(&port);
    char *options = text_format("port = %d;", port);
    net_start(&run, text_format(READ_JOB, options, "-"), NULL, NULL);
    CU_ASSERT(net_says(&run, ": Connection refused; connecting again in 100 ms"));
    CU_ASSERT(net_says(&run, ": Connection refused; connecting again in 200 ms"));
    CU_ASSERT(net_says(&run, ": Connection refused; connecting again in 400 ms"));
    CU_ASSERT_EQUAL_FATAL(listen(listen_fd, 8), 0);
    int fd = peer_accept(listen_fd);
    peer_say(fd, "one\nrest");
    CU_ASSERT(net_puts_out(&run, "one\n"));
    close(fd);
    CU_ASSERT(net_says(&run, ": the peer closed the connection; connecting again in 100 ms"));
    fd = peer_accept(listen_fd);
    peer_say(fd, "two\n");
    CU_ASSERT(net_puts_out(&run, "two\n"));
    peer_reset(fd);
    CU_ASSERT(net_says(&run, ": Connection reset by peer; connecting again in 100 ms"));
    fd = peer_accept(listen_fd);
    peer_say(fd, "three\n");
    CU_ASSERT(net_puts_out(&run, "three\n"));
    net_stop(&run, &r);
    CU_ASSERT_STRING_EQUAL(r.out, "one\nrest\ntwo\nthree\n");
    close(fd);
    close(listen_fd);
    free(options);
    net_fini(&run, &r);
}

static void line_beyond_row_max_is_a_bad_row(void)
{
    net_need_plugin();
    struct net_run run;
    struct process_result r;
    static char line[1 << 20];
    net_start(&run, text_format(READ_JOB, LISTEN " row_max = \"1KiB\"; on_error = \"skip\";", "-"),
              NULL, NULL);
    int fd = peer_connect(net_port(&run));
    memset(line, 'x', sizeof line);
    line[1024] = '\n'; /* as long as may be; the next one is too long in one piece, then in many */
    line[1025 + 1025] = '\n';
    peer_send(fd, line, sizeof line);
    peer_say(fd, "\nlast\n");
    peer_finish(fd);
    net_stop(&run, &r);
    CU_ASSERT_EQUAL(r.out_size, 1025 + 5);
    CU_ASSERT(strstr(r.out, "x\nlast\n") != NULL);
    CU_ASSERT(strstr(r.err, "a line is longer than row_max = 1024") != NULL);
    net_fini(&run, &r);
}

/* Sends text until the socket takes no more for a while, or all is sent; how much it was. */
static size_t send_until_held_back(int fd, const char *text, size_t n)
{
    size_t sent = 0;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    while (sent < n && poll(&p, 1, 1000) == 1) {
        ssize_t took = send(fd, text + sent, n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += took > 0 ? (size_t)took : 0;
    }
    return sent;
}

static void job_that_takes_nothing_holds_its_peer_back(void)
{
    net_need_plugin();
    enum { LINE = 64, LINES = 2 << 20 }; /* 128 MiB */
    struct net_run run;
    struct process_result r;
    char *pipe_dir = dir_temp(), *pipe_path = path_join(pipe_dir, "pipe");
    CU_ASSERT_EQUAL_FATAL(mkfifo(pipe_path, 0600), 0);
    int pipe_fd = open(pipe_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    net_start(&run, text_format(READ_JOB, LISTEN, pipe_path), NULL, NULL);
    int fd = peer_connect(net_port(&run));
    char *text = malloc((size_t)LINE * LINES); /* not before: the job's peak would have it */
    memset(text, 'x', (size_t)LINE * LINES);
    for (size_t i = 1; i <= LINES; i++)
        text[i * LINE - 1] = '\n';
    size_t sent = send_until_held_back(fd, text, (size_t)LINE * LINES), came = 0;
    CU_ASSERT(sent < (size_t)LINE * LINES / 2);
    shutdown(fd, SHUT_WR);
    while (came < sent) { /* what was taken comes through */
        static char buffer[1 << 16];
        struct pollfd p = {.fd = pipe_fd, .events = POLLIN};
        CU_ASSERT_FATAL(poll(&p, 1, NET_PATIENCE_MS) == 1);
        ssize_t n = read(pipe_fd, buffer, sizeof buffer);
        came += n > 0 ? (size_t)n : 0;
        if (came >= sent - sent % LINE)
            break;
    }
    close(fd);
    net_stop(&run, &r);
#ifndef GY_SANITIZED
    CU_ASSERT(r.maxrss_kib < 64 * 1024);
#endif
    close(pipe_fd);
    dir_remove(pipe_dir);
    free(pipe_path);
    free(pipe_dir);
    free(text);
    net_fini(&run, &r);
}

static void a_stop_is_prompt_whatever_it_waits_for(void)
{
    net_need_plugin();
    int port, nobody = peer_bound(&port);
    char *refused = text_format("port = %d;", port);
    const char *const options[] = {LISTEN, refused};
    for (size_t i = 0; i < 2; i++) {
        struct net_run run;
        struct process_result r;
        net_start(&run, text_format(READ_JOB, options[i], "-"), NULL, NULL);
        CU_ASSERT(net_says(&run, i == 0 ? "listening at" : "again in 400 ms"));
        int fd = i == 0 ? peer_connect(net_port(&run)) : -1;
        int64_t start_us = net_now_us();
        net_stop(&run, &r);
        CU_ASSERT(net_now_us() - start_us < NET_PROMPT_US);
        if (fd >= 0)
            close(fd);
        net_fini(&run, &r);
    }
    close(nobody);
    free(refused);
}

static void port_that_is_taken_fails_the_job_with_a_sentence(void)
{
    net_need_plugin();
    struct net_run run;
    struct process_result r;
    int port, fd = peer_bound(&port);
    listen(fd, 1);
    char *options = text_format("port = %d; listen = true;", port);
    char *sentence =
        text_format("cannot listen at 127.0.0.1, port %d: Address already in use", port);
    net_start(&run, text_format(READ_JOB, options, "-"), NULL, NULL);
    process_wait(&run.process, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT(strstr(r.err, sentence) != NULL);
    free(sentence);
    free(options);
    close(fd);
    net_fini(&run, &r);
}

static void options_that_cannot_be_are_found_before_the_start(void)
{
    net_need_plugin();
    static const char *const wrong[][2] = {
        {"port = 0;", ":3: port: 0 is not within 1 and 65535\n"},
        {"port = 65536; listen = true;", ":3: port: 65536 is not within 0 and 65535\n"},
        {"port = 1; host = \"\";", ":3: host: a name or an address is needed\n"},
        {"port = 1; parallelism = 2;", "runs as one task"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct net_run run;
        struct process_result r;
        net_start(&run, text_format(READ_JOB, wrong[i][0], "-"), NULL, NULL);
        process_wait(&run.process, &r);
        CU_ASSERT_EQUAL(r.status, 2);
        if (!strstr(r.err, wrong[i][1]))
            printf("%s says: %s", wrong[i][0], r.err);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.err, wrong[i][1]));
        net_fini(&run, &r);
    }
}

static void inspect_says_at_most_once(void)
{
    net_need_plugin();
    char *program = build_path("gyre");
    const char *const names[] = {"net.read", "net.write"};
    for (size_t i = 0; i < 2; i++) {
        struct process_result r;
        process_run(&(struct process_spec){.argv = ARGV(program, "inspect", names[i])}, &r);
        CU_ASSERT(strstr(r.out, "at most once") != NULL);
        CU_ASSERT(strstr(r.out, "runs as one task") != NULL);
        process_result_fini(&r);
    }
    free(program);
}

static void example_job_counts_the_words_that_come(void)
{
    net_need_plugin();
    struct net_run run;
    struct process_result r;
    net_start(&run, file_read("jobs/netcount.cfg", NULL), "lines.port=0", NULL);
    int fd = peer_connect(net_port(&run));
    peer_say(fd, "to be or\nnot to be\n");
    peer_finish(fd);
    net_stop(&run, &r);
    CU_ASSERT(strstr(r.out, "to,2\n") != NULL && strstr(r.out, "not,1\n") != NULL);
    CU_ASSERT_EQUAL(r.out_size, strlen("to,1\nbe,1\nor,1\nnot,1\nto,2\nbe,2\n"));
    net_fini(&run, &r);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(word_counts_over_tcp_are_those_of_the_file, 600),
    SUITE_TEST(lines_of_several_peers_at_once_never_mix),
    SUITE_TEST(lines_that_end_in_crlf_have_no_cr),
    SUITE_TEST(last_line_of_a_peer_that_closes_needs_no_line_end),
    SUITE_TEST(reset_of_a_peer_is_a_sentence_and_others_are_heard),
    SUITE_TEST(peer_that_is_not_there_yet_or_goes_is_connected_to_again),
    SUITE_TEST(line_beyond_row_max_is_a_bad_row),
    SUITE_TEST_WITHIN(job_that_takes_nothing_holds_its_peer_back, 60),
    SUITE_TEST(a_stop_is_prompt_whatever_it_waits_for),
    SUITE_TEST(port_that_is_taken_fails_the_job_with_a_sentence),
    SUITE_TEST(options_that_cannot_be_are_found_before_the_start),
    SUITE_TEST(inspect_says_at_most_once),
    SUITE_TEST(example_job_counts_the_words_that_come),
};
SUITE_MAIN("net_read", tests)
