/* gyre/error.h: what a call can say went wrong, and how it says it.
 *
 * A callback returns 0 or one negative code of the table below; text and row go into the
 * `struct gyre_error` that the host lent it. The code says in which state the instance is
 * afterwards, so that the host knows whether it may go on with it. */
#ifndef GYRE_ERROR_H
#define GYRE_ERROR_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
#define GYRE_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define GYRE_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/* name, value, retryable, what it means and the state of the instance after it */
#define GYRE_ERRORS(X)                                                                             \
    X(EINVAL, -1, 0, "an option or argument is wrong; the instance was not changed")               \
    X(ENOMEM, -2, 0, "out of memory; the instance can only be closed")                             \
    X(EIO, -3, 0, "a read or write failed; the instance can only be closed")                       \
    X(EROW, -4, 0, "this row is bad; the instance is as if the row had not come")                  \
    X(ECORRUPT, -5, 0, "encoded state cannot be read; the instance was not changed")               \
    X(ENOTSUP, -6, 0, "the host or the plugin lacks this feature; the instance was not changed")   \
    X(ERETRY, -7, 1, "a passing failure; restart from the last snapshot; can only be closed")      \
    X(EFAIL, -8, 0, "a failure that no retry mends; the instance can only be closed")              \
    X(ECONTRACT, -9, 0, "a rule of this SDK was broken by its caller; can only be closed")

enum gyre_error_code {
#define GYRE__ENUM(name, value, retry, text) GYRE_##name = value,
    GYRE_ERRORS(GYRE__ENUM)
#undef GYRE__ENUM
        GYRE_OK = 0
};

#define GYRE_ERROR_TEXT 512

/** One failure, told to a person.
 *  Shape:   `row` is the index of the row in the batch at hand, -1 where none is to blame
 *  Owns:    the caller of a callback owns it; the callee fills it
 *  Thread:  [any]
 *  Errors:  a text that does not fit is cut
 *  Since:   0.1 */
struct gyre_error {
    uint32_t size;
    int32_t code;
    int64_t row;
    char text[GYRE_ERROR_TEXT];
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_error) == 16 + GYRE_ERROR_TEXT, "layout of gyre_error");

#if defined(__GNUC__)
#define GYRE_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define GYRE_PRINTF(text, first)
#endif

GYRE_PRINTF(4, 0)
static inline int32_t gyre_error_set_v(struct gyre_error *error, int32_t code, int64_t row,
                                       const char *format, va_list args)
{
    if (error != NULL) {
        error->code = code;
        error->row = row;
        vsnprintf(error->text, sizeof error->text, format, args);
    }
    return code;
}

/** Fills `error` and returns `code`, so that a callback can end with `return gyre_error_set(...)`.
 *  Thread:  [any] */
GYRE_PRINTF(4, 5)
static inline int32_t gyre_error_set(struct gyre_error *error, int32_t code, int64_t row,
                                     const char *format, ...)
{
    va_list args;
    va_start(args, format);
    gyre_error_set_v(error, code, row, format, args);
    va_end(args);
    return code;
}

/** Names a code ("EROW"); "E?" for one that this header does not know.
 *  Thread:  [any] */
static inline const char *gyre_error_name(int32_t code)
{
    switch (code) {
    case 0: return "OK";
#define GYRE__CASE(name, value, retry, text)                                                       \
    case value: return #name;
        GYRE_ERRORS(GYRE__CASE)
#undef GYRE__CASE
    default: return "E?";
    }
}

#endif
