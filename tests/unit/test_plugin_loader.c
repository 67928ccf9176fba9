/* What the loader refuses, each with its exact sentence; see plugin/load.h.
 *
 * The hostile plugins are tests/bad/NAME.c; files that no compiler makes are made here of the
 * fixture plugin_good. */
#include "loader.h"
#include "support/files.h"
#include "support/suite.h"

#include "plugin/guide.h"
#include "plugin/note.h"
#include "plugin/load.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the guide has more about it. */
#define AT(section) " (" section ")"
#define REBUILD     "; rebuild it with this gyre's SDK" AT(GY_GUIDE_ABI)

/* ---- plugins that a compiler made ---- */

static const struct {
    const char *name, *sentence;
} refused[] = {
    {"abi_minor", "is built for plugin ABI 0.99 and this gyre has 0.4" REBUILD},
    {"abi_major", "is built for plugin ABI 7.4 and this gyre has 0.4" REBUILD},
    {"magic", "has a note that begins with 0xdeadbeef, not with 0x45525947" REBUILD},
    {"struct_size", "has a struct gyre_aggregate of 56 bytes and this gyre one of 48" REBUILD},
    {"size_count", "lists the sizes of 15 structs and this gyre those of 16" REBUILD},
    {"byte_order", "has byte order 2 in its note and this machine has 1" REBUILD},
    {"isa_unknown", "has an unknown instruction-set level 9, the known ones are 0 to 4" REBUILD},
    {"no_note", "is no gyre plugin: it has no note .note.gyre; write GYRE_PLUGIN(...) into one of "
                "its sources" AT(GY_GUIDE_FIRST)},
    {"no_symbol", "has a note and does not export gyre_plugin_v1; write GYRE_PLUGIN(...) instead "
                  "of the note alone" AT(GY_GUIDE_FIRST)},
    {"plugin_name", "calls itself `PluginName`, but names are [a-z][a-z0-9_]*, 47 bytes at most; "
                    "rename it in GYRE_PLUGIN(...)" AT(GY_GUIDE_FIRST)},
    {"operator_twice", "operator `some` is listed twice; operators and functions share their "
                       "names: rename one" AT(GY_GUIDE_FIRST)},
    {"operator_kind", "operator `drop` has the unknown kind 9; the known ones are 1 (source), 2 "
                      "(transform) and 3 (sink)" AT(GY_GUIDE_BY_HAND)},
    {"operator_name", "item 0 is called `Drop-Rows`; names are [a-z][a-z0-9_]*" AT(GY_GUIDE_FIRST)},
    {"operator_size",
     "item 0 is a descriptor of size 232, not 240; begin it with its sizeof" AT(GY_GUIDE_FIRST)},
    {"operator_flags", "operator `drop` has the flags 0x40000000, of which this gyre knows 0x7ff"
                       "; rebuild it with this gyre's SDK" AT(GY_GUIDE_BY_HAND)},
    {"no_process", "operator `drop` has no callback process, which every sink needs; write it" AT(
                       GY_GUIDE_SINKS)},
    {"half_commit",
     "operator `drop` has the callback prepare and not commit; write both or none" AT(
         GY_GUIDE_SINKS)},
    {"sink_timer",
     "operator `drop` has the callback on_timer, which a sink never gets; leave it NULL" AT(
         GY_GUIDE_SINKS)},
    {"source_inputs",
     "operator `drop` has no callback discover, which every source needs; write it" AT(
         GY_GUIDE_SOURCES)},
    {"option_reserved", "operator `drop`, option `window` bears the name of a setting that every "
                        "operator has; rename it" AT(GY_GUIDE_OPTIONS)},
    {"option_outside", "operator `drop`, option `count` takes 8 bytes at offset 0 and the config "
                       "has 4; give its struct in the table" AT(GY_GUIDE_OPTIONS)},
    {"option_range", "operator `drop`, option `count` has the default 500, outside of its range 1 "
                     "to 100; change one of them" AT(GY_GUIDE_OPTIONS)},
    {"option_default", "operator `drop`, option `count` has a default that cannot be read: \"5\" "
                       "has no unit: the units of a duration are us, ms, s, m, h and d, as in "
                       "\"10ms\"" AT(GY_GUIDE_OPTIONS)},
    {"option_choice",
     "operator `drop`, option `count` has the default xml, none of its choices \"csv|json\"" AT(
         GY_GUIDE_OPTIONS)},
    {"option_key_function", "operator `make` has the option `fn`, a key function, which only an "
                            "operator with an input can "
                            "have; leave it out" AT(GY_GUIDE_OPTIONS)},
    {"option_key_group", "operator `drop`, option `fn` is a key function within a group; it is an "
                         "option of an operator "
                         "itself" AT(GY_GUIDE_OPTIONS)},
    {"option_writes",
     "operator `drop`, option `name` has the flag GYRE_WRITES and is no PATH; leave it out" AT(
         GY_GUIDE_OPTIONS)},
    {"option_writes_group",
     "operator `drop`, option `path` has the flag GYRE_WRITES within a group; "
     "it is for an option of an operator itself" AT(GY_GUIDE_OPTIONS)},
    {"option_of_state", "operator `drop`, option `name` has the flag GYRE_OF_STATE and is a PATH, "
                        "which may move; leave it out" AT(GY_GUIDE_OPTIONS)},
    {"option_of_group", "operator `drop`, option `path` has the flag GYRE_OF_STATE within a group; "
                        "it is for the list of groups" AT(GY_GUIDE_OPTIONS)},
    {"function_writes",
     "function `some` has the option `path` with the flag GYRE_WRITES, which only "
     "an option of an operator can have; leave it out" AT(GY_GUIDE_OPTIONS)},
    {"key_results", "function `none` has no results and no bind that declares them; declare one" AT(
                        GY_GUIDE_KEYS)},
    {"option_type",
     "operator `drop`, option `count` has the unknown type 99; the known ones are 1 to 16" AT(
         GY_GUIDE_OPTIONS)},
    {"option_twice",
     "operator `drop`, option `count` is declared twice; remove one of them" AT(GY_GUIDE_OPTIONS)},
    {"option_overlap", "operator `drop`, option `low` stands at offset 0, in the bytes of option "
                       "`count` at 0; give each a member of its own" AT(GY_GUIDE_OPTIONS)},
    {"state_pointer", "operator `drop`, state type `seen` has 8 bytes at its end that no member "
                      "covers; list every member, or write encode and decode" AT(GY_GUIDE_STATE)},
    {"field_type", "operator `drop`, output port `out` has the field `value` of the unknown type "
                   "42; the known ones are 1 to 7" AT(GY_GUIDE_BATCHES)},
    {"aggregate_add",
     "function `total` has no callback add, which every function of its kind needs; write it" AT(
         GY_GUIDE_AGGREGATES)},
};

static void hostile_plugins_are_refused_saying_what_differs(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char *name = text_format("bad/%s.so", refused[i].name);
        char *path = build_path(name);
        loader_expect_refused(path, refused[i].sentence);
        free(path);
        free(name);
    }
}

static void a_feature_that_the_host_lacks_is_named_with_those_it_has(void)
{
    char *path = build_path("bad/feature.so");
    char *sentence = text_format("operator `drop` needs the unknown features 0x10000000000 and "
                                 "this gyre offers 0x%llx; use a newer gyre" AT(GY_GUIDE_BY_HAND),
                                 (unsigned long long)GY_HOST_FEATURES);
    loader_expect_refused(path, sentence);
    free(sentence);
    free(path);
}

static void a_plugin_for_a_better_cpu_is_refused(void)
{
    char *path = build_path("bad/isa_level.so");
    unsigned cpu = gy_note_cpu_level();
    if (cpu == 4)
        loader_expect_text(loader_add(path).text, "");
    else {
        char *sentence = text_format("is built for x86-64-v4 and this CPU has x86-64-v%u; rebuild "
                                     "it with -march=x86-64-v%u" AT(GY_GUIDE_SET_UP),
                                     cpu, cpu);
        loader_expect_refused(path, sentence);
        free(sentence);
    }
    free(path);
}

static void a_good_plugin_loads_with_its_operators_and_functions(void)
{
    struct gyre_error error = {.size = sizeof error};
    char *path = build_path(LOADER_GOOD);
    struct gy_plugins *plugins = gy_plugins_new(NULL, 0);
    CU_ASSERT_EQUAL(gy_plugins_add(plugins, path, &error), 0);
    CU_ASSERT_EQUAL(gy_plugins_add(plugins, path, &error), 0); /* the same file: nothing to say */
    const struct gy_plugin *plugin = gy_plugins_get(plugins, "plugin_good", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plugin);
    CU_ASSERT_STRING_EQUAL(plugin->note.name, "plugin_good");
    CU_ASSERT_STRING_EQUAL(plugin->abi->version, "0.3.1");
    CU_ASSERT_PTR_EQUAL(gy_plugins_at(plugins, 0), plugin);
    CU_ASSERT_PTR_NULL(gy_plugins_at(plugins, 1));
    CU_ASSERT_PTR_NOT_NULL(gy_plugin_operator(plugin, "big"));
    CU_ASSERT_PTR_NULL(gy_plugin_operator(plugin, "price"));
    CU_ASSERT_PTR_NOT_NULL(gy_plugin_function(plugin, "price"));
    CU_ASSERT_PTR_NULL(gy_plugin_function(plugin, "big"));
    const char *names[8];
    CU_ASSERT_EQUAL(gy_plugin_names(plugin, names, 8), 3);
    CU_ASSERT_STRING_EQUAL(names[2], "price");
    CU_ASSERT_EQUAL(gy_plugin_names(plugin, names, 1), 1);
    gy_plugins_free(plugins);
    free(path);
}

/* ---- files that are made here ---- */

static void poke(const char *path, size_t offset, unsigned char byte)
{
    size_t size;
    char *bytes = file_read(path, &size);
    CU_ASSERT_FATAL(offset < size);
    bytes[offset] = (char)byte;
    file_write(path, bytes, size);
    free(bytes);
}

static void files_that_are_no_shared_objects_are_refused(void)
{
    static const struct {
        const char *text, *sentence;
    } files[] = {
        {"", "is empty; build or copy it again"},
        {"#!/bin/sh\n", "is no ELF file: it begins with 23 21 2f 62, not with 7f 45 4c 46; name a "
                        "plugin's .so"},
        {"\x7f\x45\x4c\x47", "is no ELF file: it begins with 7f 45 4c 47, not with 7f 45 4c 46; "
                             "name a plugin's .so"},
    };
    char *folder = dir_temp();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = path_join(folder, "a.so");
        file_write_text(path, files[i].text);
        loader_expect_refused(path, files[i].sentence);
        free(path);
    }
    loader_expect_refused(folder, "is a folder, not a file; name the .so itself");
    loader_expect_refused("/nowhere/a.so", "cannot be opened: No such file or directory");
    dir_remove(folder);
    free(folder);
}

static void objects_for_other_machines_are_refused(void)
{
    static const struct {
        size_t offset;
        unsigned char byte;
        const char *sentence;
    } files[] = {
        {EI_CLASS, ELFCLASS32, "is a 32-bit object and this gyre is 64-bit; rebuild it for 64-bit"},
        {EI_DATA, ELFDATA2MSB,
         "has byte order 2 and this machine has 1 (1 little-endian, 2 big-endian); rebuild it for "
         "this machine"},
        {offsetof(Elf64_Ehdr, e_type), ET_EXEC,
         "is an executable (ELF type 2), not a shared object (3); link it with -shared" AT(
             GY_GUIDE_SET_UP)},
        {offsetof(Elf64_Ehdr, e_type), ET_REL,
         "is an object file (ELF type 1), not a shared object (3); link it with -shared" AT(
             GY_GUIDE_SET_UP)},
        {offsetof(Elf64_Ehdr, e_phnum), 0,
         "has 0 program headers of 56 bytes, not 1 to 65534 of 56; build or copy it again"},
#if defined(__x86_64__)
        {offsetof(Elf64_Ehdr, e_machine), EM_386,
         "is built for i386 (ELF machine 3) and this machine is x86-64 (62); rebuild it for this "
         "machine"},
#endif
    };
    char *folder = dir_temp();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = loader_copy(LOADER_GOOD, folder, "a.so", SIZE_MAX);
        poke(path, files[i].offset, files[i].byte);
        loader_expect_refused(path, files[i].sentence);
        free(path);
    }
    dir_remove(folder);
    free(folder);
}

/* Where the note of the good fixture stands in its file. */
static size_t note_at(const char *path)
{
    size_t size;
    char *bytes = file_read(path, &size);
    const uint32_t magic = GYRE_NOTE_MAGIC;
    for (size_t i = 0; i + sizeof(struct gyre_note) <= size; i += 4)
        if (memcmp(bytes + i, &magic, sizeof magic) == 0) {
            free(bytes);
            return i;
        }
    CU_FAIL_FATAL("no note in the fixture");
    return 0;
}

static void notes_that_no_compiler_makes_are_refused(void)
{
    static const struct {
        int offset; /* from the note's content */
        unsigned char byte;
        const char *sentence;
    } notes[] = {
        {-16, 156, "has a note of 156 bytes and this gyre's has 160" REBUILD},
        {-16, 0, "has a note of 0 bytes and this gyre's has 160" REBUILD},
        {9, 4, "has pointers of 4 bytes and this gyre has 8" REBUILD},
        {16 + 4 * 9, 65, "has a struct gyre_batch of 65 bytes and this gyre one of 72" REBUILD},
        {80, 'q',
         "gyre_plugin_v1 says that it is `plugin_good` and its note `qlugin_good`; use "
         "GYRE_PLUGIN" AT(GY_GUIDE_FIRST)},
        {128, '1',
         "gyre_plugin_v1 has version \"0.3.1\" and its note \"1.3.1\"; use GYRE_PLUGIN" AT(
             GY_GUIDE_FIRST)},
        {80, '/',
         "calls itself `/lugin_good`, but names are [a-z][a-z0-9_]*, 47 bytes at most; "
         "rename it in GYRE_PLUGIN(...)" AT(GY_GUIDE_FIRST)},
    };
    char *folder = dir_temp();
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        char *name = text_format("a%zu.so", i); /* a file of its own: none is loaded twice */
        char *path = loader_copy(LOADER_GOOD, folder, name, SIZE_MAX);
        poke(path, (size_t)((long)note_at(path) + notes[i].offset), notes[i].byte);
        loader_expect_refused(path, notes[i].sentence);
        free(path);
        free(name);
    }
    dir_remove(folder);
    free(folder);
}

static void a_file_cut_at_any_length_is_refused(void)
{
    struct gyre_error error = {.size = sizeof error};
    struct gyre_note note;
    char *folder = dir_temp();
    char *path = loader_copy(LOADER_GOOD, folder, "a.so", 4096);
    for (off_t n = 4096; n >= 0; n--) {
        CU_ASSERT_EQUAL_FATAL(truncate(path, n), 0);
        error.text[0] = '\0';
        CU_ASSERT(gy_note_read(path, &note, &error) < 0);
        CU_ASSERT(strstr(error.text, "a.so: is ") != NULL);
        if (n % 64 == 0)
            CU_ASSERT(loader_add(path).code < 0);
    }
    free(path);
    path = loader_copy(LOADER_GOOD, folder, "a.so", 100);
    CU_ASSERT(strstr(loader_add(path).text, "a.so: is cut short: it has 100 bytes and its program "
                                            "header table would end at ") != NULL);
    free(path);
    dir_remove(folder);
    free(folder);
}

/* The dynamic linker would map what is not there and end with SIGBUS. */
static void a_stripped_file_with_a_segment_cut_off_is_refused(void)
{
    char *folder = dir_temp();
    char *path = loader_copy(LOADER_GOOD, folder, "a.so", 4096);
    for (size_t i = 0; i < 8; i++)
        poke(path, offsetof(Elf64_Ehdr, e_shoff) + i, 0);
    CU_ASSERT(strstr(loader_add(path).text,
                     "a.so: is cut short: it has 4096 bytes and its segments "
                     "would end at ") != NULL);
    free(path);
    dir_remove(folder);
    free(folder);
}

/* The file is one segment of notes, the second of which begins `left` bytes before the end. */
static void a_note_at_the_end_of_its_segment_is_not_read_beyond(void)
{
    enum { NOTES = 8192 };
    static struct {
        Elf64_Ehdr head;
        Elf64_Phdr segment;
        char notes[NOTES];
    } file;
    const struct gyre_note_entry ours = {
        .owner_size = 5, .note_size = 160, .type = 1, .owner = "gyre"};
    char *folder = dir_temp(), *path = path_join(folder, "a.so");
    char *good = build_path(LOADER_GOOD);
    char *bytes = file_read(good, NULL);
    for (uint32_t left = 4; left <= 20; left += 4) {
        memset(&file, 0, sizeof file);
        memcpy(&file.head, bytes, sizeof file.head);
        file.head.e_phoff = sizeof file.head;
        file.head.e_phnum = 1;
        file.head.e_shoff = 0;
        file.segment = (Elf64_Phdr){.p_type = PT_NOTE,
                                    .p_offset = sizeof file.head + sizeof file.segment,
                                    .p_filesz = NOTES,
                                    .p_align = 4};
        memcpy(file.notes, &(Elf64_Nhdr){.n_descsz = NOTES - 12 - left}, sizeof(Elf64_Nhdr));
        memcpy(file.notes + NOTES - left, &ours, left);
        file_write(path, &file, sizeof file);
        loader_expect_refused(
            path, left < 20 ? "is no gyre plugin: it has no note .note.gyre; write "
                              "GYRE_PLUGIN(...) into one of its sources" AT(GY_GUIDE_FIRST)
                            : "is cut short: it has 8312 bytes and its note would end "
                              "at 8472; build or copy it again");
    }
    free(bytes);
    free(good);
    free(path);
    dir_remove(folder);
    free(folder);
}

/* A seeded walk over damaged files; the sanitizers say if a byte was read that is not there. */
static void damaged_headers_never_lead_out_of_the_file(void)
{
    struct gyre_error error = {.size = sizeof error};
    struct gyre_note note;
    char *folder = dir_temp();
    char *path = loader_copy(LOADER_GOOD, folder, "a.so", SIZE_MAX);
    size_t size;
    char *bytes = file_read(path, &size);
    char *damaged = malloc(size);
    uint64_t seed = 1;
    unsigned n_refused = 0;
    for (unsigned round = 0; round < 1500; round++) {
        memcpy(damaged, bytes, size);
        for (unsigned k = 0; k < 4; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            size_t at = (size_t)(seed >> 33) % 1200;
            damaged[at] = (char)(seed >> 56 & 1 ? 0xff : seed >> 48);
        }
        file_write(path, damaged, size);
        n_refused += gy_note_read(path, &note, &error) < 0;
    }
    CU_ASSERT(n_refused > 300 && n_refused < 1500);
    free(damaged);
    free(bytes);
    free(path);
    dir_remove(folder);
    free(folder);
}

static void an_undefined_symbol_is_named(void)
{
    char *folder = dir_temp();
    char *path = loader_copy("bad/undefined_symbol.so", folder, "a.so", SIZE_MAX);
    size_t size, count = 0;
    char *bytes = file_read(path, &size);
    for (size_t i = 0; i + 9 <= size; i++)
        if (memcmp(bytes + i, "getauxval", 9) == 0) {
            bytes[i + 8] = 'X';
            count++;
        }
    CU_ASSERT(count > 0);
    file_write(path, bytes, size);
    struct gyre_error error = loader_add(path);
    CU_ASSERT_EQUAL(error.code, GYRE_EINVAL);
    CU_ASSERT(strstr(error.text, "a.so: cannot be loaded: undefined symbol: getauxvaX") != NULL);
    CU_ASSERT(strstr(error.text, "; link it with what it needs") != NULL);
    free(bytes);
    free(path);
    dir_remove(folder);
    free(folder);
}

static const struct suite_test tests[] = {
    SUITE_TEST(hostile_plugins_are_refused_saying_what_differs),
    SUITE_TEST(a_feature_that_the_host_lacks_is_named_with_those_it_has),
    SUITE_TEST(a_plugin_for_a_better_cpu_is_refused),
    SUITE_TEST(a_good_plugin_loads_with_its_operators_and_functions),
    SUITE_TEST(files_that_are_no_shared_objects_are_refused),
    SUITE_TEST(objects_for_other_machines_are_refused),
    SUITE_TEST(notes_that_no_compiler_makes_are_refused),
    SUITE_TEST(a_file_cut_at_any_length_is_refused),
    SUITE_TEST(a_stripped_file_with_a_segment_cut_off_is_refused),
    SUITE_TEST(a_note_at_the_end_of_its_segment_is_not_read_beyond),
    SUITE_TEST(damaged_headers_never_lead_out_of_the_file),
    SUITE_TEST(an_undefined_symbol_is_named),
};
SUITE_MAIN("plugin_loader", tests)
