/* tool/call/options.c -- the options of `stoa call`, read and checked. */
#include "tool/call/options.h"

#include "base/error.h"
#include "base/exit_code.h"
#include "base/sys.h"
#include "tool/options.h"
#include "wire/chars.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    METHOD = 1,
    HEADER,
    DATA,
    HEAD,
    OUTPUT,
    INCLUDE,
    LOCATION,
    FAIL,
    IPV4,
    IPV6,
    RESOLVE,
    UNIX,
    MAX_TIME,
    VERBOSE,
    WALK,
    JSON,
    TIMINGS,
    IO,
    VERSION,
    HELP,
};

static const struct option table[] = {
    { .help = "What it sends" },
    { METHOD, 'X', "request", "METHOD", "the method (default: GET; POST with data)" },
    { HEADER, 'H', "header", "'NAME: VALUE'", "a field of the request; may be repeated" },
    { DATA, 'd', "data", "DATA", "the body; @FILE reads it, @- from stdin; repeated: joined by &" },
    { HEAD, 'I', "head", NULL, "ask for the head alone (HEAD), and print it" },

    { .help = "What it does with the reply" },
    { OUTPUT, 'o', "output", "FILE", "write the body there; - is stdout, even a terminal" },
    { INCLUDE, 'i', "include", NULL, "print the head of the reply before the body" },
    { LOCATION, 'L', "location", NULL, "follow redirects, at most 10" },
    { FAIL, 'f', "fail", NULL, "no body and exit code 50 for a status from 400 on" },

    { .help = "Where it connects, and for how long (times: 10, 0.5, 250ms, 2m)" },
    { IPV4, '4', "ipv4", NULL, "IPv4 addresses only" },
    { IPV6, '6', "ipv6", NULL, "IPv6 addresses only" },
    { RESOLVE, 0, "resolve", "HOST:PORT:ADDR",
      "use that address for that host and port; may be repeated" },
    { UNIX, 0, "unix", "PATH", "connect to this Unix socket, whatever the host of the URL" },
    { MAX_TIME, 'm', "max-time", "TIME",
      "for all of it, reading FILE included (default: no limit but the kernel's)" },

    { .help = "What it says of it, on stderr" },
    { VERBOSE, 'v', "verbose", NULL, "each stage as it is passed (always, when one fails)" },
    { WALK, 0, "walk", NULL,
      "when no connection comes about: find the hop that refuses or swallows" },
    { JSON, 0, "json", NULL, "the whole report as one line of JSON, and nothing else" },
    { TIMINGS, 0, "timings", NULL, "one line of numbers" },

    { .help = "How it runs" },
    { IO, 0, "io", "NAME", "uring or epoll (default: $STOA_IO, else what works here)" },
    { VERSION, 'V', "version", NULL, "say which version this is" },
    { HELP, 'h', "help", NULL, "this" },
    { 0 },
};

static void show_help(void)
{
    puts("stoa call [OPTIONS] TARGET [DATA]\n\n"
         "Makes one request and says how each stage of it went. TARGET is one of\n\n"
         "  http://HOST[:PORT]/PATH     an HTTP request; with DATA a POST\n"
         "  HOST:PORT, tcp://HOST:PORT, udp://HOST:PORT, unix:PATH\n"
         "                              DATA, or else stdin, to the peer, and back to stdout");
    options_help(stdout, table);
}

static bool bad(const char *name, const char *value, const char *want)
{
    char text[200];
    wrong_usage("call", "%s%s%s: %s", name, *name ? " " : "",
                str_escape(text, sizeof text, str_of(value)), want);
    return false;
}

/* ---- fields, method, body ---- */

static bool read_method(struct call_options *o, const char *value)
{
    struct stoa_str s = str_of(value);
    if (s.n == 0 || s.n > 32 || char_span(s, CHAR_TOKEN) < s.n)
        return bad("-X", value, "a method is one word, such as PUT");
    if (strcmp(value, "CONNECT") == 0)
        return bad("-X", value, "there are no tunnels");
    o->method = value;
    return true;
}

/* Takes "Name: value" apart, in place. */
static bool read_field(struct call_options *o, char *text)
{
    static const char *const ours[] = { "content-length", "transfer-encoding",
                                        "connection",     "upgrade",
                                        "expect",         "te",
                                        "trailer",        "keep-alive" };
    struct stoa_str all = str_of(text), name = { text, str_find(all, ':') };
    bool fine = name.n > 0 && name.n < all.n && char_span(name, CHAR_TOKEN) == name.n;
    for (size_t i = name.n; i < all.n; i++)
        fine = fine && ((unsigned char)text[i] >= 0x20 || text[i] == '\t') && text[i] != 0x7f;
    if (!fine)
        return bad("-H", text, "'Name: value' is wanted, without control characters");
    if (o->fields_count == CALL_FIELDS_MAX)
        return bad("-H", text, "at most 64 fields can be given");
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (str_eq_nocase(name, str_of(ours[i])))
            return bad("-H", text, "stoa itself sets that field, as the connection needs it");
    struct stoa_str value = str_trim(str_from(all, name.n + 1));
    text[name.n] = 0;
    text[(size_t)(value.p - text) + value.n] = 0;
    o->fields[o->fields_count++] = (struct stoa_http_field){ text, value.p };
    return true;
}

static bool has_field(const struct call_options *o, const char *name)
{
    for (int i = 0; i < o->fields_count; i++)
        if (str_eq_nocase(str_of(o->fields[i].name), str_of(name)))
            return true;
    return false;
}

static bool read_data(struct call_options *o, const char *value)
{
    o->has_body = true;
    buf_add(&o->data, &value, sizeof value);
    return true;
}

/* ---- where to ---- */

static bool is_port(const char *text)
{
    uint64_t number;
    return str_to_u64(str_of(text), &number) && number > 0;
}

/* "192.0.2.7", "2001:db8::7", "fe80::1%eth0": an IPv6 address may have a zone. */
static bool is_numeric(const char *text)
{
    char host[INET6_ADDRSTRLEN];
    struct in6_addr any;
    size_t n = str_find(str_of(text), '%');
    if (n >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)n, text);
    bool has_zone = text[n] && text[n + 1];
    return inet_pton(AF_INET6, host, &any) == 1 ? has_zone || !text[n]
                                                : !text[n] && inet_pton(AF_INET, host, &any) == 1;
}

/* Takes "HOST:PORT:ADDR" apart, in place. */
static bool read_resolve(struct call_options *o, char *text)
{
    static const char want[] = "HOST:PORT:ADDR is wanted, with a numeric address";
    char *port = strchr(text, ':'), *addr = port ? strchr(port + 1, ':') : NULL;
    struct addr_parts place;
    const char *why;
    char shown[200], host_port[300];
    snprintf(shown, sizeof shown, "%s", text);
    if (!addr || o->resolve_count == CALL_RESOLVE_MAX)
        return bad("--resolve", shown, addr ? "at most 16 can be given" : want);
    *port++ = *addr++ = 0;
    size_t n = strlen(addr);
    if (addr[0] == '[' && addr[n - 1] == ']') {
        addr[n - 1] = 0;
        addr++;
    }
    snprintf(host_port, sizeof host_port, "%s:%s", text, port);
    bool is_place = *text && addr_split(str_of(host_port), &place, &why) == 0;
    if (!is_place || !is_port(port) || !is_numeric(addr))
        return bad("--resolve", shown, want);
    o->resolve[o->resolve_count++] = (struct call_resolve){ text, port, addr };
    return true;
}

const char *call_options_at(const struct call_options *o, const struct addr_parts *place)
{
    if (o->unix_at[0])
        return o->unix_at;
    for (int i = 0; i < o->resolve_count; i++)
        if (str_eq_nocase(str_of(o->resolve[i].host), str_of(place->host)) &&
            strcmp(o->resolve[i].port, place->port) == 0)
            return o->resolve[i].addr;
    return NULL;
}

static bool read_unix(struct call_options *o, const char *path)
{
    struct addr_parts parts;
    const char *why;
    snprintf(o->unix_at, sizeof o->unix_at, "unix:%s", path);
    if (strlen(path) >= sizeof o->unix_at - 5)
        return bad("--unix", path, "the path of a Unix socket has at most 107 bytes");
    return addr_split(str_of(o->unix_at), &parts, &why) == 0 || bad("--unix", path, why);
}

/* With http:// in front of it, and what begins like a name or an IPv4 address. */
static bool could_be_url(const char *text)
{
    const char *why;
    char url[300];
    struct call_url *read = mem_alloc(&mem_default, sizeof *read);
    int n = snprintf(url, sizeof url, "http://%s", text);
    bool is_url = read && (size_t)n < sizeof url && text[0] != '-' && text[0] != '[' &&
                  call_url_read(read, str_of(url), &why);
    mem_free(&mem_default, read, sizeof *read);
    return is_url;
}

/* "host:port", ":port" for this machine, "unix:PATH". */
static bool read_place(struct call_options *o, const char *text)
{
    const char *why = "";
    if (addr_split(str_of(text), &o->place, &why) < 0) {
        char guess[300];
        bool is_meant = o->scheme == CALL_TCP && text == o->target && could_be_url(text);
        snprintf(guess, sizeof guess, "%s; did you mean http://%s?", why, text);
        return bad("", o->target, is_meant ? guess : why);
    }
    if (!o->place.is_unix && strspn(o->place.port, "0") == strlen(o->place.port))
        return bad("", o->target, "nobody can be reached on port 0");
    if (!o->place.is_unix && !o->place.host[0])
        strcpy(o->place.host, "localhost");
    bool is_v6 = strchr(o->place.host, ':');
    if (o->place.is_unix)
        snprintf(o->addr, sizeof o->addr, "unix:%s", o->place.path);
    else
        snprintf(o->addr, sizeof o->addr, "%s%s%s%s:%s", o->scheme == CALL_UDP ? "udp://" : "",
                 is_v6 ? "[" : "", o->place.host, is_v6 ? "]" : "", o->place.port);
    return true;
}

static bool read_target(struct call_options *o)
{
    const char *t = o->target, *why = "";
    o->scheme = CALL_TCP;
    if (str_starts(str_of(t), STR("tcp://")))
        return read_place(o, t + 6);
    if (str_starts(str_of(t), STR("udp://"))) {
        o->scheme = CALL_UDP;
        return read_place(o, t + 6);
    }
    if (str_starts(str_of(t), STR("unix:"))) {
        o->scheme = CALL_UNIX;
        return read_place(o, t);
    }
    if (!strstr(t, "://"))
        return read_place(o, t);
    o->scheme = CALL_HTTP;
    return call_url_read(&o->url, str_of(t), &why) || bad("", t, why);
}

/* ---- one by one ---- */

static bool read_time(const struct option_reader *r, const struct option_found *f, stoa_time *ret)
{
    if (!option_seconds(r, f, ret))
        return false;
    return *ret >= STOA_MS || bad(f->name, f->value, "at least 1ms is wanted");
}

static bool read_io(struct call_options *o, const char *from, const char *value)
{
    if (strcmp(value, "uring") != 0 && strcmp(value, "epoll") != 0)
        return bad(from, value, "uring or epoll is wanted");
    o->io = value;
    return true;
}

static bool read_family(struct call_options *o, int family)
{
    if (o->family && o->family != family) {
        wrong_usage("call", "-4 and -6 do not go together");
        return false;
    }
    o->family = family;
    return true;
}

static bool read_word(struct call_options *o, const char **data, const char *word)
{
    if (!o->target)
        o->target = word;
    else if (!*data)
        *data = word;
    else
        return bad("", word, "one target and one piece of data are wanted, not more");
    return true;
}

static bool read_one(const struct option_reader *r, const struct option_found *f,
                     struct call_options *o, const char **data)
{
    char *value = (char *)f->value; /* of args, which are ours */
    switch (f->id) {
    case 0: return read_word(o, data, value);
    case METHOD: return read_method(o, value);
    case HEADER: return read_field(o, value);
    case DATA: return read_data(o, value);
    case HEAD: return o->head_only = true;
    case OUTPUT: o->output = value; return true;
    case INCLUDE: return o->include = true;
    case LOCATION: return o->follow = true;
    case FAIL: return o->fail = true;
    case IPV4: return read_family(o, AF_INET);
    case IPV6: return read_family(o, AF_INET6);
    case RESOLVE: return read_resolve(o, value);
    case UNIX: return read_unix(o, value);
    case MAX_TIME: return read_time(r, f, &o->within);
    case VERBOSE: return o->verbose = true;
    case WALK: return o->walk = true;
    case JSON: return o->json = true;
    case TIMINGS: return o->timings = true;
    case IO: return read_io(o, "--io", value);
    default: return false;
    }
}

/* ---- together ---- */

static const char *http_only(const struct call_options *o)
{
    return o->method         ? "-X"
           : o->fields_count ? "-H"
           : o->head_only    ? "-I"
           : o->include      ? "-i"
           : o->follow       ? "-L"
           : o->fail         ? "-f"
           : o->unix_at[0]   ? "--unix"
                             : NULL;
}

static bool check_together(struct call_options *o, const char *data)
{
    if (data && o->has_body) {
        wrong_usage("call", "DATA and --data do not go together");
        return false;
    }
    if (o->scheme != CALL_HTTP && http_only(o)) {
        wrong_usage("call", "%s is for http:// targets", http_only(o));
        return false;
    }
    if (o->head_only && (data || o->has_body || o->method)) {
        wrong_usage("call", "-I asks for a head: it goes without %s", o->method ? "-X" : "data");
        return false;
    }
    o->words = data;
    o->has_body = o->has_body || data;
    if (!o->method)
        o->method = o->head_only ? "HEAD" : o->has_body ? "POST" : "GET";
    if (o->has_body && !has_field(o, "Content-Type") && o->fields_count < CALL_FIELDS_MAX)
        o->fields[o->fields_count++] =
            (struct stoa_http_field){ "Content-Type", "application/x-www-form-urlencoded" };
    return true;
}

static bool settle_io(struct call_options *o)
{
    const char *io = getenv("STOA_IO");
    return o->io || !io || !*io || read_io(o, "STOA_IO", io);
}

bool call_options_read(struct call_options *o, char **args, int *exit_code)
{
    struct option_reader reader;
    struct option_found found = { 0 };
    const char *data = NULL;
    int r;
    buf_init(&o->data, &mem_default, NULL, 0);
    buf_init(&o->body, &mem_default, NULL, 0);
    *exit_code = EXIT_USAGE;
    options_start(&reader, "call", table, args);
    while ((r = options_next(&reader, &found)) > 0) {
        if (found.id == HELP || found.id == VERSION) {
            *exit_code = EXIT_FINE;
            found.id == HELP ? show_help() : (void)puts("stoa " STOA_VERSION);
            return false;
        }
        if (!read_one(&reader, &found, o, &data))
            return false;
    }
    if (r == 0 && !o->target) {
        wrong_usage("call", "a target is wanted: http://HOST/, HOST:PORT, udp://HOST:PORT, "
                            "unix:PATH");
        return false;
    }
    return r == 0 && settle_io(o) && read_target(o) && check_together(o, data);
}

void call_options_done(struct call_options *o)
{
    buf_done(&o->data);
    buf_done(&o->body);
}
