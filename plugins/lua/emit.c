/* plugins/lua/emit.c: see emit.h. */
#include "emit.h"

#include <stdlib.h>

#define FIRST_ROOM 64u

struct staged_text {
    struct staged_text *next;
    char bytes[];
};

struct emit_own {
    uint32_t n_columns;
    uint32_t room;     /* rows in `data` */
    int64_t row_bytes; /* of one row in `data` and `valid` */
    int64_t bytes_most;
    int64_t text_bytes;
    uint32_t *types;
    uint8_t *nullable;
    void **data;
    uint8_t **valid; /* NULL where a field is not nullable */
    struct staged_text *texts;
};

static void drop_texts(struct emit_own *own)
{
    while (own->texts != NULL) {
        struct staged_text *next = own->texts->next;
        free(own->texts);
        own->texts = next;
    }
    own->text_bytes = 0;
}

/* A copy of a string that lives until the row's end; 0 without memory. */
static int32_t hold(struct emit_own *own, struct gyre_str *s)
{
    if (s->len <= GYRE_STR_INLINE)
        return 1;
    own->text_bytes += s->len;
    int is_much = own->text_bytes + own->room * own->row_bytes > own->bytes_most;
    struct staged_text *text = is_much ? NULL : malloc(sizeof *text + s->len);
    if (text == NULL)
        return 0;
    text->next = own->texts;
    own->texts = text;
    memcpy(text->bytes, s->u.ptr, s->len);
    *s = gyre_str_view(text->bytes, s->len);
    return 1;
}

/* Room for `room` staged rows; 0 without memory. */
static int32_t widen(struct emit_own *own, uint32_t room)
{
    if (own->text_bytes + room * own->row_bytes > own->bytes_most)
        return 0;
    for (uint32_t k = 0; k < own->n_columns; k++) {
        void *data = realloc(own->data[k], (size_t)room * gyre_type_size(own->types[k]));
        own->data[k] = data != NULL ? data : own->data[k];
        void *valid = own->nullable[k] ? realloc(own->valid[k], room) : NULL;
        own->valid[k] = valid != NULL ? valid : own->valid[k];
        if (data == NULL || (own->nullable[k] && valid == NULL))
            return 0;
    }
    own->room = room;
    return 1;
}

/* The rows that the port has room for stand there already, behind its last one. */
static int32_t stage(struct emitter *e)
{
    struct emit_own *own = e->own;
    drop_texts(own); /* of a row that has come to no end */
    while (own->room <= e->n)
        if (!widen(own, own->room == 0 ? FIRST_ROOM : 2 * own->room))
            return 0;
    for (uint32_t k = 0; k < own->n_columns; k++) {
        size_t size = gyre_type_size(own->types[k]);
        memcpy(own->data[k], (const char *)e->data[k] + e->base * size, e->n * size);
        if (own->valid[k] != NULL)
            memcpy(own->valid[k], e->valid[k] + e->base, e->n);
        struct gyre_str *strings = own->data[k];
        for (uint32_t i = 0; gyre_type_is_str(own->types[k]) && i < e->n; i++)
            if (!hold(own, &strings[i]))
                return 0;
    }
    e->data = own->data;
    e->valid = own->valid;
    e->base = 0;
    e->room = own->room;
    e->is_staged = 1;
    return 1;
}

static int32_t more(struct emitter *e)
{
    if (e->is_staged) {
        int32_t wider = widen(e->own, 2 * e->own->room);
        e->data = e->own->data;
        e->valid = e->own->valid;
        e->room = e->own->room;
        return wider;
    }
    if (e->n != 0)
        return stage(e);
    e->out->full(e->out);
    emit_begin(e);
    return e->room != 0;
}

static int32_t text(struct emitter *e, uint32_t column, uint32_t row, const char *data, size_t len)
{
    if (len > UINT32_MAX)
        return 0;
    struct gyre_str *into = (struct gyre_str *)e->data[column] + row;
    if (!e->is_staged || len <= GYRE_STR_INLINE) {
        *into = gyre_out_str(e->out, data, (uint32_t)len);
        return 1; /* without memory the host fails the call */
    }
    *into = gyre_str_view(data, (uint32_t)len);
    return hold(e->own, into);
}

/* Staged row `from` becomes a row of the port. */
static void put_out(struct emitter *e, uint32_t from, int64_t time)
{
    const struct emit_own *own = e->own;
    uint32_t row = gyre_out_row(e->out, time);
    for (uint32_t k = 0; k < own->n_columns; k++) {
        size_t size = gyre_type_size(own->types[k]);
        memcpy((char *)e->out->data[k] + row * size, (const char *)own->data[k] + from * size,
               size);
        if (e->out->valid[k] != NULL)
            e->out->valid[k][row] = own->valid[k][from];
        const struct gyre_str *s = (const struct gyre_str *)own->data[k] + from;
        if (gyre_type_is_str(own->types[k]) && s->len > GYRE_STR_INLINE)
            ((struct gyre_str *)e->out->data[k])[row] = gyre_out_str(e->out, s->u.ptr, s->len);
    }
}

static void commit(struct emitter *e, int64_t time)
{
    if (e->is_staged) {
        for (uint32_t i = 0; i < e->n; i++)
            put_out(e, i, time);
        drop_texts(e->own);
        return;
    }
    e->out->rows = e->base + e->n;
    for (uint32_t i = e->base; e->out->time != NULL && i < e->out->rows; i++)
        e->out->time[i] = time;
}

int32_t emit_init(struct emitter *e, const struct gyre_schema *schema, int64_t bytes_most)
{
    *e = (struct emitter){.more = more, .text = text, .commit = commit};
    struct emit_own *own = e->own = calloc(1, sizeof *own);
    if (own == NULL)
        return GYRE_ENOMEM;
    own->n_columns = schema->n_fields;
    own->bytes_most = bytes_most;
    own->types = calloc(schema->n_fields + 1, sizeof *own->types);
    own->nullable = calloc(schema->n_fields + 1, 1);
    own->data = calloc(schema->n_fields + 1, sizeof *own->data);
    own->valid = calloc(schema->n_fields + 1, sizeof *own->valid);
    if (own->types == NULL || own->nullable == NULL || own->data == NULL || own->valid == NULL)
        return GYRE_ENOMEM;
    for (uint32_t k = 0; k < schema->n_fields; k++) {
        own->types[k] = gyre_schema_field(schema, k)->type;
        own->nullable[k] = (gyre_schema_field(schema, k)->flags & GYRE_NULLABLE) != 0;
        own->row_bytes += gyre_type_size(own->types[k]) + 1;
    }
    return GYRE_OK;
}

void emit_fini(struct emitter *e)
{
    struct emit_own *own = e->own;
    if (own == NULL)
        return;
    drop_texts(own);
    for (uint32_t k = 0; own->data != NULL && own->valid != NULL && k < own->n_columns; k++) {
        free(own->data[k]);
        free(own->valid[k]);
    }
    free(own->types);
    free(own->nullable);
    free(own->data);
    free(own->valid);
    free(own);
    e->own = NULL;
}
