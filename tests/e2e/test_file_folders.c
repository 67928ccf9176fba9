/* file.write with a folder for each value, parts that are rotated, and compressed files: what stands where,
 * what is refused, and what becomes of files that were there. */
#include "run_job.h"
#include "run_mounts.h"
#include "support/suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what is in a folder ---- */

static int order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Appends each file below, as "PATH:\nTEXT"; folders without anything as "PATH/\n". */
static char *append_tree(char *text, const char *dir, const char *shown)
{
    struct dirent **names;
    int n = scandir(dir, &names, NULL, order);
    if (n == 2 && *shown != 0) {
        char *more = text_format("%s%s\n", text, shown);
        free(text);
        text = more;
    }
    for (int i = 0; i < n; i++) {
        const char *name = names[i]->d_name;
        char *path = path_join(dir, name), *as = text_format("%s%s", shown, name), *more = NULL;
        struct stat st;
        CU_ASSERT_EQUAL(lstat(path, &st), 0);
        if (S_ISREG(st.st_mode)) {
            char *rows = file_read(path, NULL);
            more = text_format("%s%s:\n%s", text, as, rows);
            free(rows);
        } else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            char *folder = text_format("%s/", as);
            text = append_tree(text, path, folder);
            free(folder);
        }
        if (more != NULL) {
            free(text);
            text = more;
        }
        free(as);
        free(path);
        free(names[i]);
    }
    free(names);
    return text;
}

static char *tree(const char *dir, const char *name)
{
    char *path = path_join(dir, name), *text = append_tree(strdup(""), path, "");
    free(path);
    return text;
}

static void expect_tree(const char *dir, const char *name, const char *wanted)
{
    char *is = tree(dir, name);
    if (strcmp(is, wanted) != 0)
        printf("--- is\n%s--- not\n%s", is, wanted);
    CU_ASSERT_STRING_EQUAL(is, wanted);
    free(is);
}

/* ---- jobs ---- */

#define SOURCE                                                                                     \
    "job = \"t\"; mode = \"batch\"; parallelism = 1;\n"                                            \
    "operators = (\n"                                                                              \
    "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\";\n"                  \
    "    schema = ( {name=\"c\"; type=\"str\"; nullable=true;}, {name=\"d\"; type=\"i64\";},\n"    \
    "               {name=\"s\"; type=\"str\";} ); },\n"

/* Runs a job that writes in.csv with these options; what it says. */
static void write_with(const char *dir, const char *rows, const char *options, int status,
                       const char *says)
{
    struct process_result r;
    char *job = text_format(
        SOURCE "  { id = \"out\"; op = \"file.write\"; input = \"in\"; %s }\n);\n", options);
    run_write(dir, "in.csv", rows);
    run_job(dir, job, NULL, &r);
    if (r.status != status || strstr(r.err, says) == NULL)
        printf("status %d, lacks %s: %s", r.status, says, r.err);
    CU_ASSERT_EQUAL(r.status, status);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, says));
    process_result_fini(&r);
    free(job);
}

/* What file.read makes of a path in the folder; free() it. */
static char *read_back(const char *dir, const char *path)
{
    struct process_result r;
    char *job = text_format("job = \"r\"; mode = \"batch\"; parallelism = 1; operators = (\n"
                            "  { id = \"in\"; op = \"file.read\"; path = \"%s\"; format = "
                            "\"csv\"; schema = ( {name=\"c\"; type=\"str\";}, {name=\"d\"; "
                            "type=\"i64\";}, {name=\"s\"; type=\"str\";} ); },\n"
                            "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"-\"; "
                            "} );\n",
                            path);
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    char *text = strdup(r.out);
    process_result_fini(&r);
    free(job);
    return text;
}

/* ---- values ---- */

static void each_value_has_a_folder_and_its_rows_keep_their_order(void)
{
    char *dir = dir_temp();
    write_with(dir, "de,1,a\nfr,2,b\nde,3,c\n,4,d\nfr,5,e\n", "path = \"out/{c}/\"; header = true;",
               0, "");
    expect_tree(dir, "out",
                "__HIVE_DEFAULT_PARTITION__/part-0-2:\nc,d,s\n,4,d\n"
                "de/part-0-0:\nc,d,s\nde,1,a\nde,3,c\n"
                "fr/part-0-1:\nc,d,s\nfr,2,b\nfr,5,e\n");
    dir_end(dir);
}

static void several_fields_are_several_folders_and_may_be_left_out_of_the_rows(void)
{
    char *dir = dir_temp();
    write_with(dir, "de,1,a\nfr,2,b\nde,1,c\n",
               "path = \"out/c={c}/x-{d}.day/\"; path_fields = \"drop\"; header = true;", 0, "");
    expect_tree(dir, "out",
                "c=de/x-1.day/part-0-0:\ns\na\nc\n"
                "c=fr/x-2.day/part-0-1:\ns\nb\n");
    write_with(dir, "de,1,a\n", "path = \"js/{d}{c}/\"; path_fields = \"drop\"; format = \"json\";",
               0, "");
    expect_tree(dir, "js", "1de/part-0-0:\n{\"s\":\"a\"}\n");
    dir_end(dir);
}

/* No value leads out of the folder, nor to that of another. */
static void values_are_escaped(void)
{
    char *dir = dir_temp();
    write_with(
        dir,
        "..,1,a\n.,2,b\n/etc/passwd,3,c\n\"\",4,d\n,5,e\na%2Fb,6,f\na/b,7,g\n"
        "\"x\ny\",8,h\n.hid,9,i\n__HIVE_DEFAULT_PARTITION__,10,j\na=b:c*,11,k\n../../x,12,l\n"
        "caf\xc3\xa9 {c},13,m\n",
        "path = \"out/{c}/\"; path_fields = \"drop\";", 0, "");
    expect_tree(dir, "out",
                "%2E/part-0-1:\n2,b\n"
                "%2E./part-0-0:\n1,a\n"
                "%2E.%2F..%2Fx/part-0-10:\n12,l\n"
                "%2Ehid/part-0-7:\n9,i\n"
                "%2Fetc%2Fpasswd/part-0-2:\n3,c\n"
                "%5F_HIVE_DEFAULT_PARTITION__/part-0-8:\n10,j\n"
                "__HIVE_DEFAULT_PARTITION__/part-0-3:\n4,d\n5,e\n"
                "a%252Fb/part-0-4:\n6,f\n"
                "a%2Fb/part-0-5:\n7,g\n"
                "a%3Db%3Ac%2A/part-0-9:\n11,k\n"
                "caf\xc3\xa9 %7Bc}/part-0-11:\n13,m\n"
                "x%0Ay/part-0-6:\n8,h\n");
    CU_ASSERT_EQUAL(dir_count(dir), 3); /* the job, its input, out */
    dir_end(dir);
}

static void a_value_that_is_too_long_is_a_bad_row(void)
{
    char *dir = dir_temp(), rows[2048];
    memset(rows, 'x', 255);
    strcpy(rows + 255, ",1,a\n");
    memset(rows + 260, 'y', 256);
    strcpy(rows + 516, ",2,b\n");
    write_with(dir, rows, "path = \"out/{c}/\";", 1,
               "field `c` is too long for the name of a folder");
    write_with(dir, rows, "path = \"out/{c}/\"; on_error = \"skip\";", 0, "");
    char *is = tree(dir, "out");
    CU_ASSERT(strncmp(is, "xxxxx", 5) == 0 && strstr(is, "yyy") == NULL);
    free(is);
    dir_end(dir);
}

/* Many more values than files may be open: by the option, and by the system's limit. */
static void many_values_are_written_with_few_open_files(void)
{
    enum { ROWS = 3000, VALUES = 150 };
    static const char *const options[] = {
        "path = \"out/{d}/\"; open_max = 1;",
        "path = \"out/{d}/\"; open_max = 7; compression = \"gzip\";",
        "path = \"out/{d}/\"; open_max = 60000; rotate_size = \"50B\";",
    };
    for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
        char *dir = dir_temp(), *rows = calloc(ROWS, 40), *at = rows;
        for (int i = 0; i < ROWS; i++)
            at += sprintf(at, "c,%d,%d\n", i % VALUES, i);
        write_with(dir, rows, options[k], 0, "");
        char *back = read_back(dir, "out/*/part-*"), *is = run_sorted(back),
             *want = run_sorted(rows);
        CU_ASSERT_STRING_EQUAL(is, want);
        char *one = path_join(dir, "out/7");
        CU_ASSERT(dir_count(one) == 1 || k == 2);
        free(one), free(want), free(is), free(back), free(rows);
        dir_end(dir);
    }
}

static void a_process_that_may_open_few_files_keeps_fewer_open_than_it_was_told(void)
{
    enum { ROWS = 2000, VALUES = 120 };
    struct rlimit before, few;
    char *dir = dir_temp(), *rows = calloc(ROWS, 40), *at = rows;
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "c,%d,%d\n", i % VALUES, i);
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){.rlim_cur = 64, .rlim_max = before.rlim_max};
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &few), 0);
    write_with(dir, rows, "path = \"out/{d}/\"; open_max = 60000;", 0, "");
    setrlimit(RLIMIT_NOFILE, &before);
    char *back = read_back(dir, "out/*/part-*"), *is = run_sorted(back), *want = run_sorted(rows);
    CU_ASSERT_STRING_EQUAL(is, want);
    free(want), free(is), free(back), free(rows);
    dir_end(dir);
}

static void a_run_takes_the_parts_of_the_one_before_away_with_their_folders_and_nothing_else(void)
{
    char *dir = dir_temp(), *mine = path_join(dir, "out/mine"),
         *note = path_join(dir, "out/de/note");
    write_with(dir, "de,1,a\nfr,2,b\nit,3,c\n", "path = \"out/{c}/\";", 0, "");
    file_write_text(note, "a note\n");
    CU_ASSERT_EQUAL_FATAL(mkdir(mine, 0777), 0);
    write_with(dir, "it,4,d\n", "path = \"out/{c}/\";", 0, "");
    expect_tree(dir, "out", "de/note:\na note\nit/part-0-0:\nit,4,d\nmine/\n");
    write_with(dir, "it,4,d\n", "path = \"out/c={c}/\";", 0, "");
    expect_tree(dir, "out",
                "c=it/part-0-0:\nit,4,d\nde/note:\na note\nit/part-0-0:\nit,4,d\nmine/\n");
    free(note);
    free(mine);
    dir_end(dir);
}

/* ---- rotation, without snapshots ---- */

static void parts_are_rotated_by_size_and_all_are_shown_at_the_end(void)
{
    char *dir = dir_temp(), *rows = calloc(5000, 20), *at = rows;
    for (int i = 0; i < 5000; i++)
        at += sprintf(at, "c,%d,s\n", i);
    write_with(dir, rows, "path = \"out/\"; rotate_size = \"10KiB\";", 0, "");
    char *out = path_join(dir, "out"), *back = read_back(dir, "out/part-*");
    char *is = run_sorted(back), *want = run_sorted(rows);
    CU_ASSERT(dir_count(out) >= 3 && dir_count(out) <= 6); /* a part ends with a batch */
    CU_ASSERT_STRING_EQUAL(is, want);
    free(want), free(is), free(back), free(out), free(rows);
    dir_end(dir);
}

/* ---- compression ---- */

static void what_is_written_compressed_is_read_again(void)
{
    static const struct {
        const char *options, *path;
        unsigned char magic;
    } cases[] = {
        {"path = \"out.csv.gz\";", "out.csv.gz", 0x1f},
        {"path = \"out.csv.zst\";", "out.csv.zst", 0x28},
        {"path = \"out.zstd\";", "out.zstd", 0x28},
        {"path = \"out.gz\"; compression = \"none\";", "out.gz", 'd'},
        {"path = \"out\"; compression = \"zstd\";", "out", 0x28},
        {"path = \"out/\"; compression = \"gzip\";", "out/part-0-0.gz", 0x1f},
        {"path = \"out/{c}/\"; compression = \"zstd\";", "out/de/part-0-0.zst", 0x28},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char *dir = dir_temp(), *path = path_join(dir, cases[k].path);
        char *rows = calloc(1, 1200000), *at = rows;
        for (int i = 0; i < 50000; i++)
            at += sprintf(at, "de,%d,text %d\n", i, i % 77);
        write_with(dir, rows, cases[k].options, 0, "");
        char *bytes = file_read(path, NULL), *back = read_back(dir, cases[k].path);
        CU_ASSERT_EQUAL((unsigned char)bytes[0], cases[k].magic);
        CU_ASSERT(strcmp(back, rows) == 0);
        free(back), free(bytes), free(rows), free(path);
        dir_end(dir);
    }
}

/* Other programs than this one take it for what it says: a file of no rows, too. */
static void gzip_takes_what_is_written(void)
{
    static const char *const rows[] = {"", "de,1,a\n"};
    for (size_t k = 0; k < 2; k++) {
        struct process_result r;
        char *dir = dir_temp(), *path = path_join(dir, "out.gz");
        write_with(dir, rows[k], "path = \"out.gz\";", 0, "");
        process_run(&(struct process_spec){.argv = ARGV("/bin/gzip", "-dc", path)}, &r);
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_STRING_EQUAL(r.out, rows[k]);
        process_result_fini(&r);
        free(path);
        dir_end(dir);
    }
}

static void a_disk_that_is_full_is_told(void)
{
    static const char *const options[] = {
        "path = \"disk/out.gz\";",
        "path = \"disk/{d}/\"; open_max = 3;",
        "path = \"disk/\"; compression = \"zstd\"; rotate_size = \"100KiB\";",
    };
    char *rows = calloc(1, 5000000), *at = rows, *dir = dir_temp(), *disk = path_join(dir, "disk");
    unsigned hash = 1;
    for (int i = 0; i < 120000; i++, hash = hash * 1664525 + 1013904223)
        at += sprintf(at, "%08x%08x,%u,%08x\n", hash, hash * 77, hash % 40, ~hash * 31);
    run_own_mounts();
    CU_ASSERT_EQUAL_FATAL(mkdir(disk, 0777), 0);
    CU_ASSERT_EQUAL_FATAL(mount("none", disk, "tmpfs", 0, "size=400k,mode=0777"), 0);
    for (size_t k = 0; k < sizeof options / sizeof *options; k++)
        write_with(dir, rows, options[k], 1, "No space left on device");
    CU_ASSERT_EQUAL(umount(disk), 0);
    free(disk), free(rows);
    dir_end(dir);
}

/* ---- reading ---- */

static void a_damaged_file_is_passed_over_where_the_job_says_so(void)
{
    struct process_result r;
    size_t n;
    char *dir = dir_temp(), *path = path_join(dir, "a.gz"), *rows = calloc(1, 200000), *at = rows;
    for (int i = 0; i < 9000; i++)
        at += sprintf(at, "de,%d,text\n", i);
    write_with(dir, rows, "path = \"a.gz\";", 0, "");
    write_with(dir, "fr,1,whole\n", "path = \"b.gz\";", 0, "");
    char *bytes = file_read(path, &n);
    file_write(path, bytes, n - 9);
    static const char job[] =
        "job = \"r\"; mode = \"batch\"; operators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"*.gz\"; on_error = \"%s\"; },\n"
        "  { id = \"n\"; op = \"std.count\"; input = \"in\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"n\"; path = \"-\"; } );\n";
    char *skips = text_format(job, "skip"), *fails = text_format(job, "fail");
    run_job(dir, fails, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "a.gz: its gzip data ends early, at byte "));
    process_result_fini(&r);
    run_job(dir, skips, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(atoi(r.out), 9001);
    process_result_fini(&r);
    free(skips), free(fails), free(bytes), free(rows), free(path);
    dir_end(dir);
}

/* ---- mistakes ---- */

static void mistakes_are_told_at_check(void)
{
    static const struct {
        const char *options, *says;
    } cases[] = {
        {"path = \"out/{cc}/\";", "job.cfg:6: path: unknown field `cc`: did you mean `c`?"},
        {"path = \"out/{dd}/\";", "did you mean `d`?"},
        {"path = \"out/{c\";", "a path with a {field} ends in /"},
        {"path = \"out/{c/\";", "a { without its }"},
        {"path = \"out/{c}.csv\";", "a path with a {field} ends in /"},
        {"path = \"out/{c}/../x/\";", "behind a field a folder needs a name of its own"},
        {"path = \"out/{c}//\";", "behind a field a folder needs a name of its own"},
        {"path = \"out.csv\"; rotate_size = \"1MiB\";", "part files are rotated: end the path"},
        {"path = \"-\"; rotate_time = \"1s\";", "part files are rotated: end the path with /"},
        {"path = \"out/\"; path_fields = \"drop\";", "the path names no {field}"},
        {"path = \"out/{c}/{d}/{s}/\"; path_fields = \"drop\";", "nothing is left for the rows"},
        {"path = \"out.gz\"; compression = \"gz\";", "job.cfg:6: compression: expected "},
    };
    char *dir = dir_temp();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        write_with(dir, "de,1,a\n", cases[k].options, 2, cases[k].says);
    CU_ASSERT_EQUAL(dir_count(dir), 2);
    dir_end(dir);
}

static void a_compressed_file_cannot_be_followed(void)
{
    static const struct {
        const char *options, *says;
    } cases[] = {
        {"path = \"a.gz\"; follow = true;", "a.gz is compressed by gzip, and cannot be followed"},
        {"path = \"a.log\"; follow = true; compression = \"zstd\";",
         "a compressed file cannot be followed"},
    };
    char *dir = dir_temp();
    write_with(dir, "de,1,a\n", "path = \"a.gz\";", 0, "");
    for (size_t k = 0; k < 2; k++) {
        struct process_result r;
        char *job = text_format("job = \"r\"; operators = (\n"
                                "  { id = \"in\"; op = \"file.read\"; %s },\n"
                                "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = "
                                "\"-\"; } );\n",
                                cases[k].options);
        run_job(dir, job, NULL, &r);
        CU_ASSERT_EQUAL(r.status, 2);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.err, cases[k].says));
        process_result_fini(&r);
        free(job);
    }
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(each_value_has_a_folder_and_its_rows_keep_their_order),
    SUITE_TEST(several_fields_are_several_folders_and_may_be_left_out_of_the_rows),
    SUITE_TEST(values_are_escaped),
    SUITE_TEST(a_value_that_is_too_long_is_a_bad_row),
    SUITE_TEST(many_values_are_written_with_few_open_files),
    SUITE_TEST(a_process_that_may_open_few_files_keeps_fewer_open_than_it_was_told),
    SUITE_TEST(a_run_takes_the_parts_of_the_one_before_away_with_their_folders_and_nothing_else),
    SUITE_TEST(parts_are_rotated_by_size_and_all_are_shown_at_the_end),
    SUITE_TEST(what_is_written_compressed_is_read_again),
    SUITE_TEST(gzip_takes_what_is_written),
    SUITE_TEST(a_disk_that_is_full_is_told),
    SUITE_TEST(a_damaged_file_is_passed_over_where_the_job_says_so),
    SUITE_TEST(mistakes_are_told_at_check),
    SUITE_TEST(a_compressed_file_cannot_be_followed),
};
SUITE_MAIN("file_folders", tests)
