/* SPDX-License-Identifier: Apache-2.0 */
/* The key of an established Kerberos context and its messages: RFC 4121 4.2, RFC 4757 7, with
 * [MS-KILE]'s sizes and rotations. */
#ifndef KERBEROS_SESSION_H
#define KERBEROS_SESSION_H

#include "crypto/krb_crypt.h"
#include "package.h"

/* How a context was agreed upon. Borrowed for the call. */
struct krb_session_args {
    const struct sec_host *host; /* outlives the session */
    const struct krb_key *key; /* the acceptor's subkey, else the initiator's, else the ticket's */
    bool acceptor;             /* we are */
    bool acceptor_subkey;      /* key is the acceptor's subkey: said in each header */
    bool dce_style;
    bool replay_detect, sequence_detect;
    uint32_t send_sequence, receive_sequence; /* from AP-REQ and AP-REP */
};

/* Sequence numbers that were seen: RFC 2743 1.2.3. */
struct krb_window {
    uint64_t next; /* one above the highest that was seen */
    uint64_t seen; /* bit n: next - 1 - n was seen, or came before the first */
};

/* A key of signatures, or of messages that EncryptMessage does not encrypt. */
struct krb_session_mac {
    struct krb_session_mac *other;
    bool mic;
    struct krb_checksum_key key;
};

/* What a direction derives with its first message of a kind; NULL before (decision 0005). Most do
 * nothing but seal. */
struct krb_session_keys {
    struct krb_cipher *seal;
    struct krb_session_mac *macs;
};

/* Tickets end, contexts go on: nothing here has a time (docs/decisions/0014). */
struct krb_session {
    const struct sec_host *host;
    struct krb_key key;
    bool acceptor : 1, acceptor_subkey : 1, dce_style : 1, replay_detect : 1, sequence_detect : 1;
    uint64_t send_sequence;
    struct krb_window window;
    struct krb_session_keys send, receive;
};

/* The key is copied. Afterwards sign, seal and make_mic are one direction, verify, unseal and
 * check_mic the other; the two may run side by side. */
void krb_session_begin(struct krb_session *, const struct krb_session_args *);
void krb_session_clear(struct krb_session *);

/* SIZES of an encryption type. */
struct krb_session_sizes {
    uint32_t signature, trailer, block;
};
struct krb_session_sizes krb_session_sizes_of(int32_t enctype, bool dce_style);

sec_status krb_session_sign(struct krb_session *, struct sec_msg *);
sec_status krb_session_verify(struct krb_session *, struct sec_msg *);
sec_status krb_session_seal(struct krb_session *, struct sec_msg *);
sec_status krb_session_unseal(struct krb_session *, struct sec_msg *);
/* RFC 4178 5: MICs over the list of mechanisms are messages like any other and count. */
sec_status krb_session_make_mic(struct krb_session *, struct bytes data, struct wire_writer *out);
sec_status krb_session_check_mic(struct krb_session *, struct bytes data, struct bytes mic);

/* --- window.c ------------------------------------------------------------------------------ */

/* The first number that is due. */
void krb_window_begin(struct krb_window *, uint64_t first);
/* Whether a message with this number may pass; it then is seen. in_order: only the one that is
 * due. */
SEC_NODISCARD bool krb_window_take(struct krb_window *, uint64_t sequence, bool in_order);

/* --- session_cfx.c: RFC 4121 --------------------------------------------------------------- */

enum {
    KRB_DCE_FILLER_BYTES = 16,    /* [MS-KILE] 3.4.5.4.1 */
    KRB_SIGNATURE_MAX_BYTES = 40, /* of any type: a header and 24 bytes of checksum */
};

/* Of a sealed message with so much filler, all that is not data. */
size_t krb_session_cfx_overhead(const struct krb_profile *, size_t filler);

sec_status krb_session_cfx_sign(struct krb_session *, struct sec_msg *);
sec_status krb_session_cfx_verify(struct krb_session *, struct sec_msg *);
sec_status krb_session_cfx_seal(struct krb_session *, struct sec_msg *);
sec_status krb_session_cfx_unseal(struct krb_session *, struct sec_msg *);

/* --- session_rc4.c: RFC 4757 --------------------------------------------------------------- */

sec_status krb_session_rc4_sign(struct krb_session *, struct sec_msg *);
sec_status krb_session_rc4_verify(struct krb_session *, struct sec_msg *);
sec_status krb_session_rc4_seal(struct krb_session *, struct sec_msg *);
sec_status krb_session_rc4_unseal(struct krb_session *, struct sec_msg *);

/* --- session.c, for these two -------------------------------------------------------------- */

/* The keys of a direction, made with the first message that needs them. */
sec_status krb_session_cipher(struct krb_session *, bool sending, const struct krb_cipher **out);
sec_status krb_session_checksum_key(struct krb_session *, bool sending, bool mic,
                                    const struct krb_checksum_key **out);
/* Of a message that verified. */
sec_status krb_session_take_sequence(struct krb_session *, uint64_t sequence);
/* The message's segments, of which there are SEC_SEGMENTS_MAX at most; how many is returned. */
size_t krb_session_data_parts(const struct sec_msg *, struct bytes *parts);
size_t krb_session_data_pieces(const struct sec_msg *, struct krb_piece *pieces);
size_t krb_session_sealed_bytes(const struct sec_msg *);
/* What a message that is refused decrypted to is not left for anyone to use. */
void krb_session_wipe_opened(const struct sec_msg *);
sec_status krb_session_require_room(const struct sec_msg *, size_t n);

#endif
