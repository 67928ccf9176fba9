/* plugins/lua/run.c: see run.h. */
#include "run.h"
#include "calls_library.h"
#include "page.h"

#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>
#include <stdlib.h>

#define PAGE_KEPT (1u << 20)

/* What Lua is told of gyre_str and struct run. */
static const char cdef[] = "struct gyre_str { uint32_t len; char head[4]; int64_t rest; };\n"
                           "struct run {\n"
                           "  uint32_t rows, is_dense;\n"
                           "  const int32_t *selection;\n"
                           "  void *out;\n"
                           "  uint8_t *out_valid;\n"
                           "  const void **data;\n"
                           "  const uint8_t **valid;\n"
                           "  struct gyre_str *slots;\n"
                           "  const struct gyre_str *literals;\n"
                           "  int32_t *bad_row, *bad_site;\n"
                           "  int64_t i;\n"
                           "  double f;\n"
                           "  uint64_t used;\n"
                           "  uint32_t n_bad;\n"
                           "};\n";
GYRE_STATIC_ASSERT(offsetof(struct run, selection) == 8, "layout that Lua is told of");
GYRE_STATIC_ASSERT(offsetof(struct run, slots) == 48, "layout that Lua is told of");
GYRE_STATIC_ASSERT(offsetof(struct run, i) == 80, "layout that Lua is told of");
GYRE_STATIC_ASSERT(offsetof(struct run, n_bad) == 104, "layout that Lua is told of");

/* Makes E, what the emitted code takes its names from. `order` compares an i64 with an f64 exactly: -1, 0, 1, or
 * NaN, which is neither; `wraps` tells whether a product is beyond an i64. */
static const char prelude[] =
    "local cdef, calls, run, calls_at = ...\n"
    "local ffi, bit = require 'ffi', require 'bit'\n"
    "ffi.cdef(cdef) ffi.cdef(calls)\n"
    "local F = ffi.cast('const struct calls *', calls_at)\n"
    "local R = ffi.cast('struct run *', run)\n"
    "local t = ffi.typeof\n"
    "local E = {cast=ffi.cast, tonumber=tonumber, band=bit.band, bor=bit.bor, bxor=bit.bxor,\n"
    "  rshift=bit.rshift, min=math.min, max=math.max, floor=math.floor,\n"
    "  abs=math.abs, pi32=t'int32_t *', pi64=t'int64_t *', pf64=t'double *',\n"
    "  pstr=t'struct gyre_str *', pu8=t'uint8_t *', F=F, put=F.put}\n"
    "local floor = math.floor\n"
    "function E.order(a, b)\n"
    "  if b ~= b then return b end\n"
    "  if b >= 9223372036854775808 then return -1 end\n"
    "  if b < -9223372036854775808 then return 1 end\n"
    "  local f = floor(b)\n"
    "  local k = F.truncated(f)\n"
    "  if a < k then return -1 elseif a > k then return 1 elseif b > f then return -1 end\n"
    "  return 0\n"
    "end\n"
    "function E.wraps(a, b)\n"
    "  if tonumber(a) == 0 or tonumber(b) == 0 then return false end\n"
    "  if b == -1LL then return a == 0x8000000000000000LL end\n"
    "  local r = a * b\n"
    "  return r / b ~= a\n"
    "end\n"
    "return E, R\n";

/* What a protected call works on. */
struct ask {
    struct run *run;
    const struct expr *e;
};

/* Leaves the expression's function on the stack. Long expressions need more of LuaJIT than it gives by itself. */
static int load(lua_State *lua)
{
    const struct ask *ask = lua_touserdata(lua, 1);
    lua_settop(lua, 0);
    luaL_openlibs(lua);
    if (luaL_dostring(lua, "require 'jit.opt'.start('maxtrace=4000', 'maxrecord=40000', "
                           "'maxsnap=4000', 'maxside=1000', 'maxmcode=4096')") != 0)
        lua_settop(lua, 0); /* without a compiler it is interpreted */
    if (luaL_loadbuffer(lua, prelude, sizeof prelude - 1, "=prelude") != 0)
        return lua_error(lua);
    lua_pushstring(lua, cdef);
    lua_pushstring(lua, calls_cdef);
    lua_pushlightuserdata(lua, ask->run);
    lua_pushlightuserdata(lua, (void *)(uintptr_t)&calls_table);
    lua_call(lua, 4, 2);
    if (luaL_loadbuffer(lua, ask->e->lua, ask->e->lua_n, "=expression") != 0)
        return lua_error(lua);
    lua_pushvalue(lua, 2);
    lua_pushvalue(lua, 1);
    lua_call(lua, 2, 1);
    lua_setfield(lua, LUA_REGISTRYINDEX, "gyre");
    return 0;
}

/* A state with the expression in it; NULL with a sentence. */
static lua_State *state_new(struct run *run, const struct expr *e, char *text, size_t size)
{
    struct ask ask = {run, e};
    lua_State *lua = luaL_newstate();
    if (lua == NULL) {
        snprintf(text, size, "no memory for a Lua state");
        return NULL;
    }
    if (lua_cpcall(lua, load, &ask) == 0)
        return lua;
    const char *said = lua_tostring(lua, -1);
    snprintf(text, size, "it is too much for LuaJIT (%s): divide it", said != NULL ? said : "?");
    lua_close(lua);
    return NULL;
}

/* ---- the run ----------------------------------------------------------------------------------- */

static const uint8_t all_there[GYRE_BATCH_ROWS] = {
#define EIGHT     1, 1, 1, 1, 1, 1, 1, 1
#define SIXTYFOUR EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT
    SIXTYFOUR, SIXTYFOUR, SIXTYFOUR, SIXTYFOUR, SIXTYFOUR, SIXTYFOUR, SIXTYFOUR, SIXTYFOUR,
    SIXTYFOUR, SIXTYFOUR, SIXTYFOUR, SIXTYFOUR, SIXTYFOUR, SIXTYFOUR, SIXTYFOUR, SIXTYFOUR};

const uint8_t *run_valid(const struct gyre_column *column)
{
    return column->valid != NULL ? column->valid : all_there;
}

void run_free(struct run *run)
{
    if (run == NULL)
        return;
    if (run->lua != NULL)
        lua_close(run->lua);
    page_free(run);
    patterns_fini(run);
    free(run->slots);
    free(run->data);
    free(run->valid);
    free(run->bad_row);
    free(run);
}

static struct run *run_make(const struct expr *e, char *text, size_t size)
{
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL)
        return NULL;
    run->e = e;
    run->literals = e->literals;
    run->n_fields = e->n_fields;
    run->slots = calloc(e->n_slots + 1, sizeof *run->slots);
    run->data = calloc(e->n_fields + 1, sizeof *run->data);
    run->valid = calloc(e->n_fields + 1, sizeof *run->valid);
    run->bad_row = calloc(2 * (size_t)GYRE_BATCH_ROWS, sizeof *run->bad_row);
    snprintf(text, size, "no memory for an expression");
    if (run->slots != NULL && run->data != NULL && run->valid != NULL && run->bad_row != NULL &&
        patterns_init(run) == 0) {
        run->bad_site = run->bad_row + GYRE_BATCH_ROWS;
        run->lua = state_new(run, e, text, size);
    }
    if (run->lua != NULL)
        return run;
    run_free(run);
    return NULL;
}

int run_try(struct expr *e)
{
    char text[GYRE_ERROR_TEXT / 2];
    struct run *run = run_make(e, text, sizeof text);
    if (run == NULL)
        return expr_fail(e, e->root, "%s", text);
    run_free(run);
    return 0;
}

struct run *run_new(struct gyre_ctx *ctx, const struct expr *e)
{
    char text[GYRE_ERROR_TEXT / 2];
    struct run *run = run_make(e, text, sizeof text);
    if (run == NULL) {
        gyre_fail(ctx, GYRE_ENOMEM, "%s", text);
        return NULL;
    }
    run->ctx = ctx;
    return run;
}

int32_t run_rows(struct run *run)
{
    lua_State *lua = run->lua;
    lua_getfield(lua, LUA_REGISTRYINDEX, "gyre");
    run->n_bad = 0;
    int status = lua_pcall(lua, 0, 0, 0);
    if (run->page != NULL && run->used > PAGE_KEPT)
        page_free(run);
    if (status == 0)
        return 0;
    const char *said = lua_tostring(lua, -1);
    gyre_fail(run->ctx, status == LUA_ERRMEM ? GYRE_ENOMEM : GYRE_EFAIL, "an expression failed: %s",
              said != NULL ? said : "?");
    lua_settop(lua, 0);
    return status == LUA_ERRMEM ? GYRE_ENOMEM : GYRE_EFAIL;
}

void run_bad(const struct run *run, uint32_t k, char *to, size_t size)
{
    const struct expr *e = run->e;
    uint32_t site = (uint32_t)run->bad_site[k];
    int n = 0;
    if (e->places != NULL && site < e->n_sites) {
        const struct gyre_place *place = &e->places[expr_line(e, e->sites[site].node->at)];
        n = place->line != 0 ? snprintf(to, size, "%s:%u: ", place->file, place->line)
                             : snprintf(to, size, "%s: ", place->file);
    }
    if (n >= 0 && (size_t)n < size)
        expr_tell_row(e, site, to + n, size - (size_t)n);
}
