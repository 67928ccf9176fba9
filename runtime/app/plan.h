/* `gyre plan`: the logical and the physical graph as text, dot, JSON. Text and dot are for people;
 * the JSON has everything that the text has. */
#ifndef GY_APP_PLAN_H
#define GY_APP_PLAN_H

#include "base/buf.h"
#include "graph/physical.h"

/** Append a plan.
 *  Errors:  those of `b` */
void gy_plan_text(struct gy_buf *b, const struct gy_physical *plan);
void gy_plan_dot(struct gy_buf *b, const struct gy_physical *plan);
void gy_plan_json(struct gy_buf *b, const struct gy_physical *plan);

/** Append the parts that more than one format shows: "rebalance", "key word, user"; "a", "a.port". */
void gy_plan_partition(struct gy_buf *b, const struct gy_graph *graph, const struct gy_edge *edge);
void gy_plan_stream(struct gy_buf *b, const struct gy_graph *graph, const struct gy_edge *edge);

/** Appends a loop: its head, its rounds, the loop around it, its operators: "i: 3 rounds at most, within o:
 *  i, x". */
void gy_plan_loop(struct gy_buf *b, const struct gy_graph *graph, const struct gy_loop *loop);

/** Appends the fields of a node's key as `in` calls them: "word, user". */
void gy_plan_key(struct gy_buf *b, const struct gy_node *node, const struct gy_input *in);

/** What its window keeps and when it fires: "time 10s every 5s, per key, lateness 2s"; and as JSON, the
 *  member "window". `node` has one. */
void gy_plan_window(struct gy_buf *b, const struct gy_node *node);
void gy_plan_window_json(struct gy_buf *b, const struct gy_node *node);

/** How an operator works, in a word or two: "source", "rolling", "final"; "" for a transform. */
const char *gy_plan_kind(const struct gy_node *node);

/** "forward", "key", ... */
const char *gy_plan_partition_name(enum gy_partition partition);

#endif
