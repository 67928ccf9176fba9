/* See guard.h. */
#include "plugin/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "plugin/guide.h"

#define CHANGED_TEXT 256

/* Two names of one file: that a plugin opened it anew is not to be seen, nor of any matter. */
static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_rdev == b->st_rdev;
}

/* False where it becomes zero, as -ffast-math has it. */
static bool has_tiny(void)
{
    volatile double least = DBL_MIN;
    volatile double half = least / 2;
    return half != 0;
}

void gy_guard_enter(struct gy_guard *guard)
{
    memset(guard, 0, sizeof *guard);
    const char *locale = setlocale(LC_ALL, NULL);
    if (locale != NULL && strlen(locale) < sizeof guard->locale)
        strcpy(guard->locale, locale);
    guard->thread_locale = uselocale((locale_t)0);
    for (int i = 1; i < GY_GUARD_SIGNALS; i++)
        if (sigaction(i, NULL, &guard->actions[i]) != 0)
            guard->actions[i].sa_handler = SIG_ERR; /* the C library's own */
    pthread_sigmask(SIG_SETMASK, NULL, &guard->mask);
    guard->umask = umask(0);
    umask(guard->umask);
    guard->folder.kept = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (guard->folder.kept >= 0 && fstat(guard->folder.kept, &guard->folder.st) != 0) {
        close(guard->folder.kept);
        guard->folder.kept = -1;
    }
    for (int fd = 0; fd < GY_GUARD_STANDARD; fd++) {
        struct gy_guard_file *file = &guard->standard[fd];
        file->kept = fcntl(fd, F_DUPFD_CLOEXEC, GY_GUARD_STANDARD);
        file->flags = fcntl(fd, F_GETFL);
        fstat(fd, &file->st);
    }
    fegetenv(&guard->arithmetic);
    guard->rounding = fegetround();
    guard->has_tiny = has_tiny();
}

static bool restore_locale(const struct gy_guard *guard)
{
    const char *locale = setlocale(LC_ALL, NULL);
    bool all = guard->locale[0] != '\0' && (locale == NULL || strcmp(locale, guard->locale) != 0);
    bool threads = uselocale((locale_t)0) != guard->thread_locale;
    if (threads)
        uselocale(guard->thread_locale);
    if (all)
        setlocale(LC_ALL, guard->locale);
    return all || threads;
}

static bool restore_signals(const struct gy_guard *guard)
{
    bool changed = false;
    struct sigaction now;
    sigset_t mask;
    for (int i = 1; i < GY_GUARD_SIGNALS; i++) {
        const struct sigaction *before = &guard->actions[i];
        if (before->sa_handler == SIG_ERR || sigaction(i, NULL, &now) != 0 ||
            (now.sa_handler == before->sa_handler && now.sa_flags == before->sa_flags))
            continue;
        sigaction(i, before, NULL);
        changed = true;
    }
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (int i = 1; i < GY_GUARD_SIGNALS; i++)
        changed |= sigismember(&mask, i) != sigismember(&guard->mask, i);
    pthread_sigmask(SIG_SETMASK, &guard->mask, NULL);
    return changed;
}

static bool restore_folder(const struct gy_guard *guard)
{
    struct stat st;
    if (guard->folder.kept < 0 || (stat(".", &st) == 0 && is_same_file(&st, &guard->folder.st)))
        return false;
    return fchdir(guard->folder.kept) == 0;
}

/* One that was closed before the plugin came is closed again: a file of its own has no business there. */
static bool restore_standard(const struct gy_guard *guard, int fd)
{
    const struct gy_guard_file *file = &guard->standard[fd];
    struct stat st;
    bool is_open = fstat(fd, &st) == 0;
    if (file->kept < 0)
        return is_open && close(fd) == 0;
    if (!is_open || !is_same_file(&st, &file->st))
        return dup2(file->kept, fd) == fd;
    return fcntl(fd, F_GETFL) != file->flags && fcntl(fd, F_SETFL, file->flags) == 0;
}

static bool restore_arithmetic(const struct gy_guard *guard)
{
    if (fegetround() == guard->rounding && has_tiny() == guard->has_tiny)
        return false;
    return fesetenv(&guard->arithmetic) == 0;
}

static void say(char changed[CHANGED_TEXT], const char *what)
{
    size_t used = strlen(changed);
    snprintf(changed + used, CHANGED_TEXT - used, "%s%s", used != 0 ? ", " : "", what);
}

void gy_guard_leave(struct gy_guard *guard, const char *plugin_path, const char *when)
{
    static const char *const names[] = {"standard input", "standard output", "standard error"};
    char changed[CHANGED_TEXT] = "";
    int before = errno;
    if (restore_locale(guard))
        say(changed, "the locale");
    if (restore_signals(guard))
        say(changed, "signal handlers");
    if (umask(guard->umask) != guard->umask)
        say(changed, "the umask");
    if (restore_folder(guard))
        say(changed, "the working directory");
    for (int fd = 0; fd < GY_GUARD_STANDARD; fd++) {
        if (restore_standard(guard, fd))
            say(changed, names[fd]);
        if (guard->standard[fd].kept >= 0)
            close(guard->standard[fd].kept);
    }
    if (restore_arithmetic(guard))
        say(changed, "how numbers are rounded");
    if (guard->folder.kept >= 0)
        close(guard->folder.kept);
    if (changed[0] != '\0')
        gy_log(GY_LOG_WARN,
               "plugin %s changed %s %s: this was put back, for the process is not the plugin's "
               "alone; look at its constructors, and at those of its libraries (" GY_GUIDE_THREADS
               ")",
               plugin_path, changed, when);
    errno = before;
}
