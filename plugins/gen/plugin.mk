# The Zipf table needs pow().
gen_LIBS := -lm
