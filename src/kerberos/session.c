/* SPDX-License-Identifier: Apache-2.0 */
/* What the messages of RFC 4121 and of RFC 4757 have in common: keys, which of the two, order. */
#include "kerberos/session.h"

#include "base/mem.h"
#include "base/secret.h"
#include "codec/gss_krb.h"
#include "codec/krb_msg.h"

/* RFC 4121 2: of messages that are wrapped, and of MICs. */
static uint32_t
usage_of(bool by_acceptor, bool mic)
{
    if (mic) {
        return by_acceptor ? KRB_USAGE_ACCEPTOR_SIGN : KRB_USAGE_INITIATOR_SIGN;
    }
    return by_acceptor ? KRB_USAGE_ACCEPTOR_SEAL : KRB_USAGE_INITIATOR_SEAL;
}

void
krb_session_begin(struct krb_session *s, const struct krb_session_args *args)
{
    *s = (struct krb_session){
        .host = args->host,
        .acceptor = args->acceptor,
        .acceptor_subkey = args->acceptor_subkey,
        .dce_style = args->dce_style,
        .replay_detect = args->replay_detect,
        .sequence_detect = args->sequence_detect,
        .send_sequence = args->send_sequence,
    };
    s->key = *args->key; /* not above: a copy of it would stay on the stack */
    krb_window_begin(&s->window, args->receive_sequence);
}

static void
clear_keys(const struct krb_session *s, struct krb_session_keys *k)
{
    if (k->seal) {
        mem_free_wiped(k->seal, krb_cipher_bytes(s->key.enctype));
    }
    while (k->macs) {
        struct krb_session_mac *m = k->macs;

        k->macs = m->other;
        mem_free_wiped(m, sizeof(*m));
    }
}

void
krb_session_clear(struct krb_session *s)
{
    clear_keys(s, &s->send);
    clear_keys(s, &s->receive);
    secret_wipe(s, sizeof(*s));
}

struct krb_session_sizes
krb_session_sizes_of(int32_t enctype, bool dce_style)
{
    const struct krb_profile *p = krb_profile_of(enctype);
    size_t trailer;

    if (!p) {
        return (struct krb_session_sizes){ 0 };
    }
    if (enctype == KRB_RC4_HMAC) {
        /* The frame counts the data, whose length takes up to five bytes; not in DCE style. */
        return (struct krb_session_sizes){
            .signature = GSS_RC4_MIC_BYTES,
            .trailer = dce_style ? GSS_RC4_WRAP_BYTES : GSS_RC4_WRAP_LONG_BYTES,
            .block = 1,
        };
    }
    trailer = krb_session_cfx_overhead(p, dce_style ? KRB_DCE_FILLER_BYTES : 0);
    return (struct krb_session_sizes){
        .signature = (uint32_t)(GSS_CFX_HEADER_BYTES + p->checksum_bytes),
        .trailer = (uint32_t)trailer,
        .block = 1,
    };
}

/* --- for session_cfx.c and session_rc4.c ---------------------------------------------------- */

static sec_status
no_memory(void)
{
    return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "kerberos: no memory for the keys of a direction");
}

sec_status
krb_session_cipher(struct krb_session *s, bool sending, const struct krb_cipher **out)
{
    struct krb_session_keys *k = sending ? &s->send : &s->receive;
    bool by_acceptor = s->acceptor == sending;

    if (!k->seal) {
        void *room = mem_new(krb_cipher_bytes(s->key.enctype));

        if (!room) {
            return no_memory();
        }
        k->seal = krb_cipher_init(room, &s->key, usage_of(by_acceptor, false),
                                  sending ? KRB_ENCRYPT : KRB_DECRYPT);
    }
    *out = k->seal;
    return SEC_E_OK;
}

sec_status
krb_session_checksum_key(struct krb_session *s, bool sending, bool mic,
                         const struct krb_checksum_key **out)
{
    struct krb_session_keys *k = sending ? &s->send : &s->receive;
    struct krb_session_mac *m = k->macs;
    bool by_acceptor = s->acceptor == sending;

    while (m && m->mic != mic) {
        m = m->other;
    }
    if (!m) {
        m = mem_new(sizeof(*m));
        if (!m) {
            return no_memory();
        }
        *m = (struct krb_session_mac){ .other = k->macs, .mic = mic };
        krb_checksum_key_init(&m->key, &s->key, usage_of(by_acceptor, mic));
        k->macs = m;
    }
    *out = &m->key;
    return SEC_E_OK;
}

sec_status
krb_session_take_sequence(struct krb_session *s, uint64_t sequence)
{
    if ((s->replay_detect || s->sequence_detect) &&
        !krb_window_take(&s->window, sequence, s->sequence_detect)) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "kerberos: message %llu where %llu is due",
                        (unsigned long long)sequence, (unsigned long long)s->window.next);
    }
    return SEC_E_OK;
}

size_t
krb_session_data_parts(const struct sec_msg *m, struct bytes *parts)
{
    for (size_t i = 0; i < m->n_segments; i++) {
        parts[i] = bytes_of(m->segments[i].p, m->segments[i].n);
    }
    return m->n_segments;
}

size_t
krb_session_data_pieces(const struct sec_msg *m, struct krb_piece *pieces)
{
    for (size_t i = 0; i < m->n_segments; i++) {
        const struct sec_segment *g = &m->segments[i];

        pieces[i] = (struct krb_piece){ .p = g->p, .n = g->n, .mac_only = g->checksum_only };
    }
    return m->n_segments;
}

size_t
krb_session_sealed_bytes(const struct sec_msg *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_segments; i++) {
        n += m->segments[i].checksum_only ? 0 : m->segments[i].n;
    }
    return n;
}

void
krb_session_wipe_opened(const struct sec_msg *m)
{
    if (m->stream) {
        secret_wipe(m->token, m->token_n);
    }
    for (size_t i = 0; i < m->n_segments; i++) {
        if (!m->segments[i].checksum_only) {
            secret_wipe(m->segments[i].p, m->segments[i].n);
        }
    }
}

sec_status
krb_session_require_room(const struct sec_msg *m, size_t n)
{
    if (m->token_n < n) {
        return sec_fail(SEC_E_BUFFER_TOO_SMALL,
                        "kerberos: token buffer of %zu bytes where %zu are needed", m->token_n, n);
    }
    return SEC_E_OK;
}

/* --- messages ------------------------------------------------------------------------------ */

typedef sec_status (*message_function)(struct krb_session *, struct sec_msg *);

static sec_status
dispatch(struct krb_session *s, struct sec_msg *m, message_function cfx, message_function rc4)
{
    if (!s->key.n) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "kerberos: a context without a key");
    }
    if (m->n_segments > SEC_SEGMENTS_MAX) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: a message of %zu buffers", m->n_segments);
    }
    return s->key.enctype == KRB_RC4_HMAC ? rc4(s, m) : cfx(s, m);
}

sec_status
krb_session_sign(struct krb_session *s, struct sec_msg *m)
{
    return dispatch(s, m, krb_session_cfx_sign, krb_session_rc4_sign);
}

sec_status
krb_session_verify(struct krb_session *s, struct sec_msg *m)
{
    return dispatch(s, m, krb_session_cfx_verify, krb_session_rc4_verify);
}

sec_status
krb_session_seal(struct krb_session *s, struct sec_msg *m)
{
    m->padding_n = 0;
    return dispatch(s, m, krb_session_cfx_seal, krb_session_rc4_seal);
}

sec_status
krb_session_unseal(struct krb_session *s, struct sec_msg *m)
{
    return dispatch(s, m, krb_session_cfx_unseal, krb_session_rc4_unseal);
}

static struct sec_msg
message_of(const struct sec_segment *segment, uint8_t *token, size_t n)
{
    return (struct sec_msg){ .segments = segment, .n_segments = 1, .token = token, .token_n = n };
}

sec_status
krb_session_make_mic(struct krb_session *s, struct bytes data, struct wire_writer *out)
{
    struct sec_segment segment = { (uint8_t *)(uintptr_t)data.p, data.n, .checksum_only = true };
    uint8_t mic[KRB_SIGNATURE_MAX_BYTES];
    struct sec_msg m = message_of(&segment, mic, sizeof(mic));
    sec_status status = krb_session_sign(s, &m);

    if (status == SEC_E_OK) {
        wire_put(out, mic, m.token_n);
    }
    return status;
}

sec_status
krb_session_check_mic(struct krb_session *s, struct bytes data, struct bytes mic)
{
    struct sec_segment segment = { (uint8_t *)(uintptr_t)data.p, data.n, .checksum_only = true };
    struct sec_msg m = message_of(&segment, (uint8_t *)(uintptr_t)mic.p, mic.n);

    return krb_session_verify(s, &m);
}
