/* See quiesce.h. */
#include "flow/quiesce.h"

#include "base/mem.h"
#include "flow/flow.h"

#include <assert.h>

/* ---- making ---- */

int gy_region_init(struct gy_region *region, struct gy_flow *flow, uint32_t index)
{
    const struct gy_graph *graph = flow->physical->graph;
    region->flow = flow;
    region->released_us = region->last_us = region->saved_last_us = INT64_MIN;
    int code = pthread_mutex_init(&region->lock, NULL);
    region->rounds = gy_calloc(graph->n_loops + 1, sizeof *region->rounds);
    if (code != 0 || region->rounds == NULL)
        return GYRE_ENOMEM;
    for (uint32_t l = 0; l < graph->n_loops; l++) {
        const struct gy_loop *loop = &graph->loops[l];
        if (loop->region != index || loop->rounds_max == 0)
            continue;
        struct gy_rounds *rounds = &region->rounds[region->n_rounds++];
        rounds->loop = loop;
        rounds->at.phase = loop->outer < 0 ? GY_ROUNDS_RUNNING : GY_ROUNDS_IDLE;
        rounds->votes = gy_calloc(graph->n_nodes, sizeof *rounds->votes);
        rounds->held = gy_calloc(graph->n_nodes, sizeof *rounds->held);
        rounds->saved_held = gy_calloc(graph->n_nodes, sizeof *rounds->saved_held);
        rounds->told = gy_calloc(graph->n_nodes, sizeof *rounds->told);
        if (rounds->votes == NULL || rounds->held == NULL || rounds->saved_held == NULL ||
            rounds->told == NULL)
            return GYRE_ENOMEM;
    }
    return 0;
}

int gy_region_ready(struct gy_region *region)
{
    assert(region->n_tasks > 0 && region->n_slots > 0);
    return gy_gate_init(&region->gate, region->n_slots);
}

void gy_region_fini(struct gy_region *region)
{
    if (region->flow == NULL)
        return;
    for (uint32_t r = 0; region->rounds != NULL && r < region->n_rounds; r++) {
        gy_free(region->rounds[r].votes);
        gy_free(region->rounds[r].held);
        gy_free(region->rounds[r].saved_held);
        gy_free(region->rounds[r].told);
    }
    gy_free(region->rounds);
    gy_gate_fini(&region->gate);
    pthread_mutex_destroy(&region->lock);
    region->flow = NULL;
}

struct gy_rounds *gy_region_rounds(struct gy_region *region, const struct gy_loop *loop)
{
    for (uint32_t r = 0; r < region->n_rounds; r++)
        if (region->rounds[r].loop == loop)
            return &region->rounds[r];
    return NULL;
}

/* ---- what is decided; under the lock ---- */

static uint64_t in_flight(const struct gy_region *region)
{
    return atomic_load_explicit(&region->in_flight, memory_order_seq_cst);
}

static bool is_at_zero(const struct gy_region *region, uint32_t generation)
{
    uint64_t n = in_flight(region);
    return (generation == 0 ? (uint32_t)n : n >> 32) == 0;
}

static uint64_t waiting_for(const struct gy_rounds *rounds)
{
    /* acquire: counted before the message was uncounted. */
    return atomic_load_explicit(&rounds->waiting, memory_order_acquire);
}

static bool is_any_waiting(const struct gy_region *region)
{
    uint64_t n = 0;
    for (uint32_t r = 0; r < region->n_rounds; r++)
        n += waiting_for(&region->rounds[r]);
    return n > 0;
}

static void give(struct gy_region *region, struct gy_decision decision)
{
    assert(region->n_obeying == 0 && region->n_passed == 0);
    decision.generation = atomic_load_explicit(&region->generation, memory_order_relaxed);
    region->decision = decision;
    if (decision.kind == GY_DECIDED_END_ROUND || decision.kind == GY_DECIDED_PASS_END)
        region->ending = decision.rounds;
    region->n_obeying = region->n_tasks;
    gy_region_count(region, decision.generation, region->n_tasks);
    /* release: pairs with gy_region_decisions. */
    atomic_fetch_add_explicit(&region->n_decisions, 1, memory_order_release);
    gy_flow_wake(region->flow);
}

static void release(struct gy_region *region, int64_t time_us, bool idle)
{
    region->released_us = time_us;
    region->released_idle = idle;
    give(region, (struct gy_decision){.kind = GY_DECIDED_RELEASE,
                                      .time_us = time_us,
                                      .flag = idle,
                                      .waits = idle && region->gate.waits});
}

/* A watermark from outside is held until what came before it is gone. */
static void hold(struct gy_region *region)
{
    int64_t time_us = region->gate.watermark_us;
    if (region->holding || time_us <= region->released_us || time_us == INT64_MAX)
        return;
    region->holding = true;
    region->held_us = time_us;
    region->held = atomic_load_explicit(&region->generation, memory_order_relaxed);
    /* seq_cst: who enters looks at it again after it was counted (gy_region_enter). */
    atomic_store_explicit(&region->generation, region->held ^ 1, memory_order_seq_cst);
}

/* True where something of what was heard from outside goes on. */
static bool decide_watermark(struct gy_region *region)
{
    const struct gy_gate *gate = &region->gate;
    if (region->released_idle && !gate->idle) { /* before the rows that it brings */
        release(region, region->released_us, false);
        return true;
    }
    hold(region);
    if (region->holding && is_at_zero(region, region->held) && !is_any_waiting(region)) {
        region->holding = false;
        release(region, region->held_us, region->released_idle);
        return true;
    }
    if (gate->idle && !region->released_idle && !region->holding && in_flight(region) == 0 &&
        !is_any_waiting(region)) {
        release(region, region->released_us, true);
        return true;
    }
    return false;
}

/* An operator votes to stop when all of its tasks do. */
static bool is_voted_down(const struct gy_region *region, const struct gy_rounds *rounds)
{
    const struct gy_graph *graph = region->flow->physical->graph;
    bool stop = rounds->at.stop;
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        stop |= rounds->votes[n] > 0 && rounds->votes[n] == graph->nodes[n]->parallelism;
    return stop;
}

static void forget_votes(const struct gy_region *region, struct gy_rounds *rounds)
{
    rounds->at.stop = false;
    for (uint32_t n = 0; n < region->flow->physical->graph->n_nodes; n++)
        rounds->votes[n] = 0;
}

/* The round has ended everywhere: another one, or none. */
static void decide_next(struct gy_region *region, struct gy_rounds *rounds)
{
    struct gy_rounds_at *at = &rounds->at;
    bool stop = waiting_for(rounds) == 0 || at->number >= rounds->loop->rounds_max ||
                is_voted_down(region, rounds);
    forget_votes(region, rounds);
    at->ends++;
    at->number = stop ? 0 : at->number + 1;
    at->phase = stop ? GY_ROUNDS_IDLE : GY_ROUNDS_RUNNING;
    give(region,
         (struct gy_decision){.kind = stop ? GY_DECIDED_CLOSE : GY_DECIDED_OPEN, .rounds = rounds});
}

/* The end of a round goes on where it waited: loops inside are done. True where it waited anywhere. */
static bool pass_end(struct gy_region *region, struct gy_rounds *rounds)
{
    bool any = false;
    for (uint32_t n = 0; n < region->flow->physical->graph->n_nodes; n++) {
        any |= rounds->held[n];
        rounds->held[n] = false;
    }
    if (any)
        give(region, (struct gy_decision){.kind = GY_DECIDED_PASS_END, .rounds = rounds});
    return any;
}

/* The region is dry: true where a round of this loop ends, or another begins. */
static bool decide_rounds(struct gy_region *region, struct gy_rounds *rounds)
{
    struct gy_rounds_at *at = &rounds->at;
    if (at->phase == GY_ROUNDS_ENDING) {
        if (!pass_end(region, rounds))
            decide_next(region, rounds);
        return true;
    }
    /* relaxed: who touched it was counted until after it. */
    bool touched = atomic_load_explicit(&rounds->touched, memory_order_relaxed);
    if (at->phase == GY_ROUNDS_IDLE && !touched && waiting_for(rounds) == 0)
        return false;
    atomic_store_explicit(&rounds->touched, false, memory_order_relaxed);
    at->phase = GY_ROUNDS_ENDING;
    give(region, (struct gy_decision){.kind = GY_DECIDED_END_ROUND, .rounds = rounds});
    return true;
}

static bool is_to_discard(const struct gy_region *region)
{
    return (region->gate.stopped || region->stopping) && !region->discarding;
}

/* All that comes from outside has ended, and nothing is in flight. */
static void decide_end(struct gy_region *region)
{
    if (is_to_discard(region)) {
        region->discarding = true;
        give(region, (struct gy_decision){.kind = GY_DECIDED_DISCARD});
        return;
    }
    for (uint32_t r = 0; r < region->n_rounds && !region->discarding; r++)
        if (decide_rounds(region, &region->rounds[r]))
            return;
    if (!region->discarding && region->released_us != INT64_MAX) {
        /* What the last watermark made due comes before what the end does. */
        region->holding = false;
        release(region, region->last_us > region->released_us ? region->last_us : INT64_MAX, false);
    } else if (!region->ended) {
        region->ended = true;
        give(region, (struct gy_decision){.kind = GY_DECIDED_END, .flag = region->discarding});
    }
}

/* Decides what is to come next, if anything is. */
static void decide(struct gy_region *region)
{
    const struct gy_gate *gate = &region->gate;
    if (region->n_obeying > 0 || region->n_passed > 0 || region->ended || region->halted)
        return;
    hold(region);
    bool ended = gy_gate_has_ended(gate);
    /* seq_cst: who brings the count to zero sees it, or we see the zero. */
    atomic_store_explicit(&region->listening,
                          region->holding || ended || gate->idle != region->released_idle,
                          memory_order_seq_cst);
    if (!ended && decide_watermark(region))
        return;
    /* A stop does not wait: with rounds, or a watermark held, there may be no zero before it. */
    if (ended && (in_flight(region) == 0 || is_to_discard(region)))
        decide_end(region);
}

/* ---- what tasks tell ---- */

static void lock(struct gy_region *region)
{
    pthread_mutex_lock(&region->lock);
}

static void decide_and_unlock(struct gy_region *region)
{
    decide(region);
    pthread_mutex_unlock(&region->lock);
}

void gy_region_uncount(struct gy_region *region, uint32_t generation, uint64_t n)
{
    uint64_t unit = gy_region_unit(generation);
    /* seq_cst: with `listening`, see decide; and all that the counted did comes before the zero. */
    uint64_t before = atomic_fetch_sub_explicit(&region->in_flight, n * unit, memory_order_seq_cst);
    uint64_t own = generation == 0 ? (uint32_t)before : before >> 32;
    assert(own >= n);
    if (own != n || !atomic_load_explicit(&region->listening, memory_order_seq_cst))
        return;
    lock(region);
    decide_and_unlock(region);
}

uint32_t gy_region_enter(struct gy_region *region)
{
    for (;;) {
        uint32_t generation = atomic_load_explicit(&region->generation, memory_order_seq_cst);
        gy_region_count(region, generation, 1);
        /* Who changed it in between may have found the old one at zero. */
        if (atomic_load_explicit(&region->generation, memory_order_seq_cst) == generation)
            return generation;
        gy_region_uncount(region, generation, 1);
    }
}

void gy_region_watermark(struct gy_region *region, uint32_t slot, int64_t time_us)
{
    lock(region);
    gy_gate_watermark(&region->gate, slot, time_us);
    if (region->gate.watermark_us != INT64_MAX && region->gate.watermark_us > region->last_us)
        region->last_us = region->gate.watermark_us;
    decide_and_unlock(region);
}

void gy_region_idle(struct gy_region *region, uint32_t slot, bool idle, bool waits)
{
    lock(region);
    gy_gate_idle(&region->gate, slot, idle, waits);
    decide_and_unlock(region);
}

void gy_region_end(struct gy_region *region, uint32_t slot, bool stopped)
{
    lock(region);
    gy_gate_end(&region->gate, slot, stopped);
    decide_and_unlock(region);
}

void gy_region_stop(struct gy_region *region)
{
    lock(region);
    region->stopping = true;
    decide_and_unlock(region);
}

void gy_region_obeyed(struct gy_region *region)
{
    lock(region);
    assert(region->n_obeying > 0);
    region->n_obeying--;
    decide_and_unlock(region);
}

void gy_region_vote(struct gy_region *region, struct gy_rounds *rounds, uint32_t node)
{
    lock(region);
    rounds->votes[node]++;
    pthread_mutex_unlock(&region->lock);
}

void gy_region_hold_end(struct gy_region *region, struct gy_rounds *rounds, uint32_t node)
{
    lock(region);
    rounds->held[node] = true;
    pthread_mutex_unlock(&region->lock);
}

static void save_rounds(struct gy_region *region)
{
    region->saved_last_us = region->last_us;
    for (uint32_t r = 0; r < region->n_rounds; r++) {
        struct gy_rounds *rounds = &region->rounds[r];
        rounds->saved = rounds->at;
        memcpy(rounds->saved_held, rounds->held,
               region->flow->physical->graph->n_nodes * sizeof *rounds->held);
        rounds->saved.touched = atomic_load_explicit(&rounds->touched, memory_order_relaxed);
        rounds->saved.stop = rounds->at.phase == GY_ROUNDS_ENDING && is_voted_down(region, rounds);
    }
}

bool gy_region_pass(struct gy_region *region, uint64_t n_decisions, bool halts)
{
    lock(region);
    bool obeyed = n_decisions == gy_region_decisions(region);
    if (obeyed && ++region->n_passed == region->n_tasks) {
        region->n_passed = 0;
        region->halted |= halts;
        save_rounds(region);
    }
    decide_and_unlock(region);
    return obeyed;
}
