/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: negotiate_package's acquire, open, step, describe as an initiator */
#include "negotiate.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_negotiate(bytes_of(data, n), SEC_INITIATOR);
    return 0;
}
