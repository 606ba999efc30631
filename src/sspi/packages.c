/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of packages: one array, in source, and nothing registers itself. */
#include "sspi/packages.h"

#include "kerberos/kerberos.h"
#include "negotiate/negotiate.h"
#include "ntlm/ntlm.h"

const struct sec_package *const packages_all[] = {
    &negotiate_package,
    &kerberos_package,
    &ntlm_package,
};
const size_t packages_count = SEC_ARRAY_LEN(packages_all);
