/* base/error.c -- see error.h; and stoa_strerror. strerrordesc_np and strerrorname_np (glibc 2.32)
 * are what strerror lacks: no locale, no static buffer, NULL for an unknown number. */
#include "base/error.h"

#include <string.h>

static const struct {
    int err;
    const char *name, *text;
} own[] = {
    { STOA_EEOF, "STOA_EEOF", "the stream ended before all of it had come" },
    { STOA_EPROTO, "STOA_EPROTO", "the peer broke the protocol" },
    { STOA_ETOOBIG, "STOA_ETOOBIG", "more than the limit allows" },
};

const char *error_name(int err)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (own[i].err == err)
            return own[i].name;
    const char *name = strerrorname_np(-err);
    return name ? name : "E?";
}

const char *stoa_strerror(int err)
{
    if (err >= 0)
        return "no error";
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (own[i].err == err)
            return own[i].text;
    const char *text = strerrordesc_np(-err);
    return text ? text : "an error without a name";
}
