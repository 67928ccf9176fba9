/* What a member sends to other tasks: rows, or what op/presum has made of them, and what it tells; see
 * member.h. Both go over the same channels, in the order in which they were made. */
#include "flow/flow.h"
#include "flow/handover.h"
#include "state/store.h"

static void put_rows(void *host, const struct gy_batch *batch)
{
    struct gy_route *route = host;
    gy_exchange_write(&route->exchange, batch);
}

static void put_table(void *host, const struct gy_presum_table *table)
{
    struct gy_exchange *exchange = &((struct gy_route *)host)->exchange;
    uint64_t bytes = gy_store_bytes(table->store);
    struct gy_handover *sums = gy_handover_new(table, exchange->n_dests);
    if (sums != NULL)
        gy_exchange_hand_over(exchange, sums, bytes);
    else
        exchange->error = GYRE_ENOMEM;
}

struct gy_presum_to gy_route_presum_to(struct gy_route *route)
{
    return (struct gy_presum_to){put_rows, put_table, route};
}

/* Sums are the consumer's, and so is their failure. */
static void check(struct gy_member *member, const struct gy_route *route, int code)
{
    if (code != 0)
        gy_flow_fail(member->task->flow, gy_presum_instance(route->presum));
    gy_member_check(member, &route->exchange);
}

void gy_route_write(struct gy_member *member, struct gy_route *route, const struct gy_batch *batch)
{
    if (route->presum != NULL)
        check(member, route, gy_presum_take(route->presum, batch));
    else
        gy_exchange_write(&route->exchange, batch);
    if (route->exchange.error != 0)
        gy_member_check(member, &route->exchange);
}

/* What is held back that the consumer must have before it is told. 0, or a code. */
static int let_go(struct gy_route *route, enum gy_message_kind kind, int64_t time_us, bool flag)
{
    if (kind == GY_WATERMARK)
        return gy_presum_see(route->presum, time_us);
    int code = gy_presum_flush(route->presum);
    if (kind == GY_IDLE &&
        flag) /* others may take it beyond any watermark that this task has told */
        gy_presum_distrust(route->presum, INT64_MAX);
    return code;
}

void gy_route_signal(struct gy_member *member, struct gy_route *route, enum gy_message_kind kind,
                     int64_t time_us, bool flag)
{
    if (route->presum != NULL)
        check(member, route, let_go(route, kind, time_us, flag));
    gy_exchange_signal(&route->exchange, kind, time_us, flag);
    gy_member_check(member, &route->exchange);
}
