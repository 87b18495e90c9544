/* base/exit_code.h -- the exit codes of the command stoa, by stage, and in words. */
#ifndef BASE_EXIT_CODE_H
#define BASE_EXIT_CODE_H

/* 30 to 36 are kept for TLS. */
enum exit_code {
    EXIT_FINE = 0,
    EXIT_INTERNAL = 1,
    EXIT_USAGE = 2,
    EXIT_BIND = 5,
    EXIT_PERMISSION = 6,
    EXIT_PORT_IN_USE = 7,
    EXIT_NAME_UNKNOWN = 10,
    EXIT_NAME_SERVICE = 11,
    EXIT_REFUSED = 20,
    EXIT_CONNECT_TIMEOUT = 21,
    EXIT_UNREACHABLE = 22,
    EXIT_CONNECT_RESET = 23,
    EXIT_LOCAL = 24,
    EXIT_NO_PORTS = 25,
    EXIT_REPLY_CLOSED = 40,
    EXIT_REPLY_RESET = 41,
    EXIT_REPLY_TIMEOUT = 42,
    EXIT_REPLY_TRUNCATED = 43,
    EXIT_REPLY_MALFORMED = 44,
    EXIT_REPLY_PROTOCOL = 45,
    EXIT_HTTP_ERROR = 50,
    EXIT_DEADLINE = 60,
    EXIT_INTERRUPTED = 130, /* 128 + SIGINT, as shells have it */
};

/* What an exit code means, for people: "the connection was refused"; NULL for a code not ours. */
const char *exit_code_text(int code);

#endif
