/* Any text as an expression of lua.filter and lua.map, over fields of all types. It is refused with a sentence, or
 * compiled by LuaJIT and run over a few rows: nothing that is accepted is too much for it. The first byte says as
 * what type. */
#include "../support/lua_rig.c"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { FIELDS = 14, ROWS = 4 };

static const struct gyre_field all_fields[FIELDS] = {
    GYRE_FIELD(i64, "i", 0),   GYRE_FIELD(i64, "i_n", GYRE_NULLABLE),
    GYRE_FIELD(i32, "s", 0),   GYRE_FIELD(i32, "s_n", GYRE_NULLABLE),
    GYRE_FIELD(f64, "f", 0),   GYRE_FIELD(f64, "f_n", GYRE_NULLABLE),
    GYRE_FIELD(str, "t", 0),   GYRE_FIELD(str, "t_n", GYRE_NULLABLE),
    GYRE_FIELD(time, "m", 0),  GYRE_FIELD(time, "m_n", GYRE_NULLABLE),
    GYRE_FIELD(bytes, "y", 0), GYRE_FIELD(bytes, "y_n", GYRE_NULLABLE),
    GYRE_FIELD(bool, "b", 0),  GYRE_FIELD(bool, "b_n", GYRE_NULLABLE),
};
static const struct gyre_schema all = {sizeof all, FIELDS, all_fields};
static struct lua_rig filter, map;
static struct gyre_column columns[FIELDS];
static const uint8_t valid[ROWS] = {0, 1, 0, 1};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    if (!lua_rig_init(&filter, "filter", &all) || !lua_rig_init(&map, "map", &all))
        exit(0); /* the plugin is left out of this build */
    for (uint32_t k = 0; k < FIELDS; k++) {
        char *data = calloc(ROWS, 16);
        struct gyre_str text = gyre_str_view("a text that is longer", 21);
        for (uint32_t row = 0; gyre_type_is_str(all_fields[k].type) && row < ROWS; row++)
            memcpy(data + row * 16, &text, row % 2 == 1 ? sizeof text : 0);
        if (all_fields[k].type == GYRE_TYPE_i64)
            ((int64_t *)(void *)data)[1] = INT64_MIN;
        columns[k] = (struct gyre_column){data, all_fields[k].flags != 0 ? valid : NULL};
    }
    return 0;
}

static void run(struct lua_rig *rig, bool bound)
{
    if (bound && lua_rig_run(rig, columns, ROWS, NULL, ROWS) != 0)
        abort();
    const char *what = strstr(rig->told, ": ");
    if (!bound && (what == NULL || strncmp(what, ": it is too much", 16) == 0))
        abort();
    lua_rig_end(rig);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0 || memchr(bytes, 0, n) != NULL)
        return 0;
    char *text = calloc(1, n);
    memcpy(text, bytes + 1, n - 1);
    if (bytes[0] % 9 == 8)
        run(&filter, lua_rig_filter(&filter, text));
    else
        run(&map, lua_rig_map(&map, text, bytes[0] % 9) || strncmp(map.told, "passed", 6) == 0);
    free(text);
    return 0;
}
