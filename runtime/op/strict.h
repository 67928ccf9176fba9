/* A host that is strict with the operator: what tests of a plugin ask for, and no job.
 *
 *   walls    memory that the operator may write to has bytes behind it that nobody may change, an output has room
 *            for few rows, and text for what was asked for alone. They are looked at when a call ends
 *   refuse   asked before each call of the host that may fail, by the name that plugins call it by, "gyre_map_get":
 *            true, and it fails as gyre/host.h says that it may. Of a writer's calls, "gyre_write" stands for all
 *            of one callback */
#ifndef GY_OP_STRICT_H
#define GY_OP_STRICT_H

#include "op/instance.h"

enum { GY_STRICT_ROWS = 7 }; /* that an output has room for */

struct gy_strict {
    bool walls;
    bool (*refuse)(void *host, const char *call);
    void *host;
};

/** Makes the host strict with an instance that is not open yet; `strict` outlives it. */
void gy_instance_be_strict(struct gy_instance *instance, const struct gy_strict *strict);

static inline bool gy_refuses(const struct gy_strict *strict, const char *call)
{
    return strict != NULL && strict->refuse != NULL && strict->refuse(strict->host, call);
}

#endif
