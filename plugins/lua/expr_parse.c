/* plugins/lua/expr_parse.c: the grammar of expressions, by recursive descent; see expr.h.
 *
 *     or < and < comparisons, in < .. < + - < * / // % < not # - (unary) < ^
 *
 * as in Lua. Depth is bounded: parentheses, calls and the right side of ^ and of unary signs count. */
#include "expr.h"

struct parser {
    struct expr *e;
    struct lex lex;
    uint32_t depth;
};

static struct expr_node *parse_binary(struct parser *p, int level);

static int advance(struct parser *p)
{
    return lex_next(&p->lex, &p->e->error);
}

static struct expr_node *fail_here(struct parser *p, const char *wanted)
{
    const struct lex *lex = &p->lex;
    if (lex->kind == LEX_END)
        lex_fail(&p->e->error, lex->at, "it ends where %s is wanted", wanted);
    else
        lex_fail(&p->e->error, lex->at, "`%.*s` stands where %s is wanted",
                 (int)(lex->end - lex->at < 60 ? lex->end - lex->at : 60), lex->source + lex->at,
                 wanted);
    return NULL;
}

static struct expr_node *node_new(struct parser *p, enum expr_op op, uint32_t at)
{
    struct expr *e = p->e;
    if (e->n_nodes++ >= EXPR_NODES_MAX) {
        lex_fail(&e->error, at, "it has more than %u parts: divide it", EXPR_NODES_MAX);
        return NULL;
    }
    struct expr_node *node = e->alloc(e->host, sizeof *node);
    if (node == NULL) {
        lex_fail(&e->error, at, "out of memory");
        return NULL;
    }
    node->op = op;
    node->at = at;
    node->end = p->lex.at;
    return node;
}

/* Gives `node` the n arguments that begin with `first`. */
static struct expr_node *with_args(struct parser *p, struct expr_node *node,
                                   struct expr_node *first, uint32_t n)
{
    if (node == NULL || n == 0)
        return node;
    node->args = p->e->alloc(p->e->host, n * sizeof(struct expr_node *));
    if (node->args == NULL) {
        lex_fail(&p->e->error, node->at, "out of memory");
        return NULL;
    }
    for (; first != NULL; first = first->next)
        node->args[node->n_args++] = first;
    return node;
}

static struct expr_node *unary(struct parser *p, enum expr_op op, uint32_t at, struct expr_node *a)
{
    if (a == NULL)
        return NULL;
    struct expr_node *node = with_args(p, node_new(p, op, at), a, 1);
    if (node != NULL)
        node->end = a->end;
    return node;
}

static struct expr_node *binary(struct parser *p, enum expr_op op, struct expr_node *a,
                                struct expr_node *b)
{
    if (a == NULL || b == NULL)
        return NULL;
    a->next = b;
    struct expr_node *node = with_args(p, node_new(p, op, a->at), a, 2);
    if (node != NULL)
        node->end = b->end;
    return node;
}

static int deeper(struct parser *p)
{
    if (p->depth++ < EXPR_DEPTH_MAX)
        return 0;
    return lex_fail(&p->e->error, p->lex.at, "it is nested more than %u deep: divide it",
                    EXPR_DEPTH_MAX);
}

/* `a, b)`, behind the opening parenthesis; they are linked by `next`. */
static int parse_list(struct parser *p, struct expr_node **first, uint32_t *n)
{
    struct expr_node **to = first;
    uint32_t before = *n;
    if (deeper(p) != 0)
        return -1;
    while (p->lex.kind != LEX_CLOSE) {
        if (*n != before) {
            if (p->lex.kind != LEX_COMMA)
                return fail_here(p, "`,` or `)`"), -1;
            if (advance(p) != 0)
                return -1;
        }
        *to = parse_binary(p, 0);
        if (*to == NULL)
            return -1;
        to = &(*to)->next;
        *n += 1;
    }
    p->depth--;
    return advance(p);
}

static struct expr_node *parse_call(struct parser *p, const char *name, uint32_t at)
{
    struct expr_node *first = NULL;
    uint32_t n = 0;
    if (advance(p) != 0 || parse_list(p, &first, &n) != 0)
        return NULL;
    struct expr_node *node = with_args(p, node_new(p, EXPR_CALL, at), first, n);
    if (node != NULL)
        node->text = name;
    return node;
}

static struct expr_node *parse_literal(struct parser *p, enum expr_op op)
{
    const struct lex *lex = &p->lex;
    struct expr_node *node = node_new(p, op, lex->at);
    if (node == NULL)
        return NULL;
    node->end = lex->end;
    switch (lex->kind) { /* what the word at hand does not have is that of one before it */
    case LEX_TRUE: node->integer = 1; break;
    case LEX_INTEGER: node->integer = lex->integer; break;
    case LEX_NUMBER: node->number = lex->number; break;
    case LEX_STRING:
        node->text = lex->text;
        node->len = lex->len;
        break;
    default: break;
    }
    return advance(p) == 0 ? node : NULL;
}

/* A name, or a call where `(` follows; `in` is one too: in(x, a, b). */
static struct expr_node *parse_name(struct parser *p)
{
    struct lex was = p->lex;
    if (advance(p) != 0)
        return NULL;
    int is_call = p->lex.kind == LEX_OPEN && was.source[was.at] != '`';
    if (was.kind == LEX_IN && !is_call)
        return fail_here(p, "`(`");
    if (is_call) {
        struct expr_node *node = parse_call(p, was.text, was.at);
        if (node == NULL || was.kind != LEX_IN)
            return node;
        if (node->n_args == 0) {
            lex_fail(&p->e->error, was.at, "in(x, a, b) needs what is looked for");
            return NULL;
        }
        node->op = EXPR_IN;
        return node;
    }
    struct expr_node *node = node_new(p, EXPR_NAME, was.at);
    if (node != NULL) {
        node->text = was.text;
        node->len = was.len;
        node->end = was.end;
    }
    return node;
}

static struct expr_node *parse_primary(struct parser *p)
{
    struct expr_node *inner;
    uint32_t at = p->lex.at;
    switch (p->lex.kind) {
    case LEX_NIL: return parse_literal(p, EXPR_NIL);
    case LEX_TRUE:
    case LEX_FALSE: return parse_literal(p, EXPR_BOOL);
    case LEX_INTEGER:
        if (p->lex.integer == INT64_MIN && p->lex.source[at] != '0') {
            lex_fail(&p->e->error, at,
                     "9223372036854775808 is beyond an i64; with `.0` it is an f64");
            return NULL;
        }
        return parse_literal(p, EXPR_INT);
    case LEX_NUMBER: return parse_literal(p, EXPR_NUM);
    case LEX_STRING: return parse_literal(p, EXPR_STR);
    case LEX_NAME:
    case LEX_IN: return parse_name(p);
    case LEX_OPEN:
        if (deeper(p) != 0 || advance(p) != 0)
            return NULL;
        inner = parse_binary(p, 0);
        if (inner == NULL)
            return NULL;
        if (p->lex.kind != LEX_CLOSE)
            return fail_here(p, "`)`");
        inner->at = at;
        inner->end = p->lex.end;
        p->depth--;
        return advance(p) == 0 ? inner : NULL;
    default: return fail_here(p, "a value");
    }
}

static struct expr_node *parse_unary(struct parser *p);

/* a ^ b, of which b binds to the right, and stronger than a minus before a. */
static struct expr_node *parse_power(struct parser *p)
{
    struct expr_node *a = parse_primary(p);
    if (a == NULL || p->lex.kind != LEX_POW)
        return a;
    if (deeper(p) != 0 || advance(p) != 0)
        return NULL;
    struct expr_node *b = parse_unary(p);
    p->depth--;
    return binary(p, EXPR_POW, a, b);
}

/* A minus and a literal are one literal, so that the least i64 can be written. */
static struct expr_node *parse_minus(struct parser *p, uint32_t at)
{
    int is_literal = p->lex.kind == LEX_INTEGER || p->lex.kind == LEX_NUMBER;
    if (is_literal && p->lex.kind == LEX_INTEGER && p->lex.integer == INT64_MIN &&
        p->lex.source[p->lex.at] != '0') {
        struct expr_node *least = parse_literal(p, EXPR_INT);
        if (least != NULL && p->lex.kind == LEX_POW)
            return fail_here(p, "an operator but `^`");
        if (least != NULL)
            least->at = at;
        return least;
    }
    struct expr_node *a = parse_unary(p);
    if (a != NULL && is_literal && a->op == EXPR_INT && a->integer != INT64_MIN) {
        a->integer = -a->integer;
        a->at = at;
        return a;
    }
    if (a != NULL && is_literal && a->op == EXPR_NUM) {
        a->number = -a->number;
        a->at = at;
        return a;
    }
    return unary(p, EXPR_NEG, at, a);
}

static struct expr_node *parse_unary(struct parser *p)
{
    uint32_t at = p->lex.at;
    enum lex_kind kind = p->lex.kind;
    if (kind != LEX_SUB && kind != LEX_NOT && kind != LEX_LEN)
        return parse_power(p);
    if (deeper(p) != 0 || advance(p) != 0)
        return NULL;
    struct expr_node *node;
    if (kind == LEX_SUB)
        node = parse_minus(p, at);
    else
        node = unary(p, kind == LEX_NOT ? EXPR_NOT : EXPR_LEN, at, parse_unary(p));
    p->depth--;
    return node;
}

/* Binary operators; a higher level binds stronger. All but ^ are of the left: for `..` too, where it
 * comes to the same. */
static const struct {
    enum lex_kind kind;
    enum expr_op op;
    int level;
} operators[] = {
    {LEX_OR, EXPR_OR, 0},     {LEX_AND, EXPR_AND, 1},       {LEX_EQ, EXPR_EQ, 2},
    {LEX_NE, EXPR_NE, 2},     {LEX_LT, EXPR_LT, 2},         {LEX_LE, EXPR_LE, 2},
    {LEX_GT, EXPR_GT, 2},     {LEX_GE, EXPR_GE, 2},         {LEX_IN, EXPR_IN, 2},
    {LEX_NOT, EXPR_IN, 2},    {LEX_CONCAT, EXPR_CONCAT, 3}, {LEX_ADD, EXPR_ADD, 4},
    {LEX_SUB, EXPR_SUB, 4},   {LEX_MUL, EXPR_MUL, 5},       {LEX_DIV, EXPR_DIV, 5},
    {LEX_IDIV, EXPR_IDIV, 5}, {LEX_MOD, EXPR_MOD, 5},
};
#define LEVELS 6

/* `in (a, b)` behind x; `negated`: of `not in`. */
static struct expr_node *parse_in(struct parser *p, struct expr_node *x, int negated)
{
    uint32_t n = 1;
    if (p->lex.kind != LEX_IN)
        return fail_here(p, "`in`");
    if (advance(p) != 0)
        return NULL;
    if (p->lex.kind != LEX_OPEN)
        return fail_here(p, "`(` and a list");
    x->next = NULL;
    if (advance(p) != 0 || parse_list(p, &x->next, &n) != 0)
        return NULL;
    struct expr_node *node = with_args(p, node_new(p, EXPR_IN, x->at), x, n);
    return negated && node != NULL ? unary(p, EXPR_NOT, x->at, node) : node;
}

static struct expr_node *parse_binary(struct parser *p, int level)
{
    if (level == LEVELS)
        return parse_unary(p);
    struct expr_node *a = parse_binary(p, level + 1);
    for (uint32_t i = 0; a != NULL && i < sizeof operators / sizeof operators[0];) {
        if (operators[i].kind != p->lex.kind || operators[i].level != level) {
            i++;
            continue;
        }
        enum expr_op op = operators[i].op;
        int negated = p->lex.kind == LEX_NOT;
        if (op == EXPR_IN && (!negated || advance(p) == 0))
            a = parse_in(p, a, negated);
        else if (op == EXPR_IN || advance(p) != 0)
            return NULL;
        else
            a = binary(p, op, a, parse_binary(p, level + 1));
        i = 0; /* another one may follow */
    }
    return a;
}

int expr_parse(struct expr *e)
{
    struct parser p = {.e = e,
                       .lex = {.source = e->source, .n = e->n, .alloc = e->alloc, .host = e->host}};
    if (e->n > EXPR_SOURCE_MAX)
        return lex_fail(&e->error, 0, "it has more than %u bytes: divide it", EXPR_SOURCE_MAX);
    if (advance(&p) != 0)
        return -1;
    e->root = parse_binary(&p, 0);
    if (e->root == NULL)
        return -1;
    if (p.lex.kind != LEX_END)
        return fail_here(&p, "an operator or the end"), -1;
    return 0;
}
