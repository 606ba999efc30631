/* SPDX-License-Identifier: Apache-2.0 */
/* One request: whether its asker may ask that now, and who answers it. */
#ifndef SAMD_REQUEST_H
#define SAMD_REQUEST_H

#include "samd/server_state.h"

/* A frame without its length. Its answer has gone when this returns, or is for another thread to send. */
void request_answer(struct server *, struct connection *, struct bytes frame);

#endif
