/* See lua_kit.h. */
#include "lua_kit.h"

#include "gyre/testkit.h"
#include "support/files.h"
#include "support/suite.h"

#include <stdlib.h>

#define OPTIONS                                                                                    \
    "schema = (%s); file = \"t.lua\"; max_steps = %d; "                                            \
    "memory = \"16MiB\"; %s"

#define OUT "{name = \"s\"; type = \"str\";}"

/* The operator with this code. */
static struct gyre_kit *open_fields(const char *dir, const char *in, const char *out,
                                    const char *code, int steps, const char *more)
{
    char *plugin = build_path("plugins/lua.so"), *path = path_join(dir, "t.lua"),
         *options = text_format(OPTIONS, out, steps, more);
    file_write_text(path, code);
    struct gyre_kit_setup setup = {.plugin = plugin,
                                   .op = "lua.flat_map",
                                   .options = options,
                                   .inputs = {{.schema = in}},
                                   .folder = dir};
    struct gyre_kit *kit = gyre_kit_new(&setup);
    free(plugin);
    free(path);
    free(options);
    return kit;
}

static struct gyre_kit *open(const char *dir, const char *code, int steps, const char *more)
{
    return open_fields(dir, "line: str", OUT, code, steps, more);
}

static void check_says(const struct gyre_kit *kit, const char *code, const char *says)
{
    const char *error = gyre_kit_error(kit);
    CU_ASSERT(strstr(error, says) != NULL);
    if (strstr(error, says) == NULL)
        fprintf(stderr, "%s\n--- says\n%s\n--- not\n%s\n", code, error, says);
}

void lua_kit_refused(const char *code, const char *says)
{
    suite_need_plugin("lua", "LuaJIT");
    char *dir = dir_temp();
    struct gyre_kit *kit = open(dir, code, LUA_KIT_STEPS, "");
    check_says(kit, code, says);
    gyre_kit_free(kit);
    dir_end(dir);
}

void lua_kit_bad_row(const char *code, int steps, const char *says)
{
    suite_need_plugin("lua", "LuaJIT");
    char *dir = dir_temp(),
         *some = text_format("if line ~= \"good\" then %s\nelse emit{s = line} end", code);
    struct gyre_kit *kit = open(dir, some, steps, "");
    gyre_kit_push(kit, NULL, "bad");
    check_says(kit, code, says);
    gyre_kit_free(kit);
    kit = open(dir, some, steps, "on_error = \"skip\";");
    CU_ASSERT_EQUAL(gyre_kit_push(kit, NULL, "good\nbad\ngood\nbad\ngood"), 0);
    CU_ASSERT_EQUAL(gyre_kit_bad_rows(kit), 2);
    CU_ASSERT(gyre_kit_expect(kit, NULL, "good\ngood\ngood", 0));
    gyre_kit_free(kit);
    free(some);
    dir_end(dir);
}

void lua_kit_fields(const char *in_schema, const char *out_schema, const char *code, const char *in,
                    const char *out)
{
    suite_need_plugin("lua", "LuaJIT");
    char *dir = dir_temp();
    struct gyre_kit *kit = open_fields(dir, in_schema, out_schema, code, LUA_KIT_STEPS, "");
    gyre_kit_push(kit, NULL, in);
    CU_ASSERT_STRING_EQUAL(gyre_kit_error(kit), "");
    int same = gyre_kit_expect(kit, NULL, out, 0);
    CU_ASSERT(same);
    if (!same)
        fprintf(stderr, "%s\n%s\n", code, gyre_kit_error(kit));
    gyre_kit_free(kit);
    dir_end(dir);
}

void lua_kit_rows(const char *code, const char *in, const char *out)
{
    lua_kit_fields("line: str", OUT, code, in, out);
}

void lua_kit_logs(const char *code, const char *says)
{
    suite_need_plugin("lua", "LuaJIT");
    char *dir = dir_temp();
    struct gyre_kit *kit = open(dir, code, LUA_KIT_STEPS, "");
    gyre_kit_push(kit, NULL, "x");
    CU_ASSERT(strstr(gyre_kit_log(kit), says) != NULL);
    gyre_kit_free(kit);
    dir_end(dir);
}
