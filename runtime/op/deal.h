/* Who gets what at a restore: what the tasks of ONE operator have saved, dealt to those that it has now.
 *
 *   | what          | goes to                                                              |
 *   |---------------|----------------------------------------------------------------------|
 *   | keyed records | the task that has their hash; without a key, the one of their number |
 *   | items         | by the operator's mode, see below                                    |
 *   | transactions  | of task t to task t mod tasks                                        |
 *   | random        | the same position; at another parallelism the furthest, so that      |
 *   |               | nobody repeats a number                                              |
 *   | watermarks    | see gy_deal_reached                                                  |
 *
 * Splits go back to where tasks take them from (op/splits). Items, in the order in which they were written, those of
 * task 0 first:
 *
 *   | mode      | go to                                                                |
 *   |-----------|----------------------------------------------------------------------|
 *   | split     | at another parallelism item i of all to task i mod tasks; at the     |
 *   |           | same one each task gets its own, for some may have ended             |
 *   | keyed     | the task that has the hash they begin with; without a key as split   |
 *   | union     | every task                                                           |
 *   | broadcast | those of task 0 to every task                                        | */
#ifndef GY_OP_DEAL_H
#define GY_OP_DEAL_H

#include "graph/logical.h"
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

/* The tasks that get an item. */
struct gy_dealt {
    uint32_t first, n;
};

/** The tasks that get an item of task `old_task` of `n_from`; `at`: how many of the node's items came before it.
 *  False for what is no item of the node. */
bool gy_deal_item(const struct gy_node *node, const struct gy_record *item, uint32_t n_from,
                  uint32_t old_task, uint64_t at, struct gy_dealt *dealt);

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
