/* io/valgrind.h -- what valgrind must be told of io_uring; nothing where its headers are not. */
#ifndef IO_VALGRIND_H
#define IO_VALGRIND_H

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
enum { RUNNING_ON_VALGRIND = 0 };
/* The kernel has written there, by no call that valgrind saw. */
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#endif

#endif
