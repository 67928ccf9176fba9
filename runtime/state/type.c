/* Declared state types: checking, fingerprint, and the life of values; see type.h. */
#include "state/type.h"

#include <stdlib.h>

#include "base/mem.h"
#include "data/keygroup.h"
#include "state/store.h"

enum { VALUE_SIZE_MAX = 1 << 20, VALUE_ALIGN_MAX = 16, MEMBERS_MAX = 1024 };

static uint32_t align_of(uint32_t type)
{
    return gyre_type_is_str(type) ? 8 : gyre_type_size(type);
}

static uint32_t round_up(uint32_t n, uint32_t align)
{
    return (n + align - 1) / align * align;
}

/* Where member i stands; `before` is the end of the one before it. */
static uint32_t offset_of(const struct gyre_member *member, uint32_t before)
{
    return member->offset != GYRE_OFFSET_NATURAL ? member->offset
                                                 : round_up(before, align_of(member->type));
}

static int check_member(const struct gyre_state_type *type, const struct gyre_member *m,
                        uint32_t offset, struct gyre_error *error)
{
    uint32_t size = gyre_type_size(m->type);
    if (m->name == NULL || m->name[0] == '\0')
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "state type '%s': a member has no name; give each member one",
                              type->name);
    if (size == 0)
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "state type '%s': member '%s' has the unknown type %u", type->name,
                              m->name, m->type);
    if (offset > type->value_size || type->value_size - offset < size)
        return gyre_error_set(
            error, GYRE_EINVAL, -1,
            "state type '%s': member '%s' (%s at offset %u) does not fit into its "
            "%u bytes",
            type->name, m->name, gyre_type_name(m->type), offset, type->value_size);
    uint32_t align = align_of(m->type);
    if (offset % align != 0 || type->value_align < align)
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "state type '%s': member '%s' at offset %u needs an alignment of %u; "
                              "packed structs cannot be state",
                              type->name, m->name, offset, align);
    return 0;
}

static int by_offset(const void *a, const void *b)
{
    uint32_t x = ((const struct gy_type_member *)a)->offset,
             y = ((const struct gy_type_member *)b)->offset;
    return (x > y) - (x < y);
}

/* No two members overlap, and without encode nothing but padding is left between them. */
static int check_cover(const struct gyre_state_type *type, struct gy_type_member *members,
                       struct gyre_error *error)
{
    bool covered = type->encode == NULL;
    uint32_t at = 0, n = type->n_members;
    if (n > 0)
        qsort(members, n, sizeof *members, by_offset);
    for (uint32_t i = 0; i <= n; i++) {
        uint32_t offset = i < n ? members[i].offset : type->value_size;
        uint32_t align = i < n ? align_of(members[i].type) : type->value_align;
        if (offset < at)
            return gyre_error_set(error, GYRE_EINVAL, -1,
                                  "state type '%s': two members overlap at offset %u", type->name,
                                  offset);
        if (covered && round_up(at, align) != offset)
            return gyre_error_set(error, GYRE_EINVAL, -1,
                                  "state type '%s': no member covers the bytes from %u to %u; list "
                                  "every member, or give the type encode and decode",
                                  type->name, at, offset);
        if (i < n)
            at = offset + gyre_type_size(members[i].type);
    }
    return 0;
}

int gy_state_type_check(const struct gyre_state_type *type, struct gyre_error *error)
{
    if (type->name == NULL || type->name[0] == '\0')
        return gyre_error_set(error, GYRE_EINVAL, -1, "a state type has no name");
    if (type->version == 0)
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "state type '%s': versions count from 1, this one is 0", type->name);
    if (type->value_size == 0 || type->value_size > VALUE_SIZE_MAX)
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "state type '%s': a value takes 1 to %d bytes, not %u", type->name,
                              VALUE_SIZE_MAX, type->value_size);
    uint32_t align = type->value_align;
    if (align == 0 || align > VALUE_ALIGN_MAX || (align & (align - 1)) != 0)
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "state type '%s': the alignment is 1, 2, 4, 8 or %d, not %u",
                              type->name, VALUE_ALIGN_MAX, align);
    if ((type->encode == NULL) != (type->decode == NULL))
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "state type '%s' has only one of encode and decode", type->name);
    if (type->n_members > MEMBERS_MAX || (type->n_members > 0 && type->members == NULL))
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "state type '%s': a type has up to %d members, and lists them",
                              type->name, MEMBERS_MAX);
    struct gy_type_member members[MEMBERS_MAX];
    uint32_t end = 0;
    for (uint32_t i = 0; i < type->n_members; i++) {
        const struct gyre_member *m = &type->members[i];
        uint32_t offset = offset_of(m, end);
        int code = check_member(type, m, offset, error);
        if (code != 0)
            return code;
        members[i] = (struct gy_type_member){m->type, offset};
        end = offset + gyre_type_size(m->type);
    }
    return check_cover(type, members, error);
}

int gy_map_key_check(const struct gyre_state_type *type, struct gyre_error *error)
{
    if (type == NULL)
        return gyre_error_set(error, GYRE_EINVAL, -1, "a map declares no type for its keys");
    int code = gy_state_type_check(type, error);
    if (code != 0)
        return code;
    if (type->n_members == 0 || type->encode != NULL || type->init != NULL || type->fini != NULL)
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "state type '%s': keys of a map are compared by their members; list "
                              "them all, without functions",
                              type->name);
    return 0;
}

static bool has_strings(const struct gyre_state_type *type)
{
    for (uint32_t i = 0; i < type->n_members; i++)
        if (gyre_type_is_str(type->members[i].type))
            return true;
    return false;
}

/* Resolves a segment's members; true where they leave no gap. */
static bool place_members(struct gy_type *type, const struct gy_segment *segment)
{
    const struct gyre_state_type *declared = segment->declared;
    bool dense = true;
    uint32_t end = 0;
    for (uint32_t i = 0; i < declared->n_members; i++) {
        uint32_t member_type = declared->members[i].type;
        uint32_t offset = offset_of(&declared->members[i], end);
        type->members[segment->first_member + i] =
            (struct gy_type_member){member_type, segment->offset + offset};
        dense = dense && offset == end;
        end = offset + gyre_type_size(member_type);
    }
    return dense && end == declared->value_size;
}

static void place_segment(struct gy_type *type, const struct gyre_state_type *declared)
{
    struct gy_segment *segment = &type->segments[type->n_segments++];
    bool numbers = !has_strings(declared);
    *segment =
        (struct gy_segment){.declared = declared,
                            .offset = round_up(type->size, declared->value_align),
                            .first_member = type->n_members,
                            .n_members = declared->n_members,
                            .flat = numbers && declared->fini == NULL && declared->encode == NULL};
    type->size = segment->offset + declared->value_size;
    type->n_members += declared->n_members;
    type->image_size += 4 + declared->value_size;
    if (type->align < declared->value_align)
        type->align = declared->value_align;
    type->flat = type->flat && segment->flat;
    type->plain = type->plain && numbers && declared->init == NULL && declared->fini == NULL;
    type->image =
        place_members(type, segment) && type->image && numbers && declared->encode == NULL;
}

int gy_type_init(struct gy_type *type, const struct gyre_state_type *const *declared, uint32_t n)
{
    uint32_t n_members = 0;
    *type = (struct gy_type){.align = 1,
                             .flat = true,
                             .plain = true,
                             .image = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__};
    for (uint32_t i = 0; i < n; i++)
        n_members += declared[i]->n_members;
    type->members = gy_calloc(n_members, sizeof *type->members);
    type->segments = gy_calloc(n, sizeof *type->segments);
    if (type->members == NULL || type->segments == NULL)
        return GYRE_ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        place_segment(type, declared[i]);
    type->stride = round_up(type->size, type->align);
    return 0;
}

void gy_type_init_host(struct gy_type *type, const struct gy_host_type *host)
{
    *type = (struct gy_type){.host = host,
                             .size = host->size,
                             .align = host->align,
                             .stride = round_up(host->size, host->align)};
}

void gy_type_fini(struct gy_type *type)
{
    gy_free(type->members);
    gy_free(type->segments);
    memset(type, 0, sizeof *type);
}

uint64_t gy_state_fingerprint(const struct gyre_state_type *type)
{
    /* FNV-1a over type ids and names, each with its zero byte. */
    uint64_t print = UINT64_C(0xcbf29ce484222325);
    for (uint32_t i = 0; i < type->n_members; i++) {
        const char *name = type->members[i].name;
        print = (print ^ type->members[i].type) * UINT64_C(0x100000001b3);
        for (size_t c = 0; c <= strlen(name); c++)
            print = (print ^ (uint8_t)name[c]) * UINT64_C(0x100000001b3);
    }
    /* Encoded by the plugin: its version says what the bytes mean. */
    return (print ^ (type->encode != NULL)) * UINT64_C(0x100000001b3);
}

static inline struct gyre_str *str_at(void *value, const struct gy_type_member *member)
{
    return (struct gyre_str *)(void *)((char *)value + member->offset);
}

void gy_value_init(const struct gy_type *type, void *value)
{
    memset(value, 0, type->size);
    if (type->plain)
        return;
    if (type->host != NULL)
        type->host->init(type->host->context, value);
    for (uint32_t i = 0; i < type->n_segments; i++) {
        const struct gy_segment *segment = &type->segments[i];
        if (segment->declared->init != NULL)
            segment->declared->init((char *)value + segment->offset);
    }
}

void gy_value_fini(const struct gy_type *type, struct gy_blocks *blocks, void *value)
{
    if (type->flat || type->plain)
        return;
    if (type->host != NULL)
        type->host->fini(type->host->context, value);
    for (uint32_t i = 0; i < type->n_segments; i++) {
        const struct gy_segment *segment = &type->segments[i];
        if (segment->declared->fini != NULL)
            segment->declared->fini((char *)value + segment->offset);
    }
    for (uint32_t i = 0; i < type->n_members; i++)
        if (gyre_type_is_str(type->members[i].type))
            gy_str_drop(blocks, str_at(value, &type->members[i]));
}

int gy_str_assign(struct gy_blocks *blocks, struct gyre_str *into, const struct gyre_str *from)
{
    struct gyre_str copy = *from;
    if (from->len > GYRE_STR_INLINE) {
        char *bytes = gy_blocks_take_alone(blocks, from->len);
        if (bytes == NULL)
            return GYRE_ENOMEM;
        memcpy(bytes, from->u.ptr, from->len);
        copy.u.ptr = bytes;
    }
    gy_str_drop(blocks, into);
    *into = copy;
    return 0;
}

void gy_str_drop(struct gy_blocks *blocks, struct gyre_str *s)
{
    if (s->len > GYRE_STR_INLINE)
        gy_blocks_give_alone(blocks, (void *)(uintptr_t)s->u.ptr, s->len);
    memset(s, 0, sizeof *s);
}
