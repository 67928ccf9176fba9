/* What a process has one of: locale, signal handlers, umask, working directory, standard descriptors.
 * A plugin shares them with all others, and is to leave them as it finds them.
 *
 * A constructor, or that of a library that the plugin brings, changes them all the same: an old habit
 * is setlocale(LC_ALL, ""), another a handler for SIGPIPE, and what -ffast-math links in makes small
 * numbers zero. So they are looked at around each call of a plugin that is made once, and what was
 * changed is put back. */
#ifndef GY_PLUGIN_GUARD_H
#define GY_PLUGIN_GUARD_H

#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

enum { GY_GUARD_SIGNALS = 65, GY_GUARD_STANDARD = 3 };

/* A descriptor, kept under another number as well: -1 where it was not open. */
struct gy_guard_file {
    int kept;
    int flags; /* F_GETFL */
    struct stat st;
};

struct gy_guard {
    char locale[1024]; /* of all categories */
    locale_t thread_locale;
    struct sigaction actions[GY_GUARD_SIGNALS];
    sigset_t mask;
    mode_t umask;
    struct gy_guard_file folder; /* the working directory */
    struct gy_guard_file standard[GY_GUARD_STANDARD];
    fenv_t arithmetic;
    int rounding;
    bool has_tiny; /* numbers below 2^-1022 are not made zero */
};

/** Looks at all of it. What cannot be looked at is not checked.
 *  Owns:    some descriptors, until gy_guard_leave
 *  Thread:  [control] */
void gy_guard_enter(struct gy_guard *guard);

/** Puts back what has changed since, and tells of it in a line that names the plugin: `when` ends
 *  "... changed the locale, the umask ".
 *  Thread:  [control], the thread that entered
 *  Errors:  none; errno is kept */
void gy_guard_leave(struct gy_guard *guard, const char *plugin_path, const char *when);

#endif
