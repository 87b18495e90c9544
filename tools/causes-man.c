/* tools/causes-man.c -- writes stoa-causes(7) on standard output, made from the catalogue of causes. */
#include "base/cause.h"
#include "base/error.h"

#include <stdio.h>

/* Text as mdoc wants it: a backslash is an escape, and a dot or quote must not begin a line. */
static void put_text(const char *s)
{
    fputs("\\&", stdout);
    for (; *s; s++)
        if (*s == '\\')
            fputs("\\e", stdout);
        else
            putchar(*s);
    putchar('\n');
}

static void put_item(const char *label, const char *text)
{
    if (!text)
        return;
    printf(".It %s\n", label);
    put_text(text);
}

static void put_errs(const struct stoa_cause *c)
{
    if (!c->errs[0])
        return;
    fputs(".It errno\n", stdout);
    for (int i = 0; i < STOA_CAUSE_ERRS && c->errs[i]; i++)
        printf("%s%s", i ? ", " : "", error_name(-c->errs[i]));
    putchar('\n');
}

static void put_cause(const struct stoa_cause *c)
{
    printf(".Ss %s\n", c->id);
    put_text(c->what);
    fputs(".Bl -tag -width rules-out -compact\n", stdout);
    put_errs(c);
    printf(".It exit code\n%d\n", c->exit_code);
    put_item("how", c->page);
    put_item("rules out", c->rules_out);
    put_item("try", c->hint);
    fputs(".El\n", stdout);
}

int main(void)
{
    fputs(".Dd November 24, 2026\n.Dt STOA-CAUSES 7\n.Os\n.Sh NAME\n.Nm stoa-causes\n"
          ".Nd what can go wrong at which stage of a connection\n.Sh DESCRIPTION\n"
          "The causes that messages and logs of\n.Xr stoa 1\nname, by stage.\n"
          ".Nm stoa Cm explain Ar id\nshows one of them.\n",
          stdout);
    for (size_t i = 0; i < cause_count(); i++) {
        const struct stoa_cause *c = cause_at(i);
        if (i == 0 || cause_at(i - 1)->stage != c->stage)
            printf(".Sh STAGE %s\n", stoa_stage_name(c->stage));
        put_cause(c);
    }
    fputs(".Sh SEE ALSO\n.Xr stoa-call 1 ,\n.Xr stoa-explain 1\n", stdout);
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
