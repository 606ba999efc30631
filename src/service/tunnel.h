/* SPDX-License-Identifier: Apache-2.0 */
/* A framed connection's way to a backend, a TCP service or a command: what is opened goes there as it
 * is, what comes from there is sealed. A stream that is cut on one side is cut on the other. */
#ifndef SERVICE_TUNNEL_H
#define SERVICE_TUNNEL_H

#include "service/framed.h"

/* The client is known: its backend is connected to, and until then nothing is read. */
void tunnel_begin(struct framed *f);
/* A whole frame is in f->reader. */
void tunnel_message(struct framed *f);
/* The client's direction ended on TCP. */
void tunnel_eof(struct framed *f, int status);
/* All that was queued to the client went out. */
void tunnel_drained(struct framed *f);
/* The client's connection is being closed: cuts the backend's, unless both have come to an end. */
void tunnel_close(struct tunnel *tunnel);
/* When nothing refers to the connection any more. NULL is a no-op. */
void tunnel_free(struct tunnel *tunnel);

#endif
