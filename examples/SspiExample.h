/* SPDX-License-Identifier: Apache-2.0 */
/* What sspi-client and sspi-server share: messages that are encrypted and signed. */
#ifndef EXAMPLES_SSPIEXAMPLE_H
#define EXAMPLES_SSPIEXAMPLE_H

#include <windows.h>
#include <sspi.h>
#include "framing.h"

#define HANDSHAKE_SECONDS 20
#define HANDSHAKE_LEGS    10

/*
 * A message in one block: the trailer's size (4 bytes, little-endian), the trailer, the text.
 * *ppOutput is the caller's to free.
 */
BOOL EncryptThis(PCtxtHandle phContext, const char *pText, DWORD cbText, BYTE **ppOutput,
                 DWORD *pcbOutput);
/* In place. *ppText points into pMessage; NULL if the message is not what the peer encrypted. */
BOOL DecryptThis(PCtxtHandle phContext, BYTE *pMessage, DWORD cbMessage, char **ppText,
                 DWORD *pcbText);

/*
 * Whether the context encrypts. fReturned is what the last leg returned; a package that leaves that
 * out, as Wine's NTLM does, has an attribute for it.
 */
BOOL Encrypts(PCtxtHandle phContext, ULONG fReturned);

/* What a status is, in words, to standard error; FALSE. */
BOOL PrintStatus(const char *szWhat, SECURITY_STATUS ss);

#endif
