/* See scribe.h. */
#include "flow/scribe.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>

int gy_scribe_init(struct gy_scribe *scribe, struct gy_disk *disk)
{
    scribe->disk = disk;
    int code = pthread_mutex_init(&scribe->lock, NULL);
    return code != 0 ? code : pthread_cond_init(&scribe->more, NULL);
}

static void fail_file(struct gy_scribe_file *file, int error, const char *call)
{
    if (file->error != 0 || error == 0)
        return;
    file->error = error;
    file->failed = call;
}

/* Fresh memory costs a page fault for each 4 KiB, on the thread that fills it. */
static void give_back(struct gy_scribe *scribe, struct gy_part_piece *piece)
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

struct gy_part_piece *gy_scribe_spare(struct gy_scribe *scribe)
{
    pthread_mutex_lock(&scribe->lock);
    struct gy_part_piece *piece = scribe->spare;
    if (piece != NULL) {
        scribe->spare = piece->next;
        scribe->n_spare--;
    }
    pthread_mutex_unlock(&scribe->lock);
    return piece;
}

static void write_piece(struct gy_scribe *scribe, struct gy_scribe_file *file,
                        struct gy_part_piece *piece)
{
    if (!file->opened && file->error == 0) {
        file->hashing = gy_checksum_new();
        if (file->hashing == NULL)
            fail_file(file, -ENOMEM, "create");
        else
            fail_file(file, scribe->disk->create(scribe->disk, file->path, &file->handle),
                      "create");
        file->opened = file->error == 0;
    }
    if (file->error == 0)
        fail_file(file, scribe->disk->write(scribe->disk, file->handle, piece->bytes, piece->n),
                  "write");
    if (file->error == 0) {
        gy_checksum_add(file->hashing, piece->bytes, piece->n);
        file->bytes += piece->n;
    }
    atomic_fetch_sub_explicit(&scribe->queued, piece->n, memory_order_relaxed);
    give_back(scribe, piece);
}

static void end_file(struct gy_scribe *scribe, struct gy_scribe_file *file)
{
    if (file->opened) {
        if (file->error == 0)
            fail_file(file, scribe->disk->sync(scribe->disk, file->handle), "sync");
        fail_file(file, scribe->disk->close(scribe->disk, file->handle), "close");
        file->opened = false;
    }
    if (file->hashing != NULL) {
        file->checksum = gy_checksum_end(file->hashing);
        gy_free(file->hashing);
        file->hashing = NULL;
    }
    file->done(file);
}

/* Appends a file to those with something to do. Under the lock. */
static void enqueue(struct gy_scribe *scribe, struct gy_scribe_file *file)
{
    if (file->queued)
        return;
    file->queued = true;
    file->next = NULL;
    if (scribe->first == NULL)
        scribe->first = file;
    else
        scribe->last->next = file;
    scribe->last = file;
}

/* What is to be done next: a piece of a file, or with NULL its end. */
struct job {
    struct gy_scribe_file *file;
    struct gy_part_piece *piece;
};

/* Takes the next job; false where there is none. Under the lock. */
static bool take(struct gy_scribe *scribe, struct job *job)
{
    struct gy_scribe_file *file = scribe->first;
    if (file == NULL)
        return false;
    scribe->first = file->next;
    file->queued = false;
    *job = (struct job){file, file->first};
    if (file->first != NULL)
        file->first = file->first->next;
    if (job->piece != NULL && (file->first != NULL || file->ended))
        enqueue(scribe, file);
    return true;
}

static void do_job(struct gy_scribe *scribe, struct job job)
{
    if (job.piece != NULL)
        write_piece(scribe, job.file, job.piece);
    else
        end_file(scribe, job.file);
}

bool gy_scribe_step(struct gy_scribe *scribe)
{
    struct job job;
    pthread_mutex_lock(&scribe->lock);
    bool got = take(scribe, &job);
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
        if (!take(scribe, &job)) {
            pthread_cond_wait(&scribe->more, &scribe->lock);
            continue;
        }
        pthread_mutex_unlock(&scribe->lock);
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
    while (take(scribe, &job)) {
        if (job.piece != NULL)
            gy_part_piece_free(job.piece);
    }
    for (struct gy_part_piece *piece; (piece = gy_scribe_spare(scribe)) != NULL;)
        gy_part_piece_free(piece);
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
        atomic_fetch_add_explicit(&scribe->queued, piece->n, memory_order_relaxed);
    }
    enqueue(scribe, file);
    pthread_cond_signal(&scribe->more);
    pthread_mutex_unlock(&scribe->lock);
}

void gy_scribe_file_fini(struct gy_scribe *scribe, struct gy_scribe_file *file)
{
    if (file->opened)
        scribe->disk->close(scribe->disk, file->handle);
    if (file->hashing != NULL)
        gy_free(file->hashing);
    gy_free(file->path);
    memset(file, 0, sizeof *file);
}
