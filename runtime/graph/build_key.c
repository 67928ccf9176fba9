/* The key of an operator: its fields in each input port, of one type each; see build.h. */
#include "graph/build.h"

#include <string.h>

#include "job/value.h"

static void check_key_ports(struct gy_build *b, struct gy_build_node *bn)
{
    const struct gy_node *node = bn->node;
    for (uint32_t k = 0; k < bn->set->n_keys; k++) {
        const struct gy_key_setting *key = &bn->set->keys[k];
        const char **names = gy_arena_ctl_calloc(b->scope.arena, node->n_inputs, sizeof *names);
        bool found = key->port == NULL;
        for (uint32_t p = 0; names != NULL && p < node->n_inputs; p++) {
            names[p] = node->inputs[p].name;
            found |= key->port != NULL && strcmp(key->port, names[p]) == 0;
        }
        if (!found && names != NULL)
            gy_value_unknown(&b->scope, key->at, "input port", key->port, node->op, names,
                             node->n_inputs, "a `key` group is by port");
    }
}

/* The ports of an operator have keys of one type each. */
static void tell_key_types(struct gy_build *b, uint32_t index, uint32_t port, uint32_t i)
{
    const struct gy_build_node *bn = &b->nodes[index];
    const struct gy_input *in = bn->node->inputs;
    uint32_t first = 0;
    while (!bn->in_known[first])
        first++;
    const struct gyre_field *f = gyre_schema_field(&in[first].schema, in[first].key_fields[i]);
    const struct gyre_field *g = gyre_schema_field(&in[port].schema, in[port].key_fields[i]);
    const struct gy_key_setting *setting = gy_build_key_of(bn->set, in[port].name);
    gy_build_tell(b, setting->at, "key: `%s` is %s and `%s` is %s: %s has %s and %s has %s",
                  f->name, gyre_type_name(f->type), g->name, gyre_type_name(g->type),
                  gy_build_stream(b, index, first), gy_build_schema_text(b, &in[first].schema),
                  gy_build_stream(b, index, port), gy_build_schema_text(b, &in[port].schema));
}

/* Where the fields of an input's key stand in it, GY_NONE for one that there is not (told); how many
 * there are, 0 where that is not known. */
static uint32_t find_key(struct gy_build *b, uint32_t index, uint32_t port,
                         const struct gy_key_setting *setting, uint32_t *fields)
{
    if (setting->function != NULL)
        return gy_build_ahead_fields(b, index, port, fields);
    for (uint32_t i = 0; i < setting->n; i++) {
        int32_t at = gy_build_find_field(b, index, port, setting->fields[i], setting->at);
        fields[i] = at >= 0 ? (uint32_t)at : GY_NONE;
    }
    return setting->n;
}

/* Finds the key's fields in one input; false where something was told or is not known. */
static bool bind_key(struct gy_build *b, uint32_t index, uint32_t port, bool first)
{
    struct gy_build_node *bn = &b->nodes[index];
    struct gy_input *in = &bn->node->inputs[port];
    struct gy_key *key = &bn->node->key;
    uint32_t fields[GY_KEYS_MAX];
    const struct gy_key_setting *setting = gy_build_key_of(bn->set, in->name);
    if (setting == NULL) {
        gy_build_tell(b, bn->set->key_at, "key: the input port `%s` has none", in->name);
        return false;
    }
    uint32_t n = find_key(b, index, port, setting, fields);
    if (n == 0)
        return false;
    if (first)
        key->n = n;
    if (n != key->n) {
        gy_build_tell(b, setting->at, "key: the ports have keys of %u and %u fields", key->n, n);
        return false;
    }
    bool ok = true;
    for (uint32_t i = 0; i < n; i++) {
        if (fields[i] == GY_NONE) {
            ok = false;
            continue;
        }
        const struct gyre_field *f = gyre_schema_field(&in->schema, fields[i]);
        in->key_fields[i] = fields[i];
        key->nullable[i] |= (f->flags & GYRE_NULLABLE) != 0;
        if (first || key->types[i] == 0) {
            key->types[i] = f->type;
        } else if (key->types[i] != f->type) {
            tell_key_types(b, index, port, i);
            ok = false;
        }
    }
    return ok;
}

bool gy_build_keys(struct gy_build *b, uint32_t index)
{
    struct gy_build_node *bn = &b->nodes[index];
    bool ok = true, first = true;
    if (bn->set->key_at == NULL || bn->node->kind == GYRE_SOURCE)
        return true;
    check_key_ports(b, bn);
    for (uint32_t p = 0; p < bn->node->n_inputs; p++) {
        if (!bn->in_known[p]) {
            ok &= !bn->wired[p];
            continue;
        }
        ok &= bind_key(b, index, p, first);
        first = false;
    }
    gy_build_identity_key(b, index);
    return ok;
}
