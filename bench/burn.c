/* bench/burn.c -- burns time on the server's CPU, at the server's priority, and touches no memory.
 *
 * So the server always has work waiting when its turn comes, as a busy one has. Without it the load
 * sets the pace, and the faster a server is the more often it falls asleep and has to be woken,
 * which costs as much as a small request: then that is what would be compared. Several of these leave
 * the server a part of its CPU only, which is less than the load gives it to do. */
int main(void)
{
    for (;;)
#if defined(__x86_64__)
        __builtin_ia32_pause();
#else
        __asm__ volatile("");
#endif
}
