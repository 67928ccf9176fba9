/* plugins/lua/vm.c: see vm.h.
 *
 * Every call of Lua's API that may raise an error, for want of memory too, is made below lua_cpcall or
 * lua_pcall. Chunks are named by a byte 1 and the number of their place, since Lua cuts names off: what
 * it says of "\001 3:12:" is told of line 12 of the third place's file. */
#include "vm.h"
#include "bridge.h"
#include "calls.h"
#include "mirror.h"
#include "page.h"
#include "texts.h"
#include "tick.h"

#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>
#include <stdlib.h>

#define PLACES_MOST    64
#define BYTES_PER_STEP 64 /* to allocate, and to fill, so much takes about as long as a step */
#define HOST_KEY       "gyre"

struct vm {
    struct gauge gauge; /* first: Lua has its address */
    lua_State *lua;
    struct gyre_ctx *ctx;
    int64_t memory_most;
    int64_t memory_used;
    int32_t is_limited; /* the limit refused something, not the machine */
    int32_t n_places;
    int codes; /* the table of functions, in the registry */
    struct vm_place places[PLACES_MOST];
    struct run tool; /* what functions of expressions work with: their memory, their results */
};

/* What values.lua says of it. */
GYRE_STATIC_ASSERT(offsetof(struct run, i) == 80 && offsetof(struct run, f) == 88 &&
                       offsetof(struct run, used) == 96,
                   "layout that Lua is told of");

/* What a protected call works on. */
struct ask {
    struct vm *vm;
    const char *name;
    const char *text;
    size_t n;
    const char *file; /* whose folder has the modules */
    const char *const *names;
    uint32_t n_names;
    uint8_t *used;
    int result;
};

/* ---- memory ------------------------------------------------------------------------------------ */

static void *allocate(void *ud, void *old, size_t old_size, size_t size)
{
    struct vm *vm = ud;
    if (size == 0) {
        vm->memory_used -= (int64_t)old_size;
        free(old);
        return NULL;
    }
    int64_t more = (int64_t)size - (int64_t)old_size;
    if (more > 0)
        vm->gauge.steps -= (double)more / BYTES_PER_STEP;
    if (more > 0 && more > vm->memory_most - vm->memory_used && !vm->gauge.is_settling) {
        vm->is_limited = 1;
        return NULL;
    }
    void *made = realloc(old, size);
    if (made != NULL)
        vm->memory_used += more;
    return made;
}

/* ---- faults ------------------------------------------------------------------------------------ */

/* The line of its file that line `line` of a piece of code is. */
static uint32_t line_of(const struct vm_place *place, uint32_t line)
{
    if (place->n_lines == 0 || line == 0)
        return line;
    return place->lines[line <= place->n_lines ? line - 1 : place->n_lines - 1];
}

static void set_place(const struct vm *vm, int32_t number, uint32_t line, struct vm_fault *fault)
{
    if (number < 0 || number >= vm->n_places)
        return;
    const struct vm_place *place = &vm->places[number];
    fault->file = place->file;
    fault->line = line_of(place, line);
}

/* Reads "\001PLACE:LINE: text"; the text, or NULL where it is no such message. */
static const char *read_place(const struct vm *vm, const char *message, struct vm_fault *fault)
{
    char *end;
    if (message[0] != '\001')
        return NULL;
    long place = strtol(message + 1, &end, 10);
    if (place < 0 || place >= vm->n_places || *end != ':')
        return NULL;
    long line = strtol(end + 1, &end, 10);
    if (*end != ':')
        return NULL;
    set_place(vm, (int32_t)place, (uint32_t)line, fault);
    return end + 1 + (end[1] == ' ');
}

/* The text of a message. The compiler names a line in it, "(to close 'if' at line 3)", that is one of the code. */
static void put_text(const struct vm *vm, const char *message, struct vm_fault *fault)
{
    static const char at_line[] = "' at line ";
    const char *text = read_place(vm, message, fault);
    const char *at = text != NULL ? strstr(text, at_line) : NULL;
    char *end;
    if (at == NULL) {
        snprintf(fault->text, sizeof fault->text, "%s", text != NULL ? text : message);
        return;
    }
    unsigned long line = strtoul(at + strlen(at_line), &end, 10);
    const struct vm_place *place = &vm->places[strtol(message + 1, NULL, 10)];
    snprintf(fault->text, sizeof fault->text, "%.*s%u%s", (int)(at - text + (long)strlen(at_line)),
             text, line_of(place, (uint32_t)line), end);
}

/* What a coroutine or a module raises for want of memory is a text by the time that it gets here. */
static int is_memory(const struct vm *vm)
{
    return vm->is_limited && lua_type(vm->lua, -1) == LUA_TSTRING &&
           strcmp(lua_tostring(vm->lua, -1), "not enough memory") == 0;
}

/* Fills the fault with the error on top of the stack, and takes it away. */
static void take_error(struct vm *vm, int status, struct vm_fault *fault)
{
    lua_State *lua = vm->lua;
    const struct gauge *gauge = &vm->gauge;
    int type = lua_type(lua, -1);
    *fault = (struct vm_fault){.kind = VM_WRONG};
    if (gauge->is_over) {
        fault->kind = VM_STEPS;
        set_place(vm, gauge->over_source, (uint32_t)gauge->over_line, fault);
        snprintf(fault->text, sizeof fault->text,
                 "took more than %.0f steps for one row: a loop without an end? (`max_steps` is an "
                 "option)",
                 gauge->steps_most);
    } else if (status == LUA_ERRMEM && !vm->is_limited) {
        fault->kind = VM_NOMEM;
        snprintf(fault->text, sizeof fault->text, "out of memory");
    } else if (status == LUA_ERRMEM || is_memory(vm)) {
        fault->kind = VM_MEMORY;
        snprintf(fault->text, sizeof fault->text,
                 "took more than the %lld MiB of memory that it may (`memory` is an option)",
                 (long long)(vm->memory_most >> 20));
    } else if (type == LUA_TSTRING) {
        put_text(vm, lua_tostring(lua, -1), fault);
    } else if (type == LUA_TNUMBER) {
        snprintf(fault->text, sizeof fault->text, "%.14g", lua_tonumber(lua, -1));
    } else {
        snprintf(fault->text, sizeof fault->text,
                 "raises an error that is no text (a %s): error() takes one",
                 lua_typename(lua, type));
    }
    lua_settop(lua, 0);
}

const char *vm_fault_text(const struct vm_fault *fault, char *text, size_t room)
{
    if (fault->file == NULL)
        snprintf(text, room, "%s", fault->text);
    else
        snprintf(text, room, "%s:%u: %s", fault->file, fault->line, fault->text);
    return text;
}

/* ---- protected --------------------------------------------------------------------------------- */

/* tick(code): the code with ticks; or nil, what is wrong, its line. */
static int host_tick(lua_State *lua)
{
    size_t n, length;
    struct tick_wrong wrong;
    const char *code = luaL_checklstring(lua, 1, &n);
    char **made = lua_newuserdata(lua, sizeof *made); /* freed by what has called lua_cpcall */
    *made = tick_code(code, n, &length, &wrong);
    if (*made == NULL && wrong.text == NULL)
        return luaL_error(lua, "out of memory");
    if (*made == NULL) {
        lua_pushnil(lua);
        lua_pushstring(lua, wrong.text);
        lua_pushinteger(lua, (lua_Integer)wrong.line);
        return 3;
    }
    lua_pushlstring(lua, *made, length);
    free(*made);
    return 1;
}

static int add_place(struct vm *vm, struct vm_place place)
{
    if (vm->n_places == PLACES_MOST)
        return -1;
    vm->places[vm->n_places] = place;
    return vm->n_places++;
}

/* add_place(path), which Lua keeps: its number. */
static int host_add_place(lua_State *lua)
{
    struct vm *vm = lua_touserdata(lua, lua_upvalueindex(1));
    int number = add_place(vm, (struct vm_place){luaL_checkstring(lua, 1), NULL, 0});
    if (number < 0)
        return luaL_error(lua, "more than %d files of code", PLACES_MOST);
    lua_pushinteger(lua, number);
    return 1;
}

/* log(text): a line of the run's log. */
static int host_log(lua_State *lua)
{
    struct vm *vm = lua_touserdata(lua, lua_upvalueindex(1));
    if (vm->ctx != NULL)
        gyre_log(vm->ctx, GYRE_LOG_INFO, "%s", luaL_checkstring(lua, 1));
    return 0;
}

/* random(): the next number of the task's own sequence, from 0 up to below 1. */
static int host_random(lua_State *lua)
{
    struct vm *vm = lua_touserdata(lua, lua_upvalueindex(1));
    uint64_t bits = vm->ctx != NULL ? gyre_random(vm->ctx) : 0;
    lua_pushnumber(lua, (double)(bits >> 11) * 0x1p-53);
    return 1;
}

void vm_push_host(lua_State *lua)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, HOST_KEY);
}

/* Calls one of the plugin's own files with the host's table; one result. */
static void call_own(lua_State *lua, const char *name, const char *text)
{
    if (luaL_loadbuffer(lua, text, strlen(text), name) != 0)
        lua_error(lua);
    vm_push_host(lua);
    lua_call(lua, 1, 1);
}

static int boot(lua_State *lua)
{
    const struct ask *ask = lua_touserdata(lua, 1);
    luaL_openlibs(lua);
    lua_newtable(lua);
    lua_pushlightuserdata(lua, &ask->vm->gauge);
    lua_setfield(lua, -2, "gauge");
    lua_pushlightuserdata(lua, (void *)&bridge_table);
    lua_setfield(lua, -2, "bridge");
    lua_pushlightuserdata(lua, (void *)&calls_table);
    lua_setfield(lua, -2, "functions");
    lua_pushstring(lua, calls_cdef);
    lua_setfield(lua, -2, "calls_cdef");
    lua_pushlightuserdata(lua, &ask->vm->tool);
    lua_setfield(lua, -2, "tool");
    lua_pushstring(lua, mirror_cdef);
    lua_setfield(lua, -2, "cdef");
    lua_pushcfunction(lua, host_tick);
    lua_setfield(lua, -2, "tick_code");
    static const luaL_Reg calls[] = {
        {"add_place", host_add_place}, {"log", host_log}, {"random", host_random}};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        lua_pushlightuserdata(lua, ask->vm);
        lua_pushcclosure(lua, calls[i].func, 1);
        lua_setfield(lua, -2, calls[i].name);
    }
    lua_setfield(lua, LUA_REGISTRYINDEX, HOST_KEY);
    call_own(lua, "=sandbox", lua_text_sandbox);
    call_own(lua, "=exact", lua_text_exact);
    call_own(lua, "=strings", lua_text_strings);
    call_own(lua, "=basics", lua_text_basics);
    call_own(lua, "=library", lua_text_library);
    call_own(lua, "=values", lua_text_values);
    call_own(lua, "=rows", lua_text_rows);
    call_own(lua, "=seal", "local host = ... host.seal()");
    vm_push_host(lua);
    lua_getfield(lua, -1, "codes");
    ask->vm->codes = luaL_ref(lua, LUA_REGISTRYINDEX);
    return 0;
}

/* The number of the function on top of the stack, which is taken away: its place in `codes`. */
static int keep_function(lua_State *lua)
{
    vm_push_host(lua);
    lua_getfield(lua, -1, "codes");
    lua_pushvalue(lua, -3);
    int number = luaL_ref(lua, -2);
    lua_settop(lua, 0);
    return number;
}

static int run_own(lua_State *lua)
{
    struct ask *ask = lua_touserdata(lua, 1);
    call_own(lua, ask->name, ask->text);
    ask->result = keep_function(lua);
    return 0;
}

/* compile(code, place, folder, names): the function, and a table with the names it reads. */
static int make_code(lua_State *lua)
{
    struct ask *ask = lua_touserdata(lua, 1);
    const char *slash = strrchr(ask->file, '/');
    vm_push_host(lua);
    lua_getfield(lua, -1, "compile");
    lua_pushlstring(lua, ask->text, ask->n);
    lua_pushinteger(lua, ask->vm->n_places - 1);
    lua_pushlstring(lua, ask->file, slash != NULL ? (size_t)(slash - ask->file) + 1 : 0);
    lua_createtable(lua, (int)ask->n_names, 0);
    for (uint32_t i = 0; i < ask->n_names; i++) {
        lua_pushstring(lua, ask->names[i]);
        lua_rawseti(lua, -2, (int)i + 1);
    }
    lua_call(lua, 4, 2);
    for (uint32_t i = 0; i < ask->n_names; i++) {
        lua_getfield(lua, -1, ask->names[i]);
        ask->used[i] = (uint8_t)lua_toboolean(lua, -1);
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    ask->result = keep_function(lua);
    return 0;
}

/* Runs a protected function; its result, or -1 with the fault. */
static int protect(struct ask *ask, lua_CFunction function, struct vm_fault *fault)
{
    struct vm *vm = ask->vm;
    vm->gauge.is_over = vm->is_limited = 0;
    vm->gauge.steps = 1e18; /* nothing of the job runs */
    int status = lua_cpcall(vm->lua, function, ask);
    if (status == 0)
        return ask->result;
    take_error(vm, status, fault);
    return -1;
}

/* ---- the state --------------------------------------------------------------------------------- */

struct vm *vm_new(struct gyre_ctx *ctx, const struct vm_limits *limits, struct vm_fault *fault)
{
    struct vm *vm = calloc(1, sizeof *vm);
    *fault = (struct vm_fault){.kind = VM_NOMEM, .text = "no memory for a Lua state"};
    if (vm == NULL)
        return NULL;
    vm->ctx = ctx;
    vm->memory_most = limits->memory;
    vm->gauge.steps_most = (double)limits->steps;
    vm->lua = lua_newstate(allocate, vm);
    if (vm->lua == NULL) {
        vm_free(vm);
        return NULL;
    }
    struct ask ask = {.vm = vm};
    if (protect(&ask, boot, fault) < 0) {
        vm_free(vm);
        return NULL;
    }
    return vm;
}

void vm_free(struct vm *vm)
{
    if (vm == NULL)
        return;
    if (vm->lua != NULL)
        lua_close(vm->lua);
    page_free(&vm->tool);
    free(vm);
}

struct gauge *vm_gauge(struct vm *vm)
{
    return &vm->gauge;
}

lua_State *vm_lua(struct vm *vm)
{
    return vm->lua;
}

int vm_protect(struct vm *vm, lua_CFunction function, void *ud, struct vm_fault *fault)
{
    vm->gauge.is_over = vm->is_limited = 0;
    int status = lua_cpcall(vm->lua, function, ud);
    if (status == 0)
        return 0;
    take_error(vm, status, fault);
    return -1;
}

int vm_code(struct vm *vm, const char *code, size_t n, struct vm_place place,
            const char *const *names, uint32_t n_names, uint8_t *used, struct vm_fault *fault)
{
    struct ask ask = {.vm = vm,
                      .text = code,
                      .n = n,
                      .file = place.file,
                      .names = names,
                      .n_names = n_names,
                      .used = used};
    if (add_place(vm, place) < 0) {
        *fault = (struct vm_fault){.kind = VM_WRONG, .text = "more than 64 pieces of code"};
        return -1;
    }
    return protect(&ask, make_code, fault);
}

int vm_own(struct vm *vm, const char *name, const char *text, struct vm_fault *fault)
{
    struct ask ask = {.vm = vm, .name = name, .text = text};
    return protect(&ask, run_own, fault);
}

int vm_run(struct vm *vm, int function, struct vm_fault *fault)
{
    lua_State *lua = vm->lua;
    vm->gauge.is_over = vm->gauge.is_settling = vm->is_limited = 0;
    lua_rawgeti(lua, LUA_REGISTRYINDEX, vm->codes);
    lua_rawgeti(lua, -1, function);
    int status = lua_pcall(lua, 0, 0, 0);
    if (status == 0) {
        lua_settop(lua, 0);
        return 0;
    }
    take_error(vm, status, fault);
    if (fault->kind == VM_MEMORY)
        lua_gc(lua, LUA_GCCOLLECT, 0);
    return fault->kind;
}
