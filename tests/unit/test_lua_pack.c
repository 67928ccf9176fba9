/* Values of Lua as bytes, plugins/lua/pack.c: what comes back, in what form, what is refused and how. */
#include "../../plugins/lua/pack.c"
#include "support/suite.h"

#include <lauxlib.h>
#include <lualib.h>

/* An i64 of the tests: a cdata int64_t, as `5LL` makes one. */
static int get_i64(lua_State *L, int at, int64_t *value)
{
    memcpy(value, lua_topointer(L, at), sizeof *value);
    return 1;
}

static void push_i64(lua_State *L, int64_t value)
{
    char code[64];
    snprintf(code, sizeof code, "return 0x%llxLL", (unsigned long long)value);
    CU_ASSERT_EQUAL(luaL_dostring(L, code), 0);
}

static void *plain_alloc(void *host, void *old, size_t size)
{
    (void)host;
    if (size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, size);
}

struct rig {
    lua_State *L;
    struct pack pack;
};

static void rig_init(struct rig *rig)
{
    rig->L = luaL_newstate();
    luaL_openlibs(rig->L);
    rig->pack = (struct pack){
        .alloc = plain_alloc, .get_i64 = get_i64, .push_i64 = push_i64, .most = 1 << 20};
}

static void rig_fini(struct rig *rig)
{
    pack_fini(&rig->pack);
    lua_close(rig->L);
}

/* Packs what the code returns. */
static int pack(struct rig *rig, const char *code)
{
    CU_ASSERT_EQUAL_FATAL(luaL_dostring(rig->L, code), 0);
    int result = pack_value(&rig->pack, rig->L, -1, "state");
    lua_settop(rig->L, 0);
    return result;
}

/* Packs it, reads it, packs that: the bytes are sound and the same. Leaves the value on the stack. */
static void round_trip(struct rig *rig, const char *code)
{
    struct pack *p = &rig->pack;
    CU_ASSERT_EQUAL(pack(rig, code), 0);
    CU_ASSERT(pack_check(p->bytes, p->length));
    size_t n = p->length;
    uint8_t *bytes = malloc(n);
    memcpy(bytes, p->bytes, n);
    CU_ASSERT_EQUAL_FATAL(pack_read(p, rig->L, bytes, n), 0);
    CU_ASSERT_EQUAL(pack_value(p, rig->L, -1, "state"), 0);
    CU_ASSERT(p->length == n && memcmp(p->bytes, bytes, n) == 0);
    free(bytes);
}

/* Whether `v`, what came back, is what the code says. */
static int holds(struct rig *rig, const char *condition)
{
    char code[400];
    lua_setglobal(rig->L, "v");
    snprintf(code, sizeof code, "return %s", condition);
    CU_ASSERT_EQUAL(luaL_dostring(rig->L, code), 0);
    int yes = lua_toboolean(rig->L, -1);
    lua_settop(rig->L, 0);
    return yes;
}

static void values_come_back_as_they_were(void)
{
    static const char *const cases[][2] = {
        {"return nil", "v == nil"},
        {"return true", "v == true"},
        {"return false", "v == false"},
        {"return 0", "v == 0 and 1 / v > 0"},
        {"return -0.0", "v == 0 and 1 / v < 0"},
        {"return 127", "v == 127"},
        {"return 128", "v == 128"},
        {"return -1", "v == -1"},
        {"return 2 ^ 53", "v == 2 ^ 53 and type(v) == 'number'"},
        {"return 9007199254740991", "v == 9007199254740991"},
        {"return 9007199254740992LL", "v == 9007199254740992LL and type(v) == 'cdata'"},
        {"return -2 ^ 53", "v == -2 ^ 53 and type(v) == 'number'"},
        {"return 1e300", "v == 1e300"},
        {"return 2 ^ 60", "v == 2 ^ 60 and type(v) == 'number'"},
        {"return 0.1", "v == 0.1"},
        {"return 1 / 0", "v == 1 / 0"},
        {"return 0 / 0", "v ~= v"},
        {"return 9007199254740993LL", "v == 9007199254740993LL and type(v) == 'cdata'"},
        {"return -9223372036854775807LL - 1LL", "v == -9223372036854775807LL - 1LL"},
        {"return 7LL", "v == 7 and type(v) == 'number'"},
        {"return ''", "v == ''"},
        {"return ('a\\0b'):rep(11)", "v == ('a\\0b'):rep(11)"},
        {"return ('x'):rep(31) .. '\\255'", "#v == 32 and v:byte(32) == 255"},
        {"return {}", "type(v) == 'table' and next(v) == nil"},
        {"return {1, 'two', {3}}", "#v == 3 and v[2] == 'two' and v[3][1] == 3"},
        {"return {n = 3, last = {at = 0.5, [true] = false}}",
         "v.n == 3 and v.last.at == 0.5 and v.last[true] == false"},
        {"return {[0] = 'z', 'a', [3] = 'c', [-1] = 'm', [1.5] = 'h'}",
         "v[0] == 'z' and v[1] == 'a' and v[2] == nil and v[3] == 'c' and v[-1] == 'm' and v[1.5] "
         "== "
         "'h'"},
    };
    struct rig rig;
    rig_init(&rig);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        round_trip(&rig, cases[i][0]);
        if (!holds(&rig, cases[i][1])) {
            printf("%s did not come back\n", cases[i][0]);
            CU_FAIL("a value did not come back");
        }
    }
    rig_fini(&rig);
}

static void equal_tables_have_the_same_bytes_however_they_were_made(void)
{
    struct rig rig;
    uint8_t bytes[2000];
    rig_init(&rig);
    CU_ASSERT_EQUAL(pack(&rig, "local t = {} for i = 1, 60 do t['k' .. i] = i; t[i] = {i} end "
                               "return t"),
                    0);
    size_t n = rig.pack.length;
    CU_ASSERT_FATAL(n <= sizeof bytes);
    memcpy(bytes, rig.pack.bytes, n);
    CU_ASSERT_EQUAL(pack(&rig, "local t = {} for i = 99, 1, -1 do t[i] = {i} t['k' .. i] = i end "
                               "for i = 61, 99 do t[i] = nil t['k' .. i] = nil end return t"),
                    0);
    CU_ASSERT(rig.pack.length == n && memcmp(rig.pack.bytes, bytes, n) == 0);
    rig_fini(&rig);
}

static void small_states_take_few_bytes(void)
{
    struct rig rig;
    rig_init(&rig);
    CU_ASSERT_EQUAL(pack(&rig, "return {n = 3, at = 7}"), 0);
    CU_ASSERT_EQUAL(rig.pack.length, 8); /* fits into a string that stands in the slot itself */
    CU_ASSERT_EQUAL(pack(&rig, "local t = {} for i = 1, 100 do t[i] = i end return t"), 0);
    CU_ASSERT_EQUAL(rig.pack.length, 103);
    rig_fini(&rig);
}

static void what_cannot_be_kept_is_refused_with_its_place(void)
{
    static const char *const cases[][2] = {
        {"return print", "state is a function; kept are"},
        {"return {a = {b = print}}", "state.a.b is a function; kept are nil, booleans"},
        {"return {a = {1, {io.stdout}}}", "state.a[2][1] is a userdata"},
        {"return {[2.5] = coroutine.create(print)}", "state[2.5] is a thread"},
        {"return {['x y'] = print}", "state[\"x y\"] is a function"},
        {"local t = {} t.self = {t} return t", "state.self[1] is a table that holds itself"},
        {"local t = {1} return {a = t, b = t}", "is a table that stands in two places"},
        {"return {a = setmetatable({}, {})}", "state.a has a metatable"},
        {"return {a = {[{}] = 1}}", "state.a has a key that is neither"},
        {"local t = {} for i = 1, 40 do t = {t} end return t", "[1] is too deep"},
        {"return {a = ('x'):rep(2 ^ 20)}", "state is too large: all of it may take 1048576 bytes"},
        {"local t = {} for i = 1, 2 ^ 20 do t[i] = i end return t", "state is too large"},
    };
    struct rig rig;
    rig_init(&rig);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(pack(&rig, cases[i][0]), -1);
        if (strstr(rig.pack.error, cases[i][1]) == NULL) {
            printf("%s: %s\n", cases[i][0], rig.pack.error);
            CU_FAIL("another sentence");
        }
        round_trip(&rig, "return {1, {2}}"); /* as if nothing had been */
        lua_settop(rig.L, 0);
    }
    rig_fini(&rig);
}

/* However much room there is from values before. */
static void no_more_is_packed_than_may_be(void)
{
    struct rig rig;
    rig_init(&rig);
    rig.pack.most = 64;
    CU_ASSERT_EQUAL(pack(&rig, "return {'1234567', '1234567', '1234567'}"), 0);
    CU_ASSERT_EQUAL(pack(&rig, "local t = {} for i = 1, 61 do t[i] = 1 end return t"), 0);
    CU_ASSERT_EQUAL(rig.pack.length, 64);
    CU_ASSERT_EQUAL(pack(&rig, "local t = {} for i = 1, 62 do t[i] = 1 end return t"), -1);
    CU_ASSERT(strstr(rig.pack.error, "state is too large: all of it may take 64 bytes") != NULL);
    CU_ASSERT_EQUAL(pack(&rig, "local t = {} for i = 1, 9 do t['k' .. i] = i * 1e9 end return t"),
                    -1);
    CU_ASSERT(strstr(rig.pack.error, "too large") != NULL);
    rig_fini(&rig);
}

static void many_tables_are_no_tables_twice(void)
{
    struct rig rig;
    rig_init(&rig);
    for (int n = 13; n < 18; n++) { /* where the head of a table becomes a longer one */
        char code[100];
        snprintf(code, sizeof code, "local t = {} for i = 1, %d do t['k' .. i] = i end return t",
                 n);
        round_trip(&rig, code);
        lua_settop(rig.L, 0);
    }
    CU_ASSERT_EQUAL(pack(&rig, "local t = {} for i = 1, 15 do t['k' .. i] = 1 end return t"), 0);
    CU_ASSERT_EQUAL(rig.pack.bytes[0], SMALL_TABLE_END);
    CU_ASSERT_EQUAL(pack(&rig, "local t = 1 for i = 1, 32 do t = {t} end return t"), 0);
    CU_ASSERT_EQUAL(pack(&rig, "local t = 1 for i = 1, 33 do t = {t} end return t"), -1);
    round_trip(&rig, "local t = {} for i = 1, 5000 do t[i] = {i, {x = i}} end return t");
    CU_ASSERT(holds(&rig, "#v == 5000 and v[4999][2].x == 4999"));
    CU_ASSERT_EQUAL(pack(&rig, "local t = {} for i = 1, 5000 do t[i] = {i} end t[4000] = t[17] "
                               "return t"),
                    -1);
    CU_ASSERT(strstr(rig.pack.error, "state[4000] is a table that stands in two") != NULL);
    for (int at = 2; at < 200; at += 13) { /* however many came between */
        char code[160];
        snprintf(code, sizeof code,
                 "local t = {} for i = 1, 200 do t[i] = {} end t[%d] = t[1] return t", at);
        CU_ASSERT_EQUAL(pack(&rig, code), -1);
        CU_ASSERT(strstr(rig.pack.error, "is a table that stands in two") != NULL);
    }
    rig_fini(&rig);
}

/* Whatever is done to the bytes: sound bytes are read and packed to the same, all others are told. */
static void corrupt_bytes_are_told(void)
{
    struct rig rig;
    uint8_t bytes[200], other[200];
    size_t sound = 0;
    rig_init(&rig);
    CU_ASSERT_EQUAL(pack(&rig, "return {1, 2.5, {x = 'abc', [7] = true}, ('y'):rep(40), n = -5}"),
                    0);
    size_t n = rig.pack.length;
    CU_ASSERT_FATAL(n <= sizeof bytes);
    memcpy(bytes, rig.pack.bytes, n);
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT_FALSE(pack_check(bytes, i)); /* cut */
        for (int v = 0; v < 256; v++) {
            memcpy(other, bytes, n);
            other[i] = (uint8_t)v;
            if (!pack_check(other, n))
                continue;
            sound++;
            CU_ASSERT_EQUAL_FATAL(pack_read(&rig.pack, rig.L, other, n), 0);
            CU_ASSERT_EQUAL(pack_value(&rig.pack, rig.L, -1, "state"), 0);
            CU_ASSERT(rig.pack.length == n && memcmp(rig.pack.bytes, other, n) == 0);
            lua_settop(rig.L, 0);
        }
    }
    CU_ASSERT(sound > n);
    CU_ASSERT_EQUAL(pack_read(&rig.pack, rig.L, (const uint8_t *)"\xff", 1), -1);
    CU_ASSERT_EQUAL(lua_gettop(rig.L), 0);
    rig_fini(&rig);
}

static void *failing_alloc(void *host, void *old, size_t size)
{
    int *left = host;
    if (size != 0 && (*left)-- <= 0)
        return NULL;
    return plain_alloc(NULL, old, size);
}

static void memory_that_is_out_is_told(void)
{
    int n = 0, failed = 0, code = -1;
    while (code != 0 && n < 100) {
        int left = n++;
        struct rig rig;
        rig_init(&rig);
        rig.pack.alloc = failing_alloc;
        rig.pack.host = &left;
        code = pack(&rig, "local t = {} for i = 1, 40 do t['k' .. i] = {i} end return t");
        failed += code != 0 && strstr(rig.pack.error, "there is no memory") != NULL;
        left = 1;
        rig_fini(&rig);
    }
    CU_ASSERT_EQUAL(failed, n - 1);
    CU_ASSERT(n > 5);
}

static const struct suite_test tests[] = {
    SUITE_TEST(values_come_back_as_they_were),
    SUITE_TEST(equal_tables_have_the_same_bytes_however_they_were_made),
    SUITE_TEST(small_states_take_few_bytes),
    SUITE_TEST(what_cannot_be_kept_is_refused_with_its_place),
    SUITE_TEST(no_more_is_packed_than_may_be),
    SUITE_TEST(many_tables_are_no_tables_twice),
    SUITE_TEST(corrupt_bytes_are_told),
    SUITE_TEST(memory_that_is_out_is_told),
};
SUITE_MAIN("lua_pack", tests)
