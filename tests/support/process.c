/* Programs run by tests; see process.h. */
#include "support/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef GY_SANITIZED
enum { TIMEOUT_MS = 200000 };
#else
enum { TIMEOUT_MS = 20000 };
#endif

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "process: %s: %s\n", what, strerror(errno));
    abort();
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void nap_ms(long ms)
{
    struct timespec nap = {0, ms * 1000000};
    nanosleep(&nap, NULL);
}

static int memory_file(const char *name, const char *text)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) {
        die("memfd_create");
    }
    for (size_t done = 0, size = text ? strlen(text) : 0; done < size;) {
        ssize_t n = write(fd, text + done, size - done);
        if (n < 0) {
            die("write");
        }
        done += (size_t)n;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static char *file_so_far(int fd, size_t *size)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        die("fstat");
    }
    char *bytes = malloc((size_t)st.st_size + 1);
    if (!bytes) {
        die("malloc");
    }
    size_t got = 0;
    while (got < (size_t)st.st_size) {
        ssize_t n = pread(fd, bytes + got, (size_t)st.st_size - got, (off_t)got);
        if (n <= 0) {
            break;
        }
        got += (size_t)n;
    }
    bytes[got] = 0;
    if (size) {
        *size = got;
    }
    return bytes;
}

/* Opens what the program reads; with a pipe, *write_end is the test's end of it. */
static int open_stdin(const struct process_spec *spec, int *write_end)
{
    int fds[2], fd;

    *write_end = -1;
    if (spec->stdin_pipe) {
        if (pipe2(fds, O_CLOEXEC) < 0) {
            die("pipe");
        }
        *write_end = fds[1];
        return fds[0];
    }
    if (spec->stdin_text) {
        return memory_file("stdin", spec->stdin_text);
    }
    fd = open(spec->stdin_path ? spec->stdin_path : "/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        die(spec->stdin_path);
    }
    return fd;
}

static void change_env(const char *const *env)
{
    for (; env && *env; env++) {
        char *name = strdup(*env);
        char *value = name ? strchr(name, '=') : NULL;
        if (value) {
            *value++ = 0;
            setenv(name, value, 1);
        } else if (name) {
            unsetenv(name);
        }
        free(name);
    }
}

static _Noreturn void be_program(const struct process_spec *spec, const struct process *process,
                                 int stdin_fd, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }
    if (dup2(stdin_fd, 0) < 0 || dup2(process->out_fd, 1) < 0 || dup2(process->err_fd, 2) < 0) {
        _exit(127);
    }
    signal(SIGPIPE, SIG_DFL);
    change_env(spec->env);
    if (spec->cwd && chdir(spec->cwd) < 0) {
        dprintf(2, "process: chdir %s: %s\n", spec->cwd, strerror(errno));
        _exit(127);
    }
    execvp(spec->argv[0], (char *const *)(uintptr_t)spec->argv);
    dprintf(2, "process: exec %s: %s\n", spec->argv[0], strerror(errno));
    _exit(127);
}

void process_start(const struct process_spec *spec, struct process *process)
{
    const pid_t parent = getpid();
    int stdin_fd;

    *process = (struct process){.timeout_ms = spec->timeout_ms ? spec->timeout_ms : TIMEOUT_MS};
    stdin_fd = open_stdin(spec, &process->stdin_fd);
    process->out_fd = memory_file("stdout", NULL);
    process->err_fd = memory_file("stderr", NULL);
    process->start_us = now_us();
    fflush(NULL);
    process->pid = fork();
    if (process->pid < 0) {
        die("fork");
    }
    if (process->pid == 0) {
        be_program(spec, process, stdin_fd, parent);
    }
    setpgid(process->pid, process->pid);
    close(stdin_fd);
    signal(SIGPIPE,
           SIG_IGN); /* writing to stdin_fd of a program that died is an error, not death */
}

void process_signal(const struct process *process, int signal)
{
    if (kill(process->pid, signal) < 0) {
        die("kill");
    }
}

pid_t process_child(const struct process *process)
{
    char path[64];
    long child = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)process->pid, (int)process->pid);
    FILE *file = fopen(path, "r");
    if (file != NULL && fscanf(file, "%ld", &child) != 1) {
        child = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return (pid_t)child;
}

void process_adopt(void)
{
    const char *before = getenv("ASAN_OPTIONS");
    char options[1024];
    snprintf(options, sizeof options, "%s:detect_leaks=0", before != NULL ? before : "");
    if (setenv("ASAN_OPTIONS", options, 1) < 0) {
        die("setenv");
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
        die("prctl");
    }
}

bool process_await_group(pid_t pid, int timeout_ms)
{
    const int64_t deadline_us = now_us() + (int64_t)timeout_ms * 1000;

    for (;;) {
        pid_t got = waitpid(-pid, NULL, WNOHANG);
        if (got < 0 && errno == ECHILD) {
            return true;
        }
        if (got == 0 && now_us() > deadline_us) {
            return false;
        }
        nap_ms(got == 0 ? 1 : 0);
    }
}

char *process_out(const struct process *process)
{
    return file_so_far(process->out_fd, NULL);
}

char *process_err(const struct process *process)
{
    return file_so_far(process->err_fd, NULL);
}

static bool contains(int fd, const char *text)
{
    char *bytes = file_so_far(fd, NULL);
    bool found = strstr(bytes, text) != NULL;
    free(bytes);
    return found;
}

/* Whether it has ended, without taking its status from process_wait(). */
static bool has_ended(const struct process *process)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == process->pid;
}

static bool await(const struct process *process, int fd, const char *text, int timeout_ms)
{
    const int64_t deadline_us = now_us() + (int64_t)timeout_ms * 1000;
    bool last = false;

    for (;;) {
        if (contains(fd, text)) {
            return true;
        }
        if (last) {
            return false;
        }
        last = has_ended(process) || now_us() > deadline_us;
        nap_ms(last ? 0 : 2);
    }
}

bool process_await_out(const struct process *process, const char *text, int timeout_ms)
{
    return await(process, process->out_fd, text, timeout_ms);
}

bool process_await_err(const struct process *process, const char *text, int timeout_ms)
{
    return await(process, process->err_fd, text, timeout_ms);
}

/* Waits until the deadline, then kills the group; true if it had to. */
static bool reap(const struct process *process, int *wait_status, struct rusage *usage)
{
    const int64_t deadline_us = now_us() + (int64_t)process->timeout_ms * 1000;
    bool killed = false;

    for (;;) {
        pid_t got = wait4(process->pid, wait_status, killed ? 0 : WNOHANG, usage);
        if (got == process->pid) {
            return killed;
        }
        if (got < 0 && errno != EINTR) {
            die("wait4");
        }
        if (!killed && now_us() > deadline_us) {
            kill(-process->pid, SIGKILL);
            killed = true;
        } else if (!killed) {
            nap_ms(now_us() - process->start_us < 50000 ? 1 : 5);
        }
    }
}

void process_wait(struct process *process, struct process_result *result)
{
    struct rusage usage = {0};
    int wait_status = 0;

    *result = (struct process_result){0};
    result->timed_out = reap(process, &wait_status, &usage);
    result->wall_us = now_us() - process->start_us;
    result->signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    result->status = result->signal ? 128 + result->signal : WEXITSTATUS(wait_status);
    result->maxrss_kib = usage.ru_maxrss;
    result->cpu_us = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                     usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    result->out = file_so_far(process->out_fd, &result->out_size);
    result->err = file_so_far(process->err_fd, &result->err_size);
    if (process->stdin_fd >= 0) {
        close(process->stdin_fd);
    }
    close(process->out_fd);
    close(process->err_fd);
    process->pid = 0;
    process->stdin_fd = process->out_fd = process->err_fd = -1;
}

void process_run(const struct process_spec *spec, struct process_result *result)
{
    struct process process;
    process_start(spec, &process);
    process_wait(&process, result);
}

void process_result_fini(struct process_result *result)
{
    free(result->out);
    free(result->err);
    *result = (struct process_result){0};
}
