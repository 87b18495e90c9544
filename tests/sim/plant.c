/* sim/plant.c -- planted faults and what finds them: see plant.h. */
#include "sim/plant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEEDS_AT_MOST = 300, SECONDS_AT_MOST = 60 };

/* found: words of the failure that is expected; "" = any. The server may notice by itself, too, by a
 * check() that stops the process: then `stops`. */
static const struct {
    const char *name, *found;
    bool stops;
} plants[PLANT_COUNT] = {
    [PLANT_NONE] = { "none", "", false },
    [PLANT_SEND_DROP] = { "send-drop", "client", false },
    [PLANT_SEND_TWICE] = { "send-twice", "client", false },
    [PLANT_SEND_FLIP] = { "send-flip", "client", false },
    [PLANT_SEND_LIE] = { "send-lie", "client", false },
    [PLANT_RECV_DROP] = { "recv-drop", "client", false },
    [PLANT_RECV_FLIP] = { "recv-flip", "client", false },
    [PLANT_SUBMIT_TWICE] = { "submit-twice", "submit: ", false },
    [PLANT_DONE_TWICE] = { "done-twice", "", true },
    [PLANT_DONE_NEVER] = { "done-never", "", false },
    [PLANT_CANCEL_DEAF] = { "cancel-deaf", "does not end", false },
    [PLANT_CANCEL_LATE] = { "cancel-late", "cancel: ", false },
    [PLANT_ACCEPT_LOST] = { "accept-lost", "waited in vain", false },
    [PLANT_CHUNK_LOST] = { "chunk-lost", "a chunk that was not given back", false },
    [PLANT_CHUNK_TWICE] = { "chunk-twice", "chunk given back twice", false },
    [PLANT_CLOSE_LOST] = { "close-lost", "left open", false },
    [PLANT_CLOSE_TWICE] = { "close-twice", "close: descriptor", false },
    [PLANT_USE_CLOSED] = { "use-closed", "is not open", false },
    [PLANT_CLOSE_RESETS] = { "close-resets", "reset by the server", false },
    [PLANT_FIN_LOST] = { "fin-lost", "client", false },
    [PLANT_TIMER_LATE] = { "timer-late", "", false },
    [PLANT_TIMER_EARLY] = { "timer-early", "", false },
    [PLANT_MEM_LOST] = { "mem-lost", "bytes left", false },
    [PLANT_MEM_SIZE] = { "mem-size", "freed", false },
    [PLANT_FILE_FLIP] = { "file-flip", "client", false },
    [PLANT_FILE_BLOCKS] = { "file-blocks", "may wait for the disk", false },
    [PLANT_SPIN] = { "spin", "no end", false },
    [PLANT_ORDER] = { "order", "not the same the second time", false },
};

enum plant plant_named(const char *name)
{
    for (int p = 0; p < PLANT_COUNT; p++)
        if (strcmp(plants[p].name, name) == 0)
            return (enum plant)p;
    return PLANT_NONE;
}

void plant_run(uint64_t seed, enum plant plant, bool verbose, struct outcome *ret)
{
    struct outcome again;
    run_seed(seed, plant, verbose, ret);
    if (ret->failed || plant != PLANT_ORDER)
        return;
    run_seed(seed, plant, false, &again);
    outcome_compare(ret, &again);
}

/* In a process of its own, since the server's own checks may stop it. */
static void hunt(enum plant plant, int out)
{
    alarm(SECONDS_AT_MOST);
    for (uint64_t seed = 1; seed <= SEEDS_AT_MOST; seed++) {
        static struct outcome o; /* too large for a frame */
        plant_run(seed, plant, false, &o);
        if (!o.failed || !strstr(o.failure, plants[plant].found))
            continue;
        dprintf(out, "seed %d: %s", (int)seed, o.failure);
        _exit(0);
    }
    _exit(1);
}

/* returns whether it was found. */
static bool found(enum plant plant)
{
    int ends[2], status = 0;
    char text[700] = "not found";
    if (pipe(ends) < 0)
        return false;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (plants[plant].stops)
            dup2(ends[1], STDERR_FILENO);
        hunt(plant, ends[1]);
    }
    close(ends[1]);
    ssize_t n = child < 0 ? -1 : read(ends[0], text, sizeof(text) - 1);
    close(ends[0]);
    if (child > 0)
        waitpid(child, &status, 0);
    if (n > 0)
        text[strcspn(text, "\n")] = text[n] = 0;
    bool good = n > 0 && (status == 0 || (plants[plant].stops && WIFSIGNALED(status)));
    printf("%s planted %-14s %s\n", good ? "ok  " : "FAIL", plants[plant].name, text);
    return good;
}

int plant_all(void)
{
    int missed = 0;
    for (int p = PLANT_NONE + 1; p < PLANT_COUNT; p++)
        missed += !found((enum plant)p);
    printf("planted: %d kinds, %d not found\n", PLANT_COUNT - 1, missed);
    return missed;
}
