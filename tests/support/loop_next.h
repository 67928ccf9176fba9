/* What the operators of fixtures/loop_ops put out for a row: for them, and for the oracle that tests
 * compare them with. */
#ifndef TESTS_LOOP_NEXT_H
#define TESTS_LOOP_NEXT_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t loop_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static inline int64_t loop_first_id(int64_t value, int64_t ids)
{
    return (int64_t)(loop_mix((uint64_t)value) % (uint64_t)ids);
}

static inline int64_t loop_first_left(int64_t value, int64_t left)
{
    return (int64_t)(loop_mix(~(uint64_t)value) % (uint64_t)(left + 1));
}

/* Whether operator `op` puts a row out of port 'a' or 'b' for a row, and the id of it. */
static inline bool loop_next(int64_t op, char port, int64_t ids, int64_t id, int64_t left,
                             int64_t *next)
{
    uint64_t drawn = loop_mix(loop_mix(loop_mix((uint64_t)op) ^ (uint64_t)id) ^
                              (uint64_t)left * 256 ^ (uint64_t)port);
    *next = (int64_t)(drawn / 4 % (uint64_t)ids);
    return left > 0 && drawn % 4 != 0;
}

#endif
