/* plugins/std/hll.c: see hll.h. */
#include "hll.h"

#include <math.h>

/* What is left of a hash behind the bits that choose a register. */
enum { HLL_REST = 64 - HLL_BITS };

/* What the host has given to a string for good: it may be written to in place. */
static uint8_t *own_registers(struct hll *hll)
{
    return (uint8_t *)(uintptr_t)gyre_str_data(&hll->registers);
}

static void raise(uint8_t *registers, uint64_t hash)
{
    uint64_t rest = hash << HLL_BITS;
    uint8_t place = (uint8_t)(rest != 0 ? __builtin_clzll(rest) + 1 : HLL_REST + 1);
    uint8_t *at = &registers[hash >> HLL_REST];
    if (place > *at)
        *at = place;
}

/* The next hash that is kept. */
static int next_hash(const struct hll *hll, size_t *at, uint64_t *hash)
{
    struct value value;
    if (!values_next(&hll->hashes, GYRE_TYPE_i64, at, &value))
        return 0;
    memcpy(hash, value.bytes, sizeof *hash);
    return 1;
}

static int32_t use_registers(struct gyre_ctx *ctx, struct hll *hll)
{
    uint64_t hash;
    char *zero = gyre_alloc(ctx, NULL, HLL_REGISTERS);
    if (zero == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to count values");
    memset(zero, 0, HLL_REGISTERS);
    struct gyre_str view = gyre_str_view(zero, HLL_REGISTERS);
    int32_t code = gyre_state_str(ctx, &hll->registers, &view);
    gyre_alloc(ctx, zero, 0);
    if (code != GYRE_OK)
        return gyre_fail(ctx, code, "no memory to count values");
    for (size_t at = 0; next_hash(hll, &at, &hash);)
        raise(own_registers(hll), hash);
    return values_clear(ctx, &hll->hashes);
}

int32_t hll_put(struct gyre_ctx *ctx, struct hll *hll, uint64_t hash)
{
    int32_t code = GYRE_OK;
    if (hll->registers.len == 0) {
        struct value value;
        value_of(&value, GYRE_TYPE_i64, &hash);
        code = values_put(ctx, &hll->hashes, GYRE_TYPE_i64, &value);
        return code == GYRE_OK && hll->hashes.n > HLL_FEW ? use_registers(ctx, hll) : code;
    }
    raise(own_registers(hll), hash);
    return code;
}

int32_t hll_merge(struct gyre_ctx *ctx, struct hll *into, const struct hll *from)
{
    int32_t code = GYRE_OK;
    uint64_t hash;
    if (from->registers.len != 0 && into->registers.len == 0)
        code = use_registers(ctx, into);
    for (size_t at = 0; code == GYRE_OK && next_hash(from, &at, &hash);)
        code = hll_put(ctx, into, hash);
    if (code != GYRE_OK || from->registers.len == 0)
        return code;
    uint8_t *a = own_registers(into);
    const uint8_t *b = (const uint8_t *)gyre_str_data(&from->registers);
    for (uint32_t i = 0; i < HLL_REGISTERS; i++)
        a[i] = a[i] > b[i] ? a[i] : b[i];
    return GYRE_OK;
}

/* ---- the estimate ------------------------------------------------------------------------------ */

static double sigma(double x)
{
    double y = 1, z = x, before;
    if (x == 1)
        return INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x)
{
    double y = 1, z = 1 - x, before;
    if (x == 0 || x == 1)
        return 0;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

int64_t hll_count(const struct hll *hll)
{
    const uint8_t *registers = (const uint8_t *)gyre_str_data(&hll->registers);
    const double m = HLL_REGISTERS;
    uint32_t with[HLL_REST + 2] = {0}; /* how many registers hold a place */
    if (hll->registers.len == 0)
        return hll->hashes.n;
    for (uint32_t i = 0; i < HLL_REGISTERS; i++)
        with[registers[i]]++;
    double z = m * tau(1 - with[HLL_REST + 1] / m);
    for (int place = HLL_REST; place >= 1; place--)
        z = 0.5 * (z + with[place]);
    z += m * sigma(with[0] / m);
    return llround(m * m / (2 * M_LN2 * z));
}

/* ---- snapshots --------------------------------------------------------------------------------- */

static int32_t encode(const void *value, struct gyre_writer *writer)
{
    const struct hll *hll = value;
    values_encode(&hll->hashes, writer);
    gyre_write_str(writer, &hll->registers);
    return writer->error;
}

static int32_t decode(void *value, struct gyre_reader *reader)
{
    struct hll *hll = value;
    values_decode(&hll->hashes, 0, reader);
    hll->registers = gyre_read_str(reader);
    uint32_t len = hll->registers.len;
    int sound = len == 0 || (len == HLL_REGISTERS && hll->hashes.n == 0);
    for (uint32_t i = 0; sound && i < len; i++)
        sound = (uint8_t)gyre_str_data(&hll->registers)[i] <= HLL_REST + 1;
    if (!sound && reader->error == 0)
        reader->error = GYRE_ECORRUPT;
    return reader->error;
}

static const struct gyre_member members[] = {
    VALUES_MEMBERS(struct hll, hashes),
    {"registers", GYRE_TYPE_bytes, offsetof(struct hll, registers)},
};
const struct gyre_state_type hll_type = {
    .size = sizeof(struct gyre_state_type),
    .version = 1,
    .name = "different",
    .value_size = sizeof(struct hll),
    .value_align = _Alignof(struct hll),
    .members = members,
    .n_members = sizeof members / sizeof members[0],
    .encode = encode,
    .decode = decode,
};
