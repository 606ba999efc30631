/* SPDX-License-Identifier: Apache-2.0 */
/* Users that this program alone sees, in a mount namespace of its own; for tests of what only root
 * can do. */
#ifndef TESTS_SUPPORT_OWN_USERS_H
#define TESTS_SUPPORT_OWN_USERS_H

/* Makes the program root, by a sudo that does not ask, where it is not; then puts /etc/passwd,
 * /etc/group and /etc/nsswitch.conf aside for these: root, and user0 to user7 with uid and gid
 * OWN_USERS_UID + n, each also in the group "both" (OWN_USERS_BOTH), and OWN_USERS_OF_A_DOMAIN, with the uid
 * OWN_USERS_BOTH. Aborts where it cannot. To be called first, before any thread and any question to the
 * name service. */
void own_users_make(char **argv);

enum { OWN_USERS = 8, OWN_USERS_UID = 23000, OWN_USERS_BOTH = 23900 };
/* Named as name services do that know a domain, and as demo_store.c's group is. */
#define OWN_USERS_OF_A_DOMAIN "night shift@example.test"

#endif
