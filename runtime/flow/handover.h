/* A table of sums (op/presum) on its way to all tasks of an operator: each gets it over its own channel, takes what
 * is of its own keys, and drops its reference; the last one ends it.
 *
 * Nothing is copied: what a table of a million keys holds would be as much again in messages. Nobody changes
 * the table, so it is read by all at once. */
#ifndef GY_FLOW_HANDOVER_H
#define GY_FLOW_HANDOVER_H

#include "op/presum.h"

struct gy_handover;

/** Shares a table, which is ended in any case, among `n` tasks: so many references.
 *  Errors:  NULL without memory */
struct gy_handover *gy_handover_new(const struct gy_presum_table *table, uint32_t n);

/** Takes the records of the task's keys; each task does so once. 0, or a code of the instance's.
 *  Thread:  any, that of the instance */
int gy_handover_take(struct gy_handover *handover, struct gy_instance *instance);

/** Drops a reference; NULL is fine.
 *  Thread:  any */
void gy_handover_drop(struct gy_handover *handover);

#endif
