/* SPDX-License-Identifier: Apache-2.0 */
/* Context flags, as one table. A 0 is a bit that the call does not have. */
#include "sspi/flags.h"

#include <opensspi/sspi.h>

static const struct {
    uint32_t flag;
    uint32_t isc_request, isc_return, asc_request, asc_return;
} context_flags[] = {
    { SEC_DELEGATE, ISC_REQ_DELEGATE, ISC_RET_DELEGATE, ASC_REQ_DELEGATE, ASC_RET_DELEGATE },
    { SEC_MUTUAL_AUTH, ISC_REQ_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH, ASC_REQ_MUTUAL_AUTH,
      ASC_RET_MUTUAL_AUTH },
    { SEC_REPLAY_DETECT, ISC_REQ_REPLAY_DETECT, ISC_RET_REPLAY_DETECT, ASC_REQ_REPLAY_DETECT,
      ASC_RET_REPLAY_DETECT },
    { SEC_SEQUENCE_DETECT, ISC_REQ_SEQUENCE_DETECT, ISC_RET_SEQUENCE_DETECT,
      ASC_REQ_SEQUENCE_DETECT, ASC_RET_SEQUENCE_DETECT },
    { SEC_CONFIDENTIALITY, ISC_REQ_CONFIDENTIALITY, ISC_RET_CONFIDENTIALITY,
      ASC_REQ_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY },
    { SEC_USE_SESSION_KEY, ISC_REQ_USE_SESSION_KEY, ISC_RET_USE_SESSION_KEY,
      ASC_REQ_USE_SESSION_KEY, ASC_RET_USE_SESSION_KEY },
    { SEC_PROMPT, ISC_REQ_PROMPT_FOR_CREDS, ISC_RET_USED_COLLECTED_CREDS, 0, 0 },
    { SEC_USE_SUPPLIED_CREDS, ISC_REQ_USE_SUPPLIED_CREDS, ISC_RET_USED_SUPPLIED_CREDS, 0, 0 },
    { SEC_DCE_STYLE, ISC_REQ_USE_DCE_STYLE, ISC_RET_USED_DCE_STYLE, ASC_REQ_USE_DCE_STYLE,
      ASC_RET_USED_DCE_STYLE },
    { SEC_DATAGRAM, ISC_REQ_DATAGRAM, ISC_RET_DATAGRAM, ASC_REQ_DATAGRAM, ASC_RET_DATAGRAM },
    { SEC_CONNECTION, ISC_REQ_CONNECTION, ISC_RET_CONNECTION, ASC_REQ_CONNECTION,
      ASC_RET_CONNECTION },
    { SEC_EXTENDED_ERROR, ISC_REQ_EXTENDED_ERROR, ISC_RET_EXTENDED_ERROR, ASC_REQ_EXTENDED_ERROR,
      ASC_RET_EXTENDED_ERROR },
    { SEC_STREAM, ISC_REQ_STREAM, ISC_RET_STREAM, ASC_REQ_STREAM, ASC_RET_STREAM },
    { SEC_INTEGRITY, ISC_REQ_INTEGRITY, ISC_RET_INTEGRITY, ASC_REQ_INTEGRITY, ASC_RET_INTEGRITY },
    { SEC_IDENTIFY, ISC_REQ_IDENTIFY, ISC_RET_IDENTIFY, ASC_REQ_IDENTIFY, ASC_RET_IDENTIFY },
    { SEC_NULL_SESSION, ISC_REQ_NULL_SESSION, ISC_RET_NULL_SESSION, ASC_REQ_ALLOW_NULL_SESSION,
      ASC_RET_NULL_SESSION },
    { SEC_MANUAL_VALIDATION, ISC_REQ_MANUAL_CRED_VALIDATION, ISC_RET_MANUAL_CRED_VALIDATION, 0, 0 },
    { SEC_NO_INTEGRITY, ISC_REQ_NO_INTEGRITY, 0, 0, 0 },
    { SEC_HTTP_STYLE, ISC_REQ_USE_HTTP_STYLE, ISC_RET_USED_HTTP_STYLE, 0, 0 },
    { SEC_UNVERIFIED_TARGET, ISC_REQ_UNVERIFIED_TARGET_NAME, 0, 0, 0 },
    { SEC_NO_TOKEN, 0, 0, ASC_REQ_NO_TOKEN, ASC_RET_NO_TOKEN },
    { SEC_PROXY_BINDINGS, 0, 0, ASC_REQ_PROXY_BINDINGS, 0 },
    { SEC_ALLOW_MISSING_BINDINGS, 0, 0, ASC_REQ_ALLOW_MISSING_BINDINGS, 0 },
};

uint32_t
flags_wanted(enum sec_role role, uint32_t request)
{
    uint32_t wanted = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(context_flags); i++) {
        uint32_t bit =
            role == SEC_INITIATOR ? context_flags[i].isc_request : context_flags[i].asc_request;

        if (request & bit) {
            wanted |= context_flags[i].flag;
        }
    }
    return wanted;
}

uint32_t
flags_returned(enum sec_role role, uint32_t granted)
{
    uint32_t returned = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(context_flags); i++) {
        if (granted & context_flags[i].flag) {
            returned |=
                role == SEC_INITIATOR ? context_flags[i].isc_return : context_flags[i].asc_return;
        }
    }
    return returned;
}

uint32_t
flags_requested(enum sec_role role, uint32_t wanted)
{
    uint32_t request = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(context_flags); i++) {
        if (wanted & context_flags[i].flag) {
            request |=
                role == SEC_INITIATOR ? context_flags[i].isc_request : context_flags[i].asc_request;
        }
    }
    return request;
}

bool
flags_granted(enum sec_role role, uint32_t returned, uint32_t *granted)
{
    *granted = 0;
    for (size_t i = 0; i < SEC_ARRAY_LEN(context_flags); i++) {
        uint32_t bit =
            role == SEC_INITIATOR ? context_flags[i].isc_return : context_flags[i].asc_return;

        if (returned & bit) {
            *granted |= context_flags[i].flag;
            returned &= ~bit;
        }
    }
    return returned == 0;
}
