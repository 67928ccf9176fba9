/* See template.h. The assembler puts the files into the program (.incbin, by their path from the project's folder,
 * where the compiler runs), so that they stay files which can be read, formatted and built where they are. */
#include "app/template.h"

#include <string.h>

/* clang-format off */
#define TEMPLATES(T) \
    T(common_makefile, NULL, "Makefile", "common/Makefile")                                         \
    T(common_readme_md, NULL, "README.md", "common/README.md")                                      \
    T(common_gitignore, NULL, ".gitignore", "common/gitignore")                                     \
    T(common_test_h, NULL, "test.h", "common/test.h")                                               \
    T(keyed_in_csv, "keyed", "in.csv", "keyed/in.csv")                                              \
    T(keyed_plugin_c, "keyed", "my_plugin.c", "keyed/my_plugin.c")                                  \
    T(keyed_plugin_cfg, "keyed", "my_plugin.cfg", "keyed/my_plugin.cfg")                            \
    T(keyed_plugin_test_c, "keyed", "my_plugin_test.c", "keyed/my_plugin_test.c")                   \
    T(source_plugin_c, "source", "my_plugin.c", "source/my_plugin.c")                               \
    T(source_plugin_cfg, "source", "my_plugin.cfg", "source/my_plugin.cfg")                         \
    T(source_plugin_test_c, "source", "my_plugin_test.c", "source/my_plugin_test.c")                \
    T(sink_in_txt, "sink", "in.txt", "sink/in.txt")                                                 \
    T(sink_plugin_c, "sink", "my_plugin.c", "sink/my_plugin.c")                                     \
    T(sink_plugin_cfg, "sink", "my_plugin.cfg", "sink/my_plugin.cfg")                               \
    T(sink_plugin_test_c, "sink", "my_plugin_test.c", "sink/my_plugin_test.c")                      \
    T(map_in_csv, "map", "in.csv", "map/in.csv")                                                    \
    T(map_plugin_c, "map", "my_plugin.c", "map/my_plugin.c")                                        \
    T(map_plugin_cfg, "map", "my_plugin.cfg", "map/my_plugin.cfg")                                  \
    T(map_plugin_test_c, "map", "my_plugin_test.c", "map/my_plugin_test.c")                         \
    T(aggregate_in_csv, "aggregate", "in.csv", "aggregate/in.csv")                                  \
    T(aggregate_plugin_c, "aggregate", "my_plugin.c", "aggregate/my_plugin.c")                      \
    T(aggregate_plugin_cfg, "aggregate", "my_plugin.cfg", "aggregate/my_plugin.cfg")                \
    T(aggregate_plugin_test_c, "aggregate", "my_plugin_test.c", "aggregate/my_plugin_test.c")       \
    T(window_in_csv, "window", "in.csv", "window/in.csv")                                           \
    T(window_plugin_c, "window", "my_plugin.c", "window/my_plugin.c")                               \
    T(window_plugin_cfg, "window", "my_plugin.cfg", "window/my_plugin.cfg")                         \
    T(window_plugin_conform_cfg, "window", "my_plugin.conform.cfg", "window/my_plugin.conform.cfg") \
    T(window_plugin_test_c, "window", "my_plugin_test.c", "window/my_plugin_test.c")                \
    T(join_plugin_c, "join", "my_plugin.c", "join/my_plugin.c")                                     \
    T(join_plugin_cfg, "join", "my_plugin.cfg", "join/my_plugin.cfg")                               \
    T(join_plugin_test_c, "join", "my_plugin_test.c", "join/my_plugin_test.c")                      \
    T(join_orders_csv, "join", "orders.csv", "join/orders.csv")                                     \
    T(join_payments_csv, "join", "payments.csv", "join/payments.csv")
/* clang-format on */

#define EMBED(id, kind, name, path)                                                                \
    extern __attribute__((visibility("hidden"))) const char gy_template_##id[];                    \
    __asm__(".pushsection .rodata\n"                                                               \
            "gy_template_" #id ": .incbin \"sdk/new/" path "\"\n"                                  \
            ".byte 0\n"                                                                            \
            ".popsection");
TEMPLATES(EMBED)

#define ROW(id, kind, name, path) {kind, name, gy_template_##id},
const struct gy_template gy_templates[] = {TEMPLATES(ROW)};
const size_t gy_n_templates = sizeof gy_templates / sizeof *gy_templates;

/* The next my_plugin or my-plugin of a text, or its end. */
static const char *next_word(const char *text)
{
    while ((text[0] != 'm' || text[1] != 'y' || (text[2] != '_' && text[2] != '-') ||
            strncmp(text + 3, "plugin", 6) != 0) &&
           text[0] != '\0')
        text++;
    return text;
}

void gy_template_put(struct gy_buf *b, const char *text, const char *plugin)
{
    for (;;) {
        const char *at = next_word(text);
        gy_buf_bytes(b, text, (size_t)(at - text));
        if (*at == '\0')
            return;
        for (const char *c = plugin; *c != '\0'; c++)
            gy_buf_u8(b, (uint8_t)(*c == '_' ? at[2] : *c));
        text = at + strlen("my_plugin");
    }
}
