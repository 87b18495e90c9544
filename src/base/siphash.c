/* base/siphash.c -- see siphash.h. Aumasson and Bernstein, "SipHash: a fast short-input PRF", with
 * one round per word and three at the end. */
#include "base/siphash.h"

#include <endian.h>

struct state {
    uint64_t a, b, c, d;
};

static inline uint64_t rotate(uint64_t v, int n)
{
    return v << n | v >> (64 - n);
}

static inline void mix(struct state *s)
{
    s->a += s->b;
    s->c += s->d;
    s->b = rotate(s->b, 13) ^ s->a;
    s->d = rotate(s->d, 16) ^ s->c;
    s->a = rotate(s->a, 32);
    s->c += s->b;
    s->a += s->d;
    s->b = rotate(s->b, 17) ^ s->c;
    s->d = rotate(s->d, 21) ^ s->a;
    s->c = rotate(s->c, 32);
}

static inline void absorb(struct state *s, uint64_t word)
{
    s->d ^= word;
    mix(s);
    s->a ^= word;
}

/* The last 0..7 bytes, below the length's lowest byte. */
static inline uint64_t last_word(const char *p, size_t left, size_t n)
{
    uint64_t word = 0;
    memcpy(&word, p, left);
    return le64toh(word) | (uint64_t)n << 56;
}

uint64_t siphash(const struct siphash_key *key, struct stoa_str s)
{
    struct state st = {
        .a = key->k[0] ^ 0x736f6d6570736575,
        .b = key->k[1] ^ 0x646f72616e646f6d,
        .c = key->k[0] ^ 0x6c7967656e657261,
        .d = key->k[1] ^ 0x7465646279746573,
    };
    size_t at = 0;
    for (; s.n - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, s.p + at, 8);
        absorb(&st, le64toh(word));
    }
    absorb(&st, at < s.n ? last_word(s.p + at, s.n - at, s.n) : (uint64_t)s.n << 56);
    st.c ^= 0xff;
    mix(&st);
    mix(&st);
    mix(&st);
    return st.a ^ st.b ^ st.c ^ st.d;
}
