/* SPDX-License-Identifier: Apache-2.0 */
/* The socket to rasd. Whoever has something to say appends it to a queue, which one thread writes:
 * a module's thread never waits for rasd. */
#ifndef RAS_MODULE_HOST_LINK_H
#define RAS_MODULE_HOST_LINK_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/log.h"
#include "ras/host_msg.h"

/* What modules may have waiting there. */
enum { LINK_QUEUE_BYTES_MAX = 1024 * 1024 };

/* Starts the writer. The process ends where the socket does, or the memory for an answer. */
void link_open(int fd, const struct log *log);
/* Any thread. */
void link_answer(const struct host_msg *m);
/* The same for what a module sends at its own pace; false: as much waits as may. */
SEC_NODISCARD bool link_offer(const struct host_msg *m);
/* The next message, valid until the next call. Ends the process at the end of the stream and for
 * what makes no sense. One thread. */
struct host_msg link_receive(void);
/* Returns when all that was queued has been written. */
void link_flush(void);
/* Says what rasd did wrong and ends the process. */
void link_nonsense(const char *what) __attribute__((noreturn));

#endif
