/* support/corpus.c -- see corpus.h. */
#include "support/corpus.h"
#include "base/check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/* In a block of just its size, so that sanitizers and valgrind see a look behind its end. */
static void feed(fuzz_fn *fn, const char *path)
{
    FILE *f = fopen(path, "rb");
    check(f);
    check(fseek(f, 0, SEEK_END) == 0);
    size_t n = (size_t)ftell(f);
    uint8_t *data = malloc(n + !n);
    check(data);
    rewind(f);
    check(fread(data, 1, n, f) == n);
    fn(data, n);
    free(data);
    fclose(f);
}

size_t corpus_feed(const char *name, fuzz_fn *fn)
{
    char path[512];
    size_t fed = 0;
    snprintf(path, sizeof path, "tests/fuzz/corpus/%s", name);
    DIR *dir = opendir(path);
    check(dir);
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.') {
            snprintf(path, sizeof path, "tests/fuzz/corpus/%s/%s", name, e->d_name);
            feed(fn, path);
            fed++;
        }
    closedir(dir);
    check(fed > 0);
    fn(NULL, 0);
    return fed;
}
