/* wire/fault.c -- see fault.h. */
#include "wire/fault.h"
#include "base/check.h"

_Static_assert(FAULT_END <= 0, "faults are negative");

static const struct {
    int status;
    const char *reason;
} faults[] = {
    { 400, "this is TLS, on a port that speaks plain HTTP" },
    { 505, "this is HTTP/2 without TLS, on a port that speaks HTTP/1.1" },
    { 400, "this is the PROXY protocol, which is not expected here" },
    { 400, "too many empty lines before the request" },
    { 400, "the first line is malformed" },
    { 400, "the method is malformed" },
    { 400, "a byte in the target has to be percent-encoded" },
    { 505, "the protocol's version is not HTTP/1" },
    { 414, "the request line is too long" },
    { 431, "a field line is too long" },
    { 431, "the head is too long" },
    { 431, "too many fields" },
    { 400, "a line feed without a carriage return before it" },
    { 400, "a carriage return without a line feed after it" },
    { 400, "a control byte in the head" },
    { 400, "white space before the first field" },
    { 400, "a folded field line" },
    { 400, "a field line without a colon" },
    { 400, "a field's name is malformed" },
    { 400, "white space before the colon of a field" },
    { 400, "no Host field" },
    { 400, "more than one Host field" },
    { 400, "the host is malformed" },
    { 400, "Content-Length is not a number" },
    { 413, "Content-Length is more than can be counted" },
    { 400, "more than one Content-Length field" },
    { 400, "both Content-Length and Transfer-Encoding" },
    { 400, "Transfer-Encoding in HTTP/1.0" },
    { 400, "the last transfer coding is not chunked" },
    { 400, "chunked is applied twice" },
    { 501, "a transfer coding other than chunked" },
    { 400, "Transfer-Encoding is malformed" },
    { 502, "the status is not a number from 100 to 999" },
    { 400, "a percent sign without two hexadecimal digits in the path" },
    { 400, "an encoded NUL in the path" },
    { 400, "an encoded slash in the path" },
    { 400, "the path leads above the root" },
    { 400, "this form of target does not go with the method" },
    { 400, "a chunk's size is malformed" },
    { 400, "a chunk's extension is malformed" },
    { 400, "the chunks' extensions are too long" },
    { 400, "a chunk is not followed by CR LF" },
    { 431, "the trailer section is too long" },
};

_Static_assert(sizeof faults / sizeof *faults == FAULT_END - FAULT_TLS, "one entry for each");

int fault_status(int fault)
{
    check(fault >= FAULT_TLS && fault < FAULT_END);
    return faults[fault - FAULT_TLS].status;
}

const char *fault_reason(int fault)
{
    check(fault >= FAULT_TLS && fault < FAULT_END);
    return faults[fault - FAULT_TLS].reason;
}
