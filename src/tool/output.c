/* tool/output.c -- see output.h. */
#include "tool/output.h"

#include "base/error.h"
#include "base/exit_code.h"
#include "base/sys.h"

#include <stdio.h>

/* returns r. */
static int say(int r)
{
    if (r < 0 && r != -EPIPE)
        fprintf(stderr, "stoa: cannot write to standard output: %s (%s)\n", stoa_strerror(r),
                error_name(r));
    return r;
}

int output_write(const void *p, size_t n)
{
    int r = sys_int(fwrite(p, 1, n, stdout) == n ? fflush(stdout) : -1);
    clearerr(stdout); /* the caller knows: output_end need not say it again */
    return say(r);
}

int output_end(int exit_code)
{
    /* A buffer that was full earlier left this mark and no errno. What ails a file ails it still, as
     * the rest will show; where there is no rest, this much is known. */
    int earlier = ferror(stdout) ? -EIO : 0;
    /* Some file systems, over a network, find out only at the close that there is no room. */
    int r = sys_int(fclose(stdout));
    if (exit_code != EXIT_FINE) /* the reason has been said */
        return exit_code;
    r = say(r < 0 ? r : earlier);
    return r < 0 && r != -EPIPE ? EXIT_INTERNAL : EXIT_FINE;
}
