/* plugins/lua/tick.h: puts a count into code, so that none of it runs for ever.
 *
 * A compiled loop of LuaJIT looks at no hook, so the count stands in the source: `gyre__tick();` behind every `do`,
 * every `repeat` and every list of parameters, and before every `goto`. Whatever goes round passes one of
 * these. No line is added or taken away.
 *
 * The code is read as tokens, no more: what is no Lua is left for the compiler to tell. */
#ifndef GYRE_PLUGIN_LUA_TICK_H
#define GYRE_PLUGIN_LUA_TICK_H

#include <gyre/gyre.h>

#define TICK_NAME  "gyre__tick"
#define TICK_OWN   "gyre__"   /* names of code do not begin so */
#define TICK_BYTES (1u << 20) /* more code than this is refused */

/* What is wrong with code: its line, from 1, and a sentence. */
struct tick_wrong {
    uint32_t line;
    const char *text;
};

/* The code with its count, and a zero byte behind it.
 *  Owns:    the caller, by free(); `length` are its bytes
 *  Errors:  NULL, with `wrong` filled; its text is NULL where there is no memory */
char *tick_code(const char *code, size_t n, size_t *length, struct tick_wrong *wrong);

#endif
