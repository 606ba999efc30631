/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to selected sockets: recorded, signalled, and enabled again by the calls that do so. */
#ifndef COMPAT_NETWORK_EVENT_H
#define COMPAT_NETWORK_EVENT_H

#include "compat/watch.h"

/* Records what holds of it now; leaves the last error alone. With the lock of watch.h held. */
void network_event_look(struct watched *w);

/* Below: after a call of the platform's, without the lock; whether the socket is selected or not. */

/* What a receiving call answers whose answer was n: an end that was a failure is one, -1 and errno. */
ssize_t network_event_received(SOCKET s, ssize_t n);
void network_event_sent(SOCKET s, ssize_t n);
void network_event_connecting(SOCKET s);
/* The connection is selected as its listener is: INVALID_SOCKET and errno where it cannot be, or where
 * none was accepted. */
SOCKET network_event_accepted(SOCKET listener, SOCKET connection);

#endif
