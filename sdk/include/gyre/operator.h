/* gyre/operator.h: sources, transforms and sinks, and what they say of themselves in `bind`.
 *
 * The life of an operator:
 *
 *   [control]  options are parsed into `config`   once per operator of a job
 *   [control]  bind(config, b)                    once; fields in, fields and ports out
 *   [control]  discover(config, splits)           sources: once, before the start
 *   [task]     open(self)                         once per task
 *   [task]       add_split, poll | process | write, flush, on_watermark, on_timer, ...
 *   [task]     close(self)                        once, also after a failed open
 *
 * [control] calls are made by one thread, none of them while a task of the job runs. [task] calls of
 * one instance are never in two threads at once; the thread may change between calls. Instances
 * start zeroed, share nothing but the constant config, and start no threads. */
#ifndef GYRE_OPERATOR_H
#define GYRE_OPERATOR_H

#include <gyre/host.h>
#include <gyre/option.h>

#define GYRE_SOURCE    1u
#define GYRE_TRANSFORM 2u
#define GYRE_SINK      3u

/* Flags of an operator. Where one that is GYRE_BLOCKING waits in a system call, a stop or a failure
 * ends it with EINTR: return 0 then. */
#define GYRE_MASK_AWARE      (1u << 0) /* reads `keep`, or is right for any bits in dropped rows */
#define GYRE_WANTS_SELECTION (1u << 1) /* wants `selection`; includes mask-aware */
#define GYRE_READS_TIME      (1u << 2) /* reads `time` of its input rows */
#define GYRE_SETS_TIME       (1u << 3) /* a source or transform that gives rows their event time */
#define GYRE_BLOCKING        (1u << 4) /* may block: every task gets a thread of its own */
#define GYRE_NEEDS_KEY       (1u << 5) /* must have a key */
#define GYRE_SINGLE          (1u << 6) /* runs as one task, whatever the job's parallelism */
#define GYRE_AT_MOST_ONCE    (1u << 7) /* cannot replay or commit; inspect and check say so */
#define GYRE_AT_LEAST_ONCE   (1u << 8) /* may repeat rows after a restore; so likewise */
#define GYRE_UNBOUNDED       (1u << 9) /* a source whose input has no end: a batch job waits for one */
#define GYRE_TAKES_WINDOW    (1u << 10) /* a job may give it a window of time: see gyre_window */

/* Flags of a port. */
#define GYRE_PORT_ALIGNED (1u << 0) /* out: row i is row i of the input (see batch.h) */
#define GYRE_PORT_FILTERS (1u << 1) /* out, aligned: the operator writes `keep` */
#define GYRE_PORT_PASS_REST                                                                        \
    (1u << 2) /* out, aligned: input fields not replaced follow by reference */
#define GYRE_PORT_ALL      (1u << 3) /* in: reads all fields, in the stream's order */
#define GYRE_PORT_OPTIONAL (1u << 4) /* in: need not be connected */
#define GYRE_PORT_TIME     (1u << 5) /* out, aligned: the operator writes `time` */

/** A port.
 *  Shape:   in: `fields` are those it needs, by name and type, presented in this order; out: those
 *           it writes, in this order. A dynamic port has none and declares them in `bind`. The first
 *           output port is the default one.
 *  Owns:    constant data of the plugin
 *  Thread:  [any], immutable
 *  Since:   0.1 */
struct gyre_port {
    uint32_t size;
    uint32_t flags;
    const char *name;
    const char *doc;
    const struct gyre_field *fields;
    uint32_t n_fields;
    uint32_t reserved;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_port) == 40, "layout of gyre_port");

/** Port `i` of a table, whatever the size of an entry was when the plugin was compiled.
 *  Thread:  [any] */
static inline const struct gyre_port *gyre_port_at(const struct gyre_port *ports, uint32_t i)
{
    const char *base = (const char *)ports;
    return (const struct gyre_port *)(const void *)(base + (size_t)i * ports->size);
}

#define GYRE_PORT(name, flags, fields, n_fields, doc)                                              \
    {                                                                                              \
        (uint32_t)sizeof(struct gyre_port), flags, name, doc, fields, n_fields, 0                  \
    }

#define GYRE_MODE_STREAM 0u
#define GYRE_MODE_BATCH  1u

/** The windows of an operator that is GYRE_TAKES_WINDOW, or of a function whose windows are of time and fire
 *  by time (the host adds window_start and window_end to its results): [end - size_us, end) for every end =
 *  offset_us + k * period_us, k any integer. Where period_us < size_us they overlap.
 *  Shape:   what the job says in `window`, `every` and `lateness`; any other window is refused before bind
 *  Units:   µs; size_us and period_us above 0, 0 <= offset_us < period_us. A row is late for a window when the
 *           watermark is at its end + lateness_us, or behind that
 *  Owns:    the host; as long as the config
 *  Thread:  [any], immutable
 *  Since:   0.2 */
struct gyre_window {
    uint32_t size;
    uint32_t reserved;
    int64_t size_us;
    int64_t period_us;
    int64_t offset_us;
    int64_t lateness_us;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_window) == 40, "layout of gyre_window");

/** A line of a text that people wrote: a job file, or a file that an option names.
 *  Shape:   `line` from 1; 0: none. Of an option from the command line `file` says so
 *  Owns:    `file`: whoever fills it; the host's are as long as the config
 *  Thread:  [any]
 *  Since:   0.4 */
struct gyre_place {
    uint32_t size;
    uint32_t line;
    const char *file;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_place) == 16, "layout of gyre_place");

/** The host's side of `bind`: what comes in, and the calls that say what goes out.
 *
 *  Static ports are bound by the host before `bind` is called; an operator whose ports are all
 *  static needs no bind. All calls report their own errors with the file and line of `option`
 *  (NULL: of the operator); bind then returns the code it got, and several errors may be reported
 *  before it does.
 *  Owns:    the host; valid during bind
 *  Thread:  [control]
 *  Since:   0.1 */
struct gyre_bind {
    uint32_t size;
    uint32_t mode; /* GYRE_MODE_... */
    uint32_t n_inputs;
    uint32_t n_keys;                         /* fields of the key on input 0; 0: no key */
    const struct gyre_schema *const *inputs; /* NULL where an optional port is not connected */
    const char *const *keys;                 /* their names */
    /* Reads field `name` of input `port`; its position in `in->columns`, or a negative code. */
    int32_t (*read)(struct gyre_bind *bind, uint32_t port, const char *name, const char *option);
    /* Adds a column that the operator writes to output `port`; its position in `out->data`. On an
     * aligned port a field of that name that is passed is replaced in its place. */
    int32_t (*write)(struct gyre_bind *bind, uint32_t port, uint32_t type, const char *name,
                     uint32_t flags);
    /* Adds input field `name` to aligned output `port` by reference, as `as` (NULL: same name). */
    int32_t (*pass)(struct gyre_bind *bind, uint32_t port, const char *name, const char *as,
                    const char *option);
    /* Adds all fields of the input, in order. */
    int32_t (*pass_all)(struct gyre_bind *bind, uint32_t port);
    /* Adds an output port (std.split has those that the job lists); its index. */
    int32_t (*add_port)(struct gyre_bind *bind, const char *name, uint32_t flags,
                        const char *option);
    /* Adds keyed state whose type depends on the schema; its id. */
    int32_t (*add_state)(struct gyre_bind *bind, const struct gyre_state *state);
    /* Sets the type of an aggregate's accumulator, where it depends on the schema. */
    int32_t (*accumulator)(struct gyre_bind *bind, const struct gyre_state_type *type);
    /* Limits the operator to one task (standard output, one file); `why` ends "runs as one task: ". */
    int32_t (*single)(struct gyre_bind *bind, const char *why);
    /* Adds flags that depend on options: GYRE_AT_MOST_ONCE, GYRE_BLOCKING, GYRE_UNBOUNDED, ... */
    int32_t (*set_flags)(struct gyre_bind *bind, uint32_t flags);
    /* Reports an error at `option`'s line; returns `code`. */
    int32_t (*fail)(struct gyre_bind *bind, int32_t code, const char *option, const char *text);
    /* Memory that lives as long as the config; zeroed; freed by the host. */
    void *(*alloc)(struct gyre_bind *bind, size_t size);
    void *host;
    uint32_t snapshots; /* 1: the job takes snapshots, so what comes in must be there again */
    /* 1: nothing is run of it, its schemas alone are asked for: what only a run needs, as the file that it
     * reads, may be missing (gyre test, where rows are given in its place). */
    uint32_t dry;
    const char *const *const
        *port_keys;                   /* [port][i]: the names of the key's n_keys fields there; NULL
                                            where the port is not connected */
    const struct gyre_window *window; /* NULL: the job gives none */
    /* Where line `line` (from 1) of the text of `option` stands, which may be written over several lines. An
     * option of one group of a list is "set[2].value", in all calls that take an option. */
    void (*place)(struct gyre_bind *bind, const char *option, uint32_t line,
                  struct gyre_place *place);
    /* Reports an error at such a place; returns `code`. */
    int32_t (*fail_at)(struct gyre_bind *bind, int32_t code, const struct gyre_place *place,
                       const char *text);
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_bind) == 168, "layout of gyre_bind");

/** Reports an error of `bind` with the line of `option` and returns `code`.
 *  Thread:  [control] */
GYRE_PRINTF(4, 5)
static inline int32_t gyre_bind_fail(struct gyre_bind *bind, int32_t code, const char *option,
                                     const char *format, ...)
{
    char text[GYRE_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return bind->fail(bind, code, option, text);
}

#define GYRE_SPLITS_QUEUE 0u /* a task gets the next one when it has ended one, in this order */
#define GYRE_SPLITS_DEAL  1u /* all are dealt out at the start: split i to task i mod tasks */

/** What a source's `discover` fills: the parts of its input that tasks can read on their own.
 *  Shape:   a split is any bytes that say where it is; its id is its position in the list
 *  Thread:  [control]
 *  Since:   0.1 */
struct gyre_splits {
    uint32_t size;
    uint32_t tasks; /* of the source */
    uint32_t order; /* GYRE_SPLITS_...; set by the source, QUEUE at first */
    uint32_t reserved;
    int32_t (*add)(struct gyre_splits *splits, const void *bytes, size_t n);
    struct gyre_error *error;
    void *host;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_splits) == 40, "layout of gyre_splits");

#define GYRE_POLL_MORE  0u /* there may be more at once */
#define GYRE_POLL_IDLE  1u /* nothing now: look again at `wake_us`, or when `fd` is readable */
#define GYRE_POLL_SPLIT 2u /* split `split` has ended; there may be more of others */

/** What `poll` says when it returns.
 *  Units:   `wake_us` processing time (gyre_now), INT64_MAX: only for `fd`; `fd` -1: only for time
 *  Owns:    the host; preset to MORE, INT64_MAX, -1
 *  Thread:  [task]
 *  Since:   0.1 */
struct gyre_poll {
    uint32_t size;
    uint32_t status;
    uint32_t budget; /* in: about how many rows to put out at most before returning */
    uint32_t split;
    int64_t wake_us;
    int32_t fd;
    uint32_t reserved;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_poll) == 32, "layout of gyre_poll");

/** Timers that are due, of one moment and clock.
 *  Shape:   row i of `keys` is the key of the i-th timer, a column for each field of the key in its
 *           order, its time the moment (of GYRE_CLOCK_ROUND: the watermark, GYRE_NO_TIME before the
 *           first one); `tags[i]` as it was set.
 *           `keys` is a batch like an input's: state and timers are asked for with it
 *  Owns:    the host; valid for the call
 *  Thread:  [task]
 *  Since:   0.2 */
struct gyre_due {
    uint32_t size;
    uint32_t clock;
    const struct gyre_batch *keys;
    const uint64_t *tags;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_due) == 24, "layout of gyre_due");

/** The end of a round of a loop: no row of it is under way any more.
 *  Shape:   `loop` is the id of the operator that has the `rounds`; `number` that of the round, 0 for what
 *           came from outside
 *  Owns:    the host; valid for the call
 *  Thread:  [task]
 *  Since:   0.4 */
struct gyre_round {
    uint32_t size;
    uint32_t reserved;
    const char *loop;
    uint64_t number;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_round) == 24, "layout of gyre_round");

#define GYRE_ITEMS_NONE      0u
#define GYRE_ITEMS_SPLIT     1u /* dealt out over the tasks */
#define GYRE_ITEMS_UNION     2u /* all items to every task */
#define GYRE_ITEMS_BROADCAST 3u /* task 0's items to every task */
#define GYRE_ITEMS_KEYED     4u /* each to the task that has its key; without a key as SPLIT */

/** An operator. Unused callbacks are NULL; those of another kind must be.
 *  Shape:   `inputs`/`outputs`: sources have no input, sinks no output. `needs` are GYRE_FEATURE_...
 *  Owns:    constant data of the plugin; the host allocates `config_size` bytes per operator and
 *           `instance_size` bytes per task, both zeroed
 *  Thread:  as tagged on each callback
 *  Errors:  0 or a code of gyre/error.h, with text in ctx->error (open and later), or told through
 *           bind->fail
 *  Since:   0.1 */
struct gyre_operator {
    uint32_t size;
    uint32_t kind;
    const char *name; /* [a-z][a-z0-9_]* */
    const char *doc;  /* one line */
    uint32_t flags;
    uint32_t config_size;
    uint32_t instance_size;
    uint32_t n_options;
    const struct gyre_option *options;
    const struct gyre_port *inputs;
    const struct gyre_port *outputs;
    const struct gyre_state *states;
    uint32_t n_inputs;
    uint32_t n_outputs;
    uint32_t n_states;
    uint32_t items; /* GYRE_ITEMS_...: how items go to another parallelism */
    uint64_t needs;
    /* [control] Checks the config against the schemas, and declares what is dynamic. */
    int32_t (*bind)(void *config, struct gyre_bind *bind);
    /* [task] Makes the zeroed instance ready. On failure close is called as well. */
    int32_t (*open)(void *self, struct gyre_ctx *ctx);
    /* [task] Frees what the instance owns; `self` may be half open. */
    void (*close)(void *self, struct gyre_ctx *ctx);
    /* [task] Transforms: takes one input batch. Sinks: writes one. Returns 0, or a code; or, unless it
     * is mask-aware, the row before which it stopped: what it has put out leaves, a watermark too, and
     * it is called again with the rest. */
    int32_t (*process)(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in);
    /* [task] No more input is at hand, or a snapshot is taken: what is buffered leaves now. What is
     * neither in a state nor in an item is not in the snapshot. */
    int32_t (*flush)(void *self, struct gyre_ctx *ctx);
    /* [task] ctx->watermark_us has advanced. INT64_MAX: the end of input; the last call that may
     * put rows out, unless it returns 1: there are more than a few batches, and it is called again when
     * those behind it have taken these; a snapshot may come in between (not of an operator with on_timer).
     * Watermarks are passed on by the host after it returns. */
    int32_t (*on_watermark)(void *self, struct gyre_ctx *ctx);
    /* [task] Timers are due. Called in order of time; before rows of a key are processed, for all that is
     * due for it by event time. Event timers that are left at the end of input are due then, in order,
     * and those of processing time at once. */
    int32_t (*on_timer)(void *self, struct gyre_ctx *ctx, const struct gyre_due *due);
    /* [task] All rows of a round of a loop that the operator is in have come, also those that operators
     * before it put out in their on_round_end. Rows put out are of this round still; over the loop's
     * feedback edges they come back in the next one. After the timers of the round (GYRE_CLOCK_ROUND). */
    int32_t (*on_round_end)(void *self, struct gyre_ctx *ctx, const struct gyre_round *round);
    /* [control] Sources: lists the splits. */
    int32_t (*discover)(const void *config, struct gyre_splits *splits);
    /* [task] Sources: starts on a split; `position` is what save_split wrote, NULL: the start. */
    int32_t (*add_split)(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                         size_t n, struct gyre_reader *position);
    /* [task] Sources: puts rows out up to poll->budget and returns. Never waits, unless BLOCKING. */
    int32_t (*poll)(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll);
    /* [task] Sources: writes the position of a split: every row before it has been put out. */
    int32_t (*save_split)(void *self, struct gyre_ctx *ctx, uint32_t split,
                          struct gyre_writer *writer);
    /* [task] Operator state: writes the items; `next_item` of the host ends each. A GYRE_ITEMS_KEYED item
     * begins with the u64 `hash` that rows of its key have in their batches. Of more than a few MiB it writes some
     * and returns 1: it is called again when these are on their way to the disk, and writes on, of what was there
     * at the first call: the other callbacks are called in between. Where `writer` comes with an error, the
     * snapshot is given up: nothing of it is asked for any more. */
    int32_t (*save_items)(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                          void (*next_item)(struct gyre_writer *writer));
    /* [task] Operator state: takes one item, after open and before any row; `version` is the
     * items_version of the operator that wrote it. */
    int32_t (*restore_item)(void *self, struct gyre_ctx *ctx, uint32_t version,
                            struct gyre_reader *reader);
    /* [task] Sinks: all rows up to now are complete under transaction `txn`: make them durable but
     * not visible, and write what commit and abort need, in another process too, into `writer`.
     * Called at a barrier before save_items; no rows are put out in either. Where the snapshot fails
     * the transaction stays, and is committed together with a later one. `txn` is
     * JOB-ID-TASK-EPOCH. A run that goes on from an older snapshot comes to the same epochs again:
     * what is there under `txn` already is of rows that come again, and is to be replaced. */
    int32_t (*prepare)(void *self, struct gyre_ctx *ctx, const char *txn,
                       struct gyre_writer *writer);
    /* [task] Sinks: make `txn` visible. May be called again after it has succeeded; also by another
     * instance, of a run that restores, after its items and before any row. */
    int32_t (*commit)(void *self, struct gyre_ctx *ctx, const char *txn,
                      struct gyre_reader *reader);
    /* [task] Sinks: undo `txn`. May be called again after it has succeeded. */
    int32_t (*abort)(void *self, struct gyre_ctx *ctx, const char *txn, struct gyre_reader *reader);
    /* Of the items' encoding; raise it when that changes. An item of a later one is never restored. */
    uint32_t items_version;
    uint32_t reserved;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_operator) == 240, "layout of gyre_operator");

#endif
