# JSON is read with yajl, as by file.read (plugins/file/json_read.c says why this one).
json_HDR  := yajl/yajl_parse.h
json_APT  := libyajl-dev
json_LIBS := -lyajl
# What yajl is lax in, numbers and times are looked at by the code that files are read with.
json_SRC := plugins/file/json_text.c plugins/file/times.c plugins/file/utf8.c plugins/text/cast.c \
            plugins/text/kept.c runtime/base/number.c runtime/base/pow10.c
