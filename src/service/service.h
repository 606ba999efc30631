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
#include <sys/queue.h>
#include <uv.h>

#include "base/attributes.h"
#include "base/log.h"
#include "event/event.h"
#include "service/session.h"
#include "service/site.h"

enum { LOOP_BUFFER_BYTES = 65536 };

struct service {
    const struct log *log;
    void *owner; /* of the loops: the server */
    /* From a loop's thread: it has ended, or has taken what it was offered. */
    void (*ended)(void *owner);
    void (*taken)(void *owner);
    /* From any thread: how the service fares, for a listener with metrics. */
    void (*put_metrics)(void *owner, struct wire_writer *w);
};

struct connection;
struct http_port;

TAILQ_HEAD(connection_queue, connection);

/* Handshakes that may be dropped for newer ones, in this order: of who has not sent a byte, the oldest
 * first; of who has, he first whose last leg was answered longest ago. Of one endpoint and loop, and
 * shared by its ports. */
struct handshakes {
    size_t references;
    struct connection_queue silent, waiting;
};

/* A listening socket of one loop, under one configuration: with the next one the socket goes to
 * another port, and this one waits for its connections to end. */
struct port {
    struct loop *loop;
    struct listener *listener; /* whose site is held */
    struct port *next;         /* in the loop's list */
    size_t references;         /* its handles and connections; of its loop alone */
    struct http_port *http;    /* NULL: framed */
    int fd;
    uv_poll_t poll;
    uv_timer_t pause;   /* out of descriptors: until some are free again */
    int last_fd;        /* of a client: those above are for files and answers */
    bool is_out_of_fds; /* since a client was accepted last */
    struct handshakes *handshakes;
};

struct loop {
    struct service *service;
    uv_loop_t uv;
    uv_thread_t thread;
    uv_async_t wake; /* another thread raised stopping, or offers ports */
    uv_timer_t drain_timer;
    int stopping; /* 1: drain, 2: at once; atomic */
    bool draining, closed;
    unsigned asked, answered; /* whether it still runs; atomic */
    struct port *offered;     /* of a new configuration; atomic */
    struct port *ports;
    struct connection *connections;
    char buffer[LOOP_BUFFER_BYTES]; /* what is read goes here first; one read at a time */
};

/* What framed and HTTP connections have in common; the first member of each. */
struct connection {
    struct loop *loop;
    struct port *port;
    struct listener *listener;
    struct session_client client;
    struct limits_ticket ticket;
    uv_timer_t deadline;
    struct connection *next, **at;  /* in the loop's list */
    struct connection_queue *queue; /* of the port's handshakes; NULL: not to be dropped now */
    TAILQ_ENTRY(connection) queued;
    /* The service stops: end what is idle; with now, whatever it is. */
    void (*stop)(struct connection *connection, bool now);
};

/* Counts a new client and enters it in the loop's list, or turns it away: false. Where the listener
 * has as many handshakes as it may, the oldest of this loop is dropped for it. */
SEC_NODISCARD bool connection_open(struct connection *connection, struct port *port,
                                   const struct sockaddr_in6 *from);
/* Takes it out again; its memory remains its owner's. */
void connection_leave(struct connection *connection);
/* Its first bytes came, or others. */
void connection_heard(struct connection *connection);
/* A leg of it was answered: of all that wait it is dropped last. */
void connection_progressed(struct connection *connection);
/* It is not dropped until it has progressed. */
void connection_hold(struct connection *connection);
/* The client proved who it is; or starts anew. */
void connection_set_authenticated(struct connection *connection, bool is);
/* It has no descriptor and nothing under way any more, and counts no longer. */
void connection_end(struct connection *connection);
/* Drops the oldest handshake, whose descriptor is free at once. false: there is none. */
SEC_NODISCARD bool connection_make_room(struct port *port);
/* (Re)starts the one deadline that a handshake has, from first to last byte. */
void connection_start_deadline(struct connection *connection, uv_timer_cb expired);

/* Without a socket; in front of *list. NULL: no memory. Owned by the caller until a loop takes it:
 * port_free_all. */
struct port *port_new(struct loop *loop, struct listener *listener, struct port **list);
void port_free_all(struct port *list);
/* Binds its socket; the first of an endpoint fails where another process has the address. false: why
 * says why. */
SEC_NODISCARD bool port_bind(struct port *port, bool first, char *why, size_t why_n);
/* A socket that listens already, and is given; the other loops' ports share it. */
void port_adopt(struct port *port, int fd);
SEC_NODISCARD bool port_share(struct port *port, const struct port *with);
/* Puts it into its loop. */
SEC_NODISCARD bool port_start(struct port *port);
/* Nobody is accepted any more; it goes with its last connection. Who has already connected is
 * accepted before. */
void port_stop(struct port *port);
/* The socket goes to a port of the same endpoint, and the other one stops. */
void port_take_over(struct port *port, struct port *from);
SEC_NODISCARD bool port_is_stopped(const struct port *port);
struct port *port_ref(struct port *port);
void port_unref(struct port *port);

SEC_NODISCARD bool loop_init(struct loop *loop, struct service *service);
/* Before it runs: its first ports. */
SEC_NODISCARD bool loop_start(struct loop *loop, struct port *ports);
/* Returns when it was stopped and its connections are gone. */
void loop_run(struct loop *loop);
/* After that, when no thread calls loop_stop any more. */
void loop_close(struct loop *loop);
/* From any thread: 1 drains, 2 ends. */
void loop_stop(struct loop *loop, int how);
/* From any thread: these ports take the place of all it has. One offer at a time; the service is
 * told when it was taken. */
void loop_offer(struct loop *loop, struct port *ports);
/* From one thread: whether it has answered the last question of this kind; asks another one. */
SEC_NODISCARD bool loop_answers(struct loop *loop);
/* A connection or a port is gone; when draining this may end the loop. */
void loop_check_drained(struct loop *loop);

/* A client of a framed listener. Takes fd. */
void framed_accept(struct port *port, int fd, const struct sockaddr_in6 *from);

SEC_NODISCARD struct http_port *http_port_new(struct port *port);
void http_port_stop(struct http_port *http);
/* A client of an HTTP listener. Takes fd. */
void http_accept(struct port *port, int fd, const struct sockaddr_in6 *from);

#endif
