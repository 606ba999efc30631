/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials and contexts of a package of others, as the seam sees them. */
#ifndef SSPI_LOADED_CONTEXT_H
#define SSPI_LOADED_CONTEXT_H

#include "sspi/loaded_package.h"

struct loaded_answer;

struct loaded_context {
    struct sec_ctx base;
    struct loaded_package *owner;
    const struct sec_host *host;
    void *context; /* the package's */
    enum sec_role role;
    enum sec_phase phase;
    bool had_leg;
    atomic_bool broken; /* it answered a message with what it may not */
    uint32_t granted;
    uint64_t start_100ns, expires_100ns;
    struct loaded_answer *answer; /* of QueryContext; NULL: not established */
};

/* An answer that breaks the rules. */
SEC_PRINTF(2, 3)
sec_status loaded_context_fault(const struct loaded_package *, const char *format, ...);
/* Of an error that function answered: the same, or SEC_E_INTERNAL_ERROR for what is not a package's
 * to say. The reason is the package's own, where it gave one. */
sec_status loaded_context_error(const struct loaded_package *, const char *function, sec_status);

/* --- loaded_answer.c ----------------------------------------------------------------------- */

/* What QueryContext said of an established context, checked and copied. */
struct loaded_answer {
    ULONG max_signature, trailer, key_bits;
    bool half_duplex, anonymous;
    struct bytes user, domain; /* UTF-16LE */
    struct secret session_key;
    char sign_algorithm[OPENSSPI_PACKAGE_COMMENT_MAX + 1];
    char seal_algorithm[OPENSSPI_PACKAGE_COMMENT_MAX + 1];
    struct account_identity *identity; /* acceptor, not anonymous */
};

SEC_NODISCARD sec_status loaded_answer_query(struct loaded_context *, struct loaded_answer **out);
void loaded_answer_free(struct loaded_answer *); /* NULL is a no-op; wipes */

/* --- loaded_messages.c --------------------------------------------------------------------- */

sec_status loaded_messages_sign(struct sec_ctx *, struct sec_msg *);
sec_status loaded_messages_verify(struct sec_ctx *, struct sec_msg *);
sec_status loaded_messages_seal(struct sec_ctx *, struct sec_msg *);
sec_status loaded_messages_unseal(struct sec_ctx *, struct sec_msg *);

#endif
