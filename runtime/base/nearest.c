/* See nearest.h. */
#include "base/nearest.h"

#include <stdint.h>
#include <string.h>

#define NAME_MAX_BYTES 64

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Damerau and Levenshtein's distance, whatever the case, row by row with three rows kept. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned rows[3][NAME_MAX_BYTES + 1];
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = rows[i % 3], *last = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned char x = lower(a[i - 1]), y = lower(b[j - 1]);
            unsigned best = least(now[j - 1], last[j]) + 1;
            best = least(best, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]))
                best = least(best, before[j - 2] + 1);
            now[j] = best;
        }
    }
    return rows[n % 3][m];
}

const char *gy_nearest(const char *name, const char *const *candidates, size_t n)
{
    size_t len = strlen(name);
    if (len == 0 || len > NAME_MAX_BYTES)
        return NULL;
    const char *nearest = NULL;
    unsigned best = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(candidates[i]);
        if (other == 0 || other > NAME_MAX_BYTES)
            continue;
        unsigned longer = (unsigned)(len > other ? len : other);
        unsigned d = distance(name, len, candidates[i], other);
        unsigned bound = longer / 3 > 0 ? longer / 3 : 1;
        if (d <= bound && d < longer && d < best) {
            best = d;
            nearest = candidates[i];
        }
    }
    return nearest;
}
