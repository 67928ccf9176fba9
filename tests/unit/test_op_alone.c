/* op/ in another program: tests/embed/word_count.c is a shared object of libgyre-op.a and nothing else of
 * the runtime, with one function to be seen. */
#include "files.h"
#include "suite.h"

#include <CUnit/CUnit.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 500, LINES = 3000 };

typedef void embed_put(void *user, const char *word, size_t length, int64_t count);
typedef int embed_count(const char *job_path, const char *plugin_folder, embed_put *put,
                        void *user);

struct counted {
    int64_t counts[WORDS];
    uint32_t rows, wrong;
};

static void put(void *user, const char *word, size_t length, int64_t count)
{
    struct counted *counted = user;
    char text[64] = {0};
    unsigned number = WORDS;
    memcpy(text, word, length < 63 ? length : 63);
    counted->rows++;
    if (sscanf(text, "wordnumber%u", &number) != 1 || number >= WORDS)
        counted->wrong++;
    else
        counted->counts[number] += count;
}

/* Line i has words i, 2 i, ... 5 i. */
static void write_text(const char *dir, int64_t *expected)
{
    char *path = path_join(dir, "text.txt");
    FILE *file = fopen(path, "w");
    for (unsigned i = 0; i < LINES; i++) {
        for (unsigned k = 1; k <= 5; k++) {
            fprintf(file, "wordnumber%u ", i * k % WORDS);
            expected[i * k % WORDS]++;
        }
        fputs("\n", file);
    }
    fclose(file);
    free(path);
}

static void a_word_count_is_driven_by_hand_in_another_program(void)
{
    static int64_t expected[WORDS];
    static struct counted counted;
    char *dir = dir_temp(), *library = build_path("embed/word_count.so");
    char *plugins = build_path("plugins"), *job = path_join(dir, "job.cfg");
    char *text = text_format(
        "job = \"embedded\"; mode = \"batch\"; operators = (\n"
        "  { id = \"lines\"; op = \"file.read\"; path = \"text.txt\"; },\n"
        "  { id = \"words\"; op = \"text.words\"; input = \"lines\"; },\n"
        "  { id = \"counts\"; op = \"std.sum\"; input = \"words\"; key = \"word\"; field = "
        "\"count\"; },\n"
        "  { id = \"out\"; op = \"std.null\"; input = \"counts\"; } );\n");
    write_text(dir, expected);
    file_write_text(job, text);
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        fprintf(stderr, "%s\n", dlerror());
    CU_ASSERT_PTR_NOT_NULL_FATAL(handle);
    embed_count *count;
    *(void **)&count = dlsym(handle, "embed_count");
    CU_ASSERT_FATAL(count != NULL);
    CU_ASSERT_EQUAL(count(job, plugins, put, &counted), 0);
    CU_ASSERT_EQUAL(counted.wrong, 0);
    CU_ASSERT_EQUAL(memcmp(counted.counts, expected, sizeof expected), 0);
    CU_ASSERT_EQUAL(counted.rows, WORDS); /* final: each word once */
    CU_ASSERT_PTR_NULL(dlsym(handle, "gy_instance_new"));
    dir_remove(dir);
    free(dir), free(library), free(plugins), free(job), free(text);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_word_count_is_driven_by_hand_in_another_program),
};

SUITE_MAIN("op_alone", tests)
