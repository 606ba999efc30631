/* SPDX-License-Identifier: Apache-2.0 */
/* A call that makes a context or takes it a leg further, by whatever name it was made. */
#ifndef SSPI_CONTEXTS_H
#define SSPI_CONTEXTS_H

#include <opensspi/sspi.h>

#include "package.h"

enum {
    CONTEXTS_WIDE = 1, /* the target is of SEC_WCHAR, not SEC_CHAR */
    CONTEXTS_SASL = 2, /* by one of the Sasl functions */
};

/* With the arguments of the functions they are called for; reserved: both of those in one. */
sec_status contexts_initialize(unsigned how, PCredHandle, PCtxtHandle context, const void *target,
                               ULONG request, ULONG reserved, PSecBufferDesc input,
                               PCtxtHandle new_context, PSecBufferDesc output, ULONG *attributes,
                               PTimeStamp expiry);
sec_status contexts_accept(unsigned how, PCredHandle, PCtxtHandle context, PSecBufferDesc input,
                           ULONG request, PCtxtHandle new_context, PSecBufferDesc output,
                           ULONG *attributes, PTimeStamp expiry);

#endif
