/* Values of declared types: hash, equality, encoding, copies; see type.h. */
#include "state/type.h"

#include <assert.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"
#include "data/keygroup.h"
#include "state/items.h"

static inline const void *at(const void *value, const struct gy_type_member *member)
{
    return (const char *)value + member->offset;
}

uint64_t gy_value_hash(const struct gy_type *type, const void *value)
{
    uint64_t hash = 0;
    for (uint32_t i = 0; i < type->n_members; i++) {
        const struct gy_type_member *m = &type->members[i];
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
        const struct gy_type_member *m = &type->members[i];
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

static void write_segment(const struct gy_type *type, const struct gy_segment *segment,
                          const void *value, struct gyre_writer *writer)
{
    const struct gyre_state_type *declared = segment->declared;
    size_t start = writer->length;
    gyre_write_u32(writer, 0);
    if (declared->encode != NULL) {
        int32_t code = declared->encode((const char *)value + segment->offset, writer);
        if (code != 0 && writer->error == 0)
            writer->error = code;
    } else {
        const struct gy_type_member *members = type->members + segment->first_member;
        for (uint32_t i = 0; i < segment->n_members; i++)
            write_member(members[i].type, at(value, &members[i]), writer);
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

void gy_value_write(const struct gy_type *type, const void *value, struct gyre_writer *writer)
{
    if (type->host != NULL)
        type->host->write(type->host->context, value, writer);
    for (uint32_t i = 0; i < type->n_segments; i++)
        write_segment(type, &type->segments[i], value, writer);
}

void gy_value_image_all(const struct gy_type *type, const void *value, uint8_t *to)
{
    for (uint32_t i = 0; i < type->n_segments; i++) {
        const struct gy_segment *segment = &type->segments[i];
        uint32_t size = segment->declared->value_size;
        memcpy(to, &size, 4);
        memcpy(to + 4, (const char *)value + segment->offset, size);
        to += 4 + size;
    }
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

static int read_members(const struct gy_type_member *members, uint32_t n, struct gy_blocks *blocks,
                        void *value, struct gyre_reader *reader)
{
    for (uint32_t i = 0; i < n; i++)
        if (read_member(members[i].type, blocks, (char *)value + members[i].offset, reader) != 0)
            return GYRE_ENOMEM;
    return reader->error == 0 && reader->position != reader->length ? GYRE_ECORRUPT : reader->error;
}

/* A plugin's decode cannot call the host: it leaves views of the input in str and bytes members, which
 * become copies here; none is left where it or the copying failed. */
static int own_views(const struct gy_type_member *members, uint32_t n, struct gy_blocks *blocks,
                     void *value, int code)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!gyre_type_is_str(members[i].type))
            continue;
        struct gyre_str *s = (void *)((char *)value + members[i].offset), view = *s;
        *s = gyre_str_view("", 0);
        if (code == 0)
            code = gy_str_assign(blocks, s, &view);
    }
    return code;
}

static int read_segment(const struct gy_type *type, const struct gy_segment *segment,
                        struct gy_blocks *blocks, void *value, struct gyre_reader *reader,
                        uint32_t version)
{
    const struct gyre_state_type *declared = segment->declared;
    const struct gy_type_member *members = type->members + segment->first_member;
    void *part = (char *)value + segment->offset;
    uint32_t length = gyre_read_u32(reader), n = segment->n_members;
    const void *bytes = gyre_read(reader, length);
    if (bytes == NULL)
        return reader->error;
    /* The plugin's functions see this value's bytes and no others; what they leave is skipped. */
    struct gyre_reader own = {.size = (uint32_t)sizeof own, .data = bytes, .length = length};
    int code;
    if (version != declared->version)
        code = declared->migrate != NULL ? declared->migrate(version, &own, part) : GYRE_ENOTSUP;
    else if (declared->decode != NULL)
        code = declared->decode(part, &own);
    else
        code = read_members(members, n, blocks, value, &own);
    if (code == 0)
        code = own.error;
    if (version != declared->version || declared->decode != NULL)
        code = own_views(members, n, blocks, value, code);
    if (code != 0 && reader->error == 0)
        reader->error = code;
    return code;
}

int gy_value_read(const struct gy_type *type, struct gy_blocks *blocks, void *value,
                  struct gyre_reader *reader, uint32_t version)
{
    assert(type->n_segments == 1);
    return read_segment(type, type->segments, blocks, value, reader, version);
}

int gy_value_read_form(const struct gy_type *type, struct gy_blocks *blocks, void *value,
                       struct gyre_reader *reader, const struct gy_form *form, uint32_t *at)
{
    int code = 0;
    if (type->host != NULL)
        return type->host->read(type->host->context, value, reader, form);
    for (uint32_t i = 0; code == 0 && i < form->n; i++) {
        *at = form->segments[i].segment;
        assert(*at < type->n_segments);
        code = read_segment(type, &type->segments[*at], blocks, value, reader,
                            form->segments[i].version);
    }
    return code;
}

/* ---- copies ---- */

/* Copies a segment without functions of its own into an initialized one. */
static int copy_members(const struct gy_type *type, const struct gy_segment *segment,
                        struct gy_blocks *blocks, void *into, const void *from)
{
    const struct gy_type_member *members = type->members + segment->first_member;
    memcpy((char *)into + segment->offset, (const char *)from + segment->offset,
           segment->declared->value_size);
    if (segment->flat)
        return 0;
    return own_views(members, segment->n_members, blocks, into, 0);
}

/* Copies a segment that only its functions understand, by way of its encoding. */
static int copy_encoded(const struct gy_type *type, const struct gy_segment *segment,
                        struct gy_blocks *blocks, void *into, const void *from)
{
    struct gyre_writer writer = {.size = sizeof writer, .grow = gy_writer_grow};
    write_segment(type, segment, from, &writer);
    struct gyre_reader reader = {
        .size = sizeof reader, .data = writer.data, .length = writer.length};
    int code = writer.error;
    if (code == 0)
        code = read_segment(type, segment, blocks, into, &reader, segment->declared->version);
    gy_free(writer.data);
    return code;
}

int gy_value_copy(const struct gy_type *type, struct gy_blocks *blocks, void *into,
                  const void *from)
{
    int code = 0;
    if (type->flat) {
        memcpy(into, from, type->size);
        return 0;
    }
    gy_value_init(type, into);
    for (uint32_t i = 0; code == 0 && i < type->n_segments; i++) {
        const struct gy_segment *segment = &type->segments[i];
        bool opaque = segment->declared->fini != NULL || segment->declared->encode != NULL;
        code = (opaque ? copy_encoded : copy_members)(type, segment, blocks, into, from);
    }
    if (code != 0)
        gy_value_fini(type, blocks, into);
    return code;
}
