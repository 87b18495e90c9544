/* The access log's thread: what comes out of it, and what becomes of lines that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/log.h"
#include "support/flaky.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WITHIN_MS = 30000 };

/* ---- who hears of losses ---- */

struct heard {
    struct stoa_log log;
    pthread_mutex_t lock;
    unsigned long long dropped, failed;
    int times;
    char last[256];
    int bell[2]; /* a byte for each time */
};

static void hear(void *ctx, enum stoa_level level, const char *text)
{
    struct heard *h = ctx;
    unsigned long long n;
    assert_int_equal(level, STOA_WARNING);
    pthread_mutex_lock(&h->lock);
    if (sscanf(text, "log.dropped: %llu lines", &n) == 1)
        h->dropped += n;
    else if (sscanf(text, "log.failed: %llu lines", &n) == 1)
        h->failed += n;
    h->times++;
    snprintf(h->last, sizeof h->last, "%s", text);
    pthread_mutex_unlock(&h->lock);
    assert_int_equal(write(h->bell[1], "", 1), 1);
}

static void heard_init(struct heard *h)
{
    *h = (struct heard){ .log = { hear, h } };
    pthread_mutex_init(&h->lock, NULL);
    assert_int_equal(pipe2(h->bell, O_CLOEXEC), 0);
}

static void heard_done(struct heard *h)
{
    close(h->bell[0]);
    close(h->bell[1]);
    pthread_mutex_destroy(&h->lock);
}

static void wait_until_heard(const struct heard *h)
{
    struct pollfd in = { h->bell[0], POLLIN, 0 };
    assert_int_equal(poll(&in, 1, WITHIN_MS), 1);
}

static struct access_log *open_log(int fd, int cores, size_t room, struct heard *h)
{
    struct access_log *l;
    const struct log_options opt = {
        .format = LOG_PRETTY, .fd = fd, .cores = cores, .room = room, .log = &h->log
    };
    heard_init(h);
    assert_int_equal(log_new(&l, &opt), 0);
    return l;
}

static void add(struct access_log *l, int core, int number)
{
    char text[64];
    snprintf(text, sizeof text, "GET /%d-%d HTTP/1.1", core, number);
    const struct log_entry e = { .peer = STR("::1"), .line = str_of(text), .status = 200 };
    log_add(l, core, &e);
}

/* ---- reading the output ---- */

/* Reads a line, waiting for it. returns false at the end. */
static bool read_line(int fd, char *to, size_t room)
{
    size_t n = 0;
    while (n < room - 1) {
        struct pollfd in = { fd, POLLIN, 0 };
        assert_int_equal(poll(&in, 1, WITHIN_MS), 1);
        if (read(fd, to + n, 1) <= 0)
            return false;
        if (to[n] == '\n')
            break;
        n++;
    }
    to[n] = 0;
    return true;
}

static void expect_line(int fd, int core, int number)
{
    char text[256], expected[64];
    assert_true(read_line(fd, text, sizeof text));
    snprintf(expected, sizeof expected, "00:00:00 200 GET /%d-%d 0 B 0.00 ms ::1", core, number);
    assert_string_equal(text, expected);
}

static void open_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
}

static void close_both(int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

/* ---- the tests ---- */

/* Each line comes by itself, without another one behind it, and without the log being closed: also
 * to a thread that has fallen asleep, since nothing came for longer than it rests. */
static void a_line_comes_at_once(void **state)
{
    (void)state;
    struct heard h;
    int ends[2];
    open_pipe(ends);
    struct access_log *l = open_log(ends[1], 2, 0, &h);
    struct pollfd in = { ends[0], POLLIN, 0 };
    for (int i = 0; i < 10; i++) {
        if (i % 3 == 0)
            assert_int_equal(poll(&in, 1, 3 * LOG_REST_MS), 0);
        add(l, i & 1, i);
        expect_line(ends[0], i & 1, i);
    }
    log_free(l);
    assert_int_equal(h.times, 0);
    close_both(ends);
    heard_done(&h);
}

struct reader {
    int fd, next[4];
};

static void *read_all(void *arg)
{
    struct reader *r = arg;
    FILE *file = fdopen(dup(r->fd), "r");
    char text[256];
    int core, number;
    while (fgets(text, sizeof text, file)) {
        assert_int_equal(sscanf(text, "00:00:00 200 GET /%d-%d 0 B 0.00 ms ::1", &core, &number),
                         2);
        assert_int_equal(number, r->next[core]++);
    }
    fclose(file);
    return NULL;
}

struct adder {
    struct access_log *l;
    int core, count;
};

static void *add_all(void *arg)
{
    const struct adder *a = arg;
    for (int i = 0; i < a->count; i++)
        add(a->l, a->core, i);
    return NULL;
}

/* Four cores at once: each one's lines are whole and in order, and closing writes the last. */
static void many_cores(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    struct heard h;
    struct reader r = { 0 };
    struct adder adders[4];
    pthread_t reading, adding[4];
    int ends[2];
    open_pipe(ends);
    r.fd = ends[0];
    struct access_log *l = open_log(ends[1], 4, 0, &h);
    assert_int_equal(pthread_create(&reading, NULL, read_all, &r), 0);
    for (int i = 0; i < 4; i++) {
        adders[i] = (struct adder){ l, i, COUNT };
        assert_int_equal(pthread_create(&adding[i], NULL, add_all, &adders[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(adding[i], NULL);
    log_free(l);
    close(ends[1]);
    pthread_join(reading, NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(r.next[i], COUNT);
    assert_int_equal(h.times, 0);
    close(ends[0]);
    heard_done(&h);
}

/* A reader that does not read: adding goes on, lines are dropped, and all are accounted for. */
static void a_reader_that_sleeps(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct heard h;
    char text[256];
    int ends[2], came = 0, last = -1, core, number;
    open_pipe(ends);
    struct access_log *l = open_log(ends[1], 1, 4096, &h);
    for (int i = 0; i < COUNT; i++)
        add(l, 0, i);
    log_free(l); /* which does not wait for ever */
    close(ends[1]);
    FILE *file = fdopen(ends[0], "r");
    while (fgets(text, sizeof text, file)) {
        if (!strchr(text, '\n'))
            break; /* cut short by the end, and counted */
        assert_int_equal(sscanf(text, "00:00:00 200 GET /%d-%d 0 B", &core, &number), 2);
        assert_true(number > last);
        last = number;
        came++;
    }
    assert_true(h.dropped > 0);
    assert_int_equal(came + (int)h.dropped + (int)h.failed, COUNT);
    fclose(file);
    heard_done(&h);
}

/* No reader any more: counted as failed, no signal, and adding goes on. */
static void a_reader_that_has_gone(void **state)
{
    (void)state;
    struct heard h;
    int ends[2];
    open_pipe(ends);
    close(ends[0]);
    signal(SIGPIPE, SIG_DFL);
    struct access_log *l = open_log(ends[1], 1, 0, &h);
    for (int i = 0; i < 100; i++)
        add(l, 0, i);
    log_free(l);
    assert_int_equal(h.failed, 100);
    assert_non_null(strstr(h.last, "Broken pipe"));
    close(ends[1]);
    heard_done(&h);
}

static void a_full_disk(void **state)
{
    (void)state;
    struct heard h;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        skip();
    struct access_log *l = open_log(fd, 1, 4096, &h);
    for (int i = 0; i < 1000; i++)
        add(l, 0, i);
    log_free(l);
    assert_int_equal(h.failed + h.dropped, 1000);
    assert_non_null(strstr(h.last, "log."));
    close(fd);
    heard_done(&h);
}

static void set_limit(__rlimit_resource_t resource, rlim_t soft)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(resource, &limit), 0);
    limit.rlim_cur = soft;
    assert_int_equal(setrlimit(resource, &limit), 0);
}

/* A disk that fills up and is emptied (a file that may not get larger, for a while): what was lost
 * is told, and what comes then stands on a line of its own. */
static void a_disk_that_is_full_for_a_while(void **state)
{
    (void)state;
    enum { FULL_BYTES = 1000, COUNT = 100 };
    struct heard h;
    static char text[256], bytes[8192];
    FILE *file = tmpfile();
    if (!file)
        skip();
    set_limit(RLIMIT_FSIZE, FULL_BYTES);
    struct access_log *l = open_log(fileno(file), 1, 4096, &h);
    for (int i = 0; i < COUNT; i++)
        add(l, 0, i);
    wait_until_heard(&h);
    set_limit(RLIMIT_FSIZE, RLIM_INFINITY);
    add(l, 0, COUNT);
    log_free(l);
    ssize_t n = pread(fileno(file), bytes, sizeof bytes - 1, 0);
    assert_in_range(n, FULL_BYTES, sizeof bytes);
    bytes[n] = 0;
    int lines = 0, whole = 0, last = 0;
    for (char *line = strtok(bytes, "\n"); line; line = strtok(NULL, "\n"), lines++)
        whole += sscanf(line, "00:00:00 200 GET /0-%d 0 B 0.00 ms ::%1s", &last, text) == 2;
    assert_int_equal(last, COUNT);
    assert_int_equal(whole, lines - 1);
    assert_int_equal(whole + (int)h.failed + (int)h.dropped, COUNT + 1);
    fclose(file);
    heard_done(&h);
}

static void without_memory_or_descriptors(void **state)
{
    (void)state;
    struct access_log *l;
    struct flaky flaky;
    struct rlimit limit;
    struct log_options opt = { .format = LOG_JSON, .fd = 2, .cores = 2, .mem = &flaky.mem };
    for (int left = 0; left < 3; left++) { /* itself, and two buffers */
        flaky_init(&flaky, left);
        assert_int_equal(log_new(&l, &opt), -ENOMEM);
        assert_int_equal(flaky.bytes, 0);
    }
    flaky_init(&flaky, -1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    set_limit(RLIMIT_NOFILE, 0);
    assert_int_equal(log_new(&l, &opt), -EMFILE);
    set_limit(RLIMIT_NOFILE, limit.rlim_cur);
    assert_int_equal(log_new(&l, &opt), 0);
    log_free(l);
    log_free(NULL);
    assert_int_equal(flaky.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_comes_at_once),
        cmocka_unit_test(many_cores),
        cmocka_unit_test(a_reader_that_sleeps),
        cmocka_unit_test(a_reader_that_has_gone),
        cmocka_unit_test(a_full_disk),
        cmocka_unit_test(a_disk_that_is_full_for_a_while),
        cmocka_unit_test(without_memory_or_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
