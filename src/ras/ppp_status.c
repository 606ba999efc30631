/* SPDX-License-Identifier: Apache-2.0 */
/* pppd(8), "EXIT STATUS". */
#include <stddef.h>

#include "base/attributes.h"
#include "ras/ppp_status.h"

const char *
ppp_status_text(int exit_status)
{
    static const char *const texts[] = {
        [0] = "the caller ended the connection",
        [1] = "pppd failed",
        [2] = "pppd does not know one of its options",
        [3] = "pppd runs without root's rights",
        [4] = "the kernel has no PPP",
        [5] = "the server ended the connection",
        [6] = "the line was locked",
        [7] = "the line could not be opened",
        [8] = "pppd's connect script failed",
        [9] = "pppd's pty command failed",
        [10] = "PPP could not be negotiated",
        [11] = "the caller failed to authenticate",
        [12] = "nothing was sent for too long",
        [13] = "the time for a connection was used up",
        [14] = "callback was negotiated",
        [15] = "the caller does not answer any more",
        [16] = "the line was lost",
        [17] = "the line is a loop to ourselves",
        [18] = "pppd's init script failed",
        [19] = "we failed to authenticate to the caller",
        [20] = "the limit of bytes was reached",
        [21] = "the caller's number is not admitted",
    };

    if (exit_status == PPP_STATUS_KILLED) {
        return "pppd was killed";
    }
    if (exit_status < 0 || (size_t)exit_status >= SEC_ARRAY_LEN(texts)) {
        return "pppd ended in a way of its own";
    }
    return texts[exit_status];
}
