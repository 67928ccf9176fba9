/* plugins/text/regex.c: see regex.h. */
#include "regex.h"

#if __has_include(<pcre2.h>)
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define STACK_MIN    (32u << 10)
#define STACK_MAX    (1u << 20)
#define SEARCHED_ALL (32u << 10) /* texts up to this length are searched to their end */
#define SEARCH_STEPS (UINT64_C(1) << 30)
#define NEAR_MAX     24 /* bytes of a pattern around a mistake */

struct regex {
    const struct regex_plan *plan;
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_context *context;
    pcre2_match_data *data;
    pcre2_jit_stack *stack;
    int32_t is_bounded; /* the code looks at where matches may begin */
};

const char *regex_lacks(void)
{
    return NULL;
}

/* ---- bind -------------------------------------------------------------------------------------- */

static uint32_t info(const pcre2_code *code, uint32_t what)
{
    uint32_t value = 0;
    pcre2_pattern_info(code, what, &value);
    return value;
}

static int32_t tell_mistake(struct gyre_bind *bind, const char *option, const char *pattern,
                            int error, size_t at)
{
    char text[160];
    size_t n = strlen(pattern);
    at = at < n ? at : n;
    size_t before = at < NEAR_MAX ? at : NEAR_MAX, behind = n - at < NEAR_MAX ? n - at : NEAR_MAX;
    pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
    return gyre_bind_fail(bind, GYRE_EINVAL, option,
                          "the pattern is wrong at byte %zu, %s: %s%.*s <-- here %.*s%s", at, text,
                          before < at ? "..." : "", (int)before, pattern + at - before, (int)behind,
                          pattern + at, behind < n - at ? "..." : "");
}

static int has_high_bytes(const char *pattern)
{
    for (; *pattern != 0; pattern++)
        if ((uint8_t)*pattern > 0x7f)
            return 1;
    return 0;
}

/* Finds the flags that the pattern needs, and compiles it with them. */
static pcre2_code *compile_anew(struct regex_plan *plan, int *error, size_t *at)
{
    PCRE2_SPTR pattern = (PCRE2_SPTR)plan->pattern;
    plan->flags = PCRE2_DUPNAMES | PCRE2_NEVER_BACKSLASH_C;
    if (has_high_bytes(plan->pattern))
        plan->flags |= PCRE2_MATCH_INVALID_UTF;
    pcre2_code *code = pcre2_compile(pattern, PCRE2_ZERO_TERMINATED, plan->flags, error, at, NULL);
    if (code == NULL)
        return NULL;
    uint32_t has = info(code, PCRE2_INFO_ALLOPTIONS);
    pcre2_code_free(code);
    if ((has & PCRE2_UTF) != 0) /* (*UTF): text need not be */
        plan->flags |= PCRE2_MATCH_INVALID_UTF;
    if ((has & PCRE2_ANCHORED) == 0)
        plan->flags |= PCRE2_USE_OFFSET_LIMIT;
    return pcre2_compile(pattern, PCRE2_ZERO_TERMINATED, plan->flags, error, at, NULL);
}

/* An entry of the table of names: the number of a group in two bytes, and its name. */
static uint32_t number_at(PCRE2_SPTR table, uint32_t size, uint32_t i)
{
    return (uint32_t)table[i * size] << 8 | table[i * size + 1];
}

/* Adds the group of this number, where it has a name. */
static int32_t add_group(struct gyre_bind *bind, struct regex_plan *plan, const char **names,
                         struct regex_group *groups, uint32_t number, const char *name)
{
    uint32_t piece = 0;
    while (piece < plan->n_names && strcmp(names[piece], name) != 0)
        piece++;
    if (piece == plan->n_names) {
        char *copy = bind->alloc(bind, strlen(name) + 1);
        if (copy == NULL)
            return GYRE_ENOMEM;
        names[plan->n_names++] = strcpy(copy, name);
    }
    groups[plan->n_groups++] = (struct regex_group){number, piece};
    return GYRE_OK;
}

static int32_t list_groups(struct gyre_bind *bind, const char *option, struct regex_plan *plan,
                           const pcre2_code *code)
{
    uint32_t n = info(code, PCRE2_INFO_NAMECOUNT), size = info(code, PCRE2_INFO_NAMEENTRYSIZE);
    uint32_t last = info(code, PCRE2_INFO_CAPTURECOUNT);
    PCRE2_SPTR table = NULL;
    pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
    if (n == 0)
        return gyre_bind_fail(
            bind, GYRE_EINVAL, option,
            "the pattern has no named group: (?<name>...) makes the field `name`");
    const char **names = bind->alloc(bind, n * sizeof *names);
    struct regex_group *groups = bind->alloc(bind, n * sizeof *groups);
    int32_t code_of = names == NULL || groups == NULL ? GYRE_ENOMEM : GYRE_OK;
    plan->n_names = plan->n_groups = 0;
    for (uint32_t number = 1; code_of == GYRE_OK && number <= last; number++)
        for (uint32_t i = 0; code_of == GYRE_OK && i < n; i++)
            if (number_at(table, size, i) == number)
                code_of = add_group(bind, plan, names, groups, number,
                                    (const char *)table + i * size + 2);
    plan->names = names;
    plan->groups = groups;
    return code_of;
}

int32_t regex_bind(struct gyre_bind *bind, const char *option, struct regex_plan *plan)
{
    int error;
    size_t at;
    pcre2_code *code = compile_anew(plan, &error, &at);
    if (code == NULL)
        return tell_mistake(bind, option, plan->pattern, error, at);
    int32_t listed = list_groups(bind, option, plan, code);
    pcre2_code_free(code);
    return listed;
}

/* ---- tasks ------------------------------------------------------------------------------------- */

static void *take_memory(size_t size, void *ctx)
{
    return gyre_alloc(ctx, NULL, size);
}

static void free_memory(void *memory, void *ctx)
{
    if (memory != NULL)
        gyre_alloc(ctx, memory, 0);
}

static int32_t open_parts(struct regex *r)
{
    const struct regex_plan *plan = r->plan;
    int error;
    size_t at;
    pcre2_compile_context *compiling = pcre2_compile_context_create(r->memory);
    if (compiling == NULL)
        return GYRE_ENOMEM;
    r->code = pcre2_compile((PCRE2_SPTR)plan->pattern, PCRE2_ZERO_TERMINATED, plan->flags, &error,
                            &at, compiling);
    pcre2_compile_context_free(compiling);
    if (r->code == NULL)
        return GYRE_ENOMEM;
    r->data = pcre2_match_data_create_from_pattern(r->code, r->memory);
    r->context = pcre2_match_context_create(r->memory);
    if (r->data == NULL || r->context == NULL)
        return GYRE_ENOMEM;
    pcre2_set_match_limit(r->context, plan->steps);
    /* where code may not be made while running the library interprets the pattern */
    if (pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) == 0)
        r->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, r->memory);
    if (r->stack != NULL)
        pcre2_jit_stack_assign(r->context, NULL, r->stack);
    r->is_bounded = (plan->flags & PCRE2_USE_OFFSET_LIMIT) != 0;
    return GYRE_OK;
}

struct regex *regex_open(struct gyre_ctx *ctx, const struct regex_plan *plan)
{
    struct regex *r = gyre_alloc(ctx, NULL, sizeof *r);
    if (r != NULL) {
        *r = (struct regex){.plan = plan};
        r->memory = pcre2_general_context_create(take_memory, free_memory, ctx);
    }
    if (r != NULL && r->memory != NULL && open_parts(r) == GYRE_OK)
        return r;
    regex_close(r, ctx);
    gyre_fail(ctx, GYRE_ENOMEM, "no memory for the pattern");
    return NULL;
}

void regex_close(struct regex *r, struct gyre_ctx *ctx)
{
    if (r == NULL)
        return;
    pcre2_jit_stack_free(r->stack);
    pcre2_match_context_free(r->context);
    pcre2_match_data_free(r->data);
    pcre2_code_free(r->code);
    pcre2_general_context_free(r->memory);
    gyre_alloc(ctx, r, 0);
}

/* The bytes of a text of n bytes that a match may begin at. */
static size_t starts_max(size_t n)
{
    if (n <= SEARCHED_ALL)
        return n;
    size_t starts = (size_t)(SEARCH_STEPS / n);
    return starts != 0 ? starts : 1;
}

__attribute__((noinline)) static int tell_failure(const struct regex *r, int error, size_t n,
                                                  char why[CAST_WHY])
{
    switch (error) {
    case PCRE2_ERROR_NOMATCH:
        if (!r->is_bounded || starts_max(n) == n) {
            snprintf(why, CAST_WHY, "the pattern does not match");
            return REGEX_NO_MATCH;
        }
        snprintf(why, CAST_WHY,
                 "no match begins in the first %zu bytes, and in a text of %zu bytes no more are "
                 "tried: let the pattern begin with ^",
                 starts_max(n), n);
        break;
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
        snprintf(why, CAST_WHY,
                 "the pattern gave up after %u steps: repeats within repeats, as in (a+)+, try "
                 "every way to divide a text; possessive ones, as in (a++)+, do not",
                 (unsigned)r->plan->steps);
        break;
    case PCRE2_ERROR_JIT_STACKLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_NOMEMORY:
        snprintf(why, CAST_WHY,
                 "the pattern needs more than %u KiB for what it may have to go back to: make "
                 "repeats possessive, as in (a|b)*+",
                 STACK_MAX >> 10);
        break;
    default: {
        char text[160];
        pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
        snprintf(why, CAST_WHY, "the pattern failed: %s", text);
    }
    }
    return REGEX_TOO_MUCH;
}

int regex_match(struct regex *r, struct piece text, struct piece *pieces, char why[CAST_WHY])
{
    const struct regex_plan *plan = r->plan;
    if (r->is_bounded)
        pcre2_set_offset_limit(r->context, starts_max(text.len));
    int n = pcre2_match(r->code, (PCRE2_SPTR)text.at, text.len, 0, 0, r->data, r->context);
    if (__builtin_expect(n <= 0, 0))
        return tell_failure(r, n, text.len, why);
    const size_t *bounds = pcre2_get_ovector_pointer(r->data);
    for (uint32_t i = 0; i < plan->n_names; i++)
        pieces[i] = (struct piece){NULL, 0};
    for (uint32_t i = 0; i < plan->n_groups; i++) {
        size_t start = bounds[2 * plan->groups[i].number];
        size_t end = bounds[2 * plan->groups[i].number + 1];
        if (start != PCRE2_UNSET && end >= start)
            pieces[plan->groups[i].piece] =
                (struct piece){text.at + start, (uint32_t)(end - start)};
    }
    return REGEX_MATCH;
}

#else

const char *regex_lacks(void)
{
    return "this build of gyre has no patterns, for want of PCRE2: install libpcre2-dev and build "
           "again";
}

int32_t regex_bind(struct gyre_bind *bind, const char *option, struct regex_plan *plan)
{
    (void)plan;
    return gyre_bind_fail(bind, GYRE_ENOTSUP, option, "%s", regex_lacks());
}

struct regex *regex_open(struct gyre_ctx *ctx, const struct regex_plan *plan)
{
    (void)plan;
    gyre_fail(ctx, GYRE_ENOTSUP, "%s", regex_lacks());
    return NULL;
}

void regex_close(struct regex *regex, struct gyre_ctx *ctx)
{
    (void)regex, (void)ctx;
}

int regex_match(struct regex *regex, struct piece text, struct piece *pieces, char why[CAST_WHY])
{
    (void)regex, (void)text, (void)pieces;
    snprintf(why, CAST_WHY, "%s", regex_lacks());
    return REGEX_TOO_MUCH;
}

#endif
