/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rasd and its plugin in pppd say to each other, over a socket in rasd's folder: frames of a
 * 4-byte little-endian length and that many bytes, of which the first is the type. rasd trusts the
 * plugin with one call: the one whose token it has. docs/INTERFACES.md has the bytes. Pure; decoded
 * messages are views into the frame.
 */
#ifndef RAS_PPP_MSG_H
#define RAS_PPP_MSG_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"
#include "codec/message_table.h"

enum {
    PPP_MSG_VERSION = 1,
    PPP_MSG_LENGTH_BYTES = MESSAGE_LENGTH_BYTES,
    PPP_MSG_BYTES_MAX = 2048, /* no frame is longer */
    PPP_MSG_TOKEN_BYTES = 32,
    PPP_MSG_USER_MAX = 256,      /* pppd's MAXNAMELEN */
    PPP_MSG_CHALLENGE_MAX = 64,  /* pppd's MAX_CHALLENGE_LEN */
    PPP_MSG_RESPONSE_MAX = 1024, /* a password of PAP, as pppd prints it */
    PPP_MSG_ADDRESS_MAX = 45,
    PPP_MSG_INTERFACE_MAX = 31,
    PPP_MSG_TEXT_MAX = 128,
    PPP_MSG_KEY_BYTES = 16,
};

/* As PPP numbers them (RFC 1994, 2433, 2759); PAP, which has no number there, is 0. */
enum ppp_msg_algorithm {
    PPP_MSG_PAP = 0,
    PPP_MSG_CHAP_MD5 = 5,
    PPP_MSG_MSCHAP = 0x80,
    PPP_MSG_MSCHAP_V2 = 0x81,
};

enum ppp_msg_type {
    /* plugin to rasd */
    PPP_MSG_HELLO = 1, /* first of all: version, token */
    PPP_MSG_PROVE,     /* is this the caller's proof: VERDICT answers */
    PPP_MSG_UP,        /* addresses are there: interface, local, remote */
    PPP_MSG_DOWN,      /* they are gone: seconds and bytes */
    /* rasd to plugin */
    PPP_MSG_WELCOME = 32, /* version; remote: the one address that the caller may have */
    PPP_MSG_VERDICT,
};

struct ppp_msg {
    uint8_t type;          /* enum ppp_msg_type */
    uint8_t algorithm, id; /* PROVE: enum ppp_msg_algorithm; CHAP's identifier */
    uint32_t version;      /* HELLO, WELCOME */
    uint32_t error;        /* VERDICT: 0, or 691 */
    uint64_t seconds;      /* DOWN */
    uint64_t bytes_in, bytes_out;
    struct bytes user; /* PROVE: as the caller sent it, as far as pppd shows it */
    struct bytes interface_name, local, remote; /* UP, WELCOME */
    struct bytes text;                          /* VERDICT: what the caller is told */
    struct bytes token;                         /* HELLO: 32 bytes; a secret */
    struct bytes challenge, response;           /* PROVE; of PAP the password, a secret */
    struct bytes send_key, receive_key;         /* VERDICT: 16 bytes, or none; secrets */
    struct message_fault fault;
};

extern const struct message_format ppp_msg_format;

/* One frame without its length. WIRE_BAD_VALUE: an unknown type or algorithm, a text with a NUL;
 * WIRE_LIMIT: a field longer than it may be; WIRE_SHORT: or shorter. Of a frame that is refused
 * only the fault is left. */
SEC_NODISCARD enum wire_err ppp_msg_decode(struct ppp_msg *, struct bytes in);
/* Appends length and frame. The message is one that ppp_msg_decode would take. */
void ppp_msg_encode(struct wire_writer *w, const struct ppp_msg *);

#endif
