/* See json.h. */
#include "data/json.h"

#include "base/number.h"
#include "base/text.h"

#include <math.h>

static void append_base64(struct gy_buf *into, const uint8_t *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    gy_buf_u8(into, '"');
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;
        v |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
        v |= i + 2 < n ? (uint32_t)p[i + 2] : 0;
        gy_buf_u8(into, (uint8_t)digits[v >> 18 & 63]);
        gy_buf_u8(into, (uint8_t)digits[v >> 12 & 63]);
        gy_buf_u8(into, i + 1 < n ? (uint8_t)digits[v >> 6 & 63] : '=');
        gy_buf_u8(into, i + 2 < n ? (uint8_t)digits[v & 63] : '=');
    }
    gy_buf_u8(into, '"');
}

static void append_value(struct gy_buf *into, uint32_t type, const void *data, uint32_t row)
{
    char number[GY_NUMBER_MAX];
    const struct gyre_str *s;
    switch (type) {
    case GYRE_TYPE_bool:
        gy_buf_text(into, ((const uint8_t *)data)[row] != 0 ? "true" : "false");
        break;
    case GYRE_TYPE_i32:
        gy_buf_bytes(into, number, gy_number_format_i64(number, ((const int32_t *)data)[row]));
        break;
    case GYRE_TYPE_i64:
    case GYRE_TYPE_time:
        gy_buf_bytes(into, number, gy_number_format_i64(number, ((const int64_t *)data)[row]));
        break;
    case GYRE_TYPE_f64:
        if (isfinite(((const double *)data)[row]))
            gy_buf_bytes(into, number, gy_number_format_f64(number, ((const double *)data)[row]));
        else
            gy_buf_text(into, "null");
        break;
    default:
        s = (const struct gyre_str *)data + row;
        if (type == GYRE_TYPE_str)
            gy_text_json_string(into, gyre_str_data(s), s->len);
        else
            append_base64(into, (const uint8_t *)gyre_str_data(s), s->len);
    }
}

void gy_json_row(struct gy_buf *into, const struct gyre_schema *schema,
                 const struct gy_column *columns, uint32_t row)
{
    const char *before = "{";
    for (uint32_t f = 0; f < schema->n_fields; f++) {
        const struct gyre_field *field = gyre_schema_field(schema, f);
        if (columns[f].data == NULL)
            continue;
        gy_buf_text(into, before);
        before = ",";
        gy_text_json_string(into, field->name, strlen(field->name));
        gy_buf_u8(into, ':');
        if (columns[f].valid != NULL && columns[f].valid[row] == 0)
            gy_buf_text(into, "null");
        else
            append_value(into, field->type, columns[f].data, row);
    }
    gy_buf_text(into, before[0] == '{' ? "{}" : "}");
}
