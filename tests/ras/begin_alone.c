/* SPDX-License-Identifier: Apache-2.0 */
/* No module: RasSecurityDialogEnd is missing. */
#include <windows.h>
#include <rasshost.h>

DWORD WINAPI
RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf,
                       DWORD RecvBufSize, VOID(WINAPI *Complete)(SECURITY_MESSAGE *))
{
    return ERROR_CALL_NOT_IMPLEMENTED;
}
