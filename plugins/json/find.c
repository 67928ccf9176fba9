/* plugins/json/find.c: see find.h. */
#include "find.h"
#include "../file/json_text.h"
#include <yajl/yajl_parse.h>

#define DEPTH_MAX 512u
#define SHOWN_MAX 60 /* bytes of a value in a message */

/* An object or array that is open. */
struct frame {
    int32_t nodes[2];
    uint32_t is_array;
    uint32_t index; /* of its next element */
    size_t start;   /* in the text */
};

struct finder {
    const struct wants *wants;
    struct gyre_ctx *ctx;
    yajl_handle parser;
    struct found *value;
    struct found *elements; /* n_elements times wants->n */
    size_t n_elements;
    size_t room;
    char *decoded; /* the strings of this text that hold escapes */
    size_t decoded_size;
    size_t decoded_used;
    struct piece text;
    uint32_t depth;
    uint32_t values; /* begun at depth 0 */
    int32_t is_short_of_memory;
    int32_t has_why;
    int32_t pending[2]; /* the nodes of the key that has come */
    struct frame frames[DEPTH_MAX];
    char why[FIND_WHY];
};

GYRE_PRINTF(2, 3) static int refuse(struct finder *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(f->why, sizeof f->why, format, args);
    va_end(args);
    f->has_why = 1;
    return 0;
}

/* ---- what yajl calls --------------------------------------------------------------------------- */

/* Begins an element of the array: what it has is noted apart. */
static int add_element(struct finder *f)
{
    uint32_t n = f->wants->n;
    if (f->n_elements == f->room) {
        size_t room = f->room != 0 ? 2 * f->room : 16;
        struct found *more = gyre_alloc(f->ctx, f->elements, room * n * sizeof *more);
        if (more == NULL) {
            f->is_short_of_memory = 1;
            return 0;
        }
        f->elements = more;
        f->room = room;
    }
    memset(f->elements + f->n_elements++ * n, 0, n * sizeof *f->elements);
    return 1;
}

/* The nodes of the value that comes, of both trees; 0 to end here. */
static int enter(struct finder *f, int32_t nodes[2])
{
    const struct wants *w = f->wants;
    if (f->depth == 0) {
        memcpy(nodes, w->roots, sizeof w->roots);
        return f->values++ == 0 || refuse(f, "no JSON: something follows the value");
    }
    struct frame *frame = &f->frames[f->depth - 1];
    if (!frame->is_array) {
        memcpy(nodes, f->pending, sizeof f->pending);
        return 1;
    }
    uint32_t index = frame->index++;
    for (int tree = 0; tree < 2; tree++)
        nodes[tree] = nodes_index(&w->nodes, frame->nodes[tree], index);
    if (frame->nodes[1] == NO_NODE || frame->nodes[1] != w->array)
        return 1;
    nodes[1] = nodes_each(&w->nodes, w->array);
    return add_element(f);
}

static void note(struct finder *f, const int32_t nodes[2], struct found found)
{
    const struct wants *w = f->wants;
    for (int tree = 0; tree < 2; tree++) {
        int32_t i = nodes[tree] != NO_NODE ? w->nodes.at[nodes[tree]].want : NO_NODE;
        struct found *into = f->value;
        if (tree == 1 && i != NO_NODE)
            into = f->elements + (f->n_elements - 1) * w->n;
        for (; i != NO_NODE; i = w->next[i])
            into[i] = found;
    }
}

static int refuse_array(struct finder *f, const char *text, size_t n)
{
    return refuse(f, "`%s` is no array: %.*s%s", f->wants->array_path,
                  (int)(n < SHOWN_MAX ? n : SHOWN_MAX), text, n > SHOWN_MAX ? "..." : "");
}

/* A value that is no object and no array. */
static int take(struct finder *f, const char *at, size_t n, uint32_t kind)
{
    int32_t nodes[2];
    if (!enter(f, nodes))
        return 0;
    if (nodes[1] != NO_NODE && nodes[1] == f->wants->array && kind != FOUND_NULL)
        return refuse_array(f, at, n);
    if (nodes[0] == NO_NODE && nodes[1] == NO_NODE)
        return 1;
    int is_in_text = n == 0 || ((uintptr_t)at >= (uintptr_t)f->text.at &&
                                (uintptr_t)at < (uintptr_t)f->text.at + f->text.len);
    if (!is_in_text && kind != FOUND_BOOL && kind != FOUND_NULL) {
        at = memcpy(f->decoded + f->decoded_used, at, n);
        f->decoded_used += n;
    }
    note(f, nodes, (struct found){{n != 0 ? at : "", (uint32_t)n}, kind});
    return 1;
}

static int on_null(void *user)
{
    return take(user, "null", 4, FOUND_NULL);
}

static int on_bool(void *user, int value)
{
    return take(user, value ? "true" : "false", value ? 4 : 5, FOUND_BOOL);
}

static int on_number(void *user, const char *text, size_t n)
{
    return take(user, text, n, FOUND_NUMBER);
}

static int on_string(void *user, const unsigned char *bytes, size_t n)
{
    return take(user, (const char *)bytes, n, FOUND_STRING);
}

static int on_key(void *user, const unsigned char *bytes, size_t n)
{
    struct finder *f = user;
    const struct frame *frame = &f->frames[f->depth - 1];
    for (int tree = 0; tree < 2; tree++)
        f->pending[tree] = nodes_key(&f->wants->nodes, frame->nodes[tree], (const char *)bytes, n);
    return 1;
}

static int open_value(struct finder *f, int is_array)
{
    int32_t nodes[2];
    if (!enter(f, nodes))
        return 0;
    size_t start = yajl_get_bytes_consumed(f->parser) - 1;
    if (!is_array && nodes[1] != NO_NODE && nodes[1] == f->wants->array)
        return refuse_array(f, f->text.at + start, f->text.len - start);
    if (f->depth == DEPTH_MAX)
        return refuse(f, "it is nested deeper than %u", DEPTH_MAX);
    f->frames[f->depth++] = (struct frame){{nodes[0], nodes[1]}, (uint32_t)is_array, 0, start};
    return 1;
}

static int on_map(void *user)
{
    return open_value(user, 0);
}

static int on_array(void *user)
{
    return open_value(user, 1);
}

static int on_end(void *user)
{
    struct finder *f = user;
    const struct frame *frame = &f->frames[--f->depth];
    size_t end = yajl_get_bytes_consumed(f->parser);
    struct piece all = {f->text.at + frame->start, (uint32_t)(end - frame->start)};
    note(f, frame->nodes, (struct found){all, FOUND_OTHER});
    return 1;
}

static const yajl_callbacks callbacks = {.yajl_null = on_null,
                                         .yajl_boolean = on_bool,
                                         .yajl_number = on_number,
                                         .yajl_string = on_string,
                                         .yajl_start_map = on_map,
                                         .yajl_map_key = on_key,
                                         .yajl_end_map = on_end,
                                         .yajl_start_array = on_array,
                                         .yajl_end_array = on_end};

/* ---- the parser -------------------------------------------------------------------------------- */

static int new_parser(struct finder *f)
{
    if (f->parser != NULL)
        yajl_free(f->parser);
    f->parser = yajl_alloc(&callbacks, NULL, f);
    if (f->parser == NULL)
        return 0;
    yajl_config(f->parser, yajl_allow_multiple_values, 1);
    yajl_config(f->parser, yajl_dont_validate_strings, 1); /* json_text_sound does, and better */
    return 1;
}

struct finder *find_open(struct gyre_ctx *ctx, const struct wants *wants)
{
    struct finder *f = gyre_alloc(ctx, NULL, sizeof *f);
    if (f != NULL) {
        *f = (struct finder){.wants = wants, .ctx = ctx};
        f->value = gyre_alloc(ctx, NULL, wants->n * sizeof *f->value);
    }
    if (f != NULL && f->value != NULL && new_parser(f))
        return f;
    find_close(f, ctx);
    gyre_fail(ctx, GYRE_ENOMEM, "no memory to read JSON");
    return NULL;
}

void find_close(struct finder *f, struct gyre_ctx *ctx)
{
    if (f == NULL)
        return;
    if (f->parser != NULL)
        yajl_free(f->parser);
    if (f->value != NULL)
        gyre_alloc(ctx, f->value, 0);
    if (f->elements != NULL)
        gyre_alloc(ctx, f->elements, 0);
    if (f->decoded != NULL)
        gyre_alloc(ctx, f->decoded, 0);
    gyre_alloc(ctx, f, 0);
}

/* Room for all that may have to be decoded. */
static int make_room(struct finder *f, size_t n)
{
    if (f->decoded_size >= n)
        return 1;
    char *decoded = gyre_alloc(f->ctx, f->decoded, 2 * n);
    if (decoded == NULL)
        return 0;
    f->decoded = decoded;
    f->decoded_size = 2 * n;
    return 1;
}

/* Parses the text; what is wrong is in `why`. A parser that was in the midst is replaced. */
static int parse(struct finder *f)
{
    const unsigned char *text = (const unsigned char *)f->text.at;
    yajl_status status = yajl_parse(f->parser, text, f->text.len);
    if (status == yajl_status_ok) /* ends a number */
        status = yajl_parse(f->parser, (const unsigned char *)"\n", 1);
    if (status == yajl_status_ok && f->depth == 0 && f->values == 1)
        return 1;
    if (status == yajl_status_error && !f->has_why) {
        unsigned char *said = yajl_get_error(f->parser, 0, text, f->text.len);
        int length = said != NULL ? (int)strcspn((const char *)said, "\n") : 0;
        refuse(f, "no JSON, at byte %zu: %.*s", yajl_get_bytes_consumed(f->parser), length,
               said != NULL ? (const char *)said : "");
        yajl_free_error(f->parser, said);
    } else if (!f->has_why) {
        refuse(f, f->values == 0 ? "no JSON: there is no value" : "no JSON: it ends too early");
    }
    f->is_short_of_memory |= !new_parser(f);
    return 0;
}

int find_all(struct finder *f, struct gyre_ctx *ctx, struct piece text, char why[FIND_WHY])
{
    f->ctx = ctx;
    f->text = text;
    f->depth = f->values = 0;
    f->decoded_used = f->n_elements = 0;
    f->has_why = f->is_short_of_memory = 0;
    memset(f->value, 0, f->wants->n * sizeof *f->value);
    why[0] = 0;
    if (!make_room(f, text.len))
        return 0;
    if (!json_text_sound(text.at, text.len, why, FIND_WHY))
        return 0;
    if (parse(f))
        return 1;
    if (!f->is_short_of_memory)
        memcpy(why, f->why, FIND_WHY);
    return 0;
}

const struct found *find_value(const struct finder *f)
{
    return f->value;
}

const struct found *find_element(const struct finder *f, size_t i)
{
    return f->elements + i * f->wants->n;
}

size_t find_elements(const struct finder *f)
{
    return f->n_elements;
}
