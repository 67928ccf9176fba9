/* plugins/file/sink.h: what the parts of file.write know of each other.
 *
 * | path             | is              | exactly once by                                            |
 * |------------------|-----------------|------------------------------------------------------------|
 * | -                | standard output | (at least once)                                            |
 * | a name           | one file        | cutting it back to its length in the snapshot              |
 * | ends in /        | a folder        | parts written unseen, synced by prepare, renamed by commit |
 * | ... with {field} | folders         | likewise, a folder for each value                          |
 *
 * Whether a run restores is known when the first item has come, which is after open. So what empties
 * the file or the folder is done by `sink_start`, which every later callback but commit calls first. A
 * run that restores does not empty, but undoes what is younger than its snapshot, which need not be
 * the last: the file is cut back, parts the snapshot knows nothing of are removed, seen or not. */
#ifndef GYRE_PLUGIN_FILE_SINK_H
#define GYRE_PLUGIN_FILE_SINK_H

#include "csv_style.h"
#include "folders.h"
#include "shelf.h"

enum { WRITE_CSV, WRITE_JSON };
enum { FIELDS_KEEP, FIELDS_DROP };
enum { TO_STDOUT, TO_FILE, TO_FOLDER, TO_FOLDERS, TARGETS }; /* they stand in snapshots */

struct write_config {
    const char *path;
    int32_t format;
    int32_t header;
    const char *delimiter;
    const char *quote;
    const char *time_format;
    int32_t compression;
    int32_t path_fields; /* FIELDS_... */
    int64_t rotate_size;
    int64_t rotate_time;
    int64_t open_max;
    /* made by bind */
    int32_t target;
    int32_t snapshots;
    int32_t codec; /* never CODEC_AUTO */
    struct folders folders;
    const char *base; /* the path, or of folders what is there for all of them */
    uint32_t n_fields;
    uint32_t *fields; /* the columns of the input that are written */
    uint32_t *types;
    const char **names;
    const char **labels; /* in json */
};

struct sink {
    const struct write_config *config;
    struct csv_style style;
    struct pack pack;
    struct output output; /* of one file, or standard output */
    struct shelf shelf;   /* of folders */
    struct part *known;   /* the next parts of all tasks in the snapshot */
    uint32_t n_known;
    uint32_t capacity;
    uint64_t length; /* of the file in the snapshot */
    uint64_t mark;   /* there, by output_mark */
    int is_restored;
    int is_other; /* the snapshot has another path, and there another folder */
    int is_started;
    uint64_t batch;
    uint32_t rows_capacity;
    uint32_t *next;      /* row of the same folder */
    uint32_t *selection; /* the rows of one folder */
    struct gyre_column *columns;
};

static inline int sink_has_parts(const struct sink *s)
{
    return s->config->target == TO_FOLDER || s->config->target == TO_FOLDERS;
}

/* Empties what a run that does not restore begins with; goes on where one that restores left off. */
int32_t sink_start(struct sink *s, struct gyre_ctx *ctx);

/* Writes the names of the fields, where a file begins with them. */
void sink_put_header(const struct sink *s, struct output *o);

#endif
