/* plugins/lua/pack.c: see pack.h.
 *
 * A table is packed in one walk: the values of the array first, then the pairs as they come, each noted; where they
 * did not come in order they change places. Its head is put before them in the end, when it is known how many
 * there are. */
#include "pack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHORT_STRING = 0x80,
    NIL = 0xa0,
    FALSE,
    TRUE,
    WHOLE,
    REAL,
    STRING,
    TABLE,
    SMALL_TABLE = 0xb0,
    SMALL_TABLE_END = 0xbf,
    SHORT_MOST = 31,
    HEAD_MOST = 21,
    CDATA = 10, /* what lua_type says of LuaJIT's cdata */
};
/* 2^53: whole numbers below are numbers of Lua, others integers of exact.lua */
#define EXACT     9007199254740992.0
#define EXACT_I64 (INT64_C(1) << 53)

void pack_fini(struct pack *pack)
{
    if (pack->alloc == NULL)
        return;
    pack->alloc(pack->host, pack->bytes, 0);
    pack->alloc(pack->host, pack->pairs, 0);
    pack->alloc(pack->host, pack->aside, 0);
    pack->alloc(pack->host, (void *)pack->seen, 0);
    pack->bytes = pack->aside = NULL;
    pack->pairs = NULL;
    pack->seen = NULL;
    pack->capacity = pack->pairs_room = pack->aside_room = pack->seen_room = 0;
}

/* ---- what errors say --------------------------------------------------------------------------- */

static int is_name(const char *text, size_t n)
{
    if (n == 0 || n > 40 || (text[0] >= '0' && text[0] <= '9'))
        return 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (!(c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9')))
            return 0;
    }
    return 1;
}

/* Writes where the value at hand stands: the name, then a step for each table. */
static void write_path(const struct pack *pack, char *to, size_t room)
{
    size_t at = (size_t)snprintf(to, room, "%s", pack->name);
    for (uint32_t i = 0; i < pack->depth && at < room; i++) {
        const struct pack_step *step = &pack->steps[i];
        int shown = step->length > 40 ? 40 : (int)step->length;
        if (step->text == NULL)
            at += (size_t)snprintf(to + at, room - at, "[%.14g]", step->number);
        else if (is_name(step->text, step->length))
            at += (size_t)snprintf(to + at, room - at, ".%.*s", shown, step->text);
        else
            at += (size_t)snprintf(to + at, room - at, "[\"%.*s\"]", shown, step->text);
    }
}

static int refuse(struct pack *pack, const char *what)
{
    char path[200];
    write_path(pack, path, sizeof path);
    snprintf(pack->error, sizeof pack->error, "%s %s", path, what);
    return -1;
}

static int no_memory(struct pack *pack)
{
    return refuse(pack, "cannot be kept: there is no memory");
}

static int refuse_type(struct pack *pack, lua_State *L, int at)
{
    char what[120];
    const char *type = lua_type(L, at) == CDATA ? "cdata" : lua_typename(L, lua_type(L, at));
    snprintf(what, sizeof what,
             "is a %s; kept are nil, booleans, numbers, strings, and tables of these", type);
    return refuse(pack, what);
}

/* ---- writing ----------------------------------------------------------------------------------- */

static int make_room(struct pack *pack, size_t more)
{
    if (pack->capacity - pack->length >= more)
        return 0;
    if (pack->length + more > pack->most) {
        char what[100];
        snprintf(what, sizeof what, "is too large: all of it may take %zu bytes", pack->most);
        pack->depth = 0;
        return refuse(pack, what);
    }
    size_t room = (pack->length + more) * 2 + 64;
    uint8_t *bytes = pack->alloc(pack->host, pack->bytes, room);
    if (bytes == NULL)
        return no_memory(pack);
    pack->bytes = bytes;
    pack->capacity = room;
    return 0;
}

static size_t varint_to(uint8_t *to, uint64_t v)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        to[n++] = (uint8_t)(v | 0x80);
    to[n++] = (uint8_t)v;
    return n;
}

static int put_whole(struct pack *pack, int64_t v)
{
    if (make_room(pack, 11) != 0)
        return -1;
    if (v >= 0 && v < 0x80) {
        pack->bytes[pack->length++] = (uint8_t)v;
        return 0;
    }
    pack->bytes[pack->length++] = WHOLE;
    uint64_t zigzag = ((uint64_t)v << 1) ^ (uint64_t)(v < 0 ? -1 : 0);
    pack->length += varint_to(pack->bytes + pack->length, zigzag);
    return 0;
}

static int put_number(struct pack *pack, double v)
{
    uint64_t bits;
    if (v > -EXACT && v < EXACT && v == (double)(int64_t)v && !(v == 0 && signbit(v)))
        return put_whole(pack, (int64_t)v);
    if (make_room(pack, 9) != 0)
        return -1;
    if (v != v)
        v = NAN;
    memcpy(&bits, &v, sizeof bits);
    if (v != v)
        bits = UINT64_C(0x7ff8000000000000);
    pack->bytes[pack->length++] = REAL;
    for (int i = 0; i < 8; i++)
        pack->bytes[pack->length++] = (uint8_t)(bits >> (8 * i));
    return 0;
}

static int put_string(struct pack *pack, lua_State *L, int at)
{
    size_t n;
    const char *text = lua_tolstring(L, at, &n);
    if (make_room(pack, n + 11) != 0)
        return -1;
    if (n <= SHORT_MOST)
        pack->bytes[pack->length++] = (uint8_t)(SHORT_STRING + n);
    else {
        pack->bytes[pack->length++] = STRING;
        pack->length += varint_to(pack->bytes + pack->length, n);
    }
    memcpy(pack->bytes + pack->length, text, n);
    pack->length += n;
    return 0;
}

static int put_byte(struct pack *pack, int byte)
{
    if (make_room(pack, 1) != 0)
        return -1;
    pack->bytes[pack->length++] = (uint8_t)byte;
    return 0;
}

static int put_cdata(struct pack *pack, lua_State *L, int at)
{
    int64_t v;
    if (!pack->get_i64(L, at, &v))
        return refuse_type(pack, L, at);
    return put_whole(pack, v);
}

/* ---- tables that have been seen ---------------------------------------------------------------- */

static size_t slot_of(const struct pack *pack, const void *table)
{
    uint64_t hash = (uint64_t)(uintptr_t)table * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(hash >> 32) & (pack->seen_room - 1);
    while (pack->seen[at] != NULL && pack->seen[at] != table)
        at = (at + 1) & (pack->seen_room - 1);
    return at;
}

static int grow_seen(struct pack *pack)
{
    size_t old_room = pack->seen_room;
    const void **old = pack->seen;
    size_t room = old_room == 0 ? 32 : old_room * 2;
    const void **seen = pack->alloc(pack->host, NULL, room * sizeof *seen);
    if (seen == NULL)
        return no_memory(pack);
    memset((void *)seen, 0, room * sizeof *seen);
    pack->seen = seen;
    pack->seen_room = room;
    for (size_t i = 0; i < old_room; i++)
        if (old[i] != NULL)
            seen[slot_of(pack, old[i])] = old[i];
    pack->alloc(pack->host, (void *)old, 0);
    return 0;
}

/* Notes a table, which must not have come before. */
static int note_table(struct pack *pack, const void *table)
{
    for (uint32_t i = 0; i < pack->depth; i++)
        if (pack->steps[i].table == table)
            return refuse(pack, "is a table that holds itself, so that there is no end to it");
    if (pack->n_seen * 2 >= pack->seen_room && grow_seen(pack) != 0)
        return -1;
    size_t at = slot_of(pack, table);
    if (pack->seen[at] == table)
        return refuse(pack, "is a table that stands in two places, and would be two when it is "
                            "read again; put a copy there");
    pack->seen[at] = table;
    pack->n_seen++;
    return 0;
}

static void forget_tables(struct pack *pack)
{
    if (pack->n_seen != 0)
        memset((void *)pack->seen, 0, pack->seen_room * sizeof *pack->seen);
    pack->n_seen = 0;
}

/* ---- tables ------------------------------------------------------------------------------------ */

static int put_value(struct pack *pack, lua_State *L, int at);

static void step_in(struct pack *pack, const void *table)
{
    pack->steps[pack->depth++] = (struct pack_step){.table = table};
}

/* Packs the values 1, 2, ... up to the first nil and counts them. */
static int put_array(struct pack *pack, lua_State *L, int table, uint32_t *n)
{
    struct pack_step *step = &pack->steps[pack->depth - 1];
    for (*n = 0;; ++*n) {
        lua_rawgeti(L, table, (int)*n + 1);
        if (lua_isnil(L, -1))
            break;
        step->number = *n + 1.0;
        int code = put_value(pack, L, lua_gettop(L));
        if (code != 0)
            return -1;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return 0;
}

/* Packs the key at `at`: 1 where it belongs to the array. */
static int put_key(struct pack *pack, lua_State *L, int at, uint32_t n_array)
{
    struct pack_step *step = &pack->steps[pack->depth - 1];
    step->text = NULL;
    switch (lua_type(L, at)) {
    case LUA_TNUMBER:
        step->number = lua_tonumber(L, at);
        if (step->number >= 1 && step->number <= n_array &&
            step->number == (double)(uint32_t)step->number)
            return 1;
        return put_number(pack, step->number + 0.0);
    case LUA_TSTRING:
        step->text = lua_tolstring(L, at, &step->length);
        return put_string(pack, L, at);
    case LUA_TBOOLEAN:
        step->text = lua_toboolean(L, at) ? "true" : "false";
        step->length = strlen(step->text);
        return put_byte(pack, lua_toboolean(L, at) ? TRUE : FALSE);
    case CDATA: {
        int64_t v;
        if (pack->get_i64(L, at, &v)) {
            step->number = (double)v;
            return put_whole(pack, v);
        }
    } /* fall through */
    default:
        pack->depth--;
        return refuse(pack, "has a key that is neither boolean, number nor string");
    }
}

static int note_pair(struct pack *pack, const struct pack_pair *pair)
{
    if (pack->n_pairs == pack->pairs_room) {
        size_t room = pack->pairs_room * 2 + 16;
        struct pack_pair *pairs = pack->alloc(pack->host, pack->pairs, room * sizeof *pairs);
        if (pairs == NULL)
            return no_memory(pack);
        pack->pairs = pairs;
        pack->pairs_room = room;
    }
    pack->pairs[pack->n_pairs++] = *pair;
    return 0;
}

/* Packs what is not of the array, as it comes. */
static int put_pairs(struct pack *pack, lua_State *L, int table, uint32_t n_array)
{
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
        struct pack_pair pair = {.key = pack->length};
        int top = lua_gettop(L), code = put_key(pack, L, top - 1, n_array);
        if (code == 1)
            continue;
        pair.value = pack->length;
        if (code != 0 || put_value(pack, L, top) != 0)
            return -1;
        pair.end = pack->length;
        if (note_pair(pack, &pair) != 0)
            return -1;
    }
    return 0;
}

/* ---- the order of pairs ------------------------------------------------------------------------ */

static int compare_keys(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b)
{
    int order = memcmp(a, b, n_a < n_b ? n_a : n_b);
    return order != 0 ? order : (n_a > n_b) - (n_a < n_b);
}

static int by_key(const void *a, const void *b)
{
    const struct pack_pair *x = a, *y = b;
    return compare_keys(x->at, x->value - x->key, y->at, y->value - y->key);
}

static void sort_few(struct pack_pair *pairs, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct pack_pair pair = pairs[i];
        size_t at = i;
        for (; at > 0 && by_key(&pair, &pairs[at - 1]) < 0; at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = pair;
    }
}

static int is_sorted(const struct pack_pair *pairs, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (by_key(&pairs[i - 1], &pairs[i]) > 0)
            return 0;
    return 1;
}

/* Puts the pairs from `first` on, which are the end of the bytes, into the order of their keys. */
static int order_pairs(struct pack *pack, size_t first)
{
    size_t n = pack->n_pairs - first;
    if (n == 0) /* there may have been no pair at all */
        return 0;
    struct pack_pair *pairs = pack->pairs + first;
    for (size_t i = 0; i < n; i++)
        pairs[i].at = pack->bytes + pairs[i].key;
    if (is_sorted(pairs, n))
        return 0;
    size_t start = pairs[0].key, size = pack->length - start, at = 0;
    if (n <= 12)
        sort_few(pairs, n);
    else
        qsort(pairs, n, sizeof *pairs, by_key);
    if (pack->aside_room < size) {
        uint8_t *aside = pack->alloc(pack->host, pack->aside, size * 2);
        if (aside == NULL)
            return no_memory(pack);
        pack->aside = aside;
        pack->aside_room = size * 2;
    }
    for (size_t i = 0; i < n; i++) {
        size_t length = pairs[i].end - pairs[i].key;
        memcpy(pack->aside + at, pack->bytes + pairs[i].key, length);
        at += length;
    }
    memcpy(pack->bytes + start, pack->aside, size);
    return 0;
}

/* ---- values ------------------------------------------------------------------------------------ */

/* Puts the head before what was written from `start` on. */
static int put_head(struct pack *pack, size_t start, uint32_t n_array, size_t n_pairs)
{
    uint8_t head[HEAD_MOST];
    size_t n = 0;
    if (n_array == 0 && n_pairs <= SMALL_TABLE_END - SMALL_TABLE)
        head[n++] = (uint8_t)(SMALL_TABLE + n_pairs);
    else {
        head[n++] = TABLE;
        n += varint_to(head + n, n_array);
        n += varint_to(head + n, n_pairs);
    }
    if (make_room(pack, n) != 0)
        return -1;
    memmove(pack->bytes + start + n, pack->bytes + start, pack->length - start);
    memcpy(pack->bytes + start, head, n);
    pack->length += n;
    return 0;
}

static int put_table(struct pack *pack, lua_State *L, int at)
{
    size_t start = pack->length, first = pack->n_pairs;
    const void *table = lua_topointer(L, at);
    uint32_t n_array;
    if (note_table(pack, table) != 0)
        return -1;
    if (lua_getmetatable(L, at)) {
        lua_pop(L, 1);
        return refuse(pack, "has a metatable, which cannot be kept");
    }
    if (pack->depth == PACK_DEPTH)
        return refuse(pack, "is too deep: there may be 32 tables in one another");
    if (!lua_checkstack(L, 6))
        return no_memory(pack);
    step_in(pack, table);
    if (put_array(pack, L, at, &n_array) != 0 || put_pairs(pack, L, at, n_array) != 0)
        return -1;
    pack->depth--;
    if (order_pairs(pack, first) != 0)
        return -1;
    size_t n_pairs = pack->n_pairs - first;
    pack->n_pairs = first;
    return put_head(pack, start, n_array, n_pairs);
}

static int put_value(struct pack *pack, lua_State *L, int at)
{
    switch (lua_type(L, at)) {
    case LUA_TNIL: return put_byte(pack, NIL);
    case LUA_TBOOLEAN: return put_byte(pack, lua_toboolean(L, at) ? TRUE : FALSE);
    case LUA_TNUMBER: return put_number(pack, lua_tonumber(L, at));
    case LUA_TSTRING: return put_string(pack, L, at);
    case LUA_TTABLE: return put_table(pack, L, at);
    case CDATA: return put_cdata(pack, L, at);
    default: return refuse_type(pack, L, at);
    }
}

int pack_value(struct pack *pack, lua_State *L, int at, const char *name)
{
    int top = lua_gettop(L);
    pack->length = pack->n_pairs = 0;
    pack->depth = 0;
    pack->name = name;
    pack->error[0] = '\0';
    int code = put_value(pack, L, at < 0 && at > LUA_REGISTRYINDEX ? top + at + 1 : at);
    forget_tables(pack);
    lua_settop(L, top);
    if (code == 0 && pack->length > pack->most) { /* there was room for more */
        char what[100];
        snprintf(what, sizeof what, "is too large: all of it may take %zu bytes", pack->most);
        pack->depth = 0;
        return refuse(pack, what);
    }
    return code;
}

/* ---- reading ----------------------------------------------------------------------------------- */

struct cursor {
    const uint8_t *at, *end;
    uint32_t depth;
};

/* A varint in its shortest form. */
static int read_varint(struct cursor *c, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 64 && c->at < c->end; shift += 7) {
        uint8_t byte = *c->at++;
        if (shift == 63 && byte > 1)
            return 0;
        *v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return byte != 0 || shift == 0;
    }
    return 0;
}

static int read_whole(struct cursor *c, int64_t *v)
{
    uint64_t zigzag;
    if (!read_varint(c, &zigzag))
        return 0;
    *v = (int64_t)((zigzag >> 1) ^ (uint64_t)(zigzag & 1 ? -1 : 0));
    return 1;
}

static int read_real(struct cursor *c, double *v)
{
    uint64_t bits = 0;
    if (c->end - c->at < 8)
        return 0;
    for (int i = 0; i < 8; i++)
        bits |= (uint64_t)c->at[i] << (8 * i);
    c->at += 8;
    memcpy(v, &bits, sizeof *v);
    return *v == *v || bits == UINT64_C(0x7ff8000000000000);
}

/* The head of a string whose first byte was `tag`. */
static int read_length(struct cursor *c, uint8_t tag, uint64_t *n)
{
    *n = tag - SHORT_STRING;
    if (tag == STRING && !(read_varint(c, n) && *n > SHORT_MOST))
        return 0;
    return *n <= (uint64_t)(c->end - c->at);
}

/* The head of a table whose first byte was `tag`; each value takes a byte at least. */
static int read_head(struct cursor *c, uint8_t tag, uint64_t *n_array, uint64_t *n_pairs)
{
    *n_array = 0;
    *n_pairs = tag - SMALL_TABLE;
    if (tag == TABLE && !(read_varint(c, n_array) && read_varint(c, n_pairs)))
        return 0;
    uint64_t left = (uint64_t)(c->end - c->at);
    return *n_array <= left && *n_pairs <= left / 2;
}

static int is_short_string(uint8_t tag)
{
    return tag >= SHORT_STRING && tag <= SHORT_STRING + SHORT_MOST;
}

static int is_table(uint8_t tag)
{
    return tag == TABLE || (tag >= SMALL_TABLE && tag <= SMALL_TABLE_END);
}

/* ---- checking ---------------------------------------------------------------------------------- */

static int check_whole(struct cursor *c)
{
    int64_t v;
    return read_whole(c, &v) && (v < 0 || v >= 0x80);
}

static int check_real(struct cursor *c, int key)
{
    double v;
    if (!read_real(c, &v) || (key && (v != v || v == 0)))
        return 0;
    return !(v > -EXACT && v < EXACT && v == (double)(int64_t)v) || (v == 0 && signbit(v));
}

/* A value that is no table, whose first byte was `tag`. */
static int check_plain(struct cursor *c, uint8_t tag, int key)
{
    uint64_t n;
    if (tag < SHORT_STRING || tag == FALSE || tag == TRUE)
        return 1;
    if (tag == WHOLE)
        return check_whole(c);
    if (tag == REAL)
        return check_real(c, key);
    if (!(is_short_string(tag) || tag == STRING) || !read_length(c, tag, &n))
        return 0;
    c->at += n;
    return 1;
}

/* A key may be none that an array of n values has, nor the one after its last. */
static int is_outside(const uint8_t *key, const uint8_t *end, uint64_t n_array)
{
    struct cursor c = {key + 1, end, 0};
    int64_t v = *key;
    if (*key >= SHORT_STRING && (*key != WHOLE || !read_whole(&c, &v)))
        return 1;
    return v < 1 || (uint64_t)v > n_array + 1;
}

static int check_one(struct cursor *c);

static int check_pairs(struct cursor *c, uint64_t n_array, uint64_t n)
{
    const uint8_t *last = NULL;
    size_t last_length = 0;
    for (uint64_t i = 0; i < n; i++) {
        const uint8_t *key = c->at;
        if (c->at == c->end || is_table(*key) || *key == NIL)
            return 0;
        c->at++;
        if (!check_plain(c, *key, 1) || !is_outside(key, c->at, n_array))
            return 0;
        size_t length = (size_t)(c->at - key);
        if (last != NULL && compare_keys(last, last_length, key, length) >= 0)
            return 0;
        last = key;
        last_length = length;
        if (!check_one(c))
            return 0;
    }
    return 1;
}

static int check_table(struct cursor *c, uint8_t tag)
{
    uint64_t n_array, n_pairs;
    if (c->depth == PACK_DEPTH || !read_head(c, tag, &n_array, &n_pairs))
        return 0;
    if (tag == TABLE && n_array == 0 && n_pairs <= SMALL_TABLE_END - SMALL_TABLE)
        return 0;
    c->depth++;
    for (uint64_t i = 0; i < n_array; i++)
        if (!check_one(c))
            return 0;
    if (!check_pairs(c, n_array, n_pairs))
        return 0;
    c->depth--;
    return 1;
}

static int check_one(struct cursor *c)
{
    if (c->at == c->end)
        return 0;
    uint8_t tag = *c->at++;
    return is_table(tag) ? check_table(c, tag) : check_plain(c, tag, 0);
}

int pack_check(const uint8_t *bytes, size_t n)
{
    struct cursor c = {bytes, bytes + n, 0};
    if (n == 1 && bytes[0] == NIL)
        return 1;
    return check_one(&c) && c.at == c.end;
}

/* ---- values from bytes ------------------------------------------------------------------------- */

static int push_one(struct pack *pack, lua_State *L, struct cursor *c);

static int push_whole(struct pack *pack, lua_State *L, struct cursor *c)
{
    int64_t v;
    if (!read_whole(c, &v))
        return 0;
    if (v > -EXACT_I64 && v < EXACT_I64)
        lua_pushnumber(L, (double)v);
    else
        pack->push_i64(L, v);
    return 1;
}

static int push_table(struct pack *pack, lua_State *L, struct cursor *c, uint8_t tag)
{
    uint64_t n_array, n_pairs;
    if (c->depth == PACK_DEPTH || !read_head(c, tag, &n_array, &n_pairs))
        return 0;
    if (n_array > INT32_MAX || n_pairs > INT32_MAX || !lua_checkstack(L, 6))
        return 0;
    c->depth++;
    lua_createtable(L, (int)n_array, (int)n_pairs);
    for (uint64_t i = 1; i <= n_array; i++) {
        if (!push_one(pack, L, c))
            return 0;
        lua_rawseti(L, -2, (int)i);
    }
    for (uint64_t i = 0; i < n_pairs; i++) {
        if (!push_one(pack, L, c) || lua_isnil(L, -1) || !push_one(pack, L, c))
            return 0;
        lua_rawset(L, -3);
    }
    c->depth--;
    return 1;
}

static int push_one(struct pack *pack, lua_State *L, struct cursor *c)
{
    uint64_t n;
    double real;
    if (c->at == c->end)
        return 0;
    uint8_t tag = *c->at++;
    if (is_table(tag))
        return push_table(pack, L, c, tag);
    if (is_short_string(tag) || tag == STRING) {
        if (!read_length(c, tag, &n))
            return 0;
        lua_pushlstring(L, (const char *)c->at, (size_t)n);
        c->at += n;
        return 1;
    }
    if (tag < SHORT_STRING)
        return lua_pushnumber(L, tag), 1;
    switch (tag) {
    case NIL: return lua_pushnil(L), 1;
    case FALSE: return lua_pushboolean(L, 0), 1;
    case TRUE: return lua_pushboolean(L, 1), 1;
    case WHOLE: return push_whole(pack, L, c);
    case REAL: return read_real(c, &real) ? (lua_pushnumber(L, real), 1) : 0;
    default: return 0;
    }
}

int pack_read(struct pack *pack, lua_State *L, const uint8_t *bytes, size_t n)
{
    struct cursor c = {bytes, bytes + n, 0};
    int top = lua_gettop(L);
    if (push_one(pack, L, &c) && c.at == c.end)
        return 0;
    lua_settop(L, top);
    snprintf(pack->error, sizeof pack->error, "these %zu bytes are no value of Lua", n);
    return -1;
}
