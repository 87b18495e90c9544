/* support/corpus.h -- the inputs that are kept for a fuzz target, fed to it without the fuzzer, so that
 * what it once found stays found. */
#ifndef SUPPORT_CORPUS_H
#define SUPPORT_CORPUS_H

#include <stddef.h>
#include <stdint.h>

typedef int fuzz_fn(const uint8_t *data, size_t n);

/* Feeds it tests/fuzz/corpus/NAME, and nothing at all. To be run from the top of the tree. What cannot
 * be read, or that there is none, ends the process.
 *   returns  how many. */
size_t corpus_feed(const char *name, fuzz_fn *fn);

#endif
