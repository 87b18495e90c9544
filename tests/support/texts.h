/* support/texts.h -- calls of struct io_sys over files whose text a test gives: for what reads /proc.
 * Read in pieces of `step` bytes, so that no reader relies on where a piece ends. */
#ifndef SUPPORT_TEXTS_H
#define SUPPORT_TEXTS_H

#include "io/io.h"

struct texts {
    struct io_sys sys; /* first: the calls find the rest by it */
    struct text {
        const char *path, *text; /* text NULL = -EACCES */
        size_t n;                /* 0 = strlen(text) */
    } files[8];
    size_t step; /* 0 = as many as asked for */
    int open;    /* descriptors that are not closed yet */
    int err;     /* < 0 = what reading fails with, at the second piece */
};

/* The other calls are the kernel's. */
void texts_init(struct texts *t);

#endif
