/* SPDX-License-Identifier: Apache-2.0 */
/* NegoEx's message headers ([MS-NEGOEX] 2.2), as far as who declines it needs to name it. */
#ifndef CODEC_NEGOEX_MSG_H
#define CODEC_NEGOEX_MSG_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

enum { NEGOEX_HEADER_BYTES = 40, NEGOEX_MESSAGES_MAX = 32 };

enum negoex_type {
    NEGOEX_INITIATOR_NEGO,
    NEGOEX_ACCEPTOR_NEGO,
    NEGOEX_INITIATOR_META,
    NEGOEX_ACCEPTOR_META,
    NEGOEX_CHALLENGE,
    NEGOEX_AP_REQUEST,
    NEGOEX_VERIFY,
    NEGOEX_ALERT,
};

struct negoex_message {
    uint32_t type, sequence;
    uint32_t header_bytes, message_bytes; /* header_bytes <= message_bytes, both checked */
    uint8_t conversation[16];
    struct bytes whole;
    uint32_t at; /* in the token */
    /* INITIATOR_NEGO and ACCEPTOR_NEGO: n_schemes GUIDs of 16 bytes; the others that name one: 1 */
    struct bytes schemes;
};

/* The messages of a token, one after the other. false: no more, or an error that wire_status
 * tells. */
bool negoex_next(struct wire_reader *r, struct negoex_message *out);
const char *negoex_type_name(uint32_t type);

#endif
