/* SPDX-License-Identifier: Apache-2.0 */
/* A module whose DllMain fails, or, with UNRESOLVED, that needs a function nobody
 * has, or beside.c. */
#include <windows.h>
#include <rasshost.h>

DWORD WINAPI no_such_function(void);
BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID reserved);

BOOL WINAPI
DllMain(HINSTANCE self, DWORD reason, LPVOID reserved)
{
    return FALSE;
}

DWORD WINAPI
RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf,
                       DWORD RecvBufSize, VOID(WINAPI *Complete)(SECURITY_MESSAGE *))
{
#ifdef UNRESOLVED
    return no_such_function();
#else
    return ERROR_CALL_NOT_IMPLEMENTED;
#endif
}

DWORD WINAPI
RasSecurityDialogEnd(HPORT hPort)
{
    return 1;
}
