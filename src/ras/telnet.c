/* SPDX-License-Identifier: Apache-2.0 */
/* Telnet's commands and its escapes. */
#include "ras/telnet.h"

/* RFC 854. */
enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };
/* RFC 856, 857, 858. */
enum { BINARY = 0, ECHO = 1, SUPPRESS_GO_AHEAD = 3 };
/* A peer that never ceases to ask is not answered for ever. */
enum { ANSWERS_MAX = 100 };

static void
say(struct wire_writer *reply, uint8_t command, uint8_t option)
{
    wire_put_u8(reply, IAC);
    wire_put_u8(reply, command);
    wire_put_u8(reply, option);
}

void
telnet_init(struct telnet *t)
{
    *t = (struct telnet){ .place = TELNET_DATA };
}

void
telnet_open(struct wire_writer *reply)
{
    say(reply, WILL, ECHO);
    say(reply, WILL, SUPPRESS_GO_AHEAD);
    say(reply, DO, SUPPRESS_GO_AHEAD);
    say(reply, WILL, BINARY);
    say(reply, DO, BINARY);
}

/* Ours were offered by telnet_open, so agreement needs no answer; all else is refused. */
static void
take_option(struct telnet *t, uint8_t option, struct wire_writer *reply)
{
    bool ours = option == ECHO || option == SUPPRESS_GO_AHEAD || option == BINARY;
    bool theirs = option == SUPPRESS_GO_AHEAD || option == BINARY;
    bool answers = t->answers < ANSWERS_MAX;

    switch (t->command) {
    case DO:
        t->binary_out |= option == BINARY;
        if (!ours && answers) {
            say(reply, WONT, option);
            t->answers++;
        }
        break;
    case WILL:
        t->binary_in |= option == BINARY;
        if (!theirs && answers) {
            say(reply, DONT, option);
            t->answers++;
        }
        break;
    case DONT: t->binary_out &= option != BINARY; break;
    default: t->binary_in &= option != BINARY; break;
    }
}

static void
take_command(struct telnet *t, uint8_t byte, struct wire_writer *data)
{
    t->place = TELNET_DATA;
    if (byte == IAC) {
        wire_put_u8(data, IAC);
    } else if (byte == SB) {
        t->place = TELNET_SUB;
    } else if (byte >= WILL) {
        t->command = byte;
        t->place = TELNET_OPTION;
    }
}

static void
take_data(struct telnet *t, uint8_t byte, struct wire_writer *data)
{
    bool after_cr = t->place == TELNET_CR;

    t->place = TELNET_DATA;
    if (byte == IAC) {
        t->place = TELNET_IAC;
        return;
    }
    if (after_cr && byte == 0) {
        return;
    }
    wire_put_u8(data, byte);
    if (byte == '\r' && !t->binary_in) {
        t->place = TELNET_CR;
    }
}

void
telnet_decode(struct telnet *t, struct bytes in, struct wire_writer *data,
              struct wire_writer *reply)
{
    for (size_t i = 0; i < in.n; i++) {
        uint8_t byte = in.p[i];

        switch (t->place) {
        case TELNET_IAC: take_command(t, byte, data); break;
        case TELNET_OPTION:
            take_option(t, byte, reply);
            t->place = TELNET_DATA;
            break;
        case TELNET_SUB: t->place = byte == IAC ? TELNET_SUB_IAC : TELNET_SUB; break;
        case TELNET_SUB_IAC: t->place = byte == SE ? TELNET_DATA : TELNET_SUB; break;
        default: take_data(t, byte, data);
        }
    }
}

/* Where eight bits were not agreed on, CR is followed by LF or NUL. */
void
telnet_encode(struct telnet *t, struct bytes data, struct wire_writer *out)
{
    for (size_t i = 0; i < data.n; i++) {
        uint8_t byte = data.p[i];

        if (t->sent_cr && byte != '\n' && !t->binary_out) {
            wire_put_u8(out, 0);
        }
        if (byte == IAC) {
            wire_put_u8(out, IAC);
        }
        wire_put_u8(out, byte);
        t->sent_cr = byte == '\r';
    }
}
