/* The rounds of the loops that ONE operator is in: their end, and votes; see instance.h. */
#include "op/inside.h"

#include "base/mem.h"

#include <assert.h>

int gy_rounds_init(struct gy_instance *instance)
{
    instance->rounds.votes =
        gy_calloc((size_t)instance->node->n_rounds + 1, sizeof *instance->rounds.votes);
    return instance->rounds.votes != NULL ? 0 : GYRE_ENOMEM;
}

/* The place of a loop among those of the node; n_rounds: it is none of them. */
static uint32_t place_of(const struct gy_instance *instance, const struct gy_loop *loop)
{
    uint32_t r = 0;
    while (r < instance->node->n_rounds && instance->node->rounds[r] != loop)
        r++;
    return r;
}

void gy_rounds_vote(struct gy_instance *instance, const char *loop, bool stop)
{
    const struct gy_rounds *rounds = &instance->rounds;
    const char *ends = rounds->ending ? rounds->round.loop->id : NULL;
    if (ends == NULL)
        gy_instance_misuse(instance, GYRE_ECONTRACT, "gyre_vote",
                           "no round ends in %s, it is for on_round_end", instance->callback);
    else if (loop != NULL && strcmp(loop, ends) != 0)
        gy_instance_misuse(instance, GYRE_ECONTRACT, "gyre_vote",
                           "it is the round of `%s` that ends, and none of `%s`", ends, loop);
    else
        rounds->votes[place_of(instance, rounds->round.loop)] = stop;
}

bool gy_instance_votes(const struct gy_instance *instance, const struct gy_loop *loop)
{
    uint32_t r = place_of(instance, loop);
    return r < instance->node->n_rounds && instance->rounds.votes[r];
}

/* Timers go by the innermost loop. */
static bool times(const struct gy_instance *instance, const struct gy_loop *loop)
{
    return instance->timers != NULL && place_of(instance, loop) == 0;
}

void gy_instance_round_begin(struct gy_instance *instance, const struct gy_round *round)
{
    uint32_t r = place_of(instance, round->loop);
    assert(r < instance->node->n_rounds && !instance->rounds.ending);
    instance->rounds.votes[r] = false;
    if (times(instance, round->loop))
        gy_timers_round_begin(instance->timers, round->ends);
}

int gy_instance_round_end(struct gy_instance *instance, const struct gy_round *round)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    assert(place_of(instance, round->loop) < instance->node->n_rounds);
    assert(instance->opened && !instance->rounds.ending);
    instance->rounds.round = *round;
    instance->rounds.ending = descriptor != NULL && descriptor->on_round_end != NULL;
    if (!times(instance, round->loop))
        return 0;
    gy_timers_round_end(instance->timers, round->ends);
    instance->rounds.ending |= gy_timers_end_round(instance->timers);
    return 0;
}

bool gy_instance_ends_round(const struct gy_instance *instance)
{
    return instance->rounds.ending;
}

int gy_rounds_work(struct gy_instance *instance)
{
    const struct gy_round *round = &instance->rounds.round;
    const struct gyre_operator *descriptor = instance->node->descriptor;
    assert(instance->rounds.ending);
    int code = 0;
    if (descriptor->on_round_end != NULL) {
        const struct gyre_round abi = {
            .size = sizeof abi, .loop = round->loop->id, .number = round->number};
        struct gy_call call = gy_call_begin(instance, "on_round_end");
        code = descriptor->on_round_end(instance->self, &instance->ctx, &abi);
        code = gy_call_end(instance, call, code);
    }
    instance->rounds.ending = false;
    return code;
}
