/* gen_rows csv|json BYTES SEED: rows on standard output, the input of the parsing benchmarks.
 *
 * Trades of eight fields: two integers, a time, a price of up to two decimals, a boolean and three
 * strings, one of them null now and then. One row in eight has a note that must be escaped or quoted.
 * Both formats are written as file.write does, so that what a job makes of the one is the other.
 *
 * The rows are a function of (BYTES, SEED) alone, by integer arithmetic; BYTES are those of json. */
#include "lots.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

struct row {
    uint64_t id;
    int64_t time_us;
    const char *symbol;
    char price[24];
    int32_t quantity;
    int is_buy;
    const char *venue; /* NULL: null */
    char note[96];
};

static const char *const symbols[] = {"ACME", "INIT", "GLOBEX", "HOOLI", "UMBRELLA", "STARK"};
static const char *const venues[] = {"north", "south", "dark pool", NULL};
static const char *const words[] = {"filled", "partly",  "at",  "the", "opening", "auction",
                                    "for",    "account", "and", "of",  "limit",   "order"};

/* Cents as the shortest decimal: 12.34, 12.3, 12. */
static void put_price(char *to, size_t size, uint32_t cents)
{
    int n = snprintf(to, size, "%" PRIu32 ".%02" PRIu32, cents / 100, cents % 100);
    while (to[n - 1] == '0')
        to[--n] = 0;
    if (to[n - 1] == '.')
        to[n - 1] = 0;
}

static void make_row(struct row *row, uint64_t id)
{
    row->id = id;
    row->time_us = INT64_C(1700000000000000) + (int64_t)(id * 137 + below(100));
    row->symbol = symbols[below(COUNT(symbols))];
    put_price(row->price, sizeof row->price, below(10000000));
    row->quantity = (int32_t)below(100000) - 50000;
    row->is_buy = (int)below(2);
    row->venue = venues[below(COUNT(venues))];
    row->note[0] = 0;
    for (uint32_t n = 2 + below(7); n > 0; n--) {
        strcat(row->note, words[below(COUNT(words))]);
        strcat(row->note, n > 1 ? " " : "");
    }
    if (below(8) == 0)
        strcat(row->note, below(2) ? ", \"caf\303\251\"" : ", \"so\"");
}

static int json_row(char *to, size_t size, const struct row *row)
{
    char note[192], *at = note;
    for (const char *c = row->note; *c != 0; c++) {
        if (*c == '"')
            *at++ = '\\';
        *at++ = *c;
    }
    *at = 0;
    const char *quote = row->venue != NULL ? "\"" : "";
    return snprintf(to, size,
                    "{\"id\":%" PRIu64 ",\"time\":%" PRId64
                    ",\"symbol\":\"%s\",\"price\":%s,\"quantity\":%" PRId32
                    ",\"buy\":%s,\"venue\":%s%s%s,\"note\":\"%s\"}\n",
                    row->id, row->time_us, row->symbol, row->price, row->quantity,
                    row->is_buy ? "true" : "false", quote, row->venue != NULL ? row->venue : "null",
                    quote, note);
}

static int csv_row(char *to, size_t size, const struct row *row)
{
    char note[192], *at = note;
    int quoted = strchr(row->note, ',') != NULL;
    for (const char *c = row->note; *c != 0; c++) {
        if (*c == '"')
            *at++ = '"';
        *at++ = *c;
    }
    *at = 0;
    const char *quote = quoted ? "\"" : "";
    return snprintf(to, size, "%" PRIu64 ",%" PRId64 ",%s,%s,%" PRId32 ",%s,%s,%s%s%s\n", row->id,
                    row->time_us, row->symbol, row->price, row->quantity,
                    row->is_buy ? "true" : "false", row->venue != NULL ? row->venue : "", quote,
                    note, quote);
}

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[1], "csv") != 0 && strcmp(argv[1], "json") != 0)) {
        fprintf(stderr, "usage: gen_rows csv|json BYTES SEED\n");
        return 2;
    }
    int is_csv = strcmp(argv[1], "csv") == 0;
    int64_t left = strtoll(argv[2], NULL, 10);
    state = strtoull(argv[3], NULL, 10);
    for (uint64_t id = 0; left > 0; id++) {
        struct row row;
        char json[512], csv[512];
        make_row(&row, id);
        left -= json_row(json, sizeof json, &row);
        csv_row(csv, sizeof csv, &row);
        if (fputs(is_csv ? csv : json, stdout) < 0)
            break;
    }
    if (ferror(stdout) || fflush(stdout) != 0) {
        fprintf(stderr, "gen_rows: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}
