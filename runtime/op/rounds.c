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

bool gy_rounds_vote(struct gy_instance *instance, const char *loop, bool stop)
{
    const struct gy_node *node = instance->node;
    for (uint32_t r = 0; r < node->n_rounds; r++)
        if (loop == NULL || strcmp(node->rounds[r]->id, loop) == 0) {
            instance->rounds.votes[r] = stop;
            return true;
        }
    return false;
}

bool gy_instance_votes(const struct gy_instance *instance, const struct gy_loop *loop)
{
    for (uint32_t r = 0; r < instance->node->n_rounds; r++)
        if (instance->node->rounds[r] == loop)
            return instance->rounds.votes[r];
    return false;
}

void gy_instance_round_begin(struct gy_instance *instance, const struct gy_round *round)
{
    for (uint32_t r = 0; r < instance->node->n_rounds; r++)
        if (instance->node->rounds[r] == round->loop)
            instance->rounds.votes[r] = false;
}

int gy_instance_round_end(struct gy_instance *instance, const struct gy_round *round)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    assert(instance->opened && !instance->rounds.ending);
    instance->rounds.round = *round;
    instance->rounds.ending = descriptor != NULL && descriptor->on_round_end != NULL;
    return 0;
}

bool gy_instance_ends_round(const struct gy_instance *instance)
{
    return instance->rounds.ending;
}

int gy_rounds_work(struct gy_instance *instance)
{
    const struct gy_round *round = &instance->rounds.round;
    const struct gyre_round abi = {
        .size = sizeof abi, .loop = round->loop->id, .number = round->number};
    if (!instance->rounds.ending)
        return 0;
    instance->rounds.ending = false;
    struct gy_call call = gy_call_begin(instance, "on_round_end");
    return gy_call_end(
        instance, call,
        instance->node->descriptor->on_round_end(instance->self, &instance->ctx, &abi));
}
