/* my_plugin: operators that look at one row at a time.
 *
 * `known` is a filter, `celsius` a map, `parts` a flat map. Each is a function on records; the macros of
 * gyre/record.h make of it what gyre calls once for a whole batch of rows, with the loop compiled into the plugin. */
#include <gyre/gyre.h>

/* Fields, written once: F(type, name) is one, N(type, name) one that may be null, which comes with a flag. Only
 * those that are read need be here: filters and maps pass all others on, and copy none of them. */
#define READING(F, N) N(f64, fahrenheit)
GYRE_RECORD(reading, READING)

/* ---- known: drops rows where it returns 0 ---- */

/* Options are a table over a struct. gyre reads them from the job file, and tells mistakes with their line. */
struct known_config {
    double least;
};

static const struct gyre_option known_options[] = {
    GYRE_OPT(struct known_config, least, FLOAT, "-459.67", 0, "drop what is below this too"),
};

static int is_known(struct gyre_ctx *ctx, const struct known_config *config,
                    const struct reading *row)
{
    (void)ctx;
    return !row->fahrenheit_null && row->fahrenheit >= config->least;
}

GYRE_FILTER_WITH(known, "Drops rows without a temperature.", reading, is_known, struct known_config,
                 known_options)

/* ---- celsius: adds the fields of its second record ---- */

#define CELSIUS(F, N) N(f64, celsius)
GYRE_RECORD(celsius, CELSIUS)

static void convert(const struct reading *row, struct celsius *out)
{
    out->celsius = (row->fahrenheit - 32) / 1.8; /* a null field is 0: no harm in that */
    out->celsius_null = row->fahrenheit_null;
}

GYRE_MAP(celsius, "Adds a temperature in degrees Celsius.", reading, celsius, convert)

/* ---- parts: any number of rows for one ---- */

#define PATH(F, N) F(str, path)
GYRE_RECORD(path, PATH)

#define PART(F, N) F(str, part) F(i64, depth)
GYRE_RECORD(part, PART)

static void cut(const struct path *row, struct gyre_emit *emit)
{
    const char *at = gyre_str_data(&row->path), *end = at + row->path.len;
    for (int64_t depth = 0; at < end; at++) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        uint32_t n = (uint32_t)((slash != NULL ? slash : end) - at);
        if (n > 0) /* a view of the input row: gyre keeps its bytes as long as they are needed */
            part_emit(emit, &(struct part){gyre_str_view(at, n), depth++});
        at += n;
    }
}

GYRE_FLAT_MAP(parts, "Puts out the parts of a path.", path, part, cut)

/* The file has to be called after the plugin: my_plugin.so. */
GYRE_PLUGIN(my_plugin, "0.1.0", GYRE_OP(known), GYRE_OP(celsius), GYRE_OP(parts))
