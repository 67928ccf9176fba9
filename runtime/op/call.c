/* One call into a plugin, and how it fails; see inside.h. Of this floor it calls op/output alone, so that
 * all other files may call it. */
#include "op/inside.h"

#include "plugin/guide.h"

#include <stdarg.h>
#include <stdio.h>

int gy_instance_fail(struct gy_instance *instance, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    gyre_error_set_v(&instance->error, code, -1, format, args);
    va_end(args);
    return code;
}

void gy_instance_log(const struct gy_instance *instance, enum gy_log_level level,
                     const char *format, ...)
{
    char text[4096];
    va_list args;
    if (instance->env.log == NULL)
        return;
    int n = snprintf(text, sizeof text, "%s[%u]: ", instance->node->id, instance->ctx.task);
    va_start(args, format);
    if (n > 0 && (size_t)n < sizeof text)
        vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    instance->env.log(instance->env.host, level, text);
}

void gy_instance_calls(struct gy_instance *instance, const char *function,
                       const struct gy_plugin *plugin)
{
    const struct gy_plugin *whose = function != NULL ? plugin : instance->node->plugin;
    instance->site.function = function;
    instance->site.plugin_path = whose != NULL ? whose->path : "";
}

static void stamp_ports(struct gy_instance *instance)
{
    int64_t now_us = gy_clock_now_us(instance->env.clock);
    if (now_us <
        instance->own_us) /* the clock was put back: no row is earlier than what was told */
        now_us = instance->own_us;
    for (uint32_t p = 0; p < instance->node->n_outputs; p++)
        instance->ports[p].now_us = now_us;
}

struct gy_call gy_call_begin(struct gy_instance *instance, const char *callback)
{
    struct gy_call call = {gy_crumb_enter(&instance->site, callback)};
    gy_crumb.batch = instance->stats.batches_in;
    if (instance->any_stamps)
        stamp_ports(instance);
    instance->callback = callback;
    return call;
}

int gy_instance_misuse(struct gy_instance *instance, int code, const char *call, const char *format,
                       ...)
{
    const char *function = instance->site.function;
    char text[GYRE_ERROR_TEXT];
    va_list args;
    if (instance->sticky != 0)
        return code;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    instance->sticky = gy_instance_fail(instance, code, "%s calls %s wrongly: %s (%s)",
                                        function != NULL ? function : instance->node->op, call,
                                        text, gy_guide_of_call(call));
    return code;
}

/* What a port has seen of its use, which cannot tell whose it is. */
static void tell_misused_port(struct gy_instance *instance)
{
    for (uint32_t p = 0; p < instance->node->n_outputs; p++) {
        const struct gy_port *port = &instance->ports[p];
        if (port->misused == NULL || instance->error.text[0] != 0)
            continue;
        instance->sticky = 0;
        gy_instance_misuse(instance, GYRE_ECONTRACT, port->misused, "its output port `%s` %s",
                           port->plan->name, port->misuse);
    }
}

int gy_instance_settle(struct gy_instance *instance, int code)
{
    if (code > 0)
        code = gy_instance_fail(
            instance, GYRE_ECONTRACT,
            "returned %d, which is neither 0 nor an error code (" GY_GUIDE_ERRORS ")", code);
    for (uint32_t p = 0; p < instance->node->n_outputs; p++) {
        gy_port_settle(&instance->ports[p]);
        if (code == 0 && instance->sticky == 0)
            instance->sticky = instance->ports[p].error;
    }
    if (code == 0 && instance->sticky == 0)
        return 0;
    if (code == 0)
        code = instance->sticky;
    tell_misused_port(instance);
    if (instance->error.text[0] == 0)
        gy_instance_fail(instance, code, "%s",
                         code == GYRE_ENOMEM ? "out of memory" : "failed without saying why");
    instance->error.code = code;
    return code;
}

int gy_call_end(struct gy_instance *instance, struct gy_call call, int code)
{
    gy_crumb = call.before;
    return gy_instance_settle(instance, code);
}

uint64_t gy_instance_rows(const struct gy_instance *instance)
{
    uint64_t rows = 0;
    for (uint32_t p = 0; p < instance->node->n_outputs; p++)
        rows += instance->ports[p].rows_total + instance->ports[p].out.rows;
    return rows;
}

int gy_instance_check_rows(struct gy_instance *instance, uint64_t before, int code)
{
    if (code != 0 || gy_instance_rows(instance) == before)
        return code;
    return gy_instance_fail(instance, GYRE_ECONTRACT,
                            "puts rows out while it is saved or prepared; the time for that is "
                            "`flush`, which comes before (" GY_GUIDE_ITEMS ")");
}

void gy_instance_forgive(struct gy_instance *instance)
{
    instance->error.code = 0;
    instance->error.text[0] = 0;
    instance->sticky = 0;
}

void gy_instance_refuse_writes(const struct gy_instance *instance, struct gyre_writer *writer)
{
    if (writer->error == 0 && gy_refuses(instance->strict, "gyre_write"))
        writer->error = GYRE_ENOMEM;
}
