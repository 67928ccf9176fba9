/* Saving and restoring ONE instance: its items and its keyed state. Positions of sources and
 * transactions of sinks are saved by calls of their own (instance.h), since their records are the
 * caller's. */
#include "op/inside.h"

#include <assert.h>

enum { WALK = 64 };

uint32_t gy_node_states(const struct gy_node *node)
{
    return node->aggregation != GY_AGG_NONE ? node->n_hosted : node->n_states;
}

struct gyre_state gy_node_state(const struct gy_node *node, uint32_t s)
{
    if (node->aggregation == GY_AGG_NONE)
        return *node->states[s];
    const struct gy_hosted *hosted = &node->hosted[s];
    static const struct gyre_state_type rows = {
        .size = sizeof rows, .version = 1, .name = "rows", .value_size = 8, .value_align = 8};
    return (struct gyre_state){.size = sizeof(struct gyre_state),
                               .kind = GYRE_STATE_VALUE,
                               .name = node->outputs[0].own[hosted->first_own].name,
                               .doc = hosted->function->doc,
                               .type = hosted->accumulator != NULL ? hosted->accumulator : &rows};
}

/* ---- saving ---- */

static int write_items(struct gy_part *part, const struct gy_items *items)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < items->list.n; i++) {
        struct gyre_writer *writer = gy_part_record(part, GY_RECORD_ITEM, 0);
        gyre_write(writer, items->list.items[i].bytes, items->list.items[i].n);
        code = gy_part_end_record(part);
    }
    return code;
}

/* Some of the items: 1 where there are more. `given_up`: none are asked for any more. */
static int some_items(struct gy_instance *instance, struct gy_items *items, bool given_up)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    struct gy_items_writer writer;
    if (descriptor == NULL || descriptor->save_items == NULL)
        return 0;
    gy_items_writer_init(&writer, items);
    uint64_t rows = gy_instance_rows(instance);
    gy_instance_refuse_writes(instance, &writer.writer);
    writer.writer.error = given_up ? GYRE_EFAIL : writer.writer.error;
    struct gy_call call = gy_call_begin(instance, "save_items");
    int code =
        descriptor->save_items(instance->self, &instance->ctx, &writer.writer, gy_items_next);
    int written = gy_items_end(&writer);
    bool more = code == 1;
    code = more || code == 0 ? written : code;
    code = gy_call_end(instance, call, gy_instance_check_rows(instance, rows, code));
    return code == 0 && more ? 1 : code;
}

int gy_instance_save_items(struct gy_instance *instance, struct gy_items *items)
{
    int code;
    do
        code = some_items(instance, items, false);
    while (code == 1);
    return code;
}

/* Writes some items, the first ones or more; `saving_items` says whether there are more. */
static int save_items(struct gy_instance *instance, struct gy_part *part)
{
    struct gy_items items = {0};
    int code = some_items(instance, &items, false);
    instance->saving_items = code == 1;
    if (code >= 0)
        code = write_items(part, &items);
    gy_items_fini(&items);
    return code;
}

static void give_up_items(struct gy_instance *instance)
{
    struct gy_items items = {0};
    if (!instance->saving_items)
        return;
    instance->saving_items = false;
    some_items(instance, &items, true);
    gy_instance_forgive(instance);
    gy_items_fini(&items);
}

/* Records of a constant size. */
static void save_images(const struct gy_saving *saving, struct gy_part *part,
                        const struct gy_store_entry *entries, uint32_t n)
{
    const struct gy_store *store = saving->instance->stores[saving->state];
    for (uint32_t done = 0, some; done < n; done += some) {
        some = n - done;
        uint8_t *to = gy_part_put(part, GY_RECORD_STATE, saving->state, saving->image_size, &some);
        if (to == NULL)
            return;
        gy_store_images(store, entries + done, some, to, GY_RECORD_HEAD + saving->image_size);
    }
}

/* Takes keyed state; the `save` of the instance's stores. Errors stay in the part. */
static void save_records(void *host, const struct gy_store_entry *entries, uint32_t n)
{
    struct gy_saving *saving = host;
    struct gy_instance *instance = saving->instance;
    struct gy_part *part = instance->part;
    saving->records += n;
    if (saving->image_size != 0) {
        save_images(saving, part, entries, n);
        return;
    }
    for (uint32_t i = 0; i < n && part->error == 0; i++) {
        struct gyre_writer *writer = gy_part_record(part, GY_RECORD_STATE, saving->state);
        gy_instance_refuse_writes(instance, writer);
        gy_store_encode(instance->stores[saving->state], &entries[i], writer);
        gy_part_end_record(part);
    }
}

static int save_drawn(const struct gy_instance *instance, struct gy_part *part)
{
    if (instance->drawn == 0)
        return 0;
    gyre_write_u64(gy_part_record(part, GY_RECORD_RANDOM, 0), instance->drawn);
    return gy_part_end_record(part);
}

int gy_instance_save_begin(struct gy_instance *instance, struct gy_part *part)
{
    assert(instance->part == NULL && part->error == 0); /* one saving at a time */
    int code = save_drawn(instance, part);
    if (code == 0)
        code = save_items(instance, part);
    if (code != 0) {
        give_up_items(instance);
        return code;
    }
    for (uint32_t s = 0; s < instance->n_stores; s++)
        instance->savings[s].records = 0;
    instance->part = part;
    instance->saving_state = 0;
    if (instance->timers != NULL)
        gy_timers_save_begin(instance->timers);
    if (instance->window != NULL) {
        gy_window_save_begin(instance->window);
        return 0;
    }
    instance->saving_rest = instance->working && instance->node->n_hosted != 0;
    instance->save_cursor = instance->cursor;
    if (instance->saving_rest)
        return 0;
    for (uint32_t s = 0; s < instance->n_stores; s++)
        gy_store_epoch(instance->stores[s], save_records, &instance->savings[s]);
    return 0;
}

/* Results are being put out: the input is over, so nothing changes any more, and the state is what the
 * walk has not come to yet. */
static bool save_rest(struct gy_instance *instance, uint32_t most)
{
    struct gy_store_entry entries[WALK];
    uint32_t n = gy_store_walk(instance->stores[0], &instance->save_cursor, entries,
                               most < WALK ? most : WALK);
    if (n > 0)
        save_records(&instance->savings[0], entries, n);
    return n > 0 && instance->part->error == 0;
}

bool gy_instance_save_slice(struct gy_instance *instance, uint32_t most)
{
    if (instance->part == NULL)
        return false;
    if (instance->saving_items && instance->part->error == 0) {
        int code = save_items(instance, instance->part);
        if (code != 0)
            instance->part->error = code;
        return true;
    }
    if (instance->timers != NULL && instance->part->error == 0 &&
        gy_timers_save_slice(instance->timers, most))
        return true;
    if (instance->window != NULL && instance->part->error == 0 &&
        gy_window_save_slice(instance->window, most))
        return true;
    if (instance->saving_rest && save_rest(instance, most))
        return true;
    if (instance->saving_rest)
        instance->saving_state = instance->n_stores;
    while (instance->saving_state < instance->n_stores && instance->part->error == 0) {
        if (gy_store_save_slice(instance->stores[instance->saving_state], most))
            return true;
        instance->saving_state++;
    }
    gy_instance_save_stop(instance);
    return false;
}

void gy_instance_save_stop(struct gy_instance *instance)
{
    give_up_items(instance);
    if (instance->timers != NULL)
        gy_timers_save_stop(instance->timers);
    if (instance->window != NULL)
        gy_window_save_stop(instance->window);
    for (uint32_t s = 0; s < instance->n_stores; s++)
        gy_store_epoch(instance->stores[s], NULL, NULL);
    instance->part = NULL;
    instance->saving_rest = false;
}

/* ---- restoring ---- */

int gy_instance_restore_item(struct gy_instance *instance, uint32_t version,
                             const struct gy_item *item)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    struct gyre_reader reader = {.size = sizeof reader, .data = item->bytes, .length = item->n};
    if (descriptor == NULL || descriptor->restore_item == NULL)
        return gy_instance_fail(instance, GYRE_ENOTSUP, "%s takes no items", instance->node->op);
    struct gy_call call = gy_call_begin(instance, "restore_item");
    int code = descriptor->restore_item(instance->self, &instance->ctx, version, &reader);
    return gy_call_end(instance, call, code != 0 ? code : reader.error);
}

/* Says which state a record of which version could not be made of. */
static int fail_record(struct gy_instance *instance, int code, uint32_t s, uint32_t version)
{
    const struct gyre_state state = gy_node_state(instance->node, s);
    instance->callback = "decode";
    if (code != GYRE_ENOMEM && version != state.type->version)
        return gy_instance_fail(instance, code,
                                "a record of the state '%s' cannot be migrated from version %u to "
                                "%u of its type: its migrate refuses it",
                                state.name, version, state.type->version);
    return gy_instance_fail(instance, code, "a record of the state '%s' cannot be read: %s",
                            state.name,
                            code == GYRE_ENOMEM ? "out of memory" : "its type refuses it");
}

static uint32_t version_of(const struct gy_form *form, uint32_t s)
{
    for (uint32_t i = 0; i < form->n; i++)
        if (form->segments[i].segment == s)
            return form->segments[i].version;
    return 0;
}

/* A record of hosted functions is in the form of all states, another in that of its own state. */
static int restore_timers(struct gy_instance *instance, const struct gy_record *record)
{
    struct gyre_reader reader = {.size = sizeof reader, .data = record->bytes, .length = record->n};
    if (instance->timers == NULL)
        return gy_instance_fail(instance, GYRE_ENOTSUP,
                                "%s takes no timers, and the snapshot has some of it",
                                instance->node->op);
    int code = gy_timers_restore(instance->timers, &reader);
    if (code == 0 && reader.position != reader.length)
        code = GYRE_ECORRUPT;
    return code == 0 ? 0 : gy_instance_fail(instance, code, "timers cannot be read");
}

int gy_instance_restore_state(struct gy_instance *instance, const struct gy_record *record)
{
    if (record->kind == GY_RECORD_TIMERS)
        return restore_timers(instance, record);
    const struct gy_form *form = instance->form;
    bool hosts = instance->node->aggregation != GY_AGG_NONE;
    assert(form != NULL && record->index < form->n);
    if (hosts && record->index != 0)
        return gy_instance_fail(instance, GYRE_ECORRUPT, "a record is of the state %u of one",
                                record->index);
    struct gyre_reader reader = {.size = sizeof reader, .data = record->bytes, .length = record->n};
    struct gy_crumb before = gy_crumb_enter(&instance->site, "decode");
    uint32_t s = form->segments[hosts ? 0 : record->index].segment;
    int code = instance->window != NULL ? gy_window_restore(instance->window, &reader, form)
               : hosts ? gy_store_decode_form(instance->stores[0], &reader, form, &s)
                       : gy_store_decode(instance->stores[s], &reader,
                                         form->segments[record->index].version);
    gy_crumb = before;
    if (code == 0 && reader.position != reader.length)
        code = GYRE_ECORRUPT;
    return code == 0 ? 0 : fail_record(instance, code, s, version_of(form, s));
}

uint64_t gy_instance_saved_records(const struct gy_instance *instance, uint32_t s)
{
    return s < instance->n_stores ? instance->savings[s].records : 0;
}

int gy_instance_restore_begin(struct gy_instance *instance, const struct gy_form *form,
                              const uint64_t *records)
{
    bool hosts = instance->node->aggregation != GY_AGG_NONE;
    instance->form = form;
    /* The tables of windows are made as their records come. */
    for (uint32_t i = 0; instance->window == NULL && i < form->n; i++) {
        uint32_t s = hosts ? 0 : form->segments[i].segment;
        assert(s < instance->n_stores);
        if (gy_store_reserve(instance->stores[s], records[i]) != 0)
            return gy_instance_fail(instance, GYRE_ENOMEM, "out of memory for %llu records",
                                    (unsigned long long)records[i]);
    }
    return 0;
}

uint64_t gy_instance_drawn(const struct gy_instance *instance)
{
    return instance->drawn;
}

void gy_instance_restore_drawn(struct gy_instance *instance, uint64_t drawn)
{
    instance->drawn = drawn;
}

int gy_instance_restored(struct gy_instance *instance, int64_t seen_us, int64_t told_us)
{
    assert(told_us <= seen_us);
    instance->ctx.watermark_us = seen_us;
    instance->own_us = told_us;
    const struct gyre_operator *descriptor = instance->node->descriptor;
    bool at_end = seen_us == INT64_MAX && descriptor != NULL && descriptor->on_watermark != NULL &&
                  instance->timers == NULL;
    instance->working =
        told_us < seen_us && (at_end || instance->node->aggregation == GY_AGG_FINAL);
    instance->told_us = instance->working ? told_us : seen_us;
    int code = instance->timers != NULL ? gy_timers_restored(instance->timers) : 0;
    if (code != 0)
        return code;
    instance->form = NULL;
    if (instance->timers != NULL)
        instance->told_us = gy_timers_have_work(instance->timers) ? told_us : seen_us;
    if (instance->window != NULL) {
        instance->told_us = told_us;
        return gy_window_restored(instance->window, seen_us, told_us);
    }
    for (uint32_t s = 0; s < instance->n_stores; s++)
        if (gy_store_decoded_all(instance->stores[s]) != 0)
            return gy_instance_fail(instance, GYRE_ECORRUPT, "the state '%s' lacks a piece",
                                    gy_node_state(instance->node, s).name);
    return 0;
}
