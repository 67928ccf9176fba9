/* plugins/text/classify.h: which of 64 bytes belong to words, and words as 16-byte strings.
 *
 * Floor of words.c. With SSE2 sixteen bytes are looked at at once, else one by one through the same
 * predicate. Nothing here reads outside of the bytes it was given. */
#ifndef GYRE_PLUGIN_TEXT_CLASSIFY_H
#define GYRE_PLUGIN_TEXT_CLASSIFY_H

#include <gyre/gyre.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The choices of the option `split`. */
enum { SPLIT_WORD, SPLIT_SPACE };

/* True for a byte of a word: not white space, or a letter, digit, ' or a byte above 0x7f. */
static inline int is_word_byte(uint8_t c, int32_t split)
{
    if (split == SPLIT_SPACE)
        return c != ' ' && (uint8_t)(c - '\t') > '\r' - '\t';
    return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '0') < 10 || c == '\'' || c > 0x7f;
}

static inline char lower_byte(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

#ifdef __SSE2__

/* All ones in the bytes of `x` that are in first ... first + span. */
static inline __m128i in_range(__m128i x, char first, char span)
{
    __m128i from_first = _mm_sub_epi8(x, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(from_first, _mm_set1_epi8(span)), from_first);
}

/* One bit per byte of `x`, set for bytes of words. */
static inline uint64_t word_bits16(__m128i x, int32_t split)
{
    if (split == SPLIT_SPACE) {
        __m128i space =
            _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(' ')), in_range(x, '\t', '\r' - '\t'));
        return (uint64_t)(uint32_t)_mm_movemask_epi8(space) ^ 0xffff;
    }
    __m128i letter = in_range(_mm_or_si128(x, _mm_set1_epi8(0x20)), 'a', 25);
    __m128i digit = in_range(x, '0', 9);
    __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('\''));
    /* movemask takes top bits: those of x itself are the bytes above 0x7f */
    __m128i any = _mm_or_si128(_mm_or_si128(letter, digit), _mm_or_si128(quote, x));
    return (uint64_t)(uint32_t)_mm_movemask_epi8(any);
}

/* The word bits of `n` bytes at `at`, 16 <= n <= 64. Where n is no multiple of 16 the last loads
 * overlap, which sets the same bits twice: there is no branch on n to guess wrong. */
static inline uint64_t word_bits(const char *at, size_t n, int32_t split)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < 64; i += 16) {
        size_t from = i < n - 16 ? i : n - 16;
        bits |= word_bits16(_mm_loadu_si128((const void *)(at + from)), split) << from;
    }
    return bits;
}

/* Row n keeps the first n of 16 bytes. */
#define KEEP_ROW(a, b, c, d, e, f, g, h, i, j, k, l)                                               \
    {                                                                                              \
        -(a), -(b), -(c), -(d), -(e), -(f), -(g), -(h), -(i), -(j), -(k), -(l), 0, 0, 0, 0         \
    }
static const int8_t keep_first[GYRE_STR_INLINE + 1][16] __attribute__((aligned(16))) = {
    KEEP_ROW(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), KEEP_ROW(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    KEEP_ROW(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), KEEP_ROW(1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    KEEP_ROW(1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0), KEEP_ROW(1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0),
    KEEP_ROW(1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0), KEEP_ROW(1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0),
    KEEP_ROW(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0), KEEP_ROW(1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0),
    KEEP_ROW(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0), KEEP_ROW(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0),
    KEEP_ROW(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
};
#undef KEEP_ROW

/* What lower-cases sixteen bytes: the bit to set in letters, sixteen times. */
typedef __m128i lowering;

static inline lowering lowering_of(int32_t lower)
{
    return _mm_set1_epi8(lower ? 0x20 : 0);
}

/* Stores the inline string of the first `len` <= 12 of the 16 bytes at `at`. */
static inline void store_inline(struct gyre_str *into, const char *at, uint32_t len, lowering bit)
{
    __m128i x = _mm_loadu_si128((const void *)at);
    x = _mm_and_si128(x, _mm_load_si128((const void *)keep_first[len]));
    x = _mm_or_si128(x, _mm_and_si128(in_range(x, 'A', 25), bit));
    x = _mm_or_si128(_mm_slli_si128(x, 4), _mm_cvtsi32_si128((int)len));
    _mm_storeu_si128((void *)into, x);
}

#else

static inline uint64_t word_bits(const char *at, size_t n, int32_t split)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++)
        bits |= (uint64_t)is_word_byte((uint8_t)at[i], split) << i;
    return bits;
}

typedef int32_t lowering;

static inline lowering lowering_of(int32_t lower)
{
    return lower;
}

static inline void store_inline(struct gyre_str *into, const char *at, uint32_t len, lowering lower)
{
    struct gyre_str word = gyre_str_view(at, len);
    for (uint32_t i = 0; lower && i < len; i++)
        ((char *)&word)[4 + i] = lower_byte(((char *)&word)[4 + i]);
    *into = word;
}

#endif

#endif
