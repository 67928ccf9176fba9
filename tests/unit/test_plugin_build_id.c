/* The build of a plugin: the linker's build ID where the file has one, else a hash of it. */
#include "plugin/build_id.h"

#include "base/rng.h"
#include "support/files.h"
#include "support/suite.h"

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder, *path;

/* A copy of a plugin that the linker has given a build ID; where its note begins. */
static char *plugin_bytes(size_t *n, size_t *note)
{
    static const uint32_t head[] = {4, 20, NT_GNU_BUILD_ID};
    char *from = build_path("plugins/std.so"), *bytes = file_read(from, n);
    *note = 0;
    for (size_t at = 0; at + 36 <= *n && *note == 0; at += 4)
        if (memcmp(bytes + at, head, sizeof head) == 0 && memcmp(bytes + at + 12, "GNU", 4) == 0)
            *note = at;
    free(from);
    if (*note == 0)
        suite_skip("the linker gives no build IDs");
    folder = dir_temp();
    path = path_join(folder, "p.so");
    return bytes;
}

static void end(char *bytes)
{
    free(bytes);
    free(path);
    dir_end(folder);
}

/* The build of a file of these bytes. */
static void check_is(const char *bytes, size_t n, const char *want)
{
    struct gyre_error error = {.size = sizeof error};
    char id[GY_BUILD_ID] = "";
    file_write(path, bytes, n);
    CU_ASSERT_EQUAL(gy_build_id(path, id, &error), 0);
    CU_ASSERT_STRING_EQUAL(id, want);
}

static void the_build_id_of_the_linker_is_taken(void)
{
    size_t n, note;
    char *bytes = plugin_bytes(&n, &note), want[41];
    for (int i = 0; i < 20; i++)
        sprintf(want + 2 * i, "%02x", (unsigned char)bytes[note + 16 + (size_t)i]);
    check_is(bytes, n, want);
    bytes[n - 1] ^= 1; /* what strip and others change is not what was linked */
    check_is(bytes, n, want);
    bytes[note + 16] = 0x5a;
    memcpy(want, "5a", 2);
    check_is(bytes, n, want);
    end(bytes);
}

static void a_file_without_one_is_known_by_its_bytes(void)
{
    struct gyre_error error = {.size = sizeof error};
    size_t n, note;
    char *bytes = plugin_bytes(&n, &note), id[GY_BUILD_ID], other[GY_BUILD_ID];
    bytes[note + 8] = 99; /* a note of another type */
    file_write(path, bytes, n);
    CU_ASSERT_EQUAL(gy_build_id(path, id, &error), 0);
    CU_ASSERT_EQUAL(strlen(id), 16);
    check_is(bytes, n, id);
    for (size_t at = 0; at < n; at += n / 7) {
        bytes[at] ^= 1;
        file_write(path, bytes, n);
        CU_ASSERT_EQUAL(gy_build_id(path, other, &error), 0);
        CU_ASSERT_STRING_NOT_EQUAL(id, other);
        bytes[at] ^= 1;
    }
    end(bytes);
}

static void a_file_that_makes_no_sense_has_a_build_all_the_same(void)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_rng rng;
    size_t n, note;
    char *bytes = plugin_bytes(&n, &note), id[GY_BUILD_ID];
    gy_rng_init(&rng, 1);
    for (int i = 0; i < 2000; i++) {
        char head[4096];
        size_t length = i < 1000 ? sizeof head : (size_t)gy_rng_below(&rng, sizeof head);
        memcpy(head, bytes, sizeof head);
        for (uint64_t k = gy_rng_below(&rng, 20); k > 0; k--)
            head[gy_rng_below(&rng, k % 2 ? 640 : sizeof head)] = (char)gy_rng_next(&rng);
        file_write(path, head, length);
        CU_ASSERT_EQUAL(gy_build_id(path, id, &error), 0);
        CU_ASSERT_TRUE(strlen(id) >= 2 && strlen(id) < GY_BUILD_ID);
    }
    end(bytes);
}

static void a_file_that_is_not_there_is_an_error_with_its_path(void)
{
    struct gyre_error error = {.size = sizeof error};
    char id[GY_BUILD_ID];
    CU_ASSERT_EQUAL(gy_build_id("no/such.so", id, &error), GYRE_EIO);
    CU_ASSERT_STRING_EQUAL(error.text, "no/such.so: cannot be opened: No such file or directory");
}

static const struct suite_test tests[] = {
    SUITE_TEST(the_build_id_of_the_linker_is_taken),
    SUITE_TEST(a_file_without_one_is_known_by_its_bytes),
    SUITE_TEST(a_file_that_makes_no_sense_has_a_build_all_the_same),
    SUITE_TEST(a_file_that_is_not_there_is_an_error_with_its_path),
};
SUITE_MAIN("plugin_build_id", tests)
