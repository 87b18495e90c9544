/* base/exit_code.c -- see exit_code.h. */
#include "base/exit_code.h"

#include <stddef.h>

const char *exit_code_text(int code)
{
    static const struct {
        int code;
        const char *text;
    } texts[] = {
        { EXIT_FINE, "all went well" },
        { EXIT_INTERNAL, "stoa itself could not go on" },
        { EXIT_USAGE, "wrong usage: an option, an address or a folder that cannot be" },
        { EXIT_BIND, "the address cannot be bound or listened on" },
        { EXIT_PERMISSION, "no permission" },
        { EXIT_PORT_IN_USE, "the address and port are in use" },
        { EXIT_NAME_UNKNOWN, "the name has no address" },
        { EXIT_NAME_SERVICE, "the name service did not answer" },
        { EXIT_REFUSED, "the connection was refused" },
        { EXIT_CONNECT_TIMEOUT, "nobody answered the connection attempt" },
        { EXIT_UNREACHABLE, "a router or this machine says that the peer cannot be reached" },
        { EXIT_CONNECT_RESET, "the connection was reset while it was being made" },
        { EXIT_LOCAL, "this machine has no socket, no route or no right for the connection" },
        { EXIT_NO_PORTS, "this machine has no ephemeral port left for the connection" },
        { EXIT_REPLY_CLOSED, "the peer closed without a reply" },
        { EXIT_REPLY_RESET, "the peer reset the connection before its reply was whole" },
        { EXIT_REPLY_TIMEOUT, "the reply did not come in time" },
        { EXIT_REPLY_TRUNCATED, "the reply ended before its announced end" },
        { EXIT_REPLY_MALFORMED, "the reply is not what the protocol allows" },
        { EXIT_REPLY_PROTOCOL, "the peer speaks another protocol" },
        { EXIT_HTTP_ERROR, "the reply is an HTTP error, and --fail was given" },
        { EXIT_DEADLINE, "the deadline for all of it has passed" },
        { EXIT_INTERRUPTED, "interrupted (Ctrl-C)" },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].code == code)
            return texts[i].text;
    return NULL;
}
