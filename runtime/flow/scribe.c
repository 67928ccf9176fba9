/* See scribe.h. */
#include "flow/scribe.h"

#include "base/buf.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

/* Fresh memory costs a page fault for each page, microseconds of the thread that touches it first. */
enum { MADE_AT_ONCE = 16, PAGE_LEAST = 4096 };
enum { MUCH = GY_SCRIBE_BEHIND / 2 };
enum { NAP_NS = 1000 * 1000, SECOND_NS = 1000 * 1000 * 1000 };

int gy_scribe_init(struct gy_scribe *scribe, struct gy_disk *disk, size_t stage)
{
    scribe->stage = gy_alloc_huge(stage);
    scribe->stage_cap = stage;
    if (scribe->stage == NULL)
        return ENOMEM;
    scribe->disk = disk;
    int code = pthread_mutex_init(&scribe->lock, NULL);
    pthread_condattr_t monotonic;
    if (code == 0)
        code = pthread_condattr_init(&monotonic);
    if (code != 0)
        return code;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    code = pthread_cond_init(&scribe->more, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return code;
}

static void fail_file(struct gy_scribe_file *file, int error, const char *call)
{
    if (file->error != 0 || error == 0)
        return;
    file->error = error;
    file->failed = call;
}

/* Waking a sleeper costs the waker some 30 us. So the thread is woken for the first piece of a snapshot
 * alone, and looks again by itself as long as a file is open or waits. Both under the lock. */
static void wake(struct gy_scribe *scribe)
{
    if (scribe->idle)
        pthread_cond_signal(&scribe->more);
}

static void await_more(struct gy_scribe *scribe)
{
    struct timespec until;
    if (scribe->n_open == 0 && scribe->first == NULL) {
        scribe->idle = true;
        pthread_cond_wait(&scribe->more, &scribe->lock);
        scribe->idle = false;
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += NAP_NS;
    if (until.tv_nsec >= SECOND_NS) {
        until.tv_nsec -= SECOND_NS;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&scribe->more, &scribe->lock, &until);
}

/* Keeps a piece for gy_scribe_spare, as long as there are not too many. */
static void keep(struct gy_scribe *scribe, struct gy_part_piece *piece)
{
    pthread_mutex_lock(&scribe->lock);
    bool kept = piece->cap >= GY_PART_ROOM && piece->cap <= 2 * GY_PART_ROOM &&
                scribe->n_spare < GY_SCRIBE_SPARES;
    if (kept) {
        piece->next = scribe->spare;
        scribe->spare = piece;
        scribe->n_spare++;
    }
    pthread_mutex_unlock(&scribe->lock);
    if (!kept)
        gy_part_piece_free(piece);
}

/* Makes pieces, and touches their pages. Without memory there are fewer. */
static void make_spares(struct gy_scribe *scribe)
{
    for (uint32_t i = 0; i < MADE_AT_ONCE; i++) {
        struct gy_part_piece *piece = gy_part_piece_new(GY_PART_ROOM);
        if (piece == NULL)
            break;
        for (size_t at = 0; at < GY_PART_ROOM; at += PAGE_LEAST)
            piece->bytes[at] = 0;
        keep(scribe, piece);
    }
    /* relaxed: the pieces are under the lock. */
    atomic_store_explicit(&scribe->is_short, false, memory_order_relaxed);
}

struct gy_part_piece *gy_scribe_spare(struct gy_scribe *scribe)
{
    pthread_mutex_lock(&scribe->lock);
    struct gy_part_piece *piece = scribe->spare;
    if (piece != NULL) {
        scribe->spare = piece->next;
        scribe->n_spare--;
    } else if (scribe->started) {
        atomic_store_explicit(&scribe->is_short, true, memory_order_relaxed);
        wake(scribe);
    }
    pthread_mutex_unlock(&scribe->lock);
    return piece;
}

/* Frees what a file needs only while it is written. */
static void forget(struct gy_scribe_file *file)
{
    gy_free(file->hashing);
    gy_free(file->rest);
    file->hashing = NULL;
    file->rest = NULL;
}

static void open_file(struct gy_scribe *scribe, struct gy_scribe_file *file)
{
    file->hashing = gy_checksum_new();
    file->rest = gy_alloc(GY_DISK_BLOCK);
    if (file->hashing == NULL || file->rest == NULL)
        fail_file(file, -ENOMEM, "create");
    else
        fail_file(file, gy_disk_renew(scribe->disk, file->path, &file->handle), "create");
    file->opened = file->error == 0;
    scribe->n_open += file->opened;
}

/* Gives the disk the whole blocks of what is staged; the file keeps the rest. */
static void write_staged(struct gy_scribe *scribe)
{
    struct gy_scribe_file *file = scribe->staging;
    if (file == NULL)
        return;
    assert(scribe->n_staged <= scribe->stage_cap);
    size_t whole = scribe->n_staged - scribe->n_staged % GY_DISK_BLOCK;
    if (whole > 0 && file->error == 0)
        fail_file(file, scribe->disk->write(scribe->disk, file->handle, scribe->stage, whole),
                  "write");
    file->n_rest = scribe->n_staged - whole;
    memcpy(file->rest, scribe->stage + whole, file->n_rest);
    scribe->staging = NULL;
}

/* Appends bytes to what is staged; what is full is written. */
static void stage(struct gy_scribe *scribe, struct gy_scribe_file *file, const uint8_t *bytes,
                  size_t n)
{
    while (n > 0) {
        if (scribe->staging != file || scribe->n_staged == scribe->stage_cap) {
            write_staged(scribe);
            memcpy(scribe->stage, file->rest, file->n_rest);
            scribe->n_staged = file->n_rest;
            scribe->staging = file;
        }
        size_t room = scribe->stage_cap - scribe->n_staged, more = n < room ? n : room;
        memcpy(scribe->stage + scribe->n_staged, bytes, more);
        scribe->n_staged += more;
        bytes += more;
        n -= more;
    }
}

static void write_piece(struct gy_scribe *scribe, struct gy_scribe_file *file,
                        struct gy_part_piece *piece)
{
    if (!file->opened && file->error == 0)
        open_file(scribe, file);
    if (file->error == 0) {
        gy_part_piece_seal(piece);
        gy_checksum_add(file->hashing, piece->bytes, piece->n);
        stage(scribe, file, piece->bytes, piece->n);
        file->bytes += piece->n;
    }
    atomic_fetch_sub_explicit(&scribe->queued, piece->n, memory_order_relaxed);
    keep(scribe, piece);
}

static void end_file(struct gy_scribe *scribe, struct gy_scribe_file *file)
{
    if (file->opened) {
        if (scribe->staging == file)
            write_staged(scribe);
        if (file->error == 0 && file->n_rest > 0)
            fail_file(file,
                      scribe->disk->write(scribe->disk, file->handle, file->rest, file->n_rest),
                      "write");
        if (file->error == 0)
            fail_file(file, scribe->disk->cut(scribe->disk, file->handle, file->bytes), "cut");
        if (file->error == 0)
            fail_file(file, scribe->disk->sync(scribe->disk, file->handle), "sync");
        fail_file(file, scribe->disk->close(scribe->disk, file->handle), "close");
        assert(scribe->n_open > 0 && scribe->staging != file);
        file->opened = false;
        scribe->n_open--;
    }
    if (file->hashing != NULL)
        file->checksum = gy_checksum_end(file->hashing);
    forget(file);
    file->done(file);
}

/* What is to be done next: pieces of a file, and perhaps its end. */
struct job {
    struct gy_scribe_file *file;
    struct gy_part_piece *pieces;
    bool ends;
};

static bool goes_before(const struct gy_scribe_file *a, const struct gy_scribe_file *b)
{
    return a->ended != b->ended ? a->ended : a->n_waiting > b->n_waiting;
}

/* Takes all that there is of one file; false where there is none, or not much and not `all` is wanted:
 * files that are written by turns make the stage's writes small. Under the lock. */
static bool take(struct gy_scribe *scribe, bool all, struct job *job)
{
    struct gy_scribe_file **best = &scribe->first;
    if (*best == NULL)
        return false;
    for (struct gy_scribe_file **at = &(*best)->next; *at != NULL; at = &(*at)->next)
        if (goes_before(*at, *best))
            best = at;
    struct gy_scribe_file *file = *best;
    if (!all && !file->ended && atomic_load_explicit(&scribe->queued, memory_order_relaxed) < MUCH)
        return false;
    *best = file->next;
    *job = (struct job){file, file->first, file->ended};
    file->queued = false;
    file->first = NULL;
    file->n_waiting = 0;
    return true;
}

static void do_job(struct gy_scribe *scribe, struct job job)
{
    for (struct gy_part_piece *next, *piece = job.pieces; piece != NULL; piece = next) {
        next = piece->next;
        write_piece(scribe, job.file, piece);
    }
    if (job.ends)
        end_file(scribe, job.file);
}

bool gy_scribe_step(struct gy_scribe *scribe)
{
    struct job job;
    pthread_mutex_lock(&scribe->lock);
    bool got = take(scribe, true, &job);
    pthread_mutex_unlock(&scribe->lock);
    if (got)
        do_job(scribe, job);
    return got;
}

static void *scribe_main(void *argument)
{
    struct gy_scribe *scribe = argument;
    struct job job;
    pthread_mutex_lock(&scribe->lock);
    while (!scribe->ending) {
        bool is_short = atomic_load_explicit(&scribe->is_short, memory_order_relaxed);
        bool got = take(scribe, false, &job);
        if (!is_short && !got) {
            await_more(scribe);
            continue;
        }
        pthread_mutex_unlock(&scribe->lock);
        if (is_short)
            make_spares(scribe);
        if (got)
            do_job(scribe, job);
        pthread_mutex_lock(&scribe->lock);
    }
    pthread_mutex_unlock(&scribe->lock);
    return NULL;
}

int gy_scribe_start(struct gy_scribe *scribe)
{
    int code = pthread_create(&scribe->thread, NULL, scribe_main, scribe);
    scribe->started = code == 0;
    return code;
}

void gy_scribe_fini(struct gy_scribe *scribe)
{
    struct job job;
    if (scribe->disk == NULL)
        return;
    if (scribe->started) {
        scribe->started = false;
        pthread_mutex_lock(&scribe->lock);
        scribe->ending = true;
        pthread_cond_signal(&scribe->more);
        pthread_mutex_unlock(&scribe->lock);
        pthread_join(scribe->thread, NULL);
    }
    while (take(scribe, true, &job))
        for (struct gy_part_piece *next, *piece = job.pieces; piece != NULL; piece = next) {
            next = piece->next;
            gy_part_piece_free(piece);
        }
    for (struct gy_part_piece *piece; (piece = gy_scribe_spare(scribe)) != NULL;)
        gy_part_piece_free(piece);
    gy_free(scribe->stage);
    pthread_cond_destroy(&scribe->more);
    pthread_mutex_destroy(&scribe->lock);
}

void gy_scribe_put(struct gy_scribe *scribe, struct gy_scribe_file *file,
                   struct gy_part_piece *piece)
{
    pthread_mutex_lock(&scribe->lock);
    if (piece == NULL) {
        file->ended = true;
    } else {
        piece->next = NULL;
        if (file->first == NULL)
            file->first = piece;
        else
            file->last->next = piece;
        file->last = piece;
        file->n_waiting += piece->n;
        atomic_fetch_add_explicit(&scribe->queued, piece->n, memory_order_relaxed);
    }
    if (!file->queued) {
        file->queued = true;
        file->next = scribe->first;
        scribe->first = file;
    }
    wake(scribe);
    pthread_mutex_unlock(&scribe->lock);
}

void gy_scribe_file_fini(struct gy_scribe *scribe, struct gy_scribe_file *file)
{
    if (file->opened)
        scribe->disk->close(scribe->disk, file->handle);
    forget(file);
    gy_free(file->path);
    memset(file, 0, sizeof *file);
}
