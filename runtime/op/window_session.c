/* Sessions: of each key the stretches in which its rows come, none of which is further from the next than
 * the gap. A stretch ends when time has come to its last row plus the gap, and is put out then.
 *
 * A key's sequence has its sessions in their order: `order` is the time of the first row, `last_us` that
 * of the last. A session that was put out is gone, or stays as long as `lateness` says, for rows that
 * join it to put it out again.
 *
 * A key that has something to do at a moment stands in the heap `due` with its hash. When a row comes
 * for a key, what is due for it is put out first: so it makes no difference how far the heap was worked
 * off. */
#include "op/window.h"

#include "op/inside.h"

enum { SWEEP = 1024, SAME_HASH = 64, WALK = 64 };

/* Flags of an element. */
enum { NEW = 1 /* it has rows that were not put out */ };

static int64_t end_of(const struct gy_window *window, const struct gy_element *session)
{
    return gy_time_plus(session->last_us, window->plan->keep.time_us);
}

static struct gy_element *session_at(const struct gy_window *window,
                                     const struct gy_window_key *key, uint32_t i)
{
    return gy_sequence_at(&key->sequence, &window->kept.records, i);
}

/* Whose session it is: an entry of the store of keys, or a row at hand. */
struct whose {
    const struct gy_store_entry *entry;
    uint32_t row;
};

static int put(struct gy_window *window, struct gy_window_key *key, uint32_t i,
               const struct whose *whose)
{
    struct gy_element *session = session_at(window, key, i);
    int64_t end_us = end_of(window, session);
    struct gy_firing firing = {session->order, end_us, gy_time_minus(end_us, 1)};
    const void *record = gy_sequence_record(&key->sequence, &window->kept.records, i);
    int code = window->grouped ? gy_window_put_groups(window, &key->sequence, i, 1, &firing)
                               : gy_window_put(window, window->keys, whose->entry, whose->row,
                                               &record, 1, &firing);
    if (!window->plan->accumulate) {
        session->flags &= ~(uint64_t)NEW;
        gy_records_reset(&window->kept.records, (void *)(uintptr_t)record);
    }
    return code;
}

/* When the session has something to do next. */
static int64_t next_of(const struct gy_window *window, const struct gy_element *session)
{
    int64_t end_us = end_of(window, session);
    return (session->flags & NEW) != 0 ? end_us : gy_time_plus(end_us, window->plan->lateness_us);
}

/* Puts out the key's sessions that are over, and forgets those for which no row can come. */
static int fire(struct gy_window *window, struct gy_window_key *key, const struct whose *whose)
{
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < key->sequence.n;) {
        struct gy_element *session = session_at(window, key, i);
        if (end_of(window, session) > window->seen_us) {
            i++;
            continue;
        }
        if ((session->flags & NEW) != 0) {
            code = put(window, key, i, whose);
            session->flags &= ~(uint64_t)NEW;
        }
        if (gy_time_plus(end_of(window, session), window->plan->lateness_us) <= window->seen_us)
            gy_sequence_remove(&key->sequence, &window->kept.records, i);
        else
            i++;
    }
    window->n_empty += key->sequence.n == 0;
    return code;
}

int gy_session_arm(struct gy_window *window, struct gy_window_key *key, uint64_t hash)
{
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i < key->sequence.n; i++) {
        int64_t at = next_of(window, session_at(window, key, i));
        next = at < next ? at : next;
    }
    return gy_window_arm(window, key, hash, next);
}

/* Joins session i + 1 to session i. 0, or a code. */
static int join(struct gy_window *window, struct gy_window_key *key, uint32_t i)
{
    const struct gy_records *records = &window->kept.records;
    struct gy_element *older = session_at(window, key, i);
    const struct gy_element *newer = session_at(window, key, i + 1);
    if (newer->last_us > older->last_us)
        older->last_us = newer->last_us;
    older->flags |= newer->flags;
    int code =
        records->merge(records, (void *)(uintptr_t)gy_sequence_record(&key->sequence, records, i),
                       gy_sequence_record(&key->sequence, records, i + 1));
    gy_sequence_remove(&key->sequence, records, i + 1);
    return code;
}

/* True where a session is not over at a moment, were time to go on beyond its end. */
static bool reaches(const struct gy_window *window, const struct gy_element *session,
                    int64_t time_us)
{
    return (gy_i128)session->last_us + window->plan->keep.time_us > time_us;
}

/* The session that a row belongs to: its place, or -1 without memory. */
static int64_t session_of(struct gy_window *window, struct gy_window_key *key, int64_t time_us)
{
    const struct gy_records *records = &window->kept.records;
    int64_t end_us = gy_time_plus(time_us, window->plan->keep.time_us);
    /* Those before it begin early enough; what ends beyond the end of time comes before nothing. */
    uint32_t i = (gy_i128)time_us + window->plan->keep.time_us > INT64_MAX
                     ? key->sequence.n
                     : gy_sequence_find(&key->sequence, records, end_us);
    bool joins = i > 0 && reaches(window, session_at(window, key, i - 1), time_us);
    if (!joins) {
        if (gy_sequence_add(&key->sequence, records, time_us, 0) == NULL)
            return -1;
        session_at(window, key, i)->last_us = time_us;
        return i;
    }
    return i - 1;
}

/* Session i has taken a row, and reaches as far as that; the one before it too, where it comes so far. */
static int extend(struct gy_window *window, struct gy_window_key *key, uint32_t i, int64_t time_us)
{
    struct gy_element *session = session_at(window, key, i);
    session->flags |= NEW;
    session->order = time_us < session->order ? time_us : session->order;
    session->last_us = time_us > session->last_us ? time_us : session->last_us;
    if (i == 0 || !reaches(window, session_at(window, key, i - 1), time_us))
        return 0;
    int code = join(window, key, i - 1);
    if (code == GYRE_ENOMEM)
        gy_instance_fail(window->instance, code, "no memory for a session");
    return code;
}

static int add(struct gy_window *window, struct gy_window_key *key, const struct gyre_batch *in,
               const int64_t *times, uint32_t row)
{
    const struct whose whose = {NULL, row};
    int64_t end_us = gy_time_plus(times[row], window->plan->keep.time_us);
    if (gy_time_plus(end_us, window->plan->lateness_us) <= window->seen_us) {
        gy_window_late(window, row);
        window->n_empty += key->sequence.n == 0;
        return 0;
    }
    int64_t i = session_of(window, key, times[row]);
    if (i < 0)
        return gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for a session");
    void *record =
        (void *)(uintptr_t)gy_sequence_record(&key->sequence, &window->kept.records, (uint32_t)i);
    int code = gy_kept_add(&window->kept, in, times, &row, 1, &record);
    if (code != 0 || (window->instance->any_dropped && window->instance->dropped[row]))
        return code; /* refused for what is in the session already, which stays as it is */
    code = extend(window, key, (uint32_t)i, times[row]);
    return code != 0 ? code : fire(window, key, &whose);
}

int gy_session_process(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                       const uint32_t *rows, uint32_t n)
{
    struct gy_window_key *keys[GYRE_BATCH_ROWS];
    int code = gy_window_keys(window, in, rows, n, keys);
    for (uint32_t j = 0; code == 0 && j < n; j++) {
        const struct whose whose = {NULL, rows[j]};
        if (keys[j]->armed_us <= window->seen_us)
            code = fire(window, keys[j], &whose);
        if (code == 0)
            code = add(window, keys[j], in, times, rows[j]);
        uint64_t hash = in->hash != NULL && !window->grouped ? in->hash[rows[j]] : 0;
        if (code == 0)
            code = gy_session_arm(window, keys[j], hash);
    }
    return code;
}

/* The keys of the earliest entry of the heap. How many rows about, or a code. */
static int work_off(struct gy_window *window)
{
    struct gy_store_entry entries[SAME_HASH];
    struct gy_heap_entry due;
    gy_heap_pop(&window->due, &due);
    uint32_t n = gy_store_of_hash(window->keys, due.tie, entries, SAME_HASH);
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < n; i++) {
        struct gy_window_key *key = entries[i].slot;
        const struct whose whose = {&entries[i], 0};
        if (key->armed_us > due.time)
            continue;
        key->armed_us = INT64_MAX;
        code = fire(window, key, &whose);
        if (code == 0)
            code = gy_session_arm(window, key, due.tie);
    }
    return code != 0 ? code : 1;
}

static int fire_entry(struct gy_window *window, const struct gy_store_entry *entry)
{
    const struct whose whose = {entry, 0};
    return fire(window, entry->slot, &whose);
}

/* Puts every session that is open out, at once: rows would change the store between slices. */
static int put_early(struct gy_window *window)
{
    struct gy_store_entry entries[WALK];
    uint64_t cursor = 0;
    uint32_t n;
    int code = 0;
    while (code == 0 && (n = gy_store_walk(window->keys, &cursor, entries, WALK)) > 0)
        for (uint32_t e = 0; code == 0 && e < n; e++) {
            struct gy_window_key *key = entries[e].slot;
            const struct whose whose = {&entries[e], 0};
            for (uint32_t i = 0; code == 0 && i < key->sequence.n; i++)
                if ((session_at(window, key, i)->flags & NEW) != 0)
                    code = put(window, key, i, &whose);
        }
    return code;
}

int gy_session_work(struct gy_window *window, uint32_t rows_max)
{
    const struct gy_heap_entry *next;
    for (uint32_t rows = 0;
         (next = gy_heap_get(&window->due)) != NULL && next->time <= window->seen_us; rows++) {
        if (rows >= rows_max)
            return 1;
        int n = work_off(window);
        if (n < 0)
            return n;
    }
    if (window->early_due) {
        window->early_due = false;
        int code = put_early(window);
        if (code != 0)
            return code;
    }
    return window->at_end ? gy_window_flush(window, rows_max, fire_entry)
                          : gy_window_sweep(window, rows_max);
}
