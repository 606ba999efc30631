/* SPDX-License-Identifier: Apache-2.0 */
/* libkrb5's errors as SSPI's, with their reasons. */
#ifndef TICKET_LIBRARY_ERROR_H
#define TICKET_LIBRARY_ERROR_H

#include <krb5.h>

#include "base/status.h"

/* What an initiator is told. Never SEC_E_OK: 0 is SEC_E_INTERNAL_ERROR. */
sec_status library_error_status(krb5_error_code);
/* The code of the KRB-ERROR that a KDC sent; 0: it was none. */
int32_t library_error_kdc_code(krb5_error_code);

/* "ticket: WHAT: libkrb5's own text", with the status above. context may be NULL. */
SEC_PRINTF(3, 4)
sec_status library_error_fail(krb5_context context, krb5_error_code, const char *what, ...);

#endif
