/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller sent to pppd, as the account authority is asked about it. Pure but for the clock
 * that the caller reads. */
#ifndef RAS_PPP_PROOF_H
#define RAS_PPP_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "account/account.h"
#include "base/attributes.h"
#include "base/bytes.h"
#include "ras/ppp_msg.h"

enum { PPP_PROOF_TEXT_BYTES = PPP_MSG_TEXT_MAX + 1 };

/* A question, in memory of its own: the frame may go. A secret as a whole (PAP's password). */
struct ppp_proof {
    struct account_claim claim; /* views of what follows */
    uint8_t algorithm;
    uint8_t sent_user[PPP_MSG_USER_MAX], response[PPP_MSG_RESPONSE_MAX];
    uint8_t user_utf16[2 * PPP_MSG_USER_MAX], domain_utf16[2 * PPP_MSG_USER_MAX];
    uint8_t challenge[PPP_MSG_CHALLENGE_MAX];
    char user[PPP_MSG_USER_MAX + 1], domain[PPP_MSG_USER_MAX + 1]; /* UTF-8, for callbacks */
};

/* From a PROVE. NULL, or why no authority could say yes: a length that the algorithm does not have,
 * or a response of LAN Manager's alone. *out has the user's name either way. Static. */
SEC_NODISCARD const char *ppp_proof_make(struct ppp_proof *out, const struct ppp_msg *);

/* The PPP_* of settings.h that an algorithm is. */
unsigned ppp_proof_bit(uint8_t algorithm);

/* What the caller is told: RFC 2433's and RFC 2759's forms, and for the others words. */
void ppp_proof_success(const struct ppp_proof *, const uint8_t authenticator[static 20],
                       char text[static PPP_PROOF_TEXT_BYTES]);
void ppp_proof_failure(const struct ppp_proof *, char text[static PPP_PROOF_TEXT_BYTES]);

/* Why the authority refused, in words for the log. Static. */
const char *ppp_proof_reason(const struct account_proof *, sec_status);

#endif
