/* litedb: a table of an SQLite database, in which each row is there once, whatever fails.
 *
 * SQLite has no transactions that outlive a process, so `table` makes them of two tables. Rows are numbered as they
 * come, and go into TABLE_coming, which nobody reads. `prepare` makes them durable there; `commit`, when the snapshot
 * is whole, moves them into TABLE, where their number is the rowid. The number of the next row is in each snapshot: a
 * run that goes on from an older one removes what has this number or a greater one, and the rows come again.
 *
 * Nothing is held open between two calls, so others may read and write the database meanwhile. */
#include <gyre/gyre.h>
#include <sqlite3.h>
#include <stdlib.h>

struct table_config {
    const char *path, *table;
    const struct gyre_schema *schema; /* set by bind */
};

static const struct gyre_option table_options[] = {
    GYRE_OPT(struct table_config, path, PATH, NULL, GYRE_REQUIRED | GYRE_WRITES,
             "the file of the database"),
    GYRE_OPT(struct table_config, table, STRING, "gyre", 0,
             "the table to write to; what is in it of a run before is removed"),
};

struct table {
    sqlite3 *db;
    sqlite3_stmt *insert;
    int64_t next; /* the number of the next row, from 1 on */
    int64_t done; /* the first one that no prepare has had */
};

/* ---- SQLite ---- */

static int32_t failed(struct table *t, struct gyre_ctx *ctx, const char *what)
{
    const struct table_config *config = ctx->config;
    int32_t code = t->db == NULL || sqlite3_errcode(t->db) == SQLITE_NOMEM ? GYRE_ENOMEM : GYRE_EIO;
    return gyre_fail(ctx, code, "%s: cannot %s: %s", config->path, what,
                     t->db != NULL ? sqlite3_errmsg(t->db) : "out of memory");
}

/* Runs statements; %w in `format` stands for the table, quoted as a name, %lld for numbers. */
static int32_t run(struct table *t, struct gyre_ctx *ctx, const char *what, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *sql = sqlite3_vmprintf(format, args);
    va_end(args);
    int code = sql != NULL ? sqlite3_exec(t->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (code == SQLITE_OK)
        return GYRE_OK;
    int32_t result = failed(t, ctx, what);
    if (!sqlite3_get_autocommit(t->db))
        sqlite3_exec(t->db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

static const char *type_of(uint32_t type)
{
    switch (type) {
    case GYRE_TYPE_f64: return "REAL";
    case GYRE_TYPE_str: return "TEXT";
    case GYRE_TYPE_bytes: return "BLOB";
    default: return "INTEGER"; /* a time is µs since 1970 */
    }
}

/* The columns, with a comma between two, and their types where they are wanted; NULL without memory. To be freed with
 * sqlite3_free. */
static char *columns_of(const struct gyre_schema *schema, int with_types)
{
    char *columns = NULL;
    for (uint32_t k = 0; k < schema->n_fields; k++) {
        const struct gyre_field *field = gyre_schema_field(schema, k);
        char *more = sqlite3_mprintf("%z%s\"%w\" %s", columns, k > 0 ? ", " : "", field->name,
                                     with_types ? type_of(field->type) : "");
        if (more == NULL)
            return NULL;
        columns = more;
    }
    return columns;
}

static int32_t make_tables(struct table *t, struct gyre_ctx *ctx)
{
    const struct table_config *config = ctx->config;
    char *columns = columns_of(config->schema, 1);
    if (columns == NULL)
        return GYRE_ENOMEM;
    int32_t code = GYRE_OK;
    if (!ctx->restores) /* 0: it begins anew */
        code = run(t, ctx, "remove the old table",
                   "DROP TABLE IF EXISTS \"%w\"; DROP TABLE IF EXISTS \"%w_coming\"", config->table,
                   config->table);
    if (code == GYRE_OK)
        code = run(t, ctx, "make the table",
                   "CREATE TABLE IF NOT EXISTS \"%w\" (%s);"
                   "CREATE TABLE IF NOT EXISTS \"%w_coming\" (%s)",
                   config->table, columns, config->table, columns);
    sqlite3_free(columns);
    return code;
}

static int32_t make_insert(struct table *t, struct gyre_ctx *ctx)
{
    const struct table_config *config = ctx->config;
    char *sql = sqlite3_mprintf("INSERT OR REPLACE INTO \"%w_coming\" (rowid, %z) VALUES (?",
                                config->table, columns_of(config->schema, 0));
    for (uint32_t k = 0; sql != NULL && k < config->schema->n_fields; k++)
        sql = sqlite3_mprintf("%z, ?", sql);
    sql = sql != NULL ? sqlite3_mprintf("%z)", sql) : NULL;
    int code = sql != NULL ? sqlite3_prepare_v2(t->db, sql, -1, &t->insert, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return code == SQLITE_OK ? GYRE_OK : failed(t, ctx, "write to the table");
}

/* ---- life ---- */

static int32_t table_bind(void *config, struct gyre_bind *bind)
{
    struct table_config *c = config;
    c->schema = bind->inputs[0];
    if (c->table[0] == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "table", "a table has a name");
    return GYRE_OK;
}

static int32_t table_open(void *self, struct gyre_ctx *ctx)
{
    struct table *t = self;
    const struct table_config *config = ctx->config;
    t->next = t->done = 1;
    if (sqlite3_open(config->path, &t->db) != SQLITE_OK)
        return failed(t, ctx, "open it");
    sqlite3_busy_timeout(t->db, 10000);
    /* In a log that is synced by prepare alone: see there. */
    int32_t code = run(t, ctx, "open it", "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    if (code == GYRE_OK)
        code = make_tables(t, ctx);
    return code == GYRE_OK ? make_insert(t, ctx) : code;
}

static void table_close(void *self, struct gyre_ctx *ctx)
{
    struct table *t = self;
    (void)ctx;
    sqlite3_finalize(t->insert);
    sqlite3_close(t->db);
    *t = (struct table){0};
}

/* ---- rows ---- */

static void bind_value(struct table *t, const struct gyre_batch *in, uint32_t k, uint32_t type,
                       uint32_t row)
{
    int at = (int)k + 2;
    if (gyre_is_null(in, k, row)) {
        sqlite3_bind_null(t->insert, at);
    } else if (type == GYRE_TYPE_f64) {
        sqlite3_bind_double(t->insert, at, GYRE_COLUMN(in, k, double)[row]);
    } else if (type == GYRE_TYPE_i32) {
        sqlite3_bind_int64(t->insert, at, GYRE_COLUMN(in, k, int32_t)[row]);
    } else if (type == GYRE_TYPE_bool) {
        sqlite3_bind_int64(t->insert, at, GYRE_COLUMN(in, k, uint8_t)[row]);
    } else if (type == GYRE_TYPE_i64 || type == GYRE_TYPE_time) {
        sqlite3_bind_int64(t->insert, at, GYRE_COLUMN(in, k, int64_t)[row]);
    } else {
        const struct gyre_str *s = &GYRE_COLUMN(in, k, struct gyre_str)[row];
        if (type == GYRE_TYPE_str)
            sqlite3_bind_text(t->insert, at, gyre_str_data(s), (int)s->len, SQLITE_STATIC);
        else
            sqlite3_bind_blob(t->insert, at, gyre_str_data(s), (int)s->len, SQLITE_STATIC);
    }
}

static int32_t table_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct table *t = self;
    const struct table_config *config = ctx->config;
    int32_t code = run(t, ctx, "write to the table", "BEGIN IMMEDIATE");
    GYRE_ROWS(in, row)
    {
        if (code != GYRE_OK)
            return code;
        sqlite3_bind_int64(t->insert, 1, t->next);
        for (uint32_t k = 0; k < config->schema->n_fields; k++)
            bind_value(t, in, k, gyre_schema_field(config->schema, k)->type, row);
        if (sqlite3_step(t->insert) != SQLITE_DONE)
            code = failed(t, ctx, "write to the table");
        sqlite3_reset(t->insert);
        t->next += code == GYRE_OK;
    }
    if (code != GYRE_OK) {
        sqlite3_exec(t->db, "ROLLBACK", NULL, NULL, NULL);
        return code;
    }
    return run(t, ctx, "write to the table", "COMMIT");
}

/* ---- transactions ---- */

/* With synchronous = FULL a transaction syncs the log, and with it all that is in there before its own. So one that
 * changes nothing but a number of the file makes all rows durable. */
static int32_t table_prepare(void *self, struct gyre_ctx *ctx, const char *txn,
                             struct gyre_writer *writer)
{
    struct table *t = self;
    (void)txn;
    gyre_write_i64(writer, t->done);
    gyre_write_i64(writer, t->next);
    if (t->done < t->next) {
        int32_t code = run(t, ctx, "make rows durable",
                           "PRAGMA synchronous = FULL; PRAGMA user_version = %lld;"
                           "PRAGMA synchronous = NORMAL",
                           (long long)(t->next & INT32_MAX));
        if (code != GYRE_OK)
            return code;
    }
    t->done = t->next;
    return writer->error;
}

/* Called again it finds nothing to move. */
static int32_t table_commit(void *self, struct gyre_ctx *ctx, const char *txn,
                            struct gyre_reader *reader)
{
    struct table *t = self;
    const struct table_config *config = ctx->config;
    long long from = gyre_read_i64(reader), to = gyre_read_i64(reader);
    (void)txn;
    if (reader->error != GYRE_OK || from >= to)
        return reader->error;
    return run(t, ctx, "commit rows",
               "BEGIN IMMEDIATE;"
               "INSERT OR REPLACE INTO \"%w\" (rowid, %z) SELECT rowid, * FROM \"%w_coming\""
               " WHERE rowid >= %lld AND rowid < %lld;"
               "DELETE FROM \"%w_coming\" WHERE rowid >= %lld AND rowid < %lld; COMMIT",
               config->table, columns_of(config->schema, 0), config->table, from, to, config->table,
               from, to);
}

/* Where prepare has failed and written nothing it is what came since the last one. */
static int32_t table_abort(void *self, struct gyre_ctx *ctx, const char *txn,
                           struct gyre_reader *reader)
{
    struct table *t = self;
    const struct table_config *config = ctx->config;
    long long from = gyre_read_i64(reader), to = gyre_read_i64(reader);
    (void)txn;
    if (reader->error != GYRE_OK) {
        from = t->done;
        to = t->next;
    }
    return run(t, ctx, "undo rows",
               "DELETE FROM \"%w_coming\" WHERE rowid >= %lld AND rowid < %lld", config->table,
               from, to);
}

/* ---- snapshots ---- */

static int32_t table_save_items(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                                void (*next_item)(struct gyre_writer *writer))
{
    const struct table *t = self;
    (void)ctx;
    gyre_write_i64(writer, t->next);
    next_item(writer);
    return writer->error;
}

static int32_t table_restore_item(void *self, struct gyre_ctx *ctx, uint32_t version,
                                  struct gyre_reader *reader)
{
    struct table *t = self;
    const struct table_config *config = ctx->config;
    (void)version;
    t->next = t->done = gyre_read_i64(reader);
    if (reader->error != GYRE_OK)
        return reader->error;
    return run(
        t, ctx, "remove rows that come again",
        "DELETE FROM \"%w\" WHERE rowid >= %lld; DELETE FROM \"%w_coming\" WHERE rowid >= %lld",
        config->table, (long long)t->next, config->table, (long long)t->next);
}

static const struct gyre_port input = GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "rows");

static const struct gyre_operator gyre_op_table = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "table",
    .doc = "Writes rows into a table of an SQLite database, each of them once.",
    .flags = GYRE_MASK_AWARE | GYRE_SINGLE | GYRE_BLOCKING,
    .config_size = sizeof(struct table_config),
    .instance_size = sizeof(struct table),
    .options = table_options,
    .n_options = 2,
    .inputs = &input,
    .n_inputs = 1,
    .needs = GYRE_FEATURE_TWO_PHASE | GYRE_FEATURE_ITEMS,
    .items = GYRE_ITEMS_SPLIT,
    .items_version = 1,
    .bind = table_bind,
    .open = table_open,
    .close = table_close,
    .process = table_process,
    .save_items = table_save_items,
    .restore_item = table_restore_item,
    .prepare = table_prepare,
    .commit = table_commit,
    .abort = table_abort,
};

GYRE_PLUGIN(litedb, "0.1.0", GYRE_OP(table))
