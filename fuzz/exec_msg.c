/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: exec_msg_decode, exec_msg_encode. The input is one frame without its length. */
#include "execd/exec_msg.h"
#include "fuzz.h"

static void
check_text(struct bytes in, struct bytes text, size_t max)
{
    fuzz_view(in, text);
    fuzz_must(text.n <= max);
    fuzz_must(text.n == 0 || !memchr(text.p, 0, text.n));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct bytes in = bytes_of(data, n);
    struct exec_msg m;

    if (exec_msg_decode(&m, in) != WIRE_OK) {
        fuzz_must(m.fault.field && m.fault.at <= n && !m.type && !m.user.p && !m.command.p);
        return 0;
    }
    check_text(in, m.command, EXEC_MSG_TEXT_MAX);
    check_text(in, m.user, EXEC_MSG_TEXT_MAX);
    check_text(in, m.domain, EXEC_MSG_TEXT_MAX);
    check_text(in, m.unix_user, EXEC_MSG_TEXT_MAX);
    check_text(in, m.sid, EXEC_MSG_TEXT_MAX);
    check_text(in, m.package, EXEC_MSG_TEXT_MAX);
    check_text(in, m.address, EXEC_MSG_TEXT_MAX);
    check_text(in, m.assertion, EXEC_MSG_TEXT_MAX);
    check_text(in, m.reason, EXEC_MSG_TEXT_MAX);
    fuzz_view(in, m.credentials);
    fuzz_must(m.credentials.n <= EXEC_MSG_CREDENTIALS_MAX);
    /* There is one encoding of each message. */
    fuzz_must(exec_msg_encode(&w, &m) && wire_load_le32(w.p) == n);
    fuzz_must(bytes_equal(bytes_of(w.p + EXEC_MSG_LENGTH_BYTES, n), in));
    return 0;
}
