/* gen_text BYTES SEED: English-like text on standard output, the input of the word benchmarks.
 *
 * Running text over a vocabulary of 120,000 words, drawn by the Zipf-Mandelbrot law. Frequent words are short ones of English, the others are made of
 * syllables and grow with their rank (some past 12 and 16 bytes, where string layouts change). There
 * are sentences, paragraphs, lines of up to 72 bytes, capitals, names, apostrophes, numbers, and
 * words with accented letters. Nothing but UTF-8 letters lies above 0x7f.
 *
 * The text is a function of (BYTES, SEED) alone: integer arithmetic, no libm, so that every machine
 * makes the same file. */
#include "lots.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VOCABULARY     120000u
#define WORD_MAX       32u
#define LINE_MAX_BYTES 72u

struct word {
    char text[WORD_MAX];
    uint32_t len;
};

/* Walker's alias table: word `i` where a 32-bit draw is below `share[i]`, else word `other[i]`. */
struct zipf {
    uint32_t share[VOCABULARY];
    uint32_t other[VOCABULARY];
};

struct writer {
    uint64_t left;
    uint32_t column;
};

static struct word words[VOCABULARY];
static struct zipf zipf;
static uint32_t seen[1u << 18];
static const char *const common[] = {
    "the",    "of",     "and",    "to",          "a",     "in",    "that",  "he",     "was",
    "it",     "his",    "is",     "with",        "as",    "i",     "had",   "for",    "at",
    "by",     "on",     "not",    "be",          "from",  "but",   "you",   "or",     "her",
    "which",  "were",   "this",   "all",         "have",  "they",  "she",   "an",     "are",
    "him",    "one",    "we",     "my",          "so",    "there", "their", "no",     "me",
    "been",   "said",   "who",    "when",        "what",  "would", "if",    "will",   "them",
    "more",   "out",    "up",     "into",        "do",    "then",  "could", "your",   "time",
    "its",    "some",   "than",   "man",         "very",  "about", "has",   "now",    "like",
    "other",  "little", "don't",  "only",        "any",   "can",   "made",  "did",    "over",
    "after",  "these",  "should", "before",      "such",  "upon",  "our",   "great",  "it's",
    "must",   "two",    "may",    "good",        "where", "down",  "see",   "know",   "long",
    "come",   "how",    "us",     "day",         "men",   "old",   "much",  "first",  "here",
    "never",  "own",    "way",    "came",        "back",  "again", "might", "go",     "hand",
    "most",   "well",   "house",  "i'm",         "can't", "thing", "under", "people", "place",
    "though", "still",  "didn't", "caf\303\251",
};
static const char *const onsets[] = {"b",  "c",  "d",  "f",  "g",  "h",  "l",  "m",  "n",  "p",
                                     "r",  "s",  "t",  "v",  "w",  "br", "ch", "cl", "cr", "dr",
                                     "fl", "gr", "pl", "pr", "sh", "sp", "st", "th", "tr", "qu"};
static const char *const nuclei[] = {"a", "e", "i", "o", "u", "a", "e", "i", "o", "ea", "ou", "ai"};
static const char *const accented[] = {"\303\251", "\303\250", "\303\274", "\303\266", "\303\257"};
static const char *const codas[] = {"",  "",  "",  "",  "",  "",   "",   "n",  "r",  "s",
                                    "t", "l", "d", "m", "g", "nt", "st", "ck", "ll", "ng"};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static void append(struct word *w, const char *text)
{
    uint32_t len = (uint32_t)strlen(text);
    if (w->len + len < WORD_MAX) {
        memcpy(w->text + w->len, text, len);
        w->len += len;
    }
}

static void make_word(struct word *w, uint32_t rank)
{
    uint32_t syllables = rank < 1500 ? 1 : rank < 12000 ? 1 + below(2) : 1 + below(3);
    if (rank >= 12000 && below(12) == 0)
        syllables += 2 + below(2);
    memset(w, 0, sizeof *w);
    for (uint32_t s = 0; s < syllables; s++) {
        append(w, onsets[below(COUNT(onsets))]);
        append(w,
               below(160) == 0 ? accented[below(COUNT(accented))] : nuclei[below(COUNT(nuclei))]);
        append(w, codas[below(COUNT(codas))]);
    }
    if (below(40) == 0)
        append(w, "'s");
}

/* True where no word before had this text; `seen` holds rank + 1 under a hash of the text. */
static int is_new(const struct word *w, uint32_t rank)
{
    uint32_t h = 2166136261u;
    for (uint32_t i = 0; i < w->len; i++)
        h = (h ^ (uint8_t)w->text[i]) * 16777619u;
    uint32_t slot = (h ^ (h >> 15)) & (COUNT(seen) - 1);
    while (seen[slot] != 0) {
        if (strcmp(words[seen[slot] - 1].text, w->text) == 0)
            return 0;
        slot = (slot + 1) & (COUNT(seen) - 1);
    }
    seen[slot] = rank + 1;
    return 1;
}

static void make_vocabulary(void)
{
    for (uint32_t rank = 0; rank < VOCABULARY; rank++) {
        struct word *w = &words[rank];
        /* One-syllable words run out: the longer a search, the longer the word. */
        for (uint32_t tries = 0; w->len == 0 || !is_new(w, rank); tries++) {
            if (rank < COUNT(common)) {
                memset(w, 0, sizeof *w);
                append(w, common[rank]);
            } else {
                make_word(w, rank + 100 * tries);
            }
        }
    }
}

/* Frequencies as in real text: 1 / (rank + 2.7), falling twice as steeply beyond rank 8000. */
static uint64_t weight_of(uint32_t rank)
{
    uint64_t weight = (UINT64_C(10) << 40) / (10 * rank + 37);
    return rank <= 8000 ? weight : weight * 8000 / rank;
}

/* Shares out 2^32 per word: fills each small weight up from a large one (Vose's two lists). */
static void make_zipf(void)
{
    static uint64_t weight[VOCABULARY];
    static uint32_t small[VOCABULARY], large[VOCABULARY];
    uint32_t n_small = 0, n_large = 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < VOCABULARY; i++)
        sum += weight[i] = weight_of(i);
    for (uint32_t i = 0; i < VOCABULARY; i++) {
        __extension__ typedef unsigned __int128 wide;
        weight[i] = (uint64_t)(((wide)weight[i] * VOCABULARY << 32) / sum);
        if (weight[i] >> 32 == 0)
            small[n_small++] = i;
        else
            large[n_large++] = i;
        zipf.share[i] = UINT32_MAX;
        zipf.other[i] = i;
    }
    while (n_small != 0 && n_large != 0) {
        uint32_t s = small[--n_small], l = large[n_large - 1];
        zipf.share[s] = (uint32_t)weight[s];
        zipf.other[s] = l;
        weight[l] -= (UINT64_C(1) << 32) - weight[s];
        if (weight[l] >> 32 == 0) {
            n_large--;
            small[n_small++] = l;
        }
    }
}

static const struct word *draw(void)
{
    uint32_t i = below(VOCABULARY);
    return &words[(uint32_t)random_bits() < zipf.share[i] ? i : zipf.other[i]];
}

static void put(struct writer *out, const char *text, uint32_t len)
{
    if (len > out->left)
        len = (uint32_t)out->left;
    if (fwrite(text, 1, len, stdout) != len) {
        fprintf(stderr, "gen_text: cannot write: %s\n", strerror(errno));
        exit(1);
    }
    out->left -= len;
}

/* Puts `text` after a space, or on a new line where it would pass the margin. */
static void put_token(struct writer *out, const char *text, uint32_t len)
{
    if (out->column != 0) {
        int wrap = out->column + 1 + len > LINE_MAX_BYTES;
        put(out, wrap ? "\n" : " ", 1);
        out->column = wrap ? 0 : out->column + 1;
    }
    put(out, text, len);
    out->column += len;
}

static void capitalize(char *text, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (text[i] >= 'a' && text[i] <= 'z')
            text[i] = (char)(text[i] - 32);
}

/* One word of a sentence with what stands around it: capitals, quotes, punctuation. */
static void put_word(struct writer *out, int first, int last)
{
    char token[WORD_MAX + 8];
    uint32_t len = 0;
    int quoted = below(150) == 0;
    if (quoted)
        token[len++] = '"';
    if (!first && below(100) == 0) {
        len += (uint32_t)snprintf(token + len, 8, "%u", 1 + below(2100));
    } else {
        const struct word *w = draw();
        memcpy(token + len, w->text, w->len);
        /* One rare word in eight is a name. */
        int name = w >= words + 500 && (w - words) % 8 == 0;
        if (first || name || below(300) == 0)
            capitalize(token + len, below(400) == 0 ? w->len : 1);
        len += w->len;
    }
    if (quoted)
        token[len++] = '"';
    if (last)
        token[len++] = "....?!"[below(6)];
    else if (below(14) == 0)
        token[len++] = ",,,,;:"[below(6)];
    put_token(out, token, len);
    if (!last && below(120) == 0)
        put_token(out, "--", 2);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: gen_text BYTES SEED > FILE\n");
        return 2;
    }
    struct writer out = {strtoull(argv[1], NULL, 10), 0};
    state = strtoull(argv[2], NULL, 10);
    setvbuf(stdout, NULL, _IOFBF, 1 << 20);
    make_vocabulary();
    make_zipf();
    while (out.left != 0) {
        for (uint32_t sentences = 2 + below(6); sentences != 0 && out.left != 0; sentences--)
            for (uint32_t n = 4 + below(12) + below(14), i = 0; i < n; i++)
                put_word(&out, i == 0, i == n - 1);
        put(&out, "\n\n", 2);
        out.column = 0;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
