/* SPDX-License-Identifier: Apache-2.0 */
/* What a modem says while it is in command mode, by line: V.250's result codes in words and in
 * digits. Pure. */
#ifndef RAS_MODEM_H
#define RAS_MODEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum modem_word {
    MODEM_NOTHING, /* the line is not complete */
    MODEM_OTHER,   /* an echo, a caller's number, chatter */
    MODEM_OK,
    MODEM_ERROR,
    MODEM_RING,
    MODEM_CONNECT,
    MODEM_NO_CARRIER, /* also BUSY, NO ANSWER, NO DIALTONE: there is no call */
};

enum { MODEM_LINE_BYTES = 80 };

struct modem {
    char line[MODEM_LINE_BYTES + 1]; /* the last one, terminated */
    size_t n;
    bool complete, too_long;
    unsigned long speed; /* of the last CONNECT; 0: it did not say */
};

void modem_init(struct modem *);
/* The next line out of in, which moves past what was taken. */
enum modem_word modem_read(struct modem *, struct bytes *in);

/* Whether a modem that is online has told of the end of its call: NO CARRIER, on a line of its own
 * between CR LF. *matched is 0 when a call begins. */
bool modem_has_hung_up(uint8_t *matched, struct bytes in);

#endif
