/* plugins/lua/script.h: code of a job that is called with the fields of a row: checked in bind, compiled for
 * each task. */
#ifndef GYRE_PLUGIN_LUA_SCRIPT_H
#define GYRE_PLUGIN_LUA_SCRIPT_H

#include "vm.h"

/* The options of whatever has code. Part of an operator's or function's config. */
struct script {
    const char *code;
    const char *file;
    int64_t memory;
    int64_t max_steps;
    /* made by script_bind: */
    const char *option; /* that has the code: "code" or "file" */
    const char *text;
    size_t length;
    struct vm_place place;
    const char **names; /* of the input's fields */
    uint8_t *used;      /* by the code, a byte per field */
    uint32_t *types;    /* a GYRE_TYPE_ per field, plus SCRIPT_NULLABLE */
    uint32_t *at;       /* the position in the batch of those that are used */
    uint32_t n_names;
};

#define SCRIPT_NULLABLE 0x100u

/** The options of code, in the table of a config that has a `script`: those that have it, and its limits. */
#define SCRIPT_CODE(config, what)                                                                  \
    {.size = (uint32_t)sizeof(struct gyre_option),                                                 \
     .type = GYRE_OPTION_STRING,                                                                   \
     .name = "code",                                                                               \
     .doc = what,                                                                                  \
     .offset = (uint32_t)offsetof(config, script.code)},                                           \
    {                                                                                              \
        .size = (uint32_t)sizeof(struct gyre_option), .type = GYRE_OPTION_PATH, .name = "file",    \
        .doc = "a file with the code, instead of `code`",                                          \
        .offset = (uint32_t)offsetof(config, script.file)                                          \
    }

#define SCRIPT_LIMITS(config)                                                                      \
    {.size = (uint32_t)sizeof(struct gyre_option),                                                 \
     .type = GYRE_OPTION_SIZE,                                                                     \
     .name = "memory",                                                                             \
     .doc = "what the code of a task may have in memory",                                          \
     .fallback = "256MiB",                                                                         \
     .min = 4 << 20,                                                                               \
     .max = INT64_C(1) << 40,                                                                      \
     .offset = (uint32_t)offsetof(config, script.memory)},                                         \
    {                                                                                              \
        .size = (uint32_t)sizeof(struct gyre_option), .type = GYRE_OPTION_INT,                     \
        .name = "max_steps", .doc = "rounds of loops and calls of functions that a row may take",  \
        .fallback = "10000000", .min = 1, .max = INT64_C(1) << 52,                                 \
        .offset = (uint32_t)offsetof(config, script.max_steps)                                     \
    }

/** Reads, compiles and checks the code, and asks for the fields it reads. `calls`: what it may call beside the
 *  sandbox's names; NULL: nothing.
 *  Errors:  told; their code */
int32_t script_bind(struct script *script, struct gyre_bind *bind, const char *calls);

/** A state for a task, with the code compiled: its number in `code`.
 *  Errors:  NULL, and the task's error filled */
struct vm *script_open(const struct script *script, struct gyre_ctx *ctx, const char *calls,
                       int *code);

/** Runs `function` over a batch, whose rows begin with the gauge's: a row whose code fails is told as bad, and
 *  the run goes on behind it. */
int32_t script_run(struct vm *vm, struct gyre_ctx *ctx, const struct gyre_batch *in, int function);

#endif
