/* Wrong: more of a buffer is written than was set. */
#include "mutant.h"

struct sum {
    int64_t sum, rows;
};

static int32_t encode(const void *value, struct gyre_writer *writer)
{
    const struct sum *s = value;
    char text[256];
    int n = snprintf(text, sizeof text, "%lld %lld", (long long)s->sum, (long long)s->rows);
    __asm__ volatile("" : : "r"(text) : "memory");
    gyre_write(writer, text, (size_t)n + 1 < 200 ? 200 : (size_t)n + 1);
    return writer->error;
}

static int32_t decode(void *value, struct gyre_reader *reader)
{
    struct sum *s = value;
    long long sum, rows;
    const char *text = gyre_read(reader, 200);
    if (text == NULL || memchr(text, 0, 200) == NULL || sscanf(text, "%lld %lld", &sum, &rows) != 2)
        return GYRE_ECORRUPT;
    s->sum = sum;
    s->rows = rows;
    return GYRE_OK;
}

#include "mutant_sums.h"

MUTANT_OF_SUMS(mutant_state_uninitialized)
