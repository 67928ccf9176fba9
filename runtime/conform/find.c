/* All subjects of a plugin: those of a conform.cfg, then those that are derived; see subject.h. */
#include "conform/subject.h"

#include "base/mem.h"
#include "conform/child.h"

#include <gyre/error.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static int name_all(struct gy_subjects *subjects)
{
    for (size_t i = 0; i < subjects->list.n; i++) {
        struct gy_subject *s = &subjects->list.items[i];
        unsigned before = 1;
        if (s->name != NULL)
            continue;
        for (size_t j = 0; j < i; j++)
            before += strcmp(subjects->list.items[j].op, s->op) == 0;
        s->name = before > 1 ? gy_printf("%s/%u", s->op, before) : gy_strdup(s->op);
        if (s->name == NULL)
            return GYRE_ENOMEM;
    }
    return 0;
}

static void look_at_all(struct gy_subjects *subjects, const char *plugin, const char *plugin_path,
                        const char *scratch)
{
    for (size_t i = 0; i < subjects->list.n; i++) {
        struct gy_subject *s = &subjects->list.items[i];
        if (s->error != NULL || s->kinds != 0)
            continue;
        struct gyre_kit_setup setup = gy_subject_setup(s, plugin, plugin_path, scratch);
        gy_subject_files(s, scratch);
        struct gyre_kit *kit = gy_kit_make(&setup, false);
        gy_child_end_copy();
        if (kit != NULL && kit->code == 0)
            gy_subject_look(s, kit);
        else
            s->error = gy_strdup(kit != NULL ? gyre_kit_error(kit) : "out of memory");
        gyre_kit_free(kit);
    }
}

/* An operator of loops with rounds gets one where a conform.cfg has none for it. */
static void give_rounds(struct gy_subjects *subjects, const struct gy_plugin *plugin)
{
    size_t n = strlen(plugin->abi->name);
    for (size_t i = 0; i < subjects->list.n; i++) {
        struct gy_subject *s = &subjects->list.items[i];
        if (strncmp(s->op, plugin->abi->name, n) == 0 && s->op[n] == '.' &&
            (s->options == NULL || strstr(s->options, "rounds = ") == NULL))
            s->rounds = gy_needs_rounds(gy_plugin_operator(plugin, s->op + n + 1));
    }
}

/* Takes the folder that is only there while it runs, and the name of a file that nobody has written, out of why no
 * job could be made. */
static void tell_no_scratch(char *why, const char *scratch)
{
    size_t n = strlen(scratch);
    for (char *at = why; at != NULL && (at = strstr(at, scratch)) != NULL;) {
        const char *rest = at + n + (at[n] == '/');
        if (strncmp(rest, "options:", 8) == 0)
            rest += 8 + strspn(rest + 8, "0123456789: ");
        memmove(at, rest, strlen(rest) + 1);
    }
}

/* What a conform.cfg says has to work; what was guessed need not. */
static int refuse_unmade(const struct gy_subjects *subjects, const char *path,
                         struct gyre_error *error)
{
    for (size_t i = 0; i < subjects->list.n; i++) {
        const struct gy_subject *s = &subjects->list.items[i];
        bool left_out = s->skip != NULL && strcmp(s->skip, "all") == 0;
        if (s->error != NULL && s->line > 0 && !left_out)
            return gyre_error_set(error, GYRE_EINVAL, -1, "%s:%d: no job can be made with it: %s",
                                  path, s->line, s->error);
    }
    return 0;
}

static bool config_of(const char *plugin, const char *config, char path[PATH_MAX])
{
    const char *slash = strrchr(plugin, '/');
    int stem = (int)(slash != NULL ? slash - plugin + 1 : 0);
    size_t n = strlen(plugin);
    if (config != NULL)
        return snprintf(path, PATH_MAX, "%s", config) < PATH_MAX;
    snprintf(path, PATH_MAX, "%.*s.conform.cfg", (int)(n > 3 ? n - 3 : n), plugin);
    if (access(path, F_OK) == 0)
        return true;
    snprintf(path, PATH_MAX, "%.*sconform.cfg", stem, plugin);
    return access(path, F_OK) == 0;
}

static int read_config(struct gy_subjects *subjects, const char *path, struct gyre_error *error)
{
    struct gy_diags diags = {0};
    int code = gy_subjects_read(subjects, path, &diags);
    if (code == 0 && gy_diags_count(&diags) > 0)
        code = GYRE_EINVAL;
    if (code != 0 && diags.list.n > 0)
        gyre_error_set(error, code, -1, "%s:%d: %s", path, diags.list.items[0].line,
                       diags.list.items[0].text);
    else if (code != 0)
        gyre_error_set(error, code, -1, "out of memory");
    gy_diags_fini(&diags);
    return code;
}

int gy_subjects_find(struct gy_subjects *subjects, const char *plugin, const char *plugin_path,
                     const char *config, const char *scratch, struct gyre_error *error)
{
    char path[PATH_MAX];
    struct gy_plugins *plugins = gy_plugins_new(NULL, 0);
    if (plugins == NULL)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
    int code = gy_plugins_add(plugins, plugin, error);
    if (code == 0 && config_of(plugin, config, path))
        code = read_config(subjects, path, error);
    if (code == 0) {
        gy_subjects_derive(subjects, gy_plugins_at(plugins, 0), plugin_path, scratch);
        give_rounds(subjects, gy_plugins_at(plugins, 0));
        look_at_all(subjects, plugin, plugin_path, scratch);
        code = name_all(subjects);
        for (size_t i = 0; i < subjects->list.n; i++)
            tell_no_scratch(subjects->list.items[i].error, scratch);
    }
    if (code == 0)
        code = refuse_unmade(subjects, path, error);
    gy_plugins_free(plugins);
    return code;
}
