/* plugins/lua/pack.h: a value of Lua as bytes, and back.
 *
 * One value has one form of bytes, whatever the order in which its tables were filled: keys are sorted, numbers
 * written in one way. What cannot come back as it was is refused with a sentence that names the place, as
 * `state.visits[3]`: functions, userdata and threads, tables with a metatable, a table that is in it twice (it would
 * come back as two) or in itself, more than PACK_DEPTH tables in one another.
 *
 *   0x00 ... 0x7f  the whole number 0 to 127
 *   0x80 ... 0x9f  a string of 0 to 31 bytes, which follow
 *   0xa0           nil; alone only, never in a table
 *   0xa1, 0xa2     false, true
 *   0xa3           another whole number: zigzag varint; below 2^53 a number of Lua, else an i64
 *   0xa4           any other number: f64, 8 bytes, little-endian; one NaN
 *   0xa5           a longer string: varint of its length, its bytes
 *   0xa6           a table: varint a, varint b; values 1 to a, then b pairs of key and value, by the keys' bytes
 *   0xb0 ... 0xbf  a table with a = 0, b = 0 to 15
 *
 * A key is a boolean, a number or a string. Value a + 1 is nil, so that no part of an array is among the pairs. */
#ifndef GYRE_PLUGIN_LUA_PACK_H
#define GYRE_PLUGIN_LUA_PACK_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

#define PACK_DEPTH 32 /* so many tables in one another */
#define PACK_ERROR 320

/* Where a value of a table stands, for errors. */
struct pack_step {
    const char *text; /* NULL: it is `number` */
    size_t length;
    double number;
    const void *table; /* the one that it is in */
};

/* A pair of a table that is being packed; places in the bytes. */
struct pack_pair {
    size_t key, value, end;
    const uint8_t *at; /* of the key, while they are sorted */
};

/** What packing needs; the room is used again by each call. Give it `alloc`, `get_i64`, `push_i64` and `most`, the
 *  rest zero; end it with pack_fini.
 *  Shape:   `alloc` as realloc, size 0 frees; `get_i64` sees whether a cdata is an i64, `push_i64` makes one;
 *           `bytes`: what was packed last; `error`: what pack_value and pack_read said
 *  Owns:    its room
 *  Thread:  [task] */
struct pack {
    void *(*alloc)(void *host, void *old, size_t size);
    void *host;
    int (*get_i64)(lua_State *L, int at, int64_t *value);
    void (*push_i64)(lua_State *L, int64_t value);
    size_t most; /* bytes that a value may take */
    uint8_t *bytes;
    size_t length, capacity;
    struct pack_pair *pairs;
    size_t n_pairs, pairs_room;
    uint8_t *aside; /* pairs while they change places */
    size_t aside_room;
    const void **seen; /* tables, by open addressing */
    size_t n_seen, seen_room;
    const char *name;
    uint32_t depth;
    struct pack_step steps[PACK_DEPTH];
    char error[PACK_ERROR];
};

void pack_fini(struct pack *pack);

/** Packs the value at `at`, which errors call `name`, into `pack->bytes`. Calls nothing of the code and raises no
 *  error of Lua.
 *  Errors:  -1, with a sentence in `pack->error` */
int pack_value(struct pack *pack, lua_State *L, int at, const char *name);

/** True where a table with nothing in it was packed last. */
static inline int pack_is_empty(const struct pack *pack)
{
    return pack->length == 1 && pack->bytes[0] == 0xb0;
}

/** Pushes the value of bytes that pack_check has found sound. Raises errors of Lua where memory is out.
 *  Errors:  -1, with a sentence in `pack->error`: nothing is pushed */
int pack_read(struct pack *pack, lua_State *L, const uint8_t *bytes, size_t n);

/** True where the bytes are those of a value, all of them, in the one form that pack_value gives it. */
int pack_check(const uint8_t *bytes, size_t n);

#endif
