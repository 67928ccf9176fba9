/* What the sinks of a job show, as a multiset of rows that can be compared with that of another run. */
#ifndef TESTS_E2E_RUN_SINKS_H
#define TESTS_E2E_RUN_SINKS_H

#include <stdbool.h>

/* A file that file.write writes; in a list of them the last has no path. */
struct run_sink {
    const char *path;   /* in the folder of the job; one that ends in '/' is a folder of parts */
    const char *header; /* the line that each file begins with; NULL: none */
    bool is_items;      /* rows of state_ops.items_split and items_union: they are added up over the
                           tasks, so that the result is that of any parallelism */
};

/** The rows of the sinks that are folders, or of all, sorted, each behind the path of its sink.
 *  Asserts the headers; of a folder, with `all`, that nothing but parts is in it. free() it. */
char *run_sinks_read(const char *dir, const struct run_sink *sinks, bool all);

/** Tells whether two multisets are the same, or with `part` whether `got` is a part of `want`; prints
 *  the first rows that are lacking, or are there too often. */
bool run_sinks_agree(const char *got, const char *want, bool part);

/** The parts that a folder of each such sink shows, sorted: path, inode, size and time of change, a
 *  line each. What is shown must neither go nor change. free() it. */
char *run_sinks_parts(const char *dir, const struct run_sink *sinks);

/** The newest snapshot of a folder of snapshots, 0 for none; `finished` may be NULL. */
int run_newest_snapshot(const char *dir, const char *snapshots, bool *finished);

#endif
