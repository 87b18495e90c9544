/* base/str.h -- slices of bytes that somebody else holds (struct stoa_str). ASCII only: the
 * protocol's letters, whatever the locale. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stoa.h>

#include <stdbool.h>
#include <string.h>

/* STR("Host"): a slice of a literal. */
#define STR(literal) ((struct stoa_str){ "" literal, sizeof(literal) - 1 })

static inline struct stoa_str str_of(const char *z)
{
    return (struct stoa_str){ z, z ? strlen(z) : 0 };
}

static inline bool str_eq(struct stoa_str a, struct stoa_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline char str_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The same but for the case of ASCII letters. */
bool str_eq_nocase(struct stoa_str a, struct stoa_str b);

static inline bool str_starts(struct stoa_str s, struct stoa_str with)
{
    return s.n >= with.n && (with.n == 0 || memcmp(s.p, with.p, with.n) == 0);
}

static inline bool str_ends(struct stoa_str s, struct stoa_str with)
{
    return s.n >= with.n && (with.n == 0 || memcmp(s.p + s.n - with.n, with.p, with.n) == 0);
}

/* s without its first n bytes; n <= s.n. */
static inline struct stoa_str str_from(struct stoa_str s, size_t n)
{
    return (struct stoa_str){ s.p + n, s.n - n };
}

/* Where c stands first; s.n when nowhere. */
static inline size_t str_find(struct stoa_str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

/* Without the spaces and tabs at both ends (RFC 9110 section 5.6.3, OWS). */
struct stoa_str str_trim(struct stoa_str s);

/* Cuts the next element off a comma-separated list (RFC 9110 section 5.6.1), trimmed, empty ones
 * skipped; commas in quoted strings do not count.
 *   returns  false when there is none left.
 *   rest     moves past the element. */
bool str_next_element(struct stoa_str *rest, struct stoa_str *ret);

/* Digits only, no sign, no space, 1..19 of them that fit.
 *   returns  true and *ret, else false. */
bool str_to_u64(struct stoa_str s, uint64_t *ret);

/* What goes with a count: str_counted(n, "byte", "bytes"). */
static inline const char *str_counted(uint64_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

/* Writes s into buf so that it can stand in a log or on a terminal: bytes below 0x20, 0x7f and
 * above, '"' and '\' become \xNN. Cut at n - 1; always terminated. returns buf. */
char *str_escape(char *buf, size_t n, struct stoa_str s);

#endif
