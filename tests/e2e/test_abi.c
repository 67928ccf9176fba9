/* The ABI, as sdk/ABI.md tells it: a plugin that was compiled with other headers than this gyre's is refused, with
 * both values. Each case copies the headers, changes one thing there, compiles a plugin with the copy, and has it
 * looked at by the loader. */
#include "support/process.h"
#include "support/suite.h"

#include <gyre/gyre.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char plugin_source[] = "#include <gyre/gyre.h>\n"
                                    "#define ROW(F, N) F(i64, n)\n"
                                    "GYRE_RECORD(row, ROW)\n"
                                    "static int is_odd(const struct row *r) { return r->n & 1; }\n"
                                    "GYRE_FILTER(odd, \"Keeps odd numbers.\", row, is_odd)\n"
                                    "GYRE_PLUGIN(small, \"0.1.0\", GYRE_OP(odd))\n";

/* A change of a header: behind `after`, `from` becomes `to`. */
struct edit {
    const char *header, *after, *from, *to;
};

/* ---- the copy of the headers, and a plugin of it ---- */

struct copy {
    char *folder; /* gyre/: the headers; small.c, small.so */
};

static void need_compiler(void)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV("cc", "--version")}, &r);
    int status = r.status;
    process_result_fini(&r);
    if (status == 127)
        suite_skip("there is no compiler called cc");
}

static void copy_init(struct copy *copy)
{
    struct process_result r;
    need_compiler();
    umask(022); /* the loader refuses what others can write */
    copy->folder = dir_temp();
    process_run(&(struct process_spec){.argv = ARGV("cp", "-rL", "sdk/include/gyre", copy->folder)},
                &r);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    process_result_fini(&r);
    char *source = path_join(copy->folder, "small.c");
    file_write_text(source, plugin_source);
    free(source);
}

static void copy_fini(struct copy *copy)
{
    dir_end(copy->folder);
}

/* Puts `to` where `from` stands behind `after`; what is not there ends the test. */
static char *edited(const char *text, const char *after, const char *from, const char *to)
{
    const char *at = strstr(text, after);
    at = at != NULL ? strstr(at, from) : NULL;
    if (at == NULL)
        printf("no `%s` behind `%s`\n", from, after);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    return text_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void copy_edit(const struct copy *copy, const struct edit *edit)
{
    char *name = text_format("%s/gyre/%s", copy->folder, edit->header);
    char *before = file_read(name, NULL);
    char *after = edited(before, edit->after, edit->from, edit->to);
    file_write_text(name, after);
    free(after);
    free(before);
    free(name);
}

/* The status of the compiler, and what it says. */
static int copy_compile(const struct copy *copy, char **says)
{
    struct process_result r;
    process_run(
        &(struct process_spec){.argv = ARGV("cc", "-std=c17", "-I.", "-shared", "-fPIC",
                                            "-fvisibility=hidden", "small.c", "-o", "small.so"),
                               .cwd = copy->folder},
        &r);
    int status = r.status;
    *says = text_format("%s", r.err);
    process_result_fini(&r);
    return status;
}

/* What the loader says of the plugin: "" where it takes it. */
static char *loader_says(const struct copy *copy)
{
    struct process_result r;
    char *program = build_path("gyre");
    process_run(
        &(struct process_spec){.argv = ARGV(program, "inspect", "./small.so"), .cwd = copy->folder},
        &r);
    CU_ASSERT(r.status == 0 || r.status == 2);
    char *says = text_format("%s", r.err);
    process_result_fini(&r);
    free(program);
    return says;
}

static void expect_says(const struct copy *copy, const char *text)
{
    char *says = loader_says(copy);
    const char *at = strstr(says, "small.so: ");
    if (at == NULL || strstr(at, text) == NULL)
        printf("   is: %s  not: %s\n", says, text);
    CU_ASSERT(at != NULL && strstr(at, text) != NULL);
    free(says);
}

/* ---- the note ---- */

#define MACRO "#define GYRE_PLUGIN(plugin_name"

static const struct {
    struct edit edit;
    const char *says;
} entries[] = {
    {{"plugin.h", "GYRE_NOTE_OWNER ", "\"gyre\"", "\"gyra\""},
     "is no gyre plugin: it has no note .note.gyre"},
    {{"plugin.h", "GYRE_NOTE_TYPE ", "1u", "2u"}, "is no gyre plugin: it has no note .note.gyre"},
    {{"plugin.h", "GYRE_NOTE_MAGIC ", "0x45525947u", "0x45525948u"},
     "has a note that begins with 0x45525948, not with 0x45525947"},
    {{"plugin.h", "GYRE_ABI_MAJOR ", "0u", "1u"},
     "is built for plugin ABI 1.4 and this gyre has 0.4"},
    {{"plugin.h", "GYRE_ABI_MINOR ", "4u", "5u"},
     "is built for plugin ABI 0.5 and this gyre has 0.4"},
    {{"plugin.h", MACRO, "GYRE_BYTE_ORDER", "3 - GYRE_BYTE_ORDER"},
     "has byte order 2 in its note and this machine has 1"},
    {{"plugin.h", MACRO, "sizeof(void *)", "(sizeof(void *) / 2)"},
     "has pointers of 4 bytes and this gyre has 8"},
    {{"plugin.h", MACRO, "GYRE_ISA_LEVEL", "5"},
     "has an unknown instruction-set level 5, the known ones are 0 to 4"},
    {{"plugin.h", "GYRE_ISA_LEVEL, ", "0,", "1,"},
     "has 1 in its note where this gyre knows of 0 alone"},
    {{"plugin.h", MACRO, "GYRE_NOTE_SIZES,", "GYRE_NOTE_SIZES - 1,"},
     "lists the sizes of 15 structs and this gyre those of 16"},
    {{"plugin.h", "{GYRE_ABI_STRUCTS(", "#plugin_name", "\"other\""},
     "gyre_plugin_v1 says that it is `small` and its note `other`"},
    {{"plugin.h", "{GYRE_ABI_STRUCTS(", "plugin_version", "\"9.9\""},
     "gyre_plugin_v1 has version \"0.1.0\" and its note \"9.9\""},
    {{"plugin.h", "GYRE__EXTERN_C __", "visibility(\"default\")", "visibility(\"hidden\")"},
     "has a note and does not export gyre_plugin_v1"},
};

static void each_entry_of_the_note_is_compared_and_both_values_are_told(void)
{
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        struct copy copy;
        char *says;
        copy_init(&copy);
        copy_edit(&copy, &entries[i].edit);
        CU_ASSERT_EQUAL(copy_compile(&copy, &says), 0);
        printf("%s", says);
        expect_says(&copy, entries[i].says);
        free(says);
        copy_fini(&copy);
    }
}

static void what_was_not_changed_is_taken(void)
{
    struct copy copy;
    char *compiler;
    copy_init(&copy);
    CU_ASSERT_EQUAL(copy_compile(&copy, &compiler), 0);
    CU_ASSERT_STRING_EQUAL(compiler, "");
    char *says = loader_says(&copy);
    CU_ASSERT_STRING_EQUAL(says, "");
    free(says);
    free(compiler);
    copy_fini(&copy);
}

/* ---- the structs ---- */

#define ROW(type) {#type, (unsigned)sizeof(struct type)},
static const struct {
    const char *name;
    unsigned size;
} structs[] = {GYRE_ABI_STRUCTS(ROW)};
#undef ROW

/* The header in which a struct stands; one of the SDK's. */
static const char *header_of(const char *name)
{
    static const char *const headers[] = {"error.h",    "schema.h",   "batch.h",
                                          "option.h",   "state.h",    "host.h",
                                          "operator.h", "function.h", "plugin.h"};
    char *begins = text_format("\nstruct %s {\n", name);
    const char *found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof headers / sizeof *headers; i++) {
        char *path = text_format("sdk/include/gyre/%s", headers[i]);
        char *text = file_read(path, NULL);
        found = strstr(text, begins) != NULL ? headers[i] : NULL;
        free(text);
        free(path);
    }
    free(begins);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    return found;
}

/* A member at the end of the struct. */
static void lengthen(const struct copy *copy, const char *name)
{
    char *begins = text_format("\nstruct %s {\n", name);
    const struct edit edit = {header_of(name), begins, "\n};", "\n    uint64_t more;\n};"};
    copy_edit(copy, &edit);
    free(begins);
}

static void a_struct_with_another_member_is_told_by_the_compiler(void)
{
    for (size_t i = 0; i < sizeof structs / sizeof *structs; i++) {
        struct copy copy;
        char *says, *told = text_format("layout of %s", structs[i].name);
        copy_init(&copy);
        lengthen(&copy, structs[i].name);
        CU_ASSERT_NOT_EQUAL(copy_compile(&copy, &says), 0);
        if (strstr(says, told) == NULL)
            printf("no `%s` in: %s", told, says);
        CU_ASSERT(strstr(says, told) != NULL);
        free(says);
        free(told);
        copy_fini(&copy);
    }
}

static void a_struct_of_another_size_is_refused_with_both_sizes(void)
{
    const struct edit lax = {"error.h", "__cplusplus",
                             "#define GYRE_STATIC_ASSERT(condition, text) "
                             "_Static_assert(condition, text)",
                             "#define GYRE_STATIC_ASSERT(condition, text) "
                             "_Static_assert(1, \"\")"};
    CU_ASSERT_EQUAL(sizeof structs / sizeof *structs, GYRE_NOTE_SIZES);
    for (size_t i = 0; i < sizeof structs / sizeof *structs; i++) {
        struct copy copy;
        char *compiler;
        char *says = text_format("has a struct %s of %u bytes and this gyre one of %u",
                                 structs[i].name, structs[i].size + 8, structs[i].size);
        copy_init(&copy);
        lengthen(&copy, structs[i].name);
        copy_edit(&copy, &lax);
        CU_ASSERT_EQUAL(copy_compile(&copy, &compiler), 0);
        expect_says(&copy, says);
        free(compiler);
        free(says);
        copy_fini(&copy);
    }
}

static void a_note_of_another_size_is_refused_with_both_sizes(void)
{
    const struct edit member = {"plugin.h", "\nstruct gyre_note {\n", "    char name[48];",
                                "    uint32_t more[2];\n    char name[48];"};
    const struct edit value = {"plugin.h", "{GYRE_ABI_STRUCTS(", ",", ", {0, 0},"};
    const struct edit sizes[] = {{"plugin.h", "", "gyre_note) == 160", "gyre_note) == 168"},
                                 {"plugin.h", "", "entry) == 180", "entry) == 188"}};
    struct copy copy;
    char *compiler;
    copy_init(&copy);
    copy_edit(&copy, &member);
    copy_edit(&copy, &value);
    copy_edit(&copy, &sizes[0]);
    copy_edit(&copy, &sizes[1]);
    CU_ASSERT_EQUAL(copy_compile(&copy, &compiler), 0);
    printf("%s", compiler);
    expect_says(&copy, "has a note of 168 bytes and this gyre's has 160");
    free(compiler);
    copy_fini(&copy);
}

/* ---- the page ---- */

/* A program that prints a line of the page's list for each struct of the headers, as it is now. */
static void write_lister(const struct copy *copy, FILE *c)
{
    static const char command[] = "cat gyre/*.h | sed -n 's/^struct \\(gyre_[a-z_]*\\) {$/\\1/p'";
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV("sh", "-c", command), .cwd = copy->folder}, &r);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    fputs("#include <gyre/gyre.h>\n#define ROW(type) \" \" #type\n"
          "int main(void) { const char *noted = GYRE_ABI_STRUCTS(ROW) \" \";\n",
          c);
    for (char *name = strtok(r.out, "\n"); name != NULL; name = strtok(NULL, "\n"))
        fprintf(c,
                "printf(\"| `%s` | %%zu | %%s |\\n\", sizeof(struct %s), strstr(noted, \" %s \") "
                "? \"·\" : \" \");\n",
                name, name, name);
    fputs("return 0; }\n", c);
    process_result_fini(&r);
}

static char *list_structs(const struct copy *copy)
{
    struct process_result r;
    char *name = path_join(copy->folder, "list.c");
    FILE *c = fopen(name, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    write_lister(copy, c);
    fclose(c);
    process_run(
        &(struct process_spec){.argv = ARGV("sh", "-c", "cc -std=c17 -I. list.c -o list && ./list"),
                               .cwd = copy->folder},
        &r);
    CU_ASSERT_EQUAL(r.status, 0);
    char *lines = text_format("%s", r.out);
    process_result_fini(&r);
    free(name);
    return lines;
}

static void the_page_lists_each_struct_with_its_size(void)
{
    struct copy copy;
    char *page = file_read("sdk/ABI.md", NULL);
    copy_init(&copy);
    char *lines = list_structs(&copy);
    size_t n = 0;
    for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n"), n++) {
        if (strstr(page, line) == NULL)
            printf("sdk/ABI.md lacks: %s\n", line);
        CU_ASSERT(strstr(page, line) != NULL);
    }
    CU_ASSERT(n > GYRE_NOTE_SIZES);
    free(lines);
    free(page);
    copy_fini(&copy);
}

static void the_page_says_the_version_and_what_the_loader_says(void)
{
    char *page = file_read("sdk/ABI.md", NULL);
    char *version = text_format("\n%u.%u, and 0.x means", GYRE_ABI_MAJOR, GYRE_ABI_MINOR);
    CU_ASSERT(strstr(page, version) != NULL);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        const char *says = entries[i].says;
        bool told = strstr(page, says) != NULL || strncmp(says, "gyre_plugin_v1", 14) == 0 ||
                    strstr(says, "export") != NULL || strstr(says, "1.4") != NULL ||
                    strstr(says, "level") != NULL;
        if (!told)
            printf("sdk/ABI.md lacks: %s\n", says);
        CU_ASSERT(told);
    }
    free(version);
    free(page);
}

static const struct suite_test tests[] = {
    SUITE_TEST(what_was_not_changed_is_taken),
    SUITE_TEST_WITHIN(each_entry_of_the_note_is_compared_and_both_values_are_told, 90),
    SUITE_TEST_WITHIN(a_struct_with_another_member_is_told_by_the_compiler, 90),
    SUITE_TEST_WITHIN(a_struct_of_another_size_is_refused_with_both_sizes, 90),
    SUITE_TEST(a_note_of_another_size_is_refused_with_both_sizes),
    SUITE_TEST(the_page_lists_each_struct_with_its_size),
    SUITE_TEST(the_page_says_the_version_and_what_the_loader_says),
};
SUITE_MAIN("abi", tests)
