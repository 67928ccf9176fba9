/* A job file, read and checked as far as it can be without its plugins.
 *
 *   setting   the tree, with files and lines; integers beyond 32 bits       (setting.h)
 *   override  what the command line puts in or replaces                     (config_override.c)
 *   config    job keys: snapshot, restart, loop                             (config.c)
 *             operators: input, key, partition, ...                         (config_operator.c)
 *             window, every, lateness, ...                                  (config_window.c)
 *             tests                                                         (config_test.c)
 *   logical   operators and their own options, with the plugins' tables     (logical.h)
 *
 * Every mistake is told to the diags; what is wrong is left at its default, so that the rest can be
 * checked all the same. Everything is owned by the job and constant after gy_job_load. */
#ifndef GY_JOB_CONFIG_H
#define GY_JOB_CONFIG_H

#include "job/policy.h"
#include "job/setting.h"

/* "a.port" where something is read from. */
struct gy_ref {
    const char *id;
    const char *port; /* NULL: the default port */
    const struct gy_setting *at;
};

/* What one input port reads: `input` or `feedback`, or one member of such a group. */
struct gy_wire {
    const char *port; /* NULL: the only one */
    bool feedback;
    uint32_t n;
    struct gy_ref *refs;
    const struct gy_setting *at;
};

/* The key of one input port: fields, or a function. */
struct gy_key_setting {
    const char *port; /* NULL: every input port */
    const char *function;
    const struct gy_setting *group; /* of the function: it has its options too */
    uint32_t n;
    const char **fields;
    const struct gy_setting *at;
};

/* `window` or `every`. */
struct gy_policy {
    enum gy_policy_kind kind;
    int64_t time_us; /* TIME, SESSION */
    int64_t offset_us;
    int64_t count;
    double delta;
    const char *field;              /* DELTA */
    const char *function;           /* DELTA: distance; FUNCTION: eviction or trigger */
    const struct gy_setting *from;  /* NULL: not given; likewise below */
    double from_value;              /* of `field` */
    const struct gy_setting *group; /* where it stands: its keys, a function's options */
    const struct gy_setting *at;    /* `window`, `every` */
};

struct gy_window_setting {
    struct gy_policy keep;  /* window */
    struct gy_policy every; /* not given: as `keep`, tumbling, or a session */
    enum gy_per per;
    int64_t lateness_us;
    int64_t early_us; /* 0: never */
    bool accumulate;
};

/* Bytes of a job's name and of an operator's id: names of files are made of them. */
enum { GY_NAME_MAX = 128 };

/* One entry of `operators`. */
struct gy_op_setting {
    const char *id; /* NULL where it is missing or no id */
    const char *op; /* "std.sum", NULL likewise */
    const char *plugin;
    const char *name;
    const struct gy_setting *at; /* its group */
    const struct gy_setting *id_at;
    const struct gy_setting *op_at;
    uint32_t n_wires;
    struct gy_wire *wires;
    const struct gy_setting *input_at; /* NULL: not given; likewise below */
    const struct gy_setting *feedback_at;
    const struct gy_setting *key_at;
    uint32_t n_keys;
    struct gy_key_setting *keys;
    const struct gy_setting *partition_at;
    const char *partition;
    const struct gy_setting
        *partition_group; /* { fn = "PLUGIN.NAME"; ... }; NULL: it is a string */
    const struct gy_setting *parallelism_at;
    uint32_t parallelism;
    const struct gy_setting *on_error_at;
    int32_t on_error; /* 0 fail, 1 skip, 2 port */
    struct gy_window_setting window;
    bool processing_clock;
    int64_t rounds_max; /* 0: no rounds */
    const char *doc;
    uint32_t n_options; /* the plugin's own */
    const struct gy_setting **options;
};

/* One entry of `tests`. */
struct gy_test_setting {
    const char *name;
    const struct gy_setting *at;
    const struct gy_setting *given;  /* NULL: not given, or wrong; likewise below */
    const struct gy_setting *expect; /* groups, by operator, of lists of rows or groups of these */
    int32_t mode;                    /* GYRE_MODE_..., or -1: the job's */
    bool any_order;
    uint32_t n_parallelism; /* 0: not given */
    uint32_t *parallelism;
    double tolerance;
};

struct gy_job {
    struct gy_arena_ctl arena;
    const char *file;
    struct gy_setting *root;
    const char *name;
    bool batch;
    uint32_t parallelism; /* 0: the number of online CPUs */
    uint32_t max_parallelism;
    uint32_t n_plugins;
    const char **plugins; /* files */
    const struct gy_setting **plugins_at;
    uint32_t n_plugin_dirs;
    const char **plugin_dirs;
    const struct gy_setting *snapshot_at; /* NULL: no snapshots */
    int64_t snapshot_every_us;
    const char *snapshot_dir;
    uint32_t snapshot_keep;
    bool snapshot_resume; /* goes on from the newest snapshot, where there is one */
    const struct gy_setting *restart_at;
    uint32_t restart_attempts;
    int64_t restart_delay_us;
    int64_t restart_max_delay_us;
    const struct gy_setting *loop_at;
    int64_t loop_memory;
    int64_t loop_disk;
    uint32_t n_operators;
    struct gy_op_setting *operators;
    uint32_t n_tests;
    struct gy_test_setting *tests;
    bool dry;             /* nothing is going to be run of it: its schemas are asked for */
    size_t test_mistakes; /* of `tests` alone: all else can be looked at in spite of them */
};

/* What the command line changes: `--set ID.OPTION=VALUE` as it stands, `-p N`. */
struct gy_overrides {
    size_t n_sets;
    const char *const *sets;
    const char *parallelism; /* NULL: not given */
};

/** Reads a job file and checks what needs no plugin. A job with mistakes is returned as well, to be
 *  checked further; NULL where nothing could be read.
 *  Owns:    the caller, until gy_job_free; `overrides` may be NULL
 *  Errors:  told to `diags` */
struct gy_job *gy_job_load(const char *path, const struct gy_overrides *overrides,
                           struct gy_diags *diags);
void gy_job_free(struct gy_job *job);

/** The same for a text that stands for the file `path`, which need not be there. */
struct gy_job *gy_job_load_text(const char *path, const char *text, struct gy_diags *diags);

/** What fires a window: `every`, or where it is left out `keep`; NULL: a session fires by itself. */
const struct gy_policy *gy_window_trigger(const struct gy_window_setting *window);

/** True where both policies are of time: the window has an end, which is what fires it. */
bool gy_window_is_both_time(const struct gy_window_setting *window);

/** The operator `id`; NULL. */
const struct gy_op_setting *gy_job_operator(const struct gy_job *job, const char *id);

/* ---- the parts of gy_job_load, in the order in which they run ---- */

void gy_job_override(const struct gy_scope *scope, struct gy_setting *root,
                     const struct gy_overrides *overrides);
void gy_job_read_operators(const struct gy_scope *scope, struct gy_job *job,
                           const struct gy_setting *list);
/** Reads the key that stands at `op->key_at`. */
void gy_job_read_key(const struct gy_scope *scope, struct gy_op_setting *op);
void gy_job_read_window(const struct gy_scope *scope, struct gy_op_setting *op);
void gy_job_read_tests(const struct gy_scope *scope, struct gy_job *job,
                       const struct gy_setting *list);

/** True for a key that every operator may have. */
bool gy_job_is_common_key(const char *name);

#endif
