/* Any bytes as a value of Lua, plugins/lua/pack.c: those that are found sound are read, and packed to the same. */
#include "../../plugins/lua/pack.c"

#include <lauxlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void *plain_alloc(void *host, void *old, size_t size)
{
    (void)host;
    if (size != 0)
        return realloc(old, size);
    free(old);
    return NULL;
}

static int get_i64(lua_State *L, int at, int64_t *value)
{
    memcpy(value, lua_topointer(L, at), sizeof *value);
    return 1;
}

static void push_i64(lua_State *L, int64_t value)
{
    char code[64];
    snprintf(code, sizeof code, "return 0x%llxLL", (unsigned long long)value);
    if (luaL_loadstring(L, code) != 0 || lua_pcall(L, 0, 1, 0) != 0)
        abort();
}

static int read_value(lua_State *L)
{
    struct pack *pack = lua_touserdata(L, 1);
    const uint8_t *bytes = lua_touserdata(L, 2);
    size_t n = (size_t)lua_tonumber(L, 3);
    lua_settop(L, 0);
    if (pack_read(pack, L, bytes, n) != 0 || pack_value(pack, L, 1, "state") != 0)
        return luaL_error(L, "%s", pack->error);
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct pack pack = {
        .alloc = plain_alloc, .get_i64 = get_i64, .push_i64 = push_i64, .most = 1 << 20};
    lua_State *L = luaL_newstate();
    if (L == NULL)
        return 0;
    int sound = pack_check(bytes, n);
    lua_pushcfunction(L, read_value);
    lua_pushlightuserdata(L, &pack);
    lua_pushlightuserdata(L, (void *)(uintptr_t)bytes);
    lua_pushnumber(L, (double)n);
    int read = lua_pcall(L, 3, 1, 0) == 0;
    if (sound && (!read || pack.length != n || memcmp(pack.bytes, bytes, n) != 0))
        abort();
    pack_fini(&pack);
    lua_close(L);
    return 0;
}
