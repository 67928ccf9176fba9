/* See replay.h. */
#include "flow/replay.h"

#include "base/mem.h"

#include <assert.h>

/* An edge as a snapshot describes it. */
struct gy_replay_edge {
    uint32_t number; /* in its records and files */
    uint32_t entry;  /* among those of now */
    struct gy_unpack unpack;
};

void gy_replay_init(struct gy_replay *replay, struct gy_disk *disk, const char *folder,
                    uint32_t n_entries, const struct gy_spool_entry *entries)
{
    *replay = (struct gy_replay){
        .disk = disk, .folder = folder, .n_entries = n_entries, .entries = entries};
}

void gy_replay_fini(struct gy_replay *replay)
{
    for (size_t i = 0; i < replay->edges.n; i++)
        gy_unpack_fini(&replay->edges.items[i].unpack);
    gy_vec_fini(&replay->edges);
    gy_segment_fini(&replay->segment);
    *replay = (struct gy_replay){0};
}

static int corrupt(const struct gy_replay *replay, struct gyre_error *error)
{
    return gyre_error_set(error, GYRE_ECORRUPT, -1,
                          "%s is damaged: what it has of the rows in a loop makes no sense",
                          replay->folder);
}

static int no_memory(const struct gy_replay *replay, struct gyre_error *error)
{
    return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory reading %s", replay->folder);
}

static struct gy_replay_edge *find_edge(struct gy_replay *replay, uint32_t number)
{
    for (size_t i = 0; i < replay->edges.n; i++)
        if (replay->edges.items[i].number == number)
            return &replay->edges.items[i];
    return NULL;
}

/* ---- records ---- */

static int read_description(struct gy_replay *replay, struct gyre_reader *reader, uint32_t number,
                            struct gyre_error *error)
{
    struct gy_replay_edge edge = {.number = number};
    uint32_t n = gyre_read_u32(reader);
    const char *name = gyre_read(reader, n);
    if (name == NULL || find_edge(replay, number) != NULL)
        return corrupt(replay, error);
    while (edge.entry < replay->n_entries) {
        const struct gy_spool_entry *entry = &replay->entries[edge.entry];
        if (entry->layout != NULL && strlen(entry->edge) == n && memcmp(entry->edge, name, n) == 0)
            break;
        edge.entry++;
    }
    if (edge.entry == replay->n_entries)
        return gyre_error_set(error, GYRE_EINVAL, -1,
                              "rows wait that came over %.*s, and the job has no such feedback "
                              "edge any more",
                              n < 200 ? (int)n : 200, name);
    const struct gy_spool_entry *entry = &replay->entries[edge.entry];
    struct gyre_error why = {.size = sizeof why};
    int code = gy_unpack_init(&edge.unpack, reader, entry->layout, entry->schema, &why);
    if (code != 0)
        gyre_error_set(error, code, -1, "the rows that wait and came over %s: %.300s", entry->edge,
                       why.text);
    else if (gy_vec_push(&replay->edges, edge) != 0)
        code = no_memory(replay, error);
    if (code != 0)
        gy_unpack_fini(&edge.unpack);
    return code;
}

/* It is joined to a path: it must not lead out of the folder. */
static bool is_name(const char *name, uint32_t n)
{
    return name != NULL && n > 0 && name[0] != '.' && memchr(name, '/', n) == NULL &&
           memchr(name, '\0', n) == NULL;
}

static int read_file(struct gy_replay *replay, struct gyre_reader *reader, struct gyre_error *error)
{
    uint32_t n = gyre_read_u32(reader);
    const char *name = gyre_read(reader, n);
    replay->segment.size = gyre_read_u64(reader);
    replay->segment.checksum = gyre_read_u64(reader);
    if (reader->error != 0 || !is_name(name, n))
        return corrupt(replay, error);
    char *path = gy_printf("%s/%.*s", replay->folder, (int)n, name);
    if (path == NULL)
        return no_memory(replay, error);
    int code = gy_segment_load(&replay->segment, replay->disk, path, error);
    gy_free(path);
    replay->at = code == 0 ? GY_SEGMENT_HEAD : 0;
    return code;
}

int gy_replay_record(struct gy_replay *replay, const struct gy_record *record,
                     struct gyre_error *error)
{
    struct gyre_reader reader = {.size = sizeof reader, .data = record->bytes, .length = record->n};
    const uint8_t *head = gyre_read(&reader, 4);
    uint32_t number = gyre_read_u32(&reader);
    assert(record->kind == GY_RECORD_FEEDBACK && replay->at == 0 && replay->edge == NULL);
    if (reader.error != 0)
        return corrupt(replay, error);
    replay->tag = head[1];
    switch (head[0]) {
    case GY_FEEDBACK_DESCRIPTION: return read_description(replay, &reader, number, error);
    case GY_FEEDBACK_FILE: return read_file(replay, &reader, error);
    case GY_FEEDBACK_ROWS:
        replay->edge = find_edge(replay, number);
        replay->rows = reader;
        return replay->edge != NULL ? 0 : corrupt(replay, error);
    default: return corrupt(replay, error);
    }
}

/* ---- messages ---- */

/* The next rows of the file at hand; 1, 0, or a code. */
static int next_of_file(struct gy_replay *replay, struct gyre_error *error)
{
    struct gy_row_segment_message message;
    int got = gy_segment_at(&replay->segment, replay->at, &message);
    if (got == 0) {
        replay->at = 0;
        return 0;
    }
    replay->edge = got == 1 ? find_edge(replay, message.entry) : NULL;
    if (replay->edge == NULL)
        return corrupt(replay, error);
    replay->rows = (struct gyre_reader){
        .size = sizeof replay->rows, .data = message.rows, .length = message.n};
    replay->at = message.next;
    return 1;
}

int gy_replay_next(struct gy_replay *replay, struct gy_message **message, struct gyre_error *error)
{
    *message = NULL;
    if (replay->edge == NULL) {
        int got = replay->at != 0 ? next_of_file(replay, error) : 0;
        if (got != 1)
            return got;
    }
    const struct gy_replay_edge *edge = replay->edge;
    struct gyre_reader rows = replay->rows;
    replay->edge = NULL;
    *message = gy_unpack_next(&edge->unpack, &rows, replay->entries[edge->entry].channel, error);
    if (*message == NULL)
        return error->code;
    (*message)->entry = edge->entry;
    return 1;
}
