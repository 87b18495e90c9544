/* echo -- sends back whatever it receives: a whole TCP server.
 *
 *     build/examples/echo [HOST:PORT]        then:  nc localhost 7007 */
#include <stoa.h>

#include <signal.h>
#include <stdio.h>

static stoa_rt *rt;

static void on_signal(int number)
{
    (void)number;
    stoa_stop(rt, STOA_SEC);
}

/* One call, one task, per connection. */
static int echo(stoa_conn *c, void *arg)
{
    (void)arg;
    char buf[1024];
    ssize_t n;
    int r = 0;
    while (r == 0 && (n = stoa_read(c, buf, sizeof buf)) != 0)
        r = n < 0 ? (int)n : stoa_write(c, buf, (size_t)n);
    return r; /* 0 closes in order; < 0 resets */
}

int main(int argc, char **argv)
{
    const char *addr = argc > 1 ? argv[1] : "localhost:7007";
    struct stoa_options options = { 0 };
    int r = stoa_new(&rt, &options);
    if (r == 0)
        r = stoa_listen(rt, &(struct stoa_listen){ .addr = addr, .handler = echo });
    if (r == 0) {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        fprintf(stderr, "echo: listening on %s\n", addr);
        r = stoa_run(rt);
    }
    if (r < 0)
        fprintf(stderr, "echo: %s: %s\n", addr, stoa_strerror(r));
    stoa_free(rt);
    return r < 0;
}
