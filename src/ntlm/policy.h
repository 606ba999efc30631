/* SPDX-License-Identifier: Apache-2.0 */
/* What a server admits: forms of response, their age, bindings, the target's name. */
#ifndef NTLM_POLICY_H
#define NTLM_POLICY_H

#include "ntlm/context.h"

/* LmCompatibilityLevel of a server: from which level on it refuses what. */
enum { NTLM_LEVEL_REFUSE_LM = 4, NTLM_LEVEL_REFUSE_V1 = 5 };

/* Before the proof: which form the response has, and whether policy admits it. v2 is NULL where
 * the NT response is not NTLMv2's. SEC_E_LOGON_DENIED with the reason. */
sec_status ntlm_policy_choose_proof(struct ntlm_context *, const struct ntlm_authenticate *,
                                    const struct ntlm_v2_response *v2,
                                    enum account_proof_kind *out);

sec_status ntlm_policy_allow_anonymous(struct ntlm_context *, uint32_t wanted);

/* After the proof, which covers the pairs: age, channel bindings, target name. v2 NULL: none were
 * sent. SEC_E_LOGON_DENIED, SEC_E_BAD_BINDINGS, SEC_E_WRONG_PRINCIPAL. */
sec_status ntlm_policy_check_pairs(struct ntlm_context *, const struct sec_step_args *,
                                   const struct ntlm_v2_response *v2);

#endif
