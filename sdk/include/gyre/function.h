/* gyre/function.h: the user functions that operators of the runtime call.
 *
 * | kind      | what it is for                                        | contract struct            |
 * |-----------|-------------------------------------------------------|----------------------------|
 * | aggregate | rolling, windowed and final aggregates                | gyre_aggregate             |
 * | window    | gets the rows of a window and puts rows out           | gyre_window_function       |
 * | key       | computes a key column: key = { fn = "geo.cell"; }     | gyre_key_function          |
 * | partition | picks the task of each row                            | gyre_partition_function    |
 * | distance  | of two rows, for delta windows                        | gyre_distance_function     |
 * | trigger   | decides when a window is put out                      | gyre_trigger_function      |
 * | eviction  | decides what a window still keeps                     | gyre_eviction_function     |
 *
 * All of them work on a batch per call. `ctx->config` is the function's own config, filled from its
 * option table. Functions keep nothing between calls but what they are handed: what a function has in an
 * instance of its own (`instance_size`, `ctx->self`) are tools, made in `open`, and nothing of the rows. */
#ifndef GYRE_FUNCTION_H
#define GYRE_FUNCTION_H

#include <gyre/operator.h>

#define GYRE_FN_AGGREGATE 1u
#define GYRE_FN_WINDOW    2u
#define GYRE_FN_KEY       3u
#define GYRE_FN_PARTITION 4u
#define GYRE_FN_DISTANCE  5u
#define GYRE_FN_TRIGGER   6u
#define GYRE_FN_EVICTION  7u

/** A function's descriptor.
 *  Shape:   `impl` points to the contract struct of `kind`. `fields` are the input fields it reads,
 *           by name and type, in this order; `results` the columns it puts out. Where they depend on
 *           options or schema, `bind` declares them with bind->read(0, ...) and bind->write(0, ...).
 *           With an `instance_size` each task has an instance for each use of the function: ctx->self
 *  Owns:    constant data of the plugin; the host allocates instances, zeroed
 *  Thread:  [any], immutable
 *  Errors:  as operators' open
 *  Since:   0.1 */
struct gyre_function {
    uint32_t size;
    uint32_t kind;
    const char *name; /* [a-z][a-z0-9_]* */
    const char *doc;  /* one line */
    uint32_t flags;
    uint32_t config_size;
    const struct gyre_option *options;
    const struct gyre_field *fields;
    const struct gyre_field *results;
    uint32_t n_options;
    uint32_t n_fields;
    uint32_t n_results;
    uint32_t instance_size;                                /* 0: it has none */
    int32_t (*bind)(void *config, struct gyre_bind *bind); /* [control] */
    const void *impl;
    /* [task] Makes the zeroed instance ready, before any other call. On failure close is called as well. */
    int32_t (*open)(void *self, struct gyre_ctx *ctx);
    /* [task] Frees what the instance owns; `self` may be half open. */
    void (*close)(void *self, struct gyre_ctx *ctx);
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_function) == 104, "layout of gyre_function");

/** An aggregate: an accumulator, and the calls that feed and read it.
 *
 *  `rows` lists the indexes of n input rows, none of them dropped; `accs[j]` is the accumulator of
 *  row `rows[j]`. Several rows may have one accumulator: take them in order. A bad row (an overflow)
 *  is reported with gyre_bad_row and leaves its accumulator as it was.
 *  Shape:   `result` writes its columns of `out` at row `row`. `roll` (optional) is add and result
 *           at once: it adds rows[j] and writes the new result at `out` row rows[j]; the host makes
 *           it of the two where it is NULL, slower. `merge` makes of `into` what adding the rows of
 *           `from` to it would have made, which came after its own; `from` stays as it is.
 *  Owns:    accumulators are the host's, of the type declared here or by bind->accumulator; their
 *           str and bytes members are assigned with gyre_state_str
 *  Thread:  [task]
 *  Errors:  0 or a code, text in ctx->error
 *  Since:   0.1 */
struct gyre_aggregate {
    uint32_t size;
    uint32_t reserved;
    const struct gyre_state_type *accumulator;
    int32_t (*add)(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                   uint32_t n, void *const *accs);
    int32_t (*roll)(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                    uint32_t n, void *const *accs, struct gyre_out *out);
    int32_t (*result)(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out, uint32_t row);
    int32_t (*merge)(struct gyre_ctx *ctx, void *into, const void *from); /* optional */
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_aggregate) == 48, "layout of gyre_aggregate");

/** Gets the rows of a fired window, oldest first, in one or several batches.
 *  Shape:   `whole` (optional): the transform that runs in the function's place in a batch job that gives
 *           no window: it gets the rows as they come, with a key those of all of a task's keys, and need not
 *           have all of them in memory at the end. It puts out the key's fields itself. It is listed nowhere
 *           else, and has the function's name, options and config
 *  Units:   start_us, end_us: INT64_MIN where the window is not one of time
 *  Thread:  [task]
 *  Since:   0.1 */
struct gyre_window_function {
    uint32_t size;
    uint32_t reserved;
    int32_t (*fire)(struct gyre_ctx *ctx, const struct gyre_batch *const *rows, uint32_t n_batches,
                    int64_t start_us, int64_t end_us);
    const struct gyre_operator *whole;
};

/** Computes the key column(s) of every kept row: those of row i stand at row i of `out`. The host
 *  adds them to the stream, for a `key` or for an option of type KEY_FUNCTION. A bad row is reported
 *  with gyre_bad_row, and goes by the on_error of the operator that the key is for.
 *  Shape:   `out` is an aligned port with the results as its columns
 *  Thread:  [task]
 *  Errors:  0 or a code, text in ctx->error
 *  Since:   0.1 */
struct gyre_key_function {
    uint32_t size;
    uint32_t reserved;
    int32_t (*keys)(struct gyre_ctx *ctx, const struct gyre_batch *in, struct gyre_out *out);
};

/** Picks the consuming task of every kept row: tasks_of[row] in 0 ... n_tasks - 1.
 *  Thread:  [task] */
struct gyre_partition_function {
    uint32_t size;
    uint32_t reserved;
    int32_t (*partition)(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t n_tasks,
                         uint32_t *tasks_of);
};

/** The distance from row `a` of one batch to row `b` of another.
 *  Thread:  [task] */
struct gyre_distance_function {
    uint32_t size;
    uint32_t reserved;
    double (*distance)(struct gyre_ctx *ctx, const struct gyre_batch *old_rows, uint32_t a,
                       const struct gyre_batch *new_rows, uint32_t b);
};

/** Says when a window fires. `state` is what it knows of the window, of the type declared here; it is
 *  made anew after a firing, by the trigger or at the end of input.
 *  Shape:   `on_row`: a row has just been added; `on_time`: the moment it asked for has come. Both
 *           return 1 to fire, 0 not to, or a code. `state` NULL: no type is declared
 *  Units:   `wake_us` event time (processing time with clock = "processing"): when to be asked by
 *           `on_time`, INT64_MAX on entry: not; the earliest asked for since the last firing counts
 *  Owns:    `state` is the host's; its str and bytes members are assigned with gyre_state_str
 *  Thread:  [task]
 *  Errors:  0, 1 or a code, text in ctx->error
 *  Since:   0.2 */
struct gyre_trigger_function {
    uint32_t size;
    uint32_t reserved;
    const struct gyre_state_type *state; /* optional */
    int32_t (*on_row)(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row, void *state,
                      int64_t *wake_us);
    int32_t (*on_time)(struct gyre_ctx *ctx, int64_t time_us, void *state,
                       int64_t *wake_us); /* NULL where on_row never asks for it */
};

/** Says how many of the oldest rows a window drops. Called once for each row: after it was added, or
 *  before that where the window fires by a distance.
 *  Shape:   `kept`: all rows of the window, oldest first, in `n_batches` batches of what the function
 *           reads; `in`, `row`: the row that has come; `drop`: 0 on entry
 *  Thread:  [task]
 *  Errors:  0 or a code, text in ctx->error
 *  Since:   0.2 */
struct gyre_eviction_function {
    uint32_t size;
    uint32_t reserved;
    int32_t (*evict)(struct gyre_ctx *ctx, const struct gyre_batch *const *kept, uint32_t n_batches,
                     const struct gyre_batch *in, uint32_t row, uint64_t *drop);
};

#endif
