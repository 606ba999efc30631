/* SPDX-License-Identifier: Apache-2.0 */
/* What tunnels of every kind have in common, for the kinds: tunnel_proxy.c, tunnel_exec.c. */
#ifndef SERVICE_TUNNEL_KIND_H
#define SERVICE_TUNNEL_KIND_H

#include "service/tunnel.h"

struct tunnel_kind {
    /* Begins to connect; tunnel_connected when it is. false: no memory. */
    SEC_NODISCARD bool (*begin)(struct tunnel *);
    /* The sealed empty message came: the backend is to have an end of file, behind what is queued. */
    void (*end_client)(struct tunnel *);
    /* What an end of file from the backend is: UV_EOF, or an error. */
    int (*end_of)(struct tunnel *);
    /* It was one. */
    void (*backend_ended)(struct tunnel *);
    /* What its stream, to or from it, says is wrong. */
    void (*failed)(struct tunnel *, int status, bool writing);
    /* All that was queued to it went out. */
    void (*drained)(struct tunnel *);
    /* Closes all handles: once and for all, also before it is connected. */
    void (*close)(struct tunnel *);
};

/* The first member of each kind's own. */
struct tunnel {
    const struct tunnel_kind *kind;
    struct framed *framed;
    uv_stream_t *to, *from; /* NULL: not connected, or closed; may be the same */
    struct outbox outbox;
    bool client_ended;  /* the sealed empty message came */
    bool backend_ended; /* its end of file came */
    const char *end;    /* how, for the log */
    size_t most;        /* plaintext in one message */
    uint64_t begun_ms, to_backend, to_client;
};

/* NULL: no memory; freed by tunnel_free. */
struct tunnel *tunnel_new_proxy(void);
struct tunnel *tunnel_new_exec(void);

/* Both ends of the backend are there: bytes move from now on. */
void tunnel_connected(struct tunnel *, uv_stream_t *to, uv_stream_t *from);
/* Tells the client that the backend's direction has ended. */
void tunnel_send_end(struct tunnel *);
/* The client's connection is closed, without an end. */
void tunnel_cut(struct tunnel *, const char *end);
/* What an end of file of a socket is, as for end_of. */
int tunnel_end_of_socket(uv_handle_t *);
uint64_t tunnel_seconds(const struct tunnel *);

#endif
