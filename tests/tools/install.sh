#!/bin/sh
# tests/tools/install.sh -- `make install` puts there what a program needs to be built and run with
# the library, and `make uninstall` leaves nothing of it.
. tests/tools/lib
ln -s "$top/Makefile" "$top/tools" .
unset MAKEFLAGS MAKELEVEL BUILD
cc=${CC:-gcc}

file include/stoa.h <<'END'
#define STOA_VERSION "0.1.0"
#define STOA_API __attribute__((visibility("default")))
STOA_API int stoa_answer(void);
END
file include/stoa/more.h <<'END'
#include <stoa.h>
END
file src/base/answer.c <<'END'
#include <stoa.h>
int stoa_answer(void)
{
    return 42;
}
END
file src/tool/main.c <<'END'
int main(void)
{
    return 0;
}
END
echo 'a page' | file man/stoa.1
echo 'a page' | file man/stoa_answer.3
expect 0 '' make -s BUILD=b install DESTDIR="$house/root" PREFIX=/opt

file user.c <<'END'
#include <stoa/more.h>
int main(void)
{
    return stoa_answer() != 42;
}
END
# field NAME: of the pkg-config file, its variables filled in, below DESTDIR
field() {
    sed -n 's/^includedir=/s|${includedir}|/p; s/^libdir=/s|${libdir}|/p' \
        root/opt/lib/pkgconfig/stoa.pc | sed "s|/opt|$house/root/opt|; s/\$/|/" >fill
    sed -n "s/^$1: //p" root/opt/lib/pkgconfig/stoa.pc | sed -f fill
}
cflags=$(field Cflags) libs=$(field Libs) private=$(field Libs.private)
expect 0 '' "$cc" user.c -o shared $cflags $libs
expect 0 '' env LD_LIBRARY_PATH=root/opt/lib ./shared
expect 0 'libstoa.so.0' objdump -p shared
expect 0 '' "$cc" user.c -o static -static-pie $cflags $libs $private
expect 0 '' ./static
expect 0 '0.1.0' field Version
expect 0 '' root/opt/bin/stoa
expect 0 '' test -f root/opt/share/man/man1/stoa.1 -a -f root/opt/share/man/man3/stoa_answer.3

expect_silence make -s BUILD=b uninstall DESTDIR="$house/root" PREFIX=/opt
expect_silence find root ! -type d
finish
