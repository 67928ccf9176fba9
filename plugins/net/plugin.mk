# A row is written as file.write does: by the same code. What it needs of output.h is in lines_out.c.
net_SRC := plugins/file/csv_write.c plugins/file/csv_style.c plugins/file/times.c plugins/file/base64.c \
           runtime/base/number.c runtime/base/pow10.c
