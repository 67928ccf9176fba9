/* Reading the ELF note with pread and checked sums alone; see note.h.
 *
 * The order of the checks is that of what a person can do about it: is it a shared object for this
 * machine, is all of it there, is it a plugin, is it one for this gyre, is it one for this CPU.
 * PT_LOAD segments are checked against the file's size as well: the dynamic linker maps them
 * without looking, and a file that is cut short would end the process with SIGBUS. */
#include "plugin/note.h"

#include "plugin/guide.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than this of one note segment is not looked at: ours is among the first hundreds. */
#define NOTES_MAX   8192u
#define PATH_SHOWN  160
#define AGAIN       "build or copy it again"
#define REBUILD     "rebuild it with this gyre's SDK (" GY_GUIDE_ABI ")"
#define OWNER_BYTES (sizeof GYRE_NOTE_OWNER)

#if defined(__aarch64__)
#define HOST_MACHINE EM_AARCH64
#else
#define HOST_MACHINE EM_X86_64
#endif
#define HOST_DATA (GYRE_BYTE_ORDER == 1 ? ELFDATA2LSB : ELFDATA2MSB)

/* A file being read. */
struct elf_file {
    const char *path;
    int fd;
    uint64_t size;
    Elf64_Ehdr head;
    struct gyre_error *error;
};

/* Where the note's content stands in the file. */
struct place {
    uint64_t offset;
    uint32_t size;
};

int gy_note_refuse(struct gyre_error *error, const char *path, const char *format, ...)
{
    size_t length = strlen(path);
    const char *front = length > PATH_SHOWN ? "..." : "";
    const char *shown = length > PATH_SHOWN ? path + length - PATH_SHOWN : path;
    char text[GYRE_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return gyre_error_set(error, GYRE_EINVAL, -1, "%s%s: %s", front, shown, text);
}

/* ---- reading within bounds ---- */

static bool is_within(const struct elf_file *file, uint64_t offset, uint64_t size)
{
    return offset <= file->size && size <= file->size - offset;
}

static int refuse_cut(const struct elf_file *file, uint64_t offset, uint64_t size, const char *what)
{
    uint64_t end;
    if (__builtin_add_overflow(offset, size, &end))
        end = UINT64_MAX;
    return gy_note_refuse(file->error, file->path,
                          "is cut short: it has %llu bytes and its %s would end at %llu; " AGAIN,
                          (unsigned long long)file->size, what, (unsigned long long)end);
}

/* Reads exactly `size` bytes, which the caller knows to be within the file. */
static int read_at(const struct elf_file *file, uint64_t offset, void *into, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = pread(file->fd, (char *)into + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            gy_note_refuse(file->error, file->path, "cannot be read: %s; " AGAIN,
                           n < 0 ? strerror(errno) : "it became shorter meanwhile");
            return file->error->code = GYRE_EIO;
        }
        done += (size_t)n;
    }
    return 0;
}

static int open_file(struct elf_file *file)
{
    struct stat status;
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file->fd < 0 || fstat(file->fd, &status) < 0) {
        gy_note_refuse(file->error, file->path, "cannot be opened: %s", strerror(errno));
        return file->error->code = GYRE_EIO;
    }
    if (!S_ISREG(status.st_mode))
        return gy_note_refuse(file->error, file->path, "is %s, not a file; name the .so itself",
                              S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe");
    file->size = (uint64_t)status.st_size;
    return 0;
}

/* ---- the ELF header ---- */

static const char *machine_name(unsigned machine)
{
    switch (machine) {
    case EM_386: return "i386";
    case EM_X86_64: return "x86-64";
    case EM_ARM: return "32-bit arm";
    case EM_AARCH64: return "arm64";
    case EM_RISCV: return "RISC-V";
    case EM_PPC64: return "PowerPC 64";
    case EM_S390: return "s390";
    default: return "another machine";
    }
}

static const char *type_name(unsigned type)
{
    switch (type) {
    case ET_REL: return "an object file";
    case ET_EXEC: return "an executable";
    case ET_CORE: return "a core dump";
    default: return "an ELF file of unknown type";
    }
}

static int read_ident(struct elf_file *file, unsigned char ident[EI_NIDENT])
{
    size_t n = file->size < EI_NIDENT ? (size_t)file->size : EI_NIDENT;
    if (n == 0)
        return gy_note_refuse(file->error, file->path, "is empty; " AGAIN);
    int code = read_at(file, 0, ident, n);
    if (code < 0)
        return code;
    if (memcmp(ident, ELFMAG, n < SELFMAG ? n : SELFMAG) != 0) {
        char hex[3 * SELFMAG + 1] = "";
        for (size_t i = 0; i < n && i < SELFMAG; i++)
            snprintf(hex + (i > 0 ? 3 * i - 1 : 0), 4, "%s%02x", i > 0 ? " " : "", ident[i]);
        return gy_note_refuse(file->error, file->path,
                              "is no ELF file: it begins with %s, not with 7f 45 4c 46; name a "
                              "plugin's .so",
                              hex);
    }
    return 0;
}

static int check_head(struct elf_file *file)
{
    unsigned char ident[EI_NIDENT] = {0};
    int code = read_ident(file, ident);
    if (code < 0)
        return code;
    if (ident[EI_CLASS] == ELFCLASS32)
        return gy_note_refuse(file->error, file->path,
                              "is a 32-bit object and this gyre is 64-bit; rebuild it for 64-bit");
    if (file->size > EI_DATA && ident[EI_DATA] != HOST_DATA)
        return gy_note_refuse(file->error, file->path,
                              "has byte order %u and this machine has %u (1 little-endian, 2 "
                              "big-endian); rebuild it for this machine",
                              ident[EI_DATA], (unsigned)HOST_DATA);
    if (!is_within(file, 0, sizeof file->head))
        return refuse_cut(file, 0, sizeof file->head, "ELF header");
    code = read_at(file, 0, &file->head, sizeof file->head);
    if (code < 0)
        return code;
    if (file->head.e_machine != HOST_MACHINE)
        return gy_note_refuse(file->error, file->path,
                              "is built for %s (ELF machine %u) and this machine is %s (%u); "
                              "rebuild it for this machine",
                              machine_name(file->head.e_machine), file->head.e_machine,
                              machine_name(HOST_MACHINE), (unsigned)HOST_MACHINE);
    if (file->head.e_type != ET_DYN)
        return gy_note_refuse(
            file->error, file->path,
            "is %s (ELF type %u), not a shared object (3); link it with -shared (" GY_GUIDE_SET_UP
            ")",
            type_name(file->head.e_type), file->head.e_type);
    return 0;
}

/* ---- finding the note ---- */

static uint64_t align_up(uint64_t n, uint64_t align)
{
    return (n + align - 1) & ~(align - 1);
}

/* Walks the notes of one segment or section; true and the place where ours is among them. */
static bool find_in_notes(const struct elf_file *file, uint64_t offset, uint64_t size,
                          uint64_t align, struct place *place)
{
    unsigned char notes[NOTES_MAX];
    align = align == 8 ? 8 : 4;
    if (size > sizeof notes)
        size = sizeof notes;
    if (!is_within(file, offset, size) || read_at(file, offset, notes, (size_t)size) < 0)
        return false;
    for (uint64_t at = 0; size - at >= sizeof(Elf64_Nhdr);) {
        Elf64_Nhdr note;
        memcpy(&note, notes + at, sizeof note);
        uint64_t owner = at + sizeof note; /* 32-bit lengths on 64-bit sums: no overflow */
        uint64_t content = at + align_up(sizeof note + note.n_namesz, align);
        uint64_t next = content + align_up(note.n_descsz, align);
        bool is_ours = note.n_namesz == OWNER_BYTES && size - owner >= OWNER_BYTES &&
                       memcmp(notes + owner, GYRE_NOTE_OWNER, OWNER_BYTES) == 0 &&
                       note.n_type == GYRE_NOTE_TYPE;
        if (is_ours) {
            *place = (struct place){offset + content, note.n_descsz};
            return true;
        }
        if (next >= size)
            break;
        at = next;
    }
    return false;
}

/* Checks every loaded segment, and looks for the note in those of notes. */
static int scan_segments(const struct elf_file *file, struct place *place, bool *found)
{
    const Elf64_Ehdr *head = &file->head;
    if (head->e_phentsize != sizeof(Elf64_Phdr) || head->e_phnum == 0 || head->e_phnum == PN_XNUM)
        return gy_note_refuse(file->error, file->path,
                              "has %u program headers of %u bytes, not 1 to 65534 of %zu; " AGAIN,
                              head->e_phnum, head->e_phentsize, sizeof(Elf64_Phdr));
    uint64_t size = (uint64_t)head->e_phnum * sizeof(Elf64_Phdr);
    if (!is_within(file, head->e_phoff, size))
        return refuse_cut(file, head->e_phoff, size, "program header table");
    for (unsigned i = 0; i < head->e_phnum; i++) {
        Elf64_Phdr segment;
        int code = read_at(file, head->e_phoff + i * sizeof segment, &segment, sizeof segment);
        if (code < 0)
            return code;
        if (segment.p_type != PT_LOAD && segment.p_type != PT_NOTE && segment.p_type != PT_DYNAMIC)
            continue;
        if (!is_within(file, segment.p_offset, segment.p_filesz))
            return refuse_cut(file, segment.p_offset, segment.p_filesz, "segments");
        if (segment.p_type == PT_NOTE && !*found)
            *found =
                find_in_notes(file, segment.p_offset, segment.p_filesz, segment.p_align, place);
    }
    return 0;
}

/* Looks for the note in the section of its name, for linkers that make no segment of it. */
static int scan_sections(const struct elf_file *file, struct place *place, bool *found)
{
    const Elf64_Ehdr *head = &file->head;
    Elf64_Shdr names, section;
    uint64_t size = (uint64_t)head->e_shnum * sizeof section;
    if (head->e_shoff == 0 || head->e_shnum == 0 || head->e_shentsize != sizeof section)
        return 0; /* stripped: nothing is lost by that */
    if (!is_within(file, head->e_shoff, size))
        return refuse_cut(file, head->e_shoff, size, "section header table");
    if (*found || head->e_shstrndx >= head->e_shnum)
        return 0;
    int code = read_at(file, head->e_shoff + head->e_shstrndx * sizeof names, &names, sizeof names);
    for (unsigned i = 0; code == 0 && i < head->e_shnum && !*found; i++) {
        char name[sizeof GYRE_NOTE_SECTION];
        code = read_at(file, head->e_shoff + i * sizeof section, &section, sizeof section);
        if (code < 0 || section.sh_name >= names.sh_size ||
            names.sh_size - section.sh_name < sizeof name ||
            !is_within(file, names.sh_offset, names.sh_size))
            continue;
        code = read_at(file, names.sh_offset + section.sh_name, name, sizeof name);
        if (code == 0 && section.sh_type != SHT_NOBITS &&
            memcmp(name, GYRE_NOTE_SECTION, sizeof name) == 0)
            *found = find_in_notes(file, section.sh_offset, section.sh_size, 4, place);
    }
    return code;
}

/* ---- what the note says ---- */

unsigned gy_note_cpu_level(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt"))
        return 1;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2"))
        return 2;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl"))
        return 3;
    return 4;
#else
    return 0;
#endif
}

static int check_sizes(const char *path, const struct gyre_note *note, struct gyre_error *error)
{
    static const struct {
        const char *name;
        uint32_t size;
    } host[] = {
#define ROW(type) {#type, (uint32_t)sizeof(struct type)},
        GYRE_ABI_STRUCTS(ROW)
#undef ROW
    };
    _Static_assert(sizeof host / sizeof host[0] == GYRE_NOTE_SIZES, "one size for each struct");
    if (note->n_sizes != GYRE_NOTE_SIZES)
        return gy_note_refuse(error, path,
                              "lists the sizes of %u structs and this gyre those of %u; " REBUILD,
                              note->n_sizes, (unsigned)GYRE_NOTE_SIZES);
    for (size_t i = 0; i < GYRE_NOTE_SIZES; i++)
        if (note->sizes[i] != host[i].size)
            return gy_note_refuse(error, path,
                                  "has a struct %s of %u bytes and this gyre one of %u; " REBUILD,
                                  host[i].name, note->sizes[i], host[i].size);
    return 0;
}

static int check_cpu(const char *path, const struct gyre_note *note, struct gyre_error *error)
{
    unsigned cpu = gy_note_cpu_level();
    if (note->isa_level > 4)
        return gy_note_refuse(
            error, path,
            "has an unknown instruction-set level %u, the known ones are 0 to 4; " REBUILD,
            note->isa_level);
    if (note->isa_level > cpu)
        return gy_note_refuse(error, path,
                              "is built for x86-64-v%u and this CPU has x86-64-v%u; rebuild it "
                              "with -march=x86-64-v%u (" GY_GUIDE_SET_UP ")",
                              note->isa_level, cpu, cpu);
    return 0;
}

/* Compares field by field; `n` bytes of the note were there. */
static int check_note(const char *path, const struct gyre_note *note, uint32_t n,
                      struct gyre_error *error)
{
    if (n >= 4 && note->magic != GYRE_NOTE_MAGIC)
        return gy_note_refuse(error, path,
                              "has a note that begins with 0x%08x, not with 0x%08x; " REBUILD,
                              note->magic, GYRE_NOTE_MAGIC);
    if (n >= 8 && (note->abi_major != GYRE_ABI_MAJOR || note->abi_minor != GYRE_ABI_MINOR))
        return gy_note_refuse(error, path,
                              "is built for plugin ABI %u.%u and this gyre has %u.%u; " REBUILD,
                              note->abi_major, note->abi_minor, GYRE_ABI_MAJOR, GYRE_ABI_MINOR);
    if (n != sizeof *note)
        return gy_note_refuse(error, path,
                              "has a note of %u bytes and this gyre's has %zu; " REBUILD, n,
                              sizeof *note);
    if (note->byte_order != GYRE_BYTE_ORDER)
        return gy_note_refuse(error, path,
                              "has byte order %u in its note and this machine has %u; " REBUILD,
                              note->byte_order, (unsigned)GYRE_BYTE_ORDER);
    if (note->pointer_size != sizeof(void *))
        return gy_note_refuse(error, path,
                              "has pointers of %u bytes and this gyre has %zu; " REBUILD,
                              note->pointer_size, sizeof(void *));
    if (note->zero != 0)
        return gy_note_refuse(error, path,
                              "has %u in its note where this gyre knows of 0 alone; " REBUILD,
                              note->zero);
    int code = check_sizes(path, note, error);
    if (code < 0)
        return code;
    code = check_cpu(path, note, error);
    if (code < 0)
        return code;
    if (!memchr(note->name, '\0', sizeof note->name) ||
        !memchr(note->version, '\0', sizeof note->version))
        return gy_note_refuse(error, path,
                              "has a name or version without an end in its note; " REBUILD);
    return 0;
}

int gy_note_read(const char *path, struct gyre_note *note, struct gyre_error *error)
{
    struct elf_file file = {.path = path, .fd = -1, .error = error};
    struct place place = {0, 0};
    bool found = false;
    int code = open_file(&file);
    if (code < 0)
        goto fail;
    code = check_head(&file);
    if (code < 0)
        goto fail;
    code = scan_segments(&file, &place, &found);
    if (code < 0)
        goto fail;
    code = scan_sections(&file, &place, &found);
    if (code < 0)
        goto fail;
    if (!found) {
        code =
            gy_note_refuse(error, path,
                           "is no gyre plugin: it has no note " GYRE_NOTE_SECTION
                           "; write GYRE_PLUGIN(...) into one of its sources (" GY_GUIDE_FIRST ")");
        goto fail;
    }
    memset(note, 0, sizeof *note);
    uint32_t n = place.size < sizeof *note ? place.size : (uint32_t)sizeof *note;
    if (!is_within(&file, place.offset, n)) {
        code = refuse_cut(&file, place.offset, n, "note");
        goto fail;
    }
    code = read_at(&file, place.offset, note, n);
    if (code == 0)
        code = check_note(path, note, place.size, error);
fail:
    if (file.fd >= 0)
        close(file.fd);
    return code;
}
