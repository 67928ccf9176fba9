/* See run_installed.h. */
#include "run_installed.h"

#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Makes `target` with nothing built anew: the build under test may be that of a sanitizer. */
void installed_make(const struct installed *installed, const char *target)
{
    struct process_result r;
    char *build = build_path(NULL);
    char *set_build = text_format("BUILD=%s", build);
    char *set_root = text_format("DESTDIR=%s", installed->root);
    process_run(
        &(struct process_spec){
            .argv = ARGV("make", "-o", "all", target, "PREFIX=/opt/g", set_build, set_root),
            .env = (const char *const[]){"MAKEFLAGS", "MAKELEVEL", "MFLAGS", NULL}},
        &r);
    if (r.status != 0)
        printf("make %s: %s%s", target, r.out, r.err);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    process_result_fini(&r);
    free(set_root);
    free(set_build);
    free(build);
}

/* Runs a command in the folder of the plugin; what it puts out is as wanted, where that is said. */
void installed_shell(const struct installed *installed, const char *command, const char *wanted)
{
    struct process_result r;
    char *sysroot = text_format("PKG_CONFIG_SYSROOT_DIR=%s", installed->root);
    char *path = text_format("PKG_CONFIG_PATH=%s/opt/g/lib/pkgconfig", installed->root);
    char *root = text_format("ROOT=%s", installed->root);
    char *gyre = text_format("GYRE=%s", installed->program);
    process_run(
        &(struct process_spec){.argv = ARGV("/bin/sh", "-ec", command),
                               .cwd = installed->work,
                               .env = (const char *const[]){sysroot, path, root, gyre, "LC_ALL=C",
                                                            "LDFLAGS=" SUITE_LDFLAGS,
                                                            "GYRE_PLUGIN_PATH", "MAKEFLAGS",
                                                            "MAKELEVEL", "MFLAGS", NULL}},
        &r);
    if (r.status != 0 || (wanted && strcmp(r.out, wanted) != 0))
        printf("%s\n%s%s", command, r.out, r.err);
    CU_ASSERT_EQUAL(r.status, 0);
    if (wanted)
        CU_ASSERT_STRING_EQUAL(r.out, wanted);
    process_result_fini(&r);
    free(gyre);
    free(root);
    free(path);
    free(sysroot);
}

void installed_need(const char *command)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV(command, "--version")}, &r);
    int status = r.status;
    process_result_fini(&r);
    if (status == 127)
        suite_skip("make, cc, pkg-config, bash or zsh is not here");
}

void installed_init(struct installed *installed)
{
    installed_need("make");
    installed_need("cc");
    installed_need("pkg-config");
    umask(022); /* the loader refuses what others can write */
    installed->root = dir_temp();
    installed->work = dir_temp();
    installed->program = path_join(installed->root, "opt/g/bin/gyre");
    installed_make(installed, "install");
}

void installed_fini(struct installed *installed)
{
    dir_remove(installed->root);
    dir_remove(installed->work);
    free(installed->program);
    free(installed->work);
    free(installed->root);
}

void installed_put(const struct installed *installed, const char *name, const char *text)
{
    char *path = path_join(installed->work, name);
    file_write_text(path, text);
    free(path);
}
