/* Code of a plugin in a process of its own: whatever it does there, the tool is unharmed.
 *
 * The child has a process group, which is killed when it is over, and limits; standard output and error go to a file that
 * nobody sees unless something is to be told, standard input is empty. Processes that it has made and that have left the
 * group become this program's when it is over, and are killed too; copies of itself that go on in its work end by themselves. What it finds it writes into memory that both share, so
 * that a child which closes its descriptors can still tell. Where it dies, the memory has what it was doing. */
#ifndef GY_CONFORM_CHILD_H
#define GY_CONFORM_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    GY_CHILD_TEXT = 48 * 1024,
    GY_CHILD_BULK = 1024 * 1024,
    GY_CHILD_INPUT = 16 * 1024,
    GY_CHILD_STEPS = 512
};

/* Shared by both. */
struct gy_child_area {
    pid_t owner;       /* who may write: not what it forks */
    volatile int done; /* 1: `verdict` and `text` are whole */
    int verdict;
    uint64_t seed;                   /* of the attempt at hand */
    uint32_t attempt;                /* of its scripts, the one at hand; from 1 on, 0: none */
    uint32_t n_steps;                /* of that script, those that there is room for here ... */
    uint32_t n_rows[GY_CHILD_STEPS]; /* ... with how many rows each */
    char input[GY_CHILD_INPUT];      /* that script, where it was cut */
    char crashed[256];               /* where a signal has come: "my.op in process" */
    char doing[128];                 /* of the attempt at hand: ", while gyre_map_get fails" */
    char text[GY_CHILD_TEXT];
    uint32_t n_bulk;
    uint8_t bulk[GY_CHILD_BULK];
};

enum gy_child_end { GY_CHILD_DONE, GY_CHILD_CRASH, GY_CHILD_EXIT, GY_CHILD_TIMEOUT };

struct gy_child {
    pid_t pid;
    int out; /* what it has said */
    int64_t timeout_s, until_ns;
    struct gy_child_area *area;
    enum gy_child_end end;
    int status; /* a signal, or an exit status */
};

/** Runs `work` in a child that is killed after so many seconds. 0, or a code. `area` is shared memory that was
 *  made by gy_child_area. */
int gy_child_start(struct gy_child *child, void (*work)(void *host, struct gy_child_area *area),
                   void *host, int64_t timeout_s);

/** True when it has ended, and `end` and `status` are known. */
bool gy_child_poll(struct gy_child *child);

/** What it has said on standard output and error, up to n - 1 bytes; the length. */
size_t gy_child_said(const struct gy_child *child, char *text, size_t n);

/** Frees what an ended child has left. */
void gy_child_fini(struct gy_child *child);

/** From now on this program gets the processes that its children leave behind. */
void gy_child_adopt(void);

/** Kills all children but these. */
void gy_child_end_others(const pid_t *mine, size_t n);

/** In a child: ends the process at once where it is a copy of the child, which the plugin has made by fork. */
void gy_child_end_copy(void);

/** Memory that children share with this process; NULL without. */
struct gy_child_area *gy_child_area(void);

#endif
