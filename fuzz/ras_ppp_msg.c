/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: ppp_msg_decode, ppp_msg_encode. The input is one frame without its length. */
#include "fuzz.h"
#include "ras/ppp_msg.h"

static void
check_fields(struct bytes in, const struct ppp_msg *m)
{
    fuzz_view(in, m->user);
    fuzz_view(in, m->interface_name);
    fuzz_view(in, m->local);
    fuzz_view(in, m->remote);
    fuzz_view(in, m->text);
    fuzz_view(in, m->token);
    fuzz_view(in, m->challenge);
    fuzz_view(in, m->response);
    fuzz_view(in, m->send_key);
    fuzz_view(in, m->receive_key);
    fuzz_must(m->user.n <= PPP_MSG_USER_MAX && m->challenge.n <= PPP_MSG_CHALLENGE_MAX);
    fuzz_must(m->token.n == 0 || m->token.n == PPP_MSG_TOKEN_BYTES);
    fuzz_must(m->send_key.n == 0 || m->send_key.n == PPP_MSG_KEY_BYTES);
    fuzz_must(m->user.n == 0 || !memchr(m->user.p, 0, m->user.n));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct bytes in = bytes_of(data, n);
    struct ppp_msg m;

    if (ppp_msg_decode(&m, in) != WIRE_OK) {
        fuzz_must(m.fault.field && m.fault.at <= n && !m.type && !m.response.p && !m.user.p);
        return 0;
    }
    check_fields(in, &m);
    /* There is one encoding of each message. */
    ppp_msg_encode(&w, &m);
    fuzz_must(wire_writer_status(&w) == WIRE_OK && wire_load_le32(w.p) == n);
    fuzz_must(bytes_equal(bytes_of(w.p + PPP_MSG_LENGTH_BYTES, n), in));
    return 0;
}
