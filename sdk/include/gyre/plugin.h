/* gyre/plugin.h: how a shared object becomes a plugin.
 *
 * GYRE_PLUGIN emits two things: an ELF note (section .note.gyre, owner "gyre", type 1) that the host
 * reads from the file before it loads it, and the one exported symbol `gyre_plugin_v1`. The note,
 * after the usual 12-byte header and the owner padded to 8 bytes:
 *
 * | offset | bytes | what                                                              |
 * |--------|-------|-------------------------------------------------------------------|
 * | 0      | 4     | magic 0x45525947 ("GYRE" read as little-endian)                   |
 * | 4      | 2+2   | ABI major, minor                                                  |
 * | 8      | 1     | byte order: 1 little, 2 big                                       |
 * | 9      | 1     | size of a pointer                                                 |
 * | 10     | 1     | instruction-set level: x86-64-v1 ... v4; 0 elsewhere              |
 * | 11     | 1     | 0                                                                 |
 * | 12     | 4     | number of sizes that follow in `sizes`                            |
 * | 16     | 64    | sizes of the ABI structs, 32-bit each, in the order of GYRE_ABI_STRUCTS |
 * | 80     | 48    | plugin name, zero-padded                                          |
 * | 128    | 32    | plugin version, zero-padded                                       |
 *
 * The ABI is 0.x: a plugin loads only into a host with the same major and minor. */
#ifndef GYRE_PLUGIN_H
#define GYRE_PLUGIN_H

#include <gyre/function.h>

#define GYRE_ABI_MAJOR    0u
#define GYRE_ABI_MINOR    4u
#define GYRE_NOTE_MAGIC   0x45525947u
#define GYRE_NOTE_OWNER   "gyre"
#define GYRE_NOTE_SECTION ".note.gyre"
#define GYRE_NOTE_TYPE    1u
#define GYRE_SYMBOL       "gyre_plugin_v1"

/* The structs whose sizes both sides must agree on while the ABI is 0.x. */
#define GYRE_ABI_STRUCTS(X)                                                                        \
    X(gyre_plugin)                                                                                 \
    X(gyre_operator)                                                                               \
    X(gyre_function)                                                                               \
    X(gyre_aggregate)                                                                              \
    X(gyre_option)                                                                                 \
    X(gyre_port)                                                                                   \
    X(gyre_field)                                                                                  \
    X(gyre_state)                                                                                  \
    X(gyre_state_type)                                                                             \
    X(gyre_batch)                                                                                  \
    X(gyre_out)                                                                                    \
    X(gyre_ctx)                                                                                    \
    X(gyre_host)                                                                                   \
    X(gyre_bind)                                                                                   \
    X(gyre_splits)                                                                                 \
    X(gyre_poll)

#define GYRE_NOTE_SIZES 16

struct gyre_note {
    uint32_t magic;
    uint16_t abi_major;
    uint16_t abi_minor;
    uint8_t byte_order;
    uint8_t pointer_size;
    uint8_t isa_level;
    uint8_t zero;
    uint32_t n_sizes;
    uint32_t sizes[GYRE_NOTE_SIZES];
    char name[48];
    char version[32];
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_note) == 160, "layout of gyre_note");

/* A note as it stands in the section. */
struct gyre_note_entry {
    uint32_t owner_size;
    uint32_t note_size;
    uint32_t type;
    char owner[8];
    struct gyre_note note;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_note_entry) == 180, "layout of gyre_note_entry");

#define GYRE_ITEM_OPERATOR   1u
#define GYRE_ITEM_FUNCTION   2u
#define GYRE_ITEM_STATE_TYPE 3u

/* One thing that a plugin brings; `what` points to the descriptor of its kind. */
struct gyre_item {
    uint32_t kind;
    uint32_t reserved;
    const void *what;
};

/** What a plugin brings; the host finds it under the symbol gyre_plugin_v1.
 *  Owns:    constant data of the plugin
 *  Thread:  [any], immutable
 *  Since:   0.1 */
struct gyre_plugin {
    uint32_t size;
    uint32_t n_items;
    const char *name;    /* [a-z][a-z0-9_]*; the PLUGIN of "PLUGIN.NAME" */
    const char *version; /* of the plugin: for people */
    const struct gyre_item *items;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_plugin) == 32, "layout of gyre_plugin");

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define GYRE_ISA_LEVEL 4
#elif defined(__AVX2__) && defined(__FMA__) && defined(__BMI2__)
#define GYRE_ISA_LEVEL 3
#elif defined(__SSE4_2__) && defined(__POPCNT__)
#define GYRE_ISA_LEVEL 2
#elif defined(__x86_64__)
#define GYRE_ISA_LEVEL 1
#else
#define GYRE_ISA_LEVEL 0
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define GYRE_BYTE_ORDER 2
#else
#define GYRE_BYTE_ORDER 1
#endif

#ifdef __cplusplus
#define GYRE__EXTERN_C extern "C"
#else
#define GYRE__EXTERN_C extern
#endif

#define GYRE__SIZE_OF(type) (uint32_t)sizeof(struct type),

/* What GYRE_PLUGIN lists: GYRE_OP(x) an operator, GYRE_FN(x) a function, GYRE_STATE_TYPE_ITEM(x). */
#define GYRE_OP(name)                                                                              \
    {                                                                                              \
        GYRE_ITEM_OPERATOR, 0, &gyre_op_##name                                                     \
    }
#define GYRE_FN(name)                                                                              \
    {                                                                                              \
        GYRE_ITEM_FUNCTION, 0, &gyre_fn_##name                                                     \
    }

/** Makes the shared object a plugin: GYRE_PLUGIN(my, "0.1.0", GYRE_OP(length), GYRE_FN(product))
 *  takes no semicolon.
 *  Operators are `static const struct gyre_operator gyre_op_NAME`, functions gyre_fn_NAME; the
 *  macros of record.h name them so. Once per shared object. */
#define GYRE_PLUGIN(plugin_name, plugin_version, ...)                                              \
    __attribute__((section(GYRE_NOTE_SECTION), used,                                               \
                   aligned(4))) static const struct gyre_note_entry gyre__note = {                 \
        5,                                                                                         \
        (uint32_t)sizeof(struct gyre_note),                                                        \
        GYRE_NOTE_TYPE,                                                                            \
        GYRE_NOTE_OWNER,                                                                           \
        {GYRE_NOTE_MAGIC,                                                                          \
         GYRE_ABI_MAJOR,                                                                           \
         GYRE_ABI_MINOR,                                                                           \
         GYRE_BYTE_ORDER,                                                                          \
         (uint8_t)sizeof(void *),                                                                  \
         GYRE_ISA_LEVEL,                                                                           \
         0,                                                                                        \
         GYRE_NOTE_SIZES,                                                                          \
         {GYRE_ABI_STRUCTS(GYRE__SIZE_OF)},                                                        \
         #plugin_name,                                                                             \
         plugin_version}};                                                                         \
    static const struct gyre_item gyre__items[] = {__VA_ARGS__};                                   \
    GYRE__EXTERN_C __attribute__((visibility("default"))) const struct gyre_plugin gyre_plugin_v1; \
    __attribute__((used)) const struct gyre_plugin gyre_plugin_v1 = {                              \
        (uint32_t)sizeof(struct gyre_plugin),                                                      \
        (uint32_t)(sizeof gyre__items / sizeof gyre__items[0]), #plugin_name, plugin_version,      \
        gyre__items};                                                                              \
    GYRE_STATIC_ASSERT(sizeof(#plugin_name) <= 48 && sizeof(plugin_version) <= 32,                 \
                       "plugin name or version too long");

#endif
