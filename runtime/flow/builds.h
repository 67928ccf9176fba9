/* Which builds of which plugins a snapshot was taken with, and a job has now. */
#ifndef GY_FLOW_BUILDS_H
#define GY_FLOW_BUILDS_H

#include "graph/logical.h"
#include "state/snapshot.h"

/** Writes the plugins of a graph into a manifest, by name. 0, or GYRE_ENOMEM. */
int gy_builds_describe(struct gy_manifest *manifest, const struct gy_graph *graph);

/** Appends, with ", " between, each plugin of which the graph has another version or build than the
 *  snapshot was taken with: "std: version 0.1.0, build 2fb6057667b4, and now build 9fd3bc12b018". How
 *  many; one that only one of them has does not count. */
uint32_t gy_builds_differ(const struct gy_manifest *manifest, const struct gy_graph *graph,
                          struct gy_buf *text);

#endif
