/* plugins/std/select.c: picks fields, in a new order and under new names. All of it is done in bind:
 * the columns are passed on by reference, and there is nothing to do for a batch. */
#include "select.h"

#define NAME_MAX_BYTES 256

struct select_config {
    struct gyre_strs fields;
};

/* Copies at ... end - 1 without blanks around it; 0 where nothing is left, or it is too long. */
static int copy_name(char name[NAME_MAX_BYTES], const char *at, const char *end)
{
    while (at < end && *at == ' ')
        at++;
    while (end > at && end[-1] == ' ')
        end--;
    size_t n = (size_t)(end - at);
    if (n == 0 || n >= NAME_MAX_BYTES)
        return 0;
    memcpy(name, at, n);
    name[n] = 0;
    return 1;
}

/* Passes the field that "name" or "new=old" means. */
static int32_t pass_field(struct gyre_bind *bind, const char *item)
{
    char new_name[NAME_MAX_BYTES], old_name[NAME_MAX_BYTES];
    const char *end = item + strlen(item), *equals = strchr(item, '=');
    int is_good = equals == NULL
                      ? copy_name(old_name, item, end)
                      : copy_name(new_name, item, equals) && copy_name(old_name, equals + 1, end);
    if (!is_good)
        return gyre_bind_fail(bind, GYRE_EINVAL, "fields",
                              "\"%s\" is neither \"name\" nor \"new=old\"", item);
    return bind->pass(bind, 0, old_name, equals != NULL ? new_name : NULL, "fields");
}

static int32_t select_bind(void *config, struct gyre_bind *bind)
{
    const struct select_config *c = config;
    int32_t code = GYRE_OK;
    if (c->fields.n == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "fields", "an empty list of fields");
    for (uint32_t i = 0; i < c->fields.n; i++) {
        int32_t passed = pass_field(bind, c->fields.items[i]);
        code = passed < 0 ? passed : code; /* go on: each wrong name is reported */
    }
    return code;
}

static int32_t select_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct select_config, fields, STRINGS, NULL, GYRE_REQUIRED,
             "the fields to keep, in order: \"name\", or \"new=old\" to rename"),
};

static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "rows with these fields");
static const struct gyre_port output =
    GYRE_PORT("out", GYRE_PORT_ALIGNED, NULL, 0, "the same rows with the fields picked");

const struct gyre_operator gyre_op_select = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "select",
    .doc = "Picks, orders and renames fields.",
    .flags = GYRE_MASK_AWARE,
    .config_size = sizeof(struct select_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .bind = select_bind,
    .process = select_process,
};
