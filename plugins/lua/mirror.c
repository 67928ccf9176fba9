/* plugins/lua/mirror.c: see mirror.h. */
#include "mirror.h"

#define TEXT_OF(before, name, behind) #before " " #name #behind "; "
#define DECLARE(name, members)        "struct " #name " { " members(TEXT_OF) "};\n"

/* Pointers one behind another: it needs no check. */
#define CALL_TEXT(name) "void *" #name "; "

const char mirror_cdef[] = MIRRORS(DECLARE) "struct bridge { " BRIDGE(CALL_TEXT) "};\n";

/* The same declarations as C: their sizes and members are those of the structs. */
#define MEMBER(before, name, behind) before name behind;
#define MIRROR(name, members)                                                                      \
    struct mirror_##name {                                                                         \
        members(MEMBER)                                                                            \
    };                                                                                             \
    GYRE_STATIC_ASSERT(sizeof(struct mirror_##name) == sizeof(struct name), "mirror of " #name);
MIRRORS(MIRROR)

#define AT(name, member) offsetof(struct mirror_##name, member) == offsetof(struct name, member)
#define CHECK_BATCH(before, member, behind)                                                        \
    GYRE_STATIC_ASSERT(AT(gyre_batch, member), "gyre_batch." #member);
#define CHECK_COLUMN(before, member, behind)                                                       \
    GYRE_STATIC_ASSERT(AT(gyre_column, member), "gyre_column." #member);
#define CHECK_OUT(before, member, behind)                                                          \
    GYRE_STATIC_ASSERT(AT(gyre_out, member), "gyre_out." #member);
#define CHECK_GAUGE(before, member, behind) GYRE_STATIC_ASSERT(AT(gauge, member), "gauge." #member);
#define CHECK_EMITTER(before, member, behind)                                                      \
    GYRE_STATIC_ASSERT(AT(emitter, member), "emitter." #member);
#define CHECK_UNIT(before, member, behind)                                                         \
    GYRE_STATIC_ASSERT(AT(when_unit, member), "when_unit." #member);
#define CHECK_RE(before, member, behind)                                                           \
    GYRE_STATIC_ASSERT(AT(re_found, member), "re_found." #member);
#define CHECK_PART(before, member, behind)                                                         \
    GYRE_STATIC_ASSERT(AT(pattern_part, member), "pattern_part." #member);
MIRROR_UNIT(CHECK_UNIT)
MIRROR_RE(CHECK_RE)
MIRROR_PART(CHECK_PART)
#define CHECK_FOUND(before, member, behind)                                                        \
    GYRE_STATIC_ASSERT(AT(pattern_found, member), "pattern_found." #member);
MIRROR_BATCH(CHECK_BATCH)
MIRROR_FOUND(CHECK_FOUND)
MIRROR_COLUMN(CHECK_COLUMN)
MIRROR_OUT(CHECK_OUT)
MIRROR_GAUGE(CHECK_GAUGE)
MIRROR_EMITTER(CHECK_EMITTER)
#define CHECK_CALL(before, member, behind) GYRE_STATIC_ASSERT(AT(call, member), "call." #member);
MIRROR_CALL(CHECK_CALL)
GYRE_STATIC_ASSERT(offsetof(struct mirror_gyre_str, ptr) == offsetof(struct gyre_str, u), "str");
GYRE_STATIC_ASSERT(offsetof(struct mirror_gyre_str, head) == offsetof(struct gyre_str, head),
                   "str");
