/* What a sink shows to others, as one text: all visible files of the run's folder, or what a command of conform.cfg
 * prints, where files do not tell (a database); see trial.h. */
#include "conform/trial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gyre/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- files ---- */

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_seen(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void put_file(const char *path, const char *shown, struct gy_buf *into)
{
    char part[4096];
    FILE *file = fopen(path, "re");
    size_t n;
    gy_buf_printf(into, "== %s\n", shown);
    while (file != NULL && (n = fread(part, 1, sizeof part, file)) > 0)
        gy_buf_bytes(into, part, n);
    if (file != NULL)
        fclose(file);
}

/* A folder, and those in it, some levels down. */
static void put_folder(const char *folder, const char *shown, int levels, struct gy_buf *into)
{
    struct dirent **names;
    int n = scandir(folder, &names, is_seen, compare_names);
    for (int i = 0; i < n; i++) {
        char path[2 * PATH_MAX], name[512];
        snprintf(path, sizeof path, "%.4000s/%.255s", folder, names[i]->d_name);
        snprintf(name, sizeof name, "%.200s%s%.255s", shown, shown[0] != 0 ? "/" : "",
                 names[i]->d_name);
        if (names[i]->d_type == DT_REG)
            put_file(path, name, into);
        else if (names[i]->d_type == DT_DIR && levels > 0)
            put_folder(path, name, levels - 1, into);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

/* ---- a command ---- */

/* In the run's folder; $HERE is that of the plugin. */
static void run_command(const struct gy_trial *trial, int out)
{
    char here[PATH_MAX];
    snprintf(here, sizeof here, "./%s", trial->place->plugin);
    *strrchr(here, '/') = 0;
    const char *given = trial->place->plugin[0] == '/' ? here + 2 : here;
    char *absolute = realpath(given[0] != 0 ? given : "/", NULL);
    int null = open("/dev/null", O_RDONLY);
    if (absolute == NULL || null < 0 || setenv("HERE", absolute, 1) != 0 ||
        chdir(trial->folder) != 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(out, STDERR_FILENO) < 0)
        _exit(127);
    execl("/bin/sh", "sh", "-c", trial->place->subject->seen, (char *)NULL);
    _exit(127);
}

static int put_command(const struct gy_trial *trial, struct gy_buf *into)
{
    char part[4096];
    int ends[2], status = -1;
    ssize_t n;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return GYRE_EIO;
    pid_t pid = fork();
    if (pid == 0)
        run_command(trial, ends[1]);
    close(ends[1]);
    while (pid > 0 && ((n = read(ends[0], part, sizeof part)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0)
            gy_buf_bytes(into, part, (size_t)n);
    close(ends[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status == 0 ? 0 : GYRE_EIO;
}

int gy_trial_seen(const struct gy_trial *trial, struct gy_buf *into)
{
    if (trial->place->subject->seen != NULL)
        return put_command(trial, into);
    put_folder(trial->folder, "", 3, into);
    return 0;
}
