/* See vary.h. */
#include "conform/vary.h"

#include "base/mem.h"

#include <stdio.h>

enum { SPREAD_BITS = 20, TIME_BITS = 27, VALUE_MOST = 96 };

bool gy_options_with(const char *options, const char *name, const char *value, struct gy_buf *into)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "%s = ", name);
    const char *at = options;
    while ((at = strstr(at, wanted)) != NULL && at != options && at[-1] != ' ')
        at++;
    gy_buf_reset(into);
    if (at == NULL) {
        gy_buf_printf(into, "%s %s = %s;", options, name, value);
        return false;
    }
    gy_buf_bytes(into, options, (size_t)(at - options));
    gy_buf_printf(into, "%s = %s%s", name, value, strchr(at, ';') != NULL ? strchr(at, ';') : ";");
    return true;
}

/* A number within the bounds of an option: mostly near the least one, now and then the greatest. */
static int64_t number(struct gy_rng *rng, const struct gyre_option *o)
{
    bool bounded = o->min != 0 || o->max != 0;
    int64_t least = bounded ? o->min : 0, most = bounded ? o->max : 1000;
    uint64_t bits = gy_rng_below(rng, o->type == GYRE_OPTION_DURATION ? TIME_BITS : SPREAD_BITS);
    uint64_t more = gy_rng_below(rng, UINT64_C(1) << bits);
    if (gy_rng_below(rng, 16) == 0)
        return most;
    return more > (uint64_t)most - (uint64_t)least ? most : least + (int64_t)more;
}

static const char *field(struct gy_rng *rng, const struct gyre_kit *probe)
{
    const struct gyre_schema *schema = probe->inputs[0].schema;
    uint32_t f = (uint32_t)gy_rng_below(rng, schema->n_fields);
    return gyre_schema_field(schema, f)->name;
}

/* A value as a job file writes it; false for types that are not drawn. */
static bool draw(struct gy_rng *rng, const struct gyre_option *o, const struct gyre_kit *probe,
                 char value[VALUE_MOST])
{
    const char *word = o->choices;
    switch (o->type) {
    case GYRE_OPTION_BOOL:
        snprintf(value, VALUE_MOST, "%s", gy_rng_below(rng, 2) != 0 ? "true" : "false");
        return true;
    case GYRE_OPTION_CHOICE:
        for (uint64_t skip = gy_rng_below(rng, 8); word != NULL && skip > 0; skip--)
            word = strchr(word, '|') != NULL ? strchr(word, '|') + 1 : o->choices;
        snprintf(value, VALUE_MOST, "\"%.*s\"", word != NULL ? (int)strcspn(word, "|") : 0,
                 word != NULL ? word : "");
        return true;
    case GYRE_OPTION_INT:
        snprintf(value, VALUE_MOST, "%lldL", (long long)number(rng, o));
        return true;
    case GYRE_OPTION_FLOAT:
        snprintf(value, VALUE_MOST, "%lld.%u", (long long)number(rng, o),
                 (unsigned)gy_rng_below(rng, 2) * 5);
        return true;
    case GYRE_OPTION_DURATION:
        snprintf(value, VALUE_MOST, "\"%lldus\"", (long long)number(rng, o));
        return true;
    case GYRE_OPTION_SIZE:
        snprintf(value, VALUE_MOST, "\"%lldB\"", (long long)number(rng, o));
        return true;
    case GYRE_OPTION_FIELD:
        snprintf(value, VALUE_MOST, "\"%.60s\"", field(rng, probe));
        return true;
    case GYRE_OPTION_FIELDS:
        snprintf(value, VALUE_MOST, "(\"%.60s\")", field(rng, probe));
        return true;
    default: return false;
    }
}

/* True where a job can be made with the options, and the check is for what comes of that. */
static bool is_taken(struct gy_case *c, const char *options)
{
    struct gy_subject other = *c->place.subject;
    struct gyre_kit_setup setup =
        gy_subject_setup(&other, c->place.plugin, c->place.plugin_path, c->place.scratch);
    setup.options = options;
    struct gyre_kit *kit = gy_kit_make(&setup, false);
    bool made = kit != NULL && kit->code == 0;
    if (made)
        gy_subject_look(&other, kit);
    gyre_kit_free(kit);
    return made && other.kinds == c->place.subject->kinds;
}

char *gy_vary_options(struct gy_case *c)
{
    const struct gy_node *node = c->probe->node;
    const struct gyre_operator *op = node->descriptor;
    const struct gyre_function *fn = node->n_hosted == 1 ? node->hosted[0].function : NULL;
    const struct gyre_option *options = op != NULL ? op->options : fn != NULL ? fn->options : NULL;
    uint32_t n = op != NULL ? op->n_options : fn != NULL ? fn->n_options : 0;
    char *all = gy_strdup(c->place.subject->options != NULL ? c->place.subject->options : "");
    struct gy_buf text = {0};
    struct gy_rng rng;
    gy_rng_init(&rng, c->seed ^ UINT64_C(0x9e3779b97f4a7c15));
    for (uint32_t i = 0; all != NULL && i < n && c->probe->inputs[0].schema != NULL; i++) {
        const struct gyre_option *o = gyre_option_at(options, i);
        char value[VALUE_MOST];
        if (gy_rng_below(&rng, 2) == 0 || !draw(&rng, o, c->probe, value))
            continue;
        gy_options_with(all, o->name, value, &text);
        if (gy_buf_cstr(&text) == NULL || !is_taken(c, gy_buf_cstr(&text)))
            continue;
        gy_free(all);
        all = gy_strdup(gy_buf_cstr(&text));
    }
    gy_buf_fini(&text);
    return all;
}
