/* SPDX-License-Identifier: Apache-2.0 */
/* The three messages of NTLM, their AV pairs and the NTLMv2 response ([MS-NLMP] 2.2), as pure
 * functions. What a decoder gives are views into its input: nothing to free. */
#ifndef CODEC_NTLM_MSG_H
#define CODEC_NTLM_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/wire.h"

/* 2.2.2.5 NEGOTIATE */
#define NTLMSSP_NEGOTIATE_UNICODE                  UINT32_C(0x00000001)
#define NTLMSSP_NEGOTIATE_OEM                      UINT32_C(0x00000002)
#define NTLMSSP_REQUEST_TARGET                     UINT32_C(0x00000004)
#define NTLMSSP_NEGOTIATE_SIGN                     UINT32_C(0x00000010)
#define NTLMSSP_NEGOTIATE_SEAL                     UINT32_C(0x00000020)
#define NTLMSSP_NEGOTIATE_DATAGRAM                 UINT32_C(0x00000040)
#define NTLMSSP_NEGOTIATE_LM_KEY                   UINT32_C(0x00000080)
#define NTLMSSP_NEGOTIATE_NTLM                     UINT32_C(0x00000200)
#define NTLMSSP_ANONYMOUS                          UINT32_C(0x00000800)
#define NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED      UINT32_C(0x00001000)
#define NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED UINT32_C(0x00002000)
#define NTLMSSP_NEGOTIATE_LOCAL_CALL               UINT32_C(0x00004000)
#define NTLMSSP_NEGOTIATE_ALWAYS_SIGN              UINT32_C(0x00008000)
#define NTLMSSP_TARGET_TYPE_DOMAIN                 UINT32_C(0x00010000)
#define NTLMSSP_TARGET_TYPE_SERVER                 UINT32_C(0x00020000)
#define NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY UINT32_C(0x00080000)
#define NTLMSSP_NEGOTIATE_IDENTIFY                 UINT32_C(0x00100000)
#define NTLMSSP_REQUEST_NON_NT_SESSION_KEY         UINT32_C(0x00400000)
#define NTLMSSP_NEGOTIATE_TARGET_INFO              UINT32_C(0x00800000)
#define NTLMSSP_NEGOTIATE_VERSION                  UINT32_C(0x02000000)
#define NTLMSSP_NEGOTIATE_128                      UINT32_C(0x20000000)
#define NTLMSSP_NEGOTIATE_KEY_EXCH                 UINT32_C(0x40000000)
#define NTLMSSP_NEGOTIATE_56                       UINT32_C(0x80000000)

enum {
    NTLM_VERSION_BYTES = 8,
    NTLM_MIC_BYTES = 16,
    NTLM_MIC_OFFSET = 72,
    NTLM_MIC_END = NTLM_MIC_OFFSET + NTLM_MIC_BYTES,
    NTLM_BINDINGS_BYTES = 16,
    NTLM_SESSION_KEY_BYTES = 16,
};

extern const struct bytes ntlm_msg_signature; /* "NTLMSSP" and its NUL */

/* 2.2.1.1 NEGOTIATE_MESSAGE. The names are in the OEM character set. */
struct ntlm_negotiate {
    uint32_t flags;
    struct bytes domain, workstation;
};

/* 2.2.1.2 CHALLENGE_MESSAGE */
struct ntlm_challenge {
    uint32_t flags;
    uint8_t server_challenge[8];
    struct bytes target_name, target_info;
};

/* 2.2.1.3 AUTHENTICATE_MESSAGE. Names in the character set that flags say. */
struct ntlm_authenticate {
    uint32_t flags;
    struct bytes lm_response, nt_response, domain, user, workstation, session_key;
    bool has_mic;     /* encode: leave room for one, zeroed. decode: there is room for one */
    struct bytes mic; /* decode, where has_mic: the 16 bytes at NTLM_MIC_OFFSET */
};

/* On a failure *at (may be NULL) is the offset that goes into the log. Fields that wrap, run past
 * the end, or overlap each other or the header are refused. */
SEC_NODISCARD enum wire_err ntlm_negotiate_decode(struct ntlm_negotiate *out, struct bytes in,
                                                  uint32_t *at);
SEC_NODISCARD enum wire_err ntlm_challenge_decode(struct ntlm_challenge *out, struct bytes in,
                                                  uint32_t *at);
SEC_NODISCARD enum wire_err ntlm_authenticate_decode(struct ntlm_authenticate *out, struct bytes in,
                                                     uint32_t *at);
/* Each appends one message to w. */
void ntlm_negotiate_encode(struct wire_writer *w, const struct ntlm_negotiate *m);
void ntlm_challenge_encode(struct wire_writer *w, const struct ntlm_challenge *m);
void ntlm_authenticate_encode(struct wire_writer *w, const struct ntlm_authenticate *m);

/* 2.2.2.1 AV_PAIR */
enum ntlm_av_id {
    NTLM_AV_EOL = 0,
    NTLM_AV_NB_COMPUTER_NAME = 1,
    NTLM_AV_NB_DOMAIN_NAME = 2,
    NTLM_AV_DNS_COMPUTER_NAME = 3,
    NTLM_AV_DNS_DOMAIN_NAME = 4,
    NTLM_AV_DNS_TREE_NAME = 5,
    NTLM_AV_FLAGS = 6,
    NTLM_AV_TIMESTAMP = 7,
    NTLM_AV_SINGLE_HOST = 8,
    NTLM_AV_TARGET_NAME = 9,
    NTLM_AV_CHANNEL_BINDINGS = 10,
};

enum ntlm_av_flag {
    NTLM_AV_FLAG_CONSTRAINED = 0x1,
    NTLM_AV_FLAG_MIC = 0x2,
    NTLM_AV_FLAG_UNVERIFIED_TARGET = 0x4,
};

/* A list of pairs by what they say. present has bit (1 << id) for each pair that is there. */
struct ntlm_av_pairs {
    uint32_t present;
    uint32_t flags;
    uint64_t timestamp_100ns;
    struct bytes nb_computer, nb_domain, dns_computer, dns_domain, dns_tree;
    struct bytes target_name, channel_bindings, single_host;
};

static inline bool
ntlm_av_has(const struct ntlm_av_pairs *av, enum ntlm_av_id id)
{
    return (av->present & 1u << id) != 0;
}

/* Up to and with MsvAvEOL; *rest (may be NULL) is what follows it. A list without its end, a pair
 * of the wrong length and a second pair of one kind are refused; unknown pairs pass. */
SEC_NODISCARD enum wire_err ntlm_av_pairs_decode(struct ntlm_av_pairs *out, struct bytes in,
                                                 struct bytes *rest);
/* One pair. EOL: value empty. */
void ntlm_av_put(struct wire_writer *w, enum ntlm_av_id id, struct bytes value);
void ntlm_av_put_le64(struct wire_writer *w, enum ntlm_av_id id, uint64_t value);

/* What a client answers a server's pairs with: the server's own in their order, with the flags
 * updated in place, and the client's before the end ([MS-NLMP] 3.1.5.1.2). */
struct ntlm_av_answer {
    uint32_t set_flags;              /* or'ed into MsvAvFlags; 0: left as it is */
    const uint8_t *channel_bindings; /* NTLM_BINDINGS_BYTES; NULL: no pair */
    bool has_target_name;
    struct bytes target_name;
};

SEC_NODISCARD enum wire_err ntlm_av_pairs_answer(struct wire_writer *w, struct bytes server_pairs,
                                                 const struct ntlm_av_answer *answer);

/* 2.2.2.8 NTLMv2_RESPONSE and 2.2.2.7 NTLMv2_CLIENT_CHALLENGE */
struct ntlm_v2_response {
    struct bytes proof; /* 16 bytes */
    struct bytes blob;  /* all after the proof: what the proof is over */
    uint64_t timestamp_100ns;
    struct bytes client_challenge; /* 8 bytes */
    struct ntlm_av_pairs av;
};

/* Whether an NT response has the form of NTLMv2 at all: 24 bytes are NTLMv1. */
bool ntlm_v2_response_is(struct bytes nt_response);
SEC_NODISCARD enum wire_err ntlm_v2_response_decode(struct ntlm_v2_response *out, struct bytes in);
/* The blob alone, from pairs that end with MsvAvEOL; the proof goes in front of it. */
void ntlm_v2_blob_encode(struct wire_writer *w, uint64_t timestamp_100ns,
                         const uint8_t client_challenge[static 8], struct bytes av_pairs);

#endif
