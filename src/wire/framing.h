/* wire/framing.h -- what a head's fields say about the message's end and the connection (RFC 9112
 * sections 6 and 9): noted field by field, judged at the end. Called by parse.c only. */
#ifndef WIRE_FRAMING_H
#define WIRE_FRAMING_H

#include "wire/head.h"

/* Notes field f; to be called before h->has tells of it. returns 0; enum fault. */
int framing_note(struct head *h, enum field f, struct stoa_str value);

/* Do the fields of a request's head go together? returns 0; enum fault. */
int framing_judge_request(const struct head *h);

/* The same for a response's; sets h->coded. */
int framing_judge_response(struct head *h);

#endif
