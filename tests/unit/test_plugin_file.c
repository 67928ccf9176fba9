/* file.read by hand: what it says of rows that are none; see file_rig.h. */
#include "file_rig.h"
#include "files.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void log_row(struct rig *rig, uint32_t row)
{
    char text[32];
    const struct gyre_str *s = (struct gyre_str *)rig->data[1] + row;
    int n = snprintf(text, sizeof text, "%d,", ((int32_t *)rig->data[0])[row]);
    rig_say(rig, text, (size_t)n);
    if (rig->valid[1][row])
        rig_say(rig, gyre_str_data(s), s->len);
    else
        rig_say(rig, "NULL", 4);
    rig_say(rig, ";", 1);
}

struct bad_row {
    int format;
    const char *text;
    const char *comes; /* a message may be cut: "!begin*[raw];" */
};

#define DEEP   "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
#define DEEPER DEEP DEEP DEEP DEEP DEEP DEEP DEEP DEEP DEEP

static const struct bad_row bad_rows[] = {
    {CSV, "1,a\n2,\"b\"\"c\nd\"\r\n3,\n4,\"\"", "1,a;2,b\"c\nd;3,NULL;4,;"},
    {CSV, "1\n2,b\n", "!1 fields instead of 2[1];2,b;"},
    {CSV, "1,a,b\n2,b\n", "!3 fields instead of 2[1,a,b];2,b;"},
    {CSV, "x,a\n2,b\n", "!field `n` \"x\" is no i32[x,a];2,b;"},
    {CSV, ",a\n2,b\n", "!field `n` is empty, and not nullable[,a];2,b;"},
    {CSV, "2147483648,a\n-2147483648,b",
     "!*`n` \"2147483648\" is no i32*[2147483648,a];-2147483648,b;"},
    {CSV, "1,\"a\"b\n2,b\n", "!text follows the closing quote of a field[1,\"a\"b];2,b;"},
    {CSV, "1,a\n2,\"b\n", "1,a;!a quoted field is not closed[2,\"b];"},
    {CSV, "1,\"a\"\"\n2,b\n", "!a quoted field is not closed[1,\"a\"\"\n2,b];"},
    {CSV, "1,\xff\n", "1,\xff;"},
    {JSON, "{\"n\":1}\n{\"s\":\"b\",\"n\":2}", "1,NULL;2,b;"},
    {JSON, "{\"s\":null,\"n\":1,\"s\":\"x\",\"s\":\"last\"}\r\n\n \n", "1,last;"},
    {JSON, "\xef\xbb\xbf{\"n\":1}\n", "1,NULL;"},
    {JSON, "{\"n\":1,\"o\":{\"n\":[2,{\"n\":3}]},\"s\":\"t\"}", "1,t;"},
    {JSON, "{\"s\":\"\\u00e9\\n\\\\ud800 \\ud83d\\ude00 longer\",\"n\":1}",
     "1,\xc3\xa9\n\\ud800 \xf0\x9f\x98\x80 longer;"},
    {JSON, "{\"s\":\"a\\u0062c\",\"\\u006e\":7}", "7,abc;"},
    {JSON, "{\"n\":1\n{\"n\":2}", "!no JSON: the line ends*[{\"n\":1];2,NULL;"},
    {JSON, "{\"n\":1,}\n{\"n\":2}", "!no JSON, at byte*[{\"n\":1,}];2,NULL;"},
    {JSON, "{\"s\":\"x\n{\"n\":2}", "!no JSON, at byte*[{\"s\":\"x];2,NULL;"},
    {JSON, "[1]\n7\n{\"n\":2}", "!the line is no object[[1]];!the line is no object[7];2,NULL;"},
    {JSON, "{\"n\":1}{\"n\":2}\n", "!text follows the object[{\"n\":1}{\"n\":2}];"},
    {JSON, "{\"n\":1} x\n{\"n\":2}", "!no JSON*[{\"n\":1} x];2,NULL;"},
    {JSON, "{\"s\":\"x\"}\n{\"n\":2}",
     "!field `n` is missing, and not nullable[{\"s\":\"x\"}];2,NULL;"},
    {JSON, "{\"n\":null}\n", "!field `n` is null, and not nullable[{\"n\":null}];"},
    {JSON, "{\"n\":\"1\"}\n", "!field `n`: \"1\" is no i32[{\"n\":\"1\"}];"},
    {JSON, "{\"n\":true}\n", "!field `n`: true is no i32[{\"n\":true}];"},
    {JSON, "{\"n\":{}}\n{\"n\":[]}\n",
     "!field `n`: {...} is no i32[{\"n\":{}}];!field `n`: [...] is no i32[{\"n\":[]}];"},
    {JSON, "{\"n\":1.5}\n", "!field `n`: 1.5 is no i32[{\"n\":1.5}];"},
    {JSON, "{\"n\":2147483648}\n{\"n\":-2147483648}",
     "!field `n`: 2147483648 is out of range for i32[{\"n\":2147483648}];-2147483648,NULL;"},
    {JSON, "{\"n\":1,\"s\":5}\n", "!field `s`: 5 is no str[{\"n\":1,\"s\":5}];"},
    {JSON, "{\"n\":1,\"s\":\"\xc0\x80\"}\n{\"n\":2}",
     "!byte 0xc0 at 12 is no UTF-8*[{\"n\":1,\"s\":\"\xc0\x80\"}];2,NULL;"},
    {JSON, "{\"n\":1,\"s\":\"\xed\xa0\x80\"}\n",
     "!byte 0xed at 12 is no UTF-8*[{\"n\":1,\"s\":\"\xed\xa0\x80\"}];"},
    {JSON, "{\"n\":1,\"s\":\"\\ud800\"}\n",
     "!an escape is half of a surrogate pair[{\"n\":1,\"s\":\"\\ud800\"}];"},
    {JSON, "{\"n\":1,\"s\":\"\\udc00\"}\n",
     "!an escape is half of a surrogate pair[{\"n\":1,\"s\":\"\\udc00\"}];"},
    {JSON, "{\"x\":" DEEPER "\n{\"n\":2}",
     "!it is nested deeper than 512[{\"x\":" DEEPER "];2,NULL;"},
};

/* `*` in what is wanted stands for anything. */
static bool matches(const char *is, const char *wanted)
{
    for (; *wanted != 0; is++, wanted++) {
        if (*wanted == '*') {
            for (; *is != 0; is++)
                if (matches(is, wanted + 1))
                    return true;
            return false;
        }
        if (*is != *wanted)
            return false;
    }
    return *is == 0;
}

static void read_rows(struct rig *rig)
{
    rig_open(rig);
    rig_add_file(rig, NULL);
    while (rig_poll(rig, 3).status != GYRE_POLL_SPLIT) {}
    rig_close(rig);
}

static void read_all(struct rig *rig)
{
    rig->on_row = log_row;
    read_rows(rig);
}

static void bad_rows_are_told_with_field_and_value_and_the_next_row_is_read(void)
{
    struct rig rig;
    char *dir = dir_temp(), *path = path_join(dir, "rows");
    for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
        file_write_text(path, bad_rows[i].text);
        rig_init(&rig, path, bad_rows[i].format);
        read_all(&rig);
        if (!matches(rig.log, bad_rows[i].comes))
            printf("%s\n is  %s\n not %s\n", bad_rows[i].text, rig.log, bad_rows[i].comes);
        CU_ASSERT(matches(rig.log, bad_rows[i].comes));
        rig_fini(&rig);
    }
    dir_remove(dir);
    free(path);
    free(dir);
}

static void a_nul_byte_is_data_in_csv_and_a_bad_row_in_json(void)
{
    static const char csv[] = "1,a\0b\n2,c\n", json[] = "{\"n\":1,\"s\":\"a\0b\"}\n{\"n\":2}\n";
    struct rig rig;
    char *dir = dir_temp(), *path = path_join(dir, "rows");
    file_write(path, csv, sizeof csv - 1);
    rig_init(&rig, path, CSV);
    read_all(&rig);
    CU_ASSERT(rig.log_length == 10 && memcmp(rig.log, "1,a\0b;2,c;", 10) == 0);
    rig_fini(&rig);
    file_write(path, json, sizeof json - 1);
    rig_init(&rig, path, JSON);
    read_all(&rig);
    CU_ASSERT_EQUAL(rig.log[0], '!');
    CU_ASSERT(memcmp(rig.log + rig.log_length - 9, "];2,NULL;", 9) == 0);
    rig_fini(&rig);
    dir_remove(dir);
    free(path);
    free(dir);
}

/* A line of `n` bytes that ends or does not, and one behind it. */
static void read_long_line(int format, size_t n, bool ends)
{
    struct rig rig;
    char *dir = dir_temp(), *path = path_join(dir, "rows");
    FILE *file = fopen(path, "w");
    fputs(format == CSV ? "1,\"" : "{\"s\":\"", file);
    for (size_t i = 0; i < n; i++)
        fputc('x', file);
    if (ends)
        fputs(format == CSV ? "\"\n2,a\n" : "\"}\n{\"n\":2,\"s\":\"a\"}\n", file);
    fclose(file);
    rig_init(&rig, path, format);
    read_all(&rig);
    CU_ASSERT(matches(rig.log, ends ? "!*row_max*];2,a;" : "!*row_max*];"));
    CU_ASSERT(rig.log_length < 2 << 20);
    rig_fini(&rig);
    dir_remove(dir);
    free(path);
    free(dir);
}

static void a_line_beyond_row_max_is_one_bad_row_however_long_it_is(void)
{
    for (int format = CSV; format <= JSON; format++) {
        read_long_line(format, 4097, true);
        read_long_line(format, 3 << 20, true);
        read_long_line(format, 3 << 20, false);
    }
    read_long_line(JSON, 100 << 20, false);
}

static void log_line(struct rig *rig, uint32_t row)
{
    const struct gyre_str *line = (struct gyre_str *)rig->data[0] + row;
    rig_say(rig, "<", 1);
    rig_say(rig, gyre_str_data(line), line->len);
    rig_say(rig, ">", 1);
}

#define MARK "\xef\xbb\xbf"

static void a_line_has_neither_byte_order_mark_nor_the_cr_of_crlf(void)
{
    static const struct {
        const char *text, *comes;
    } files[] = {
        {MARK "to be\r\nor not\r\n\r\n\nto\rbe\r", "<to be><or not><><><to\rbe\r>"},
        {MARK "12345678\r\n12345678\r\n" MARK "1\n", "<12345678><12345678><" MARK "1>"},
        {"123456789\r\n12\n", "!*row_max*[12345678];<12>"},
        {MARK, "<>"},
        {MARK "\r\n", "<>"},
    };
    struct rig rig;
    char *dir = dir_temp(), *path = path_join(dir, "rows");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        file_write_text(path, files[i].text);
        rig_init(&rig, path, LINES);
        *(int64_t *)rig_option(&rig, "row_max") = 8;
        rig.on_row = log_line;
        read_rows(&rig);
        if (!matches(rig.log, files[i].comes))
            printf(" is  %s\n not %s\n", rig.log, files[i].comes);
        CU_ASSERT(matches(rig.log, files[i].comes));
        rig_fini(&rig);
    }
    dir_remove(dir);
    free(path);
    free(dir);
}

/* Of a line in pieces all bytes count but the last: it may be the CR of its end. */
static void a_line_of_row_max_bytes_may_end_in_crlf_wherever_it_is_cut(void)
{
    struct rig rig;
    char *dir = dir_temp(), *path = path_join(dir, "pipe");
    CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
    for (size_t cut = 1; cut < 13; cut++) {
        static const char text[] = MARK "12345678\r\n";
        int fd = open(path, O_RDWR);
        rig_init(&rig, path, LINES);
        *(int64_t *)rig_option(&rig, "row_max") = 8;
        rig.on_row = log_line;
        rig_open(&rig);
        rig_add_file(&rig, NULL);
        CU_ASSERT_EQUAL(write(fd, text, cut), (ssize_t)cut);
        rig_poll(&rig, 3);
        CU_ASSERT_EQUAL(write(fd, text + cut, 13 - cut), (ssize_t)(13 - cut));
        rig_poll(&rig, 3);
        close(fd);
        while (rig_poll(&rig, 3).status != GYRE_POLL_SPLIT) {}
        CU_ASSERT_STRING_EQUAL(rig.log, "<12345678>");
        rig_close(&rig);
        rig_fini(&rig);
    }
    dir_remove(dir);
    free(path);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(bad_rows_are_told_with_field_and_value_and_the_next_row_is_read),
    SUITE_TEST(a_nul_byte_is_data_in_csv_and_a_bad_row_in_json),
    SUITE_TEST_WITHIN(a_line_beyond_row_max_is_one_bad_row_however_long_it_is, 60),
    SUITE_TEST(a_line_has_neither_byte_order_mark_nor_the_cr_of_crlf),
    SUITE_TEST(a_line_of_row_max_bytes_may_end_in_crlf_wherever_it_is_cut),
};
SUITE_MAIN("plugin_file", tests)
