/* SPDX-License-Identifier: Apache-2.0 */
/* The events of what sspictl does to accounts. */
#ifndef TOOLS_ACCOUNT_AUDIT_H
#define TOOLS_ACCOUNT_AUDIT_H

#include "account/admin.h"

/* Watches the store for the process's life; the first change opens the event log that the
 * configuration names. What it cannot write it says on stderr: the change is made all the same.
 * domain: UTF-16LE. */
void account_audit_watch(struct account_admin *admin, const char *config_file, struct bytes domain);
/* Who knew the old password has a new one, or has not. Says nothing where the store is another
 * process's, which has its own events. */
void account_audit_new_password(const struct account_options *, const char *config_file,
                                struct bytes user, sec_status, const struct account_proof *reasons);
/* Writes out what is to be written. */
void account_audit_end(void);

#endif
