/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSPI over sockets: a server of many clients in one thread, in the manner of a Windows service.
 *
 *     event-server PORT CLIENTS [PACKAGE]
 *
 * It waits for events: one that a service's control handler would set, the listener's, and one of each
 * client. Each client is authenticated and is sent an encrypted message, as sspi-server does it, and
 * sspi-client is the other end. After CLIENTS of them (0: never) the stop event is set. Port 0: the
 * system picks.
 */
#define SECURITY_WIN32
#include <winsock2.h>
#include <windows.h>
#include <security.h>
#include <stdio.h>
#include <stdlib.h>
#include "SspiExample.h"

enum { EVENT_STOP, EVENT_LISTENER, EVENT_CLIENTS, MAX_MESSAGE = 65536 };
#define MAX_CLIENTS (WSA_MAXIMUM_WAIT_EVENTS - EVENT_CLIENTS)

typedef struct _CLIENT {
    SOCKET s;
    time_t tDeadline;
    int nLegs;
    BOOL fHaveContext, fDone;
    CtxtHandle hContext;
    BYTE *pOut; /* what is to be sent, its length before each token and message */
    DWORD cbOut, cbIn;
    BYTE in[4 + MAX_MESSAGE];
} CLIENT;

static WSAEVENT
    g_events[WSA_MAXIMUM_WAIT_EVENTS]; /* a client's stands where it does in g_clients */
static CLIENT *g_clients[MAX_CLIENTS];
static DWORD g_nClients, g_nServed;
static CredHandle g_hCred;

static void
DropClient(DWORD i)
{
    CLIENT *p = g_clients[i];

    if (p->fHaveContext) {
        DeleteSecurityContext(&p->hContext);
    }
    closesocket(p->s);
    WSACloseEvent(g_events[EVENT_CLIENTS + i]);
    free(p->pOut);
    free(p);
    /* The last one takes its place. */
    g_nClients--;
    g_clients[i] = g_clients[g_nClients];
    g_events[EVENT_CLIENTS + i] = g_events[EVENT_CLIENTS + g_nClients];
    g_nServed++;
}

static void
AddClient(SOCKET s)
{
    CLIENT *p = g_nClients < MAX_CLIENTS ? (CLIENT *)calloc(1, sizeof(*p)) : NULL;
    WSAEVENT hEvent = p ? WSACreateEvent() : WSA_INVALID_EVENT;

    /* It came with the listener's event and its events. */
    if (hEvent == WSA_INVALID_EVENT ||
        WSAEventSelect(s, hEvent, FD_READ | FD_WRITE | FD_CLOSE) != 0) {
        fprintf(stderr, "a client too many\n");
        if (hEvent != WSA_INVALID_EVENT) {
            WSACloseEvent(hEvent);
        }
        free(p);
        closesocket(s);
        return;
    }
    p->s = s;
    p->tDeadline = time(NULL) + HANDSHAKE_SECONDS;
    g_clients[g_nClients] = p;
    g_events[EVENT_CLIENTS + g_nClients] = hEvent;
    g_nClients++;
}

/* Puts a message behind what is to be sent. */
static BOOL
QueueMsg(CLIENT *p, const void *pBuf, DWORD cbBuf)
{
    BYTE *pOut = (BYTE *)realloc(p->pOut, p->cbOut + 4 + cbBuf);
    int i;

    if (!pOut) {
        return FALSE;
    }
    for (i = 0; i < 4; i++) {
        pOut[p->cbOut + i] = (BYTE)(cbBuf >> (8 * i));
    }
    CopyMemory(pOut + p->cbOut + 4, pBuf, cbBuf);
    p->pOut = pOut;
    p->cbOut += 4 + cbBuf;
    return TRUE;
}

/* FALSE: the connection is of no use any more. What cannot be sent now waits for FD_WRITE. */
static BOOL
Flush(CLIENT *p)
{
    while (p->cbOut > 0) {
        int n = (int)send(p->s, (const char *)p->pOut, (int)p->cbOut, 0);
        if (n == SOCKET_ERROR) {
            return WSAGetLastError() == WSAEWOULDBLOCK;
        }
        MoveMemory(p->pOut, p->pOut + n, p->cbOut - (DWORD)n);
        p->cbOut -= (DWORD)n;
    }
    return !p->fDone;
}

static BOOL
Greet(CLIENT *p)
{
    static const char szText[] = "This is your server speaking";
    BYTE *pMessage = NULL;
    DWORD cbMessage = 0;
    BOOL fOk = EncryptThis(&p->hContext, szText, sizeof(szText) - 1, &pMessage, &cbMessage) &&
               QueueMsg(p, pMessage, cbMessage);

    free(pMessage);
    printf("client authenticated\n");
    p->fDone = TRUE;
    return fOk;
}

/* One leg of the handshake. */
static BOOL
Step(CLIENT *p, BYTE *pToken, DWORD cbToken)
{
    static BYTE answer[MAX_MESSAGE];
    SecBuffer in = { cbToken, SECBUFFER_TOKEN, pToken };
    SecBuffer out = { sizeof(answer), SECBUFFER_TOKEN, answer };
    SecBufferDesc inDesc = { SECBUFFER_VERSION, 1, &in }, outDesc = { SECBUFFER_VERSION, 1, &out };
    ULONG fAttributes = 0;
    TimeStamp lifetime;
    SECURITY_STATUS ss = AcceptSecurityContext(
        &g_hCred, p->fHaveContext ? &p->hContext : NULL, &inDesc, ASC_REQ_CONFIDENTIALITY,
        SECURITY_NATIVE_DREP, &p->hContext, &outDesc, &fAttributes, &lifetime);

    if (ss < 0) {
        return PrintStatus("AcceptSecurityContext", ss);
    }
    p->fHaveContext = TRUE;
    if (out.cbBuffer > 0 && !QueueMsg(p, answer, out.cbBuffer)) {
        return FALSE;
    }
    if (ss == SEC_I_CONTINUE_NEEDED) {
        return ++p->nLegs < HANDSHAKE_LEGS;
    }
    return ss == SEC_E_OK && Encrypts(&p->hContext, fAttributes) && Greet(p);
}

/* All that has come. recv enables FD_READ again, and where it left something, records it at once. */
static BOOL
Receive(CLIENT *p)
{
    int n = (int)recv(p->s, (char *)p->in + p->cbIn, (int)(sizeof(p->in) - p->cbIn), 0);

    if (n == SOCKET_ERROR) {
        return WSAGetLastError() == WSAEWOULDBLOCK;
    }
    p->cbIn += (DWORD)n;
    while (!p->fDone && p->cbIn >= 4) {
        DWORD cb = p->in[0] | (DWORD)p->in[1] << 8 | (DWORD)p->in[2] << 16 | (DWORD)p->in[3] << 24;

        if (cb == 0 || cb > MAX_MESSAGE) {
            return FALSE;
        }
        if (p->cbIn < 4 + cb) {
            return TRUE;
        }
        if (!Step(p, p->in + 4, cb)) {
            return FALSE;
        }
        p->cbIn -= 4 + cb;
        MoveMemory(p->in, p->in + 4 + cb, p->cbIn);
    }
    return n > 0;
}

static BOOL
ServeClient(DWORD i)
{
    CLIENT *p = g_clients[i];
    WSANETWORKEVENTS found;

    if (WSAEnumNetworkEvents(p->s, g_events[EVENT_CLIENTS + i], &found) != 0) {
        return FALSE;
    }
    if ((found.lNetworkEvents & FD_READ) && !Receive(p)) {
        return FALSE;
    }
    return !(found.lNetworkEvents & FD_CLOSE) && Flush(p);
}

static void
AcceptClients(SOCKET sListen)
{
    WSANETWORKEVENTS found;
    SOCKET s;

    if (WSAEnumNetworkEvents(sListen, g_events[EVENT_LISTENER], &found) == 0 &&
        (found.lNetworkEvents & FD_ACCEPT)) {
        s = accept(sListen, NULL, NULL);
        if (s != INVALID_SOCKET) {
            AddClient(s);
        }
    }
}

static void
Serve(SOCKET sListen, DWORD nClients)
{
    DWORD n, i;

    for (;;) {
        n = WSAWaitForMultipleEvents(EVENT_CLIENTS + g_nClients, g_events, FALSE, 1000, FALSE);
        if (n == WSA_WAIT_EVENT_0 + EVENT_STOP || n == WSA_WAIT_FAILED) {
            break;
        }
        if (n == WSA_WAIT_EVENT_0 + EVENT_LISTENER) {
            AcceptClients(sListen);
        } else if (n != WSA_WAIT_TIMEOUT && !ServeClient(n - WSA_WAIT_EVENT_0 - EVENT_CLIENTS)) {
            DropClient(n - WSA_WAIT_EVENT_0 - EVENT_CLIENTS);
        }
        for (i = g_nClients; i-- > 0;) {
            if (time(NULL) > g_clients[i]->tDeadline) {
                DropClient(i);
            }
        }
        if (nClients > 0 && g_nServed >= nClients) {
            WSASetEvent(g_events[EVENT_STOP]);
        }
    }
    while (g_nClients > 0) {
        DropClient(0);
    }
}

int
main(int argc, char **argv)
{
    TimeStamp lifetime;
    WSADATA wsaData;
    SECURITY_STATUS ss;
    SOCKET sListen;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: event-server PORT CLIENTS [PACKAGE]\n");
        return 2;
    }
    if (WSAStartup(MAKEWORD(2, 2), &wsaData) != 0) {
        return 1;
    }
    ss =
        AcquireCredentialsHandleA(NULL, argc == 4 ? argv[3] : (char *)NEGOSSP_NAME_A,
                                  SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &g_hCred, &lifetime);
    if (ss < 0) {
        PrintStatus("AcquireCredentialsHandle", ss);
        return 1;
    }
    g_events[EVENT_STOP] = WSACreateEvent();
    g_events[EVENT_LISTENER] = WSACreateEvent();
    sListen = ListenOn((unsigned short)strtoul(argv[1], NULL, 10));
    if (sListen == INVALID_SOCKET ||
        WSAEventSelect(sListen, g_events[EVENT_LISTENER], FD_ACCEPT) != 0) {
        return 1;
    }
    Serve(sListen, (DWORD)strtoul(argv[2], NULL, 10));
    closesocket(sListen);
    WSACloseEvent(g_events[EVENT_STOP]);
    WSACloseEvent(g_events[EVENT_LISTENER]);
    FreeCredentialHandle(&g_hCred);
    return WSACleanup() == 0 ? 0 : 1;
}
