/* What descriptors say, in words: shared by `gyre list` and `gyre inspect`: text, JSON, Markdown. */
#ifndef GY_APP_DESCRIBE_H
#define GY_APP_DESCRIBE_H

#include "base/buf.h"
#include "graph/logical.h"
#include "plugin/load.h"

/* One flag: its bit, its name in JSON, and what it means to a user (NULL: nothing). */
struct gy_flag_word {
    uint32_t bit;
    const char *name;
    const char *text;
};

/* Tables that end with bit 0. */
extern const struct gy_flag_word gy_operator_words[];
extern const struct gy_flag_word gy_port_words[];

/** Appends the texts of the flags that are set, with "; " between. */
void gy_describe_flags(struct gy_buf *b, const struct gy_flag_word *words, uint32_t flags);

/** Appends "symbol: str, price: f64 or null". */
void gy_describe_fields(struct gy_buf *b, const struct gyre_field *fields, uint32_t n);

/** Appends "an integer; default 5; 1 to 100; rows/s". */
void gy_describe_option(struct gy_buf *b, const struct gyre_option *option);

/** Appends what an option takes: "an integer (1 to 100), rows/s". */
void gy_describe_takes(struct gy_buf *b, const struct gyre_option *option);

/** The type of an option as in a descriptor, in small letters: "duration". */
const char *gy_describe_option_type(uint32_t type);

/** What a restore can do to the rows of an operator: "exactly once" ... */
const char *gy_describe_delivery(const struct gyre_operator *op);

/** "value" "list" "map", and "split" "union" "broadcast" (NULL without items). */
const char *gy_describe_state_kind(uint32_t kind);
const char *gy_describe_items(uint32_t items);

/** Appends "tally version 1 { n: i64 }", and "map of str version 1 to tally version 1; for 10m". */
void gy_describe_state_type(struct gy_buf *b, const struct gyre_state_type *t);
void gy_describe_state(struct gy_buf *b, const struct gyre_state *s);

/** Appends what windows can do with an aggregate function: "can be merged". */
void gy_describe_windows(struct gy_buf *b, const struct gyre_function *f);

/* The option that the host adds to a function that it runs as an operator, and whether it does. */
extern const struct gyre_option gy_host_as;
bool gy_takes_host_as(const struct gyre_function *f);

/* JSON, put together piece by piece: the comma before a member or element is found by itself. */
void gy_json_open(struct gy_buf *b, const char *key, char bracket);
void gy_json_close(struct gy_buf *b, char bracket);
void gy_json_text(struct gy_buf *b, const char *key, const char *text); /* NULL: null */
void gy_json_number(struct gy_buf *b, const char *key, int64_t number);
void gy_json_bool(struct gy_buf *b, const char *key, bool value);

#endif
