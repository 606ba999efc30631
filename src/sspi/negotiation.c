/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSspiQueryNegotiation: which mechanism was chosen, and why no other. */
#include <opensspi/opensspi.h>

#include "sspi/objects.h"
#include "sspi/report.h"

static const char *const mechanism_names[SEC_MECHANISMS] = {
    [SEC_MECHANISM_NONE] = "",
    [SEC_MECHANISM_KRB5] = "Kerberos",
    [SEC_MECHANISM_MS_KRB5] = "MS-Kerberos",
    [SEC_MECHANISM_KRB5_U2U] = "Kerberos-U2U",
    [SEC_MECHANISM_IAKERB] = "IAKERB",
    [SEC_MECHANISM_NTLM] = "NTLM",
    [SEC_MECHANISM_NEGOEX] = "NegoEx",
    [SEC_MECHANISM_OTHER] = "other",
};

/* Behind the structure: the pointers of the offer, then the attempts. */
enum { OFFERED_BYTES = SEC_OFFERED_MAX * sizeof(char *), ATTEMPTS_MAX = 16 };

struct fixed {
    OPENSSPI_NEGOTIATION told;
    const char *offered[SEC_OFFERED_MAX];
    OPENSSPI_ATTEMPT attempts[ATTEMPTS_MAX];
};

static void
put_attempts(struct report *r, struct fixed *fixed, const struct sec_facts *f)
{
    size_t n = f->n_attempts < ATTEMPTS_MAX ? f->n_attempts : ATTEMPTS_MAX;

    fixed->told.AttemptCount = (ULONG)n;
    for (size_t i = 0; i < n; i++) {
        size_t at = offsetof(struct fixed, attempts) + i * sizeof(OPENSSPI_ATTEMPT);

        fixed->attempts[i].Status = f->attempts[i].status;
        report_utf8(r, at + offsetof(OPENSSPI_ATTEMPT, PackageName), f->attempts[i].package->name);
        report_utf8(r, at + offsetof(OPENSSPI_ATTEMPT, Reason), f->attempts[i].reason);
    }
}

static void
fill(struct report *r, struct fixed *fixed, const struct context *c, const struct sec_facts *f)
{
    ULONG n = 0;

    *fixed = (struct fixed){ .told = { .Status = c->last_status, .Raw = f->offer.raw } };
    report_utf8(r, offsetof(OPENSSPI_NEGOTIATION, PackageName),
                f->mechanism ? f->mechanism->name : "");
    report_utf8(r, offsetof(OPENSSPI_NEGOTIATION, FirstToken), mechanism_names[f->offer.token]);
    report_utf8(r, offsetof(OPENSSPI_NEGOTIATION, DelegationRefused),
                f->kerberos.delegation_refused);
    for (; n < SEC_OFFERED_MAX && f->offer.mechanisms[n]; n++) {
        report_utf8(r, offsetof(struct fixed, offered) + n * sizeof(char *),
                    mechanism_names[f->offer.mechanisms[n]]);
    }
    fixed->told.OfferedCount = n;
    put_attempts(r, fixed, f);
}

SECURITY_STATUS SEC_ENTRY
OpenSspiQueryNegotiation(PCtxtHandle handle, POPENSSPI_NEGOTIATION *out)
{
    SEC_AUTO(objects_hold) hold = { 0 };
    SEC_AUTO(report) r;
    struct sec_facts facts;
    struct fixed fixed, *given;
    struct context *c;
    void *block = NULL;
    sec_status status;

    sec_reason_clear();
    report_init(&r);
    if (!out) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the report");
    }
    status = objects_hold_context(&hold, handle, OBJECTS_STEP, &c);
    if (status != SEC_E_OK) {
        return status;
    }
    objects_describe(c, &facts);
    fill(&r, &fixed, c, &facts);
    status = report_give(&r, &fixed, sizeof(fixed), sizeof(fixed), &block);
    if (status == SEC_E_OK) {
        given = block;
        given->told.Offered = given->offered;
        given->told.Attempts = given->attempts;
        *out = &given->told;
    }
    return status;
}
