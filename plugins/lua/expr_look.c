/* plugins/lua/expr_look.c: see expr_look.h. */
#include "expr_look.h"
#include "re.h"
#include "when.h"

/* Keeps a literal, so that a call can be given its number. */
static int keep(struct expr *e, struct expr_node *node, const struct expr_node *literal)
{
    if (e->texts == NULL)
        e->texts = e->alloc(e->host, (EXPR_NODES_MAX + 1) * sizeof(const struct expr_node *));
    if (e->texts == NULL)
        return expr_fail(e, node, "out of memory");
    e->texts[++e->n_texts] = literal;
    node->integer = e->n_texts;
    return 0;
}

int expr_look_unit(struct expr *e, struct expr_node *node, uint32_t arg)
{
    const struct expr_node *a = node->args[arg];
    struct when_unit unit;
    if (!when_unit(a->text, a->len, &unit) || unit.count > INT64_MAX / 4)
        return expr_fail(
            e, a, "\"%.40s\" is no unit: \"5m\", \"1h\", \"1d\", \"1w\", \"1mo\", \"1y\", ...",
            a->text);
    node->integer = unit.count * 4 + unit.kind;
    return 0;
}

static int look_format(struct expr *e, struct expr_node *node, uint32_t arg, int32_t reads)
{
    const struct expr_node *a = node->args[arg];
    const char *wrong =
        strlen(a->text) == a->len ? when_format_wrong(a->text, reads) : "has a byte 0";
    if (wrong != NULL)
        return expr_fail(e, a, "the format \"%.60s\" %s", a->text, wrong);
    return keep(e, node, a);
}

int expr_look_read_format(struct expr *e, struct expr_node *node, uint32_t arg)
{
    return look_format(e, node, arg, 1);
}

int expr_look_write_format(struct expr *e, struct expr_node *node, uint32_t arg)
{
    return look_format(e, node, arg, 0);
}

int expr_look_pattern(struct expr *e, struct expr_node *node, uint32_t arg)
{
    const struct expr_node *a = node->args[arg];
    char wrong[256];
    struct re *re = re_new(a->text, a->len, wrong, sizeof wrong);
    if (re == NULL)
        return expr_fail(e, a, "%s", wrong);
    int64_t n_groups = re_groups(re);
    re_free(re);
    const struct expr_node *group = node->n_args > arg + 1 ? node->args[arg + 1] : NULL;
    if (group != NULL && group->op == EXPR_INT && group->integer > n_groups)
        return expr_fail(e, group, "the pattern has no group %lld: it has %lld",
                         (long long)group->integer, (long long)n_groups);
    node->args[arg]->is_pattern = 1;
    return keep(e, node, a);
}
