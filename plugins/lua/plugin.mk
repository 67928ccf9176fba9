# Debian's LuaJIT. Without it the plugin is left out.
lua_PKG  := luajit
lua_APT  := libluajit-5.1-dev
