/* tool/serve/say.c -- see say.h. */
#include "tool/serve/say.h"

#include "base/str.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 }; /* less than PIPE_BUF: a pipe with any room takes it whole */

/* The lock is held, so that the room which poll(2) saw is not another thread's meanwhile. */
static bool write_line(const char *level, const char *text)
{
    char line[LINE_MAX_BYTES];
    struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
    if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT))
        return false;
    int n = snprintf(line, sizeof line, "stoa: %s%s\n", level, text);
    size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    line[len - 1] = '\n';
    return write(STDERR_FILENO, line, len) == (ssize_t)len;
}

static void say(void *ctx, enum stoa_level level, const char *text)
{
    static const char *const levels[] = { "", "warning: ", "error: " };
    struct serve_say *s = ctx;
    if (s->quiet && level != STOA_ERROR)
        return;
    pthread_mutex_lock(&s->lock);
    if (s->lost > 0) {
        char lost[80];
        snprintf(lost, sizeof lost, "%lu %s missing here: stderr did not take %s", s->lost,
                 str_counted(s->lost, "line is", "lines are"), str_counted(s->lost, "it", "them"));
        if (write_line(levels[STOA_WARNING], lost))
            s->lost = 0;
    }
    if (s->lost > 0 || !write_line(levels[level], text))
        s->lost++;
    pthread_mutex_unlock(&s->lock);
}

struct stoa_log serve_say_log(struct serve_say *s)
{
    return (struct stoa_log){ say, s };
}
