/* base/check.h -- checks of what we wrote ourselves; on in release builds too.
 *
 * Nothing that a peer, a disk or an administrator can do may reach one: those get an answer. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

/* Stops the process unless the condition holds: a bug of ours, and no state to go on with. */
#define check(cond) ((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__))

_Noreturn void check_failed(const char *cond, const char *file, int line);

#endif
