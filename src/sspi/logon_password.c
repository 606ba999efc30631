/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSspiLogonPassword: a name and a password, as protocols that have no more send them. */
#include "account/account.h"
#include "base/utf16.h"
#include "sspi/configuration.h"
#include "sspi/logon.h"
#include "sspi/text.h"

/* What came, in the forms that the account authority takes. */
struct given_logon {
    struct bytes user, domain; /* UTF-16LE */
    struct bytes password;     /* UTF-8 */
};

static sec_status
describe(const struct given_logon *given, sec_status status, const struct account_proof *proof,
         POPENSSPI_LOGON *out)
{
    const struct account_identity *id = proof->identity;
    const struct sec_facts facts = {
        .phase = status == SEC_E_OK ? SEC_PHASE_ESTABLISHED : SEC_PHASE_FAILED,
        .user = id ? id->user : bytes_of(NULL, 0),
        .domain = id ? id->domain : bytes_of(NULL, 0),
        .claimed_user = given->user,
        .claimed_domain = given->domain,
        .identity = id,
        .sub_status = proof->sub_status,
        .refused_sid = proof->sid,
        .locked_out_now = proof->locked_out_now,
    };

    return logon_describe(status, status == SEC_E_OK ? "" : sec_reason(), &facts, out);
}

static sec_status
log_on(const struct given_logon *given, POPENSSPI_LOGON *out)
{
    struct configuration *configuration;
    struct account_proof proof;
    sec_status status = configuration_current(&configuration), described;
    const struct sec_host *host;

    if (status != SEC_E_OK) {
        return status;
    }
    host = configuration_host(configuration);
    status = account_prove(host->accounts,
                           &(struct account_claim){ .kind = ACCOUNT_PASSWORD,
                                                    .user = given->user,
                                                    .domain = given->domain,
                                                    .password = given->password,
                                                    .now_100ns = host->now_100ns(host) },
                           &proof);
    described = describe(given, status, &proof, out);
    account_proof_clear(&proof);
    configuration_unref(configuration);
    return status == SEC_E_OK ? described : status;
}

/* What no name or password can be is told before anybody is asked. */
static sec_status
check(const struct wire_writer *text, const char *what)
{
    switch (wire_writer_status(text)) {
    case WIRE_OK: return SEC_E_OK;
    case WIRE_NO_MEMORY: return SEC_E_INSUFFICIENT_MEMORY;
    default: return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: the %s is ill-formed text", what);
    }
}

SECURITY_STATUS SEC_ENTRY
OpenSspiLogonPasswordA(const SEC_CHAR *user, const SEC_CHAR *domain, const SEC_CHAR *password,
                       POPENSSPI_LOGON *out)
{
    SEC_AUTO(wire_writer) user16 = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) domain16 = wire_writer_growing(NULL, 0);
    sec_status status;

    sec_reason_clear();
    if (!user || !password || !out) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: no name, no password or nowhere to report");
    }
    *out = NULL;
    utf16_put_utf8(&user16, bytes_of_string(user));
    utf16_put_utf8(&domain16, bytes_of_string(domain));
    status = check(&user16, "name");
    if (status == SEC_E_OK) {
        status = check(&domain16, "domain");
    }
    if (status != SEC_E_OK) {
        return status;
    }
    return log_on(&(struct given_logon){ .user = wire_written(&user16),
                                         .domain = wire_written(&domain16),
                                         .password = bytes_of_string(password) },
                  out);
}

SECURITY_STATUS SEC_ENTRY
OpenSspiLogonPasswordW(const SEC_WCHAR *user, const SEC_WCHAR *domain, const SEC_WCHAR *password,
                       POPENSSPI_LOGON *out)
{
    SEC_AUTO(wire_writer) password8 = wire_writer_secret(NULL, 0);
    sec_status status;

    sec_reason_clear();
    if (!user || !password || !out) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: no name, no password or nowhere to report");
    }
    *out = NULL;
    utf8_put_utf16(&password8, text_of_w(password));
    status = check(&password8, "password");
    if (status != SEC_E_OK) {
        return status;
    }
    return log_on(&(struct given_logon){ .user = text_of_w(user),
                                         .domain = text_of_w(domain),
                                         .password = wire_written(&password8) },
                  out);
}
