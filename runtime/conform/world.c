/* What a process has one of; see check.h. */
#include "conform/check.h"

#include <dirent.h>
#include <errno.h>
#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static unsigned count_names(const char *path)
{
    unsigned n = 0;
    DIR *dir = opendir(path);
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        closedir(dir);
    return n;
}

static uint64_t checksum_environment(void)
{
    uint64_t sum = 0;
    for (char **at = environ; at != NULL && *at != NULL; at++)
        sum = sum * 31 + gy_checksum(*at, strlen(*at));
    return sum;
}

static uint64_t checksum_signals(void)
{
    uint64_t sum = 0;
    for (int i = 1; i < 65; i++) {
        struct sigaction action;
        if (sigaction(i, NULL, &action) == 0)
            sum = sum * 31 + (uint64_t)(uintptr_t)action.sa_handler;
    }
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int i = 1; i < 65; i++)
        sum = sum * 3 + (uint64_t)(sigismember(&mask, i) == 1);
    return sum;
}

void gy_world_look(struct gy_world *world)
{
    const char *locale = setlocale(LC_ALL, NULL);
    *world = (struct gy_world){.environment = checksum_environment(),
                               .signals = checksum_signals(),
                               .descriptors = count_names("/proc/self/fd"),
                               .threads = count_names("/proc/self/task"),
                               .rounding = fegetround()};
    snprintf(world->locale, sizeof world->locale, "%s", locale != NULL ? locale : "");
    if (getcwd(world->cwd, sizeof world->cwd) == NULL)
        world->cwd[0] = 0;
    world->umask = umask(0);
    umask(world->umask);
    siginfo_t info;
    world->has_children =
        waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

bool gy_world_changed(const struct gy_world *before, const struct gy_world *after, char *text,
                      size_t n)
{
    const struct {
        bool changed;
        const char *what;
    } all[] = {
        {strcmp(before->locale, after->locale) != 0, "the locale"},
        {strcmp(before->cwd, after->cwd) != 0, "the working directory"},
        {before->umask != after->umask, "the umask"},
        {before->environment != after->environment, "the environment"},
        {before->signals != after->signals, "how signals are handled"},
        {before->descriptors < after->descriptors, "the descriptors (it left some open)"},
        {before->descriptors > after->descriptors, "the descriptors (it closed some of others)"},
        {before->threads != after->threads, "the threads (it started some)"},
        {before->rounding != after->rounding, "how numbers are rounded"},
        {!before->has_children && after->has_children, "the processes (it started some)"},
    };
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all && used < n; i++)
        if (all[i].changed)
            used +=
                (size_t)snprintf(text + used, n - used, "%s%s", used > 0 ? ", " : "", all[i].what);
    return used > 0;
}
