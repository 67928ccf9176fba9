/* A member: one operator instance within a task, with what it is connected to.
 *
 * What it emits goes to other members by calls, and to other tasks by exchanges (flow/emit). What its
 * inputs tell goes through its frontier and is passed on (flow/settle). A source has
 * splits and is polled (flow/poll); a sink has transactions.
 *
 * Owned by its task's worker; `published` is read by others. */
#ifndef GY_FLOW_MEMBER_H
#define GY_FLOW_MEMBER_H

#include "flow/exchange.h"
#include "flow/scribe.h"
#include "op/frontier.h"
#include "op/presum.h"
#include "op/source.h"
#include "op/txns.h"

struct gy_flow;
struct gy_head;
struct gy_task;
struct gy_member;

/* Where an output port leads: to another member of the task, or into an exchange. */
struct gy_route {
    const struct gy_edge *edge;
    uint32_t port;
    struct gy_member *to; /* chained, else NULL */
    uint32_t to_port;
    uint32_t to_slot;
    bool rehash;                     /* the key of the consumer is another one */
    struct gy_rounds *const *enters; /* loops with rounds that it leads into; then NULL */
    struct gy_exchange exchange;
    struct gy_presum *presum; /* NULL: rows go as they are */
};

/* Counts of one operator task, for progress while it runs. Written by the task's worker. */
struct gy_published {
    _Atomic uint64_t rows_in;
    _Atomic uint64_t rows_out;
};

/* What a member has saved of an epoch. Its worker's, and the control thread's from the moment when
 * the epoch waits for nobody any more until the next one begins. */
struct gy_saved {
    int64_t seen_us, told_us; /* watermarks */
    bool ended;
    bool saving;
    bool walked; /* all keyed state is written */
    struct gy_part part;
    struct gy_scribe_file file;
    char *folder;                   /* of the snapshot; heads only */
    struct gy_manifest_file *files; /* that the log of a head names */
    uint32_t n_files;
};

/* One operator instance within a task. */
struct gy_member {
    struct gy_task *task;
    const struct gy_node *node;
    struct gy_instance *instance;
    struct gy_frontier frontier;
    uint32_t n_routes;
    struct gy_route *routes;
    struct gy_txns txns;  /* sinks */
    struct gy_head *head; /* feedback edges lead into it; NULL: none */
    /* In loops with rounds: */
    uint32_t *n_marking; /* per loop of the node: inputs within it, which tell the end of a round */
    uint32_t *n_marked;  /* per loop: those that have told of the round which ends */
    const struct gy_loop
        *holds_end;               /* whose round's end waits until the loop of this head is done */
    const struct gy_loop *ending; /* the instance is at the end of a round, which is not told yet */
    struct gy_saved saved;
    struct gy_published published;
    /* Sources: */
    struct gy_source source;
    int64_t wake_us; /* idle until then, INT64_MIN: not idle */
    int32_t wake_fd;
};

/** The member of a node in one of its tasks. */
struct gy_member *gy_flow_member(const struct gy_flow *flow, uint32_t node, uint32_t task);

/** How many inputs of a consuming member edge `e` makes: what is told by channels or calls; over feedback edges
 *  nothing is. */
uint32_t gy_flow_inputs(const struct gy_flow *flow, uint32_t e);

/** Fails the job with what the member's instance says. */
void gy_member_fail(struct gy_member *member);

/** Fails the job where an exchange of the member could not do what it was told. */
void gy_member_check(struct gy_member *member, const struct gy_exchange *exchange);

/** Tells consumers what it has put out in the middle of a call; the `tell` of its gy_env. */
void gy_member_tell(void *member);

/** Takes a batch that a member emits; the `emit` of its gy_env. */
void gy_member_emit(void *member, uint32_t port, const struct gy_batch *batch);

/** Where a route's sums go, and rows that are not added up. */
struct gy_presum_to gy_route_presum_to(struct gy_route *route);

/** Sends rows over the exchange of a route, or adds them up. */
void gy_route_write(struct gy_member *member, struct gy_route *route, const struct gy_batch *batch);

/** Sends a message without rows over the exchange of a route, behind all rows that it comes after. */
void gy_route_signal(struct gy_member *member, struct gy_route *route, enum gy_message_kind kind,
                     int64_t time_us, bool flag);

/** Takes what input `slot` tells: a watermark, idleness, the end. */
void gy_member_hear(struct gy_member *member, uint32_t slot, enum gy_message_kind kind,
                    int64_t time_us, bool flag);

/** The round at hand of its region's order has ended for it: what follows becomes work, and is told then. */
void gy_member_end_round(struct gy_member *member);

/** Tells its consumers again what they had been told before a restore. */
void gy_member_retell(struct gy_member *member);

/** True where a source waits until a loop that its rows come to has room. */
bool gy_member_is_held_back(const struct gy_member *member);

/** Polls a source; true where it may have more at once. */
bool gy_member_poll(struct gy_member *member);

/** Prepares the sink's transaction of an epoch; 0: the end of a run without snapshots. 0, or a code. */
int gy_member_prepare(struct gy_member *member, uint64_t epoch);

/** Commits its transactions up to an epoch. 0, or a code. */
int gy_member_commit(struct gy_member *member, uint64_t epoch);
#endif
