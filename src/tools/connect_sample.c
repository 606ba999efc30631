/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of Microsoft's second socket sample, after the handshake: a 4-byte little-endian
 * trailer size, the trailer, the ciphertext; the connection's end is the message's. That is a
 * message of the framed protocol without the length before it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "service/stream.h"
#include "tools/connect_auth.h"
#include "tools/connect_sample.h"

enum { MESSAGE_BYTES = 65536 };

bool
connect_sample_run(int fd, CtxtHandle *context, uint64_t deadline_ms)
{
    uint8_t message[MESSAGE_BYTES];
    struct bytes plain;
    SECURITY_STATUS status;
    size_t got = 0;
    ssize_t n;

    do {
        n = recv(fd, message + got, sizeof(message) - got, 0);
        got += n > 0 ? (size_t)n : 0;
    } while ((n > 0 && got < sizeof(message)) ||
             (n < 0 && connect_auth_wait(fd, POLLIN, deadline_ms)));
    if (n != 0) {
        connect_auth_complain("the server's message",
                              n < 0 ? strerror(errno) : "it does not come to an end");
        return false;
    }
    status = stream_open(context, message, got, &plain);
    if (status != SEC_E_OK) {
        connect_auth_complain("the server's message was refused",
                              *OpenSspiReason() ? OpenSspiReason() : OpenSspiStatusName(status));
        return false;
    }
    return fwrite(plain.p, 1, plain.n, stdout) == plain.n && fflush(stdout) == 0;
}
