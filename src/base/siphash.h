/* base/siphash.h -- SipHash-1-3: a hash of bytes that somebody who does not know the key can
 * neither foresee nor make collide. For tables keyed by what peers send. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/str.h"

struct siphash_key {
    uint64_t k[2];
};

uint64_t siphash(const struct siphash_key *key, struct stoa_str s);

#endif
