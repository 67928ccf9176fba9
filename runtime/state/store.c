/* The keyed state of one operator task; see store.h.
 *
 * A store is a table of entries and one entry apart from it: that of hash 0, which is the marker of
 * free lanes. Keys that are identified by their hash may have it; of others a hash 0 is taken for 1.
 * A store that is not keyed has the entry apart and no other. */
#include "state/store.h"

#include <assert.h>

#include "base/mem.h"
#include "state/table.h"

struct gy_store {
    struct gy_shape shape;
    struct gy_table table;
    bool zero_used;
    bool zero_saved;
    _Alignas(16) char zero[GY_INLINE_VALUE]; /* the cell of hash 0 */
    uint32_t n_fresh;
    uint16_t fresh[GYRE_BATCH_ROWS]; /* rows of the call at hand that made an entry */
};

struct gy_store *gy_store_new(const struct gy_store_config *config, struct gyre_error *error)
{
    int code = gy_state_type_check(config->type, error);
    if (code == 0 && config->kind == GYRE_STATE_MAP)
        code = gy_map_key_check(config->map_key, error);
    if (code != 0)
        return NULL;
    struct gy_store *store = gy_alloc(sizeof *store);
    if (store == NULL || gy_shape_init(&store->shape, config) != 0) {
        gy_error_no_memory(error, config);
        gy_store_free(store);
        return NULL;
    }
    gy_table_init(&store->table, &store->shape);
    return store;
}
