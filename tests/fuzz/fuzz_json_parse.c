/* Any bytes as lines for json.parse: see texts.h. */
#include "fuzz/texts.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const ops[] = {
        "op = \"json.parse\"; fields = ({name = \"s\"; nullable = true;}, {name = \"i\"; type = "
        "\"i64\"; "
        "nullable = true;}, {name = \"f\"; type = \"f64\"; nullable = true;}, {name = \"b\"; type "
        "= "
        "\"bool\"; nullable = true;}, {name = \"t\"; type = \"time\"; nullable = true;});",
        "op = \"json.parse\"; keep = \"all\"; fields = ({name = \"all\"; path = \"$\";}, {name = "
        "\"x\"; path "
        "= \"a.b\"; nullable = true;}, {name = \"y\"; path = \"a[1].b[0]\"; nullable = true;});",
        "op = \"json.parse\"; flat = \"a\"; fields = ({name = \"e\"; path = \"a\"; nullable = "
        "true;}, "
        "{name = \"b\"; path = \"a.b\"; nullable = true;}, {name = \"first\"; path = \"a[0]\"; "
        "nullable = "
        "true;}, {name = \"s\"; nullable = true;});",
        "op = \"json.parse\"; flat = \"$\"; fields = ({name = \"n\"; path = \"$\"; type = "
        "\"i64\";}, {name "
        "= \"m\"; path = \"$[*][0]\"; nullable = true;});",
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
