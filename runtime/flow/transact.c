/* The transactions of sinks; see member.h. */
#include "flow/flow.h"

#include "base/mem.h"

static void free_txn(struct gy_txn *txn)
{
    gy_free(txn->name);
    gy_free(txn->prepared.data);
}

/* Forgets the first n transactions. */
static void drop_txns(struct gy_member *member, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free_txn(&member->txns.items[i]);
    member->txns.n -= n;
    if (member->txns.n > 0)
        memmove(member->txns.items, member->txns.items + n,
                member->txns.n * sizeof member->txns.items[0]);
}

/* Whoever restores can tell from the epoch what a sink may have prepared that no snapshot knows of. */
static char *txn_name(const struct gy_member *member, uint64_t epoch)
{
    const char *job = member->task->flow->physical->graph->job, *id = member->node->id;
    unsigned task = member->task->index;
    return epoch != 0 ? gy_printf("%s-%s-%u-%llu", job, id, task, (unsigned long long)epoch)
                      : gy_printf("%s-%s-%u-end", job, id, task);
}

int gy_member_prepare(struct gy_member *member, uint64_t epoch)
{
    struct gy_txn txn = {.epoch = epoch, .name = txn_name(member, epoch)};
    if (txn.name == NULL || gy_vec_reserve(&member->txns, 1) != 0) {
        free_txn(&txn);
        gy_flow_fail_memory(member->task->flow, member->instance);
        return GYRE_ENOMEM;
    }
    int code = gy_instance_prepare(member->instance, txn.name, &txn.prepared);
    gy_vec_push(&member->txns, txn); /* also one that failed: it is to be undone */
    if (code != 0)
        gy_member_fail(member);
    return code;
}

int gy_member_commit(struct gy_member *member, uint64_t epoch)
{
    size_t n = 0;
    int code = 0;
    while (code == 0 && n < member->txns.n && member->txns.items[n].epoch <= epoch) {
        const struct gy_txn *txn = &member->txns.items[n];
        code = gy_instance_commit(member->instance, txn->name, &txn->prepared);
        n += code == 0;
    }
    drop_txns(member, n);
    if (code != 0)
        gy_member_fail(member);
    return code;
}

void gy_member_abort(struct gy_member *member, uint64_t epoch)
{
    for (size_t i = 0; i < member->txns.n; i++)
        if (member->txns.items[i].epoch > epoch || epoch == 0)
            gy_instance_abort(member->instance, member->txns.items[i].name,
                              &member->txns.items[i].prepared);
    drop_txns(member, member->txns.n);
}

void gy_member_forget(struct gy_member *member)
{
    drop_txns(member, member->txns.n);
    gy_vec_fini(&member->txns);
}
