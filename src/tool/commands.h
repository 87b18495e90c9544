/* tool/commands.h -- the sub-commands of stoa, one file each. */
#ifndef TOOL_COMMANDS_H
#define TOOL_COMMANDS_H

/* args: what follows the command's name, NULL-terminated. returns the exit code. */
typedef int command_fn(char **args);

int command_serve(char **args);
int command_call(char **args);
int command_watch(char **args);
int command_explain(char **args);

#endif
