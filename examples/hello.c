/* An HTTP server whose every answer is one function. Run it, then open http://localhost:8080/, or
 * give it another address:  hello 127.0.0.1:9000   hello unix:/tmp/hello */
#include <stoa/http.h>

#include <stdio.h>

static int hello(stoa_http *x, void *arg)
{
    (void)arg;
    return stoa_http_reply(x, 200, "text/plain", "hello\n", 6);
}

int main(int argc, char **argv)
{
    const char *addr = argc > 1 ? argv[1] : "localhost:8080";
    stoa_rt *rt = NULL;
    int r = stoa_new(&rt, &(struct stoa_options){ 0 });
    if (r == 0)
        r = stoa_http_listen(rt, &(struct stoa_http_listen){ .addr = addr, .handler = hello });
    if (r == 0) {
        printf("listening on %s\n", addr);
        fflush(stdout);
        r = stoa_run(rt);
    }
    if (r < 0)
        fprintf(stderr, "hello: %s: %s\n", addr, stoa_strerror(r));
    stoa_free(rt);
    return r < 0;
}
