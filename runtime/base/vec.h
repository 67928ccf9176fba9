/* Growable arrays, for the control plane.
 *
 * GY_VEC(type) declares a struct {type *items; size_t n, cap;}. Zeroed, it is a valid empty array.
 * A struct that is passed between functions gives it a tag: `struct gy_names { GY_VEC(char *) v; }`.
 *
 * Invariants: n <= cap; items is NULL exactly when cap is 0; items move when the array grows.
 */
#ifndef GY_BASE_VEC_H
#define GY_BASE_VEC_H

#include <stddef.h>

#include "base/debug.h"
#include "base/mem.h"

#define GY_VEC(type)                                                                               \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t n, cap;                                                                             \
    }

/** Makes room for `need` elements of `size` bytes in the GY_VEC at `vec`. Called by the macros.
 *  Owns:    the array, freed with gy_vec_fini
 *  Errors:  -1 without memory; the array is as it was */
int gy_vec_grow(void *vec, size_t need, size_t size);

/* Every macro evaluates `v`, a pointer to a GY_VEC, more than once, and any other argument once. */

/** 0 when `more` further elements fit, -1 without memory. */
#define gy_vec_reserve(v, more) gy_vec_grow((v), (v)->n + (more), sizeof *(v)->items)

/** Appends a copy of a value; 0, or -1 without memory. */
#define gy_vec_push(v, ...)                                                                        \
    (((v)->n < (v)->cap || gy_vec_reserve((v), 1) == 0)                                            \
         ? ((v)->items[(v)->n++] = (__VA_ARGS__), 0)                                               \
         : -1)

/** Takes the last element out; the array must not be empty. */
#define gy_vec_pop(v) (gy_debug_assert((v)->n > 0), (v)->items[--(v)->n])

/** Frees the array and leaves it empty. */
#define gy_vec_fini(v) (gy_free((v)->items), (v)->items = NULL, (v)->n = (v)->cap = 0, (void)0)

#endif
