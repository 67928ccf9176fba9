/* gyre new: a folder with a plugin that builds and passes its tests, to begin one's own with.
 *
 * All or nothing: first it is seen that no file is there; where one cannot be written after all, those that were are
 * removed, and so are the folders that were made for them. */
#include "app/commands.h"
#include "app/folder.h"
#include "app/template.h"
#include "base/disk.h"
#include "base/mem.h"
#include "base/say.h"
#include "plugin/fault.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

struct project {
    char *folder;           /* DIR/NAME */
    const char *name;       /* the end of it */
    const char *kind;       /* as --kind says */
    GY_VEC(char *) folders; /* that were made, outermost first */
    GY_VEC(char *) files;   /* that were written */
};

static void project_fini(struct project *project)
{
    for (size_t i = 0; i < project->folders.n; i++)
        gy_free(project->folders.items[i]);
    for (size_t i = 0; i < project->files.n; i++)
        gy_free(project->files.items[i]);
    gy_vec_fini(&project->folders);
    gy_vec_fini(&project->files);
    gy_free(project->folder);
}

static int no_memory(struct gyre_error *error)
{
    return gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory");
}

/* ---- the name ---- */

/* What the name could be instead: in small letters, with `_` for what cannot stand there. "" for nothing. */
static void better_name(const char *name, char better[48])
{
    size_t n = 0;
    for (; *name != '\0' && n < 47; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
        bool letter = c >= 'a' && c <= 'z';
        if (letter || (n > 0 && c >= '0' && c <= '9'))
            better[n++] = c;
        else if (n > 0 && better[n - 1] != '_')
            better[n++] = '_';
    }
    while (n > 0 && better[n - 1] == '_')
        n--;
    better[n] = '\0';
}

static int check_name(const char *name, struct gyre_error *error)
{
    char better[48];
    if (gy_check_is_name(name))
        return 0;
    better_name(name, better);
    return gyre_error_set(
        error, GYRE_EINVAL, -1,
        "\"%.100s\" cannot be the name of a plugin: names are [a-z][a-z0-9_]*, 47 bytes "
        "at most%s%s%s",
        name, *better ? " (did you mean `" : "", better, *better ? "`?)" : "");
}

/* gyre would refuse to load two plugins of one name: so would this one and another that is found by name. */
static int check_others(const struct gy_cli *cli, const char *name, struct gyre_error *error)
{
    char path[PATH_MAX];
    struct gy_plugins *plugins = gy_cli_plugins(cli, NULL, 0);
    if (plugins == NULL)
        return no_memory(error);
    bool found = gy_plugins_find(plugins, name, path);
    gy_plugins_free(plugins);
    return found ? gyre_error_set(
                       error, GYRE_EINVAL, -1,
                       "there is a plugin called `%s` already, %.300s; choose another name", name,
                       path)
                 : 0;
}

/* ---- files and folders ---- */

static bool is_wanted(const struct project *project, const struct gy_template *template)
{
    return template->kind == NULL || strcmp(template->kind, project->kind) == 0;
}

/* Where a template goes, to be freed; NULL without memory. */
static char *path_of(const struct project *project, const struct gy_template *template)
{
    struct gy_buf b = {0};
    gy_buf_printf(&b, "%s/", project->folder);
    gy_template_put(&b, template->name, project->name);
    const char *text = gy_buf_cstr(&b);
    char *path = text != NULL ? gy_strdup(text) : NULL;
    gy_buf_fini(&b);
    return path;
}

/* Links that lead nowhere are something, too. */
static int check_free(const struct project *project, struct gyre_error *error)
{
    struct stat status;
    int code = 0;
    if (lstat(project->folder, &status) == 0 && !gy_folder_is(project->folder))
        return gyre_error_set(error, GYRE_EINVAL, -1, "%.300s is there already, and is no folder",
                              project->folder);
    for (size_t i = 0; i < gy_n_templates && code == 0; i++) {
        if (!is_wanted(project, &gy_templates[i]))
            continue;
        char *path = path_of(project, &gy_templates[i]);
        if (path == NULL)
            code = no_memory(error);
        else if (lstat(path, &status) == 0)
            code =
                gyre_error_set(error, GYRE_EINVAL, -1,
                               "%.300s is there already, and no file is overwritten; move it away, "
                               "or choose another folder",
                               path);
        gy_free(path);
    }
    return code;
}

/* Makes one folder, where it is not there; `path` is the project's then. */
static int make_folder(struct project *project, char *path, struct gyre_error *error)
{
    struct gy_disk *disk = gy_disk_real();
    int code = 0;
    if (gy_folder_is(path) || gy_vec_reserve(&project->folders, 1) != 0 ||
        (code = disk->make_dir(disk, path)) != 0) {
        bool is_there = gy_folder_is(path);
        if (!is_there)
            code = code != 0 ? gy_disk_failed(error, "make", path, code) : no_memory(error);
        gy_free(path);
        return is_there ? 0 : code;
    }
    gy_vec_push(&project->folders, path);
    return 0;
}

/* Makes the project's folder, and those that it is to be in. */
static int make_folders(struct project *project, struct gyre_error *error)
{
    int code = 0;
    for (size_t n = 1; n <= strlen(project->folder) && code == 0; n++) {
        if (project->folder[n] != '/' && project->folder[n] != '\0')
            continue;
        char *path = gy_strndup(project->folder, n);
        code = path != NULL ? make_folder(project, path, error) : no_memory(error);
    }
    return code;
}

/* Writes a new file, and notes that it is ours as soon as it is there; `path` is the project's then. */
static int write_file(struct project *project, char *path, const struct gy_buf *text,
                      struct gyre_error *error)
{
    struct gy_disk *disk = gy_disk_real();
    int handle;
    if (gy_vec_reserve(&project->files, 1) != 0) {
        gy_free(path);
        return no_memory(error);
    }
    int code = disk->create(disk, path, &handle);
    if (code != 0) {
        gy_disk_failed(error, "make", path, code);
        gy_free(path);
        return code;
    }
    gy_vec_push(&project->files, path);
    code = disk->write(disk, handle, text->data, text->len);
    int closed = disk->close(disk, handle);
    code = code != 0 ? code : closed;
    return code == 0 ? 0 : gy_disk_failed(error, "write", path, code);
}

static int write_template(struct project *project, const struct gy_template *template,
                          struct gyre_error *error)
{
    struct gy_buf text = {0};
    char *path = path_of(project, template);
    int code;
    gy_template_put(&text, template->text, project->name);
    if (path != NULL && gy_buf_cstr(&text) != NULL) {
        code = write_file(project, path, &text, error);
    } else {
        code = no_memory(error);
        gy_free(path);
    }
    gy_buf_fini(&text);
    return code;
}

/* Removes what was made. */
static void undo(const struct project *project)
{
    struct gy_disk *disk = gy_disk_real();
    for (size_t i = project->files.n; i > 0; i--)
        disk->remove(disk, project->files.items[i - 1]);
    for (size_t i = project->folders.n; i > 0; i--)
        disk->remove(disk, project->folders.items[i - 1]);
}

static int make(struct project *project, struct gyre_error *error)
{
    int code = check_free(project, error);
    if (code != 0)
        return code;
    code = make_folders(project, error);
    for (size_t i = 0; i < gy_n_templates && code == 0; i++)
        if (is_wanted(project, &gy_templates[i]))
            code = write_template(project, &gy_templates[i], error);
    if (code != 0)
        undo(project);
    return code;
}

/* ---- the command ---- */

static int project_init(struct project *project, const struct gy_cli *cli, struct gyre_error *error)
{
    const char *folder = cli->operands.items[0];
    size_t n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/')
        n--;
    *project = (struct project){.folder = gy_strndup(folder, n),
                                .kind = cli->kind != NULL ? cli->kind : "keyed"};
    if (project->folder == NULL)
        return no_memory(error);
    const char *slash = strrchr(project->folder, '/');
    project->name = slash != NULL ? slash + 1 : project->folder;
    int code = check_name(project->name, error);
    return code == 0 ? check_others(cli, project->name, error) : code;
}

int gy_cmd_new(const struct gy_cli *cli)
{
    struct gyre_error error = {.size = sizeof error};
    struct project project;
    int status = GY_EXIT_OK;
    if (project_init(&project, cli, &error) != 0 || make(&project, &error) != 0) {
        gy_say(stderr, "gyre new: %s\n", error.text);
        status = GY_EXIT_USAGE;
    } else {
        gy_say(stdout, "%s has the plugin `%s`, with tests and a README; there, go on with\n\n",
               project.folder, project.name);
        gy_say(stdout, "  make check\n  make conform\n");
    }
    project_fini(&project);
    return gy_cli_end(status);
}
