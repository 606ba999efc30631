/* SPDX-License-Identifier: Apache-2.0 */
/* Who a client is, as headers for a proxy: what /auth answers. */
#ifndef SERVICE_HTTP_REMOTE_H
#define SERVICE_HTTP_REMOTE_H

#include <opensspi/opensspi.h>

#include "service/http_reply.h"

/* Whether there is no name to tell: an anonymous logon, or one whose name is empty. */
bool http_remote_is_nobody(const OPENSSPI_LOGON *logon);
/* Adds Remote-Authenticated, yes or no, and for somebody Remote-User and what else is known, each
 * value percent-encoded. Groups that together need more than max_groups bytes are cut, and
 * Remote-Groups-Cut says how many are not there; so does the return value. */
size_t http_remote_put(struct http_reply *reply, const OPENSSPI_LOGON *logon, size_t max_groups);

#endif
