/* timed REPORT COMMAND ARG...: runs a command, and appends one line to the file REPORT:
 * "wall-seconds cpu-seconds peak-KiB exit-status". The peak is that of the largest process among
 * the command and those of its children that it has waited for. Exits as the command did. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    struct timespec start, end;
    struct rusage usage;
    int status = 0;
    if (argc < 3) {
        fprintf(stderr, "usage: timed REPORT COMMAND ARG...\n");
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        fprintf(stderr, "timed: %s: %s\n", argv[2], strerror(errno));
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        fprintf(stderr, "timed: %s: %s\n", argv[2], strerror(errno));
        return 127;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    FILE *report = fopen(argv[1], "a");
    if (report == NULL) {
        fprintf(stderr, "timed: %s: %s\n", argv[1], strerror(errno));
        return 127;
    }
    fprintf(report, "%.6f %.6f %ld %d\n",
            (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9,
            seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss, code);
    return fclose(report) == 0 ? code : 127;
}
