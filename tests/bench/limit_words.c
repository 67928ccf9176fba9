/* limit_words FILE [OUT.csv]: counts the words of a file, by hand: what the words job is held to.
 *
 * A word is a run of ASCII letters, digits, ' and bytes above 0x7f; letters are made small.
 *
 * The file is read into a buffer of 256 KiB. A section of 8 KiB at a time goes through two passes:
 *
 *   scan    64 bytes at once: letters are made small in place, and the class bits of the bytes give
 *           the places where words start and end (`edges`: start, end, start, ...)
 *   count   each word up to 16 bytes is loaded as one zero-padded 16-byte key, hashed, and looked up
 *           in an open-addressing table with linear probing; longer ones have a table of their own.
 *           128 words at a time: first all are hashed and their entries prefetched, then counted
 *
 * Few branches depend on the text: how many edges 64 bytes have (not with AVX-512), length > 16
 * (rare), and whether the first probe hits. A word that the buffer cuts is moved to the buffer's front and scanned again.
 *
 * The instruction set is that of the compiler flags: AVX-512, AVX2, SSE2 or plain C. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define BUFFER_BYTES  (256u << 10)
#define SECTION_BYTES (8u << 10)
#define KEY_BYTES     16u
#define PASS_WORDS    128u
#define HUGE_BYTES    (2u << 20)
#define PADDING       64u

struct key {
    uint64_t low, high;
};

struct entry {
    struct key key; /* 0, 0: free; no word has a zero byte */
    uint64_t count;
    uint64_t spare; /* entries do not straddle cache lines */
};

struct long_entry {
    uint64_t hash;
    uint64_t count; /* 0: free */
    uint32_t len;
    char *text;
};

struct counter {
    struct entry *entries;
    uint64_t mask; /* capacity - 1 */
    uint64_t used;
    struct long_entry *longs;
    uint64_t longs_mask;
    uint64_t longs_used;
    uint64_t words;
};

static void *take_zeroed(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    if (memory == NULL) {
        fprintf(stderr, "limit_words: out of memory\n");
        exit(1);
    }
    return memory;
}

/* ---- scan ---------------------------------------------------------------------------------- */

/* Each makes the 64 bytes at `p` small and returns the bits of those that belong to words. */
#if defined(__AVX512BW__)

static inline uint64_t classify(uint8_t *p)
{
    __m512i c = _mm512_loadu_si512(p);
    __m512i offset = _mm512_sub_epi8(c, _mm512_set1_epi8('A'));
    __mmask64 upper = _mm512_cmplt_epu8_mask(offset, _mm512_set1_epi8(26));
    c = _mm512_mask_add_epi8(c, upper, c, _mm512_set1_epi8(32));
    _mm512_storeu_si512(p, c);
    return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(c, _mm512_set1_epi8('a')), _mm512_set1_epi8(26)) |
           _mm512_cmplt_epu8_mask(_mm512_sub_epi8(c, _mm512_set1_epi8('0')), _mm512_set1_epi8(10)) |
           _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8('\'')) | _mm512_movepi8_mask(c);
}

#elif defined(__AVX2__)

static inline __m256i within32(__m256i c, char first, char n)
{
    __m256i offset = _mm256_sub_epi8(c, _mm256_set1_epi8(first));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(offset, _mm256_set1_epi8((char)(n - 1))), offset);
}

static inline uint64_t classify32(uint8_t *p)
{
    __m256i c = _mm256_loadu_si256((const __m256i *)(const void *)p);
    c = _mm256_or_si256(c, _mm256_and_si256(within32(c, 'A', 26), _mm256_set1_epi8(32)));
    _mm256_storeu_si256((__m256i *)(void *)p, c);
    __m256i in = _mm256_or_si256(within32(c, 'a', 26), within32(c, '0', 10));
    in = _mm256_or_si256(in, _mm256_cmpeq_epi8(c, _mm256_set1_epi8('\'')));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(in, c));
}

static inline uint64_t classify(uint8_t *p)
{
    return classify32(p) | classify32(p + 32) << 32;
}

#elif defined(__SSE2__)

static inline __m128i within16(__m128i c, char first, char n)
{
    __m128i offset = _mm_sub_epi8(c, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8((char)(n - 1))), offset);
}

static inline uint64_t classify16(uint8_t *p)
{
    __m128i c = _mm_loadu_si128((const __m128i *)(const void *)p);
    c = _mm_or_si128(c, _mm_and_si128(within16(c, 'A', 26), _mm_set1_epi8(32)));
    _mm_storeu_si128((__m128i *)(void *)p, c);
    __m128i in = _mm_or_si128(within16(c, 'a', 26), within16(c, '0', 10));
    in = _mm_or_si128(in, _mm_cmpeq_epi8(c, _mm_set1_epi8('\'')));
    return (uint16_t)_mm_movemask_epi8(_mm_or_si128(in, c));
}

static inline uint64_t classify(uint8_t *p)
{
    return classify16(p) | classify16(p + 16) << 16 | classify16(p + 32) << 32 |
           classify16(p + 48) << 48;
}

#else

static inline uint64_t classify(uint8_t *p)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 64; i++) {
        uint8_t c = p[i];
        c = (uint8_t)(c | ((uint8_t)(c - 'A') < 26) << 5);
        p[i] = c;
        unsigned in =
            ((uint8_t)(c - 'a') < 26) | ((uint8_t)(c - '0') < 10) | (c == '\'') | (c >> 7);
        bits |= (uint64_t)in << i;
    }
    return bits;
}

#endif

#if defined(__AVX512VBMI2__)

static inline void store_edges(uint32_t *edge, __m128i bits, uint32_t base)
{
    __m512i at = _mm512_add_epi32(_mm512_cvtepu8_epi32(bits), _mm512_set1_epi32((int)base));
    _mm512_storeu_si512(edge, at);
}

/* Appends the places of the bits set in `changes`, counted from `base`; writes up to 64 places. */
static inline uint32_t *append_edges(uint32_t *edge, uint64_t changes, uint32_t base)
{
    static const uint8_t number[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    uint32_t n = (uint32_t)__builtin_popcountll(changes);
    __m512i bits = _mm512_maskz_compress_epi8(changes, _mm512_loadu_si512(number));
    store_edges(edge, _mm512_castsi512_si128(bits), base);
    store_edges(edge + 16, _mm512_extracti32x4_epi32(bits, 1), base);
    if (n > 32) {
        store_edges(edge + 32, _mm512_extracti32x4_epi32(bits, 2), base);
        store_edges(edge + 48, _mm512_extracti32x4_epi32(bits, 3), base);
    }
    return edge + n;
}

#else

/* Appends the places of the bits set in `changes`, counted from `base`. Writes up to seven places
 * too many: cheaper than a loop whose end is not foreseeable. */
static inline uint32_t *append_edges(uint32_t *edge, uint64_t changes, uint32_t base)
{
    uint32_t n = (uint32_t)__builtin_popcountll(changes);
    for (uint32_t done = 0; done < n; done += 8)
        for (uint32_t i = 0; i < 8; i++) {
            edge[done + i] = base + (uint32_t)__builtin_ctzll(changes | UINT64_C(1) << 63);
            changes &= changes - 1;
        }
    return edge + n;
}

#endif

/* ---- count --------------------------------------------------------------------------------- */

static inline uint64_t hash_of(struct key key)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)(key.low ^ 0x9e3779b97f4a7c15u) * (key.high ^ 0xe7037ed1a0b428dbu);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* On huge pages where the table is large enough: a quarter of the time of words beyond the cache. */
static void take_entries(struct counter *c, uint64_t capacity)
{
    size_t bytes = capacity * sizeof *c->entries;
    c->entries = aligned_alloc(bytes >= HUGE_BYTES ? HUGE_BYTES : 64, bytes);
    if (c->entries == NULL) {
        fprintf(stderr, "limit_words: out of memory\n");
        exit(1);
    }
    madvise(c->entries, bytes >= HUGE_BYTES ? bytes : 0, MADV_HUGEPAGE);
    memset(c->entries, 0, bytes);
    c->mask = capacity - 1;
}

static struct entry *find_free(const struct counter *c, struct key key)
{
    uint64_t slot = hash_of(key) & c->mask;
    while (c->entries[slot].count != 0)
        slot = (slot + 1) & c->mask;
    return &c->entries[slot];
}

static void grow(struct counter *c)
{
    struct entry *old = c->entries;
    uint64_t capacity = c->mask + 1;
    take_entries(c, capacity * 2);
    for (uint64_t i = 0; i < capacity; i++)
        if (old[i].count != 0)
            *find_free(c, old[i].key) = old[i];
    free(old);
}

static inline void count_key(struct counter *c, struct key key, uint64_t hash)
{
    uint64_t slot = hash & c->mask;
    for (;;) {
        struct entry *e = &c->entries[slot];
        if (e->key.low == key.low && e->key.high == key.high) {
            e->count++;
            return;
        }
        if (e->count == 0) {
            e->key = key;
            e->count = 1;
            if (++c->used * 2 > c->mask)
                grow(c);
            return;
        }
        slot = (slot + 1) & c->mask;
    }
}

static void grow_longs(struct counter *c)
{
    struct long_entry *old = c->longs;
    uint64_t capacity = c->longs_mask + 1;
    c->longs = take_zeroed(capacity * 2, sizeof *old);
    c->longs_mask = capacity * 2 - 1;
    for (uint64_t i = 0; i < capacity; i++) {
        uint64_t slot = old[i].hash & c->longs_mask;
        if (old[i].count == 0)
            continue;
        while (c->longs[slot].count != 0)
            slot = (slot + 1) & c->longs_mask;
        c->longs[slot] = old[i];
    }
    free(old);
}

static void count_long(struct counter *c, const uint8_t *text, uint32_t len)
{
    uint64_t hash = XXH3_64bits(text, len);
    uint64_t slot = hash & c->longs_mask;
    for (;; slot = (slot + 1) & c->longs_mask) {
        struct long_entry *e = &c->longs[slot];
        if (e->count == 0) {
            *e = (struct long_entry){hash, 1, len, take_zeroed(len, 1)};
            memcpy(e->text, text, len);
            if (++c->longs_used * 2 > c->longs_mask)
                grow_longs(c);
            return;
        }
        if (e->hash == hash && e->len == len && memcmp(e->text, text, len) == 0) {
            e->count++;
            return;
        }
    }
}

/* Zero-pads the first `len` of the 16 bytes at `text`; 1 <= len <= 16. */
static inline struct key load_key(const uint8_t *text, uint32_t len)
{
    struct key key;
#if defined(__SSE2__)
    static const uint8_t ones[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 255, 255, 255, 255};
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)text);
    __m128i mask = _mm_loadu_si128((const __m128i *)(const void *)(ones + 16 - len));
    bytes = _mm_and_si128(bytes, mask);
    key.low = (uint64_t)_mm_cvtsi128_si64(bytes);
    key.high = (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(bytes, bytes));
#else
    static const uint64_t low[17] = {0,          0xff,         0xffff,         0xffffff,
                                     0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff,
                                     UINT64_MAX, UINT64_MAX,   UINT64_MAX,     UINT64_MAX,
                                     UINT64_MAX, UINT64_MAX,   UINT64_MAX,     UINT64_MAX,
                                     UINT64_MAX};
    memcpy(&key, text, sizeof key);
    key.low &= low[len];
    key.high &= len > 8 ? low[len - 8] : 0;
#endif
    return key;
}

static void count_words(struct counter *c, const uint8_t *buffer, const uint32_t *edges, uint32_t n)
{
    struct key keys[PASS_WORDS];
    uint64_t hashes[PASS_WORDS];
    for (uint32_t from = 0; from < n; from += 2 * PASS_WORDS) {
        uint32_t to = n - from > 2 * PASS_WORDS ? from + 2 * PASS_WORDS : n, short_words = 0;
        for (uint32_t i = from; i < to; i += 2) {
            uint32_t len = edges[i + 1] - edges[i];
            if (len > KEY_BYTES) {
                count_long(c, buffer + edges[i], len);
                continue;
            }
            keys[short_words] = load_key(buffer + edges[i], len);
            hashes[short_words] = hash_of(keys[short_words]);
            __builtin_prefetch(&c->entries[hashes[short_words++] & c->mask], 0, 2);
        }
        for (uint32_t i = 0; i < short_words; i++)
            count_key(c, keys[i], hashes[i]);
    }
    c->words += n / 2;
}

/* Counts the words of `n` bytes (PADDING bytes beyond them may be written). Returns where a word
 * begins that reaches up to the end, or `n`. */
static uint32_t take_buffer(struct counter *c, uint8_t *buffer, uint32_t n)
{
    static uint32_t edges[SECTION_BYTES + 64 + 1];
    uint64_t before = 0; /* 1: the byte before is in a word */
    uint32_t open = 0;   /* 1: edges[0] is the start of a word that has not ended */
    memset(buffer + n, ' ', PADDING);
    for (uint32_t at = 0; at < n;) {
        uint32_t end = n - at > SECTION_BYTES ? at + SECTION_BYTES : n;
        uint32_t *edge = edges + open;
        for (; at < end; at += 64) {
            uint64_t bits = classify(buffer + at);
            edge = append_edges(edge, bits ^ (bits << 1 | before), at);
            before = bits >> 63;
        }
        uint32_t n_edges = (uint32_t)(edge - edges);
        /* A word that the padding ended may go on in the next read. */
        open = n_edges & 1;
        n_edges -= open;
        if (end == n && !open && n_edges != 0 && edges[n_edges - 1] == n) {
            n_edges -= 2;
            open = 1;
        }
        count_words(c, buffer, edges, n_edges);
        edges[0] = edges[n_edges];
    }
    return open ? edges[0] : n;
}

/* ---- program ------------------------------------------------------------------------------- */

static void count_file(struct counter *c, const char *path)
{
    uint32_t capacity = BUFFER_BYTES, held = 0;
    uint8_t *buffer = malloc(capacity + 2 * PADDING);
    int fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : 1;
    while (buffer != NULL && got > 0) {
        got = read(fd, buffer + held, capacity - held);
        if (got < 0)
            break;
        held += (uint32_t)got;
        if (got == 0)
            buffer[held++] = ' ';
        uint32_t rest = take_buffer(c, buffer, held);
        memmove(buffer, buffer + rest, held - rest);
        held -= rest;
        if (held > capacity / 2) {
            capacity *= 2;
            buffer = realloc(buffer, capacity + 2 * PADDING);
        }
    }
    if (buffer == NULL || got < 0) {
        fprintf(stderr, "limit_words: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    free(buffer);
    close(fd);
}

static int write_counts(const struct counter *c, const char *path)
{
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        fprintf(stderr, "limit_words: %s: %s\n", path, strerror(errno));
        return 1;
    }
    for (uint64_t i = 0; i <= c->mask; i++)
        if (c->entries[i].count != 0)
            fprintf(out, "%.16s,%llu\n", (const char *)&c->entries[i].key,
                    (unsigned long long)c->entries[i].count);
    for (uint64_t i = 0; i <= c->longs_mask; i++)
        if (c->longs[i].count != 0)
            fprintf(out, "%.*s,%llu\n", (int)c->longs[i].len, c->longs[i].text,
                    (unsigned long long)c->longs[i].count);
    return fclose(out);
}

int main(int argc, char **argv)
{
    struct timespec start, end;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: limit_words FILE [OUT.csv]\n");
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    struct counter c = {.longs_mask = (1u << 10) - 1};
    take_entries(&c, 1u << 14);
    c.longs = take_zeroed(c.longs_mask + 1, sizeof *c.longs);
    count_file(&c, argv[1]);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
    printf("rows=%llu distinct=%llu ns_per_row=%.2f\n", (unsigned long long)c.words,
           (unsigned long long)(c.used + c.longs_used), ns / (double)(c.words ? c.words : 1));
    return argc == 3 ? write_counts(&c, argv[2]) : 0;
}
