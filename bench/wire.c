/* bench/wire.c -- nanoseconds that it takes to read a request's head: as wrk, curl and a browser
 * send it. Pure user time, one thread, the best of some rounds. */
#include "wire/head.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 20, HEADS = 50000 };

static const struct {
    const char *name, *head;
} inputs[] = {
    { "wrk", "GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\n\r\n" },
    { "curl", "GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/7.88.1\r\n"
              "Accept: */*\r\n\r\n" },
    { "browser",
      "GET /assets/app-5f3c9a1b.js?v=20240611 HTTP/1.1\r\nHost: www.example.com\r\n"
      "Connection: keep-alive\r\n"
      "sec-ch-ua: \"Chromium\";v=\"124\", \"Google Chrome\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n"
      "sec-ch-ua-mobile: ?0\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
      "(KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36\r\nsec-ch-ua-platform: \"Linux\"\r\n"
      "Accept: */*\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\n"
      "Sec-Fetch-Dest: script\r\nReferer: https://www.example.com/\r\n"
      "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n"
      "If-None-Match: \"5f3c9a1b-1c2d\"\r\n"
      "Cookie: session=0f8fad5bd9cb469fa165708867284fa1; theme=dark; seen=1718093000\r\n\r\n" },
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double round_ns(struct stoa_str in, long *sum)
{
    struct head h;
    double start = now_ns();
    for (int i = 0; i < HEADS; i++) {
        head_init(&h, &head_limits_default);
        *sum += head_parse_request(&h, in) + h.count;
        __asm__ volatile("" ::: "memory");
    }
    return (now_ns() - start) / HEADS;
}

int main(void)
{
    long sum = 0;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        double best = 1e9;
        struct stoa_str in = str_of(inputs[i].head);
        for (int r = 0; r < ROUNDS; r++) {
            double ns = round_ns(in, &sum);
            best = ns < best ? ns : best;
        }
        printf("head %-8s %4zu bytes %6.0f ns\n", inputs[i].name, in.n, best);
    }
    return sum < 0;
}
