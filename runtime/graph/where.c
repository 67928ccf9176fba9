/* See where.h. */
#include "graph/where.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool gy_where_is_pattern(const char *path)
{
    const char *open = strchr(path, '{');
    return open != NULL && strchr(open, '}') != NULL;
}

/* ---- resolving ---- */

/* The longest beginning of a path that is there, without links; `*n` is its length, whole names. */
static char *real_beginning(struct gy_arena_ctl *arena, const char *path, size_t *n)
{
    for (*n = strlen(path); *n > 0; (*n)--) {
        if (path[*n] != 0 && path[*n] != '/')
            continue;
        const char *beginning = gy_arena_ctl_strndup(arena, path, *n);
        char *real = beginning != NULL ? realpath(beginning, NULL) : NULL;
        if (real != NULL)
            return real;
    }
    return realpath(*path == '/' ? "/" : ".", NULL);
}

/* Appends a name of `n` bytes to a path that ends in none: "/a/b", and "" for the root. */
static size_t add_name(char *to, size_t at, const char *name, size_t n)
{
    if (n == 0 || (n == 1 && *name == '.'))
        return at;
    if (n == 2 && memcmp(name, "..", 2) == 0) {
        while (at > 0 && to[--at] != '/')
            ;
        return at;
    }
    to[at] = '/';
    memcpy(to + at + 1, name, n);
    return at + n + 1;
}

const char *gy_where_resolve(struct gy_arena_ctl *arena, const char *path)
{
    size_t n, at;
    char *real = real_beginning(arena, path, &n);
    const char *start = real != NULL && strcmp(real, "/") != 0 ? real : "";
    char *to = gy_arena_ctl_alloc(arena, strlen(start) + strlen(path) + 3);
    if (to != NULL) {
        at = strlen(start);
        memcpy(to, start, at);
        for (const char *name = path + n, *end; *name != 0; name = *end != 0 ? end + 1 : end) {
            end = name + strcspn(name, "/");
            at = add_name(to, at, name, (size_t)(end - name));
        }
        memcpy(to + at, at == 0 ? "/" : "", at == 0 ? 2 : 1);
    }
    free(real);
    return to;
}

/* ---- meeting ---- */

/* A path as tokens: bytes, and for a `{...}` ONE byte of a name and MANY, or none. */
enum { ONE = 256, MANY, END };

static uint16_t *tokens_of(struct gy_arena_ctl *arena, const char *path, bool is_pattern)
{
    uint16_t *tokens = gy_arena_ctl_calloc(arena, strlen(path) + 1, sizeof *tokens), *to = tokens;
    for (const char *at = path, *close; tokens != NULL && *at != 0; at++) {
        if (is_pattern && *at == '{' && (close = strchr(at, '}')) != NULL) {
            *to++ = ONE;
            *to++ = MANY;
            at = close;
        } else {
            *to++ = (uint8_t)*at;
        }
    }
    if (tokens != NULL)
        *to = END;
    return tokens;
}

/* True where one byte can be what both tokens stand for. */
static bool can_be_one(uint16_t a, uint16_t b)
{
    if (a == END || b == END)
        return false;
    if (a < ONE && b < ONE)
        return a == b;
    return a != '/' && b != '/';
}

/* From the ends on: whether what is left of both, from token i and from token j on, can be one. Of that `row` has what
 * is known for i + 1, and then for i. */
static void fill_row(const uint16_t *a, const uint16_t *b, size_t n_b, size_t i, bool *row)
{
    bool below_right = false; /* of i + 1 and j + 1 */
    for (size_t j = n_b + 1; j-- > 0;) {
        bool below = row[j], right = j < n_b && row[j + 1];
        bool one = can_be_one(a[i], b[j]);
        row[j] = (a[i] == END && b[j] == END) || (a[i] == MANY && (below || (one && right))) ||
                 (b[j] == MANY && (right || (one && below))) || (one && below_right);
        below_right = below;
    }
}

bool gy_where_meet(struct gy_arena_ctl *arena, const char *a, bool a_is_pattern, const char *b,
                   bool b_is_pattern)
{
    if (!a_is_pattern && !b_is_pattern)
        return strcmp(a, b) == 0;
    const uint16_t *x = tokens_of(arena, a, a_is_pattern), *y = tokens_of(arena, b, b_is_pattern);
    size_t n_x = 0, n_y = 0;
    while (x != NULL && x[n_x] != END)
        n_x++;
    while (y != NULL && y[n_y] != END)
        n_y++;
    bool *row = gy_arena_ctl_calloc(arena, n_y + 1, sizeof *row);
    if (x == NULL || y == NULL || row == NULL)
        return false;
    for (size_t i = n_x + 1; i-- > 0;)
        fill_row(x, y, n_y, i, row);
    return row[0];
}
