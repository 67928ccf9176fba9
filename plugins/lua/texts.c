/* plugins/lua/texts.c: see texts.h. The assembler reads the files by their path from the project's folder,
 * where the compiler runs, so that they stay files which can be read where they are. */
#include "texts.h"

#define EMBED(name)                                                                                \
    __asm__(".pushsection .rodata\n"                                                               \
            ".hidden lua_text_" #name "\n"                                                         \
            ".global lua_text_" #name "\n"                                                         \
            "lua_text_" #name ": .incbin \"plugins/lua/" #name ".lua\"\n"                          \
            ".byte 0\n"                                                                            \
            ".popsection");
LUA_TEXTS(EMBED)
