# Debian's LuaJIT. Without it the plugin is left out. Without PCRE2 it is built all the same, and re() is refused.
lua_PKG  := luajit
lua_APT  := libluajit-5.1-dev libpcre2-dev
lua_HDR  := xxhash.h
lua_LIBS  = $(if $(call has_hdr,pcre2.h -DPCRE2_CODE_UNIT_WIDTH=8),-lpcre2-8) -lm
# Numbers and times become text, and text them, by the code that does it elsewhere: there is one way only.
lua_SRC  := runtime/base/number.c runtime/base/pow10.c runtime/base/nearest.c plugins/file/times.c
