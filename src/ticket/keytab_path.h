/* SPDX-License-Identifier: Apache-2.0 */
/* What can be wrong with a keytab's file before anybody reads it. */
#ifndef TICKET_KEYTAB_PATH_H
#define TICKET_KEYTAB_PATH_H

#include <sys/stat.h>

#include "base/status.h"

/* The path in a keytab's name ("FILE:/etc/krb5.keytab", "/etc/krb5.keytab"); NULL: it is no
 * file's. Borrowed from name. */
const char *keytab_path_of(const char *name);

/* SEC_E_OK, and *st is the file's; or SEC_E_NO_CREDENTIALS with what is wrong and where: it or a
 * folder on the way is missing, this process may not enter or read it, or everybody may write
 * it. */
SEC_NODISCARD sec_status keytab_path_check(const char *path, struct stat *st);

#endif
