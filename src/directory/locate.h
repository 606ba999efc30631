/* SPDX-License-Identifier: Apache-2.0 */
/* Where a domain's controllers are. */
#ifndef DIRECTORY_LOCATE_H
#define DIRECTORY_LOCATE_H

#include "base/bytes.h"
#include "base/host_port.h"
#include "base/status.h"

enum { LOCATE_SERVERS_MAX = 4, LOCATE_PORT = 389 };

struct locate_server {
    char host[HOST_PORT_HOST_BYTES];
    uint16_t port;
    uint16_t priority, weight; /* RFC 2782 */
};

struct locate_list {
    struct locate_server at[LOCATE_SERVERS_MAX]; /* in the order in which they are asked */
    size_t n;
};

/* servers: "dns", or "ldap://HOST[:PORT] …"; domain: "example.test". Whom DNS names is nobody yet: each
 * has to prove that it is a controller of the domain. SEC_E_NO_AUTHENTICATING_AUTHORITY: none is known;
 * SEC_E_INVALID_PARAMETER. */
SEC_NODISCARD sec_status locate(const char *servers, const char *domain, struct locate_list *out);

/* Takes the SRV records of a DNS answer. false: it is not a good one. */
SEC_NODISCARD bool locate_take_answer(struct locate_list *, struct bytes answer);

#endif
