/* The one function behind the macros of vec.h, which works on the common prefix of every GY_VEC. */
#include "base/vec.h"

#include <assert.h>
#include <string.h>

struct any_vec {
    void *items;
    size_t n, cap;
};

int gy_vec_grow(void *vec, size_t need, size_t size)
{
    struct any_vec v;
    memcpy(&v, vec, sizeof v); /* by bytes: every GY_VEC is a type of its own */
    assert(v.n <= v.cap && (v.items == NULL) == (v.cap == 0));
    if (need < v.n)
        return -1; /* n + more wrapped around */
    if (need <= v.cap)
        return 0;
    size_t cap = v.cap > 0 ? v.cap + v.cap / 2 : 4;
    if (cap < need)
        cap = need;
    void *items = gy_realloc_array(v.items, cap, size);
    if (!items)
        return -1;
    v.items = items;
    v.cap = cap;
    memcpy(vec, &v, sizeof v);
    return 0;
}
