/* SPDX-License-Identifier: Apache-2.0 */
/* The connection below libldap: a socket with a deadline, and, once the bind is done, SASL's security
 * layer (RFC 4422 3.7), sealed. */
#ifndef DIRECTORY_CHANNEL_H
#define DIRECTORY_CHANNEL_H

#include <lber.h>
#include <opensspi/sspi.h>

#include "base/bytes.h"
#include "base/status.h"

struct channel {
    int fd;
    uint64_t deadline_ms; /* of clock_monotonic_ms, for all that is sent and received */
    PCtxtHandle context;  /* NULL: in the clear */
    ULONG trailer_bytes, padding_bytes, send_max, receive_max;
    uint8_t *frame;       /* the message that pending is in */
    struct bytes pending; /* what of it was not read yet */
    size_t received;      /* of the socket, in all */
};

/* Connects to a host's port. SEC_E_NO_AUTHENTICATING_AUTHORITY: nobody answers in time; SEC_E_INSUFFICIENT_MEMORY. */
SEC_NODISCARD sec_status channel_open(struct channel *, const char *host, uint16_t port,
                                      uint64_t deadline_ms);
void channel_close(struct channel *);

/* From here on each message is sealed by this established context, and none is read that is not. */
SEC_NODISCARD sec_status channel_seal(struct channel *, PCtxtHandle context);

/* Has libldap read and write here. What it is sent ends with a message, or a connection, that is longer
 * than any answer to a question of ours. */
SEC_NODISCARD bool channel_serve(struct channel *, Sockbuf *);

#endif
