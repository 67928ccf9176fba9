/* State files: what was written is read back, and whatever else the bytes are is refused. */
#include "support/suite.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "state/part.h"
#include "support/sim_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH "snap/1/a-0.state"

/* ---- a file in memory ---- */

static void take(void *host, struct gy_part_piece *piece)
{
    gy_part_piece_seal(piece);
    gy_buf_bytes(host, piece->bytes, piece->n);
    CU_ASSERT(piece->n <= piece->cap);
    gy_part_piece_free(piece);
}

/* The content of record i: lengths from nothing to beyond a block. */
static size_t content(uint64_t seed, uint32_t i, size_t most, uint8_t *bytes)
{
    uint64_t mixed = gy_rng_mix(seed + i);
    size_t n = mixed % 7 == 0 ? 0 : (mixed >> 8) % most;
    for (size_t k = 0; k < n; k++)
        bytes[k] = (uint8_t)(mixed >> (k % 8 * 8)) ^ (uint8_t)k;
    return n;
}

static enum gy_record_kind kind_of(uint32_t i)
{
    static const enum gy_record_kind kinds[] = {GY_RECORD_SPLITS, GY_RECORD_SPLIT, GY_RECORD_ITEM,
                                                GY_RECORD_TXN, GY_RECORD_STATE};
    return kinds[i % 5];
}

static uint16_t index_of(uint32_t i)
{
    return kind_of(i) == GY_RECORD_STATE ? (uint16_t)(i * 977) : 0;
}

static int write_part(struct gy_buf *file, uint64_t id, uint32_t n, size_t most)
{
    struct gy_part part;
    uint8_t *bytes = malloc(most + 1);
    gy_part_init(&part, id, take, file);
    for (uint32_t i = 0; i < n; i++) {
        size_t length = content(id, i, most, bytes);
        struct gyre_writer *writer = gy_part_record(&part, kind_of(i), index_of(i));
        gyre_write(writer, bytes, length / 2);
        gyre_write(writer, bytes + length / 2, length - length / 2);
        gy_part_end_record(&part);
    }
    int code = gy_part_end(&part);
    CU_ASSERT_EQUAL(code, part.error);
    gy_part_fini(&part);
    free(bytes);
    return code;
}

static void put_file(struct sim_disk *sim, const void *bytes, size_t n)
{
    sim_disk_put(sim, PATH, bytes, n);
}

/* Reads a file to its end: how many records, or the code. */
static int64_t read_all(struct sim_disk *sim, uint64_t id, struct gyre_error *error)
{
    struct gy_part_reader reader;
    struct gy_record record;
    int64_t n = 0;
    int code = gy_part_open(&reader, &sim->disk, PATH, id, error);
    bool opened = code == 0;
    while (opened && (code = gy_part_read(&reader, &record, error)) == 1)
        n += gy_checksum(record.bytes, record.n) != 1; /* looks at each byte, for the sanitizer */
    if (code < 0 && opened)
        CU_ASSERT_EQUAL(gy_part_read(&reader, &record, NULL), code); /* it stays so */
    gy_part_close(&reader);
    return code < 0 ? code : n;
}

/* ---- tests ---- */

static void records_come_back_as_they_were_written(void)
{
    static const struct {
        uint32_t n;
        size_t most;
    } shapes[] = {{0, 1}, {1, 1}, {1, 100}, {7, 5000}, {3000, 400}, {20, 700000}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct sim_disk *sim = sim_disk_new(1);
        struct gy_buf file = {0};
        struct gyre_error error = {.size = sizeof error};
        CU_ASSERT_EQUAL_FATAL(write_part(&file, s + 1, shapes[s].n, shapes[s].most), 0);
        put_file(sim, file.data, file.len);
        struct gy_part_reader reader;
        struct gy_record record;
        uint8_t *bytes = malloc(shapes[s].most + 1);
        CU_ASSERT_EQUAL_FATAL(gy_part_open(&reader, &sim->disk, PATH, s + 1, &error), 0);
        uint32_t wrong = 0;
        for (uint32_t i = 0; i < shapes[s].n; i++) {
            CU_ASSERT_EQUAL_FATAL(gy_part_read(&reader, &record, &error), 1);
            size_t n = content(s + 1, i, shapes[s].most, bytes);
            wrong += record.n != n || memcmp(record.bytes, bytes, n) != 0 ||
                     record.kind != kind_of(i) || record.index != index_of(i);
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_EQUAL(gy_part_read(&reader, &record, &error), 0);
        CU_ASSERT_EQUAL(gy_part_read(&reader, &record, &error), 0);
        CU_ASSERT_EQUAL(reader.total, shapes[s].n);
        gy_part_close(&reader);
        gy_part_close(&reader);
        free(bytes);
        gy_buf_fini(&file);
        sim_disk_free(sim);
    }
}

/* The host's queue of written pieces, of one. */
static struct gy_part_piece *take_spare(void *host)
{
    struct gy_part_piece **spare = host;
    struct gy_part_piece *piece = *spare;
    *spare = NULL;
    return piece;
}

static struct {
    struct gy_buf file;
    struct gy_part_piece *spare;
    uint32_t n_spared;
} reuse;

static void take_again(void *host, struct gy_part_piece *piece)
{
    (void)host;
    gy_part_piece_seal(piece);
    gy_buf_bytes(&reuse.file, piece->bytes, piece->n);
    memset(piece->bytes, 0xee, piece->cap);
    if (piece->cap >= GY_PART_ROOM && reuse.spare == NULL) {
        reuse.spare = piece;
        reuse.n_spared++;
    } else {
        gy_part_piece_free(piece);
    }
}

static struct gy_part_piece *spare_again(void *host)
{
    (void)host;
    return take_spare(&reuse.spare);
}

/* Lengths that do and do not fit what is left of a piece, in pieces that have been used before. */
static void records_of_a_known_length_make_the_same_file(void)
{
    static const size_t most[] = {1, 30, 5000, 700000};
    for (size_t s = 0; s < sizeof most / sizeof *most; s++) {
        uint32_t n = most[s] < 100 ? 40000 : 300;
        struct gy_buf file = {0};
        struct gy_part part;
        uint8_t *bytes = malloc(most[s] + 1);
        CU_ASSERT_EQUAL_FATAL(write_part(&file, 3, n, most[s]), 0);
        gy_part_init(&part, 3, take_again, NULL);
        part.spare = spare_again;
        for (uint32_t i = 0; i < n; i++) {
            size_t length = content(3, i, most[s], bytes);
            if (i % 5 == 4) {
                gyre_write(gy_part_record(&part, kind_of(i), index_of(i)), bytes, length);
                gy_part_end_record(&part);
                continue;
            }
            uint32_t one = 1;
            uint8_t *to = gy_part_put(&part, kind_of(i), index_of(i), (uint32_t)length, &one);
            CU_ASSERT_PTR_NOT_NULL_FATAL(to);
            CU_ASSERT_EQUAL_FATAL(one, 1);
            memcpy(to, bytes, length);
        }
        CU_ASSERT_EQUAL(gy_part_end(&part), 0);
        gy_part_fini(&part);
        CU_ASSERT_EQUAL_FATAL(reuse.file.len, file.len);
        CU_ASSERT_EQUAL(memcmp(reuse.file.data, file.data, file.len), 0);
        free(bytes);
        gy_buf_fini(&file);
        gy_buf_fini(&reuse.file);
        gy_part_piece_free(spare_again(NULL));
    }
    CU_ASSERT(reuse.n_spared > 10);
}

static void records_of_a_size_are_put_several_at_once(void)
{
    static const uint32_t sizes[] = {0, 1, 21, 333, 40000, GY_PART_BLOCK + 5};
    static uint8_t bytes[GY_PART_BLOCK + 5 + 251];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i % 251);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        uint32_t total = sizes[s] < 1000 ? 30000 : 30, at = 0, most = 0;
        struct gy_buf one_by_one = {0}, together = {0};
        struct gy_part part;
        gy_part_init(&part, 5, take, &one_by_one);
        for (uint32_t i = 0; i < total; i++) {
            gyre_write(gy_part_record(&part, GY_RECORD_STATE, 7), bytes + i % 251, sizes[s]);
            gy_part_end_record(&part);
        }
        CU_ASSERT_EQUAL(gy_part_end(&part), 0);
        gy_part_fini(&part);
        gy_part_init(&part, 5, take, &together);
        while (at < total) {
            uint32_t n = 1 + (uint32_t)gy_rng_mix(at) % 8,
                     asked = n = n < total - at ? n : total - at;
            uint8_t *to = gy_part_put(&part, GY_RECORD_STATE, 7, sizes[s], &n);
            CU_ASSERT_TRUE_FATAL(to != NULL && n >= 1 && n <= asked);
            for (uint32_t i = 0; i < n; i++, at++)
                memcpy(to + i * (GY_RECORD_HEAD + sizes[s]), bytes + at % 251, sizes[s]);
            most = n > most ? n : most;
        }
        CU_ASSERT_EQUAL(gy_part_end(&part), 0);
        gy_part_fini(&part);
        CU_ASSERT_EQUAL(most > 1, sizes[s] < GY_PART_BLOCK);
        CU_ASSERT_EQUAL_FATAL(together.len, one_by_one.len);
        CU_ASSERT_EQUAL(memcmp(together.data, one_by_one.data, together.len), 0);
        gy_buf_fini(&one_by_one);
        gy_buf_fini(&together);
    }
}

static void a_file_of_another_snapshot_is_refused(void)
{
    struct sim_disk *sim = sim_disk_new(1);
    struct gy_buf file = {0};
    struct gyre_error error = {.size = sizeof error};
    write_part(&file, 3, 4, 50);
    put_file(sim, file.data, file.len);
    CU_ASSERT_EQUAL(read_all(sim, 3, &error), 4);
    CU_ASSERT_EQUAL(read_all(sim, 4, &error), GYRE_ECORRUPT);
    CU_ASSERT_STRING_EQUAL(error.text, PATH " belongs to snapshot 3, not to 4");
    gy_buf_fini(&file);
    sim_disk_free(sim);
}

static void expect_refused(struct sim_disk *sim, const uint8_t *bytes, size_t n, uint64_t *bad)
{
    struct gyre_error error = {.size = sizeof error};
    put_file(sim, bytes, n);
    if (read_all(sim, 5, &error) != GYRE_ECORRUPT || error.code != GYRE_ECORRUPT ||
        strncmp(error.text, PATH, strlen(PATH)) != 0)
        ++*bad;
}

static void every_changed_bit_and_every_cut_is_refused(void)
{
    struct sim_disk *sim = sim_disk_new(1);
    struct gy_buf file = {0};
    uint64_t bad = 0;
    write_part(&file, 5, 12, 60);
    for (size_t at = 0; at < file.len; at++) {
        for (int bit = 0; bit < 9; bit++) {
            uint8_t change = (uint8_t)(bit < 8 ? 1u << bit : 0xffu);
            file.data[at] ^= change;
            expect_refused(sim, file.data, file.len, &bad);
            file.data[at] ^= change;
        }
        expect_refused(sim, file.data, at, &bad);
    }
    gy_buf_u8(&file, 0);
    expect_refused(sim, file.data, file.len, &bad);
    CU_ASSERT_EQUAL(bad, 0);
    gy_buf_fini(&file);
    sim_disk_free(sim);
}

static void set_u32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

/* Makes the checksum of a head right again. */
static void seal(uint8_t *head)
{
    uint64_t sum = gy_checksum(head, 24);
    set_u32(head + 24, (uint32_t)sum);
    set_u32(head + 28, (uint32_t)(sum >> 32));
}

static void a_lying_length_takes_no_memory(void)
{
    struct sim_disk *sim = sim_disk_new(1);
    struct gy_buf file = {0};
    struct gyre_error error = {.size = sizeof error};
    write_part(&file, 5, 3, 60);
    set_u32(file.data + 32, UINT32_MAX);
    seal(file.data + 32);
    put_file(sim, file.data, file.len);
    struct gy_part_reader reader;
    struct gy_record record;
    CU_ASSERT_EQUAL(gy_part_open(&reader, &sim->disk, PATH, 5, &error), 0);
    CU_ASSERT_EQUAL(gy_part_read(&reader, &record, &error), GYRE_ECORRUPT);
    CU_ASSERT_STRING_EQUAL(error.text, PATH " is damaged: block 0 is cut off");
    CU_ASSERT(reader.cap <= 2u << 20);
    gy_part_close(&reader);
    gy_buf_fini(&file);
    sim_disk_free(sim);
}

/* A block whose checksums are right, with n bytes of records that are not. */
static int64_t read_made(struct sim_disk *sim, const uint8_t *records, uint32_t n, uint32_t count)
{
    struct gy_buf file = {0};
    struct gyre_error error = {.size = sizeof error};
    write_part(&file, 5, 0, 1);
    uint8_t head[32] = {0};
    uint64_t sum = gy_checksum(records, n);
    set_u32(head, n);
    set_u32(head + 4, count);
    set_u32(head + 16, (uint32_t)sum);
    set_u32(head + 20, (uint32_t)(sum >> 32));
    seal(head);
    file.len = 32; /* the file's head; the end block follows anew */
    gy_buf_bytes(&file, head, sizeof head);
    gy_buf_bytes(&file, records, n);
    memset(head, 0, sizeof head);
    head[8] = 1;
    head[16] = (uint8_t)count;
    seal(head);
    gy_buf_bytes(&file, head, sizeof head);
    put_file(sim, file.data, file.len);
    int64_t result = read_all(sim, 5, &error);
    if (result < 0)
        CU_ASSERT_EQUAL(strncmp(error.text, PATH " is damaged: ", strlen(PATH) + 13), 0);
    gy_buf_fini(&file);
    return result;
}

static void records_that_do_not_fit_their_block_are_refused(void)
{
    struct sim_disk *sim = sim_disk_new(1);
    uint8_t two[24] = {4, 0, 0, 0, 3,  0, 0, 0, 'a', 'b', 'c', 'd',
                       4, 0, 0, 0, 16, 0, 9, 0, 'e', 'f', 'g', 'h'};
    CU_ASSERT_EQUAL(read_made(sim, two, 24, 2), 2);
    CU_ASSERT_EQUAL(read_made(sim, two, 24, 1), GYRE_ECORRUPT); /* more bytes than records */
    CU_ASSERT_EQUAL(read_made(sim, two, 24, 3), GYRE_ECORRUPT); /* fewer */
    CU_ASSERT_EQUAL(read_made(sim, two, 24, 0), GYRE_ECORRUPT);
    CU_ASSERT_EQUAL(read_made(sim, two, 23, 2), GYRE_ECORRUPT);
    CU_ASSERT_EQUAL(read_made(sim, two, 19, 2), GYRE_ECORRUPT); /* half a head */
    two[0] = 17;
    CU_ASSERT_EQUAL(read_made(sim, two, 24, 1), GYRE_ECORRUPT); /* one beyond */
    two[0] = 16;
    CU_ASSERT_EQUAL(read_made(sim, two, 24, 1), 1);
    two[3] = 0xff;
    CU_ASSERT_EQUAL(read_made(sim, two, 24, 1), GYRE_ECORRUPT);
    two[3] = 0;
    two[4] = 6;
    CU_ASSERT_EQUAL(read_made(sim, two, 24, 1), GYRE_ECORRUPT); /* a kind that is none */
    two[4] = 3;
    two[6] = 1;
    CU_ASSERT_EQUAL(read_made(sim, two, 24, 1), GYRE_ECORRUPT); /* no index for this kind */
    sim_disk_free(sim);
}

static void a_record_whose_writer_fails_fails_the_part(void)
{
    struct gy_buf file = {0};
    struct gy_part part;
    gy_part_init(&part, 1, take, &file);
    gyre_write(gy_part_record(&part, GY_RECORD_ITEM, 0), "abc", 3);
    CU_ASSERT_EQUAL(gy_part_end_record(&part), 0);
    struct gyre_writer *writer = gy_part_record(&part, GY_RECORD_ITEM, 0);
    writer->error = GYRE_EROW;
    CU_ASSERT_EQUAL(gy_part_end_record(&part), GYRE_EROW);
    writer = gy_part_record(&part, GY_RECORD_ITEM, 0);
    CU_ASSERT_EQUAL(writer->error, GYRE_EROW);
    gyre_write(writer, "abc", 3);
    CU_ASSERT_EQUAL(gy_part_end_record(&part), GYRE_EROW);
    CU_ASSERT_EQUAL(gy_part_end(&part), GYRE_EROW);
    CU_ASSERT_EQUAL(part.total, 1);
    gy_part_fini(&part);
    CU_ASSERT_EQUAL(file.len, 32);
    gy_buf_fini(&file);
}

static void a_record_beyond_4_GiB_fails_the_part(void)
{
    struct gy_buf file = {0};
    struct gy_part part;
    gy_part_init(&part, 1, take, &file);
    struct gyre_writer *writer = gy_part_record(&part, GY_RECORD_ITEM, 0);
    gyre_write(writer, "abc", 3);
    CU_ASSERT_EQUAL(writer->grow(writer, (size_t)UINT32_MAX - 10), GYRE_EFAIL);
    CU_ASSERT_EQUAL(gy_part_end_record(&part), GYRE_EFAIL);
    gy_part_fini(&part);
    gy_buf_fini(&file);
}

static void without_memory_writing_and_reading_say_so(void)
{
    struct sim_disk *sim = sim_disk_new(1);
    struct gy_buf file = {0};
    write_part(&file, 5, 9, 20000);
    put_file(sim, file.data, file.len);
    for (uint64_t k = 1;; k++) {
        struct gy_buf again = {0};
        gy_buf_grow(&again, 1 << 20); /* so that the part's allocations alone fail */
        gy_mem_track(true);
        gy_mem_fail_after(k);
        int code = write_part(&again, 5, 9, 20000);
        bool hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
        gy_mem_track(false);
        CU_ASSERT_EQUAL(code, hit ? GYRE_ENOMEM : 0);
        bool same = again.len == file.len && memcmp(again.data, file.data, file.len) == 0;
        CU_ASSERT_EQUAL(same, !hit);
        gy_buf_fini(&again);
        if (!hit)
            break;
    }
    for (uint64_t k = 1;; k++) {
        struct gyre_error error = {.size = sizeof error};
        gy_mem_track(true);
        gy_mem_fail_after(k);
        int64_t n = read_all(sim, 5, &error);
        bool hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
        gy_mem_track(false);
        CU_ASSERT_EQUAL(n, hit ? GYRE_ENOMEM : 9);
        if (!hit)
            break;
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, PATH));
    }
    gy_buf_fini(&file);
    sim_disk_free(sim);
}

static void a_read_that_fails_is_told_with_the_path(void)
{
    struct sim_disk *sim = sim_disk_new(1);
    struct gy_buf file = {0};
    write_part(&file, 5, 9, 2000);
    put_file(sim, file.data, file.len);
    uint64_t k = 1;
    for (;; k++) {
        struct gyre_error error = {.size = sizeof error};
        sim_disk_fail(sim, k, EIO);
        int64_t n = read_all(sim, 5, &error);
        bool hit = sim_disk_failed(sim);
        sim_disk_fail(sim, 0, 0);
        if (!hit || n == 9) /* a close of a file that was read fails nothing */
            break;
        CU_ASSERT_EQUAL(n, GYRE_EIO);
        CU_ASSERT(strcmp(error.text, "cannot open " PATH ": Input/output error") == 0 ||
                  strcmp(error.text, "cannot read " PATH ": Input/output error") == 0);
    }
    CU_ASSERT(k > 4);
    gy_buf_fini(&file);
    sim_disk_free(sim);
}

static const struct suite_test tests[] = {
    SUITE_TEST(records_come_back_as_they_were_written),
    SUITE_TEST(records_of_a_known_length_make_the_same_file),
    SUITE_TEST(records_of_a_size_are_put_several_at_once),
    SUITE_TEST(a_file_of_another_snapshot_is_refused),
    SUITE_TEST(every_changed_bit_and_every_cut_is_refused),
    SUITE_TEST(a_lying_length_takes_no_memory),
    SUITE_TEST(records_that_do_not_fit_their_block_are_refused),
    SUITE_TEST(a_record_whose_writer_fails_fails_the_part),
    SUITE_TEST(a_record_beyond_4_GiB_fails_the_part),
    SUITE_TEST(without_memory_writing_and_reading_say_so),
    SUITE_TEST(a_read_that_fails_is_told_with_the_path),
};
SUITE_MAIN("state_part", tests)
