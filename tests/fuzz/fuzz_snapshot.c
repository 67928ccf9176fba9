/* Any bytes as a manifest or as a state file: refused with the file named, or read.
 *
 * The first byte says what the rest is: `m` a manifest, `p` a state file; `M` and `P` the same with
 * its checksums made right, so that what is behind them is reached. */
#include "base/buf.h"
#include "state/part.h"
#include "state/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses memory at a syntax error. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig\n";
}

#define ID 7u

static void expect_sentence(const struct gyre_error *error, const char *path)
{
    if (error->code >= 0 || strncmp(error->text, path, strlen(path)) != 0)
        abort(); /* a refusal says which file */
}

/* ---- manifests ---- */

static void seal_text(struct gy_buf *text)
{
    gy_buf_printf(text, "checksum = \"0x%016" PRIx64 "\";\n", gy_checksum(text->data, text->len));
}

/* What was read is written, read and written again: the two texts are one. */
static void check_manifest(const char *text, size_t n)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_manifest *manifest = gy_manifest_parse(text, n, "snap/7", &error);
    struct gy_buf first = {0}, second = {0};
    if (manifest == NULL) {
        expect_sentence(&error, "snap/7/manifest.cfg ");
        return;
    }
    if (gy_manifest_write(manifest, &first) != 0)
        abort();
    gy_manifest_free(manifest);
    manifest = gy_manifest_parse((const char *)first.data, first.len, "snap/7", &error);
    if (manifest == NULL || gy_manifest_write(manifest, &second) != 0)
        abort();
    if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
        abort();
    gy_manifest_free(manifest);
    gy_buf_fini(&first);
    gy_buf_fini(&second);
}

/* ---- state files ---- */

static void put(uint8_t *at, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

/* Makes every head right that is where the lengths say, as far as they go. */
static void seal_part(uint8_t *bytes, size_t n)
{
    size_t at = GY_PART_HEAD;
    uint64_t number = 0;
    if (n < GY_PART_HEAD)
        return;
    memcpy(bytes, GY_PART_MAGIC, 8);
    put(bytes + 8, GY_PART_VERSION, 4);
    put(bytes + 12, GY_PART_HEAD, 4);
    put(bytes + 16, ID, 8);
    put(bytes + 24, gy_checksum(bytes, 24), 8);
    while (n - at >= GY_BLOCK_HEAD) {
        uint8_t *head = bytes + at;
        size_t length = (size_t)head[0] | (size_t)head[1] << 8;
        at += GY_BLOCK_HEAD;
        put(head + 8, number++, 8);
        if (length > 0 && (head[2] | head[3]) == 0 && length <= n - at)
            put(head + 16, gy_checksum(head + GY_BLOCK_HEAD, length), 8);
        put(head + 24, gy_checksum(head, 24), 8);
        at += length <= n - at ? length : n - at;
    }
}

static void check_part(const uint8_t *bytes, size_t n)
{
    char path[64];
    struct gyre_error error = {.size = sizeof error};
    struct gy_part_reader reader;
    struct gy_record record;
    uint64_t seen = 0, sum = 0;
    int fd = memfd_create("state", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int code = gy_part_open(&reader, gy_disk_real(), path, ID, &error);
    bool opened = code == 0;
    while (opened && (code = gy_part_read(&reader, &record, &error)) == 1) {
        sum += gy_checksum(record.bytes, record.n); /* every byte is there */
        seen += GY_RECORD_HEAD + (uint64_t)record.n;
        if (reader.cap > (1u << 20) + 2 * n)
            abort();
    }
    if (code < 0)
        expect_sentence(&error, path);
    if (seen > n || (code == 0 && sum == 1))
        abort();
    gy_part_close(&reader);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0)
        return 0;
    struct gy_buf input = {0};
    gy_buf_bytes(&input, bytes + 1, n - 1);
    gy_buf_cstr(&input);
    if (bytes[0] == 'M')
        seal_text(&input);
    else if (bytes[0] == 'P')
        seal_part(input.data, input.len);
    if (bytes[0] == 'M' || bytes[0] == 'm')
        check_manifest((const char *)input.data, input.len);
    else
        check_part(input.data, input.len);
    gy_buf_fini(&input);
    return 0;
}
