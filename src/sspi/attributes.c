/* SPDX-License-Identifier: Apache-2.0 */
/* QueryContextAttributes. docs/ATTRIBUTES.md has what each answers. */
#include <opensspi/sspi.h>

#include "base/utf16.h"
#include "sspi/flags.h"
#include "sspi/given.h"
#include "sspi/objects.h"
#include "sspi/package_info.h"
#include "sspi/tokens.h"

enum { RPC_ID_NEGOTIATE = 9, RPC_ID_NTLM = 10 };

#define RPC_AUTHZ_NAME 1 /* RPC_C_AUTHZ_NAME: by the client's name */

/* A question and where its answer goes: to the caller only when it is whole. */
struct question {
    struct context *context;
    const struct sec_facts *facts;
    void *buffer;
    bool wide;
};

/* A string of the caller's width. to points at a member that is a pointer in both structures. */
static sec_status
give_string(const struct question *q, struct bytes utf16, void *to)
{
    return q->wide ? given_string_w(utf16, to) : given_string_a(utf16, to);
}

/* What this context has not; another package's, or the other side's, may. */
static sec_status
refuse(const char *why)
{
    return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: %s", why);
}

static sec_status
give_ascii(const struct question *q, const char *s, void *to)
{
    uint8_t room[256];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    utf16_put_utf8(&w, bytes_of_string(s));
    return give_string(q, wire_written(&w), to);
}

/* Frees what a first string took when a second one cannot be had. */
static sec_status
undo(void *first, sec_status status)
{
    if (status != SEC_E_OK) {
        (void)given_free(*(void **)first);
    }
    return status;
}

static sec_status
answer_sizes(const struct question *q)
{
    *(SecPkgContext_Sizes *)q->buffer = (SecPkgContext_Sizes){
        .cbMaxToken = q->facts->max_token,
        .cbMaxSignature = q->facts->max_signature,
        .cbBlockSize = q->facts->block_size,
        .cbSecurityTrailer = q->facts->security_trailer,
    };
    return SEC_E_OK;
}

/* "domain\\user", or the user alone. */
static sec_status
give_account(const struct question *q, struct bytes domain, struct bytes user, void *to)
{
    SEC_AUTO(wire_writer) name = wire_writer_growing(NULL, 0);

    if (domain.n) {
        wire_put_bytes(&name, domain);
        wire_put_le16(&name, '\\');
    }
    wire_put_bytes(&name, user);
    if (wire_writer_status(&name) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return give_string(q, wire_written(&name), to);
}

static sec_status
give_client(const struct question *q, void *to)
{
    const struct sec_facts *f = q->facts;

    if (f->anonymous && q->context->role == SEC_ACCEPTOR) {
        return give_ascii(q, "NT AUTHORITY\\ANONYMOUS LOGON", to);
    }
    return give_account(q, f->domain, f->user, to);
}

static sec_status
answer_names(const struct question *q)
{
    return give_client(q, q->buffer);
}

/* What RPC servers authorize by: the client's name, in UTF-16 whichever function asks. */
static sec_status
answer_dce_info(const struct question *q)
{
    SecPkgContext_DceInfo *out = q->buffer;
    struct question wide = *q;
    sec_status status;

    if (q->context->role != SEC_ACCEPTOR) {
        return refuse("a client authorizes nobody");
    }
    wide.wide = true;
    status = give_client(&wide, &out->pPac);
    if (status == SEC_E_OK) {
        out->AuthzSvc = RPC_AUTHZ_NAME;
    }
    return status;
}

static sec_status
answer_native_names(const struct question *q)
{
    SecPkgContext_NativeNamesW *out = q->buffer;
    const struct sec_facts *f = q->facts;
    sec_status status =
        give_account(q, f->native_client_domain, f->native_client, &out->sClientName);

    return status == SEC_E_OK
               ? undo(&out->sClientName, give_string(q, f->native_server, &out->sServerName))
               : status;
}

static sec_status
answer_lifespan(const struct question *q)
{
    SecPkgContext_Lifespan *out = q->buffer;

    objects_put_time(&out->tsStart, q->facts->start_100ns);
    objects_put_time(&out->tsExpiry, q->facts->expires_100ns);
    return SEC_E_OK;
}

/* The protocol by its own versions: Kerberos 5; NTLM 2, or 1. */
static sec_status
answer_protocol(const struct question *q)
{
    SecPkgContext_ProtoInfoW *out = q->buffer;
    const struct sec_facts *f = q->facts;
    sec_status status;

    if (!f->protocol) {
        return refuse("the context knows no version of its protocol");
    }
    status = give_ascii(q, f->protocol, &out->sProtocolName);
    if (status == SEC_E_OK) {
        out->majorVersion = f->protocol_major;
        out->minorVersion = f->protocol_minor;
    }
    return status;
}

/* Of the client's logon. A client does not hear of it, and neither does a server whose client's
 * ticket has no PAC: never is an answer, too, and would be wrong. */
static sec_status
check_logon(const struct question *q)
{
    return q->facts->logon_known ? SEC_E_OK : refuse("nobody has told of the client's logon");
}

static sec_status
answer_logoff_time(const struct question *q)
{
    sec_status status = check_logon(q);

    if (status == SEC_E_OK) {
        objects_put_time(&((SecPkgContext_LogoffTime *)q->buffer)->tsLogoffTime,
                         q->facts->logoff_100ns);
    }
    return status;
}

static sec_status
answer_user_flags(const struct question *q)
{
    sec_status status = check_logon(q);

    if (status == SEC_E_OK) {
        ((SecPkgContext_UserFlags *)q->buffer)->UserFlags = q->facts->user_flags;
    }
    return status;
}

static sec_status
answer_password_expiry(const struct question *q)
{
    sec_status status = check_logon(q);

    if (status != SEC_E_OK) {
        return status;
    }
    objects_put_time(&((SecPkgContext_PasswordExpiry *)q->buffer)->tsPasswordExpires,
                     q->facts->password_expires_100ns);
    return SEC_E_OK;
}

static sec_status
answer_key_info(const struct question *q)
{
    SecPkgContext_KeyInfoW *out = q->buffer;
    const struct sec_facts *f = q->facts;
    sec_status status;

    if (!f->sign_algorithm) {
        return refuse("the context has no keys");
    }
    status = give_ascii(q, f->sign_algorithm, &out->sSignatureAlgorithmName);
    if (status == SEC_E_OK) {
        status = undo(&out->sSignatureAlgorithmName,
                      give_ascii(q, f->seal_algorithm, &out->sEncryptAlgorithmName));
    }
    if (status == SEC_E_OK) {
        out->KeySize = f->key_bits;
        out->SignatureAlgorithm = f->sign_algorithm_id;
        out->EncryptAlgorithm = f->seal_algorithm_id;
    }
    return status;
}

static sec_status
give_bytes(struct bytes from, ULONG *n, UCHAR **to)
{
    UCHAR *given;

    if (!from.n) {
        return refuse("the context has none");
    }
    given = given_new(from.n);
    if (!given) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    bytes_copy(given, from.p, from.n);
    *to = given;
    *n = (ULONG)from.n;
    return SEC_E_OK;
}

static sec_status
answer_session_key(const struct question *q)
{
    SecPkgContext_SessionKey *out = q->buffer;

    return give_bytes(q->facts->session_key, &out->SessionKeyLength, &out->SessionKey);
}

static sec_status
answer_target_information(const struct question *q)
{
    SecPkgContext_TargetInformation *out = q->buffer;

    return give_bytes(q->facts->target_info, &out->MarshalledTargetInfoLength,
                      &out->MarshalledTargetInfo);
}

/* Wide in both functions, as the structure is. Empty where the client named none. */
static sec_status
answer_target(const struct question *q)
{
    return given_string_w(q->facts->target,
                          &((SecPkgContext_ClientSpecifiedTarget *)q->buffer)->sTargetName);
}

static const struct sec_package *
mechanism_of(const struct question *q)
{
    return q->facts->mechanism ? q->facts->mechanism : q->context->ctx->package;
}

static sec_status
answer_package_info(const struct question *q)
{
    const struct sec_package *p = mechanism_of(q);

    return package_info_give(&p, 1, q->wide, q->buffer);
}

/* Optimistic is an initiator's list with the first mechanism's token beside it, as long as nobody has
 * agreed to that mechanism. */
static ULONG
negotiation_state(const struct question *q)
{
    if (q->facts->phase == SEC_PHASE_ESTABLISHED) {
        return SECPKG_NEGOTIATION_COMPLETE;
    }
    return q->context->ctx->package->rpc_id == RPC_ID_NEGOTIATE && !q->facts->mechanism &&
                   q->context->role == SEC_INITIATOR
               ? SECPKG_NEGOTIATION_OPTIMISTIC
               : SECPKG_NEGOTIATION_IN_PROGRESS;
}

static sec_status
answer_negotiation_info(const struct question *q)
{
    SecPkgContext_NegotiationInfoW *out = q->buffer;
    const struct sec_package *p = mechanism_of(q);
    void *info = NULL;
    sec_status status = package_info_give(&p, 1, q->wide, &info);

    if (status != SEC_E_OK) {
        return status;
    }
    out->PackageInfo = info;
    out->NegotiationState = negotiation_state(q);
    return SEC_E_OK;
}

static sec_status
answer_flags(const struct question *q)
{
    ((SecPkgContext_Flags *)q->buffer)->Flags =
        flags_returned((enum sec_role)q->context->role, q->facts->flags);
    return SEC_E_OK;
}

/* What is behind the last '@'; empty: there is none. */
static struct bytes
realm_of(struct bytes principal)
{
    for (size_t i = principal.n & ~(size_t)1; i >= 2; i -= 2) {
        if (wire_load_le16(principal.p + i - 2) == '@') {
            return bytes_of(principal.p + i, principal.n - i);
        }
    }
    return (struct bytes){ 0 };
}

/* Who says that the client is who it is: the realm of its ticket; of NTLM, which a client does not
 * hear, the domain whose account it is. */
static sec_status
answer_authority(const struct question *q)
{
    const struct sec_facts *f = q->facts;
    struct bytes name = realm_of(f->kerberos.client);

    if (!f->kerberos.present && q->context->role == SEC_ACCEPTOR) {
        name = f->domain;
    }
    if (!name.n || f->anonymous) {
        return refuse("nobody has authenticated the client");
    }
    return give_string(q, name, &((SecPkgContext_AuthorityW *)q->buffer)->sAuthorityName);
}

/* Whether the client's token was its last. NTLM's first one never is; in Kerberos, and before the
 * server has chosen a mechanism, only the answer tells. */
static sec_status
answer_last_client_token(const struct question *q)
{
    SecPkgContext_LastClientTokenStatus *out = q->buffer;

    if (q->context->role != SEC_INITIATOR) {
        return refuse("a server's context has no such token");
    }
    if (q->facts->phase == SEC_PHASE_ESTABLISHED) {
        out->LastClientTokenStatus = SecPkgAttrLastClientTokenYes;
    } else {
        out->LastClientTokenStatus = q->context->ctx->package->rpc_id == RPC_ID_NTLM
                                         ? SecPkgAttrLastClientTokenNo
                                         : SecPkgAttrLastClientTokenMaybe;
    }
    return SEC_E_OK;
}

/* What was tried is not carried from place to place with a context. */
static sec_status
check_negotiation(const struct question *q)
{
    if (q->context->ctx->package->rpc_id != RPC_ID_NEGOTIATE) {
        return refuse("the package negotiates nothing");
    }
    return q->context->imported ? refuse("the context was negotiated elsewhere") : SEC_E_OK;
}

/* Which of the two mechanisms cannot be chosen, here or by the client. */
static sec_status
answer_negotiable_packages(const struct question *q)
{
    sec_status status = check_negotiation(q);

    if (status == SEC_E_OK) {
        ((SecPkgContext_NegoPackageInfo *)q->buffer)->PackageMask =
            (q->facts->no_kerberos ? SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS : 0) |
            (q->facts->no_ntlm ? SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM : 0);
    }
    return status;
}

/* Of the mechanism that was preferred and not used; SEC_E_OK: there is none. */
static sec_status
answer_negotiation_status(const struct question *q)
{
    sec_status status = check_negotiation(q);

    if (status != SEC_E_OK) {
        return status;
    }
    ((SecPkgContext_NegoStatus *)q->buffer)->LastStatus =
        q->facts->n_attempts ? (ULONG)q->facts->attempts[0].status : SEC_E_OK;
    return SEC_E_OK;
}

/* The handle is the context's, and is closed with it: the caller must not. */
static sec_status
answer_access_token(const struct question *q)
{
    return tokens_lend(q->context, &((SecPkgContext_AccessToken *)q->buffer)->AccessToken);
}

static const struct attribute {
    ULONG id;
    size_t bytes; /* of the structure; both forms are of one size */
    sec_status (*answer)(const struct question *);
    bool half_open; /* may be asked before the handshake is over */
} attributes[] = {
    { SECPKG_ATTR_SIZES, sizeof(SecPkgContext_Sizes), answer_sizes, false },
    { SECPKG_ATTR_NAMES, sizeof(SecPkgContext_NamesW), answer_names, false },
    { SECPKG_ATTR_NATIVE_NAMES, sizeof(SecPkgContext_NativeNamesW), answer_native_names, false },
    { SECPKG_ATTR_LIFESPAN, sizeof(SecPkgContext_Lifespan), answer_lifespan, false },
    { SECPKG_ATTR_KEY_INFO, sizeof(SecPkgContext_KeyInfoW), answer_key_info, false },
    { SECPKG_ATTR_PACKAGE_INFO, sizeof(SecPkgContext_PackageInfoW), answer_package_info, true },
    { SECPKG_ATTR_NEGOTIATION_INFO, sizeof(SecPkgContext_NegotiationInfoW), answer_negotiation_info,
      true },
    { SECPKG_ATTR_FLAGS, sizeof(SecPkgContext_Flags), answer_flags, false },
    { SECPKG_ATTR_SESSION_KEY, sizeof(SecPkgContext_SessionKey), answer_session_key, false },
    { SECPKG_ATTR_ACCESS_TOKEN, sizeof(SecPkgContext_AccessToken), answer_access_token, false },
    { SECPKG_ATTR_AUTHORITY, sizeof(SecPkgContext_AuthorityW), answer_authority, false },
    { SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, sizeof(SecPkgContext_LastClientTokenStatus),
      answer_last_client_token, true },
    { SECPKG_ATTR_NEGO_STATUS, sizeof(SecPkgContext_NegoStatus), answer_negotiation_status, true },
    { SECPKG_ATTR_NEGO_PKG_INFO, sizeof(SecPkgContext_NegoPackageInfo), answer_negotiable_packages,
      true },
    { SECPKG_ATTR_DCE_INFO, sizeof(SecPkgContext_DceInfo), answer_dce_info, false },
    { SECPKG_ATTR_PROTO_INFO, sizeof(SecPkgContext_ProtoInfoW), answer_protocol, false },
    { SECPKG_ATTR_LOGOFF_TIME, sizeof(SecPkgContext_LogoffTime), answer_logoff_time, false },
    { SECPKG_ATTR_USER_FLAGS, sizeof(SecPkgContext_UserFlags), answer_user_flags, false },
    { SECPKG_ATTR_TARGET_INFORMATION, sizeof(SecPkgContext_TargetInformation),
      answer_target_information, false },
    { SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, sizeof(SecPkgContext_ClientSpecifiedTarget),
      answer_target, false },
    { SECPKG_ATTR_PASSWORD_EXPIRY, sizeof(SecPkgContext_PasswordExpiry), answer_password_expiry,
      false },
};

enum { ANSWER_WORDS_MAX = sizeof(SecPkgContext_KeyInfoW) / sizeof(uint64_t) }; /* the largest */

static const struct attribute *
find_attribute(ULONG id)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(attributes); i++) {
        if (attributes[i].id == id) {
            return &attributes[i];
        }
    }
    return NULL;
}

/* c->step is held. */
static sec_status
answer(struct context *c, const struct attribute *a, void *buffer, bool wide)
{
    uint64_t room[ANSWER_WORDS_MAX] = { 0 };
    struct sec_facts facts;
    const struct question q = { .context = c, .facts = &facts, .buffer = room, .wide = wide };
    sec_status status;

    objects_describe(c, &facts);
    if (facts.phase == SEC_PHASE_FAILED || (facts.phase == SEC_PHASE_HALF_OPEN && !a->half_open)) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: the context is not established");
    }
    status = a->answer(&q);
    if (status == SEC_E_OK) {
        bytes_copy(buffer, room, a->bytes);
    }
    return status;
}

static sec_status
query(PCtxtHandle handle, ULONG id, void *buffer, size_t n, bool wide)
{
    const struct attribute *a = find_attribute(id);
    SEC_AUTO(objects_hold) hold = { 0 };
    struct context *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_context(&hold, handle, OBJECTS_STEP, &c);
    if (status != SEC_E_OK) {
        return status;
    }
    if (!a) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: context attribute %u", id);
    }
    if (!buffer) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the attribute");
    }
    if (n < a->bytes) {
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "sspi: a structure of %zu bytes", n);
    }
    return answer(c, a, buffer, wide);
}

SECURITY_STATUS SEC_ENTRY
QueryContextAttributesW(PCtxtHandle context, ULONG attribute, void *buffer)
{
    return query(context, attribute, buffer, SIZE_MAX, true);
}

SECURITY_STATUS SEC_ENTRY
QueryContextAttributesA(PCtxtHandle context, ULONG attribute, void *buffer)
{
    return query(context, attribute, buffer, SIZE_MAX, false);
}

SECURITY_STATUS SEC_ENTRY
QueryContextAttributesExW(PCtxtHandle context, ULONG attribute, void *buffer, ULONG n)
{
    return query(context, attribute, buffer, n, true);
}

SECURITY_STATUS SEC_ENTRY
QueryContextAttributesExA(PCtxtHandle context, ULONG attribute, void *buffer, ULONG n)
{
    return query(context, attribute, buffer, n, false);
}
