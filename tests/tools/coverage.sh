#!/bin/sh
# tests/tools/coverage.sh -- tools/coverage names a line that no test reached, and a file that none
# was built from.
. tests/tools/lib
ln -s "$top/Makefile" "$top/tools" .
unset MAKEFLAGS MAKELEVEL BUILD
check='make -s BUILD=b CFLAGS=-O0 EXTRA=--coverage watch-lines'

echo '#define STOA_VERSION "0.1.0"' | file include/stoa.h
file src/wire/half.h <<'END'
static inline int twice(int n)
{
    return n * 2;
}
int half(int n);
END
file src/wire/half.c <<'END'
#include "wire/half.h"
int half(int n)
{
    if (n % 2)
        return -1;
    return n / 2;
}
END
mkdir -p src/task
file tests/unit/half.c <<'END'
#include "wire/half.h"
int main(void)
{
    return half(twice(2)) != 2;
}
END
expect 2 'src/wire/half.c:5: not reached: return -1;' $check
expect 2 ' 75.0% of    4 lines  src/wire/half.c' $check
expect 2 '100.0% of    2 lines  src/wire/half.h' $check

# Another program's runs count as well.
file tests/unit/odd.c <<'END'
#include "wire/half.h"
int main(void)
{
    return half(3) != -1;
}
END
expect 0 '100.0% of    4 lines  src/wire/half.c' $check

file src/task/unused.c <<'END'
#ifdef NEVER
int unused(void) { return 0; }
#endif
END
expect 2 'src/task/unused.c: in no object' $check
finish
