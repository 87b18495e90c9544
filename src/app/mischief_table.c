/* app/mischief_table.c -- every kind: what it does, byte for byte, and what a client should make of
 * it. Each of them is something that real servers, or what stands before them, have done.
 *
 * `does` and `client` are in the manual, too (man/stoa-serve.1); tests/e2e/faults.py proves what
 * reaches a client. */
#include "app/mischief_table.h"

#define BYTES(literal)                                                                             \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

#define OK "HTTP/1.1 200 OK\r\n"
#define TEXT "Content-Type: text/plain\r\n"
#define LINE "This reply is whole.\n"
#define FINE OK TEXT "Content-Length: 21\r\n\r\n" LINE
#define PART "This reply is not whole.\n"

const struct stoa_str mischief_fine_reply = BYTES(FINE);

const struct mischief_kind mischief_table[] = {
    {
        .group = "Accepting the connection",
        .name = "refuse-after",
        .arg = MISCHIEF_COUNT,
        .healthy = UINT32_MAX,
        .does = "answers N connections well, then refuses all others",
        .client = "Take it for passing: try again a few times, each time later, then give up.",
    },
    {
        .name = "never-accept",
        .accepts_none = true,
        .does = "listens and never accepts: connections are made, and wait in the accept queue; "
                "when it is full (--backlog), they are not even made",
        .client = "Have a time limit for the reply, not only for the connection.",
    },
    {
        .name = "reset-at-accept",
        .first = { MISCHIEF_AT_ACCEPT, BYTES("") },
        .end = MISCHIEF_RESET,
        .does = "resets each connection as soon as it is there",
        .client = "Say that it was reset, not refused. Repeat what may be repeated.",
    },
    {
        .name = "close-at-accept",
        .first = { MISCHIEF_AT_ACCEPT, BYTES("") },
        .end = MISCHIEF_CLOSE,
        .does = "ends the stream as soon as the connection is there, without reading",
        .client = "No byte of a reply is a failure, not an empty reply.",
    },
    {
        .name = "early-408",
        .first = { MISCHIEF_AT_ACCEPT, BYTES("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
                                             "Connection: close\r\n\r\n") },
        .end = MISCHIEF_CLOSE,
        .does = "sends a 408 and the end before any request, as to an idle connection",
        .client = "It is no answer to a request that was sent later: repeat that one on a new "
                  "connection (RFC 9110, section 15.5.9).",
    },

    {
        .group = "Taking the request",
        .name = "never-read",
        .first = { MISCHIEF_AT_ACCEPT, BYTES("") },
        .end = MISCHIEF_DEAF,
        .does = "accepts and reads nothing: once the buffers are full the client can send no more",
        .client = "Have a time limit for sending, too.",
    },
    {
        .name = "reset-while-request",
        .first = { MISCHIEF_AT_BYTES, BYTES("") },
        .end = MISCHIEF_RESET,
        .does = "resets when the first bytes of the request have come",
        .client = "Survive a failing write (EPIPE, SIGPIPE), and say that it was reset.",
    },
    {
        .name = "early-413",
        .first = { MISCHIEF_AT_HEAD, BYTES("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n"
                                           "Connection: close\r\n\r\n") },
        .end = MISCHIEF_RESET,
        .does = "sends a 413 when the head has come and resets, with the body still on its way",
        .client = "When sending fails, read what is there already: the status says why.",
    },
    {
        .name = "no-continue",
        .first = { MISCHIEF_AT_REQUEST_UNASKED, BYTES(FINE) },
        .end = MISCHIEF_NEXT,
        .does = "never answers Expect: 100-continue; the reply comes after the body",
        .client = "Send the body after a short wait (RFC 9110, section 10.1.1).",
    },
    {
        .name = "reset-after-request",
        .first = { MISCHIEF_AT_REQUEST, BYTES("") },
        .end = MISCHIEF_RESET,
        .does = "takes all of the request, then resets",
        .client = "The request may have been carried out: repeat it only when that does no harm.",
    },
    {
        .name = "close-without-reply",
        .first = { MISCHIEF_AT_REQUEST, BYTES("") },
        .end = MISCHIEF_CLOSE,
        .does = "takes all of the request, then ends the stream without a byte",
        .client = "No byte of a reply is a failure, not an empty reply.",
    },
    {
        .name = "close-when-idle",
        .first = { MISCHIEF_AT_REQUEST, BYTES(FINE) },
        .end = MISCHIEF_CLOSE,
        .does = "answers well, as if the connection stayed open, and ends it",
        .client = "Notice the end before the next request, and use a new connection for it.",
    },
    {
        .name = "reset-on-reuse",
        .healthy = 1,
        .first = { MISCHIEF_AT_REQUEST, BYTES("") },
        .end = MISCHIEF_RESET,
        .does = "answers the first request of a connection well and resets at the second",
        .client = "Repeat a request without harm once, on a new connection.",
    },

    {
        .group = "Time",
        .name = "stall",
        .arg = MISCHIEF_MS,
        .first = { MISCHIEF_AT_REQUEST, BYTES("") },
        .second = { MISCHIEF_AFTER_MS, BYTES(FINE) },
        .end = MISCHIEF_NEXT,
        .does = "answers after that time; without one, never",
        .client = "Have a time limit for the first byte of the reply.",
    },
    {
        .name = "stall-in-head",
        .arg = MISCHIEF_MS,
        .first = { MISCHIEF_AT_REQUEST, BYTES(OK "Content-") },
        .second = { MISCHIEF_AFTER_MS,
                    BYTES("Type: text/plain\r\nContent-Length: 21\r\n\r\n" LINE) },
        .end = MISCHIEF_NEXT,
        .does = "stops in the middle of the head for that time; without one, for ever",
        .client = "Have a time limit for the whole head.",
    },
    {
        .name = "stall-in-body",
        .arg = MISCHIEF_MS,
        .first = { MISCHIEF_AT_REQUEST, BYTES(OK TEXT "Content-Length: 21\r\n\r\nThis reply") },
        .second = { MISCHIEF_AFTER_MS, BYTES(" is whole.\n") },
        .end = MISCHIEF_NEXT,
        .does = "stops in the middle of the body for that time; without one, for ever",
        .client = "Have a time limit for silence within a body; what came is not the whole.",
    },
    {
        .name = "slow",
        .arg = MISCHIEF_BYTES_PER_S,
        .first = { MISCHIEF_AT_REQUEST, BYTES(OK TEXT "Content-Length: 65536\r\n\r\n") },
        .second = { MISCHIEF_AT_RATE,
                    BYTES("Slowly, slowly, and not one byte faster: this line repeats itself.\n") },
        .end = MISCHIEF_NEXT,
        .does = "sends a body of 64 KiB at that rate",
        .client = "A time limit for silence does not end this one: have one for the whole, too.",
    },
    {
        .name = "never-close",
        .first = { MISCHIEF_AT_REQUEST, BYTES("HTTP/1.0 200 OK\r\n" TEXT "\r\n" PART) },
        .end = MISCHIEF_SILENCE,
        .does = "sends a body that lasts until the connection ends, and does not end it",
        .client = "Have a time limit for silence within a body; what came may not be the whole.",
    },

    {
        .group = "Cut replies",
        .name = "reset-in-head",
        .first = { MISCHIEF_AT_REQUEST, BYTES(OK "Content-") },
        .end = MISCHIEF_RESET,
        .does = "resets in the middle of the head",
        .client = "It is a failure, whatever the status line said.",
    },
    {
        .name = "reset-in-body",
        .first = { MISCHIEF_AT_REQUEST, BYTES(OK TEXT "Content-Length: 1000\r\n\r\n" PART) },
        .end = MISCHIEF_RESET,
        .does = "resets in the middle of the body",
        .client = "It is a failure; leave no file that looks whole.",
    },
    {
        .name = "cut-head",
        .first = { MISCHIEF_AT_REQUEST, BYTES(OK TEXT "Content-Length: 21\r\n") },
        .end = MISCHIEF_CLOSE,
        .does = "ends the stream before the empty line after the head",
        .client = "A head without its end is a failure.",
    },
    {
        .name = "cut-body",
        .first = { MISCHIEF_AT_REQUEST, BYTES(OK TEXT "Content-Length: 1000\r\n\r\n" PART) },
        .end = MISCHIEF_CLOSE,
        .does = "ends the stream after 25 of the 1000 bytes that Content-Length announced",
        .client = "Less than announced is a failure; leave no file that looks whole.",
    },
    {
        .name = "cut-chunk",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES(OK TEXT "Transfer-Encoding: chunked\r\n\r\n19\r\n" PART "\r\n") },
        .end = MISCHIEF_CLOSE,
        .does = "ends the stream between two chunks: the last one (0) is missing",
        .client =
            "A chunked body without its last chunk is a failure, even when all lines are whole.",
    },
    {
        .name = "cut-in-chunk",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES(OK TEXT "Transfer-Encoding: chunked\r\n\r\n19\r\n" PART
                                 "\r\n19\r\nThis reply") },
        .end = MISCHIEF_CLOSE,
        .does = "ends the stream in the middle of a chunk",
        .client = "A chunk that is cut is a failure.",
    },

    {
        .group = "Wrong lengths",
        .name = "wrong-length",
        .first = { MISCHIEF_AT_REQUEST, BYTES(OK TEXT "Content-Length: 4\r\n\r\n" LINE) },
        .end = MISCHIEF_NEXT,
        .does = "sends more bytes than Content-Length announced and keeps the connection",
        .client =
            "Take as many as announced, and never use the connection again: the rest would be "
            "taken for the next reply.",
    },
    {
        .name = "two-lengths",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES(OK TEXT "Content-Length: 4\r\nContent-Length: 21\r\n\r\n" LINE) },
        .end = MISCHIEF_CLOSE,
        .does = "announces two lengths that differ",
        .client = "Refuse the reply (RFC 9112, section 6.3): another reader chose the other one.",
    },
    {
        .name = "length-and-chunked",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES(OK TEXT
                         "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n" LINE
                         "\r\n0\r\n\r\n") },
        .end = MISCHIEF_CLOSE,
        .does = "announces a length, and chunks as well",
        .client = "Refuse the reply, or read the chunks and close: never take the length.",
    },
    {
        .name = "bad-length",
        .first = { MISCHIEF_AT_REQUEST, BYTES(OK TEXT "Content-Length: 21 bytes\r\n\r\n" LINE) },
        .end = MISCHIEF_CLOSE,
        .does = "announces a length that is no number",
        .client = "Refuse the reply (RFC 9112, section 6.3).",
    },
    {
        .name = "huge-length",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES(OK TEXT "Content-Length: 18446744073709551637\r\n\r\n" LINE) },
        .end = MISCHIEF_CLOSE,
        .does = "announces 2^64 + 21 bytes, which 64 bits take for 21",
        .client =
            "Refuse a number that is too large; do not let it wrap, nor reserve memory for it.",
    },
    {
        .name = "bad-chunk",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES(OK TEXT "Transfer-Encoding: chunked\r\n\r\n15\r\n" LINE
                                 "\r\nlast\r\n\r\n") },
        .end = MISCHIEF_CLOSE,
        .does = "sends a good chunk, then one whose size is no number",
        .client = "It is a failure, although all of the text has come.",
    },
    {
        .name = "huge-chunk",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES(OK TEXT "Transfer-Encoding: chunked\r\n\r\n"
                                 "10000000000000015\r\n" LINE "\r\n0\r\n\r\n") },
        .end = MISCHIEF_CLOSE,
        .does = "sends a chunk of 2^64 + 21 bytes, which 64 bits take for 21",
        .client = "Refuse a number that is too large.",
    },
    {
        .name = "body-with-204",
        .first = { MISCHIEF_AT_REQUEST, BYTES("HTTP/1.1 204 No Content\r\n\r\n" LINE) },
        .end = MISCHIEF_NEXT,
        .does = "sends a body behind a 204, which has none, and keeps the connection",
        .client = "A 204 ends with its head: never use the connection again.",
    },

    {
        .group = "Malformed heads",
        .name = "bad-status-line",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES("HTTP/1.1 OK 200\r\nContent-Length: 21\r\n\r\n" LINE) },
        .end = MISCHIEF_CLOSE,
        .does = "sends a status line without a number where the status stands",
        .client = "Refuse the reply.",
    },
    {
        .name = "bad-header",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES(OK "This line has no colon\r\nContent-Length: 21\r\n\r\n" LINE) },
        .end = MISCHIEF_CLOSE,
        .does = "sends a field without a colon",
        .client = "Refuse the reply.",
    },
    {
        .name = "folded-header",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES(OK "Content-Type: text/\r\n plain\r\nContent-Length: 21\r\n\r\n" LINE) },
        .end = MISCHIEF_NEXT,
        .does = "folds a field over two lines, as was allowed once",
        .client = "Refuse the reply, or read a space instead (RFC 9112, section 5.2).",
    },
    {
        .name = "bad-gzip",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES(OK TEXT "Content-Encoding: gzip\r\nContent-Length: 21\r\n\r\n" LINE) },
        .end = MISCHIEF_NEXT,
        .does = "says that the body is gzip, which it is not",
        .client = "It is a failure; do not pass the bytes on as the body.",
    },
    {
        .name = "escapes",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES("HTTP/1.1 200 \x1b]0;owned\x07\r\nX-Odd: \x1b[2J\x1b[31mred\r\n" TEXT
                         "Content-Length: 17\r\n\r\n\x1b[2J\x1b[31mred\x1b[0m\n") },
        .end = MISCHIEF_NEXT,
        .does = "puts escape sequences of terminals into reason, field and body",
        .client = "Print no byte of a peer's on a terminal or in a log without escaping it.",
    },

    {
        .group = "Without an end",
        .name = "endless-head",
        .first = { MISCHIEF_AT_REQUEST, BYTES(OK) },
        .second = { MISCHIEF_FOR_EVER, BYTES("X-Endless: and so on, and on, and on, and on\r\n") },
        .does = "sends fields for ever",
        .client = "Limit the bytes and the number of fields.",
    },
    {
        .name = "endless-1xx",
        .first = { MISCHIEF_AT_REQUEST, BYTES("") },
        .second = { MISCHIEF_FOR_EVER, BYTES("HTTP/1.1 102 Processing\r\n\r\n") },
        .does = "sends interim responses for ever",
        .client = "Limit their number; a time limit for silence does not end this one.",
    },
    {
        .name = "endless-body",
        .first = { MISCHIEF_AT_REQUEST, BYTES(OK TEXT "Transfer-Encoding: chunked\r\n\r\n") },
        .second = { MISCHIEF_FOR_EVER, BYTES("15\r\nand on and on and on\n\r\n") },
        .does = "sends chunks for ever",
        .client = "Limit the bytes of a body that is kept in memory.",
    },
    {
        .name = "redirect-loop",
        .first = { MISCHIEF_AT_REQUEST, BYTES("HTTP/1.1 302 Found\r\nLocation: /again\r\n"
                                              "Content-Length: 0\r\n\r\n") },
        .end = MISCHIEF_NEXT,
        .does = "redirects every request to /again",
        .client = "Limit the number of redirects, and say where they went.",
    },

    {
        .group = "Something else than HTTP/1.1",
        .name = "old-http",
        .first = { MISCHIEF_AT_REQUEST, BYTES("<title>1991</title>This reply is whole.\n") },
        .end = MISCHIEF_CLOSE,
        .does = "sends a body alone, without a head, as HTTP/0.9 did",
        .client = "Refuse it: anything could be taken for HTTP/0.9.",
    },
    {
        .name = "garbage",
        .first = { MISCHIEF_AT_REQUEST,
                   BYTES("\xff\x00\x1b[31m\x7f\x80\xfe\r\n\r\n\x00\x00\x9d\xe2\x28"
                         "\xa1\x1b]0;x\x07HTTP/1.1 200 OK\r\n\r\n\xf0\x9f\n") },
        .end = MISCHIEF_CLOSE,
        .does = "sends bytes that mean nothing, with NUL and escape sequences among them",
        .client = "Refuse it, and print none of it unescaped.",
    },
    {
        .name = "tls-alert",
        .first = { MISCHIEF_AT_BYTES, BYTES("\x15\x03\x01\x00\x02\x02\x46") },
        .end = MISCHIEF_CLOSE,
        .does = "answers as a TLS server does to plain text: a fatal alert, protocol_version",
        .client = "Say that the port speaks TLS.",
    },
    {
        .name = "ssh-banner",
        .first = { MISCHIEF_AT_ACCEPT, BYTES("SSH-2.0-OpenSSH_9.2\r\n") },
        .second = { MISCHIEF_AT_BYTES, BYTES("Invalid SSH identification string.\r\n") },
        .end = MISCHIEF_CLOSE,
        .does = "speaks first and like an SSH server",
        .client = "Say that it is an SSH server.",
    },
    {
        .name = "smtp-banner",
        .first = { MISCHIEF_AT_ACCEPT, BYTES("220 mail.example ESMTP ready\r\n") },
        .second = { MISCHIEF_AT_BYTES, BYTES("500 5.5.1 Command unrecognized\r\n") },
        .end = MISCHIEF_CLOSE,
        .does = "speaks first and like a mail server",
        .client = "Say that it is not HTTP; show what came.",
    },
    {
        .name = "http2-preface",
        .first = { MISCHIEF_AT_ACCEPT, BYTES("\x00\x00\x06\x04\x00\x00\x00\x00\x00"
                                             "\x00\x03\x00\x00\x00\x64") },
        .second = { MISCHIEF_AT_BYTES, BYTES("\x00\x00\x08\x07\x00\x00\x00\x00\x00"
                                             "\x00\x00\x00\x00\x00\x00\x00\x01") },
        .end = MISCHIEF_CLOSE,
        .does = "speaks HTTP/2 at once: SETTINGS, then GOAWAY to what is no HTTP/2",
        .client = "Say that the port speaks HTTP/2 without TLS.",
    },
};

const size_t mischief_table_count = sizeof mischief_table / sizeof *mischief_table;
