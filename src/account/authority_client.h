/* SPDX-License-Identifier: Apache-2.0 */
/* This process's side of samd: as many connections as threads ask at once, each with one request on
 * it. A samd that does not answer is left alone for a while, so that it costs those who ask
 * microseconds. Safe from any thread; a child of fork() gets connections of its own. */
#ifndef ACCOUNT_AUTHORITY_CLIENT_H
#define ACCOUNT_AUTHORITY_CLIENT_H

#include "account/authority_msg.h"
#include "base/status.h"

struct authority_client;

/* NULL without memory. Owned by the caller: authority_client_free. */
SEC_NODISCARD struct authority_client *authority_client_new(const char *path, unsigned timeout_ms);
void authority_client_free(struct authority_client *); /* NULL is a no-op */

/* What an answer is: the last one, one before others, or none that could come here. */
enum authority_answer { AUTHORITY_LAST, AUTHORITY_MORE, AUTHORITY_NONSENSE };
typedef enum authority_answer (*authority_take)(void *user, const struct authority_msg *);

/* Sends request, of which the id is given here, and hands every answer to take, which may use it
 * for the call. SEC_E_OK: the last one was taken. SEC_E_INVALID_PARAMETER: the request is longer than
 * a message may be. SEC_E_NO_AUTHENTICATING_AUTHORITY: there is no answer (sec_fail says why). */
SEC_NODISCARD sec_status authority_client_ask(struct authority_client *, struct authority_msg *,
                                              authority_take take, void *user);

#endif
