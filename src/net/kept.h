/* net/kept.h -- received bytes that are kept beyond the moment: unread, or borrowed by a handler that
 * waits for something else.
 *
 * The I/O has only so many chunks for all connections of a core. A few hundred slow handlers, each
 * with its request's chunk, would leave none to receive into, and stop the core. So only some are
 * kept as they are; beyond that number the bytes are copied into memory and the chunk goes back. */
#ifndef NET_KEPT_H
#define NET_KEPT_H

#include "core/core.h"

/* Keeps chunk, of a stream or a datagram (from is set).
 *   returns  it, or a copy of it; to be given to kept_free. */
struct io_chunk *kept_add(struct core *core, struct io_chunk *chunk);
void kept_free(struct core *core, struct io_chunk *chunk);

/* How many bytes can be added at the end of a kept chunk: none, unless it is a copy. */
size_t kept_room(const struct io_chunk *chunk);

/* A copy of a kept chunk without its first `skip` bytes and with room for `more`, instead of it. If
 * the chunk is a copy with that much room in all, its bytes are moved to its front, and it is used.
 *   returns  NULL: no memory, chunk is as it was. */
struct io_chunk *kept_extend(struct core *core, struct io_chunk *chunk, size_t skip, size_t more);

#endif
