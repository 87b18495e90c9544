/* tool/options.h -- options of a command: a table, a reader, and the help made from the table. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct option {
    int id;           /* the command's; 0 = a heading, whose text is `help` */
    char letter;      /* 0 = none */
    const char *name; /* without the dashes */
    const char *arg;  /* "ADDR"; NULL = takes no value */
    const char *help; /* NULL ends the table */
};

struct option_reader {
    const char *command; /* "serve": for messages */
    const struct option *table;
    char **args;         /* what is left, NULL-terminated */
    const char *letters; /* the rest of a group of letters */
    bool only_words;     /* after "--" */
    char letter_name[3];
};

struct option_found {
    int id;            /* the option's; 0 = a plain word, in value */
    const char *name;  /* as the user wrote it: "--listen" */
    const char *value; /* NULL when it takes none */
};

void options_start(struct option_reader *r, const char *command, const struct option *table,
                   char **args);

/* The next option or word.
 *   returns  1; 0 = no more; -1 = wrong usage, which has been said on stderr. */
int options_next(struct option_reader *r, struct option_found *ret);

void options_help(FILE *to, const struct option *table);

/* The name that `word` was perhaps meant to be; NULL when none is near. */
const char *options_near(const char *word, const char *const *names, int count);

/* Readers of values; each says on stderr what is wrong with it and returns false. */
bool option_number(const struct option_reader *r, const struct option_found *o, uint64_t least,
                   uint64_t most, uint64_t *ret);
bool option_seconds(const struct option_reader *r, const struct option_found *o, int64_t *ret_ns);
bool option_bytes(const struct option_reader *r, const struct option_found *o, uint64_t *ret);

/* Says "stoa serve: MESSAGE" and where to read on. returns the exit code of wrong usage. */
__attribute__((format(printf, 2, 3))) int wrong_usage(const char *command, const char *fmt, ...);

#endif
