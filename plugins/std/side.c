/* plugins/std/side.c: see side.h. */
#include "side.h"

#define NAME_MAX_BYTES 256

/* ---- bound ---- */

static int is_key(const struct gyre_bind *bind, uint32_t port, const char *name)
{
    for (uint32_t k = 0; k < bind->n_keys; k++)
        if (strcmp(bind->port_keys[port][k], name) == 0)
            return 1;
    return 0;
}

static int32_t read_field(struct gyre_bind *bind, uint32_t port, const char *name,
                          struct side_field *field)
{
    int32_t in = bind->read(bind, port, name, NULL);
    if (in < 0)
        return in;
    int32_t at = gyre_schema_find(bind->inputs[port], name);
    const struct gyre_field *f = gyre_schema_field(bind->inputs[port], (uint32_t)at);
    *field = (struct side_field){.name = f->name,
                                 .type = f->type,
                                 .in = (uint32_t)in,
                                 .null_at = (f->flags & GYRE_NULLABLE) != 0};
    return GYRE_OK;
}

static int32_t read_fields(struct side *side, struct gyre_bind *bind)
{
    const struct gyre_schema *schema = bind->inputs[side->port];
    int32_t code = GYRE_OK;
    for (uint32_t i = 0; code == GYRE_OK && i < schema->n_fields; i++) {
        const char *name = gyre_schema_field(schema, i)->name;
        if (!is_key(bind, side->port, name))
            code = read_field(bind, side->port, name, &side->fields[side->n++]);
    }
    for (uint32_t k = 0; code == GYRE_OK && k < bind->n_keys; k++)
        code = read_field(bind, side->port, bind->port_keys[side->port][k],
                          &side->keys[side->n_keys++]);
    return code;
}

static void add_member(struct gyre_member *members, struct gyre_state_type *row, const char *name,
                       uint32_t type)
{
    uint32_t size = gyre_type_size(type), align = size > 8 ? 8 : size;
    uint32_t at = (row->value_size + align - 1) / align * align;
    members[row->n_members++] = (struct gyre_member){name, type, at};
    row->value_size = at + size;
}

/* The name of a field's flag: no field is called so. */
static char *flag_name(struct gyre_bind *bind, const char *name)
{
    static const char end[] = " is null";
    char *text = bind->alloc(bind, strlen(name) + sizeof end);
    if (text != NULL) {
        memcpy(text, name, strlen(name));
        memcpy(text + strlen(name), end, sizeof end);
    }
    return text;
}

static int32_t make_row(struct side *side, struct gyre_bind *bind, const char *name)
{
    struct gyre_member *members = bind->alloc(bind, (2 * (size_t)side->n + 1) * sizeof *members);
    if (members == NULL)
        return GYRE_ENOMEM;
    side->row = (struct gyre_state_type){
        .size = sizeof side->row, .version = 1, .name = name, .value_align = 8, .members = members};
    add_member(members, &side->row, "row's time", GYRE_TYPE_time);
    for (uint32_t i = 0; i < side->n; i++) {
        add_member(members, &side->row, side->fields[i].name, side->fields[i].type);
        side->fields[i].at = members[side->row.n_members - 1].offset;
    }
    for (uint32_t i = 0; i < side->n; i++) {
        if (side->fields[i].null_at == 0)
            continue;
        char *flag = flag_name(bind, side->fields[i].name);
        if (flag == NULL)
            return GYRE_ENOMEM;
        add_member(members, &side->row, flag, GYRE_TYPE_bool);
        side->fields[i].null_at = members[side->row.n_members - 1].offset;
    }
    side->row.value_size = (side->row.value_size + 7) / 8 * 8;
    return GYRE_OK;
}

int32_t side_bind(struct side *side, struct gyre_bind *bind, uint32_t port, const char *name)
{
    uint32_t n = bind->inputs[port]->n_fields;
    side->port = port;
    side->fields = bind->alloc(bind, (n + 1) * sizeof *side->fields);
    side->keys = bind->alloc(bind, (bind->n_keys + 1) * sizeof *side->keys);
    if (side->fields == NULL || side->keys == NULL)
        return GYRE_ENOMEM;
    int32_t code = read_fields(side, bind);
    if (code == GYRE_OK)
        code = make_row(side, bind, name);
    if (code != GYRE_OK)
        return code;
    side->state = (struct gyre_state){.size = sizeof side->state,
                                      .kind = GYRE_STATE_LIST,
                                      .name = name,
                                      .doc = "rows that others may be joined with",
                                      .type = &side->row};
    int32_t id = bind->add_state(bind, &side->state);
    side->id = (uint32_t)id;
    return id < 0 ? id : GYRE_OK;
}

static int32_t write_field(struct gyre_bind *bind, struct side_field *field, const char *name,
                           int nullable)
{
    int32_t out =
        bind->write(bind, 0, field->type, name, nullable || field->null_at ? GYRE_NULLABLE : 0);
    if (out < 0)
        return out;
    field->out = (uint32_t)out;
    return GYRE_OK;
}

int32_t side_write_key(struct side *side, struct gyre_bind *bind, int nullable)
{
    int32_t code = GYRE_OK;
    for (uint32_t k = 0; code == GYRE_OK && k < side->n_keys; k++)
        code = write_field(bind, &side->keys[k], side->keys[k].name, nullable);
    return code;
}

/* True where a field of the output is called so: the key, the window's, the other side's. */
static int is_taken(const struct gyre_bind *bind, const struct side *before, const char *name)
{
    if (bind->window != NULL &&
        (strcmp(name, "window_start") == 0 || strcmp(name, "window_end") == 0))
        return 1;
    for (uint32_t k = 0; k < before->n_keys; k++)
        if (strcmp(before->keys[k].name, name) == 0)
            return 1;
    for (uint32_t i = 0; i < before->n; i++)
        if (strcmp(before->fields[i].name, name) == 0)
            return 1;
    return 0;
}

int32_t side_write(struct side *side, struct gyre_bind *bind, int nullable,
                   const struct side *before, const char *prefix)
{
    int32_t code = GYRE_OK;
    for (uint32_t i = 0; code == GYRE_OK && i < side->n; i++) {
        struct side_field *field = &side->fields[i];
        char longer[NAME_MAX_BYTES];
        const char *name = field->name;
        if (prefix != NULL && is_taken(bind, before, name)) {
            int n = snprintf(longer, sizeof longer, "%s%s", prefix, name);
            if (n >= (int)sizeof longer)
                return gyre_bind_fail(bind, GYRE_EINVAL, NULL, "the name `%s` is too long", name);
            name = longer;
        }
        code = write_field(bind, field, name, nullable);
    }
    return code;
}

/* ---- kept ---- */

int side_is_null_key(const struct side *side, const struct gyre_batch *in, uint32_t row)
{
    for (uint32_t k = 0; k < side->n_keys; k++)
        if (gyre_is_null(in, side->keys[k].in, row))
            return 1;
    return 0;
}

int side_due_null_key(const struct side *side, const struct gyre_batch *keys, uint32_t row)
{
    for (uint32_t k = 0; k < side->n_keys; k++)
        if (gyre_is_null(keys, k, row))
            return 1;
    return 0;
}

static const char *value_of(const struct gyre_batch *in, const struct side_field *field,
                            uint32_t row)
{
    return (const char *)in->columns[field->in].data + (size_t)row * gyre_type_size(field->type);
}

static int32_t fill(const struct side *side, struct gyre_ctx *ctx, char *kept,
                    const struct gyre_batch *in, uint32_t row)
{
    int32_t code = GYRE_OK;
    *(int64_t *)(void *)kept = gyre_row_time(in, row);
    for (uint32_t i = 0; code == GYRE_OK && i < side->n; i++) {
        const struct side_field *field = &side->fields[i];
        const char *value = value_of(in, field, row);
        if (field->null_at != 0 && gyre_is_null(in, field->in, row))
            kept[field->null_at] = 1;
        else if (gyre_type_is_str(field->type))
            code = gyre_state_str(ctx, (struct gyre_str *)(void *)(kept + field->at),
                                  (const struct gyre_str *)(const void *)value);
        else
            memcpy(kept + field->at, value, gyre_type_size(field->type));
    }
    return code;
}

/* Moves the last row to its place: behind those of its time and before. */
static uint64_t sort_in(const struct side *side, struct gyre_ctx *ctx, struct gyre_list *list,
                        int64_t time_us, char *scratch)
{
    uint64_t last = gyre_list_count(ctx, list) - 1, to = last;
    size_t size = side->row.value_size;
    char *moved = scratch, *one = scratch + size;
    if (to == 0 || side_time(ctx, list, to - 1) <= time_us)
        return to;
    memcpy(moved, gyre_list_at(ctx, list, last), size);
    for (; to > 0 && side_time(ctx, list, to - 1) > time_us; to--) {
        memcpy(one, gyre_list_at(ctx, list, to - 1), size);
        memcpy(gyre_list_at(ctx, list, to), one, size);
    }
    memcpy(gyre_list_at(ctx, list, to), moved, size);
    return to;
}

int32_t side_keep(const struct side *side, struct gyre_ctx *ctx, struct gyre_list *list,
                  const struct gyre_batch *in, uint32_t row, int sorted, void *scratch,
                  uint64_t *at)
{
    char *kept = gyre_list_add(ctx, list);
    if (kept == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a row of `%s`", side->state.name);
    int32_t code = fill(side, ctx, kept, in, row);
    *at = gyre_list_count(ctx, list) - 1;
    if (sorted)
        *at = sort_in(side, ctx, list, gyre_row_time(in, row), scratch);
    return code;
}

int64_t side_time(struct gyre_ctx *ctx, struct gyre_list *list, uint64_t i)
{
    return *(const int64_t *)gyre_list_at(ctx, list, i);
}

uint64_t side_count(struct gyre_ctx *ctx, const struct gyre_list *list)
{
    return list != NULL ? gyre_list_count(ctx, list) : 0;
}

uint64_t side_before(struct gyre_ctx *ctx, struct gyre_list *list, int64_t time_us)
{
    uint64_t low = 0, high = side_count(ctx, list);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (side_time(ctx, list, middle) < time_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void *side_scratch(struct gyre_ctx *ctx, const struct side *sides, uint32_t n)
{
    size_t size = 0;
    for (uint32_t i = 0; i < n; i++)
        size = sides[i].row.value_size > size ? sides[i].row.value_size : size;
    return gyre_alloc(ctx, NULL, 2 * size);
}

void side_remove_empty(const struct side *side, struct gyre_ctx *ctx, const struct gyre_batch *keys,
                       void *const *lists)
{
    uint8_t is_empty[GYRE_BATCH_ROWS];
    for (uint32_t i = 0; i < keys->rows; i++)
        is_empty[i] = lists[i] != NULL && gyre_list_count(ctx, lists[i]) == 0;
    for (uint32_t i = 0; i < keys->rows; i++)
        if (is_empty[i])
            gyre_state_remove(ctx, side->id, keys, i);
}

/* ---- put out ---- */

static void put_null(struct gyre_out *out, uint32_t to, const struct side_field *field)
{
    size_t size = gyre_type_size(field->type);
    memset((char *)out->data[field->out] + to * size, 0, size);
    out->valid[field->out][to] = 0;
}

static void put_value(struct gyre_out *out, uint32_t to, const struct side_field *field,
                      const void *value)
{
    size_t size = gyre_type_size(field->type);
    if (gyre_type_is_str(field->type)) {
        const struct gyre_str *s = value;
        GYRE_OUT(out, field->out, struct gyre_str)
        [to] = gyre_out_str(out, gyre_str_data(s), s->len);
    } else {
        memcpy((char *)out->data[field->out] + to * size, value, size);
    }
}

void side_put_key(const struct side *side, struct gyre_out *out, uint32_t to,
                  const struct side *from, const struct gyre_batch *in, uint32_t row)
{
    for (uint32_t k = 0; k < side->n_keys; k++) {
        const struct side_field *field = &side->keys[k];
        uint32_t column = from != NULL ? from->keys[k].in : k;
        size_t size = gyre_type_size(field->type);
        if (gyre_is_null(in, column, row))
            put_null(out, to, field);
        else
            put_value(out, to, field, (const char *)in->columns[column].data + row * size);
    }
}

void side_put_kept(const struct side *side, struct gyre_out *out, uint32_t to, const void *kept)
{
    for (uint32_t i = 0; i < side->n; i++) {
        const struct side_field *field = &side->fields[i];
        if (field->null_at != 0 && ((const char *)kept)[field->null_at] != 0)
            put_null(out, to, field);
        else
            put_value(out, to, field, (const char *)kept + field->at);
    }
}

void side_put_row(const struct side *side, struct gyre_out *out, uint32_t to,
                  const struct gyre_batch *in, uint32_t row)
{
    for (uint32_t i = 0; i < side->n; i++) {
        const struct side_field *field = &side->fields[i];
        if (gyre_is_null(in, field->in, row))
            put_null(out, to, field);
        else
            put_value(out, to, field, value_of(in, field, row));
    }
}

void side_put_null(const struct side *side, struct gyre_out *out, uint32_t to)
{
    for (uint32_t i = 0; i < side->n; i++)
        put_null(out, to, &side->fields[i]);
}
