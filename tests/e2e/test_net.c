/* The plugin net from outside: jobs whose peers are sockets of the test, on the loopback. Ports are
 * free ones that the system picks. */
#include "support/process.h"
#include "support/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef GY_SANITIZED
enum { PATIENCE_MS = 60000, PROMPT_US = 20 * 1000 * 1000 };
#else
enum { PATIENCE_MS = 10000, PROMPT_US = 2 * 1000 * 1000 };
#endif

#define READ_JOB                                                                                   \
    "job = \"net\";\noperators = (\n"                                                              \
    "  { id = \"in\";  op = \"net.read\"; %s },\n"                                                 \
    "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"%s\"; }\n);\n"
#define LISTEN "port = 0; listen = true;"

#define WRITE_JOB                                                                                  \
    "job = \"net\";\noperators = (\n"                                                              \
    "  { id = \"in\";  op = \"gen.sequence\"; parallelism = 1; to = %d; },\n"                      \
    "  { id = \"out\"; op = \"net.write\"; input = \"in\"; %s }\n);\n"

/* ---- jobs ---- */

struct run {
    char *dir;
    struct process process;
};

static void need_plugin(void)
{
    char *plugin = build_path("plugins/net.so");
    bool is_there = file_exists(plugin);
    free(plugin);
    if (!is_there)
        suite_skip("the plugin net is left out");
}

/* Starts `gyre run` in the project's folder; takes `job`. */
static void run_start(struct run *run, char *job, const char *set, const char *report)
{
    char *program = build_path("gyre");
    run->dir = dir_temp();
    char *path = path_join(run->dir, "job.cfg");
    char *report_path = path_join(run->dir, "report.json");
    file_write_text(path, job);
    const char *argv[] = {program, "run", path, set ? "--set" : NULL, set, NULL, NULL, NULL};
    if (report) {
        argv[3] = "--report";
        argv[4] = report_path;
    }
    process_start(&(struct process_spec){.argv = argv,
                                         .timeout_ms = 20 * PATIENCE_MS,
                                         .env = (const char *const[]){"GYRE_PLUGIN_PATH", NULL}},
                  &run->process);
    free(report_path);
    free(path);
    free(job);
    free(program);
}

/* Waits for the job's end, which is a good one. Owns: process_result_fini and dir_remove. */
static void run_end(struct run *run, struct process_result *r)
{
    process_wait(&run->process, r);
    if (r->status != 0)
        printf("gyre says:\n%s", r->err);
    CU_ASSERT_EQUAL(r->status, 0);
}

static void run_fini(struct run *run, struct process_result *r)
{
    process_result_fini(r);
    dir_remove(run->dir);
    free(run->dir);
}

static void run_stop(struct run *run, struct process_result *r)
{
    process_signal(&run->process, SIGINT);
    run_end(run, r);
}

static bool says(struct run *run, const char *text)
{
    return process_await_err(&run->process, text, PATIENCE_MS);
}

static bool puts_out(struct run *run, const char *text)
{
    return process_await_out(&run->process, text, PATIENCE_MS);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- sockets ---- */

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static int listening_port(struct run *run)
{
    int port = 0;
    CU_ASSERT_FATAL(says(run, "listening at 127.0.0.1:"));
    for (int tries = 0; port == 0 && tries < 100; tries++) { /* the line may not be whole yet */
        char *err = process_err(&run->process);
        const char *at = strstr(err, "listening at 127.0.0.1:") + 23;
        if (strchr(at, '\n'))
            port = atoi(at);
        free(err);
        usleep(1000);
    }
    CU_ASSERT_FATAL(port > 0);
    return port;
}

static int peer_connect(int port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* A socket bound to a free port, which does not listen yet. */
static int bound_socket(int *port)
{
    struct sockaddr_in at = loopback(0);
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    CU_ASSERT_EQUAL_FATAL(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static int peer_accept(int listen_fd)
{
    struct pollfd p = {.fd = listen_fd, .events = POLLIN};
    CU_ASSERT_EQUAL_FATAL(poll(&p, 1, PATIENCE_MS), 1);
    return accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
}

static void peer_send(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
        CU_ASSERT_FATAL(sent > 0);
        text += sent;
        n -= (size_t)sent;
    }
}

static void peer_say(int fd, const char *text)
{
    peer_send(fd, text, strlen(text));
}

static void peer_reset(int fd)
{
    struct linger at_once = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

/* Ends what is sent, and waits until the other side has taken all of it. */
static void peer_finish(int fd)
{
    char c;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    shutdown(fd, SHUT_WR);
    CU_ASSERT_EQUAL_FATAL(poll(&p, 1, 12 * PATIENCE_MS), 1);
    CU_ASSERT_EQUAL(recv(fd, &c, 1, 0), 0);
    close(fd);
}

/* Receives up to the end, or `max` bytes. Owns: free(). */
static char *peer_receive(int fd, size_t max)
{
    size_t n = 0, capacity = 1 << 16;
    char *text = malloc(capacity + 1);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (n < max && poll(&p, 1, PATIENCE_MS) == 1) {
        if (n == capacity)
            text = realloc(text, 2 * capacity + 1), capacity *= 2;
        size_t room = capacity - n < max - n ? capacity - n : max - n;
        ssize_t got = recv(fd, text + n, room, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    text[n] = 0;
    return text;
}

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

/* ---- net.read ---- */

#define COUNT_JOB                                                                                  \
    "job = \"count\";\noperators = (\n  { id = \"in\"; %s },\n"                                    \
    "  { id = \"words\";  op = \"text.words\"; input = \"in\"; },\n"                               \
    "  { id = \"counts\"; op = \"std.sum\"; input = \"words\"; key = \"word\"; field = "           \
    "\"count\"; },\n"                                                                              \
    "  { id = \"out\"; op = \"file.write\"; input = \"counts\"; path = \"counts.csv\"; }\n);\n"

static void word_counts_over_tcp_are_those_of_the_file(void)
{
    need_plugin();
    size_t bytes = getenv("GYRE_BIG") ? (size_t)200 << 20 : (size_t)4 << 20;
    struct run net, file;
    struct process_result r;
    uint64_t seed = 1, cuts = 7;
    char *text = malloc(bytes);
    bytes = make_text(text, bytes, &seed);
    run_start(&net, text_format(COUNT_JOB, "op = \"net.read\"; " LISTEN), NULL, NULL);
    int fd = peer_connect(listening_port(&net));
    for (size_t at = 0; at < bytes;) {
        cuts = cuts * 6364136223846793005u + 1442695040888963407u;
        size_t n = 1024 + (size_t)(cuts >> 33) % (63 * 1024);
        n = n < bytes - at ? n : bytes - at;
        peer_send(fd, text + at, n);
        at += n;
    }
    peer_finish(fd);
    run_stop(&net, &r);
    process_result_fini(&r);
    char *path = path_join(net.dir, "in.txt");
    file_write(path, text, bytes);
    char *source = text_format("op = \"file.read\"; path = \"%s\";", path);
    run_start(&file, text_format(COUNT_JOB, source), NULL, NULL);
    run_end(&file, &r);
    struct digest is = digest_of(net.dir, "counts.csv"), wanted = digest_of(file.dir, "counts.csv");
    CU_ASSERT(wanted.lines > bytes / 20);
    CU_ASSERT_EQUAL(is.lines, wanted.lines);
    CU_ASSERT_EQUAL(is.sum, wanted.sum);
    free(source);
    free(path);
    free(text);
    run_fini(&file, &r);
    dir_remove(net.dir);
    free(net.dir);
}

static void lines_of_several_peers_at_once_never_mix(void)
{
    need_plugin();
    struct run run;
    struct process_result r;
    run_start(&run, text_format(READ_JOB, LISTEN, "-"), NULL, NULL);
    int port = listening_port(&run);
    int a = peer_connect(port), b = peer_connect(port);
    peer_say(a, "ab");
    peer_say(b, "12");
    usleep(20000);
    peer_say(a, "cd\nef");
    CU_ASSERT(puts_out(&run, "abcd\n"));
    peer_say(b, "34\n");
    CU_ASSERT(puts_out(&run, "1234\n"));
    peer_finish(b);
    peer_say(a, "gh\n");
    peer_finish(a);
    run_stop(&run, &r);
    CU_ASSERT_STRING_EQUAL(r.out, "abcd\n1234\nefgh\n");
    run_fini(&run, &r);
}

static void last_line_of_a_peer_that_closes_needs_no_line_end(void)
{
    need_plugin();
    struct run run;
    struct process_result r;
    run_start(&run, text_format(READ_JOB, LISTEN, "-"), NULL, NULL);
    int port = listening_port(&run);
    int a = peer_connect(port);
    peer_say(a, "whole\n\npart");
    peer_finish(a);
    int b = peer_connect(port);
    peer_say(b, "next\n");
    peer_finish(b);
    run_stop(&run, &r);
    CU_ASSERT_STRING_EQUAL(r.out, "whole\n\"\"\npart\nnext\n");
    run_fini(&run, &r);
}

static void reset_of_a_peer_is_a_sentence_and_others_are_heard(void)
{
    need_plugin();
    struct run run;
    struct process_result r;
    run_start(&run, text_format(READ_JOB, LISTEN, "-"), NULL, NULL);
    int port = listening_port(&run);
    int a = peer_connect(port);
    peer_say(a, "one\ntw");
    CU_ASSERT(puts_out(&run, "one\n"));
    peer_reset(a);
    CU_ASSERT(
        says(&run, ": Connection reset by peer, in the middle of a line; waiting for others"));
    int b = peer_connect(port);
    peer_say(b, "three\n");
    peer_finish(b);
    run_stop(&run, &r);
    CU_ASSERT_STRING_EQUAL(r.out, "one\nthree\n");
    run_fini(&run, &r);
}

static void peer_that_is_not_there_yet_or_goes_is_connected_to_again(void)
{
    need_plugin();
    struct run run;
    struct process_result r;
    int port, listen_fd = bound_socket(&port);
    char *options = text_format("port = %d;", port);
    run_start(&run, text_format(READ_JOB, options, "-"), NULL, NULL);
    CU_ASSERT(says(&run, ": Connection refused; connecting again in 100 ms"));
    CU_ASSERT(says(&run, ": Connection refused; connecting again in 200 ms"));
    CU_ASSERT(says(&run, ": Connection refused; connecting again in 400 ms"));
    CU_ASSERT_EQUAL_FATAL(listen(listen_fd, 8), 0);
    int fd = peer_accept(listen_fd);
    peer_say(fd, "one\nrest");
    CU_ASSERT(puts_out(&run, "one\n"));
    close(fd);
    CU_ASSERT(says(&run, ": the peer closed the connection; connecting again in 100 ms"));
    fd = peer_accept(listen_fd);
    peer_say(fd, "two\n");
    CU_ASSERT(puts_out(&run, "two\n"));
    peer_reset(fd);
    CU_ASSERT(says(&run, ": Connection reset by peer; connecting again in 100 ms"));
    fd = peer_accept(listen_fd);
    peer_say(fd, "three\n");
    CU_ASSERT(puts_out(&run, "three\n"));
    run_stop(&run, &r);
    CU_ASSERT_STRING_EQUAL(r.out, "one\nrest\ntwo\nthree\n");
    close(fd);
    close(listen_fd);
    free(options);
    run_fini(&run, &r);
}

static void line_beyond_row_max_is_a_bad_row(void)
{
    need_plugin();
    struct run run;
    struct process_result r;
    static char line[1 << 20];
    run_start(&run, text_format(READ_JOB, LISTEN " row_max = \"1KiB\"; on_error = \"skip\";", "-"),
              NULL, NULL);
    int fd = peer_connect(listening_port(&run));
    memset(line, 'x', sizeof line);
    line[1024] = '\n'; /* as long as may be; the next one is too long in one piece, then in many */
    line[1025 + 1025] = '\n';
    peer_send(fd, line, sizeof line);
    peer_say(fd, "\nlast\n");
    peer_finish(fd);
    run_stop(&run, &r);
    CU_ASSERT_EQUAL(r.out_size, 1025 + 5);
    CU_ASSERT(strstr(r.out, "x\nlast\n") != NULL);
    CU_ASSERT(strstr(r.err, "a line is longer than row_max = 1024") != NULL);
    run_fini(&run, &r);
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
    need_plugin();
    enum { LINE = 64, LINES = 2 << 20 }; /* 128 MiB */
    struct run run;
    struct process_result r;
    char *pipe_dir = dir_temp(), *pipe_path = path_join(pipe_dir, "pipe");
    CU_ASSERT_EQUAL_FATAL(mkfifo(pipe_path, 0600), 0);
    int pipe_fd = open(pipe_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    run_start(&run, text_format(READ_JOB, LISTEN, pipe_path), NULL, NULL);
    int fd = peer_connect(listening_port(&run));
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
        CU_ASSERT_FATAL(poll(&p, 1, PATIENCE_MS) == 1);
        ssize_t n = read(pipe_fd, buffer, sizeof buffer);
        came += n > 0 ? (size_t)n : 0;
        if (came >= sent - sent % LINE)
            break;
    }
    close(fd);
    run_stop(&run, &r);
#ifndef GY_SANITIZED
    CU_ASSERT(r.maxrss_kib < 64 * 1024);
#endif
    close(pipe_fd);
    dir_remove(pipe_dir);
    free(pipe_path);
    free(pipe_dir);
    free(text);
    run_fini(&run, &r);
}

static void a_stop_is_prompt_whatever_it_waits_for(void)
{
    need_plugin();
    int port, nobody = bound_socket(&port);
    char *refused = text_format("port = %d;", port);
    const char *const options[] = {LISTEN, refused};
    for (size_t i = 0; i < 2; i++) {
        struct run run;
        struct process_result r;
        run_start(&run, text_format(READ_JOB, options[i], "-"), NULL, NULL);
        CU_ASSERT(says(&run, i == 0 ? "listening at" : "again in 400 ms"));
        int fd = i == 0 ? peer_connect(listening_port(&run)) : -1;
        int64_t start_us = now_us();
        run_stop(&run, &r);
        CU_ASSERT(now_us() - start_us < PROMPT_US);
        if (fd >= 0)
            close(fd);
        run_fini(&run, &r);
    }
    close(nobody);
    free(refused);
}

static void port_that_is_taken_fails_the_job_with_a_sentence(void)
{
    need_plugin();
    struct run run;
    struct process_result r;
    int port, fd = bound_socket(&port);
    listen(fd, 1);
    char *options = text_format("port = %d; listen = true;", port);
    char *sentence =
        text_format("cannot listen at 127.0.0.1, port %d: Address already in use", port);
    run_start(&run, text_format(READ_JOB, options, "-"), NULL, NULL);
    process_wait(&run.process, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT(strstr(r.err, sentence) != NULL);
    free(sentence);
    free(options);
    close(fd);
    run_fini(&run, &r);
}

static void options_that_cannot_be_are_found_before_the_start(void)
{
    need_plugin();
    static const char *const wrong[][2] = {
        {"port = 0;", ":3: port: 0 is not within 1 and 65535\n"},
        {"port = 65536; listen = true;", ":3: port: 65536 is not within 0 and 65535\n"},
        {"port = 1; host = \"\";", ":3: host: a name or an address is needed\n"},
        {"port = 1; parallelism = 2;", "runs as one task"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct run run;
        struct process_result r;
        run_start(&run, text_format(READ_JOB, wrong[i][0], "-"), NULL, NULL);
        process_wait(&run.process, &r);
        CU_ASSERT_EQUAL(r.status, 2);
        if (!strstr(r.err, wrong[i][1]))
            printf("%s says: %s", wrong[i][0], r.err);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.err, wrong[i][1]));
        run_fini(&run, &r);
    }
}

static void inspect_says_at_most_once(void)
{
    need_plugin();
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
    need_plugin();
    struct run run;
    struct process_result r;
    run_start(&run, file_read("jobs/netcount.cfg", NULL), "lines.port=0", NULL);
    int fd = peer_connect(listening_port(&run));
    peer_say(fd, "to be or\nnot to be\n");
    peer_finish(fd);
    run_stop(&run, &r);
    CU_ASSERT(strstr(r.out, "to,2\n") != NULL && strstr(r.out, "not,1\n") != NULL);
    CU_ASSERT_EQUAL(r.out_size, strlen("to,1\nbe,1\nor,1\nnot,1\nto,2\nbe,2\n"));
    run_fini(&run, &r);
}

/* ---- net.write ---- */

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
    need_plugin();
    static const char rows[] = "plain,1\n\"a, \"\"quoted\"\" one\",\n\"\",-3\n\"two\nlines\",4\n";
    struct run run;
    struct process_result r;
    char *dir = dir_temp(), *path = path_join(dir, "in.csv");
    file_write_text(path, rows);
    run_start(&run,
              text_format("job = \"net\";\noperators = (\n"
                          "  { id = \"in\"; op = \"file.read\"; path = \"%s\"; format = \"csv\";\n"
                          "    schema = ( {name = \"s\"; type = \"str\";},\n"
                          "      {name = \"n\"; type = \"i64\"; nullable = true;} ); },\n"
                          "  { id = \"out\"; op = \"net.write\"; input = \"in\"; " LISTEN
                          " }\n);\n",
                          path),
              NULL, NULL);
    int fd = peer_connect(listening_port(&run));
    char *got = peer_receive(fd, SIZE_MAX);
    CU_ASSERT_STRING_EQUAL(got, rows);
    close(fd);
    run_end(&run, &r);
    free(got);
    free(path);
    dir_remove(dir);
    free(dir);
    run_fini(&run, &r);
}

static void peer_that_is_slow_or_late_loses_nothing(void)
{
    need_plugin();
    enum { ROWS = 3000000 }; /* some 23 MB: more than sockets hold */
    struct run run;
    struct process_result r;
    int port, listen_fd = bound_socket(&port);
    char *options = text_format("port = %d;", port);
    long n, last = -1;
    run_start(&run, text_format(WRITE_JOB, ROWS - 1, options), NULL, NULL);
    CU_ASSERT(says(&run, ": Connection refused; connecting again in 200 ms"));
    listen(listen_fd, 8);
    int fd = peer_accept(listen_fd);
    peer_say(fd, "what the peer says does not matter\n");
    usleep(300000);
    char *got = peer_receive(fd, SIZE_MAX);
    CU_ASSERT(is_increasing(got, &last, ROWS, &n));
    CU_ASSERT_EQUAL(n, ROWS);
    run_end(&run, &r);
    close(fd);
    close(listen_fd);
    free(got);
    free(options);
    run_fini(&run, &r);
}

static void peer_after_a_reset_gets_whole_rows_and_the_last_one(void)
{
    need_plugin();
    enum { ROWS = 3000000 };
    struct run run;
    struct process_result r;
    long n, dropped, last = -1;
    run_start(&run, text_format(WRITE_JOB, ROWS - 1, LISTEN), NULL, "report");
    int port = listening_port(&run);
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
    run_end(&run, &r);
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
    run_fini(&run, &r);
}

static void row_cut_off_by_a_reset_is_not_gone_on_with(void)
{
    need_plugin();
    enum { LONG = 300000, ROWS = 100 }; /* longer than the buffer of the sink */
    struct run run;
    struct process_result r;
    char *dir = dir_temp(), *path = path_join(dir, "in.txt"), *text = malloc(LONG * ROWS + 1);
    memset(text, 'x', LONG * ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        text[i * LONG] = (char)('A' + i % 26);
        text[i * LONG + LONG - 1] = '\n';
    }
    file_write(path, text, LONG * ROWS);
    free(text);
    run_start(&run,
              text_format("job = \"net\";\noperators = (\n"
                          "  { id = \"in\"; op = \"file.read\"; path = \"%s\"; },\n"
                          "  { id = \"out\"; op = \"net.write\"; input = \"in\"; " LISTEN
                          " }\n);\n",
                          path),
              NULL, NULL);
    int port = listening_port(&run);
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
    run_end(&run, &r);
    free(path);
    dir_remove(dir);
    free(dir);
    run_fini(&run, &r);
}

static void rows_that_nobody_takes_in_time_are_dropped_and_counted(void)
{
    need_plugin();
    struct run run;
    struct process_result r;
    run_start(&run, text_format(WRITE_JOB, 99999, LISTEN " wait = \"200ms\";"), NULL, "report");
    run_end(&run, &r);
    CU_ASSERT(r.wall_us >= 200000);
    const char *first = strstr(r.err, "no peer takes rows: they are dropped until one does");
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NULL(strstr(first + 1, "no peer takes rows")); /* said once */
    char *path = path_join(run.dir, "report.json"), *report = file_read(path, NULL);
    CU_ASSERT(strstr(report, "\"dropped\": 100000") != NULL);
    free(report);
    free(path);
    run_fini(&run, &r);
}

static void peer_that_takes_nothing_is_given_up_in_time(void)
{
    need_plugin();
    struct run run;
    struct process_result r;
    run_start(&run, text_format(WRITE_JOB, 2999999, LISTEN " wait = \"300ms\";"), NULL, NULL);
    int fd = peer_connect(listening_port(&run));
    run_end(&run, &r);
    CU_ASSERT(strstr(r.err, ": the peer takes nothing; waiting for the next peer") != NULL);
    close(fd);
    run_fini(&run, &r);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(word_counts_over_tcp_are_those_of_the_file, 600),
    SUITE_TEST(lines_of_several_peers_at_once_never_mix),
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
    SUITE_TEST(rows_go_to_a_peer_as_file_write_writes_them),
    SUITE_TEST(peer_that_is_slow_or_late_loses_nothing),
    SUITE_TEST(peer_after_a_reset_gets_whole_rows_and_the_last_one),
    SUITE_TEST(row_cut_off_by_a_reset_is_not_gone_on_with),
    SUITE_TEST(rows_that_nobody_takes_in_time_are_dropped_and_counted),
    SUITE_TEST(peer_that_takes_nothing_is_given_up_in_time),
};
SUITE_MAIN("net", tests)
