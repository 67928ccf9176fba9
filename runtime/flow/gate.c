/* See gate.h. */
#include "flow/gate.h"

#include "base/mem.h"
#include <assert.h>
#include <gyre/error.h>

int gy_gate_init(struct gy_gate *gate, uint32_t n_slots)
{
    *gate = (struct gy_gate){.n_slots = n_slots, .watermark = INT64_MIN};
    gate->watermarks = gy_calloc(n_slots + 1, sizeof *gate->watermarks);
    gate->ended = gy_calloc(n_slots + 1, sizeof *gate->ended);
    if (gate->watermarks == NULL || gate->ended == NULL)
        return GYRE_ENOMEM;
    for (uint32_t s = 0; s < n_slots; s++)
        gate->watermarks[s] = INT64_MIN;
    return 0;
}

void gy_gate_fini(struct gy_gate *gate)
{
    gy_free(gate->watermarks);
    gy_free(gate->ended);
    *gate = (struct gy_gate){0};
}

void gy_gate_restore(struct gy_gate *gate, int64_t watermark_us)
{
    gate->watermark = watermark_us;
    for (uint32_t s = 0; s < gate->n_slots; s++)
        gate->watermarks[s] = watermark_us;
}

static bool advance(struct gy_gate *gate)
{
    int64_t least = INT64_MAX;
    for (uint32_t s = 0; s < gate->n_slots; s++)
        if (gate->watermarks[s] < least)
            least = gate->watermarks[s];
    if (least <= gate->watermark)
        return false;
    gate->watermark = least;
    return true;
}

bool gy_gate_watermark(struct gy_gate *gate, uint32_t slot, int64_t time_us)
{
    assert(slot < gate->n_slots && !gate->ended[slot]);
    if (time_us <= gate->watermarks[slot])
        return false;
    bool was_least = gate->watermarks[slot] == gate->watermark;
    gate->watermarks[slot] = time_us;
    return was_least && advance(gate);
}

bool gy_gate_end(struct gy_gate *gate, uint32_t slot, bool stopped, bool *advanced)
{
    assert(slot < gate->n_slots && !gate->ended[slot]);
    gate->ended[slot] = true;
    gate->n_ended++;
    gate->stopped |= stopped;
    if (!stopped) /* else more would have come: its watermark holds the others back for ever */
        gate->watermarks[slot] = INT64_MAX;
    else if (gate->watermarks[slot] == INT64_MAX)
        gate->watermarks[slot] = gate->watermark;
    *advanced = advance(gate);
    return gate->n_ended == gate->n_slots;
}
