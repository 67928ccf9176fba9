/* Any bytes as lines for text.parse and text.split: see texts.h. */
#include "fuzz/texts.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define TYPED                                                                                      \
    "schema = ({name = \"i\"; type = \"i64\"; nullable = true;}, {name = \"f\"; type = "           \
    "\"f64\"; nullable = true;}, {name = \"t\"; type = \"time\"; nullable = true;}, {name = "      \
    "\"b\"; type = \"bool\"; nullable = true;}, {name = \"s\"; type = \"str\"; nullable = "        \
    "true;});"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const ops[] = {
        "op = \"text.parse\"; format = \"clf\";",
        "op = \"text.parse\"; format = \"combined\"; keep = \"all\";",
        "op = \"text.parse\"; format = \"syslog\"; year = 2024;",
        "op = \"text.parse\"; format = \"logfmt\"; time_format = \"iso\"; " TYPED,
        "op = \"text.parse\"; time_format = \"iso\"; pattern = \"(?<i>[0-9]*)(?:,(?<f>[^,]*))?(?:,"
        "(?<t>[^,]*))?(?:,(?<b>[a-z]*))?(?:,(?<s>.*))?\"; " TYPED,
        "op = \"text.parse\"; steps = 5000; pattern = \"(*UTF)(?<a>(\\\\w+\\\\s?)+)(?<b>.)$\";",
        "op = \"text.split\"; time_format = \"iso\"; trim = true; " TYPED,
        "op = \"text.split\"; by = \"ab\"; skip_empty = true; position = \"n\"; keep = \"all\"; as "
        "= "
        "\"part\";",
    };
    (void)argc, (void)argv;
    texts_init(ops, sizeof ops / sizeof ops[0]);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n <= 4096)
        texts_check(bytes, n);
    return 0;
}
