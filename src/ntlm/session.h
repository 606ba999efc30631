/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of an established NTLM context and its messages: sign and seal ([MS-NLMP] 3.4). */
#ifndef NTLM_SESSION_H
#define NTLM_SESSION_H

#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "package.h"

enum { NTLM_SIGNATURE_BYTES = 16 };

/* One direction, or both where there is no extended session security. Made ready by its first
 * message: many contexts only ever authenticate. */
struct ntlm_stream {
    uint32_t seq;
    bool ready;
    struct hmac_md5_key mac;
    union {
        struct cipher_rc4 rc4;
        struct secret16 datagram_key; /* the stream begins anew for each message */
    };
};

struct ntlm_session {
    uint32_t flags; /* NTLMSSP flags, as AUTHENTICATE has them */
    bool acceptor;
    bool no_dummy;       /* the caller asked for protection: without any, its messages fail */
    struct secret16 key; /* ExportedSessionKey */
    struct ntlm_stream send, receive;
};

/* key and flags are copied. Without a session key (anonymous), no message can be protected. */
void ntlm_session_begin(struct ntlm_session *, const struct secret16 *key, uint32_t flags,
                        bool acceptor);
void ntlm_session_clear(struct ntlm_session *);
/* Both directions share one stream: [MS-NLMP] 3.4.4.1. */
bool ntlm_session_is_half_duplex(const struct ntlm_session *);
/* Whether signatures are more than the dummy of 3.4.2. */
bool ntlm_session_protects(const struct ntlm_session *);
/* Of the sealing key that these flags lead to: 128, 56 or 40. Without extended session security,
 * LM_KEY and DATAGRAM shorten it whatever NTLMSSP_NEGOTIATE_128 says (3.4.5.3). */
unsigned ntlm_session_key_bits(uint32_t flags);

/* What of the streams has moved on; what stands in flags and key, load's caller has restored. */
void ntlm_session_save(const struct ntlm_session *, struct wire_writer *out);
void ntlm_session_load(struct ntlm_session *, struct wire_reader *in);

sec_status ntlm_session_sign(struct ntlm_session *, struct sec_msg *);
sec_status ntlm_session_verify(struct ntlm_session *, struct sec_msg *);
sec_status ntlm_session_seal(struct ntlm_session *, struct sec_msg *);
sec_status ntlm_session_unseal(struct ntlm_session *, struct sec_msg *);

/* [MS-SPNG] 3.3.5.1: signatures over a list of mechanisms count, but leave the key stream where
 * it was, so that the first application message begins it. */
sec_status ntlm_session_make_mic(struct ntlm_session *, struct bytes data, struct wire_writer *out);
sec_status ntlm_session_check_mic(struct ntlm_session *, struct bytes data, struct bytes mic);

#endif
