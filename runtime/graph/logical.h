/* The logical graph: the operators of a job, bound, and the edges between their ports.
 *
 * This is what the engine, the tests and other hosts build operator instances from (op/instance):
 * after gy_graph_build has succeeded, everything in here is constant and valid. Every pointer is
 * owned by the graph, but descriptors, which are the plugins'. */
#ifndef GY_GRAPH_LOGICAL_H
#define GY_GRAPH_LOGICAL_H

#include "data/keygroup.h"
#include "job/policy.h"
#include "plugin/load.h"

/* A loop: the operator with the feedback edges (its head), and all that is between it and them. The loop
 * of a head that is in another loop is all in that one; where one of the two has rounds, loops that share
 * an operator are never but one within the other. */
struct gy_loop {
    uint32_t head;       /* node */
    const char *id;      /* of the head */
    uint64_t rounds_max; /* 0: rows go round as they come */
    uint32_t region;
    int32_t outer; /* index of the innermost loop around it; -1: none */
    bool *body;    /* per node; the head is in it */
};

enum gy_on_error { GY_ON_ERROR_FAIL, GY_ON_ERROR_SKIP, GY_ON_ERROR_PORT };

enum gy_partition { GY_FORWARD, GY_KEY, GY_REBALANCE, GY_BROADCAST, GY_SINGLE, GY_FUNCTION };

/* How an operator that hosts an aggregate function works (NONE: any other operator). */
enum gy_aggregation { GY_AGG_NONE, GY_AGG_ROLLING, GY_AGG_FINAL, GY_AGG_WINDOWED };

/* Where a field of an output comes from: one of the operator's own columns, or a field of the
 * stream that came in, by reference (aligned ports). */
struct gy_origin {
    int32_t own;   /* index into gyre_out.data, or -1 */
    int32_t input; /* field of the input stream, or -1 */
};

struct gy_output {
    const char *name;
    uint32_t flags;            /* GYRE_PORT_... */
    struct gyre_schema schema; /* of the stream that leaves */
    struct gy_origin *origins; /* one per field */
    bool *needed;              /* one per field: some consumer reads it */
    uint32_t n_own;
    struct gyre_field *own; /* the operator's own columns, in gyre_out.data's order */
    bool keeps_hash; /* the input's hash still fits: the key's fields are passed on unchanged */
    bool needs_time; /* some consumer reads times */
};

struct gy_input {
    const char *name;
    bool connected;
    struct gyre_schema schema; /* of the stream that comes in */
    uint32_t n_reads;
    uint32_t *reads;                  /* fields of `schema`, in gyre_batch.columns' order */
    uint32_t key_fields[GY_KEYS_MAX]; /* fields of `schema`; the first n of gy_node.key.n */
};

/* What state is of is a text, for snapshots to tell one function's from another's:
 *
 *   std.min_by { field = "price"; last = true; } of price: f64, symbol: str
 *
 * the function, its options but those that are as by default and paths, and the fields that it reads.
 * What its results are called does not matter, nor whether a field has nulls. */

/* One function that a node hosts: the aggregate of std.sum, each of std.aggregate's, a window or key
 * function, a policy of a window. */
struct gy_hosted {
    const char *op; /* "std.sum" */
    const struct gy_plugin *plugin;
    const struct gyre_function *function;
    const struct gyre_aggregate *aggregate; /* NULL: of another kind */
    const struct gyre_state_type *accumulator;
    void *config;
    const char *identity; /* see above */
    uint32_t n_reads;
    uint32_t *reads;    /* positions in the node's input 0 `reads` */
    uint32_t first_own; /* its first column among the output's own columns */
    uint32_t n_results;
};

/* What a window keeps (the eviction policy), or when it fires (the trigger). What does not belong to
 * its kind is zero.
 *
 *   TIME      time_us > 0: what is kept, or the period; offset_us: a time at which it ends
 *   COUNT     count > 0
 *   DELTA     delta >= 0, of field `field`, or of `function`, a distance; from, from_row
 *   SESSION   time_us > 0: the gap; keeps only, and fires by itself
 *   ALL       nothing; keeps only
 *   FUNCTION  function: an eviction (keep), a trigger (fire)
 *   NONE      fire only: of a session */
struct gy_policy_plan {
    enum gy_policy_kind kind;
    int64_t time_us;
    int64_t offset_us; /* 0 <= offset_us < fire.time_us */
    uint64_t count;
    double delta;
    uint32_t field; /* position in the reads of input 0; i32, i64, f64 or time, never null */
    bool has_from;  /* false: the first row is the first trigger point */
    double from;    /* of `field` */
    /* Of a distance function: one row of what it reads, a column of one value for each; NULL: none. */
    const void *const *from_row;
    /* Bound: its config is filled, its `reads` are positions in the reads of input 0, and its
     * `accumulator` is a trigger's state. It puts no columns out. NULL: none. */
    struct gy_hosted *function;
};

/* The window of an operator. There are three families, and what each asks of the runtime:
 *
 *   both_time   panes. Windows are [end - keep.time_us, end) for end = fire.offset_us + k *
 *               fire.time_us. Only whole times count: the same for each key, whichever task has it.
 *   SESSION     keep.time_us is the gap
 *   any other   in arrival order: rows are added and evicted by `keep`, put out by `fire`
 *
 * both_time and sessions have bounds: the columns window_start and window_end, rows that come too
 * late, the port `.late`, and only they have lateness_us and early_us.
 *
 * Where `every` is left out the window is tumbling: `fire` is as `keep`, and what was put out is
 * gone. (A tumbling FUNCTION is a trigger, and so is its `keep`: all is kept until it fires.) Of time
 * it needs no special treatment: keep.time_us is fire.time_us. A session is not tumbling. */
struct gy_window_plan {
    struct gy_policy_plan keep;
    struct gy_policy_plan fire;
    bool tumbling;
    bool both_time;
    enum gy_per per;     /* KEY: there is a key. both_time with a key: KEY, whatever the job says */
    int64_t lateness_us; /* 0: none */
    int64_t early_us;    /* fires early each so much processing time; 0: never */
    bool accumulate;     /* false: a firing puts out only what has come since the one before */
    bool processing;     /* by the wall clock: no row is late, lateness_us is 0 */
    int32_t start_own;   /* window_start among the own columns of output 0; -1: no bounds */
    int32_t end_own;     /* window_end; likewise */
    int32_t late_port;   /* `.late` among the outputs, aligned and filtering; -1: no bounds */
};

/* One operator of the job. */
struct gy_node {
    uint32_t index;
    const char *id; /* "counts"; "counts:key" where it is not of the job file */
    const char *of; /* the operator that it runs a key function for; NULL: it is of the job file */
    const char *op; /* "std.sum" */
    const char *file;
    int line; /* of its `id` in the job file */
    const struct gy_plugin *plugin;
    const struct gyre_operator *descriptor; /* NULL where the runtime hosts functions */
    void *config;   /* filled by options and bind; NULL where config_size is 0 */
    uint32_t flags; /* the descriptor's and those bind added */
    uint32_t kind;  /* GYRE_SOURCE ... */
    uint32_t mode;  /* GYRE_MODE_... */
    enum gy_aggregation aggregation;
    uint32_t n_hosted;
    struct gy_hosted *hosted;
    struct gy_window_plan *window; /* NULL: none; only where `aggregation` is WINDOWED */
    struct gy_key key;             /* n 0: no key */
    const char *key_by; /* identity of the key function of input 0; NULL: its key is of fields */
    uint32_t n_inputs;
    struct gy_input *inputs;
    uint32_t n_outputs; /* the default port first; `.errors` last, where on_error = "port" */
    struct gy_output *outputs;
    uint32_t n_states;
    const struct gyre_state **states;
    const char *identity; /* what `states` and items are of: the operator, and those of its options
                             that are declared GYRE_OF_STATE; NULL: none is */
    int64_t step_us; /* where watermarks matter most to what comes after: multiples; 0: nowhere */
    uint32_t parallelism;
    uint32_t max_parallelism; /* key groups */
    enum gy_on_error on_error;
    int32_t errors_port; /* index of `.errors` among outputs, or -1 */
    int32_t region;      /* whose operators all reach one another; -1: it is in no cycle */
    uint32_t n_rounds;
    const struct gy_loop **rounds; /* loops with rounds that it is in, innermost first */
};

/* What one record of sums may have, with what its functions align. */
enum { GY_PRESUM_BYTES = 256 };

/* From an output port to an input port. Several edges into one port are a union. */
struct gy_edge {
    uint32_t from, from_port;
    uint32_t to, to_port;
    enum gy_partition partition;
    const struct gyre_function *function; /* GY_FUNCTION */
    const char *function_op;              /* "mylib.by_region" */
    const struct gy_plugin *function_plugin;
    void *function_config;
    uint32_t n_reads; /* of the function: fields of the producer's output, in columns' order */
    uint32_t *reads;
    bool feedback;
    bool presums; /* as an exchange, it carries sums where keys repeat (op/presum) */
};

struct gy_graph {
    const char *job;
    const char *file;
    uint32_t mode;
    uint32_t parallelism;
    uint32_t max_parallelism;
    uint32_t n_nodes;
    struct gy_node **nodes; /* in topological order, feedback edges aside */
    uint32_t n_edges;
    struct gy_edge *edges;
    uint32_t n_regions;
    uint32_t n_loops;
    struct gy_loop *loops; /* inner before outer, upstream before downstream: as their rounds end */
    uint64_t loop_memory;  /* bytes of rows in loops that may wait in memory, and on disk */
    uint64_t loop_disk;
};

struct gy_job;
struct gy_diags;

/** Makes the logical graph of a job: finds its operators in `plugins`, reads their options, binds
 *  them in topological order, checks every schema.
 *  Owns:    the caller, until gy_graph_free; `plugins` must outlive it, `job` need not
 *  Errors:  NULL with every mistake told to `diags`, also where the job already had some */
struct gy_graph *gy_graph_build(const struct gy_job *job, struct gy_plugins *plugins,
                                struct gy_diags *diags);
void gy_graph_free(struct gy_graph *graph);

/** True for an aggregate function that stands for those which its groups name (std.aggregate): its
 *  own callbacks are never called. */
bool gy_function_is_set(const struct gyre_function *function);

#endif
