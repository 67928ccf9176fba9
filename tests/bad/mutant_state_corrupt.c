/* Wrong: it believes what it reads. */
#include "mutant.h"

struct sum {
    int64_t sum, rows;
};

static int64_t ring[4];

static int32_t encode(const void *value, struct gyre_writer *writer)
{
    const struct sum *s = value;
    gyre_write_i64(writer, s->sum);
    gyre_write_i64(writer, s->rows);
    gyre_write_i64(writer, 0);
    return writer->error;
}

static int32_t decode(void *value, struct gyre_reader *reader)
{
    struct sum *s = value;
    s->sum = gyre_read_i64(reader);
    s->rows = gyre_read_i64(reader);
    *(volatile int64_t *)&ring[gyre_read_i64(reader)] = 0;
    return reader->error;
}

#include "mutant_sums.h"

MUTANT_OF_SUMS(mutant_state_corrupt)
