/* One check of one subject: its scripts, and what it says; see check.h. */
#include "conform/check.h"

#include "base/mem.h"
#include "conform/vary.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHRINK_S = 3 };

static const uint32_t sizes[] = {8, 40, 150};

enum gy_verdict gy_case_say(struct gy_case *c, enum gy_verdict verdict, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = gy_vprintf(format, args);
    va_end(args);
    gy_buf_reset(&c->text);
    gy_buf_text(&c->text, text != NULL ? text : "out of memory");
    gy_free(text);
    return verdict;
}

bool gy_case_reference(struct gy_case *c, struct gy_trial *trial)
{
    gy_trial_begin(trial, &c->place, 1);
    if (gy_trial_run(trial, c->script) == 0)
        return true;
    gy_case_say(c, GY_SKIP, "it fails on such rows: %s", gy_trial_error(trial));
    return false;
}

enum gy_verdict gy_case_same(struct gy_case *c, const struct gy_trial *expected,
                             const struct gy_trial *actual, bool in_order, const char *what)
{
    struct gy_buf diff = {0};
    enum gy_verdict verdict = GY_PASS;
    const char *error = gy_trial_error(actual);
    if (expected->kit->code != 0)
        verdict = gy_case_say(c, GY_SKIP, "it fails on such rows: %s", gy_trial_error(expected));
    else if (error[0] != 0)
        verdict =
            gy_case_say(c, GY_FAIL, "expected the same rows %s; it fails:\n    %s", what, error);
    else if (!gy_outcome_same(&expected->out, &actual->out, in_order, &diff))
        verdict =
            gy_case_say(c, GY_FAIL, "expected the same rows %s\n%s", what, gy_buf_cstr(&diff));
    gy_buf_fini(&diff);
    return verdict;
}

/* ---- scripts ---- */

/* Asks again while a script is made smaller. */
static bool still_fails(void *host)
{
    struct gy_case *c = host;
    return c->check->run(c) == GY_FAIL;
}

static void tell_script(struct gy_case *c, struct gy_script *script)
{
    struct gy_buf text = {0};
    gy_script_shrink(script, still_fails, c, SHRINK_S);
    if (c->check->run(c) != GY_FAIL) /* it fails now and then */
        gy_buf_text(&c->text, "\n  (not with every run of this input)");
    gy_buf_bytes(&text, c->text.data, c->text.len);
    gy_buf_printf(&text, "%s  smallest input found:\n",
                  text.len > 0 && text.data[text.len - 1] == '\n' ? "" : "\n");
    gy_script_text(script, c->probe, &text);
    gy_buf_fini(&c->text);
    c->text = text;
}

/* Notes what the script is, for whoever sees the process die. */
static void note_script(struct gy_case *c, struct gy_script *script, size_t i)
{
    struct gy_buf text = {0};
    if (c->cut != NULL)
        gy_script_cut(script, c->cut);
    if (c->area == NULL)
        return;
    c->area->seed = c->seed; /* all scripts follow from it */
    c->area->attempt = (uint32_t)i + 1;
    c->area->n_steps = 0;
    for (size_t s = 0; s < script->steps.n && s < GY_CHILD_STEPS; s++) {
        const struct gy_step *step = &script->steps.items[s];
        c->area->n_rows[s] = step->kind == GY_STEP_ROWS ? step->n : 0;
        c->area->n_steps++;
    }
    if (c->cut != NULL) {
        gy_script_text(script, c->probe, &text);
        snprintf(c->area->input, sizeof c->area->input, "%s",
                 gy_buf_cstr(&text) != NULL ? gy_buf_cstr(&text) : "");
    }
    gy_buf_fini(&text);
}

static enum gy_verdict run_scripts(struct gy_case *c)
{
    enum gy_verdict worst = GY_SKIP;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct gy_script script;
        struct gy_why why = {""};
        uint64_t seed = c->seed + i;
        if (c->cut != NULL && i + 1 != c->attempt)
            continue;
        int made = (c->varies ? gy_script_vary : gy_script_make)(
            &script, c->place.subject, c->probe, seed, sizes[i], c->check->extreme, &why);
        if (made != 0) {
            gy_script_fini(&script);
            return gy_case_say(c, GY_FAIL, "the sample rows of conform.cfg: %s", why.text);
        }
        note_script(c, &script, i);
        c->script = &script;
        enum gy_verdict verdict = c->check->run(c);
        if (verdict == GY_FAIL && c->cut == NULL)
            tell_script(c, &script);
        gy_script_fini(&script);
        if (verdict == GY_FAIL)
            return GY_FAIL;
        if (worst == GY_SKIP || verdict == GY_WARN)
            worst = verdict;
    }
    return worst;
}

/* Runs the check with options that are drawn, and tells them where it fails. */
static enum gy_verdict run_varied(struct gy_case *c)
{
    struct gy_subject varied = *c->place.subject;
    struct gyre_kit_setup setup;
    const struct gyre_kit *usual = c->probe;
    char *options = gy_vary_options(c);
    varied.options = options;
    c->place.subject = &varied;
    setup = gy_subject_setup(&varied, c->place.plugin, c->place.plugin_path, c->place.scratch);
    struct gyre_kit *probe = gy_kit_make(&setup, false);
    enum gy_verdict verdict = GY_SKIP;
    if (options != NULL && probe != NULL && probe->code == 0) {
        c->probe = probe;
        if (c->area != NULL)
            snprintf(c->area->doing, sizeof c->area->doing, " (options: %.110s)", options);
        verdict = (varied.kinds & GY_HAS_INPUT) != 0 && c->check->scripted ? run_scripts(c)
                                                                           : c->check->run(c);
        if (verdict == GY_FAIL || verdict == GY_WARN)
            gy_buf_printf(&c->text, "  with the options: %s\n", options);
    }
    gyre_kit_free(probe);
    c->probe = usual;
    c->place.subject = NULL; /* what it was is gone */
    gy_free(options);
    return verdict;
}

enum gy_verdict gy_case_run(struct gy_case *c)
{
    const struct gy_subject *subject = c->place.subject;
    struct gyre_kit *probe = NULL;
    if (subject == NULL)
        return c->check->run(c);
    struct gyre_kit_setup setup =
        gy_subject_setup(subject, c->place.plugin, c->place.plugin_path, c->place.scratch);
    gy_subject_files(subject, c->place.scratch);
    probe = gy_kit_make(&setup, false);
    if (probe == NULL || probe->code != 0) {
        gy_case_say(c, GY_FAIL, "no job can be made with it: %s",
                    probe != NULL ? gyre_kit_error(probe) : "out of memory");
        gyre_kit_free(probe);
        return GY_FAIL;
    }
    c->probe = probe;
    bool scripted = c->check->scripted && (subject->kinds & GY_HAS_INPUT) != 0;
    enum gy_verdict verdict = c->varies  ? run_varied(c)
                              : scripted ? run_scripts(c)
                                         : c->check->run(c);
    gyre_kit_free(probe);
    return verdict;
}
