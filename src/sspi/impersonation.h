/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the calling thread acts as. */
#ifndef SSPI_IMPERSONATION_H
#define SSPI_IMPERSONATION_H

#include "sspi/tokens.h"

struct thread_identity;

/* The calling thread's token; NULL: it acts as the process. Borrowed until the thread reverts. */
const struct token_object *impersonation_current(void);
/* What the thread was before it acted as a client; NULL: it does not. Borrowed likewise. */
const struct thread_identity *impersonation_before(void);

/* Whether what is the process's own (its credential cache, its credentials file) is not the calling
 * thread's: it acts as a client. */
bool impersonation_is_foreign(void);

#endif
