/* SPDX-License-Identifier: Apache-2.0 */
/* A realm without a KDC, below a temporary folder: krb5.conf, a service's keytab, a cache with a
 * ticket to it, all named in the environment; and AP-REQs of its client, forged one after the other,
 * each with a PAC in its ticket and an authenticator that nobody has seen before. */
#ifndef BENCH_KERBEROS_REALM_H
#define BENCH_KERBEROS_REALM_H

#include "tests/support/krb_forge.h"

#define REALM_SERVICE   KRB_FORGE_SERVICE
#define REALM_SERVICE_W u"HTTP/web.example.test"

/* Ends the program where it cannot; removed at exit. */
void kerberos_realm_make(void);
/* Of a file below the folder; valid until four calls later. */
char *kerberos_realm_path(const char *name);
void kerberos_realm_write(const char *name, const char *text);

struct kerberos_maker {
    struct ticket_authority tickets;
    struct krb_forge forge;
    struct wire_writer pac;
    uint64_t last_100ns;
};

/* ahead_seconds: how far its clock is ahead, so that two never make the same authenticator. *m must
 * not move afterwards. */
void kerberos_maker_init(struct kerberos_maker *m, unsigned ahead_seconds);
void kerberos_maker_put(struct kerberos_maker *m, struct wire_writer *out);

#endif
