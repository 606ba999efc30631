/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a descriptor, and told it. */
#ifndef COMPAT_SOCKET_H
#define COMPAT_SOCKET_H

#include <stdbool.h>
#include <winsock.h>

bool compat_socket_is(SOCKET s);
/* false: no socket. */
bool compat_socket_unblock(SOCKET s);
bool compat_socket_blocks(SOCKET s);

#endif
