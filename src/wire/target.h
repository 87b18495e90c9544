/* wire/target.h -- what a request asks for: the target's form (RFC 9112 section 3.2), and its path
 * made ready for looking up a file. Called by src/http and src/app. */
#ifndef WIRE_TARGET_H
#define WIRE_TARGET_H

#include "wire/head.h"

enum target_form {
    TARGET_ORIGIN,    /* /path?query */
    TARGET_ABSOLUTE,  /* http://authority/path?query */
    TARGET_AUTHORITY, /* host:port, CONNECT only */
    TARGET_ASTERISK   /* *, OPTIONS only */
};

struct target {
    enum target_form form;
    bool https;                /* absolute form with that scheme */
    bool has_query;            /* "?" is there, if with nothing behind it */
    struct stoa_str authority; /* host[:port]: the target's own, else Host's; may be empty */
    struct stoa_str path;      /* as it came, from its "/" on; "/" when left out; empty in authority
                                  and asterisk form */
    struct stoa_str query;     /* as it came, without the "?" */
};

/* Takes the target of a request's head apart.
 *   returns  0; enum fault (FAULT_TARGET, FAULT_FORM, FAULT_HOST).
 *   ret      borrowed from the head's bytes. */
int target_parse(struct target *ret, const struct head *h);

struct target_path {
    struct stoa_str path; /* starts with "/"; terminated; no empty, "." or ".." segment in it */
    bool is_dir;          /* it ends with "/": the target did, or with "/." or "/.." */
    bool is_hidden;       /* a segment starts with a dot */
};

/* Percent-decodes a path, once, and then takes out "." and ".." segments and empty ones.
 *   path     of struct target: starts with "/".
 *   buf      yours, path.n + 1 bytes; ret->path lies there.
 *   returns  0; enum fault (FAULT_PATH_*): NUL, an encoded slash, a bad escape, above the root. */
int target_decode(struct target_path *ret, struct stoa_str path, char *buf);

#endif
