/* The file of a plugin, loading it, and what its tables say; see check.h. */
#include "conform/check.h"

#include "base/mem.h"
#include "conform/vary.h"
#include "plugin/check.h"
#include "plugin/note.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <gyre/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum gy_verdict gy_check_note(struct gy_case *c)
{
    struct gyre_error error = {.size = sizeof error};
    struct gyre_note note;
    if (gy_note_read(c->place.plugin, &note, &error) == 0)
        return GY_PASS;
    return gy_case_say(c, GY_FAIL, "%s", error.text);
}

/* ---- symbols ---- */

struct symbols {
    const uint8_t *bytes;
    size_t size;
    char names[256]; /* those that nobody asked for */
    unsigned n;
};

static bool is_expected(const char *name)
{
    static const char *const known[] = {GYRE_SYMBOL, "_init", "_fini", "_edata", "_end"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return strncmp(name, "__", 2) == 0 || name[0] == 0; /* the compiler's own */
}

static void look_at_symbols(struct symbols *s, const Elf64_Shdr *table, const Elf64_Shdr *strings)
{
    size_t n = table->sh_entsize > 0 ? table->sh_size / table->sh_entsize : 0;
    for (size_t i = 0; i < n; i++) {
        Elf64_Sym symbol;
        size_t at = table->sh_offset + i * table->sh_entsize;
        if (at + sizeof symbol > s->size)
            return;
        memcpy(&symbol, s->bytes + at, sizeof symbol);
        size_t name_at = strings->sh_offset + symbol.st_name;
        if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_BIND(symbol.st_info) == STB_LOCAL ||
            ELF64_ST_VISIBILITY(symbol.st_other) != STV_DEFAULT || name_at >= s->size)
            continue;
        const char *name = (const char *)s->bytes + name_at;
        if (memchr(name, 0, s->size - name_at) == NULL || is_expected(name))
            continue;
        size_t used = strlen(s->names);
        if (s->n++ < 4)
            snprintf(s->names + used, sizeof s->names - used, "%s%.40s", used > 0 ? ", " : "",
                     name);
    }
}

static bool look_at_file(struct symbols *s)
{
    Elf64_Ehdr head;
    if (s->size < sizeof head)
        return false;
    memcpy(&head, s->bytes, sizeof head);
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
        head.e_shentsize != sizeof(Elf64_Shdr) ||
        head.e_shoff + (uint64_t)head.e_shnum * sizeof(Elf64_Shdr) > s->size)
        return false;
    for (unsigned i = 0; i < head.e_shnum; i++) {
        Elf64_Shdr table, strings;
        memcpy(&table, s->bytes + head.e_shoff + i * sizeof table, sizeof table);
        if (table.sh_type != SHT_DYNSYM || table.sh_link >= head.e_shnum)
            continue;
        memcpy(&strings, s->bytes + head.e_shoff + table.sh_link * sizeof strings, sizeof strings);
        look_at_symbols(s, &table, &strings);
        return true;
    }
    return false;
}

enum gy_verdict gy_check_exports(struct gy_case *c)
{
    struct symbols s = {0};
    struct stat status;
    int file = open(c->place.plugin, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0)
        return gy_case_say(c, GY_FAIL, "%s cannot be read", c->place.plugin);
    s.size = (size_t)status.st_size;
    s.bytes = mmap(NULL, s.size, PROT_READ, MAP_PRIVATE, file, 0);
    bool looked = s.bytes != MAP_FAILED && look_at_file(&s);
    if (s.bytes != MAP_FAILED)
        munmap((void *)s.bytes, s.size);
    close(file);
    if (!looked)
        return gy_case_say(c, GY_SKIP, "the file has no table of symbols");
    if (s.n == 0)
        return GY_PASS;
    return gy_case_say(c, GY_FAIL,
                       "expected " GYRE_SYMBOL " to be the only symbol that is seen from outside: "
                       "there %s %s%s; compile with -fvisibility=hidden",
                       s.n > 1 ? "are also" : "is also", s.names, s.n > 4 ? ", ..." : "");
}

/* ---- loading ---- */

enum gy_verdict gy_check_load(struct gy_case *c)
{
    if (dlopen(c->place.plugin, RTLD_NOW | RTLD_LOCAL) != NULL)
        return GY_PASS;
    return gy_case_say(c, GY_FAIL, "expected it to load: %s", dlerror());
}

static off_t said_so_far(void)
{
    struct stat status;
    fflush(NULL);
    return fstat(STDOUT_FILENO, &status) == 0 ? status.st_size : 0;
}

enum gy_verdict gy_check_load_silent(struct gy_case *c)
{
    off_t before = said_so_far();
    dlopen(c->place.plugin, RTLD_NOW | RTLD_LOCAL);
    if (said_so_far() == before)
        return GY_PASS;
    return gy_case_say(c, GY_FAIL,
                       "expected nothing on standard output and error while it is loaded: they "
                       "are the job's");
}

enum gy_verdict gy_check_load_world(struct gy_case *c)
{
    struct gy_world before, after;
    char changed[256];
    gy_world_look(&before);
    void *object = dlopen(c->place.plugin, RTLD_NOW | RTLD_LOCAL);
    gy_world_look(&after);
    if (object == NULL || !gy_world_changed(&before, &after, changed, sizeof changed))
        return GY_PASS;
    return gy_case_say(c, GY_FAIL,
                       "expected the process to be as before once it is loaded: it has changed %s",
                       changed);
}

enum gy_verdict gy_check_descriptors(struct gy_case *c)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_plugins *plugins = gy_plugins_new(NULL, 0);
    int code = plugins != NULL ? gy_plugins_add(plugins, c->place.plugin, &error) : GYRE_ENOMEM;
    gy_plugins_free(plugins);
    return code == 0 ? GY_PASS : gy_case_say(c, GY_FAIL, "%s", error.text);
}

/* ---- options ---- */

static const struct gyre_operator *operator_of(const struct gy_case *c)
{
    return c->probe->node->descriptor;
}

/* A kit of the subject with other options; its code. The sentence is in `error`. */
static int try_options(struct gy_case *c, const char *options, struct gy_buf *error)
{
    struct gyre_kit_setup setup =
        gy_subject_setup(c->place.subject, c->place.plugin, c->place.plugin_path, c->place.scratch);
    setup.options = options;
    struct gyre_kit *kit = gy_kit_make(&setup, false);
    int code = kit != NULL ? kit->code : GYRE_ENOMEM;
    gy_buf_reset(error);
    gy_buf_text(error, kit != NULL ? gyre_kit_error(kit) : "out of memory");
    gyre_kit_free(kit);
    return code;
}

enum gy_verdict gy_check_unknown(struct gy_case *c)
{
    const struct gyre_operator *op = operator_of(c);
    const char *options = c->place.subject->options != NULL ? c->place.subject->options : "";
    enum gy_verdict verdict = GY_PASS;
    struct gy_buf text = {0}, error = {0};
    for (uint32_t i = 0; op != NULL && verdict == GY_PASS && i < op->n_options; i++) {
        const struct gyre_option *o = gyre_option_at(op->options, i);
        if (o->type != GYRE_OPTION_FIELD)
            continue;
        gy_options_with(options, o->name, "\"no_such_field\"", &text);
        if (try_options(c, gy_buf_cstr(&text), &error) == 0)
            verdict = gy_case_say(c, GY_FAIL,
                                  "expected `%s` = \"no_such_field\" to be refused, for the input "
                                  "has no such field: `bind` has to give back what "
                                  "bind->read gave",
                                  o->name);
    }
    gy_buf_fini(&text);
    gy_buf_fini(&error);
    return verdict;
}

/* The values of an option at its ends, a blank-free text each; how many. */
static uint32_t values_of(const struct gyre_option *o, char values[8][64])
{
    uint32_t n = 0;
    const char *unit = o->type == GYRE_OPTION_DURATION ? "us" : "B";
    const char *word = o->choices;
    switch (o->type) {
    case GYRE_OPTION_BOOL:
        strcpy(values[n++], "true");
        strcpy(values[n++], "false");
        break;
    case GYRE_OPTION_CHOICE:
        while (word != NULL && *word != 0 && n < 8) {
            int length = (int)strcspn(word, "|");
            snprintf(values[n++], 64, "\"%.*s\"", length, word);
            word += length + (word[length] == '|');
        }
        break;
    case GYRE_OPTION_INT:
    case GYRE_OPTION_FLOAT:
        for (int end = 0; end < 2; end++)
            snprintf(values[n++], 64, "%lld%s", (long long)(end == 0 ? o->min : o->max),
                     o->type == GYRE_OPTION_INT ? "L" : ".0");
        break;
    case GYRE_OPTION_DURATION:
    case GYRE_OPTION_SIZE:
        for (int end = 0; end < 2; end++)
            snprintf(values[n++], 64, "\"%lld%s\"", (long long)(end == 0 ? o->min : o->max), unit);
        break;
    case GYRE_OPTION_STRING: strcpy(values[n++], "\"\""); break;
    default: break;
    }
    return n;
}

/* Where `bind` gives back a code and tells nothing, the host can say the code alone. */
static bool has_no_words(const char *text)
{
    for (int code = GYRE_EINVAL; code >= GYRE_ECONTRACT; code--) {
        char end[64];
        int n = snprintf(end, sizeof end, ": %s", gyre_error_name(code));
        if ((int)strlen(text) >= n && strcmp(text + strlen(text) - n, end) == 0)
            return true;
    }
    return false;
}

enum gy_verdict gy_check_config(struct gy_case *c)
{
    const struct gyre_operator *op = operator_of(c);
    const char *options = c->place.subject->options != NULL ? c->place.subject->options : "";
    enum gy_verdict verdict = GY_PASS;
    struct gy_buf text = {0}, error = {0};
    for (uint32_t i = 0; op != NULL && i < op->n_options; i++) {
        char values[8][64];
        const struct gyre_option *o = gyre_option_at(op->options, i);
        uint32_t n = values_of(o, values);
        for (uint32_t v = 0; verdict == GY_PASS && v < n; v++) {
            gy_options_with(options, o->name, values[v], &text);
            if (c->area != NULL)
                snprintf(c->area->crashed, sizeof c->area->crashed, "bind with %.100s = %.64s",
                         o->name, values[v]);
            int code = try_options(c, gy_buf_cstr(&text), &error);
            if (code != 0 && has_no_words(gy_buf_cstr(&error)))
                verdict = gy_case_say(c, GY_FAIL,
                                      "expected a sentence for %s = %s: `bind` returned %d and "
                                      "told nothing",
                                      o->name, values[v], code);
        }
    }
    if (c->area != NULL)
        c->area->crashed[0] = 0;
    gy_buf_fini(&text);
    gy_buf_fini(&error);
    return verdict;
}
