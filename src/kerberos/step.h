/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a Kerberos context, for the package's table of functions. */
#ifndef KERBEROS_STEP_H
#define KERBEROS_STEP_H

#include "kerberos/context.h"

sec_status krb_context_open(const struct sec_cred *, enum sec_role, struct sec_ctx **out);
/* Whatever the credential is one for. */
sec_status krb_context_new(const struct krb_credential *, enum sec_role, struct krb_context **out);
void krb_context_free(struct sec_ctx *);
void krb_context_end_handshake(struct krb_context *);
void krb_context_describe(const struct sec_ctx *, struct sec_facts *out);

/* move.c */
sec_status krb_context_save(const struct sec_ctx *, struct wire_writer *out);
sec_status krb_context_load(const struct sec_cred *, enum sec_role, struct wire_reader *in,
                            struct sec_ctx **out);
sec_status krb_context_resume(struct sec_ctx *, const struct sec_cred *);

/* One leg; the only place that ends a handshake. */
sec_status krb_step(struct sec_ctx *, struct sec_step_args *, struct wire_writer *out);

/* Messages: the session's, once there is one. */
sec_status krb_sign(struct sec_ctx *, struct sec_msg *);
sec_status krb_verify(struct sec_ctx *, struct sec_msg *);
sec_status krb_seal(struct sec_ctx *, struct sec_msg *);
sec_status krb_unseal(struct sec_ctx *, struct sec_msg *);
sec_status krb_make_mic(struct sec_ctx *, struct bytes data, struct wire_writer *out);
sec_status krb_check_mic(struct sec_ctx *, struct bytes data, struct bytes mic);

#endif
