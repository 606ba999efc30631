/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file and an account store of its own, in a temporary folder. */
#ifndef TESTS_SUPPORT_DEMO_STORE_H
#define TESTS_SUPPORT_DEMO_STORE_H

/* Makes the folder, the store with one account in the groups "staff" and "night shift", and opensspi.conf: computer SERVER, domain DOMAIN,
 * then extra (may be NULL) as further lines. Aborts where it cannot. Answers the file's path,
 * valid until demo_store_remove, which also runs at exit. */
const char *demo_store_make(const char *domain, const char *user, const char *password,
                            const char *extra);
void demo_store_remove(void);
/* One account more, without groups. unix_user may be NULL. */
void demo_store_add(const char *user, const char *password, const char *unix_user);

#endif
