/* plugins/lua/plan.h: what C knows of an operator, written as a table of Lua for the plugin's own files. */
#ifndef GYRE_PLUGIN_LUA_PLAN_H
#define GYRE_PLUGIN_LUA_PLAN_H

#include "script.h"

/* Zeroed: empty. */
struct plan {
    char *text;
    size_t length;
    size_t room;
    int is_cut; /* there was no memory */
};

GYRE_PRINTF(2, 3) void plan_put(struct plan *plan, const char *format, ...);
void plan_put_name(struct plan *plan, const char *name); /* quoted */
void plan_put_field(struct plan *plan, const char *name, uint32_t type, int nullable, uint32_t at);
void plan_put_reads(struct plan *plan, const struct script *script);
void plan_put_writes(struct plan *plan, const struct gyre_schema *schema);

void plan_free(struct plan *plan);

/** Runs "return { ... }", and frees the text; host.plan is that table then.
 *  Errors:  -1, the fault */
int plan_give(struct plan *plan, struct vm *vm, struct vm_fault *fault);

#endif
