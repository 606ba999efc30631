/* SPDX-License-Identifier: Apache-2.0 */
/* SaslSetContextOption, SaslGetContextOption. */
#include <opensspi/sspi.h>

#include "sspi/sasl.h"

/* What has been said to the peer cannot be changed. */
static sec_status
too_late(const char *what)
{
    return sec_fail(SEC_E_OUT_OF_SEQUENCE, "sasl: the peer has been told %s", what);
}

static sec_status
no_such(const char *what)
{
    return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sasl: %s", what);
}

/* --- set: all of the context's locks are held ----------------------------------------------- */

static sec_status
set_send_size(struct context *c, ULONG value)
{
    c->sasl->send_own = value;
    c->sasl->send_set = true;
    return SEC_E_OK;
}

static sec_status
set_receive_size(struct context *c, ULONG value)
{
    struct sasl *s = c->sasl;

    if (s->profile->offers_layers && s->state >= SASL_AWAIT_CHOICE) {
        return too_late("how much is taken");
    }
    s->receive_size = value;
    s->receive_set = true;
    return SEC_E_OK;
}

static sec_status
set_authzid_processing(struct context *c, ULONG value)
{
    if (value != Sasl_AuthZIDForbidden && value != Sasl_AuthZIDProcessed) {
        return sec_fail(SEC_E_INVALID_PARAMETER,
                        "sasl: authorization identities are forbidden or "
                        "processed, not %u",
                        value);
    }
    if (c->sasl->state >= SASL_DONE) {
        return too_late("whom the client acts as");
    }
    c->sasl->forbids_authzid = value == Sasl_AuthZIDForbidden;
    return SEC_E_OK;
}

static sec_status
set_authzid(struct context *c, struct bytes value)
{
    if (c->sasl->forbids_authzid) {
        return no_such("authorization identities are forbidden");
    }
    if (!c->sasl->profile->offers_layers || c->role != SEC_INITIATOR) {
        return no_such("only GSSAPI's clients send an authorization identity");
    }
    if (c->sasl->state >= SASL_DONE) {
        return too_late("whom the client acts as");
    }
    if (sasl_authzid_check(value) != WIRE_OK) {
        return sec_fail(SEC_E_INVALID_PARAMETER,
                        "sasl: no authorization identity: it is UTF-8 "
                        "without a NUL, of %d bytes at most",
                        SASL_AUTHZID_MAX_BYTES);
    }
    return sasl_set_authzid(c->sasl, value);
}

static sec_status
set_number(struct context *c, ULONG option, const void *value, ULONG size)
{
    ULONG number;

    if (size < sizeof(number)) {
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "sasl: an option of %u bytes", size);
    }
    bytes_copy(&number, value, sizeof(number));
    if (option == SASL_OPTION_AUTHZ_PROCESSING) {
        return set_authzid_processing(c, number);
    }
    if (number > SASL_SIZE_MAX) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sasl: a size of %u, where %u is the largest",
                        number, SASL_SIZE_MAX);
    }
    return option == SASL_OPTION_SEND_SIZE ? set_send_size(c, number) : set_receive_size(c, number);
}

static sec_status
set(struct context *c, ULONG option, const void *value, ULONG size)
{
    if (size && !value) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sasl: an option of %u bytes at NULL", size);
    }
    switch (option) {
    case SASL_OPTION_SEND_SIZE:
    case SASL_OPTION_RECV_SIZE:
    case SASL_OPTION_AUTHZ_PROCESSING: return set_number(c, option, value, size);
    case SASL_OPTION_AUTHZ_STRING: return set_authzid(c, bytes_of(value, size));
    default: return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sasl: option %u", option);
    }
}

/* --- get ----------------------------------------------------------------------------------- */

static sec_status
give(struct bytes have, void *value, ULONG size, ULONG *needed)
{
    if (needed) {
        *needed = (ULONG)have.n;
    }
    if (size < have.n) {
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "sasl: %zu bytes, room for %u", have.n, size);
    }
    if (have.n && !value) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sasl: nowhere to put the option");
    }
    bytes_copy(value, have.p, have.n);
    return SEC_E_OK;
}

static sec_status
get(const struct sasl *s, ULONG option, void *value, ULONG size, ULONG *needed)
{
    ULONG number;

    switch (option) {
    case SASL_OPTION_SEND_SIZE: number = sasl_send_size(s); break;
    case SASL_OPTION_RECV_SIZE: number = s->receive_size; break;
    case SASL_OPTION_AUTHZ_PROCESSING:
        number = s->forbids_authzid ? Sasl_AuthZIDForbidden : Sasl_AuthZIDProcessed;
        break;
    case SASL_OPTION_AUTHZ_STRING:
        if (s->forbids_authzid) {
            return no_such("authorization identities are forbidden");
        }
        return give(bytes_of(s->authzid, s->authzid_n), value, size, needed);
    default: return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sasl: option %u", option);
    }
    return give(bytes_of(&number, sizeof(number)), value, size, needed);
}

/* --- entry points -------------------------------------------------------------------------- */

/* c->step is held. A context that was made before its first leg may be given options first. */
static sec_status
require_sasl(struct context *c)
{
    if (c->exported) {
        return sec_fail(SEC_E_CONTEXT_EXPIRED, "sspi: the context was exported");
    }
    return c->sasl ? SEC_E_OK : sasl_begin(c);
}

SECURITY_STATUS SEC_ENTRY
SaslSetContextOption(PCtxtHandle context, ULONG option, PVOID value, ULONG size)
{
    SEC_AUTO(objects_hold) hold = { 0 };
    struct context *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_context(&hold, context, OBJECTS_WHOLE, &c);
    if (status == SEC_E_OK) {
        status = require_sasl(c);
    }
    return status == SEC_E_OK ? set(c, option, value, size) : status;
}

SECURITY_STATUS SEC_ENTRY
SaslGetContextOption(PCtxtHandle context, ULONG option, PVOID value, ULONG size, PULONG needed)
{
    SEC_AUTO(objects_hold) hold = { 0 };
    struct context *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_context(&hold, context, OBJECTS_STEP, &c);
    if (status != SEC_E_OK) {
        return status;
    }
    return c->sasl ? get(c->sasl, option, value, size, needed)
                   : sec_fail(SEC_E_INVALID_HANDLE, "sasl: not a context of SASL's");
}
