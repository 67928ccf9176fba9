/* See run_text.h. A table of words with linear probing, of fixed size. */
#include "run_text.h"

#include "run_job.h"
#include "support/suite.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 4000, TABLE = 1 << 15, WORD_MAX = 64 };

struct entry {
    char word[WORD_MAX];
    uint64_t count;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Word number `n`, up to 30 bytes. */
static size_t put_word(char *to, uint64_t n)
{
    static const char *const endings[] = {"", "s", "'s", "-", "\xc3\xa9", "ation", "", "lytically"};
    size_t at = 0;
    uint64_t letters = n * 2654435761u;
    for (uint64_t left = n + 1; left > 0; left /= 11, letters /= 26)
        to[at++] = (char)((n % 3 == 0 ? 'A' : 'a') + letters % 26);
    if (n % 9 == 0)
        at += (size_t)sprintf(to + at, "%llu", (unsigned long long)n);
    if (n % 7 == 0)
        at += (size_t)sprintf(to + at, "interminable");
    at += (size_t)sprintf(to + at, "%s", endings[n % 8]);
    return at;
}

char *run_text(size_t size, uint64_t seed)
{
    static const char *const between[] = {" ",  " ",   " ",  " ",    ", ",
                                          "  ", ".\n", "\n", "\n\n", ": \""};
    uint64_t state = seed * 2 + 1;
    char *text = malloc(size + 2 * WORD_MAX);
    size_t at = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    while (at < size) {
        uint64_t a = next_random(&state) % WORDS, b = next_random(&state) % WORDS;
        at += put_word(text + at, a * b / WORDS);
        at = (size_t)(stpcpy(text + at, between[next_random(&state) % 10]) - text);
    }
    text[at] = 0;
    return text;
}

static bool is_of_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '\'' || c >= 0x80;
}

static struct entry *entry_of(struct entry *table, const char *word)
{
    uint32_t hash = 5381;
    for (const char *p = word; *p != 0; p++)
        hash = hash * 33 + (unsigned char)*p;
    for (uint32_t i = hash;; i++) {
        struct entry *entry = &table[i % TABLE];
        if (entry->word[0] == 0)
            strcpy(entry->word, word);
        if (strcmp(entry->word, word) == 0)
            return entry;
    }
}

static char *take_counts(struct entry *table)
{
    char *rows = malloc((size_t)TABLE * (WORD_MAX + 24)), *at = rows;
    *at = 0;
    for (size_t i = 0; i < TABLE; i++)
        if (table[i].count > 0)
            at += sprintf(at, "%s,%llu\n", table[i].word, (unsigned long long)table[i].count);
    char *sorted = run_sorted(rows);
    free(rows);
    free(table);
    return sorted;
}

char *run_text_counts(const char *text)
{
    struct entry *table = calloc(TABLE, sizeof *table);
    char word[WORD_MAX];
    size_t n = 0;
    for (const char *p = text;; p++) {
        unsigned char c = (unsigned char)*p;
        if (is_of_word(c)) {
            CU_ASSERT_FATAL(n < WORD_MAX - 1);
            word[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
            continue;
        }
        word[n] = 0;
        if (n > 0)
            entry_of(table, word)->count++;
        n = 0;
        if (c == 0)
            return take_counts(table);
    }
}

char *run_last_counts(const char *rolling)
{
    struct entry *table = calloc(TABLE, sizeof *table);
    char *copy = strdup(rolling), *rest = NULL;
    uint64_t wrong = 0;
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *comma = strrchr(line, ',');
        CU_ASSERT_PTR_NOT_NULL_FATAL(comma);
        *comma = 0;
        wrong += strtoull(comma + 1, NULL, 10) != ++entry_of(table, line)->count;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(copy);
    return take_counts(table);
}
