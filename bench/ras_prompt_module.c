/* SPDX-License-Identifier: Apache-2.0 */
/* A security module that asks at once and never hears an answer: what is measured is rasd and the
 * module's process, not threads of the module. */
#include <windows.h>
#include <raserror.h>
#include <rasshost.h>

typedef DWORD(WINAPI *SEND)(HPORT, PBYTE, WORD);
typedef DWORD(WINAPI *RECEIVE)(HPORT, PBYTE, PWORD, DWORD, HANDLE);

static WORD length;
static HANDLE event;

DWORD WINAPI
RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf,
                       DWORD RecvBufSize, void(WINAPI *complete)(SECURITY_MESSAGE *pSecMsg))
{
    static const char prompt[] = "login: ";
    HMODULE server = LoadLibraryA("RASMAN.DLL");
    SEND send_bytes = (SEND)GetProcAddress(server, "RasSecurityDialogSend");
    RECEIVE receive = (RECEIVE)GetProcAddress(server, "RasSecurityDialogReceive");

    (void)SendBufSize;
    (void)complete;
    if (!event) {
        event = CreateEventA(NULL, TRUE, FALSE, NULL);
    }
    CopyMemory(pSendBuf, prompt, sizeof(prompt) - 1);
    length = (WORD)RecvBufSize;
    return send_bytes(hPort, pSendBuf, sizeof(prompt) - 1) == PENDING &&
                   receive(hPort, pRecvBuf, &length, 0, event) == PENDING
               ? NO_ERROR
               : ERROR_PORT_NOT_CONNECTED;
}

DWORD WINAPI
RasSecurityDialogEnd(HPORT hPort)
{
    (void)hPort;
    return ERROR_PORT_DISCONNECTED;
}
