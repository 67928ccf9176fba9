/* plugins/file/csv_style.c: see csv_style.h. */
#include "csv_style.h"

/* The byte that an option names, "\t" written out among them; 0 where it is none. */
static char byte_of(const char *text)
{
    if (strcmp(text, "\\t") == 0)
        return '\t';
    return text[0] != 0 && text[1] == 0 ? text[0] : 0;
}

/* True for what stands in a number, a truth or the name of a day: fields could not be told apart. */
static int is_of_values(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           strchr("+-.\r\n", c) != NULL;
}

const char *csv_style_parse(const struct csv_options *options, int reads, struct csv_style *style,
                            const char **why)
{
    *style = (struct csv_style){.delimiter = ',', .quote = '"'};
    if (options->delimiter != NULL) {
        style->delimiter = byte_of(options->delimiter);
        *why = "a delimiter is one byte, such as \";\" or \"\\t\"";
        if (style->delimiter == 0)
            return "delimiter";
        *why = "letters, digits, + - . and line ends stand in fields, and not between them";
        if (is_of_values(style->delimiter))
            return "delimiter";
    }
    if (options->quote != NULL && options->quote[0] == 0) {
        *why = "what holds a delimiter cannot be written without quotes";
        if (!reads)
            return "quote";
        style->quote = CSV_NO_QUOTE;
    } else if (options->quote != NULL) {
        style->quote = (uint8_t)byte_of(options->quote);
        *why =
            "a quote is one byte, such as \"'\": no letter, digit, delimiter, line end, nor one of "
            "+ - . / =";
        if (style->quote == 0 || is_of_values((char)style->quote) || style->quote == '/' ||
            style->quote == '=' || (char)style->quote == style->delimiter)
            return "quote";
    } else if (style->delimiter == '"') {
        *why = "a delimiter of \" needs another quote";
        return "delimiter";
    }
    *why = times_parse(options->time_format, reads, &style->times);
    return *why != NULL ? "time_format" : NULL;
}

int32_t csv_style_bind(const struct csv_options *options, int is_csv, int reads,
                       struct gyre_bind *bind)
{
    struct csv_style style;
    const char *why, *wrong = csv_style_parse(options, reads, &style, &why);
    if (!is_csv && (style.delimiter != ',' || style.quote != '"')) {
        wrong = style.delimiter != ',' ? "delimiter" : "quote";
        why = "it is for format \"csv\"";
    }
    if (wrong == NULL)
        return GYRE_OK;
    if (strcmp(wrong, "time_format") == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, wrong, "\"%.100s\" %s", options->time_format, why);
    return gyre_bind_fail(bind, GYRE_EINVAL, wrong, "%s", why);
}
