/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a Kerberos context. */
#include "base/clock.h"
#include "kerberos/kerberos.h"
#include "kerberos/step.h"

/* As Windows names encryption types to people (klist), and its numbers: the checksum's and the
 * encryption's. */
static const struct algorithm {
    int32_t enctype;
    const char *seal, *sign;
} algorithms[] = {
    { KRB_AES256_SHA1, "AES256-CTS-HMAC-SHA1-96", "HMAC-SHA1-96" },
    { KRB_AES128_SHA1, "AES128-CTS-HMAC-SHA1-96", "HMAC-SHA1-96" },
    { KRB_AES256_SHA384, "AES256-CTS-HMAC-SHA384-192", "HMAC-SHA384-192" },
    { KRB_AES128_SHA256, "AES128-CTS-HMAC-SHA256-128", "HMAC-SHA256-128" },
    { KRB_RC4_HMAC, "RSADSI RC4-HMAC", "HMAC-MD5" },
};

static void
describe_protection(const struct krb_context *c, struct sec_facts *out)
{
    const struct krb_profile *profile = krb_profile_of(c->session_enctype);
    struct krb_session_sizes sizes =
        krb_session_sizes_of(c->session_enctype, c->granted & SEC_DCE_STYLE);

    out->max_signature = sizes.signature;
    out->security_trailer = sizes.trailer;
    out->block_size = sizes.block;
    for (size_t i = 0; i < SEC_ARRAY_LEN(algorithms); i++) {
        if (algorithms[i].enctype == c->session_enctype) {
            out->seal_algorithm = algorithms[i].seal;
            out->sign_algorithm = algorithms[i].sign;
        }
    }
    out->seal_algorithm_id = (uint32_t)c->session_enctype;
    out->sign_algorithm_id = profile ? (uint32_t)profile->checksum_type : 0;
    out->key_bits = 8u * c->session.key.n;
    out->session_key = bytes_of(c->session.key.b, c->session.key.n);
}

/* What rests on the client's proof: in DCE style that is not whole before the third leg. */
static void
describe_established(const struct krb_context *c, struct sec_facts *out)
{
    out->flags = c->granted;
    out->user = krb_context_name(c, KRB_USER);
    out->domain = krb_context_name(c, KRB_DOMAIN);
    out->identity = c->identity;
    /* Kerberos' own form has the realm in it: no domain beside it. */
    out->native_client = krb_context_name(c, KRB_CLIENT);
    out->native_server = krb_context_name(c, KRB_SERVICE);
    out->bindings_verified = c->bindings_verified;
    out->kerberos.delegated_cache = c->delegated ? ticket_delegated_cache(c->delegated) : NULL;
    out->kerberos.pac_verified = c->pac_verified;
    out->kerberos.upn = krb_context_name(c, KRB_UPN);
    out->kerberos.logon_server = krb_context_name(c, KRB_LOGON_SERVER);
    if (c->identity && c->logon_known) {
        out->logon_known = true;
        out->password_expires_100ns = c->identity->password_expires_100ns;
        out->logoff_100ns = c->logoff_100ns;
        out->user_flags = c->user_flags;
    }
    describe_protection(c, out);
}

static enum sec_phase
phase_of(const struct krb_context *c)
{
    switch ((enum krb_state)c->state) {
    case KRB_ESTABLISHED: return SEC_PHASE_ESTABLISHED;
    case KRB_FAILED: return SEC_PHASE_FAILED;
    default: return SEC_PHASE_HALF_OPEN;
    }
}

/* Of a context that is half open or failed, too. */
static struct sec_kerberos_facts
kerberos_facts(const struct krb_context *c)
{
    return (struct sec_kerberos_facts){
        .present = true,
        .client = krb_context_name(c, KRB_CLIENT),
        .service = krb_context_name(c, KRB_SERVICE),
        .ticket_enctype = c->ticket_enctype,
        .session_enctype = c->session_enctype,
        .has_kvno = c->has_kvno,
        .kvno = c->kvno,
        .ticket_flags = c->ticket_flags,
        .error_code = c->error_code,
        .delegation_refused = c->delegation_refused,
    };
}

void
krb_context_describe(const struct sec_ctx *ctx, struct sec_facts *out)
{
    const struct krb_context *c = krb_context_of(ctx);

    *out = (struct sec_facts){
        .phase = phase_of(c),
        .mechanism = &kerberos_package,
        .max_token = KRB_MAX_TOKEN_BYTES,
        .start_100ns = c->start_100ns,
        .expires_100ns = c->expires_100ns ? c->expires_100ns : CLOCK_NEVER_100NS,
        .password_expires_100ns = CLOCK_NEVER_100NS,
        .target = krb_context_name(c, KRB_TARGET),
        .target_known = c->target_sent,
        .sub_status = c->sub_status,
        .protocol = "Kerberos",
        .protocol_major = 5,
        .kerberos = kerberos_facts(c),
    };
    if (c->role == SEC_ACCEPTOR) {
        /* A refusal's, too: as far as the ticket could be read. */
        out->claimed_user = krb_context_name(c, KRB_USER);
        out->claimed_domain = krb_context_name(c, KRB_DOMAIN);
    }
    if (c->state == KRB_ESTABLISHED) {
        describe_established(c, out);
    }
}
