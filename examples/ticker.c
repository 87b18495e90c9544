/* ticker -- counts aloud while it listens: two tasks on one connection, and a deadline.
 *
 *     build/examples/ticker [HOST:PORT]      then:  nc localhost 7008
 *     every 100      count every 100 ms from now on (at first: every second)
 *     bye            the end; so is silence for half a minute */
#include <stoa.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 100 };

static stoa_rt *rt;

static void on_signal(int number)
{
    (void)number;
    stoa_stop(rt, STOA_SEC);
}

struct ticker {
    stoa_conn *c;
    stoa_time every;
};

/* The child: writes, and never reads. Its struct is a copy of its own. */
static int tick(stoa_task *t, void *arg)
{
    struct ticker *ticker = arg;
    stoa_deadline(t, STOA_NEVER); /* its parent's is for the peer's silence */
    for (int n = 1;; n++) {
        char line[32];
        int length = snprintf(line, sizeof line, "tick %d\n", n);
        int r = stoa_sleep(t, ticker->every);
        if (r == 0)
            r = stoa_write(ticker->c, line, (size_t)length);
        if (r < 0)
            return r;
    }
}

static int start_ticking(stoa_conn *c, stoa_time every)
{
    return stoa_spawn(stoa_conn_task(c), tick, &(struct ticker){ c, every }, sizeof(struct ticker));
}

static int stop_ticking(stoa_task *t)
{
    stoa_cancel(t);
    int r = stoa_join(t);
    return r == -ECANCELED ? 0 : r;
}

/* Does what the line says. returns 0, < 0, or 1 = that was all. */
static int obey(stoa_conn *c, struct stoa_str line)
{
    char text[LINE_MAX_BYTES + 1];
    int ms;
    memcpy(text, line.p, line.n);
    text[line.n] = 0;
    if (strcmp(text, "bye") == 0)
        return 1;
    if (sscanf(text, "every %d", &ms) != 1 || ms <= 0)
        return stoa_write(c, "every MILLISECONDS, or bye\n", 27);
    int r = stop_ticking(stoa_conn_task(c));
    return r < 0 ? r : start_ticking(c, ms * STOA_MS);
}

/* The parent: reads commands. When it returns, the child is cancelled and joined. */
static int serve(stoa_conn *c, void *arg)
{
    (void)arg;
    stoa_task *t = stoa_conn_task(c);
    int r = start_ticking(c, STOA_SEC);
    while (r == 0) {
        struct stoa_str line;
        stoa_deadline(t, stoa_now(t) + 30 * STOA_SEC);
        r = stoa_read_line(c, &line, LINE_MAX_BYTES);
        if (r == 0)
            r = obey(c, line);
    }
    return r == STOA_EEOF ? 0 : r;
}

int main(int argc, char **argv)
{
    const char *addr = argc > 1 ? argv[1] : "localhost:7008";
    struct stoa_options options = { 0 };
    int r = stoa_new(&rt, &options);
    if (r == 0)
        r = stoa_listen(rt, &(struct stoa_listen){ .addr = addr, .handler = serve });
    if (r == 0) {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        fprintf(stderr, "ticker: listening on %s\n", addr);
        r = stoa_run(rt);
    }
    if (r < 0)
        fprintf(stderr, "ticker: %s: %s\n", addr, stoa_strerror(r));
    stoa_free(rt);
    return r < 0;
}
