/* SPDX-License-Identifier: Apache-2.0 */
/* What OpenSSPI's server offers a RAS security module beyond rasshost.h. Found at run time, as
 * RasSecurityDialogSend is; on Windows it is not there. */
#ifndef OPENSSPI_RASMODULE_H
#define OPENSSPI_RASMODULE_H

#include <opensspi/rasshost.h>

OPENSSPI_BEGIN

/*
 * Whether a one-time code is an account's: NO_ERROR, and it is used up; ERROR_AUTHENTICATION_FAILURE,
 * also for an account that is not there or may not dial in, and after five in a call, whatever they
 * are; ERROR_ASYNC_REQUEST_PENDING while another one of the call is being checked; ERROR_INVALID_PORT_HANDLE, ERROR_INVALID_SIZE (no user or
 * code, or longer than they can be), ERROR_PORT_DISCONNECTED (the call ended meanwhile), or why it
 * could not be checked. Strings are UTF-8; Domain may be NULL. The server asks its account store, so
 * that a module needs no right to read it. Blocks: a matter for the call's own thread.
 */
DWORD WINAPI OpenSspiRasCheckCode(HPORT hPort, LPCSTR UserName, LPCSTR Domain, LPCSTR Code);
typedef DWORD(WINAPI *OPENSSPI_RAS_CHECK_CODE)(HPORT, LPCSTR, LPCSTR, LPCSTR);

OPENSSPI_END

#endif
