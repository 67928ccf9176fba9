# The correlation needs sqrt().
stocks_LIBS := -lm
