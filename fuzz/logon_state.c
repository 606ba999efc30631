/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: logon_state_take, logon_state_put. The input is a logon as another process left it. */
#include "base/mem.h"
#include "fuzz.h"
#include "service/logon_state.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = mem_dup(data, size); /* of exactly its size but for a NUL */
    OPENSSPI_LOGON *logon = copy ? logon_state_take(bytes_of(copy, size)) : NULL;

    if (logon) {
        SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
        OPENSSPI_LOGON *again;

        logon_state_put(logon, &w);
        again = wire_writer_status(&w) == WIRE_OK ? logon_state_take(wire_written(&w)) : NULL;
        fuzz_must(again != NULL && again->GroupCount == logon->GroupCount);
        fuzz_must(strcmp(again->UserName, logon->UserName) == 0);
        mem_free(again);
    }
    mem_free(logon);
    mem_free(copy);
    return 0;
}
