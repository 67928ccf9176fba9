/* What `gyre inspect` tells of the conformance of a plugin: which checks are for an item, and what was found of this
 * build; see conform/record.h. */
#include "app/inspect.h"

#include "app/describe.h"
#include "base/say.h"
#include "conform/record.h"
#include "conform/suite.h"
#include "plugin/item.h"

#include <assert.h>
#include <string.h>

enum { WIDTH = 100, COLUMN = 16, CHECKS_MAX = 64 };

void gy_inspect_tested(struct gy_buf *b, const struct gy_plugin *plugin)
{
    struct gy_conform_record r = {0};
    if (!gy_conform_record_read(plugin->path, &r)) {
        gy_buf_text(b, "no: gyre conform does it");
        return;
    }
    if (strcmp(r.build, plugin->build) != 0) {
        gy_say_into(b, "not this build: another one was on %s, by gyre %s", r.date, r.gyre);
        return;
    }
    gy_say_into(b, "%s by gyre %s: ", r.date, r.gyre);
    for (int v = 0, n = 0; v < GY_VERDICTS; v++)
        if (r.counts[v] > 0 || v <= GY_FAIL)
            gy_buf_printf(b, "%s%zu %s", n++ > 0 ? ", " : "", r.counts[v],
                          gy_verdict_name((enum gy_verdict)v));
}

/* The checks for which `is_for` is set, under each other from column `indent` on. */
static void put_ids(struct gy_buf *b, const bool *is_for, int indent)
{
    int at = indent;
    for (size_t i = 0; i < gy_n_checks; i++) {
        int n = (int)strlen(gy_checks[i].id);
        if (!is_for[i])
            continue;
        if (at + 1 + n > WIDTH) {
            gy_buf_printf(b, "\n%*s", indent, "");
            at = indent;
        }
        gy_buf_printf(b, "%s%s", at > indent ? " " : "", gy_checks[i].id);
        at += n + (at > indent);
    }
    gy_buf_text(b, "\n");
}

static bool set_checks(bool *is_for, uint32_t kinds)
{
    assert(gy_n_checks <= CHECKS_MAX);
    bool any = false;
    for (size_t i = 0; i < gy_n_checks; i++)
        if (gy_check_is_for(&gy_checks[i], kinds))
            any = is_for[i] = true;
    return any;
}

void gy_inspect_checks(struct gy_buf *b, const struct gy_plugin *plugin,
                       const struct gyre_item *only)
{
    static const char *const kinds[] = {"source", "transform", "sink", "aggregate", "window"};
    bool is_for[CHECKS_MAX] = {false};
    gy_buf_text(b, "\ngyre conform tests\n");
    if (only == NULL && set_checks(is_for, GY_IS_PLUGIN)) {
        gy_buf_printf(b, "  %-*s", COLUMN, "the plugin");
        put_ids(b, is_for, COLUMN + 2);
    }
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        bool any = false;
        memset(is_for, 0, sizeof is_for);
        for (uint32_t i = 0; i < plugin->abi->n_items; i++) {
            const struct gyre_item *item = &plugin->abi->items[i];
            if ((only == NULL || only == item) && gy_item_kind(item) != NULL &&
                strcmp(gy_item_kind(item), kinds[k]) == 0)
                any |= set_checks(is_for, gy_kinds_of_item(item));
        }
        if (!any)
            continue;
        gy_buf_printf(b, "  %s%-*s", kinds[k], COLUMN - (int)strlen(kinds[k]), "s");
        put_ids(b, is_for, COLUMN + 2);
    }
}

void gy_inspect_json_checks(struct gy_buf *b, const struct gyre_item *item)
{
    bool is_for[CHECKS_MAX] = {false};
    set_checks(is_for, gy_kinds_of_item(item));
    gy_json_open(b, "checks", '[');
    for (size_t i = 0; i < gy_n_checks; i++)
        if (is_for[i])
            gy_json_text(b, NULL, gy_checks[i].id);
    gy_json_close(b, ']');
}

void gy_inspect_json_tested(struct gy_buf *b, const struct gy_plugin *plugin)
{
    struct gy_conform_record r = {0};
    if (!gy_conform_record_read(plugin->path, &r)) {
        gy_json_text(b, "tested", NULL);
        return;
    }
    gy_json_open(b, "tested", '{');
    gy_json_bool(b, "this_build", strcmp(r.build, plugin->build) == 0);
    gy_json_text(b, "build", r.build);
    gy_json_text(b, "date", r.date);
    gy_json_text(b, "gyre", r.gyre);
    gy_json_number(b, "seed", (int64_t)r.seed);
    for (int v = 0; v < GY_VERDICTS; v++)
        gy_json_number(b, gy_verdict_name((enum gy_verdict)v), (int64_t)r.counts[v]);
    gy_json_close(b, '}');
}
