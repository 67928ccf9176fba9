/* See build_id.h. The file is read again after its note (note.c), and may be another by then: so here too
 * nothing in it is believed; what makes no sense is a file without a build ID. */
#include "plugin/build_id.h"

#include "base/buf.h"
#include "base/mem.h"
#include "plugin/note.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { SEGMENTS_MAX = 64, NOTES_MAX = 4096, CHUNK = 65536 };

static void put_hex(char id[GY_BUILD_ID], const unsigned char *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    n = n < (GY_BUILD_ID - 1) / 2 ? n : (GY_BUILD_ID - 1) / 2;
    for (size_t i = 0; i < n; i++) {
        id[2 * i] = digits[bytes[i] >> 4];
        id[2 * i + 1] = digits[bytes[i] & 15];
    }
    id[2 * n] = '\0';
}

static size_t align_up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

/* Looks for the build ID in the notes of one segment. */
static bool find_in_notes(const unsigned char *notes, size_t size, size_t align,
                          char id[GY_BUILD_ID])
{
    size_t at = 0;
    while (size - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        memcpy(&note, notes + at, sizeof note);
        size_t name = at + sizeof note;
        size_t content = at + align_up(sizeof note + note.n_namesz, align);
        size_t next = content + align_up(note.n_descsz, align);
        if (content > size || size - content < note.n_descsz)
            return false;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU &&
            memcmp(notes + name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0 && note.n_descsz > 0) {
            put_hex(id, notes + content, note.n_descsz);
            return true;
        }
        if (next > size)
            return false;
        at = next;
    }
    return false;
}

static bool find(int fd, char id[GY_BUILD_ID])
{
    unsigned char notes[NOTES_MAX];
    Elf64_Ehdr head;
    if (pread(fd, &head, sizeof head, 0) != sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(Elf64_Phdr))
        return false;
    for (unsigned i = 0; i < head.e_phnum && i < SEGMENTS_MAX; i++) {
        Elf64_Phdr segment;
        off_t at = (off_t)(head.e_phoff + i * sizeof segment);
        if (pread(fd, &segment, sizeof segment, at) != sizeof segment)
            return false;
        if (segment.p_type != PT_NOTE)
            continue;
        size_t size = segment.p_filesz < sizeof notes ? (size_t)segment.p_filesz : sizeof notes;
        ssize_t n = pread(fd, notes, size, (off_t)segment.p_offset);
        if (n > 0 && find_in_notes(notes, (size_t)n, segment.p_align == 8 ? 8 : 4, id))
            return true;
    }
    return false;
}

/* The checksum of the whole file. 0, or a negative errno. */
static int checksum(int fd, struct gy_checksum_run *run, unsigned char *chunk)
{
    off_t at = 0;
    ssize_t n;
    while ((n = pread(fd, chunk, CHUNK, at)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        gy_checksum_add(run, chunk, (size_t)n);
        at += n;
    }
    return 0;
}

static int hash(int fd, const char *path, char id[GY_BUILD_ID], struct gyre_error *error)
{
    struct gy_checksum_run *run = gy_checksum_new();
    unsigned char *chunk = gy_alloc(CHUNK), bytes[8];
    int code = run != NULL && chunk != NULL ? checksum(fd, run, chunk) : -ENOMEM;
    if (code == 0) {
        uint64_t sum = gy_checksum_end(run);
        for (int i = 0; i < 8; i++)
            bytes[i] = (unsigned char)(sum >> (56 - 8 * i));
        put_hex(id, bytes, sizeof bytes);
    } else {
        gy_note_refuse(error, path, "cannot be read: %s", strerror(-code));
        code = error->code = code == -ENOMEM ? GYRE_ENOMEM : GYRE_EIO;
    }
    gy_free(chunk);
    gy_free(run);
    return code;
}

int gy_build_id(const char *path, char id[GY_BUILD_ID], struct gyre_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        gy_note_refuse(error, path, "cannot be opened: %s", strerror(errno));
        return error->code = GYRE_EIO;
    }
    int code = find(fd, id) ? 0 : hash(fd, path, id, error);
    close(fd);
    return code;
}
