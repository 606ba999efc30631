/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: modem_read */
#include "fuzz.h"
#include "ras/modem.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    struct modem m;

    modem_init(&m);
    while (in.n) {
        size_t before = in.n;
        enum modem_word word = modem_read(&m, &in);

        fuzz_must(in.n < before && m.n <= MODEM_LINE_BYTES && m.line[m.n] == 0);
        fuzz_must(word != MODEM_NOTHING || in.n == 0);
    }
    return 0;
}
