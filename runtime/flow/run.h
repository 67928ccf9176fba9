/* A run of a spool: messages that wait, in order, as a list or as a segment. See spool.h.
 *
 * Two cursors go through it: one at what is taken next, and, while `n_to_log` is not 0, one at the first
 * message that is to be logged and was not. The second is never behind the first: what is taken is logged
 * before. `whole`: all that was left at the mark is to be logged; else what was put with `to_log`.
 *
 * Invariants: only the last run of a spool is not closed; one in a file alone is closed and has not been
 * read. */
#ifndef GY_FLOW_RUN_H
#define GY_FLOW_RUN_H

#include "flow/spool.h"

struct gy_run {
    struct gy_run *next;
    bool is_segment;
    bool closed;  /* takes no more */
    bool on_disk; /* in a file alone */
    bool whole;
    uint8_t tag;               /* of what is to be logged */
    bool linked;               /* a snapshot has its file by another name */
    bool suspect;              /* ... and may have lost it: it is copied from now on */
    uint64_t n_messages, rows; /* left */
    uint64_t n_to_log;         /* of these */
    /* A list: */
    struct gy_message *first, *last, *log_next;
    /* A segment: */
    struct gy_row_segment segment;
    size_t at, log_at; /* offsets */
    uint64_t number;   /* of its file */
};

/** The path of a run's file; NULL without memory.
 *  Owns:    the caller, gy_free */
char *gy_run_path(const struct gy_spill *spill, const struct gy_run *run);

/** Logs the first message of a run that is to be, or where it is in a file all of them; `n_to_log` is
 *  not 0. Where the log has failed, it is only passed over. About how many bytes that cost. */
size_t gy_run_log_next(struct gy_spool *spool, struct gy_run *run);

#endif
