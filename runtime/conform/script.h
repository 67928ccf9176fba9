/* What an operator is given in a check: rows, watermarks and the clock, in order, made from a seed.
 *
 * Rows are made from the schema (few keys, small numbers, strings beyond 12 bytes, nulls) or drawn from the samples of
 * a conform.cfg; their times go on by and by and a little out of order, and watermarks stay behind them, so none is late.
 * In a loop with rounds there are ends of rounds, and no watermark: the loop would hold it back.
 * A script that shows a fault is made smaller while it still does. */
#ifndef GY_CONFORM_SCRIPT_H
#define GY_CONFORM_SCRIPT_H

#include "base/rng.h"
#include "conform/subject.h"

enum gy_step_kind { GY_STEP_ROWS, GY_STEP_WATERMARK, GY_STEP_CLOCK, GY_STEP_ROUND };

struct gy_step {
    enum gy_step_kind kind;
    uint32_t port;     /* ROWS: index of the input */
    uint32_t first, n; /* ROWS: of the port's rows */
    uint32_t origin;   /* of a cut: the step of the whole script */
    int64_t time_us;
};

struct gy_script {
    uint64_t seed;
    struct gy_rows inputs[GYRE_KIT_INPUTS];
    GY_VEC(struct gy_step) steps;
};

/** Makes a script of about so many rows for a kit's inputs. `extreme`: with values at the ends of their types. The
 *  schemas are the kit's. 0, or a code and why. */
int gy_script_make(struct gy_script *script, const struct gy_subject *subject,
                   const struct gyre_kit *kit, uint64_t seed, uint32_t rows, bool extreme,
                   struct gy_why *why);

/** The same where how rows, watermarks and the clock follow each other is drawn as well, and how many values there are. */
int gy_script_vary(struct gy_script *script, const struct gy_subject *subject,
                   const struct gyre_kit *kit, uint64_t seed, uint32_t rows, bool extreme,
                   struct gy_why *why);
void gy_script_fini(struct gy_script *script);

/** Gives its integers and strings many values instead of few, so that there are many keys; and makes one round of all
 *  rounds but the last. */
void gy_script_widen(struct gy_script *script);

/** Makes it smaller for as long as `fails` says so, within so many seconds. It looks at the steps alone. */
void gy_script_shrink(struct gy_script *script, bool (*fails)(void *host), void *host,
                      int64_t seconds);

/** Leaves the steps of a cut: by their `origin`, with rows first ... first + n - 1 of what these had. */
void gy_script_cut(struct gy_script *script, const struct gy_script *cut);

/** Appends what it does, a line each. */
void gy_script_text(const struct gy_script *script, const struct gyre_kit *kit,
                    struct gy_buf *into);

/** Sets a value as a row of random fields has it. */
void gy_script_value(struct gy_rng *rng, struct gy_rows *rows, uint32_t row, uint32_t field,
                     bool extreme);

#endif
