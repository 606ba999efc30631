/* SPDX-License-Identifier: Apache-2.0 */
/* Which sequence numbers were seen: RFC 2743 1.2.3, docs/decisions/0014. */
#include "kerberos/session.h"

enum { WINDOW_MESSAGES = 64 };

void
krb_window_begin(struct krb_window *w, uint64_t first)
{
    *w = (struct krb_window){ .next = first, .seen = UINT64_MAX };
}

bool
krb_window_take(struct krb_window *w, uint64_t sequence, bool in_order)
{
    uint64_t ahead = sequence - w->next, behind = w->next - 1 - sequence;

    if (in_order && ahead) {
        return false;
    }
    /* Numbers wrap: less than half the circle away is ahead. */
    if (ahead <= UINT64_MAX / 2) {
        w->seen = ahead >= WINDOW_MESSAGES - 1 ? 1 : w->seen << (ahead + 1) | 1;
        w->next = sequence + 1;
        return true;
    }
    if (behind >= WINDOW_MESSAGES || (w->seen >> behind & 1)) {
        return false;
    }
    w->seen |= UINT64_C(1) << behind;
    return true;
}
