/* See gate.h. */
#include "op/gate.h"

#include "base/mem.h"

#include <assert.h>
#include <gyre/error.h>

int gy_gate_init(struct gy_gate *gate, uint32_t n_slots)
{
    *gate = (struct gy_gate){.n_slots = n_slots, .watermark_us = INT64_MIN};
    gate->slots = gy_calloc((size_t)n_slots + 1, sizeof *gate->slots);
    if (gate->slots == NULL)
        return GYRE_ENOMEM;
    for (uint32_t s = 0; s < n_slots; s++)
        gate->slots[s].watermark_us = INT64_MIN;
    return 0;
}

void gy_gate_fini(struct gy_gate *gate)
{
    gy_free(gate->slots);
    *gate = (struct gy_gate){0};
}

void gy_gate_restore(struct gy_gate *gate, int64_t watermark_us)
{
    gate->watermark_us = watermark_us;
    for (uint32_t s = 0; s < gate->n_slots; s++)
        gate->slots[s].watermark_us = watermark_us;
}

/* What is held back by nobody who may still bring something. One at +infinity will not. */
static void merge(struct gy_gate *gate)
{
    int64_t least_us = INT64_MAX, idle_us = INT64_MAX;
    uint32_t n_idle = 0, n_active = 0, n_waiting = 0;
    for (uint32_t s = 0; s < gate->n_slots; s++) {
        const struct gy_gate_slot *slot = &gate->slots[s];
        bool is_idle = slot->idle && !slot->ended;
        int64_t *into = is_idle ? &idle_us : &least_us;
        *into = slot->watermark_us < *into ? slot->watermark_us : *into;
        n_idle += is_idle;
        n_waiting += is_idle && slot->waits;
        n_active += !is_idle && !slot->ended && slot->watermark_us != INT64_MAX;
    }
    gate->idle = n_idle > 0 && n_active == 0;
    gate->waits = gate->idle && n_waiting == n_idle;
    if (gate->idle)
        least_us = idle_us < least_us ? idle_us : least_us;
    if (least_us > gate->watermark_us)
        gate->watermark_us = least_us;
}

void gy_gate_watermark(struct gy_gate *gate, uint32_t slot, int64_t time_us)
{
    assert(slot < gate->n_slots && !gate->slots[slot].ended);
    if (time_us <= gate->slots[slot].watermark_us)
        return;
    bool held = gate->slots[slot].watermark_us <= gate->watermark_us || gate->slots[slot].idle;
    gate->slots[slot].watermark_us = time_us;
    gate->slots[slot].idle = gate->slots[slot].waits = false;
    if (held)
        merge(gate);
}

void gy_gate_idle(struct gy_gate *gate, uint32_t slot, bool idle, bool waits)
{
    struct gy_gate_slot *at = &gate->slots[slot];
    assert(slot < gate->n_slots && (idle || !waits));
    if (at->ended || (at->idle == idle && at->waits == waits))
        return;
    at->idle = idle;
    at->waits = waits;
    merge(gate);
}

void gy_gate_end(struct gy_gate *gate, uint32_t slot, bool stopped)
{
    assert(slot < gate->n_slots && !gate->slots[slot].ended);
    struct gy_gate_slot *ended = &gate->slots[slot];
    ended->ended = true;
    gate->n_ended++;
    gate->stopped |= stopped;
    if (!stopped) /* else more would have come: its watermark holds the others back for ever */
        ended->watermark_us = INT64_MAX;
    else if (ended->watermark_us == INT64_MAX)
        ended->watermark_us = gate->watermark_us;
    merge(gate);
}
