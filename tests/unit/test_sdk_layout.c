/* The layout of the SDK's structs, pinned: what moves a field breaks every plugin that was built before.
 *
 * A change here is a change of the ABI: raise GYRE_ABI_MINOR with it, and append only. */
#include "support/suite.h"

#include <gyre/gyre.h>
#include <stdio.h>
#include <string.h>

struct pin {
    const char *what;
    size_t is, pinned;
};

/* clang-format off */
#define SIZE(type, bytes) {"sizeof " #type, sizeof(struct type), bytes}
#define AT(type, field, bytes) {#type "." #field, offsetof(struct type, field), bytes}

static const struct pin sizes[] = {
    SIZE(gyre_column, 16),
    SIZE(gyre_batch, 72),
    SIZE(gyre_out, 104),
    SIZE(gyre_error, 528),
    SIZE(gyre_function, 104),
    SIZE(gyre_aggregate, 48),
    SIZE(gyre_window_function, 24),
    SIZE(gyre_key_function, 16),
    SIZE(gyre_partition_function, 16),
    SIZE(gyre_distance_function, 16),
    SIZE(gyre_trigger_function, 32),
    SIZE(gyre_eviction_function, 16),
    SIZE(gyre_due, 24),
    SIZE(gyre_round, 24),
    SIZE(gyre_ctx, 80),
    SIZE(gyre_host, 224),
    SIZE(gyre_port, 40),
    SIZE(gyre_place, 16),
    SIZE(gyre_bind, 168),
    SIZE(gyre_window, 40),
    SIZE(gyre_splits, 40),
    SIZE(gyre_poll, 32),
    SIZE(gyre_operator, 240),
    SIZE(gyre_strs, 16),
    SIZE(gyre_groups, 16),
    SIZE(gyre_option, 88),
    SIZE(gyre_note, 160),
    SIZE(gyre_note_entry, 180),
    SIZE(gyre_item, 16),
    SIZE(gyre_plugin, 32),
    SIZE(gyre_str, 16),
    SIZE(gyre_field, 24),
    SIZE(gyre_schema, 16),
    SIZE(gyre_writer, 48),
    SIZE(gyre_reader, 32),
    SIZE(gyre_member, 16),
    SIZE(gyre_state_type, 80),
    SIZE(gyre_state, 48),
};

static const struct pin offsets[] = {
    /* gyre_column */
    AT(gyre_column, data, 0),
    AT(gyre_column, valid, 8),
    /* gyre_batch */
    AT(gyre_batch, size, 0),
    AT(gyre_batch, port, 4),
    AT(gyre_batch, rows, 8),
    AT(gyre_batch, kept, 12),
    AT(gyre_batch, columns, 16),
    AT(gyre_batch, keep, 24),
    AT(gyre_batch, selection, 32),
    AT(gyre_batch, time, 40),
    AT(gyre_batch, hash, 48),
    AT(gyre_batch, host, 56),
    AT(gyre_batch, n_columns, 64),
    AT(gyre_batch, reserved, 68),
    /* gyre_out */
    AT(gyre_out, size, 0),
    AT(gyre_out, rows, 4),
    AT(gyre_out, capacity, 8),
    AT(gyre_out, n_columns, 12),
    AT(gyre_out, data, 16),
    AT(gyre_out, valid, 24),
    AT(gyre_out, time, 32),
    AT(gyre_out, keep, 40),
    AT(gyre_out, text, 48),
    AT(gyre_out, text_end, 56),
    AT(gyre_out, full, 64),
    AT(gyre_out, grow, 72),
    AT(gyre_out, adopt, 80),
    AT(gyre_out, host, 88),
    AT(gyre_out, text_start, 96),
    /* gyre_error */
    AT(gyre_error, size, 0),
    AT(gyre_error, code, 4),
    AT(gyre_error, row, 8),
    AT(gyre_error, text, 16),
    /* gyre_function */
    AT(gyre_function, size, 0),
    AT(gyre_function, kind, 4),
    AT(gyre_function, name, 8),
    AT(gyre_function, doc, 16),
    AT(gyre_function, flags, 24),
    AT(gyre_function, config_size, 28),
    AT(gyre_function, options, 32),
    AT(gyre_function, fields, 40),
    AT(gyre_function, results, 48),
    AT(gyre_function, n_options, 56),
    AT(gyre_function, n_fields, 60),
    AT(gyre_function, n_results, 64),
    AT(gyre_function, instance_size, 68),
    AT(gyre_function, bind, 72),
    AT(gyre_function, impl, 80),
    AT(gyre_function, open, 88),
    AT(gyre_function, close, 96),
    /* gyre_aggregate */
    AT(gyre_aggregate, size, 0),
    AT(gyre_aggregate, reserved, 4),
    AT(gyre_aggregate, accumulator, 8),
    AT(gyre_aggregate, add, 16),
    AT(gyre_aggregate, roll, 24),
    AT(gyre_aggregate, result, 32),
    AT(gyre_aggregate, merge, 40),
    /* gyre_window_function */
    AT(gyre_window_function, size, 0),
    AT(gyre_window_function, reserved, 4),
    AT(gyre_window_function, fire, 8),
    AT(gyre_window_function, whole, 16),
    /* gyre_key_function */
    AT(gyre_key_function, size, 0),
    AT(gyre_key_function, reserved, 4),
    AT(gyre_key_function, keys, 8),
    /* gyre_partition_function */
    AT(gyre_partition_function, size, 0),
    AT(gyre_partition_function, reserved, 4),
    AT(gyre_partition_function, partition, 8),
    /* gyre_distance_function */
    AT(gyre_distance_function, size, 0),
    AT(gyre_distance_function, reserved, 4),
    AT(gyre_distance_function, distance, 8),
    /* gyre_trigger_function */
    AT(gyre_trigger_function, size, 0),
    AT(gyre_trigger_function, reserved, 4),
    AT(gyre_trigger_function, state, 8),
    AT(gyre_trigger_function, on_row, 16),
    AT(gyre_trigger_function, on_time, 24),
    /* gyre_eviction_function */
    AT(gyre_eviction_function, size, 0),
    AT(gyre_eviction_function, reserved, 4),
    AT(gyre_eviction_function, evict, 8),
    /* gyre_ctx */
    AT(gyre_ctx, size, 0),
    AT(gyre_ctx, task, 4),
    AT(gyre_ctx, tasks, 8),
    AT(gyre_ctx, n_outputs, 12),
    AT(gyre_ctx, host, 16),
    AT(gyre_ctx, config, 24),
    AT(gyre_ctx, outputs, 32),
    AT(gyre_ctx, error, 40),
    AT(gyre_ctx, watermark_us, 48),
    AT(gyre_ctx, restores, 56),
    AT(gyre_ctx, reserved, 60),
    AT(gyre_ctx, step_us, 64),
    AT(gyre_ctx, self, 72),
    /* gyre_host */
    AT(gyre_host, size, 0),
    AT(gyre_host, reserved, 4),
    AT(gyre_host, features, 8),
    AT(gyre_host, log, 16),
    AT(gyre_host, counter, 24),
    AT(gyre_host, gauge, 32),
    AT(gyre_host, alloc, 40),
    AT(gyre_host, now, 48),
    AT(gyre_host, random, 56),
    AT(gyre_host, bad_row, 64),
    AT(gyre_host, bad_input, 72),
    AT(gyre_host, watermark, 80),
    AT(gyre_host, idle, 88),
    AT(gyre_host, state_slots, 96),
    AT(gyre_host, state_remove, 104),
    AT(gyre_host, state_str, 112),
    AT(gyre_host, list_add, 120),
    AT(gyre_host, list_count, 128),
    AT(gyre_host, list_at, 136),
    AT(gyre_host, list_drop, 144),
    AT(gyre_host, map_get, 152),
    AT(gyre_host, map_remove, 160),
    AT(gyre_host, map_count, 168),
    AT(gyre_host, map_next, 176),
    AT(gyre_host, timer_set, 184),
    AT(gyre_host, timer_delete, 192),
    AT(gyre_host, vote, 200),
    AT(gyre_host, state_find, 208),
    AT(gyre_host, late, 216),
    /* gyre_port */
    AT(gyre_port, size, 0),
    AT(gyre_port, flags, 4),
    AT(gyre_port, name, 8),
    AT(gyre_port, doc, 16),
    AT(gyre_port, fields, 24),
    AT(gyre_port, n_fields, 32),
    AT(gyre_port, reserved, 36),
    /* gyre_place */
    AT(gyre_place, size, 0),
    AT(gyre_place, line, 4),
    AT(gyre_place, file, 8),
    /* gyre_bind */
    AT(gyre_bind, size, 0),
    AT(gyre_bind, mode, 4),
    AT(gyre_bind, n_inputs, 8),
    AT(gyre_bind, n_keys, 12),
    AT(gyre_bind, inputs, 16),
    AT(gyre_bind, keys, 24),
    AT(gyre_bind, read, 32),
    AT(gyre_bind, write, 40),
    AT(gyre_bind, pass, 48),
    AT(gyre_bind, pass_all, 56),
    AT(gyre_bind, add_port, 64),
    AT(gyre_bind, add_state, 72),
    AT(gyre_bind, accumulator, 80),
    AT(gyre_bind, single, 88),
    AT(gyre_bind, set_flags, 96),
    AT(gyre_bind, fail, 104),
    AT(gyre_bind, alloc, 112),
    AT(gyre_bind, host, 120),
    AT(gyre_bind, snapshots, 128),
    AT(gyre_bind, dry, 132),
    AT(gyre_bind, port_keys, 136),
    AT(gyre_bind, window, 144),
    AT(gyre_bind, place, 152),
    AT(gyre_bind, fail_at, 160),
    /* gyre_window */
    AT(gyre_window, size, 0),
    AT(gyre_window, reserved, 4),
    AT(gyre_window, size_us, 8),
    AT(gyre_window, period_us, 16),
    AT(gyre_window, offset_us, 24),
    AT(gyre_window, lateness_us, 32),
    /* gyre_splits */
    AT(gyre_splits, size, 0),
    AT(gyre_splits, tasks, 4),
    AT(gyre_splits, order, 8),
    AT(gyre_splits, reserved, 12),
    AT(gyre_splits, add, 16),
    AT(gyre_splits, error, 24),
    AT(gyre_splits, host, 32),
    /* gyre_poll */
    AT(gyre_poll, size, 0),
    AT(gyre_poll, status, 4),
    AT(gyre_poll, budget, 8),
    AT(gyre_poll, split, 12),
    AT(gyre_poll, wake_us, 16),
    AT(gyre_poll, fd, 24),
    AT(gyre_poll, reserved, 28),
    /* gyre_operator */
    AT(gyre_operator, size, 0),
    AT(gyre_operator, kind, 4),
    AT(gyre_operator, name, 8),
    AT(gyre_operator, doc, 16),
    AT(gyre_operator, flags, 24),
    AT(gyre_operator, config_size, 28),
    AT(gyre_operator, instance_size, 32),
    AT(gyre_operator, n_options, 36),
    AT(gyre_operator, options, 40),
    AT(gyre_operator, inputs, 48),
    AT(gyre_operator, outputs, 56),
    AT(gyre_operator, states, 64),
    AT(gyre_operator, n_inputs, 72),
    AT(gyre_operator, n_outputs, 76),
    AT(gyre_operator, n_states, 80),
    AT(gyre_operator, items, 84),
    AT(gyre_operator, needs, 88),
    AT(gyre_operator, bind, 96),
    AT(gyre_operator, open, 104),
    AT(gyre_operator, close, 112),
    AT(gyre_operator, process, 120),
    AT(gyre_operator, flush, 128),
    AT(gyre_operator, on_watermark, 136),
    AT(gyre_operator, on_timer, 144),
    AT(gyre_operator, on_round_end, 152),
    AT(gyre_operator, discover, 160),
    AT(gyre_operator, add_split, 168),
    AT(gyre_operator, poll, 176),
    AT(gyre_operator, save_split, 184),
    AT(gyre_operator, save_items, 192),
    AT(gyre_operator, restore_item, 200),
    AT(gyre_operator, prepare, 208),
    AT(gyre_operator, commit, 216),
    AT(gyre_operator, abort, 224),
    AT(gyre_operator, items_version, 232),
    /* gyre_strs */
    AT(gyre_strs, n, 0),
    AT(gyre_strs, reserved, 4),
    AT(gyre_strs, items, 8),
    /* gyre_groups */
    AT(gyre_groups, n, 0),
    AT(gyre_groups, stride, 4),
    AT(gyre_groups, items, 8),
    /* gyre_option */
    AT(gyre_option, size, 0),
    AT(gyre_option, type, 4),
    AT(gyre_option, name, 8),
    AT(gyre_option, doc, 16),
    AT(gyre_option, fallback, 24),
    AT(gyre_option, choices, 32),
    AT(gyre_option, unit, 40),
    AT(gyre_option, min, 48),
    AT(gyre_option, max, 56),
    AT(gyre_option, flags, 64),
    AT(gyre_option, offset, 68),
    AT(gyre_option, members, 72),
    AT(gyre_option, n_members, 80),
    AT(gyre_option, stride, 84),
    /* gyre_note */
    AT(gyre_note, magic, 0),
    AT(gyre_note, abi_major, 4),
    AT(gyre_note, abi_minor, 6),
    AT(gyre_note, byte_order, 8),
    AT(gyre_note, pointer_size, 9),
    AT(gyre_note, isa_level, 10),
    AT(gyre_note, zero, 11),
    AT(gyre_note, n_sizes, 12),
    AT(gyre_note, sizes, 16),
    AT(gyre_note, name, 80),
    AT(gyre_note, version, 128),
    /* gyre_note_entry */
    AT(gyre_note_entry, owner_size, 0),
    AT(gyre_note_entry, note_size, 4),
    AT(gyre_note_entry, type, 8),
    AT(gyre_note_entry, owner, 12),
    AT(gyre_note_entry, note, 20),
    /* gyre_item */
    AT(gyre_item, kind, 0),
    AT(gyre_item, reserved, 4),
    AT(gyre_item, what, 8),
    /* gyre_plugin */
    AT(gyre_plugin, size, 0),
    AT(gyre_plugin, n_items, 4),
    AT(gyre_plugin, name, 8),
    AT(gyre_plugin, version, 16),
    AT(gyre_plugin, items, 24),
    /* gyre_str */
    AT(gyre_str, len, 0),
    AT(gyre_str, head, 4),
    AT(gyre_str, u, 8),
    /* gyre_field */
    AT(gyre_field, size, 0),
    AT(gyre_field, type, 4),
    AT(gyre_field, name, 8),
    AT(gyre_field, flags, 16),
    AT(gyre_field, reserved, 20),
    /* gyre_schema */
    AT(gyre_schema, size, 0),
    AT(gyre_schema, n_fields, 4),
    AT(gyre_schema, fields, 8),
    /* gyre_writer */
    AT(gyre_writer, size, 0),
    AT(gyre_writer, error, 4),
    AT(gyre_writer, data, 8),
    AT(gyre_writer, length, 16),
    AT(gyre_writer, capacity, 24),
    AT(gyre_writer, grow, 32),
    AT(gyre_writer, host, 40),
    /* gyre_reader */
    AT(gyre_reader, size, 0),
    AT(gyre_reader, error, 4),
    AT(gyre_reader, data, 8),
    AT(gyre_reader, length, 16),
    AT(gyre_reader, position, 24),
    /* gyre_member */
    AT(gyre_member, name, 0),
    AT(gyre_member, type, 8),
    AT(gyre_member, offset, 12),
    /* gyre_state_type */
    AT(gyre_state_type, size, 0),
    AT(gyre_state_type, version, 4),
    AT(gyre_state_type, name, 8),
    AT(gyre_state_type, value_size, 16),
    AT(gyre_state_type, value_align, 20),
    AT(gyre_state_type, members, 24),
    AT(gyre_state_type, n_members, 32),
    AT(gyre_state_type, reserved, 36),
    AT(gyre_state_type, init, 40),
    AT(gyre_state_type, fini, 48),
    AT(gyre_state_type, encode, 56),
    AT(gyre_state_type, decode, 64),
    AT(gyre_state_type, migrate, 72),
    /* gyre_state */
    AT(gyre_state, size, 0),
    AT(gyre_state, kind, 4),
    AT(gyre_state, name, 8),
    AT(gyre_state, doc, 16),
    AT(gyre_state, type, 24),
    AT(gyre_state, key, 32),
    AT(gyre_state, ttl_us, 40),
};
/* clang-format on */

static void expect(const struct pin *pins, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (pins[i].is != pins[i].pinned)
            printf("%s is %zu, pinned at %zu\n", pins[i].what, pins[i].is, pins[i].pinned);
        CU_ASSERT_EQUAL(pins[i].is, pins[i].pinned);
    }
}

static void sizes_of_structs_stay(void)
{
    expect(sizes, sizeof sizes / sizeof *sizes);
}

static void offsets_of_fields_stay(void)
{
    expect(offsets, sizeof offsets / sizeof *offsets);
}

static void structs_begin_with_their_size(void)
{
#define ROW(type) CU_ASSERT_EQUAL(offsetof(struct type, size), 0);
    GYRE_ABI_STRUCTS(ROW)
#undef ROW
}

static void note_lists_a_size_for_each_struct(void)
{
#define ROW(type) +1
    CU_ASSERT_EQUAL(GYRE_NOTE_SIZES, 0 GYRE_ABI_STRUCTS(ROW));
#undef ROW
    const struct gyre_note *note = NULL;
    CU_ASSERT_EQUAL(sizeof note->sizes / sizeof note->sizes[0], GYRE_NOTE_SIZES);
}

static void note_is_made_as_documented(void)
{
    static const uint8_t front[] = {'G', 'Y', 'R', 'E', 0, 0, 4, 0, 1, 8, GYRE_ISA_LEVEL,
                                    0,   16,  0,   0,   0};
    static const struct gyre_note_entry entry = {5,
                                                 (uint32_t)sizeof(struct gyre_note),
                                                 GYRE_NOTE_TYPE,
                                                 GYRE_NOTE_OWNER,
                                                 {GYRE_NOTE_MAGIC,
                                                  GYRE_ABI_MAJOR,
                                                  GYRE_ABI_MINOR,
                                                  GYRE_BYTE_ORDER,
                                                  (uint8_t)sizeof(void *),
                                                  GYRE_ISA_LEVEL,
                                                  0,
                                                  GYRE_NOTE_SIZES,
                                                  {GYRE_ABI_STRUCTS(GYRE__SIZE_OF)},
                                                  "name",
                                                  "1.0"}};
    const uint8_t *bytes = (const uint8_t *)&entry;
    CU_ASSERT_EQUAL(memcmp(bytes + 20, front, sizeof front), 0);
    CU_ASSERT_EQUAL(memcmp(bytes + 12, "gyre\0\0\0", 8), 0);
    CU_ASSERT_STRING_EQUAL((const char *)bytes + 20 + 80, "name");
    CU_ASSERT_STRING_EQUAL((const char *)bytes + 20 + 128, "1.0");
    CU_ASSERT_EQUAL(entry.note.sizes[0], sizeof(struct gyre_plugin));
}

static void strings_are_inline_up_to_twelve_bytes(void)
{
    const char *text = "abcdefghijklm";
    struct gyre_str s = gyre_str_view(text, 12), longer = gyre_str_view(text, 13);
    CU_ASSERT_PTR_EQUAL(gyre_str_data(&s), (const char *)&s + 4);
    CU_ASSERT_PTR_EQUAL(gyre_str_data(&longer), text);
    CU_ASSERT_EQUAL(memcmp(longer.head, text, 4), 0);
}

static void column_types_have_the_sizes_of_their_c_types(void)
{
#define ROW(name, id, ctype, bytes)                                                                \
    CU_ASSERT_EQUAL(sizeof(ctype), bytes);                                                         \
    CU_ASSERT_EQUAL(sizeof(gyre_c_##name), bytes);                                                 \
    CU_ASSERT_EQUAL(GYRE_TYPE_##name, id);
    GYRE_TYPES(ROW)
#undef ROW
}

static const struct suite_test tests[] = {
    SUITE_TEST(sizes_of_structs_stay),
    SUITE_TEST(offsets_of_fields_stay),
    SUITE_TEST(structs_begin_with_their_size),
    SUITE_TEST(note_lists_a_size_for_each_struct),
    SUITE_TEST(note_is_made_as_documented),
    SUITE_TEST(strings_are_inline_up_to_twelve_bytes),
    SUITE_TEST(column_types_have_the_sizes_of_their_c_types),
};
SUITE_MAIN("sdk_layout", tests)
