/* gyre snapshots, on folders that were made by hand. */
#include "support/process.h"
#include "support/suite.h"

#include "base/buf.h"
#include "base/mem.h"
#include "state/part.h"
#include "state/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- making them ---- */

static void take(void *host, struct gy_part_piece *piece)
{
    gy_part_piece_seal(piece);
    gy_buf_bytes(host, piece->bytes, piece->n);
    gy_part_piece_free(piece);
}

/* Writes the file of a task with `records` records, and says so in the manifest's task. */
static void write_file(uint64_t id, struct gy_manifest_task *task, uint64_t records)
{
    struct gy_disk *disk = gy_disk_real();
    struct gy_buf file = {0};
    struct gy_part part;
    int handle;
    gy_part_init(&part, id, take, &file);
    for (uint64_t i = 0; i < records; i++) {
        gyre_write_u64(gy_part_record(&part, GY_RECORD_STATE, 0), i);
        gy_part_end_record(&part);
    }
    CU_ASSERT_EQUAL_FATAL(gy_part_end(&part), 0);
    gy_part_fini(&part);
    char *path = gy_snapshot_path("snap", id, task->file);
    CU_ASSERT_EQUAL_FATAL(disk->create(disk, path, &handle), 0);
    CU_ASSERT_EQUAL_FATAL(disk->write(disk, handle, file.data, file.len), 0);
    disk->close(disk, handle);
    task->bytes = file.len;
    task->checksum = gy_checksum(file.data, file.len);
    task->records = records;
    gy_free(path);
    gy_buf_fini(&file);
}

static void make_snapshot(uint64_t id)
{
    static char job[] = "wordcount", counts[] = "counts", sum[] = "std.sum", std[] = "std",
                version[] = "0.1.0", build[] = "2fb6057667b4", key[] = "word: str", name[] = "sums",
                type[] = "sum", lines[] = "lines", reads[] = "file.read",
                of[] = "std.sum { field = \"n\"; } of n: i64", seen[] = "seen", unit[] = "unit",
                word[] = "word", file0[] = "counts-0.state", file1[] = "counts-1.state";
    struct gy_manifest_state states[] = {
        {name, GYRE_STATE_VALUE, type, 2, UINT64_C(0xabcdef), NULL, 0, 0, of, 5},
        {seen, GYRE_STATE_MAP, unit, 1, 1, word, 3, 2, NULL, 0}};
    struct gy_manifest_task tasks[] = {
        {1795380270000000, 1795380270000000, false, file0, 0, 0, 0, 0, NULL},
        {INT64_MIN, INT64_MIN, true, file1, 0, 0, 0, 0, NULL}};
    struct gy_manifest_task idle[] = {{INT64_MAX, INT64_MAX, true, NULL, 0, 0, 0, 0, NULL}};
    struct gy_manifest_operator ops[] = {
        {lines, reads, 0, NULL, NULL, 0, NULL, 1, idle, {0}, false, 0, NULL},
        {counts, sum, 0, key, NULL, 2, states, 2, tasks, {0}, false, 0, NULL}};
    struct gy_manifest_plugin plugins[] = {{std, version, build}};
    struct gy_manifest manifest = {.id = id,
                                   .job = job,
                                   .time_us = 1795380277123456 + (int64_t)id * 1000000,
                                   .duration_us = 4500,
                                   .finished = id == 3,
                                   .max_parallelism = 128,
                                   .n_plugins = 1,
                                   .plugins = plugins,
                                   .n_operators = 2,
                                   .operators = ops};
    struct gyre_error error = {.size = sizeof error};
    CU_ASSERT_EQUAL_FATAL(gy_snapshot_begin(gy_disk_real(), "snap", id, &error), 0);
    write_file(id, &tasks[0], 1);
    write_file(id, &tasks[1], 5);
    CU_ASSERT_EQUAL_FATAL(gy_snapshot_publish(gy_disk_real(), "snap", &manifest, &error), 0);
}

/* The folder "snap" with snapshots 1 to 3, in a temporary folder that is the working directory. */
static char *make_folder(void)
{
    struct gyre_error error = {.size = sizeof error};
    uint64_t last;
    char *folder = dir_temp();
    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
    CU_ASSERT_EQUAL_FATAL(gy_snapshots_prepare(gy_disk_real(), "snap", &last, &error), 0);
    for (uint64_t id = 1; id <= 3; id++)
        make_snapshot(id);
    file_write_text("snap/lock", "123\n");
    return folder;
}

static void remove_folder(char *folder)
{
    CU_ASSERT_EQUAL(chdir("/"), 0);
    dir_remove(folder);
    free(folder);
}

/* Changes one byte of a file. */
static void damage(const char *path, size_t at)
{
    size_t n;
    char *bytes = file_read(path, &n);
    CU_ASSERT_FATAL(at < n);
    bytes[at] ^= 1;
    file_write(path, bytes, n);
    free(bytes);
}

/* ---- running gyre ---- */

static char *program;

static void expect(const char *const *arguments, int status, const char *out, const char *err)
{
    const char *argv[8] = {program, "snapshots"};
    struct process_result r;
    for (size_t i = 0; i < 5 && arguments[i] != NULL; i++)
        argv[i + 2] = arguments[i];
    process_run(&(struct process_spec){.argv = argv}, &r);
    CU_ASSERT_EQUAL(r.status, status);
    if (strcmp(r.out, out) != 0 || strcmp(r.err, err) != 0)
        printf("is:\n%s%snot:\n%s%s", r.out, r.err, out, err);
    CU_ASSERT_STRING_EQUAL(r.out, out);
    CU_ASSERT_STRING_EQUAL(r.err, err);
    process_result_fini(&r);
}

#define LINE(id, second)                                                                           \
#id "  2026-11-22T20:44:" #second ".123456Z  wordcount  2 operators  3 tasks  288B"

static void snapshots_are_listed_a_line_each(void)
{
    char *folder = make_folder();
    expect(ARGV("snap"), 0, LINE(1, 38) "\n" LINE(2, 39) "\n" LINE(3, 40) "  finished\n", "");
    file_write_text("snap/1/counts-0.state", "x");
    unlink("snap/2/counts-1.state");
    damage("snap/3/manifest.cfg", 100);
    expect(ARGV("snap/"), 0,
           LINE(1, 38) "  damaged: snap/1/counts-0.state: its length is 1, and its "
                       "manifest says "
                       "112\n" LINE(2, 39) "  damaged: cannot open snap/2/counts-1.state: No such "
                                           "file or directory\n"
                                           "3  damaged: snap/3/manifest.cfg: its last "
                                           "line is not the checksum of the "
                                           "lines before\n",
           "");
    remove_folder(folder);
}

static void every_byte_is_verified(void)
{
    char *folder = make_folder();
    expect(ARGV("snap", "verify"), 0,
           "1  intact: 2 files, 288B\n2  intact: 2 files, 288B\n3  intact: 2 files, 288B\n", "");
    damage("snap/2/counts-1.state", 70);
    expect(ARGV("snap"), 0, LINE(1, 38) "\n" LINE(2, 39) "\n" LINE(3, 40) "  finished\n", "");
    expect(ARGV("snap", "verify"), 1,
           "1  intact: 2 files, 288B\n"
           "2  damaged: snap/2/counts-1.state: it does not have the checksum that its "
           "manifest says\n3  intact: 2 files, 288B\n",
           "");
    expect(ARGV("snap", "verify", "3"), 0, "3  intact: 2 files, 288B\n", "");
    expect(
        ARGV("snap", "verify", "2", "--format", "json"), 1,
        "[{\"id\":2,\"intact\":false,\"damaged\":\"snap/2/counts-1.state is damaged: it does not "
        "have the checksum that its manifest says\"}]\n",
        "");
    remove_folder(folder);
}

static void a_snapshot_is_described(void)
{
    char *folder = make_folder();
    expect(ARGV("snap", "show", "3"), 0,
           "snapshot 3 of job wordcount\n"
           "  taken 2026-11-22T20:44:40.123456Z in 4.5ms, 288B\n"
           "  max_parallelism 128\n"
           "  finished: there is nothing to go on with\n"
           "  plugin std: version 0.1.0, build 2fb6057667b4\n"
           "\n"
           "operator lines: file.read, parallelism 1\n"
           "  task 0: nothing kept, watermark at the end of input, ended\n"
           "\n"
           "operator counts: std.sum, parallelism 2\n"
           "  key word: str\n"
           "  state sums: value of sum (version 2), by std.sum { field = \"n\"; } of n: i64\n"
           "  state seen: map from word (version 3) to unit (version 1)\n"
           "  task 0: 1 record, 112B in counts-0.state, watermark 2026-11-22T20:44:30.000000Z\n"
           "  task 1: 5 records, 176B in counts-1.state, ended\n",
           "");
    damage("snap/3/manifest.cfg", 9);
    expect(ARGV("snap", "show", "3"), 1, "",
           "gyre snapshots: snap/3/manifest.cfg is damaged: its last line is not the checksum of "
           "the lines before\n");
    file_write_text("snap/2/counts-1.state", "");
    char *err = text_format("gyre snapshots: snap/2/counts-1.state is damaged: its length is 0, "
                            "and its manifest says 176\n");
    const char *argv[] = {program, "snapshots", "snap", "show", "2", NULL};
    struct process_result r;
    process_run(&(struct process_spec){.argv = argv}, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_STRING_EQUAL(r.err, err);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "snapshot 2 of job wordcount\n"));
    process_result_fini(&r);
    free(err);
    remove_folder(folder);
}

static void json_says_the_same_for_programs(void)
{
    char *folder = make_folder();
    dir_remove("snap/2");
    dir_remove("snap/3");
    expect(
        ARGV("snap", "--format=json"), 0,
        "[{\"id\":1,\"job\":\"wordcount\",\"time\":\"2026-11-22T20:44:38.123456Z\",\"time_us\":"
        "1795380278123456,\"duration_us\":4500,\"operators\":2,\"tasks\":3,\"files\":2,\"bytes\":"
        "288,\"finished\":false,\"damaged\":null}]\n",
        "");
    expect(
        ARGV("snap", "show", "1", "--format", "json"), 0,
        "{\"id\":1,\"job\":\"wordcount\",\"path\":\"snap/"
        "1\",\"time\":\"2026-11-22T20:44:38.123456Z\""
        ",\"time_us\":1795380278123456,\"duration_us\":4500,\"bytes\":288,\"finished\":false,"
        "\"max_parallelism\":128,\"plugins\":[{\"name\":\"std\",\"version\":\"0.1.0\",\"build\":"
        "\"2fb6057667b4\"}],\"operators\":[{\"id\":\"lines\",\"op\":\"file.read\",\"key\":null,"
        "\"of\":null,\"parallelism\":1,\"states\":[],\"tasks\":[{"
        "\"watermark_us\":"
        "9223372036854775807,\"ended\":true,\"file\":null,\"bytes\":0,\"records\":0}]},{\"id\":"
        "\"counts\",\"op\":\"std.sum\",\"key\":\"word: "
        "str\",\"of\":null,\"parallelism\":2,"
        "\"states\":[{\"name\":\"sums\",\"kind\":\"value\",\"of\":\"std.sum { "
        "field = \\\"n\\\"; } of n: i64\",\"type\":{\"name\":\"sum\",\"version\":"
        "2,"
        "\"fingerprint\":\"0x0000000000abcdef\"}},{\"name\":\"seen\",\"kind\":\"map\",\"of\":null,"
        "\"type\":{"
        "\"name\":\"unit\",\"version\":1,\"fingerprint\":\"0x0000000000000001\"},\"key\":{\"name\":"
        "\"word\",\"version\":3,\"fingerprint\":\"0x0000000000000002\"}}],\"tasks\":[{"
        "\"watermark_us\":1795380270000000,\"ended\":false,\"file\":\"counts-0.state\",\"bytes\":"
        "112,"
        "\"records\":1},{\"watermark_us\":null,\"ended\":true,\"file\":\"counts-1.state\","
        "\"bytes\":"
        "176,\"records\":5}]}]}\n",
        "");
    remove_folder(folder);
}

static void what_is_not_there_is_told_and_exits_2(void)
{
    char *folder = make_folder();
    expect(ARGV("nowhere"), 2, "",
           "gyre snapshots: cannot list nowhere: No such file or directory\n");
    expect(ARGV("snap/lock"), 2, "", "gyre snapshots: cannot list snap/lock: Not a directory\n");
    expect(ARGV("snap", "show"), 2, "",
           "gyre snapshots: show needs the id of a snapshot; there are: 1 2 3\n");
    expect(ARGV("snap", "show", "9"), 2, "",
           "gyre snapshots: snap has no snapshot 9; there are: 1 2 3\n");
    expect(ARGV("snap", "verify", "lock"), 2, "",
           "gyre snapshots: snap has no snapshot lock; there are: 1 2 3\n");
    expect(ARGV("snap", "verfy"), 2, "",
           "gyre snapshots: unknown action verfy (did you mean `verify`?); see gyre snapshots "
           "--help\n");
    expect(ARGV("snap", "3"), 2, "",
           "gyre snapshots: unknown action 3: give verify or show; see gyre snapshots --help\n");
    expect(ARGV("snap/2", "verify"), 2, "",
           "gyre snapshots: snap/2 is the folder of one snapshot: give the folder that it is in, "
           "and then its id\n");
    dir_remove("snap/1");
    dir_remove("snap/2");
    dir_remove("snap/3");
    expect(ARGV("snap"), 0, "", "gyre snapshots: snap has no snapshots\n");
    expect(ARGV("snap", "verify"), 0, "", "gyre snapshots: snap has no snapshots\n");
    expect(ARGV("snap", "show", "1"), 2, "",
           "gyre snapshots: snap has no snapshot 1; it has none\n");
    remove_folder(folder);
}

static const struct suite_test tests[] = {
    SUITE_TEST(snapshots_are_listed_a_line_each),
    SUITE_TEST(every_byte_is_verified),
    SUITE_TEST(a_snapshot_is_described),
    SUITE_TEST(json_says_the_same_for_programs),
    SUITE_TEST(what_is_not_there_is_told_and_exits_2),
};

int main(int argc, char **argv)
{
    program = build_path("gyre");
    int status = suite_main("snapshots", tests, sizeof tests / sizeof *tests, argc, argv);
    free(program);
    return status;
}
