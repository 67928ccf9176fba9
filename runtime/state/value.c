/* Values of declared types: hash, equality, encoding; see type.h. */
#include "state/type.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "data/keygroup.h"

static inline const void *at(const void *value, const struct gy_member *member)
{
    return (const char *)value + member->offset;
}

uint64_t gy_value_hash(const struct gy_type *type, const void *value)
{
    uint64_t hash = 0;
    for (uint32_t i = 0; i < type->n_members; i++) {
        const struct gy_member *m = &type->members[i];
        if (gyre_type_is_str(m->type)) {
            const struct gyre_str *s = at(value, m);
            hash = XXH3_64bits_withSeed(gyre_str_data(s), s->len, hash + i);
        } else {
            uint64_t lanes[2] = {hash + i, gy_key_canonical(m->type, at(value, m))};
            hash = XXH3_64bits(lanes, sizeof lanes);
        }
    }
    return hash;
}

bool gy_value_equal(const struct gy_type *type, const void *a, const void *b)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        const struct gy_member *m = &type->members[i];
        const void *x = at(a, m), *y = at(b, m);
        bool equal = gyre_type_is_str(m->type)
                         ? gyre_str_equal(x, y)
                         : gy_key_canonical(m->type, x) == gy_key_canonical(m->type, y);
        if (!equal)
            return false;
    }
    return true;
}

static void write_member(uint32_t type, const void *member, struct gyre_writer *writer)
{
    uint32_t u32;
    uint64_t u64;
    switch (type) {
    case GYRE_TYPE_bool: gyre_write(writer, member, 1); return;
    case GYRE_TYPE_i32:
        memcpy(&u32, member, 4);
        gyre_write_u32(writer, u32);
        return;
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes: gyre_write_str(writer, member); return;
    default: memcpy(&u64, member, 8); gyre_write_u64(writer, u64);
    }
}

void gy_value_write(const struct gy_type *type, const void *value, struct gyre_writer *writer)
{
    size_t start = writer->length;
    gyre_write_u32(writer, 0);
    if (type->declared->encode != NULL) {
        int32_t code = type->declared->encode(value, writer);
        if (code != 0 && writer->error == 0)
            writer->error = code;
    } else {
        for (uint32_t i = 0; i < type->n_members; i++)
            write_member(type->members[i].type, at(value, &type->members[i]), writer);
    }
    if (writer->error != 0)
        return;
    size_t length = writer->length - start - 4;
    if (length > UINT32_MAX) {
        writer->error = GYRE_EINVAL;
        return;
    }
    for (int i = 0; i < 4; i++)
        writer->data[start + (size_t)i] = (uint8_t)(length >> (8 * i));
}

static int read_member(uint32_t type, struct gy_blocks *blocks, void *member,
                       struct gyre_reader *reader)
{
    uint32_t u32;
    uint64_t u64;
    const uint8_t *byte;
    struct gyre_str view;
    switch (type) {
    case GYRE_TYPE_bool:
        byte = gyre_read(reader, 1);
        if (byte != NULL)
            memcpy(member, byte, 1);
        return 0;
    case GYRE_TYPE_i32:
        u32 = gyre_read_u32(reader);
        memcpy(member, &u32, 4);
        return 0;
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes: view = gyre_read_str(reader); return gy_str_assign(blocks, member, &view);
    default:
        u64 = gyre_read_u64(reader);
        memcpy(member, &u64, 8);
        return 0;
    }
}

static int read_members(const struct gy_type *type, struct gy_blocks *blocks, void *value,
                        struct gyre_reader *reader)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        const struct gy_member *m = &type->members[i];
        if (read_member(m->type, blocks, (char *)value + m->offset, reader) != 0)
            return GYRE_ENOMEM;
    }
    return reader->error == 0 && reader->position != reader->length ? GYRE_ECORRUPT : reader->error;
}

/* A plugin's decode cannot call the host: it leaves views of the input in str and bytes members, which
 * become copies here; none is left where it or the copying failed. */
static int own_views(const struct gy_type *type, struct gy_blocks *blocks, void *value, int code)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (!gyre_type_is_str(type->members[i].type))
            continue;
        struct gyre_str *s = (void *)((char *)value + type->members[i].offset), view = *s;
        *s = gyre_str_view("", 0);
        if (code == 0)
            code = gy_str_assign(blocks, s, &view);
    }
    return code;
}

int gy_value_read(const struct gy_type *type, struct gy_blocks *blocks, void *value,
                  struct gyre_reader *reader, uint32_t version)
{
    const struct gyre_state_type *declared = type->declared;
    uint32_t length = gyre_read_u32(reader);
    const void *bytes = gyre_read(reader, length);
    if (bytes == NULL)
        return reader->error;
    /* The plugin's functions see this value's bytes and no others; what they leave is skipped. */
    struct gyre_reader own = {.size = (uint32_t)sizeof own, .data = bytes, .length = length};
    int code;
    if (version != declared->version)
        code = declared->migrate != NULL ? declared->migrate(version, &own, value) : GYRE_ENOTSUP;
    else if (declared->decode != NULL)
        code = declared->decode(value, &own);
    else
        code = read_members(type, blocks, value, &own);
    if (code == 0)
        code = own.error;
    if (version != declared->version || declared->decode != NULL)
        code = own_views(type, blocks, value, code);
    if (code != 0 && reader->error == 0)
        reader->error = code;
    return code;
}
