/* my_plugin: functions for windows.
 *
 * A job says what a window keeps (`window`) and when it is put out (`every`). `median` is what is made of the rows of
 * a window; `volume` is a trigger of your own, which says when a window is over. Where an aggregate will do, take one:
 * it keeps sums, a window function makes gyre keep the rows. */
#include <gyre/gyre.h>
#include <stdlib.h>

/* ---- median: gets the rows of a window when it fires ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The values of all batches of a window that are numbers; how many they are. */
static uint32_t collect(const struct gyre_batch *const *rows, uint32_t n_batches, double *values)
{
    uint32_t n = 0;
    for (uint32_t b = 0; b < n_batches; b++) {
        const double *column = GYRE_COLUMN(rows[b], 0, double);
        GYRE_ROWS(rows[b], row)
        {
            if (!gyre_is_null(rows[b], 0, row) && column[row] == column[row]) /* no nan */
                values[n++] = column[row];
        }
    }
    return n;
}

static int32_t median(struct gyre_ctx *ctx, const struct gyre_batch *const *rows,
                      uint32_t n_batches, int64_t start_us, int64_t end_us)
{
    struct gyre_out *out = ctx->outputs[0];
    uint32_t n = 0;
    (void)start_us, (void)end_us;
    for (uint32_t b = 0; b < n_batches; b++)
        n += rows[b]->kept;
    double *values = gyre_alloc(ctx, NULL, (n + 1) * sizeof *values);
    if (values == NULL)
        return GYRE_ENOMEM;
    n = collect(rows, n_batches, values);
    qsort(values, n, sizeof *values, compare);
    /* gyre puts the key and the bounds of the window before these columns, and gives the row its time. */
    uint32_t row = gyre_out_row(out, GYRE_NO_TIME);
    out->valid[0][row] = n > 0;
    GYRE_OUT(out, 0, double)[row] = n > 0 ? (values[(n - 1) / 2] + values[n / 2]) / 2 : 0;
    GYRE_OUT(out, 1, int64_t)[row] = n;
    gyre_alloc(ctx, values, 0); /* frees it */
    return GYRE_OK;
}

/* Columns are numbered in the order in which they stand here. */
static const struct gyre_field price[] = {GYRE_FIELD(f64, "price", GYRE_NULLABLE)};
static const struct gyre_field results[] = {GYRE_FIELD(f64, "median", GYRE_NULLABLE),
                                            GYRE_FIELD(i64, "prices", 0)};

static const struct gyre_window_function median_window = {
    .size = sizeof(struct gyre_window_function), .fire = median};
static const struct gyre_function gyre_fn_median = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_WINDOW,
    .name = "median",
    .doc = "The median price of a window.",
    .fields = price,
    .n_fields = 1,
    .results = results,
    .n_results = 2,
    .impl = &median_window,
};

/* ---- volume: says when a window fires ---- */

/* Options are a table over a struct. In a job they stand beside `fn`. */
struct volume_config {
    int64_t volume;
};

static const struct gyre_option volume_options[] = {
    GYRE_OPT_RANGE(struct volume_config, volume, INT, "1000", 1, INT64_MAX, "shares",
                   "fires when so many were traded"),
};

/* What is known of one window of one key. It begins anew, zeroed, after each firing; it is in snapshots. */
#define TRADED(F, N) F(i64, left)
GYRE_STATE_RECORD(traded, 1, TRADED)

static int32_t on_row(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row, void *state,
                      int64_t *wake_us)
{
    const struct volume_config *config = ctx->config;
    struct traded *traded = state;
    int64_t volume = gyre_is_null(in, 0, row) ? 0 : GYRE_COLUMN(in, 0, int64_t)[row];
    (void)wake_us; /* it could ask to be called at a time: see gyre/function.h */
    if (traded->left == 0)
        traded->left = config->volume;
    if (volume >= traded->left)
        return 1; /* fires */
    if (volume > 0)
        traded->left -= volume; /* counted down, so that no sum can overflow */
    return 0;
}

static const struct gyre_field volume[] = {GYRE_FIELD(i64, "volume", GYRE_NULLABLE)};
static const struct gyre_trigger_function volume_trigger = {
    .size = sizeof(struct gyre_trigger_function), .state = &traded_type, .on_row = on_row};
static const struct gyre_function gyre_fn_volume = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_TRIGGER,
    .name = "volume",
    .doc = "Fires when a volume was traded.",
    .config_size = sizeof(struct volume_config),
    .options = volume_options,
    .n_options = 1,
    .fields = volume,
    .n_fields = 1,
    .impl = &volume_trigger,
};

/* The file has to be called after the plugin: my_plugin.so. */
GYRE_PLUGIN(my_plugin, "0.1.0", GYRE_FN(median), GYRE_FN(volume))
