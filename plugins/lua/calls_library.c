/* plugins/lua/calls_library.c: see calls_library.h. */
#include "calls_library.h"
#include "page.h"
#include "re.h"
#include "when.h"

#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* Of a match: as many as code may take for a row. */
#define STEPS 10000000.0

/* ---- regular expressions ----------------------------------------------------------------------- */

int patterns_init(struct run *run)
{
    const struct expr *e = run->e;
    char wrong[256];
    if (e->n_texts == 0)
        return 0;
    run->patterns = calloc(e->n_texts + 1, sizeof(struct re *));
    for (uint32_t i = 1; run->patterns != NULL && i <= e->n_texts; i++)
        if (e->texts[i]->is_pattern &&
            (run->patterns[i] = re_new(e->texts[i]->text, e->texts[i]->len, wrong, sizeof wrong)) ==
                NULL)
            return -1;
    return run->patterns != NULL ? 0 : -1;
}

void patterns_fini(struct run *run)
{
    for (uint32_t i = 1; run->patterns != NULL && i <= run->e->n_texts; i++)
        re_free(run->patterns[i]);
    free(run->patterns);
    run->patterns = NULL;
}

int32_t re_any(struct run *run, int32_t text, const struct gyre_str *s)
{
    struct gauge gauge = {.steps = STEPS, .steps_most = STEPS};
    struct re_found found;
    int32_t code = re_find(&gauge, run->patterns[text], &found, gyre_str_data(s), s->len, 0);
    run->i = code == 1;
    return code < 0 ? -1 : 0;
}

/* 1: `to` is the group; 0: it took no part, or there is none. */
int32_t re_group(struct run *run, struct gyre_str *to, int32_t text, const struct gyre_str *s,
                 int64_t group)
{
    struct gauge gauge = {.steps = STEPS, .steps_most = STEPS};
    struct re_found found = {.length = -1};
    struct re *re = run->patterns[text];
    struct gyre_str whole = *s;
    int is_group = group >= 0 && group <= re_groups(re);
    int32_t code = re_find(&gauge, re, &found, gyre_str_data(&whole), whole.len,
                           is_group ? (int32_t)group : 0);
    *to = gyre_str_view("", 0);
    if (code != 1 || found.length < 0 || !is_group)
        return code < 0 ? -1 : 0;
    *to = gyre_str_view(gyre_str_data(&whole) + found.at, (uint32_t)found.length);
    return 1;
}

/* ---- hashes ------------------------------------------------------------------------------------ */

int64_t hash_text(struct run *run, const struct gyre_str *s)
{
    (void)run;
    return (int64_t)XXH3_64bits(gyre_str_data(s), s->len);
}

int64_t hash_i64(struct run *run, int64_t v)
{
    (void)run;
    return (int64_t)XXH3_64bits(&v, sizeof v);
}

/* A whole number is hashed as one. */
int64_t hash_f64(struct run *run, double v)
{
    if (v >= -9007199254740992.0 && v <= 9007199254740992.0 && v == (double)(int64_t)v)
        return hash_i64(run, (int64_t)v);
    return (int64_t)XXH3_64bits(&v, sizeof v);
}

/* ---- times ------------------------------------------------------------------------------------- */

static const char *format_of(const struct run *run, int32_t text)
{
    return text != 0 ? run->e->texts[text]->text : "iso"; /* as in library.lua */
}

int32_t time_parse(struct run *run, int32_t text, const struct gyre_str *s)
{
    return when_parse(gyre_str_data(s), s->len, format_of(run, text), &run->i) ? 0 : -1;
}

int32_t time_format(struct run *run, struct gyre_str *to, int32_t text, int64_t t)
{
    char letters[WHEN_TEXT], *p = letters;
    size_t n = (size_t)when_format(t, format_of(run, text), letters);
    if (n > GYRE_STR_INLINE && (p = page_take(run, n)) == NULL)
        return -1;
    if (p != letters)
        memcpy(p, letters, n);
    *to = gyre_str_view(p, (uint32_t)n);
    return 0;
}

int32_t time_floor(struct run *run, int64_t unit, int64_t t)
{
    struct when_unit u = {unit / 4, unit % 4};
    return when_floor(t, &u, &run->i) ? 0 : -1;
}

#define PART(name, part)                                                                           \
    int64_t name(struct run *run, int64_t t)                                                       \
    {                                                                                              \
        (void)run;                                                                                 \
        return when_part(t, part);                                                                 \
    }
PART(time_year, WHEN_YEAR)
PART(time_month, WHEN_MONTH)
PART(time_day, WHEN_DAY)
PART(time_hour, WHEN_HOUR)
PART(time_minute, WHEN_MINUTE)
PART(time_second, WHEN_SECOND)
PART(time_weekday, WHEN_WEEKDAY)
PART(time_yearday, WHEN_YEARDAY)
