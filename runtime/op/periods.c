/* See periods.h. */
#include "op/periods.h"

static gy_i128 floor_div(gy_i128 a, int64_t b)
{
    gy_i128 q = a / b;
    return q - (a % b < 0);
}

static int64_t nearest(gy_i128 v)
{
    return v < INT64_MIN ? INT64_MIN : v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

struct gy_periods gy_periods_make(int64_t size_us, int64_t period_us, int64_t offset_us)
{
    int64_t offset = offset_us % period_us;
    return (struct gy_periods){size_us, period_us, offset < 0 ? offset + period_us : offset};
}

gy_i128 gy_periods_end(const struct gy_periods *p, int64_t k)
{
    return (gy_i128)k * p->period_us + p->offset_us;
}

int64_t gy_periods_start_us(const struct gy_periods *p, int64_t k)
{
    return nearest(gy_periods_end(p, k) - p->size_us);
}

int64_t gy_periods_end_us(const struct gy_periods *p, int64_t k)
{
    return nearest(gy_periods_end(p, k));
}

int64_t gy_periods_first(const struct gy_periods *p, int64_t time_us)
{
    return nearest(floor_div((gy_i128)time_us - p->offset_us, p->period_us) + 1);
}

int64_t gy_periods_last(const struct gy_periods *p, int64_t time_us)
{
    return nearest(floor_div((gy_i128)time_us - p->offset_us + p->size_us, p->period_us));
}

int64_t gy_periods_due(const struct gy_periods *p, int64_t time_us)
{
    if (time_us == INT64_MIN || time_us == INT64_MAX)
        return time_us;
    return nearest(floor_div((gy_i128)time_us - p->offset_us, p->period_us));
}

struct gy_pane_bounds gy_periods_pane(const struct gy_periods *p, int64_t time_us)
{
    gy_i128 t = (gy_i128)time_us - p->offset_us;
    gy_i128 by_end = floor_div(t, p->period_us) * p->period_us;
    gy_i128 by_start = floor_div(t + p->size_us, p->period_us) * p->period_us - p->size_us;
    gy_i128 start = by_end > by_start ? by_end : by_start;
    gy_i128 end = by_end < by_start ? by_end : by_start;
    return (struct gy_pane_bounds){nearest(start + p->offset_us),
                                   nearest(end + p->period_us + p->offset_us - 1)};
}

int64_t gy_time_minus(int64_t a, int64_t b)
{
    if (a == INT64_MIN || a == INT64_MAX)
        return a;
    return nearest((gy_i128)a - b);
}

int64_t gy_time_plus(int64_t a, int64_t b)
{
    if (a == INT64_MIN || a == INT64_MAX)
        return a;
    return nearest((gy_i128)a + b);
}
