/* plugins/lua/bridge.h: what Lua calls of C through its FFI: their addresses, for a plugin's symbols are hidden. */
#ifndef GYRE_PLUGIN_LUA_BRIDGE_H
#define GYRE_PLUGIN_LUA_BRIDGE_H

#define BRIDGE(X)                                                                                  \
    X(pattern_find)                                                                                \
    X(pattern_find_plain)                                                                          \
    X(when_unit)                                                                                   \
    X(when_floor)                                                                                  \
    X(when_part)                                                                                   \
    X(when_format_wrong)                                                                           \
    X(when_parse)                                                                                  \
    X(when_format)                                                                                 \
    X(re_new)                                                                                      \
    X(re_free)                                                                                     \
    X(re_groups)                                                                                   \
    X(re_find)                                                                                     \
    X(hash_bytes)

struct bridge {
#define BRIDGE_MEMBER(name) void *name;
    BRIDGE(BRIDGE_MEMBER)
#undef BRIDGE_MEMBER
};

extern const struct bridge bridge_table;

#endif
