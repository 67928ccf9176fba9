/* The guide for those who write plugins, sdk/README.md, as far as others rely on it: messages point to its sections. */
#include "support/process.h"
#include "support/suite.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUIDE   "sdk/README.md"
#define POINTER GUIDE "#"

/* The sections of a page, as links name them: "#a-sink\n#the-abi\n". Owns: free(). */
static char *sections_of(const char *page)
{
    char *sections = NULL;
    size_t size;
    bool in_block = false;
    FILE *out = open_memstream(&sections, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (const char *line = page; line != NULL && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        in_block ^= strncmp(line, "```", 3) == 0;
        if (in_block || *line != '#')
            continue;
        fputc('#', out);
        for (line += strspn(line, "# "); *line != '\n'; line++)
            if (isalnum((unsigned char)*line) || strchr("-_ ", *line) != NULL)
                fputc(*line == ' ' ? '-' : tolower((unsigned char)*line), out);
        fputc('\n', out);
    }
    fclose(out);
    return sections;
}

static char *command_out(const char *command)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV("/bin/sh", "-c", command)}, &r);
    char *out = text_format("%s", r.out);
    process_result_fini(&r);
    return out;
}

static void each_section_that_messages_point_to_is_there(void)
{
    char *page = file_read(GUIDE, NULL);
    char *sections = sections_of(page);
    char *table = file_read("runtime/plugin/guide.h", NULL);
    size_t n = 0;
    for (char *at = table; (at = strstr(at, POINTER)) != NULL; n++) {
        at += strlen(POINTER) - 1;
        char *line = text_format("%.*s\n", (int)strcspn(at, "\""), at);
        if (strstr(sections, line) == NULL)
            printf("no section %s", line);
        CU_ASSERT(strstr(sections, line) != NULL);
        free(line);
    }
    CU_ASSERT(n > 10);
    free(table);
    free(sections);
    free(page);
}

static void messages_point_to_the_guide_by_that_table_alone(void)
{
    char *others = command_out("grep -rln '" POINTER "' runtime plugins --include='*.[ch]'");
    CU_ASSERT_STRING_EQUAL(others, "runtime/plugin/guide.h\n");
    char *unused = command_out("sed -n 's/^#define \\(GY_GUIDE_[A-Z_]*\\) .*/\\1/p' "
                               "runtime/plugin/guide.h | while read n; do\n"
                               "grep -rqw --include='*.c' \"$n\" runtime || echo \"$n\"; done");
    CU_ASSERT_STRING_EQUAL(unused, "");
    free(unused);
    free(others);
}

static void links_within_the_guide_lead_to_sections(void)
{
    static const char *const pages[] = {GUIDE, "sdk/ABI.md"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        char *page = file_read(pages[i], NULL);
        char *sections = sections_of(page);
        for (char *at = page; (at = strstr(at, "](#")) != NULL;) {
            at += 2;
            char *line = text_format("%.*s\n", (int)strcspn(at, ")"), at);
            if (strstr(sections, line) == NULL)
                printf("%s: no section %s", pages[i], line);
            CU_ASSERT(strstr(sections, line) != NULL);
            free(line);
        }
        free(sections);
        free(page);
    }
    CU_PASS("all of them");
}

static const struct suite_test tests[] = {
    SUITE_TEST(each_section_that_messages_point_to_is_there),
    SUITE_TEST(messages_point_to_the_guide_by_that_table_alone),
    SUITE_TEST(links_within_the_guide_lead_to_sections),
};
SUITE_MAIN("guide", tests)
