/* tool/terminal.c -- see terminal.h. termios(3), console_codes(4), xterm's "ctlseqs". */
#include "tool/terminal.h"

#include "base/str.h"
#include "base/sys.h"
#include "io/io.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    SIDE_MAX = 1000,            /* rows, and columns: more is no terminal's size */
    ESC_WAIT_NS = 50 * STOA_MS, /* what follows an ESC in a sequence comes at once */
};

/* Alternate screen, no cursor, no wrapping at the right edge; and back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l\033[0m\033[2J"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"

/* ---- what the environment says of it ---- */

static bool env_has(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

/* Which characters it shows is the user's locale; its name says so even where it is not installed. */
static bool has_utf8(void)
{
    const char *names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (int i = 0; i < 3; i++) {
        if (!env_has(names[i]))
            continue;
        const char *dot = strchr(getenv(names[i]), '.');
        struct stoa_str set = str_of(dot ? dot + 1 : "");
        set.n = str_find(set, '@');
        return str_eq_nocase(set, STR("UTF-8")) || str_eq_nocase(set, STR("utf8"));
    }
    return false;
}

static bool can_place_cursor(void)
{
    return env_has("TERM") && strcmp(getenv("TERM"), "dumb") != 0;
}

static void read_size(int *rows, int *columns)
{
    struct winsize w;
    bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0;
    *rows = !is_known ? 24 : w.ws_row < SIDE_MAX ? w.ws_row : SIDE_MAX;
    *columns = !is_known ? 80 : w.ws_col < SIDE_MAX ? w.ws_col : SIDE_MAX;
}

/* ---- taken and given back ---- */

/* Whole, whatever the terminal takes at a time; a terminal that is gone is seen by terminal_wait. */
static void write_all(const char *text, size_t n)
{
    while (n > 0) {
        ssize_t r = sys_size(write(STDOUT_FILENO, text, n));
        struct pollfd fd = { .fd = STDOUT_FILENO, .events = POLLOUT };
        if (r == -EAGAIN)
            poll(&fd, 1, -1);
        else if (r < 0 && r != -EINTR)
            return;
        text += r > 0 ? r : 0;
        n -= r > 0 ? (size_t)r : 0;
    }
}

static void enter(struct terminal *t)
{
    struct termios raw = t->before;
    cfmakeraw(&raw);
    raw.c_oflag = t->before.c_oflag;
    tcsetattr(t->in, TCSADRAIN, &raw);
    write_all(ENTER, strlen(ENTER));
    cells_forget(&t->shown);
    t->is_ours = true;
}

static void leave(struct terminal *t)
{
    if (!t->is_ours)
        return;
    write_all(LEAVE, strlen(LEAVE));
    /* What was typed and not read is not for the shell. */
    tcsetattr(t->in, TCSAFLUSH, &t->before);
    t->is_ours = false;
}

static int open_keys(struct terminal *t)
{
    t->in = STDIN_FILENO;
    t->owns_in = !isatty(STDIN_FILENO);
    if (t->owns_in)
        t->in = open("/dev/tty", O_RDWR | O_CLOEXEC);
    int r = t->in < 0 ? -ENOTTY : sys_int(tcgetattr(t->in, &t->before));
    if (r < 0 && t->owns_in && t->in >= 0)
        close(t->in);
    return r;
}

static int open_signals(struct terminal *t)
{
    static const int ours[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH };
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        sigaddset(&set, ours[i]);
    t->signals = sys_int(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (t->signals < 0)
        return t->signals;
    sigprocmask(SIG_BLOCK, &set, &t->mask_before);
    return 0;
}

int terminal_open(struct terminal *t)
{
    *t = (struct terminal){ 0 };
    if (!isatty(STDOUT_FILENO) || !can_place_cursor())
        return -ENOTTY;
    t->style.has_utf8 = has_utf8();
    t->style.has_color = !env_has("NO_COLOR"); /* https://no-color.org */
    int r = open_keys(t);
    if (r < 0)
        return r;
    r = open_signals(t);
    if (r < 0) {
        if (t->owns_in)
            close(t->in);
        return r;
    }
    if (!terminal_page(t)) {
        terminal_close(t);
        return -ENOMEM;
    }
    enter(t);
    return 0;
}

void terminal_close(struct terminal *t)
{
    leave(t);
    close(t->signals);
    if (t->owns_in)
        close(t->in);
    cells_done(&t->shown);
    cells_done(&t->page);
    if (!t->is_gone)
        sigprocmask(SIG_SETMASK, &t->mask_before, NULL);
}

void terminal_suspend(struct terminal *t)
{
    sigset_t set;
    leave(t);
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    kill(0, SIGTSTP); /* the whole pipeline, as the terminal itself would */
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL); /* continued */
    enter(t);
}

/* ---- the page ---- */

struct cells *terminal_page(struct terminal *t)
{
    int rows, columns;
    read_size(&rows, &columns);
    bool is_same = t->page.at && rows == t->page.rows && columns == t->page.columns;
    if (!is_same) {
        struct cells page = { 0 }, shown = { 0 };
        if (cells_resize(&page, rows, columns) == 0 && cells_resize(&shown, rows, columns) == 0) {
            cells_done(&t->page);
            cells_done(&t->shown);
            t->page = page;
            t->shown = shown;
            terminal_redraw(t);
        } else {
            cells_done(&page);
        }
    }
    if (!t->page.at)
        return NULL;
    cells_clear(&t->page);
    return &t->page;
}

void terminal_redraw(struct terminal *t)
{
    cells_forget(&t->shown);
}

void terminal_show(struct terminal *t)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return; /* memory is short: the next one, perhaps */
    cells_update(&t->shown, &t->page, &t->style, to);
    if (fclose(to) == 0)
        write_all(text, n);
    else
        cells_forget(&t->shown);
    free(text);
}

/* ---- what comes ---- */

static void take_input(struct terminal *t, size_t n)
{
    t->input_bytes -= n;
    memmove(t->input, t->input + n, t->input_bytes);
}

/* returns the next key of what was read, KEY_MORE when there is none. */
static int next_key(struct terminal *t, bool is_all)
{
    size_t used = 0;
    if (t->input_bytes == 0)
        return KEY_MORE;
    int key = key_decode(t->input, t->input_bytes, is_all, &used);
    if (key != KEY_MORE)
        take_input(t, used);
    return key;
}

/* returns the event; 0 = none. */
static int next_signal(struct terminal *t)
{
    struct signalfd_siginfo info;
    if (read(t->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return 0;
    switch (info.ssi_signo) {
    case SIGWINCH: return TERMINAL_RESIZED;
    case SIGTSTP: terminal_suspend(t); return TERMINAL_RESIZED;
    case SIGCONT: enter(t); return TERMINAL_RESIZED; /* whoever stopped us may have changed it */
    default: return TERMINAL_ENDED;
    }
}

/* returns false: the terminal is gone. */
static bool read_input(struct terminal *t)
{
    ssize_t n = sys_size(read(t->in, t->input + t->input_bytes, sizeof t->input - t->input_bytes));
    if (n > 0)
        t->input_bytes += (size_t)n;
    return n > 0 || n == -EAGAIN || n == -EINTR;
}

/* returns what poll(2) does. */
static int poll_until(struct terminal *t, struct pollfd fds[2], stoa_time until)
{
    const struct io_sys *sys = io_sys_kernel();
    stoa_time left = t->input_bytes > 0 ? ESC_WAIT_NS : until - sys->moment(sys);
    if (left < 0)
        left = 0;
    struct timespec wait = { left / STOA_SEC, left % STOA_SEC };
    return sys_int(ppoll(fds, 2, &wait, NULL));
}

int terminal_wait(struct terminal *t, stoa_time until)
{
    for (;;) {
        struct pollfd fds[2] = { { .fd = t->in, .events = POLLIN },
                                 { .fd = t->signals, .events = POLLIN } };
        int event = next_key(t, false);
        if (event != KEY_MORE)
            return event;
        int r = poll_until(t, fds, until);
        if (r == 0)
            return t->input_bytes > 0 ? next_key(t, true) : TERMINAL_TIME;
        if (r > 0 && fds[1].revents && (event = next_signal(t)) > 0)
            return event;
        t->is_gone = r > 0 && fds[0].revents && !read_input(t);
        if (t->is_gone)
            return TERMINAL_ENDED;
    }
}
