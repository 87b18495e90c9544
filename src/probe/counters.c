/* probe/counters.c -- see counters.h. proc(5); the names are those of net/ipv4/proc.c. */
#include "probe/counters.h"

#include "probe/proc_file.h"

#include <errno.h>

/* Of the calling thread: another may be in another namespace. */
#define OWN_NET "/proc/thread-self/net/"

static void set_value(struct counter *c, struct stoa_str text)
{
    int64_t v;
    if (!proc_to_i64(text, &v))
        return;
    c->before = c->is_known ? c->value : v;
    c->value = v;
    c->is_known = true;
}

/* Whether the counter's name is group and field, one after the other. */
static bool is_named(const struct counter *c, struct stoa_str group, struct stoa_str field)
{
    struct stoa_str name = str_of(c->name);
    return name.n == group.n + field.n && str_starts(name, group) && str_ends(name, field);
}

/* Pairs of lines, "TcpExt: NAME NAME ..." and "TcpExt: VALUE VALUE ...": the first says in which
 * column of the second each counter stands. */
struct table {
    struct counter *all;
    int count;
    int line, column;
    char group[40];
    size_t group_n;
};

static void begin_line(struct table *t, struct stoa_str word)
{
    struct stoa_str group = { word.p, word.n - str_ends(word, STR(":")) };
    bool is_second = t->line % 2 == 1 && str_eq(group, (struct stoa_str){ t->group, t->group_n });
    t->column = 0;
    if (is_second)
        return;
    t->group_n = group.n < sizeof t->group ? group.n : sizeof t->group;
    memcpy(t->group, group.p, t->group_n);
    for (int i = 0; i < t->count; i++)
        t->all[i].column = 0;
}

static void take_word(struct table *t, struct stoa_str word)
{
    struct stoa_str group = { t->group, t->group_n };
    t->column++;
    for (int i = 0; i < t->count; i++) {
        struct counter *c = &t->all[i];
        if (t->line % 2 == 0 && is_named(c, group, word))
            c->column = t->column;
        else if (t->line % 2 == 1 && c->column == t->column)
            set_value(c, word);
    }
}

static int read_table(const struct io_sys *sys, const char *path, struct counter *all, int count)
{
    struct proc_words w;
    struct table t = { .all = all, .count = count, .line = -1 };
    struct stoa_str word;
    int r = proc_words_open(&w, sys, path);
    if (r < 0)
        return r;
    while (proc_words_next(&w, &word)) {
        if (w.line == t.line) {
            take_word(&t, word);
        } else {
            t.line = w.line;
            begin_line(&t, word);
        }
    }
    proc_words_close(&w);
    return w.err;
}

/* Lines of "NAME VALUE". */
static int read_list(const struct io_sys *sys, const char *path, struct counter *all, int count)
{
    struct proc_words w;
    struct stoa_str word;
    struct counter *found = NULL;
    int line = -1, r = proc_words_open(&w, sys, path);
    if (r < 0)
        return r == -ENOENT ? 0 : r; /* a kernel without IPv6 */
    while (proc_words_next(&w, &word)) {
        if (found && w.line == line)
            set_value(found, word);
        found = NULL;
        for (int i = 0; i < count && w.line != line; i++)
            if (str_eq(str_of(all[i].name), word))
                found = &all[i];
        line = w.line;
    }
    proc_words_close(&w);
    return w.err;
}

static bool is_of_list(const struct counter *c)
{
    struct stoa_str name = str_of(c->name);
    return str_starts(name, STR("Ip6")) || str_starts(name, STR("Icmp6")) ||
           str_starts(name, STR("Udp6")) || str_starts(name, STR("UdpLite6"));
}

static bool is_of_extension(const struct counter *c)
{
    struct stoa_str name = str_of(c->name);
    return str_starts(name, STR("TcpExt")) || str_starts(name, STR("IpExt")) ||
           str_starts(name, STR("MPTcpExt"));
}

int counters_read(const struct io_sys *sys, struct counter *all, int count)
{
    bool list = false, extension = false, table = false;
    for (int i = 0; i < count; i++) {
        list |= is_of_list(&all[i]);
        extension |= is_of_extension(&all[i]);
        table |= !is_of_list(&all[i]) && !is_of_extension(&all[i]);
    }
    int r = extension ? read_table(sys, OWN_NET "netstat", all, count) : 0;
    if (table && r == 0)
        r = read_table(sys, OWN_NET "snmp", all, count);
    if (list && r == 0)
        r = read_list(sys, OWN_NET "snmp6", all, count);
    return r;
}
