/* my_plugin: a source that can be read again from where it was.
 *
 * `numbers` puts out the numbers of a range. It says in which parts (splits) it can be read, so that several tasks
 * share the work, and where in its split a task is (its position), so that a job that failed goes on there: no row is
 * lost and none comes twice. Put what you read in the place of the numbers; keep splits and positions. */
#include <gyre/gyre.h>

/* Options are a table over a struct. gyre reads them from the job file, and tells mistakes with their line. */
struct numbers_config {
    int64_t from, to, per_split;
};

static const struct gyre_option numbers_options[] = {
    GYRE_OPT_RANGE(struct numbers_config, from, INT, "0", -1000000000, 1000000000, NULL,
                   "the first number"),
    GYRE_OPT_RANGE(struct numbers_config, to, INT, "99", -1000000000, 1000000000, NULL,
                   "the last number"),
    GYRE_OPT_RANGE(struct numbers_config, per_split, INT, "1000", 1, 1000000000, "rows",
                   "how many a task takes at once"),
};

/* What cannot work is refused here, when a job is checked: with the line of the option, and nothing started. */
static int32_t numbers_bind(void *config, struct gyre_bind *bind)
{
    const struct numbers_config *c = config;
    if (c->to - c->from >= c->per_split * 10000)
        return gyre_bind_fail(bind, GYRE_EINVAL, "per_split", "more than 10000 splits: raise it");
    return GYRE_OK;
}

/* A split is whatever bytes describe it. These are in snapshots: what they mean must not depend on options that may
 * change. */
struct range {
    int64_t from, to;
};

/* Called once, before the job starts. */
static int32_t numbers_discover(const void *config, struct gyre_splits *splits)
{
    const struct numbers_config *c = config;
    int32_t code = GYRE_OK;
    splits->order = GYRE_SPLITS_QUEUE; /* a task gets the next one when it has ended one */
    for (int64_t from = c->from; code == GYRE_OK && from <= c->to; from += c->per_split) {
        int64_t last = from + c->per_split - 1;
        struct range range = {from, last < c->to ? last : c->to};
        code = splits->add(splits, &range, sizeof range);
    }
    return code;
}

/* What a task has: `self` in the calls below, zeroed at first. With GYRE_SPLITS_QUEUE it has one split at a time. */
struct numbers {
    uint32_t split;
    int64_t next, to;
};

/* A task gets a split: a new one, or, after a restart, one with the position that numbers_save_split wrote. */
static int32_t numbers_add_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                                 const void *bytes, size_t n, struct gyre_reader *position)
{
    struct numbers *numbers = self;
    struct range range;
    if (n != sizeof range)
        return gyre_fail(ctx, GYRE_ECORRUPT, "a split of %zu bytes", n);
    memcpy(&range, bytes, sizeof range);
    *numbers = (struct numbers){split, range.from, range.to};
    if (position == NULL)
        return GYRE_OK;
    numbers->next = gyre_read_i64(position);
    if (position->error == GYRE_OK && (numbers->next < range.from || numbers->next - 1 > range.to))
        return gyre_fail(ctx, GYRE_ECORRUPT, "a position outside of its split");
    return position->error;
}

/* Puts out about `budget` rows and comes back; it never waits. A source that has nothing at hand says
 * GYRE_POLL_IDLE, and when or by which descriptor to call it again: see gyre/operator.h. */
static int32_t numbers_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct numbers *numbers = self;
    struct gyre_out *out = ctx->outputs[0];
    for (uint32_t left = poll->budget; left > 0 && numbers->next <= numbers->to; left--) {
        uint32_t row = gyre_out_row(out, GYRE_NO_TIME); /* the time is that of the call */
        GYRE_OUT(out, 0, int64_t)[row] = numbers->next++;
    }
    if (numbers->next > numbers->to) {
        poll->status = GYRE_POLL_SPLIT; /* this split is over */
        poll->split = numbers->split;
    }
    return GYRE_OK;
}

/* Called when a snapshot is taken, between two calls of poll: all rows before this position are in it. */
static int32_t numbers_save_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                                  struct gyre_writer *writer)
{
    const struct numbers *numbers = self;
    (void)ctx, (void)split;
    gyre_write_i64(writer, numbers->next);
    return writer->error;
}

static const struct gyre_field fields[] = {GYRE_FIELD(i64, "n", 0)};
static const struct gyre_port output = GYRE_PORT("out", 0, fields, 1, "numbers");

/* Members that are not named stay zero. gyre refuses a table that contradicts itself, with a sentence. */
static const struct gyre_operator gyre_op_numbers = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "numbers",
    .doc = "Puts out the numbers of a range.",
    .config_size = sizeof(struct numbers_config),
    .instance_size = sizeof(struct numbers),
    .options = numbers_options,
    .n_options = 3,
    .outputs = &output,
    .n_outputs = 1,
    .bind = numbers_bind,
    .discover = numbers_discover,
    .add_split = numbers_add_split,
    .poll = numbers_poll,
    .save_split = numbers_save_split,
};

/* The file has to be called after the plugin: my_plugin.so. */
GYRE_PLUGIN(my_plugin, "0.1.0", GYRE_OP(numbers))
