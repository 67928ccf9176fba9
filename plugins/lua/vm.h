/* plugins/lua/vm.h: one Lua state in which code of a job runs: without a way out, and with an end.
 *
 *   memory    everything the state has is counted; beyond the limit Lua's own error is raised
 *   steps     ticks in the code (tick.h) and bytes that are allocated count down a row's steps; when they
 *             are used up an error is raised that no pcall keeps
 *   names     code sees what sandbox.lua gives it, and no other global
 *
 * A state belongs to one task, or to one bind. Nothing is shared between states, and nothing is global.
 *
 * All Lua of this plugin, but for the code of jobs, is in .lua files (texts.h). They are functions that get one
 * table, the same for all files of a state: what C and they themselves have put there. See sandbox.lua. */
#ifndef GYRE_PLUGIN_LUA_VM_H
#define GYRE_PLUGIN_LUA_VM_H

#include "gauge.h"

#include <lua.h>

struct vm;

struct vm_limits {
    int64_t memory; /* bytes */
    int64_t steps;  /* for one row */
};

/* Where code stands: its line i is line lines[i - 1] of `file`; NULL: line i. */
struct vm_place {
    const char *file;
    const uint32_t *lines;
    uint32_t n_lines;
};

enum {
    VM_FINE,
    VM_WRONG,  /* an error of the code, or that it raises */
    VM_STEPS,  /* it took more steps than a row may */
    VM_MEMORY, /* it took more memory than the state may */
    VM_NOMEM,  /* there is no memory on this machine */
};

/* What went wrong, and where: `file` is NULL where no place is known. */
struct vm_fault {
    int32_t kind;
    uint32_t line;
    const char *file; /* of a vm_place, or the state's */
    char text[GYRE_ERROR_TEXT];
};

/** A state with its sandbox.
 *  Shape:   `ctx` accounts for its memory and draws its random numbers; NULL: nothing is run in it
 *  Owns:    the caller, by vm_free; files that faults name live as long
 *  Errors:  NULL with `fault` filled */
struct vm *vm_new(struct gyre_ctx *ctx, const struct vm_limits *limits, struct vm_fault *fault);
void vm_free(struct vm *vm);

struct gauge *vm_gauge(struct vm *vm);

/** The state itself, for C functions that Lua calls; what they raise ends in vm_run or vm_protect. */
lua_State *vm_lua(struct vm *vm);

/** Calls a C function with `ud` as its only argument, light userdata, and no results.
 *  Errors:  -1, the fault */
int vm_protect(struct vm *vm, lua_CFunction function, void *ud, struct vm_fault *fault);

/** Pushes the table that the plugin's own files get. Below a protected call. */
void vm_push_host(lua_State *lua);

/** Makes a function of code: its parameters are those of `names` that the code reads.
 *  Shape:   `used[i]` becomes 1 where it reads names[i]; both have room for `n_names`
 *  Owns:    `place` is the caller's, and stays as long as the state
 *  Returns: the function's number (vm_run, or `codes[number]` for the plugin's own Lua); -1: `fault` */
int vm_code(struct vm *vm, const char *code, size_t n, struct vm_place place,
            const char *const *names, uint32_t n_names, uint8_t *used, struct vm_fault *fault);

/** Runs one of the plugin's own files; the number of the function that it returns, or -1. */
int vm_own(struct vm *vm, const char *name, const char *text, struct vm_fault *fault);

/** Calls a function without arguments: those are in the gauge. Nothing is allocated by the call itself.
 *  Errors:  the fault's kind; the state can be used again. VM_MEMORY: what earlier rows have left there is gone
 *           now, and it may have been that: the row is to be tried once more */
int vm_run(struct vm *vm, int function, struct vm_fault *fault);

/** "FILE:LINE: text", as far as known, in `text` of `room` bytes. */
const char *vm_fault_text(const struct vm_fault *fault, char *text, size_t room);

#endif
