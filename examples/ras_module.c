/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A RAS security module: asks each caller for a name and for the answer to a challenge before the
 * server goes on to PPP. Source as it stands on Windows, where it makes a DLL, and as C++ too. In
 * place of "times 7" stands a token card.
 */
#include <windows.h>
#include <raserror.h>
#include <rasshost.h>

typedef DWORD(WINAPI *SEND)(HPORT, PBYTE, WORD);
typedef DWORD(WINAPI *RECEIVE)(HPORT, PBYTE, PWORD, DWORD, HANDLE);
typedef VOID(WINAPI *COMPLETE)(SECURITY_MESSAGE *);

enum { CALLERS = 256, SECONDS = 60, QUESTION = 80, RUNNING = 0, REPORTED, ENDED };

typedef struct CALLER {
    PVOID volatile key; /* the port that it is found by; NULL: free */
    LONG volatile state;
    HPORT port;
    PBYTE out, in;
    DWORD inSize;
    SEND send;
    RECEIVE receive;
    COMPLETE complete;
    HANDLE received, ended, thread;
} CALLER;

static CALLER callers[CALLERS];

/* A line, as it comes: by keystrokes or whole. FALSE: no more will come. */
static BOOL
Ask(CALLER *c, const char *question, char *line, int size)
{
    int length = 0;

    lstrcpyA((char *)c->out, question);
    if (c->send(c->port, c->out, (WORD)lstrlenA(question)) != PENDING) {
        return FALSE;
    }
    for (;;) {
        HANDLE events[2] = { c->ended, c->received };
        WORD n = (WORD)(c->inSize < 0xFFFF ? c->inSize : 0xFFFF);

        if (c->receive(c->port, c->in, &n, SECONDS, c->received) != PENDING ||
            WaitForMultipleObjects(2, events, FALSE, INFINITE) != WAIT_OBJECT_0 + 1 || n == 0) {
            return FALSE; /* the server ends the call, or its time is up, or the line is lost */
        }
        for (WORD i = 0; i < n; i++) {
            if (c->in[i] == '\r') {
                line[length] = 0;
                return TRUE;
            }
            if (c->in[i] > ' ' && length < size - 1) {
                line[length++] = (char)c->in[i];
            }
        }
    }
}

static DWORD WINAPI
Talk(LPVOID caller)
{
    CALLER *c = (CALLER *)caller;
    COMPLETE complete = c->complete;
    const DWORD challenge = GetTickCount() % 10000;
    char question[QUESTION], right[16], answer[16];
    SECURITY_MESSAGE m;

    ZeroMemory(&m, sizeof(m));
    m.hPort = c->port;
    wsprintfA(question, "\r\nChallenge %lu: ", challenge);
    wsprintfA(right, "%lu", challenge * 7);
    if (!Ask(c, "Name: ", m.UserName, 65) || !Ask(c, question, answer, sizeof(answer))) {
        m.dwMsgId = SECURITYMSG_ERROR;
        m.dwError = ERROR_PORT_DISCONNECTED;
    } else {
        m.dwMsgId = lstrcmpA(answer, right) == 0 ? SECURITYMSG_SUCCESS : SECURITYMSG_FAILURE;
    }
    /* From here on the caller's place may be another's. */
    if (InterlockedCompareExchange(&c->state, REPORTED, RUNNING) == RUNNING) {
        complete(&m);
    }
    return 0;
}

static CALLER *
Find(HPORT port, HPORT becomes)
{
    for (int i = 0; i < CALLERS; i++) {
        if (InterlockedCompareExchangePointer(&callers[i].key, becomes, port) == port) {
            return &callers[i];
        }
    }
    return NULL;
}

#ifdef __cplusplus
extern "C" {
#endif

DWORD WINAPI
RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf,
                       DWORD RecvBufSize, VOID(WINAPI *Complete)(SECURITY_MESSAGE *))
{
    HMODULE server = LoadLibraryA("RASMAN.DLL");
    CALLER *c = server && SendBufSize >= QUESTION ? Find(NULL, hPort) : NULL;

    if (!c) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    c->send = (SEND)GetProcAddress(server, "RasSecurityDialogSend");
    c->receive = (RECEIVE)GetProcAddress(server, "RasSecurityDialogReceive");
    c->port = hPort;
    c->out = pSendBuf;
    c->in = pRecvBuf;
    c->inSize = RecvBufSize;
    c->complete = Complete;
    c->state = RUNNING;
    c->received = CreateEventA(NULL, FALSE, FALSE, NULL);
    c->ended = CreateEventA(NULL, TRUE, FALSE, NULL);
    c->thread = CreateThread(NULL, 0, Talk, c, 0, NULL);
    if (!c->thread) {
        RasSecurityDialogEnd(hPort);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    return NO_ERROR;
}

/* Nonzero: the module is done with this port. Where it has not reported, its thread stops first. */
DWORD WINAPI
RasSecurityDialogEnd(HPORT hPort)
{
    CALLER *c = Find(hPort, hPort);

    if (c) {
        if (InterlockedCompareExchange(&c->state, ENDED, RUNNING) == RUNNING) {
            SetEvent(c->ended);
            WaitForSingleObject(c->thread, INFINITE);
        }
        CloseHandle(c->received);
        CloseHandle(c->ended);
        CloseHandle(c->thread);
        InterlockedExchangePointer(&c->key, NULL);
    }
    return ERROR_PORT_DISCONNECTED;
}

#ifdef __cplusplus
}
#endif
