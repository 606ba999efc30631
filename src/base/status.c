/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons of failures, and the names of status values. */
#include <stdarg.h>
#include <stdio.h>

#include "base/status.h"
#include "base/text.h"

static _Thread_local char reason[SEC_REASON_BYTES];

/* Nearly all reasons are. */
static bool
is_plain(struct bytes text)
{
    unsigned odd = 0;

    for (size_t i = 0; i < text.n; i++) {
        odd |= (unsigned)(text.p[i] < ' ') | (unsigned)(text.p[i] >= 0x7F);
    }
    return !odd;
}

/* What a peer chose may stand in it: the text of a KRB-ERROR, the name on a ticket. */
static void
keep(struct bytes text)
{
    struct wire_writer w = wire_writer_fixed(reason, sizeof(reason) - 1);

    if (is_plain(text)) {
        wire_put_bytes(&w, text);
    } else {
        text_put_shown(&w, text);
    }
    reason[w.len] = 0; /* the rest does not fit */
}

sec_status
sec_fail(sec_status status, const char *format, ...)
{
    char text[SEC_REASON_BYTES];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < (int)sizeof(text)) {
        keep(bytes_of_string(n < 0 ? "" : text));
    } else {
        keep(text_cut(bytes_of_string(text), sizeof(text) - 2));
    }
    return status;
}

const char *
sec_reason(void)
{
    return reason;
}

void
sec_reason_clear(void)
{
    reason[0] = 0;
}

#define NAMED(status)   \
    {                   \
        status, #status \
    }

static const struct {
    sec_status status;
    const char *name;
} status_names[] = {
    NAMED(SEC_E_OK),
    NAMED(SEC_E_INSUFFICIENT_MEMORY),
    NAMED(SEC_E_INVALID_HANDLE),
    NAMED(SEC_E_UNSUPPORTED_FUNCTION),
    NAMED(SEC_E_TARGET_UNKNOWN),
    NAMED(SEC_E_INTERNAL_ERROR),
    NAMED(SEC_E_SECPKG_NOT_FOUND),
    NAMED(SEC_E_NOT_OWNER),
    NAMED(SEC_E_CANNOT_INSTALL),
    NAMED(SEC_E_INVALID_TOKEN),
    NAMED(SEC_E_CANNOT_PACK),
    NAMED(SEC_E_QOP_NOT_SUPPORTED),
    NAMED(SEC_E_NO_IMPERSONATION),
    NAMED(SEC_E_LOGON_DENIED),
    NAMED(SEC_E_UNKNOWN_CREDENTIALS),
    NAMED(SEC_E_NO_CREDENTIALS),
    NAMED(SEC_E_MESSAGE_ALTERED),
    NAMED(SEC_E_OUT_OF_SEQUENCE),
    NAMED(SEC_E_NO_AUTHENTICATING_AUTHORITY),
    NAMED(SEC_E_BAD_PKGID),
    NAMED(SEC_E_CONTEXT_EXPIRED),
    NAMED(SEC_E_INCOMPLETE_MESSAGE),
    NAMED(SEC_E_BUFFER_TOO_SMALL),
    NAMED(SEC_E_WRONG_PRINCIPAL),
    NAMED(SEC_E_TIME_SKEW),
    NAMED(SEC_E_NO_TGT_REPLY),
    NAMED(SEC_E_KDC_UNKNOWN_ETYPE),
    NAMED(SEC_E_SECURITY_QOS_FAILED),
    NAMED(SEC_E_BAD_BINDINGS),
    NAMED(SEC_E_DOWNGRADE_DETECTED),
    NAMED(SEC_E_INVALID_PARAMETER),
    NAMED(SEC_E_MUTUAL_AUTH_FAILED),
    NAMED(SEC_I_CONTINUE_NEEDED),
    NAMED(SEC_I_COMPLETE_NEEDED),
    NAMED(SEC_I_COMPLETE_AND_CONTINUE),
};

const char *
sec_status_name(sec_status status)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(status_names); i++) {
        if (status_names[i].status == status) {
            return status_names[i].name;
        }
    }
    return "unknown status";
}
