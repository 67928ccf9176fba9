/* plugins/file/codec.c: see codec.h. */
#include "codec.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

const char *codec_name(int32_t codec)
{
#define NAME(kind, name, ending, second)                                                           \
    case kind: return name;
    switch (codec) {
        CODEC_LIST(NAME)
    default: return "none";
    }
#undef NAME
}

const char *codec_ending(int32_t codec)
{
#define ENDING(kind, name, ending, second)                                                         \
    case kind: return ending;
    switch (codec) {
        CODEC_LIST(ENDING)
    default: return "";
    }
#undef ENDING
}

static int ends_in(const char *path, const char *ending)
{
    size_t length = strlen(path), n = strlen(ending);
    return length > n && strcmp(path + length - n, ending) == 0;
}

int32_t codec_of_path(const char *path)
{
#define BY_PATH(kind, name, ending, second)                                                        \
    if (ends_in(path, ending) || ends_in(path, second))                                            \
        return kind;
    CODEC_LIST(BY_PATH)
#undef BY_PATH
    return CODEC_NONE;
}

/* A frame of zstd may be one that is passed over; pzstd begins with such a one. */
int32_t codec_of_bytes(const uint8_t *bytes, size_t n)
{
    static const struct {
        uint8_t bytes[CODEC_MAGIC];
        uint8_t mask; /* of the first byte */
        uint8_t n;
        int32_t codec;
    } magics[] = {
        {{0x1f, 0x8b}, 0xff, 2, CODEC_GZIP},
        {{0x28, 0xb5, 0x2f, 0xfd}, 0xff, 4, CODEC_ZSTD},
        {{0x50, 0x2a, 0x4d, 0x18}, 0xf0, 4, CODEC_ZSTD},
    };
    int32_t codec = CODEC_NONE;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        size_t known = n < magics[i].n ? n : magics[i].n;
        if (known != 0 && ((bytes[0] & magics[i].mask) != magics[i].bytes[0] ||
                           memcmp(bytes + 1, magics[i].bytes + 1, known - 1) != 0))
            continue;
        if (known == magics[i].n)
            return magics[i].codec;
        codec = CODEC_AUTO;
    }
    return codec;
}

int32_t codec_of_file(const char *path)
{
    uint8_t bytes[CODEC_MAGIC];
    struct stat st;
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        n = pread(fd, bytes, sizeof bytes, 0);
    if (fd >= 0)
        close(fd);
    int32_t codec = n > 0 ? codec_of_bytes(bytes, (size_t)n) : CODEC_NONE;
    return codec == CODEC_AUTO ? CODEC_NONE : codec; /* nothing follows */
}

const char *codec_lacks(int32_t codec)
{
#if !__has_include(<zlib.h>)
    if (codec == CODEC_GZIP)
        return "gzip needs the library zlib, which was not there when gyre was built";
#endif
#if !__has_include(<zstd.h>)
    if (codec == CODEC_ZSTD)
        return "zstd needs the library libzstd, which was not there when gyre was built";
#endif
    (void)codec;
    return NULL;
}
