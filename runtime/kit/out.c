/* What comes out of a kit; see kit.h and gyre/testkit.h. */
#include "kit/kit.h"

#include "base/say.h"

#include <math.h>

static const struct gy_rows *output(const struct gyre_kit *kit, const char *name)
{
    if (kit->node == NULL || kit->outputs == NULL)
        return NULL;
    for (uint32_t p = 0; p < kit->node->n_outputs; p++)
        if (name == NULL || strcmp(kit->node->outputs[p].name, name) == 0)
            return &kit->outputs[p];
    return NULL;
}

uint64_t gy_kit_rows_out(const struct gyre_kit *kit)
{
    uint64_t n = 0;
    for (uint32_t p = 0; kit->outputs != NULL && p < kit->node->n_outputs; p++)
        n += kit->outputs[p].n;
    return n;
}

const char *gyre_kit_rows(struct gyre_kit *kit, const char *port, uint32_t flags)
{
    const struct gy_rows *rows = output(kit, port);
    gy_buf_reset(&kit->text);
    if (rows != NULL)
        gy_rows_text(rows, (flags & GYRE_KIT_TIMES) != 0, &kit->text);
    const char *text = gy_buf_cstr(&kit->text);
    return text != NULL ? text : "";
}

uint32_t gyre_kit_count(const struct gyre_kit *kit, const char *port)
{
    const struct gy_rows *rows = output(kit, port);
    return rows != NULL ? rows->n : 0;
}

int gyre_kit_expect(struct gyre_kit *kit, const char *port, const char *text, uint32_t flags)
{
    struct gy_rows *rows = (struct gy_rows *)output(kit, port);
    struct gy_why why = {""};
    struct gy_buf diff = {0};
    bool same = false;
    if (rows == NULL) {
        const char *error = gyre_kit_error(kit);
        gy_say(stderr, "gyre_kit_expect: there is no output port `%s`\n", port != NULL ? port : "");
        gy_say_lines(stderr, error, strlen(error));
        return 0;
    }
    struct gy_rows expected = {.schema = rows->schema};
    if (gy_rows_parse(&expected, text, &why) != 0)
        gy_say(stderr, "gyre_kit_expect: %s\n", why.text);
    else
        same = gy_rows_same(&expected, rows, (flags & GYRE_KIT_TIMES) != 0,
                            (flags & GYRE_KIT_ANY_ORDER) != 0, &diff);
    gy_say_lines(stderr, (const char *)diff.data, diff.len);
    if (kit->code != 0)
        gy_say(stderr, "    and it has failed: %s\n", gyre_kit_error(kit));
    gy_buf_fini(&diff);
    gy_rows_fini(&expected);
    gy_rows_clear(rows);
    return same && kit->code == 0;
}

void gyre_kit_take(struct gyre_kit *kit)
{
    for (uint32_t p = 0; kit->outputs != NULL && p < kit->node->n_outputs; p++)
        gy_rows_clear(&kit->outputs[p]);
}

const void *gyre_kit_value(const struct gyre_kit *kit, const char *port, uint32_t row,
                           const char *field)
{
    const struct gy_rows *rows = output(kit, port);
    int32_t f = rows != NULL ? gyre_schema_find(rows->schema, field) : -1;
    if (f < 0 || row >= rows->n || gy_rows_is_null(rows, row, (uint32_t)f))
        return NULL;
    return gy_rows_at(rows, row, (uint32_t)f);
}

int64_t gyre_kit_time(const struct gyre_kit *kit, const char *port, uint32_t row)
{
    const struct gy_rows *rows = output(kit, port);
    return rows != NULL && row < rows->n ? rows->time[row] : 0;
}

int64_t gyre_kit_told(const struct gyre_kit *kit)
{
    int64_t least = INT64_MAX;
    for (uint32_t t = 0; kit->tasks != NULL && t < kit->n_tasks; t++)
        least = kit->tasks[t].told_us < least ? kit->tasks[t].told_us : least;
    return least;
}

static struct gy_instance_stats stats_of(const struct gyre_kit *kit)
{
    struct gy_instance_stats sum = {0};
    for (uint32_t t = 0; kit->tasks != NULL && t < kit->n_tasks; t++) {
        struct gy_instance_stats one;
        if (kit->tasks[t].instance == NULL)
            continue;
        gy_instance_counts(kit->tasks[t].instance, &one);
        sum.bad_rows += one.bad_rows;
        sum.late_rows += one.late_rows;
    }
    return sum;
}

uint64_t gyre_kit_bad_rows(const struct gyre_kit *kit)
{
    return stats_of(kit).bad_rows;
}

uint64_t gyre_kit_late_rows(const struct gyre_kit *kit)
{
    return stats_of(kit).late_rows;
}

double gyre_kit_metric(const struct gyre_kit *kit, const char *name)
{
    double sum = NAN, value;
    for (uint32_t t = 0; kit->tasks != NULL && t < kit->n_tasks; t++) {
        const char *one;
        for (uint32_t i = 0; gy_instance_metric(kit->tasks[t].instance, i, &one, &value); i++)
            if (strcmp(one, name) == 0)
                sum = isnan(sum) ? value : sum + value;
    }
    return sum;
}

const char *gyre_kit_log(struct gyre_kit *kit)
{
    const char *text = gy_buf_cstr(&kit->log);
    return text != NULL ? text : "";
}
