/* limit_restore SNAPSHOT: reads a snapshot of bench-latency and makes its state anew, by hand, out of the parts
 * of the runtime: what a restore is held to.
 *
 * The state file is read once against the checksum of the manifest, as a restore verifies a snapshot before it
 * believes it, and then record by record into one store. Prints "entries=... bytes=..." */
#include "data/keygroup.h"
#include "state/manifest.h"
#include "state/part.h"
#include "state/snapshot.h"
#include "state/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* As plugins/paced.c declares it. */
static const struct gyre_member members[] = {{"count", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL},
                                             {"text", GYRE_TYPE_bytes, GYRE_OFFSET_NATURAL}};
static const struct gyre_state_type type = {.size = sizeof(struct gyre_state_type),
                                            .version = 1,
                                            .name = "blob_value",
                                            .value_size = 24,
                                            .value_align = 8,
                                            .members = members,
                                            .n_members = 2};

static void fail(const char *text)
{
    fprintf(stderr, "limit_restore: %s\n", text);
    exit(1);
}

static void read_state(const char *path, uint64_t id, struct gy_store *store)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_part_reader reader;
    struct gy_record record;
    int got;
    if (gy_part_open(&reader, gy_disk_real(), path, id, &error) != 0)
        fail(error.text);
    while ((got = gy_part_read(&reader, &record, &error)) == 1) {
        struct gyre_reader bytes = {.size = sizeof bytes, .data = record.bytes, .length = record.n};
        if (record.kind == GY_RECORD_STATE && gy_store_decode(store, &bytes, 1) != 0)
            fail("a record cannot be decoded");
    }
    if (got != 0)
        fail(error.text);
    gy_part_close(&reader);
}

int main(int argc, char **argv)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_store_config config = {.kind = GYRE_STATE_VALUE, .type = &type};
    if (argc != 2) {
        fprintf(stderr, "usage: limit_restore SNAPSHOT\n");
        return 2;
    }
    config.key.n = 1;
    config.key.types[0] = GYRE_TYPE_i64;
    struct gy_manifest *manifest = gy_snapshot_read(gy_disk_real(), argv[1], &error);
    if (manifest == NULL || gy_snapshot_verify(gy_disk_real(), manifest, &error) != 0)
        fail(error.text);
    const struct gy_manifest_operator *state = gy_manifest_operator(manifest, "state");
    struct gy_store *store = gy_store_new(&config, &error);
    if (store == NULL || state == NULL || state->n_tasks != 1 || state->tasks[0].file == NULL)
        fail(store == NULL ? error.text : "the snapshot is not one of bench-latency");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", argv[1], state->tasks[0].file);
    read_state(path, manifest->id, store);
    printf("entries=%" PRIu64 " bytes=%" PRIu64 "\n", gy_store_count(store), state->tasks[0].bytes);
    gy_store_free(store);
    gy_manifest_free(manifest);
    return 0;
}
