/* lua.flat_map with code from a test: rows of one field `line` in, rows of one field `s` out. It may have
 * 16 MiB. */
#ifndef TESTS_E2E_LUA_KIT_H
#define TESTS_E2E_LUA_KIT_H

#include <stdio.h>
#include <string.h>

#define LUA_KIT_STEPS 200000 /* that code may take, mostly */

/** The code is refused at check, with a message that has `says` in it. */
void lua_kit_refused(const char *code, const char *says);

/** A row fails, with a message that has `says` in it: that row alone, and nothing of it comes out. */
void lua_kit_bad_row(const char *code, int steps, const char *says);

/** Rows come out of rows. */
void lua_kit_rows(const char *code, const char *in, const char *out);

/** The same with fields of one's own: in as "n: i64 or null", out as in a job file: "{name = \"n\"; type = \"i64\";}". */
void lua_kit_fields(const char *in_schema, const char *out_schema, const char *code, const char *in,
                    const char *out);

/** What the code has logged has `says` in it. */
void lua_kit_logs(const char *code, const char *says);

#endif
