/* How a kit fails: the first failure stays. See kit.h. */
#include "kit/kit.h"

#include "base/mem.h"

int gy_kit_fail(struct gyre_kit *kit, int code, const char *format, ...)
{
    if (kit->code != 0)
        return kit->code;
    kit->code = code;
    va_list args;
    va_start(args, format);
    char *text = gy_vprintf(format, args);
    va_end(args);
    gy_buf_text(&kit->error, text != NULL ? text : "out of memory");
    gy_free(text);
    return code;
}

int gy_kit_fail_call(struct gyre_kit *kit, const struct gy_instance *instance, int code)
{
    const struct gyre_error *error = gy_instance_error(instance);
    const char *function = gy_instance_failed_function(instance);
    const char *row = gy_instance_failed_row(instance);
    return gy_kit_fail(kit, code, "%s failed in %s: %s%s%s",
                       function != NULL ? function : gy_instance_node(instance)->op,
                       gy_instance_failed_callback(instance), error->text,
                       row != NULL ? ", row " : "", row != NULL ? row : "");
}

void gy_kit_forgive(struct gyre_kit *kit)
{
    kit->code = 0;
    gy_buf_reset(&kit->error);
}

const char *gyre_kit_error(const struct gyre_kit *kit)
{
    const char *text = gy_buf_cstr((struct gy_buf *)&kit->error);
    return kit->code == 0 ? "" : text != NULL ? text : "out of memory";
}
