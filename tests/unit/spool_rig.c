/* See spool_rig.h. */
#include "unit/spool_rig.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ROWS_MOST = 60 };

void spool_rig_init(struct spool_rig *rig, uint64_t seed, uint64_t memory_max,
                    uint32_t segment_bytes)
{
    memset(rig, 0, sizeof *rig);
    rig->sim = sim_disk_new(seed);
    rig->disk = &rig->sim->disk;
    gy_rng_init(&rig->rng, seed);
    CU_ASSERT_EQUAL(rig->disk->make_dir(rig->disk, "/snap"), 0);
    CU_ASSERT_EQUAL(rig->disk->make_dir(rig->disk, SPOOL_FOLDER), 0);
    CU_ASSERT_EQUAL(rig->disk->make_dir(rig->disk, SPOOL_SNAPSHOT), 0);
    rows_edge_init(&rig->edges[0], true, true, false);
    rows_edge_init(&rig->edges[1], true, false, true);
    static const char *const names[SPOOL_ENTRIES] = {"a.out>step.in", NULL, "b.again>step.in"};
    for (uint32_t e = 0; e < SPOOL_ENTRIES; e += 2) {
        struct rows_edge *edge = &rig->edges[e / 2];
        rig->entries[e] =
            (struct gy_spool_entry){names[e], &edge->layout, &edge->output.schema, &edge->channel};
    }
    struct gy_spill_config config = {.disk = rig->disk,
                                     .folder = SPOOL_FOLDER,
                                     .name = "step-0",
                                     .memory_max = memory_max,
                                     .disk_max = UINT64_MAX,
                                     .segment_bytes = segment_bytes,
                                     .n_entries = SPOOL_ENTRIES,
                                     .entries = rig->entries};
    CU_ASSERT_EQUAL_FATAL(gy_spill_init(&rig->spill, &config), 0);
    gy_spool_init(&rig->now, &rig->spill, 0);
    gy_spool_init(&rig->next, &rig->spill, 1);
}

static void list_fini(struct spool_list *list)
{
    gy_vec_fini(&list->v);
    list->at = 0;
}

void spool_rig_fini(struct spool_rig *rig)
{
    gy_spool_fini(&rig->now);
    gy_spool_fini(&rig->next);
    CU_ASSERT_EQUAL(rig->spill.bytes_memory, 0);
    CU_ASSERT_EQUAL(rig->spill.bytes_disk, 0);
    gy_spill_fini(&rig->spill);
    CU_ASSERT_EQUAL(rig->sim->n_open, 0);
    for (int e = 0; e < 2; e++)
        rows_edge_fini(&rig->edges[e]);
    list_fini(&rig->in_now);
    list_fini(&rig->in_next);
    list_fini(&rig->logged[0]);
    list_fini(&rig->logged[1]);
    gy_part_fini(&rig->part);
    gy_buf_fini(&rig->state);
    gy_manifest_files_free(rig->task.files, rig->task.n_files);
    sim_disk_free(rig->sim);
}

/* ---- putting and taking ---- */

static struct spool_list *list_of(struct spool_rig *rig, const struct gy_spool *spool)
{
    return spool == &rig->now ? &rig->in_now : &rig->in_next;
}

static void add(struct spool_list *list, struct spool_item item)
{
    CU_ASSERT_EQUAL_FATAL(gy_vec_push(&list->v, item), 0);
}

int spool_rig_put(struct spool_rig *rig, struct gy_spool *spool, bool to_log)
{
    uint32_t rows =
        gy_rng_below(&rig->rng, 2) == 0 ? 1 : 1 + (uint32_t)gy_rng_below(&rig->rng, ROWS_MOST);
    struct spool_item item = {.first = rig->id,
                              .rows = rows,
                              .entry = 2 * (uint32_t)gy_rng_below(&rig->rng, 2),
                              .generation = (uint32_t)gy_rng_below(&rig->rng, 2)};
    struct gy_message *message = rows_make(&rig->edges[item.entry / 2], item.first, rows);
    message->entry = item.entry;
    message->generation = item.generation;
    uint64_t before = spool->n_put;
    int code = gy_spool_put(spool, message, to_log);
    if (spool->n_put == before)
        return code;
    rig->id += rows;
    add(list_of(rig, spool), item);
    if (to_log)
        add(&rig->logged[spool->tag], item);
    return code;
}

static bool is_item(struct spool_rig *rig, struct gy_message *message,
                    const struct spool_item *item)
{
    return message->entry == item->entry && message->rows == item->rows &&
           rows_first(&rig->edges[item->entry / 2], message) == item->first;
}

bool spool_rig_take(struct spool_rig *rig, struct gy_spool *spool)
{
    struct spool_list *list = list_of(rig, spool);
    uint64_t left = list->v.n - list->at;
    CU_ASSERT_EQUAL(spool->n_messages, left);
    struct gy_message *message = gy_spool_take(spool);
    CU_ASSERT_EQUAL(message == NULL, left == 0 || rig->spill.error.code != 0);
    if (message == NULL)
        return false;
    const struct spool_item *item = &list->v.items[list->at++];
    CU_ASSERT_FATAL(is_item(rig, message, item));
    CU_ASSERT_EQUAL(message->generation, item->generation);
    gy_message_drop(message);
    return true;
}

static void add_rest(struct spool_list *to, const struct spool_list *from)
{
    for (size_t i = from->at; i < from->v.n; i++)
        add(to, from->v.items[i]);
}

void spool_rig_splice(struct spool_rig *rig)
{
    gy_spool_splice(&rig->now, &rig->next);
    add_rest(&rig->in_now, &rig->in_next);
    list_fini(&rig->in_next);
    CU_ASSERT_EQUAL(rig->next.n_messages, 0);
    CU_ASSERT_EQUAL(rig->now.n_messages, rig->in_now.v.n - rig->in_now.at);
}

/* ---- the log ---- */

static void keep(void *host, struct gy_part_piece *piece)
{
    struct spool_rig *rig = host;
    gy_part_piece_seal(piece);
    gy_buf_bytes(&rig->state, piece->bytes, piece->n);
    gy_part_piece_free(piece);
}

void spool_rig_log_begin(struct spool_rig *rig, bool distrust)
{
    gy_buf_reset(&rig->state);
    gy_part_init(&rig->part, 1, keep, rig);
    list_fini(&rig->logged[0]);
    list_fini(&rig->logged[1]);
    gy_spill_log_begin(&rig->spill, &rig->part, SPOOL_SNAPSHOT, distrust);
    gy_spool_mark(&rig->now);
    gy_spool_mark(&rig->next);
    add_rest(&rig->logged[0], &rig->in_now);
    add_rest(&rig->logged[1], &rig->in_next);
}

bool spool_rig_log_end(struct spool_rig *rig)
{
    while (gy_spool_log(&rig->now, SIZE_MAX) || gy_spool_log(&rig->next, SIZE_MAX))
        ;
    bool failed = rig->part.error != 0 || rig->spill.log_error.code != 0;
    CU_ASSERT(failed || (rig->now.n_to_log == 0 && rig->next.n_to_log == 0));
    if (failed) {
        gy_spool_forget(&rig->now);
        gy_spool_forget(&rig->next);
    }
    gy_manifest_files_free(rig->task.files, rig->task.n_files);
    gy_spill_log_end(&rig->spill, &rig->task.files, &rig->task.n_files);
    if (!failed)
        failed = gy_part_end(&rig->part) != 0;
    gy_part_fini(&rig->part);
    if (failed)
        return false;
    sim_disk_put(rig->sim, SPOOL_STATE, rig->state.data, rig->state.len);
    return true;
}

static void compare_messages(struct spool_rig *rig, struct gy_replay *replay,
                             struct gyre_error *error)
{
    struct gy_message *message;
    int got;
    while ((got = gy_replay_next(replay, &message, error)) == 1) {
        struct spool_list *list = &rig->logged[replay->tag];
        CU_ASSERT_FATAL(list->at < list->v.n);
        CU_ASSERT_FATAL(is_item(rig, message, &list->v.items[list->at++]));
        gy_message_drop(message);
    }
    if (got != 0)
        printf("   %s\n", error->text);
    CU_ASSERT_EQUAL_FATAL(got, 0);
}

void spool_rig_compare_log(struct spool_rig *rig)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_part_reader reader;
    struct gy_record record;
    struct gy_replay replay;
    int got;
    CU_ASSERT_EQUAL_FATAL(gy_part_open(&reader, rig->disk, SPOOL_STATE, 1, &error), 0);
    gy_replay_init(&replay, rig->disk, SPOOL_SNAPSHOT, SPOOL_ENTRIES, rig->entries);
    while ((got = gy_part_read(&reader, &record, &error)) == 1) {
        CU_ASSERT_EQUAL(record.kind, GY_RECORD_FEEDBACK);
        int code = gy_replay_record(&replay, &record, &error);
        if (code != 0)
            printf("   %s\n", error.text);
        CU_ASSERT_EQUAL_FATAL(code, 0);
        compare_messages(rig, &replay, &error);
    }
    if (got != 0)
        printf("   %s\n", error.text);
    CU_ASSERT_EQUAL_FATAL(got, 0);
    for (int tag = 0; tag < 2; tag++)
        CU_ASSERT_EQUAL(rig->logged[tag].at, rig->logged[tag].v.n);
    gy_replay_fini(&replay);
    gy_part_close(&reader);
}
