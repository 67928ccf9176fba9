/* See fit.h. */
#include "flow/fit.h"

#include "base/mem.h"
#include "flow/manifest.h"
#include "op/instance.h"
#include "state/store.h"

#include <string.h>

static bool keeps_something(const struct gy_manifest_operator *op)
{
    for (uint32_t t = 0; t < op->n_tasks; t++)
        if (op->tasks[t].file != NULL)
            return true;
    return false;
}

static bool has_node(const struct gy_graph *graph, const char *id)
{
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        if (strcmp(graph->nodes[n]->id, id) == 0)
            return true;
    return false;
}

/* An operator that only the job has, and that may be `op` under another name; NULL. */
static const char *new_name_of(const struct gy_fit *fit, const struct gy_manifest_operator *op)
{
    for (uint32_t n = 0; n < fit->graph->n_nodes; n++) {
        const struct gy_node *node = fit->graph->nodes[n];
        if (node->of == NULL && strcmp(node->op, op->op) == 0 && gy_fit_operator(fit, node) == NULL)
            return node->id;
    }
    return NULL;
}

static void check_orphans(const struct gy_fit *fit)
{
    unsigned long long id = fit->manifest->id;
    for (uint32_t o = 0; o < fit->manifest->n_operators; o++) {
        const struct gy_manifest_operator *op = &fit->manifest->operators[o];
        if (has_node(fit->graph, op->id) || !keeps_something(op))
            continue;
        const char *name = new_name_of(fit, op);
        if (name != NULL)
            gy_diags_add(fit->misfits, NULL, 0,
                         "snapshot %llu has state of the operator '%s' (%s), which the job does "
                         "not have: put it back, or give its state to '%s' with --rename-state "
                         "%s=%s, or up with --drop-state %s",
                         id, op->id, op->op, name, op->id, name, op->id);
        else
            gy_diags_add(fit->misfits, NULL, 0,
                         "snapshot %llu has state of the operator '%s' (%s), which the job does "
                         "not have: put it back, or give its state up with --drop-state %s",
                         id, op->id, op->op, op->id);
    }
}

static bool is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Of functions that are the same the first is the first, the second the second. */
static uint32_t function_state(const struct gy_manifest_operator *saved, uint32_t s,
                               const struct gy_node *node)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < s; i++)
        before += is_same(saved->states[i].of, saved->states[s].of);
    for (uint32_t f = 0; f < node->n_hosted; f++)
        if (is_same(node->hosted[f].identity, saved->states[s].of) && before-- == 0)
            return f;
    return UINT32_MAX;
}

uint32_t gy_fit_state(const struct gy_manifest_operator *saved, uint32_t s,
                      const struct gy_node *node)
{
    if (node->aggregation != GY_AGG_NONE)
        return function_state(saved, s, node);
    for (uint32_t i = 0; i < gy_node_states(node); i++)
        if (strcmp(gy_node_state(node, i).name, saved->states[s].name) == 0)
            return i;
    return UINT32_MAX;
}

static bool has_key_of(const struct gyre_state *map, const struct gy_manifest_state *saved)
{
    return saved->map_key != NULL && map->key->version == saved->map_key_version &&
           strcmp(map->key->name, saved->map_key) == 0 &&
           gy_state_fingerprint(map->key) == saved->map_key_fingerprint;
}

/* State `saved` of a node is its state `own`: is it of the same type, or can be migrated? */
static void check_type(const struct gy_fit *fit, const struct gy_node *node,
                       const struct gy_manifest_state *saved, uint32_t own)
{
    const struct gyre_state state = gy_node_state(node, own);
    const char *id = node->id, *name = saved->name;
    if (state.kind != saved->kind || strcmp(state.type->name, saved->type) != 0)
        gy_diags_add(fit->misfits, NULL, 0,
                     "state '%s' of '%s' was of type %s, and is of type %s now: give it up with "
                     "--drop-state %s",
                     name, id, saved->type, state.type->name, id);
    else if (state.type->version != saved->version && state.type->migrate == NULL)
        gy_diags_add(fit->misfits, NULL, 0,
                     "state '%s' of '%s' is of version %u in the snapshot and of version %u in "
                     "%s, which has no migrate for it: take the older plugin, or give the state up "
                     "with --drop-state %s",
                     name, id, saved->version, state.type->version, node->op, id);
    else if (state.type->version == saved->version &&
             gy_state_fingerprint(state.type) != saved->fingerprint)
        gy_diags_add(
            fit->misfits, NULL, 0,
            "the members of type %s of state '%s' of '%s' have changed: put the options of "
            "'%s' back, or give the state up with --drop-state %s; where the plugin has "
            "changed them it has to raise its version, which is %u as before, and to "
            "migrate",
            saved->type, name, id, id, id, saved->version);
    else if (state.key != NULL && !has_key_of(&state, saved))
        gy_diags_add(fit->misfits, NULL, 0,
                     "the keys of the map '%s' of '%s' have changed: give it up with "
                     "--drop-state %s",
                     name, id, id);
}

static void check_key(const struct gy_fit *fit, const struct gy_node *node,
                      const struct gy_manifest_operator *saved)
{
    char *key = gy_key_text(node);
    const char *before = saved->key != NULL ? saved->key : "";
    if (key == NULL)
        fit->misfits->oom = true;
    else if (saved->n_states > 0 && strcmp(key, before) != 0)
        gy_diags_add(fit->misfits, NULL, 0,
                     "the state of '%s' is by the key (%s), and the job has (%s): put the key "
                     "back, or give the state up with --drop-state %s",
                     node->id, before, key, node->id);
    else if (saved->n_states > 0 && before[0] == 0 && saved->n_tasks != node->parallelism)
        gy_diags_add(fit->misfits, NULL, 0,
                     "the state of '%s' has no key to divide it by: it can only be restored at "
                     "parallelism %u, as it was",
                     node->id, saved->n_tasks);
    gy_free(key);
}

/* The n-th function of a node, from 0 on, of which the snapshot has no state; NULL. */
static const struct gy_hosted *new_function(const struct gy_node *node,
                                            const struct gy_manifest_operator *saved, uint32_t n)
{
    for (uint32_t f = 0; node->aggregation != GY_AGG_NONE && f < node->n_hosted; f++) {
        bool is_known = false;
        for (uint32_t s = 0; s < saved->n_states; s++)
            is_known |= function_state(saved, s, node) == f;
        if (!is_known && n-- == 0)
            return &node->hosted[f];
    }
    return NULL;
}

/* A state of the snapshot that is none of the node's; `gone` others before it are likewise. */
static void tell_gone(const struct gy_fit *fit, const struct gy_node *node,
                      const struct gy_manifest_operator *saved, uint32_t s, uint32_t gone)
{
    const struct gy_manifest_state *state = &saved->states[s];
    const struct gy_hosted *now = new_function(node, saved, gone);
    const char *id = node->id;
    if (node->aggregation == GY_AGG_NONE || state->of == NULL)
        gy_diags_add(fit->misfits, NULL, 0,
                     "the snapshot has a state '%s' of '%s', which %s does not have: give it up "
                     "with --drop-state %s",
                     state->name, id, node->op, id);
    else if (now != NULL)
        gy_diags_add(fit->misfits, NULL, 0,
                     "the state of '%s' is of %s, and the job has %s: put it back, or give the "
                     "state up with --drop-state %s",
                     id, state->of, now->identity, id);
    else
        gy_diags_add(fit->misfits, NULL, 0,
                     "the state of '%s' is also of %s, which the job does not have: put it back, "
                     "or give the state of all up with --drop-state %s",
                     id, state->of, id);
}

/* What an aggregate tells at the end, or of a window, is of all rows: a function that has not seen those before the
 * snapshot cannot tell it. The first `gone` new ones stand for others, and that is told. */
static void check_functions(const struct gy_fit *fit, const struct gy_node *node,
                            const struct gy_manifest_operator *saved, uint32_t gone)
{
    const struct gy_hosted *now;
    if ((node->aggregation != GY_AGG_FINAL && node->aggregation != GY_AGG_WINDOWED) ||
        !keeps_something(saved))
        return;
    for (uint32_t n = gone; (now = new_function(node, saved, n)) != NULL; n++)
        gy_diags_add(fit->misfits, NULL, 0,
                     "'%s' has the function %s, which has not seen the rows before snapshot %llu: "
                     "take it out, or give the state of all up with --drop-state %s",
                     node->id, now->identity, (unsigned long long)fit->manifest->id, node->id);
}

static void check_states(const struct gy_fit *fit, const struct gy_node *node,
                         const struct gy_manifest_operator *saved)
{
    uint32_t gone = 0;
    for (uint32_t s = 0; s < saved->n_states; s++) {
        uint32_t own = gy_fit_state(saved, s, node);
        if (own == UINT32_MAX)
            tell_gone(fit, node, saved, s, gone++);
        else
            check_type(fit, node, &saved->states[s], own);
    }
    check_functions(fit, node, saved, gone);
}

/* Options that are declared to be of the state. */
static void check_options(const struct gy_fit *fit, const struct gy_node *node,
                          const struct gy_manifest_operator *saved)
{
    const char *before = saved->of != NULL ? saved->of : saved->op;
    const char *now = node->identity != NULL ? node->identity : node->op;
    if (keeps_something(saved) && strcmp(before, now) != 0)
        gy_diags_add(fit->misfits, NULL, 0,
                     "the state of '%s' is of %s, and the job has %s: put it back, or give the "
                     "state up with --drop-state %s",
                     node->id, before, now, node->id);
}

/* A window in each task has the rows of any key: nothing says whose they are at another parallelism. */
static void check_tasks(const struct gy_fit *fit, const struct gy_node *node,
                        const struct gy_manifest_operator *saved)
{
    if (node->window != NULL && node->window->per == GY_PER_TASK && node->key.n > 0 &&
        keeps_something(saved) && saved->n_tasks != node->parallelism)
        gy_diags_add(fit->misfits, NULL, 0,
                     "the windows of '%s' are of its tasks (per = \"task\"): they can only be "
                     "restored at parallelism %u, as it was",
                     node->id, saved->n_tasks);
}

static void check_operator(const struct gy_fit *fit, const struct gy_node *node)
{
    const struct gy_manifest_operator *saved = gy_fit_operator(fit, node);
    if (saved == NULL)
        return;
    if (strcmp(saved->op, node->op) != 0 && keeps_something(saved)) {
        gy_diags_add(fit->misfits, NULL, 0,
                     "'%s' was %s in snapshot %llu, and is %s in the job: give its state up with "
                     "--drop-state %s",
                     node->id, saved->op, (unsigned long long)fit->manifest->id, node->op,
                     node->id);
        return; /* what it had is another's */
    }
    check_key(fit, node, saved);
    check_options(fit, node, saved);
    check_tasks(fit, node, saved);
    check_states(fit, node, saved);
}

void gy_fit_check(const struct gy_fit *fit)
{
    check_orphans(fit);
    for (uint32_t n = 0; n < fit->graph->n_nodes; n++)
        check_operator(fit, fit->graph->nodes[n]);
}

void gy_fit_check_items(const struct gy_fit *fit, const struct gy_node *node)
{
    const struct gyre_operator *descriptor = node->descriptor;
    if (descriptor == NULL || descriptor->items == GYRE_ITEMS_NONE ||
        descriptor->restore_item == NULL)
        gy_diags_add(fit->misfits, NULL, 0,
                     "the snapshot has items of '%s', and %s takes none now: give them up with "
                     "--drop-state %s",
                     node->id, node->op, node->id);
    else if (descriptor->items_version < gy_fit_operator(fit, node)->items_version)
        gy_diags_add(fit->misfits, NULL, 0,
                     "the items of '%s' are of version %u in the snapshot, and %s takes them up to "
                     "version %u: take the newer plugin, or give them up with --drop-state %s",
                     node->id, gy_fit_operator(fit, node)->items_version, node->op,
                     descriptor->items_version, node->id);
}

const struct gy_manifest_operator *gy_fit_operator(const struct gy_fit *fit,
                                                   const struct gy_node *node)
{
    return gy_manifest_operator(fit->manifest, node->id);
}
