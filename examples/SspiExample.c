/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that are encrypted and signed. */
#define SECURITY_WIN32
#include <stdio.h>
#include <stdlib.h>
#include "SspiExample.h"

BOOL
PrintStatus(const char *szWhat, SECURITY_STATUS ss)
{
    fprintf(stderr, "%s: 0x%08X\n", szWhat, (unsigned)ss);
    return FALSE;
}

BOOL
Encrypts(PCtxtHandle phContext, ULONG fReturned)
{
    SecPkgContext_Flags flags = { 0 };

    /* ISC_RET_CONFIDENTIALITY and ASC_RET_CONFIDENTIALITY are one value; Wine's A has no flags. */
    return (fReturned & ISC_RET_CONFIDENTIALITY) ||
           (QueryContextAttributesW(phContext, SECPKG_ATTR_FLAGS, &flags) >= 0 &&
            (flags.Flags & ISC_RET_CONFIDENTIALITY));
}

BOOL
EncryptThis(PCtxtHandle phContext, const char *pText, DWORD cbText, BYTE **ppOutput,
            DWORD *pcbOutput)
{
    SecPkgContext_Sizes sizes;
    SecBuffer buffers[2];
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, buffers };
    SECURITY_STATUS ss = QueryContextAttributes(phContext, SECPKG_ATTR_SIZES, &sizes);
    BYTE *pOutput;
    int i;

    if (ss < 0) {
        return PrintStatus("QueryContextAttributes", ss);
    }
    pOutput = (BYTE *)malloc(4 + sizes.cbSecurityTrailer + cbText);
    if (!pOutput) {
        return FALSE;
    }
    buffers[0].BufferType = SECBUFFER_TOKEN;
    buffers[0].cbBuffer = sizes.cbSecurityTrailer;
    buffers[0].pvBuffer = pOutput + 4;
    buffers[1].BufferType = SECBUFFER_DATA;
    buffers[1].cbBuffer = cbText;
    buffers[1].pvBuffer = pOutput + 4 + sizes.cbSecurityTrailer;
    CopyMemory(buffers[1].pvBuffer, pText, cbText);
    ss = EncryptMessage(phContext, 0, &desc, 0);
    if (ss < 0) {
        free(pOutput);
        return PrintStatus("EncryptMessage", ss);
    }
    /* The trailer may have become shorter than its room: the text follows it without a gap. */
    MoveMemory(pOutput + 4 + buffers[0].cbBuffer, buffers[1].pvBuffer, buffers[1].cbBuffer);
    for (i = 0; i < 4; i++) {
        pOutput[i] = (BYTE)(buffers[0].cbBuffer >> (8 * i));
    }
    *ppOutput = pOutput;
    *pcbOutput = 4 + buffers[0].cbBuffer + buffers[1].cbBuffer;
    return TRUE;
}

BOOL
DecryptThis(PCtxtHandle phContext, BYTE *pMessage, DWORD cbMessage, char **ppText, DWORD *pcbText)
{
    SecBuffer buffers[2];
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, buffers };
    DWORD cbTrailer = 0;
    SECURITY_STATUS ss;
    ULONG fQop = 0;
    int i;

    if (cbMessage < 4) {
        return FALSE;
    }
    for (i = 0; i < 4; i++) {
        cbTrailer |= (DWORD)pMessage[i] << (8 * i);
    }
    if (cbTrailer > cbMessage - 4) {
        fprintf(stderr, "the trailer is longer than the message\n");
        return FALSE;
    }
    buffers[0].BufferType = SECBUFFER_TOKEN;
    buffers[0].cbBuffer = cbTrailer;
    buffers[0].pvBuffer = pMessage + 4;
    buffers[1].BufferType = SECBUFFER_DATA;
    buffers[1].cbBuffer = cbMessage - 4 - cbTrailer;
    buffers[1].pvBuffer = pMessage + 4 + cbTrailer;
    ss = DecryptMessage(phContext, &desc, 0, &fQop);
    if (ss < 0) {
        return PrintStatus("DecryptMessage", ss);
    }
    if (fQop == SECQOP_WRAP_NO_ENCRYPT) {
        fprintf(stderr, "the message was not encrypted\n");
        return FALSE;
    }
    *ppText = (char *)buffers[1].pvBuffer;
    *pcbText = buffers[1].cbBuffer;
    return TRUE;
}
