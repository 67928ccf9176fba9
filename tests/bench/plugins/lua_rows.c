/* lua_rows: what lua.filter and lua.map are compared with, on texts: a source of rows with strings, half of them
 * longer than what a reference holds, and the same operators in C. */
#include <gyre/gyre.h>

#define ROWS 4096u

struct config {
    int64_t count;
};

struct source {
    uint64_t next;
    struct gyre_str status[ROWS];
    struct gyre_str name[ROWS];
    char text[ROWS][48];
};

static const struct gyre_option options[] = {
    GYRE_OPT_RANGE(struct config, count, INT, "1000000", 0, INT64_MAX, "rows",
                   "how many rows to put out"),
};
static const struct gyre_field fields[] = {GYRE_FIELD(str, "status", 0),
                                           GYRE_FIELD(str, "name", 0)};
static const struct gyre_port outputs[] = {GYRE_PORT("out", 0, fields, 2, "the rows")};

static int32_t source_open(void *self, struct gyre_ctx *ctx)
{
    static const char *const words[] = {"paid", "open", "paid in part", "refunded in full"};
    struct source *s = self;
    (void)ctx;
    for (uint32_t i = 0; i < ROWS; i++) {
        const char *word = words[(i * 2654435761u) >> 30];
        s->status[i] = gyre_str_view(word, (uint32_t)strlen(word));
        snprintf(s->text[i], sizeof s->text[i],
                 i % 2 == 0 ? "item %u" : "an item of a longer name %u", i);
        s->name[i] = gyre_str_view(s->text[i], (uint32_t)strlen(s->text[i]));
    }
    return GYRE_OK;
}

static int32_t source_discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    return splits->add(splits, "all", 3);
}

static int32_t source_add_split(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                                size_t n, struct gyre_reader *position)
{
    struct source *s = self;
    (void)ctx, (void)split, (void)bytes, (void)n;
    s->next = position != NULL ? gyre_read_u64(position) : 0;
    return position != NULL ? position->error : GYRE_OK;
}

static int32_t source_save_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                                 struct gyre_writer *writer)
{
    (void)ctx, (void)split;
    gyre_write_u64(writer, ((struct source *)self)->next);
    return writer->error;
}

static int32_t source_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct source *s = self;
    const struct config *c = ctx->config;
    struct gyre_out *out = ctx->outputs[0];
    for (uint32_t done = 0; done < poll->budget; done++, s->next++) {
        if (s->next == (uint64_t)c->count) {
            poll->status = GYRE_POLL_SPLIT;
            poll->split = 0;
            break;
        }
        const struct gyre_str *status = &s->status[s->next % ROWS],
                              *name = &s->name[s->next % ROWS];
        uint32_t row = gyre_out_row(out, GYRE_NO_TIME);
        GYRE_OUT(out, 0, struct gyre_str)
        [row] = gyre_out_str(out, gyre_str_data(status), status->len);
        GYRE_OUT(out, 1, struct gyre_str)[row] = gyre_out_str(out, gyre_str_data(name), name->len);
    }
    return GYRE_OK;
}

static const struct gyre_operator gyre_op_rows = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "rows",
    .doc = "Puts out rows of texts from memory.",
    .flags = GYRE_SINGLE,
    .config_size = sizeof(struct config),
    .instance_size = sizeof(struct source),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .outputs = outputs,
    .n_outputs = 1,
    .open = source_open,
    .discover = source_discover,
    .add_split = source_add_split,
    .poll = source_poll,
    .save_split = source_save_split,
};

#define PAID(F, N) F(str, status) F(str, name)
GYRE_RECORD(paid, PAID)

static inline int is_paid(const struct paid *in)
{
    struct gyre_str wanted = gyre_str_view("paid", 4);
    return gyre_str_equal(&in->status, &wanted) ||
           (in->name.len >= 7 && memcmp(gyre_str_data(&in->name), "an item", 7) == 0);
}
GYRE_FILTER(paid_or_long, "Rows that are paid, or of an item with a long name.", paid, is_paid)

#define NAMED(F, N)    F(str, name)
#define LABELLED(F, N) F(str, label)
GYRE_RECORD(named, NAMED)
GYRE_RECORD(labelled, LABELLED)

/* upper(name) .. "!" */
static inline void label(const struct named *in, struct labelled *to)
{
    static _Thread_local char text[64];
    const char *name = gyre_str_data(&in->name);
    uint32_t n = in->name.len < 63 ? in->name.len : 63;
    for (uint32_t i = 0; i < n; i++)
        text[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
    text[n] = '!';
    to->label = gyre_str_view(text, n + 1);
}
GYRE_MAP(labels, "Adds a label.", named, labelled, label)

GYRE_PLUGIN(lua_rows, "0.1.0", GYRE_OP(rows), GYRE_OP(paid_or_long), GYRE_OP(labels))
