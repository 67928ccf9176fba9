/* The folder of snapshots: manifests, damage, full and broken disks, power cuts. */
#include "support/suite.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "state/part.h"
#include "state/snapshot.h"
#include "support/files.h"
#include "support/sim_disk.h"
#include <gyre/state.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIR "jobs/snap"

/* ---- taking a snapshot ---- */

static void take(void *host, struct gy_part_piece *piece)
{
    gy_buf_bytes(host, piece->bytes, piece->n);
    gy_part_piece_free(piece);
}

/* The file of task t in snapshot `id`. */
static void part_bytes(struct gy_buf *file, uint64_t id, uint32_t t)
{
    struct gy_part part;
    gy_part_init(&part, id, take, file);
    for (uint64_t i = 0; i < 3 + id; i++) {
        struct gyre_writer *writer = gy_part_record(&part, GY_RECORD_STATE, 0);
        gyre_write_u64(writer, gy_rng_mix(id * 1000 + t * 100 + i));
        gy_part_end_record(&part);
    }
    gy_part_end(&part);
    gy_part_fini(&part);
}

#define N_TASKS 2u

/* A manifest that borrows all it has. */
struct sample {
    struct gy_manifest manifest;
    struct gy_manifest_operator ops[2];
    struct gy_manifest_state states[2];
    struct gy_manifest_task tasks[N_TASKS], idle[1];
};

static void sample_init(struct sample *s, uint64_t id)
{
    static char name0[] = "counts-0.state", name1[] = "counts-1.state";
    *s = (struct sample){
        .manifest = {.id = id,
                     .job = "word count",
                     .time_us = 1795380277123456,
                     .duration_us = 4321,
                     .finished = id % 2 == 0,
                     .max_parallelism = 128,
                     .n_operators = 2,
                     .operators = s->ops},
        .states = {{.name = "sum",
                    .kind = GYRE_STATE_VALUE,
                    .type = "std.i64",
                    .version = 2,
                    .fingerprint = UINT64_C(0xfedcba9876543210)},
                   {.name = "seen",
                    .kind = GYRE_STATE_MAP,
                    .type = "unit",
                    .version = 1,
                    .map_key = "word",
                    .map_key_version = 7,
                    .map_key_fingerprint = 1}},
        .tasks = {{.watermark_us = 1795380270000000, .file = name0},
                  {.watermark_us = INT64_MIN, .ended = true, .file = name1}},
        .idle = {{.watermark_us = INT64_MAX, .ended = true}},
    };
    s->ops[0] = (struct gy_manifest_operator){.id = "counts",
                                              .op = "std.sum",
                                              .plugin = "0.1.0",
                                              .key = "word: str",
                                              .n_states = 2,
                                              .states = s->states,
                                              .n_tasks = N_TASKS,
                                              .tasks = s->tasks};
    s->ops[1] = (struct gy_manifest_operator){
        .id = "out", .op = "file.write", .plugin = "0.1.0", .n_tasks = 1, .tasks = s->idle};
}

/* As the scribe does it. */
static int write_synced(struct gy_disk *disk, const char *path, const struct gy_buf *file)
{
    int handle;
    int code = disk->create(disk, path, &handle);
    if (code != 0)
        return code;
    code = disk->write(disk, handle, file->data, file->len / 2);
    if (code == 0)
        code = disk->write(disk, handle, file->data + file->len / 2, file->len - file->len / 2);
    if (code == 0)
        code = disk->sync(disk, handle);
    int closed = disk->close(disk, handle);
    return code != 0 ? code : closed;
}

static int write_files(struct gy_disk *disk, struct sample *s, struct gyre_error *error)
{
    for (uint32_t t = 0; t < N_TASKS; t++) {
        struct gy_buf file = {0};
        part_bytes(&file, s->manifest.id, t);
        s->tasks[t].bytes = file.len;
        s->tasks[t].checksum = gy_checksum(file.data, file.len);
        s->tasks[t].records = 3 + s->manifest.id;
        char *path = gy_snapshot_path(DIR, s->manifest.id, s->tasks[t].file);
        int code = write_synced(disk, path, &file);
        if (code != 0)
            code = gy_disk_failed(error, "write", path, code);
        gy_free(path);
        gy_buf_fini(&file);
        if (code != 0)
            return code;
    }
    return 0;
}

/* A snapshot from its begin to its publishing; it is discarded where that fails. */
static int take_snapshot(struct gy_disk *disk, uint64_t id, struct gyre_error *error)
{
    struct sample s;
    sample_init(&s, id);
    int code = gy_snapshot_begin(disk, DIR, id, error);
    if (code == 0)
        code = write_files(disk, &s, error);
    if (code == 0)
        code = gy_snapshot_publish(disk, DIR, &s.manifest, error);
    if (code != 0)
        gy_snapshot_discard(disk, DIR, id);
    return code;
}

static struct sim_disk *disk_with(uint64_t n)
{
    struct sim_disk *sim = sim_disk_new(1);
    struct gyre_error error = {.size = sizeof error};
    uint64_t last;
    CU_ASSERT_EQUAL_FATAL(gy_snapshots_prepare(&sim->disk, DIR, &last, &error), 0);
    for (uint64_t id = 1; id <= n; id++)
        CU_ASSERT_EQUAL_FATAL(take_snapshot(&sim->disk, id, &error), 0);
    return sim;
}

/* ---- looking ---- */

struct told {
    int n;
    char text[GYRE_ERROR_TEXT];
};

static void told(void *host, const char *sentence)
{
    struct told *t = host;
    t->n++;
    snprintf(t->text, sizeof t->text, "%s", sentence);
}

/* The id of the newest intact snapshot; 0 none, -1 an error. */
static int64_t newest(struct gy_disk *disk, uint64_t least, struct told *t)
{
    struct gyre_error error = {.size = sizeof error, .code = 77};
    *t = (struct told){0};
    struct gy_manifest *manifest = gy_snapshot_newest(disk, DIR, least, told, t, &error);
    int64_t id = manifest != NULL ? (int64_t)manifest->id : error.code == 0 ? 0 : -1;
    if (id < 0)
        snprintf(t->text, sizeof t->text, "%s", error.text);
    gy_manifest_free(manifest);
    return id;
}

static void expect_text(const char *is, const char *wanted)
{
    if (strcmp(is, wanted) != 0)
        printf("   is: %s\n  not: %s\n", is, wanted);
    CU_ASSERT_STRING_EQUAL(is, wanted);
}

static void expect_newest(struct sim_disk *sim, int64_t id, const char *text)
{
    struct told t;
    CU_ASSERT_EQUAL(newest(&sim->disk, 1, &t), id);
    CU_ASSERT_EQUAL(t.n, *text != '\0');
    expect_text(t.text, text);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_operator(const struct gy_manifest_operator *a,
                          const struct gy_manifest_operator *b)
{
    bool same = same_text(a->id, b->id) && same_text(a->op, b->op) &&
                same_text(a->plugin, b->plugin) && same_text(a->key, b->key) &&
                a->n_states == b->n_states && a->n_tasks == b->n_tasks;
    for (uint32_t i = 0; same && i < a->n_states; i++) {
        const struct gy_manifest_state *x = &a->states[i], *y = &b->states[i];
        same = same_text(x->name, y->name) && x->kind == y->kind && same_text(x->type, y->type) &&
               x->version == y->version && x->fingerprint == y->fingerprint &&
               same_text(x->map_key, y->map_key) && x->map_key_version == y->map_key_version &&
               x->map_key_fingerprint == y->map_key_fingerprint;
    }
    for (uint32_t i = 0; same && i < a->n_tasks; i++) {
        const struct gy_manifest_task *x = &a->tasks[i], *y = &b->tasks[i];
        same = x->watermark_us == y->watermark_us && x->ended == y->ended &&
               same_text(x->file, y->file) && x->bytes == y->bytes && x->checksum == y->checksum &&
               x->records == y->records;
    }
    return same;
}

static bool same_manifest(const struct gy_manifest *a, const struct gy_manifest *b)
{
    bool same = a->id == b->id && same_text(a->job, b->job) && a->time_us == b->time_us &&
                a->duration_us == b->duration_us && a->finished == b->finished &&
                a->max_parallelism == b->max_parallelism && a->n_operators == b->n_operators;
    for (uint32_t i = 0; same && i < a->n_operators; i++)
        same = same_operator(&a->operators[i], &b->operators[i]);
    return same;
}

/* ---- manifests ---- */

static bool survives(const struct gy_manifest *manifest)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_buf text = {0};
    CU_ASSERT_EQUAL_FATAL(gy_manifest_write(manifest, &text), 0);
    struct gy_manifest *back = gy_manifest_parse((char *)text.data, text.len, "snap/x", &error);
    if (back == NULL)
        printf("%s\n%.*s", error.text, (int)text.len, (char *)text.data);
    bool same = back != NULL && same_manifest(manifest, back) && strcmp(back->path, "snap/x") == 0;
    gy_manifest_free(back);
    gy_buf_fini(&text);
    return same;
}

static void a_manifest_comes_back_as_it_was_written(void)
{
    struct sample s;
    for (uint64_t id = 1; id < 4; id++) {
        sample_init(&s, id);
        CU_ASSERT(survives(&s.manifest));
    }
    s.manifest.id = UINT64_MAX;
    s.manifest.time_us = INT64_MIN;
    s.manifest.duration_us = INT64_MAX;
    s.tasks[0] = (struct gy_manifest_task){-1, true, "a.state", UINT64_MAX, 0, UINT64_MAX};
    s.states[0].version = UINT32_MAX;
    s.manifest.max_parallelism = UINT32_MAX;
    CU_ASSERT(survives(&s.manifest));
    s.tasks[0].watermark_us = INT64_MIN + 1;
    s.tasks[0].bytes = INT64_MAX;
    s.manifest.time_us = -1;
    CU_ASSERT(survives(&s.manifest));
    s.manifest.n_operators = 0;
    CU_ASSERT(survives(&s.manifest));
}

static void every_byte_of_a_string_survives_a_manifest(void)
{
    struct sample s;
    char all[257], pair[3] = {0};
    sample_init(&s, 1);
    for (int i = 1; i < 256; i++)
        all[i - 1] = (char)i;
    all[255] = '\0';
    s.manifest.job = s.ops[0].id = s.ops[0].key = s.states[0].name = s.states[1].map_key = all;
    CU_ASSERT(survives(&s.manifest));
    /* What stands next to each other might be taken for something else: \x1 and 2, @include, // */
    static const char *const texts[] = {"",
                                        "\\",
                                        "\\\\\"",
                                        "\"",
                                        "\x01"
                                        "2",
                                        "a\nb;",
                                        "@include x",
                                        "//",
                                        "\n@include \"/x\"",
                                        "#",
                                        "*/",
                                        "${HOME}",
                                        "\\x41",
                                        "\xff\xfe"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        s.manifest.job = s.ops[1].id = (char *)(uintptr_t)texts[i];
        CU_ASSERT(survives(&s.manifest));
    }
    s.manifest.job = pair;
    for (int i = 1; i < 256; i++) {
        pair[0] = (char)i;
        pair[1] = 'f';
        CU_ASSERT(survives(&s.manifest));
    }
}

static void a_manifest_can_be_read_by_a_person(void)
{
    struct sample s;
    struct gy_buf text = {0};
    sample_init(&s, 12);
    s.tasks[0].bytes = 3 << 19;
    gy_manifest_write(&s.manifest, &text);
    const char *written = gy_buf_cstr(&text);
    static const char *const lines[] = {
        "id = 12L;",
        "job = \"word count\";",
        "time = \"2026-11-22T20:44:37.123456Z\";",
        "duration_us = 4321L;",
        "size = \"1.5MiB\";",
        "finished = true;",
        "    id = \"counts\";",
        "        kind = \"map\";",
        "        fingerprint = \"0xfedcba9876543210\";",
        "        watermark = \"2026-11-22T20:44:30.000000Z\";",
        "        watermark = \"end\";",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *line = text_format("\n%s\n", lines[i]);
        CU_ASSERT_PTR_NOT_NULL(strstr(written, line));
        free(line);
    }
    gy_buf_fini(&text);
}

static void expect_bad_manifest(const char *text, size_t n, uint64_t *bad)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_manifest *manifest = gy_manifest_parse(text, n, "snap/1", &error);
    *bad += manifest != NULL || error.code != GYRE_ECORRUPT ||
            strncmp(error.text, "snap/1/manifest.cfg is damaged: ", 32) != 0;
    gy_manifest_free(manifest);
}

static void every_changed_bit_and_every_cut_of_a_manifest_is_refused(void)
{
    struct sample s;
    struct gy_buf text = {0};
    uint64_t bad = 0;
    sample_init(&s, 1);
    gy_manifest_write(&s.manifest, &text);
    size_t n = text.len;
    gy_buf_u8(&text, '\n');
    for (size_t at = 0; at < n; at++) {
        for (int bit = 0; bit < 9; bit++) {
            uint8_t change = bit < 8 ? (uint8_t)(1 << bit) : 0xff;
            text.data[at] ^= change;
            expect_bad_manifest((char *)text.data, n, &bad);
            text.data[at] ^= change;
        }
        expect_bad_manifest((char *)text.data, at, &bad);
    }
    expect_bad_manifest((char *)text.data, n + 1, &bad);
    CU_ASSERT_EQUAL(bad, 0);
    gy_buf_fini(&text);
}

/* Manifests whose checksum is right: what they say is not. `from` is replaced by `to`. */
static const struct {
    const char *from, *to, *says;
} lies[] = {
    {"format = 1", "format = 2", "has format version 2, and this gyre reads 1"},
    {"format = 1;", "", "is damaged: it has no `format`"},
    {"id = 1L", "id = 0L", "is damaged: `id` is 0"},
    {"id = 1L", "id = -1L", "is damaged: `id` is negative"},
    {"id = 1L", "id = 1.5", "is damaged: `id` is no integer"},
    {"id = 1L", "id = \"0x1\"", "is damaged: `id` is no integer"},
    {"job = \"word count\"", "job = 3", "is damaged: `job` is no string"},
    {"finished = false", "finished = 0", "is damaged: `finished` is neither true nor false"},
    {"max_parallelism = 128L", "max_parallelism = 0L",
     "is damaged: `max_parallelism` is out of its range"},
    {"max_parallelism = 128L", "max_parallelism = 4294967296L",
     "is damaged: `max_parallelism` is out of its range"},
    {"operators = (", "operators = ( 3,", "is damaged: `operators` holds what is no group"},
    {"operators = (", "others = (", "is damaged: it has no `operators`"},
    {"states = (", "states = 3; also = (", "is damaged: `states` is no list"},
    {"kind = \"map\"", "kind = \"heap\"", "is damaged: a state is of an unknown kind"},
    {"kind = \"map\"", "kind = 3", "is damaged: a state is of an unknown kind"},
    {"fingerprint = \"0xfe", "fingerprint = \"0xFE",
     "is damaged: `fingerprint` is no number of 64 bits"},
    {"version = 7L", "version = 4294967296L", "is damaged: `map_key_version` is out of its range"},
    {"counts-0.state", "../counts-0.state", "is damaged: `file` is no name of a state file"},
    {"counts-0.state", ".counts", "is damaged: `file` is no name of a state file"},
    {"counts-0.state", "", "is damaged: `file` is no name of a state file"},
    {"counts-0.state", "manifest.cfg", "is damaged: `file` is no name of a state file"},
    {"counts-0.state", "counts-1.state", "is damaged: two files are named counts-1.state"},
    {"id = \"out\"", "id = \"counts\"", "is damaged: two operators are named counts"},
    {"bytes = 0L", "bytes = -5L", "is damaged: `bytes` is negative"},
    {"job =", "job 5", "is damaged: line 5: syntax error"},
    {"job =", "@include \"/etc/passwd\"\njob =", "is damaged: it is no text of gyre"},
    {"job =", " \t@include \"/etc/passwd\"\njob =", "is damaged: it is no text of gyre"},
};

static void a_manifest_that_lies_is_refused_with_what_is_wrong(void)
{
    struct sample s;
    struct gy_buf text = {0};
    sample_init(&s, 1);
    gy_manifest_write(&s.manifest, &text);
    const char *written = gy_buf_cstr(&text);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct gy_buf lie = {0};
        struct gyre_error error = {.size = sizeof error};
        const char *at = strstr(written, lies[i].from);
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        gy_buf_bytes(&lie, written, (size_t)(at - written));
        gy_buf_text(&lie, lies[i].to);
        at += strlen(lies[i].from);
        gy_buf_bytes(&lie, at, strlen(at) - 33);
        gy_buf_printf(&lie, "checksum = \"0x%016llx\";\n",
                      (unsigned long long)gy_checksum(lie.data, lie.len));
        CU_ASSERT_PTR_NULL(gy_manifest_parse((char *)lie.data, lie.len, "snap/1", &error));
        CU_ASSERT_EQUAL(error.code, GYRE_ECORRUPT);
        char *says = text_format("snap/1/manifest.cfg %s", lies[i].says);
        expect_text(error.text, says);
        free(says);
        gy_buf_fini(&lie);
    }
    gy_buf_fini(&text);
}

/* ---- the folder ---- */

static void snapshots_are_found_the_newest_first(void)
{
    struct sim_disk *sim = disk_with(3);
    struct told t;
    struct gy_snapshot_ids ids;
    expect_newest(sim, 3, "");
    CU_ASSERT_EQUAL(newest(&sim->disk, 3, &t), 3);
    CU_ASSERT_EQUAL(newest(&sim->disk, 4, &t), 0);
    CU_ASSERT_EQUAL(gy_snapshots_list(&sim->disk, DIR, &ids, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(ids.v.n, 3);
    for (uint64_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(ids.v.items[i], i + 1);
    gy_vec_fini(&ids.v);
    struct sample s;
    struct gyre_error error = {.size = sizeof error};
    struct gy_manifest *manifest = gy_snapshot_read(&sim->disk, DIR "/2", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(manifest);
    sample_init(&s, 2);
    CU_ASSERT_PTR_NOT_NULL(gy_manifest_operator(manifest, "out"));
    CU_ASSERT_PTR_NULL(gy_manifest_operator(manifest, "outs"));
    CU_ASSERT_EQUAL(gy_manifest_bytes(manifest),
                    manifest->operators[0].tasks[0].bytes + manifest->operators[0].tasks[1].bytes);
    gy_manifest_free(manifest);
    sim_disk_free(sim);
}

static void names_that_are_no_ids_are_no_snapshots(void)
{
    struct sim_disk *sim = disk_with(1);
    static const char *const names[] = {"02",
                                        "0",
                                        "-3",
                                        "+3",
                                        "3 ",
                                        "x",
                                        "3x",
                                        "lock",
                                        "..3",
                                        "",
                                        ".4",
                                        "18446744073709551616",
                                        "99999999999999999999"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CU_ASSERT_EQUAL(gy_snapshot_id(names[i]), 0);
    CU_ASSERT_EQUAL(gy_snapshot_id("18446744073709551615"), UINT64_MAX);
    sim_disk_put(sim, DIR "/02/manifest.cfg", "x", 1);
    sim_disk_put(sim, DIR "/.git/config", "x", 1);
    sim_disk_put(sim, DIR "/.17/manifest.cfg", "x", 1);
    expect_newest(sim, 1, "");
    uint64_t last;
    size_t n;
    CU_ASSERT_EQUAL(gy_snapshots_prepare(&sim->disk, DIR, &last, NULL), 0);
    CU_ASSERT_EQUAL(last, 17);
    CU_ASSERT_PTR_NULL(sim_disk_get(sim, DIR "/.17/manifest.cfg", &n));
    CU_ASSERT_PTR_NOT_NULL(sim_disk_get(sim, DIR "/.git/config", &n)); /* somebody else's */
    CU_ASSERT_PTR_NOT_NULL(sim_disk_get(sim, DIR "/02/manifest.cfg", &n));
    sim_disk_free(sim);
}

static void the_oldest_are_removed_and_never_one_that_is_needed(void)
{
    struct sim_disk *sim = disk_with(5);
    struct gy_snapshot_ids ids;
    static const struct {
        uint32_t keep;
        uint64_t needed, first, n;
    } steps[] = {{9, 9, 1, 5}, {4, 9, 2, 4}, {1, 3, 3, 3},
                 {1, 0, 3, 3}, {2, 9, 4, 2}, {0, 9, 5, 1}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, DIR, steps[i].keep, steps[i].needed, NULL),
                        0);
        gy_snapshots_list(&sim->disk, DIR, &ids, NULL);
        CU_ASSERT_EQUAL_FATAL(ids.v.n, steps[i].n);
        CU_ASSERT_EQUAL(ids.v.items[0], steps[i].first);
        gy_vec_fini(&ids.v);
        struct gy_names names;
        CU_ASSERT_EQUAL(sim->disk.list(&sim->disk, DIR, &names), 0);
        CU_ASSERT_EQUAL(names.v.n, steps[i].n); /* nothing else is left behind */
        gy_names_fini(&names);
    }
    sim_disk_free(sim);
}

static void damage_is_told_with_the_file_and_the_older_one_is_used(void)
{
    struct sim_disk *sim = disk_with(2);
    size_t n;
    uint64_t wrong = 0;
    static const char *const files[] = {DIR "/2/manifest.cfg", DIR "/2/counts-0.state",
                                        DIR "/2/counts-1.state"};
    for (size_t f = 0; f < 3; f++) {
        const void *at = sim_disk_get(sim, files[f], &n);
        uint8_t *bytes = malloc(n + 1);
        struct told t;
        memcpy(bytes, at, n);
        bytes[n] = 0;
        for (size_t i = 0; i <= n; i++) {
            uint8_t change = (uint8_t)(gy_rng_mix(i) | 1);
            bytes[i] ^= change;
            sim_disk_put(sim, files[f], bytes, i < n ? n : n + 1);
            wrong += newest(&sim->disk, 1, &t) != 1 || t.n != 1 ||
                     strncmp(t.text, files[f], strlen(files[f])) != 0;
            bytes[i] ^= change;
            if (i < n) {
                sim_disk_put(sim, files[f], bytes, i);
                wrong += newest(&sim->disk, 1, &t) != 1 || t.n != 1 ||
                         strncmp(t.text, files[f], strlen(files[f])) != 0;
            }
        }
        sim_disk_put(sim, files[f], bytes, n);
        free(bytes);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    expect_newest(sim, 2, "");
    sim_disk_free(sim);
}

/* Copies a file over another. */
static void copy_file(struct sim_disk *sim, const char *from, const char *to)
{
    size_t n;
    const void *at = sim_disk_get(sim, from, &n);
    void *bytes = malloc(n + 1);
    memcpy(bytes, at, n);
    sim_disk_put(sim, to, bytes, n);
    free(bytes);
}

static void a_folder_that_is_not_whole_is_not_used(void)
{
    struct sim_disk *sim = disk_with(2);
    sim_disk_drop(sim, DIR "/2/counts-1.state");
    expect_newest(sim, 1, "cannot open " DIR "/2/counts-1.state: No such file or directory");
    sim_disk_free(sim);

    sim = disk_with(2);
    sim_disk_drop(sim, DIR "/2/manifest.cfg");
    expect_newest(sim, 1, "cannot open " DIR "/2/manifest.cfg: No such file or directory");
    sim_disk_drop(sim, DIR "/2/counts-0.state");
    sim_disk_drop(sim, DIR "/2/counts-1.state"); /* an empty folder */
    expect_newest(sim, 1, "cannot open " DIR "/2/manifest.cfg: No such file or directory");
    sim_disk_drop(sim, DIR "/2");
    sim_disk_put(sim, DIR "/2", "a file", 6);
    expect_newest(sim, 1, "cannot open " DIR "/2/manifest.cfg: Not a directory");
    sim_disk_drop(sim, DIR "/1/manifest.cfg");
    struct told t;
    CU_ASSERT_EQUAL(newest(&sim->disk, 1, &t), 0);
    CU_ASSERT_EQUAL(t.n, 2);
    sim_disk_free(sim);

    sim = disk_with(2);
    copy_file(sim, DIR "/1/manifest.cfg", DIR "/2/manifest.cfg");
    expect_newest(sim, 1, DIR "/2/manifest.cfg is damaged: it is the manifest of snapshot 1");
    sim_disk_free(sim);

    sim = disk_with(3);
    copy_file(sim, DIR "/2/counts-0.state", DIR "/3/counts-0.state");
    expect_newest(sim, 2,
                  DIR "/3/counts-0.state is damaged: it is shorter than the 192 bytes that its "
                      "manifest says");
    copy_file(sim, DIR "/3/counts-1.state", DIR "/3/counts-0.state");
    expect_newest(sim, 2,
                  DIR "/3/counts-0.state is damaged: it does not have the checksum that its "
                      "manifest says");
    sim_disk_free(sim);

    sim = disk_with(2);
    sim_disk_put(sim, DIR "/2/notes.txt", "mine", 4); /* a file more does no harm */
    expect_newest(sim, 2, "");
    sim_disk_free(sim);
}

static void what_may_pass_is_an_error_and_not_damage(void)
{
    struct sim_disk *sim = disk_with(2);
    static const int errors[] = {EACCES, EMFILE, ENOMEM};
    struct told t;
    for (size_t i = 0; i < 3; i++)
        for (uint64_t k = 1; k <= 5; k++) {
            sim_disk_fail(sim, k, errors[i]);
            int64_t id = newest(&sim->disk, 1, &t);
            CU_ASSERT(sim_disk_failed(sim));
            if (k == 5) /* a close */
                continue;
            CU_ASSERT_EQUAL(id, -1);
            CU_ASSERT_EQUAL(t.n, 0);
            CU_ASSERT_PTR_NOT_NULL(strstr(t.text, DIR));
        }
    sim_disk_fail(sim, 3, EIO); /* the medium does not give the manifest of 2 */
    CU_ASSERT_EQUAL(newest(&sim->disk, 1, &t), 1);
    expect_text(t.text, "cannot read " DIR "/2/manifest.cfg: Input/output error");
    sim_disk_drop(sim, DIR);
    CU_ASSERT_EQUAL(newest(&sim->disk, 1, &t), -1);
    expect_text(t.text, "cannot list " DIR ": No such file or directory");
    sim_disk_free(sim);
}

static void without_memory_everything_says_so(void)
{
    for (uint64_t k = 1;; k++) {
        struct sim_disk *sim = disk_with(2);
        struct gyre_error error = {.size = sizeof error};
        struct sample s;
        uint64_t last;
        sample_init(&s, 3);
        CU_ASSERT_EQUAL_FATAL(gy_snapshot_begin(&sim->disk, DIR, 3, &error), 0);
        CU_ASSERT_EQUAL_FATAL(write_files(&sim->disk, &s, &error), 0);
        gy_mem_track(true);
        gy_mem_fail_after(k);
        int code = gy_snapshots_trim(&sim->disk, DIR, 1, 9, &error);
        if (code == 0)
            code = gy_snapshot_publish(&sim->disk, DIR, &s.manifest, &error);
        if (code == 0) {
            struct gy_manifest *found = gy_snapshot_newest(&sim->disk, DIR, 1, NULL, NULL, &error);
            code = found == NULL ? error.code : 0;
            CU_ASSERT(found == NULL || found->id == 3);
            CU_ASSERT(found != NULL || error.code != 0);
            gy_manifest_free(found);
        }
        if (code == 0)
            code = gy_snapshot_begin(&sim->disk, DIR, 4, &error);
        if (code == 0)
            code = gy_snapshots_prepare(&sim->disk, DIR, &last, &error);
        bool hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
        gy_mem_track(false);
        CU_ASSERT_EQUAL(code, hit ? GYRE_ENOMEM : 0);
        CU_ASSERT_EQUAL(sim->n_open, 0);
        sim_disk_free(sim);
        if (!hit)
            break;
        CU_ASSERT(error.text[0] != '\0');
    }
}

/* ---- broken disks ---- */

static char last_failure[GYRE_ERROR_TEXT];

/* Takes snapshots 1 to 5, two kept, as a job does; `good` is the last whose publishing said 0. */
static void run_job(struct gy_disk *disk, uint64_t *good, uint32_t *n_failed)
{
    struct gyre_error error = {.size = sizeof error};
    uint64_t last;
    *good = *n_failed = 0;
    for (int tries = 0; gy_snapshots_prepare(disk, DIR, &last, &error) != 0; tries++) {
        CU_ASSERT(error.text[0] != '\0');
        ++*n_failed;
        if (tries == 2)
            return;
    }
    for (uint64_t id = last + 1; id <= last + 5; id++) {
        error = (struct gyre_error){.size = sizeof error};
        int code = take_snapshot(disk, id, &error);
        if (code == 0) {
            *good = id;
            code = gy_snapshots_trim(disk, DIR, 2, id, &error);
        }
        if (code != 0) {
            ++*n_failed;
            snprintf(last_failure, sizeof last_failure, "%s", error.text);
            CU_ASSERT_EQUAL(error.code, code);
            CU_ASSERT(strncmp(error.text, "cannot ", 7) == 0);
            CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "snap"));
        }
    }
}

static uint64_t count_operations(void)
{
    struct sim_disk *sim = sim_disk_new(1);
    uint64_t good;
    uint32_t n_failed;
    run_job(&sim->disk, &good, &n_failed);
    uint64_t n = sim->n_ops;
    CU_ASSERT_EQUAL(good, 5);
    CU_ASSERT_EQUAL(n_failed, 0);
    sim_disk_free(sim);
    return n;
}

static void any_operation_may_fail_and_the_last_good_snapshot_stays(void)
{
    static const int errors[] = {EIO, ENOSPC, EROFS};
    uint64_t n = count_operations();
    struct told t;
    for (size_t e = 0; e < 3; e++)
        for (uint64_t k = 1; k <= n; k++)
            for (uint64_t seed = 0; seed < 4; seed++) {
                struct sim_disk *sim = sim_disk_new(k);
                uint64_t good;
                uint32_t n_failed;
                sim_disk_fail(sim, k, errors[e]);
                run_job(&sim->disk, &good, &n_failed);
                CU_ASSERT(n_failed <= 2);
                CU_ASSERT(good == 5 || (good == 4 && n_failed == 1));
                CU_ASSERT_EQUAL(sim->n_open, 0);
                sim_disk_fail(sim, 0, 0);
                CU_ASSERT(newest(&sim->disk, 1, &t) >= (int64_t)good);
                sim_disk_crash(sim, seed);
                bool found = newest(&sim->disk, 1, &t) >= (int64_t)good;
                if (!found)
                    printf("  operation %llu failed (%s), seed %llu: %s\n", (unsigned long long)k,
                           strerror(errors[e]), (unsigned long long)seed, t.text);
                CU_ASSERT(found);
                CU_ASSERT_EQUAL(t.n, 0);
                sim_disk_free(sim);
            }
}

static void a_full_disk_fails_snapshots_and_keeps_the_last(void)
{
    struct told t;
    for (size_t space = 0; space < 8000; space += 37) {
        struct sim_disk *sim = disk_with(2);
        struct gyre_error error = {.size = sizeof error};
        sim_disk_set_space(sim, space);
        uint64_t id = 3;
        while (take_snapshot(&sim->disk, id, &error) == 0)
            id++;
        CU_ASSERT_EQUAL(error.code, GYRE_EIO);
        const char *reason = strstr(error.text, ": No space left on device");
        CU_ASSERT(reason != NULL && strncmp(error.text, "cannot ", 7) == 0);
        CU_ASSERT_EQUAL(newest(&sim->disk, 1, &t), (int64_t)id - 1);
        CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, DIR, 1, id, &error), 0);
        sim_disk_set_space(sim, 8000);
        CU_ASSERT_EQUAL(take_snapshot(&sim->disk, id + 1, &error), 0);
        expect_newest(sim, (int64_t)id + 1, "");
        sim_disk_free(sim);
    }
}

static void a_read_only_disk_is_told_and_read(void)
{
    struct sim_disk *sim = disk_with(2);
    struct gyre_error error = {.size = sizeof error};
    sim->read_only = true;
    CU_ASSERT_EQUAL(take_snapshot(&sim->disk, 3, &error), GYRE_EIO);
    expect_text(error.text, "cannot make the folder " DIR "/.3: Read-only file system");
    CU_ASSERT_EQUAL(gy_snapshots_trim(&sim->disk, DIR, 1, 9, &error), GYRE_EIO);
    expect_text(error.text, "cannot rename " DIR "/1: Read-only file system");
    expect_newest(sim, 2, "");
    sim->read_only = false;
    CU_ASSERT_EQUAL(take_snapshot(&sim->disk, 3, &error), 0);
    expect_newest(sim, 3, "");
    sim_disk_free(sim);
}

/* ---- power cuts ---- */

/* Every folder that has a snapshot's name is a whole one, and the newest is at least `good`. */
static void expect_whole(struct sim_disk *sim, uint64_t good, uint64_t cut, uint64_t seed)
{
    struct told t;
    struct gy_snapshot_ids ids;
    struct gyre_error error = {.size = sizeof error};
    int64_t id = newest(&sim->disk, 1, &t);
    bool fine = id >= (int64_t)good || (id < 0 && good == 0);
    if (gy_snapshots_list(&sim->disk, DIR, &ids, &error) != 0)
        ids = (struct gy_snapshot_ids){0};
    for (size_t i = 0; fine && i < ids.v.n; i++) {
        char *path = text_format(DIR "/%llu", (unsigned long long)ids.v.items[i]);
        struct gy_manifest *manifest = gy_snapshot_read(&sim->disk, path, &error);
        fine = manifest != NULL && gy_snapshot_verify(&sim->disk, manifest, &error) == 0;
        gy_manifest_free(manifest);
        free(path);
    }
    gy_vec_fini(&ids.v);
    if (!fine)
        printf("  cut after %llu, seed %llu: %lld found, %llu good; %s; %s\n",
               (unsigned long long)cut, (unsigned long long)seed, (long long)id,
               (unsigned long long)good, t.text, error.text);
    CU_ASSERT_FATAL(fine);
}

static void after_a_power_cut_anywhere_the_last_good_snapshot_is_there(void)
{
    uint64_t n = count_operations();
    for (uint64_t cut = 0; cut <= n; cut++)
        for (uint64_t seed = 0; seed < 40; seed++) {
            struct sim_disk *sim = sim_disk_new(seed);
            uint64_t good, again;
            uint32_t n_failed;
            sim_disk_stop_after(sim, cut);
            run_job(&sim->disk, &good, &n_failed);
            sim_disk_crash(sim, seed);
            expect_whole(sim, good, cut, seed);
            /* The next run goes on, is cut off as well, and the one after it is not. */
            uint64_t second = gy_rng_mix(cut * 100 + seed) % (n + 4);
            sim_disk_stop_after(sim, second);
            run_job(&sim->disk, &again, &n_failed);
            sim_disk_crash(sim, seed + 1);
            expect_whole(sim, again > good ? again : good, cut, seed);
            run_job(&sim->disk, &again, &n_failed);
            if (n_failed > 0)
                printf("  cuts after %llu and %llu, seed %llu: %s\n", (unsigned long long)cut,
                       (unsigned long long)second, (unsigned long long)seed, last_failure);
            CU_ASSERT_EQUAL(n_failed, 0);
            sim_disk_crash(sim, 0);
            expect_whole(sim, again, cut, seed);
            sim_disk_free(sim);
        }
}

/* A process that is killed, and the power that goes while the next one tidies up. */
static void a_kill_and_then_a_power_cut_leave_whole_snapshots(void)
{
    uint64_t n = count_operations();
    for (uint64_t killed = 0; killed <= n; killed++)
        for (uint64_t cut = 0; cut < 24; cut++)
            for (uint64_t seed = 0; seed < 6; seed++) {
                struct sim_disk *sim = sim_disk_new(seed);
                uint64_t good, last;
                uint32_t n_failed;
                sim_disk_stop_after(sim, killed);
                run_job(&sim->disk, &good, &n_failed);
                sim->stop_at = 0; /* what was not synced is still there */
                sim_disk_stop_after(sim, cut);
                gy_snapshots_prepare(&sim->disk, DIR, &last, NULL);
                if (sim->n_ops < sim->stop_at)
                    cut = 24; /* it came to its end */
                sim_disk_crash(sim, seed);
                expect_whole(sim, good, killed, seed);
                sim_disk_free(sim);
            }
}

/* ---- the machine's own disk ---- */

static void the_real_disk_keeps_the_contract(void)
{
    struct gy_disk *disk = gy_disk_real();
    char *folder = dir_temp();
    char *dir = path_join(folder, "a//b/c/"), *inside = path_join(dir, "1");
    struct gyre_error error = {.size = sizeof error};
    uint64_t last = 9, got_total = 0;
    struct gy_names names;
    int handle, other;
    size_t got;
    char bytes[8] = {0};
    CU_ASSERT_EQUAL(gy_snapshots_prepare(disk, dir, &last, &error), 0);
    CU_ASSERT_EQUAL(gy_snapshots_prepare(disk, dir, &last, &error), 0);
    CU_ASSERT_EQUAL(last, 0);
    CU_ASSERT_EQUAL(disk->make_dir(disk, dir), -EEXIST);
    CU_ASSERT_EQUAL(disk->create(disk, inside, &handle), 0);
    CU_ASSERT_EQUAL(disk->create(disk, inside, &other), -EEXIST);
    CU_ASSERT_EQUAL(disk->write(disk, handle, "hello", 5), 0);
    CU_ASSERT_EQUAL(disk->sync(disk, handle), 0);
    CU_ASSERT_EQUAL(disk->close(disk, handle), 0);
    CU_ASSERT_EQUAL(disk->open(disk, inside, &handle), 0);
    CU_ASSERT_EQUAL(disk->read(disk, handle, bytes, 3, &got), 0);
    got_total += got;
    CU_ASSERT_EQUAL(disk->read(disk, handle, bytes + 3, 5, &got), 0);
    got_total += got;
    CU_ASSERT_EQUAL(got_total, 5);
    CU_ASSERT_STRING_EQUAL(bytes, "hello");
    CU_ASSERT_EQUAL(disk->write(disk, handle, "x", 1), -EBADF);
    CU_ASSERT_EQUAL(disk->close(disk, handle), 0);
    char *moved = path_join(dir, "2");
    CU_ASSERT_EQUAL(disk->rename(disk, inside, moved), 0);
    CU_ASSERT_EQUAL(disk->sync_dir(disk, dir), 0);
    CU_ASSERT_EQUAL(disk->sync_dir(disk, moved), -ENOTDIR);
    CU_ASSERT_EQUAL(disk->list(disk, dir, &names), 0);
    CU_ASSERT_EQUAL_FATAL(names.v.n, 1);
    CU_ASSERT_STRING_EQUAL(names.v.items[0], "2");
    gy_names_fini(&names);
    CU_ASSERT_EQUAL(disk->list(disk, moved, &names), -ENOTDIR);
    CU_ASSERT_EQUAL(disk->remove(disk, inside), -ENOENT);
    CU_ASSERT_EQUAL(disk->remove(disk, dir), -ENOTEMPTY);
    CU_ASSERT_EQUAL(disk->remove(disk, moved), 0);
    CU_ASSERT_EQUAL(disk->remove(disk, dir), 0);
    CU_ASSERT_EQUAL(disk->open(disk, inside, &handle), -ENOENT);
    dir_remove(folder);
    free(moved);
    free(inside);
    free(dir);
    free(folder);
}

static void snapshots_are_taken_on_the_real_disk(void)
{
    char *folder = dir_temp();
    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
    uint64_t good;
    uint32_t n_failed;
    struct told t;
    run_job(gy_disk_real(), &good, &n_failed);
    CU_ASSERT_EQUAL(good, 5);
    CU_ASSERT_EQUAL(n_failed, 0);
    CU_ASSERT_EQUAL(dir_count(DIR), 2);
    CU_ASSERT_EQUAL(newest(gy_disk_real(), 1, &t), 5);
    run_job(gy_disk_real(), &good, &n_failed);
    CU_ASSERT_EQUAL(newest(gy_disk_real(), 1, &t), 10);
    CU_ASSERT_EQUAL(chdir("/"), 0);
    dir_remove(folder);
    free(folder);
}

static void a_folder_is_locked_by_one_run_until_all_have_closed_it(void)
{
    char *folder = dir_temp();
    char *dir = path_join(folder, "new/snap");
    struct gyre_error error = {.size = sizeof error};
    int fd = gy_snapshots_lock(dir, &error);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(gy_snapshots_lock(dir, &error), -1);
    CU_ASSERT_EQUAL(error.code, GYRE_EFAIL);
    char *says = text_format("%s is in use by a running job (process %d)", dir, (int)getpid());
    expect_text(error.text, says);
    free(says);
    int pipes[2];
    CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) { /* holds it on, until the pipe ends */
        char c;
        close(pipes[1]);
        _exit(read(pipes[0], &c, 1) == 0 ? 0 : 1);
    }
    close(fd);
    CU_ASSERT_EQUAL(gy_snapshots_lock(dir, &error), -1);
    close(pipes[0]);
    close(pipes[1]);
    int status;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    fd = gy_snapshots_lock(dir, &error);
    CU_ASSERT(fd >= 0);
    close(fd);
    char *file = path_join(folder, "file");
    file_write_text(file, "x");
    CU_ASSERT_EQUAL(gy_snapshots_lock(file, &error), -1);
    says = text_format("cannot open %s/lock: Not a directory", file);
    expect_text(error.text, says);
    free(says);
    free(file);
    dir_remove(folder);
    free(dir);
    free(folder);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_manifest_comes_back_as_it_was_written),
    SUITE_TEST(every_byte_of_a_string_survives_a_manifest),
    SUITE_TEST(a_manifest_can_be_read_by_a_person),
    SUITE_TEST(every_changed_bit_and_every_cut_of_a_manifest_is_refused),
    SUITE_TEST(a_manifest_that_lies_is_refused_with_what_is_wrong),
    SUITE_TEST(snapshots_are_found_the_newest_first),
    SUITE_TEST(names_that_are_no_ids_are_no_snapshots),
    SUITE_TEST(the_oldest_are_removed_and_never_one_that_is_needed),
    SUITE_TEST(damage_is_told_with_the_file_and_the_older_one_is_used),
    SUITE_TEST(a_folder_that_is_not_whole_is_not_used),
    SUITE_TEST(what_may_pass_is_an_error_and_not_damage),
    SUITE_TEST(without_memory_everything_says_so),
    SUITE_TEST(any_operation_may_fail_and_the_last_good_snapshot_stays),
    SUITE_TEST(a_full_disk_fails_snapshots_and_keeps_the_last),
    SUITE_TEST(a_read_only_disk_is_told_and_read),
    SUITE_TEST_WITHIN(after_a_power_cut_anywhere_the_last_good_snapshot_is_there, 120),
    SUITE_TEST_WITHIN(a_kill_and_then_a_power_cut_leave_whole_snapshots, 120),
    SUITE_TEST(the_real_disk_keeps_the_contract),
    SUITE_TEST(snapshots_are_taken_on_the_real_disk),
    SUITE_TEST(a_folder_is_locked_by_one_run_until_all_have_closed_it),
};
SUITE_MAIN("state_snapshot", tests)
