/* Who gets what at a restore: what the tasks of ONE operator have saved, dealt to those that it has now.
 *
 *   | what          | goes to                                                              |
 *   |---------------|----------------------------------------------------------------------|
 *   | keyed records | the task that has their hash; without a key, the one of their number |
 *   | items         | by the operator's mode (state/items)                                 |
 *   | transactions  | of task t to task t mod tasks                                        |
 *   | random        | the same position; at another parallelism the furthest, so that      |
 *   |               | nobody repeats a number                                              |
 *   | watermarks    | see gy_deal_reached                                                  |
 *
 * Splits go back to where tasks take them from (op/splits). */
#ifndef GY_OP_DEAL_H
#define GY_OP_DEAL_H

#include "graph/logical.h"
#include "state/items.h"
#include "state/part.h"
#include "state/snapshot.h"

/* How far a task has come. */
struct gy_reached {
    int64_t seen_us, told_us; /* watermarks */
    bool ended;
};

/** The task that gets a keyed record of an old task. False for what is no such record. */
bool gy_deal_record(const struct gy_node *node, const struct gy_record *record, uint32_t old_task,
                    uint32_t *task);

/** Deals the items of `n_from` old tasks to those of the node: `to` has as many empty lists.
 *  Owns:    the caller, also after a failure
 *  Errors:  GYRE_ENOMEM */
int gy_deal_items(const struct gy_node *node, const struct gy_items *from, uint32_t n_from,
                  struct gy_items *to);

/** How many random numbers a task has drawn. */
uint64_t gy_deal_drawn(const struct gy_node *node, const uint64_t *drawn, uint32_t n_from,
                       uint32_t task);

/** The task that gets the transactions of an old one. */
uint32_t gy_deal_txns(const struct gy_node *node, uint32_t old_task);

/** How far a task has come: as far as it had, and no further than those that feed it now have told,
 *  for where one of them has another parallelism it may get rows of any. `stable`: it gets what the task
 *  of its number got. */
struct gy_reached gy_deal_reached(const struct gy_node *node,
                                  const struct gy_manifest_operator *saved, uint32_t task,
                                  bool stable, const struct gy_reached *upstream);

#endif
