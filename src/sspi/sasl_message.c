/* SPDX-License-Identifier: Apache-2.0 */
/* Messages under a security layer of SASL's. There is one layer, which both sides know: a message of
 * another is neither made nor taken. */
#include <opensspi/sspi.h>

#include "base/secret.h"
#include "sspi/sasl.h"

static size_t
data_bytes(const struct sec_msg *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_segments; i++) {
        n += m->segments[i].n;
    }
    return n;
}

sec_status
sasl_check_signed(const struct sasl *s)
{
    if (s->layer == SASL_LAYER_NONE) {
        return sec_fail(SEC_E_QOP_NOT_SUPPORTED, "sasl: no security layer was agreed on");
    }
    return SEC_E_OK;
}

sec_status
sasl_check_sent(const struct sasl *s, struct sec_msg *m)
{
    size_t n = data_bytes(m);
    sec_status status = sasl_check_signed(s);

    if (status != SEC_E_OK) {
        return status;
    }
    if (m->no_encrypt != (s->layer == SASL_LAYER_INTEGRITY)) {
        return sec_fail(SEC_E_QOP_NOT_SUPPORTED, "sasl: the security layer is %s",
                        m->no_encrypt ? "confidentiality" : "integrity: SECQOP_WRAP_NO_ENCRYPT");
    }
    m->sasl = true;
    if ((s->sizes_agreed || s->send_set) && n > sasl_send_size(s)) {
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "sasl: %zu bytes where SASL_OPTION_SEND_SIZE is %u",
                        n, sasl_send_size(s));
    }
    return SEC_E_OK;
}

sec_status
sasl_check_received(const struct sasl *s, struct sec_msg *m)
{
    size_t n = m->token_n + data_bytes(m) + m->padding.n;
    sec_status status = sasl_check_signed(s);

    if (status != SEC_E_OK) {
        return status;
    }
    if ((s->sizes_agreed || s->receive_set) && n > s->receive_size) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sasl: %zu bytes where SASL_OPTION_RECV_SIZE is %u", n,
                        s->receive_size);
    }
    m->sasl = true;
    return SEC_E_OK;
}

sec_status
sasl_check_opened(const struct sasl *s, const struct sec_msg *m)
{
    if (s->layer != SASL_LAYER_CONFIDENTIALITY || !m->no_encrypt) {
        return SEC_E_OK;
    }
    if (m->stream) {
        secret_wipe(m->opened.p, m->opened.n);
    }
    for (size_t i = 0; i < m->n_segments; i++) {
        if (!m->segments[i].checksum_only) {
            secret_wipe(m->segments[i].p, m->segments[i].n);
        }
    }
    return sec_fail(SEC_E_MESSAGE_ALTERED, "sasl: a message in the clear, where the security layer "
                                           "is confidentiality");
}
