/* tool/call/body.c -- the body that -d gives, put together before anything else is done: its length
 * stands in the head of the request. Files are waited for with poll(2), so that a FIFO that nobody
 * writes to, or a silent standard input, takes no longer than -m allows. */
#include "base/cause.h"
#include "base/error.h"
#include "base/exit_code.h"
#include "base/sys.h"
#include "tool/call/run.h"
#include "tool/call/words.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum { STEP = 65536, SHOWN_BYTES = 200 };

/* returns 0 = there is something, if only the end; -ETIMEDOUT. */
static int wait_readable(int fd, stoa_time until)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int r;
    do {
        int ms = call_poll_ms(until, call_clock());
        if (ms == 0)
            return -ETIMEDOUT;
        r = sys_int(poll(&p, 1, ms));
    } while (r == 0 || r == -EINTR);
    return r < 0 ? r : 0;
}

static int read_all(struct buf *to, int fd, stoa_time until)
{
    for (;;) {
        int r = wait_readable(fd, until);
        char *at = buf_room(to, STEP);
        ssize_t n = r < 0 ? r : at ? sys_size(read(fd, at, STEP)) : -ENOMEM;
        if (n <= 0 && n != -EINTR && n != -EAGAIN)
            return (int)n;
        to->n += n > 0 ? (size_t)n : 0;
    }
}

/* Not waiting in open(2) either, as that of a FIFO does until somebody writes to it. */
static int open_file(const char *path)
{
    if (strcmp(path, "-") == 0)
        return STDIN_FILENO;
    return sys_int(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

static bool cannot_read(struct call *c, const char *path, size_t came, int err)
{
    char shown[SHOWN_BYTES], bytes[CALL_WORD_BYTES], detail[SHOWN_BYTES + 100];
    bool is_stdin = strcmp(path, "-") == 0;
    str_escape(shown, sizeof shown, str_of(is_stdin ? "standard input" : path));
    if (err == -ETIMEDOUT) {
        snprintf(detail, sizeof detail, "reading the body from %s took too long: %s came%s", shown,
                 came ? call_bytes(bytes, came) : "nothing", came ? ", and no end" : "");
        call_fail(c, stoa_cause_find("request.body_late"), err, detail);
    } else {
        call_trouble(c, EXIT_USAGE, "cannot read %s: %s (%s)", shown, stoa_strerror(err),
                     error_name(err));
    }
    return false;
}

static bool add_file(struct call *c, const char *path)
{
    size_t before = c->o.body.n;
    int fd = open_file(path);
    int r = fd < 0 ? fd : read_all(&c->o.body, fd, c->end.when);
    if (fd > STDIN_FILENO)
        close(fd);
    return r == 0 || cannot_read(c, path, c->o.body.n - before, r);
}

bool call_body(struct call *c)
{
    const char *const *data = (const char *const *)(const void *)c->o.data.p;
    struct buf *body = &c->o.body;
    for (size_t i = 0; i < c->o.data.n / sizeof *data; i++) {
        if (i > 0)
            buf_str(body, STR("&"));
        if (data[i][0] != '@')
            buf_str(body, str_of(data[i]));
        else if (!add_file(c, data[i] + 1))
            return false;
    }
    if (c->o.words)
        buf_str(body, str_of(c->o.words));
    if (body->failed || c->o.data.failed)
        call_trouble(c, EXIT_INTERNAL, "there is no memory for the data");
    return !body->failed && !c->o.data.failed;
}
