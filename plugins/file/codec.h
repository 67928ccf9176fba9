/* plugins/file/codec.h: the ways in which a file is compressed, and what they are known by.
 *
 * zlib and libzstd are asked for by plugin.mk, and each may be lacking: then what needs it is refused
 * when the job is checked. */
#ifndef GYRE_PLUGIN_FILE_CODEC_H
#define GYRE_PLUGIN_FILE_CODEC_H

#include <gyre/gyre.h>

/* In the order of the option's choices; they stand in snapshots. */
enum { CODEC_AUTO, CODEC_NONE, CODEC_GZIP, CODEC_ZSTD, CODEC_KINDS };

#define CODEC_CHOICES "auto|none|gzip|zstd"

/* The names that have an ending: X(codec, name, ending, a second one) */
#define CODEC_LIST(X)                                                                              \
    X(CODEC_GZIP, "gzip", ".gz", ".gzip")                                                          \
    X(CODEC_ZSTD, "zstd", ".zst", ".zstd")

/* No file is known by more of its first bytes. */
#define CODEC_MAGIC 4u

const char *codec_name(int32_t codec);
/* What the name of a file of it ends in; "" where it is not compressed. */
const char *codec_ending(int32_t codec);
/* By what the name ends in: never CODEC_AUTO. */
int32_t codec_of_path(const char *path);
/* By the first `n` bytes; CODEC_AUTO where those that follow have to be known. */
int32_t codec_of_bytes(const uint8_t *bytes, size_t n);
/* By what a regular file begins with; CODEC_NONE for anything else, and where it cannot be read. */
int32_t codec_of_file(const char *path);
/* Why gyre has it not; NULL: it has. */
const char *codec_lacks(int32_t codec);

#endif
