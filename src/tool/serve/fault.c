/* tool/serve/fault.c -- see fault.h. */
#include "tool/serve/fault.h"

#include "tool/options.h"
#include "tool/wrap.h"

#include <inttypes.h>

enum { KINDS_MAX = 64, INDENT = 24, SHOWN_BYTES = 100 };

/* returns false. */
static bool unknown(struct stoa_str name)
{
    const char *names[KINDS_MAX];
    char word[SHOWN_BYTES], shown[SHOWN_BYTES];
    int count;
    const struct mischief_kind *kinds = mischief_kinds(&count);
    for (int i = 0; i < count && i < KINDS_MAX; i++)
        names[i] = kinds[i].name;
    snprintf(word, sizeof word, "%.*s", (int)(name.n < SHOWN_BYTES ? name.n : SHOWN_BYTES), name.p);
    const char *near = options_near(word, names, count < KINDS_MAX ? count : KINDS_MAX);
    str_escape(shown, sizeof shown, name);
    if (near)
        wrong_usage("serve", "--fault %s: there is no such kind: did you mean %s?", shown, near);
    else
        wrong_usage("serve", "--fault %s: there is no such kind: --fault list names them all",
                    shown);
    return false;
}

bool serve_fault_read(const char *text, struct mischief *ret)
{
    struct stoa_str all = str_of(text), name = { text, str_find(all, '=') }, arg = { NULL, 0 };
    if (name.n < all.n)
        arg = str_from(all, name.n + 1);
    const struct mischief_kind *kind = mischief_find(name);
    if (!kind)
        return unknown(name);
    const char *want = "";
    if (mischief_read_arg(kind, arg, &ret->arg, &want) < 0) {
        char shown[SHOWN_BYTES], usage[MISCHIEF_USAGE_BYTES];
        wrong_usage("serve", "--fault %s: %s: %s", str_escape(shown, sizeof shown, all),
                    mischief_usage(kind, usage), want);
        return false;
    }
    ret->kind = kind;
    return true;
}

void serve_fault_list(void)
{
    int count;
    const struct mischief_kind *kinds = mischief_kinds(&count);
    puts("stoa serve --fault KIND[=ARG]: every client is treated badly on purpose, in one way.\n"
         "First what the server does, then what a client should do. Times are milliseconds, or\n"
         "have a unit: 500, 2s, 1m; so may rates: 500, 64K, 1M.");
    for (int i = 0; i < count; i++) {
        char usage[MISCHIEF_USAGE_BYTES], label[MISCHIEF_USAGE_BYTES + 2];
        if (kinds[i].group)
            printf("\n%s\n", kinds[i].group);
        snprintf(label, sizeof label, "  %s", mischief_usage(&kinds[i], usage));
        print_wrapped(stdout, label, INDENT, kinds[i].does);
        print_wrapped(stdout, "", INDENT, kinds[i].client);
    }
}

char *serve_fault_text(const struct mischief *f, char buf[SERVE_FAULT_BYTES])
{
    if (f->arg)
        snprintf(buf, SERVE_FAULT_BYTES, "%s=%" PRIu64, f->kind->name, f->arg);
    else
        snprintf(buf, SERVE_FAULT_BYTES, "%s", f->kind->name);
    return buf;
}
