/* tool/watch/watch.c -- `stoa watch`: options, one look after the other, and what is shown of them. */
#include "tool/commands.h"
#include "tool/output.h"
#include "tool/watch/json.h"
#include "tool/watch/look.h"
#include "tool/watch/options.h"
#include "tool/watch/pace.h"
#include "tool/watch/plain.h"
#include "tool/watch/screen.h"

#include "base/error.h"
#include "base/exit_code.h"
#include "base/sys.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

struct watch {
    struct watch_options o;
    struct watch_look *look;
    struct buf text;
    struct watch_order_room order;
    sigset_t ends; /* signals that end it; blocked */
};

/* ---- one picture ---- */

static bool write_text(struct watch *w)
{
    const struct watch_picture *p = watch_look_picture(w->look);
    const struct watch_choice choice = { w->o.sort, w->o.sort, w->o.filter };
    struct watch_order order;
    if (!watch_order_make(&w->order, p, &choice, &order))
        return false;
    buf_clear(&w->text);
    if (w->o.json)
        watch_json(&w->text, p, &order);
    else
        watch_plain(&w->text, p, &order);
    buf_str(&w->text, STR("\n"));
    return !w->text.failed;
}

/* returns as output_write. */
static int show(struct watch *w)
{
    if (!write_text(w)) {
        fprintf(stderr, "stoa watch: there is no memory for the picture\n");
        return -ENOMEM;
    }
    return output_write(w->text.p, w->text.n);
}

static int take(struct watch *w)
{
    int r = watch_look_take(w->look);
    if (r < 0)
        fprintf(stderr,
                "stoa watch: the kernel does not tell of its sockets: %s (%s)\n"
                "  It takes CONFIG_INET_DIAG, and a sandbox that lets netlink through.\n",
                stoa_strerror(r), error_name(r));
    return r;
}

/* ---- one after the other ---- */

/* returns whether it is time for the next look; false = a signal ends it. */
static bool wait_until(const struct watch *w, stoa_time when)
{
    stoa_time left;
    while ((left = when - watch_moment()) > 0) {
        struct timespec t = { left / STOA_SEC, left % STOA_SEC };
        if (sigtimedwait(&w->ends, NULL, &t) > 0)
            return false;
    }
    return true;
}

/* The next look is due an interval after the last was; what was missed meanwhile is left out. */
static stoa_time next_due(const struct watch *w, stoa_time due)
{
    stoa_time now = watch_moment(), next = due + w->o.interval;
    return next > now ? next : now + w->o.interval;
}

static int run(struct watch *w)
{
    stoa_time due = watch_moment();
    int r = 0;
    while (r == 0 && wait_until(w, due = next_due(w, due))) {
        r = take(w);
        if (r < 0)
            return EXIT_INTERNAL;
        r = show(w);
        if (w->o.once)
            break;
    }
    return r < 0 && r != -EPIPE ? EXIT_INTERNAL : EXIT_FINE;
}

/* returns as watch_screen_run. */
static int run_screen(struct watch *w)
{
    const struct watch_screen_options o = {
        .target = &w->o.target, .interval = w->o.interval, .sort = w->o.sort, .filter = w->o.filter
    };
    return w->o.json || w->o.once ? -ENOTTY : watch_screen_run(w->look, &o);
}

static int start(struct watch *w)
{
    char why[300];
    watch_look_aim(w->look, &w->o.target);
    watch_look_prefer(w->look, w->o.sort);
    if (take(w) < 0)
        return EXIT_INTERNAL;
    int exit_code = watch_look_why_empty(w->look, why, sizeof why);
    if (exit_code) {
        fprintf(stderr, "stoa watch: %s\n", why);
        return exit_code;
    }
    int r = run_screen(w);
    if (r < 0 && r != -ENOTTY)
        fprintf(stderr, "stoa watch: cannot use the terminal: %s\n", stoa_strerror(r));
    return r == -ENOTTY ? run(w) : r < 0 ? EXIT_INTERNAL : EXIT_FINE;
}

/* ---- the process ---- */

static void block_signals(struct watch *w)
{
    sigemptyset(&w->ends);
    sigaddset(&w->ends, SIGINT);
    sigaddset(&w->ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &w->ends, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that has enough ends it, and that is no failure */
}

int command_watch(char **args)
{
    struct watch w = { 0 };
    int exit_code;
    if (!watch_options_read(&w.o, args, &exit_code))
        return exit_code;
    if (watch_look_new(&w.look, io_sys_kernel(), &mem_default) < 0) {
        fprintf(stderr, "stoa: there is no memory to start\n");
        return EXIT_INTERNAL;
    }
    buf_init(&w.text, &mem_default, NULL, 0);
    watch_order_init(&w.order, &mem_default);
    block_signals(&w);
    exit_code = start(&w);
    buf_done(&w.text);
    watch_order_done(&w.order);
    watch_look_free(w.look);
    return exit_code;
}
