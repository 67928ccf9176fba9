/* plugins/lua/mirror.h: the structs that Lua reads and writes through its FFI, each written once.
 *
 * MIRROR(STRUCT, MEMBER) lists the members of a struct of the SDK; it gives both the declaration that the FFI
 * is told and the checks that it is that of the C compiler. Where the SDK changes a struct this file
 * does not compile. Names stand for types that have commas or stars in them. */
#ifndef GYRE_PLUGIN_LUA_MIRROR_H
#define GYRE_PLUGIN_LUA_MIRROR_H

#include "bridge.h"
#include "call.h"
#include "emit.h"
#include "gauge.h"
#include "pattern.h"
#include "re.h"
#include "when.h"

/* Structs that Lua sees as they are in the SDK, or in gauge.h. */
#define MIRRORS(STRUCT)                                                                            \
    STRUCT(gyre_str, MIRROR_STR)                                                                   \
    STRUCT(gyre_column, MIRROR_COLUMN)                                                             \
    STRUCT(gyre_batch, MIRROR_BATCH)                                                               \
    STRUCT(gyre_out, MIRROR_OUT)                                                                   \
    STRUCT(gauge, MIRROR_GAUGE)                                                                    \
    STRUCT(emitter, MIRROR_EMITTER)                                                                \
    STRUCT(when_unit, MIRROR_UNIT)                                                                 \
    STRUCT(re_found, MIRROR_RE)                                                                    \
    STRUCT(pattern_part, MIRROR_PART)                                                              \
    STRUCT(pattern_found, MIRROR_FOUND)                                                            \
    STRUCT(call, MIRROR_CALL)

/* M(declaration before the name, name, declaration behind it) */
#define MIRROR_STR(M)    M(uint32_t, len, ) M(char, head, [4]) M(const char *, ptr, )
#define MIRROR_COLUMN(M) M(const void *, data, ) M(const uint8_t *, valid, )
#define MIRROR_BATCH(M)                                                                            \
    M(uint32_t, size, )                                                                            \
    M(uint32_t, port, )                                                                            \
    M(uint32_t, rows, )                                                                            \
    M(uint32_t, kept, )                                                                            \
    M(const struct gyre_column *, columns, )                                                       \
    M(const uint8_t *, keep, )                                                                     \
    M(const uint32_t *, selection, )                                                               \
    M(const int64_t *, time, )                                                                     \
    M(const uint64_t *, hash, )                                                                    \
    M(void *, host, )                                                                              \
    M(uint32_t, n_columns, )                                                                       \
    M(uint32_t, reserved, )
#define MIRROR_OUT(M)                                                                              \
    M(uint32_t, size, )                                                                            \
    M(uint32_t, rows, )                                                                            \
    M(uint32_t, capacity, )                                                                        \
    M(uint32_t, n_columns, )                                                                       \
    M(void *const *, data, )                                                                       \
    M(uint8_t *const *, valid, )                                                                   \
    M(int64_t *, time, )                                                                           \
    M(uint8_t *, keep, )                                                                           \
    M(char *, text, )                                                                              \
    M(char *, text_end, )                                                                          \
    M(void *, full, )                                                                              \
    M(void *, grow, )                                                                              \
    M(void *, adopt, )                                                                             \
    M(void *, host, )                                                                              \
    M(const char *, text_start, )
#define MIRROR_GAUGE(M)                                                                            \
    M(double, steps, )                                                                             \
    M(double, steps_most, )                                                                        \
    M(const struct gyre_batch *, batch, )                                                          \
    M(void *, call, )                                                                              \
    M(uint32_t, row, )                                                                             \
    M(int32_t, is_over, )                                                                          \
    M(int32_t, over_source, )                                                                      \
    M(int32_t, over_line, )                                                                        \
    M(int32_t, is_settling, )                                                                      \
    M(uint32_t, reserved, )
#define MIRROR_EMITTER(M)                                                                          \
    M(void *const *, data, )                                                                       \
    M(uint8_t *const *, valid, )                                                                   \
    M(uint32_t, base, )                                                                            \
    M(uint32_t, n, )                                                                               \
    M(uint32_t, room, )                                                                            \
    M(int32_t, is_staged, )                                                                        \
    M(void *, more, )                                                                              \
    M(void *, text, )                                                                              \
    M(void *, commit, )                                                                            \
    M(struct gyre_out *, out, )                                                                    \
    M(void *, own, )
#define MIRROR_UNIT(M) M(int64_t, count, ) M(int64_t, kind, )
#define MIRROR_RE(M)   M(int64_t, at, ) M(int64_t, length, ) M(char, wrong, [128])
#define MIRROR_PART(M) M(int64_t, at, ) M(int64_t, length, )
#define MIRROR_FOUND(M)                                                                            \
    M(int64_t, start, )                                                                            \
    M(int64_t, end, )                                                                              \
    M(int64_t, n_parts, )                                                                          \
    M(const char *, wrong, )                                                                       \
    M(struct pattern_part, parts, [32])

#define MIRROR_CALL(M)                                                                             \
    M(uint32_t *, cells, )                                                                         \
    M(const uint32_t *, rows, )                                                                    \
    M(uint32_t, n, )                                                                               \
    M(int32_t, undo, )                                                                             \
    M(int32_t, fresh, )                                                                            \
    M(uint32_t, clock, )                                                                           \
    M(const uint64_t *, tags, )                                                                    \
    M(int64_t, watermark, )                                                                        \
    M(void *, emitter, )                                                                           \
    M(struct gyre_out *, out, )                                                                    \
    M(void *, timer, )                                                                             \
    M(void *, now, )                                                                               \
    M(void *, text, )                                                                              \
    M(void *, ctx, )                                                                               \
    M(const struct gyre_batch *, batch, )                                                          \
    M(int32_t, code, )                                                                             \
    M(uint32_t, reserved, )

/* What the FFI is told of them. */
extern const char mirror_cdef[];

#endif
