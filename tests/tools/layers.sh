#!/bin/sh
# tests/tools/layers.sh -- tools/check-layers finds each fault that it is there to find.
. tests/tools/lib
check="$top/tools/check-layers"

file src/base/sys.h <<'END'
#include <errno.h>
static inline int sys_int(int r) { return r < 0 ? -errno : r; }
END
file src/base/str.h <<'END'
/* errno in a comment, and "errno" in a string, are no reading of it. */
#include <errno.h>
static const char *const name = "errno";
END
file src/task/task.h <<'END'
#include "base/str.h"
int task(void);
END
file src/wire/head.c <<'END'
#include "base/str.h"
END
expect_silence "$check"

file src/base/up.c <<'END'
#include "task/task.h"
END
expect 1 'src/base/up.c:1: base may not include task/task.h: it is above' "$check"
rm src/base/up.c

file src/task/low.h <<'END'
int low(void);
END
file src/stage/mark.h <<'END'
int mark(void);
END
file src/wire/body.c <<'END'

#include "stage/mark.h"
END
expect 1 'src/wire/body.c:2: wire includes base only, not stage/mark.h' "$check"
rm src/wire/body.c

file src/attic/old.c <<'END'
END
expect 1 'src/attic is no floor' "$check"
rm -r src/attic

file include/stoa/x.h <<'END'
#include "base/str.h"
END
expect 1 'include/stoa/x.h:1: a public header includes base/str.h' "$check"
rm -r include

file src/base/gone.c <<'END'
#include "base/nowhere.h"
END
expect 1 'no such file from src/ or include/: base/nowhere.h' "$check"
rm src/base/gone.c

# a.c -> b.h, b.c -> c.h, c.h -> a.h
for m in a b c; do echo "int $m;" | file src/base/$m.h; done
echo '#include "base/b.h"' | file src/base/a.c
echo '#include "base/c.h"' | file src/base/b.c
expect_silence "$check"
echo '#include "base/a.h"' >>src/base/c.h
expect 1 'cycle: src/base/a -> src/base/b -> src/base/c -> src/base/a' "$check"
expect 1 '    src/base/c.h:2: includes src/base/a' "$check"
rm src/base/[abc].?

echo '#include "base/str.h"' | file src/task/every.h
expect 1 'src/task/every.h:1: an umbrella: it only includes others' "$check"
rm src/task/every.h

for n in 1 2 3 4 5 6 7 8 9; do
    echo "int n$n;" | file src/base/n$n.h
    echo "#include \"base/n$n.h\""
done | file src/task/every.h
echo 'int every;' >>src/task/every.h
expect 1 'an umbrella: it includes 9 headers' "$check"
rm src/task/every.h src/base/n?.h

echo 'int everything;' | file src/task/internal.h
expect 1 'src/task/internal.h:1: the name says nothing of what it holds' "$check"
rm src/task/internal.h

file src/task/err.c <<'END'
/* two
   lines */ int f(void) { return errno; }
END
expect 1 'src/task/err.c:2: errno is named in base/sys.h only' "$check"
rm src/task/err.c

file src/task/clock.c <<'END'
/* rdtsc would be quick */
long f(void) { long t; __asm__("rdtscp" : "=a"(t)); return t; }
END
expect 1 'src/task/clock.c:2: rdtscp is not for this room' "$check"
mkdir src/io && mv src/task/clock.c src/io

expect_silence "$check"
finish
