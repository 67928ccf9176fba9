/* A host for the reader of the plugin file, as small as one can be: the test calls the reader's
 * callbacks, and what no row refers to is freed at once. */
#ifndef TESTS_UNIT_FILE_RIG_H
#define TESTS_UNIT_FILE_RIG_H

#include <gyre/gyre.h>

enum { RIG_ROWS = 64, RIG_FIELDS = 2, RIG_ARENAS = 64 };

/* Formats; the rows of CSV and JSON are {n: i32, s: str or null}. */
enum { LINES, CSV, JSON };

struct rig {
    void *plugin;
    const struct gyre_operator *op;
    void *config, *self;
    struct gyre_ctx ctx;
    struct gyre_out out;
    struct gyre_out *outputs[1];
    struct gyre_error error;
    void *data[RIG_FIELDS];
    uint8_t *valid[RIG_FIELDS];
    char *arenas[RIG_ARENAS];
    uint32_t n_arenas;
    int64_t now_us;
    char *log; /* what came out: rows "n,s;" and bad ones "!text[raw];" */
    size_t log_size, log_length;
    char *said; /* what was logged, a line each */
    size_t said_size, said_length;
    void (*on_row)(struct rig *rig, uint32_t row);
    void *user;
};

/** Loads the plugin and fills the config: `path`, which must outlive it, and the format; then the
 *  operator is opened and closed, more than once where the test wants to.
 *  Owns:    rig_fini, after rig_close */
void rig_init(struct rig *rig, const char *path, int format);
void rig_open(struct rig *rig);
void rig_close(struct rig *rig);
void rig_fini(struct rig *rig);

/** Gives the reader its only split, from the position on (NULL: the start); a file that is not
 *  followed must be so small that it is one. */
void rig_add_file(struct rig *rig, struct gyre_reader *position);

/** Polls once; what it said. */
struct gyre_poll rig_poll(struct rig *rig, uint32_t budget);

/** Appends to `log`. */
void rig_say(struct rig *rig, const char *text, size_t n);

/** Where option `name` stands in the config. */
void *rig_option(struct rig *rig, const char *name);

#endif
