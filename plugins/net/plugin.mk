# A row is written as file.write does: by the same code. What it needs of output.h is in lines_out.c.
net_SRC := plugins/file/csv_write.c plugins/file/number.c plugins/file/base64.c
# Left out as long as the catalogue lacks it (a test compares them).
net_HDR := $(if $(shell grep -x '.* net.read' plugins/README.md),,its-section-of-plugins/README.md)
