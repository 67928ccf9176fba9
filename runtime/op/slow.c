/* Row by row: how an operator that has crashed is driven until the row is known, and how a crash
 * finds the row.
 *
 * A batch is given to the operator one row at a time, closed up, so that no callback sees another
 * row's values. When it crashes then, the batch at hand is the row. */
#include "op/inside.h"

#include "data/json.h"

#include <assert.h>

bool gy_is_slow(const struct gy_instance *instance)
{
    return instance->env.row_by_row != NULL && instance->env.row_by_row(instance->env.host);
}

int gy_process_slowly(struct gy_instance *instance, uint32_t port, const struct gy_batch *in)
{
    uint8_t keep[GYRE_BATCH_ROWS] = {0};
    uint32_t row, flags = instance->flags;
    assert(in->rows <= GYRE_BATCH_ROWS);
    struct gy_batch one = *in;
    int code = 0;
    one.keep = keep;
    one.kept = 1;
    one.selection = &row;
    /* Whoever cannot deal with dropped rows gets batches closed up. */
    instance->flags = flags & ~(GYRE_MASK_AWARE | GYRE_WANTS_SELECTION);
    for (row = 0; row < in->rows && code == 0; row++) {
        if (in->keep != NULL && in->keep[row] == 0)
            continue;
        keep[row] = 1;
        code = gy_process_batch(instance, port, &one);
        keep[row] = 0;
    }
    instance->flags = flags;
    return code;
}

size_t gy_row_at_hand(const void *of, char *text, size_t n)
{
    const struct gy_instance *instance = of;
    const struct gy_batch *in = instance->in;
    struct gy_buf json = {.data = instance->row_text, .cap = GY_ROW_TEXT, .max = GY_ROW_TEXT};
    uint32_t row = 0;
    if (in == NULL || in->kept != 1 || instance->row_text == NULL)
        return 0;
    while (in->keep != NULL && row < in->rows && in->keep[row] == 0)
        row++;
    if (row >= in->rows)
        return 0;
    gy_json_row(&json, &instance->in_plan->schema, in->columns, row);
    size_t length = json.len < n ? json.len : n;
    memcpy(text, json.data, length);
    return length;
}
