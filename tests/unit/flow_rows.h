/* Messages whose every value follows from the number of its row, for suites of what keeps messages. */
#ifndef TESTS_UNIT_FLOW_ROWS_H
#define TESTS_UNIT_FLOW_ROWS_H

#include "base/rng.h"
#include "flow/layout.h"

#define ROWS_FIELDS 15u /* each type, and each with nulls, and one that is not carried */

/* An edge whose rows have all types. Borrows nothing. */
struct rows_edge {
    struct gy_output output;
    bool needed[ROWS_FIELDS];
    struct gyre_field fields[ROWS_FIELDS];
    struct gy_layout layout;
    struct gy_channel channel; /* both ends are the test's */
};

/** Takes away fields of a `few`: only the number of the row and one string are carried. */
void rows_edge_init(struct rows_edge *edge, bool keyed, bool timed, bool few);
void rows_edge_fini(struct rows_edge *edge);

/** A message with rows first, first + 1, ... Asserts that there is memory. Owns: the caller */
struct gy_message *rows_make(struct rows_edge *edge, int64_t first, uint32_t rows);

/** The number of a message's first row, if all of it is as rows_make has made it; else -1. */
int64_t rows_first(struct rows_edge *edge, struct gy_message *message);

#endif
