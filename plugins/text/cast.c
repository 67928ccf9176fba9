/* plugins/text/cast.c: see cast.h. */
#include "cast.h"
#include "../file/number.h"

#define SHOWN_MAX 60 /* bytes of a piece in a message */

void cast_null(const struct cast *cast, struct gyre_out *out, uint32_t row)
{
    size_t size = gyre_type_size(cast->type);
    if (out->valid[cast->out] != NULL)
        out->valid[cast->out][row] = 0;
    memset((char *)out->data[cast->out] + row * size, 0, size);
}

static int put_bool(uint8_t *to, struct piece piece)
{
    int is_true = piece.len == 4 && memcmp(piece.at, "true", 4) == 0;
    *to = (uint8_t)is_true;
    return is_true || (piece.len == 5 && memcmp(piece.at, "false", 5) == 0);
}

static int put_i32(int32_t *to, struct piece piece)
{
    int64_t number;
    if (!number_get_i64(piece.at, piece.len, &number) || number != (int32_t)number)
        return 0;
    *to = (int32_t)number;
    return 1;
}

int cast_put(const struct cast *cast, const struct times *times, struct gyre_out *out, uint32_t row,
             struct piece piece)
{
    int is_str = gyre_type_is_str(cast->type);
    if (piece.at == NULL && cast->lax)
        piece = (struct piece){"", 0};
    if (cast->nullable && (piece.at == NULL || (piece.len == 0 && !is_str))) {
        cast_null(cast, out, row);
        return 1;
    }
    if (piece.at == NULL)
        return 0;
    if (out->valid[cast->out] != NULL)
        out->valid[cast->out][row] = 1;
    void *data = out->data[cast->out];
    switch (cast->type) {
    case GYRE_TYPE_bool: return put_bool((uint8_t *)data + row, piece);
    case GYRE_TYPE_i32: return put_i32((int32_t *)data + row, piece);
    case GYRE_TYPE_i64: return number_get_i64(piece.at, piece.len, (int64_t *)data + row);
    case GYRE_TYPE_f64: return number_get_f64(piece.at, piece.len, (double *)data + row);
    case GYRE_TYPE_time: return times_get(piece.at, piece.len, times, (int64_t *)data + row);
    default: ((struct gyre_str *)data)[row] = gyre_str_view(piece.at, piece.len); return 1;
    }
}

void cast_tell(const struct cast *cast, const struct times *times, struct piece piece,
               char why[CAST_WHY])
{
    int is_time = cast->type == GYRE_TYPE_time;
    if (piece.at == NULL)
        snprintf(why, CAST_WHY, "field `%s` is missing, and not nullable", cast->name);
    else
        snprintf(why, CAST_WHY, "field `%s`: \"%.*s\"%s is no %s%s%s", cast->name,
                 (int)(piece.len < SHOWN_MAX ? piece.len : SHOWN_MAX), piece.at,
                 piece.len > SHOWN_MAX ? "..." : "", gyre_type_name(cast->type),
                 is_time ? ", expected " : "", is_time ? times_expected(times) : "");
}
