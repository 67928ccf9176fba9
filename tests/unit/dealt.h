/* Items of several tasks, dealt to as many as there are now: what a restore does, in lists. */
#ifndef TESTS_UNIT_DEALT_H
#define TESTS_UNIT_DEALT_H

#include "state/items.h"

/** Deals the items of `n_from` tasks to `n_to` empty lists, by a mode without keys. 0, or GYRE_ENOMEM; -1 where
 *  they are no items of such a mode. */
int dealt_items(uint32_t mode, const struct gy_items *from, uint32_t n_from, struct gy_items *to,
                uint32_t n_to);

#endif
