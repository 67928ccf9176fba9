/* The line is put together on the stack and written in one call; see log.h. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/say.h"

#define LINE_MAX_BYTES 4096

/* Relaxed everywhere: the level orders nothing, and a late change costs one line. */
static _Atomic int log_level = GY_LOG_INFO;

static const char *const prefixes[] = {
    [GY_LOG_ERROR] = "gyre: ",
    [GY_LOG_WARN] = "gyre: warning: ",
    [GY_LOG_INFO] = "gyre: ",
    [GY_LOG_DEBUG] = "gyre: debug: ",
};

void gy_log_set_level(enum gy_log_level level)
{
    atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

bool gy_log_enabled(enum gy_log_level level)
{
    return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

/* Only a signal or a full pipe makes a second write(2) necessary. */
static void write_all(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        p += done;
        n -= (size_t)done;
    }
}

void gy_log(enum gy_log_level level, const char *fmt, ...)
{
    if (!gy_log_enabled(level))
        return;
    int saved_errno = errno;
    char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES];
    size_t len = strlen(prefixes[level]), taken;
    memcpy(line, prefixes[level], len);
    va_list args;
    va_start(args, fmt);
    int wanted = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t n = wanted < 0 ? 0 : (size_t)wanted < sizeof text ? (size_t)wanted : sizeof text - 1;
    while (n > 0 && text[n - 1] == '\n') /* of a plugin that ends its lines itself */
        n--;
    /* Room is left for the dots, and for the line break. */
    len += gy_say_escape(line + len, sizeof line - len - 4, text, n, &taken);
    if (taken < n || (size_t)wanted >= sizeof text) {
        memcpy(line + len, "...", 3);
        len += 3;
    }
    line[len] = '\n';
    write_all(line, len + 1);
    errno = saved_errno;
}
