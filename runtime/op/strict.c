/* See strict.h. The calls of the host that may fail, in front of the real ones. */
#include "op/strict.h"
#include "op/inside.h"

static bool refuses(struct gyre_ctx *ctx, const char *call)
{
    return gy_refuses(((struct gy_instance *)ctx)->strict, call);
}

/* A refusal of which the host fails the callback itself, whatever that returns. */
static int32_t refuse_for_good(struct gyre_ctx *ctx, const char *call)
{
    struct gy_instance *i = (struct gy_instance *)ctx;
    if (i->sticky == 0)
        i->sticky = gy_instance_fail(i, GYRE_ENOMEM, "no memory for %s", call);
    return GYRE_ENOMEM;
}

static int64_t *strict_counter(struct gyre_ctx *ctx, const char *name)
{
    return refuses(ctx, "gyre_counter") ? NULL : gy_host_table.counter(ctx, name);
}

static double *strict_gauge(struct gyre_ctx *ctx, const char *name)
{
    return refuses(ctx, "gyre_gauge") ? NULL : gy_host_table.gauge(ctx, name);
}

static void *strict_alloc(struct gyre_ctx *ctx, void *old, size_t size)
{
    return size > 0 && refuses(ctx, "gyre_alloc") ? NULL : gy_host_table.alloc(ctx, old, size);
}

static int32_t strict_state_slots(struct gyre_ctx *ctx, uint32_t state, const struct gyre_batch *in,
                                  void **slots)
{
    return refuses(ctx, "gyre_state_slots") ? GYRE_ENOMEM
                                            : gy_host_table.state_slots(ctx, state, in, slots);
}

static int32_t strict_state_str(struct gyre_ctx *ctx, struct gyre_str *into,
                                const struct gyre_str *from)
{
    return refuses(ctx, "gyre_state_str") ? refuse_for_good(ctx, "gyre_state_str")
                                          : gy_host_table.state_str(ctx, into, from);
}

static void *strict_list_add(struct gyre_ctx *ctx, struct gyre_list *list)
{
    return refuses(ctx, "gyre_list_add") ? NULL : gy_host_table.list_add(ctx, list);
}

static void *strict_map_get(struct gyre_ctx *ctx, struct gyre_map *map, const void *key,
                            int32_t create)
{
    return create != 0 && refuses(ctx, "gyre_map_get")
               ? NULL
               : gy_host_table.map_get(ctx, map, key, create);
}

static int32_t strict_timer_set(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                                uint32_t clock, int64_t time_us, uint64_t tag)
{
    return refuses(ctx, "gyre_timer_set")
               ? refuse_for_good(ctx, "gyre_timer_set")
               : gy_host_table.timer_set(ctx, in, row, clock, time_us, tag);
}

static struct gyre_host table(void)
{
    struct gyre_host t = gy_host_table;
    t.counter = strict_counter;
    t.gauge = strict_gauge;
    t.alloc = strict_alloc;
    t.state_slots = strict_state_slots;
    t.state_str = strict_state_str;
    t.list_add = strict_list_add;
    t.map_get = strict_map_get;
    t.timer_set = strict_timer_set;
    return t;
}

void gy_instance_be_strict(struct gy_instance *instance, const struct gy_strict *strict)
{
    instance->strict = strict;
    instance->strict_host = table();
    instance->ctx.host = &instance->strict_host;
    for (uint32_t p = 0; p < instance->node->n_outputs; p++)
        gy_port_be_strict(&instance->ports[p], strict);
}
