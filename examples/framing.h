/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the four programs share: TCP connections, and messages of a 4-byte little-endian length and
 * that many bytes. Compiles on Windows as it is.
 */
#ifndef EXAMPLES_FRAMING_H
#define EXAMPLES_FRAMING_H

#include <winsock.h>
#include <time.h>

/* A listening socket on 127.0.0.1. Port 0: the system picks one; either way it is printed. */
SOCKET ListenOn(unsigned short usPort);
/* Waits for one client. */
SOCKET AcceptClient(SOCKET sListen);
/* szAddress is an IPv4 address in dotted form. */
SOCKET ConnectTo(const char *szAddress, unsigned short usPort);

/* An empty message is not sent: on this wire an empty token is silence. */
BOOL SendMsg(SOCKET s, const BYTE *pBuf, DWORD cbBuf);
/*
 * FALSE if the connection ends early, at tDeadline, or if the peer announces nothing or more than
 * cbBuf bytes: its word is not trusted with our memory. One deadline holds for a whole handshake, so
 * that a peer that sends a byte now and then gains nothing.
 */
BOOL ReceiveMsg(SOCKET s, BYTE *pBuf, DWORD cbBuf, DWORD *pcbRead, time_t tDeadline);

#endif
