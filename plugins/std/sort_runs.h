/* plugins/std/sort_runs.h: packed rows in order, as runs in a scratch file without a name, and how they are merged.
 *
 * Runs are in order of arrival: of rows that are alike those of an earlier run came earlier. Where `fan` runs of one
 * level have come, they are merged into one of the next, so that few are open at the end. What they took in the file is
 * given back, unless it is pinned: a snapshot is still being read from there. */
#ifndef GYRE_PLUGIN_STD_SORT_RUNS_H
#define GYRE_PLUGIN_STD_SORT_RUNS_H

#include "packed.h"

struct sort_run {
    uint64_t from, to; /* in the file */
    uint64_t level;
};

/* Reads the rows of a run, a block at a time. */
struct sort_reader {
    uint64_t at, to; /* of the file: what is not read yet */
    char *bytes;
    size_t cap;
    size_t first, n; /* of `bytes`: what is read, from the row at hand */
};

/* Zeroed but for `config`, it is empty. */
struct sort_runs {
    const struct sort_config *config;
    int32_t file;
    int32_t is_open;
    int32_t is_pinned;
    uint64_t end; /* of the file */
    struct sort_run *runs;
    size_t n, cap;
    char *out; /* of the run that is being written; NULL: none is */
    size_t n_out;
    /* merging */
    struct sort_reader *readers; /* NULL: no */
    size_t n_readers;
    uint32_t *heap; /* readers that have a row, the first row's on top */
    size_t n_heap;
};

/** Begins a run, behind all others. Only one is written at a time.
 *  Errors:  GYRE_ENOMEM, GYRE_EIO; told */
int32_t sort_run_begin(struct gyre_ctx *ctx, struct sort_runs *runs);
/** Adds a row, no smaller than those before it. */
int32_t sort_run_add(struct gyre_ctx *ctx, struct sort_runs *runs, const char *packed);
/** Ends the run. */
int32_t sort_run_end(struct gyre_ctx *ctx, struct sort_runs *runs);
/** Gives up the run, after one of the calls above has failed. */
void sort_run_cancel(struct gyre_ctx *ctx, struct sort_runs *runs);
/** Merges runs of one level, where there are enough. After a failure all are there as before. */
int32_t sort_runs_merge(struct gyre_ctx *ctx, struct sort_runs *runs);

/** Begins to merge the runs from `first` on; `sort_merge_row` is the first row of all, NULL at the end. */
int32_t sort_merge_begin(struct gyre_ctx *ctx, struct sort_runs *runs, size_t first);
const char *sort_merge_row(const struct sort_runs *runs);
int32_t sort_merge_next(struct gyre_ctx *ctx, struct sort_runs *runs);

/** Gives the runs, from where a merge of all stands in each, and lets what they have stay in the file until
 *  sort_runs_unpin.
 *  Owns:    the caller `*list`, which gyre_alloc has made
 *  Errors:  GYRE_ENOMEM, told */
int32_t sort_runs_pin(struct gyre_ctx *ctx, struct sort_runs *runs, struct sort_run **list,
                      size_t *n);
void sort_runs_unpin(struct sort_runs *runs);

/** Reads a run from its start; end it with sort_reader_end. */
int32_t sort_reader_begin(struct gyre_ctx *ctx, const struct sort_runs *runs,
                          const struct sort_run *run, struct sort_reader *reader);
const char *sort_reader_row(const struct sort_reader *reader);
int32_t sort_reader_next(struct gyre_ctx *ctx, const struct sort_runs *runs,
                         struct sort_reader *reader);
void sort_reader_end(struct gyre_ctx *ctx, struct sort_reader *reader);

/** Gives back everything, the file too. */
void sort_runs_fini(struct gyre_ctx *ctx, struct sort_runs *runs);

#endif
