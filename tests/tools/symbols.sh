#!/bin/sh
# tests/tools/symbols.sh -- tools/check-symbols finds each fault that it is there to find.
. tests/tools/lib
ln -s "$top/Makefile" "$top/tools" .
unset MAKEFLAGS MAKELEVEL BUILD
check='make -s BUILD=b check-symbols'

file include/stoa.h <<'END'
#define STOA_VERSION "0.1.0"
#define STOA_API __attribute__((visibility("default")))
STOA_API const char *stoa_one(int (*f)(void));
END
file include/stoa/more.h <<'END'
#include <stoa.h>
END
file src/base/one.c <<'END'
#include <stoa.h>
#include <stdio.h>
#include <string.h>
static const char *const names[] = { "one", "two" };
const char *stoa_one(int (*f)(void))
{
    char buf[20];
    snprintf(buf, sizeof buf, "%d", f());
    return names[strlen(buf) & 1];
}
END
file src/io/clock.c <<'END'
#include <time.h>
time_t io_time(void);
time_t io_time(void) { return time(NULL); }
END
expect_silence $check

# plant TEXT CODE: appended to a file of the ground floor, the code makes the check say TEXT
plant() {
    printf '%s\n' "$2" | file src/base/planted.c
    expect 2 "$1" $check
    rm src/base/planted.c
}

plant 'src/base/planted.c: calls time(): not for this room' \
    '#include <time.h>
     time_t f(void); time_t f(void) { return time(NULL); }'
plant 'src/base/planted.c: calls getrandom(): not for this room' \
    '#include <sys/random.h>
     long f(void *p); long f(void *p) { return getrandom(p, 8, 0); }'
plant 'src/base/planted.c: calls strtok(): not for this room' \
    '#include <string.h>
     char *f(char *p); char *f(char *p) { return strtok(p, " "); }'
plant 'src/base/planted.c: can be written: zeroed' 'int zeroed;'
plant 'src/base/planted.c: can be written: filled' \
    'static int filled = 3; int *f(void); int *f(void) { return &filled; }'
plant 'src/base/planted.c: can be written: shared' 'int shared __attribute__((common));'
plant 'src/base/planted.c: can be written: own' '__thread int own;'
plant 'src/base/planted.c: can be written: own_filled' '_Thread_local int own_filled = 1;'
plant 'libstoa.so: shows stray, which no header marks STOA_API' \
    '__attribute__((visibility("default"))) void stray(void); void stray(void) {}'

echo 'STOA_API int stoa_two(void);' >>include/stoa/more.h
expect 2 'include: stoa_two is declared, but libstoa.so has no such function' $check
finish
