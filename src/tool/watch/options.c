/* tool/watch/options.c -- see options.h. */
#include "tool/watch/options.h"

#include "base/exit_code.h"
#include "tool/options.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { ONCE = 1, JSON, INTERVAL, SORT, FILTER, VERSION, HELP };

static const struct option table[] = {
    { .help = "What it shows" },
    { SORT, 's', "sort", "KEY",
      "trouble (default), address, process, queue, syn, drops,\n"
      "                                established, close-wait, time-wait, retransmits, unread,\n"
      "                                unsent, age" },
    { FILTER, 'f', "filter", "TEXT", "only what has TEXT in its address, process, user or state" },
    { INTERVAL, 'i', "interval", "TIME",
      "from one look to the next (default: 1 s; 0.5, 250ms, 2m)" },

    { .help = "How it shows it (on a terminal: a screen; else lines)" },
    { ONCE, '1', "once", NULL, "one look, after one interval, and the end" },
    { JSON, 0, "json", NULL, "one object of JSON a line, for each look" },
    { VERSION, 'V', "version", NULL, "say which version this is" },
    { HELP, 'h', "help", NULL, "this" },
    { 0 },
};

static void show_help(void)
{
    puts("stoa watch [OPTIONS] [PID | :PORT | ADDR[:PORT]]\n\n"
         "Shows who listens on this machine, how full the queues are, and what is wrong: of any\n"
         "process, without privileges. With a target: its connections, and a verdict in words; of\n"
         "a stoa server also where the time of its requests goes, even when it hangs.");
    options_help(stdout, table);
}

/* ---- the target ---- */

static bool read_pid(const char *text, struct watch_target *t, const char **why)
{
    uint64_t pid;
    if (!str_to_u64(str_of(text), &pid) || pid == 0 || pid > INT32_MAX) {
        *why = "a pid is a number from 1 on; a port is written :80";
        return false;
    }
    t->aim = WATCH_PID;
    t->pid = (int)pid;
    return true;
}

static bool is_host(const char *text, struct watch_target *t)
{
    char host[INET6_ADDRSTRLEN];
    size_t n = strlen(text);
    bool has_brackets = n > 2 && text[0] == '[' && text[n - 1] == ']';
    if (has_brackets) {
        text++;
        n -= 2;
    }
    if (n >= sizeof host)
        return false;
    memcpy(host, text, n);
    host[n] = 0;
    struct addr *a = &t->addr[0];
    *a = (struct addr){ .v4 = { .sin_family = AF_INET } };
    a->len = sizeof a->v4;
    if (!has_brackets && inet_pton(AF_INET, host, &a->v4.sin_addr) == 1)
        return true;
    *a = (struct addr){ .v6 = { .sin6_family = AF_INET6 } };
    a->len = sizeof a->v6;
    return inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1;
}

static bool resolve(const char *text, struct watch_target *t, const char **why)
{
    struct addr_parts parts;
    if (addr_split(str_of(text), &parts, why) < 0)
        return false;
    bool is_any = !parts.is_unix && !parts.host[0];
    if (parts.is_unix) {
        *why = "only TCP is watched; `ss -xl` shows Unix sockets";
        return false;
    }
    t->addrs = addr_resolve(&parts, SOCK_STREAM, t->addr, WATCH_ADDRS_MAX, why);
    if (t->addrs < 0)
        return false;
    t->aim = is_any ? WATCH_PORT : WATCH_ADDR;
    t->port = addr_port(&t->addr[0]);
    if (t->port == 0)
        *why = "nobody listens on port 0";
    return t->port != 0;
}

bool watch_target_read(const char *text, struct watch_target *ret, const char **why)
{
    struct watch_target t = { 0 };
    bool fine;
    str_escape(t.text, sizeof t.text, str_of(text));
    if (*text && strspn(text, "0123456789") == strlen(text)) {
        fine = read_pid(text, &t, why);
    } else if (is_host(text, &t)) {
        t.aim = WATCH_HOST;
        t.addrs = 1;
        fine = true;
    } else if (!strchr(text, ':')) {
        *why = "a pid, :PORT, ADDR:PORT or an IP address is wanted; --filter TEXT finds a process "
               "by its name";
        fine = false;
    } else {
        fine = resolve(text, &t, why);
    }
    if (fine)
        *ret = t;
    return fine;
}

/* ---- options ---- */

static bool bad(const char *name, const char *value, const char *want)
{
    char text[200];
    wrong_usage("watch", "%s%s%s: %s", name, *name ? " " : "",
                str_escape(text, sizeof text, str_of(value)), want);
    return false;
}

static bool read_sort(struct watch_options *o, const struct option_found *f)
{
    char want[80];
    const char *names[WATCH_SORTS];
    if (watch_sort_find(f->value, &o->sort))
        return true;
    for (int i = 0; i < WATCH_SORTS; i++)
        names[i] = watch_sort_name((enum watch_sort)i);
    const char *near = options_near(f->value, names, WATCH_SORTS);
    snprintf(want, sizeof want, near ? "did you mean %s?" : "there is no such key", near);
    return bad(f->name, f->value, want);
}

static bool read_target(struct watch_options *o, const char *text)
{
    const char *why = "";
    if (o->target.aim != WATCH_ALL)
        return bad("", text, "one target at a time");
    return watch_target_read(text, &o->target, &why) || bad("", text, why);
}

static bool read_one(struct watch_options *o, const struct option_reader *r,
                     const struct option_found *f)
{
    switch (f->id) {
    case ONCE: o->once = true; return true;
    case JSON: o->json = true; return true;
    case SORT: return read_sort(o, f);
    case FILTER: o->filter = f->value; return true;
    case INTERVAL:
        if (!option_seconds(r, f, &o->interval))
            return false;
        if (o->interval < 100 * STOA_MS || o->interval > 3600 * STOA_SEC)
            return bad(f->name, f->value, "an interval is from 0.1 s to one hour");
        return true;
    default: return read_target(o, f->value);
    }
}

bool watch_options_read(struct watch_options *o, char **args, int *exit_code)
{
    struct option_reader reader;
    struct option_found found = { 0 };
    int r;
    *o = (struct watch_options){ .interval = STOA_SEC, .filter = "" };
    options_start(&reader, "watch", table, args);
    while ((r = options_next(&reader, &found)) > 0) {
        if (found.id == HELP || found.id == VERSION) {
            *exit_code = EXIT_FINE;
            if (found.id == HELP)
                show_help();
            else
                puts("stoa " STOA_VERSION);
            return false;
        }
        if (!read_one(o, &reader, &found))
            break;
    }
    *exit_code = EXIT_USAGE;
    return r == 0;
}
