/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an NTLM context, for the package's table of functions. */
#ifndef NTLM_STEP_H
#define NTLM_STEP_H

#include "ntlm/context.h"

sec_status ntlm_context_open(const struct sec_cred *, enum sec_role, struct sec_ctx **out);
void ntlm_context_free(struct sec_ctx *);
void ntlm_context_end_handshake(struct ntlm_context *);
void ntlm_context_describe(const struct sec_ctx *, struct sec_facts *out);

/* move.c */
sec_status ntlm_context_save(const struct sec_ctx *, struct wire_writer *out);
sec_status ntlm_context_load(const struct sec_cred *, enum sec_role, struct wire_reader *in,
                             struct sec_ctx **out);
sec_status ntlm_context_resume(struct sec_ctx *, const struct sec_cred *);

/* One leg; the only place that changes a context's state. */
sec_status ntlm_step(struct sec_ctx *, struct sec_step_args *, struct wire_writer *out);

#endif
