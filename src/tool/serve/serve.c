/* tool/serve/serve.c -- `stoa serve`: options, folder, runtime, listeners, signals; then it runs. */
#include "app/builtin.h"
#include "app/delay.h"
#include "app/files.h"
#include "app/log.h"
#include "app/mischief_serve.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/exit_code.h"
#include "base/sys.h"
#include "net/gauges.h"
#include "tool/commands.h"
#include "tool/options.h"
#include "tool/serve/fault.h"
#include "tool/serve/listen.h"
#include "tool/serve/options.h"
#include "tool/serve/say.h"
#include "tool/serve/systemd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct serving {
    struct serve_options o;
    stoa_rt *rt;
    struct files *files;
    struct delays delays;
    struct text *text;
    struct access_log *log;
    struct admin *admin; /* NULL = none */
    struct buf said;     /* where it listens, until that is printed */
};

/* What the signal handler needs; a command runs once in its process. */
static struct {
    stoa_rt *rt;
    stoa_time drain;
    struct systemd_notify notify;
    volatile sig_atomic_t stops;
} on_signal;

static void stop(int sig)
{
    (void)sig;
    if (on_signal.stops++ == 0)
        systemd_notify_say(on_signal.notify, "STOPPING=1");
    stoa_stop(on_signal.rt, on_signal.stops == 1 ? on_signal.drain : 0);
}

static void listen_to_signals(const struct serving *s, struct systemd_notify notify)
{
    struct sigaction action = { .sa_handler = stop, .sa_flags = SA_RESTART };
    on_signal.rt = s->rt;
    on_signal.drain = s->o.drain;
    on_signal.notify = notify;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Its runtime is going to be freed: a signal that comes now has nothing left to stop. */
static void ignore_signals(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
}

static int open_folder(struct serve_options *o)
{
    const char *dir = o->dir ? o->dir : ".";
    char shown[300];
    int r = sys_int(open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (r >= 0) {
        o->files.root = r;
        return EXIT_FINE;
    }
    str_escape(shown, sizeof shown, str_of(dir));
    if (r == -ENOTDIR)
        fprintf(stderr, "stoa: cannot serve %s: it is not a folder\n  try: the folder it is in\n",
                shown);
    else if (r == -ENOENT)
        fprintf(stderr, "stoa: cannot serve %s: there is no such folder\n  try: ls -ld %s\n", shown,
                shown);
    else
        fprintf(stderr, "stoa: cannot serve %s: %s (%s)\n", shown, stoa_strerror(r), error_name(r));
    return r == -EACCES ? EXIT_PERMISSION : EXIT_USAGE;
}

/* Every connection is a descriptor: take what the administrator allows. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int cannot(const char *what, int err)
{
    fprintf(stderr, "stoa: cannot %s: %s (%s)\n", what, stoa_strerror(err), error_name(err));
    return EXIT_INTERNAL;
}

static int no_io(const struct serve_options *o, int err)
{
    fprintf(stderr, "stoa: cannot use %s: %s (%s)\n", o->io ? o->io : "io_uring or epoll",
            stoa_strerror(err), error_name(err));
    if (o->io && strcmp(o->io, "uring") == 0)
        fprintf(stderr, "  try: --io epoll; sysctl kernel.io_uring_disabled and `ulimit -l` say "
                        "whether io_uring is allowed here\n");
    return EXIT_INTERNAL;
}

static int open_runtime(struct serving *s, const struct stoa_log *log)
{
    const struct serve_options *o = &s->o;
    struct stoa_options opt = { .cores = o->workers, .io = o->io, .log = log, .stages = o->stages };
    int r = stoa_new(&s->rt, &opt);
    if (r < 0)
        return no_io(o, r);
    if (o->connections_max) {
        int cores = rt_cores(s->rt);
        stoa_free(s->rt);
        s->rt = NULL;
        opt.conns_max = (o->connections_max + cores - 1) / cores;
        r = stoa_new(&s->rt, &opt);
    }
    return r < 0 ? no_io(o, r) : EXIT_FINE;
}

/* A file that was asked for by name must be there; without a nameless one serving goes on. */
static int open_stages(const struct serving *s)
{
    char shown[300];
    int r = s->o.stages ? rt_stages_open(s->rt) : 0;
    if (r == 0)
        return EXIT_FINE;
    str_escape(shown, sizeof shown, str_of(s->o.stages));
    fprintf(stderr, "stoa: cannot make the stages' file %s: %s (%s)\n", shown, stoa_strerror(r),
            error_name(r));
    if (r == -EEXIST)
        fputs("  something else is there; try: another name, as --stages /run/user/1000/stoa\n",
              stderr);
    return r == -EACCES || r == -EPERM ? EXIT_PERMISSION : EXIT_USAGE;
}

/* Delays stand around what serves. */
static void delay(struct serving *s, struct listener_options *http)
{
    const struct serve_delay *d = &s->o.delay;
    http->accept_late = d->accept;
    http->read_late = d->read;
    if (!d->core)
        return;
    http->serve = delay_serve;
    http->arg = &s->delays;
}

static void delay_handler(struct serving *s)
{
    const struct serve_delay *d = &s->o.delay;
    struct http_service *http = &s->o.http;
    s->delays = (struct delays){ .handle = d->handle,
                                 .core = d->core,
                                 .service = http,
                                 .handler = http->handler,
                                 .arg = http->arg };
    http->write_late = d->write;
    if (!d->handle)
        return;
    http->handler = delay_handle;
    http->arg = &s->delays;
}

/* What answers over HTTP: the text, the folder, or nothing (echo, faults). */
static int open_handler(struct serving *s)
{
    struct serve_options *o = &s->o;
    int r = 0;
    if (o->text) {
        r = text_new(&s->text, str_of(o->text), &mem_default);
        o->http.handler = text_serve;
        o->http.arg = s->text;
    } else if (!o->echo && !o->fault.kind) {
        int exit_code = open_folder(o);
        if (exit_code)
            return exit_code;
        o->files.cores = rt_cores(s->rt);
        r = files_new(&s->files, &o->files);
        o->http.handler = files_serve;
        o->http.arg = s->files;
    }
    delay_handler(s);
    if (r == 0)
        r = http_service_init(&o->http, rt_cores(s->rt), &mem_default);
    return r < 0 ? cannot("start", r) : EXIT_FINE;
}

static int open_log(struct serving *s, const struct stoa_log *log)
{
    struct serve_options *o = &s->o;
    const char *no_color = getenv("NO_COLOR");
    if (o->log == LOG_NONE || o->echo || o->fault.kind)
        return EXIT_FINE;
    int r = log_new(
        &s->log, &(struct log_options){ .format = o->log,
                                        .fd = STDOUT_FILENO,
                                        .color = isatty(STDOUT_FILENO) && !(no_color && *no_color),
                                        .cores = rt_cores(s->rt),
                                        .log = log });
    if (r < 0)
        return cannot("start the access log", r);
    o->http.observer = log_observer(s->log);
    return EXIT_FINE;
}

static struct serve_services services(struct serve_options *o)
{
    if (o->fault.kind)
        return (struct serve_services){ mischief_listening(&o->fault, MISCHIEF_HTTP, o->backlog),
                                        mischief_listening(&o->fault, MISCHIEF_RAW, o->backlog) };
    return (struct serve_services){
        .http = { .backlog = o->backlog,
                  .idle = o->idle,
                  .serve = http_serve,
                  .arg = &o->http,
                  .stamps = true,
                  .scheme = "http://" },
        .raw = { .backlog = o->backlog, .idle = STOA_NEVER, .serve = echo_serve, .greet = true },
    };
}

static void warn_of_fault(const struct serve_options *o)
{
    char text[SERVE_FAULT_BYTES];
    if (o->fault.kind && !o->quiet)
        fprintf(stderr, "stoa: every reply is broken on purpose: %s\n",
                serve_fault_text(&o->fault, text));
}

static int serve(struct serving *s, const struct stoa_log *log, int sockets)
{
    int exit_code = open_runtime(s, log);
    if (!exit_code)
        exit_code = open_stages(s);
    if (!exit_code)
        exit_code = open_handler(s);
    if (!exit_code)
        exit_code = open_log(s, log);
    if (exit_code)
        return exit_code;
    struct serve_services how = services(&s->o);
    delay(s, &how.http);
    exit_code = serve_listen(s->rt, &s->o, &how, sockets, &s->said);
    if (!exit_code)
        exit_code = serve_listen_admin(s->rt, &s->o, &s->admin, &s->said);
    if (exit_code)
        return exit_code;
    int r = s->admin ? admin_start(s->admin) : gauges_add(s->rt, s->rt);
    if (r < 0)
        return cannot("start", r);
    struct systemd_notify notify = systemd_notify_open();
    listen_to_signals(s, notify);
    if (!s->o.quiet)
        fwrite(s->said.p, 1, s->said.n, stderr);
    warn_of_fault(&s->o);
    systemd_notify_say(notify, "READY=1");
    r = stoa_run(s->rt);
    ignore_signals();
    return r < 0 ? cannot("go on", r) : EXIT_FINE;
}

static void done(struct serving *s)
{
    admin_free(s->admin);
    stoa_free(s->rt);
    http_service_done(&s->o.http);
    files_free(s->files);
    text_free(s->text);
    log_free(s->log);
    if (s->o.files.root >= 0)
        close(s->o.files.root);
    buf_done(&s->said);
    serve_options_done(&s->o);
}

int command_serve(char **args)
{
    struct serving *s = mem_zalloc(&mem_default, sizeof *s);
    if (!s)
        return cannot("start", -ENOMEM);
    struct serve_say say = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct stoa_log log = serve_say_log(&say);
    int exit_code;
    buf_init(&s->said, &mem_default, NULL, 0);
    if (serve_options_read(&s->o, args, &exit_code)) {
        int sockets = systemd_sockets();
        say.quiet = s->o.quiet;
        raise_descriptor_limit();
        exit_code = serve(s, &log, sockets);
    }
    done(s);
    mem_free(&mem_default, s, sizeof *s);
    return exit_code;
}
