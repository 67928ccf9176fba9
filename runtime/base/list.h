/* An intrusive doubly linked list, which is also the queue.
 *
 * A head is a link that points to itself when empty; elements embed a link and are found from it by
 * GY_CONTAINER_OF. Nothing is allocated. A link is in one list at most.
 *
 * Invariant: link->next->prev == link and link->prev->next == link for the head and every element.
 */
#ifndef GY_BASE_LIST_H
#define GY_BASE_LIST_H

#include "base/debug.h"

#include <stdbool.h>
#include <stddef.h>

struct gy_list {
    struct gy_list *prev, *next;
};

#define GY_CONTAINER_OF(link, type, member)                                                        \
    ((type *)(void *)((char *)(link)-offsetof(type, member)))

/** Walks the list; the body may not remove `it`. */
#define GY_LIST_FOR_EACH(it, head)                                                                 \
    for (struct gy_list *it = (head)->next; it != (head); it = it->next)

/** Walks the list; the body may remove `it`. */
#define GY_LIST_FOR_EACH_SAFE(it, head)                                                            \
    for (struct gy_list *it = (head)->next, *it##_next = it->next; it != (head);                   \
         it = it##_next, it##_next = it->next)

/** Makes an empty list, or a link that is in none. */
static inline void gy_list_init(struct gy_list *l)
{
    l->prev = l->next = l;
}

static inline bool gy_list_empty(const struct gy_list *head)
{
    return head->next == head;
}

static inline void gy_list_insert_after(struct gy_list *at, struct gy_list *link)
{
    gy_debug_assert(at->next->prev == at && link != at);
    link->prev = at;
    link->next = at->next;
    at->next->prev = link;
    at->next = link;
}

static inline void gy_list_push_front(struct gy_list *head, struct gy_list *link)
{
    gy_list_insert_after(head, link);
}

static inline void gy_list_push_back(struct gy_list *head, struct gy_list *link)
{
    gy_list_insert_after(head->prev, link);
}

/** Takes a link out of its list; harmless on one that is in none. */
static inline void gy_list_remove(struct gy_list *link)
{
    gy_debug_assert(link->prev->next == link && link->next->prev == link);
    link->prev->next = link->next;
    link->next->prev = link->prev;
    gy_list_init(link);
}

/** Gives the first link, NULL when empty. */
static inline struct gy_list *gy_list_get_first(const struct gy_list *head)
{
    return head->next == head ? NULL : head->next;
}

/** Takes the first link out, NULL when empty. */
static inline struct gy_list *gy_list_take_first(struct gy_list *head)
{
    struct gy_list *first = gy_list_get_first(head);
    if (first)
        gy_list_remove(first);
    return first;
}

/** Moves all links of `from` to the end of `to` and leaves `from` empty. */
static inline void gy_list_append(struct gy_list *to, struct gy_list *from)
{
    if (gy_list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    gy_list_init(from);
}

#endif
