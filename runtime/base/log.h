/* Messages for people, on standard error.
 *
 * One call puts out one message with one write(2), so that messages of several threads and of the
 * supervising parent never mix within a line. Standard output belongs to the job alone.
 *
 * Invariant: the level is the only mutable state, one of the two globals the runtime permits itself.
 */
#ifndef GY_BASE_LOG_H
#define GY_BASE_LOG_H

#include <stdbool.h>

enum gy_log_level {
    GY_LOG_ERROR,
    GY_LOG_WARN,
    GY_LOG_INFO,
    GY_LOG_DEBUG,
};

/** Sets the least important level that is still put out; `GY_LOG_INFO` before the first call.
 *  Thread:  [any] */
void gy_log_set_level(enum gy_log_level level);

/** Tells whether messages of `level` are put out, to spare the work of preparing one.
 *  Thread:  [any] */
bool gy_log_enabled(enum gy_log_level level);

/** Writes `gyre: ` and the formatted text as one line to standard error; a line break is added.
 *  What a terminal would act on is escaped, line breaks too; see base/say.h.
 *  A text beyond 4 KiB is cut and ends in `...`. Keeps errno.
 *  Thread:  [any]; not for signal handlers
 *  Errors:  none; a message that cannot be written is lost */
void gy_log(enum gy_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
