/* See snapshot_sample.h. */
#include "unit/snapshot_sample.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "state/part.h"

/* ---- taking a snapshot ---- */

static void take(void *host, struct gy_part_piece *piece)
{
    gy_part_piece_seal(piece);
    gy_buf_bytes(host, piece->bytes, piece->n);
    gy_part_piece_free(piece);
}

/* More at first; then now more and now fewer than what was in the snapshot whose files are written over. */
static uint64_t n_records(uint64_t id)
{
    return 3 + (id <= 3 ? id : id * 3 % 5);
}

/* The file of task t in snapshot `id`. */
static void part_bytes(struct gy_buf *file, uint64_t id, uint32_t t)
{
    struct gy_part part;
    gy_part_init(&part, id, take, file);
    for (uint64_t i = 0; i < n_records(id); i++) {
        struct gyre_writer *writer = gy_part_record(&part, GY_RECORD_STATE, 0);
        gyre_write_u64(writer, gy_rng_mix(id * 1000 + t * 100 + i));
        gy_part_end_record(&part);
    }
    gy_part_end(&part);
    gy_part_fini(&part);
}

/* ---- files that are linked ---- */

/* The content of file `id`. */
static size_t rows_bytes(uint64_t id, char bytes[64])
{
    return (size_t)snprintf(bytes, 64, "rows that waited %llu", (unsigned long long)id * 1234567);
}

static void name_files(struct sample *s)
{
    const uint64_t id = s->manifest.id;
    char bytes[64];
    for (uint64_t i = 0; i < 2; i++) {
        size_t n = rows_bytes(id - 1 + i, bytes);
        snprintf(s->names[i], sizeof s->names[i], "counts-0-%llu.rows",
                 (unsigned long long)(id - 1 + i));
        s->files[i] = (struct gy_manifest_file){s->names[i], n, gy_checksum(bytes, n)};
    }
    s->tasks[0].n_files = 2;
    s->tasks[0].files = s->files;
}

static int make_rows(struct gy_disk *disk, const char *path, uint64_t id)
{
    char bytes[64];
    int handle;
    size_t n = rows_bytes(id, bytes);
    int code = gy_disk_renew(disk, path, &handle);
    if (code != 0)
        return code;
    code = disk->write(disk, handle, bytes, n);
    if (code == 0)
        code = disk->cut(disk, handle, n);
    int closed = disk->close(disk, handle);
    return code != 0 ? code : closed;
}

/* Files that wait are in this snapshot and the next; nobody syncs them but its publishing. */
static int link_rows(struct gy_disk *disk, const struct sample *s, struct gyre_error *error)
{
    int code = disk->make_dir(disk, SAMPLE_DIR "/.rows");
    code = code == -EEXIST ? 0 : code;
    for (uint64_t i = 0; code == 0 && i < 2; i++) {
        char *own = gy_printf(SAMPLE_DIR "/.rows/%s", s->names[i]);
        char *name = gy_snapshot_path(SAMPLE_DIR, s->manifest.id, s->names[i]);
        if (own == NULL || name == NULL)
            code = -ENOMEM;
        if (code == 0 && (i == 1 || s->manifest.id == 1))
            code = make_rows(disk, own, s->manifest.id - 1 + i);
        if (code == 0 && disk->link(disk, own, name) != 0) /* gone with a power cut, or taken */
            code = make_rows(disk, name, s->manifest.id - 1 + i);
        if (code == 0 && i == 0)
            disk->remove(disk, own);
        gy_free(own);
        gy_free(name);
    }
    return code == 0 ? 0 : gy_disk_failed(error, "link", SAMPLE_DIR "/.rows", code);
}

/* ---- the manifest ---- */

void sample_init(struct sample *s, uint64_t id)
{
    static char name0[] = "counts-0.state", name1[] = "counts-1.state";
    *s = (struct sample){
        .manifest = {.id = id,
                     .run = UINT64_C(0xfeedfacecafebeef),
                     .job = "word count",
                     .time_us = 1795380277123456,
                     .duration_us = 4321,
                     .finished = id % 2 == 0,
                     .max_parallelism = 128,
                     .n_plugins = 2,
                     .plugins = s->plugins,
                     .n_operators = 2,
                     .operators = s->ops},
        .plugins = {{.name = "file", .version = "0.1.0", .build = "2fb6057667b4"},
                    {.name = "std", .version = "0.2.0 \"beta\"", .build = "00"}},
        .states = {{.name = "sum",
                    .kind = GYRE_STATE_VALUE,
                    .type = "std.i64",
                    .version = 2,
                    .fingerprint = UINT64_C(0xfedcba9876543210),
                    .records = 7,
                    .of = "std.sum { field = \"n\"; } of n: i64"},
                   {.name = "seen",
                    .kind = GYRE_STATE_MAP,
                    .type = "unit",
                    .version = 1,
                    .map_key = "word",
                    .map_key_version = 7,
                    .map_key_fingerprint = 1}},
        .tasks = {{.watermark_us = 1795380270000000, .seen_us = INT64_MAX, .file = name0},
                  {.watermark_us = INT64_MIN, .seen_us = INT64_MIN, .ended = true, .file = name1}},
        .idle = {{.watermark_us = INT64_MAX, .seen_us = INT64_MAX, .ended = true}},
    };
    s->ops[0] = (struct gy_manifest_operator){.id = "counts",
                                              .op = "std.sum",
                                              .key = "word: str",
                                              .of = "std.sum { last = true; }",
                                              .n_states = 2,
                                              .states = s->states,
                                              .n_tasks = SAMPLE_TASKS,
                                              .tasks = s->tasks};
    s->ops[1] = (struct gy_manifest_operator){
        .id = "out", .op = "file.write", .n_tasks = 1, .tasks = s->idle};
    name_files(s);
}

/* As the scribe does it. */
static int write_synced(struct gy_disk *disk, const char *path, const struct gy_buf *file)
{
    int handle;
    int code = gy_disk_renew(disk, path, &handle);
    if (code != 0)
        return code;
    code = disk->write(disk, handle, file->data, file->len / 2);
    if (code == 0)
        code = disk->write(disk, handle, file->data + file->len / 2, file->len - file->len / 2);
    if (code == 0)
        code = disk->cut(disk, handle, file->len);
    if (code == 0)
        code = disk->sync(disk, handle);
    int closed = disk->close(disk, handle);
    return code != 0 ? code : closed;
}

int sample_write_files(struct gy_disk *disk, struct sample *s, struct gyre_error *error)
{
    for (uint32_t t = 0; t < SAMPLE_TASKS; t++) {
        struct gy_buf file = {0};
        part_bytes(&file, s->manifest.id, t);
        s->tasks[t].bytes = file.len;
        s->tasks[t].checksum = gy_checksum(file.data, file.len);
        s->tasks[t].records = n_records(s->manifest.id);
        char *path = gy_snapshot_path(SAMPLE_DIR, s->manifest.id, s->tasks[t].file);
        int code = write_synced(disk, path, &file);
        if (code != 0)
            code = gy_disk_failed(error, "write", path, code);
        gy_free(path);
        gy_buf_fini(&file);
        if (code != 0)
            return code;
    }
    return link_rows(disk, s, error);
}

/* After a failure: what was linked may have been lost by a sync, and the next one would not tell. */
static void distrust_rows(struct gy_disk *disk, const struct sample *s)
{
    for (int i = 0; i < 2; i++) {
        char *own = gy_printf(SAMPLE_DIR "/.rows/%s", s->names[i]);
        if (own != NULL)
            disk->remove(disk, own);
        gy_free(own);
    }
}

/* A snapshot from its begin to its publishing; it is discarded where that fails. */
int sample_take_snapshot(struct gy_disk *disk, uint64_t id, struct gyre_error *error)
{
    struct sample s;
    sample_init(&s, id);
    int code = gy_snapshot_begin(disk, SAMPLE_DIR, id, error);
    if (code == 0)
        code = sample_write_files(disk, &s, error);
    if (code == 0)
        code = gy_snapshot_publish(disk, SAMPLE_DIR, &s.manifest, error);
    if (code != 0) {
        gy_snapshot_discard(disk, SAMPLE_DIR, id);
        distrust_rows(disk, &s);
    }
    return code;
}

struct sim_disk *sample_disk_with(uint64_t n)
{
    struct sim_disk *sim = sim_disk_new(1);
    struct gyre_error error = {.size = sizeof error};
    uint64_t last;
    CU_ASSERT_EQUAL_FATAL(gy_snapshots_prepare(&sim->disk, SAMPLE_DIR, &last, &error), 0);
    for (uint64_t id = 1; id <= n; id++)
        CU_ASSERT_EQUAL_FATAL(sample_take_snapshot(&sim->disk, id, &error), 0);
    return sim;
}

/* ---- looking ---- */

static void note(void *host, const char *sentence)
{
    struct sample_told *t = host;
    t->n++;
    snprintf(t->text, sizeof t->text, "%s", sentence);
}

/* The id of the newest intact snapshot; 0 none, -1 an error. */
int64_t sample_newest(struct gy_disk *disk, uint64_t least, struct sample_told *t)
{
    struct gyre_error error = {.size = sizeof error, .code = 77};
    *t = (struct sample_told){0};
    struct gy_manifest *manifest = gy_snapshot_newest(disk, SAMPLE_DIR, least, 0, note, t, &error);
    int64_t id = manifest != NULL ? (int64_t)manifest->id : error.code == 0 ? 0 : -1;
    if (id < 0)
        snprintf(t->text, sizeof t->text, "%s", error.text);
    gy_manifest_free(manifest);
    return id;
}

void sample_expect_text(const char *is, const char *wanted)
{
    if (strcmp(is, wanted) != 0)
        printf("   is: %s\n  not: %s\n", is, wanted);
    CU_ASSERT_STRING_EQUAL(is, wanted);
}

void sample_expect_newest(struct sim_disk *sim, int64_t id, const char *text)
{
    struct sample_told t;
    CU_ASSERT_EQUAL(sample_newest(&sim->disk, 1, &t), id);
    CU_ASSERT_EQUAL(t.n, *text != '\0');
    sample_expect_text(t.text, text);
}
