/* SPDX-License-Identifier: Apache-2.0 */
/* Telnet on a tcp port, as far as a line needs it: commands are taken out of what comes, 255 and
 * bare CR are escaped in what goes, and eight bits are agreed on. RFC 854, 856, 857, 858. Pure. */
#ifndef RAS_TELNET_H
#define RAS_TELNET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/wire.h"

enum telnet_place {
    TELNET_DATA,
    TELNET_CR, /* the NUL that may follow it is no data */
    TELNET_IAC,
    TELNET_OPTION, /* after WILL, WONT, DO, DONT */
    TELNET_SUB,    /* in a subnegotiation, which is passed over */
    TELNET_SUB_IAC,
};

struct telnet {
    enum telnet_place place;
    uint8_t command;            /* before the option */
    bool sent_cr;               /* the last byte that went out was CR */
    bool binary_in, binary_out; /* agreed on */
    uint8_t answers;            /* options that were asked for again are answered so many times */
};

void telnet_init(struct telnet *);
/* What the server says first: it echoes, nobody says Go Ahead, eight bits both ways. */
void telnet_open(struct wire_writer *reply);
/* Appends the data of what came to data, and what is to be answered to reply. */
void telnet_decode(struct telnet *, struct bytes in, struct wire_writer *data,
                   struct wire_writer *reply);
void telnet_encode(struct telnet *, struct bytes data, struct wire_writer *out);

#endif
