/* SPDX-License-Identifier: Apache-2.0 */
/* What callers hand over in SecBufferDesc: looked at once, here, and never trusted again. */
#ifndef SSPI_BUFFERS_H
#define SSPI_BUFFERS_H

#include <opensspi/sspi.h>

#include "package.h"

enum {
    /* No call has a use for more; a count beyond it is not a descriptor. */
    BUFFERS_MAX = SEC_SEGMENTS_MAX,
};

/* Whether a descriptor can be read at all: version, count, array. NULL can: it has no buffers. */
sec_status buffers_check(const SecBufferDesc *);

/* The first buffer of a type; NULL: none. desc has been checked, or is NULL. */
SecBuffer *buffers_find(const SecBufferDesc *desc, ULONG type);

/* What a buffer holds, as a view. A NULL pointer with a length is SEC_E_INVALID_TOKEN. */
sec_status buffers_view(const SecBuffer *, struct bytes *out);

/* A message to protect or to open: its one TOKEN, at any index, and what is signed or sealed, in
 * order. READONLY data takes no part, READONLY_WITH_CHECKSUM data is covered and not changed.
 * Buffers that overlap are SEC_E_INVALID_TOKEN. */
struct buffers_message {
    struct sec_segment segments[BUFFERS_MAX];
    struct sec_msg msg;
    SecBuffer *token, *padding;
    SecBuffer *data; /* of the stream form alone */
};

sec_status buffers_message(SecBufferDesc *, bool needs_data, struct buffers_message *out);

/* A message to open that came as a whole, as GSS_Unwrap takes it: STREAM holds it, DATA (out->data)
 * is to be pointed at the plain text within it. */
bool buffers_are_stream(const SecBufferDesc *);
sec_status buffers_stream(SecBufferDesc *, struct buffers_message *out);

/* SECBUFFER_CHANNEL_BINDINGS, where desc has it: decoded and hashed. */
sec_status buffers_bindings(const SecBufferDesc *, struct sec_bindings *out);

#endif
