/* How a logical graph is made: what is known of each operator while the parts below work on it.
 *
 * Each file calls only what stands above it:
 *
 *   build.c           what all share: telling, fields and functions by name
 *   build_port.c      output ports with their fields, what is read of an input
 *   build_wire.c      references become edges; cycles; topological order
 *   build_paths.c     what operators write
 *   build_identity.c  what state is of
 *   build_window.c    windows: what of them is known without schemas; the columns and port they add
 *   build_hosted.c    functions that the runtime hosts, and their options
 *   build_ahead.c     key functions, run ahead of the operator that asks for them
 *   build_loop.c      regions, loops and how they nest
 *   build_part.c      parallelism and partitions, feedback edges
 *   build_bind.c      the host's side of struct gyre_bind
 *   build_policy.c    windows: what they keep and when they fire, bound to the input
 *   build_key.c       the key of each input port
 *   build_operator.c  an operator of a plugin: static ports, states, its bind
 *   build_function.c  operators that host functions: what they put out
 *   build_node.c      an operator with its input schemas: one of the three above
 *   build_prune.c     what consumers read, times, hashes
 *   build_presum.c    which exchanges carry sums
 *   build_steps.c     where watermarks matter most
 *   build_assert.c    what logical.h promises, once more
 *   logical.c         operators found, their options read; the order of things
 *
 * One mistake hides no independent one: what cannot be known because of a mistake is `unknown` and
 * silently accepted downstream; what does not depend on it is still checked. */
#ifndef GY_GRAPH_BUILD_H
#define GY_GRAPH_BUILD_H

#include "job/config.h"
#include "graph/logical.h"

#define GY_NONE UINT32_MAX

/* An edge before its producer's ports are known. */
struct gy_build_edge {
    uint32_t from; /* GY_NONE: unknown id */
    uint32_t to;
    uint32_t from_port; /* GY_NONE: unknown */
    uint32_t to_port;   /* GY_NONE: unknown */
    bool feedback;
    const struct gy_ref *ref;
    enum gy_partition partition;
    const struct gyre_function *function;
    const char *function_op;
    const struct gy_plugin *function_plugin;
    void *function_config;
    uint32_t n_reads;
    uint32_t *reads;
};

/* A key function that one input port of an operator has run ahead of it; see build_ahead.c. */
struct gy_build_ahead {
    uint32_t consumer;
    uint32_t port;
    const struct gy_setting *at;    /* `key`, a port of it, or the option */
    const struct gy_setting *group; /* where the function's options stand; `at`, if it has none */
    const char *op;                 /* "geo.cell" */
    const struct gyre_function *function; /* NULL: unknown, told */
    const struct gy_plugin *plugin;
    const char *column; /* of an option: what its one result is called; NULL: a key's results */
    bool failed;        /* its bind has told something, on one of the port's edges */
};

/* One operator: those of the job file in its order, then those that run ahead of them. */
struct gy_build_node {
    const struct gy_op_setting *set;
    struct gy_node *node;
    const struct gyre_function *function; /* hosted; NULL with an operator */
    struct gy_build_ahead *ahead;         /* not of the job file; NULL: it is */
    const struct gy_setting **groups;     /* per hosted function of a set; NULL: no set */
    bool resolved;                        /* the operator is known */
    bool options_ok;                      /* its config is filled */
    bool inputs_known;                    /* the schemas of all its connected inputs */
    bool ok;                              /* everything about it is known */
    const struct gyre_window *window;     /* of a plugin's operator that takes one; NULL: none */
    const char *single;                   /* why it runs as one task; NULL: it need not */
    bool *in_known;                       /* per input port */
    bool *wired;                          /* per input port: something was connected, if wrongly */
    uint32_t n_known;                     /* output ports whose schema is known: the first ones */
    bool in_order;                        /* placed in the topological order */
    bool bound;                           /* gy_build_node_bind has been here */
};

struct gy_build {
    const struct gy_job *job;
    struct gy_plugins *plugins;
    struct gy_graph *graph;
    struct gy_scope scope; /* the graph's arena */
    uint32_t n;
    struct gy_build_node *nodes;
    uint32_t n_edges;
    struct gy_build_edge *edges;
    uint32_t *order; /* of nodes: topological as far as there is one, then the others */
};

/** Room for one element more behind `n` of `size` bytes: the same array, or a larger copy.
 *  Owns:    the arena
 *  Errors:  NULL without memory */
void *gy_build_room(const struct gy_build *b, void *items, uint32_t n, size_t size);

/** "{word: str, count: i64 or null}". */
const char *gy_build_schema_text(const struct gy_build *b, const struct gyre_schema *schema);

/** Names the stream of an input port: "`words`", "`split.even`" (the first of a union). */
const char *gy_build_stream(const struct gy_build *b, uint32_t node, uint32_t port);

/** Tells a mistake at a setting's line. */
void gy_build_tell(const struct gy_build *b, const struct gy_setting *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Finds `field` in the schema of input `port`, or tells it with the nearest one; -1. */
int32_t gy_build_find_field(const struct gy_build *b, uint32_t node, uint32_t port,
                            const char *field, const struct gy_setting *at);

/** The function "PLUGIN.NAME", and its plugin; NULL, told. */
const struct gyre_function *gy_build_any_function(const struct gy_build *b, const char *text,
                                                  const struct gy_setting *at,
                                                  const struct gy_plugin **plugin);

/** The same, of a kind. */
const struct gyre_function *gy_build_function(const struct gy_build *b, const char *text,
                                              uint32_t kind, const char *kind_name,
                                              const struct gy_setting *at,
                                              const struct gy_plugin **plugin);

/** The setting `name` of an operator's own options, else where it has its id. */
const struct gy_setting *gy_build_option_at(const struct gy_op_setting *set, const char *name);

/** Tells that the plugin has no operator or function `name`, with the nearest that it has. */
void gy_build_unknown_item(const struct gy_build *b, const struct gy_plugin *plugin,
                           const char *plugin_name, const char *name, const char *what,
                           const struct gy_setting *at);

/* build_wire.c */
void gy_build_wires(struct gy_build *b);
void gy_build_order(struct gy_build *b);
void gy_build_port_of(struct gy_build *b, struct gy_build_edge *edge);

/* build_port.c */
void gy_build_add_output(struct gy_build *b, struct gy_build_node *bn, const char *name,
                         uint32_t flags);
/** Adds a field to an output, own (`input` -1) or by reference; false where the name is taken and
 *  was not passed by reference on an aligned port. `own` gets the index of an own column. */
bool gy_build_add_field(struct gy_build *b, struct gy_output *out, const struct gyre_field *field,
                        const char *name, int32_t input, int32_t *own);
/** Adds a field of the stream to what an input reads; its position. */
uint32_t gy_build_add_read(struct gy_build *b, struct gy_input *in, uint32_t field);

/* build_window.c */

/** Gives an operator of a plugin the window that the job says, or tells why it cannot have it. */
void gy_build_window_bound(struct gy_build *b, struct gy_build_node *bn);

/** Gives an operator the plan of its window, as far as it is known without plugins and schemas. */
void gy_build_window(struct gy_build *b, struct gy_build_node *bn);
/** Why an operator with a window runs as one task; NULL: it need not. */
const char *gy_build_window_single(const struct gy_build_node *bn);
/** Adds window_start and window_end to output 0 of a window that has them. */
void gy_build_window_bounds(struct gy_build *b, uint32_t index);
/** Adds `.late` to an operator whose window has it. */
void gy_build_window_late(struct gy_build *b, uint32_t index);

/* build_policy.c */

/** Binds both policies of a window to input 0: fields, functions and their options; false: told, or
 *  the input is not known. */
bool gy_build_policies(struct gy_build *b, uint32_t index);

/* build_hosted.c */

/** Where the job gives a window function the whole input at once, and the function has an operator for that, makes
 *  the node that operator; else false. */
bool gy_build_whole(const struct gy_build *b, struct gy_build_node *bn,
                    const struct gyre_function *function);
/** Makes an aggregate or window function an operator that the runtime hosts. */
void gy_build_host(struct gy_build *b, struct gy_build_node *bn,
                   const struct gyre_function *function);
/** Reads the options of the hosted functions, which for a set it finds first; false: told. */
bool gy_build_hosted_options(struct gy_build *b, struct gy_build_node *bn);

/** Reads the options of one function from `settings`, of which `skip` and (unless the function has an
 *  option of this name) `as` are the host's; false: told. */
bool gy_build_function_options(struct gy_build *b, struct gy_hosted *hosted,
                               const struct gy_setting *const *settings, uint32_t n,
                               const char *skip, const struct gy_setting *at);

/* build_identity.c */

/** Writes down what the state of an operator is of, from its options; before it is bound, which may
 *  change them. */
void gy_build_identity(struct gy_build *b, struct gy_build_node *bn);
/** The same of a function, from its options; then, when it is bound, from the fields that it reads. */
void gy_build_identity_options(struct gy_build *b, struct gy_hosted *hosted);
void gy_build_identity_reads(struct gy_build *b, const struct gy_node *node,
                             struct gy_hosted *hosted);
/** True where the function itself says what its state is: it has options with GYRE_NOT_OF_STATE. */
bool gy_build_identity_is_own(const struct gyre_function *function);
/** The same of the window of a node, whose policies are bound: the state of one is of no use to another. */
void gy_build_identity_window(struct gy_build *b, struct gy_node *node);
/** The same of the key of an operator, where a function computes it. */
void gy_build_identity_key(struct gy_build *b, uint32_t index);

/* build_ahead.c */

/** Puts the key functions that operators ask for between them and their producers. */
void gy_build_ahead(struct gy_build *b);
/** The key setting of an input port; NULL. */
const struct gy_key_setting *gy_build_key_of(const struct gy_op_setting *set, const char *port);
/** The fields of input `port` that a key function added; how many, 0 where that is not known. */
uint32_t gy_build_ahead_fields(const struct gy_build *b, uint32_t index, uint32_t port,
                               uint32_t *fields);
/** True for the column of an option's key function: it is for the operator alone. */
bool gy_build_ahead_hides(const struct gy_build *b, uint32_t index, const char *field);

/* build_bind.c */

/** Calls a bind function. `hosted` NULL: the operator's own; `group`: where the function's options
 *  stand, NULL: among the operator's.
 *  Errors:  -1, told */
int gy_build_bind(struct gy_build *b, uint32_t index, struct gy_hosted *hosted,
                  const struct gy_setting *group);

/* build_key.c */

/** Finds the key's fields in every input that is known; false: told, or not known. */
bool gy_build_keys(struct gy_build *b, uint32_t index);

/* build_operator.c, build_function.c: bind one kind each, and declare its ports; false: told, or the
 * inputs are not known */
bool gy_build_operator(struct gy_build *b, uint32_t index);
bool gy_build_functions(struct gy_build *b, uint32_t index);
bool gy_build_ahead_bind(struct gy_build *b, uint32_t index);

/* build_node.c */

/** Takes the schemas that come in, and binds the operator. */
void gy_build_node_bind(struct gy_build *b, uint32_t index);

/* build_paths.c */

/** Refuses operators that write one file or folder, or write what another reads. */
void gy_build_paths(struct gy_build *b);

/* build_loop.c */

/** Finds the regions and loops; of operators that are in the topological order. */
void gy_build_loops(struct gy_build *b);

/* build_part.c */
void gy_build_parallelism(struct gy_build *b);
void gy_build_partitions(struct gy_build *b);
void gy_build_feedback(struct gy_build *b);

/* build_prune.c: on the finished graph */
void gy_build_hashes(struct gy_build *b);
void gy_build_prune(struct gy_build *b);
/** Which edges into aggregates have their rows summed ahead, if they are exchanges. */
void gy_build_presums(struct gy_build *b);

/* build_steps.c: on the finished graph */

void gy_build_steps(struct gy_build *b);

/* build_assert.c */
void gy_build_assert(const struct gy_graph *graph);

#endif
