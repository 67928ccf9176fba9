/* Tasks of a source that there is no split for, because it has fewer splits than tasks.
 *
 * They bring nothing, and are idle until the whole source has ended. Whoever waits for their watermark has to
 * know that before the first row: were they to tell it themselves, it would be the moment when their thread
 * comes to it that says which rows are late. So it is settled, and told to all behind them, before a thread
 * runs. Which tasks go without follows from the job alone: sources take turns with those that have work. */
#ifndef GY_FLOW_UNFED_H
#define GY_FLOW_UNFED_H

struct gy_flow;

/** Lets the tasks without splits wait, and those behind them know it.
 *  Thread:  [control], between the begin of all tasks and their first turn */
void gy_flow_settle_unfed(struct gy_flow *flow);

#endif
