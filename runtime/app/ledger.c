/* See ledger.h. */
#include "app/ledger.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct gy_ledger *gy_ledger_new(void)
{
    void *memory = mmap(NULL, sizeof(struct gy_ledger), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

void gy_ledger_free(struct gy_ledger *ledger)
{
    if (ledger != NULL)
        munmap(ledger, sizeof *ledger);
}

void gy_ledger_add(struct gy_ledger *ledger, const struct gy_checkpoint_news *news)
{
    struct gy_ledger_event *event = &ledger->events[ledger->n_events % GY_LEDGER_EVENTS];
    *event = (struct gy_ledger_event){news->id, news->bytes, news->duration_us, ""};
    if (news->event == GY_SNAPSHOT_FAILED)
        gy_text_shorten(event->failed, sizeof event->failed,
                        news->text != NULL ? news->text : "for an unknown reason");
    ledger->n_events++;
    if (news->id > ledger->last_id)
        ledger->last_id = news->id;
    if (news->event != GY_SNAPSHOT_TAKEN)
        return;
    /* relaxed: see gy_ledger_newest. */
    atomic_store_explicit(&ledger->newest, news->id, memory_order_relaxed);
}

uint64_t gy_ledger_events(const struct gy_ledger *ledger)
{
    return ledger->n_events < GY_LEDGER_EVENTS ? ledger->n_events : GY_LEDGER_EVENTS;
}

const struct gy_ledger_event *gy_ledger_event(const struct gy_ledger *ledger, uint64_t i)
{
    uint64_t first = ledger->n_events - gy_ledger_events(ledger);
    return &ledger->events[(first + i) % GY_LEDGER_EVENTS];
}

const char *gy_ledger_restart(const struct gy_ledger *ledger, const char *dir, char *text,
                              size_t size)
{
    uint64_t newest = gy_ledger_newest(ledger);
    if (newest != 0)
        snprintf(text, size, "%s/%llu", dir, (unsigned long long)newest);
    else
        snprintf(text, size, "%s", ledger->from);
    return text;
}
