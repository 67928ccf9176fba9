/* Wrong: what is read is not what was written. */
#include "mutant.h"

struct sum {
    int64_t sum, rows;
};

static int32_t encode(const void *value, struct gyre_writer *writer)
{
    const struct sum *s = value;
    gyre_write_i64(writer, s->sum);
    gyre_write_i64(writer, s->rows);
    return writer->error;
}

static int32_t decode(void *value, struct gyre_reader *reader)
{
    struct sum *s = value;
    s->rows = gyre_read_i64(reader);
    s->sum = gyre_read_i64(reader);
    return reader->error;
}

#include "mutant_sums.h"

MUTANT_OF_SUMS(mutant_state_roundtrip)
