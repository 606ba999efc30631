/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface and the names of its packages: what most programs include.
 *
 * NTLMSP_NAME and MICROSOFT_KERBEROS_NAME are wide whatever UNICODE says, as on Windows; their _A
 * forms are not. Source: the public documentation of security.h.
 */
#ifndef OPENSSPI_SECURITY_H
#define OPENSSPI_SECURITY_H

#define NTLMSP_NAME_A "NTLM"
#define NTLMSP_NAME_W u"NTLM"
#define NTLMSP_NAME   NTLMSP_NAME_W

#define MICROSOFT_KERBEROS_NAME_A "Kerberos"
#define MICROSOFT_KERBEROS_NAME_W u"Kerberos"
#define MICROSOFT_KERBEROS_NAME   MICROSOFT_KERBEROS_NAME_W

#define NEGOSSP_NAME_A "Negotiate"
#define NEGOSSP_NAME_W u"Negotiate"
#ifdef UNICODE
#define NEGOSSP_NAME NEGOSSP_NAME_W
#else
#define NEGOSSP_NAME NEGOSSP_NAME_A
#endif

#include <opensspi/sspi.h>
#include <opensspi/secext.h>

#endif
