/* See test_loop.h. */
#include "app/test_loop.h"

#include <string.h>

struct loops {
    struct gy_arena_ctl *arena;
    struct gy_op_setting *operators;
    uint32_t n;
    bool *reached; /* per operator; scratch */
};

static void mark(struct loops *l, const char *id, bool *more)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (!l->reached[i] && strcmp(l->operators[i].id, id) == 0)
            l->reached[i] = *more = true;
}

/* Marks all that rows of the operator `id` come from, itself too. */
static void reach_back(struct loops *l, const char *id)
{
    bool more = false;
    memset(l->reached, 0, l->n * sizeof *l->reached);
    mark(l, id, &more);
    while (more) {
        more = false;
        for (uint32_t i = 0; i < l->n; i++) {
            const struct gy_op_setting *op = &l->operators[i];
            for (uint32_t w = 0; l->reached[i] && w < op->n_wires; w++)
                for (uint32_t r = 0; r < op->wires[w].n; r++)
                    mark(l, op->wires[w].refs[r].id, &more);
        }
    }
}

/* Adds `ref` to the input of a port, which has one: what comes back is of its schema. */
static int add_input(struct loops *l, struct gy_op_setting *op, const char *port,
                     const struct gy_ref *ref)
{
    for (uint32_t w = 0; w < op->n_wires; w++) {
        struct gy_wire *wire = &op->wires[w];
        bool same = wire->port == port ||
                    (wire->port != NULL && port != NULL && strcmp(wire->port, port) == 0);
        if (wire->feedback || !same)
            continue;
        struct gy_ref *refs = gy_arena_ctl_calloc(l->arena, (size_t)wire->n + 1, sizeof *refs);
        if (refs == NULL)
            return -1;
        memcpy(refs, wire->refs, wire->n * sizeof *refs);
        refs[wire->n++] = *ref;
        wire->refs = refs;
        return 0;
    }
    return 0;
}

/* Leaves of a feedback wire what closes a cycle; the rest becomes input. */
static int open_wire(struct loops *l, uint32_t head, uint32_t at)
{
    struct gy_op_setting *op = &l->operators[head];
    struct gy_wire wire = op->wires[at];
    struct gy_ref *kept = gy_arena_ctl_calloc(l->arena, wire.n, sizeof *kept);
    uint32_t n = 0;
    if (kept == NULL)
        return -1;
    for (uint32_t r = 0; r < wire.n; r++) {
        reach_back(l, wire.refs[r].id);
        if (l->reached[head])
            kept[n++] = wire.refs[r];
        else if (add_input(l, op, wire.port, &wire.refs[r]) != 0)
            return -1;
    }
    op->wires[at].refs = kept;
    op->wires[at].n = n;
    return 0;
}

static int open_head(struct loops *l, uint32_t head)
{
    struct gy_op_setting *op = &l->operators[head];
    struct gy_wire *wires = gy_arena_ctl_calloc(l->arena, op->n_wires, sizeof *wires);
    uint32_t n = 0, left = 0;
    if (wires == NULL)
        return -1;
    memcpy(wires, op->wires, op->n_wires * sizeof *wires);
    op->wires = wires;
    for (uint32_t w = 0; w < op->n_wires; w++)
        if (wires[w].feedback && open_wire(l, head, w) != 0)
            return -1;
    for (uint32_t w = 0; w < op->n_wires; w++) {
        left += wires[w].feedback && wires[w].n > 0;
        if (wires[w].n > 0)
            wires[n++] = wires[w];
    }
    op->n_wires = n;
    if (left == 0) {
        op->feedback_at = NULL;
        op->rounds_max = 0;
    }
    return 0;
}

int gy_test_open_loops(struct gy_arena_ctl *arena, struct gy_op_setting *operators, uint32_t n)
{
    struct loops l = {.arena = arena, .operators = operators, .n = n};
    l.reached = gy_arena_ctl_calloc(arena, n, sizeof *l.reached);
    if (l.reached == NULL)
        return -1;
    for (uint32_t i = 0; i < n; i++)
        if (operators[i].feedback_at != NULL && open_head(&l, i) != 0)
            return -1;
    return 0;
}
