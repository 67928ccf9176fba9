/* gyre conform: the conformance suite on a plugin; see conform/suite.h for how it runs. */
#include "app/commands.h"
#include "app/describe.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/say.h"
#include "conform/golden.h"
#include "conform/record.h"
#include "conform/suite.h"
#include "plugin/note.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what is asked for ---- */

/* The ids of --only, which may be given several times, each with commas. */
struct wanted {
    GY_VEC(const char *) ids;
    char *copies[64];
    size_t n_copies;
};

static bool is_check(const char *text)
{
    size_t n = strcspn(text, ":");
    for (size_t i = 0; i < gy_n_checks; i++)
        if (strlen(gy_checks[i].id) == n && strncmp(gy_checks[i].id, text, n) == 0)
            return true;
    return false;
}

static void refuse_check(const char *text)
{
    const char *names[128];
    size_t n = 0;
    for (size_t i = 0; i < gy_n_checks && n < 128; i++)
        names[n++] = gy_checks[i].id;
    const char *near = gy_nearest(text, names, n);
    gy_say(stderr, "gyre conform: no check \"%s\"%s%s%s (`gyre conform --help` lists them)\n", text,
           near != NULL ? ": did you mean `" : "", near != NULL ? near : "",
           near != NULL ? "`?" : "");
}

static int read_wanted(const struct gy_cli *cli, struct wanted *wanted)
{
    for (size_t i = 0; i < cli->only.n && wanted->n_copies < 64; i++) {
        char *rest = wanted->copies[wanted->n_copies++] = gy_strdup(cli->only.items[i]), *one;
        while (rest != NULL && (one = strsep(&rest, ",")) != NULL) {
            if (!is_check(one)) {
                refuse_check(one);
                return -1;
            }
            if (gy_vec_push(&wanted->ids, one) != 0)
                return -1;
        }
    }
    return 0;
}

static void wanted_fini(struct wanted *wanted)
{
    for (size_t i = 0; i < wanted->n_copies; i++)
        gy_free(wanted->copies[i]);
    gy_vec_fini(&wanted->ids);
}

/* The folders of --plugin-path and GYRE_PLUGIN_PATH, and the program's own. */
static char *path_of(const struct gy_cli *cli)
{
    struct gy_buf path = {0};
    char own[PATH_MAX];
    for (size_t i = 0; i < cli->plugin_path.n; i++)
        gy_buf_printf(&path, "%s:", cli->plugin_path.items[i]);
    const char *more = getenv("GYRE_PLUGIN_PATH");
    if (more != NULL)
        gy_buf_printf(&path, "%s:", more);
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    own[n > 0 ? n : 0] = 0;
    char *slash = strrchr(own, '/');
    if (slash != NULL)
        gy_buf_printf(&path, "%.*s/plugins:%.*s/../lib/gyre/plugins", (int)(slash - own), own,
                      (int)(slash - own), own);
    char *copy = gy_strdup(path.len > 0 ? gy_buf_cstr(&path) : "");
    gy_buf_fini(&path);
    return copy;
}

/* ---- what is shown ---- */

static bool is_bad(const struct gy_result *r)
{
    return r->verdict == GY_FAIL || r->verdict == GY_CRASH || r->verdict == GY_TIMEOUT;
}

static const char *id_of(const struct gy_result *r)
{
    return r->check != NULL ? r->check->id : "subject";
}

static void put_again(struct gy_buf *b, const struct gy_suite *suite, const struct gy_result *r)
{
    if (r->check == NULL)
        return;
    gy_buf_printf(b, "  again: gyre conform %s --only %s%s%s --seed %llu%s\n", suite->shown,
                  r->check->id, r->subject != NULL ? ":" : "", r->subject != NULL ? r->subject : "",
                  (unsigned long long)r->seed, r->varied ? " --vary" : "");
}

/* A check with how many subjects passed it, then each that did not. */
static void put_check(struct gy_buf *b, const struct gy_suite *suite,
                      const struct gy_conform_check *check)
{
    size_t counts[GY_VERDICTS] = {0}, n = 0;
    for (size_t i = 0; i < suite->results.n; i++)
        if (suite->results.items[i].check == check) {
            counts[suite->results.items[i].verdict]++;
            n++;
        }
    if (n == 0)
        return;
    gy_buf_printf(b, "%-22s", check->id);
    for (int v = 0; v < GY_VERDICTS; v++)
        if (counts[v] > 0)
            gy_buf_printf(b, "  %zu %s", counts[v], gy_verdict_name((enum gy_verdict)v));
    gy_buf_text(b, "\n");
    for (size_t i = 0; i < suite->results.n; i++) {
        const struct gy_result *r = &suite->results.items[i];
        if (r->check != check || (!is_bad(r) && r->verdict != GY_WARN))
            continue;
        gy_buf_printf(
            b, "\n%s  %s  %s: %s\n  %s%s", gy_verdict_name(r->verdict), check->id,
            r->subject != NULL ? r->subject : "the plugin", check->text,
            r->text != NULL ? r->text : "",
            r->text != NULL && r->text[0] != 0 && r->text[strlen(r->text) - 1] == '\n' ? "" : "\n");
        put_again(b, suite, r);
        gy_buf_text(b, "\n");
    }
}

static void put_text(struct gy_buf *b, const struct gy_suite *suite)
{
    size_t n = suite->subjects.list.n;
    gy_buf_printf(b, "%s: %zu subject%s, seed %llu\n", suite->shown, n, n == 1 ? "" : "s",
                  (unsigned long long)suite->options.seed);
    for (size_t k = 0; k < gy_n_checks; k++)
        put_check(b, suite, &gy_checks[k]);
    for (size_t i = 0; i < suite->results.n; i++)
        if (suite->results.items[i].check == NULL)
            gy_buf_printf(b, "%s  %s: %s\n", gy_verdict_name(suite->results.items[i].verdict),
                          suite->results.items[i].subject, suite->results.items[i].text);
    for (int v = 0; v < GY_VERDICTS; v++)
        gy_buf_printf(b, "%s%zu %s", v > 0 ? ", " : "", gy_suite_count(suite, (enum gy_verdict)v),
                      gy_verdict_name((enum gy_verdict)v));
    gy_buf_text(b, "\n");
}

static void put_json(struct gy_buf *b, const struct gy_suite *suite)
{
    gy_buf_text(b, "{\"plugin\":");
    gy_text_json_string(b, suite->shown, strlen(suite->shown));
    gy_buf_printf(b, ",\"seed\":%llu,\"results\":[", (unsigned long long)suite->options.seed);
    for (size_t i = 0; i < suite->results.n; i++) {
        const struct gy_result *r = &suite->results.items[i];
        gy_buf_printf(b, "%s\n{\"check\":\"%s\",\"subject\":", i > 0 ? "," : "", id_of(r));
        gy_text_json_string(b, r->subject != NULL ? r->subject : "",
                            r->subject != NULL ? strlen(r->subject) : 0);
        gy_buf_printf(b, ",\"status\":\"%s\",\"seed\":%llu,\"text\":", gy_verdict_name(r->verdict),
                      (unsigned long long)r->seed);
        gy_text_json_string(b, r->text != NULL ? r->text : "",
                            r->text != NULL ? strlen(r->text) : 0);
        gy_buf_text(b, "}");
    }
    gy_buf_text(b, "\n]}\n");
}

/* Text of an XML document: what XML cannot hold is left out. */
static void put_xml(struct gy_buf *b, const char *text)
{
    for (; text != NULL && *text != 0; text++) {
        switch (*text) {
        case '<': gy_buf_text(b, "&lt;"); break;
        case '>': gy_buf_text(b, "&gt;"); break;
        case '&': gy_buf_text(b, "&amp;"); break;
        case '"': gy_buf_text(b, "&quot;"); break;
        default:
            if ((unsigned char)*text >= 0x20 || *text == '\n' || *text == '\t')
                gy_buf_u8(b, (uint8_t)*text);
        }
    }
}

static void put_junit(struct gy_buf *b, const struct gy_suite *suite)
{
    size_t bad = gy_suite_count(suite, GY_FAIL),
           broken = gy_suite_count(suite, GY_CRASH) + gy_suite_count(suite, GY_TIMEOUT);
    gy_buf_text(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"");
    put_xml(b, suite->shown);
    gy_buf_printf(b, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n",
                  suite->results.n, bad, broken, gy_suite_count(suite, GY_SKIP));
    for (size_t i = 0; i < suite->results.n; i++) {
        const struct gy_result *r = &suite->results.items[i];
        const char *tag = r->verdict == GY_FAIL                                ? "failure"
                          : r->verdict == GY_CRASH || r->verdict == GY_TIMEOUT ? "error"
                          : r->verdict == GY_SKIP                              ? "skipped"
                                                                               : NULL;
        gy_buf_printf(b, "<testcase classname=\"%s\" name=\"",
                      r->subject != NULL ? r->subject : "plugin");
        put_xml(b, id_of(r));
        gy_buf_text(b, "\">");
        if (tag != NULL) {
            gy_buf_printf(b, "<%s message=\"%s\">", tag, gy_verdict_name(r->verdict));
            put_xml(b, r->text);
            gy_buf_printf(b, "</%s>", tag);
        } else if (r->verdict == GY_WARN) {
            gy_buf_text(b, "<system-out>");
            put_xml(b, r->text);
            gy_buf_text(b, "</system-out>");
        }
        gy_buf_text(b, "</testcase>\n");
    }
    gy_buf_text(b, "</testsuite>\n");
}

static int show(const struct gy_cli *cli, const struct gy_suite *suite)
{
    struct gy_buf b = {0};
    bool bad = false;
    for (size_t i = 0; i < suite->results.n; i++)
        bad |= is_bad(&suite->results.items[i]);
    if (strcmp(cli->format, "json") == 0)
        put_json(&b, suite);
    else if (strcmp(cli->format, "junit") == 0)
        put_junit(&b, suite);
    else
        put_text(&b, suite);
    int status = gy_cli_put(cli, &b, bad ? GY_EXIT_FAILED : GY_EXIT_OK);
    gy_buf_fini(&b);
    return status;
}

/* Keeps what was found beside the plugin, for `gyre inspect`. Some checks alone say nothing of the rest. */
static void keep(const struct gy_suite *suite)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_conform_record record = {.gyre = GY_VERSION, .seed = suite->options.seed};
    struct gyre_note note = {0};
    int64_t now_us = gy_clock_now_us(gy_clock_real());
    if (suite->options.n_only > 0 || suite->options.varies ||
        gy_note_read(suite->options.plugin, &note, &error) != 0 ||
        gy_build_id(suite->options.plugin, record.build, &error) != 0)
        return; /* what is no plugin was told */
    snprintf(record.plugin, sizeof record.plugin, "%s %s", note.name, note.version);
    gy_moment_format(record.date, now_us - now_us % 1000000);
    for (int v = 0; v < GY_VERDICTS; v++)
        record.counts[v] = gy_suite_count(suite, (enum gy_verdict)v);
    if (gy_conform_record_write(suite->options.plugin, &record, &error) != 0)
        gy_say(stderr, "gyre conform: %s; gyre inspect will not tell of this run\n", error.text);
}

static int write_golden(struct gy_suite *suite)
{
    struct gyre_error error = {.size = sizeof error};
    size_t n;
    if (gy_suite_write_golden(suite, suite->options.golden, &n, &error) != 0) {
        gy_say(stderr, "gyre conform: %s\n", error.text);
        return GY_EXIT_USAGE;
    }
    gy_say(stdout, "%s: what %zu subject%s of this version save%s\n", suite->options.golden, n,
           n == 1 ? "" : "s", n == 1 ? "s" : "");
    return GY_EXIT_OK;
}

int gy_cmd_conform(const struct gy_cli *cli)
{
    struct gyre_error error = {.size = sizeof error};
    struct wanted wanted = {0};
    char *path = path_of(cli);
    int status = GY_EXIT_USAGE;
    char *plugin = realpath(cli->operands.items[0], NULL);
    char *golden =
        cli->golden != NULL ? gy_strdup(cli->golden) : gy_golden_path(cli->operands.items[0]);
    struct gy_suite suite = {.shown = cli->operands.items[0],
                             .options = {.plugin = plugin,
                                         .plugin_path = path,
                                         .config = cli->config,
                                         .golden = golden,
                                         .seed = cli->seed > 0 ? (uint64_t)cli->seed : 1,
                                         .timeout_s = cli->timeout,
                                         .fuzz_s = cli->fuzz,
                                         .varies = cli->vary,
                                         .in_process = cli->in_process}};
    if (path == NULL || golden == NULL)
        gy_say(stderr, "gyre conform: out of memory\n");
    else if (plugin == NULL || access(plugin, R_OK) != 0)
        gy_say(stderr, "gyre conform: %s cannot be read: it takes the file of a plugin\n",
               suite.shown);
    else if (read_wanted(cli, &wanted) == 0) {
        suite.options.only = wanted.ids.items;
        suite.options.n_only = wanted.ids.n;
        if (cli->write_golden)
            status = write_golden(&suite);
        else if (gy_suite_run(&suite, &error) != 0)
            gy_say(stderr, "gyre conform: %s\n", error.text);
        else {
            keep(&suite);
            status = show(cli, &suite);
        }
    }
    gy_suite_fini(&suite);
    wanted_fini(&wanted);
    gy_free(golden);
    gy_free(path);
    free(plugin);
    return status;
}
