/* tool/main.c -- the command `stoa`: a table of sub-commands. */
#include "base/exit_code.h"
#include "base/str.h"
#include "tool/commands.h"
#include "tool/options.h"
#include "tool/output.h"

#include <fcntl.h>
#include <unistd.h>

static const struct command {
    const char *name, *arguments, *what;
    command_fn *run;
} commands[] = {
    { "serve", "[OPTIONS] [DIR]", "hand out a folder over HTTP, or a built-in handler",
      command_serve },
    { "call", "[OPTIONS] TARGET", "make one request, and say how each stage of it went",
      command_call },
    { "watch", "[OPTIONS] [TARGET]", "who listens here, how full the queues are, and what is wrong",
      command_watch },
    { "explain", "[CODE]", "what an errno, an exit code or a cause means, and what to try",
      command_explain },
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static int help(FILE *to)
{
    fputs("stoa handles requests fast and shows how it handles them.\n\n", to);
    for (const struct command *c = commands; c < commands + COMMANDS; c++)
        fprintf(to, "  stoa %-8s%-18s  %s\n", c->name, c->arguments, c->what);
    fputs("\n  stoa COMMAND --help              the options of a command\n"
          "  stoa --version\n",
          to);
    return EXIT_FINE;
}

static int unknown(const char *word)
{
    char text[100];
    const char *names[COMMANDS];
    for (int i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *near = options_near(word, names, COMMANDS);
    str_escape(text, sizeof text, str_of(word));
    return near ? wrong_usage(NULL, "there is no command %s: did you mean %s?", text, near)
                : wrong_usage(NULL, "there is no command %s", text);
}

/* A standard stream that whoever started us has closed leaves its number to whatever is opened next: a
 * body would go to a socket, or a socket be read as the input. What takes the number instead is at its
 * end when it is read, and says EBADF when it is written to. */
static void take_closed_streams(void)
{
    int fd;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= STDERR_FILENO)
        ;
    if (fd > STDERR_FILENO)
        close(fd);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("stoa " STOA_VERSION);
        return EXIT_FINE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return help(stdout);
    for (const struct command *c = commands; c < commands + COMMANDS; c++)
        if (strcmp(argv[1], c->name) == 0)
            return c->run(argv + 2);
    return unknown(argv[1]);
}

int main(int argc, char **argv)
{
    take_closed_streams();
    return output_end(run(argc, argv));
}
