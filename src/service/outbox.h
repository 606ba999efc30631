/* SPDX-License-Identifier: Apache-2.0 */
/* What is on its way to one peer: as much as the socket takes at once, the rest in libuv's queue. */
#ifndef SERVICE_OUTBOX_H
#define SERVICE_OUTBOX_H

#include <stddef.h>
#include <uv.h>

#include "base/attributes.h"
#include "base/bytes.h"

struct outbox {
    uv_stream_t *to; /* borrowed */
    void *user;
    /* All that was queued is written. */
    void (*drained)(void *user);
    /* A queued write failed. Neither is called once the stream is being closed. */
    void (*failed)(void *user, int status);
};

/* Writes what goes at once, and takes it from *bytes. 0, or libuv's error. */
SEC_NODISCARD int outbox_try(const struct outbox *box, struct bytes *bytes);
/* Queues the rest. given: the heap block that it lies in, which is freed in any case; NULL: it is
 * copied. 0, or libuv's error. */
SEC_NODISCARD int outbox_queue(struct outbox *box, struct bytes rest, void *given);
/* Bytes that are queued. */
size_t outbox_queued(const struct outbox *box);

#endif
