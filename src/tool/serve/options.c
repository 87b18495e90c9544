/* tool/serve/options.c -- the options of `stoa serve`, read and checked. */
#include "tool/serve/options.h"

#include "base/exit_code.h"
#include "tool/options.h"
#include "tool/serve/fault.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    LISTEN = 1,
    LAN,
    ADMIN,
    WORKERS,
    BACKLOG,
    CONNECTIONS,
    IO,
    DRAIN,
    LIST,
    SPA,
    CORS,
    CACHE,
    HEADER,
    HIDDEN,
    ECHO_BACK,
    TEXT,
    FAULT,
    HEAD_TIMEOUT,
    BODY_TIMEOUT,
    SEND_TIMEOUT,
    IDLE_TIMEOUT,
    HEAD_BYTES,
    LINE_BYTES,
    BODY_BYTES,
    ACCESS_LOG,
    SERVER_TIMING,
    DELAY,
    STAGES,
    QUIET,
    VERSION,
    HELP,
};

static const struct option table[] = {
    { .help = "Where it listens" },
    { LISTEN, 'l', "listen", "ADDR",
      "[http://|tcp://|udp://]HOST:PORT, :PORT or unix:PATH; may be repeated; port 0 picks one" },
    { LAN, 0, "lan", NULL,
      "listen on every interface, at port 8080, not only on this machine's loopback" },
    { BACKLOG, 0, "backlog", "N", "connections that may wait to be accepted (default: somaxconn)" },
    { ADMIN, 0, "admin", "ADDR",
      "live page, metrics and health of the server; HOST:PORT, :PORT (loopback) or unix:PATH" },

    { .help = "What it serves" },
    { LIST, 0, "list", NULL, "show folders without an index.html as a listing" },
    { SPA, 0, "spa", NULL, "answer unknown paths with /index.html, for single-page applications" },
    { HIDDEN, 0, "hidden", NULL, "serve dotfiles, too" },
    { CORS, 0, "cors", NULL, "let pages of other origins read the files" },
    { CACHE, 0, "cache", "SECONDS", "let clients keep files that long" },
    { HEADER, 0, "header", "'NAME: VALUE'", "a field for every response; may be repeated" },
    { TEXT, 0, "text", "STRING", "answer every request with STRING instead" },
    { ECHO_BACK, 0, "echo", NULL, "send back what comes, over tcp://, udp:// or unix: instead" },
    { FAULT, 0, "fault", "KIND[=ARG]",
      "break every reply in one way, to test clients; given once; `--fault list` names the ways" },
    { DELAY, 0, "delay", "WHERE=TIME,...",
      "be slow on purpose in accept, read, handle, core or write: handle=20ms" },

    { .help = "Limits (times: 10, 0.5, 250ms, 2m; bytes: 8192, 64K, 1M)" },
    { CONNECTIONS, 0, "max-connections", "N", "then accepting pauses (default: by ulimit -n)" },
    { HEAD_TIMEOUT, 0, "head-timeout", "TIME", "for the whole head of a request (10)" },
    { BODY_TIMEOUT, 0, "body-timeout", "TIME", "silence within the body of a request (60)" },
    { SEND_TIMEOUT, 0, "send-timeout", "TIME", "while a client takes nothing of its reply (60)" },
    { IDLE_TIMEOUT, 0, "idle-timeout", "TIME", "between two requests, and before the first (75)" },
    { LINE_BYTES, 0, "max-line", "BYTES", "of a request line or a field (8K)" },
    { HEAD_BYTES, 0, "max-head", "BYTES",
      "of the whole head, with at most 100 fields (32K, at most 65535)" },
    { BODY_BYTES, 0, "max-body", "BYTES", "of a request's body (1M)" },

    { .help = "How it runs" },
    { WORKERS, 'w', "workers", "N", "threads (default: the CPUs that it may use)" },
    { IO, 0, "io", "NAME", "uring or epoll (default: $STOA_IO, else what works here)" },
    { DRAIN, 0, "drain", "TIME", "after SIGINT or SIGTERM, for what still runs (10)" },
    { ACCESS_LOG, 0, "log", "FORMAT",
      "of the access log on stdout: none, pretty, combined, json (default: pretty on a terminal)" },
    { SERVER_TIMING, 0, "server-timing", NULL,
      "tell each client where its request's time went, in Server-Timing" },
    { STAGES, 0, "stages", "WHAT",
      "the stage clock: on, off, or the file that it writes (default: on, in a nameless one)" },
    { QUIET, 'q', "quiet", NULL, "say nothing but errors" },
    { VERSION, 'V', "version", NULL, "say which version this is" },
    { HELP, 'h', "help", NULL, "this" },
    { 0 },
};

static void show_help(void)
{
    puts("stoa serve [OPTIONS] [DIR]\n\n"
         "Hands out DIR (the current folder) over HTTP, at http://localhost:8080/ unless told\n"
         "otherwise, until Ctrl-C.");
    options_help(stdout, table);
}

static bool add_address(struct serve_options *o, const char *text)
{
    static const char *const schemes[] = { "http://", "tcp://", "udp://" };
    if (o->address_count == SERVE_ADDRESSES_MAX) {
        wrong_usage("serve", "more than %d addresses", SERVE_ADDRESSES_MAX);
        return false;
    }
    struct serve_address *a = &o->addresses[o->address_count];
    *a = (struct serve_address){ .scheme = o->echo ? SERVE_TCP : SERVE_HTTP, .text = str_of(text) };
    for (enum serve_scheme s = SERVE_HTTP; s <= SERVE_UDP; s++)
        if (str_starts(str_of(text), str_of(schemes[s]))) {
            a->scheme = s;
            a->text = str_from(str_of(text), strlen(schemes[s]));
        }
    if (a->scheme == SERVE_HTTP && a->text.p != text && str_ends(a->text, STR("/")))
        a->text.n--; /* as copied from the line that says where we listen */
    struct addr_parts parts;
    const char *why = "";
    char shown[200];
    str_escape(shown, sizeof shown, str_of(text));
    if (addr_split(a->text, &parts, &why) < 0) {
        wrong_usage("serve", "--listen %s: %s", shown, why);
        return false;
    }
    if (o->echo && a->scheme == SERVE_HTTP) {
        wrong_usage("serve", "--listen %s: --echo speaks tcp://, udp:// and unix:, not HTTP",
                    shown);
        return false;
    }
    if (o->fault.kind && a->scheme == SERVE_UDP) {
        wrong_usage("serve", "--listen %s: --fault breaks connections; a datagram has none", shown);
        return false;
    }
    if (!o->echo && !o->fault.kind && a->scheme != SERVE_HTTP) {
        wrong_usage("serve",
                    "--listen %s: only --echo speaks tcp:// and udp://, and --fault tcp://", shown);
        return false;
    }
    o->address_count++;
    return true;
}

static bool read_admin(struct serve_options *o, const char *text)
{
    struct addr_parts parts;
    const char *why = "";
    char shown[200];
    if (addr_split(str_of(text), &parts, &why) == 0) {
        o->admin = text;
        return true;
    }
    wrong_usage("serve", "--admin %s: %s", str_escape(shown, sizeof shown, str_of(text)), why);
    return false;
}

/* A field of --header: a name, a colon, a value that can stand in a head. */
static bool add_field(struct serve_options *o, const char *text)
{
    static const char *const ours[] = { "date", "connection", "content-length",
                                        "transfer-encoding" };
    struct stoa_str all = str_of(text), name = { text, str_find(all, ':') };
    bool fine = name.n > 0 && name.n < all.n;
    for (size_t i = 0; i < name.n; i++)
        fine = fine && (strchr("!#$%&'*+-.^_`|~", text[i]) || (text[i] >= '0' && text[i] <= '9') ||
                        (str_lower(text[i]) >= 'a' && str_lower(text[i]) <= 'z'));
    for (size_t i = name.n; i < all.n; i++)
        fine = fine && ((unsigned char)text[i] >= 0x20 || text[i] == '\t') && text[i] != 0x7f;
    if (!fine) {
        char shown[200];
        wrong_usage("serve", "--header %s: 'Name: value' is wanted",
                    str_escape(shown, sizeof shown, all));
        return false;
    }
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (str_eq_nocase(name, str_of(ours[i]))) {
            wrong_usage("serve", "--header: %s is the server's own", ours[i]);
            return false;
        }
    buf_str(&o->fields, name);
    buf_str(&o->fields, STR(": "));
    buf_str(&o->fields, str_trim(str_from(all, name.n + 1)));
    buf_str(&o->fields, STR("\r\n"));
    return true;
}

static bool read_log(struct serve_options *o, const struct option_found *found)
{
    static const char *const names[] = { "none", "pretty", "combined", "json" };
    for (enum log_format l = LOG_NONE; l <= LOG_JSON; l++)
        if (strcmp(found->value, names[l]) == 0) {
            o->log = l;
            return true;
        }
    char text[100];
    wrong_usage("serve", "--log %s: none, pretty, combined or json is wanted",
                str_escape(text, sizeof text, str_of(found->value)));
    return false;
}

static bool read_io(struct serve_options *o, const char *from, const char *value)
{
    if (strcmp(value, "uring") == 0 || strcmp(value, "epoll") == 0) {
        o->io = value;
        return true;
    }
    char text[100];
    wrong_usage("serve", "%s %s: uring or epoll is wanted", from,
                str_escape(text, sizeof text, str_of(value)));
    return false;
}

/* Not the last one wins, as with other options: two faults read as if both were to strike. */
static bool read_fault(struct serve_options *o, const char *value)
{
    char given[SERVE_FAULT_BYTES], shown[SERVE_FAULT_BYTES];
    struct mischief fault = { 0 };
    if (!serve_fault_read(value, &fault))
        return false;
    if (o->fault.kind) {
        wrong_usage("serve",
                    "--fault %s: replies are broken in one way, %s was given already; start "
                    "another server for the second",
                    serve_fault_text(&fault, shown), serve_fault_text(&o->fault, given));
        return false;
    }
    o->fault = fault;
    return true;
}

/* The addresses as they were given, until it is known whether --echo is there. */
struct given {
    const char *addresses[SERVE_ADDRESSES_MAX + 1];
    int count;
    bool lan;
};

/* At least a millisecond: 0 would read as "never" to some and as "at once" to others. */
static bool read_timeout(const struct option_reader *r, const struct option_found *f,
                         stoa_time *ret)
{
    if (!option_seconds(r, f, ret))
        return false;
    if (*ret < STOA_MS) {
        wrong_usage("serve", "%s: at least 1ms is wanted", f->name);
        return false;
    }
    return true;
}

static bool read_bytes(const struct option_reader *r, const struct option_found *f, uint64_t least,
                       uint64_t most, uint64_t *ret)
{
    if (!option_bytes(r, f, ret))
        return false;
    if (*ret < least || *ret > most) {
        wrong_usage("serve", "%s: from %llu to %llu bytes are wanted", f->name,
                    (unsigned long long)least, (unsigned long long)most);
        return false;
    }
    return true;
}

static bool read_limit(const struct option_reader *r, const struct option_found *f,
                       struct serve_options *o)
{
    switch (f->id) {
    case HEAD_TIMEOUT: return read_timeout(r, f, &o->http.head_within);
    case BODY_TIMEOUT: return read_timeout(r, f, &o->http.body_within);
    case SEND_TIMEOUT: return read_timeout(r, f, &o->http.send_within);
    case IDLE_TIMEOUT: return read_timeout(r, f, &o->idle);
    case DRAIN: return option_seconds(r, f, &o->drain);
    case BODY_BYTES: return read_bytes(r, f, 1, INT64_MAX, &o->http.body_max);
    case LINE_BYTES: return read_bytes(r, f, 64, HEAD_BYTES_MAX, &o->http.line_max);
    case HEAD_BYTES: return read_bytes(r, f, 64, HEAD_BYTES_MAX, &o->http.head_max);
    default: return false;
    }
}

static bool read_number(const struct option_reader *r, const struct option_found *f, uint64_t least,
                        uint64_t most, int *ret)
{
    uint64_t n;
    if (!option_number(r, f, least, most, &n))
        return false;
    *ret = (int)n;
    return true;
}

static bool read_one(const struct option_reader *r, const struct option_found *f,
                     struct serve_options *o, struct given *given)
{
    switch (f->id) {
    case 0:
        if (o->dir) {
            wrong_usage("serve", "one folder can be served, not two");
            return false;
        }
        o->dir = f->value;
        return true;
    case LISTEN:
        if (given->count <= SERVE_ADDRESSES_MAX)
            given->addresses[given->count++] = f->value;
        return true;
    case LAN: return given->lan = true;
    case ADMIN: return read_admin(o, f->value);
    case LIST: return o->files.list = true;
    case SPA: return o->files.spa = true;
    case CORS: return o->files.cors = true;
    case HIDDEN: return o->files.hidden = true;
    case ECHO_BACK: return o->echo = true;
    case DELAY: return serve_delay_read(r, f, &o->delay);
    case SERVER_TIMING: return o->http.server_timing = true;
    case STAGES: o->stages = strcmp(f->value, "on") == 0 ? NULL : f->value; return true;
    case QUIET: return o->quiet = true;
    case TEXT: o->text = f->value; return true;
    case FAULT: return read_fault(o, f->value);
    case HEADER: return add_field(o, f->value);
    case ACCESS_LOG: return read_log(o, f);
    case IO: return read_io(o, "--io", f->value);
    case CACHE: return read_number(r, f, 0, 365 * 86400, &o->files.cache_s);
    case WORKERS: return read_number(r, f, 1, 1024, &o->workers);
    case BACKLOG: return read_number(r, f, 1, INT32_MAX, &o->backlog);
    case CONNECTIONS: return read_number(r, f, 1, INT32_MAX, &o->connections_max);
    default: return read_limit(r, f, o);
    }
}

static bool has_delay(const struct serve_delay *d)
{
    return d->accept || d->read || d->handle || d->core || d->write;
}

static bool check_together(struct serve_options *o, struct given *given)
{
    if (o->echo && o->text)
        wrong_usage("serve", "--echo and --text do not go together");
    else if (o->fault.kind && (o->echo || o->text))
        wrong_usage("serve", "--fault has replies of its own: leave --%s out",
                    o->echo ? "echo" : "text");
    else if (o->fault.kind && o->workers)
        wrong_usage("serve", "--fault runs on one worker, so that its counts are exact: leave "
                             "--workers out");
    else if (o->dir && o->fault.kind)
        wrong_usage("serve", "--fault serves no folder: leave the folder out");
    else if (o->dir && (o->echo || o->text))
        wrong_usage("serve", "--%s serves no folder: leave %s out", o->echo ? "echo" : "text",
                    "the folder");
    else if (given->lan && given->count)
        wrong_usage("serve", "--lan goes without --listen: give --listen :PORT instead");
    else if (has_delay(&o->delay) && (o->echo || o->fault.kind))
        wrong_usage("serve", "--delay is for requests over HTTP: leave --%s out",
                    o->echo ? "echo" : "fault");
    else if (o->http.server_timing && o->stages && strcmp(o->stages, "off") == 0)
        wrong_usage("serve",
                    "--server-timing tells what the stage clock says: leave out --stages off");
    else if (o->admin && o->stages && strcmp(o->stages, "off") == 0)
        wrong_usage("serve", "--admin shows what the stage clock says: leave out --stages off");
    else if (o->stages && !*o->stages)
        wrong_usage("serve", "--stages: on, off or the name of a file is wanted");
    else
        return true;
    return false;
}

/* What a fault keeps open on purpose need not be waited for. */
static void settle_fault(struct serve_options *o)
{
    if (o->drain < 0)
        o->drain = o->fault.kind ? 0 : 10 * STOA_SEC;
    if (o->fault.kind)
        o->workers = 1;
}

static bool settle_addresses(struct serve_options *o, struct given *given)
{
    o->addresses_given = given->count > 0 || given->lan;
    if (given->count == 0)
        given->addresses[given->count++] = given->lan ? ":8080" : "localhost:8080";
    for (int i = 0; i < given->count; i++)
        if (!add_address(o, given->addresses[i]))
            return false;
    return true;
}

bool serve_options_read(struct serve_options *o, char **args, int *exit_code)
{
    struct option_reader reader;
    struct option_found found = { 0 };
    struct given given = { .count = 0 };
    int r;
    o->drain = -1;
    o->idle = 75 * STOA_SEC;
    o->files.root = o->files.cache_s = -1;
    o->log = isatty(STDOUT_FILENO) ? LOG_PRETTY : LOG_NONE;
    buf_init(&o->fields, &mem_default, NULL, 0);
    *exit_code = EXIT_USAGE;
    options_start(&reader, "serve", table, args);
    while ((r = options_next(&reader, &found)) > 0) {
        if (found.id == HELP || found.id == VERSION) {
            *exit_code = EXIT_FINE;
            found.id == HELP ? show_help() : (void)puts("stoa " STOA_VERSION);
            return false;
        }
        if (found.id == FAULT && strcmp(found.value, "list") == 0) {
            *exit_code = EXIT_FINE;
            serve_fault_list();
            return false;
        }
        if (!read_one(&reader, &found, o, &given))
            return false;
    }
    const char *io = getenv("STOA_IO");
    if (r == 0 && !o->io && io && *io && !read_io(o, "STOA_IO", io))
        return false;
    o->http.fields = buf_slice(&o->fields);
    if (r < 0 || !check_together(o, &given))
        return false;
    settle_fault(o);
    return settle_addresses(o, &given);
}

void serve_options_done(struct serve_options *o)
{
    buf_done(&o->fields);
}
