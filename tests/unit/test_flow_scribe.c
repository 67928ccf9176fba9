/* The scribe: what was put as pieces is written as files, whatever the sizes, whoever fails. */
#include "support/suite.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "flow/scribe.h"
#include "support/sim_disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILES = 4, STAGE = 1 << 20, MOST = 3 * STAGE };

struct rig {
    struct sim_disk *sim;
    struct gy_scribe scribe;
    struct gy_scribe_file files[FILES];
    struct gy_buf wanted[FILES];
    _Atomic uint32_t n_done;
};

static void on_done(struct gy_scribe_file *file)
{
    struct rig *rig = file->host;
    atomic_fetch_add(&rig->n_done, 1);
}

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig->sim = sim_disk_new(1);
    CU_ASSERT_EQUAL(rig->sim->disk.make_dir(&rig->sim->disk, "/s"), 0);
    CU_ASSERT_EQUAL_FATAL(gy_scribe_init(&rig->scribe, &rig->sim->disk, STAGE), 0);
    for (uint32_t f = 0; f < FILES; f++) {
        rig->files[f].path = gy_printf("/s/%u", f);
        rig->files[f].done = on_done;
        rig->files[f].host = rig;
    }
}

static void rig_fini(struct rig *rig)
{
    gy_scribe_fini(&rig->scribe);
    for (uint32_t f = 0; f < FILES; f++) {
        gy_scribe_file_fini(&rig->scribe, &rig->files[f]);
        gy_buf_fini(&rig->wanted[f]);
    }
    CU_ASSERT_EQUAL(rig->sim->n_open, 0);
    sim_disk_free(rig->sim);
}

/* Puts n random bytes; pieces are those of a part, which are whole blocks of it. */
static void put(struct rig *rig, uint32_t f, size_t n, struct gy_rng *rng)
{
    struct gy_part_piece *piece = gy_part_piece_new(n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(piece);
    for (size_t i = 0; i < n; i++)
        piece->bytes[i] = (uint8_t)gy_rng_next(rng);
    piece->n = n;
    piece->sealed = true;
    gy_buf_bytes(&rig->wanted[f], piece->bytes, n);
    gy_scribe_put(&rig->scribe, &rig->files[f], piece);
}

/* True where the disk has what was put into a file, and the file knows it. */
static bool is_whole(const struct rig *rig, uint32_t f)
{
    size_t n;
    const struct gy_buf *wanted = &rig->wanted[f];
    const void *bytes = sim_disk_get(rig->sim, rig->files[f].path, &n);
    return bytes != NULL && n == wanted->len && memcmp(bytes, wanted->data, n) == 0 &&
           rig->files[f].bytes == n && rig->files[f].checksum == gy_checksum(bytes, n);
}

/* Sizes around those of a block of the disk and of the stage, files taking turns. */
static void files_are_what_was_put_whatever_the_sizes(void)
{
    static const size_t sizes[] = {
        1,         32,    GY_DISK_BLOCK - 1, GY_DISK_BLOCK, GY_DISK_BLOCK + 1, 300000,
        STAGE - 1, STAGE, STAGE + 1,         MOST};
    uint8_t *before = calloc(MOST, 1);
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct rig rig;
        struct gy_rng rng;
        rig_init(&rig);
        gy_rng_init(&rng, seed);
        for (uint32_t f = 0; seed % 3 == 0 && f < FILES; f++) /* an older one is written over */
            sim_disk_put(rig.sim, rig.files[f].path, before, gy_rng_below(&rng, MOST));
        for (uint64_t i = 0, n = gy_rng_below(&rng, 12); i < n; i++) {
            put(&rig, (uint32_t)gy_rng_below(&rng, FILES),
                sizes[gy_rng_below(&rng, sizeof sizes / sizeof *sizes)], &rng);
            if (gy_rng_below(&rng, 2) == 0)
                gy_scribe_step(&rig.scribe);
        }
        for (uint32_t f = 0; f < FILES; f++)
            gy_scribe_put(&rig.scribe, &rig.files[f], NULL);
        while (gy_scribe_step(&rig.scribe))
            ;
        CU_ASSERT_EQUAL(rig.n_done, FILES);
        CU_ASSERT_EQUAL(rig.scribe.queued, 0);
        for (uint32_t f = 0; f < FILES; f++) {
            CU_ASSERT_EQUAL(rig.files[f].error, 0);
            CU_ASSERT(rig.wanted[f].len == 0 || is_whole(&rig, f));
        }
        rig_fini(&rig);
    }
    free(before);
}

/* Puts two pieces into each file. */
static void put_all(struct rig *rig, struct gy_rng *rng)
{
    for (uint32_t i = 0; i < 2 * FILES; i++)
        put(rig, i % FILES, i % 3 == 0 ? STAGE + 77 : 5000, rng);
    for (uint32_t f = 0; f < FILES; f++)
        gy_scribe_put(&rig->scribe, &rig->files[f], NULL);
}

/* Whatever fails, a file says so or is whole; all are closed and told. */
static void a_file_that_cannot_be_written_says_so(void)
{
    uint32_t n_failed = 0;
    bool failed = true;
    for (uint64_t k = 1; failed; k++) {
        struct rig rig;
        struct gy_rng rng;
        rig_init(&rig);
        gy_rng_init(&rng, 1);
        sim_disk_fail(rig.sim, k, ENOSPC);
        put_all(&rig, &rng);
        while (gy_scribe_step(&rig.scribe))
            ;
        failed = sim_disk_failed(rig.sim);
        CU_ASSERT_EQUAL(rig.n_done, FILES);
        uint32_t n = 0;
        for (uint32_t f = 0; f < FILES; f++) {
            n += rig.files[f].error == -ENOSPC;
            CU_ASSERT(rig.files[f].error == 0 || rig.files[f].failed != NULL);
            CU_ASSERT(rig.files[f].error != 0 || is_whole(&rig, f));
        }
        CU_ASSERT_EQUAL(n, failed);
        n_failed += n;
        rig_fini(&rig);
    }
    CU_ASSERT(n_failed > 4 * FILES); /* create, write, sync, close of each */
}

static void without_memory_a_file_says_so(void)
{
    bool hit = true;
    for (uint64_t k = 1; hit; k++) {
        struct rig rig;
        struct gy_rng rng;
        rig_init(&rig);
        gy_rng_init(&rng, 1);
        put_all(&rig, &rng);
        gy_mem_fail_after(k);
        while (gy_scribe_step(&rig.scribe))
            ;
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT_EQUAL(rig.n_done, FILES);
        for (uint32_t f = 0; f < FILES; f++)
            CU_ASSERT(rig.files[f].error == -ENOMEM || is_whole(&rig, f));
        rig_fini(&rig);
    }
}

static void nap(void)
{
    const struct timespec ms = {0, 1000 * 1000};
    nanosleep(&ms, NULL);
}

/* Who asks for a piece and gets none is told to wait, and gets one soon. */
static void the_thread_makes_pieces_when_there_are_none(void)
{
    struct rig rig;
    struct gy_rng rng;
    rig_init(&rig);
    gy_rng_init(&rng, 1);
    CU_ASSERT_PTR_NULL(gy_scribe_spare(&rig.scribe));
    CU_ASSERT_FALSE(gy_scribe_is_behind(&rig.scribe)); /* nobody would make any */
    CU_ASSERT_EQUAL_FATAL(gy_scribe_start(&rig.scribe), 0);
    for (int round = 0; round < 3; round++) {
        struct gy_part_piece *piece;
        uint32_t n = 0;
        for (; (piece = gy_scribe_spare(&rig.scribe)) != NULL; n++) {
            CU_ASSERT(piece->cap >= GY_PART_ROOM);
            gy_part_piece_free(piece);
        }
        CU_ASSERT_EQUAL(n > 0, round > 0);
        while (gy_scribe_is_behind(&rig.scribe))
            nap();
    }
    put_all(&rig, &rng);
    while (atomic_load(&rig.n_done) < FILES)
        nap();
    for (uint32_t f = 0; f < FILES; f++)
        CU_ASSERT(is_whole(&rig, f));
    rig_fini(&rig);
}

static uint32_t n_writes(const struct rig *rig)
{
    uint32_t n = 0;
    for (size_t i = 0; i < rig->sim->n_log; i++)
        n += strstr(rig->sim->log[i], " write ") != NULL;
    return n;
}

/* Pieces that come by turns are not written by turns: small writes cost the disk as much as large ones. */
static void files_that_take_turns_are_written_in_large_portions(void)
{
    enum { PIECE = STAGE / 4, TURNS = 8, WHOLE = TURNS / 4 };
    struct rig rig;
    struct gy_rng rng;
    rig_init(&rig);
    gy_rng_init(&rng, 1);
    CU_ASSERT_EQUAL_FATAL(gy_scribe_start(&rig.scribe), 0);
    for (uint32_t i = 0; i < TURNS * FILES; i++) {
        put(&rig, i % FILES, PIECE + 1, &rng);
        nap();
    }
    for (uint32_t f = 0; f < FILES; f++)
        gy_scribe_put(&rig.scribe, &rig.files[f], NULL);
    while (atomic_load(&rig.n_done) < FILES)
        nap();
    for (uint32_t f = 0; f < FILES; f++)
        CU_ASSERT(is_whole(&rig, f));
    CU_ASSERT(n_writes(&rig) <=
              FILES * (WHOLE + 2)); /* what was much, once; and what is no block */
    rig_fini(&rig);
}

/* Whoever has put too much waits, and is not forgotten while no file ends. */
static void who_waits_for_the_scribe_goes_on(void)
{
    struct rig rig;
    struct gy_rng rng;
    rig_init(&rig);
    gy_rng_init(&rng, 1);
    CU_ASSERT_EQUAL_FATAL(gy_scribe_start(&rig.scribe), 0);
    for (uint32_t n = 0; n < 3 * GY_SCRIBE_BEHIND; n += MOST) {
        put(&rig, n / MOST % 2, MOST, &rng);
        while (gy_scribe_is_behind(&rig.scribe))
            nap();
    }
    for (uint32_t f = 0; f < FILES; f++)
        gy_scribe_put(&rig.scribe, &rig.files[f], NULL);
    while (atomic_load(&rig.n_done) < FILES)
        nap();
    for (uint32_t f = 0; f < 2; f++)
        CU_ASSERT(is_whole(&rig, f));
    rig_fini(&rig);
}

static const struct suite_test tests[] = {
    SUITE_TEST(files_are_what_was_put_whatever_the_sizes),
    SUITE_TEST(a_file_that_cannot_be_written_says_so),
    SUITE_TEST(without_memory_a_file_says_so),
    SUITE_TEST(files_that_take_turns_are_written_in_large_portions),
    SUITE_TEST(who_waits_for_the_scribe_goes_on),
    SUITE_TEST(the_thread_makes_pieces_when_there_are_none),
};

SUITE_MAIN("flow_scribe", tests)
