/* Calls of the host with wrong arguments, or where they cannot be served: each is a sentence that names
 * who has called and the call, whatever the plugin does with what it got. tests/fixtures/misuse.c makes
 * them. */
#include "suite.h"
#include "files.h"
#include "unit/hand.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 8 };

/* A call, where it comes from, and what is said. The rows' `op` "row/key" has a key. */
struct misuse {
    const char *op;
    const char *what;
    const char *said; /* NULL: nothing, it is right */
};

static const struct misuse misuses[] = {
    /* keyed state */
    {"row", "slots", NULL},
    {"row/key", "slots", NULL},
    {"row/key", "find", NULL},
    {"row", "find", NULL},
    {"bare", "slots", "misuse.bare calls gyre_state_slots wrongly: it has declared no state"},
    {"bare", "find", "misuse.bare calls gyre_state_find wrongly: it has declared no state"},
    {"row/key", "slots_of_none",
     "misuse.row calls gyre_state_slots wrongly: it has no state 7, the last one it has declared "
     "is 2"},
    {"row/key", "slots_without_batch",
     "misuse.row calls gyre_state_slots wrongly: the batch is not the one that the callback got"},
    {"row/key", "slots_of_other_batch",
     "misuse.row calls gyre_state_slots wrongly: the batch is not the one that the callback got"},
    {"row/key", "find_of_none", "calls gyre_state_find wrongly: it has no state 3"},
    {"row/key", "remove_of_none", "calls gyre_state_remove wrongly: it has no state 4294967295"},
    {"row/key", "remove_row_beyond",
     "calls gyre_state_remove wrongly: the batch has no row 1029, it has 8 rows"},
    {"row", "remove_row_beyond",
     "calls gyre_state_remove wrongly: the batch has no row 1029, it has 8 rows"},
    {"row/key", "remove_without_batch",
     "calls gyre_state_remove wrongly: the batch is not the one"},
    {"row", "remove_without_batch", "calls gyre_state_remove wrongly: the batch is not the one"},
    {"row/key", "str_into_null", "calls gyre_state_str wrongly: the string to assign to is NULL"},
    {"row/key", "str_from_null", "calls gyre_state_str wrongly: the string to assign is NULL"},
    {"row/key", "str_of_nothing", "calls gyre_state_str wrongly: the string to assign is NULL"},
    {"bare", "str_of_nothing", "calls gyre_state_str wrongly: it has declared no state"},
    /* lists and maps */
    {"row/key", "list_add_to_value",
     "calls gyre_list_add wrongly: what it was given is no list of the state"},
    {"row/key", "list_count_of_map",
     "calls gyre_list_count wrongly: what it was given is no list of the state"},
    {"row/key", "list_at_null", "calls gyre_list_at wrongly: what it was given is no list"},
    {"row/key", "list_drop_of_map", "calls gyre_list_drop wrongly: what it was given is no list"},
    {"row/key", "map_get_of_list", "calls gyre_map_get wrongly: what it was given is no map"},
    {"row/key", "map_get_null_key", "calls gyre_map_get wrongly: the key is NULL"},
    {"row/key", "map_remove_of_value",
     "calls gyre_map_remove wrongly: what it was given is no map"},
    {"row/key", "map_remove_null_key", "calls gyre_map_remove wrongly: the key is NULL"},
    {"row/key", "map_count_null", "calls gyre_map_count wrongly: what it was given is no map"},
    {"row/key", "map_next_of_list", "calls gyre_map_next wrongly: what it was given is no map"},
    {"row/key", "map_next_without_cursor", "calls gyre_map_next wrongly: the cursor is NULL"},
    /* what is not there yet, or not for it */
    {"row/key", "timer_set", "calls gyre_timer_set wrongly: it has no on_timer"},
    {"row/key", "timer_delete", "calls gyre_timer_delete wrongly: it has no on_timer"},
    {"timed", "timer_set", NULL},
    {"timed", "timer_without_batch", NULL},
    {"timed", "timer_of_no_clock", "calls gyre_timer_set wrongly: there is no clock 3"},
    {"timed/key", "timer_row_beyond",
     "calls gyre_timer_set wrongly: the batch has no row 1024, it has 8 rows"},
    {"timed", "timer_row_dropped",
     "calls gyre_timer_delete wrongly: row 1 of the batch was dropped"},
    {"timed/key", "timer_without_batch",
     "calls gyre_timer_set wrongly: the batch is not the one that the callback got"},
    {"timed/key", "timer_of_other_batch",
     "calls gyre_timer_delete wrongly: the batch is not the one that the callback got"},
    {"row/key", "vote",
     "misuse.row calls gyre_vote wrongly: no round ends in process, it is for on_round_end"},
    {"timed/key", "timer_of_no_round",
     "calls gyre_timer_set wrongly: GYRE_CLOCK_ROUND is for operators in a loop with `rounds`, and "
     "it "
     "is in none"},
    {"row/key", "watermark", "calls gyre_watermark wrongly: it lacks the flag GYRE_SETS_TIME"},
    /* rows, metrics, memory */
    {"row", "bad_row_beyond",
     "calls gyre_bad_row wrongly: the batch has no row 1024, it has 8 rows (no such row)"},
    {"row", "bad_row_dropped",
     "calls gyre_bad_row wrongly: row 1 of the batch was dropped (a dropped row)"},
    {"row", "bad_input_null", "calls gyre_bad_input wrongly: the raw input is NULL"},
    {"row", "counter_without_name", "calls gyre_counter wrongly: the name is missing"},
    {"row", "gauge_of_counter", "calls gyre_gauge wrongly: `rows` is a counter"},
    {"row", "alloc_of_other",
     "calls gyre_alloc wrongly: the memory to free is not, or not any more, of gyre_alloc"},
    /* output ports */
    {"row", "row_on_aligned",
     "misuse.row calls gyre_out_row wrongly: its output port `out` is aligned"},
    {"row", "adopt_column_beyond", "calls gyre_out_adopt wrongly: its output port `out` or"},
    {"bare", "adopt_input_beyond", "calls gyre_out_adopt wrongly: its output port `out` or"},
    {"bare", "adopt_without_batch", "calls gyre_out_adopt wrongly: its output port `out` or"},
    {"bare", "used_beyond", "calls gyre_out_used wrongly: its output port `out` had no room"},
    /* callbacks without a row */
    {"late/watermark", "slots",
     "calls gyre_state_slots wrongly: no row is at hand in on_watermark"},
    {"late/watermark", "find", "calls gyre_state_find wrongly: no row is at hand in on_watermark"},
    {"late/watermark", "remove_without_batch", "wrongly: no row is at hand in on_watermark"},
    {"late/flush", "slots", "calls gyre_state_slots wrongly: no row is at hand in flush"},
    {"late/open", "slots", "calls gyre_state_slots wrongly: no row is at hand in open"},
    /* functions */
    {"add", "slots", "misuse.add calls gyre_state_slots wrongly: a function has no state"},
    {"add", "remove_row_beyond", "calls gyre_state_remove wrongly: a function has no state"},
    {"add", "bad_row_beyond", "calls gyre_bad_row wrongly: the batch has no row 1024"},
    {"keys", "slots", "misuse.keys calls gyre_state_slots wrongly: a function has no state"},
    {"to_task", "slots", "misuse.to_task calls gyre_state_slots wrongly: a function has no state"},
    {"to_task", "bad_row", "calls gyre_bad_row wrongly: a partition function reports no rows"},
};

#define KEYED "key = \"value\";"

static bool is_late(const struct misuse *m)
{
    return strncmp(m->op, "late/", 5) == 0;
}

static char *job_of(const struct misuse *m)
{
    const char *of = strchr(m->op, '/');
    int n = of != NULL ? (int)(of - m->op) : (int)strlen(m->op);
    if (strcmp(m->op, "keys") == 0)
        return text_format(
            "job = \"t\"; operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 9; },\n"
            "{ id = \"x\"; op = \"std.count\"; input = \"in\";\n"
            "  key = { fn = \"misuse.keys\"; what = \"%s\"; }; } );",
            m->what);
    if (strcmp(m->op, "to_task") == 0)
        return text_format(
            "job = \"t\"; operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 9; },\n"
            "{ id = \"x\"; op = \"std.pass\"; input = \"in\"; parallelism = 2;\n"
            "  partition = \"misuse.to_task\"; } );");
    return text_format(
        "job = \"t\"; operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 9; },\n"
        "{ id = \"x\"; op = \"misuse.%.*s\"; input = \"in\"; what = \"%s\";\n"
        "  %s%s%s } );",
        n, m->op, m->what, is_late(m) ? "when = \"" : "", is_late(m) ? of + 1 : "",
        is_late(m)   ? "\";"
        : of != NULL ? KEYED
                     : "");
}

/* Eight numbers, of which number 1 is dropped where the operator sees dropped rows. */
static int give_rows(struct gy_instance *instance, bool masked)
{
    int64_t values[ROWS];
    uint8_t keep[ROWS];
    struct gy_column column = {.data = values};
    struct gy_batch batch = {.rows = ROWS, .kept = ROWS, .n_columns = 1, .columns = &column};
    for (int i = 0; i < ROWS; i++)
        values[i] = i, keep[i] = i != 1;
    if (masked)
        batch.keep = keep, batch.kept = ROWS - 1;
    return gy_instance_process(instance, 0, &batch);
}

/* Which of the choices of an option, "a|b", is `name`. */
static int32_t choice_of(const struct gyre_option *option, const char *name)
{
    int32_t i = 0;
    size_t n = strlen(name);
    for (const char *at = option->choices; at != NULL; at = strchr(at, '|'), i++) {
        at += *at == '|';
        if (strncmp(at, name, n) == 0 && (at[n] == '|' || at[n] == 0))
            return i;
    }
    CU_FAIL_FATAL("no such choice");
    return 0;
}

static int give_partition(struct hand *h, struct gy_instance *instance, const char *what)
{
    int64_t values[ROWS] = {0};
    uint32_t tasks_of[ROWS];
    struct gy_column column = {.data = values};
    struct gy_batch batch = {.rows = ROWS, .kept = ROWS, .n_columns = 1, .columns = &column};
    for (uint32_t e = 0; e < h->graph->n_edges; e++) {
        const struct gy_edge *edge = &h->graph->edges[e];
        if (edge->function == NULL)
            continue;
        *(int32_t *)(uintptr_t)edge->function_config = choice_of(edge->function->options, what);
        return gy_instance_partition(instance, edge, &batch, 2, tasks_of);
    }
    CU_FAIL_FATAL("no partition function");
    return 0;
}

/* The instance that calls a function for operator "x". */
static const char *id_of(const struct hand *h, const struct misuse *m)
{
    for (uint32_t i = 0; strcmp(m->op, "keys") == 0 && i < h->graph->n_nodes; i++)
        if (h->graph->nodes[i]->n_hosted != 0 &&
            h->graph->nodes[i]->hosted[0].function->kind == GYRE_FN_KEY)
            return h->graph->nodes[i]->id;
    return strcmp(m->op, "to_task") == 0 ? "in" : "x";
}

static int drive(struct hand *h, struct gy_instance *instance, const struct misuse *m)
{
    if (strcmp(m->op, "late/open") == 0)
        return gy_instance_error(instance)->code;
    if (strcmp(m->op, "to_task") == 0)
        return give_partition(h, instance, m->what);
    int code = give_rows(instance, strstr(m->what, "_dropped") != NULL);
    if (code == 0 && strcmp(m->op, "late/watermark") == 0)
        code = gy_instance_watermark(instance, 1);
    if (code == 0 && strcmp(m->op, "late/flush") == 0)
        code = gy_instance_flush(instance, true);
    return code;
}

/* What the sentence points to, of the guide. */
static const char *section_of(const char *said)
{
    static const char *const sections[][2] = {
        {"gyre_state_", " (sdk/README.md#state-by-key)"},
        {"gyre_list_", " (sdk/README.md#state-by-key)"},
        {"gyre_map_", " (sdk/README.md#state-by-key)"},
        {"gyre_timer_", " (sdk/README.md#timers)"},
        {"gyre_vote", " (sdk/README.md#rounds-of-a-loop)"},
        {"gyre_bad_", " (sdk/README.md#errors-and-bad-rows)"},
        {"gyre_watermark", " (sdk/README.md#a-source)"},
        {"gyre_out_row", " (sdk/README.md#what-a-batch-is)"},
        {"gyre_out_", " (sdk/README.md#strings-and-arenas)"},
    };
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (strstr(said, sections[i][0]) != NULL)
            return sections[i][1];
    return strstr(said, "at hand in") != NULL ? " (sdk/README.md#state-by-key)"
                                              : " (sdk/README.md#logs-counters-time-memory)";
}

static void check(const struct misuse *m)
{
    struct hand h;
    char *dir = dir_temp(), *job = job_of(m);
    hand_init(&h, dir, job);
    struct gy_instance *instance = strcmp(m->op, "late/open") == 0
                                       ? hand_made(&h, id_of(&h, m), 0, 1)
                                       : hand_open(&h, id_of(&h, m), 0, 1);
    if (strcmp(m->op, "late/open") == 0)
        gy_instance_open(instance);
    int code = drive(&h, instance, m);
    bool right = m->said == NULL ? code == 0
                                 : code < 0 && hand_failed(instance, m->said) &&
                                       hand_failed(instance, section_of(m->said));
    if (!right)
        fprintf(stderr, "%s, %s: code %d\n", m->op, m->what, code);
    CU_ASSERT(right);
    gy_instance_free(instance);
    hand_fini(&h);
    dir_remove(dir);
    free(dir), free(job);
}

static void every_wrong_call_of_the_host_is_a_sentence_that_names_the_plugin(void)
{
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++)
        check(&misuses[i]);
}

static const struct suite_test tests[] = {
    SUITE_TEST(every_wrong_call_of_the_host_is_a_sentence_that_names_the_plugin),
};

SUITE_MAIN("op_misuse", tests)
