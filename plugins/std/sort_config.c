/* plugins/std/sort_config.c: see sort_config.h. */
#include "sort_config.h"

enum { NAME_MAX_BYTES = 256 };

/* Takes a name off the front of `*by`, without blanks; 0 where there is none, or it is too long. */
static int take_name(const char **by, char name[NAME_MAX_BYTES], int32_t *descends)
{
    const char *at = *by + strspn(*by, " "), *end = at + strcspn(at, ",");
    *by = *end != 0 ? end + 1 : end;
    *descends = *at == '-';
    at += *at == '-' || *at == '+';
    while (end > at && end[-1] == ' ')
        end--;
    size_t n = (size_t)(end - at);
    if (n == 0 || n >= NAME_MAX_BYTES)
        return 0;
    memcpy(name, at, n);
    name[n] = 0;
    return 1;
}

static int32_t bind_field(struct sort_config *c, struct gyre_bind *bind, const char *name,
                          int32_t descends)
{
    int32_t in = bind->read(bind, 0, name, "by");
    int32_t at = in >= 0 ? gyre_schema_find(bind->inputs[0], name) : -1;
    if (at < 0)
        return in < 0 ? in : GYRE_EINVAL;
    c->fields[c->n_fields++] =
        (struct sort_field){.in = (uint32_t)in,
                            .type = gyre_schema_field(bind->inputs[0], (uint32_t)at)->type,
                            .descends = descends};
    return GYRE_OK;
}

/* Where a field to sort by is in a row that is kept. */
static void place(struct sort_config *c)
{
    for (uint32_t i = 0; i < c->n_fields; i++)
        for (uint32_t k = 0; k < c->whole.n; k++)
            if (c->whole.columns[k].in == c->fields[i].in)
                c->fields[i].at = k;
}

static int32_t bind_by(struct sort_config *c, struct gyre_bind *bind)
{
    const char *by = c->by;
    char name[NAME_MAX_BYTES];
    int32_t descends, code = GYRE_OK;
    do {
        if (!take_name(&by, name, &descends))
            return gyre_bind_fail(bind, GYRE_EINVAL, "by",
                                  "\"%.100s\" is no list of fields, as in \"-amount, name\"",
                                  c->by);
        int32_t bound = bind_field(c, bind, name, descends);
        code = bound < 0 ? bound : code; /* go on: each wrong one is told */
    } while (*by != 0);
    return code;
}

static int32_t bind_all(struct sort_config *c, struct gyre_bind *bind, int with_key)
{
    int32_t code = GYRE_OK;
    c->fields = bind->alloc(bind, (strlen(c->by) + 1 + bind->n_keys) * sizeof *c->fields);
    if (c->fields == NULL)
        return GYRE_ENOMEM;
    for (uint32_t k = 0; with_key && code == GYRE_OK && k < bind->n_keys; k++)
        code = bind_field(c, bind, bind->keys[k], 0);
    code = code == GYRE_OK ? bind_by(c, bind) : code;
    code = code == GYRE_OK ? whole_rows_bind(&c->whole, bind, with_key) : code;
    place(c);
    return code;
}

int32_t sort_bind(void *config, struct gyre_bind *bind)
{
    return bind_all(config, bind, 0);
}

int32_t sort_bind_whole(void *config, struct gyre_bind *bind)
{
    return bind_all(config, bind, 1);
}

const struct gyre_option sort_options[SORT_OPTIONS] = {
    GYRE_OPT(struct sort_config, by, STRING, NULL, GYRE_REQUIRED,
             "the fields, as in \"-amount, name\": a - puts the greatest first; nulls are last"),
    GYRE_OPT_RANGE(struct sort_config, memory, SIZE, "256MiB", 16384, INT64_MAX, NULL,
                   "of a whole batch, for each task: rows beyond it go to a scratch file"),
    GYRE_OPT(struct sort_config, scratch, PATH, NULL, 0,
             "the folder of that file, which has no name; default: $TMPDIR, or /tmp"),
};
