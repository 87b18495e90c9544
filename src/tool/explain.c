/* tool/explain.c -- `stoa explain CODE`: the pages of the catalogue of causes, found by an errno's
 * name or number, an exit code, or a cause's id. */
#include "base/cause.h"
#include "base/error.h"
#include "base/str.h"
#include "tool/commands.h"
#include "tool/options.h"
#include "tool/wrap.h"

enum { HELP = 1, ERRNO_MAX = 134, CAUSES_MAX = 160 };

static const struct option table[] = {
    { HELP, 'h', "help", NULL, "this" },
    { 0 },
};

static void print_errs(const struct stoa_cause *c)
{
    if (!c->errs[0])
        return;
    printf("  %-10s", "errno");
    for (int i = 0; i < STOA_CAUSE_ERRS && c->errs[i]; i++)
        printf("%s%s (%d)", i ? ", " : "", error_name(-c->errs[i]), c->errs[i]);
    printf("\n");
}

static void print_page(const struct stoa_cause *c)
{
    printf("%s\n", c->id);
    print_wrapped(stdout, "  what", 12, c->what);
    printf("  %-10s%s\n", "stage", stoa_stage_name(c->stage));
    print_errs(c);
    printf("  %-10s%d (%s)\n", "exit code", c->exit_code, exit_code_text(c->exit_code));
    print_wrapped(stdout, "  how", 12, c->page);
    if (c->rules_out)
        print_wrapped(stdout, "  rules out", 12, c->rules_out);
    if (c->hint)
        print_wrapped(stdout, "  try", 12, c->hint);
}

static bool has_err(const struct stoa_cause *c, int err)
{
    for (int i = 0; i < STOA_CAUSE_ERRS; i++)
        if (c->errs[i] == err)
            return true;
    return false;
}

/* The pages of all causes that come with an errno. returns how many. */
static int explain_err(int err)
{
    int found = 0;
    for (size_t i = 0; i < cause_count(); i++) {
        if (!has_err(cause_at(i), err))
            continue;
        if (!found++)
            printf("%s (%d): %s. What it means depends on the stage:\n", error_name(-err), err,
                   stoa_strerror(-err));
        printf("\n");
        print_page(cause_at(i));
    }
    return found;
}

static void explain_exit_code(int code)
{
    printf("Exit code %d of stoa: %s.\n", code, exit_code_text(code));
    for (size_t i = 0; i < cause_count(); i++) {
        if (code == EXIT_FINE || cause_at(i)->exit_code != code)
            continue;
        printf("\n");
        print_page(cause_at(i));
    }
}

/* The errno that a name such as "ECONNREFUSED" stands for; 0 = none. */
static int errno_of(const char *name)
{
    for (int e = 1; e < ERRNO_MAX; e++)
        if (str_eq_nocase(str_of(error_name(-e)), str_of(name)))
            return e;
    return 0;
}

static void list_all(void)
{
    puts("stoa explain CODE, where CODE is one of these, an errno (ECONNREFUSED, 111) or an exit "
         "code:");
    for (size_t i = 0; i < cause_count(); i++) {
        const struct stoa_cause *c = cause_at(i);
        if (i == 0 || cause_at(i - 1)->stage != c->stage)
            printf("\n%s\n", stoa_stage_name(c->stage));
        char label[64];
        snprintf(label, sizeof label, "  %s", c->id);
        print_wrapped(stdout, label, 37, c->what);
    }
    puts("\nexit codes");
    for (int code = 0; code < 256; code++)
        if (exit_code_text(code))
            printf("  %-3d %s\n", code, exit_code_text(code));
}

static int unknown(const char *code)
{
    char text[100];
    const char *names[CAUSES_MAX];
    int count = 0;
    for (size_t i = 0; i < cause_count() && count < CAUSES_MAX; i++)
        names[count++] = cause_at(i)->id;
    const char *near = options_near(code, names, count);
    str_escape(text, sizeof text, str_of(code));
    if (near)
        return wrong_usage("explain", "nothing is known of %s: did you mean %s?", text, near);
    fprintf(stderr, "stoa explain: nothing is known of %s\n  `stoa explain` lists what is.\n",
            text);
    return EXIT_USAGE;
}

static int explain(const char *code)
{
    const struct stoa_cause *c = stoa_cause_find(code);
    uint64_t number;
    int found = 0;
    if (c) {
        print_page(c);
        return EXIT_FINE;
    }
    if (!str_to_u64(str_of(code), &number)) {
        int err = errno_of(code);
        return err && explain_err(err) ? EXIT_FINE : unknown(code);
    }
    if (number < 256 && exit_code_text((int)number)) {
        explain_exit_code((int)number);
        found = 1;
    }
    if (number > 0 && number < ERRNO_MAX && !found)
        found = explain_err((int)number);
    return found ? EXIT_FINE : unknown(code);
}

int command_explain(char **args)
{
    struct option_reader reader;
    struct option_found found = { 0 };
    const char *code = NULL;
    int r;
    options_start(&reader, "explain", table, args);
    while ((r = options_next(&reader, &found)) > 0) {
        if (found.id == HELP) {
            puts("stoa explain [CODE]\n\nSays what an errno, an exit code or a cause means, how it "
                 "comes about and what\nto try; without CODE, lists the causes.");
            options_help(stdout, table);
            return EXIT_FINE;
        }
        if (code)
            return wrong_usage("explain", "one code at a time");
        code = found.value;
    }
    if (r < 0)
        return EXIT_USAGE;
    if (code)
        return explain(code);
    list_all();
    return EXIT_FINE;
}
