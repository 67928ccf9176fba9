/* The READMEs, run: every command they show is typed, every plugin compiled, every job checked.
 *
 * A README becomes one shell script, so that what one block does (a folder, a variable) is there for
 * the next. It starts in a copy of the project's folder, with a home of its own. By the words behind
 * the three backquotes of a block:
 *
 *   sh             commands; each must succeed
 *   console        "$ command" lines, each followed by what it prints (standard error as well), where
 *                  a line "..." stands for any lines. A command must succeed, unless the next one is
 *                  `echo $?`. The line that a run ends with may be left out, or have any time
 *   c FILE         a plugin, saved as FILE. Apart from the script it is also compiled with pedantic
 *                  warnings as errors, and described by `gyre inspect`
 *   cfg FILE       a job, saved as FILE; `gyre check` is run on it at the end, when its plugins are there
 *   cpp FILE, rust FILE   saved as FILE; test_guide compiles and runs them
 *   file FILE      any other file, saved as FILE: a test, a conform.cfg
 *   cfg            operators, one a line: all those of a page are one job, checked at its end
 *   cfg fragment   a part of a job that is shown, not run
 *   text           a picture
 *
 * Where a page installs gyre for its reader, below ~/.local, that has been done. Any other word fails. Not run are commands whose first word is apt-get, git or make: they would
 * install, or run these tests again; the build they would make is the one under test. */
#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCKS_MAX = 300, NAME_MAX_BYTES = 64, COMMANDS_MAX = 400 };

struct block {
    char kind[NAME_MAX_BYTES];
    char file[NAME_MAX_BYTES];
    char *text; /* of the page, cut at the block's end */
    int line;
};

struct page {
    const char *name; /* for messages */
    char *text;
    size_t n;
    struct block blocks[BLOCKS_MAX];
};

/* ---- a page and its blocks ---- */

static char *line_end(char *at)
{
    char *end = strchr(at, '\n');
    return end ? end : at + strlen(at);
}

static void open_block(struct page *page, const char *words, char *text, int line)
{
    struct block *block = &page->blocks[page->n];
    CU_ASSERT_FATAL(page->n < BLOCKS_MAX);
    block->kind[0] = block->file[0] = 0;
    sscanf(words, "%63s %63s", block->kind, block->file);
    block->text = text;
    block->line = line;
    page->n++;
}

static void page_read(struct page *page, const char *name)
{
    char *block_at = NULL;
    int line = 1;
    page->name = name;
    page->n = 0;
    page->text = file_read(name, NULL);
    for (char *at = page->text; *at; line++) {
        char *end = line_end(at), *next = *end ? end + 1 : end;
        if (strncmp(at, "```", 3) == 0 && block_at) {
            *at = 0;
            block_at = NULL;
        } else if (strncmp(at, "```", 3) == 0) {
            *end = 0;
            block_at = next;
            open_block(page, at + 3, next, line);
        }
        at = next;
    }
    CU_ASSERT_PTR_NULL(block_at); /* every block is closed */
    CU_ASSERT_FATAL(page->n > 0);
}

static bool is_kind(const struct block *block, const char *kind)
{
    return strcmp(block->kind, kind) == 0;
}

static void fail(const struct page *page, const struct block *block, const char *says,
                 const char *text)
{
    printf("%s:%d: %s%s\n", page->name, block->line, says, text);
    CU_FAIL("a block of a README does not do what it says");
}

/* ---- a place to work in ---- */

struct place {
    char *folder; /* gyre/: the copy; out/: what commands print; home */
    char *project;
};

static void shell(const char *folder, const char *command)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV("/bin/sh", "-ec", command), .cwd = folder}, &r);
    if (r.status != 0)
        printf("%s\n%s%s", command, r.out, r.err);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    process_result_fini(&r);
}

/* The build and what is only read are links; where the page writes, it writes to copies. */
static void place_init(struct place *place)
{
    char *build = build_path(NULL);
    char here[4096];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    place->folder = dir_temp();
    place->project = path_join(place->folder, "gyre");
    char *command = text_format("umask 022; mkdir gyre out; ln -s '%s/sdk' '%s/plugins' gyre/\n"
                                "cp -r '%s/jobs' '%s/README.md' gyre/; ln -s '%s' gyre/build\n",
                                here, here, here, here, build);
    shell(place->folder, command);
    free(command);
    free(build);
}

/* What `make install PREFIX="$HOME/.local"` would do, which scripts leave out. */
static void install(const struct place *place)
{
    struct process_result r;
    char *build = build_path(NULL);
    char *set_build = text_format("BUILD=%s", build);
    char *prefix = text_format("PREFIX=%s/.local", place->folder);
    umask(022);
    process_run(
        &(struct process_spec){
            .argv = ARGV("make", "-o", "all", "install", prefix, set_build),
            .env = (const char *const[]){"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DESTDIR", NULL}},
        &r);
    if (r.status != 0)
        printf("make install: %s%s", r.out, r.err);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    process_result_fini(&r);
    free(prefix);
    free(set_build);
    free(build);
}

static void place_fini(struct place *place)
{
    dir_remove(place->folder);
    free(place->project);
    free(place->folder);
}

static void need(const char *command)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV(command, "--version")}, &r);
    int status = r.status;
    process_result_fini(&r);
    if (status == 127)
        suite_skip("cc, make or pkg-config is not here");
}

/* ---- the script ---- */

/* One command of a console block, and what it is to print. */
struct command {
    const struct block *block;
    char *expected;
    bool may_fail;
};

struct script {
    const struct page *page;
    char *text;
    size_t size;
    FILE *file;
    size_t n_commands;
    struct command commands[COMMANDS_MAX];
};

static bool starts_with(const char *line, const char *word)
{
    size_t n = strlen(word);
    return strncmp(line, word, n) == 0 && (line[n] == ' ' || line[n] == '\n' || line[n] == 0);
}

static bool is_exempt(const char *line)
{
    static const char *const words[] = {"apt-get", "git", "make"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (starts_with(line, words[i]))
            return true;
    return false;
}

static void add_sh(struct script *script, const struct block *block)
{
    fprintf(script->file, "gy_block %d\n", block->line);
    for (char *at = block->text; *at;) {
        char *end = line_end(at);
        int n = (int)(end - at);
        if (!is_exempt(at))
            fprintf(script->file, "%.*s\n", n, at);
        at = *end ? end + 1 : end;
    }
    fputs("gy_end\n", script->file);
}

static void add_console(struct script *script, const struct block *block)
{
    struct command *command = NULL;
    for (char *at = block->text; *at;) {
        char *end = line_end(at);
        char *next = *end ? end + 1 : end;
        if (strncmp(at, "$ ", 2) == 0) {
            if (command && strncmp(at, "$ echo $?", 9) == 0)
                command->may_fail = true;
            CU_ASSERT_FATAL(script->n_commands < COMMANDS_MAX);
            command = &script->commands[script->n_commands++];
            *command = (struct command){.block = block, .expected = next};
            fprintf(script->file, "gy_command %zu\n%.*s\ngy_result %zu\n", script->n_commands - 1,
                    (int)(end - at - 2), at + 2, script->n_commands - 1);
            *at = 0; /* ends what the command before it prints */
        } else if (!command) {
            fail(script->page, block, "a console block begins with \"$ \"", "");
            return;
        }
        at = next;
    }
}

static void add_file(struct script *script, const struct block *block)
{
    fprintf(script->file, "cat >%s <<'GYRE_END_OF_FILE'\n%sGYRE_END_OF_FILE\n", block->file,
            block->text);
    if (is_kind(block, "cfg"))
        fprintf(script->file, "gy_jobs=\"$gy_jobs $PWD/%s\"\n", block->file);
}

/* The loose operators of a page as one job. */
static void add_catalogue(struct script *script)
{
    const char *before =
        "cat >catalogue.cfg <<'GYRE_END_OF_FILE'\njob = \"catalogue\";\noperators = (\n";
    bool any = false;
    for (size_t i = 0; i < script->page->n; i++) {
        const struct block *block = &script->page->blocks[i];
        if (!is_kind(block, "cfg") || block->file[0])
            continue;
        fprintf(script->file, "%s%s", before, block->text);
        before = ",\n";
        any = true;
    }
    if (any)
        fputs(");\nGYRE_END_OF_FILE\ngy_jobs=\"$gy_jobs $PWD/catalogue.cfg\"\n", script->file);
}

/* fd 3 is the script's own; what commands print goes to files of their number. The library of the test kit has in it
 * what this program has: a sanitizer or none. */
static const char prologue[] =
    "umask 022\n"
    "cc() { case $* in *testkit.a*) command cc " SUITE_LDFLAGS
    " \"$@\" ;; *) command cc \"$@\" ;; esac; }\n"
    "exec 3>../out/log 2>&3 1>&3\n"
    "gy_out=$PWD/../out gy_gyre=$PWD/build/gyre gy_jobs= gy_status=0\n"
    "gy_block() { gy_line=$1; set -e; trap 'echo \"line $gy_line: a command failed\" >&3' EXIT; }\n"
    "gy_end() { [ $? = 0 ] || exit 1; set +e; trap - EXIT; gy_status=0; }\n"
    "gy_command() { exec >\"$gy_out/$1\" 2>&1; return $gy_status; }\n"
    "gy_result() { gy_status=$?; echo $gy_status >\"$gy_out/$1.status\"; exec 1>&3 2>&3; }\n";

static const char epilogue[] =
    "for gy_job in $gy_jobs; do\n"
    "    cd \"${gy_job%/*}\"\n"
    "    \"$gy_gyre\" check \"$gy_job\" || echo \"$gy_job: gyre check failed\"\n"
    "done\n"
    "echo the end\n";

static void script_make(struct script *script, const struct page *page)
{
    script->page = page;
    script->n_commands = 0;
    script->file = open_memstream(&script->text, &script->size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(script->file);
    fputs(prologue, script->file);
    for (size_t i = 0; i < page->n; i++) {
        const struct block *block = &page->blocks[i];
        bool is_file = is_kind(block, "c") || is_kind(block, "file") || is_kind(block, "cpp") ||
                       is_kind(block, "rust") || (is_kind(block, "cfg") && block->file[0]);
        if (is_kind(block, "sh"))
            add_sh(script, block);
        else if (is_kind(block, "console"))
            add_console(script, block);
        else if (is_file && strcmp(block->file, "fragment") != 0)
            add_file(script, block);
        else if (!is_kind(block, "text") && !is_kind(block, "cfg"))
            fail(page, block, "a block of unknown kind: ", block->kind);
    }
    add_catalogue(script);
    fputs(epilogue, script->file);
    fclose(script->file);
}

/* ---- what came of it ---- */

/* True where `is` is what `expected` says, line by line; "..." stands for any lines. */
static bool matches(const char *is, const char *expected)
{
    if (strncmp(expected, "...\n", 4) == 0) {
        for (const char *at = is;; at = strchr(at, '\n') + 1) {
            if (matches(at, expected + 4))
                return true;
            if (!strchr(at, '\n'))
                return false;
        }
    }
    size_t n = strcspn(expected, "\n");
    if (expected[n] == 0)
        return strcmp(is, expected) == 0;
    return strncmp(is, expected, n + 1) == 0 && matches(is + n + 1, expected + n + 1);
}

/* The line that every run ends with is left out where the page does not show it; how long the run took is
 * another time each time. */
static void settle_ends(char *text, bool shown)
{
    static const char words[] = " finished in ";
    for (char *line = text; *line;) {
        char *end = line_end(line), *at = strstr(line, words);
        if (strncmp(line, "gyre: ", 6) != 0 || !at || at > end) {
            line = *end ? end + 1 : end;
            continue;
        }
        char *from = shown ? at + sizeof words - 1 : line;
        char *rest = shown ? strchr(from, ':') : *end ? end + 1 : end;
        CU_ASSERT_FATAL(rest != NULL && rest <= end + 1);
        memmove(from, rest, strlen(rest) + 1);
        line = shown ? line_end(line) : line;
    }
}

static void check_command(const struct script *script, const struct place *place, size_t i)
{
    const struct command *command = &script->commands[i];
    char *name = text_format("%s/out/%zu", place->folder, i);
    char *status_name = text_format("%s.status", name);
    if (!file_exists(status_name)) {
        fail(script->page, command->block, "a command was not run, or did not come back", "");
    } else {
        char *out = file_read(name, NULL), *status = file_read(status_name, NULL);
        bool shown = strstr(command->expected, " finished in ") != NULL;
        settle_ends(out, shown);
        settle_ends(command->expected, shown);
        if (!matches(out, command->expected)) {
            printf("it prints:\n%sthe README says:\n%s", out, command->expected);
            fail(script->page, command->block, "a command prints something else", "");
        }
        if (!command->may_fail && atoi(status) != 0)
            fail(script->page, command->block, "a command failed with status ", status);
        free(out);
        free(status);
    }
    free(status_name);
    free(name);
}

/* Runs a page, and checks everything it says about what commands print. */
static void run_page(const char *name)
{
    struct page *page = calloc(1, sizeof *page);
    struct script *script = calloc(1, sizeof *script);
    struct place place;
    struct process_result r;
    CU_ASSERT_FATAL(page != NULL && script != NULL);
    need("cc");
    need("make");
    need("pkg-config");
    page_read(page, name);
    place_init(&place);
    install(&place);
    script_make(script, page);
    char *home = text_format("HOME=%s", place.folder);
    process_run(&(struct process_spec){.argv = ARGV("/bin/sh", "-c", script->text),
                                       .cwd = place.project,
                                       .timeout_ms = 120000,
                                       .env = (const char *const[]){home, "LC_ALL=C",
                                                                    "LDFLAGS=" SUITE_LDFLAGS,
                                                                    "GYRE_PLUGIN_PATH", "MAKEFLAGS",
                                                                    "MAKELEVEL", "MFLAGS", NULL}},
                &r);
    CU_ASSERT(!r.timed_out);
    for (size_t i = 0; i < script->n_commands; i++)
        check_command(script, &place, i);
    char *log_name = path_join(place.folder, "out/log");
    char *log = file_exists(log_name) ? file_read(log_name, NULL) : text_format("(no log)");
    bool ended = strstr(log, "\nthe end\n") || strncmp(log, "the end\n", 8) == 0;
    bool failed = strstr(log, ": gyre check failed\n") || strstr(log, ": a command failed\n");
    if (!ended || failed)
        printf("%s: the script says:\n%s%s", name, log, r.err);
    CU_ASSERT(ended);
    CU_ASSERT(!failed);
    free(log);
    free(log_name);
    free(home);
    process_result_fini(&r);
    place_fini(&place);
    free(script->text);
    free(script);
    free(page->text);
    free(page);
}

static void readme_does_what_it_says(void)
{
    run_page("README.md");
}

static void sdk_readme_does_what_it_says(void)
{
    run_page("sdk/README.md");
}

static void jobs_readme_does_what_it_says(void)
{
    run_page("jobs/README.md");
}

static void plugins_readme_does_what_it_says(void)
{
    run_page("plugins/README.md");
}

/* ---- plugins, compiled for themselves ---- */

/* Strictly: what the SDK's headers expand to must not warn in anybody's project. */
static void compile(const struct page *page, const struct block *block, const struct place *place)
{
    struct process_result r;
    char *program = build_path("gyre");
    char *source = path_join(place->folder, block->file);
    char *object = text_format("%.*s.so", (int)strlen(source) - 2, source);
    file_write_text(source, block->text);
    process_run(&(struct process_spec){.argv = ARGV("cc", "-std=c17", "-Wall", "-Wextra",
                                                    "-pedantic", "-Werror", "-O1", "-Isdk/include",
                                                    "-shared", "-fPIC", "-fvisibility=hidden",
                                                    "-Wl,-z,defs", source, "-o", object)},
                &r);
    CU_ASSERT_EQUAL(r.status, 0);
    if (r.status != 0)
        fail(page, block, "does not compile:\n", r.err);
    process_result_fini(&r);
    process_run(&(struct process_spec){.argv = ARGV(program, "inspect", object)}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    if (r.status != 0)
        fail(page, block, "is no plugin: ", r.err);
    process_result_fini(&r);
    free(object);
    free(source);
    free(program);
}

static void plugins_in_readmes_compile_without_a_warning(void)
{
    static const char *const names[] = {"README.md", "sdk/README.md"};
    struct page *page = calloc(1, sizeof *page);
    struct place place;
    CU_ASSERT_FATAL(page != NULL);
    need("cc");
    umask(022); /* the loader refuses what others can write */
    place_init(&place);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        page_read(page, names[i]);
        for (size_t k = 0; k < page->n; k++)
            if (is_kind(&page->blocks[k], "c"))
                compile(page, &page->blocks[k], &place);
        free(page->text);
    }
    place_fini(&place);
    free(page);
}

/* ---- the catalogue ---- */

static void make_catalogue(const char *file)
{
    struct process_result r;
    char *lua = build_path("plugins/lua.so");
    bool is_whole = file_exists(lua);
    free(lua);
    if (!is_whole)
        suite_skip("the catalogue has plugins that were left out here: LuaJIT is missing");
    char *program = build_path("gyre");
    process_run(
        &(struct process_spec){.argv = ARGV("/bin/sh", "plugins/catalogue.sh", program, file)}, &r);
    if (r.status != 0)
        printf("plugins/catalogue.sh says: %s", r.err);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
    free(program);
}

/* The catalogue as it is made anew from `text`; to be freed. */
static char *catalogue_of(const char *text)
{
    char *folder = dir_temp();
    char *file = path_join(folder, "README.md");
    file_write_text(file, text);
    make_catalogue(file);
    char *made = file_read(file, NULL);
    dir_remove(folder);
    free(file);
    free(folder);
    return made;
}

static void catalogue_is_what_inspect_says(void)
{
    char *is = file_read("plugins/README.md", NULL);
    char *made = catalogue_of(is);
    size_t same = 0, line = 1;
    while (is[same] && is[same] == made[same])
        line += is[same++] == '\n';
    if (is[same] != made[same])
        printf(
            "plugins/README.md:%zu: gyre inspect says something else now: run `make catalogue`\n",
            line);
    CU_ASSERT_EQUAL(is[same], made[same]);
    CU_ASSERT(strstr(made, "\n### std.sum\n") != NULL);
    free(made);
    free(is);
}

static void cut(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    char *end = at ? strstr(at, to) : NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    end += strlen(to);
    memmove(at, end, strlen(end) + 1);
}

static void catalogue_is_made_anew_where_it_is_stale(void)
{
    char *is = file_read("plugins/README.md", NULL);
    char *stale = text_format("%s", is);
    cut(stale, "| `path` |", "\n"); /* an option of file.read */
    char *made = catalogue_of(stale);
    CU_ASSERT_STRING_EQUAL(made, is);
    free(made);
    cut(stale, "<!-- gyre inspect text.words -->", "<!-- end -->\n");
    made = catalogue_of(stale);
    const char *text = strstr(made, "\n## text\n"), *gen = strstr(made, "\n## gen\n");
    const char *words = strstr(made, "\n<!-- gyre inspect text.words -->\n### text.words\n");
    CU_ASSERT(text != NULL && words > text && words < gen);
    free(made);
    free(stale);
    free(is);
}

static const struct suite_test tests[] = {
    SUITE_TEST(readme_does_what_it_says),
    SUITE_TEST_WITHIN(sdk_readme_does_what_it_says, 120),
    SUITE_TEST(jobs_readme_does_what_it_says),
    SUITE_TEST(plugins_readme_does_what_it_says),
    SUITE_TEST(plugins_in_readmes_compile_without_a_warning),
    SUITE_TEST(catalogue_is_what_inspect_says),
    SUITE_TEST(catalogue_is_made_anew_where_it_is_stale),
};
SUITE_MAIN("readme", tests)
