/* app/live.S -- the live page, as it is in live.html. */
    .section .rodata
    .globl live_html
    .hidden live_html
    .type live_html, %object
live_html:
    .incbin "src/app/live.html"
    .globl live_html_end
    .hidden live_html_end
live_html_end:
    .size live_html, .-live_html

    .section .note.GNU-stack, "", %progbits
