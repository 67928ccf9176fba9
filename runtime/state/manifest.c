/* The text of a manifest, and what is asked of one; see snapshot.h. Reading is in manifest_read.c.
 *
 *   format = 1;
 *   id = 12L;
 *   run = "0x5c1f...";                     which run has taken it
 *   ...
 *   operators = ( { id = "counts"; ... states = ( ... ); tasks = ( ... ); } );
 *   checksum = "0x0123456789abcdef";      XXH3-64 of every byte before this line
 *
 * Numbers beyond INT64_MAX, which libconfig does not have, are strings: "0xffffffffffffffff".
 * `time`, `size` and `watermark` say again, for people, what other members say. */
#include "state/manifest.h"

#include "base/mem.h"
#include "base/text.h"
#include <gyre/state.h>

#include <inttypes.h>
#include <string.h>
#include <time.h>

static void free_state(struct gy_manifest_state *state)
{
    gy_free(state->name);
    gy_free(state->type);
    gy_free(state->map_key);
    gy_free(state->of);
}

static void free_plugin(struct gy_manifest_plugin *plugin)
{
    gy_free(plugin->name);
    gy_free(plugin->version);
    gy_free(plugin->build);
}

void gy_manifest_files_free(struct gy_manifest_file *files, uint32_t n)
{
    for (uint32_t i = 0; files != NULL && i < n; i++)
        gy_free(files[i].name);
    gy_free(files);
}

static void free_operator(struct gy_manifest_operator *op)
{
    gy_free(op->id);
    gy_free(op->op);
    gy_free(op->key);
    gy_free(op->holds_end);
    gy_free(op->of);
    for (uint32_t i = 0; op->states != NULL && i < op->n_states; i++)
        free_state(&op->states[i]);
    gy_free(op->states);
    for (uint32_t i = 0; op->tasks != NULL && i < op->n_tasks; i++) {
        gy_free(op->tasks[i].file);
        gy_manifest_files_free(op->tasks[i].files, op->tasks[i].n_files);
    }
    gy_free(op->tasks);
}

void gy_manifest_free(struct gy_manifest *manifest)
{
    if (manifest == NULL)
        return;
    for (uint32_t i = 0; manifest->operators != NULL && i < manifest->n_operators; i++)
        free_operator(&manifest->operators[i]);
    gy_free(manifest->operators);
    for (uint32_t i = 0; manifest->plugins != NULL && i < manifest->n_plugins; i++)
        free_plugin(&manifest->plugins[i]);
    gy_free(manifest->plugins);
    gy_free(manifest->job);
    gy_free(manifest->path);
    gy_free(manifest);
}

const struct gy_manifest_operator *gy_manifest_operator(const struct gy_manifest *manifest,
                                                        const char *id)
{
    for (uint32_t i = 0; i < manifest->n_operators; i++)
        if (strcmp(manifest->operators[i].id, id) == 0)
            return &manifest->operators[i];
    return NULL;
}

void gy_manifest_drop(struct gy_manifest *manifest, const char *id)
{
    struct gy_manifest_operator *ops = manifest->operators;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < manifest->n_operators; i++)
        if (strcmp(ops[i].id, id) == 0)
            free_operator(&ops[i]);
        else
            ops[kept++] = ops[i];
    manifest->n_operators = kept;
}

uint64_t gy_manifest_bytes(const struct gy_manifest *manifest)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < manifest->n_operators; i++)
        for (uint32_t t = 0; t < manifest->operators[i].n_tasks; t++) {
            const struct gy_manifest_task *task = &manifest->operators[i].tasks[t];
            bytes += task->bytes;
            for (uint32_t f = 0; f < task->n_files; f++)
                bytes += task->files[f].bytes;
        }
    return bytes;
}

const char *gy_manifest_kind(uint32_t kind)
{
    switch (kind) {
    case GYRE_STATE_VALUE: return "value";
    case GYRE_STATE_LIST: return "list";
    case GYRE_STATE_MAP: return "map";
    default: return NULL;
    }
}

bool gy_manifest_time(char out[GY_TIME_TEXT], int64_t time_us)
{
    int64_t seconds = time_us / 1000000, rest = time_us % 1000000;
    if (rest < 0) {
        rest += 1000000;
        seconds--;
    }
    time_t at = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&at, &tm) == NULL || tm.tm_year < -1899 || tm.tm_year > 8099)
        return false;
    size_t n = strftime(out, GY_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
    /* %Y has no leading zeros everywhere, hence the look at n. */
    snprintf(out + n, GY_TIME_TEXT - n, ".%06dZ", (int)rest);
    return n > 0;
}

uint64_t gy_manifest_checksum_line(const void *text, size_t n, char out[GY_CHECKSUM_LINE + 1])
{
    uint64_t checksum = gy_checksum(text, n);
    snprintf(out, GY_CHECKSUM_LINE + 1, "checksum = \"0x%016" PRIx64 "\";\n", checksum);
    return checksum;
}

/* ---- writing ---- */

static void put_string(struct gy_buf *text, const char *indent, const char *name, const char *value)
{
    gy_buf_printf(text, "%s%s = \"", indent, name);
    for (const unsigned char *at = (const unsigned char *)value; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            gy_buf_printf(text, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            gy_buf_printf(text, "\\x%02x", *at);
        else
            gy_buf_u8(text, *at);
    }
    gy_buf_text(text, "\";\n");
}

static void put_u64(struct gy_buf *text, const char *indent, const char *name, uint64_t value)
{
    if (value > INT64_MAX)
        gy_buf_printf(text, "%s%s = \"0x%016" PRIx64 "\";\n", indent, name, value);
    else
        gy_buf_printf(text, "%s%s = %" PRIu64 "L;\n", indent, name, value);
}

static void put_i64(struct gy_buf *text, const char *indent, const char *name, int64_t value)
{
    if (value == INT64_MIN) /* libconfig reads the digits before the sign */
        gy_buf_printf(text, "%s%s = \"0x%016" PRIx64 "\";\n", indent, name, (uint64_t)value);
    else
        gy_buf_printf(text, "%s%s = %" PRId64 "L;\n", indent, name, value);
}

static void put_bool(struct gy_buf *text, const char *indent, const char *name, bool value)
{
    gy_buf_printf(text, "%s%s = %s;\n", indent, name, value ? "true" : "false");
}

static void put_hex(struct gy_buf *text, const char *indent, const char *name, uint64_t value)
{
    gy_buf_printf(text, "%s%s = \"0x%016" PRIx64 "\";\n", indent, name, value);
}

static void put_size(struct gy_buf *text, const char *indent, uint64_t bytes)
{
    char size[GY_NUMBER_MAX];
    gy_text_format_size(size, bytes);
    put_string(text, indent, "size", size);
}

static void put_state(struct gy_buf *text, const struct gy_manifest_state *state)
{
    static const char in[] = "        ";
    const char *kind = gy_manifest_kind(state->kind);
    put_string(text, in, "name", state->name);
    put_string(text, in, "kind", kind != NULL ? kind : "");
    put_string(text, in, "type", state->type);
    put_u64(text, in, "version", state->version);
    put_hex(text, in, "fingerprint", state->fingerprint);
    put_u64(text, in, "records", state->records);
    if (state->of != NULL)
        put_string(text, in, "of", state->of);
    if (state->map_key == NULL)
        return;
    put_string(text, in, "map_key", state->map_key);
    put_u64(text, in, "map_key_version", state->map_key_version);
    put_hex(text, in, "map_key_fingerprint", state->map_key_fingerprint);
}

static void put_files(struct gy_buf *text, const struct gy_manifest_task *task)
{
    static const char in[] = "            ";
    gy_buf_text(text, "        files = (");
    for (uint32_t i = 0; i < task->n_files; i++) {
        gy_buf_text(text, i > 0 ? ", {\n" : " {\n");
        put_string(text, in, "name", task->files[i].name);
        put_u64(text, in, "bytes", task->files[i].bytes);
        put_hex(text, in, "checksum", task->files[i].checksum);
        gy_buf_text(text, "          }");
    }
    gy_buf_text(text, " );\n");
}

static void put_task(struct gy_buf *text, const struct gy_manifest_task *task)
{
    static const char in[] = "        ";
    char time[GY_TIME_TEXT];
    if (task->watermark_us != INT64_MIN) {
        put_i64(text, in, "watermark_us", task->watermark_us);
        if (task->watermark_us == INT64_MAX)
            put_string(text, in, "watermark", "end");
        else if (gy_manifest_time(time, task->watermark_us))
            put_string(text, in, "watermark", time);
    }
    if (task->seen_us != task->watermark_us)
        put_i64(text, in, "seen_us", task->seen_us);
    put_bool(text, in, "ended", task->ended);
    if (task->file == NULL)
        return;
    put_string(text, in, "file", task->file);
    put_u64(text, in, "bytes", task->bytes);
    put_size(text, in, task->bytes);
    put_u64(text, in, "records", task->records);
    put_hex(text, in, "checksum", task->checksum);
    if (task->n_files > 0)
        put_files(text, task);
}

static void put_plugin(struct gy_buf *text, const struct gy_manifest_plugin *plugin)
{
    static const char in[] = "    ";
    put_string(text, in, "name", plugin->name);
    put_string(text, in, "version", plugin->version);
    put_string(text, in, "build", plugin->build);
}

static void put_rounds(struct gy_buf *text, const struct gy_manifest_rounds *rounds)
{
    static const char in[] = "      ";
    gy_buf_text(text, "    rounds = {\n");
    put_u64(text, in, "phase", rounds->phase);
    put_u64(text, in, "number", rounds->number);
    put_u64(text, in, "ends", rounds->ends);
    put_bool(text, in, "touched", rounds->touched);
    put_bool(text, in, "stop", rounds->stop);
    gy_buf_text(text, "    };\n");
}

static void put_operator(struct gy_buf *text, const struct gy_manifest_operator *op)
{
    static const char in[] = "    ";
    put_string(text, in, "id", op->id);
    put_string(text, in, "op", op->op);
    if (op->items_version != 0)
        put_u64(text, in, "items_version", op->items_version);
    if (op->key != NULL)
        put_string(text, in, "key", op->key);
    if (op->of != NULL)
        put_string(text, in, "of", op->of);
    if (op->holds_end != NULL)
        put_string(text, in, "holds_end", op->holds_end);
    if (op->has_last)
        put_i64(text, in, "last_us", op->last_us);
    if (op->rounds.known)
        put_rounds(text, &op->rounds);
    gy_buf_text(text, "    states = (");
    for (uint32_t i = 0; i < op->n_states; i++) {
        gy_buf_text(text, i > 0 ? ", {\n" : " {\n");
        put_state(text, &op->states[i]);
        gy_buf_text(text, "      }");
    }
    gy_buf_text(text, " );\n    tasks = (");
    for (uint32_t i = 0; i < op->n_tasks; i++) {
        gy_buf_text(text, i > 0 ? ", {\n" : " {\n");
        put_task(text, &op->tasks[i]);
        gy_buf_text(text, "      }");
    }
    gy_buf_text(text, " );\n");
}

int gy_manifest_write(const struct gy_manifest *manifest, struct gy_buf *text)
{
    char time[GY_TIME_TEXT], line[GY_CHECKSUM_LINE + 1];
    size_t start = text->len;
    gy_buf_text(text,
                "# A snapshot of a gyre job: what it is, and what the files beside this one hold.\n"
                "# gyre snapshots DIR show ID says it shorter. Do not edit: the last line is a "
                "checksum.\n");
    gy_buf_printf(text, "format = %d;\n", GY_MANIFEST_FORMAT);
    put_u64(text, "", "id", manifest->id);
    put_hex(text, "", "run", manifest->run);
    put_string(text, "", "job", manifest->job);
    put_i64(text, "", "time_us", manifest->time_us);
    if (gy_manifest_time(time, manifest->time_us))
        put_string(text, "", "time", time);
    put_i64(text, "", "duration_us", manifest->duration_us);
    put_size(text, "", gy_manifest_bytes(manifest));
    put_bool(text, "", "finished", manifest->finished);
    put_u64(text, "", "max_parallelism", manifest->max_parallelism);
    gy_buf_text(text, "plugins = (");
    for (uint32_t i = 0; i < manifest->n_plugins; i++) {
        gy_buf_text(text, i > 0 ? ", {\n" : " {\n");
        put_plugin(text, &manifest->plugins[i]);
        gy_buf_text(text, "  }");
    }
    gy_buf_text(text, " );\noperators = (");
    for (uint32_t i = 0; i < manifest->n_operators; i++) {
        gy_buf_text(text, i > 0 ? ", {\n" : " {\n");
        put_operator(text, &manifest->operators[i]);
        gy_buf_text(text, "  }");
    }
    gy_buf_text(text, " );\n");
    if (text->failed)
        return GYRE_ENOMEM;
    gy_manifest_checksum_line(text->data + start, text->len - start, line);
    gy_buf_text(text, line);
    return text->failed ? GYRE_ENOMEM : 0;
}
