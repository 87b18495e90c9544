/* sim/site.h -- the server's application in the simulation: a handler with a path for each thing
 * that handlers do. What the clients may expect of it is in sim/topics.c. */
#ifndef SIM_SITE_H
#define SIM_SITE_H

#include <stoa/http.h>

/* The handler. arg: struct server.                                                [waits] */
int site_serve(stoa_http *x, void *arg);

/* A raw handler: what comes goes back.                                             [waits] */
int site_echo(stoa_conn *c, void *arg);

/* A raw handler: answers each line, of at most 200 bytes, with its length; "=N": N bytes follow,
 * which come back; "*N": N tasks answer.                                           [waits] */
int site_lines(stoa_conn *c, void *arg);

/* FNV-1a, for /count. */
uint64_t site_sum(uint64_t sum, const void *p, size_t n);
#define SITE_SUM_EMPTY UINT64_C(0xcbf29ce484222325)

#endif
