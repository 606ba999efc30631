/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a controller of a domain, which has proven that it is one (GSSAPI, RFC 4752, as
 * ldap/HOST/DOMAIN, a name that nobody else in the domain has), and all of whose answers are sealed. */
#ifndef DIRECTORY_SESSION_H
#define DIRECTORY_SESSION_H

#include <ldap.h>

#include "directory/channel.h"
#include "directory/filter.h"
#include "directory/locate.h"

enum { SESSION_NAME_BYTES = 512, SESSION_RESULTS_MAX = 100 };

struct session {
    LDAP *ldap;
    struct channel channel;
    CtxtHandle context;
    bool has_context;
    char naming_context[SESSION_NAME_BYTES]; /* "DC=example,DC=test" */
    char dns[SESSION_NAME_BYTES], netbios[SESSION_NAME_BYTES];
    struct filter_domain domain; /* the two above */
};

/* domain: "example.test", realm: "EXAMPLE.TEST"; deadline_ms: for this and all that is asked. On an error
 * there is nothing to close. Statuses as directory.h has them; SEC_E_NO_AUTHENTICATING_AUTHORITY and SEC_E_LOGON_DENIED:
 * another server may do. */
SEC_NODISCARD sec_status session_open(struct session *, const struct locate_server *,
                                      PCredHandle credential, const char *domain, const char *realm,
                                      uint64_t deadline_ms);
void session_close(struct session *);

/* What the filter finds below base; *out is the caller's (ldap_msgfree). attributes end with NULL.
 * SEC_E_TARGET_UNKNOWN: base is not there, or there is more than SESSION_RESULTS_MAX. */
SEC_NODISCARD sec_status session_search(struct session *, const char *base, int scope,
                                        const char *filter, const char *const *attributes,
                                        LDAPMessage **out);

/* Appends the attribute's value as text and a NUL, where it has one and no more than that, and it is
 * text; else a NUL alone. */
void session_put_text(struct session *, LDAPMessage *entry, const char *attribute,
                      struct wire_writer *);

#endif
