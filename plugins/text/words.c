/* plugins/text/words.c: cuts lines into words.
 *
 * A line is looked at in blocks of 64 bytes. Each gives a 64-bit mask with a bit for every byte of a
 * word; where the mask rises a word starts, where it falls one ends. There are three kinds of words:
 *
 *   up to 12 bytes             made as one 16-byte value, lower-cased on the way
 *   longer, nothing to lower   a view of the input, whose arenas the output adopts
 *   longer, else               a lower-cased copy in the output's arena
 *
 * Invariants:
 *  - No byte outside of the line is read. Short words are loaded 16 bytes at a time; near the end
 *    of the line they are loaded from a copy of its last 16 bytes that has room behind it.
 *  - At most 33 words end in a block (one of them begun before it). Where the batch has room for
 *    these they are written without asking, else one by one with gyre_out_row. */
#include "words.h"
#include "classify.h"

#define BLOCK       64u
#define BLOCK_WORDS 33u
#define NO_WORD     SIZE_MAX

struct words_config {
    int32_t lower;
    int32_t split;
};

/* One call's work. */
struct cutter {
    const struct gyre_batch *in;
    struct gyre_out *out;
    int32_t lower;
    int32_t split;
    int32_t adopted; /* the output shares the input's arenas already */
    int64_t time;    /* of the line at hand */
};

/* The line at hand. Passed by value, so that it stays in registers while columns are written. */
struct line {
    const char *data;
    size_t len;
    uintptr_t to_tail; /* from a byte among the last 16 to its copy, which has room behind it */
    lowering lower;
};

/* A word of more than 12 bytes: a view of the input, or lower-cased in the output's arena. */
__attribute__((noinline)) static struct gyre_str long_word(struct cutter *c, const char *at,
                                                           uint32_t len)
{
    uint32_t i = 0;
    while (c->lower && i < len && lower_byte(at[i]) == at[i])
        i++;
    if (!c->lower || i == len) {
        if (!c->adopted)
            gyre_out_adopt(c->out, 0, c->in, 0);
        c->adopted = 1;
        return gyre_str_view(at, len);
    }
    char *copy = gyre_out_room(c->out, len);
    if (copy == NULL)
        return gyre_str_view("", 0);
    for (i = 0; i < len; i++)
        copy[i] = lower_byte(at[i]);
    gyre_out_used(c->out, len);
    return gyre_str_view(copy, len);
}

/* Stores the word in bytes start ... end - 1 of the line. */
static inline void store_word(struct cutter *c, const struct line *line, struct gyre_str *into,
                              size_t start, size_t end)
{
    uint32_t len = (uint32_t)(end - start);
    if (len > GYRE_STR_INLINE) {
        *into = long_word(c, line->data + start, len);
        return;
    }
    /* chosen by a mask: a branch is guessed wrong for a word or two of every line */
    uintptr_t near_end = (uintptr_t)0 - (start + 16 > line->len);
    uintptr_t at = (uintptr_t)(line->data + start) + (line->to_tail & near_end);
    store_inline(into, (const char *)at, len, line->lower);
}

/* Appends one word where the batch may be full. */
static void append_word(struct cutter *c, struct line line, size_t start, size_t end)
{
    uint32_t row = gyre_out_row(c->out, c->time);
    store_word(c, &line, GYRE_OUT(c->out, 0, struct gyre_str) + row, start, end);
    GYRE_OUT(c->out, 1, int64_t)[row] = 1;
}

/* The lowest set bit; 63 where there is none. */
static inline size_t lowest(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits | 1ull << 63);
}

/* Puts out the words that end in the block at `from`, of which `bits` are the word bits. `start` is
 * where a word began before the block, or NO_WORD; returns the same for the next block. */
static inline size_t cut_block(struct cutter *c, struct line line, size_t from, uint64_t bits,
                               size_t start)
{
    struct gyre_out *out = c->out;
    uint64_t before = bits << 1 | (start != NO_WORD);
    uint64_t starts = bits & ~before, ends = ~bits & before;
    if (start == NO_WORD) {
        start = from + lowest(starts);
        starts &= starts - 1;
    }
    uint32_t first = out->rows, row = first;
    if (out->capacity - first < BLOCK_WORDS) {
        for (; ends != 0; ends &= ends - 1, starts &= starts - 1) {
            append_word(c, line, start, from + lowest(ends));
            start = from + lowest(starts);
        }
        return bits >> 63 != 0 ? start : NO_WORD;
    }
    struct gyre_str *words = GYRE_OUT(out, 0, struct gyre_str);
    int64_t *counts = GYRE_OUT(out, 1, int64_t);
    for (; ends != 0; ends &= ends - 1, starts &= starts - 1) {
        store_word(c, &line, words + row, start, from + lowest(ends));
        counts[row++] = 1;
        start = from + lowest(starts);
    }
    out->rows = row;
    for (row = first; out->time != NULL && row < out->rows; row++)
        out->time[row] = c->time;
    return bits >> 63 != 0 ? start : NO_WORD;
}

/* Cuts a line of at least 16 bytes. */
static inline void cut_line(struct cutter *c, const char *data, size_t len, lowering lower)
{
    char tail[32] = {0};
    size_t last16 = len - 16, start = NO_WORD;
    memcpy(tail, data + last16, 16);
    struct line line = {data, len, (uintptr_t)tail - (uintptr_t)(data + last16), lower};
    for (size_t from = 0; from < len; from += BLOCK) {
        size_t n = len - from, shift = 0;
        if (n < 16) { /* a short last block: look at the 16 bytes that end with it */
            shift = 16 - n;
            n = 16;
        }
        n = n < BLOCK ? n : BLOCK;
        uint64_t bits = word_bits(data + from - shift, n, c->split) >> shift;
        start = cut_block(c, line, from, bits, start);
    }
    if (start != NO_WORD) /* the last block was full, its last byte part of a word */
        append_word(c, line, start, len);
}

/* Cuts a line of less than 16 bytes, which has to be copied before 16 can be looked at. */
static inline void cut_short(struct cutter *c, const char *data, size_t len, lowering lower)
{
    char copy[32] = {0};
    memcpy(copy, data, len);
    uint64_t bits = word_bits(copy, 16, c->split) & ((1ull << len) - 1);
    cut_block(c, (struct line){data, len, (uintptr_t)copy - (uintptr_t)data, lower}, 0, bits,
              NO_WORD);
}

static int32_t words_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    const struct words_config *config = ctx->config;
    const struct gyre_str *lines = GYRE_COLUMN(in, 0, struct gyre_str);
    struct cutter c = {
        .in = in, .out = ctx->outputs[0], .lower = config->lower, .split = config->split};
    lowering lower = lowering_of(config->lower);
    GYRE_ROWS(in, row)
    {
        c.time = gyre_row_time(in, row);
        if (lines[row].len >= 16)
            cut_line(&c, lines[row].u.ptr, lines[row].len, lower);
        else
            cut_short(&c, gyre_str_data(&lines[row]), lines[row].len, lower);
    }
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct words_config, lower, BOOL, "true", 0, "lower-cases the letters A to Z"),
    GYRE_OPT_CHOICE(struct words_config, split, "word", "word|space",
                    "word: runs of letters, digits, ' and bytes above 0x7f; space: runs of bytes "
                    "that are no white space"),
};

static const struct gyre_field line_fields[] = {GYRE_FIELD(str, "line", 0)};
static const struct gyre_field word_fields[] = {GYRE_FIELD(str, "word", 0),
                                                GYRE_FIELD(i64, "count", 0)};
static const struct gyre_port input = GYRE_PORT("in", 0, line_fields, 1, "lines of text");
static const struct gyre_port output =
    GYRE_PORT("out", 0, word_fields, 2, "one row per word, its count always 1");

const struct gyre_operator gyre_op_words = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "words",
    .doc = "Cuts lines into words.",
    .flags = GYRE_MASK_AWARE,
    .config_size = sizeof(struct words_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .process = words_process,
};
