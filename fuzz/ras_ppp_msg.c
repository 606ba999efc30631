/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: ppp_msg_decode, message_encode. The input is one frame without its length. */
#include "message.h"
#include "ras/ppp_msg.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    struct ppp_msg m;

    fuzz_message(&ppp_msg_format, ppp_msg_decode(&m, in), &m, in);
    return 0;
}
