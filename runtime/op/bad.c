/* Bad rows, by the operator's on_error: the job fails, or they are skipped, or put out on `.errors`. */
#include "op/inside.h"

#include "base/mem.h"
#include "data/json.h"

#include <assert.h>

enum { FAILED_ROW_MAX = 1024 };

static void count_bad_row(struct gy_instance *instance, const char *text)
{
    instance->stats.bad_rows++;
    if (instance->stats.bad_rows == 1)
        gy_instance_log(instance, GY_LOG_WARN, "bad row, and more may follow: %s", text);
}

/* Puts a bad row out on the `.errors` port. */
static void put_error(struct gy_instance *instance, const char *text, const char *row, size_t len)
{
    struct gyre_out *out = &instance->ports[instance->node->errors_port].out;
    uint32_t r = gyre_out_row(out, GYRE_NO_TIME);
    struct gyre_str error = gyre_out_str(out, text, (uint32_t)strlen(text));
    struct gyre_str raw = gyre_out_str(out, row, (uint32_t)len);
    GYRE_OUT(out, 0, struct gyre_str)[r] = error;
    GYRE_OUT(out, 1, struct gyre_str)[r] = raw;
}

static void bad(struct gy_instance *instance, int64_t row, const char *text, const char *raw,
                size_t len)
{
    if (instance->node->on_error == GY_ON_ERROR_FAIL) {
        if (instance->sticky == 0) {
            instance->sticky = GYRE_EROW;
            gyre_error_set(&instance->error, GYRE_EROW, row, "%s", text);
            gy_free(instance->failed_row);
            instance->failed_row =
                gy_printf("%.*s%s", (int)(len > FAILED_ROW_MAX ? FAILED_ROW_MAX : len), raw,
                          len > FAILED_ROW_MAX ? "..." : "");
        }
        return;
    }
    count_bad_row(instance, text);
    if (instance->node->on_error == GY_ON_ERROR_PORT)
        put_error(instance, text, raw, len);
}

void gy_instance_bad_row(struct gy_instance *instance, uint32_t row, const char *text)
{
    const struct gy_batch *in = instance->in;
    const char *call = "gyre_bad_row";
    if (instance->partitioning) {
        gy_instance_misuse(instance, GYRE_ECONTRACT, call, "a partition function reports no rows");
        return;
    }
    if (in != NULL && row >= in->rows) {
        gy_instance_misuse(instance, GYRE_ECONTRACT, call,
                           "the batch has no row %u, it has %u rows (%s)", row, in->rows, text);
        return;
    }
    if (in != NULL && in->keep != NULL && in->keep[row] == 0) {
        gy_instance_misuse(instance, GYRE_ECONTRACT, call, "row %u of the batch was dropped (%s)",
                           row, text);
        return;
    }
    if (instance->in == NULL) { /* a watermark's or timer's result, or a row that was kept */
        instance->refused = true;
        bad(instance, -1, text, "", 0);
        return;
    }
    assert(row < instance->in->rows);
    if (!instance->any_dropped)
        memset(instance->dropped, 0, instance->in->rows);
    instance->any_dropped = true;
    instance->dropped[row] = 1;
    if (instance->presums)
        return;
    if (instance->node->on_error == GY_ON_ERROR_SKIP) {
        count_bad_row(instance, text);
        return;
    }
    struct gy_buf json = {0};
    gy_json_row(&json, &instance->in_plan->schema, instance->in->columns, row);
    if (json.failed && instance->sticky == 0)
        instance->sticky = gy_instance_fail(instance, GYRE_ENOMEM, "no memory to tell a bad row");
    bad(instance, row, text, (const char *)json.data, json.len);
    gy_buf_fini(&json);
}

void gy_instance_bad_input(struct gy_instance *instance, const char *raw, size_t len,
                           const char *text)
{
    bad(instance, -1, text, raw, len);
}
