/* Options as text; see options.h. A value is put out as it would stand in a job file. */
#include "job/options.h"

#include "base/number.h"
#include "base/text.h"

#include <string.h>

/* Holds the value of one option, whatever its type. */
union value {
    int64_t number;
    double real;
    const char *text;
    struct gyre_strs strs;
    struct gyre_schema schema;
    struct gyre_groups groups;
};

static void put_string(struct gy_buf *text, const char *s)
{
    gy_buf_u8(text, '"');
    for (; s != NULL && *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            gy_buf_u8(text, '\\');
        gy_buf_u8(text, (uint8_t)*s);
    }
    gy_buf_u8(text, '"');
}

static void put_strings(struct gy_buf *text, const struct gyre_strs *strs)
{
    gy_buf_u8(text, '[');
    for (uint32_t i = 0; i < strs->n; i++) {
        gy_buf_text(text, i > 0 ? ", " : "");
        put_string(text, strs->items[i]);
    }
    gy_buf_u8(text, ']');
}

static void put_schema(struct gy_buf *text, const struct gyre_schema *schema)
{
    gy_buf_u8(text, '(');
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct gyre_field *field = gyre_schema_field(schema, i);
        gy_buf_printf(text, "%s%s: %s%s", i > 0 ? ", " : "", field->name,
                      gyre_type_name(field->type), (field->flags & GYRE_NULLABLE) != 0 ? "?" : "");
    }
    gy_buf_u8(text, ')');
}

/* The i-th of "a|b|c". */
static void put_choice(struct gy_buf *text, const char *choices, int32_t index)
{
    for (; index > 0 && *choices != '\0'; index--) {
        choices += strcspn(choices, "|");
        choices += *choices == '|';
    }
    gy_buf_printf(text, "\"%.*s\"", (int)strcspn(choices, "|"), choices);
}

static void put_numbers(struct gy_buf *text, const struct gyre_floats *numbers)
{
    char number[GY_NUMBER_MAX];
    gy_buf_u8(text, '(');
    for (uint32_t i = 0; i < numbers->n; i++) {
        gy_number_format_f64(number, numbers->items[i]);
        gy_buf_printf(text, "%s%s", i > 0 ? ", " : "", number);
    }
    gy_buf_u8(text, ')');
}

/* As people say it, where that is all of it. */
static void put_duration(struct gy_buf *text, int64_t us)
{
    char number[GY_NUMBER_MAX];
    int64_t back;
    gy_text_format_duration(number, us);
    if (gy_text_parse_duration(number, &back, NULL) == 0 && back == us)
        gy_buf_printf(text, "\"%s\"", number);
    else
        gy_buf_printf(text, "\"%lldus\"", (long long)us);
}

static void put_size(struct gy_buf *text, int64_t bytes)
{
    char number[GY_NUMBER_MAX];
    int64_t back;
    gy_text_format_size(number, (uint64_t)bytes);
    if (gy_text_parse_size(number, &back, NULL) == 0 && back == bytes)
        gy_buf_printf(text, "\"%s\"", number);
    else
        gy_buf_printf(text, "\"%lldB\"", (long long)bytes);
}

static void put_groups(const struct gy_scope *scope, const struct gyre_option *option,
                       const struct gyre_groups *groups, struct gy_buf *text)
{
    gy_buf_u8(text, '(');
    for (uint32_t i = 0; i < groups->n; i++) {
        gy_buf_text(text, i > 0 ? ", { " : "{ ");
        gy_options_text(scope, option->members, option->n_members, 0,
                        (const char *)groups->items + (size_t)i * groups->stride, text);
        gy_buf_u8(text, '}');
    }
    gy_buf_u8(text, ')');
}

static void put_value(const struct gy_scope *scope, const struct gyre_option *option,
                      const void *at, struct gy_buf *text)
{
    char number[GY_NUMBER_MAX];
    switch (option->type) {
    case GYRE_OPTION_BOOL: gy_buf_text(text, *(const int32_t *)at != 0 ? "true" : "false"); break;
    case GYRE_OPTION_INT: gy_buf_printf(text, "%lld", (long long)*(const int64_t *)at); break;
    case GYRE_OPTION_FLOAT:
        gy_number_format_f64(number, *(const double *)at);
        gy_buf_text(text, number);
        break;
    case GYRE_OPTION_DURATION: put_duration(text, *(const int64_t *)at); break;
    case GYRE_OPTION_SIZE: put_size(text, *(const int64_t *)at); break;
    case GYRE_OPTION_CHOICE: put_choice(text, option->choices, *(const int32_t *)at); break;
    case GYRE_OPTION_FIELDS:
    case GYRE_OPTION_STRINGS: put_strings(text, at); break;
    case GYRE_OPTION_FLOATS: put_numbers(text, at); break;
    case GYRE_OPTION_SCHEMA: put_schema(text, at); break;
    case GYRE_OPTION_GROUPS: put_groups(scope, option, at, text); break;
    default: put_string(text, *(const char *const *)at); break;
    }
}

static void put_option(const struct gy_scope *scope, const struct gyre_option *option,
                       const void *config, struct gy_buf *text)
{
    struct gyre_option alone = *option;
    union value fallback;
    memset(&fallback, 0, sizeof fallback);
    alone.offset = 0;
    size_t from = text->len;
    put_value(scope, option, (const char *)config + option->offset, text);
    size_t n = text->len - from;
    if (gy_option_default(scope, &alone, option->name, &fallback) != 0 || text->failed)
        return;
    put_value(scope, &alone, &fallback, text);
    bool is_default = !text->failed && text->len == from + 2 * n &&
                      memcmp(text->data + from, text->data + from + n, n) == 0;
    text->len = from;
    if (is_default)
        return;
    gy_buf_printf(text, "%s = ", option->name);
    put_value(scope, option, (const char *)config + option->offset, text);
    gy_buf_text(text, "; ");
}

void gy_options_text(const struct gy_scope *scope, const struct gyre_option *options,
                     uint32_t n_options, uint32_t flags, const void *config, struct gy_buf *text)
{
    for (uint32_t i = 0; i < n_options; i++) {
        const struct gyre_option *option = gyre_option_at(options, i);
        if (option->type != GYRE_OPTION_PATH && (option->flags & flags) == flags &&
            (option->flags & GYRE_NOT_OF_STATE) == 0)
            put_option(scope, option, config, text);
    }
}
