/* SPDX-License-Identifier: Apache-2.0 */
/* The registry with one package more: Trial, whose tokens have to be completed. In place of
 * src/sspi/packages.c, for tests of what no package of the library's own does. */
#include "negotiate/negotiate.h"
#include "ntlm/ntlm.h"
#include "sspi/packages.h"
#include "tests/support/fake_mech.h"

const struct sec_package *const packages_all[] = {
    &negotiate_package,
    &ntlm_package,
    &fake_trial.package,
};
const size_t packages_count = SEC_ARRAY_LEN(packages_all);

__attribute__((constructor)) static void
set_up(void)
{
    fake_mech_reset();
    fake_trial.grants = SEC_CONFIDENTIALITY;
}
