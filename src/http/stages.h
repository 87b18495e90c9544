/* http/stages.h -- the marks that an exchange makes on the stage clock (stage/request.h), one at each
 * turn of its way; all of them do nothing where the clock is off. Called by serve_h1.c, body.c and
 * reply_head.c. */
#ifndef HTTP_STAGES_H
#define HTTP_STAGES_H

#include "http/state.h"

/* A part of a head has come, and the rest is waited for. */
void stages_head_waits(stoa_http *x);

/* The head is there, or is given up: the handler's time begins. */
void stages_begin(stoa_http *x);

/* The handler waits for something of its own. */
void stages_handler_waits(stoa_http *x);

/* The handler has returned; what is left is to hand over the reply. */
void stages_handled(stoa_http *x);

/* The handler waits for the body; some of it has come, or none will (came: false). */
void stages_body_waits(stoa_http *x);
void stages_body_came(stoa_http *x, bool came);

/* From now on another span runs. returns the one that ran. */
enum stoa_span stages_sends(stoa_http *x, enum stoa_span span);

/* The last of the reply is about to be handed over: now and then the kernel is asked when the client
 * has acknowledged it. */
void stages_last(stoa_http *x);

/* It has ended, or the connection has. Counts it. */
void stages_end(stoa_http *x);

/* Writes the line of the field Server-Timing, of what has passed by now. returns its bytes, perhaps
 * none. */
enum { STAGES_TIMING_BYTES = 1024 };
size_t stages_timing(stoa_http *x, char text[STAGES_TIMING_BYTES]);

#endif
