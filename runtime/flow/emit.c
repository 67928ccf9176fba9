/* What a member puts out goes to its consumers: a call, or an exchange. See member.h. */
#include "flow/flow.h"

#include <assert.h>

/* The consumer has another key than the batch's hash is of: it makes its own. */
static int process_rehashed(const struct gy_route *route, const struct gy_batch *batch)
{
    struct gy_batch rehashed = *batch;
    rehashed.hash = NULL;
    return gy_instance_process(route->to->instance, route->to_port, &rehashed);
}

void gy_member_emit(void *host, uint32_t port, const struct gy_batch *batch)
{
    struct gy_member *member = host;
    assert(batch->kept > 0 && batch->kept <= batch->rows && port < member->node->n_outputs);
    for (uint32_t r = 0; r < member->n_routes; r++) {
        struct gy_route *route = &member->routes[r];
        if (route->port != port || gy_flow_has_failed(member->task->flow))
            continue;
        if (route->to == NULL) {
            gy_route_write(member, route, batch);
            continue;
        }
        gy_rounds_touch(route->enters);
        if (route->rehash ? process_rehashed(route, batch) != 0
                          : gy_instance_process(route->to->instance, route->to_port, batch) != 0)
            gy_member_fail(route->to);
    }
}
