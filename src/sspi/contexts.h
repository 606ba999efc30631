/* SPDX-License-Identifier: Apache-2.0 */
/* A call that makes a context or takes it a leg further, by whatever name it was made. */
#ifndef SSPI_CONTEXTS_H
#define SSPI_CONTEXTS_H

#include <opensspi/sspi.h>

#include "package.h"

/* What a leg is called with. role, allocate, extended_error and target are filled in by the three
 * functions below. */
struct leg {
    enum sec_role role;
    bool sasl; /* by one of the Sasl functions */
    PCredHandle credential;
    PCtxtHandle context, new_context;
    struct bytes target;
    ULONG request;
    ULONG reserved1, reserved2;
    PSecBufferDesc input, output;
    ULONG *attributes;
    PTimeStamp expiry;
    bool allocate, extended_error;
};

/* reserved1, reserved2 and sasl are the caller's to add. */
struct leg contexts_leg(PCredHandle, PCtxtHandle context, ULONG request, PSecBufferDesc input,
                        PCtxtHandle new_context, PSecBufferDesc output, ULONG *attributes,
                        PTimeStamp expiry);
sec_status contexts_initialize_w(struct leg *, const SEC_WCHAR *target);
sec_status contexts_initialize_a(struct leg *, const SEC_CHAR *target);
sec_status contexts_accept(struct leg *);

#endif
