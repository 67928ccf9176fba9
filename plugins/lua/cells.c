/* plugins/lua/cells.c: see cells.h. */
#include "cells.h"

#include <stdlib.h>

enum { TABLE = 2048, STAMP_SHIFT = 11, STAMP_MOST = (1 << 21) - 1 };
#define IMAGES_MOST ((size_t)4 << 20) /* then they go to the host within a call */

/* ---- what the host has of them ----------------------------------------------------------------- */

int32_t cells_encode(const struct kept *kept, struct gyre_writer *writer)
{
    gyre_write_i64(writer, kept->version);
    gyre_write_str(writer, &kept->bytes);
    return writer->error;
}

int32_t cells_decode(struct kept *kept, struct gyre_reader *reader)
{
    kept->version = gyre_read_i64(reader);
    kept->bytes = gyre_read_str(reader); /* of a declared type the host makes a copy of the view */
    const uint8_t *bytes = (const uint8_t *)gyre_str_data(&kept->bytes);
    int is_sound = kept->version == 0 ? kept->bytes.len == 0
                                      : kept->version > 0 && kept->version <= INT32_MAX &&
                                            pack_check(bytes, kept->bytes.len);
    if (!is_sound && reader->error == 0)
        reader->error = GYRE_ECORRUPT;
    return reader->error;
}

static int32_t encode(const void *value, struct gyre_writer *writer)
{
    return cells_encode(value, writer);
}

static int32_t decode(void *value, struct gyre_reader *reader)
{
    return cells_decode(value, reader);
}

/* It keeps the version that it was written under: code migrates it when it is touched. */
static int32_t migrate(uint32_t old_version, struct gyre_reader *reader, void *value)
{
    (void)old_version;
    return cells_decode(value, reader);
}

static const struct gyre_member members[] = {
    {"version", GYRE_TYPE_i64, offsetof(struct kept, version)},
    {"bytes", GYRE_TYPE_bytes, offsetof(struct kept, bytes)},
};

const struct gyre_state_type *cells_type(struct gyre_bind *bind, const char *name, int64_t version,
                                         int migrates)
{
    struct gyre_state_type *type = bind->alloc(bind, sizeof *type);
    if (type == NULL)
        return NULL;
    *type = (struct gyre_state_type){.size = sizeof *type,
                                     .version = (uint32_t)version,
                                     .name = name,
                                     .value_size = sizeof(struct kept),
                                     .value_align = _Alignof(struct kept),
                                     .members = members,
                                     .n_members = sizeof members / sizeof members[0],
                                     .encode = encode,
                                     .decode = decode,
                                     .migrate = migrates ? migrate : NULL};
    return type;
}

/* ---- the host's side --------------------------------------------------------------------------- */

/* What the host has given to a string for good: it may be written to in place. */
static void *own_bytes(struct gyre_str *s)
{
    return (void *)(uintptr_t)gyre_str_data(s);
}

void cells_free_own(struct kept *kept)
{
    if (kept->bytes.len > GYRE_STR_INLINE)
        free(own_bytes(&kept->bytes));
    kept->bytes = gyre_str_view("", 0);
}

/* A slot of the plugin's own. */
static int32_t own_back(struct cells *cells, struct kept *kept, const char *image, uint32_t size)
{
    char *bytes = size > GYRE_STR_INLINE ? malloc(size) : NULL;
    if (size > GYRE_STR_INLINE && bytes == NULL)
        return gyre_fail(cells->call.ctx, GYRE_ENOMEM, "no memory for state");
    cells_free_own(kept);
    if (bytes != NULL)
        memcpy(bytes, image, size);
    kept->bytes = gyre_str_view(bytes != NULL ? bytes : image, size);
    return GYRE_OK;
}

static int32_t write_back(struct cells *cells, const struct cell *cell)
{
    struct kept *kept = cell->kept;
    const char *image = cell->is_none ? "" : (const char *)cells->images + cell->at;
    uint32_t size = cell->is_none ? 0 : (uint32_t)cell->size;
    kept->version = cell->is_none ? 0 : cells->version;
    if (cells->is_own)
        return own_back(cells, kept, image, size);
    if (size > GYRE_STR_INLINE && size == kept->bytes.len) {
        memcpy(own_bytes(&kept->bytes), image, size);
        memcpy(kept->bytes.head, image, sizeof kept->bytes.head);
        return GYRE_OK;
    }
    struct gyre_str bytes = gyre_str_view(image, size);
    int32_t code = gyre_state_str(cells->call.ctx, &kept->bytes, &bytes);
    return code == GYRE_OK ? code : gyre_fail(cells->call.ctx, code, "no memory for state");
}

/* All images go to the host: there is room for others. */
static int32_t write_all(struct cells *cells)
{
    int32_t code = cells->call.code;
    for (uint32_t i = 0; code == GYRE_OK && i < cells->n; i++) {
        struct cell *cell = &cells->cells[i];
        if (cell->has_image)
            code = write_back(cells, cell);
        cell->has_image = 0;
        cell->room = 0;
    }
    cells->used = 0;
    return cells->call.code = code;
}

int32_t cells_end(struct cells *cells)
{
    return write_all(cells);
}

void cells_begin(struct cells *cells)
{
    cells->n = 0;
    cells->used = 0;
    cells->call.code = GYRE_OK;
    cells->call.undo = -1;
    cells->call.fresh = 1;
    if (++cells->stamp > STAMP_MOST) {
        memset(cells->table, 0, TABLE * sizeof *cells->table);
        cells->stamp = 1;
    }
}

uint32_t cells_of(struct cells *cells, struct kept *kept, uint32_t row)
{
    uint64_t hash = (uint64_t)(uintptr_t)kept * UINT64_C(0x9e3779b97f4a7c15);
    for (uint32_t at = (uint32_t)(hash >> 53);; at = (at + 1) & (TABLE - 1)) {
        uint32_t found = cells->table[at] & (TABLE - 1);
        if (cells->table[at] >> STAMP_SHIFT != cells->stamp) {
            cells->cells[cells->n] = (struct cell){.kept = kept, .row = row};
            cells->table[at] = cells->stamp << STAMP_SHIFT | ++cells->n;
            return cells->n - 1;
        }
        if (cells->cells[found - 1].kept == kept)
            return found - 1;
    }
}

/* ---- Lua's side -------------------------------------------------------------------------------- */

static struct cells *cells_at(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static int raise(lua_State *L, const char *text)
{
    lua_pushstring(L, text);
    return lua_error(L);
}

/* load(cell): its value; nil where there is none; its version, too, where that is an older one. */
static int load(lua_State *L)
{
    struct cells *cells = cells_at(L);
    const struct cell *cell = &cells->cells[lua_tointeger(L, 1)];
    const struct kept *kept = cell->kept;
    int is_none = cell->has_image ? cell->is_none : kept->version == 0;
    if (is_none)
        return 0;
    const uint8_t *bytes =
        cell->has_image ? cells->images + cell->at : (const uint8_t *)gyre_str_data(&kept->bytes);
    size_t n = cell->has_image ? cell->size : kept->bytes.len;
    if (pack_read(&cells->pack, L, bytes, n) != 0) {
        cells->call.code = GYRE_ECORRUPT;
        return raise(L, cells->pack.error);
    }
    if (cell->has_image || kept->version == cells->version)
        return 1;
    if (!cells->migrates) {
        cells->call.code = gyre_fail(
            cells->call.ctx, GYRE_EFAIL,
            "there is `%s` of version %lld left, and the code is of version %lld: give `migrate` "
            "until all of it has been touched",
            cells->name, (long long)kept->version, (long long)cells->version);
        return raise(L, "no migrate");
    }
    lua_pushinteger(L, (lua_Integer)kept->version);
    return 2;
}

/* Room for an image; 0 without memory. Where it has become longer it goes behind the others. */
static int make_room(struct cells *cells, struct cell *cell, size_t size)
{
    if (cell->room >= size)
        return 1;
    if (cells->used + size > IMAGES_MOST && cells->used != 0 && write_all(cells) != GYRE_OK)
        return 0;
    if (cells->used + size > cells->room) {
        size_t room = (cells->used + size) * 2;
        uint8_t *images = realloc(cells->images, room);
        if (images == NULL)
            return 0;
        cells->images = images;
        cells->room = room;
    }
    cell->at = cells->used;
    cell->room = size;
    cells->used += size;
    return 1;
}

/* pack(value): sees whether it can be kept. */
static int pack_it(lua_State *L)
{
    struct cells *cells = cells_at(L);
    if (!lua_isnil(L, 1) && pack_value(&cells->pack, L, 1, cells->name) != 0)
        return raise(L, cells->pack.error);
    return 0;
}

/* take(cell, is_none): what was packed last is kept. */
static int take(lua_State *L)
{
    struct cells *cells = cells_at(L);
    struct cell *cell = &cells->cells[lua_tointeger(L, 1)];
    int is_none = lua_toboolean(L, 2);
    if (!is_none && !make_room(cells, cell, cells->pack.length)) {
        cells->call.code = GYRE_ENOMEM;
        return raise(L, "no memory for state");
    }
    if (!is_none) {
        memcpy(cells->images + cell->at, cells->pack.bytes, cells->pack.length);
        cell->size = cells->pack.length;
    }
    cell->is_none = is_none;
    cell->has_image = 1;
    return 0;
}

/* keep(cell, value): both. */
static int keep(lua_State *L)
{
    struct cells *cells = cells_at(L);
    int is_none = lua_isnil(L, 2);
    if (!is_none && pack_value(&cells->pack, L, 2, cells->name) != 0)
        return raise(L, cells->pack.error);
    is_none |= cells->drops_empty && pack_is_empty(&cells->pack);
    lua_settop(L, 1);
    lua_pushboolean(L, is_none);
    return take(L);
}

static int offer(lua_State *L)
{
    static const struct {
        const char *name;
        lua_CFunction function;
    } functions[] = {{"load", load}, {"pack", pack_it}, {"take", take}, {"keep", keep}};
    void *cells = lua_touserdata(L, 1);
    vm_push_host(L);
    lua_newtable(L);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        lua_pushlightuserdata(L, cells);
        lua_pushcclosure(L, functions[i].function, 1);
        lua_setfield(L, -2, functions[i].name);
    }
    lua_setfield(L, -2, "cells");
    return 0;
}

/* ---- making ------------------------------------------------------------------------------------ */

static void *pack_alloc(void *host, void *old, size_t size)
{
    (void)host;
    if (size != 0)
        return realloc(old, size);
    free(old);
    return NULL;
}

/* Integers beyond 2^53 are structs of one int64_t (exact.lua). */
static int get_i64(lua_State *L, int at, int64_t *value)
{
    vm_push_host(L);
    lua_getfield(L, -1, "is_exact");
    lua_pushvalue(L, at);
    lua_call(L, 1, 1);
    int is_exact = lua_toboolean(L, -1);
    lua_pop(L, 2);
    if (is_exact)
        memcpy(value, lua_topointer(L, at), sizeof *value);
    return is_exact;
}

static void push_i64(lua_State *L, int64_t value)
{
    vm_push_host(L);
    lua_getfield(L, -1, "exact_of_bytes");
    lua_remove(L, -2);
    lua_pushlstring(L, (const char *)&value, sizeof value);
    lua_call(L, 1, 1);
}

int cells_init(struct cells *cells, struct vm *vm, struct gyre_ctx *ctx, const char *name,
               int64_t version, int64_t most, struct vm_fault *fault)
{
    cells->call.ctx = ctx;
    cells->name = name;
    cells->version = version;
    cells->call.undo = -1;
    cells->call.cells = cells->of_row;
    cells->pack = (struct pack){
        .alloc = pack_alloc, .get_i64 = get_i64, .push_i64 = push_i64, .most = (size_t)most};
    cells->cells = calloc(CELLS_MOST, sizeof *cells->cells);
    cells->table = calloc(TABLE, sizeof *cells->table);
    *fault = (struct vm_fault){.kind = VM_NOMEM, .text = "no memory for state"};
    if (cells->cells == NULL || cells->table == NULL)
        return -1;
    return vm_protect(vm, offer, cells, fault);
}

void cells_fini(struct cells *cells)
{
    pack_fini(&cells->pack);
    free(cells->cells);
    free(cells->table);
    free(cells->images);
}
