/* SPDX-License-Identifier: Apache-2.0 */
/* The socket for sspictl: docs/INTERFACES.md. */
#ifndef RAS_CONTROL_H
#define RAS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "base/attributes.h"
#include "base/log.h"
#include "ras/port.h"

struct control;

/* Whether no other rasd answers there: before anything of it is taken away. */
SEC_NODISCARD bool control_is_free(const char *path, char *why, size_t why_n);

/* NULL with why filled in. ports is borrowed. */
struct control *control_open(uv_loop_t *, const char *path, const struct log *,
                             struct port *const *ports, size_t n_ports, char *why, size_t why_n);
void control_close(struct control *);

#endif
