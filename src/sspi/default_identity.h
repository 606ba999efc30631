/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a process acts as when it names nobody: one line in a file that only its owner can read. */
#ifndef SSPI_DEFAULT_IDENTITY_H
#define SSPI_DEFAULT_IDENTITY_H

#include "package.h"

/*
 * Reads $OPENSSPI_CREDENTIALS, or opensspi/credentials below $XDG_CONFIG_HOME or ~/.config. One
 * line, UTF-8: DOMAIN:USER:PASSWORD (the password may hold colons; DOMAIN may be empty); blank
 * lines and lines that begin with # pass. The file must be regular, the effective user's own or
 * root's, and closed to group and others: else SEC_E_NO_CREDENTIALS with the reason.
 */
sec_status default_identity_read(const struct sec_host *, struct sec_default_identity *out);

#endif
