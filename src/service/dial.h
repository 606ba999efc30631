/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a TCP service, made without waiting: its name is resolved on libuv's pool, its
 * addresses are tried one after the other. */
#ifndef SERVICE_DIAL_H
#define SERVICE_DIAL_H

#include <uv.h>

#include "base/attributes.h"

struct dial;

/* connected: a handle of the loop's; owned by caller, who closes it and then frees it with mem_free.
 * NULL: why says why. Never called from within dial_start. */
typedef void (*dial_done)(void *user, uv_tcp_t *connected, const char *why);

/* NULL: no memory. */
SEC_NODISCARD struct dial *dial_start(uv_loop_t *loop, const char *host, const char *port,
                                      dial_done done, void *user);
/* done is not called any more. Not after it was. */
void dial_cancel(struct dial *dial);

#endif
