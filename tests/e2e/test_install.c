/* `make install` into a folder of the test, a plugin built against it by pkg-config alone, a job run by
 * the installed program, and `make uninstall`. */
#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char plugin[] = "#include <gyre/gyre.h>\n"
                             "#define LINE(F, N) F(str, line)\n"
                             "GYRE_RECORD(line, LINE)\n"
                             "#define LENGTH(F, N) F(i64, length)\n"
                             "GYRE_RECORD(length, LENGTH)\n"
                             "static void measure(const struct line *in, struct length *out)\n"
                             "{\n"
                             "    out->length = in->line.len;\n"
                             "}\n"
                             "GYRE_MAP(length, \"Adds a length.\", line, length, measure)\n"
                             "GYRE_PLUGIN(mine, \"0.1.0\", GYRE_OP(length))\n";

static const char job[] = "job = \"mine\";\nplugins = (\"mine.so\");\noperators = (\n"
                          "  { id = \"in\";  op = \"file.read\";   path = \"in.txt\"; },\n"
                          "  { id = \"len\"; op = \"mine.length\"; input = \"in\"; },\n"
                          "  { id = \"out\"; op = \"file.write\";  input = \"len\"; path = \"-\"; "
                          "parallelism = 1; }\n);\n";

/* What has been installed, how, and a folder outside of the tree to build a plugin in. */
struct place {
    char *root;    /* DESTDIR */
    char *work;    /* not in the tree */
    char *program; /* as installed */
};

/* Makes `target` with nothing built anew: the build under test may be that of a sanitizer. */
static void make(const struct place *place, const char *target)
{
    struct process_result r;
    char *build = build_path(NULL);
    char *set_build = text_format("BUILD=%s", build);
    char *set_root = text_format("DESTDIR=%s", place->root);
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
static void shell(const struct place *place, const char *command, const char *wanted)
{
    struct process_result r;
    char *sysroot = text_format("PKG_CONFIG_SYSROOT_DIR=%s", place->root);
    char *path = text_format("PKG_CONFIG_PATH=%s/opt/g/lib/pkgconfig", place->root);
    char *root = text_format("ROOT=%s", place->root);
    char *gyre = text_format("GYRE=%s", place->program);
    process_run(
        &(struct process_spec){.argv = ARGV("/bin/sh", "-ec", command),
                               .cwd = place->work,
                               .env = (const char *const[]){sysroot, path, root, gyre, "LC_ALL=C",
                                                            "GYRE_PLUGIN_PATH", NULL}},
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

static void need(const char *command)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV(command, "--version")}, &r);
    int status = r.status;
    process_result_fini(&r);
    if (status == 127)
        suite_skip("make, cc or pkg-config is not here");
}

static void place_init(struct place *place)
{
    need("make");
    need("cc");
    need("pkg-config");
    umask(022); /* the loader refuses what others can write */
    place->root = dir_temp();
    place->work = dir_temp();
    place->program = path_join(place->root, "opt/g/bin/gyre");
    make(place, "install");
}

static void place_fini(struct place *place)
{
    dir_remove(place->root);
    dir_remove(place->work);
    free(place->program);
    free(place->work);
    free(place->root);
}

static void put(const struct place *place, const char *name, const char *text)
{
    char *path = path_join(place->work, name);
    file_write_text(path, text);
    free(path);
}

static void plugin_outside_of_the_tree_builds_and_runs_with_what_is_installed(void)
{
    struct place place;
    place_init(&place);
    put(&place, "plugin.c", plugin);
    put(&place, "job.cfg", job);
    put(&place, "in.txt", "to\nbe or\n");
    shell(&place,
          "cc -Wall -Wextra -Werror plugin.c $(pkg-config --cflags --libs gyre-sdk) -o mine.so",
          "");
    shell(&place, "\"$GYRE\" run job.cfg", "to,2\nbe or,5\n");
    shell(&place, "\"$GYRE\" list | grep -c '^\\(file.read\\|std.sum\\|text.words\\) '", "3\n");
    shell(&place, "\"$GYRE\" inspect file | grep -c \"$ROOT/opt/g/lib/gyre/plugins/file.so\"",
          "1\n");
    shell(&place,
          "\"$GYRE\" run \"$ROOT/opt/g/share/gyre/jobs/wordcount.cfg\" | grep -c '^gyre,1$'",
          "1\n");
    place_fini(&place);
}

static void pkg_config_says_the_flags_the_version_and_the_faster_flag(void)
{
    struct place place;
    place_init(&place);
    shell(&place, "pkg-config --variable=isa gyre-sdk", "-march=x86-64-v3\n");
    shell(&place, "pkg-config --variable=prefix gyre-sdk | sed \"s|^$ROOT||\"", "/opt/g\n");
    shell(&place,
          "pkg-config --cflags gyre-sdk | tr ' ' '\\n' | grep . | sed \"s|$ROOT|ROOT|\" | sort",
          "-IROOT/opt/g/include\n-fPIC\n-fvisibility=hidden\n");
    shell(&place, "pkg-config --libs gyre-sdk | sed 's/ *$//'", "-shared -Wl,-z,defs\n");
    shell(&place, "\"$GYRE\" --version | grep -cF \"gyre $(pkg-config --modversion gyre-sdk) \"",
          "1\n");
    place_fini(&place);
}

static void nothing_that_is_installed_can_be_written_by_others(void)
{
    struct place place;
    place_init(&place);
    shell(&place, "find \"$ROOT/opt\" -perm /022", "");
    shell(&place, "find \"$ROOT/opt\" -type d ! -perm 755", "");
    shell(&place, "find \"$ROOT/opt/g/lib/gyre/plugins\" -name '*.so' ! -perm 755", "");
    place_fini(&place);
}

static void uninstalling_leaves_no_file_and_no_folder_of_gyre(void)
{
    struct place place;
    place_init(&place);
    make(&place, "install"); /* over what is there */
    make(&place, "uninstall");
    shell(&place, "find \"$ROOT\" ! -type d", "");
    shell(&place, "find \"$ROOT\" -mindepth 3 -type d ! -name pkgconfig | sed \"s|$ROOT||\" | sort",
          "/opt/g/bin\n/opt/g/include\n/opt/g/lib\n/opt/g/share\n");
    make(&place, "uninstall"); /* nothing there is fine */
    place_fini(&place);
}

static void uninstalling_keeps_what_others_put_beside(void)
{
    struct place place;
    place_init(&place);
    shell(&place, "echo mine >\"$ROOT/opt/g/lib/gyre/plugins/mine.so\"", "");
    make(&place, "uninstall");
    shell(&place, "find \"$ROOT\" ! -type d | sed \"s|$ROOT||\"",
          "/opt/g/lib/gyre/plugins/mine.so\n");
    place_fini(&place);
}

static const struct suite_test tests[] = {
    SUITE_TEST(plugin_outside_of_the_tree_builds_and_runs_with_what_is_installed),
    SUITE_TEST(pkg_config_says_the_flags_the_version_and_the_faster_flag),
    SUITE_TEST(nothing_that_is_installed_can_be_written_by_others),
    SUITE_TEST(uninstalling_leaves_no_file_and_no_folder_of_gyre),
    SUITE_TEST(uninstalling_keeps_what_others_put_beside),
};
SUITE_MAIN("install", tests)
