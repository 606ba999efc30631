/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: negoex_next, negoex_type_name */
#include "codec/negoex_msg.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    struct wire_reader r = wire_reader_of(in);
    struct negoex_message m;
    size_t count = 0, sum = 0;

    while (negoex_next(&r, &m)) {
        fuzz_view(in, m.whole);
        fuzz_view(m.whole, m.schemes);
        fuzz_must(m.schemes.n % 16 == 0 && m.at == sum);
        fuzz_must(m.header_bytes <= m.message_bytes && m.message_bytes == m.whole.n);
        fuzz_must(negoex_type_name(m.type) != NULL);
        sum += m.message_bytes;
        count++;
    }
    fuzz_must(count <= NEGOEX_MESSAGES_MAX && (wire_status(&r) != WIRE_OK || sum == n));
    return 0;
}
