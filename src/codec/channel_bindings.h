/* SPDX-License-Identifier: Apache-2.0 */
/* SEC_CHANNEL_BINDINGS, as a caller hands it over, and the form of it that is hashed. */
#ifndef CODEC_CHANNEL_BINDINGS_H
#define CODEC_CHANNEL_BINDINGS_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

struct channel_bindings {
    uint32_t initiator_type, acceptor_type;
    struct bytes initiator, acceptor, application;
    uint32_t
        flags; /* SEC_CHANNEL_BINDINGS_EX alone has them: SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS */
};

/* SEC_CHANNEL_BINDINGS or SEC_CHANNEL_BINDINGS_EX, told apart by the latter's magic number.
 * Offsets count from the start of the structure. Borrowed views into `in`; nothing to free. */
SEC_NODISCARD enum wire_err channel_bindings_decode(struct channel_bindings *out, struct bytes in);

/* RFC 4121 4.1.1.2: what MD5 is computed over, for NTLM's MsvAvChannelBindings and Kerberos'
 * checksum alike. Offsets and flags are no part of it. */
void channel_bindings_put_hashed(struct wire_writer *w, const struct channel_bindings *b);

#endif
