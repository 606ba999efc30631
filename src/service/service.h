/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sspid: listeners, which all loops share; loops, one a core, each a thread; connections, each of
 * which belongs to one loop from its first byte to its last.
 *
 *     port (a socket of a loop and a listener) -> connection -> session -> the library
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/attributes.h"
#include "base/log.h"
#include "event/event.h"
#include "service/counters.h"
#include "service/credential.h"
#include "service/limits.h"
#include "service/session.h"
#include "service/settings.h"
#include "service/told.h"

enum { LOOP_BUFFER_BYTES = 65536 };

struct listener {
    const struct listener_settings *settings;
    struct credential credential;
    struct limits limits;
    struct session_rules rules;
    struct told told;
    struct counters counters;
    uint16_t port; /* in host order; what the system picked where the file says 0 */
};

struct service {
    const struct log *log;
    struct event_log *events;
    struct listener *listeners;
    size_t n_listeners;
    void *owner; /* of the loops: the daemon */
};

struct connection;
struct http_port;

/* A listening socket of one loop. */
struct port {
    struct loop *loop;
    struct listener *listener;
    struct http_port *http; /* NULL: framed */
    int fd;
    uv_poll_t poll;
    uv_timer_t pause; /* out of descriptors: until some are free again */
};

struct loop {
    struct service *service;
    uv_loop_t uv;
    uv_thread_t thread;
    uv_async_t wake; /* another thread raised stopping */
    uv_timer_t drain_timer;
    int stopping; /* 1: drain, 2: at once; atomic */
    bool draining, closed;
    struct port *ports;
    size_t n_ports;
    struct connection *connections;
    char buffer[LOOP_BUFFER_BYTES]; /* what is read goes here first; one read at a time */
};

/* What framed and HTTP connections have in common; the first member of each. */
struct connection {
    struct loop *loop;
    struct listener *listener;
    struct session_client client;
    struct limits_ticket ticket;
    uv_timer_t deadline;
    struct connection *next, **at; /* in the loop's list */
    /* The service stops: end what is idle; with now, whatever it is. */
    void (*stop)(struct connection *connection, bool now);
};

/* Counts a new client and enters it in the loop's list, or turns it away: false. */
SEC_NODISCARD bool connection_open(struct connection *connection, struct port *port,
                                   const struct sockaddr_in6 *from);
/* Takes it out again; its memory remains its owner's. */
void connection_leave(struct connection *connection);
/* (Re)starts the one deadline that a handshake has, from first to last byte. */
void connection_start_deadline(struct connection *connection, uv_timer_cb expired);

/* Binds one socket; the first of a listener fails where another process has the address. false: why
 * says why. */
SEC_NODISCARD bool port_bind(struct port *port, bool first, char *why, size_t why_n);
/* Puts it into its loop. */
SEC_NODISCARD bool port_start(struct port *port);
void port_stop(struct port *port);
/* For one that was never started; idempotent. */
void port_close(struct port *port);

SEC_NODISCARD bool loop_init(struct loop *loop, struct service *service);
/* Returns when it was stopped and its connections are gone. */
void loop_run(struct loop *loop);
/* After that, when no thread calls loop_stop any more. */
void loop_close(struct loop *loop);
/* From any thread: 1 drains, 2 ends. */
void loop_stop(struct loop *loop, int how);
/* A connection or a port is gone; when draining this may end the loop. */
void loop_check_drained(struct loop *loop);

/* A client of a framed listener. Takes fd. */
void framed_accept(struct port *port, int fd, const struct sockaddr_in6 *from);

SEC_NODISCARD struct http_port *http_port_new(struct port *port);
void http_port_stop(struct http_port *http);
/* A client of an HTTP listener. Takes fd. */
void http_accept(struct port *port, int fd, const struct sockaddr_in6 *from);

#endif
