/* The name that a person may have meant: for "did you mean". Needs libc alone, so plugins compile it in. */
#ifndef GY_BASE_NEAREST_H
#define GY_BASE_NEAREST_H

#include <stddef.h>

/** Finds the candidate that `name` is most likely a misspelling of, whatever the case: at most
 *  about a third of its letters differ, are missing, added, or swapped with a neighbour.
 *  Owns:    the caller's own string; the first of equals; NULL: none is near
 *  Thread:  [any]
 *  Source:  Damerau-Levenshtein, optimal string alignment */
const char *gy_nearest(const char *name, const char *const *candidates, size_t n);

#endif
