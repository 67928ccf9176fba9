/* Name, kind and text of what a plugin brings; see item.h. */
#include "plugin/item.h"

#include <stddef.h>

const char *gy_item_name(const struct gyre_item *item)
{
    switch (item->kind) {
    case GYRE_ITEM_OPERATOR: return ((const struct gyre_operator *)item->what)->name;
    case GYRE_ITEM_FUNCTION: return ((const struct gyre_function *)item->what)->name;
    default: return NULL;
    }
}

const char *gy_item_doc(const struct gyre_item *item)
{
    switch (item->kind) {
    case GYRE_ITEM_OPERATOR: return ((const struct gyre_operator *)item->what)->doc;
    case GYRE_ITEM_FUNCTION: return ((const struct gyre_function *)item->what)->doc;
    default: return NULL;
    }
}

const char *gy_item_kind(const struct gyre_item *item)
{
    static const char *const operators[] = {"?", "source", "transform", "sink"};
    static const char *const functions[] = {"?",         "aggregate", "window",  "key",
                                            "partition", "distance",  "trigger", "eviction"};
    uint32_t kind;
    switch (item->kind) {
    case GYRE_ITEM_OPERATOR:
        kind = ((const struct gyre_operator *)item->what)->kind;
        return operators[kind <= GYRE_SINK ? kind : 0];
    case GYRE_ITEM_FUNCTION:
        kind = ((const struct gyre_function *)item->what)->kind;
        return functions[kind <= GYRE_FN_EVICTION ? kind : 0];
    default: return NULL;
    }
}
