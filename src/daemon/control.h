/* SPDX-License-Identifier: Apache-2.0 */
/* The socket at which sspictl asks a daemon: docs/INTERFACES.md. One request a connection: a line;
 * the answer is one JSON object. Root and the daemon's own user get one. */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>
#include <uv.h>

#include "base/attributes.h"
#include "base/log.h"

struct control;

/* What answers, on the socket's loop. */
struct control_requests {
    json_t *(*answer)(void *user, const char *request); /* owned by the caller; NULL: no memory */
    void *user;
};

/* {"error": text} */
json_t *control_error(const char *text);

/* Whether no other one of this program answers there: before anything of it is taken away. */
SEC_NODISCARD bool control_is_free(const char *path, const struct log *, char *why, size_t why_n);

/* NULL with why filled in. requests is borrowed. */
struct control *control_open(uv_loop_t *, const char *path, const struct log *,
                             const struct control_requests *requests, char *why, size_t why_n);
void control_close(struct control *);

#endif
