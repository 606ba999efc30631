/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: authority_msg_decode, message_encode, message_strings_fill. The input is one
 * frame without its length, of either direction. */
#include "account/authority_msg.h"
#include "message.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    struct authority_msg m;

    fuzz_message(&authority_msg_format, authority_msg_decode(&m, in), &m, in);
    fuzz_must(m.groups.n == m.group_sids.n);
    fuzz_must(m.group_attributes.n == 0 || m.group_attributes.n == m.groups.n);
    return 0;
}
