/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration in force: settings, the account authority behind them, and the host that
 * packages are given. Shared by the credentials acquired under it. */
#ifndef SSPI_CONFIGURATION_H
#define SSPI_CONFIGURATION_H

#include <opensspi/opensspi.h>

#include "base/config.h"
#include "package.h"

struct configuration;
struct unix_account_policy;

/* The process's own, read on first use. The reference is the caller's: configuration_unref. */
sec_status configuration_current(struct configuration **out);
void configuration_unref(struct configuration *); /* NULL is a no-op */

/* Puts what file says in place of the process's own; NULL: the default file, which may be absent
 * unless the environment names it. error is filled for SEC_E_INVALID_PARAMETER. */
sec_status configuration_load(const char *file, struct config_error *error);

/* base with keys overridden that credentials may have of their own; accounts and tickets stay
 * base's. */
sec_status configuration_with_options(struct configuration *base, const OPENSSPI_OPTION *options,
                                      size_t n, struct configuration **out,
                                      struct config_error *error);

/* One more reference. */
struct configuration *configuration_hold(struct configuration *);

/* What [export] says; opened on first use, and borrowed for the configuration's life.
 * SEC_E_NO_CREDENTIALS: there is no key for exported contexts. */
struct export_seal;
sec_status configuration_export_seal(struct configuration *, struct export_seal **out);

const struct sec_host *configuration_host(const struct configuration *);
/* What [names] says of the domain's directory. Borrowed. */
const char *configuration_directory(const struct configuration *);
/* Whom threads may act as. */
const struct unix_account_policy *configuration_unix_policy(const struct configuration *);

#endif
