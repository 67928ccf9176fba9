/* The crash breadcrumb: which plugin's callback this thread is in.
 *
 * Set by op/instance around every callback, read by the signal handler of app/crash, so that a crash
 * names the plugin. One of the two mutable globals of the runtime; each thread has its own. */
#ifndef GY_BASE_CRUMB_H
#define GY_BASE_CRUMB_H

#include <stddef.h>
#include <stdint.h>

/* What stays the same for one operator task, but for the function that it calls. Strings outlive the
 * instance. */
struct gy_crumb_site {
    const char *job;      /* NULL: no job runs yet */
    const char *id;       /* of the operator; NULL: the plugin is being loaded */
    const char *op;       /* "plugin.op" */
    const char *function; /* of a plugin, called for the operator; NULL: the operator itself */
    const char
        *plugin_path; /* of the shared object whose code runs: the function's, where one is */
    uint32_t task;
    /* Writes the row at hand, where the callback got a single one, to `text`, at most `n` bytes
     * without a zero byte; returns how many, 0 where it is not known. Async-signal-safe. NULL: none
     * ever is. */
    size_t (*row)(const void *instance, char *text, size_t n);
    const void *instance;
};

struct gy_crumb {
    const struct gy_crumb_site *site; /* NULL: not in a callback */
    const char *callback;
    uint64_t batch; /* how many batches the instance has got */
};

extern _Thread_local struct gy_crumb gy_crumb;

/** Enters a callback; what it returns is assigned to gy_crumb at the callback's end.
 *  Thread:  [any] */
static inline struct gy_crumb gy_crumb_enter(const struct gy_crumb_site *site, const char *callback)
{
    struct gy_crumb before = gy_crumb;
    gy_crumb = (struct gy_crumb){.site = site, .callback = callback};
    return before;
}

#endif
