/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: exec_msg_decode, message_encode. The input is one frame without its length. */
#include "execd/exec_msg.h"
#include "message.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    struct exec_msg m;

    fuzz_message(&exec_msg_format, exec_msg_decode(&m, in), &m, in);
    return 0;
}
