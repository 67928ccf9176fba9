/* Errors as people read them: all mistakes of a job file (near misses of a name: nearest.h).
 *
 * A job file's mistakes are all collected and printed in one go, `FILE:LINE: message`, the files in
 * the order in which they first had a mistake, then by line, then in the order they were found. One
 * mistake that is found twice is printed once.
 *
 * Invariant: the count tells the truth even without memory: a mistake that could not be stored
 * still makes gy_diags_count non-zero.
 */
#ifndef GY_BASE_ERR_H
#define GY_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/nearest.h"
#include "base/vec.h"

struct gy_diag {
    size_t file_index; /* into gy_diags.files */
    int line;          /* 0: the mistake belongs to no line */
    size_t seen;       /* order of finding */
    char *text;        /* owned */
};

/** Zeroed, it is a valid empty list. Owned by one thread. */
struct gy_diags {
    GY_VEC(struct gy_diag) list;
    GY_VEC(char *) files; /* in order of first appearance; "" stands for no file */
    bool oom;             /* a mistake could not be stored */
};

/** Frees the list and leaves it empty. */
void gy_diags_fini(struct gy_diags *d);

/** Adds a mistake. With `line` 0 it prints as `FILE: message`, so that `--set ID.OPTION` can stand
 *  for the file, and OPTION is then said once; with `file` NULL as `message`.
 *  Owns:    file and text are copied
 *  Errors:  none; without memory `oom` is set */
void gy_diags_add(struct gy_diags *d, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/** Tells how many mistakes there are, one more if some could not be stored. */
size_t gy_diags_count(const struct gy_diags *d);

/** Prints all mistakes, a line each, sorted.
 *  Errors:  those of the stream, for the caller to look at */
void gy_diags_print(struct gy_diags *d, FILE *to);

#endif
