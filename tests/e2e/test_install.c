/* `make install` into a folder of the test, a plugin built against it by pkg-config alone, a job run by
 * the installed program, and `make uninstall`. */
#include "run_installed.h"
#include "support/files.h"
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

static void plugin_outside_of_the_tree_builds_and_runs_with_what_is_installed(void)
{
    struct installed installed;
    installed_init(&installed);
    installed_put(&installed, "plugin.c", plugin);
    installed_put(&installed, "job.cfg", job);
    installed_put(&installed, "in.txt", "to\nbe or\n");
    installed_shell(
        &installed,
        "cc -Wall -Wextra -Werror plugin.c $(pkg-config --cflags --libs gyre-sdk) -o mine.so", "");
    installed_shell(&installed, "\"$GYRE\" run job.cfg", "to,2\nbe or,5\n");
    installed_shell(&installed,
                    "\"$GYRE\" list | grep -c '^\\(file.read\\|std.sum\\|text.words\\) '", "3\n");
    installed_shell(&installed,
                    "\"$GYRE\" inspect file | grep -c \"$ROOT/opt/g/lib/gyre/plugins/file.so\"",
                    "1\n");
    installed_shell(
        &installed,
        "\"$GYRE\" run \"$ROOT/opt/g/share/gyre/jobs/wordcount.cfg\" | grep -c '^gyre,1$'", "1\n");
    installed_fini(&installed);
}

static const char kit_test[] =
    "#include <gyre/testkit.h>\n"
    "int main(void)\n"
    "{\n"
    "    struct gyre_kit_setup setup = {.plugin = \"./mine.so\", .op = \"mine.length\",\n"
    "                                   .inputs = {{.schema = \"line: str\"}}};\n"
    "    struct gyre_kit *kit = gyre_kit_new(&setup);\n"
    "    gyre_kit_push(kit, NULL, \"to\\nbe or\");\n"
    "    int same = gyre_kit_expect(kit, NULL, \"to,2\\nbe or,5\", 0);\n"
    "    puts(gyre_kit_error(kit)[0] != 0 ? gyre_kit_error(kit) : same ? \"same\" : \"not\");\n"
    "    gyre_kit_free(kit);\n"
    "    return 0;\n"
    "}\n";

static void tests_of_a_plugin_build_and_run_with_what_is_installed(void)
{
    struct installed installed;
#ifdef GY_SANITIZED
    suite_skip("a library with a sanitizer in it links to nothing without one");
#endif
    installed_init(&installed);
    installed_put(&installed, "plugin.c", plugin);
    installed_put(&installed, "test.c", kit_test);
    installed_shell(
        &installed,
        "cc -Wall -Wextra -Werror plugin.c $(pkg-config --cflags --libs gyre-sdk) -o mine.so\n"
        "cc -Wall -Wextra -Werror test.c $(pkg-config --cflags --libs gyre-testkit) -o test\n"
        "./test",
        "same\n");
    installed_fini(&installed);
}

/* A folder that no test writes to: what is installed is read only. */
static void every_job_that_is_installed_runs_there_and_writes_nothing_beside_itself(void)
{
    struct installed installed;
    installed_init(&installed);
    installed_shell(&installed, "cd \"$ROOT/opt/g\"; find . | sort >\"$OLDPWD/before\"", "");
    installed_shell(&installed,
                    "set -- \"$ROOT\"/opt/g/share/gyre/jobs/*.cfg; test $# -ge 4\n"
                    "for job; do \"$GYRE\" check \"$job\" >/dev/null 2>&1 || echo \"$job\"; done",
                    "");
    installed_shell(
        &installed,
        "\"$GYRE\" run \"$ROOT/opt/g/share/gyre/jobs/wordcount-batch.cfg\" | grep -c '^gyre,'",
        "1\n");
    installed_shell(
        &installed,
        "\"$GYRE\" run \"$ROOT/opt/g/share/gyre/jobs/access-log.cfg\" --set hosts.path=hosts.csv "
        "--set statuses.path=statuses.csv\n"
        "head -n 1 hosts.csv statuses.csv",
        "==> hosts.csv <==\nhost,requests,bytes,error_rate\n\n"
        "==> statuses.csv <==\nhost,status,requests,bytes\n");
    installed_shell(&installed,
                    "timeout --preserve-status -s INT 1 \"$GYRE\" run "
                    "\"$ROOT/opt/g/share/gyre/jobs/netcount.cfg\" --set lines.port=0",
                    "");
    installed_shell(&installed, "cd \"$ROOT/opt/g\"; find . | sort | diff \"$OLDPWD/before\" -",
                    "");
    installed_fini(&installed);
}

/* Links between the guides, and from a guide to what stands beside it. */
static void the_guides_that_are_installed_lead_to_what_is_installed(void)
{
    struct installed installed;
    installed_init(&installed);
    installed_shell(
        &installed,
        "cd \"$ROOT/opt/g/share/gyre\"\n"
        "for guide in README.md jobs/README.md plugins/README.md sdk/README.md; do\n"
        "    grep -o '](\\([^)#:]*\\)[)#]' $guide | sed 's/](//; s/[)#]//' | sort -u |\n"
        "    while read -r to; do test -e \"${guide%README.md}$to\" || echo \"$guide: $to\"; done\n"
        "done",
        "");
    installed_fini(&installed);
}

/* Every command of --help, and with all its flags. */
static void every_command_has_a_page_with_all_that_its_help_says(void)
{
    struct installed installed;
    installed_init(&installed);
    installed_shell(
        &installed,
        "cd \"$ROOT/opt/g/share/man\"; ls man1/gyre.1 man5/gyre-job.5\n"
        "\"$GYRE\" --help | sed -n 's/^  \\([a-z]*\\) .*/\\1/p' >commands; test -s commands\n"
        "while read -r c; do\n"
        "    grep -q \"^gyre..$c .. \" man1/gyre-$c.1 || echo \"$c: no name\"\n"
        "    grep -q \"gyre..$c\" man1/gyre.1 || echo \"$c: not in gyre.1\"\n"
        "    \"$GYRE\" $c --help | sed -n 's/^  \\(--*[a-z-]*\\) .*/\\1/p' >flags; test -s flags\n"
        "    while read -r f; do\n"
        "        sed 's/\\\\-/-/g' man1/gyre-$c.1 | grep -qF \"\\fB$f\\fR\" || echo \"$c: $f\"\n"
        "    done <flags\n"
        "done <commands; test $(ls man1 | wc -l) = $(($(wc -l <commands) + 1)); rm commands flags",
        "man1/gyre.1\nman5/gyre-job.5\n");
    installed_shell(
        &installed,
        "command -v groff >/dev/null || exit 0\n"
        "for page in \"$ROOT\"/opt/g/share/man/man?/*; do groff -man -Tutf8 -ww -z \"$page\"; "
        "done 2>&1",
        "");
    installed_shell(
        &installed,
        "for key in job snapshot every attempts id on_error; do\n"
        "    grep -q \"^.fB$key.fR\" \"$ROOT/opt/g/share/man/man5/gyre-job.5\" || echo $key\n"
        "done",
        "");
    installed_fini(&installed);
}

static void bash_completes_commands_flags_words_files_and_operators(void)
{
    static const struct {
        const char *line, *last, *wanted;
    } cases[] = {
        {"gyre", "sn", "snapshots\n"},
        {"gyre run", "--fr", "--from\n"},
        {"gyre run --from", "la", "latest\n"},
        {"gyre plan --format", "d", "dot\n"},
        {"gyre plan --format =", "j", "json\n"},
        {"gyre check", "a j", "a job.cfg\n"},
        {"gyre inspect", "file.r", "file.read\n"},
        {"gyre snapshots snap", "v", "verify\n"},
        {"gyre run --set", "x", ""},
    };
    struct installed installed;
    installed_init(&installed);
    installed_need("bash");
    installed_put(&installed, "a job.cfg", "");
    installed_put(&installed, "a jest.txt", "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *command =
            text_format("PATH=\"$ROOT/opt/g/bin:$PATH\" bash -c '. \"$1\"\n"
                        "COMP_WORDS=(%s \"%s\"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _gyre\n"
                        "[ ${#COMPREPLY[@]} = 0 ] || printf \"%%s\\n\" \"${COMPREPLY[@]}\"' bash "
                        "\"$ROOT/opt/g/share/bash-completion/completions/gyre\"",
                        cases[i].line, cases[i].last);
        installed_shell(&installed, command, cases[i].wanted);
        free(command);
    }
    installed_fini(&installed);
}

static void zsh_takes_the_completions(void)
{
    struct installed installed;
    installed_need("zsh");
    installed_init(&installed);
    installed_shell(&installed, "zsh -n \"$ROOT/opt/g/share/zsh/site-functions/_gyre\"", "");
    installed_shell(&installed,
                    "head -n 1 \"$ROOT/opt/g/share/zsh/site-functions/_gyre\"; "
                    "zsh -fc 'fpath=($ROOT/opt/g/share/zsh/site-functions $fpath)\n"
                    "autoload -Uz compinit; compinit -D -u; echo ${_comps[gyre]}'",
                    "#compdef gyre\n_gyre\n");
    installed_fini(&installed);
}

static void pkg_config_says_the_flags_the_version_and_the_faster_flag(void)
{
    struct installed installed;
    installed_init(&installed);
    installed_shell(&installed, "pkg-config --variable=isa gyre-sdk", "-march=x86-64-v3\n");
    installed_shell(&installed, "pkg-config --variable=prefix gyre-sdk | sed \"s|^$ROOT||\"",
                    "/opt/g\n");
    installed_shell(
        &installed,
        "pkg-config --cflags gyre-sdk | tr ' ' '\\n' | grep . | sed \"s|$ROOT|ROOT|\" | sort",
        "-IROOT/opt/g/include\n-fPIC\n-fvisibility=hidden\n");
    installed_shell(&installed, "pkg-config --libs gyre-sdk | sed 's/ *$//'",
                    "-shared -Wl,-z,defs\n");
    installed_shell(&installed,
                    "\"$GYRE\" --version | grep -cF \"gyre $(pkg-config --modversion gyre-sdk) \"",
                    "1\n");
    installed_fini(&installed);
}

static void nothing_that_is_installed_can_be_written_by_others(void)
{
    struct installed installed;
    installed_init(&installed);
    installed_shell(&installed, "find \"$ROOT/opt\" -perm /022", "");
    installed_shell(&installed, "find \"$ROOT/opt\" -type d ! -perm 755", "");
    installed_shell(&installed, "find \"$ROOT/opt/g/lib/gyre/plugins\" -name '*.so' ! -perm 755",
                    "");
    installed_fini(&installed);
}

static void uninstalling_leaves_no_file_and_no_folder_of_gyre(void)
{
    struct installed installed;
    installed_init(&installed);
    installed_make(&installed, "install"); /* over what is there */
    installed_make(&installed, "uninstall");
    installed_shell(&installed, "find \"$ROOT\" ! -type d", "");
    installed_shell(&installed, "find \"$ROOT\" -mindepth 3 -type d | sed \"s|$ROOT||\" | sort",
                    "/opt/g/bin\n/opt/g/include\n/opt/g/lib\n/opt/g/share\n");
    installed_make(&installed, "uninstall"); /* nothing there is fine */
    installed_fini(&installed);
}

static void uninstalling_keeps_what_others_put_beside(void)
{
    struct installed installed;
    installed_init(&installed);
    installed_shell(&installed, "echo mine >\"$ROOT/opt/g/lib/gyre/plugins/mine.so\"", "");
    installed_make(&installed, "uninstall");
    installed_shell(&installed, "find \"$ROOT\" ! -type d | sed \"s|$ROOT||\"",
                    "/opt/g/lib/gyre/plugins/mine.so\n");
    installed_fini(&installed);
}

static const struct suite_test tests[] = {
    SUITE_TEST(plugin_outside_of_the_tree_builds_and_runs_with_what_is_installed),
    SUITE_TEST(tests_of_a_plugin_build_and_run_with_what_is_installed),
    SUITE_TEST(every_job_that_is_installed_runs_there_and_writes_nothing_beside_itself),
    SUITE_TEST(the_guides_that_are_installed_lead_to_what_is_installed),
    SUITE_TEST(every_command_has_a_page_with_all_that_its_help_says),
    SUITE_TEST(bash_completes_commands_flags_words_files_and_operators),
    SUITE_TEST(zsh_takes_the_completions),
    SUITE_TEST(pkg_config_says_the_flags_the_version_and_the_faster_flag),
    SUITE_TEST(nothing_that_is_installed_can_be_written_by_others),
    SUITE_TEST(uninstalling_leaves_no_file_and_no_folder_of_gyre),
    SUITE_TEST(uninstalling_keeps_what_others_put_beside),
};
SUITE_MAIN("install", tests)
