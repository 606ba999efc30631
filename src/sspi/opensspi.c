/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSPI's own functions that are not of one object: version, configuration, reasons. */
#include <opensspi/opensspi.h>

#include <stdio.h>

#include "base/status.h"
#include "sspi/configuration.h"

const char *SEC_ENTRY
OpenSspiVersion(void)
{
    return OPENSSPI_VERSION;
}

SECURITY_STATUS SEC_ENTRY
OpenSspiLoadConfiguration(const char *file, char *error, ULONG error_n)
{
    struct config_error why = { "" };
    sec_status status;

    sec_reason_clear();
    status = configuration_load(file, &why);
    if (error && error_n) {
        (void)snprintf(error, error_n, "%s",
                       status == SEC_E_OK ? ""
                       : why.text[0]      ? why.text
                                          : sec_reason());
    }
    return status;
}

const char *SEC_ENTRY
OpenSspiReason(void)
{
    return sec_reason();
}

const char *SEC_ENTRY
OpenSspiStatusName(SECURITY_STATUS status)
{
    return sec_status_name(status);
}
