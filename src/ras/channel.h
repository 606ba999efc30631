/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor on rasd's loop: what comes is given away at once, what goes waits in a queue. */
#ifndef RAS_CHANNEL_H
#define RAS_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/attributes.h"
#include "base/bytes.h"

enum { CHANNEL_QUEUE_BYTES = 131072 }; /* two WORDs' worth: who takes less is not there */

struct channel_events {
    void (*input)(void *owner, struct bytes data);
    void (*ended)(void *owner, const char *why); /* once; nothing is read or written any more */
    void (*drained)(void *owner);                /* the queue is empty again; may be NULL */
    void (*closed)(void *owner);                 /* after channel_close; the memory is free */
};

struct channel {
    uv_poll_t poll;
    int fd; /* -1: closed */
    const struct channel_events *events;
    void *owner;
    bool reads, ended, idle; /* idle: another has the descriptor */
    int polled;              /* UV_READABLE and so on */
    uint8_t *queue;
    size_t queued, capacity;
    uint64_t bytes_in, bytes_out;
};

/* Takes fd, which is non-blocking, also by a failure. It does not read yet. */
SEC_NODISCARD bool channel_open(struct channel *, uv_loop_t *, int fd,
                                const struct channel_events *, void *owner);
/* An end is noticed also while it is not read. */
void channel_read(struct channel *, bool on);
/* false: it has ended, or the queue is full. */
bool channel_send(struct channel *, struct bytes data);
/* Looks away, and back. */
void channel_idle(struct channel *, bool idle);
void channel_close(struct channel *);

#endif
