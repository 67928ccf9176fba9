/* See trial.h. The child ends with a status that is unlikely to be a plugin's own. */
#include "plugin/trial.h"

#include "base/log.h"
#include "plugin/guide.h"
#include "plugin/note.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEND "mend its constructors, or take it off the path (" GY_GUIDE_THREADS ")"

enum { CAME_BACK = 113, TRIAL_MAX_S = 10 };

/* A crash ends the child without a word or a core, what a constructor prints is printed once. */
static void be_quiet(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};
    struct rlimit none = {0, 0};
    sigset_t nothing;
    sigemptyset(&nothing); /* a mask that a parent has left would keep the alarm from coming */
    sigprocmask(SIG_SETMASK, &nothing, NULL);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &none);
    gy_log_set_level(GY_LOG_ERROR);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDOUT_FILENO);
}

int gy_plugin_trial(const char *path, void (*load)(void *host), void *host,
                    struct gyre_error *error)
{
    int status = 0;
    pid_t child = fork();
    if (child < 0)
        return gy_note_refuse(error, path, "cannot be tried in a process of its own: %s",
                              strerror(errno));
    if (child == 0) {
        be_quiet();
        alarm(TRIAL_MAX_S);
        load(host);
        _exit(CAME_BACK);
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return gy_note_refuse(error, path, "cannot be tried in a process of its own: %s",
                                  strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == CAME_BACK)
        return 0;
    if (WIFEXITED(status))
        return gy_note_refuse(error, path,
                              "ends the program while it is loaded (exit status %d); " MEND,
                              WEXITSTATUS(status));
    if (WTERMSIG(status) == SIGALRM)
        return gy_note_refuse(
            error, path, "does not come back within %d s while it is loaded; " MEND, TRIAL_MAX_S);
    return gy_note_refuse(error, path, "crashes while it is loaded (%s); " MEND,
                          strsignal(WTERMSIG(status)));
}
