/* plugins/file/folders.h: a `path` that names fields, "out/{country}/{day}/": a folder for each of their
 * values.
 *
 *     out/            country={country}/        {day}/
 *     the base        a level                   another
 *
 * The base is there for all of them. A level is one folder: what stands around fields in its name, and
 * their values, escaped as Hive and Spark do it: what those, a shell or a file system would take for
 * something else is % and two hex digits, and so is a dot in front. So no value leads out of the base, and none
 * to the folder of another: but null and the empty text, which share __HIVE_DEFAULT_PARTITION__. */
#ifndef GYRE_PLUGIN_FILE_FOLDERS_H
#define GYRE_PLUGIN_FILE_FOLDERS_H

#include "parts.h"
#include "times.h"

#define FOLDER_LEVELS 16u

/* A piece of a level's name: a text, or the value of a field. */
struct folder_piece {
    const char *text; /* NULL: a value */
    uint32_t len;
    const char *name; /* of the field */
    uint32_t column;
    uint32_t type;
    uint32_t level;
};

struct folders {
    const char *path;
    uint32_t base; /* bytes of the path, with the slash at their end */
    uint32_t levels;
    uint32_t n_pieces; /* 0: the path names no field */
    struct folder_piece *pieces;
};

/* Reads the option `path`, which ends in '/'; mistakes are told to `bind`. */
int32_t folders_bind(struct folders *f, const char *path, struct gyre_bind *bind);

/* True where a folder's name holds the value of a column. */
int folders_have(const struct folders *f, uint32_t column);

/* Writes the folder of a row, behind the base, with a slash at its end; the length. -1: the value of a
 * field called *wrong is too long for one. */
int32_t folders_of_row(const struct folders *f, const struct times *times,
                       const struct gyre_batch *in, uint32_t row, char to[PART_PATH_MAX],
                       const char **wrong);

/* Calls `each` for the folders that there are, of any values; `base` is there. */
int32_t folders_each(const struct folders *f, struct gyre_ctx *ctx, const char *base,
                     int32_t (*each)(void *user, struct gyre_ctx *ctx, const char *folder),
                     void *user);

#endif
