/* SPDX-License-Identifier: Apache-2.0 */
/* The events of what sspictl does to accounts. */
#ifndef TOOLS_ACCOUNT_AUDIT_H
#define TOOLS_ACCOUNT_AUDIT_H

#include "account/admin.h"

/* Watches the store for the process's life; the first change opens the event log that the
 * configuration names. What it cannot write it says on stderr: the change is made all the same.
 * domain: UTF-16LE. */
void account_audit_watch(struct account_admin *admin, const char *config_file, struct bytes domain);
/* Writes out what is to be written. */
void account_audit_end(void);

#endif
