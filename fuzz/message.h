/* SPDX-License-Identifier: Apache-2.0 */
/* What holds of every message of codec/message_table.h. */
#ifndef FUZZ_MESSAGE_H
#define FUZZ_MESSAGE_H

#include "base/wire.h"
#include "codec/message_table.h"
#include "fuzz.h"
#include "tests/support/message_views.h"

static inline void
fuzz_message_view(struct bytes view, void *user)
{
    fuzz_view(*(const struct bytes *)user, view);
}

/* What is taken has views into the frame and one encoding; of what is refused, only the fault is
 * left. */
static inline void
fuzz_message(const struct message_format *format, enum wire_err err, const void *message,
             struct bytes in)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    if (err != WIRE_OK) {
        fuzz_must(message_is_refused(format, message, in));
        return;
    }
    message_each_view(format, message, fuzz_message_view, &in);
    fuzz_must(message_encode(format, &w, message) == WIRE_OK && wire_load_le32(w.p) == in.n);
    fuzz_must(bytes_equal(bytes_of(w.p + MESSAGE_LENGTH_BYTES, in.n), in));
}

#endif
