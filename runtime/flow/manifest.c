/* See manifest.h. */
#include "flow/manifest.h"

#include "base/mem.h"
#include "flow/builds.h"
#include "flow/flow.h"
#include "state/store.h"

char *gy_key_text(const struct gy_node *node)
{
    struct gy_buf text = {0};
    for (uint32_t k = 0; k < node->key.n; k++) {
        const struct gy_input *input = &node->inputs[0];
        const struct gyre_field *field = gyre_schema_field(&input->schema, input->key_fields[k]);
        gy_buf_printf(&text, "%s%s: %s%s", k > 0 ? ", " : "", field->name,
                      gyre_type_name(node->key.types[k]), node->key.nullable[k] ? "?" : "");
    }
    if (node->key_by != NULL)
        gy_buf_printf(&text, " by %s", node->key_by);
    char *copy = text.failed ? NULL : gy_strdup(gy_buf_cstr(&text));
    gy_buf_fini(&text);
    return copy;
}

static int describe_state(struct gy_manifest_state *into, const struct gyre_state *state,
                          const char *of)
{
    *into = (struct gy_manifest_state){.name = gy_strdup(state->name),
                                       .kind = state->kind,
                                       .type = gy_strdup(state->type->name),
                                       .version = state->type->version,
                                       .fingerprint = gy_state_fingerprint(state->type)};
    if (of != NULL)
        into->of = gy_strdup(of);
    if (into->name == NULL || into->type == NULL || (of != NULL && into->of == NULL))
        return GYRE_ENOMEM;
    if (state->key == NULL)
        return 0;
    into->map_key = gy_strdup(state->key->name);
    into->map_key_version = state->key->version;
    into->map_key_fingerprint = gy_state_fingerprint(state->key);
    return into->map_key != NULL ? 0 : GYRE_ENOMEM;
}

static int describe_operator(struct gy_manifest_operator *into, const struct gy_node *node)
{
    uint32_t n_states = gy_node_states(node);
    into->id = gy_strdup(node->id);
    into->op = gy_strdup(node->op);
    into->items_version = node->descriptor != NULL ? node->descriptor->items_version : 0;
    into->states = gy_calloc(n_states + 1, sizeof *into->states);
    into->tasks = gy_calloc(node->parallelism + 1, sizeof *into->tasks);
    if (into->id == NULL || into->op == NULL || into->states == NULL || into->tasks == NULL)
        return GYRE_ENOMEM;
    into->n_tasks = node->parallelism;
    if (node->key.n > 0 && (into->key = gy_key_text(node)) == NULL)
        return GYRE_ENOMEM;
    if (node->identity != NULL && (into->of = gy_strdup(node->identity)) == NULL)
        return GYRE_ENOMEM;
    for (uint32_t s = 0; s < n_states; s++) {
        struct gyre_state state = gy_node_state(node, s);
        into->n_states = s + 1;
        const char *of = node->aggregation != GY_AGG_NONE ? node->hosted[s].identity : NULL;
        if (describe_state(&into->states[s], &state, of) != 0)
            return GYRE_ENOMEM;
    }
    return 0;
}

char *gy_state_file_name(const struct gy_node *node, uint32_t task)
{
    return gy_printf("%s-%u.state", node->id, task);
}

static int describe_files(struct gy_manifest_task *into, const struct gy_saved *saved)
{
    into->files = gy_calloc(saved->n_files + 1, sizeof *into->files);
    for (uint32_t f = 0; into->files != NULL && f < saved->n_files; f++) {
        into->files[f] = saved->files[f];
        into->files[f].name = gy_strdup(saved->files[f].name);
        into->n_files = f + 1;
        if (into->files[f].name == NULL)
            return GYRE_ENOMEM;
    }
    return into->files != NULL ? 0 : GYRE_ENOMEM;
}

static int describe_task(struct gy_manifest_task *into, const struct gy_member *member)
{
    const struct gy_saved *saved = &member->saved;
    into->watermark_us = saved->told_us;
    into->seen_us = saved->seen_us;
    into->ended = saved->ended;
    if (saved->file.path == NULL)
        return 0;
    into->file = gy_state_file_name(member->node, member->task->index);
    into->bytes = saved->file.bytes;
    into->checksum = saved->file.checksum;
    into->records = saved->part.total;
    return into->file != NULL ? describe_files(into, saved) : GYRE_ENOMEM;
}

/* At which operators the end of a round waits. */
static int describe_held(struct gy_manifest *manifest, const struct gy_rounds *rounds)
{
    for (uint32_t n = 0; n < manifest->n_operators; n++) {
        if (!rounds->saved_held[n])
            continue;
        manifest->operators[n].holds_end = gy_strdup(rounds->loop->id);
        if (manifest->operators[n].holds_end == NULL)
            return GYRE_ENOMEM;
    }
    return 0;
}

/* What comes from outside may have told +infinity while the watermark before it was still held. */
static void describe_last(struct gy_manifest *manifest, const struct gy_flow *flow)
{
    const struct gy_graph *graph = flow->physical->graph;
    for (uint32_t l = 0; l < graph->n_loops; l++) {
        struct gy_manifest_operator *head = &manifest->operators[graph->loops[l].head];
        head->last_us = flow->regions[graph->loops[l].region].saved_last_us;
        head->has_last = head->last_us != INT64_MIN;
    }
}

static int describe_rounds(struct gy_manifest *manifest, const struct gy_flow *flow)
{
    int code = 0;
    for (uint32_t r = 0; r < flow->n_regions; r++)
        for (uint32_t i = 0; i < flow->regions[r].n_rounds; i++) {
            const struct gy_rounds *rounds = &flow->regions[r].rounds[i];
            const struct gy_rounds_at *at = &rounds->saved;
            manifest->operators[rounds->loop->head].rounds =
                (struct gy_manifest_rounds){.known = true,
                                            .phase = (uint32_t)at->phase,
                                            .number = at->number,
                                            .ends = at->ends,
                                            .touched = at->touched,
                                            .stop = at->stop};
            code |= describe_held(manifest, rounds);
        }
    return code;
}

static int describe(struct gy_manifest *manifest, struct gy_flow *flow)
{
    const struct gy_graph *graph = flow->physical->graph;
    manifest->job = gy_strdup(graph->job);
    manifest->max_parallelism = graph->max_parallelism;
    manifest->finished = true;
    manifest->operators = gy_calloc(graph->n_nodes + 1, sizeof *manifest->operators);
    if (manifest->job == NULL || manifest->operators == NULL)
        return GYRE_ENOMEM;
    if (gy_builds_describe(manifest, graph) != 0)
        return GYRE_ENOMEM;
    manifest->n_operators = graph->n_nodes;
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        if (describe_operator(&manifest->operators[n], graph->nodes[n]) != 0)
            return GYRE_ENOMEM;
    describe_last(manifest, flow);
    if (describe_rounds(manifest, flow) != 0)
        return GYRE_ENOMEM;
    for (uint32_t t = 0; t < flow->n_tasks; t++) {
        const struct gy_task *task = &flow->tasks[t];
        for (uint32_t m = 0; m < task->n_members; m++) {
            const struct gy_member *member = &task->members[m];
            struct gy_manifest_operator *op = &manifest->operators[member->node->index];
            manifest->finished &= member->saved.ended;
            if (describe_task(&op->tasks[task->index], member) != 0)
                return GYRE_ENOMEM;
            for (uint32_t s = 0; s < op->n_states && member->saved.file.path != NULL; s++)
                op->states[s].records += gy_instance_saved_records(member->instance, s);
        }
    }
    return 0;
}

struct gy_manifest *gy_manifest_of(struct gy_flow *flow)
{
    struct gy_manifest *manifest = gy_calloc(1, sizeof *manifest);
    if (manifest != NULL && describe(manifest, flow) != 0) {
        gy_manifest_free(manifest);
        return NULL;
    }
    return manifest;
}
