/* plugins/lua/texts.h: the plugin's own Lua, as it stands in its .lua files. */
#ifndef GYRE_PLUGIN_LUA_TEXTS_H
#define GYRE_PLUGIN_LUA_TEXTS_H

/* Each ends with a zero byte, which is no part of it. */
#define LUA_TEXTS(T)                                                                               \
    T(sandbox) /* ticks, how code becomes a function */                                            \
    T(exact)   /* integers beyond 2^53 */                                                          \
    T(strings) /* string */                                                                        \
    T(basics)  /* the other names of Lua */                                                        \
    T(library) /* what it has beside Lua */                                                        \
    T(values)  /* the functions of expressions */                                                  \
    T(rows)    /* rows of batches as values of Lua, and back */                                    \
    T(flat_map)                                                                                    \
    T(cells) /* values that are kept, by key */                                                    \
    T(process)                                                                                     \
    T(aggregate)

#define LUA_TEXT(name) extern __attribute__((visibility("hidden"))) const char lua_text_##name[];
LUA_TEXTS(LUA_TEXT)
#undef LUA_TEXT

#endif
