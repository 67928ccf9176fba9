/* The text of a job file with what it includes in the place of each @include, and where each line of it
 * came from. A name is looked for beside the file that includes it. */
#ifndef GY_JOB_FLAT_H
#define GY_JOB_FLAT_H

#include "job/setting.h"

#include <stdbool.h>

#include "base/buf.h"
#include "base/vec.h"

/* Lines of the text from the `from`th on (1: the first) are those of `file` from `line` on. */
struct gy_flat_run {
    int from;
    int line;
    const char *file; /* in the scope's arena, or the caller's */
};

/* Zeroed: empty. Owned by one thread. */
struct gy_flat {
    struct gy_buf text; /* with its 0 */
    GY_VEC(struct gy_flat_run) runs;
    int lines; /* line ends in it */
    bool failed;
};

/** Makes the text of that of `file`, whose folder is `dir`; NULL: of a value, which includes nothing.
 *  Owns:    the caller, by gy_flat_fini, whatever it returns
 *  Errors:  -1 and one mistake told: a file that cannot be read, too many files, too many bytes, a zero
 *           byte in one of them, a string or comment that does not end in its file, no memory */
int gy_flat_make(struct gy_flat *flat, const struct gy_scope *scope, const char *text,
                 const char *file, const char *dir);
void gy_flat_fini(struct gy_flat *flat);

/** Tells the integers and the strings that libconfig would corrupt. */
void gy_flat_scan_literals(const struct gy_scope *scope, const struct gy_flat *flat);

/** Where a line of the text came from: its file, and there the line. */
const char *gy_flat_place(const struct gy_flat *flat, int flat_line, int *line);

/** The lines of its file that those of `value` stand on, the string that `name` is set to at line `at` of the
 *  text: `n` of them.
 *  Owns:    the scope's arena
 *  Errors:  NULL and 0 of them, where it is not found */
const int *gy_flat_text_lines(const struct gy_flat *flat, const struct gy_scope *scope, int at,
                              const char *name, const char *value, uint32_t *n);

/** Append bytes; say of which file and line what follows is. */
void gy_flat_put(struct gy_flat *flat, const char *bytes, size_t n);
void gy_flat_from(struct gy_flat *flat, const char *file, int line);

static inline const char *gy_flat_text(const struct gy_flat *flat)
{
    return (const char *)flat->text.data;
}

#endif
