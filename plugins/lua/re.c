/* plugins/lua/re.c: see re.h. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "re.h"

#if defined(__has_include)
#if __has_include(<pcre2.h>)
#define HAS_PCRE2
#include <pcre2.h>
#endif
#endif

#include <stdlib.h>

#ifdef HAS_PCRE2

#define STACK_MAX      (1u << 20)
#define MATCHES_A_STEP 16 /* of the library's own count */
#define MATCHES_MOST   (1u << 28)
#define BYTES_PER_STEP 64

struct re {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    uint32_t n_groups;
};

struct re *re_new(const char *pattern, size_t length, char *wrong, size_t room)
{
    int number;
    PCRE2_SIZE at;
    struct re *re = calloc(1, sizeof *re);
    snprintf(wrong, room, "out of memory");
    if (re == NULL)
        return NULL;
    re->code = pcre2_compile((PCRE2_SPTR)pattern, length, 0, &number, &at, NULL);
    if (re->code == NULL) {
        char text[120];
        pcre2_get_error_message(number, (PCRE2_UCHAR *)text, sizeof text);
        snprintf(wrong, room, "%s at byte %zu of the pattern", text, (size_t)at + 1);
        re_free(re);
        return NULL;
    }
    pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &re->n_groups);
    pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE); /* without it: slower */
    re->data = pcre2_match_data_create_from_pattern(re->code, NULL);
    re->context = pcre2_match_context_create(NULL);
    re->stack = pcre2_jit_stack_create(32 * 1024, STACK_MAX, NULL);
    if (re->data == NULL || re->context == NULL) {
        re_free(re);
        return NULL;
    }
    if (re->stack != NULL)
        pcre2_jit_stack_assign(re->context, NULL, re->stack);
    return re;
}

void re_free(struct re *re)
{
    if (re == NULL)
        return;
    pcre2_code_free(re->code);
    pcre2_match_data_free(re->data);
    pcre2_match_context_free(re->context);
    pcre2_jit_stack_free(re->stack);
    free(re);
}

int32_t re_groups(const struct re *re)
{
    return (int32_t)re->n_groups;
}

/* What the library counts of a match: begun at one byte, it may go on for no longer than the row has steps. */
static uint32_t matches_most(const struct gauge *gauge)
{
    double most = gauge->steps * MATCHES_A_STEP;
    return most >= MATCHES_MOST ? MATCHES_MOST : most < 1 ? 1 : (uint32_t)most;
}

int32_t re_find(struct gauge *gauge, struct re *re, struct re_found *found, const char *text,
                size_t n, int32_t group)
{
    uint32_t most = matches_most(gauge);
    found->wrong[0] = 0;
    pcre2_set_match_limit(re->context, most);
    gauge->steps -= (double)n / BYTES_PER_STEP + 1;
    int code = pcre2_match(re->code, (PCRE2_SPTR)text, n, 0, 0, re->data, re->context);
    if (code == PCRE2_ERROR_NOMATCH)
        return 0;
    if (code == PCRE2_ERROR_MATCHLIMIT || code == PCRE2_ERROR_JIT_STACKLIMIT) {
        gauge->steps = -1;
        return -1;
    }
    if (code < 0) {
        pcre2_get_error_message(code, (PCRE2_UCHAR *)found->wrong, sizeof found->wrong);
        return -1;
    }
    const PCRE2_SIZE *places = pcre2_get_ovector_pointer(re->data);
    found->length = -1;
    if (group < code && places[2 * group] != PCRE2_UNSET) {
        found->at = (int64_t)places[2 * group];
        found->length = (int64_t)(places[2 * group + 1] - places[2 * group]);
    }
    if (found->length < -1) /* \K behind the end */
        found->length = 0;
    return 1;
}

#else

struct re *re_new(const char *pattern, size_t length, char *wrong, size_t room)
{
    (void)pattern, (void)length;
    snprintf(wrong, room, "regular expressions need the library PCRE2 where gyre is built");
    return NULL;
}

void re_free(struct re *re)
{
    (void)re;
}

int32_t re_groups(const struct re *re)
{
    (void)re;
    return 0;
}

int32_t re_find(struct gauge *gauge, struct re *re, struct re_found *found, const char *text,
                size_t n, int32_t group)
{
    (void)gauge, (void)re, (void)found, (void)text, (void)n, (void)group;
    return 0;
}

#endif
