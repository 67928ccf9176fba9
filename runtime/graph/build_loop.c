/* Regions and loops; see logical.h for what they are.
 *
 * region  what a head reaches, and is reached from: all of its operators go round together. Each cycle has a
 *         feedback edge, so that no region is without a head.
 * body    what is between a head and an operator from which rows come back to it, not counting what comes
 *         back to other heads. Where nothing is, the cycle goes over the feedback edges of others, and all
 *         that it goes through is the body. Then, with a head in it, all of the loop of that head.
 *
 * Nodes are called here by their place in the topological order, which is what they are called in the
 * finished graph. */
#include "graph/build.h"

#include <string.h>

#define EVERY (GY_NONE - 1) /* of walk: no feedback edge */

struct step {
    uint32_t from, to;
    bool feedback;
    const struct gy_build_edge *edge;
};

/* The edges whose producers are known, and room for walks. */
struct shape {
    struct gy_build *b;
    uint32_t n_steps;
    struct step *steps;
    bool *ahead, *behind; /* per node: walked to */
    bool *through;        /* per loop: a cycle of it goes over feedback edges into others */
    uint32_t *queue;
};

static struct gy_build_node *node_at(const struct gy_build *b, uint32_t place)
{
    return &b->nodes[b->order[place]];
}

static bool init_shape(struct shape *s, struct gy_build *b)
{
    struct gy_arena_ctl *arena = b->scope.arena;
    uint32_t *places = gy_arena_ctl_calloc(arena, b->n, sizeof *places);
    *s = (struct shape){.b = b};
    s->steps = gy_arena_ctl_calloc(arena, b->n_edges, sizeof *s->steps);
    s->ahead = gy_arena_ctl_calloc(arena, b->n, sizeof *s->ahead);
    s->behind = gy_arena_ctl_calloc(arena, b->n, sizeof *s->behind);
    s->through = gy_arena_ctl_calloc(arena, b->n, sizeof *s->through);
    s->queue = gy_arena_ctl_calloc(arena, b->n, sizeof *s->queue);
    if (arena->oom)
        return false;
    for (uint32_t i = 0; i < b->n; i++)
        places[b->order[i]] = i;
    for (uint32_t e = 0; e < b->n_edges; e++)
        if (b->edges[e].from != GY_NONE)
            s->steps[s->n_steps++] = (struct step){places[b->edges[e].from], places[b->edges[e].to],
                                                   b->edges[e].feedback, &b->edges[e]};
    return true;
}

/* Walks from `start`, forward or back, over all edges but the feedback ones into `but` (EVERY: into any
 * head; GY_NONE: none); `stop` is walked to, and not on from. */
static void walk(const struct shape *s, uint32_t start, bool back, uint32_t but, uint32_t stop,
                 bool *seen)
{
    uint32_t head = 0, tail = 0;
    memset(seen, 0, s->b->n * sizeof *seen);
    seen[start] = true;
    s->queue[tail++] = start;
    while (head < tail) {
        uint32_t at = s->queue[head++];
        for (uint32_t i = 0; at != stop && i < s->n_steps; i++) {
            const struct step *step = &s->steps[i];
            uint32_t next = back ? step->from : step->to;
            bool barred = step->feedback && (but == EVERY || but == step->to);
            if (barred || (back ? step->to : step->from) != at || seen[next])
                continue;
            seen[next] = true;
            s->queue[tail++] = next;
        }
    }
}

/* ---- regions ---- */

static bool is_head(const struct shape *s, uint32_t node)
{
    for (uint32_t i = 0; i < s->n_steps; i++)
        if (s->steps[i].feedback && s->steps[i].to == node)
            return true;
    return false;
}

/* True where rows come back to a head over this edge. */
static bool closes(const struct shape *s, const struct step *step, uint32_t head)
{
    int32_t region = node_at(s->b, head)->node->region;
    return step->feedback && step->to == head && region >= 0 &&
           node_at(s->b, step->from)->node->region == region;
}

static bool has_loop(const struct shape *s, uint32_t node)
{
    for (uint32_t i = 0; i < s->n_steps; i++)
        if (closes(s, &s->steps[i], node))
            return true;
    return false;
}

static void mark_region(struct shape *s, uint32_t head)
{
    walk(s, head, false, GY_NONE, GY_NONE, s->ahead);
    walk(s, head, true, GY_NONE, GY_NONE, s->behind);
    bool any = false;
    for (uint32_t i = 0; i < s->n_steps; i++)
        any |= s->steps[i].to == head && s->ahead[s->steps[i].from];
    if (!any)
        return;
    for (uint32_t i = 0; i < s->b->n; i++)
        if (s->ahead[i] && s->behind[i])
            node_at(s->b, i)->node->region = (int32_t)s->b->graph->n_regions;
    s->b->graph->n_regions++;
}

static void mark_regions(struct shape *s)
{
    for (uint32_t i = 0; i < s->b->n; i++)
        node_at(s->b, i)->node->region = -1;
    for (uint32_t i = 0; i < s->b->n; i++)
        if (node_at(s->b, i)->node->region < 0 && is_head(s, i))
            mark_region(s, i);
}

/* ---- loops ---- */

static void add_body(struct shape *s, struct gy_loop *loop, const struct step *back, bool *through)
{
    walk(s, loop->head, false, EVERY, GY_NONE, s->ahead);
    uint32_t but = EVERY;
    if (!s->ahead[back->from]) {
        *through = true;
        but = loop->head;
        walk(s, loop->head, false, but, GY_NONE, s->ahead);
    }
    walk(s, back->from, true, but, loop->head, s->behind);
    for (uint32_t i = 0; i < s->b->n; i++)
        loop->body[i] |= s->ahead[i] && s->behind[i];
}

static void find_loops(struct shape *s)
{
    struct gy_graph *g = s->b->graph;
    g->loops = gy_arena_ctl_calloc(s->b->scope.arena, s->b->n, sizeof *g->loops);
    for (uint32_t head = 0; g->loops != NULL && head < s->b->n; head++) {
        const struct gy_build_node *bn = node_at(s->b, head);
        if (!has_loop(s, head))
            continue;
        struct gy_loop *loop = &g->loops[g->n_loops];
        *loop = (struct gy_loop){.head = head,
                                 .id = bn->node->id,
                                 .rounds_max = (uint64_t)bn->set->rounds_max,
                                 .region = (uint32_t)bn->node->region,
                                 .outer = -1};
        loop->body = gy_arena_ctl_calloc(s->b->scope.arena, s->b->n, sizeof *loop->body);
        if (loop->body == NULL)
            return;
        for (uint32_t i = 0; i < s->n_steps; i++)
            if (closes(s, &s->steps[i], head))
                add_body(s, loop, &s->steps[i], &s->through[g->n_loops]);
        g->n_loops++;
    }
}

static bool add_all(bool *into, const bool *from, uint32_t n)
{
    bool news = false;
    for (uint32_t i = 0; i < n; i++) {
        news |= from[i] && !into[i];
        into[i] |= from[i];
    }
    return news;
}

/* A body has the bodies of the heads that are in it. */
static void close_bodies(struct shape *s)
{
    const struct gy_graph *g = s->b->graph;
    bool news = true;
    while (news) {
        news = false;
        for (uint32_t i = 0; i < g->n_loops; i++)
            for (uint32_t k = 0; k < g->n_loops; k++)
                if (k != i && g->loops[i].body[g->loops[k].head])
                    news |= add_all(g->loops[i].body, g->loops[k].body, s->b->n);
    }
}

/* ---- nesting ---- */

/* True where one loop is within another. Of two of the same operators it is that which does not close
 * without the other's feedback edges. */
static bool is_within(const struct shape *s, uint32_t in, uint32_t out)
{
    const struct gy_loop *a = &s->b->graph->loops[in], *c = &s->b->graph->loops[out];
    bool less = false;
    for (uint32_t i = 0; i < s->b->n; i++) {
        if (a->body[i] && !c->body[i])
            return false;
        less |= c->body[i] && !a->body[i];
    }
    if (in == out || less)
        return less;
    return s->through[in] != s->through[out] ? s->through[in] : in > out;
}

/* The loop right around one; -1. */
static int32_t around(const struct shape *s, uint32_t loop)
{
    int32_t found = -1;
    for (uint32_t i = 0; i < s->b->graph->n_loops; i++)
        if (is_within(s, loop, i) && (found < 0 || is_within(s, i, (uint32_t)found)))
            found = (int32_t)i;
    return found;
}

/* The first loop right within `outer` that is not done; without one `outer` itself. */
static uint32_t first_within(const int32_t *around, const bool *done, uint32_t n, uint32_t outer)
{
    for (uint32_t i = 0; i < n; i++)
        if (!done[i] && around[i] == (int32_t)outer)
            return i;
    return outer;
}

/* Puts the loops into the order in which their rounds end: those within one come right before it. */
static void order_loops(struct shape *s)
{
    struct gy_graph *g = s->b->graph;
    struct gy_arena_ctl *arena = s->b->scope.arena;
    struct gy_loop *sorted = gy_arena_ctl_calloc(arena, g->n_loops, sizeof *sorted);
    int32_t *outer = gy_arena_ctl_calloc(arena, g->n_loops, sizeof *outer);
    uint32_t *place = gy_arena_ctl_calloc(arena, g->n_loops, sizeof *place);
    bool *done = gy_arena_ctl_calloc(arena, g->n_loops, sizeof *done);
    if (arena->oom)
        return;
    for (uint32_t i = 0; i < g->n_loops; i++)
        outer[i] = around(s, i);
    for (uint32_t n = 0; n < g->n_loops; n++) {
        uint32_t next = 0, from;
        while (done[next]) /* the loops are by their heads so far */
            next++;
        do {
            from = next;
            next = first_within(outer, done, g->n_loops, from);
        } while (next != from);
        done[next] = true;
        place[next] = n;
        sorted[n] = g->loops[next];
    }
    for (uint32_t i = 0; i < g->n_loops; i++)
        sorted[place[i]].outer = outer[i] < 0 ? -1 : (int32_t)place[outer[i]];
    g->loops = sorted;
}

/* The loops with rounds that an operator is in. */
static void add_rounds(const struct gy_build *b, uint32_t index)
{
    const struct gy_graph *g = b->graph;
    struct gy_node *node = node_at(b, index)->node;
    node->rounds = gy_arena_ctl_calloc(b->scope.arena, g->n_loops, sizeof(struct gy_loop *));
    for (uint32_t i = 0; node->rounds != NULL && i < g->n_loops; i++)
        if (g->loops[i].rounds_max != 0 && g->loops[i].body[index])
            node->rounds[node->n_rounds++] = &g->loops[i];
}

/* ---- mistakes ---- */

static const struct gy_setting *rounds_at(const struct gy_build *b, const struct gy_loop *loop)
{
    return gy_setting_get(node_at(b, loop->head)->set->at, "rounds");
}

/* The first round ends with what comes from outside: that has to have an end. */
static void tell_unbounded(const struct shape *s, const struct gy_loop *loop)
{
    walk(s, loop->head, true, GY_NONE, GY_NONE, s->behind);
    for (uint32_t i = 0; i < s->b->n; i++) {
        const struct gy_node *node = node_at(s->b, i)->node;
        if (s->behind[i] && node->kind == GYRE_SOURCE && (node->flags & GYRE_UNBOUNDED) != 0)
            gy_build_tell(
                s->b, rounds_at(s->b, loop),
                "rounds: the first round is all that comes from outside, and `%s` (%s) has "
                "no end here: give it an end, or leave out `rounds`",
                node->id, node->op);
    }
}

/* The end of a round goes along the edges from the head, and not back: all of the loop has to hear of it. */
static void tell_beyond(const struct shape *s, const struct gy_loop *loop)
{
    walk(s, loop->head, false, EVERY, GY_NONE, s->ahead);
    for (uint32_t i = 0; i < s->n_steps; i++) {
        const struct step *step = &s->steps[i];
        if (!step->feedback || !loop->body[step->from] || !s->ahead[step->from] ||
            !loop->body[step->to] || s->ahead[step->to])
            continue;
        const char *to = node_at(s->b, step->to)->node->id, *from = step->edge->ref->at->text;
        gy_build_tell(s->b, step->edge->ref->at,
                      "feedback: within the loop of `%s`, which has rounds, `%s` is reached over "
                      "`feedback` alone: make `%s` an `input` of `%s`",
                      loop->id, to, from, to);
    }
}

/* An operator of the job file that two loops share; NULL. */
static const char *shared(const struct shape *s, const struct gy_loop *a, const struct gy_loop *c)
{
    for (uint32_t i = 0; i < s->b->n; i++)
        if (a->body[i] && c->body[i])
            return node_at(s->b, i)->ahead == NULL ? node_at(s->b, i)->node->id
                                                   : node_at(s->b, i)->set->id;
    return NULL;
}

/* Whose rounds a shared operator goes by has to be clear. */
static void tell_shared(const struct shape *s, uint32_t one, uint32_t two)
{
    const struct gy_loop *a = &s->b->graph->loops[one], *c = &s->b->graph->loops[two];
    const char *id = shared(s, a, c);
    if (id == NULL || is_within(s, one, two) || is_within(s, two, one))
        return;
    gy_build_tell(
        s->b, rounds_at(s->b, a->rounds_max != 0 ? a : c),
        "rounds: the loops of `%s` and `%s` share `%s`, and neither is within the other: let rows "
        "come back to one operator before both, or put one loop within the other",
        a->id, c->id, id);
}

static void tell_mistakes(const struct shape *s)
{
    const struct gy_graph *g = s->b->graph;
    for (uint32_t i = 0; i < g->n_loops; i++) {
        if (g->loops[i].rounds_max != 0) {
            tell_unbounded(s, &g->loops[i]);
            tell_beyond(s, &g->loops[i]);
        }
        for (uint32_t k = i + 1; k < g->n_loops; k++)
            if (g->loops[i].rounds_max != 0 || g->loops[k].rounds_max != 0)
                tell_shared(s, i, k);
    }
}

void gy_build_loops(struct gy_build *b)
{
    struct shape s;
    if (!init_shape(&s, b))
        return;
    mark_regions(&s);
    find_loops(&s);
    if (b->scope.arena->oom)
        return;
    close_bodies(&s);
    tell_mistakes(&s);
    order_loops(&s);
    for (uint32_t i = 0; !b->scope.arena->oom && i < b->n; i++)
        add_rounds(b, i);
}
