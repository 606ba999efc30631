/* SPDX-License-Identifier: Apache-2.0 */
/* What sockauth-client and sockauth-server share. */
#ifndef EXAMPLES_SOCKAUTH_H
#define EXAMPLES_SOCKAUTH_H

#define SECURITY_WIN32
#include <stdio.h>
#include <windows.h>
#include <winsock.h>
#include <sspi.h>
#include <tchar.h>
#include "framing.h"

#define PACKAGE_NAME      ((LPTSTR)TEXT("Negotiate")) /* the interface takes no const */
#define SERVICE_CLASS     TEXT("ADSockAuth")
#define HANDSHAKE_SECONDS 20
#define HANDSHAKE_LEGS    10

/* One conversation. Its connection owns it: a table by socket number would give a new connection the
 * state of an old one that had the same number. */
typedef struct _AUTH_SEQ {
    CredHandle hcred;
    struct _SecHandle hctxt;
    BOOL fHaveCredHandle;
    BOOL fHaveCtxtHandle;
    ULONG fAttributes; /* of the last leg */
} AUTH_SEQ, *PAUTH_SEQ;

extern PSecurityFunctionTable g_pFuncs;
extern BYTE *g_pInBuf, *g_pOutBuf; /* g_cbMaxMessage bytes each */
extern DWORD g_cbMaxMessage;

/* Loads the provider and sizes the buffers; and the way back. */
BOOL InitPackage(void);
void TermPackage(void);
/* Deletes what the conversation holds; safe in any state. */
void TermSession(PAUTH_SEQ pAS);

/*
 * Finishes a leg: completes the token where the package asks for it, sends it, and says whether the
 * handshake is done. The status of the leg decides, not the one of CompleteAuthToken.
 */
BOOL FinishLeg(SOCKET s, PAUTH_SEQ pAS, SECURITY_STATUS ss, PSecBufferDesc pOut, BOOL *pfDone);

/* The port of an argument; 0 is one, and so is what makes no sense. */
unsigned short PortOf(LPCTSTR szPort);

#endif
