/* plugins/gen/zipf.c: builds the alias table. See zipf.h. */
#include "zipf.h"
#include <math.h>

/* Chances are in columns: 1 fills one. The ranks with less than 1 stand at the front of `order`,
 * those with more at its back. */
static uint32_t sort_by_chance(const double *chance, uint32_t *order, uint32_t n)
{
    uint32_t small = 0, large = n;
    for (uint32_t k = 0; k < n; k++) {
        if (chance[k] < 1)
            order[small++] = k;
        else
            order[--large] = k;
    }
    return small;
}

/* Fills each small column up from a large one, until all are full. */
static void fill(struct zipf_column *table, double *chance, uint32_t *order, uint32_t n)
{
    uint32_t small = sort_by_chance(chance, order, n), large = small;
    while (small > 0 && large < n) {
        uint32_t little = order[--small], much = order[large];
        table[little].below = (uint32_t)(chance[little] * 4294967295.0);
        table[little].alias = much;
        chance[much] -= 1 - chance[little];
        if (chance[much] < 1) { /* it is a small one now: it takes the freed place */
            order[small++] = much;
            large++;
        }
    }
}

struct zipf_column *zipf_new(struct gyre_ctx *ctx, uint32_t n, double exponent)
{
    struct zipf_column *table = gyre_alloc(ctx, NULL, n * sizeof *table);
    double *chance = gyre_alloc(ctx, NULL, n * sizeof *chance);
    uint32_t *order = gyre_alloc(ctx, NULL, n * sizeof *order);
    double sum = 0;
    if (table == NULL || chance == NULL || order == NULL)
        goto fail;
    for (uint32_t k = 0; k < n; k++) {
        table[k] = (struct zipf_column){UINT32_MAX, k};
        chance[k] = pow(k + 1.0, -exponent);
        sum += chance[k];
    }
    for (uint32_t k = 0; k < n; k++)
        chance[k] *= n / sum;
    fill(table, chance, order, n);
    gyre_alloc(ctx, chance, 0);
    gyre_alloc(ctx, order, 0);
    return table;
fail:
    if (table != NULL)
        gyre_alloc(ctx, table, 0);
    if (chance != NULL)
        gyre_alloc(ctx, chance, 0);
    if (order != NULL)
        gyre_alloc(ctx, order, 0);
    return NULL;
}
