/* task/bottom.S -- where every flow's backtrace ends: the return address of its first function. The
 * return address is undefined here, which tells gdb and every other unwinder to stop. Never run:
 * it traps. Being assembly without a note on shadow stacks, it also keeps a linker from marking the
 * program as fit for them, which a switch of stacks is not. */
    .text
    .globl switch_bottom
    .hidden switch_bottom
    .type switch_bottom, %function
switch_bottom:
    .cfi_startproc
#if defined(__x86_64__)
    .cfi_undefined rip
    nop
    ud2
#elif defined(__aarch64__)
    .cfi_undefined x30
    nop
    brk #1
#endif
    .cfi_endproc
    .size switch_bottom, .-switch_bottom

    .section .note.GNU-stack, "", %progbits
