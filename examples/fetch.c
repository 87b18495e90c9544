/* An HTTP client: fetches a URL, and says what came, or what failed at which stage and what to try.
 *
 *     fetch http://localhost:8080/ */
#include <stoa/http.h>

#include <errno.h>
#include <stdio.h>

static int read_body(stoa_http *x, size_t *bytes)
{
    char buf[1024];
    ssize_t n;
    while ((n = stoa_http_read(x, buf, sizeof buf)) > 0)
        *bytes += (size_t)n;
    return (int)n;
}

static void explain(const char *url, int err, const struct stoa_http_report *report)
{
    const struct stoa_cause *cause = report->cause;
    fprintf(stderr, "fetch: %s: %s", url, cause ? cause->what : stoa_strerror(err));
    if (report->detail[0])
        fprintf(stderr, " (%s)", report->detail);
    fputc('\n', stderr);
    if (cause && cause->hint)
        fprintf(stderr, "%s\n", cause->hint);
}

static int fetch(stoa_task *t, void *arg)
{
    struct stoa_http_report *report = stoa_alloc(t, sizeof *report); /* too large for the stack */
    const char *url = arg;
    size_t bytes = 0;
    stoa_http *x;
    if (!report)
        return -ENOMEM;
    struct stoa_http_fetch f = { .url = url, .within = 30 * STOA_SEC, .report = report };
    int r = stoa_http_fetch(t, &x, &f);
    if (r == 0)
        r = read_body(x, &bytes);
    if (r == 0)
        printf("%d, %zu bytes\n", stoa_http_status(x), bytes);
    else
        explain(url, r, report);
    return r;
}

int main(int argc, char **argv)
{
    stoa_rt *rt = NULL;
    if (argc != 2) {
        fputs("fetch URL\n", stderr);
        return 2;
    }
    int r = stoa_new(&rt, &(struct stoa_options){ .cores = 1 });
    if (r == 0)
        r = stoa_start(rt, fetch, argv[1]);
    if (r == 0)
        r = stoa_run(rt);
    stoa_free(rt);
    return r < 0;
}
