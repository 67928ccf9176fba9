#include "unit/dealt.h"

#include "op/deal.h"

int dealt_items(uint32_t mode, const struct gy_items *from, uint32_t n_from, struct gy_items *to,
                uint32_t n_to)
{
    const struct gyre_operator descriptor = {.size = sizeof descriptor, .items = mode};
    const struct gy_node node = {.descriptor = &descriptor, .parallelism = n_to};
    uint64_t at = 0;
    int code = 0;
    for (uint32_t f = 0; f < n_from; f++)
        for (size_t i = 0; code == 0 && i < from[f].list.n; i++) {
            const struct gy_item *item = &from[f].list.items[i];
            const struct gy_record record = {GY_RECORD_ITEM, 0, item->bytes, (uint32_t)item->n};
            struct gy_dealt dealt;
            if (!gy_deal_item(&node, &record, n_from, f, at++, &dealt))
                return -1;
            for (uint32_t t = dealt.first; code == 0 && t < dealt.first + dealt.n; t++)
                code = gy_items_add(&to[t], item->bytes, item->n);
        }
    return code;
}
