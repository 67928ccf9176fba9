/* See txns.h. */
#include "op/txns.h"

#include "base/mem.h"
#include "op/inside.h"

#include <assert.h>

static void free_txn(struct gy_txn *txn)
{
    gy_free(txn->name);
    gy_free(txn->prepared.data);
}

/* Forgets the first n transactions. */
static void drop(struct gy_txns *txns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free_txn(&txns->list.items[i]);
    txns->list.n -= n;
    if (txns->list.n > 0)
        memmove(txns->list.items, txns->list.items + n, txns->list.n * sizeof txns->list.items[0]);
}

void gy_txns_fini(struct gy_txns *txns)
{
    drop(txns, txns->list.n);
    gy_vec_fini(&txns->list);
}

/* Whoever restores can tell from the epoch what a sink may have prepared that no snapshot knows of. */
static char *name_of(const struct gy_instance *instance, uint64_t epoch)
{
    const char *job = instance->env.job, *id = instance->node->id;
    unsigned task = instance->ctx.task;
    return epoch != 0 ? gy_printf("%s-%s-%u-%llu", job, id, task, (unsigned long long)epoch)
                      : gy_printf("%s-%s-%u-end", job, id, task);
}

int gy_txns_prepare(struct gy_txns *txns, struct gy_instance *instance, uint64_t epoch)
{
    struct gy_txn txn = {.epoch = epoch, .name = name_of(instance, epoch)};
    assert(txns->list.n == 0 || epoch == 0 || txns->list.items[txns->list.n - 1].epoch < epoch);
    if (txn.name == NULL || gy_vec_reserve(&txns->list, 1) != 0) {
        free_txn(&txn);
        return gy_instance_fail(instance, GYRE_ENOMEM, "out of memory");
    }
    int code = gy_instance_prepare(instance, txn.name, &txn.prepared);
    gy_vec_push(&txns->list, txn);
    return code;
}

int gy_txns_commit(struct gy_txns *txns, struct gy_instance *instance, uint64_t epoch)
{
    size_t n = 0;
    int code = 0;
    while (code == 0 && n < txns->list.n && txns->list.items[n].epoch <= epoch) {
        const struct gy_txn *txn = &txns->list.items[n];
        code = gy_instance_commit(instance, txn->name, &txn->prepared);
        n += code == 0;
    }
    drop(txns, n);
    return code;
}

void gy_txns_abort(struct gy_txns *txns, struct gy_instance *instance, uint64_t epoch)
{
    for (size_t i = 0; i < txns->list.n; i++)
        if (txns->list.items[i].epoch > epoch || epoch == 0)
            gy_instance_abort(instance, txns->list.items[i].name, &txns->list.items[i].prepared);
    drop(txns, txns->list.n);
}

int gy_txns_save(const struct gy_txns *txns, struct gy_part *part)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < txns->list.n; i++) {
        const struct gy_txn *txn = &txns->list.items[i];
        struct gyre_writer *writer = gy_part_record(part, GY_RECORD_TXN, 0);
        uint32_t n = (uint32_t)strlen(txn->name);
        gyre_write_u64(writer, txn->epoch);
        gyre_write_u32(writer, n);
        gyre_write(writer, txn->name, n);
        gyre_write_u32(writer, (uint32_t)txn->prepared.length);
        gyre_write(writer, txn->prepared.data, txn->prepared.length);
        code = gy_part_end_record(part);
    }
    return code;
}

int gy_txns_read(struct gy_txns *txns, const void *record, size_t length)
{
    struct gyre_reader reader = {.size = sizeof reader, .data = record, .length = length};
    struct gy_txn txn = {.epoch = gyre_read_u64(&reader)};
    uint32_t n = gyre_read_u32(&reader);
    const char *name = gyre_read(&reader, n);
    uint32_t n_bytes = gyre_read_u32(&reader);
    const void *bytes = gyre_read(&reader, n_bytes);
    if (bytes == NULL || reader.position != reader.length)
        return GYRE_ECORRUPT;
    txn.name = gy_printf("%.*s", (int)n, name);
    txn.prepared.data = gy_alloc((size_t)n_bytes + 1);
    if (txn.name == NULL || txn.prepared.data == NULL || gy_vec_push(&txns->list, txn) != 0) {
        free_txn(&txn);
        return GYRE_ENOMEM;
    }
    struct gy_txn *kept = &txns->list.items[txns->list.n - 1];
    memcpy(kept->prepared.data, bytes, n_bytes);
    kept->prepared.length = n_bytes;
    return 0;
}
