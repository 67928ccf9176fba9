/* Packed rows: they come back as they were, with fewer fields too; what is damaged is refused. */
#include "support/suite.h"

#include "base/mem.h"
#include "flow/pack.h"
#include "state/items.h"
#include "unit/flow_rows.h"

#include <stdlib.h>
#include <string.h>

static struct gyre_writer new_writer(void)
{
    return (struct gyre_writer){.size = sizeof(struct gyre_writer), .grow = gy_writer_grow};
}

static struct gyre_reader reader_of(const void *bytes, size_t n)
{
    return (struct gyre_reader){.size = sizeof(struct gyre_reader), .data = bytes, .length = n};
}

static struct gyre_writer describe(const struct rows_edge *edge)
{
    struct gyre_writer writer = new_writer();
    CU_ASSERT_EQUAL_FATAL(gy_pack_describe(&edge->layout, &edge->output.schema, &writer), 0);
    return writer;
}

/* As it was described by `from`, for what is carried by `to`. */
static int unpack_for(struct gy_unpack *unpack, const struct rows_edge *from,
                      const struct rows_edge *to, struct gyre_error *error)
{
    struct gyre_writer description = describe(from);
    struct gyre_reader reader = reader_of(description.data, description.length);
    int code = gy_unpack_init(unpack, &reader, &to->layout, &to->output.schema, error);
    CU_ASSERT(code != 0 || reader.position == reader.length);
    gy_free(description.data);
    return code;
}

static void pack_rows(struct rows_edge *edge, int64_t first, uint32_t rows,
                      struct gyre_writer *writer)
{
    struct gy_message *message = rows_make(edge, first, rows);
    CU_ASSERT_EQUAL_FATAL(gy_pack(&edge->layout, message, writer), 0);
    CU_ASSERT_EQUAL(rows_first(edge, message), first);
    gy_message_drop(message);
}

/* ---- whole ---- */

static const uint32_t sizes[] = {1, 2, 15, 16, 17, 300, GYRE_BATCH_ROWS, 1};

/* Writes messages of several sizes one after the other, and reads them for another edge. */
static void through(bool keyed, bool timed, bool few, bool fewer_now)
{
    struct rows_edge from, to;
    struct gy_unpack unpack;
    struct gyre_error error = {.size = sizeof error};
    struct gyre_writer writer = new_writer();
    rows_edge_init(&from, keyed, timed, few);
    rows_edge_init(&to, keyed && !fewer_now, timed && !fewer_now, few || fewer_now);
    CU_ASSERT_EQUAL_FATAL(unpack_for(&unpack, &from, &to, &error), 0);
    int64_t first = 0;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; first += sizes[s++])
        pack_rows(&from, first, sizes[s], &writer);
    struct gyre_reader reader = reader_of(writer.data, writer.length);
    first = 0;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; first += sizes[s++]) {
        struct gy_message *message = gy_unpack_next(&unpack, &reader, &to.channel, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(message);
        CU_ASSERT_EQUAL(message->rows, sizes[s]);
        CU_ASSERT_EQUAL(rows_first(&to, message), first);
        CU_ASSERT_PTR_EQUAL(message->block->owner, &to.channel);
        uint64_t bytes = message->block->size;
        for (const struct gy_block *text = message->texts; text != NULL; text = text->next)
            bytes += text->size;
        CU_ASSERT_EQUAL(message->bytes, bytes);
        gy_message_drop(message);
    }
    CU_ASSERT_EQUAL(reader.position, reader.length);
    CU_ASSERT_PTR_NULL(gy_unpack_next(&unpack, &reader, &to.channel, &error));
    CU_ASSERT_EQUAL(error.code, GYRE_ECORRUPT);
    gy_unpack_fini(&unpack);
    gy_free(writer.data);
    rows_edge_fini(&from);
    rows_edge_fini(&to);
}

static void rows_of_every_type_come_back_as_they_were(void)
{
    for (unsigned i = 0; i < 8; i++)
        through((i & 1) != 0, (i & 2) != 0, (i & 4) != 0, false);
}

static void fields_that_are_not_carried_any_more_are_left_out(void)
{
    for (unsigned i = 0; i < 8; i++)
        through((i & 1) != 0, (i & 2) != 0, (i & 4) != 0, true);
}

static void rows_without_any_field_keep_their_number(void)
{
    struct rows_edge edge;
    struct gy_unpack unpack;
    struct gyre_error error = {.size = sizeof error};
    struct gyre_writer writer = new_writer();
    rows_edge_init(&edge, false, false, true);
    gy_layout_fini(&edge.layout);
    memset(edge.needed, 0, sizeof edge.needed);
    CU_ASSERT_EQUAL_FATAL(gy_layout_init(&edge.layout, &edge.output, false), 0);
    CU_ASSERT_EQUAL_FATAL(unpack_for(&unpack, &edge, &edge, &error), 0);
    struct gy_message *message = rows_make(&edge, 0, 77);
    CU_ASSERT_EQUAL(gy_pack(&edge.layout, message, &writer), 0);
    gy_message_drop(message);
    struct gyre_reader reader = reader_of(writer.data, writer.length);
    message = gy_unpack_next(&unpack, &reader, &edge.channel, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    CU_ASSERT_EQUAL(message->rows, 77);
    gy_message_drop(message);
    gy_unpack_fini(&unpack);
    gy_free(writer.data);
    rows_edge_fini(&edge);
}

static void a_field_that_may_be_null_now_has_none_from_before(void)
{
    struct rows_edge from, to;
    struct gy_unpack unpack;
    struct gyre_error error = {.size = sizeof error};
    struct gyre_writer writer = new_writer();
    rows_edge_init(&from, false, false, true);
    rows_edge_init(&to, false, false, true);
    gy_layout_fini(&to.layout);
    to.fields[5].flags = GYRE_NULLABLE; /* `word` */
    CU_ASSERT_EQUAL_FATAL(gy_layout_init(&to.layout, &to.output, false), 0);
    CU_ASSERT_EQUAL_FATAL(unpack_for(&unpack, &from, &to, &error), 0);
    pack_rows(&from, 0, 100, &writer);
    struct gyre_reader reader = reader_of(writer.data, writer.length);
    struct gy_message *message = gy_unpack_next(&unpack, &reader, &to.channel, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    const char *valid =
        gy_message_columns(message) + (size_t)to.layout.valid[5] * message->capacity;
    for (uint32_t i = 0; i < 100; i++)
        CU_ASSERT_EQUAL(valid[i], 1);
    gy_message_drop(message);
    gy_unpack_fini(&unpack);
    gy_free(writer.data);
    rows_edge_fini(&from);
    rows_edge_fini(&to);
}

/* ---- what has changed ---- */

static void expect_refused(const struct rows_edge *from, const struct rows_edge *to,
                           const char *says)
{
    struct gy_unpack unpack;
    struct gyre_error error = {.size = sizeof error};
    CU_ASSERT_EQUAL(unpack_for(&unpack, from, to, &error), GYRE_EINVAL);
    CU_ASSERT_EQUAL(error.code, GYRE_EINVAL);
    CU_ASSERT_STRING_EQUAL(error.text, says);
    gy_unpack_fini(&unpack);
}

static void what_is_carried_now_and_was_not_is_refused_by_name(void)
{
    struct rows_edge all, few, keyed, timed, other;
    rows_edge_init(&all, false, false, false);
    rows_edge_init(&few, false, false, true);
    rows_edge_init(&keyed, true, false, true);
    rows_edge_init(&timed, false, true, true);
    expect_refused(&few, &all, "the rows that were kept have no field `flag`, which is read now");
    expect_refused(&few, &keyed, "the rows that were kept have no key, by which rows go now");
    expect_refused(&few, &timed, "the rows that were kept have no times, which are read now");
    rows_edge_init(&other, false, false, true);
    gy_layout_fini(&other.layout);
    other.fields[5] = (struct gyre_field)GYRE_FIELD(bytes, "word", 0);
    CU_ASSERT_EQUAL_FATAL(gy_layout_init(&other.layout, &other.output, false), 0);
    expect_refused(&few, &other,
                   "field `word` of the rows that were kept is of type str, and now of type bytes");
    gy_layout_fini(&other.layout);
    other.fields[5] = (struct gyre_field)GYRE_FIELD(str, "word", GYRE_NULLABLE);
    CU_ASSERT_EQUAL_FATAL(gy_layout_init(&other.layout, &other.output, false), 0);
    expect_refused(&other, &few,
                   "field `word` of the rows that were kept may be null, and now may not");
    rows_edge_fini(&all);
    rows_edge_fini(&few);
    rows_edge_fini(&keyed);
    rows_edge_fini(&timed);
    rows_edge_fini(&other);
}

/* ---- damage ---- */

/* A copy of just these bytes, so that a sanitizer sees who reads beyond them. */
static uint8_t *exactly(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    memcpy(copy, bytes, n);
    return copy;
}

/* Reads rows that may be damaged. True where they were refused as such. */
static bool refuses(const struct gy_unpack *unpack, struct rows_edge *edge, const uint8_t *bytes,
                    size_t n)
{
    struct gyre_error error = {.size = sizeof error};
    uint8_t *copy = exactly(bytes, n);
    struct gyre_reader reader = reader_of(copy, n);
    struct gy_message *message = gy_unpack_next(unpack, &reader, &edge->channel, &error);
    bool refused = message == NULL;
    CU_ASSERT_EQUAL(error.code, refused ? GYRE_ECORRUPT : 0);
    if (message != NULL) {
        CU_ASSERT(message->rows > 0 && message->rows <= message->capacity);
        gy_message_drop(message);
    }
    free(copy);
    return refused;
}

static void rows_cut_short_anywhere_are_refused(void)
{
    struct rows_edge edge;
    struct gy_unpack unpack;
    struct gyre_error error = {.size = sizeof error};
    struct gyre_writer writer = new_writer();
    rows_edge_init(&edge, true, true, false);
    CU_ASSERT_EQUAL_FATAL(unpack_for(&unpack, &edge, &edge, &error), 0);
    pack_rows(&edge, 0, 20, &writer);
    for (size_t n = 0; n < writer.length; n++)
        CU_ASSERT(refuses(&unpack, &edge, writer.data, n));
    CU_ASSERT_FALSE(refuses(&unpack, &edge, writer.data, writer.length));
    gy_unpack_fini(&unpack);
    gy_free(writer.data);
    rows_edge_fini(&edge);
}

/* Most changes are to values, which any bits may be; lengths, flags and the number of rows are not. */
static void rows_with_changed_bytes_are_read_or_refused_but_never_beyond_their_end(void)
{
    struct rows_edge edge;
    struct gy_unpack unpack;
    struct gyre_error error = {.size = sizeof error};
    struct gyre_writer writer = new_writer();
    uint64_t refused = 0;
    rows_edge_init(&edge, true, true, false);
    CU_ASSERT_EQUAL_FATAL(unpack_for(&unpack, &edge, &edge, &error), 0);
    pack_rows(&edge, 0, 20, &writer);
    for (size_t at = 0; at < writer.length; at++)
        for (unsigned change = 1; change < 256; change = change * 2 + 1) {
            writer.data[at] ^= (uint8_t)change;
            refused += refuses(&unpack, &edge, writer.data, writer.length);
            writer.data[at] ^= (uint8_t)change;
        }
    CU_ASSERT(refused > 100);
    gy_unpack_fini(&unpack);
    gy_free(writer.data);
    rows_edge_fini(&edge);
}

static void a_damaged_description_is_refused_or_read_but_never_beyond_its_end(void)
{
    struct rows_edge edge;
    struct gy_unpack unpack;
    struct gyre_error error = {.size = sizeof error};
    rows_edge_init(&edge, true, true, false);
    struct gyre_writer writer = describe(&edge);
    for (size_t n = 0; n < writer.length; n++) {
        uint8_t *copy = exactly(writer.data, n);
        struct gyre_reader reader = reader_of(copy, n);
        CU_ASSERT_EQUAL(gy_unpack_init(&unpack, &reader, &edge.layout, &edge.output.schema, &error),
                        GYRE_ECORRUPT);
        gy_unpack_fini(&unpack);
        free(copy);
    }
    for (size_t at = 0; at < writer.length * 8; at++) {
        uint8_t *copy = exactly(writer.data, writer.length);
        copy[at / 8] ^= (uint8_t)(1u << at % 8);
        struct gyre_reader reader = reader_of(copy, writer.length);
        int code = gy_unpack_init(&unpack, &reader, &edge.layout, &edge.output.schema, &error);
        CU_ASSERT(code == GYRE_ECORRUPT || code == GYRE_EINVAL || code == 0);
        gy_unpack_fini(&unpack);
        free(copy);
    }
    gy_free(writer.data);
    rows_edge_fini(&edge);
}

static void a_description_with_a_field_twice_is_refused(void)
{
    struct rows_edge edge;
    struct gy_unpack unpack;
    struct gyre_error error = {.size = sizeof error};
    rows_edge_init(&edge, false, false, true);
    struct gyre_writer once = describe(&edge), twice = new_writer();
    gyre_write_u32(&twice, 4);
    gyre_write(&twice, once.data + 4, once.length - 6);
    gyre_write(&twice, once.data + 4, once.length - 4);
    struct gyre_reader reader = reader_of(twice.data, twice.length);
    CU_ASSERT_EQUAL(gy_unpack_init(&unpack, &reader, &edge.layout, &edge.output.schema, &error),
                    GYRE_ECORRUPT);
    gy_unpack_fini(&unpack);
    gy_free(once.data);
    gy_free(twice.data);
    rows_edge_fini(&edge);
}

/* ---- memory ---- */

static void each_want_of_memory_is_told_and_nothing_is_lost(void)
{
    struct rows_edge edge;
    struct gy_unpack unpack;
    struct gyre_error error = {.size = sizeof error};
    struct gyre_writer writer = new_writer(), description;
    rows_edge_init(&edge, true, true, false);
    pack_rows(&edge, 0, 300, &writer);
    description = describe(&edge);
    uint64_t k = 1;
    for (bool hit = true; hit; k++) {
        gy_channel_fini(&edge.channel);
        CU_ASSERT_EQUAL_FATAL(gy_channel_init(&edge.channel, 16, UINT32_MAX), 0);
        struct gyre_reader about = reader_of(description.data, description.length);
        struct gyre_reader reader = reader_of(writer.data, writer.length);
        struct gy_message *message = NULL;
        gy_mem_fail_after(k);
        int code = gy_unpack_init(&unpack, &about, &edge.layout, &edge.output.schema, &error);
        if (code == 0)
            message = gy_unpack_next(&unpack, &reader, &edge.channel, &error);
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT_EQUAL(message == NULL, hit);
        CU_ASSERT(!hit || error.code == GYRE_ENOMEM);
        if (message != NULL)
            gy_message_drop(message);
        gy_unpack_fini(&unpack);
    }
    CU_ASSERT(k > 4);
    gy_free(description.data);
    gy_free(writer.data);
    rows_edge_fini(&edge);
}

static const struct suite_test tests[] = {
    SUITE_TEST(rows_of_every_type_come_back_as_they_were),
    SUITE_TEST(fields_that_are_not_carried_any_more_are_left_out),
    SUITE_TEST(rows_without_any_field_keep_their_number),
    SUITE_TEST(a_field_that_may_be_null_now_has_none_from_before),
    SUITE_TEST(what_is_carried_now_and_was_not_is_refused_by_name),
    SUITE_TEST(rows_cut_short_anywhere_are_refused),
    SUITE_TEST(rows_with_changed_bytes_are_read_or_refused_but_never_beyond_their_end),
    SUITE_TEST(a_damaged_description_is_refused_or_read_but_never_beyond_its_end),
    SUITE_TEST(a_description_with_a_field_twice_is_refused),
    SUITE_TEST(each_want_of_memory_is_told_and_nothing_is_lost),
};
SUITE_MAIN("flow_pack", tests)
