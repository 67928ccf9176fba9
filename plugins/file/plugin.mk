# JSON is read with yajl (json_read.c says why this one). Without it the plugin is built all the same,
# and `format = "json"` is refused by file.read; so it is no file_PKG, which would be required.
# Likewise what is compressed: zlib for gzip, libzstd for zstd.
file_APT  := libyajl-dev zlib1g-dev libzstd-dev
file_LIBS  = $(if $(call has_hdr,yajl/yajl_parse.h),-lyajl) $(if $(call has_hdr,zlib.h),-lz) \
             $(if $(call has_hdr,zstd.h),-lzstd)
# Numbers become text, and text numbers, by the runtime's own code: there is one way only.
file_SRC := runtime/base/number.c runtime/base/pow10.c
