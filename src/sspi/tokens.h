/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens behind their handles, and those of contexts. */
#ifndef SSPI_TOKENS_H
#define SSPI_TOKENS_H

#include "sspi/objects.h"
#include "token/token.h"

/* What a token's handle leads to, and what a thread acts as. */
struct token_object {
    struct sec_token *token;
    struct configuration *configuration; /* whose policy says which account it maps to */
    struct handle_ref source;            /* the context that keeps what was delegated; or empty */
    struct handle context;               /* by which a thread began to act so; zeros: by none */
};

/* Each member once more. */
struct token_object tokens_share(const struct token_object *);
void tokens_clear(struct token_object *);
/* handle_destroyers' */
void tokens_object_free(void *object);

/* The context's token, made on first use. *out is to be cleared. c->step is not held.
 *   SEC_E_INVALID_HANDLE    it is no context's handle, or the context is not established
 *   SEC_E_NO_IMPERSONATION  it is a client's, asked for none, or its peer has no SID
 *   SEC_E_CONTEXT_EXPIRED   it was exported
 *   SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR */
SEC_NODISCARD sec_status tokens_of_context(PCtxtHandle, struct token_object *out);

/* Takes what the object holds, also when it fails. */
SEC_NODISCARD sec_status tokens_open(struct token_object *, HANDLE *out);
/* A reference to release. SEC_E_INVALID_HANDLE: it is no token's handle. */
SEC_NODISCARD sec_status tokens_hold(struct handle_ref *, HANDLE, struct token_object **out);

/* SECPKG_ATTR_ACCESS_TOKEN: a handle that is the context's, and closed with it. c->step is held. */
SEC_NODISCARD sec_status tokens_lend(struct context *, HANDLE *out);
/* The context's end. */
void tokens_forget(struct context *);

#endif
