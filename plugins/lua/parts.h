/* plugins/lua/parts.h: an operator or a function whose code stands in several options: init, on_row, on_timer, ...
 * They see one value that lasts, `state` or `acc`, which they may assign to. */
#ifndef GYRE_PLUGIN_LUA_PARTS_H
#define GYRE_PLUGIN_LUA_PARTS_H

#include "plan.h"

#define PARTS_MOST 5

/* Whose fields code sees. */
enum { PART_ROW = 1, PART_KEY };

/* One option with code. */
struct part {
    const char *option;
    uint32_t sees; /* PART_ROW, PART_KEY, 0: no fields */
    const char *const
        *extra; /* other names that it sees, behind the fields; a field of that name hides one */
    uint32_t n_extra;
    /* made by parts_bind: */
    const char *text; /* NULL: the option is not given */
    struct vm_place place;
    const char **names;
    uint8_t *used;
    uint32_t n_names;
};

/* A field of the input. */
struct parts_field {
    const char *name;
    uint32_t type;
    int32_t nullable;
    int32_t key; /* its place in the key, -1 */
    int32_t at;  /* its place in the batch, -1: no code reads it */
};

/* Part of a config. */
struct parts {
    int64_t memory;
    int64_t max_steps;
    const char *held;         /* the name of what lasts */
    const char *const *calls; /* what code may call beside the sandbox's names, up to NULL */
    uint32_t n;
    uint32_t n_fields;
    struct parts_field *fields;
    struct part part[PARTS_MOST];
};

/** The options `memory` and `max_steps`, for a config that has the parts as its member `parts`. */
#define PARTS_LIMITS(config)                                                                       \
    {.size = (uint32_t)sizeof(struct gyre_option),                                                 \
     .type = GYRE_OPTION_SIZE,                                                                     \
     .name = "memory",                                                                             \
     .doc = "what the code of a task may have in memory",                                          \
     .fallback = "256MiB",                                                                         \
     .min = 1 << 20,                                                                               \
     .max = INT64_C(1) << 40,                                                                      \
     .flags = GYRE_NOT_OF_STATE,                                                                   \
     .offset = (uint32_t)offsetof(config, parts.memory)},                                          \
    {                                                                                              \
        .size = (uint32_t)sizeof(struct gyre_option), .type = GYRE_OPTION_INT,                     \
        .name = "max_steps", .doc = "rounds of loops and calls of functions that a row may take",  \
        .fallback = "10000000", .min = 1, .max = INT64_C(1) << 52, .flags = GYRE_NOT_OF_STATE,     \
        .offset = (uint32_t)offsetof(config, parts.max_steps)                                      \
    }

/** Adds a part; `text` NULL: the option is not given. */
void parts_add(struct parts *parts, const struct part *part, const char *text);

/** Compiles and checks all parts, and asks for the fields that they read.
 *  Errors:  told; their code */
int32_t parts_bind(struct parts *parts, struct gyre_bind *bind);

/** A state for a task with the parts compiled: the plan gets `codes`, a table of their functions' numbers by option,
 *  and `reads` and `keys`, the fields that rows and keys have for them, each with what parts see it.
 *  Errors:  NULL, and the task's error filled */
struct vm *parts_open(const struct parts *parts, struct gyre_ctx *ctx, struct plan *plan);

/** Fails the task with a fault of its state. */
int32_t parts_fail(struct gyre_ctx *ctx, const struct vm_fault *fault);

#endif
