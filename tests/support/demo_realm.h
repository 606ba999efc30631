/* SPDX-License-Identifier: Apache-2.0 */
/* A realm without a KDC, in a temporary folder, for programs that link libkrb5: krb5.conf, a keytab
 * with a service's keys, and a cache with tickets to it. The environment says where they are. */
#ifndef TESTS_SUPPORT_DEMO_REALM_H
#define TESTS_SUPPORT_DEMO_REALM_H

#include <stddef.h>
#include <stdint.h>

#define DEMO_REALM   "DOMAIN.TEST"
#define DEMO_SERVICE "HTTP/server.domain.test"

enum { DEMO_KVNO = 3 };

/* alice@DOMAIN.TEST with a ticket to HTTP/server.domain.test, AES256-SHA1, from an hour ago for nine
 * hours; KRB5_CONFIG, KRB5CCNAME and KRB5_KTNAME are set. Aborts where it cannot. */
void demo_realm_make(void);
/* Also at exit. */
void demo_realm_remove(void);
/* "FILE:/tmp/…/keytab" */
const char *demo_realm_keytab(void);
/* Writes the keytab anew, with keys of this version of every type; 0: removes it. */
void demo_realm_write_keytab(uint32_t kvno);
/* Writes the keytab anew, with keys of version DEMO_KVNO of every type for each of up to four services. */
void demo_realm_write_services(const char *const *services, size_t n);
/* Writes the cache anew: a ticket with a session key of this type and these flags, KRB_TICKET_*;
 * 0: removes it. */
void demo_realm_write_cache(int32_t session_enctype, uint32_t flags);

#endif
