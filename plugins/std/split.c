/* plugins/std/split.c: one output port per listed value of a field, or of a key function; other rows,
 * and those where the field is null, leave by the default port.
 *
 * All ports are aligned with the input and differ in their masks alone: nothing is copied. A port's
 * name is the value that it takes, or stands before it ("name=value"), as a value that is no name
 * needs it. Values are read as the field's type in bind. The result of a function comes in as a field,
 * which is not passed. The rows are looked at port by port, in loops that vectorize where values are numbers. Dropped rows hold
 * anything, so that strings are looked at only under the mask. */
#include "split.h"

#include <errno.h>
#include <stdlib.h>

struct split_config {
    const char *field;
    struct gyre_strs ports;
    const char *fn; /* the field that the host adds */
    /* made by bind: */
    uint32_t type;         /* of the field */
    int64_t *numbers;      /* per port: bool and integers */
    struct gyre_str *text; /* per port: str and bytes; refers to the option's own text */
};

/* ---- bind -------------------------------------------------------------------------------------- */

static int read_number(uint32_t type, const char *text, int64_t *v)
{
    char *end;
    if (type == GYRE_TYPE_bool) {
        *v = strcmp(text, "true") == 0;
        return *v || strcmp(text, "false") == 0;
    }
    if (text[0] != '-' && (text[0] < '0' || text[0] > '9'))
        return 0;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    *v = value;
    return errno == 0 && *end == 0 && end[-1] != '-' &&
           (type != GYRE_TYPE_i32 || (value >= INT32_MIN && value <= INT32_MAX));
}

/* The value in "value" or "name=value". */
static const char *value_of(const char *item)
{
    const char *equals = strchr(item, '=');
    return equals != NULL ? equals + 1 : item;
}

/* True where ports `i` and `k` take the same value. */
static int is_same(const struct split_config *c, uint32_t i, uint32_t k)
{
    return gyre_type_is_str(c->type) ? gyre_str_equal(&c->text[i], &c->text[k])
                                     : c->numbers[i] == c->numbers[k];
}

/* Reads the value that port `i` takes. */
static int32_t read_value(struct split_config *c, struct gyre_bind *bind, uint32_t i)
{
    const char *text = value_of(c->ports.items[i]);
    if (gyre_type_is_str(c->type))
        c->text[i] = gyre_str_view(text, (uint32_t)strlen(text));
    else if (!read_number(c->type, text, &c->numbers[i]))
        return gyre_bind_fail(bind, GYRE_EINVAL, "ports",
                              "\"%s\" is no value of the field `%s`, which is %s", text, c->field,
                              gyre_type_name(c->type));
    return GYRE_OK;
}

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* True where an operator has, or may have, a port of that name anyway. */
static int is_taken(const char *name, size_t n)
{
    static const char *const taken[] = {"out", "errors", "late"};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strlen(taken[i]) == n && memcmp(taken[i], name, n) == 0)
            return 1;
    return 0;
}

/* The `n` bytes at `name` cannot be a port's name: says how another one is given, by an example. */
static int32_t refuse_name(struct gyre_bind *bind, const char *name, size_t n, const char *value)
{
    char like[32];
    int taken = is_taken(name, n);
    size_t length = 0, most = sizeof like - 1;
    if (taken || n == 0)
        length = (size_t)snprintf(like, sizeof like, "%s", n == 0 ? "port" : "to_");
    for (size_t i = 0; i < n && length < most; i++)
        like[length++] = name[i] != 0 && strchr(NAME_CHARACTERS, name[i]) != NULL ? name[i] : '_';
    like[length] = 0;
    return gyre_bind_fail(
        bind, GYRE_EINVAL, "ports",
        "\"%.*s\" cannot be the name of a port%s: name it, as in \"%s=%s\"", (int)n, name,
        taken ? ", there is one of this name" : " (letters, digits, _ and -)", like, value);
}

/* Adds port `i`, which passes all fields. */
static int32_t add_port(const struct split_config *c, struct gyre_bind *bind, uint32_t i)
{
    const char *item = c->ports.items[i], *equals = strchr(item, '=');
    size_t n = equals != NULL ? (size_t)(equals - item) : strlen(item);
    if (n == 0 || strspn(item, NAME_CHARACTERS) < n || is_taken(item, n))
        return refuse_name(bind, item, n, value_of(item));
    char *name = bind->alloc(bind, n + 1);
    if (name == NULL)
        return GYRE_ENOMEM;
    memcpy(name, item, n);
    int32_t port = bind->add_port(bind, name, GYRE_PORT_ALIGNED | GYRE_PORT_FILTERS, "ports");
    return port < 0 ? port : bind->pass_all(bind, (uint32_t)port);
}

/* A value that two ports name would go to the first alone. */
static int32_t check_distinct(const struct split_config *c, struct gyre_bind *bind)
{
    int32_t code = GYRE_OK;
    for (uint32_t i = 0; i < c->ports.n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (is_same(c, i, k))
                code = gyre_bind_fail(bind, GYRE_EINVAL, "ports",
                                      "\"%s\" and \"%s\" are for one value", c->ports.items[k],
                                      c->ports.items[i]);
    return code;
}

/* Finds the field and makes room for its values. */
static int32_t bind_field(struct split_config *c, struct gyre_bind *bind)
{
    const char *option = c->fn != NULL ? "fn" : "field";
    if (c->fn != NULL && c->field != NULL)
        return gyre_bind_fail(bind, GYRE_EINVAL, "fn",
                              "`field` picks the port already: leave one of them out");
    if (c->fn != NULL)
        c->field = c->fn;
    if (c->field == NULL)
        return gyre_bind_fail(bind, GYRE_EINVAL, NULL,
                              "needs the option `field`: the field whose values `ports` lists; or "
                              "`fn`: a function that computes it");
    if (c->ports.n == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "ports",
                              "no values: each one listed in `ports` gets a port");
    int32_t code = bind->read(bind, 0, c->field, option);
    if (code < 0)
        return code;
    int32_t at = gyre_schema_find(bind->inputs[0], c->field);
    c->type = at >= 0 ? gyre_schema_field(bind->inputs[0], (uint32_t)at)->type : 0;
    if (c->type == GYRE_TYPE_f64 || gyre_type_size(c->type) == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, option,
                              "field `%s` is %s: rows are split by strings, integers, times and "
                              "bool",
                              c->field, gyre_type_name(c->type));
    c->numbers = bind->alloc(bind, c->ports.n * sizeof *c->numbers);
    c->text = bind->alloc(bind, c->ports.n * sizeof *c->text);
    return c->numbers != NULL && c->text != NULL ? GYRE_OK : GYRE_ENOMEM;
}

static int32_t split_bind(void *config, struct gyre_bind *bind)
{
    struct split_config *c = config;
    int32_t code = bind_field(c, bind);
    if (code < 0)
        return code;
    for (uint32_t i = 0; i < c->ports.n; i++) {
        int32_t read = read_value(c, bind, i), added = add_port(c, bind, i);
        code = read < 0 ? read : added < 0 ? added : code; /* go on: each mistake is reported */
    }
    return code < 0 ? code : check_distinct(c, bind);
}

/* ---- rows -------------------------------------------------------------------------------------- */

/* One loop for each width of number: takes the rows with `value` out of `rest`. */
#define TAKE_LOOP(name, ctype)                                                                     \
    static void name(const ctype *values, int64_t value, uint32_t n, uint8_t *rest, uint8_t *keep) \
    {                                                                                              \
        ctype wanted = (ctype)value;                                                               \
        GYRE_IVDEP                                                                                 \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            uint8_t is = (uint8_t)((values[i] == wanted) & rest[i]);                               \
            keep[i] = is;                                                                          \
            rest[i] = (uint8_t)(rest[i] & ~is);                                                    \
        }                                                                                          \
    }
TAKE_LOOP(take_u8, uint8_t)
TAKE_LOOP(take_i32, int32_t)
TAKE_LOOP(take_i64, int64_t)

static void take_str(const struct gyre_str *values, const struct gyre_str *wanted, uint32_t n,
                     uint8_t *rest, uint8_t *keep)
{
    for (uint32_t i = 0; i < n; i++) {
        uint8_t is = rest[i] && gyre_str_equal(&values[i], wanted);
        keep[i] = is;
        rest[i] = (uint8_t)(rest[i] & ~is);
    }
}

/* Rows where the field is there, and rows where it is null. */
static void part_nulls(const struct gyre_batch *in, uint8_t *there, uint8_t *rest)
{
    const uint8_t *keep = in->keep, *valid = in->columns[0].valid;
    for (uint32_t i = 0; i < in->rows; i++) {
        uint8_t is_kept = keep == NULL || keep[i] != 0;
        there[i] = is_kept & (valid == NULL || valid[i] != 0);
        rest[i] = is_kept & (uint8_t)~there[i];
    }
}

static int32_t split_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct split_config *c = ctx->config;
    const void *values = in->columns[0].data;
    uint8_t *rest = ctx->outputs[0]->keep;
    uint8_t there[GYRE_BATCH_ROWS];
    (void)self;
    part_nulls(in, there, rest);
    for (uint32_t p = 0; p < c->ports.n; p++) {
        uint8_t *keep = ctx->outputs[p + 1]->keep;
        if (gyre_type_is_str(c->type))
            take_str(values, &c->text[p], in->rows, there, keep);
        else if (c->type == GYRE_TYPE_bool)
            take_u8(values, c->numbers[p], in->rows, there, keep);
        else if (c->type == GYRE_TYPE_i32)
            take_i32(values, c->numbers[p], in->rows, there, keep);
        else
            take_i64(values, c->numbers[p], in->rows, there, keep);
    }
    for (uint32_t i = 0; i < in->rows; i++)
        rest[i] |= there[i];
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct split_config, field, FIELD, NULL, 0, "the field whose value picks the port"),
    GYRE_OPT(
        struct split_config, ports, STRINGS, NULL, 0,
        "the values that have a port of their own: \"value\", or \"port=value\" where the value is "
        "no name"),
    GYRE_OPT(struct split_config, fn, KEY_FUNCTION, NULL, 0,
             "the function whose value picks the port, instead of `field`"),
};

static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "any rows");
static const struct gyre_port output =
    GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_FILTERS | GYRE_PORT_PASS_REST, NULL, 0,
              "the rows with another value, or none");

const struct gyre_operator gyre_op_split = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "split",
    .doc = "Sends rows to ports by the value of a field or function.",
    .flags = GYRE_MASK_AWARE,
    .config_size = sizeof(struct split_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .bind = split_bind,
    .process = split_process,
};
