/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: host_msg_decode, host_msg_encode. The input is one frame without its length. */
#include "fuzz.h"
#include "ras/host_msg.h"

static void
check_texts(struct bytes in, const struct host_msg *m)
{
    fuzz_view(in, m->text);
    fuzz_view(in, m->user);
    fuzz_view(in, m->domain);
    fuzz_view(in, m->data);
    fuzz_must(m->text.n <= HOST_MSG_TEXT_MAX && m->data.n <= HOST_MSG_DATA_MAX);
    fuzz_must(m->user.n <= HOST_MSG_NAME_MAX && m->domain.n <= HOST_MSG_DOMAIN_MAX);
    fuzz_must(m->user.n == 0 || !memchr(m->user.p, 0, m->user.n));
    fuzz_must(m->domain.n == 0 || !memchr(m->domain.p, 0, m->domain.n));
    fuzz_must(m->text.n == 0 || !memchr(m->text.p, 0, m->text.n));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct bytes in = bytes_of(data, n);
    struct host_msg m;

    if (host_msg_decode(&m, in) != WIRE_OK) {
        fuzz_must(m.fault.field && m.fault.at <= n && !m.type && !m.data.p && !m.user.p);
        return 0;
    }
    check_texts(in, &m);
    /* There is one encoding of each message. */
    host_msg_encode(&w, &m);
    fuzz_must(wire_writer_status(&w) == WIRE_OK && wire_load_le32(w.p) == n);
    fuzz_must(bytes_equal(bytes_of(w.p + HOST_MSG_LENGTH_BYTES, n), in));
    return 0;
}
