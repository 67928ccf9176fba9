# text.parse matches with PCRE2. Without it the plugin is built all the same, and patterns are refused at
# check; so it is no text_PKG, which would be required.
text_APT  := libpcre2-dev
text_LIBS  = $(if $(call has_hdr,pcre2.h -DPCRE2_CODE_UNIT_WIDTH=8),-lpcre2-8)
# Text becomes numbers and times by the code that files are read with: there is one way only.
text_SRC := plugins/file/times.c runtime/base/number.c runtime/base/pow10.c
