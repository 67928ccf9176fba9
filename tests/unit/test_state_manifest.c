/* Manifests: they come back as they were written, and whatever else they say is refused. */
#include "support/suite.h"

#include "base/buf.h"
#include "support/files.h"
#include "unit/snapshot_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_operator(const struct gy_manifest_operator *a,
                          const struct gy_manifest_operator *b)
{
    bool same = same_text(a->id, b->id) && same_text(a->op, b->op) && same_text(a->key, b->key) &&
                same_text(a->of, b->of) && a->n_states == b->n_states && a->n_tasks == b->n_tasks;
    same = same && a->rounds.known == b->rounds.known && a->rounds.phase == b->rounds.phase &&
           a->rounds.number == b->rounds.number && a->rounds.ends == b->rounds.ends &&
           a->rounds.touched == b->rounds.touched && a->rounds.stop == b->rounds.stop &&
           same_text(a->holds_end, b->holds_end) && a->has_last == b->has_last &&
           a->last_us == b->last_us;
    for (uint32_t i = 0; same && i < a->n_states; i++) {
        const struct gy_manifest_state *x = &a->states[i], *y = &b->states[i];
        same = same_text(x->name, y->name) && same_text(x->of, y->of) && x->kind == y->kind &&
               same_text(x->type, y->type) && x->version == y->version &&
               x->records == y->records && x->fingerprint == y->fingerprint &&
               same_text(x->map_key, y->map_key) && x->map_key_version == y->map_key_version &&
               x->map_key_fingerprint == y->map_key_fingerprint;
    }
    for (uint32_t i = 0; same && i < a->n_tasks; i++) {
        const struct gy_manifest_task *x = &a->tasks[i], *y = &b->tasks[i];
        same = x->watermark_us == y->watermark_us && x->seen_us == y->seen_us &&
               x->ended == y->ended && same_text(x->file, y->file) && x->bytes == y->bytes &&
               x->checksum == y->checksum && x->records == y->records && x->n_files == y->n_files;
        for (uint32_t f = 0; same && f < x->n_files; f++)
            same = same_text(x->files[f].name, y->files[f].name) &&
                   x->files[f].bytes == y->files[f].bytes &&
                   x->files[f].checksum == y->files[f].checksum;
    }
    return same;
}

static bool same_manifest(const struct gy_manifest *a, const struct gy_manifest *b)
{
    bool same = a->id == b->id && a->run == b->run && same_text(a->job, b->job) &&
                a->time_us == b->time_us && a->duration_us == b->duration_us &&
                a->finished == b->finished && a->max_parallelism == b->max_parallelism &&
                a->n_operators == b->n_operators;
    same = same && a->n_plugins == b->n_plugins;
    for (uint32_t i = 0; same && i < a->n_plugins; i++) {
        const struct gy_manifest_plugin *x = &a->plugins[i], *y = &b->plugins[i];
        same = same_text(x->name, y->name) && same_text(x->version, y->version) &&
               same_text(x->build, y->build);
    }
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
    s.tasks[0] = (struct gy_manifest_task){.watermark_us = -1,
                                           .seen_us = -1,
                                           .ended = true,
                                           .file = "a.state",
                                           .bytes = UINT64_MAX,
                                           .records = UINT64_MAX};
    s.states[0].version = UINT32_MAX;
    s.manifest.max_parallelism = UINT32_MAX;
    CU_ASSERT(survives(&s.manifest));
    s.ops[0].rounds = (struct gy_manifest_rounds){true, 2, UINT64_MAX, 17, true, false};
    CU_ASSERT(survives(&s.manifest));
    s.ops[0].rounds = (struct gy_manifest_rounds){true, 1, 0, UINT64_MAX, false, true};
    s.ops[0].has_last = true;
    s.ops[0].last_us = INT64_MIN + 1;
    s.ops[0].holds_end = (char[]){"outer"};
    CU_ASSERT(survives(&s.manifest));
    s.tasks[0].n_files = 2;
    s.tasks[0].files = s.files;
    s.files[0].bytes = UINT64_MAX;
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
                                        ("\x01"
                                         "2"),
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
            uint8_t change = (uint8_t)(bit < 8 ? 1u << bit : 0xffu);
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
    {"build = \"2fb6057667b4\"", "build = 3", "is damaged: `build` is no string"},
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
    {"counts-0-1.rows", "../../rows", "is damaged: `name` is no name of a file"},
    {"counts-0-1.rows", "manifest.cfg", "is damaged: `name` is no name of a file"},
    {"counts-0-1.rows", "", "is damaged: `name` is no name of a file"},
    {"counts-0-1.rows", "counts-1.state", "is damaged: two files are named counts-1.state"},
    {"counts-0-1.rows", "counts-0-0.rows", "is damaged: two files are named counts-0-0.rows"},
    {"files = (", "files = 3; also = (", "is damaged: `files` is no list"},
    {"files = (", "files = ( 3,", "is damaged: `files` holds what is no group"},
    {"id = \"out\"", "id = \"counts\"", "is damaged: two operators are named counts"},
    {"bytes = 0L", "bytes = -5L", "is damaged: `bytes` is negative"},
    {"job =", "job 5", "is damaged: line 6: syntax error"},
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
        sample_expect_text(error.text, says);
        free(says);
        gy_buf_fini(&lie);
    }
    gy_buf_fini(&text);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_manifest_comes_back_as_it_was_written),
    SUITE_TEST(every_byte_of_a_string_survives_a_manifest),
    SUITE_TEST(a_manifest_can_be_read_by_a_person),
    SUITE_TEST(every_changed_bit_and_every_cut_of_a_manifest_is_refused),
    SUITE_TEST(a_manifest_that_lies_is_refused_with_what_is_wrong),
};
SUITE_MAIN("state_manifest", tests)
