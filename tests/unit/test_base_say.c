/* What may reach a terminal, and what is shown instead. */
#include "base/say.h"

#include "base/mem.h"
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

static void what_a_terminal_would_act_on_is_escaped(void)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"plain, \\ and \"quoted\"", "plain, \\ and \"quoted\""},
        {"\x1b[2J\a", "\\x1b[2J\\x07"},
        {"a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd"},
        {"\x7f", "\\x7f"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xc2\x9b"
         "2J \xc2\x80 \xc2\x9f \xc2\xa0",
         "\\xc2\\x9b2J \\xc2\\x80 \\xc2\\x9f \xc2\xa0"},
        {"\x9b"
         "2J",
         "\\x9b2J"},
        {"\xe2\x82", "\\xe2\\x82"},
        {"\xed\xa0\x80!", "\\xed\\xa0\\x80!"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gy_buf b = {0};
        gy_say_into(&b, "%s", cases[i].text);
        CU_ASSERT_STRING_EQUAL(gy_buf_cstr(&b), cases[i].shown);
        gy_buf_fini(&b);
    }
}

static void control_characters_of_the_format_stay(void)
{
    struct gy_buf b = {0};
    gy_say_into(&b, "\r\033[K%s: %d\n  %-6s|\n%%\n", "a\nb\033", 7, "x\n");
    CU_ASSERT_STRING_EQUAL(gy_buf_cstr(&b), "\r\033[Ka\\x0ab\\x1b: 7\n  x\\x0a    |\n%\n");
    gy_buf_fini(&b);
}

static void lines_stay_and_all_else_is_escaped(void)
{
    static const char text[] = "one\ntw\033o\n\nthree";
    char shown[64] = {0};
    FILE *to = fmemopen(shown, sizeof shown, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(to);
    gy_say_lines(to, text, sizeof text - 1);
    fclose(to);
    CU_ASSERT_STRING_EQUAL(shown, "one\ntw\\x1bo\n\nthree");
}

static void a_piece_tears_neither_characters_nor_escapes(void)
{
    static const char text[] = "abc\xe2\x82\xac\x1b\xc2\x9buvw\xf0\x9f\x98\x80\xff!";
    static const char whole[] = "abc\xe2\x82\xac\\x1b\\xc2\\x9buvw\xf0\x9f\x98\x80\\xff!";
    for (size_t size = 16; size < 40; size++) {
        char out[40], all[80];
        size_t len = 0;
        for (size_t at = 0, taken; at < sizeof text - 1; at += taken) {
            size_t n = gy_say_escape(out, size, text + at, sizeof text - 1 - at, &taken);
            CU_ASSERT_FATAL(n <= size && taken > 0);
            CU_ASSERT_NOT_EQUAL(out[0], 'x'); /* half of an escape; the one in the text is inside */
            memcpy(all + len, out, n);
            len += n;
        }
        all[len] = '\0';
        CU_ASSERT_STRING_EQUAL(all, whole);
    }
}

/* As long as that the text is not in one piece, and its escapes stand at all places of one. */
static void long_messages_are_whole(void)
{
    for (size_t shift = 0; shift < 8; shift++) {
        size_t n = 20000 + shift;
        char *text = calloc(1, n + 1);
        struct gy_buf b = {0}, want = {0};
        for (size_t i = 0; i < n; i++)
            text[i] = i % 7 == 0 && i >= shift ? '\033' : 'a';
        for (size_t i = 0; i < n; i++)
            gy_buf_text(&want, text[i] == 'a' ? "a" : "\\x1b");
        gy_buf_text(&want, "\nend\n");
        gy_say_into(&b, "%s\nend\n", text);
        CU_ASSERT_STRING_EQUAL(gy_buf_cstr(&b), gy_buf_cstr(&want));
        gy_buf_fini(&b);
        gy_buf_fini(&want);
        free(text);
    }
}

static void without_memory_a_long_message_is_cut_and_escaped(void)
{
    char text[9000], shown[20000] = {0};
    memset(text, '\a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    FILE *to = fmemopen(shown, sizeof shown, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(to);
    gy_mem_fail_after(1);
    gy_say(to, "%s", text);
    CU_ASSERT_TRUE(gy_mem_fail_hit());
    gy_mem_fail_after(0);
    fclose(to);
    CU_ASSERT_EQUAL(strlen(shown), 4 * 4095);
    CU_ASSERT_PTR_NULL(strchr(shown, '\a'));
}

static const struct suite_test tests[] = {
    SUITE_TEST(what_a_terminal_would_act_on_is_escaped),
    SUITE_TEST(control_characters_of_the_format_stay),
    SUITE_TEST(lines_stay_and_all_else_is_escaped),
    SUITE_TEST(a_piece_tears_neither_characters_nor_escapes),
    SUITE_TEST(long_messages_are_whole),
    SUITE_TEST(without_memory_a_long_message_is_cut_and_escaped),
};
SUITE_MAIN("base_say", tests)
