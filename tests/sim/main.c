/* sim/main.c -- the simulator's command.
 *
 *     sim --seeds N [--from S]    runs N seeds from S (1) on
 *     sim --seed N [-v]           runs one; -v tells all that happens
 *     sim --plant KIND            ... with a fault planted
 *     sim --planted               plants each kind of fault until it is found; fails if it is not
 *
 * Exits 0 when all passed, 1 when not, 2 for wrong usage. */
#include "sim/plant.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TWICE_EVERY = 50, SECONDS_AT_MOST = 120, FAILURES_SHOWN = 10 };

struct options {
    uint64_t from, count;
    bool verbose;
    enum plant plant;
};

/* For whoever dies in the middle of a seed. */
static volatile uint64_t seed_now;

static void say_seed(int sig)
{
    char text[80];
    int n = snprintf(text, sizeof(text), "sim: signal %d in seed %" PRIu64 "\n", sig, seed_now);
    ssize_t r = write(STDERR_FILENO, text, (size_t)n);
    (void)r;
    signal(sig, SIG_DFL);
    raise(sig);
}

static void one(uint64_t seed, const struct options *opt, struct outcome *ret)
{
    seed_now = seed;
    alarm(SECONDS_AT_MOST);
    plant_run(seed, opt->plant, opt->verbose, ret);
    if (seed % TWICE_EVERY != 0 || ret->failed)
        return;
    struct outcome again;
    run_seed(seed, opt->plant, false, &again);
    outcome_compare(ret, &again);
}

static int run_all(const struct options *opt)
{
    uint64_t failed = 0, notes = 0, replies = 0, trace = 0, done = 0;
    while (done < opt->count && failed < FAILURES_SHOWN) {
        struct outcome o;
        one(opt->from + done++, opt, &o);
        notes += o.notes;
        replies += o.replies;
        trace = trace * 31 + o.trace;
        if (!o.failed)
            continue;
        printf("seed %" PRIu64 ": %s\n", opt->from + done - 1, o.failure);
        failed++;
    }
    printf("sim: %" PRIu64 " seeds, %" PRIu64 " replies, %" PRIu64 " events, trace %016" PRIx64
           ": %" PRIu64 " passed, %" PRIu64 " failed\n",
           done, replies, notes, trace, done - failed, failed);
    return failed ? 1 : 0;
}

static int usage(void)
{
    fprintf(stderr, "usage: sim [--seeds N] [--from SEED] [--seed SEED] [-v] [--plant KIND]\n"
                    "       sim --planted\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct options opt = { .from = 1, .count = 1000 };
    signal(SIGABRT, say_seed);
    signal(SIGALRM, say_seed);
    signal(SIGSEGV, say_seed);
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "-v") == 0)
            opt.verbose = true;
        else if (more && strcmp(argv[i], "--seeds") == 0)
            opt.count = strtoull(argv[++i], NULL, 10);
        else if (more && strcmp(argv[i], "--from") == 0)
            opt.from = strtoull(argv[++i], NULL, 10);
        else if (more && strcmp(argv[i], "--plant") == 0)
            opt.plant = plant_named(argv[++i]);
        else if (strcmp(argv[i], "--planted") == 0)
            return plant_all() ? 1 : 0;
        else if (more && strcmp(argv[i], "--seed") == 0) {
            opt.from = strtoull(argv[++i], NULL, 10);
            opt.count = 1;
        } else
            return usage();
    }
    return run_all(&opt);
}
