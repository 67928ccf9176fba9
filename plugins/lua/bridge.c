/* plugins/lua/bridge.c: see bridge.h. */
#include "bridge.h"
#include "pattern.h"
#include "re.h"
#include "when.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static int64_t hash_bytes(const char *bytes, size_t n)
{
    return (int64_t)XXH3_64bits(bytes, n);
}

/* POSIX lets functions have the addresses of objects. */
#define BRIDGE_ENTRY(name) .name = (void *)(name),
const struct bridge bridge_table = {BRIDGE(BRIDGE_ENTRY)};
